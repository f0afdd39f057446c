package main

import (
	"context"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
)

// remembered finds values by their keys, from memory where it can. It is safe for concurrent use.
type remembered[K comparable, V any] struct {
	read    func(ctx context.Context, key K) (V, error)
	what    string
	keep    time.Duration
	known   *cache.Cache[K, V]
	unknown *cache.Cache[K, struct{}]
	// misses, if set, bounds the look-ups that find nothing.
	misses *allowance
}

// remember makes a remembered whose values are kept for a while.
func remember[K comparable, V any](what string, keep time.Duration, misses *allowance, read func(ctx context.Context, key K) (V, error)) *remembered[K, V] {
	return &remembered[K, V]{read: read, what: what, keep: keep, misses: misses,
		known: cache.New[K, V](maxHooks), unknown: cache.New[K, struct{}](maxHooks)}
}

// find gives the value of a key; NotFound if there is none.
func (r *remembered[K, V]) find(ctx context.Context, key K, now time.Time) (V, error) {
	var none V
	nothing := fault.New(fault.NotFound, "not_found", "There is no such %s.", r.what)
	if value, ok := r.known.Get(key, now); ok {
		return value, nil
	}
	if _, ok := r.unknown.Get(key, now); ok {
		return none, nothing
	}
	// What was there when it was last read is read again whatever strangers try.
	if r.misses != nil && !r.known.Holds(key) && !r.misses.left(now) {
		return none, tooManyGuesses()
	}
	value, err := r.read(ctx, key)
	if fault.Is(err, fault.NotFound) {
		r.known.Drop(key)
		r.unknown.Put(key, struct{}{}, now, now.Add(unknownFor))
		if r.misses != nil {
			r.misses.take(now)
		}
		return none, nothing
	}
	if err != nil {
		return none, behind(err, "read the "+r.what)
	}
	r.known.Put(key, value, now, now.Add(r.keep))
	return value, nil
}

func tooManyGuesses() error {
	return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: time.Second,
		Message: "Too many requests with credentials that do not exist. Try again in a second."}
}

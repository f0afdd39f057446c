package rest

import (
	"context"
	"errors"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/ratelimit"
)

var _ Limiter = (*ratelimit.Limiter)(nil)

// Limiter holds the requests of all workers together to a provider's limits: a *ratelimit.Limiter.
type Limiter interface {
	// Wait waits for the turn of a request. Where that is more than maxWait away, it is RateLimited and RetryAfter says when
	// to come back.
	Wait(ctx context.Context, key ratelimit.Key, limit ratelimit.Limit, maxWait time.Duration, besides ...ratelimit.Group) (ratelimit.Slot, error)
	// Done ends a turn with what the answer told.
	Done(ctx context.Context, s ratelimit.Slot, seen ratelimit.Seen) error
}

// sharedPart is the part of a daily quota that is left to others where others use it, too: one in so many.
const sharedPart = 5

// groupOf gives the group that a request counts for, with its limit.
func (c *Client) groupOf(method, path string) (ratelimit.Key, ratelimit.Limit) {
	key := ratelimit.Key{Organization: c.config.Organization, Connection: c.config.Connection}
	if c.config.API.Group != nil {
		key.Group = c.config.API.Group(method, path)
	}
	var known connector.Limit
	for _, l := range c.config.API.Limits {
		if l.Group == key.Group {
			known = l
			break
		}
		if l.Group == "" {
			known = l
		}
	}
	limit := ratelimit.Limit{Requests: known.Requests, Window: known.Window, Concurrency: known.Concurrency, Daily: known.Daily}
	if known.Shared {
		limit.Spare = known.Daily / sharedPart
	}
	return key, limit
}

// turn waits for the turn of a request, and gives what ends it.
func (c *Client) turn(ctx context.Context, r connector.Request) (done func(ratelimit.Seen), err error) {
	if c.config.Limiter == nil || r.URL != "" {
		return func(ratelimit.Seen) {}, nil
	}
	key, limit := c.groupOf(r.Method, r.Path)
	before := c.service.options.Now()
	slot, err := c.config.Limiter.Wait(ctx, key, limit, c.service.options.MaxWait)
	if wait := c.service.options.Now().Sub(before); wait > 0 {
		c.meter.count(func(u *Usage) { u.Waits++; u.Waited += wait })
	}
	if err != nil {
		return nil, ended(err)
	}
	return func(seen ratelimit.Seen) {
		// A turn that is not ended would be missing until it is found to be lost; what goes wrong with that is no reason to
		// lose an answer.
		_ = c.config.Limiter.Done(context.WithoutCancel(ctx), slot, seen)
	}, nil
}

// ended is the fault of a wait that the context ended.
func ended(err error) error {
	if fault.Of(err) == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return fault.Wrap(err, fault.Unavailable, CodeNoAnswer, "The request was ended before its turn.")
	}
	return err
}

package main

import (
	"sync"
	"time"
)

// cache remembers values until a time, at most a fixed number of them. It is safe for concurrent use.
type cache[V any] struct {
	mu      sync.Mutex
	max     int
	entries map[string]cached[V]
}

type cached[V any] struct {
	value V
	until time.Time
}

func newCache[V any](max int) *cache[V] {
	return &cache[V]{max: max, entries: map[string]cached[V]{}}
}

func (c *cache[V]) get(key string, now time.Time) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !now.Before(e.until) {
		var none V
		return none, false
	}
	return e.value, true
}

// holds tells whether there is a value under a key, be it one that has run out.
func (c *cache[V]) holds(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.entries[key]
	return ok
}

// put remembers a value until a time. Where there is no room, what has run out goes, else an entry of chance.
func (c *cache[V]) put(key string, value V, now, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; !ok && len(c.entries) >= c.max {
		for k, e := range c.entries {
			if !now.Before(e.until) {
				delete(c.entries, k)
			}
		}
		for k := range c.entries {
			if len(c.entries) < c.max {
				break
			}
			delete(c.entries, k)
		}
	}
	c.entries[key] = cached[V]{value: value, until: until}
}

func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// allowance is a token bucket: burst at once, perSecond over time. It is safe for concurrent use.
type allowance struct {
	mu        sync.Mutex
	perSecond float64
	burst     float64
	have      float64
	at        time.Time
}

func newAllowance(perSecond, burst float64) *allowance {
	return &allowance{perSecond: perSecond, burst: burst, have: burst}
}

// left tells whether there is any allowance left, without taking of it.
func (a *allowance) left(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill(now)
	return a.have >= 1
}

// take takes one, if there is one.
func (a *allowance) take(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill(now)
	a.have = max(0, a.have-1)
}

func (a *allowance) refill(now time.Time) {
	if elapsed := now.Sub(a.at); !a.at.IsZero() && elapsed > 0 {
		a.have = min(a.burst, a.have+elapsed.Seconds()*a.perSecond)
	}
	if now.After(a.at) {
		a.at = now
	}
}

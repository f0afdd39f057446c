package main

import (
	"sync"
	"time"
)

// cacheSize bounds a cache: more keys than a stage has, few enough that nobody fills the memory with made-up ones.
const cacheSize = 1000

// cache remembers values for a while. It is safe for concurrent use.
type cache[T any] struct {
	ttl     time.Duration
	mu      sync.Mutex
	entries map[string]cacheEntry[T]
}

type cacheEntry[T any] struct {
	value T
	until time.Time
}

func newCache[T any](ttl time.Duration) *cache[T] {
	return &cache[T]{ttl: ttl, entries: map[string]cacheEntry[T]{}}
}

func (c *cache[T]) get(key string, now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !now.Before(e.until) {
		var none T
		return none, false
	}
	return e.value, true
}

func (c *cache[T]) put(key string, value T, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, replaces := c.entries[key]; !replaces && len(c.entries) >= cacheSize {
		c.makeRoom(now)
	}
	c.entries[key] = cacheEntry[T]{value: value, until: now.Add(c.ttl)}
}

// makeRoom drops what has expired, or else any one entry.
func (c *cache[T]) makeRoom(now time.Time) {
	for key, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, key)
		}
	}
	for key := range c.entries {
		if len(c.entries) < cacheSize {
			return
		}
		delete(c.entries, key)
	}
}

// Package cache remembers values for a while, never more than a fixed number of them, so that nobody fills the memory
// with made-up keys.
package cache

import (
	"sync"
	"time"
)

// Cache remembers values until a time of their own. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	size    int
	mu      sync.Mutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

// New makes a cache of at most size values.
func New[K comparable, V any](size int) *Cache[K, V] {
	return &Cache[K, V]{size: size, entries: map[K]entry[V]{}}
}

// Get gives the value of a key, if there is one that has not run out.
func (c *Cache[K, V]) Get(key K, now time.Time) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !now.Before(e.until) {
		var none V
		return none, false
	}
	return e.value, true
}

// Holds tells whether there is a value under a key, be it one that has run out.
func (c *Cache[K, V]) Holds(key K) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.entries[key]
	return ok
}

// Put remembers a value until a time. Where there is no room, what has run out goes, else any one value.
func (c *Cache[K, V]) Put(key K, value V, now, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, replaces := c.entries[key]; !replaces && len(c.entries) >= c.size {
		c.makeRoom(now)
	}
	c.entries[key] = entry[V]{value: value, until: until}
}

// Drop forgets a key.
func (c *Cache[K, V]) Drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// Len tells how many values are held.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func (c *Cache[K, V]) makeRoom(now time.Time) {
	for key, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, key)
		}
	}
	for key := range c.entries {
		if len(c.entries) < c.size {
			return
		}
		delete(c.entries, key)
	}
}

// Package rotation replaces keys without a moment in which none is accepted: the new one at once, the one that it replaces
// for a while longer, and never more than these two.
package rotation

import (
	"slices"
	"time"
)

// Expiry gives where a key keeps the time at which it ends; zero for the present key.
type Expiry[K any] func(*K) *time.Time

// Present gives the key that has not been replaced, or nil if there is none yet.
func Present[K any](keys []K, expiry Expiry[K]) *K {
	for i := range keys {
		if expiry(&keys[i]).IsZero() {
			return &keys[i]
		}
	}
	return nil
}

// Rotate gives the keys with a new present one, newest first. The key that it replaces goes on for overlap; keys replaced
// earlier go at once. The keys that it is given stay as they are.
func Rotate[K any](keys []K, next K, expiry Expiry[K], overlap time.Duration, now time.Time) []K {
	*expiry(&next) = time.Time{}
	rotated := []K{next}
	if old := Present(keys, expiry); old != nil && overlap > 0 {
		replaced := *old
		*expiry(&replaced) = now.Add(overlap)
		rotated = append(rotated, replaced)
	}
	return rotated
}

// Valid lists the keys that have not ended at a time.
func Valid[K any](keys []K, expiry Expiry[K], at time.Time) []K {
	return slices.DeleteFunc(slices.Clone(keys), func(k K) bool {
		end := *expiry(&k)
		return !end.IsZero() && !at.Before(end)
	})
}

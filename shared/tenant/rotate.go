package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// MaxOverlap is the longest that a replaced signing key may go on being accepted.
const MaxOverlap = 30 * 24 * time.Hour

// Fingerprint gives the Fingerprint of a signing key whose text is given.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])[:8]
}

// PresentKey gives the key that has not been replaced, or nil for a connection that has none yet.
func (c Connection) PresentKey() *SigningKey {
	for i := range c.Keys {
		if c.Keys[i].ExpiresAt.IsZero() {
			return &c.Keys[i]
		}
	}
	return nil
}

// Rotate gives the connection with a new present key. The key that it replaces goes on being accepted for overlap; keys
// replaced earlier go at once, so that never more than two are valid.
func (c Connection) Rotate(key SigningKey, overlap time.Duration, now time.Time) Connection {
	key.ExpiresAt = time.Time{}
	keys := []SigningKey{key}
	if old := c.PresentKey(); old != nil && overlap > 0 {
		replaced := *old
		replaced.ExpiresAt = now.Add(overlap)
		keys = append(keys, replaced)
	}
	c.Keys = keys
	return c.changed(now)
}

// WithStatus gives the connection with another status.
func (c Connection) WithStatus(s Status, now time.Time) Connection {
	c.Status = s
	return c.changed(now)
}

// ValidKeys lists the keys that are accepted at a time, newest first.
func (c Connection) ValidKeys(at time.Time) []SigningKey {
	return slices.DeleteFunc(slices.Clone(c.Keys), func(k SigningKey) bool { return !k.Valid(at) })
}

func (c Connection) changed(now time.Time) Connection {
	c.UpdatedAt = now
	c.Rev++
	return c
}

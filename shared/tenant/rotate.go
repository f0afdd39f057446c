package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"leadline/shared/rotation"
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
	return rotation.Present(c.Keys, (*SigningKey).expiry)
}

// Rotate gives the connection with a new present key. The key that it replaces goes on being accepted for overlap; keys
// replaced earlier go at once, so that never more than two are valid.
func (c Connection) Rotate(key SigningKey, overlap time.Duration, now time.Time) Connection {
	c.Keys = rotation.Rotate(c.Keys, key, (*SigningKey).expiry, overlap, now)
	return c.changed(now)
}

// WithStatus gives the connection with another status.
func (c Connection) WithStatus(s Status, now time.Time) Connection {
	c.Status = s
	return c.changed(now)
}

// WithAccount gives the connection as one of an account at the provider.
func (c Connection) WithAccount(id, name string, now time.Time) Connection {
	c.AccountID, c.AccountName = id, name
	return c.changed(now)
}

// WithSettings gives the connection with another name and base URL.
func (c Connection) WithSettings(name, baseURL string, now time.Time) Connection {
	c.Name, c.BaseURL = name, baseURL
	return c.changed(now)
}

// ValidKeys lists the keys that are accepted at a time, newest first.
func (c Connection) ValidKeys(at time.Time) []SigningKey {
	return rotation.Valid(c.Keys, (*SigningKey).expiry, at)
}

func (c Connection) changed(now time.Time) Connection {
	c.UpdatedAt = now
	c.Rev++
	return c
}

func (k *SigningKey) expiry() *time.Time { return &k.ExpiresAt }

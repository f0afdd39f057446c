// Package tenant holds who uses Leadline: organizations, their API keys with roles, and their connections to providers.
package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Organization is a customer. Everything stored belongs to exactly one.
type Organization struct {
	ID   string
	Name string
	// DataKey is the organization's own data key, wrapped by the stage's master key (see package secret).
	DataKey []byte
	// Quotas bound what it may use.
	Quotas    Quotas
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes to the organization, from 1 (0 for one made before they were counted). Its ETag.
	Rev int64
}

// Role is what an API key, or a person, may do.
type Role string

// The roles, from most to least. Ingest stands apart: it pushes rows and asks what became of them, and nothing else.
const (
	// Owner may do everything in its organization, also change owners and erase people.
	Owner Role = "owner"
	// Admin may do everything else.
	Admin Role = "admin"
	// Manager may read everything, replay what was set aside, and accept schema changes.
	Manager Role = "manager"
	// Reader may read.
	Reader Role = "reader"
	// Ingest may push rows and read its batches.
	Ingest Role = "ingest"
)

// Roles lists all roles.
func Roles() []Role { return []Role{Owner, Admin, Manager, Reader, Ingest} }

// Allows tells whether a key of role r may do what needs the role.
func (r Role) Allows(needed Role) bool {
	if needed == Ingest { // readers may not push
		return r == Ingest || r.Allows(Manager)
	}
	order := []Role{Reader, Manager, Admin, Owner}
	have, need := slices.Index(order, r), slices.Index(order, needed)
	return have >= 0 && need >= 0 && have >= need
}

// APIKey is a key for the HTTP API. The key itself is shown once, when it is made; only its hash is kept.
type APIKey struct {
	// ID names the key in the API and in the audit log: "key_" and 12 of [0-9a-z].
	ID           string
	Hash         string
	Organization string
	Name         string
	Role         Role
	// Person is whose key it is; empty for that of a program.
	Person string
	// Makers are all who may know the text of the key besides its person: the people, or keys of nobody, behind the key that made
	// it, and behind that one's, in no order that counts. Empty for a key made outside of the API, and for one from before they
	// were noted.
	Makers    []string
	CreatedAt time.Time
	// ExpiresAt is when it stops working by itself; zero for never.
	ExpiresAt time.Time
	// RevokedAt is zero for a key that works.
	RevokedAt time.Time
}

// Works tells whether the key is accepted at a time.
func (k APIKey) Works(at time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || at.Before(k.ExpiresAt))
}

// Under gives the key with the role that it has while its person is as given: at most that of the person. It is not ok if
// the person works here no more, or may do nothing of what the key may.
func (k APIKey) Under(p Person) (under APIKey, ok bool) {
	switch {
	case p.Status == Offboarded:
		return k, false
	case p.Role.Allows(k.Role):
		return k, true
	case k.Role.Allows(p.Role):
		k.Role = p.Role
		return k, true
	}
	return k, false // a reader's key to ingest
}

// HashToken gives the form in which an unguessable token (an API key, the token of a webhook URL) is stored and looked
// up: the hex of its SHA-256. The token has 256 random bits, so that a slow hash would add nothing.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Status is where a connection stands.
type Status string

// The states of a connection.
const (
	// Active connections take events.
	Active Status = "active"
	// Disabled connections refuse events as if they did not exist.
	Disabled Status = "disabled"
	// Paused connections take events and apply none: what comes in is parked until they are active again.
	Paused Status = "paused"
)

// Connection is an organization's login at one provider.
type Connection struct {
	ID           string
	Organization string
	Connector    string
	Name         string
	Status       Status
	// Hook is the hash of the token in the connection's webhook URL.
	Hook string
	// Token is the token itself, sealed (see package secret), so that the provider can be told the URL; empty for a connection
	// from before it was kept.
	Token []byte
	// Keys are the signing keys that the URL accepts, newest first.
	Keys []SigningKey
	// BaseURL is where the provider's API stands for this connection; empty for its usual place.
	BaseURL string
	// AccountID and AccountName are the account at the provider that the connection belongs to; empty until it logs in.
	AccountID, AccountName string
	CreatedAt              time.Time
	UpdatedAt              time.Time
	// Rev counts the changes to the connection, from 1. Its ETag.
	Rev int64
}

// SigningKey is a key that the provider signs its events with, sealed.
type SigningKey struct {
	// Fingerprint tells keys apart without showing them: the first 8 hex digits of the SHA-256 of the key's text.
	Fingerprint string
	// Sealed is the key's text, encrypted with the organization's data key (see package secret).
	Sealed    []byte
	CreatedAt time.Time
	// ExpiresAt is when a replaced key stops being accepted; zero for the present key.
	ExpiresAt time.Time
}

// Valid tells whether the key is accepted at a time.
func (k SigningKey) Valid(at time.Time) bool { return k.ExpiresAt.IsZero() || at.Before(k.ExpiresAt) }

// Hook is what the receiver of webhooks knows of a connection: found by the hash of the token in the URL, and nothing
// else is needed to check a signature.
type Hook struct {
	TokenHash    string
	Organization string
	Connection   string
	Connector    string
	Status       Status
	Keys         []SigningKey
	// DataKey is the organization's wrapped data key, to open Keys.
	DataKey []byte
}

// HookOf gives the receiver's view of the connection.
func (c Connection) HookOf(org Organization) Hook {
	return Hook{TokenHash: c.Hook, Organization: c.Organization, Connection: c.ID, Connector: c.Connector,
		Status: c.Status, Keys: c.Keys, DataKey: org.DataKey}
}

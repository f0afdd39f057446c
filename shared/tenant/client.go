package tenant

import (
	"crypto/subtle"
	"io"
	"time"

	"leadline/shared/rotation"
)

// ClientConnector is the connector name of the connections that clients push into.
const ClientConnector = "client"

// Client is a team's software that pushes rows: a clientid with its secrets, which lead to one connection.
type Client struct {
	// ID is the clientid: "cli_" and 12 of [0-9a-z]. It is no secret.
	ID           string
	Organization string
	// Connection is where its rows go, a connection of ClientConnector. Several clients may push into one.
	Connection string
	Name       string
	Status     Status
	// Secrets are those that are accepted, newest first, at most two.
	Secrets   []ClientSecret
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes to the client, from 1. Its ETag.
	Rev int64
}

// ClientSecret is a clientSecret. The text, "cls_" and 43 more characters, is shown once; only its hash is kept.
type ClientSecret struct {
	// Hash is HashToken of the text.
	Hash string
	// Fingerprint tells secrets apart without showing them.
	Fingerprint string
	CreatedAt   time.Time
	// ExpiresAt is when a replaced secret stops being accepted; zero for the present one.
	ExpiresAt time.Time
}

// secretPrefix makes a clientSecret recognizable, for people and for scanners of leaked secrets.
const secretPrefix = "cls_"

// NewClientSecret makes a clientSecret: the text that the client sends, shown once, and what is stored of it.
func NewClientSecret(now time.Time, random io.Reader) (text string, secret ClientSecret, err error) {
	token, err := NewToken(random)
	if err != nil {
		return "", ClientSecret{}, err
	}
	text = secretPrefix + token
	return text, ClientSecret{Hash: HashToken(text), Fingerprint: Fingerprint(text), CreatedAt: now}, nil
}

// Valid tells whether the secret is accepted at a time.
func (s ClientSecret) Valid(at time.Time) bool { return s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt) }

// PresentSecret gives the secret that has not been replaced, or nil for a client that has none yet.
func (c Client) PresentSecret() *ClientSecret {
	return rotation.Present(c.Secrets, (*ClientSecret).expiry)
}

// Rotate gives the client with a new present secret. The secret that it replaces goes on being accepted for overlap;
// secrets replaced earlier go at once, so that never more than two are valid.
func (c Client) Rotate(secret ClientSecret, overlap time.Duration, now time.Time) Client {
	c.Secrets = rotation.Rotate(c.Secrets, secret, (*ClientSecret).expiry, overlap, now)
	return c.changed(now)
}

// WithStatus gives the client with another status.
func (c Client) WithStatus(s Status, now time.Time) Client {
	c.Status = s
	return c.changed(now)
}

// ValidSecrets lists the secrets that are accepted at a time, newest first.
func (c Client) ValidSecrets(at time.Time) []ClientSecret {
	return rotation.Valid(c.Secrets, (*ClientSecret).expiry, at)
}

func (c Client) changed(now time.Time) Client {
	c.UpdatedAt = now
	c.Rev++
	return c
}

// HookOf gives the door's view of the client.
func (c Client) HookOf(org Organization) ClientHook {
	return ClientHook{Client: c.ID, Organization: c.Organization, Connection: c.Connection, Status: c.Status,
		Secrets: c.Secrets, DataKey: org.DataKey, RowsPerDay: org.Quotas.RowsPerDay}
}

// ClientHook is what the door for rows knows of a client, found by its clientid: nothing else is needed to check a
// secret and to name the batch.
type ClientHook struct {
	Client       string
	Organization string
	Connection   string
	Status       Status
	Secrets      []ClientSecret
	// DataKey is the organization's wrapped data key, with which batch ids are signed.
	DataKey []byte
	// RowsPerDay is the organization's quota of pushed rows; 0 for none.
	RowsPerDay int64
}

// acceptedSecrets is how many secrets Accepts compares, whatever the client has: as many as can be valid at once.
const acceptedSecrets = 2

// Accepts tells whether a text is a secret of the active client at a time. It takes as long for a client that has no
// such secret, or none at all (the zero ClientHook), as for one that has, so that an unknown client and a wrong secret
// cannot be told apart.
func (h ClientHook) Accepts(secret string, now time.Time) bool {
	hash := []byte(HashToken(secret))
	accepted := 0
	for n := range max(acceptedSecrets, len(h.Secrets)) {
		// What stands in for a missing secret is as long as a hash and equal to none: hashes have no space.
		stored, valid := spaces, 0
		if n < len(h.Secrets) {
			stored = h.Secrets[n].Hash
			if h.Status == Active && h.Secrets[n].Valid(now) {
				valid = 1
			}
		}
		accepted |= subtle.ConstantTimeCompare(hash, []byte(stored)) & valid
	}
	return accepted == 1
}

const spaces = "                                                                "

func (s *ClientSecret) expiry() *time.Time { return &s.ExpiresAt }

// Package credential keeps the logins of connections at their providers: sealed, never shown again, renewed before they
// run out by one worker at a time, and stored before they are used.
package credential

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/secret"
)

// State is how a login stands.
type State string

// The states of a login.
const (
	// OK: it works as far as we know.
	OK State = "ok"
	// Pending: a person has still to agree at the provider, for the first time.
	Pending State = "pending"
	// Revoked: the provider refuses it.
	Revoked State = "revoked"
	// Reconnect: a renewal was interrupted and its tokens are lost; a person has to log in again.
	Reconnect State = "reconnect"
)

// Login is what a connection logs in with.
type Login struct {
	Organization, Connection string
	Kind                     connector.LoginKind
	// Sealed are the Secrets, encrypted with the organization's data key; empty while Pending.
	Sealed []byte
	// Generation counts the secrets of the connection, from 1.
	Generation int64
	// Fingerprint tells what was given by a person apart, without showing it: of an API key, or of a client's secret.
	Fingerprint string
	// IssuedAt and ExpiresAt are those of the access token; ExpiresAt is zero for what does not run out.
	IssuedAt, ExpiresAt time.Time
	State               State
	// Reason says in words why the State is not OK; StateAt is since when it is what it is.
	Reason  string
	StateAt time.Time
	// Who we are at the provider and what we may not do, as of TestedAt.
	AccountID, AccountName, UserID, UserName string
	Missing                                  []connector.MissingPermission
	TestedAt                                 time.Time
	// Lease is who renews the login at present.
	Lease Lease
	// Asked is an authorization that a person was asked for; nil for none.
	Asked     *Asked
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes, from 1.
	Rev int64
}

// Lease is the right to renew a login. One that has run out and is still there was left by a worker that died, or heard
// no answer: what it sent may have arrived.
type Lease struct {
	Owner string
	Until time.Time
}

// Held tells whether somebody has the lease.
func (l Lease) Held(now time.Time) bool { return l.Owner != "" && now.Before(l.Until) }

// Asked is an authorization that a person was asked for at the provider.
type Asked struct {
	// Token is the hash of what leads back to it, once.
	Token string
	Until time.Time
	// Sealed are Secrets, the client that asks and the verifier of this one attempt.
	Sealed      []byte
	Fingerprint string
	// AcceptOther says that the login may be one at another account of the provider than before.
	AcceptOther bool
}

// Secrets are what must not be seen. They show nothing of themselves when printed.
type Secrets struct {
	APIKey       string `json:"api_key,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	AccessToken  string `json:"access_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	// Verifier is that of PKCE (RFC 7636).
	Verifier string `json:"verifier,omitempty"`
}

// Format prints nothing of the secrets, whatever the verb.
func (Secrets) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "credential.Secrets") }

// LogValue logs nothing of the secrets: a logger would marshal them.
func (Secrets) LogValue() slog.Value { return slog.StringValue("credential.Secrets") }

// present gives what requests are authorized with.
func (s Secrets) present(kind connector.LoginKind) string {
	if kind == connector.APIKey {
		return s.APIKey
	}
	return s.AccessToken
}

func (s Secrets) words() []string {
	return []string{s.APIKey, s.ClientSecret, s.AccessToken, s.RefreshToken, s.Verifier}
}

func seal(box secret.Box, s Secrets) ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("credential: seal: %w", err)
	}
	return box.Seal(secret.PurposeLogin, text), nil
}

func unseal(box secret.Box, sealed []byte) (Secrets, error) {
	text, err := box.Open(secret.PurposeLogin, sealed)
	if err != nil {
		return Secrets{}, fmt.Errorf("credential: open: %w", err)
	}
	var s Secrets
	if err := json.Unmarshal(text, &s); err != nil {
		return Secrets{}, fault.New(fault.Internal, "spoilt_login", "credential: a sealed login is no JSON")
	}
	return s, nil
}

// WithIdentity gives the login with who it is at the provider.
func (l Login) WithIdentity(i connector.Identity, now time.Time) Login {
	l.AccountID, l.AccountName, l.UserID, l.UserName = i.AccountID, i.AccountName, i.UserID, i.UserName
	l.Missing, l.TestedAt = i.Missing, now
	return l
}

// WithState gives the login in a state. One that is in it already keeps the reason and the time.
func (l Login) WithState(s State, reason string, now time.Time) Login {
	if l.State != s {
		l.State, l.Reason, l.StateAt = s, reason, now
	}
	return l
}

// changed gives the login as it is written next.
func (l Login) changed(now time.Time) Login {
	if l.Rev == 0 {
		l.CreatedAt = now
	}
	l.UpdatedAt = now
	l.Rev++
	return l
}

// renewAt is when the access token is to be renewed: well before it runs out; zero for what does not.
func (l Login) renewAt() time.Time {
	if l.ExpiresAt.IsZero() {
		return time.Time{}
	}
	margin := 5 * time.Minute
	if life := l.ExpiresAt.Sub(l.IssuedAt); life > 0 {
		margin = min(margin, life/5)
	}
	return l.ExpiresAt.Add(-margin)
}

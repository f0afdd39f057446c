// Package hook makes the webhook URLs of connections, knows them again, and gives them the keys that providers sign with.
package hook

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Overlap is how long a replaced signing key goes on being accepted: a provider that retries for days signs with the old one.
const Overlap = 72 * time.Hour

// Options are what Hooks work with. All of them are required.
type Options struct {
	Tenancy    store.Tenancy
	Keyring    *secret.Keyring
	Connectors connector.Registry
	// BaseURL is where webhooks arrive, without a slash at its end.
	BaseURL string
	Now     func() time.Time
}

// Hooks knows webhook URLs. It is safe for concurrent use.
type Hooks struct{ Options }

// New makes Hooks.
func New(o Options) *Hooks { return &Hooks{o} }

// With gives a new connection the URL of a token.
func With(box secret.Box, conn tenant.Connection, token string) tenant.Connection {
	conn.Hook, conn.Token = tenant.HashToken(token), box.Seal(secret.PurposeHook, []byte(token))
	return conn
}

// Address gives the URL of a token.
func Address(baseURL, token string) string { return baseURL + "/hooks/" + token }

// URL gives the webhook URL of a connection. NotFound for one of which only the hash is known.
func (h *Hooks) URL(ctx context.Context, conn tenant.Connection) (string, error) {
	if len(conn.Token) == 0 {
		return "", fault.New(fault.NotFound, "unknown_url", "The webhook URL of connection %s is not known any more.", conn.ID)
	}
	_, box, err := h.box(ctx, conn.Organization)
	if err != nil {
		return "", err
	}
	token, err := box.Open(secret.PurposeHook, conn.Token)
	if err != nil {
		return "", fmt.Errorf("hook: token of %s: %w", conn.ID, err)
	}
	return Address(h.BaseURL, string(token)), nil
}

func (h *Hooks) box(ctx context.Context, organization string) (tenant.Organization, secret.Box, error) {
	org, err := h.Tenancy.Organization(ctx, organization)
	if err != nil {
		return org, secret.Box{}, fmt.Errorf("hook: organization: %w", err)
	}
	box, err := h.Keyring.Open(ctx, org.ID, org.DataKey)
	if err != nil {
		return org, box, fmt.Errorf("hook: data key: %w", err)
	}
	return org, box, nil
}

// contests is how often a change that lost a race is tried again.
const contests = 8

// Accept lets the URL of a connection accept what is signed with a key, and for a while what is signed with the one before.
// A key that it accepts already is no change.
func (h *Hooks) Accept(ctx context.Context, conn tenant.Connection, signingKey string) error {
	definition, known := h.Connectors[conn.Connector]
	if !known || definition.Webhook == nil {
		return fault.New(fault.Internal, "no_webhook", "hook: connector %q takes no webhooks", conn.Connector)
	}
	if signingKey == "" && definition.Webhook.Signature.Optional {
		return nil
	}
	if _, err := definition.Webhook.Signature.Key(signingKey); err != nil {
		return err
	}
	org, box, err := h.box(ctx, conn.Organization)
	if err != nil {
		return err
	}
	for range contests {
		now := h.Now().UTC()
		c, err := h.Tenancy.Connection(ctx, conn.Organization, conn.ID)
		if err != nil {
			return fmt.Errorf("hook: connection: %w", err)
		}
		if present := c.PresentKey(); present != nil && present.Fingerprint == tenant.Fingerprint(signingKey) {
			return nil
		}
		key := tenant.SigningKey{Fingerprint: tenant.Fingerprint(signingKey), Sealed: box.Seal(secret.PurposeSigningKey, []byte(signingKey)), CreatedAt: now}
		c = c.Rotate(key, Overlap, now)
		err = h.Tenancy.UpdateConnection(ctx, c, c.HookOf(org), nil)
		if err == nil {
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("hook: save a signing key: %w", err)
		}
	}
	return fault.New(fault.Unavailable, "contended", "hook: connection %s is being changed by too many at once", conn.ID)
}

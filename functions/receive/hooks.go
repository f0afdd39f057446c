package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"leadline/shared/cache"
	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

const (
	// maxTokenBytes is more than any token has that was given out.
	maxTokenBytes = 128
	// maxHooks bounds the hooks, and as many unknown URLs, that are remembered.
	maxHooks = 1000
	// unknownFor is how long a URL that leads nowhere is remembered as such.
	unknownFor = 5 * time.Second
	// rereadAfter is how old what is known of a hook must be to be read again because a signature did not fit. It bounds
	// what somebody who knows a URL and no key can make us read.
	rereadAfter = time.Second
	// missesPerSecond and missBurst bound the look-ups of URLs that lead nowhere.
	missesPerSecond = 20
	missBurst       = 100

	// codeNoKey is the code of a refusal for want of a key.
	codeNoKey = "no_signing_key"
)

// table is where hooks are found by the hash of their token, and what API keys lead to: a store.Tenancy.
type table interface {
	Hook(ctx context.Context, tokenHash string) (tenant.Hook, error)
	APIKey(ctx context.Context, hash string) (tenant.APIKey, error)
	Organization(ctx context.Context, id string) (tenant.Organization, error)
	Connection(ctx context.Context, organization, id string) (tenant.Connection, error)
}

// keyring opens what is sealed with the data key of an organization: a secret.Keyring.
type keyring interface {
	Open(ctx context.Context, organization string, wrapped []byte) (secret.Box, error)
}

// hooks finds the hook that a token leads to, from memory where it can. It is safe for concurrent use.
type hooks struct {
	table      table
	keyring    keyring
	connectors connector.Registry
	keep       time.Duration
	known      *cache.Cache[string, *hook]
	unknown    *cache.Cache[string, struct{}]
	misses     *allowance
}

// newHooks makes hooks that are remembered for keep.
func newHooks(t table, k keyring, connectors connector.Registry, keep time.Duration) *hooks {
	return &hooks{table: t, keyring: k, connectors: connectors, keep: keep, known: cache.New[string, *hook](maxHooks),
		unknown: cache.New[string, struct{}](maxHooks), misses: newAllowance(missesPerSecond, missBurst)}
}

// hook is what is known of one connection.
type hook struct {
	tenant.Hook
	signature connector.Signature
	// form says that bodies are forms and no JSON.
	form bool
	// opened holds the bytes of Keys, one for one.
	opened [][]byte
	readAt time.Time
}

// find gives the active hook of a token, NotFound if there is none.
func (h *hooks) find(ctx context.Context, token string, now time.Time) (*hook, error) {
	if token == "" || len(token) > maxTokenBytes {
		return nil, notFound()
	}
	hash := tenant.HashToken(token)
	if found, ok := h.known.Get(hash, now); ok {
		return found, nil
	}
	if _, ok := h.unknown.Get(hash, now); ok {
		return nil, notFound()
	}
	// A hook that was there when it was last read is read again whatever strangers try.
	if !h.known.Holds(hash) && !h.misses.left(now) {
		return nil, &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: time.Second,
			Message: "Too many requests to URLs that do not exist. Try again in a second."}
	}
	return h.read(ctx, hash, now)
}

// read gets a hook from the table and opens its keys.
func (h *hooks) read(ctx context.Context, hash string, now time.Time) (*hook, error) {
	stored, err := h.table.Hook(ctx, hash)
	if fault.Is(err, fault.NotFound) || err == nil && stored.Status == tenant.Disabled {
		h.known.Drop(hash)
		h.unknown.Put(hash, struct{}{}, now, now.Add(unknownFor))
		h.misses.take(now)
		return nil, notFound()
	}
	if err != nil {
		return nil, behind(err, "read the hook")
	}
	definition, ok := h.connectors[stored.Connector]
	if !ok || definition.Webhook == nil {
		return nil, fault.New(fault.Internal, "unknown_connector", "receive: there is no connector %q that has webhooks", stored.Connector)
	}
	found := &hook{Hook: stored, signature: definition.Webhook.Signature, form: definition.Webhook.Form, readAt: now}
	if found.opened, err = h.open(ctx, found); err != nil {
		return nil, err
	}
	h.known.Put(hash, found, now, now.Add(h.keep))
	return found, nil
}

func (h *hooks) open(ctx context.Context, found *hook) ([][]byte, error) {
	opened := make([][]byte, len(found.Keys))
	for i, k := range found.Keys {
		box, err := h.keyring.Open(ctx, found.Organization, found.DataKey)
		if err != nil {
			return nil, behind(err, "open the organization's data key")
		}
		text, err := box.Open(secret.PurposeSigningKey, k.Sealed)
		if err != nil {
			return nil, behind(err, "open a signing key")
		}
		if opened[i], err = found.signature.Key(string(text)); err != nil {
			return nil, behind(err, "decode a signing key")
		}
	}
	return opened, nil
}

// verify checks that body was signed with a key that is valid now.
func (h *hook) verify(headers map[string]string, body []byte, now time.Time, tolerance time.Duration) error {
	var keys [][]byte
	for i, k := range h.Keys {
		if k.Valid(now) {
			keys = append(keys, h.opened[i])
		}
	}
	if len(h.Keys) == 0 && h.signature.Optional {
		return nil
	}
	if len(keys) == 0 {
		return fault.New(fault.Unauthorized, codeNoKey,
			"This connection has no valid signing key. Give it the key that the provider showed when the webhook was made.")
	}
	signed := http.Header{}
	for name, value := range headers {
		if strings.EqualFold(name, h.signature.HashHeader) || strings.EqualFold(name, h.signature.TimestampHeader) {
			signed.Add(name, value)
		}
	}
	return h.signature.Verify(signed, body, keys, now, tolerance)
}

// mayBeStale tells whether a refusal can come from keys that are no longer those of the connection.
func (h *hook) mayBeStale(err error, now time.Time) bool {
	f := fault.Of(err)
	return f != nil && (f.Code == codeNoKey || f.Code == "invalid_signature") && now.Sub(h.readAt) >= rereadAfter
}

// notFound says the same of all URLs that take nothing: unknown ones and those of disabled connections.
func notFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no webhook at this URL.")
}

package hook_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/fault"
	"leadline/shared/hook"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	organization = "org_000000000001"
	connection   = "conn_000000000001"
	token        = "a-token-of-256-bits"
)

func key(digit string) string { return strings.Repeat(digit, 64) }

// world is Hooks over memory. rivals is how many writers change the connection before a change of ours is stored.
type world struct {
	t       *testing.T
	tenancy *memory.Tenancy
	hooks   *hook.Hooks
	box     secret.Box
	at      time.Time
	rivals  int
	writes  int
}

type contended struct {
	store.Tenancy
	w *world
}

func (c contended) UpdateConnection(ctx context.Context, conn tenant.Connection, h tenant.Hook, r *store.Receipt) error {
	if c.w.rivals > 0 {
		c.w.rivals--
		stands, err := c.Connection(ctx, conn.Organization, conn.ID)
		if err != nil {
			return err
		}
		before, err := c.Hook(ctx, stands.Hook)
		if err != nil {
			return err
		}
		stands.Name += "'"
		stands.Rev++
		if err := c.Tenancy.UpdateConnection(ctx, stands, before, nil); err != nil {
			return err
		}
	}
	err := c.Tenancy.UpdateConnection(ctx, conn, h, r)
	if err == nil {
		c.w.writes++
	}
	return err
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, tenancy: memory.NewTenancy(), at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	keyring := secrettest.NewKeyring(t)
	silent := connector.Definition{Name: "silent"}
	lax := connector.Definition{Name: "lax", Webhook: &connector.Webhook{Signature: connector.Signature{Optional: true, KeyEncoding: connector.Hex}}}
	w.hooks = hook.New(hook.Options{Tenancy: contended{w.tenancy, w}, Keyring: keyring, Connectors: connector.NewRegistry(append(connectors.All(), silent, lax)...),
		BaseURL: "https://in.example.com", Now: func() time.Time { return w.at }})
	dataKey, err := keyring.NewDataKey(t.Context(), organization)
	w.must(err)
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, DataKey: dataKey, Rev: 1}))
	w.box, err = keyring.Open(t.Context(), organization, dataKey)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// connect stores a connection with a URL.
func (w *world) connect(connectorName string) tenant.Connection {
	w.t.Helper()
	c := hook.With(w.box, tenant.Connection{ID: connection, Organization: organization, Connector: connectorName, Name: "C", Status: tenant.Active, Rev: 1}, token)
	org, err := w.tenancy.Organization(w.t.Context(), organization)
	w.must(err)
	w.must(w.tenancy.CreateConnection(w.t.Context(), c, c.HookOf(org), nil))
	return c
}

// accepted gives the fingerprints of the keys that the URL accepts at a time, as receive finds them.
func (w *world) accepted(at time.Time) string {
	w.t.Helper()
	h, err := w.tenancy.Hook(w.t.Context(), tenant.HashToken(token))
	w.must(err)
	var all []string
	for _, k := range h.Keys {
		if k.ExpiresAt.IsZero() || at.Before(k.ExpiresAt) {
			text, err := w.box.Open(secret.PurposeSigningKey, k.Sealed)
			w.must(err)
			all = append(all, string(text[:1]))
		}
	}
	return strings.Join(all, " ")
}

func TestAConnectionKnowsItsURL(t *testing.T) {
	w := newWorld(t)
	c := w.connect("close")
	if strings.Contains(string(c.Token), token) || c.Hook != tenant.HashToken(token) {
		t.Errorf("kept as %q under %s", c.Token, c.Hook)
	}
	if url, err := w.hooks.URL(t.Context(), c); err != nil || url != "https://in.example.com/hooks/"+token {
		t.Errorf("got %s, %v", url, err)
	}
	old := c
	old.Token = nil
	if _, err := w.hooks.URL(t.Context(), old); !fault.Is(err, fault.NotFound) {
		t.Errorf("of which only the hash is known: %v", err)
	}
	foreign := c
	foreign.Token = w.box.Seal(secret.PurposeSigningKey, []byte(token)) // sealed for another purpose
	if url, err := w.hooks.URL(t.Context(), foreign); err == nil || url != "" {
		t.Errorf("got %s, %v", url, err)
	}
	nowhere := c
	nowhere.Organization = "org_000000000009"
	if _, err := w.hooks.URL(t.Context(), nowhere); !fault.Is(err, fault.NotFound) {
		t.Errorf("of no organization: %v", err)
	}
}

func TestANewKeyIsAcceptedAndTheOldOneForAWhile(t *testing.T) {
	w := newWorld(t)
	c := w.connect("close")
	w.must(w.hooks.Accept(t.Context(), c, key("a")))
	if got := w.accepted(w.at); got != "a" {
		t.Errorf("accepted: %s", got)
	}
	w.must(w.hooks.Accept(t.Context(), c, key("a"))) // as known before: no change
	if w.writes != 1 {
		t.Errorf("%d writes", w.writes)
	}
	w.at = w.at.Add(time.Hour)
	w.must(w.hooks.Accept(t.Context(), c, key("b")))
	for after, want := range map[time.Duration]string{0: "b a", hook.Overlap - time.Second: "b a", hook.Overlap: "b"} {
		if got := w.accepted(w.at.Add(after)); got != want {
			t.Errorf("%s later: %s, want %s", after, got, want)
		}
	}
	stored, err := w.tenancy.Connection(t.Context(), organization, connection)
	w.must(err)
	if stored.Rev != 3 || stored.PresentKey().Fingerprint != tenant.Fingerprint(key("b")) || !stored.UpdatedAt.Equal(w.at) || stored.Name != "C" {
		t.Errorf("the connection is %+v", stored)
	}
}

func TestKeysThatAreNotAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		connector, key string
		kind           fault.Kind // empty: no error, and no change
	}{
		"no key":                    {"close", "", fault.Invalid},
		"a short one":               {"close", "abcd", fault.Invalid},
		"no webhooks":               {"silent", key("a"), fault.Internal},
		"an unknown connector":      {"pigeon", key("a"), fault.Internal},
		"no key where none is used": {"lax", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			err := w.hooks.Accept(t.Context(), w.connect(c.connector), c.key)
			if c.kind == "" && err != nil || c.kind != "" && !fault.Is(err, c.kind) || w.writes > 0 {
				t.Errorf("got %v, %d writes", err, w.writes)
			}
			if err != nil && c.key != "" && strings.Contains(err.Error(), c.key) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	w := newWorld(t)
	gone := tenant.Connection{ID: "conn_000000000009", Organization: organization, Connector: "close"}
	if err := w.hooks.Accept(t.Context(), gone, key("a")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a connection that is gone: %v", err)
	}
}

func TestAKeyIsAcceptedWhileOthersChangeTheConnection(t *testing.T) {
	w := newWorld(t)
	c := w.connect("close")
	w.rivals = 3
	w.must(w.hooks.Accept(t.Context(), c, key("a")))
	stored, err := w.tenancy.Connection(t.Context(), organization, connection)
	w.must(err)
	if stored.Name != "C'''" || w.accepted(w.at) != "a" {
		t.Errorf("the connection is %+v", stored)
	}
	w.rivals = 1_000
	if err := w.hooks.Accept(t.Context(), c, key("b")); !fault.Is(err, fault.Unavailable) || w.accepted(w.at) != "a" {
		t.Errorf("among a thousand: %v", err)
	}
}

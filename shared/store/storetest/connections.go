package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func connectionTests() []test {
	return []test{
		{"what is missing is not found", func(t *testing.T, s Stores) {
			_, err := s.Tenancy.Connection(ctx(t), "org_a", "conn_a")
			is(t, err, fault.NotFound, "")
			_, err = s.Tenancy.Hook(ctx(t), "hook of conn_a")
			is(t, err, fault.NotFound, "")
			same(t, all(t, 10, connections(t, s, "org_a")), nil)
		}},
		{"a connection and its hook are kept whole", func(t *testing.T, s Stores) {
			c, hook := newConnection("org_a", "conn_a")
			ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
			stands(t, s, c, hook)
			c, hook = newConnection("org_a", "conn_b")
			c.Keys, hook.Keys = nil, nil
			ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
			stands(t, s, c, hook)
		}},
		{"a refused creation leaves nothing", refusedCreation},
		{"an update replaces the connection and its hook", update},
		{"a refused update changes nothing", refusedUpdate},
		{"an expired receipt does not stand in the way of an update", expiredReceipt},
		{"one of concurrent updates wins", func(t *testing.T, s Stores) {
			c, hook := newConnection("org_a", "conn_a")
			ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
			c, hook = changed(c)
			oneWins(t, atOnce(t, func(n int) error {
				mine := c
				mine.Name = fmt.Sprint(n)
				return s.Tenancy.UpdateConnection(ctx(t), mine, hook, nil)
			}))
		}},
		{"one of concurrent requests with one key wins, the others leave nothing", func(t *testing.T, s Stores) {
			receipt := newReceipt("k", base().Add(time.Hour))
			oneWins(t, atOnce(t, func(n int) error { return create(t, s, fmt.Sprint("conn_", n), &receipt) }))
			if got := all(t, 10, connections(t, s, "org_a")); len(got) != 1 {
				t.Fatalf("%d connections, want 1", len(got))
			}
		}},
		{"connections are listed by id, with every limit", connectionOrder},
		{"connections of others are neither found, listed nor changed", connectionsOfOthers},
	}
}

func refusedCreation(t *testing.T, s Stores) {
	taken, takenHook := newConnection("org_a", "conn_taken")
	takenReceipt := newReceipt("taken", base().Add(time.Hour))
	ok(t, s.Tenancy.CreateConnection(ctx(t), taken, takenHook, &takenReceipt))
	for name, spoil := range map[string]func(*tenant.Connection, *tenant.Hook, *store.Receipt) string{
		"connection": func(c *tenant.Connection, _ *tenant.Hook, _ *store.Receipt) string {
			c.ID = taken.ID
			return store.CodeTaken
		},
		"hook": func(_ *tenant.Connection, h *tenant.Hook, _ *store.Receipt) string {
			h.TokenHash = takenHook.TokenHash
			return store.CodeTaken
		},
		"receipt": func(_ *tenant.Connection, _ *tenant.Hook, r *store.Receipt) string {
			r.Key = takenReceipt.Key
			return store.CodeReceiptTaken
		},
	} {
		c, hook := newConnection("org_a", "conn_"+name)
		receipt := newReceipt(name, base().Add(time.Hour))
		code := spoil(&c, &hook, &receipt)
		is(t, s.Tenancy.CreateConnection(ctx(t), c, hook, &receipt), fault.Conflict, code)
		same(t, all(t, 10, connections(t, s, "org_a")), []tenant.Connection{taken})
		_, err := s.Tenancy.Hook(ctx(t), "hook of conn_"+name)
		is(t, err, fault.NotFound, "")
		_, err = s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
		stands(t, s, taken, takenHook)
	}
}

func update(t *testing.T, s Stores) {
	c, hook := newConnection("org_a", "conn_a")
	ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
	c, hook = changed(c)
	receipt := newReceipt("k", base().Add(time.Hour))
	ok(t, s.Tenancy.UpdateConnection(ctx(t), c, hook, &receipt))
	stands(t, s, c, hook)
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
}

func expiredReceipt(t *testing.T, s Stores) {
	c, hook := newConnection("org_a", "conn_a")
	old := newReceipt("k", base().Add(time.Second))
	ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, &old))
	c, hook = changed(c) // an hour later
	r := newReceipt("k", base().Add(2*time.Hour))
	ok(t, s.Tenancy.UpdateConnection(ctx(t), c, hook, &r))
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", c.UpdatedAt)
	ok(t, err)
	same(t, got, r)
}

func connectionOrder(t *testing.T, s Stores) {
	var want []tenant.Connection
	for _, id := range hostile() {
		c, hook := newConnection("org_a", id)
		if slices.ContainsFunc(want, func(w tenant.Connection) bool { return w.ID == id }) {
			continue
		}
		ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
		want = append(want, c)
	}
	slices.SortFunc(want, func(a, b tenant.Connection) int { return strings.Compare(a.ID, b.ID) })
	pages(t, want, connections(t, s, "org_a"))
	stands(t, s, want[3], hookOf(want[3]))
}

func connectionsOfOthers(t *testing.T, s Stores) {
	for _, id := range []string{"conn_a", "conn_b"} {
		for _, org := range []string{"org_a", "org_b"} {
			c, hook := newConnection(org, id)
			c.Hook += org
			hook.TokenHash = c.Hook
			ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
		}
	}
	for _, c := range all(t, 1, connections(t, s, "org_a")) {
		if c.Organization != "org_a" {
			t.Fatalf("connection of %s", c.Organization)
		}
	}
	_, err := s.Tenancy.Connection(ctx(t), "org_c", "conn_a")
	is(t, err, fault.NotFound, "")
	refuses(t, connections(t, s, "org_a"), next(connections(t, s, "org_b")))
}

func refusedUpdate(t *testing.T, s Stores) {
	c, hook := newConnection("org_a", "conn_a")
	ok(t, s.Tenancy.CreateConnection(ctx(t), c, hook, nil))
	other, otherHook := newConnection("org_a", "conn_other")
	taken := newReceipt("taken", base().Add(24*time.Hour))
	ok(t, s.Tenancy.CreateConnection(ctx(t), other, otherHook, &taken))
	for name, spoil := range map[string]func(*tenant.Connection, *tenant.Hook, *store.Receipt) string{
		"same rev": func(c *tenant.Connection, _ *tenant.Hook, _ *store.Receipt) string {
			c.Rev--
			return store.CodeStale
		},
		"rev from the future": func(c *tenant.Connection, _ *tenant.Hook, _ *store.Receipt) string {
			c.Rev++
			return store.CodeStale
		},
		"missing": func(c *tenant.Connection, h *tenant.Hook, _ *store.Receipt) string {
			c.ID, h.Connection = "conn_missing", "conn_missing"
			return store.CodeStale
		},
		"of another organization": func(c *tenant.Connection, h *tenant.Hook, _ *store.Receipt) string {
			c.Organization, h.Organization = "org_b", "org_b"
			return store.CodeStale
		},
		"hook of another connection": func(c *tenant.Connection, h *tenant.Hook, _ *store.Receipt) string {
			c.Hook, h.TokenHash = otherHook.TokenHash, otherHook.TokenHash
			return store.CodeTaken
		},
		"hook of no connection": func(c *tenant.Connection, h *tenant.Hook, _ *store.Receipt) string {
			c.Hook, h.TokenHash = "a new hook", "a new hook"
			return store.CodeTaken
		},
		"receipt": func(_ *tenant.Connection, _ *tenant.Hook, r *store.Receipt) string {
			r.Key = taken.Key
			return store.CodeReceiptTaken
		},
	} {
		next, nextHook := changed(c)
		receipt := newReceipt(name, base().Add(24*time.Hour))
		code := spoil(&next, &nextHook, &receipt)
		is(t, s.Tenancy.UpdateConnection(ctx(t), next, nextHook, &receipt), fault.Conflict, code)
		stands(t, s, c, hook)
		stands(t, s, other, otherHook)
		_, err := s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
		_, err = s.Tenancy.Hook(ctx(t), "a new hook")
		is(t, err, fault.NotFound, "")
	}
}

// stands fails the test unless the connection and the hook are stored as they are.
func stands(t *testing.T, s Stores, c tenant.Connection, hook tenant.Hook) {
	t.Helper()
	gotConnection, err := s.Tenancy.Connection(ctx(t), c.Organization, c.ID)
	ok(t, err)
	same(t, gotConnection, c)
	gotHook, err := s.Tenancy.Hook(ctx(t), hook.TokenHash)
	ok(t, err)
	same(t, gotHook, hook)
}

// newConnection makes a connection and its hook, with two keys of which one expires.
func newConnection(organization, id string) (tenant.Connection, tenant.Hook) {
	c := tenant.Connection{
		ID: id, Organization: organization, Connector: "close", Name: "Close of " + id, Status: tenant.Active,
		Hook: "hook of " + id, BaseURL: "https://api.example.com/v1", AccountID: "orga_1", AccountName: "Acme", CreatedAt: base(), UpdatedAt: base(), Rev: 1,
		Keys: []tenant.SigningKey{
			{Fingerprint: "0a1b2c3d", Sealed: []byte{1, 0, 2}, CreatedAt: base()},
			{Fingerprint: "ffffffff", Sealed: []byte{9}, CreatedAt: base().Add(-time.Hour), ExpiresAt: base().Add(time.Hour)},
		},
	}
	return c, hookOf(c)
}

func hookOf(c tenant.Connection) tenant.Hook {
	return c.HookOf(tenant.Organization{ID: c.Organization, DataKey: []byte{0, 7}})
}

// changed gives the connection as it is after a change an hour later, with one key.
func changed(c tenant.Connection) (tenant.Connection, tenant.Hook) {
	c.Name, c.Status, c.Keys = "changed", tenant.Disabled, c.Keys[:1]
	c.BaseURL, c.AccountID, c.AccountName = "", "orga_2", "Other"
	c.UpdatedAt, c.Rev = base().Add(time.Hour), c.Rev+1
	return c, hookOf(c)
}

// create makes a connection with a receipt.
func create(t *testing.T, s Stores, id string, receipt *store.Receipt) error {
	c, hook := newConnection("org_a", id)
	return s.Tenancy.CreateConnection(ctx(t), c, hook, receipt)
}

func connections(t *testing.T, s Stores, organization string) func(store.Page) ([]tenant.Connection, string, error) {
	return func(p store.Page) ([]tenant.Connection, string, error) {
		return s.Tenancy.Connections(ctx(t), organization, p)
	}
}

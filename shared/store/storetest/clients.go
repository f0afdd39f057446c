package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func clientTests() []test {
	return append(clients().tests(), []test{
		{"the door finds a client by its clientid, and sees its changes", func(t *testing.T, s Stores) {
			_, err := s.Members.ClientHook(ctx(t), "cli_a")
			is(t, err, fault.NotFound, "")
			c := newClient("org_a", "cli_a")
			ok(t, s.Members.CreateClient(ctx(t), c, doorOf(c), nil, nil))
			doorIs(t, s, doorOf(c))
			c = changedClient(c)
			ok(t, s.Members.UpdateClient(ctx(t), c, doorOf(c), nil))
			doorIs(t, s, doorOf(c))
			ended, end := context.WithCancel(ctx(t))
			end()
			_, err = s.Members.ClientHook(ended, "cli_a")
			is(t, err, fault.Unavailable, "")
		}},
		{"a clientid may be any text", func(t *testing.T, s Stores) {
			for n, id := range append(hostile(), "", string(make([]byte, 5000))) {
				_, err := s.Members.ClientHook(ctx(t), id+"x")
				is(t, err, fault.NotFound, "")
				h := doorOf(newClient("org_a", fmt.Sprint(n)))
				h.Client = id
				c := newClient("org_a", fmt.Sprint(n))
				if err := s.Members.CreateClient(ctx(t), c, h, nil, nil); err == nil {
					doorIs(t, s, h)
				} else {
					is(t, err, fault.Conflict, store.CodeTaken) // one of the texts comes twice
				}
			}
		}},
		{"a new connection is made with the client", func(t *testing.T, s Stores) {
			receipt := newReceipt("k", base().Add(time.Hour))
			c := newClient("org_a", "cli_a")
			connection := clientConnection("org_a", "conn_a")
			ok(t, s.Members.CreateClient(ctx(t), c, doorOf(c), &connection, &receipt))
			same(t, all(t, 10, connections(t, s, "org_a")), []tenant.Connection{connection})
			clients().stands(t, s, "org_a", c)
			_, err := s.Tenancy.Hook(ctx(t), "")
			is(t, err, fault.NotFound, "")
		}},
		{"a refused creation leaves neither client, hook nor connection", refusedClient},
		{"a refused update leaves the hook", refusedClientUpdate},
		{"after concurrent updates the door sees the one that won", func(t *testing.T, s Stores) {
			c := newClient("org_a", "cli_a")
			ok(t, s.Members.CreateClient(ctx(t), c, doorOf(c), nil, nil))
			oneWins(t, atOnce(t, func(n int) error {
				mine := changedClient(c)
				mine.Name, mine.Connection = fmt.Sprint(n), fmt.Sprint("conn_", n)
				return s.Members.UpdateClient(ctx(t), mine, doorOf(mine), nil)
			}))
			got, err := s.Members.Client(ctx(t), "org_a", "cli_a")
			ok(t, err)
			doorIs(t, s, doorOf(got))
		}},
		{"connections without a webhook are created and changed like others", hooklessConnections},
		{"nobody changes what is stored by what was read", func(t *testing.T, s Stores) {
			c := newClient("org_a", "cli_a")
			ok(t, s.Members.CreateClient(ctx(t), c, doorOf(c), nil, nil))
			for range 2 {
				got, err := s.Members.Client(ctx(t), "org_a", "cli_a")
				ok(t, err)
				same(t, got, newClient("org_a", "cli_a"))
				hook, err := s.Members.ClientHook(ctx(t), "cli_a")
				ok(t, err)
				same(t, hook, doorOf(newClient("org_a", "cli_a")))
				got.Secrets[0].Hash, hook.Secrets[0].Hash, c.Secrets[0].Hash = "x", "y", "z"
			}
		}},
	}...)
}

func refusedClient(t *testing.T, s Stores) {
	taken, takenConnection := newClient("org_a", "cli_taken"), clientConnection("org_a", "conn_taken")
	ok(t, s.Members.CreateClient(ctx(t), taken, doorOf(taken), &takenConnection, nil))
	takenReceipt := newReceipt("taken", base().Add(time.Hour))
	ok(t, s.Tenancy.SaveReceipt(ctx(t), takenReceipt, base()))
	for name, spoil := range map[string]func(*tenant.Client, *tenant.ClientHook, *tenant.Connection, *store.Receipt) string{
		"client": func(c *tenant.Client, _ *tenant.ClientHook, _ *tenant.Connection, _ *store.Receipt) string {
			c.ID = taken.ID
			return store.CodeTaken
		},
		"clientid of another organization": func(c *tenant.Client, h *tenant.ClientHook, _ *tenant.Connection, _ *store.Receipt) string {
			c.Organization, c.ID, h.Client = "org_b", taken.ID, taken.ID
			return store.CodeTaken
		},
		"connection": func(_ *tenant.Client, _ *tenant.ClientHook, c *tenant.Connection, _ *store.Receipt) string {
			c.ID = takenConnection.ID
			return store.CodeTaken
		},
		"receipt": func(_ *tenant.Client, _ *tenant.ClientHook, _ *tenant.Connection, r *store.Receipt) string {
			r.Key = takenReceipt.Key
			return store.CodeReceiptTaken
		},
	} {
		c, connection := newClient("org_a", "cli_"+name), clientConnection("org_a", "conn_"+name)
		hook, receipt := doorOf(c), newReceipt(name, base().Add(time.Hour))
		code := spoil(&c, &hook, &connection, &receipt)
		is(t, s.Members.CreateClient(ctx(t), c, hook, &connection, &receipt), fault.Conflict, code)
		same(t, all(t, 10, clients().pages(t, s, "org_a")), []tenant.Client{taken})
		same(t, all(t, 10, clients().pages(t, s, "org_b")), nil)
		same(t, all(t, 10, connections(t, s, "org_a")), []tenant.Connection{takenConnection})
		_, err := s.Members.ClientHook(ctx(t), "cli_"+name)
		is(t, err, fault.NotFound, "")
		_, err = s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
		doorIs(t, s, doorOf(taken))
	}
}

func refusedClientUpdate(t *testing.T, s Stores) {
	c, other := newClient("org_a", "cli_a"), newClient("org_b", "cli_other")
	ok(t, s.Members.CreateClient(ctx(t), c, doorOf(c), nil, nil))
	ok(t, s.Members.CreateClient(ctx(t), other, doorOf(other), nil, nil))
	for name, spoil := range map[string]func(*tenant.Client, *tenant.ClientHook) string{
		"stale":                 func(c *tenant.Client, _ *tenant.ClientHook) string { c.Rev++; return store.CodeStale },
		"the hook of another":   func(_ *tenant.Client, h *tenant.ClientHook) string { h.Client = other.ID; return store.CodeTaken },
		"the hook of no client": func(_ *tenant.Client, h *tenant.ClientHook) string { h.Client = "cli_new"; return store.CodeTaken },
	} {
		next := changedClient(c)
		hook := doorOf(next)
		code := spoil(&next, &hook)
		receipt := newReceipt(name, base().Add(24*time.Hour))
		is(t, s.Members.UpdateClient(ctx(t), next, hook, &receipt), fault.Conflict, code)
		clients().stands(t, s, "org_a", c)
		clients().stands(t, s, "org_b", other)
		doorIs(t, s, doorOf(c))
		doorIs(t, s, doorOf(other))
		_, err := s.Members.ClientHook(ctx(t), "cli_new")
		is(t, err, fault.NotFound, "")
		_, err = s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
	}
}

func hooklessConnections(t *testing.T, s Stores) {
	webhook, hook := newConnection("org_a", "conn_hook")
	ok(t, s.Tenancy.CreateConnection(ctx(t), webhook, hook, nil))
	first, second := clientConnection("org_a", "conn_1"), clientConnection("org_a", "conn_2")
	ok(t, s.Tenancy.CreateConnection(ctx(t), first, tenant.Hook{}, nil))
	ok(t, s.Tenancy.CreateConnection(ctx(t), second, hookOf(second), nil)) // its hook has no token
	is(t, s.Tenancy.CreateConnection(ctx(t), first, tenant.Hook{}, nil), fault.Conflict, store.CodeTaken)
	receipt := newReceipt("k", base().Add(2*time.Hour))
	before := second
	second.Status, second.Rev, second.UpdatedAt = tenant.Disabled, 2, base().Add(time.Hour)
	ok(t, s.Tenancy.UpdateConnection(ctx(t), second, hookOf(second), &receipt))
	is(t, s.Tenancy.UpdateConnection(ctx(t), before, hookOf(before), nil), fault.Conflict, store.CodeStale)
	same(t, all(t, 10, connections(t, s, "org_a")), []tenant.Connection{first, second, webhook})
	_, err := s.Tenancy.Hook(ctx(t), "")
	is(t, err, fault.NotFound, "")
	stands(t, s, webhook, hook)
}

func clientConnection(organization, id string) tenant.Connection {
	return tenant.Connection{ID: id, Organization: organization, Connector: tenant.ClientConnector, Name: "Rows of " + id,
		Status: tenant.Active, CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func newClient(organization, id string) tenant.Client {
	return tenant.Client{ID: id, Organization: organization, Connection: "conn_000000000001", Name: "Billing of " + id,
		Status: tenant.Active, CreatedAt: base(), UpdatedAt: base(), Rev: 1,
		Secrets: []tenant.ClientSecret{
			{Hash: tenant.HashToken("two"), Fingerprint: "0a1b2c3d", CreatedAt: base()},
			{Hash: tenant.HashToken("one"), Fingerprint: "ffffffff", CreatedAt: base().Add(-time.Hour), ExpiresAt: base().Add(time.Hour)},
		}}
}

func changedClient(c tenant.Client) tenant.Client {
	c.Name, c.Status, c.Secrets = "changed", tenant.Disabled, c.Secrets[:1]
	c.UpdatedAt, c.Rev = base().Add(time.Hour), c.Rev+1
	return c
}

func doorOf(c tenant.Client) tenant.ClientHook {
	return c.HookOf(tenant.Organization{ID: c.Organization, DataKey: []byte{0, 7}, Quotas: tenant.Quotas{RowsPerDay: 1e6}})
}

func doorIs(t *testing.T, s Stores, want tenant.ClientHook) {
	t.Helper()
	got, err := s.Members.ClientHook(ctx(t), want.Client)
	ok(t, err)
	same(t, got, want)
}

func clients() resource[tenant.Client] {
	return resource[tenant.Client]{
		make: newClient, changed: changedClient,
		inRev: func(c tenant.Client, by int64) tenant.Client { c.Rev += by; return c },
		id:    func(c tenant.Client) string { return c.ID },
		create: func(ctx context.Context, s Stores, c tenant.Client, r *store.Receipt) error {
			return s.Members.CreateClient(ctx, c, doorOf(c), nil, r)
		},
		update: func(ctx context.Context, s Stores, c tenant.Client, r *store.Receipt) error {
			return s.Members.UpdateClient(ctx, c, doorOf(c), r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (tenant.Client, error) {
			return s.Members.Client(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]tenant.Client, string, error) {
			return s.Members.Clients(ctx, organization, p)
		},
	}
}

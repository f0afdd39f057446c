package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func loginTests() []test {
	return []test{
		{"what is missing is not found", func(t *testing.T, s Stores) {
			_, err := s.Logins.Login(ctx(t), "org_a", "conn_a")
			is(t, err, fault.NotFound, "")
			same(t, all(t, 10, logins(t, s, "org_a")), nil)
		}},
		{"a login is kept whole, and replaced whole", keptLogin},
		{"a login that does not follow the stored one is refused", staleLogin},
		{"one of concurrent writes wins", func(t *testing.T, s Stores) {
			l := newLogin("org_a", "conn_a")
			oneWins(t, atOnce(t, func(int) error { return s.Logins.SaveLogin(ctx(t), l) }))
			l.Rev++
			oneWins(t, atOnce(t, func(int) error { return s.Logins.SaveLogin(ctx(t), l) }))
		}},
		{"logins are listed by connection, with every limit", loginOrder},
		{"logins of others are neither found nor listed", loginsOfOthers},
		{"a connection and its login come together", connected},
		{"a refused pair leaves nothing", refusedPair},
		{"a request that has ended does nothing", endedLogin},
	}
}

func newLogin(organization, connection string) credential.Login {
	return credential.Login{
		Organization: organization, Connection: connection, Kind: connector.OAuth2, Sealed: []byte{1, 0, 255}, Generation: 3, Fingerprint: "0a1b2c3d",
		IssuedAt: base(), ExpiresAt: base().Add(time.Hour), State: credential.Revoked, Reason: "It was refused.", StateAt: base().Add(time.Minute),
		AccountID: "orga_1", AccountName: "Acme", UserID: "user_1", UserName: "Ann", TestedAt: base().Add(time.Second),
		Missing: []connector.MissingPermission{{Permission: "manage_webhooks", Needed: "Live changes."}, {Permission: "x"}},
		Lease:   credential.Lease{Owner: "lease_1", Until: base().Add(30 * time.Second)},
		Asked: &credential.Asked{Token: "hash", Until: base().Add(15 * time.Minute), Sealed: []byte{7, 0}, Fingerprint: "ffffffff",
			AcceptOther: true},
		CreatedAt: base(), UpdatedAt: base().Add(time.Minute), Rev: 1,
	}
}

func keptLogin(t *testing.T, s Stores) {
	l, beside := newLogin("org_a", "conn_a"), newLogin("org_a", "conn_b")
	ok(t, s.Logins.SaveLogin(ctx(t), l))
	ok(t, s.Logins.SaveLogin(ctx(t), beside))
	loginStands(t, s, l)
	l = credential.Login{Organization: "org_a", Connection: "conn_a", Kind: connector.APIKey, State: credential.OK, Rev: 2}
	ok(t, s.Logins.SaveLogin(ctx(t), l))
	loginStands(t, s, l)
	l.Rev, l.Asked = 3, &credential.Asked{Sealed: []byte{1}}
	ok(t, s.Logins.SaveLogin(ctx(t), l))
	loginStands(t, s, l)
	loginStands(t, s, beside)
}

func staleLogin(t *testing.T, s Stores) {
	l := newLogin("org_a", "conn_a")
	for _, rev := range []int64{2, 3} {
		missing := l
		missing.Rev = rev
		is(t, s.Logins.SaveLogin(ctx(t), missing), fault.Conflict, store.CodeStale)
	}
	ok(t, s.Logins.SaveLogin(ctx(t), l))
	for _, rev := range []int64{1, 3} {
		next := l
		next.Rev, next.Reason = rev, "changed"
		is(t, s.Logins.SaveLogin(ctx(t), next), fault.Conflict, store.CodeStale)
	}
	loginStands(t, s, l)
}

func loginOrder(t *testing.T, s Stores) {
	var want []credential.Login
	for _, id := range slices.Compact(slices.Sorted(slices.Values(hostile()))) {
		l := newLogin("org_a", id)
		ok(t, s.Logins.SaveLogin(ctx(t), l))
		want = append(want, l)
	}
	pages(t, want, logins(t, s, "org_a"))
	for _, l := range want {
		loginStands(t, s, l)
	}
}

func loginsOfOthers(t *testing.T, s Stores) {
	for _, id := range []string{"conn_a", "conn_b"} {
		for _, org := range []string{"org_a", "org_b"} {
			ok(t, s.Logins.SaveLogin(ctx(t), newLogin(org, id)))
		}
	}
	for _, l := range all(t, 1, logins(t, s, "org_a")) {
		if l.Organization != "org_a" {
			t.Fatalf("login of %s", l.Organization)
		}
	}
	_, err := s.Logins.Login(ctx(t), "org_c", "conn_a")
	is(t, err, fault.NotFound, "")
	refuses(t, logins(t, s, "org_a"), next(logins(t, s, "org_b")))
}

func connected(t *testing.T, s Stores) {
	c, hook := newConnection("org_a", "conn_a")
	l := newLogin("org_a", "conn_a")
	receipt := newReceipt("k", base().Add(time.Hour))
	ok(t, s.Logins.Connect(ctx(t), c, hook, l, &receipt))
	stands(t, s, c, hook)
	loginStands(t, s, l)
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
	c, hook = changed(c)
	l.Rev, l.State = 2, credential.OK
	ok(t, s.Logins.Connect(ctx(t), c, hook, l, nil))
	stands(t, s, c, hook)
	loginStands(t, s, l)
	// A connection that has none gets its first login.
	plain, plainHook := newConnection("org_a", "conn_b")
	ok(t, s.Tenancy.CreateConnection(ctx(t), plain, plainHook, nil))
	plain, plainHook = changed(plain)
	ok(t, s.Logins.Connect(ctx(t), plain, plainHook, newLogin("org_a", "conn_b"), nil))
	stands(t, s, plain, plainHook)
	loginStands(t, s, newLogin("org_a", "conn_b"))
}

func refusedPair(t *testing.T, s Stores) {
	c, hook := newConnection("org_a", "conn_a")
	l := newLogin("org_a", "conn_a")
	taken := newReceipt("taken", base().Add(24*time.Hour))
	ok(t, s.Logins.Connect(ctx(t), c, hook, l, &taken))
	for name, spoil := range map[string]func(*tenant.Connection, *tenant.Hook, *credential.Login, *store.Receipt) string{
		"the login stands": func(_ *tenant.Connection, _ *tenant.Hook, l *credential.Login, _ *store.Receipt) string {
			l.Rev = 1
			return store.CodeStale
		},
		"the connection stands": func(c *tenant.Connection, _ *tenant.Hook, _ *credential.Login, _ *store.Receipt) string {
			c.Rev = 3
			return store.CodeStale
		},
		"the id is taken": func(c *tenant.Connection, h *tenant.Hook, _ *credential.Login, _ *store.Receipt) string {
			c.Rev, c.Hook, h.TokenHash = 1, "new hook", "new hook"
			return store.CodeTaken
		},
		"the receipt is taken": func(_ *tenant.Connection, _ *tenant.Hook, _ *credential.Login, r *store.Receipt) string {
			r.Key = taken.Key
			return store.CodeReceiptTaken
		},
	} {
		t.Run(name, func(t *testing.T) {
			next, nextHook := changed(c)
			login, receipt := l, newReceipt(name, base().Add(24*time.Hour))
			login.Rev, login.Reason = 2, "changed"
			code := spoil(&next, &nextHook, &login, &receipt)
			is(t, s.Logins.Connect(ctx(t), next, nextHook, login, &receipt), fault.Conflict, code)
			stands(t, s, c, hook)
			loginStands(t, s, l)
			_, err := s.Tenancy.Receipt(ctx(t), "org_a", name, base())
			is(t, err, fault.NotFound, "")
			_, err = s.Tenancy.Hook(ctx(t), "new hook")
			is(t, err, fault.NotFound, "")
		})
	}
}

func endedLogin(t *testing.T, s Stores) {
	l := newLogin("org_a", "conn_a")
	ended, end := context.WithCancel(ctx(t))
	end()
	is(t, s.Logins.SaveLogin(ended, l), fault.Unavailable, "")
	c, hook := newConnection("org_a", "conn_a")
	is(t, s.Logins.Connect(ended, c, hook, l, nil), fault.Unavailable, "")
	_, err := s.Logins.Login(ended, "org_a", "conn_a")
	is(t, err, fault.Unavailable, "")
	_, _, err = s.Logins.Logins(ended, "org_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
	_, err = s.Logins.Login(ctx(t), "org_a", "conn_a")
	is(t, err, fault.NotFound, "")
}

// loginStands fails the test unless the login is stored as it is.
func loginStands(t *testing.T, s Stores, l credential.Login) {
	t.Helper()
	got, err := s.Logins.Login(ctx(t), l.Organization, l.Connection)
	ok(t, err)
	same(t, got, l)
}

func logins(t *testing.T, s Stores, organization string) func(store.Page) ([]credential.Login, string, error) {
	return func(p store.Page) ([]credential.Login, string, error) {
		return s.Logins.Logins(ctx(t), organization, p)
	}
}

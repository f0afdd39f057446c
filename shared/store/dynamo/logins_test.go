package dynamo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/credential"
	"leadline/shared/store"
)

// What each method of Logins costs, that it reads consistently, and that a lost answer is noticed by nobody.
func testLoginCalls(t *testing.T, l local) {
	s := l.open(t)
	c, hook := aConnection("conn_l")
	login := credential.Login{Organization: c.Organization, Connection: c.ID, Sealed: []byte("sealed"), Rev: 1}
	other := credential.Login{Organization: c.Organization, Connection: "conn_m", Rev: 1}
	receipt := &store.Receipt{Organization: c.Organization, Key: "k", ExpiresAt: time.Now().Add(time.Hour)}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"SaveLogin", func() error { return s.Logins.SaveLogin(t.Context(), other) }, "TransactWriteItems"},
		{"Connect", func() error { return s.Logins.Connect(t.Context(), c, hook, login, receipt) }, "TransactWriteItems"},
		{"Login", func() error { _, err := s.Logins.Login(t.Context(), c.Organization, c.ID); return err }, "GetItem"},
		{"Logins", func() error {
			_, _, err := s.Logins.Logins(t.Context(), c.Organization, store.Page{Limit: 10})
			return err
		}, "Query"},
	} {
		s.wire.reset()
		if err := test.do(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		consistent := len(s.wire.calls) > 0 && strings.Contains(s.wire.calls[0].body, `"ConsistentRead":true`)
		if consistent != (test.name == "Login") {
			t.Errorf("%s reads consistently: %t", test.name, consistent)
		}
		if got, want := s.wire.actions(), strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%s calls %q, want %q", test.name, got, want)
		}
	}
	s.wire.fail(1, failure{action: "TransactWriteItems"})
	login.Rev = 2
	if err := s.Logins.SaveLogin(t.Context(), login); err != nil {
		t.Errorf("SaveLogin whose answer was lost: %v", err)
	}
	s.wire.fail(1, failure{action: "TransactWriteItems"})
	c.Rev, login.Rev = 2, 3
	if err := s.Logins.Connect(t.Context(), c, hook, login, nil); err != nil {
		t.Errorf("Connect whose answer was lost: %v", err)
	}
}

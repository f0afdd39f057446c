package storetest

import (
	"context"

	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func brokenLogins() map[string]defect {
	with := func(b brokenLogin) func(*Stores) {
		return func(s *Stores) {
			b.loginStore = s.Logins
			s.Logins = b
		}
	}
	return map[string]defect{
		"a login is written without a look": {"Logins/a login that does not follow", with(brokenLogin{anyRev: true})},
		"a refused pair leaves its login":   {"Logins/a refused pair", with(brokenLogin{halves: true})},
		"what a person was asked is lost":   {"Logins/a login is kept whole", with(brokenLogin{forgetful: true})},
		"logins lie under the connection":   {"Logins/logins of others", with(brokenLogin{shared: true})},
	}
}

// loginStore gives the embedded store a name that is not that of its method.
type loginStore = store.Logins

type brokenLogin struct {
	loginStore
	anyRev, halves, forgetful, shared bool
}

func (b brokenLogin) SaveLogin(ctx context.Context, l credential.Login) error {
	err := b.loginStore.SaveLogin(ctx, l)
	if b.anyRev && fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

func (b brokenLogin) Connect(ctx context.Context, c tenant.Connection, hook tenant.Hook, l credential.Login, r *store.Receipt) error {
	err := b.loginStore.Connect(ctx, c, hook, l, r)
	if b.halves && err != nil {
		_ = b.loginStore.SaveLogin(ctx, l)
	}
	return err
}

func (b brokenLogin) Login(ctx context.Context, organization, connection string) (credential.Login, error) {
	if b.shared {
		organization = "org_a"
	}
	l, err := b.loginStore.Login(ctx, organization, connection)
	if b.forgetful {
		l.Asked = nil
	}
	return l, err
}

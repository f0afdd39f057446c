package memory

import (
	"bytes"
	"context"
	"slices"

	"leadline/shared/credential"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

var _ store.Logins = (*Logins)(nil)

// Logins implements store.Logins over a Tenancy.
type Logins struct {
	tenancy *Tenancy
	logins  map[owned]credential.Login
}

// NewLogins makes an empty store over a Tenancy.
func NewLogins(t *Tenancy) *Logins {
	return &Logins{tenancy: t, logins: map[owned]credential.Login{}}
}

// SaveLogin implements store.Logins.
func (s *Logins) SaveLogin(ctx context.Context, l credential.Login) error {
	return s.tenancy.change(ctx, nil, l.UpdatedAt, func() error { return s.next(l) }, func() { s.put(l) })
}

// Connect implements store.Logins.
func (s *Logins) Connect(ctx context.Context, c tenant.Connection, hook tenant.Hook, l credential.Login, receipt *store.Receipt) error {
	check := s.tenancy.nextConnection
	if c.Rev == 1 {
		check = s.tenancy.newConnection
	}
	return s.tenancy.change(ctx, receipt, c.UpdatedAt, func() error {
		if err := check(c, hook); err != nil {
			return err
		}
		return s.next(l)
	}, func() {
		s.tenancy.putConnection(c, hook)
		s.put(l)
	})
}

// next refuses a login that does not follow the stored one. The caller holds the lock.
func (s *Logins) next(l credential.Login) error {
	if s.logins[owned{l.Organization, l.Connection}].Rev != l.Rev-1 {
		return stale("login")
	}
	return nil
}

func (s *Logins) put(l credential.Login) { s.logins[owned{l.Organization, l.Connection}] = ownLogin(l) }

// Login implements store.Logins.
func (s *Logins) Login(ctx context.Context, organization, connection string) (credential.Login, error) {
	l, err := get(ctx, s.tenancy, s.logins, owned{organization, connection}, "login")
	return ownLogin(l), err
}

// Logins implements store.Logins.
func (s *Logins) Logins(ctx context.Context, organization string, p store.Page) ([]credential.Login, string, error) {
	return belongings(ctx, s.tenancy, "logins", organization, p, s.logins, ownLogin)
}

func ownLogin(l credential.Login) credential.Login {
	l.Sealed, l.Missing = bytes.Clone(l.Sealed), slices.Clone(l.Missing)
	if l.Asked != nil {
		asked := *l.Asked
		asked.Sealed = bytes.Clone(asked.Sealed)
		l.Asked = &asked
	}
	return l
}

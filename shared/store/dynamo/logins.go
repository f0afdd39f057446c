package dynamo

import (
	"context"

	"leadline/shared/connector"
	"leadline/shared/credential"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

var _ store.Logins = (*Logins)(nil)

// Logins implements store.Logins in the table of Tenancy.
type Logins struct{ table }

// NewLogins uses the table of the name, that of Tenancy.
func NewLogins(client Client, table string) *Logins {
	return &Logins{newTable(client, table)}
}

// SaveLogin implements store.Logins in one transaction: the answer to a conditional put may be lost, and who asks again
// would be told that somebody else was faster.
func (s *Logins) SaveLogin(ctx context.Context, l credential.Login) error {
	return s.transact(ctx, "save login", s.nextLogin(l))
}

// Connect implements store.Logins in one transaction of two to four items.
func (s *Logins) Connect(ctx context.Context, c tenant.Connection, hook tenant.Hook, l credential.Login, receipt *store.Receipt) error {
	steps := s.nextConnection
	if c.Rev == 1 {
		steps = s.newConnection
	}
	return s.transact(ctx, "connect", s.withReceipt(append(steps(c, hook), s.nextLogin(l)), receipt, c.UpdatedAt)...)
}

// nextLogin is the step that stores a login in the place of the one before it.
func (s *Logins) nextLogin(l credential.Login) step {
	if l.Rev == 1 {
		return s.create(encodeLogin(l), unlessThere, nil, stale("login"))
	}
	return s.replace(encodeLogin(l), l.Rev-1, stale("login"))
}

// Login implements store.Logins in one GetItem.
func (s *Logins) Login(ctx context.Context, organization, connection string) (credential.Login, error) {
	const what = "get login"
	i, err := s.get(ctx, what, loginKey(organization, connection), "login")
	if err != nil {
		return credential.Login{}, err
	}
	l, err := decodeLogin(organization, i)
	return l, failed(err, what)
}

// Logins implements store.Logins in one Query.
func (s *Logins) Logins(ctx context.Context, organization string, p store.Page) ([]credential.Login, string, error) {
	q := query{what: "list logins", partition: loginsPartition(organization)}
	return page(ctx, s.table, q, []string{"logins", organization}, p, func(i item) (credential.Login, error) {
		return decodeLogin(organization, i)
	})
}

func encodeLogin(l credential.Login) item {
	i := newItem(loginKey(l.Organization, l.Connection))
	i.setText("kind", string(l.Kind))
	i.setBytes("sealed", l.Sealed)
	i.setNumber("generation", l.Generation)
	i.setText("fingerprint", l.Fingerprint)
	i.setTime("issued_at", l.IssuedAt)
	i.setTime("expires_at", l.ExpiresAt)
	i.setText("state", string(l.State))
	i.setText("reason", l.Reason)
	i.setTime("state_at", l.StateAt)
	i.setText("account_id", l.AccountID)
	i.setText("account_name", l.AccountName)
	i.setText("user_id", l.UserID)
	i.setText("user_name", l.UserName)
	if len(l.Missing) > 0 {
		i["missing"] = encodeList(l.Missing, encodeMissing)
	}
	i.setTime("tested_at", l.TestedAt)
	i.setText("lease_owner", l.Lease.Owner)
	i.setTime("lease_until", l.Lease.Until)
	if l.Asked != nil {
		i.setMap("asked", encodeAsked(*l.Asked))
	}
	i.setTime("created_at", l.CreatedAt)
	i.setTime("updated_at", l.UpdatedAt)
	i.setNumber("rev", l.Rev)
	return i
}

func decodeLogin(organization string, i item) (credential.Login, error) {
	in := read(i)
	l := credential.Login{Organization: organization, Connection: unsortable(i.primary().sk), Kind: connector.LoginKind(in.text("kind")),
		Sealed: in.bytes("sealed"), Generation: in.number("generation"), Fingerprint: in.text("fingerprint"),
		IssuedAt: in.time("issued_at"), ExpiresAt: in.time("expires_at"),
		State: credential.State(in.text("state")), Reason: in.text("reason"), StateAt: in.time("state_at"),
		AccountID: in.text("account_id"), AccountName: in.text("account_name"), UserID: in.text("user_id"), UserName: in.text("user_name"),
		Missing: decodeList(in, "missing", decodeMissing), TestedAt: in.time("tested_at"),
		Lease:     credential.Lease{Owner: in.text("lease_owner"), Until: in.time("lease_until")},
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	if _, there := i["asked"]; there {
		part := in.part("asked")
		asked := decodeAsked(part)
		in.fail("asked", part.err)
		l.Asked = &asked
	}
	return l, in.err
}

func encodeAsked(a credential.Asked) item {
	i := item{}
	i.setText("token", a.Token)
	i.setTime("until", a.Until)
	i.setBytes("sealed", a.Sealed)
	i.setText("fingerprint", a.Fingerprint)
	i.setFlag("accept_other", a.AcceptOther)
	return i
}

func decodeAsked(in *reader) credential.Asked {
	return credential.Asked{Token: in.text("token"), Until: in.time("until"), Sealed: in.bytes("sealed"),
		Fingerprint: in.text("fingerprint"), AcceptOther: in.flag("accept_other")}
}

func encodeMissing(m connector.MissingPermission) item {
	i := item{}
	i.setText("permission", m.Permission)
	i.setText("needed", m.Needed)
	return i
}

func decodeMissing(in *reader) connector.MissingPermission {
	return connector.MissingPermission{Permission: in.text("permission"), Needed: in.text("needed")}
}

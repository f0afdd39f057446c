package dynamo

import (
	"context"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// CreateClient implements store.Members in one transaction of two to four items.
func (s *Members) CreateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, connection *tenant.Connection, receipt *store.Receipt) error {
	steps := []step{
		s.create(encodeClient(c), unlessThere, nil, taken("client")),
		s.create(encodeClientHook(hook), unlessThere, nil, taken("clientid")),
	}
	if connection != nil {
		steps = append(steps, s.create(encodeConnection(*connection), unlessThere, nil, taken("connection")))
	}
	return s.transact(ctx, "create client", s.withReceipt(steps, receipt, c.CreatedAt)...)
}

// UpdateClient implements store.Members in one transaction of two or three items.
func (s *Members) UpdateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, receipt *store.Receipt) error {
	own := item{":organization": text(c.Organization), ":client": text(c.ID)}
	steps := []step{
		s.replace(encodeClient(c), c.Rev-1, stale("client")),
		s.create(encodeClientHook(hook), "organization = :organization AND client = :client", own,
			fault.New(fault.Conflict, store.CodeTaken, "the clientid does not lead to the client")),
	}
	return s.transact(ctx, "update client", s.withReceipt(steps, receipt, c.UpdatedAt)...)
}

// Client implements store.Members in one GetItem.
func (s *Members) Client(ctx context.Context, organization, id string) (tenant.Client, error) {
	const what = "get client"
	i, err := s.get(ctx, what, clientKey(organization, id), "client")
	if err != nil {
		return tenant.Client{}, err
	}
	c, err := decodeClient(organization, i)
	return c, failed(err, what)
}

// Clients implements store.Members in one Query.
func (s *Members) Clients(ctx context.Context, organization string, p store.Page) ([]tenant.Client, string, error) {
	q := query{what: "list clients", partition: clientsPartition(organization)}
	return page(ctx, s.table, q, []string{"clients", organization}, p, func(i item) (tenant.Client, error) {
		return decodeClient(organization, i)
	})
}

// ClientHook implements store.Members in one GetItem.
func (s *Members) ClientHook(ctx context.Context, client string) (tenant.ClientHook, error) {
	const what = "get client hook"
	i, err := s.get(ctx, what, clientHookKey(client), "client")
	if err != nil {
		return tenant.ClientHook{}, err
	}
	in := read(i)
	h := tenant.ClientHook{Client: in.text("client"), Organization: in.text("organization"), Connection: in.text("connection_id"),
		Status: tenant.Status(in.text("status")), Secrets: decodeList(in, "secrets", decodeSecret),
		DataKey: in.bytes("data_key"), RowsPerDay: in.number("rows_per_day")}
	return h, failed(in.err, what)
}

func encodeClientHook(h tenant.ClientHook) item {
	i := newItem(clientHookKey(h.Client))
	i.setText("client", h.Client)
	i.setText("organization", h.Organization)
	i.setText("connection_id", h.Connection)
	i.setText("status", string(h.Status))
	i["secrets"] = encodeList(h.Secrets, encodeSecret)
	i.setBytes("data_key", h.DataKey)
	i.setNumber("rows_per_day", h.RowsPerDay)
	return i
}

func encodeClient(c tenant.Client) item {
	i := newItem(clientKey(c.Organization, c.ID))
	i.setText("connection_id", c.Connection)
	i.setText("name", c.Name)
	i.setText("status", string(c.Status))
	i["secrets"] = encodeList(c.Secrets, encodeSecret)
	i.setTime("created_at", c.CreatedAt)
	i.setTime("updated_at", c.UpdatedAt)
	i.setNumber("rev", c.Rev)
	return i
}

func decodeClient(organization string, i item) (tenant.Client, error) {
	in := read(i)
	c := tenant.Client{ID: unsortable(i.primary().sk), Organization: organization, Connection: in.text("connection_id"),
		Name: in.text("name"), Status: tenant.Status(in.text("status")), Secrets: decodeList(in, "secrets", decodeSecret),
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	return c, in.err
}

func encodeSecret(s tenant.ClientSecret) item {
	i := item{}
	i.setText("hash", s.Hash)
	i.setText("fingerprint", s.Fingerprint)
	i.setTime("created_at", s.CreatedAt)
	i.setTime("expires_at", s.ExpiresAt)
	return i
}

func decodeSecret(in *reader) tenant.ClientSecret {
	return tenant.ClientSecret{Hash: in.text("hash"), Fingerprint: in.text("fingerprint"), CreatedAt: in.time("created_at"),
		ExpiresAt: in.time("expires_at")}
}

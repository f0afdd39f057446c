package dynamo

import (
	"context"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// CreateConnection implements store.Tenancy in one transaction of up to three items. A receipt that had expired when
// the connection was created does not stand in the way. A connection without a hook, that of a client, has no item for it.
func (s *Tenancy) CreateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	return s.transact(ctx, "create connection", s.withReceipt(s.newConnection(c, hook), receipt, c.CreatedAt)...)
}

// UpdateConnection implements store.Tenancy in one transaction of up to three items. A receipt that had expired when the
// connection was updated does not stand in the way.
func (s *Tenancy) UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	return s.transact(ctx, "update connection", s.withReceipt(s.nextConnection(c, hook), receipt, c.UpdatedAt)...)
}

// newConnection are the steps that store a connection and its hook, if it has one.
func (t table) newConnection(c tenant.Connection, hook tenant.Hook) []step {
	steps := []step{t.create(encodeConnection(c), unlessThere, nil, taken("connection"))}
	if c.Hook != "" {
		steps = append(steps, t.create(encodeHook(hook), unlessThere, nil, taken("hook")))
	}
	return steps
}

// nextConnection are the steps that replace a connection and its hook, if it has one.
func (t table) nextConnection(c tenant.Connection, hook tenant.Hook) []step {
	steps := []step{t.replace(encodeConnection(c), c.Rev-1, stale("connection"))}
	if c.Hook != "" {
		own := item{":organization": text(c.Organization), ":connection": text(c.ID)}
		steps = append(steps, t.create(encodeHook(hook), "organization = :organization AND connection_id = :connection", own,
			fault.New(fault.Conflict, store.CodeTaken, "the hook does not lead to the connection")))
	}
	return steps
}

// Connection implements store.Tenancy in one GetItem.
func (s *Tenancy) Connection(ctx context.Context, organization, id string) (tenant.Connection, error) {
	const what = "get connection"
	i, err := s.get(ctx, what, connectionKey(organization, id), "connection")
	if err != nil {
		return tenant.Connection{}, err
	}
	c, err := decodeConnection(organization, i)
	return c, failed(err, what)
}

// Connections implements store.Tenancy in one Query.
func (s *Tenancy) Connections(ctx context.Context, organization string, p store.Page) ([]tenant.Connection, string, error) {
	q := query{what: "list connections", partition: connectionsPartition(organization)}
	return page(ctx, s.table, q, []string{"connections", organization}, p, func(i item) (tenant.Connection, error) {
		return decodeConnection(organization, i)
	})
}

// Hook implements store.Tenancy in one GetItem.
func (s *Tenancy) Hook(ctx context.Context, tokenHash string) (tenant.Hook, error) {
	const what = "get hook"
	i, err := s.get(ctx, what, hookKey(tokenHash), "hook")
	if err != nil {
		return tenant.Hook{}, err
	}
	in := read(i)
	h := tenant.Hook{TokenHash: tokenHash, Organization: in.text("organization"), Connection: in.text("connection_id"),
		Connector: in.text("connector"), Status: tenant.Status(in.text("status")), Keys: in.keys("keys"),
		DataKey: in.bytes("data_key")}
	return h, failed(in.err, what)
}

func encodeHook(h tenant.Hook) item {
	i := newItem(hookKey(h.TokenHash))
	i.setText("organization", h.Organization)
	i.setText("connection_id", h.Connection)
	i.setText("connector", h.Connector)
	i.setText("status", string(h.Status))
	i["keys"] = encodeKeys(h.Keys)
	i.setBytes("data_key", h.DataKey)
	return i
}

func encodeConnection(c tenant.Connection) item {
	i := newItem(connectionKey(c.Organization, c.ID))
	i.setText("connector", c.Connector)
	i.setText("name", c.Name)
	i.setText("status", string(c.Status))
	i.setText("hook", c.Hook)
	i.setBytes("token", c.Token)
	i["keys"] = encodeKeys(c.Keys)
	i.setText("base_url", c.BaseURL)
	i.setText("account_id", c.AccountID)
	i.setText("account_name", c.AccountName)
	i.setTime("created_at", c.CreatedAt)
	i.setTime("updated_at", c.UpdatedAt)
	i.setNumber("rev", c.Rev)
	return i
}

func decodeConnection(organization string, i item) (tenant.Connection, error) {
	in := read(i)
	c := tenant.Connection{ID: unsortable(i.primary().sk), Organization: organization, Connector: in.text("connector"),
		Name: in.text("name"), Status: tenant.Status(in.text("status")), Hook: in.text("hook"), Token: in.bytes("token"), Keys: in.keys("keys"),
		BaseURL: in.text("base_url"), AccountID: in.text("account_id"), AccountName: in.text("account_name"),
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	return c, in.err
}

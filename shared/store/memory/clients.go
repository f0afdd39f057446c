package memory

import (
	"context"
	"slices"

	"leadline/shared/store"
	"leadline/shared/tenant"
)

// CreateClient implements store.Members.
func (s *Members) CreateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, connection *tenant.Connection, receipt *store.Receipt) error {
	return s.change(ctx, receipt, c.CreatedAt, func() error {
		if _, found := s.clients[owned{c.Organization, c.ID}]; found {
			return taken("client")
		}
		if _, found := s.clientHooks[hook.Client]; found {
			return taken("clientid")
		}
		if connection != nil {
			return s.freeConnection(*connection)
		}
		return nil
	}, func() {
		s.putClient(c, hook)
		if connection != nil {
			s.putConnection(*connection, tenant.Hook{})
		}
	})
}

// UpdateClient implements store.Members.
func (s *Members) UpdateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, receipt *store.Receipt) error {
	return s.change(ctx, receipt, c.UpdatedAt, func() error {
		if before, found := s.clients[owned{c.Organization, c.ID}]; !found || before.Rev != c.Rev-1 {
			return stale("client")
		}
		if h := s.clientHooks[hook.Client]; hook.Client != c.ID || h.Organization != c.Organization {
			return conflict(store.CodeTaken, "the clientid does not lead to the client")
		}
		return nil
	}, func() { s.putClient(c, hook) })
}

func (s *Members) putClient(c tenant.Client, hook tenant.ClientHook) {
	hook.Secrets = slices.Clone(hook.Secrets)
	s.clients[owned{c.Organization, c.ID}] = ownClient(c)
	s.clientHooks[hook.Client] = hook
}

// Client implements store.Members.
func (s *Members) Client(ctx context.Context, organization, id string) (tenant.Client, error) {
	c, err := get(ctx, s.Tenancy, s.clients, owned{organization, id}, "client")
	return ownClient(c), err
}

// Clients implements store.Members.
func (s *Members) Clients(ctx context.Context, organization string, p store.Page) ([]tenant.Client, string, error) {
	return belongings(ctx, s.Tenancy, "clients", organization, p, s.clients, ownClient)
}

// ClientHook implements store.Members.
func (s *Members) ClientHook(ctx context.Context, client string) (tenant.ClientHook, error) {
	h, err := get(ctx, s.Tenancy, s.clientHooks, client, "client")
	h.Secrets = slices.Clone(h.Secrets)
	return h, err
}

func ownClient(c tenant.Client) tenant.Client {
	c.Secrets = slices.Clone(c.Secrets)
	return c
}

package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Tenancy implements store.Tenancy.
type Tenancy struct {
	mu            sync.RWMutex
	organizations map[string]tenant.Organization
	keys          map[string]tenant.APIKey
	connections   map[owned]tenant.Connection
	hooks         map[string]tenant.Hook
	receipts      map[owned]store.Receipt
}

// owned names what belongs to an organization.
type owned struct{ organization, id string }

// NewTenancy makes an empty store.
func NewTenancy() *Tenancy {
	return &Tenancy{
		organizations: map[string]tenant.Organization{},
		keys:          map[string]tenant.APIKey{},
		connections:   map[owned]tenant.Connection{},
		hooks:         map[string]tenant.Hook{},
		receipts:      map[owned]store.Receipt{},
	}
}

// CreateOrganization implements store.Tenancy.
func (s *Tenancy) CreateOrganization(ctx context.Context, org tenant.Organization) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return create(s.organizations, org.ID, org, "organization")
}

// Organization implements store.Tenancy.
func (s *Tenancy) Organization(ctx context.Context, id string) (tenant.Organization, error) {
	return get(ctx, s, s.organizations, id, "organization")
}

// CreateAPIKey implements store.Tenancy.
func (s *Tenancy) CreateAPIKey(ctx context.Context, key tenant.APIKey) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return create(s.keys, key.Hash, key, "API key")
}

// APIKey implements store.Tenancy.
func (s *Tenancy) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	return get(ctx, s, s.keys, hash, "API key")
}

// RevokeAPIKey implements store.Tenancy.
func (s *Tenancy) RevokeAPIKey(ctx context.Context, hash string, at time.Time) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, found := s.keys[hash]
	if !found {
		return notFound("API key")
	}
	if key.RevokedAt.IsZero() {
		key.RevokedAt = at
		s.keys[hash] = key
	}
	return nil
}

// CreateConnection implements store.Tenancy.
func (s *Tenancy) CreateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.connections[owned{c.Organization, c.ID}]; found {
		return conflict(store.CodeTaken, "the connection exists already")
	}
	if _, found := s.hooks[hook.TokenHash]; found {
		return conflict(store.CodeTaken, "the hook exists already")
	}
	if err := s.free(receipt, c.CreatedAt); err != nil {
		return err
	}
	s.store(c, hook, receipt)
	return nil
}

// UpdateConnection implements store.Tenancy.
func (s *Tenancy) UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, found := s.connections[owned{c.Organization, c.ID}]
	if !found || before.Rev != c.Rev-1 {
		return conflict(store.CodeStale, "the connection has changed since it was read")
	}
	if h := s.hooks[hook.TokenHash]; h.Organization != c.Organization || h.Connection != c.ID {
		return conflict(store.CodeTaken, "the hook does not lead to the connection")
	}
	if err := s.free(receipt, c.UpdatedAt); err != nil {
		return err
	}
	s.store(c, hook, receipt)
	return nil
}

// free refuses a receipt whose place is taken by one that is valid at the time.
func (s *Tenancy) free(receipt *store.Receipt, at time.Time) error {
	if receipt == nil {
		return nil
	}
	if r, found := s.receipts[owned{receipt.Organization, receipt.Key}]; found && at.Before(r.ExpiresAt) {
		return conflict(store.CodeReceiptTaken, "a request with this Idempotency-Key was answered already")
	}
	return nil
}

func (s *Tenancy) store(c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) {
	c.Keys, hook.Keys = slices.Clone(c.Keys), slices.Clone(hook.Keys)
	s.connections[owned{c.Organization, c.ID}] = c
	s.hooks[hook.TokenHash] = hook
	if receipt != nil {
		s.receipts[owned{receipt.Organization, receipt.Key}] = *receipt
	}
}

// Connection implements store.Tenancy.
func (s *Tenancy) Connection(ctx context.Context, organization, id string) (tenant.Connection, error) {
	c, err := get(ctx, s, s.connections, owned{organization, id}, "connection")
	c.Keys = slices.Clone(c.Keys)
	return c, err
}

// Connections implements store.Tenancy.
func (s *Tenancy) Connections(ctx context.Context, organization string, p store.Page) ([]tenant.Connection, string, error) {
	list := []string{"connections", organization}
	return page(ctx, list, p, false, func(after string) []entry[tenant.Connection] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[tenant.Connection]
		for name, c := range s.connections {
			if name.organization == organization && (p.Cursor == "" || c.ID > after) {
				c.Keys = slices.Clone(c.Keys)
				entries = append(entries, entry[tenant.Connection]{c.ID, c})
			}
		}
		return entries
	})
}

// Hook implements store.Tenancy.
func (s *Tenancy) Hook(ctx context.Context, tokenHash string) (tenant.Hook, error) {
	h, err := get(ctx, s, s.hooks, tokenHash, "hook")
	h.Keys = slices.Clone(h.Keys)
	return h, err
}

// SaveReceipt implements store.Tenancy.
func (s *Tenancy) SaveReceipt(ctx context.Context, receipt store.Receipt, at time.Time) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.free(&receipt, at); err != nil {
		return err
	}
	s.receipts[owned{receipt.Organization, receipt.Key}] = receipt
	return nil
}

// Receipt implements store.Tenancy.
func (s *Tenancy) Receipt(ctx context.Context, organization, key string, now time.Time) (store.Receipt, error) {
	r, err := get(ctx, s, s.receipts, owned{organization, key}, "receipt")
	if err == nil && !now.Before(r.ExpiresAt) {
		return store.Receipt{}, notFound("receipt")
	}
	return r, err
}

// create puts a value where none is. The caller holds the lock.
func create[K comparable, V any](m map[K]V, key K, value V, what string) error {
	if _, found := m[key]; found {
		return conflict(store.CodeTaken, "the %s exists already", what)
	}
	m[key] = value
	return nil
}

// get reads a value.
func get[K comparable, V any](ctx context.Context, s *Tenancy, m map[K]V, key K, what string) (V, error) {
	var none V
	if err := alive(ctx); err != nil {
		return none, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	value, found := m[key]
	if !found {
		return none, notFound(what)
	}
	return value, nil
}

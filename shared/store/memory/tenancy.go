package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Tenancy implements store.Tenancy. Members, Destinations, Jobs and Roster lie over it, for a request and its receipt are stored
// together.
type Tenancy struct {
	mu            sync.RWMutex
	organizations map[string]tenant.Organization
	keys          map[string]tenant.APIKey
	keyHashes     map[owned]string // by the id of the key
	connections   map[owned]tenant.Connection
	hooks         map[string]tenant.Hook
	receipts      map[owned]store.Receipt
	clients       map[owned]tenant.Client
	clientHooks   map[string]tenant.ClientHook
	people        map[owned]tenant.Person
	emails        map[owned]string // ids of people by normalized e-mail
	used          map[owned]int64
	destinations  map[owned]outbound.Destination
	jobs          map[owned]job.Job
	members       map[owned]roster.Member
	externals     map[externalOf]string // ids of members by their users in CRMs
	editions      map[string]int64      // of rosters, by organization
}

// owned names what belongs to an organization.
type owned struct{ organization, id string }

// NewTenancy makes an empty store.
func NewTenancy() *Tenancy {
	return &Tenancy{
		organizations: map[string]tenant.Organization{},
		keys:          map[string]tenant.APIKey{},
		keyHashes:     map[owned]string{},
		connections:   map[owned]tenant.Connection{},
		hooks:         map[string]tenant.Hook{},
		receipts:      map[owned]store.Receipt{},
		clients:       map[owned]tenant.Client{},
		clientHooks:   map[string]tenant.ClientHook{},
		people:        map[owned]tenant.Person{},
		emails:        map[owned]string{},
		used:          map[owned]int64{},
		destinations:  map[owned]outbound.Destination{},
		jobs:          map[owned]job.Job{},
		members:       map[owned]roster.Member{},
		externals:     map[externalOf]string{},
		editions:      map[string]int64{},
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
	return s.change(ctx, nil, key.CreatedAt, func() error { return s.freeKey(key) }, func() { s.putKey(key) })
}

// freeKey refuses a key whose hash or id is taken. One that was made before keys had ids has none.
func (s *Tenancy) freeKey(key tenant.APIKey) error {
	if _, found := s.keys[key.Hash]; found {
		return taken("API key")
	}
	if _, found := s.keyHashes[owned{key.Organization, key.ID}]; found && key.ID != "" {
		return taken("API key")
	}
	return nil
}

func (s *Tenancy) putKey(key tenant.APIKey) {
	s.keys[key.Hash] = key
	if key.ID != "" {
		s.keyHashes[owned{key.Organization, key.ID}] = key.Hash
	}
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
	return s.change(ctx, receipt, c.CreatedAt, func() error { return s.newConnection(c, hook) }, func() { s.putConnection(c, hook) })
}

// UpdateConnection implements store.Tenancy.
func (s *Tenancy) UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	return s.change(ctx, receipt, c.UpdatedAt, func() error { return s.nextConnection(c, hook) }, func() { s.putConnection(c, hook) })
}

// newConnection refuses a connection whose id or hook is taken. The caller holds the lock.
func (s *Tenancy) newConnection(c tenant.Connection, hook tenant.Hook) error {
	if err := s.freeConnection(c); err != nil {
		return err
	}
	if _, found := s.hooks[hook.TokenHash]; found && c.Hook != "" {
		return taken("hook")
	}
	return nil
}

// nextConnection refuses a connection that does not follow the stored one. The caller holds the lock.
func (s *Tenancy) nextConnection(c tenant.Connection, hook tenant.Hook) error {
	before, found := s.connections[owned{c.Organization, c.ID}]
	if !found || before.Rev != c.Rev-1 {
		return stale("connection")
	}
	if h := s.hooks[hook.TokenHash]; c.Hook != "" && (h.Organization != c.Organization || h.Connection != c.ID) {
		return conflict(store.CodeTaken, "the hook does not lead to the connection")
	}
	return nil
}

func (s *Tenancy) freeConnection(c tenant.Connection) error {
	if _, found := s.connections[owned{c.Organization, c.ID}]; found {
		return taken("connection")
	}
	return nil
}

// putConnection stores a connection and its hook, if it has one.
func (s *Tenancy) putConnection(c tenant.Connection, hook tenant.Hook) {
	c.Keys, hook.Keys = slices.Clone(c.Keys), slices.Clone(hook.Keys)
	s.connections[owned{c.Organization, c.ID}] = c
	if c.Hook != "" {
		s.hooks[hook.TokenHash] = hook
	}
}

// change makes a change and stores the receipt, unless that is nil, all or nothing: if check and the place of the receipt
// allow it. Both functions are called with the lock held.
func (s *Tenancy) change(ctx context.Context, receipt *store.Receipt, at time.Time, check func() error, apply func()) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := check(); err != nil {
		return err
	}
	if err := s.free(receipt, at); err != nil {
		return err
	}
	apply()
	if receipt != nil {
		s.receipts[owned{receipt.Organization, receipt.Key}] = *receipt
	}
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

// Connection implements store.Tenancy.
func (s *Tenancy) Connection(ctx context.Context, organization, id string) (tenant.Connection, error) {
	c, err := get(ctx, s, s.connections, owned{organization, id}, "connection")
	c.Keys = slices.Clone(c.Keys)
	return c, err
}

// Connections implements store.Tenancy.
func (s *Tenancy) Connections(ctx context.Context, organization string, p store.Page) ([]tenant.Connection, string, error) {
	return belongings(ctx, s, "connections", organization, p, s.connections, func(c tenant.Connection) tenant.Connection {
		c.Keys = slices.Clone(c.Keys)
		return c
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
	return s.change(ctx, &receipt, at, func() error { return nil }, func() {})
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
		return taken(what)
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

// belongings gives a page of what belongs to an organization, by id. own copies what others could change.
func belongings[V any](ctx context.Context, s *Tenancy, name, organization string, p store.Page, m map[owned]V, own func(V) V) (
	[]V, string, error,
) {
	return page(ctx, []string{name, organization}, p, false, func(after string) []entry[V] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[V]
		for name, v := range m {
			if name.organization == organization && (p.Cursor == "" || name.id > after) {
				entries = append(entries, entry[V]{name.id, own(v)})
			}
		}
		return entries
	})
}

func taken(what string) error { return conflict(store.CodeTaken, "the %s exists already", what) }

func stale(what string) error {
	return conflict(store.CodeStale, "the %s has changed since it was read", what)
}

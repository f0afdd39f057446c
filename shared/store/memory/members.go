package memory

import (
	"context"
	"time"

	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Members implements store.Members.
type Members struct{ *Tenancy }

// NewMembers makes a store over the organizations, keys, connections and receipts of another.
func NewMembers(tenancy *Tenancy) *Members { return &Members{tenancy} }

// UpdateOrganization implements store.Members.
func (s *Members) UpdateOrganization(ctx context.Context, org tenant.Organization) error {
	return s.change(ctx, nil, org.UpdatedAt, func() error {
		if before, found := s.organizations[org.ID]; !found || before.Rev != org.Rev-1 {
			return stale("organization")
		}
		return nil
	}, func() { s.organizations[org.ID] = org })
}

// PutAPIKey implements store.Members.
func (s *Members) PutAPIKey(ctx context.Context, key tenant.APIKey, receipt *store.Receipt) error {
	return s.change(ctx, receipt, key.CreatedAt, func() error { return s.freeKey(key) }, func() { s.putKey(key) })
}

// APIKeyByID implements store.Members.
func (s *Members) APIKeyByID(ctx context.Context, organization, id string) (tenant.APIKey, error) {
	hash, err := get(ctx, s.Tenancy, s.keyHashes, owned{organization, id}, "API key")
	if err != nil {
		return tenant.APIKey{}, err
	}
	return s.APIKey(ctx, hash)
}

// APIKeys implements store.Members.
func (s *Members) APIKeys(ctx context.Context, organization string, p store.Page) ([]tenant.APIKey, string, error) {
	hashes, next, err := belongings(ctx, s.Tenancy, "api keys", organization, p, s.keyHashes, itself[string])
	if err != nil {
		return nil, "", err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := make([]tenant.APIKey, len(hashes))
	for n, hash := range hashes {
		keys[n] = s.keys[hash]
	}
	return keys, next, nil
}

// RevokeKey implements store.Members.
func (s *Members) RevokeKey(ctx context.Context, organization, id string, at time.Time) error {
	key, err := s.APIKeyByID(ctx, organization, id)
	if err != nil {
		return err
	}
	return s.RevokeAPIKey(ctx, key.Hash, at)
}

// Use implements store.Members. Nothing is forgotten.
func (s *Members) Use(ctx context.Context, organization, window string, n int64, _ time.Time) (int64, error) {
	if err := alive(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{organization, window}
	s.used[name] += n
	return s.used[name], nil
}

func itself[V any](v V) V { return v }

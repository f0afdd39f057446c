package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func organizationTests() []test {
	return []test{
		{"an organization with all it may use is kept whole", func(t *testing.T, s Stores) {
			org := newOrganization("org_a", 1)
			ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
			organizationIs(t, s, org)
		}},
		{"an update replaces an organization", func(t *testing.T, s Stores) {
			for _, first := range []int64{0, 1} { // those that were made before revs were counted have none
				org := newOrganization(fmt.Sprint("org_", first), first)
				ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
				org.Name, org.Quotas, org.UpdatedAt, org.Rev = "Changed", tenant.Quotas{People: 1}, base().Add(time.Hour), first+1
				ok(t, s.Members.UpdateOrganization(ctx(t), org))
				organizationIs(t, s, org)
				org.Quotas, org.Rev = tenant.Quotas{}, first+2
				ok(t, s.Members.UpdateOrganization(ctx(t), org))
				organizationIs(t, s, org)
			}
		}},
		{"a refused update of an organization changes nothing", func(t *testing.T, s Stores) {
			for _, stored := range []int64{0, 1, 5} {
				org := newOrganization(fmt.Sprint("org_", stored), stored)
				ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
				for _, rev := range []int64{stored - 1, stored, stored + 2} {
					other := org
					other.Name, other.Rev = "Changed", rev
					is(t, s.Members.UpdateOrganization(ctx(t), other), fault.Conflict, store.CodeStale)
				}
				organizationIs(t, s, org)
			}
			is(t, s.Members.UpdateOrganization(ctx(t), newOrganization("org_missing", 1)), fault.Conflict, store.CodeStale)
			_, err := s.Tenancy.Organization(ctx(t), "org_missing")
			is(t, err, fault.NotFound, "")
		}},
		{"one of concurrent updates of an organization wins", func(t *testing.T, s Stores) {
			org := newOrganization("org_a", 0)
			ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
			org.Rev = 1
			oneWins(t, atOnce(t, func(n int) error {
				mine := org
				mine.Quotas.Clients = int64(n)
				return s.Members.UpdateOrganization(ctx(t), mine)
			}))
		}},
		{"an update by a request that has ended changes nothing", func(t *testing.T, s Stores) {
			org := newOrganization("org_a", 1)
			ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
			ended, end := context.WithCancel(ctx(t))
			end()
			other := org
			other.Rev, other.Name = 2, "Changed"
			is(t, s.Members.UpdateOrganization(ended, other), fault.Unavailable, "")
			organizationIs(t, s, org)
		}},
	}
}

func newOrganization(id string, rev int64) tenant.Organization {
	return tenant.Organization{ID: id, Name: "Acme", DataKey: []byte{0, 1, 255}, CreatedAt: base(), UpdatedAt: base(), Rev: rev,
		Quotas: tenant.Quotas{RequestsPerMinute: 1, RowsPerDay: 2e9, Connections: 3, Clients: 4, Destinations: 5, APIKeys: 6, People: 7}}
}

func organizationIs(t *testing.T, s Stores, want tenant.Organization) {
	t.Helper()
	got, err := s.Tenancy.Organization(ctx(t), want.ID)
	ok(t, err)
	same(t, got, want)
}

func apiKeyTests() []test {
	return append(apiKeys().tests(), []test{
		{"a key is the same under its hash and its id, whoever made it", func(t *testing.T, s Stores) {
			put, created := newKey("org_a", "key_put"), newKey("org_a", "key_created")
			ok(t, s.Members.PutAPIKey(ctx(t), put, nil))
			ok(t, s.Tenancy.CreateAPIKey(ctx(t), created))
			keyIs(t, s, put)
			keyIs(t, s, created)
			same(t, all(t, 1, apiKeys().pages(t, s, "org_a")), []tenant.APIKey{created, put})
		}},
		{"a hash or an id that is taken leaves nothing", func(t *testing.T, s Stores) {
			key := newKey("org_a", "key_a")
			ok(t, s.Members.PutAPIKey(ctx(t), key, nil))
			sameHash, sameID := newKey("org_b", "key_b"), newKey("org_a", "key_a")
			sameHash.Hash, sameID.Hash = key.Hash, "another"
			for _, taken := range []tenant.APIKey{sameHash, sameID} {
				receipt := newReceipt("k", base().Add(time.Hour))
				is(t, s.Members.PutAPIKey(ctx(t), taken, &receipt), fault.Conflict, store.CodeTaken)
				is(t, s.Tenancy.CreateAPIKey(ctx(t), taken), fault.Conflict, store.CodeTaken)
				_, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
				is(t, err, fault.NotFound, "")
			}
			keyIs(t, s, key)
			_, err := s.Members.APIKeyByID(ctx(t), "org_b", "key_b")
			is(t, err, fault.NotFound, "")
			_, err = s.Tenancy.APIKey(ctx(t), "another")
			is(t, err, fault.NotFound, "")
		}},
		{"a key without an id is found by its hash, not listed, and revoked by its hash", func(t *testing.T, s Stores) {
			for _, hash := range []string{"one", "two"} {
				key := newKey("org_a", "")
				key.Hash = hash
				ok(t, s.Tenancy.CreateAPIKey(ctx(t), key))
				ok(t, s.Tenancy.RevokeAPIKey(ctx(t), hash, base()))
				key.RevokedAt = base()
				got, err := s.Tenancy.APIKey(ctx(t), hash)
				ok(t, err)
				same(t, got, key)
			}
			same(t, all(t, 10, apiKeys().pages(t, s, "org_a")), nil)
		}},
		{"a key revoked in one way is revoked in all, since the first time", revokedKeys},
		{"of keys revoked at once all are revoked", func(t *testing.T, s Stores) {
			key := newKey("org_a", "key_a")
			ok(t, s.Members.PutAPIKey(ctx(t), key, nil))
			for n, err := range atOnce(t, func(n int) error {
				if n%2 == 0 {
					return s.Members.RevokeKey(ctx(t), "org_a", key.ID, base().Add(time.Hour))
				}
				return s.Tenancy.RevokeAPIKey(ctx(t), key.Hash, base().Add(time.Hour))
			}) {
				if err != nil {
					t.Errorf("revocation %d: %v", n, err)
				}
			}
			key.RevokedAt = base().Add(time.Hour)
			keyIs(t, s, key)
		}},
		{"a missing key and one of another organization are not revoked", func(t *testing.T, s Stores) {
			key := newKey("org_a", "key_a")
			ok(t, s.Members.PutAPIKey(ctx(t), key, nil))
			is(t, s.Members.RevokeKey(ctx(t), "org_b", key.ID, base()), fault.NotFound, "")
			is(t, s.Members.RevokeKey(ctx(t), "org_a", "key_b", base()), fault.NotFound, "")
			is(t, s.Members.RevokeKey(ctx(t), "org_a", "", base()), fault.NotFound, "")
			keyIs(t, s, key)
		}},
	}...)
}

func revokedKeys(t *testing.T, s Stores) {
	byID, byHash := newKey("org_a", "key_a"), newKey("org_a", "key_b")
	ok(t, s.Members.PutAPIKey(ctx(t), byID, nil))
	ok(t, s.Tenancy.CreateAPIKey(ctx(t), byHash))
	for _, at := range []time.Time{base().Add(time.Hour), base().Add(2 * time.Hour)} {
		ok(t, s.Members.RevokeKey(ctx(t), "org_a", byID.ID, at))
		ok(t, s.Tenancy.RevokeAPIKey(ctx(t), byHash.Hash, at))
		// And the other way round, which changes nothing any more.
		ok(t, s.Tenancy.RevokeAPIKey(ctx(t), byID.Hash, at))
		ok(t, s.Members.RevokeKey(ctx(t), "org_a", byHash.ID, at))
	}
	byID.RevokedAt, byHash.RevokedAt = base().Add(time.Hour), base().Add(time.Hour)
	keyIs(t, s, byID)
	keyIs(t, s, byHash)
	same(t, all(t, 10, apiKeys().pages(t, s, "org_a")), []tenant.APIKey{byID, byHash})
}

func keyIs(t *testing.T, s Stores, want tenant.APIKey) {
	t.Helper()
	got, err := s.Tenancy.APIKey(ctx(t), want.Hash)
	ok(t, err)
	same(t, got, want)
	got, err = s.Members.APIKeyByID(ctx(t), want.Organization, want.ID)
	ok(t, err)
	same(t, got, want)
}

func newKey(organization, id string) tenant.APIKey {
	return tenant.APIKey{ID: id, Hash: tenant.HashToken(organization + " " + id), Organization: organization, Name: "ops",
		Role: tenant.Ingest, Person: "per_000000000001", Makers: []string{"key_000000000001", "per_000000000002"}, CreatedAt: base(), ExpiresAt: base().Add(24 * time.Hour)}
}

func apiKeys() resource[tenant.APIKey] {
	return resource[tenant.APIKey]{
		make: newKey,
		id:   func(k tenant.APIKey) string { return k.ID },
		create: func(ctx context.Context, s Stores, k tenant.APIKey, r *store.Receipt) error {
			return s.Members.PutAPIKey(ctx, k, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (tenant.APIKey, error) {
			return s.Members.APIKeyByID(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]tenant.APIKey, string, error) {
			return s.Members.APIKeys(ctx, organization, p)
		},
	}
}

func useTests() []test {
	forget := base().Add(48 * time.Hour)
	return []test{
		{"what is used adds up", func(t *testing.T, s Stores) {
			for _, step := range []struct{ n, used int64 }{{0, 0}, {10, 10}, {1, 11}, {0, 11}, {2e9, 2e9 + 11}, {-11, 2e9}} {
				used, err := s.Members.Use(ctx(t), "org_a", "rows 2026-11-22", step.n, forget)
				ok(t, err)
				same(t, used, step.used)
			}
		}},
		{"concurrent uses all count", func(t *testing.T, s Stores) {
			seen := make([]int64, writers)
			for _, err := range atOnce(t, func(n int) (err error) {
				seen[n], err = s.Members.Use(ctx(t), "org_a", "w", 3, forget)
				return err
			}) {
				ok(t, err)
			}
			// Each sees a count of its own, so that exactly one sees a limit passed.
			slices.Sort(seen)
			for n, used := range seen {
				same(t, used, int64(3*(n+1)))
			}
		}},
		{"windows and organizations are counted apart", func(t *testing.T, s Stores) {
			for n, window := range hostile() {
				for _, organization := range []string{"org_a", "org_a#" + window} {
					if slices.Index(hostile(), window) != n {
						continue
					}
					used, err := s.Members.Use(ctx(t), organization, window, int64(n+1), forget)
					ok(t, err)
					same(t, used, int64(n+1))
				}
			}
		}},
		{"a request that has ended uses nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			_, err := s.Members.Use(ended, "org_a", "w", 3, forget)
			is(t, err, fault.Unavailable, "")
			used, err := s.Members.Use(ctx(t), "org_a", "w", 0, forget)
			ok(t, err)
			same(t, used, int64(0))
		}},
	}
}

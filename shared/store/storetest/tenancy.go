package storetest

import (
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func tenancyTests() []test {
	return []test{
		{"an organization is kept whole; its id is taken then", func(t *testing.T, s Stores) {
			org := tenant.Organization{ID: "org_a", Name: "Acme", DataKey: []byte{0, 1, 255}, CreatedAt: base()}
			ok(t, s.Tenancy.CreateOrganization(ctx(t), org))
			is(t, s.Tenancy.CreateOrganization(ctx(t), org), fault.Conflict, store.CodeTaken)
			other := org
			other.Name = "Other"
			is(t, s.Tenancy.CreateOrganization(ctx(t), other), fault.Conflict, store.CodeTaken)
			got, err := s.Tenancy.Organization(ctx(t), "org_a")
			ok(t, err)
			same(t, got, org)
		}},
		{"a missing organization is not found", func(t *testing.T, s Stores) {
			_, err := s.Tenancy.Organization(ctx(t), "org_a")
			is(t, err, fault.NotFound, "")
		}},
		{"an API key is kept whole; its hash is taken then", func(t *testing.T, s Stores) {
			for _, revoked := range []time.Time{{}, base().Add(time.Hour)} {
				key := tenant.APIKey{Hash: tenant.HashToken(revoked.String()), Organization: "org_a", Name: "ops",
					Role: tenant.Manager, CreatedAt: base(), RevokedAt: revoked}
				ok(t, s.Tenancy.CreateAPIKey(ctx(t), key))
				other := key
				other.Role = tenant.Admin
				is(t, s.Tenancy.CreateAPIKey(ctx(t), other), fault.Conflict, store.CodeTaken)
				got, err := s.Tenancy.APIKey(ctx(t), key.Hash)
				ok(t, err)
				same(t, got, key)
			}
		}},
		{"a missing API key is not found", func(t *testing.T, s Stores) {
			_, err := s.Tenancy.APIKey(ctx(t), tenant.HashToken("x"))
			is(t, err, fault.NotFound, "")
		}},
		{"a revoked API key stays revoked since the first time", func(t *testing.T, s Stores) {
			is(t, s.Tenancy.RevokeAPIKey(ctx(t), "h", base()), fault.NotFound, "")
			_, err := s.Tenancy.APIKey(ctx(t), "h")
			is(t, err, fault.NotFound, "")
			key := tenant.APIKey{Hash: "h", Organization: "org_a", Name: "ops", Role: tenant.Manager, CreatedAt: base()}
			other := key
			other.Hash = "other"
			ok(t, s.Tenancy.CreateAPIKey(ctx(t), key))
			ok(t, s.Tenancy.CreateAPIKey(ctx(t), other))
			for _, at := range []time.Time{base().Add(time.Hour), base().Add(2 * time.Hour)} {
				ok(t, s.Tenancy.RevokeAPIKey(ctx(t), key.Hash, at))
			}
			key.RevokedAt = base().Add(time.Hour)
			for _, want := range []tenant.APIKey{key, other} {
				got, err := s.Tenancy.APIKey(ctx(t), want.Hash)
				ok(t, err)
				same(t, got, want)
			}
		}},
		{"one of concurrent creations wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error {
				return s.Tenancy.CreateOrganization(ctx(t), tenant.Organization{ID: "org_a", CreatedAt: base()})
			}))
			oneWins(t, atOnce(t, func(int) error {
				return s.Tenancy.CreateAPIKey(ctx(t), tenant.APIKey{Hash: "h", CreatedAt: base()})
			}))
		}},
		{"a receipt is kept whole until it expires", func(t *testing.T, s Stores) {
			r := newReceipt("k", base().Add(time.Hour))
			ok(t, create(t, s, "conn_a", &r))
			for _, now := range []time.Time{base(), r.ExpiresAt.Add(-1)} {
				got, err := s.Tenancy.Receipt(ctx(t), r.Organization, r.Key, now)
				ok(t, err)
				same(t, got, r)
			}
			for _, now := range []time.Time{r.ExpiresAt, r.ExpiresAt.Add(time.Hour)} {
				_, err := s.Tenancy.Receipt(ctx(t), r.Organization, r.Key, now)
				is(t, err, fault.NotFound, "")
			}
		}},
		{"a receipt alone is kept whole, unless its place is taken", func(t *testing.T, s Stores) {
			r := newReceipt("k", base().Add(time.Hour))
			ok(t, s.Tenancy.SaveReceipt(ctx(t), r, base()))
			later := newReceipt("k", base().Add(3*time.Hour))
			later.Request = "a later request"
			is(t, s.Tenancy.SaveReceipt(ctx(t), later, r.ExpiresAt.Add(-1)), fault.Conflict, store.CodeReceiptTaken)
			is(t, create(t, s, "conn_a", &later), fault.Conflict, store.CodeReceiptTaken)
			got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
			ok(t, err)
			same(t, got, r)
			ok(t, s.Tenancy.SaveReceipt(ctx(t), later, r.ExpiresAt))
			got, err = s.Tenancy.Receipt(ctx(t), "org_a", "k", r.ExpiresAt)
			ok(t, err)
			same(t, got, later)
		}},
		{"receipts of other organizations and keys are not found", func(t *testing.T, s Stores) {
			long := newReceipt(strings.Repeat("#", 5000), base().Add(time.Hour))
			ok(t, create(t, s, "conn_a", &long))
			for _, r := range []store.Receipt{{Organization: "org_b", Key: long.Key}, {Organization: "org_a", Key: long.Key[1:]},
				{Organization: "org_a#", Key: long.Key[1:]}, {Organization: "org_a", Key: ""}} {
				_, err := s.Tenancy.Receipt(ctx(t), r.Organization, r.Key, base())
				is(t, err, fault.NotFound, "")
			}
			_, err := s.Tenancy.Receipt(ctx(t), "org_a", long.Key, base())
			ok(t, err)
		}},
		{"an expired receipt does not stand in the way", func(t *testing.T, s Stores) {
			old := newReceipt("k", base())
			old.Request = "an old request"
			ok(t, create(t, s, "conn_a", &old))
			r := newReceipt("k", base().Add(time.Hour))
			ok(t, create(t, s, "conn_b", &r))
			got, err := s.Tenancy.Receipt(ctx(t), r.Organization, r.Key, base())
			ok(t, err)
			same(t, got, r)
			is(t, create(t, s, "conn_c", &r), fault.Conflict, store.CodeReceiptTaken)
		}},
	}
}

func newReceipt(key string, expires time.Time) store.Receipt {
	return store.Receipt{Organization: "org_a", Key: key, Request: "POST /v1/connections abc", Status: 201,
		Answer: []byte{1, 0, 255}, ExpiresAt: expires}
}

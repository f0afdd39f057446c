package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Tenancy implements store.Tenancy.
type Tenancy struct{ table }

// NewTenancy uses the table of the name.
func NewTenancy(client Client, table string) *Tenancy {
	return &Tenancy{newTable(client, table)}
}

// CreateOrganization implements store.Tenancy in one transaction.
func (s *Tenancy) CreateOrganization(ctx context.Context, org tenant.Organization) error {
	return s.transact(ctx, "create organization", s.create(encodeOrganization(org), unlessThere, nil, taken("organization")))
}

// Organization implements store.Tenancy in one GetItem.
func (s *Tenancy) Organization(ctx context.Context, id string) (tenant.Organization, error) {
	const what = "get organization"
	i, err := s.get(ctx, what, organizationKey(id), "organization")
	if err != nil {
		return tenant.Organization{}, err
	}
	org, err := decodeOrganization(i)
	return org, failed(err, what)
}

// CreateAPIKey implements store.Tenancy in one transaction of two items.
func (s *Tenancy) CreateAPIKey(ctx context.Context, key tenant.APIKey) error {
	return s.transact(ctx, "create API key", s.createKey(key)...)
}

// APIKey implements store.Tenancy in one GetItem.
func (s *Tenancy) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	return s.getKey(ctx, "get API key", apiKeyKey(hash))
}

// RevokeAPIKey implements store.Tenancy in one GetItem and one transaction of two items.
func (s *Tenancy) RevokeAPIKey(ctx context.Context, hash string, at time.Time) error {
	const what = "revoke API key"
	key, err := s.getKey(ctx, what, apiKeyKey(hash))
	if err != nil {
		return err
	}
	return s.revokeKey(ctx, what, key, at)
}

// SaveReceipt implements store.Tenancy in one transaction.
func (s *Tenancy) SaveReceipt(ctx context.Context, receipt store.Receipt, at time.Time) error {
	return s.transact(ctx, "save receipt", s.createReceipt(receipt, at))
}

// Receipt implements store.Tenancy in one GetItem.
func (s *Tenancy) Receipt(ctx context.Context, organization, key string, now time.Time) (store.Receipt, error) {
	const what, missing = "get receipt", "receipt"
	i, err := s.get(ctx, what, receiptKey(organization, key), missing)
	if err != nil {
		return store.Receipt{}, err
	}
	in := read(i)
	r := store.Receipt{Organization: organization, Key: key, Request: in.text("request"),
		Status: int(in.number("status")), Answer: in.bytes("answer"), ExpiresAt: in.nanos("expires")}
	if in.err != nil {
		return store.Receipt{}, failed(in.err, what)
	}
	// TTL deletes items days after their time.
	if !now.Before(r.ExpiresAt) {
		return store.Receipt{}, fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "%s not found", missing))
	}
	return r, nil
}

// createReceipt is the step that stores a receipt where none is, or only one that has expired at a time.
func (t table) createReceipt(r store.Receipt, now time.Time) step {
	i := newItem(receiptKey(r.Organization, r.Key))
	i.setText("request", r.Request)
	i.setNumber("status", int64(r.Status))
	i.setBytes("answer", r.Answer)
	i.setNanos("expires", r.ExpiresAt)
	i.forget(r.ExpiresAt)
	return t.create(i, unlessThere+" OR expires <= :now", item{":now": number(now.UnixNano())},
		fault.New(fault.Conflict, store.CodeReceiptTaken, "a request with this Idempotency-Key was answered already"))
}

// encodeKeys gives signing keys as an attribute.
func encodeKeys(keys []tenant.SigningKey) types.AttributeValue {
	return encodeList(keys, encodeSigningKey)
}

func encodeSigningKey(k tenant.SigningKey) item {
	i := item{}
	i.setText("fingerprint", k.Fingerprint)
	i.setBytes("sealed", k.Sealed)
	i.setTime("created_at", k.CreatedAt)
	i.setTime("expires_at", k.ExpiresAt)
	return i
}

// keys reads what encodeKeys wrote.
func (r *reader) keys(name string) []tenant.SigningKey { return decodeList(r, name, decodeSigningKey) }

func decodeSigningKey(in *reader) tenant.SigningKey {
	return tenant.SigningKey{Fingerprint: in.text("fingerprint"), Sealed: in.bytes("sealed"),
		CreatedAt: in.time("created_at"), ExpiresAt: in.time("expires_at")}
}

func taken(what string) *fault.Error {
	return fault.New(fault.Conflict, store.CodeTaken, "the %s exists already", what)
}

func stale(what string) *fault.Error {
	return fault.New(fault.Conflict, store.CodeStale, "the %s has changed since it was read", what)
}

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
	i := newItem(organizationKey(org.ID))
	i.setText("id", org.ID)
	i.setText("name", org.Name)
	i.setBytes("data_key", org.DataKey)
	i.setTime("created_at", org.CreatedAt)
	return s.transact(ctx, "create organization", s.create(i, unlessThere, nil, taken("organization")))
}

// Organization implements store.Tenancy in one GetItem.
func (s *Tenancy) Organization(ctx context.Context, id string) (tenant.Organization, error) {
	const what = "get organization"
	i, err := s.get(ctx, what, organizationKey(id), "organization")
	if err != nil {
		return tenant.Organization{}, err
	}
	in := read(i)
	org := tenant.Organization{ID: in.text("id"), Name: in.text("name"), DataKey: in.bytes("data_key"),
		CreatedAt: in.time("created_at")}
	return org, failed(in.err, what)
}

// CreateAPIKey implements store.Tenancy in one transaction.
func (s *Tenancy) CreateAPIKey(ctx context.Context, key tenant.APIKey) error {
	i := newItem(apiKeyKey(key.Hash))
	i.setText("hash", key.Hash)
	i.setText("organization", key.Organization)
	i.setText("name", key.Name)
	i.setText("role", string(key.Role))
	i.setTime("created_at", key.CreatedAt)
	i.setTime("revoked_at", key.RevokedAt)
	return s.transact(ctx, "create API key", s.create(i, unlessThere, nil, taken("API key")))
}

// APIKey implements store.Tenancy in one GetItem.
func (s *Tenancy) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	const what = "get API key"
	i, err := s.get(ctx, what, apiKeyKey(hash), "API key")
	if err != nil {
		return tenant.APIKey{}, err
	}
	in := read(i)
	key := tenant.APIKey{Hash: in.text("hash"), Organization: in.text("organization"), Name: in.text("name"),
		Role: tenant.Role(in.text("role")), CreatedAt: in.time("created_at"), RevokedAt: in.time("revoked_at")}
	return key, failed(in.err, what)
}

// RevokeAPIKey implements store.Tenancy in one UpdateItem.
func (s *Tenancy) RevokeAPIKey(ctx context.Context, hash string, at time.Time) error {
	const what = "revoke API key"
	standing, refused, err := s.update(ctx, what, apiKeyKey(hash), change{
		set: []string{"#at = :at"}, condition: "attribute_exists(pk) AND attribute_not_exists(#at)",
		names: map[string]string{"#at": "revoked_at"}, values: item{":at": text(timeText(at))},
	})
	if err == nil && refused && len(standing) == 0 {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "API key not found"))
	}
	return err
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
func (s *Tenancy) createReceipt(r store.Receipt, now time.Time) step {
	i := newItem(receiptKey(r.Organization, r.Key))
	i.setText("request", r.Request)
	i.setNumber("status", int64(r.Status))
	i.setBytes("answer", r.Answer)
	i.setNanos("expires", r.ExpiresAt)
	// TTL counts seconds; an item must not go before its time.
	i["ttl"] = number(r.ExpiresAt.Unix() + 1)
	return s.create(i, unlessThere+" OR expires <= :now", item{":now": number(now.UnixNano())},
		fault.New(fault.Conflict, store.CodeReceiptTaken, "a request with this Idempotency-Key was answered already"))
}

// encodeKeys gives signing keys as an attribute.
func encodeKeys(keys []tenant.SigningKey) types.AttributeValue {
	list := &types.AttributeValueMemberL{}
	for _, k := range keys {
		i := item{}
		i.setText("fingerprint", k.Fingerprint)
		i.setBytes("sealed", k.Sealed)
		i.setTime("created_at", k.CreatedAt)
		i.setTime("expires_at", k.ExpiresAt)
		list.Value = append(list.Value, &types.AttributeValueMemberM{Value: i})
	}
	return list
}

// keys reads what encodeKeys wrote.
func (r *reader) keys(name string) []tenant.SigningKey {
	list, ok := attribute[*types.AttributeValueMemberL](r, name)
	if !ok {
		return nil
	}
	var keys []tenant.SigningKey
	for _, e := range list.Value {
		m, ok := e.(*types.AttributeValueMemberM)
		if !ok {
			r.fail(name, fmt.Errorf("holds a %T", e))
			return nil
		}
		in := reader{item: m.Value}
		keys = append(keys, tenant.SigningKey{Fingerprint: in.text("fingerprint"), Sealed: in.bytes("sealed"),
			CreatedAt: in.time("created_at"), ExpiresAt: in.time("expires_at")})
		r.fail(name, in.err)
	}
	return keys
}

func taken(what string) *fault.Error {
	return fault.New(fault.Conflict, store.CodeTaken, "the %s exists already", what)
}

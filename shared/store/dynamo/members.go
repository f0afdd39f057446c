package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Members implements store.Members in the table of Tenancy.
type Members struct{ table }

// NewMembers uses the table of the name, that of Tenancy.
func NewMembers(client Client, table string) *Members {
	return &Members{newTable(client, table)}
}

// UpdateOrganization implements store.Members in one transaction.
func (s *Members) UpdateOrganization(ctx context.Context, org tenant.Organization) error {
	return s.transact(ctx, "update organization", s.replace(encodeOrganization(org), org.Rev-1, stale("organization")))
}

// PutAPIKey implements store.Members in one transaction of two or three items.
func (s *Members) PutAPIKey(ctx context.Context, key tenant.APIKey, receipt *store.Receipt) error {
	return s.transact(ctx, "put API key", s.withReceipt(s.createKey(key), receipt, key.CreatedAt)...)
}

// APIKeyByID implements store.Members in one GetItem.
func (s *Members) APIKeyByID(ctx context.Context, organization, id string) (tenant.APIKey, error) {
	return s.getKey(ctx, "get API key by id", apiKeyIDKey(organization, id))
}

// APIKeys implements store.Members in one Query.
func (s *Members) APIKeys(ctx context.Context, organization string, p store.Page) ([]tenant.APIKey, string, error) {
	q := query{what: "list API keys", partition: apiKeysPartition(organization)}
	return page(ctx, s.table, q, []string{"api keys", organization}, p, decodeKey)
}

// RevokeKey implements store.Members in one GetItem and one transaction of two items.
func (s *Members) RevokeKey(ctx context.Context, organization, id string, at time.Time) error {
	const what = "revoke API key by id"
	key, err := s.getKey(ctx, what, apiKeyIDKey(organization, id))
	if err != nil {
		return err
	}
	return s.revokeKey(ctx, what, key, at)
}

// Use implements store.Members in one UpdateItem. If its answer is lost, the SDK's retry counts a second time.
func (s *Members) Use(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error) {
	const what = "use quota"
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.name, Key: useKey(organization, window).item(),
		UpdateExpression:          aws.String("ADD #used :n SET #v = :v, #ttl = :ttl"),
		ExpressionAttributeNames:  map[string]string{"#used": "used", "#v": "v", "#ttl": "ttl"},
		ExpressionAttributeValues: item{":n": number(n), ":v": number(format), ":ttl": number(forget.Unix() + 1)},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, failed(err, what)
	}
	in := read(out.Attributes)
	used := in.number("used")
	return used, failed(in.err, what)
}

func encodeOrganization(org tenant.Organization) item {
	i := newItem(organizationKey(org.ID))
	i.setText("id", org.ID)
	i.setText("name", org.Name)
	i.setBytes("data_key", org.DataKey)
	quotas := item{}
	quotas.setNumber("requests_per_minute", org.Quotas.RequestsPerMinute)
	quotas.setNumber("rows_per_day", org.Quotas.RowsPerDay)
	quotas.setNumber("connections", org.Quotas.Connections)
	quotas.setNumber("clients", org.Quotas.Clients)
	quotas.setNumber("destinations", org.Quotas.Destinations)
	quotas.setNumber("api_keys", org.Quotas.APIKeys)
	quotas.setNumber("people", org.Quotas.People)
	i.setMap("quotas", quotas)
	i.setTime("created_at", org.CreatedAt)
	i.setTime("updated_at", org.UpdatedAt)
	i.setNumber("rev", org.Rev)
	return i
}

func decodeOrganization(i item) (tenant.Organization, error) {
	in := read(i)
	quotas := in.part("quotas")
	org := tenant.Organization{ID: in.text("id"), Name: in.text("name"), DataKey: in.bytes("data_key"),
		Quotas: tenant.Quotas{RequestsPerMinute: quotas.number("requests_per_minute"), RowsPerDay: quotas.number("rows_per_day"),
			Connections: quotas.number("connections"), Clients: quotas.number("clients"),
			Destinations: quotas.number("destinations"), APIKeys: quotas.number("api_keys"), People: quotas.number("people")},
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	in.fail("quotas", quotas.err)
	return org, in.err
}

// createKey gives the steps that store a key under its hash and, if it has one, under its id.
func (t table) createKey(key tenant.APIKey) []step {
	steps := []step{t.create(encodeKey(apiKeyKey(key.Hash), key), unlessThere, nil, taken("API key"))}
	if key.ID != "" {
		steps = append(steps, t.create(encodeKey(apiKeyIDKey(key.Organization, key.ID), key), unlessThere, nil, taken("API key")))
	}
	return steps
}

func (t table) getKey(ctx context.Context, what string, at primary) (tenant.APIKey, error) {
	i, err := t.get(ctx, what, at, "API key")
	if err != nil {
		return tenant.APIKey{}, err
	}
	key, err := decodeKey(i)
	return key, failed(err, what)
}

// revokeKey notes in both places that a key is revoked, unless that is noted already.
func (t table) revokeKey(ctx context.Context, what string, key tenant.APIKey, at time.Time) error {
	c := change{
		set: []string{"#at = if_not_exists(#at, :at)"}, condition: "attribute_exists(pk)",
		names: map[string]string{"#at": "revoked_at"}, values: item{":at": text(timeText(at))},
	}
	gone := fault.New(fault.NotFound, "not_found", "API key not found")
	steps := []step{t.amend(apiKeyKey(key.Hash), c, gone)}
	if key.ID != "" {
		steps = append(steps, t.amend(apiKeyIDKey(key.Organization, key.ID), c, gone))
	}
	return t.transact(ctx, what, steps...)
}

func encodeKey(at primary, key tenant.APIKey) item {
	i := newItem(at)
	i.setText("id", key.ID)
	i.setText("hash", key.Hash)
	i.setText("organization", key.Organization)
	i.setText("name", key.Name)
	i.setText("role", string(key.Role))
	i.setText("person", key.Person)
	i.setTexts("makers", key.Makers)
	i.setTime("created_at", key.CreatedAt)
	i.setTime("expires_at", key.ExpiresAt)
	i.setTime("revoked_at", key.RevokedAt)
	return i
}

func decodeKey(i item) (tenant.APIKey, error) {
	in := read(i)
	key := tenant.APIKey{ID: in.text("id"), Hash: in.text("hash"), Organization: in.text("organization"),
		Name: in.text("name"), Role: in.role("role"), Person: in.text("person"), Makers: in.texts("makers"), CreatedAt: in.time("created_at"),
		ExpiresAt: in.time("expires_at"), RevokedAt: in.time("revoked_at")}
	return key, in.err
}

// withReceipt adds the step that stores a receipt, unless that is nil.
func (t table) withReceipt(steps []step, receipt *store.Receipt, at time.Time) []step {
	if receipt == nil {
		return steps
	}
	return append(steps, t.createReceipt(*receipt, at))
}

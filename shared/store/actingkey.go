package store

import (
	"context"

	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// Keys finds API keys by their hash: a Tenancy.
type Keys interface {
	APIKey(ctx context.Context, hash string) (tenant.APIKey, error)
}

// Persons finds people: a Members.
type Persons interface {
	Person(ctx context.Context, organization, id string) (tenant.Person, error)
}

// ActingKey reads an API key with the role that it has now: at most that of the person whose it is. NotFound if there is
// none, or if that person works here no more or may do nothing that the key may. One read, two for the key of a person.
func ActingKey(ctx context.Context, keys Keys, people Persons, hash string) (tenant.APIKey, error) {
	key, err := keys.APIKey(ctx, hash)
	if err != nil || key.Person == "" {
		return key, err
	}
	person, err := people.Person(ctx, key.Organization, key.Person)
	if err != nil {
		return key, err
	}
	key, ok := key.Under(person)
	if !ok {
		return key, fault.New(fault.NotFound, "not_found", "the person of the key is off-boarded, or may do nothing that the key may")
	}
	return key, nil
}

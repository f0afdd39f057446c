package main

import (
	"context"

	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// organizations finds them: a store.Tenancy.
type organizations interface {
	Organization(ctx context.Context, id string) (tenant.Organization, error)
}

// boxes opens the data keys of organizations, with which bank details are sealed.
func boxes(all organizations, keyring *secret.Keyring) func(ctx context.Context, organization string) (secret.Box, error) {
	return func(ctx context.Context, organization string) (secret.Box, error) {
		o, err := all.Organization(ctx, organization)
		if err != nil {
			return secret.Box{}, err
		}
		return keyring.Open(ctx, o.ID, o.DataKey)
	}
}

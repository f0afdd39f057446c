package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"leadline/shared/outbound"
	"leadline/shared/store"
)

// Destinations implements store.Destinations.
type Destinations struct{ tenancy *Tenancy }

// NewDestinations makes a store whose receipts are those of another.
func NewDestinations(tenancy *Tenancy) *Destinations { return &Destinations{tenancy} }

// CreateDestination implements store.Destinations.
func (s *Destinations) CreateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, d.CreatedAt, func() error {
		if _, found := s.tenancy.destinations[owned{d.Organization, d.ID}]; found {
			return taken("destination")
		}
		return nil
	}, func() { s.tenancy.destinations[owned{d.Organization, d.ID}] = ownDestination(d) })
}

// UpdateDestination implements store.Destinations.
func (s *Destinations) UpdateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, d.UpdatedAt, func() error {
		if before, found := s.tenancy.destinations[owned{d.Organization, d.ID}]; !found || before.Rev != d.Rev-1 {
			return stale("destination")
		}
		return nil
	}, func() { s.tenancy.destinations[owned{d.Organization, d.ID}] = ownDestination(d) })
}

// DeleteDestination implements store.Destinations.
func (s *Destinations) DeleteDestination(ctx context.Context, organization, id string) error {
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		delete(s.tenancy.destinations, owned{organization, id})
	})
}

// Destination implements store.Destinations.
func (s *Destinations) Destination(ctx context.Context, organization, id string) (outbound.Destination, error) {
	d, err := get(ctx, s.tenancy, s.tenancy.destinations, owned{organization, id}, "destination")
	return ownDestination(d), err
}

// Destinations implements store.Destinations.
func (s *Destinations) Destinations(ctx context.Context, organization string, p store.Page) ([]outbound.Destination, string, error) {
	return belongings(ctx, s.tenancy, "destinations", organization, p, s.tenancy.destinations, ownDestination)
}

func ownDestination(d outbound.Destination) outbound.Destination {
	d.Connections, d.Types, d.Secrets, d.HeaderNames = slices.Clone(d.Connections), slices.Clone(d.Types), slices.Clone(d.Secrets), slices.Clone(d.HeaderNames)
	d.Headers = bytes.Clone(d.Headers)
	return d
}

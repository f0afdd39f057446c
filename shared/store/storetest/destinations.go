package storetest

import (
	"context"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/store"
)

func destinationTests() []test {
	return append(destinations().tests(), []test{
		{"a destination with nothing but its names is kept", func(t *testing.T, s Stores) {
			d := outbound.Destination{ID: "dst_a", Organization: "org_a", Rev: 1}
			ok(t, s.Destinations.CreateDestination(ctx(t), d, nil))
			destinations().stands(t, s, "org_a", d)
		}},
		{"a deleted destination is gone, and its id is free", func(t *testing.T, s Stores) {
			d, other := newDestination("org_a", "dst_a"), newDestination("org_b", "dst_a")
			ok(t, s.Destinations.CreateDestination(ctx(t), d, nil))
			ok(t, s.Destinations.CreateDestination(ctx(t), other, nil))
			for range 2 {
				ok(t, s.Destinations.DeleteDestination(ctx(t), "org_a", "dst_a"))
				_, err := s.Destinations.Destination(ctx(t), "org_a", "dst_a")
				is(t, err, fault.NotFound, "")
			}
			same(t, all(t, 10, destinations().pages(t, s, "org_a")), nil)
			destinations().stands(t, s, "org_b", other)
			d.Rev = 2
			is(t, s.Destinations.UpdateDestination(ctx(t), d, nil), fault.Conflict, store.CodeStale)
			d.Rev = 1
			ok(t, s.Destinations.CreateDestination(ctx(t), d, nil))
		}},
		{"a destination is not deleted by a request that has ended", func(t *testing.T, s Stores) {
			d := newDestination("org_a", "dst_a")
			ok(t, s.Destinations.CreateDestination(ctx(t), d, nil))
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Destinations.DeleteDestination(ended, "org_a", "dst_a"), fault.Unavailable, "")
			destinations().stands(t, s, "org_a", d)
		}},
	}...)
}

func newDestination(organization, id string) outbound.Destination {
	return outbound.Destination{
		ID: id, Organization: organization, Name: "RudderStack of " + id, URL: "https://example.com/v1/webhook?x=1", Kind: outbound.Track,
		Connections: []string{"conn_b", "conn_a", ""}, Types: []string{"b", "a"}, Headers: []byte{3, 0, 255}, HeaderNames: []string{"Authorization", "X-A"},
		Secrets: []outbound.Secret{
			{Fingerprint: "0a1b2c3d", Sealed: []byte{1, 0, 2}, CreatedAt: base()},
			{Fingerprint: "ffffffff", Sealed: []byte{9}, CreatedAt: base().Add(-time.Hour), ExpiresAt: base().Add(time.Hour)},
		},
		SeedTimestamps: true, Status: outbound.Failed, Problem: "It answered 410.", FailingSince: base().Add(-time.Minute),
		CreatedAt: base(), UpdatedAt: base(), Rev: 1,
	}
}

func destinations() resource[outbound.Destination] {
	return resource[outbound.Destination]{
		make: newDestination,
		changed: func(d outbound.Destination) outbound.Destination {
			d.Name, d.Connections, d.Types, d.Headers, d.HeaderNames, d.Secrets = "changed", nil, nil, nil, nil, d.Secrets[:1]
			d.SeedTimestamps, d.Status, d.Problem, d.FailingSince = false, outbound.Active, "", time.Time{}
			d.UpdatedAt, d.Rev = base().Add(time.Hour), d.Rev+1
			return d
		},
		inRev: func(d outbound.Destination, by int64) outbound.Destination { d.Rev += by; return d },
		id:    func(d outbound.Destination) string { return d.ID },
		create: func(ctx context.Context, s Stores, d outbound.Destination, r *store.Receipt) error {
			return s.Destinations.CreateDestination(ctx, d, r)
		},
		update: func(ctx context.Context, s Stores, d outbound.Destination, r *store.Receipt) error {
			return s.Destinations.UpdateDestination(ctx, d, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (outbound.Destination, error) {
			return s.Destinations.Destination(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]outbound.Destination, string, error) {
			return s.Destinations.Destinations(ctx, organization, p)
		},
	}
}

package dynamo

import (
	"context"

	"leadline/shared/outbound"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Destinations implements store.Destinations in the table of Tenancy.
type Destinations struct{ table }

// NewDestinations uses the table of the name, that of Tenancy.
func NewDestinations(client Client, table string) *Destinations {
	return &Destinations{newTable(client, table)}
}

// CreateDestination implements store.Destinations in one transaction of one or two items.
func (s *Destinations) CreateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	steps := []step{s.create(encodeDestination(d), unlessThere, nil, taken("destination"))}
	return s.transact(ctx, "create destination", s.withReceipt(steps, receipt, d.CreatedAt)...)
}

// UpdateDestination implements store.Destinations in one transaction of one or two items.
func (s *Destinations) UpdateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	steps := []step{s.replace(encodeDestination(d), d.Rev-1, stale("destination"))}
	return s.transact(ctx, "update destination", s.withReceipt(steps, receipt, d.UpdatedAt)...)
}

// DeleteDestination implements store.Destinations in one DeleteItem.
func (s *Destinations) DeleteDestination(ctx context.Context, organization, id string) error {
	return s.delete(ctx, "delete destination", destinationKey(organization, id))
}

// Destination implements store.Destinations in one GetItem.
func (s *Destinations) Destination(ctx context.Context, organization, id string) (outbound.Destination, error) {
	const what = "get destination"
	i, err := s.get(ctx, what, destinationKey(organization, id), "destination")
	if err != nil {
		return outbound.Destination{}, err
	}
	d, err := decodeDestination(organization, i)
	return d, failed(err, what)
}

// Destinations implements store.Destinations in one Query.
func (s *Destinations) Destinations(ctx context.Context, organization string, p store.Page) ([]outbound.Destination, string, error) {
	q := query{what: "list destinations", partition: destinationsPartition(organization)}
	return page(ctx, s.table, q, []string{"destinations", organization}, p, func(i item) (outbound.Destination, error) {
		return decodeDestination(organization, i)
	})
}

func encodeDestination(d outbound.Destination) item {
	i := newItem(destinationKey(d.Organization, d.ID))
	i.setText("name", d.Name)
	i.setText("url", d.URL)
	i.setText("kind", string(d.Kind))
	i.setTexts("connections", d.Connections)
	i.setTexts("types", d.Types)
	i["secrets"] = encodeList(d.Secrets, func(s outbound.Secret) item { return encodeSigningKey(tenant.SigningKey(s)) })
	i.setBytes("headers", d.Headers)
	i.setTexts("header_names", d.HeaderNames)
	i.setFlag("seed_timestamps", d.SeedTimestamps)
	i.setText("status", string(d.Status))
	i.setText("problem", d.Problem)
	i.setTime("failing_since", d.FailingSince)
	i.setTime("created_at", d.CreatedAt)
	i.setTime("updated_at", d.UpdatedAt)
	i.setNumber("rev", d.Rev)
	return i
}

func decodeDestination(organization string, i item) (outbound.Destination, error) {
	in := read(i)
	d := outbound.Destination{ID: unsortable(i.primary().sk), Organization: organization, Name: in.text("name"),
		URL: in.text("url"), Kind: outbound.Kind(in.text("kind")), Connections: in.texts("connections"), Types: in.texts("types"),
		Secrets: decodeList(in, "secrets", func(in *reader) outbound.Secret { return outbound.Secret(decodeSigningKey(in)) }),
		Headers: in.bytes("headers"), HeaderNames: in.texts("header_names"), SeedTimestamps: in.flag("seed_timestamps"),
		Status: outbound.Status(in.text("status")), Problem: in.text("problem"), FailingSince: in.time("failing_since"),
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	return d, in.err
}

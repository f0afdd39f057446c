package dynamo

import (
	"context"
	"time"

	"leadline/shared/store"
	"leadline/shared/view"
)

// Views implements store.Views in the table of Intake.
type Views struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

var _ store.Views = (*Views)(nil)

// NewViews uses the table of the name, and that of Tenancy for receipts.
func NewViews(client Client, intake, tenancy string) *Views {
	return &Views{table: newTable(client, intake), receipts: newTable(client, tenancy)}
}

// definitionBody is what is packed into one attribute.
type definitionBody struct {
	Definition view.Definition  `json:"definition"`
	Standard   *view.Definition `json:"standard,omitempty"`
	Origin     view.Origin      `json:"origin,omitempty"`
	State      view.State       `json:"state,omitempty"`
	Connection string           `json:"connection,omitempty"`
	Key        string           `json:"key,omitempty"`
	By         string           `json:"by,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	UpdatedAt  time.Time        `json:"updated_at"`
}

// CreateDefinition implements store.Views in one transaction of one or two items. What does not fit an item is Invalid
// (store.CodeTooLarge).
func (s *Views) CreateDefinition(ctx context.Context, i view.Item, receipt *store.Receipt) error {
	const what = "create definition"
	encoded, err := s.encode(i)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.create(encoded, unlessThere, nil, taken(string(i.Kind)))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, i.CreatedAt)...)
}

// UpdateDefinition implements store.Views in one transaction of one or two items.
func (s *Views) UpdateDefinition(ctx context.Context, i view.Item, receipt *store.Receipt) error {
	const what = "update definition"
	encoded, err := s.encode(i)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.replace(encoded, i.Rev-1, stale(string(i.Kind)))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, i.UpdatedAt)...)
}

// DeleteDefinition implements store.Views in one DeleteItem.
func (s *Views) DeleteDefinition(ctx context.Context, organization string, kind view.Kind, name string) error {
	return s.delete(ctx, "delete definition", definitionKey(organization, string(kind), name))
}

// Definition implements store.Views in one GetItem.
func (s *Views) Definition(ctx context.Context, organization string, kind view.Kind, name string) (view.Item, error) {
	const what = "get definition"
	encoded, err := s.get(ctx, what, definitionKey(organization, string(kind), name), string(kind))
	if err != nil {
		return view.Item{}, err
	}
	i, err := s.decode(organization, kind, encoded)
	return i, failed(err, what)
}

// Definitions implements store.Views in one Query.
func (s *Views) Definitions(ctx context.Context, organization string, kind view.Kind, p store.Page) ([]view.Item, string, error) {
	q := query{what: "list definitions", partition: definitionsPartition(organization, string(kind))}
	return page(ctx, s.table, q, []string{"definitions", organization, string(kind)}, p, func(encoded item) (view.Item, error) {
		return s.decode(organization, kind, encoded)
	})
}

func (s *Views) encode(i view.Item) (item, error) {
	packed, err := s.packJSON(definitionBody{Definition: i.Definition, Standard: i.Standard, Origin: i.Origin, State: i.State,
		Connection: i.Connection, Key: i.Key, By: i.By, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt})
	if err != nil {
		return nil, err
	}
	encoded := newItem(definitionKey(i.Organization, string(i.Kind), i.Name))
	encoded.setBytes("b", packed)
	encoded.setNumber("rev", i.Rev)
	return encoded, nil
}

func (s *Views) decode(organization string, kind view.Kind, encoded item) (view.Item, error) {
	var body definitionBody
	if err := s.unpack(encoded, "b", &body); err != nil {
		return view.Item{}, err
	}
	in := read(encoded)
	i := view.Item{Organization: organization, Kind: kind, Name: unsortable(encoded.primary().sk), Definition: body.Definition, Standard: body.Standard,
		Origin: body.Origin, State: body.State, Connection: body.Connection, Key: body.Key, By: body.By,
		CreatedAt: body.CreatedAt, UpdatedAt: body.UpdatedAt, Rev: in.number("rev")}
	return i, in.err
}

package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// Schemas implements store.Schemas.
type Schemas struct{ table }

// NewSchemas uses the table of the name.
func NewSchemas(client Client, table string) *Schemas {
	return &Schemas{newTable(client, table)}
}

// schemaBody is what is packed into one attribute.
type schemaBody struct {
	Title        string           `json:"title,omitempty"`
	IDField      string           `json:"id_field,omitempty"`
	VersionField string           `json:"version_field,omitempty"`
	Follows      bool             `json:"follows,omitempty"`
	State        schema.State     `json:"state,omitempty"`
	Present      schema.Version   `json:"present"`
	Proposal     *schema.Proposal `json:"proposal,omitempty"`
	FirstSeen    time.Time        `json:"first_seen"`
	UpdatedAt    time.Time        `json:"updated_at"`
}

// SaveObject implements store.Schemas in one PutItem, with a version in one transaction of two items. What does not fit
// an item is Invalid (store.CodeTooLarge).
func (s *Schemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	const what = "save object"
	i, err := s.encode(o)
	if err != nil {
		return failed(err, what)
	}
	stale := fault.New(fault.Conflict, store.CodeStale, "the object has changed since it was read")
	condition, values := "rev = :rev", item{":rev": number(o.Rev - 1)}
	if o.Rev == 1 {
		condition, values = unlessThere, nil
	}
	if !addVersion {
		_, refused, err := s.putIf(ctx, what, i, condition, values)
		if refused {
			return fmt.Errorf("store: %s: %w", what, stale)
		}
		return err
	}
	version := newItem(versionKey(o.Organization, o.Connection, o.Name, o.Present.Number))
	packed, err := s.packJSON(o.Present)
	if err != nil {
		return failed(err, what)
	}
	version.setBytes("b", packed)
	return s.transact(ctx, what, s.create(i, condition, values, stale), s.write(version))
}

// Object implements store.Schemas in one GetItem.
func (s *Schemas) Object(ctx context.Context, organization, connection, name string) (schema.Object, error) {
	const what = "get object"
	i, err := s.get(ctx, what, schemaKey(organization, connection, name), "object")
	if err != nil {
		return schema.Object{}, err
	}
	o, err := s.decode(organization, connection, i)
	return o, failed(err, what)
}

// Objects implements store.Schemas in one Query.
func (s *Schemas) Objects(ctx context.Context, organization, connection string, p store.Page) ([]schema.Object, string, error) {
	q := query{what: "list schemas", partition: schemasPartition(organization, connection)}
	list := []string{"schemas", organization, connection}
	return page(ctx, s.table, q, list, p, func(i item) (schema.Object, error) { return s.decode(organization, connection, i) })
}

// Versions implements store.Schemas in one Query, eventually consistent.
func (s *Schemas) Versions(ctx context.Context, organization, connection, name string, p store.Page) ([]schema.Version, string, error) {
	q := query{what: "list versions", partition: versionsPartition(organization, connection, name), descending: true}
	list := []string{"versions", organization, connection, name}
	return page(ctx, s.table, q, list, p, func(i item) (v schema.Version, err error) {
		return v, s.unpack(i, "b", &v)
	})
}

func (s *Schemas) encode(o schema.Object) (item, error) {
	packed, err := s.packJSON(schemaBody{Title: o.Title, IDField: o.IDField, VersionField: o.VersionField, Follows: o.Follows,
		State: o.State, Present: o.Present, Proposal: o.Proposal, FirstSeen: o.FirstSeen, UpdatedAt: o.UpdatedAt})
	if err != nil {
		return nil, err
	}
	i := newItem(schemaKey(o.Organization, o.Connection, o.Name))
	i.setBytes("b", packed)
	i.setNumber("rev", o.Rev)
	return i, nil
}

func (s *Schemas) decode(organization, connection string, i item) (schema.Object, error) {
	var body schemaBody
	if err := s.unpack(i, "b", &body); err != nil {
		return schema.Object{}, err
	}
	in := read(i)
	o := schema.Object{Organization: organization, Connection: connection, Name: unsortable(i.primary().sk), Title: body.Title,
		IDField: body.IDField, VersionField: body.VersionField, Follows: body.Follows, State: body.State, Present: body.Present,
		Proposal: body.Proposal, FirstSeen: body.FirstSeen, UpdatedAt: body.UpdatedAt, Rev: in.number("rev")}
	return o, in.err
}

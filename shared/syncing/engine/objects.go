package engine

import (
	"context"
	"fmt"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/schema"
)

// saveObject brings an object of the connection up to what its provider says of it.
func (t task) saveObject(ctx context.Context, d connector.DescribedObject) error {
	for range contests {
		o, err := t.Schemas.Object(ctx, t.conn.Organization, t.conn.ID, d.Name)
		if fault.Is(err, fault.NotFound) {
			o, err = schema.Object{Organization: t.conn.Organization, Connection: t.conn.ID, Name: d.Name, Follows: true, State: schema.Confirmed,
				FirstSeen: t.Now().UTC(), Present: schema.Version{Origin: schema.Followed}}, nil
		}
		if err != nil {
			return fmt.Errorf("engine: object %s: %w", d.Name, err)
		}
		next, changed := schema.Describe(o.Present, d.Fields)
		if o.Rev > 0 && !changed && o.Title == d.Title {
			return nil
		}
		addVersion := changed || o.Rev == 0
		if o.Rev == 0 && !changed { // an object without fields is one, too
			next.Number = 1
		}
		o.Title, o.Present, o.UpdatedAt = d.Title, next, t.Now().UTC()
		if addVersion {
			o.Present.At = o.UpdatedAt
		}
		o.Rev++
		err = t.Schemas.SaveObject(ctx, o, addVersion)
		if err == nil {
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("engine: save object %s: %w", d.Name, err)
		}
	}
	return fault.New(fault.Unavailable, "contended", "engine: the schema of %s is being changed by too many at once", d.Name)
}

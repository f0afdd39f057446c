package intake

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/schema"
)

// maxObjects bounds the objects whose schemas are remembered.
const maxObjects = 10_000

// objectKey names an object: organization, connection, name.
type objectKey [3]string

func keyOf(it *item, name string) objectKey { return objectKey{it.Organization, it.Connection, name} }

// cached gives what is remembered of an object.
func (in *Intake) cached(key objectKey) (schema.Object, bool) { return in.objects.Get(key, in.Now()) }

// readObject reads an object and remembers it. One that nobody has seen has Rev 0, and is not remembered.
func (in *Intake) readObject(ctx context.Context, key objectKey) (schema.Object, error) {
	o, err := in.Schemas.Object(ctx, key[0], key[1], key[2])
	if fault.Is(err, fault.NotFound) {
		return schema.Object{Organization: key[0], Connection: key[1], Name: key[2]}, nil
	}
	if err != nil {
		return o, fmt.Errorf("intake: read object: %w", err)
	}
	in.remember(key, o)
	return o, nil
}

// remember keeps an object. A schema that follows its CRM only widens, so that one from yesterday tells what needs no
// look: it is kept for as long as there is room.
func (in *Intake) remember(key objectKey, o schema.Object) {
	now, lasts := in.Now(), in.SchemaCache
	if o.Follows {
		lasts = 365 * 24 * time.Hour
	}
	in.objects.Put(key, o, now, now.Add(lasts))
}

// saveObject stores an object with the next Rev and remembers it. It tells whether it did; if not, another writer was
// faster.
func (in *Intake) saveObject(ctx context.Context, key objectKey, o schema.Object, addVersion bool) (schema.Object, bool, error) {
	o.Rev++
	o.UpdatedAt = in.Now().UTC()
	if addVersion {
		o.Present.At = o.UpdatedAt
	}
	err := in.Schemas.SaveObject(ctx, o, addVersion)
	if fault.Is(err, fault.Conflict) {
		return o, false, nil
	}
	if err != nil {
		return o, false, fmt.Errorf("intake: save object: %w", err)
	}
	in.remember(key, o)
	return o, true, nil
}

// follow lets the schema of a CRM's object grow with what the CRM sends. All that is known is known for good, so that the
// result does not depend on the order of arrival, and a change that tells nothing new costs neither read nor write.
func (in *Intake) follow(ctx context.Context, it *item, c record.Change) error {
	key := keyOf(it, c.Object)
	if o, found := in.cached(key); found {
		if _, changed := schema.Follow(o.Present, c.Fields); !changed {
			return nil
		}
	}
	for range contests {
		o, err := in.readObject(ctx, key)
		if err != nil {
			return err
		}
		next, changed := schema.Follow(o.Present, c.Fields)
		switch {
		case o.Rev > 0 && !changed:
			return nil
		case o.Rev == 0:
			o.Title, o.Follows, o.State, o.FirstSeen = c.Object, true, schema.Confirmed, it.ReceivedAt
			next.Number, next.Origin = 1, schema.Followed // a deletion tells no field, and yet that there is such an object
		}
		o.Present = next
		if _, saved, err := in.saveObject(ctx, key, o, true); err != nil || saved {
			return err
		}
	}
	return contended("schema of " + c.Object)
}

// declare fixes the first version of a client's object, from the rows that came first.
func (in *Intake) declare(ctx context.Context, key objectKey, b *batch, rows []record.Fields) (schema.Object, bool, error) {
	o := schema.Object{Organization: key[0], Connection: key[1], Name: key[2], Title: b.title, IDField: push.DefaultIDField,
		State: schema.Confirmed, FirstSeen: b.ReceivedAt, Present: schema.Version{Number: 1, Origin: schema.FirstDump}}
	fields, err := schema.Infer(o.IDField, rows...)
	if fault.Is(err, fault.Invalid) { // together they are too much for any object: the first of them count
		fields, err = inferFirst(o.IDField, rows), nil
	}
	if err != nil {
		return o, false, fmt.Errorf("intake: infer schema: %w", err)
	}
	o.Present.Fields = fields
	return in.saveObject(ctx, key, o, true)
}

// inferFirst gives the fields of as many rows as fit into one object, one after the other.
func inferFirst(id string, rows []record.Fields) []schema.Field {
	var fields []schema.Field
	for _, row := range rows {
		own, err := schema.Infer(id, row)
		if err != nil {
			continue
		}
		if joined, err := schema.Merge(fields, own); err == nil {
			fields = joined
		}
	}
	return fields
}

func contended(what string) error {
	return fault.New(fault.Unavailable, "contended", "intake: the %s is being changed by too many writers at once", what)
}

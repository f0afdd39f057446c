package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// SetAside implements store.Intake in one PutItem.
func (s *Intake) SetAside(ctx context.Context, entry quarantine.Entry) error {
	const what = "set aside"
	i, err := s.encodeEntry(entry)
	if err != nil {
		return failed(err, what)
	}
	_, err = s.put(ctx, what, i, unlessThere)
	return err
}

func (s *Intake) encodeEntry(entry quarantine.Entry) (item, error) {
	i := newItem(entryKey(entry.Organization, entry.ID))
	i.setText("connection", entry.Connection)
	i.setText("connector", entry.Connector)
	i.setText("reason", string(entry.Reason))
	i.setText("detail", entry.Detail)
	i.setText("object", entry.Object)
	i.setText("batch", entry.Batch)
	i.setText("public", entry.Public)
	i.setText("client", entry.Client)
	i.setNumber("row", int64(entry.Row))
	i.setNumber("index", int64(entry.Index))
	i.setText("record", entry.Record)
	i.setText("kind", entry.Kind)
	i.setTime("received_at", entry.ReceivedAt)
	i.setPayload(entry.Payload)
	i.setText("status", string(entry.Status))
	i.setNumber("replays", int64(entry.Replays))
	i.setTime("updated_at", entry.UpdatedAt)
	return i, s.setMismatches(i, entry.Mismatches)
}

// Requeue implements store.Intake in one UpdateItem.
func (s *Intake) Requeue(ctx context.Context, organization, id string, why quarantine.Entry, at time.Time) error {
	const what = "requeue entry"
	i := item{}
	i.setText("detail", why.Detail)
	if err := s.setMismatches(i, why.Mismatches); err != nil {
		return failed(err, what)
	}
	c := replayed(quarantine.Open, at)
	c.set = append(c.set, "#reason = :reason")
	c.names["#reason"], c.values[":reason"] = "reason", text(string(why.Reason))
	for _, name := range []string{"detail", "mismatches"} {
		c.names["#"+name] = name
		if value, present := i[name]; present {
			c.set = append(c.set, "#"+name+" = :"+name)
			c.values[":"+name] = value
		} else {
			c.remove = append(c.remove, "#"+name)
		}
	}
	_, err := s.changeEntry(ctx, what, organization, id, c)
	return err
}

// Resolve implements store.Intake in one UpdateItem.
func (s *Intake) Resolve(ctx context.Context, organization, id string, at time.Time) error {
	_, err := s.changeEntry(ctx, "resolve entry", organization, id, replayed(quarantine.Resolved, at))
	return err
}

// Discard implements store.Intake in one UpdateItem.
func (s *Intake) Discard(ctx context.Context, organization, id string, at time.Time) error {
	const what = "discard entry"
	refused, err := s.changeEntry(ctx, what, organization, id, ending(quarantine.Discarded, at))
	if err == nil && refused {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.Conflict, store.CodeStale, "the entry is not open any more"))
	}
	return err
}

// DeleteEntry implements store.Intake in one DeleteItem.
func (s *Intake) DeleteEntry(ctx context.Context, organization, id string) error {
	return s.delete(ctx, "delete entry", entryKey(organization, id))
}

// ending gives an open entry another status.
func ending(status quarantine.Status, at time.Time) change {
	return change{
		set:       []string{"#status = :status", "#updated = :at"},
		condition: "attribute_exists(pk) AND #status = :open",
		names:     map[string]string{"#status": "status", "#updated": "updated_at"},
		values: item{":status": text(string(status)), ":open": text(string(quarantine.Open)),
			":at": text(timeText(at))},
	}
}

// replayed is ending that counts a replay.
func replayed(status quarantine.Status, at time.Time) change {
	c := ending(status, at)
	c.set = append(c.set, "#replays = if_not_exists(#replays, :zero) + :one")
	c.names["#replays"] = "replays"
	c.values[":zero"], c.values[":one"] = number(0), number(1)
	return c
}

// changeEntry changes an entry that is open, and tells whether it is not.
func (s *Intake) changeEntry(ctx context.Context, what, organization, id string, c change) (refused bool, err error) {
	standing, refused, err := s.update(ctx, what, entryKey(organization, id), c)
	if err == nil && refused && len(standing) == 0 {
		return true, fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "quarantine entry not found"))
	}
	return refused, err
}

// setMismatches keeps mismatches, of which a row has as many as fields, packed.
func (s *Intake) setMismatches(i item, mismatches []schema.Mismatch) error {
	if len(mismatches) == 0 {
		return nil
	}
	packed, err := s.packJSON(mismatches)
	i.setBytes("mismatches", packed)
	return err
}

// Entry implements store.Intake in one GetItem.
func (s *Intake) Entry(ctx context.Context, organization, id string) (quarantine.Entry, error) {
	const what = "get entry"
	i, err := s.get(ctx, what, entryKey(organization, id), "quarantine entry")
	if err != nil {
		return quarantine.Entry{}, err
	}
	entry, err := s.decodeEntry(organization, i)
	return entry, failed(err, what)
}

// Entries implements store.Intake: eventually consistent, one Query per shard for the first entries and, as the filter
// needs them, one for each further 250.
func (s *Intake) Entries(ctx context.Context, organization string, filter store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	all := sharded{what: "list entries", picky: filter != (store.QuarantineFilter{})}
	for n := range quarantineShards {
		all.partitions = append(all.partitions, quarantinePartition(organization, n))
	}
	list := []string{"quarantine", organization, filter.Connection, filter.Object, string(filter.Reason), string(filter.Status)}
	return newestFirst(ctx, s.table, all, list, p,
		func(i item) (quarantine.Entry, error) { return s.decodeEntry(organization, i) }, filter.Matches)
}

func (s *Intake) decodeEntry(organization string, i item) (quarantine.Entry, error) {
	in := read(i)
	e := quarantine.Entry{
		ID: unsortable(i.primary().sk), Organization: organization, Connection: in.text("connection"),
		Connector: in.text("connector"), Reason: quarantine.Reason(in.text("reason")), Detail: in.text("detail"),
		Object: in.text("object"), Batch: in.text("batch"), Public: in.text("public"), Client: in.text("client"),
		Row: int(in.number("row")), Index: int(in.number("index")), Record: in.text("record"),
		Kind: in.text("kind"), ReceivedAt: in.time("received_at"), Payload: in.payload(),
		Status: quarantine.Status(in.text("status")), Replays: int(in.number("replays")),
		UpdatedAt: in.time("updated_at"),
	}
	packed := in.bytes("mismatches")
	if in.err != nil || len(packed) == 0 {
		return e, in.err
	}
	return e, s.codec.unpackJSON(packed, &e.Mismatches)
}

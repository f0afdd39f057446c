package privacy

import (
	"context"
	"encoding/json"
	"fmt"

	"leadline/shared/delivery"
	"leadline/shared/record"
)

// sourceErasure is the Source.Kind of a tombstone that an erasure left; its Delivery is the job.
const sourceErasure = "erasure"

// eraser erases what is found.
type eraser struct{ *run }

func erasing(r *run) act { return eraser{r} }

// records erases the person's records. First it notes them, with the payloads that their history points at and their
// large values: what is erased cannot be asked any more.
func (e eraser) records(ctx context.Context, page []looked) error {
	for i := range page {
		v := &page[i]
		switch {
		case v.whole:
			if err := e.note(ctx, v.Record); err != nil {
				return err
			}
		case len(v.rows) > 0:
			for _, row := range v.rows {
				e.noteChanges(row.Changes)
			}
		case e.at.Pass > 1:
			for _, sha := range v.larges {
				if _, candidate := e.found.Larges[sha]; candidate {
					e.found.note(e.found.Used, sha)
				}
			}
		}
	}
	if err := e.saveFound(ctx); err != nil {
		return err
	}
	for _, v := range page {
		var err error
		if v.whole {
			err = e.record(ctx, v.Record)
		} else if len(v.rows) > 0 {
			err = e.redact(ctx, v.rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// note notes a record that is about to be erased.
func (e eraser) note(ctx context.Context, rec record.Record) error {
	e.found.noteRecord(rec.Key)
	e.notePayload(rec.Source)
	e.noteLarges(rec.Large)
	if rec.Partial != nil {
		e.noteLarges(rec.Partial.DormantLarge)
	}
	return e.eachRow(ctx, rec.Key, func() { e.budget-- }, func(row record.Revision) error {
		e.notePayload(row.Source)
		e.noteChanges(row.Changes)
		return nil
	})
}

func (e eraser) noteLarges(larges map[string]record.Large) {
	for _, large := range larges {
		e.found.noteLarge(large.SHA256, e.at.Pass)
	}
}

func (e eraser) noteChanges(changes []record.FieldChange) {
	for _, c := range changes {
		for _, large := range []*record.Large{c.OldLarge, c.NewLarge} {
			if large != nil {
				e.found.noteLarge(large.SHA256, e.at.Pass)
			}
		}
	}
}

// record leaves a tombstone of a record, and of its history the tombstone's own row alone.
func (e eraser) record(ctx context.Context, rec record.Record) error {
	for range races {
		if isBare(rec) {
			return e.history(ctx, rec.Key, rec.Rev)
		}
		tombstone := e.tombstone(rec)
		e.budget--
		replaced, standing, err := e.Records.Replace(ctx, tombstone, rec.Rev)
		if err != nil {
			return fmt.Errorf("tombstone: %w", err)
		}
		if replaced {
			e.changed(CountRecords, 1)
			if !rec.Erased && e.who.Text([]byte(rec.ID)) {
				e.count(CountIDs, 1)
			}
			return e.history(ctx, rec.Key, rec.Rev+1)
		}
		if standing == nil { // nobody deletes records; a list may have been behind
			return nil
		}
		rec = *standing
	}
	return contended("record")
}

// isBare tells whether nothing is left of a record.
func isBare(rec record.Record) bool {
	p := rec.Partial
	return rec.Erased && rec.Deleted && len(rec.Fields)+len(rec.Large) == 0 && rec.Source.Kind == sourceErasure &&
		(p == nil || len(p.Dormant)+len(p.DormantLarge) == 0)
}

// tombstone gives what is left of a record: enough to keep every state that is as old, or older, from coming back.
func (e eraser) tombstone(rec record.Record) record.Record {
	t := record.Record{Key: rec.Key, Version: rec.Version, Deleted: true, MergedInto: rec.MergedInto, Erased: true,
		Source: record.Source{Kind: sourceErasure, Delivery: e.job.ID}, StoredAt: e.Now().UTC()}
	if rec.Partial != nil {
		t.Partial = &record.Partial{Deleted: justBehind(rec.Partial.Newest())}
	}
	return t
}

// justBehind gives the stamp that is newer than a row's and older than that of every other newer row: a row that comes
// again counts as older than the deletion, not as the same.
func justBehind(s record.Stamp) record.Stamp {
	const last = "~"
	if n := len(s); n > 0 && s[n-1:] == last {
		return s
	}
	return s + last
}

// history deletes the rows of a record below a rev.
func (e eraser) history(ctx context.Context, key record.Key, below int64) error {
	var revs []int64
	err := e.eachRow(ctx, key, func() { e.budget-- }, func(row record.Revision) error {
		if row.Rev < below {
			revs = append(revs, row.Rev)
		}
		return nil
	})
	if err != nil || len(revs) == 0 {
		return err
	}
	e.spent(0)
	if err := e.History.Delete(ctx, key, revs...); err != nil {
		return fmt.Errorf("delete history: %w", err)
	}
	e.changed(CountHistory, len(revs))
	return nil
}

// redact takes what is the person's out of rows of a record that is not.
func (e eraser) redact(ctx context.Context, rows []record.Revision) error {
	l := &looker{run: e.run}
	for i := range rows {
		row := &rows[i]
		for n := range row.Changes {
			c := &row.Changes[n]
			var v looked
			before, err := l.largeHolds(ctx, &v, c.OldLarge)
			if err != nil {
				return err
			}
			after, err := l.largeHolds(ctx, &v, c.NewLarge)
			if err != nil {
				return err
			}
			if named := e.who.Text([]byte(c.Field)); named || before || e.valueHolds(c.Old) {
				c.Old, c.OldLarge = erasedValue(c.Old, c.OldLarge)
			}
			if named := e.who.Text([]byte(c.Field)); named || after || e.valueHolds(c.New) {
				c.New, c.NewLarge = erasedValue(c.New, c.NewLarge)
			}
			if e.who.Text([]byte(c.Field)) {
				c.Field = "erased"
			}
		}
	}
	e.spent(0)
	if err := e.History.Put(ctx, rows...); err != nil {
		return fmt.Errorf("redact history: %w", err)
	}
	e.changed(CountHistory, len(rows))
	return nil
}

// erasedValue gives what stands in a row of history for a value that was there.
func erasedValue(value json.RawMessage, large *record.Large) (json.RawMessage, *record.Large) {
	if value == nil && large == nil {
		return nil, nil
	}
	return json.RawMessage(erasedMark), nil
}

// archived erases bodies in an object of kept payloads, each in place, so that the others stay where they are. First goes
// what lies under the inbox of a large body: the kept one leads to it.
func (e eraser) archived(ctx context.Context, o archived) error {
	for _, k := range o.bodies {
		p := k.Payload
		packed, whole, err := erasedBody(k.match, int(p.Length))
		if err != nil {
			return err
		}
		if whole {
			e.found.note(e.found.Deliveries, k.Delivery)
		}
		copy(o.bytes[p.Offset:p.Offset+p.Length], packed)
	}
	if err := e.saveFound(ctx); err != nil {
		return err
	}
	for _, k := range o.bodies {
		if err := e.inbox(ctx, "inbox/"+e.job.Organization+"/"+k.Delivery+".gz", k.match); err != nil {
			return err
		}
	}
	e.spent(len(o.bytes))
	if err := e.Payloads.Put(ctx, o.key, o.bytes); err != nil {
		return fmt.Errorf("overwrite payloads: %w", err)
	}
	e.changed(CountPayloads, len(o.bodies))
	return nil
}

// inbox erases a body that may be on its way still, or lie where it lay then: what reads it finds a body of the same
// length, in which the person's part is no row and no webhook.
func (e eraser) inbox(ctx context.Context, key string, m match) error {
	packed, found, err := e.get(ctx, key)
	if err != nil || !found {
		return err
	}
	if body, err := delivery.Unpack(packed); err != nil || isErased(body) {
		return nil
	}
	out, _, err := erasedBody(m, len(packed))
	if err != nil {
		return err
	}
	if err := e.Payloads.Put(ctx, key, out); err != nil {
		return fmt.Errorf("overwrite a body on its way: %w", err)
	}
	return nil
}

func (e eraser) aside(ctx context.Context, a aside) error {
	e.budget--
	if err := e.Intake.DeleteEntry(ctx, a.Organization, a.ID); err != nil {
		return fmt.Errorf("delete an entry: %w", err)
	}
	e.changed(CountQuarantine, 1)
	return nil
}

// delivered deletes a delivery, its body first: the log leads to it.
func (e eraser) delivered(ctx context.Context, d delivered) error {
	if d.Payload != nil && e.owns(d.Payload.Key) {
		if err := e.Payloads.Delete(ctx, d.Payload.Key); err != nil {
			return err
		}
	}
	e.budget -= 2
	if err := e.Deliveries.DeleteDelivery(ctx, d.Organization, d.Destination, d.ID); err != nil {
		return fmt.Errorf("delete a delivery: %w", err)
	}
	e.changed(CountDeliveries, 1)
	return nil
}

// person deletes an account, its keys first: the account leads to them.
func (e eraser) person(ctx context.Context, p account) error {
	for _, k := range p.keys {
		if !k.RevokedAt.IsZero() {
			continue
		}
		if err := e.Members.RevokeKey(ctx, p.Organization, k.ID, e.Now().UTC()); err != nil {
			return fmt.Errorf("revoke a key: %w", err)
		}
	}
	e.budget -= 1 + len(p.keys)
	if err := e.Members.DeletePerson(ctx, p.Organization, p.ID); err != nil {
		return fmt.Errorf("delete an account: %w", err)
	}
	e.changed(CountPeople, 1)
	return nil
}

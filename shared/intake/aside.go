package intake

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/telemetry"
)

// setAside puts a delivery as a whole into quarantine; a replay goes back to the entry it came from.
func (in *Intake) setAside(ctx context.Context, it *item, why *fault.Error) error {
	if it.Replay != "" {
		return in.requeue(ctx, it.Organization, it.Replay, why, nil)
	}
	e := in.entry(it, why)
	e.ID = it.ID
	return in.addEntry(ctx, e)
}

// entry begins an entry of the quarantine about a delivery.
func (in *Intake) entry(it *item, why *fault.Error) quarantine.Entry {
	e := quarantine.Entry{Organization: it.Organization, Connection: it.Connection, Connector: it.Connector,
		Reason: quarantine.Reason(why.Code), Detail: why.Message, Kind: it.Kind, ReceivedAt: it.ReceivedAt,
		Payload: it.payload, Status: quarantine.Open, UpdatedAt: in.Now().UTC()}
	if p := it.Batch; p != nil {
		e.Object, e.Batch, e.Public, e.Client = p.Object, p.ID, p.Public, p.Client
	}
	return e
}

func (in *Intake) addEntry(ctx context.Context, e quarantine.Entry) error {
	if err := in.Intake.SetAside(ctx, e); err != nil {
		return fmt.Errorf("intake: set aside: %w", err)
	}
	telemetry.Count(ctx, "SetAside", 1)
	return nil
}

// requeue notes that a replay of an entry failed again. An entry that is not there any more was erased since.
func (in *Intake) requeue(ctx context.Context, organization, entry string, why *fault.Error, mismatches []schema.Mismatch) error {
	again := quarantine.Entry{Reason: quarantine.Reason(why.Code), Detail: why.Message, Mismatches: mismatches}
	if err := in.Intake.Requeue(ctx, organization, entry, again, in.Now().UTC()); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("intake: set aside again: %w", err)
	}
	telemetry.Count(ctx, "SetAside", 1)
	return nil
}

// resolve notes that a replay of an entry was applied.
func (in *Intake) resolve(ctx context.Context, organization, entry string) error {
	if err := in.Intake.Resolve(ctx, organization, entry, in.Now().UTC()); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("intake: resolve quarantine entry %s: %w", entry, err)
	}
	telemetry.Count(ctx, "Resolved", 1)
	return nil
}

// setRowsAside puts each row that cannot be applied into an entry of its own; of rows that are replayed, it says what
// became of their entries.
func (in *Intake) setRowsAside(ctx context.Context, b *batch) error {
	var rows []*row
	for _, r := range b.rows {
		if r.why != nil || r.aside || len(b.Rows) > 0 {
			rows = append(rows, r)
		}
	}
	return in.sideBySide(ctx, b.item.ID, len(rows), func(ctx context.Context, i int) error {
		switch r := rows[i]; {
		case r.why == nil:
			return in.resolve(ctx, b.Organization, r.entry)
		case len(b.Rows) > 0:
			return in.requeue(ctx, b.Organization, r.entry, r.why, r.mismatches)
		case r.aside:
			return nil
		default:
			e := in.entry(b.item, r.why)
			e.ID, e.Object, e.Batch, e.Row, e.Index, e.Mismatches = r.entry, b.part.Object, b.part.ID, r.Number, r.index, r.mismatches
			err := in.addEntry(ctx, e)
			r.aside = err == nil
			return err
		}
	})
}

// propose adds the rows that broke the schema to the version that is proposed to the admin, once however often they come,
// and tells of a proposal once. It is not judged if the schema has become another one since the rows were held to it.
//
// Where many batches break the schema at once, not all of them get to write: those that ask for nothing new are then left
// out of the count.
func (in *Intake) propose(ctx context.Context, b *batch) (judged bool, err error) {
	var rows []schema.Row
	unconfirmed := false
	for _, r := range b.rows {
		switch {
		case r.why == nil:
		case r.why.Code == string(quarantine.SchemaMismatch):
			rows = append(rows, schema.Row{Entry: r.entry, Create: r.Action == record.ActionCreate, Fields: r.Fields})
		case r.why.Code == string(quarantine.SchemaUnconfirmed):
			unconfirmed = true
		}
	}
	if len(rows) == 0 && !unconfirmed {
		return true, nil
	}
	chunk := fmt.Sprintf("%s-%d", b.part.ID, b.part.Number)
	if b.replay() {
		chunk = b.item.ID
	}
	for try := range 2 * contests {
		o, err := in.readObject(ctx, b.key())
		if err != nil {
			return false, err
		}
		// What is replayed row by row had its entries before, so that whoever accepts a version replays them again.
		if len(b.Rows) == 0 && (o.Present.Number != b.object.Present.Number || o.State != b.object.State) {
			return false, nil
		}
		asking := rows
		if b.replay() || try >= contests { // those that the proposal lets through were counted when they first came
			asking = beyond(schema.Next(o), rows)
		}
		p := schema.Propose(o, asking, chunk, in.Now().UTC())
		if p != nil && p != o.Proposal {
			o.Proposal = p
			_, saved, err := in.saveObject(ctx, b.key(), o, false)
			if err != nil {
				return false, err
			}
			if !saved {
				continue
			}
		}
		return true, in.tellProposal(ctx, o)
	}
	return false, contended("schema of " + b.part.Object)
}

// beyond gives the rows that break a version.
func beyond(v schema.Version, rows []schema.Row) []schema.Row {
	var broken []schema.Row
	for _, r := range rows {
		if len(schema.Check(v, r.Create, r.Fields)) > 0 {
			broken = append(broken, r)
		}
	}
	return broken
}

// tellProposal tells the admins that a version is proposed. The notice is told again with each chunk of rows that breaks
// the schema, so that no crash loses it; its name, drawn from the proposal, makes it one.
func (in *Intake) tellProposal(ctx context.Context, o schema.Object) error {
	if o.Proposal == nil { // accepted or refused since
		return nil
	}
	_, err := in.Journal.Tell(ctx, notice.Notice{ID: proposalNotice(o), Organization: o.Organization, At: o.Proposal.Since, Kind: notice.SchemaProposed,
		Subject: "connections/" + o.Connection + "/objects/" + o.Name,
		Text:    fmt.Sprintf("Rows of %s break version %d of its schema and were set aside. A next version is proposed: accept it or refuse it.", o.Title, o.Present.Number)})
	if err != nil {
		return fmt.Errorf("intake: tell of a proposal: %w", err)
	}
	return nil
}

// proposalNotice names the notice of a proposal: a ULID of when the first row asked for it and of what it is about.
func proposalNotice(o schema.Object) string {
	return delivery.NamedID(o.Proposal.Since, "proposal", o.Organization, o.Connection, o.Name, o.Proposal.Since.UTC().Format(time.RFC3339Nano))
}

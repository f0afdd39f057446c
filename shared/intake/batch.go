package intake

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/telemetry"
)

// claimLasts is for how long the sender's own key of a batch makes a resend a no-op.
const claimLasts = 30 * 24 * time.Hour

// CodeOutOfTime is the code of the failure of a batch for which there was no time: it can be sent round again at once.
const CodeOutOfTime = "out_of_time"

// rowTime is what a row may take where the table is slow. A batch is not begun that might not end in the function's
// time, for one that is cut off has done its work for nothing: all of it is tried again.
const rowTime = 2 * time.Millisecond

// batch is a push, or a part of a file, on its way.
type batch struct {
	*item
	part  delivery.BatchPart
	title string
	// object is what the rows are held to; Rev 0 if nobody has seen one.
	object schema.Object
	rows   []*row
}

// row is one row of a batch on its way.
type row struct {
	push.Row
	raw []byte
	// index is its place in the payload, from 0.
	index int
	// entry names its quarantine entry: the one that it has, or the one that it gets.
	entry string
	stamp record.Stamp
	// outcome is what became of it; by the row that superseded it.
	outcome push.Outcome
	by      int
	// why is set where it is set aside.
	why        *fault.Error
	mismatches []schema.Mismatch
	// aside says that it was put into an entry of its own.
	aside bool
}

// replay tells whether the delivery tries something again that was set aside.
func (it *item) replay() bool { return it.Replay != "" || len(it.Rows) > 0 }

// key names the object of the batch.
func (b *batch) key() objectKey { return keyOf(b.item, b.part.Object) }

// settleRows works through a delivery of rows: each is applied or set aside by itself, then what became of all is noted.
// In order: the claim, the first version of the schema, records, entries of the quarantine, the proposal for the schema,
// the outcomes. Each can be repeated, and says the same again.
//
// A schema may be accepted, or confirmed, between the judgement of the rows and their entries, and the replay that follows
// finds no entries yet. Then the rows are judged once more.
func (in *Intake) settleRows(ctx context.Context, it *item) error {
	b := &batch{item: it, part: *it.Batch}
	if it.Replay != "" && it.Corrected { // it is none that came before
		b.part.ID = it.ID
	}
	if !it.replay() {
		if finished, err := in.claim(ctx, b); err != nil || finished {
			return in.refused(ctx, b, err)
		}
	}
	if err := b.read(); err != nil {
		return in.refused(ctx, b, err)
	}
	if err := in.begin(ctx, b); err != nil {
		return err
	}
	defer in.rows.Release(int64(len(b.rows)))
	for judged := false; !judged; {
		if err := in.judge(ctx, b); err != nil {
			return err
		}
		if err := in.applyRows(ctx, b); err != nil {
			return err
		}
		if err := in.setRowsAside(ctx, b); err != nil {
			return err
		}
		var err error
		if judged, err = in.propose(ctx, b); err != nil {
			return err
		}
	}
	if err := in.conclude(ctx, b); err != nil || it.Replay == "" {
		return err
	}
	return in.resolve(ctx, it.Organization, it.Replay)
}

// begin waits until there is room for the rows, and for time enough.
func (in *Intake) begin(ctx context.Context, b *batch) error {
	if err := in.rows.Acquire(ctx, int64(len(b.rows))); err != nil {
		return fmt.Errorf("intake: wait for other batches: %w", err)
	}
	end, bounded := ctx.Deadline()
	if needed := time.Duration(len(b.rows)) * rowTime; bounded && time.Until(end) < needed {
		in.rows.Release(int64(len(b.rows)))
		return fault.New(fault.Unavailable, CodeOutOfTime, "intake: no time is left for a batch of %d rows", len(b.rows))
	}
	return nil
}

// claim finds out whether another delivery brought the batch before, under the sender's own key, or the same one, and
// whether it is done with. A resend takes the place of the first, so that all it does is there already. What came under
// the key of another batch is Invalid.
func (in *Intake) claim(ctx context.Context, b *batch) (finished bool, err error) {
	if b.Kind != delivery.Push { // the parts of a file have no claim, and remember by themselves that they are finished
		return false, nil
	}
	if b.part.Claim != "" {
		stands, err := in.Batches.Claim(ctx, push.Claim{Organization: b.Organization, ID: b.part.Claim, Batch: b.part.ID,
			ReceivedAt: b.ReceivedAt, Sum: b.part.Sum, ExpiresAt: b.ReceivedAt.Add(claimLasts)})
		switch {
		case err != nil:
			return false, fmt.Errorf("intake: claim a batch: %w", err)
		case stands != nil && stands.Sum != b.part.Sum:
			return false, fault.New(fault.Invalid, string(quarantine.BatchReused),
				"Another batch came under this key before, on %s. Send other rows under a key of their own.", stands.ReceivedAt.UTC().Format(time.RFC3339))
		case stands != nil:
			b.part.ID, b.ReceivedAt = stands.Batch, stands.ReceivedAt
		}
	}
	stored, err := in.Batches.Batch(ctx, b.Organization, b.part.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("intake: look for a batch: %w", err)
	}
	return stored.Status == push.Finished || stored.Status == push.Refused, nil
}

// read finds the rows in the body: all of them, or those that are replayed.
func (b *batch) read() error {
	contents, err := push.ReadBody(b.Body)
	if err != nil {
		return err
	}
	b.part.Object, b.title = contents.Object, contents.Title
	if n := len(contents.Rows); n > push.MaxRows { // a corrected body has been through no door; there is never room for so many
		return fault.New(fault.Invalid, string(quarantine.TooLarge), "The body has %d rows; expected at most %d.", n, push.MaxRows)
	}
	add := func(index int, entry string) {
		number := b.part.First + index
		if entry == "" {
			entry = quarantine.RowID(b.part.ID, number)
		}
		b.rows = append(b.rows, &row{Row: push.Row{Number: number}, raw: contents.Rows[index], index: index, entry: entry})
	}
	if len(b.Rows) == 0 {
		for i := range contents.Rows {
			add(i, "")
		}
		return nil
	}
	for _, again := range b.Rows {
		if again.Index < 0 || again.Index >= len(contents.Rows) {
			return fault.New(fault.Invalid, string(quarantine.MissingData), "The payload has %d rows, and none at place %d.", len(contents.Rows), again.Index)
		}
		add(again.Index, again.Entry)
	}
	return nil
}

// stampOf gives the stamp of a row: by what the row itself says of its version, else by its receipt. A plain replay has
// the stamp that the row would have had, a corrected one counts as newer than it.
func (b *batch) stampOf(r push.Row) record.Stamp {
	micros, by := max(0, b.ReceivedAt.UnixMicro()), b.part.ID
	if r.Versioned {
		micros = r.Version
	}
	if b.Corrected {
		by = b.item.ID
	}
	return record.NewStamp(micros, by, r.Number)
}

// refused sets a delivery of rows aside as a whole, if err says that it can never be applied. Else it gives err back.
func (in *Intake) refused(ctx context.Context, b *batch, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	why := fault.Of(err)
	if len(b.Rows) > 0 {
		for _, r := range b.Rows {
			if err := in.requeue(ctx, b.Organization, r.Entry, why, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := in.setAside(ctx, b.item, why); err != nil || b.Replay != "" {
		return err
	}
	if b.Kind == delivery.File {
		return in.finishChunk(ctx, b, push.Chunk{Number: b.part.Number, First: b.part.First, Counts: map[push.Outcome]int64{}})
	}
	summary := b.summary(in.Now().UTC())
	summary.Status, summary.Problem = push.Refused, why.Message
	if err := in.Batches.SaveBatch(ctx, summary); err != nil {
		return fmt.Errorf("intake: save batch: %w", err)
	}
	return nil
}

// summary gives the batch as it is stored, without outcomes.
func (b *batch) summary(now time.Time) push.Batch {
	return push.Batch{ID: b.part.ID, Public: b.part.Public, Organization: b.Organization, Connection: b.Connection, Client: b.part.Client,
		Object: b.part.Object, Kind: b.Kind, ReceivedAt: b.ReceivedAt, FinishedAt: now, Status: push.Finished,
		Rows: int64(len(b.rows)), Chunks: 1, Done: 1}
}

// What is told of the rows of a chunk must fit an item of 400 kB: the first rows are explained, and the longest ids there
// are leave room for those of a few hundred rows.
const (
	maxDetails   = 1_000
	maxToldBytes = 200 << 10
)

// chunk gives what became of the rows.
func (b *batch) chunk() push.Chunk {
	c := push.Chunk{Number: b.part.Number, First: b.part.First, Rows: len(b.rows), Counts: map[push.Outcome]int64{}}
	room := maxToldBytes
	told := func(text string) string {
		if len(text) > room {
			return ""
		}
		room -= len(text)
		return text
	}
	for _, r := range b.rows {
		c.Counts[r.outcome]++
		if r.outcome == push.Applied {
			continue
		}
		o := push.RowOutcome{Row: r.Number, ID: told(r.ID), Outcome: r.outcome, By: r.by}
		if r.why != nil {
			o.Code = r.why.Code
			if len(c.Outcomes) < maxDetails {
				o.Detail = told(r.why.Message)
			}
		}
		c.Outcomes = append(c.Outcomes, o)
	}
	return c
}

// conclude notes what became of the rows: in one write where the batch is whole. Of rows that are replayed one by one
// their entries tell, and the batch goes on to say what became of it when it came.
func (in *Intake) conclude(ctx context.Context, b *batch) error {
	c := b.chunk()
	for outcome, n := range c.Counts {
		telemetry.Count(ctx, "Rows_"+string(outcome), int(n))
	}
	switch {
	case len(b.Rows) > 0, b.Kind == delivery.File && b.replay():
		return nil
	case b.Kind == delivery.File:
		return in.finishChunk(ctx, b, c)
	}
	summary := b.summary(in.Now().UTC())
	summary.Counts, summary.Only = c.Counts, &c
	if err := in.Batches.SaveBatch(ctx, summary); err != nil {
		return fmt.Errorf("intake: save batch: %w", err)
	}
	return nil
}

// finishChunk notes what became of a part of a file. A batch that is not stored any more was forgotten for its age, and
// its outcomes with it.
func (in *Intake) finishChunk(ctx context.Context, b *batch, c push.Chunk) error {
	if err := in.Batches.FinishChunk(ctx, b.Organization, b.part.ID, c); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("intake: finish chunk: %w", err)
	}
	return nil
}

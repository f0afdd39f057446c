package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
)

// passes is how often what fails for a while (a throttled write) is tried within a batch without getting any further. One
// row in a thousand that fails would otherwise fail every batch of ten thousand for ever, and so would a table that takes
// a thousand writes a second: all of them would be tried again from the beginning, each time.
const passes = 4

// judge says of each row whether it can be applied: by its syntax, by the clock, and by the schema of its object, which
// the first rows of an unknown object fix. What is remembered of the object lets rows through, but turns none away: the
// object is read again first, so that a version that was just accepted works at once.
func (in *Intake) judge(ctx context.Context, b *batch) error {
	o, remembered := in.cached(b.key())
	for range contests {
		if !remembered {
			var err error
			if o, err = in.readObject(ctx, b.key()); err != nil {
				return err
			}
		}
		if fine := in.judgeBy(b, o); fine || !remembered {
			if stands, err := in.settleSchema(ctx, b); err != nil || stands {
				return err
			}
		}
		remembered = false
	}
	return contended("schema of " + b.part.Object)
}

// settleSchema stores what the rows say of the schema for themselves: the first version, and what a field is of which
// only nulls were seen. It tells whether the judgement of the rows stands.
func (in *Intake) settleSchema(ctx context.Context, b *batch) (bool, error) {
	var contents []record.Fields
	for _, r := range b.rows {
		if r.why == nil && r.Action != record.ActionDelete {
			contents = append(contents, r.Fields)
		}
	}
	if len(contents) == 0 { // deletions alone say nothing about what the object looks like
		return true, nil
	}
	if b.object.Rev == 0 {
		o, saved, err := in.declare(ctx, b.key(), b, contents)
		if saved {
			in.judgeBy(b, o)
		}
		return saved, err
	}
	next, changed := schema.Settle(b.object.Present, contents...)
	if !changed {
		return true, nil
	}
	o := b.object
	o.Present = next
	settled, saved, err := in.saveObject(ctx, b.key(), o, true)
	if saved {
		b.object = settled
	}
	return saved, err
}

// judgeBy judges the rows by an object and tells whether all of them pass.
func (in *Intake) judgeBy(b *batch, o schema.Object) (fine bool) {
	b.object, fine = o, true
	settings := push.Settings{IDField: o.IDField, VersionField: o.VersionField}
	for _, r := range b.rows {
		number := r.Number
		r.outcome, r.mismatches = push.Applied, nil
		r.Row, r.why = push.Judge(r.raw, number, settings)
		r.Number = number
		if r.why == nil {
			r.stamp = b.stampOf(r.Row)
			r.why = in.misfit(o, r)
		}
		if r.why != nil {
			r.outcome, fine = push.SetAside, false
		}
	}
	return fine
}

// misfit tells why a row of the right syntax cannot be applied; nil if it can.
//
// A version that is a plain number is the sender's own count and says nothing about any clock, so that there is none to
// guard it with.
func (in *Intake) misfit(o schema.Object, r *row) *fault.Error {
	if r.Dated {
		if why := in.guard(o.Name, time.UnixMicro(r.Version)); why != nil {
			return why
		}
	}
	if o.State == schema.Draft {
		return fault.New(fault.Invalid, string(quarantine.SchemaUnconfirmed),
			"The schema of %s is not confirmed yet. Confirm it, then replay the row.", o.Title)
	}
	if r.Action == record.ActionDelete {
		return nil
	}
	if o.Rev > 0 {
		r.mismatches = schema.Check(o.Present, r.Action == record.ActionCreate, r.Fields)
		if len(r.mismatches) == 0 {
			return nil
		}
	}
	if err := schema.CheckRow(r.Fields); err != nil {
		r.mismatches = nil
		return fault.Of(err)
	}
	if len(r.mismatches) == 0 {
		return nil
	}
	m := r.mismatches[0]
	more := ""
	if n := len(r.mismatches) - 1; n > 0 {
		more = fmt.Sprintf(" And %d more fields.", n)
	}
	return fault.New(fault.Invalid, string(quarantine.SchemaMismatch), "Row %d: field %q: expected %s, found %s.%s", r.Number, m.Field, m.Expected, m.Found, more)
}

// applyRows applies the rows that can be, those of one record together.
func (in *Intake) applyRows(ctx context.Context, b *batch) error {
	places := map[string]int{}
	var groups [][]*row
	for _, r := range b.rows {
		if r.why != nil {
			continue
		}
		place, found := places[r.ID]
		if !found {
			place = len(groups)
			places[r.ID], groups = place, append(groups, nil)
		}
		groups[place] = append(groups[place], r)
	}
	return in.sideBySide(ctx, b.item.ID, len(groups), func(ctx context.Context, i int) error {
		return in.applyRecord(ctx, b, groups[i])
	})
}

// applyRecord merges rows into their record, oldest first by their stamps: one conditional write, however many rows.
//
// A row that creates is written without a look, for most find nothing; where one finds a record, the refused write says
// what stands. The others look first, for most find something: a write that is refused costs five times what a read does.
func (in *Intake) applyRecord(ctx context.Context, b *batch, rows []*row) error {
	rows = slices.SortedStableFunc(slices.Values(rows), func(x, y *row) int { return strings.Compare(string(x.stamp), string(y.stamp)) })
	last := rows[len(rows)-1]
	merges, creates := make([]record.Row, len(rows)), false
	for i, r := range rows {
		merges[i] = record.Row{Action: r.Action, Stamp: r.stamp, Fields: r.Fields}
		creates = creates || r.Action == record.ActionCreate
	}
	key := record.Key{Organization: b.Organization, Connection: b.Connection, Object: b.part.Object, ID: last.ID}
	var stands *record.Record
	if !creates {
		stored, err := in.Records.Get(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("intake: read %s: %w", key.Object, err)
		}
		if err == nil {
			stands = &stored
		}
	}
	for range contests {
		merged, changed := record.Merge(stands, merges...)
		if !changed {
			settleOutcomes(merged, rows)
			return nil
		}
		merged.Key, merged.StoredAt, merged.Source = key, in.Now().UTC(), b.source(last)
		if err := in.keepLarge(ctx, &merged); err != nil {
			if !fault.Is(err, fault.Invalid) {
				return err
			}
			for _, r := range rows {
				r.why, r.outcome = fault.Of(err), push.SetAside
			}
			return nil
		}
		var rev int64
		if stands != nil {
			rev = stands.Rev
		}
		replaced, standing, err := in.Records.Replace(ctx, merged, rev)
		if err != nil {
			return fmt.Errorf("intake: store %s: %w", key.Object, err)
		}
		if replaced {
			settleOutcomes(merged, rows)
			return nil
		}
		stands = standing
	}
	return contended(key.Object)
}

// source says what caused the state that a row left: the batch and the row, or the replay of it.
func (b *batch) source(r *row) record.Source {
	s := record.Source{Kind: b.Kind, Delivery: b.part.ID, Action: string(r.Action), Row: r.Number, Payload: b.payload}
	if b.replay() {
		s.Delivery = b.item.ID
	}
	return s
}

// settleOutcomes says what became of the rows of one record, sorted by stamp, from nothing but the record that they are
// merged into: a second try finds what the first said. Where others have written since, it may find more rows stale.
func settleOutcomes(merged record.Record, rows []*row) {
	last := rows[len(rows)-1]
	for _, r := range rows[:len(rows)-1] {
		r.outcome, r.by = push.Superseded, last.Number
	}
	last.outcome, last.by = outcomeOf(merged.Deleted, merged.Partial, last), 0
}

func outcomeOf(deleted bool, p *record.Partial, r *row) push.Outcome {
	switch {
	case r.stamp == p.Deleted, r.stamp == p.Created:
		return push.Applied
	case r.Action == record.ActionDelete, r.stamp < p.Deleted:
		return push.Stale
	case deleted:
		return push.Ignored
	}
	for name := range r.Fields {
		if p.Stamp(name) == r.stamp {
			return push.Applied
		}
	}
	return push.Stale
}

// sideBySide runs do for 0 to n-1, parallelRecords at once over all batches. What fails for a while is tried again after
// the others, as long as they get on; any other failure ends it.
func (in *Intake) sideBySide(ctx context.Context, delivery string, n int, do func(ctx context.Context, i int) error) error {
	if n == 1 {
		return do(ctx, 0)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	todo := make([]int, n)
	for i := range todo {
		todo[i] = i
	}
	for fruitless := 0; ; {
		var (
			wait    sync.WaitGroup
			mu      sync.Mutex
			failed  []int
			first   error
			forGood error
		)
		for _, i := range todo {
			if in.records.Acquire(ctx, 1) != nil {
				break // it has failed, or its time is over
			}
			wait.Go(func() {
				defer in.records.Release(1)
				err := in.guarded(delivery, func() error { return do(ctx, i) })
				if err == nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if failed = append(failed, i); first == nil {
					first = err
				}
				if forGood == nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.RateLimited) {
					forGood = err
					stop()
				}
			})
		}
		wait.Wait()
		if fruitless++; len(failed) < len(todo) {
			fruitless = 0
		}
		switch {
		case forGood != nil:
			return forGood
		case ctx.Err() != nil:
			return fmt.Errorf("intake: work on a batch: %w", ctx.Err())
		case len(failed) == 0:
			return nil
		case fruitless == passes:
			return first
		}
		todo = failed
	}
}

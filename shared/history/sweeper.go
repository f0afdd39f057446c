package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/record"
	"leadline/shared/store"
)

// job is the name under which the sweeper keeps how far it has come.
const job = "sweep"

// pageSize is how many records the sweeper reads at once.
const pageSize = 200

// Sweeper finds writes whose row of history is missing (the stream keeps them for 24 hours only) and makes the row up
// from the record and the rows that are there. A pass reads all records once; it may take several runs.
type Sweeper struct {
	Records store.Records
	History store.History
	Cursors store.Cursors
	Now     func() time.Time
	// Grace is how old a write must be before its row is missed: the stream may still bring it.
	Grace time.Duration
	// Interval is the least time from the start of one pass to the start of the next.
	Interval time.Duration
}

// Report counts what a run of the sweeper did.
type Report struct {
	// Checked counts the records whose history was read; Repaired the rows that were made up; Failed the records whose
	// history could not be repaired: the pass goes on without them, the next one comes to them again.
	Checked, Repaired, Failed int
	// Failure is the last failure of those.
	Failure error
	// Complete says that the pass is through, or that none is due.
	Complete bool
}

// progress is the state between runs.
type progress struct {
	V int `json:"v"`
	// Cursor is where the pass goes on, empty if none is under way.
	Cursor  string    `json:"cursor"`
	Started time.Time `json:"started"`
	// Failed says that the pass had to leave records out.
	Failed bool `json:"failed"`
	// Since is when the last complete pass started, less the grace: records unchanged since then are known to be whole.
	Since time.Time `json:"since"`
}

// Sweep goes on with the pass that is under way, or starts one if it is due, until it is through or until stop says so,
// asked after each page. restart starts a pass over all records at once.
func (s *Sweeper) Sweep(ctx context.Context, restart bool, stop func() bool) (Report, error) {
	var report Report
	p, err := s.load(ctx)
	if err != nil {
		return report, err
	}
	now := s.Now()
	switch {
	case restart:
		p = progress{Started: now}
	case p.Cursor != "":
	case now.Sub(p.Started) < s.Interval:
		report.Complete = true
		return report, nil
	default:
		p.Started, p.Failed = now, false
	}
	for {
		records, next, err := s.Records.Scan(ctx, store.Page{Cursor: p.Cursor, Limit: pageSize})
		if err != nil {
			return report, fmt.Errorf("history: scan records: %w", err)
		}
		for i := range records {
			r := &records[i]
			if r.StoredAt.Before(p.Since) || now.Sub(r.StoredAt) < s.Grace {
				continue
			}
			repaired, err := s.repair(ctx, r)
			if err != nil && ctx.Err() != nil {
				return report, err
			}
			if err != nil {
				report.Failed, report.Failure, p.Failed = report.Failed+1, err, true
				continue
			}
			report.Checked++
			report.Repaired += repaired
		}
		if p.Cursor = next; next == "" {
			report.Complete = true
			if !p.Failed { // else the next pass looks as far back as this one
				p.Since = p.Started.Add(-s.Grace)
			}
		}
		if err := s.save(ctx, p); err != nil {
			return report, err
		}
		if report.Complete || stop() {
			return report, nil
		}
	}
}

// repair makes up the rows that a record's history lacks. It walks from the record back through its rows, undoing each,
// until a row does not join the one before it; what lies between becomes one row.
func (s *Sweeper) repair(ctx context.Context, r *record.Record) (int, error) {
	rows, err := s.rows(ctx, r.Key)
	if err != nil {
		return 0, err
	}
	var missing []record.Revision
	after := r // the state at revision after.Rev; all of it is known only of the record itself
	for i := len(rows); after.Rev > 0; {
		for i > 0 && rows[i-1].Rev > after.Rev { // lies within a row already walked, or was written since the scan
			i--
		}
		if i > 0 && rows[i-1].Rev == after.Rev {
			i--
			if rows[i].Erased { // what was before an erasure is gone for good
				break
			}
			after = rows[i].Undo(after)
			continue
		}
		before := fold(rows[:i])
		missing = append(missing, gap(before, after))
		if before == nil {
			break
		}
		after = before
	}
	if len(missing) == 0 {
		return 0, nil
	}
	if err := s.History.Put(ctx, missing...); err != nil {
		return 0, fmt.Errorf("history: store repaired rows: %w", err)
	}
	return len(missing), nil
}

// rows reads the whole history of a record, oldest first.
func (s *Sweeper) rows(ctx context.Context, key record.Key) ([]record.Revision, error) {
	var newestFirst []record.Revision
	page := store.Page{Limit: pageSize}
	for {
		rows, next, err := s.History.List(ctx, key, page)
		if err != nil {
			return nil, fmt.Errorf("history: read rows: %w", err)
		}
		newestFirst = append(newestFirst, rows...)
		if page.Cursor = next; next == "" {
			break
		}
	}
	oldestFirst := make([]record.Revision, 0, len(newestFirst))
	for i := len(newestFirst) - 1; i >= 0; i-- {
		oldestFirst = append(oldestFirst, newestFirst[i])
	}
	return oldestFirst, nil
}

// fold gives the state that rows, oldest first, end in: nil for none.
func fold(rows []record.Revision) *record.Record {
	var state *record.Record
	for _, row := range rows {
		state = row.Apply(state)
	}
	return state
}

// gap is the one row for all that happened from before (nil for nothing) to after.
func gap(before, after *record.Record) record.Revision {
	row := record.RevisionOf(before, after)
	row.Repaired = true
	return row
}

func (s *Sweeper) load(ctx context.Context) (progress, error) {
	var p progress
	text, err := s.Cursors.Cursor(ctx, job)
	if err != nil {
		return p, fmt.Errorf("history: read the sweeper's progress: %w", err)
	}
	if text != "" && json.Unmarshal([]byte(text), &p) != nil {
		return progress{}, nil // unreadable progress costs a full pass, no more
	}
	return p, nil
}

func (s *Sweeper) save(ctx context.Context, p progress) error {
	p.V = 1
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("history: write the sweeper's progress: %w", err)
	}
	if err := s.Cursors.SaveCursor(ctx, job, string(text)); err != nil {
		return fmt.Errorf("history: save the sweeper's progress: %w", err)
	}
	return nil
}

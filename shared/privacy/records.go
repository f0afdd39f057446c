package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

const (
	// recordPage is how many records are looked at together, historyPage how many rows of one.
	recordPage  = 100
	historyPage = 100
	// parallel is how many records are looked at side by side.
	parallel = 8
	// maxLarges bounds what a step remembers of large values.
	maxLarges = 10_000
)

// looked is a record that was looked at.
type looked struct {
	record.Record
	// whole says that it is the person's; rows are those of its history that hold something of the person where it is not.
	whole bool
	rows  []record.Revision
	// larges are the large values that it has, or had, where it is not the person's.
	larges []string
}

// walkRecords looks at all records, and at the history of those that were written more than once: of the others it says
// what they say.
func (r *run) walkRecords(ctx context.Context) (bool, error) {
	connections, err := r.connectionIDs(ctx)
	if err != nil {
		return false, err
	}
	return r.groups(connections, func(connection string) (bool, error) {
		objects, err := r.objectNames(ctx, connection)
		if err != nil {
			return false, err
		}
		return r.subs(objects, func(object string) (bool, error) {
			return r.pages(func(cursor string) (string, error) {
				records, next, err := r.Records.List(ctx, r.job.Organization, connection, object, store.Page{Cursor: cursor, Limit: recordPage})
				if err != nil {
					return "", fmt.Errorf("list: %w", err)
				}
				page, err := r.look(ctx, records)
				if err != nil {
					return "", err
				}
				r.count(CountDone, len(page))
				return next, r.act.records(ctx, page)
			})
		})
	})
}

// look looks at records side by side.
func (r *run) look(ctx context.Context, records []record.Record) ([]looked, error) {
	page := make([]looked, len(records))
	l := looker{run: r}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, rec := range records {
		group.Go(func() (err error) {
			page[i], err = l.look(ctx, rec)
			return err
		})
	}
	err := group.Wait()
	r.budget -= l.requests
	return page, err
}

// looker looks at records. It is safe for concurrent use, which a run is not.
type looker struct {
	*run
	mu       sync.Mutex
	requests int
}

func (l *looker) look(ctx context.Context, rec record.Record) (looked, error) {
	v := looked{Record: rec}
	if v.whole = l.who.Named(rec.Key) || l.found.hasRecord(rec.Connection, rec.Object, rec.ID) || l.erasedHere(rec); v.whole {
		return v, nil
	}
	var err error
	if v.whole, err = l.holds(ctx, &v); err != nil || v.whole {
		return v, err
	}
	if rec.Rev <= 1 {
		return v, nil
	}
	err = l.eachRow(ctx, rec.Key, func(row record.Revision) error {
		hit, err := l.rowHolds(ctx, &v, row)
		if hit {
			v.rows = append(v.rows, row)
		}
		return err
	})
	if rec.Deleted && len(v.rows) > 0 {
		v.whole = true
	}
	return v, err
}

// erasedHere tells whether the job erased the record before: a step that is repeated finds it by that.
func (r *run) erasedHere(rec record.Record) bool {
	return rec.Erased && rec.Source.Kind == sourceErasure && rec.Source.Delivery == r.job.ID
}

// holds tells whether a record holds something of the person now.
func (l *looker) holds(ctx context.Context, v *looked) (bool, error) {
	if l.who.Text([]byte(v.ID)) || l.fieldsHold(v.Fields) {
		return true, nil
	}
	sets := []map[string]record.Large{v.Large}
	if p := v.Partial; p != nil {
		if l.fieldsHold(p.Dormant) {
			return true, nil
		}
		sets = append(sets, p.DormantLarge)
	}
	for _, larges := range sets {
		for name, large := range larges {
			if l.who.Text([]byte(name)) {
				return true, nil
			}
			if holds, err := l.largeHolds(ctx, v, &large); err != nil || holds {
				return holds, err
			}
		}
	}
	return false, nil
}

func (l *looker) fieldsHold(fields record.Fields) bool {
	for name, value := range fields {
		if l.who.JSON(value) || l.who.Text([]byte(name)) {
			return true
		}
	}
	return false
}

func (l *looker) rowHolds(ctx context.Context, v *looked, row record.Revision) (hit bool, err error) {
	for _, c := range row.Changes {
		changed, err := l.changeHolds(ctx, v, c)
		if err != nil {
			return false, err
		}
		hit = hit || changed // all of them, for their large values
	}
	return hit, nil
}

func (l *looker) changeHolds(ctx context.Context, v *looked, c record.FieldChange) (bool, error) {
	before, err := l.largeHolds(ctx, v, c.OldLarge)
	if err != nil {
		return false, err
	}
	after, err := l.largeHolds(ctx, v, c.NewLarge)
	return before || after || l.valueHolds(c.Old) || l.valueHolds(c.New) || l.who.Text([]byte(c.Field)), err
}

func (r *run) valueHolds(value json.RawMessage) bool { return len(value) > 0 && r.who.JSON(value) }

// largeHolds tells whether a value that is kept by itself holds something of the person.
func (l *looker) largeHolds(ctx context.Context, v *looked, large *record.Large) (bool, error) {
	if large == nil {
		return false, nil
	}
	v.larges = append(v.larges, large.SHA256)
	l.mu.Lock()
	holds, known := l.larges[large.SHA256]
	l.mu.Unlock()
	if known {
		return holds, nil
	}
	value, err := l.Payloads.Get(ctx, large.Key(l.job.Organization))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, fmt.Errorf("large field: %w", err)
	}
	holds = l.who.JSON(value)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.requests++; len(l.larges) < maxLarges {
		l.larges[large.SHA256] = holds
	}
	return holds, nil
}

// eachRow goes through the history of a record, newest first.
func (l *looker) eachRow(ctx context.Context, key record.Key, do func(record.Revision) error) error {
	pages := 0
	err := l.run.eachRow(ctx, key, func() { pages++ }, do)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests += pages
	return err
}

// eachRow goes through the history of a record, newest first, and says when it asks for a page.
func (r *run) eachRow(ctx context.Context, key record.Key, asks func(), do func(record.Revision) error) error {
	for page := (store.Page{Limit: historyPage}); ; {
		asks()
		rows, next, err := r.History.List(ctx, key, page)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
		}
		if page.Cursor = next; next == "" {
			return nil
		}
	}
}

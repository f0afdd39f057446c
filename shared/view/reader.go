package view

import (
	"context"
	"slices"
	"strings"

	"leadline/shared/record"
)

// Records is what a Reader reads from.
type Records interface {
	// List pages through the records of an object, tombstones too, in a stable order.
	List(ctx context.Context, of Source, cursor string, limit int) (records []record.Record, next string, err error)
	// Get reads records by their ids. Those that are not there are left out.
	Get(ctx context.Context, of Source, ids []string) ([]record.Record, error)
}

// MaxSearched bounds the records of a data source that are read to find those that a link leads to by another field than
// their id.
const MaxSearched = 5_000

// Reader evaluates one view page by page. What it looked up it remembers, so that it is made for one request.
type Reader struct {
	plan    *Plan
	records Records
	members []record.Record // by id
	clock   Clock
	// found holds what was looked up: by data source, field and key; nil for what is not there.
	found map[End]map[string]*record.Record
	// Read counts the records that were read.
	Read int
	// Incomplete names the data sources of which only a part was searched, so that a joined record may be missing.
	Incomplete []Source
}

// NewReader makes a reader of a view, over records and the members of the user master.
func NewReader(plan *Plan, records Records, members []Member, clock Clock) *Reader {
	r := &Reader{plan: plan, records: records, clock: clock, found: map[End]map[string]*record.Record{}}
	for _, m := range members {
		r.members = append(r.members, record.Record{Key: record.Key{Object: masterObject, ID: m.ID}, Fields: m.fields()})
	}
	byID(r.members)
	for _, j := range plan.joins {
		if j.to.Source == Master() && r.found[j.to] == nil {
			r.found[j.to] = index(r.members, j.to)
		}
	}
	return r
}

func byID(records []record.Record) {
	slices.SortFunc(records, func(a, b record.Record) int { return strings.Compare(a.ID, b.ID) })
}

// index finds records, which are sorted by id, by all keys that a field holds. Of several with one key the first counts.
func index(records []record.Record, to End) map[string]*record.Record {
	found := map[string]*record.Record{}
	for i := range records {
		r := &records[i]
		keys := []string{r.ID}
		if to.Field != "" {
			keys = readKeys(r.Fields[to.Field])
		}
		for _, key := range keys {
			if key = to.normal(key); found[key] == nil {
				found[key] = r
			}
		}
	}
	return found
}

// normal gives a key as it is looked up: members are found by their e-mail address however it is written.
func (e End) normal(key string) string {
	if e.Source == Master() && e.Field == masterEmail {
		return strings.ToLower(strings.TrimSpace(key))
	}
	return key
}

// Page reads the next records of the base and gives the rows that they make. next is empty at the end.
func (r *Reader) Page(ctx context.Context, cursor string, limit int) (rows []Row, next string, err error) {
	base, next, err := r.base(ctx, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	if err := r.lookUp(ctx, base); err != nil {
		return nil, "", err
	}
	for i := range base {
		if row, passes := r.plan.Row(&base[i], r.find, r.clock); passes {
			rows = append(rows, row)
		}
	}
	return rows, next, nil
}

// base reads records of the base. The members are at hand; their cursor is the last id.
func (r *Reader) base(ctx context.Context, cursor string, limit int) ([]record.Record, string, error) {
	if r.plan.view.Base == Master() {
		after := slices.IndexFunc(r.members, func(m record.Record) bool { return m.ID > cursor })
		if after < 0 {
			return nil, "", nil
		}
		rest := r.members[after:]
		if len(rest) <= limit {
			return rest, "", nil
		}
		return rest[:limit], rest[limit-1].ID, nil
	}
	base, next, err := r.records.List(ctx, r.plan.view.Base, cursor, limit)
	r.Read += len(base)
	return base, next, err
}

func (r *Reader) find(to End, key string) *record.Record { return r.found[to][to.normal(key)] }

// lookUp reads what the joins of some records lead to, join by join, for one may begin where another ends.
func (r *Reader) lookUp(ctx context.Context, base []record.Record) error {
	joined := make([][]*record.Record, len(r.plan.joins)+1)
	for i := range base {
		joined[0] = append(joined[0], &base[i])
	}
	for n, j := range r.plan.joins {
		from := joined[j.at.record]
		if err := r.fetch(ctx, j, from); err != nil {
			return err
		}
		for _, one := range from {
			joined[n+1] = append(joined[n+1], r.plan.joined(j, one, r.find))
		}
	}
	return nil
}

// fetch reads the records that a join leads to from some records, as far as they are not known.
func (r *Reader) fetch(ctx context.Context, j joinPlan, from []*record.Record) error {
	known := r.found[j.to]
	switch {
	case j.to.Source == Master():
		return nil
	case known == nil && j.to.Field != "":
		return r.search(ctx, j.to)
	case j.to.Field != "":
		return nil
	case known == nil:
		known = map[string]*record.Record{}
		r.found[j.to] = known
	}
	var missing []string
	for _, one := range from {
		for _, key := range r.plan.keys(j, one) {
			if _, asked := known[key]; !asked && len(key) <= record.MaxIDBytes {
				known[key] = nil
				missing = append(missing, key)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	got, err := r.records.Get(ctx, j.to.Source, missing)
	if err != nil {
		return err
	}
	r.Read += len(missing)
	for i := range got {
		known[got[i].ID] = &got[i]
	}
	return nil
}

// search reads a data source to find its records by a field that is not their id. Of several with one value the first
// by id counts.
func (r *Reader) search(ctx context.Context, to End) error {
	var all []record.Record
	cursor := ""
	for {
		got, next, err := r.records.List(ctx, to.Source, cursor, 200)
		if err != nil {
			return err
		}
		r.Read += len(got)
		for _, one := range got {
			if !one.Deleted {
				all = append(all, one)
			}
		}
		cursor = next
		if next == "" {
			break
		}
		if len(all) >= MaxSearched {
			r.Incomplete = append(r.Incomplete, to.Source)
			break
		}
	}
	byID(all)
	r.found[to] = index(all, to)
	return nil
}

package intake

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
)

// Page is a page of records that was read from a source.
type Page struct {
	Organization, Connection, Connector string
	// Name says what was read: of a run, an object and a cursor. The same page read again has the same name.
	Name string
	// Object is that of the page's refused rows.
	Object string
	// ReadAt is when it was asked for, by our clock.
	ReadAt time.Time
	// Began is when the reading began that the page belongs to, by our clock: all that it shows was there after that. Zero where
	// that is not known.
	Began time.Time
	// Since is some time that never changes for the connection: what is set aside is named by it and by what it is, so that
	// the same state of a record that is refused by every run is one entry.
	Since time.Time
	// Posted says that the changes are what a webhook would have said, from a log: no reading of the records as they are.
	Posted bool
	// Raw is the untouched body. It is kept if anything of it is stored or refused.
	Raw     []byte
	Changes []record.Change
	Refused []connector.RefusedRow
	// Missing are the ids of Object that were asked for and are not there (any more).
	Missing []string
	// Entries are those of the quarantine that this page tries again.
	Entries []syncing.EntryRef
}

// pageRow is a record on its way through a page.
type pageRow struct {
	record.Change
	record record.Record
	// standing is what is stored; nil for nothing.
	standing *record.Record
	// count is that of syncing.Counts which the row adds to.
	count func(*syncing.Counts)
	why   *fault.Error
}

// ProcessPage stores what is newer than, or other than, what is stored, and counts what became of each record. It may be
// repeated: what is stored already is unchanged then. A record that cannot be stored is set aside, the others go on.
func (in *Intake) ProcessPage(ctx context.Context, p Page) (syncing.Counts, error) {
	counts := syncing.Counts{Found: -1, Fetched: int64(len(p.Changes) + len(p.Refused))}
	it := &item{Delivery: delivery.Delivery{ID: pageID(p), Organization: p.Organization, Connection: p.Connection, Connector: p.Connector,
		Kind: delivery.Fetch, ReceivedAt: p.ReadAt, Body: p.Raw}}
	rows, err := in.pageRows(ctx, it, p)
	if err != nil {
		return counts, err
	}
	changed, refused := 0, len(p.Refused) > 0
	for _, r := range rows {
		if r.why != nil {
			refused = true
		} else if r.standing == nil || !r.unchanged() {
			changed++
		}
	}
	if (changed > 0 || refused) && len(p.Raw) > 0 {
		if err := in.keepGroup(ctx, []*item{it}); err != nil {
			return counts, err
		}
	}
	err = in.sideBySide(ctx, it.ID, len(rows), func(ctx context.Context, i int) error { return in.storeRow(ctx, it, rows[i]) })
	if err != nil {
		return counts, err
	}
	for _, r := range rows {
		if r.why == nil {
			r.count(&counts)
		}
	}
	return in.settlePage(ctx, it, p, rows, counts)
}

// pageID names a page.
func pageID(p Page) string { return delivery.NamedID(p.Since, p.Organization, p.Connection, p.Name) }

// pageRows makes the records of a page, each id once, with what is stored of each.
func (in *Intake) pageRows(ctx context.Context, it *item, p Page) ([]*pageRow, error) {
	at := map[record.Key]*pageRow{}
	var rows []*pageRow
	var keys []record.Key
	for _, c := range p.Changes {
		if c.Kind == record.Upsert && !p.Posted {
			c.Version.Read = p.ReadAt.UnixMicro()
		}
		r := &pageRow{Change: c, record: recordOf(it, c, in.Now().UTC())}
		if before := at[r.record.Key]; before != nil {
			if order := c.Version.Compare(before.Version); order > 0 || order == 0 && record.Wins(&r.record, &before.record) {
				*before = *r
			}
			continue
		}
		at[r.record.Key] = r
		rows, keys = append(rows, r), append(keys, r.record.Key)
	}
	for len(keys) > 0 {
		n := min(len(keys), store.MaxLimit)
		standing, err := in.Records.GetMany(ctx, keys[:n])
		if err != nil {
			return nil, fmt.Errorf("intake: read what is stored: %w", err)
		}
		for _, s := range standing {
			at[s.Key].standing = &s
		}
		keys = keys[n:]
	}
	for _, r := range rows {
		r.revive(p)
		r.why = in.guard(r.Object, r.Version.Time())
		if r.why == nil && r.Kind == record.Upsert {
			_, err := splitLarge(&r.record) // as it would be stored, to compare with what is
			r.why = fault.Of(err)
		}
	}
	return rows, nil
}

// settles is how long a source may go on showing what it has deleted: its lists and indexes follow.
const settles = 10 * time.Minute

// revive makes a record newer than its tombstone if it was read as being there well after it was deleted here, whatever its
// date: a source may show again what it hid, or restore what was deleted, without changing when it was updated last. What a
// person had erased stays so until it is changed at the source.
func (r *pageRow) revive(p Page) {
	s := r.standing
	if s == nil || !s.Deleted || s.Erased || r.Kind != record.Upsert || p.Posted || p.Began.IsZero() || !s.StoredAt.Add(settles).Before(p.Began) {
		return
	}
	again := record.Version{Micros: s.Version.Micros, Parser: max(r.Version.Parser, s.Version.Parser), Read: r.Version.Read}
	if r.Version.Compare(s.Version) <= 0 && again.Compare(s.Version) > 0 {
		r.Version, r.record.Version = again, again
	}
}

// recordOf makes the record of a change that a delivery brought.
func recordOf(it *item, c record.Change, at time.Time) record.Record {
	r := record.Record{
		Key:     record.Key{Organization: it.Organization, Connection: it.Connection, Object: c.Object, ID: c.ID},
		Version: c.Version, Deleted: c.Kind == record.Delete, MergedInto: c.MergedInto, StoredAt: at,
		Source: record.Source{Kind: it.Kind, Delivery: it.ID, Event: c.Event, Action: c.Action, Payload: it.payload},
	}
	if !r.Deleted {
		r.Fields = c.Fields
	}
	return r
}

// unchanged tells whether just this is stored, or something newer. A record that is contested must be written, to settle it.
func (r *pageRow) unchanged() bool {
	if r.standing == nil {
		return false
	}
	same := r.record.Hash() == r.standing.Hash()
	if r.standing.Erased && r.Version.State().Compare(r.standing.Version.State()) <= 0 {
		return true // what was erased was read again, and is nothing new
	}
	switch order := r.Version.Compare(r.standing.Version); {
	case order < 0:
		return true
	case order == 0:
		return same || r.standing.Contested && !record.Wins(&r.record, r.standing)
	}
	return same && !r.standing.Contested
}

// storeRow stores a row and decides what it counts as. What can never be stored is refused.
func (in *Intake) storeRow(ctx context.Context, it *item, r *pageRow) error {
	switch {
	case r.why != nil:
		return nil
	case r.unchanged():
		r.count = r.kept(it)
		return nil
	}
	err := in.writeRow(ctx, it, r)
	if fault.Is(err, fault.Invalid) {
		r.why, err = fault.Of(err), nil
	}
	return err
}

func (in *Intake) writeRow(ctx context.Context, it *item, r *pageRow) error {
	if err := in.follow(ctx, it, r.Change); err != nil {
		return err
	}
	rec := recordOf(it, r.Change, in.Now().UTC())
	if !rec.Deleted {
		if err := in.keepLarge(ctx, &rec); err != nil {
			return err
		}
	}
	outcome, err := in.apply(ctx, rec)
	if err != nil {
		return err
	}
	telemetry.Count(ctx, string(outcome), 1)
	if outcome == Contested {
		if err := in.reread(ctx, it, []connector.Ref{{Object: r.Object, ID: r.ID}}); err != nil {
			return err
		}
	}
	switch standing := r.standing; {
	case outcome == Duplicate:
		r.count = func(c *syncing.Counts) { c.Unchanged++ }
	case outcome == Stale:
		r.count = func(c *syncing.Counts) { c.Newer++ }
	case rec.Deleted:
		r.count = func(c *syncing.Counts) { c.Deleted++ }
	case standing == nil || standing.Deleted:
		r.count = func(c *syncing.Counts) { c.Missing++ }
	case r.Version.State().Compare(standing.Version.State()) > 0:
		r.count = func(c *syncing.Counts) { c.Stale++ }
	default:
		r.count = func(c *syncing.Counts) { c.Differing++ }
	}
	return nil
}

// kept says what a row counts as that what stands made needless. What an earlier try of the same page stored, whose counts were
// lost, counts as it did then, as far as that can be told.
func (r *pageRow) kept(it *item) func(*syncing.Counts) {
	s := r.standing
	switch same := r.record.Hash() == s.Hash(); {
	case !same:
		return func(c *syncing.Counts) { c.Newer++ }
	case s.Source.Kind != delivery.Fetch || s.Source.Delivery != it.ID:
		return func(c *syncing.Counts) { c.Unchanged++ }
	case s.Deleted:
		return func(c *syncing.Counts) { c.Deleted++ }
	case s.Rev == 1:
		return func(c *syncing.Counts) { c.Missing++ }
	}
	return func(c *syncing.Counts) { c.Stale++ }
}

// settlePage sets aside what was refused and resolves the entries that are not any more.
func (in *Intake) settlePage(ctx context.Context, it *item, p Page, rows []*pageRow, counts syncing.Counts) (syncing.Counts, error) {
	entries := map[[2]string]string{}
	for _, e := range p.Entries {
		entries[[2]string{e.Object, e.ID}] = e.Entry
	}
	for i, r := range rows {
		entry := entries[[2]string{r.Object, r.ID}]
		switch {
		case r.why != nil:
			counts.Refused++
			if err := in.setPageRowAside(ctx, it, p, asideRow{r.Object, r.ID, r.Version.State().String(), i, r.why, entry}); err != nil {
				return counts, err
			}
		case entry != "":
			if err := in.resolve(ctx, it.Organization, entry); err != nil {
				return counts, err
			}
		}
	}
	for _, id := range p.Missing {
		if entry := entries[[2]string{p.Object, id}]; entry != "" {
			if err := in.resolve(ctx, it.Organization, entry); err != nil {
				return counts, err
			}
		}
	}
	for _, r := range p.Refused {
		counts.Refused++
		// Nothing says which state of the record it is: what is refused again on another day is another.
		row := asideRow{p.Object, r.ID, p.ReadAt.UTC().Format(time.DateOnly), r.Index, r.Why, entries[[2]string{p.Object, r.ID}]}
		if err := in.setPageRowAside(ctx, it, p, row); err != nil {
			return counts, err
		}
	}
	return counts, nil
}

// asideRow is a row of a page that cannot be stored; entry is that of the quarantine that it tries again, if any.
type asideRow struct {
	object, id, state string
	index             int
	why               *fault.Error
	entry             string
}

// setPageRowAside puts a row of a page into the quarantine, or notes that a replay of it failed again.
func (in *Intake) setPageRowAside(ctx context.Context, it *item, p Page, r asideRow) error {
	if r.entry != "" {
		return in.requeue(ctx, it.Organization, r.entry, r.why, nil)
	}
	what := []string{it.Organization, it.Connection, r.object, r.id, r.state, r.why.Code}
	if r.id == "" {
		what = append(what, p.Name, strconv.Itoa(r.index))
	}
	e := in.entry(it, r.why)
	e.ID, e.Object, e.Record, e.Row, e.Index = quarantine.RowID(delivery.NamedID(p.Since, what...), 1), r.object, r.id, r.index+1, r.index
	return in.addEntry(ctx, e)
}

// readAgain has the rows of a page that are tried again read from their source: there alone is what they should be.
func (in *Intake) readAgain(ctx context.Context, it *item) error {
	var refs []connector.Ref
	var entries []syncing.EntryRef
	for _, r := range it.Rows {
		if r.ID == "" || in.Reread == nil {
			why := fault.New(fault.Invalid, string(quarantine.MissingID), "The row does not say which record it is: the next import of its object reads it again.")
			if err := in.requeue(ctx, it.Organization, r.Entry, why, nil); err != nil {
				return err
			}
			continue
		}
		refs = append(refs, connector.Ref{Object: r.Object, ID: r.ID})
		entries = append(entries, syncing.EntryRef{Object: r.Object, ID: r.ID, Entry: r.Entry})
	}
	if len(refs) == 0 {
		return nil
	}
	if err := in.Reread.Reread(ctx, it.Organization, it.Connection, refs, entries); err != nil {
		return fmt.Errorf("intake: have read again: %w", err)
	}
	return nil
}

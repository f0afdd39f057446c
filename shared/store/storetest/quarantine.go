package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

func quarantineTests() []test {
	return []test{
		{"an entry is kept whole and stays as it is", func(t *testing.T, s Stores) {
			e := newEntry("org_a", 1)
			ok(t, s.Intake.SetAside(ctx(t), e))
			other := newEntry("org_a", 1)
			other.Detail, other.Reason, other.Replays = "another", quarantine.TooLarge, 7
			ok(t, s.Intake.SetAside(ctx(t), other))
			same(t, entry(t, s, e), e)
		}},
		{"a row of a batch is kept whole", func(t *testing.T, s Stores) {
			row := newRow("org_a", 1, 10_000)
			ok(t, s.Intake.SetAside(ctx(t), row))
			same(t, entry(t, s, row), row)
			row.Mismatches[0].Field = "late"
			same(t, entry(t, s, row), newRow("org_a", 1, 10_000))
			same(t, all(t, 1, entries(t, s, "org_a", store.QuarantineFilter{})), []quarantine.Entry{newRow("org_a", 1, 10_000)})
		}},
		{"the rows of batches come in order, with every limit and filter", rowOrder},
		{"a missing entry is not found and not made", func(t *testing.T, s Stores) {
			_, err := s.Intake.Entry(ctx(t), "org_a", "x")
			is(t, err, fault.NotFound, "")
			is(t, s.Intake.Requeue(ctx(t), "org_a", "x", why(quarantine.TooLarge, ""), base()), fault.NotFound, "")
			is(t, s.Intake.Resolve(ctx(t), "org_a", "x", base()), fault.NotFound, "")
			is(t, s.Intake.Discard(ctx(t), "org_a", "x", base()), fault.NotFound, "")
			ok(t, s.Intake.DeleteEntry(ctx(t), "org_a", "x"))
			same(t, all(t, 10, entries(t, s, "org_a", store.QuarantineFilter{})), nil)
		}},
		{"an entry of another organization is not found", entriesOfOthers},
		{"a requeued entry is open, with its new reason", requeued},
		{"a resolved entry stays so", resolved},
		{"a discarded entry stays so", discarded},
		{"one of concurrent ends of an entry stands", func(t *testing.T, s Stores) {
			e := newEntry("org_a", 1)
			ok(t, s.Intake.SetAside(ctx(t), e))
			oneWins(t, atOnce(t, func(n int) error {
				return s.Intake.Discard(ctx(t), e.Organization, e.ID, base().Add(time.Duration(n)))
			}))
			if got := entry(t, s, e); got.Status != quarantine.Discarded || got.Replays != 0 {
				t.Fatalf("%+v", got)
			}
		}},
		{"a deleted entry is gone, and can come again", func(t *testing.T, s Stores) {
			e, row := newEntry("org_a", 1), newRow("org_a", 1, 1)
			for _, e := range []quarantine.Entry{e, row} {
				ok(t, s.Intake.SetAside(ctx(t), e))
			}
			ok(t, s.Intake.DeleteEntry(ctx(t), "org_b", e.ID))
			same(t, entry(t, s, e), e)
			ok(t, s.Intake.DeleteEntry(ctx(t), "org_a", e.ID))
			_, err := s.Intake.Entry(ctx(t), "org_a", e.ID)
			is(t, err, fault.NotFound, "")
			same(t, all(t, 10, entries(t, s, "org_a", store.QuarantineFilter{})), []quarantine.Entry{row})
			ok(t, s.Intake.SetAside(ctx(t), e))
			same(t, entry(t, s, e), e)
		}},
		{"concurrent replays are all counted", func(t *testing.T, s Stores) {
			e := newEntry("org_a", 1)
			ok(t, s.Intake.SetAside(ctx(t), e))
			for _, err := range atOnce(t, func(int) error {
				return s.Intake.Requeue(ctx(t), e.Organization, e.ID, e, e.UpdatedAt)
			}) {
				ok(t, err)
			}
			e.Replays = writers
			same(t, entry(t, s, e), e)
		}},
		{"entries come newest first, with every limit and filter", filters},
		{"a filter that lets little through ends a page early, and loses nothing", rareEntries},
		{"new entries and resolved ones do not disturb the pages behind", steadyPages},
		{"entries of others are not listed, their cursors are invalid", func(t *testing.T, s Stores) {
			for n := range 3 {
				ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a", n)))
				ok(t, s.Intake.SetAside(ctx(t), newEntry("org_b", n)))
				ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a#0", n)))
			}
			none := store.QuarantineFilter{}
			if got := all(t, 10, entries(t, s, "org_a", none)); len(got) != 3 {
				t.Fatalf("%d entries, want 3", len(got))
			}
			refuses(t, entries(t, s, "org_a", none), next(entries(t, s, "org_b", none)),
				next(entries(t, s, "org_a", store.QuarantineFilter{Status: quarantine.Open})),
				next(entries(t, s, "org_a", store.QuarantineFilter{Object: "lead"})))
		}},
		{"hostile ids are kept apart", hostileEntries},
	}
}

func entriesOfOthers(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	_, err := s.Intake.Entry(ctx(t), "org_b", e.ID)
	is(t, err, fault.NotFound, "")
	is(t, s.Intake.Requeue(ctx(t), "org_b", e.ID, why(quarantine.TooLarge, ""), base()), fault.NotFound, "")
	is(t, s.Intake.Resolve(ctx(t), "org_b", e.ID, base()), fault.NotFound, "")
	is(t, s.Intake.Discard(ctx(t), "org_b", e.ID, base()), fault.NotFound, "")
	same(t, entry(t, s, e), e)
}

func requeued(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	for i, new := range []quarantine.Entry{why(quarantine.MissingID, "detail"),
		why(quarantine.SchemaMismatch, "", schema.Mismatch{Field: "<&>", Expected: "number", Found: "ü"}, schema.Mismatch{Field: "b"}),
		why(quarantine.SchemaMismatch, "x", schema.Mismatch{Field: "c"}), why(quarantine.MissingID, "")} {
		at := base().Add(time.Duration(i) * time.Hour)
		all := newRow("org_b", 9, 9) // of which nothing else counts
		all.Reason, all.Detail, all.Mismatches, all.Status = new.Reason, new.Detail, slices.Clone(new.Mismatches), quarantine.Resolved
		ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, all, at))
		for n := range all.Mismatches {
			all.Mismatches[n].Field = "late"
		}
		e.Reason, e.Detail, e.Mismatches, e.Replays, e.UpdatedAt = new.Reason, new.Detail, new.Mismatches, i+1, at
		same(t, entry(t, s, e), e)
	}
}

func resolved(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, why(quarantine.MissingID, "d"), base()))
	at := base().Add(time.Hour)
	ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, at))
	e.Status, e.Reason, e.Detail, e.Replays, e.UpdatedAt = quarantine.Resolved, quarantine.MissingID, "d", 2, at
	same(t, entry(t, s, e), e)
	ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, at.Add(time.Hour)))
	ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, why(quarantine.TooLarge, "late"), at.Add(time.Hour)))
	ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a", 1)))
	is(t, s.Intake.Discard(ctx(t), e.Organization, e.ID, at.Add(time.Hour)), fault.Conflict, store.CodeStale)
	same(t, entry(t, s, e), e)
}

func discarded(t *testing.T, s Stores) {
	e := newRow("org_a", 1, 3)
	ok(t, s.Intake.SetAside(ctx(t), e))
	at := base().Add(time.Hour)
	ok(t, s.Intake.Discard(ctx(t), e.Organization, e.ID, at))
	e.Status, e.UpdatedAt = quarantine.Discarded, at
	same(t, entry(t, s, e), e)
	is(t, s.Intake.Discard(ctx(t), e.Organization, e.ID, at.Add(time.Hour)), fault.Conflict, store.CodeStale)
	ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, at.Add(time.Hour)))
	ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, why(quarantine.TooLarge, "late"), at.Add(time.Hour)))
	same(t, entry(t, s, e), e)
	same(t, all(t, 10, entries(t, s, "org_a", store.QuarantineFilter{Status: quarantine.Open})), nil)
	same(t, all(t, 10, entries(t, s, "org_a", store.QuarantineFilter{Status: quarantine.Discarded})), []quarantine.Entry{e})
}

// rowOrder has batches, each in as many entries as rows, beside deliveries that were set aside whole.
func rowOrder(t *testing.T, s Stores) {
	var every []quarantine.Entry
	for n := range 5 {
		every = append(every, newEntry("org_a", 2*n))
		for row := 1; row <= 11; row += 2 {
			e := newRow("org_a", 2*n+1, row)
			e.Object = []string{"deal", "person"}[row/2%2]
			every = append(every, e)
		}
	}
	for i := range every {
		ok(t, s.Intake.SetAside(ctx(t), every[i*11%len(every)]))
	}
	slices.Reverse(every)
	pages(t, every, entries(t, s, "org_a", store.QuarantineFilter{}))
	for _, f := range []store.QuarantineFilter{{Object: "deal"}, {Object: "person", Reason: quarantine.SchemaMismatch}, {Object: "none"},
		{Object: "deal", Connection: "conn_b"}} {
		want := slices.DeleteFunc(slices.Clone(every), func(e quarantine.Entry) bool {
			return e.Object != f.Object || f.Connection != "" && e.Connection != f.Connection
		})
		for _, limit := range []int{1, 7, 1000} {
			same(t, all(t, limit, entries(t, s, "org_a", f)), want)
		}
	}
}

func steadyPages(t *testing.T, s Stores) {
	for n := range 12 {
		ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a", n)))
	}
	page := 0
	got := all(t, 4, func(p store.Page) ([]quarantine.Entry, string, error) {
		found, next, err := entries(t, s, "org_a", store.QuarantineFilter{Status: quarantine.Open})(p)
		ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a", 100+page)))
		for _, e := range found {
			ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, base()))
		}
		page++
		return found, next, err
	})
	var ids []string
	for n := 11; n >= 0; n-- {
		ids = append(ids, newEntry("org_a", n).ID)
	}
	same(t, idsOf(got), ids)
}

func hostileEntries(t *testing.T, s Stores) {
	want := map[string]quarantine.Entry{}
	for n, id := range hostile() {
		if _, again := want[id]; again {
			continue
		}
		e := newEntry("org_a", n)
		e.ID = id
		ok(t, s.Intake.SetAside(ctx(t), e))
		want[id] = e
	}
	for _, e := range want {
		same(t, entry(t, s, e), e)
	}
	if got := all(t, 3, entries(t, s, "org_a", store.QuarantineFilter{})); len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
}

// filters compares every combination of filters with picking from all.
func filters(t *testing.T, s Stores) {
	var every []quarantine.Entry
	for n := range 60 {
		e := newEntry("org_a", n)
		e.Connection = []string{"conn_a", "conn_b", "conn_c"}[n%3]
		e.Reason = []quarantine.Reason{quarantine.MissingID, quarantine.TooLarge}[n/3%2]
		ok(t, s.Intake.SetAside(ctx(t), e))
		if n%5 == 0 {
			ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, base()))
			e.Status, e.Replays, e.UpdatedAt = quarantine.Resolved, 1, base()
		}
		every = append(every, e)
	}
	slices.Reverse(every)
	pages(t, every, entries(t, s, "org_a", store.QuarantineFilter{}))
	for _, connection := range []string{"", "conn_b", "conn_x"} {
		for _, reason := range []quarantine.Reason{"", quarantine.TooLarge} {
			for _, status := range []quarantine.Status{"", quarantine.Open, quarantine.Resolved} {
				f := store.QuarantineFilter{Connection: connection, Reason: reason, Status: status}
				var want []quarantine.Entry
				for _, e := range every {
					if (connection == "" || e.Connection == connection) && (reason == "" || e.Reason == reason) &&
						(status == "" || e.Status == status) {
						want = append(want, e)
					}
				}
				for _, limit := range []int{1, 3, 1000} {
					same(t, all(t, limit, entries(t, s, "org_a", f)), want)
				}
			}
		}
	}
}

// rareEntries has matches on both sides of the last entry that is looked at for the first page.
func rareEntries(t *testing.T, s Stores) {
	const more = 3
	total := store.MaxLookedAt + more
	rare := map[int]bool{0: true, more - 1: true, more: true}
	var want []quarantine.Entry
	for n := range total {
		e := newEntry("org_a", total-1-n) // the newest first
		if rare[total-1-n] {
			e.Connection = "conn_rare"
			want = append(want, e)
		}
		ok(t, s.Intake.SetAside(ctx(t), e))
	}
	list := entries(t, s, "org_a", store.QuarantineFilter{Connection: "conn_rare"})
	first, cursor, err := list(store.Page{Limit: 100})
	ok(t, err)
	if len(first) > 1 || cursor == "" {
		t.Fatalf("the first page has %q and the cursor %q: more than %d entries were looked at", idsOf(first), cursor, store.MaxLookedAt)
	}
	got := first
	for n := 0; cursor != ""; n++ {
		var items []quarantine.Entry
		items, cursor, err = list(store.Page{Cursor: cursor, Limit: 1})
		ok(t, err)
		if got = append(got, items...); n > total {
			t.Fatal("the list does not end")
		}
	}
	same(t, got, want)
}

// newEntry makes the n-th entry of an organization; ids sort by n.
func newEntry(organization string, n int) quarantine.Entry {
	return quarantine.Entry{
		ID: fmt.Sprintf("01KAN5XQ8Z%016d", n), Organization: organization, Connection: "conn_a", Connector: "close",
		Reason: quarantine.MissingEvent, Detail: "no event", Object: "lead", Kind: "webhook", ReceivedAt: base(),
		Payload: record.PayloadRef{Key: "archive/x.gz", Offset: 0, Length: 9}, Status: quarantine.Open,
		UpdatedAt: base().Add(time.Millisecond),
	}
}

// newRow makes the entry of a row of the n-th batch.
func newRow(organization string, n, row int) quarantine.Entry {
	e := newEntry(organization, n)
	e.ID, e.Batch, e.Public, e.Client = fmt.Sprintf("%s-%08d", e.ID, row), e.ID, "bat_x", "cli_x"
	e.Kind, e.Object, e.Connector, e.Row, e.Index = "push", "deal", "client", row, row-1
	e.Reason, e.Mismatches = quarantine.SchemaMismatch, []schema.Mismatch{{Field: "<&>", Expected: "number", Found: "text ü"}}
	return e
}

// why gives the part of an entry that a requeue takes.
func why(reason quarantine.Reason, detail string, mismatches ...schema.Mismatch) quarantine.Entry {
	return quarantine.Entry{Reason: reason, Detail: detail, Mismatches: mismatches}
}

func entry(t *testing.T, s Stores, e quarantine.Entry) quarantine.Entry {
	t.Helper()
	got, err := s.Intake.Entry(ctx(t), e.Organization, e.ID)
	ok(t, err)
	return got
}

func entries(t *testing.T, s Stores, organization string, f store.QuarantineFilter) func(store.Page) ([]quarantine.Entry, string, error) {
	return func(p store.Page) ([]quarantine.Entry, string, error) {
		return s.Intake.Entries(ctx(t), organization, f, p)
	}
}

func idsOf(entries []quarantine.Entry) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

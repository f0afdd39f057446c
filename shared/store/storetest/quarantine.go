package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
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
		{"a missing entry is not found and not made", func(t *testing.T, s Stores) {
			_, err := s.Intake.Entry(ctx(t), "org_a", "x")
			is(t, err, fault.NotFound, "")
			is(t, s.Intake.Requeue(ctx(t), "org_a", "x", quarantine.TooLarge, "", base()), fault.NotFound, "")
			is(t, s.Intake.Resolve(ctx(t), "org_a", "x", base()), fault.NotFound, "")
			same(t, all(t, 10, entries(t, s, "org_a", store.QuarantineFilter{})), nil)
		}},
		{"an entry of another organization is not found", entriesOfOthers},
		{"a requeued entry is open, with its new reason", requeued},
		{"a resolved entry stays so", resolved},
		{"concurrent replays are all counted", func(t *testing.T, s Stores) {
			e := newEntry("org_a", 1)
			ok(t, s.Intake.SetAside(ctx(t), e))
			for _, err := range atOnce(t, func(int) error {
				return s.Intake.Requeue(ctx(t), e.Organization, e.ID, e.Reason, e.Detail, e.UpdatedAt)
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
				next(entries(t, s, "org_a", store.QuarantineFilter{Status: quarantine.Open})))
		}},
		{"hostile ids are kept apart", hostileEntries},
	}
}

func entriesOfOthers(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	_, err := s.Intake.Entry(ctx(t), "org_b", e.ID)
	is(t, err, fault.NotFound, "")
	is(t, s.Intake.Requeue(ctx(t), "org_b", e.ID, quarantine.TooLarge, "", base()), fault.NotFound, "")
	is(t, s.Intake.Resolve(ctx(t), "org_b", e.ID, base()), fault.NotFound, "")
	same(t, entry(t, s, e), e)
}

func requeued(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	for i := 1; i <= 2; i++ {
		at := base().Add(time.Duration(i) * time.Hour)
		detail := fmt.Sprint("detail ", i)
		ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, quarantine.MissingID, detail, at))
		e.Reason, e.Detail, e.Replays, e.UpdatedAt = quarantine.MissingID, detail, i, at
		same(t, entry(t, s, e), e)
	}
}

func resolved(t *testing.T, s Stores) {
	e := newEntry("org_a", 1)
	ok(t, s.Intake.SetAside(ctx(t), e))
	ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, quarantine.MissingID, "d", base()))
	at := base().Add(time.Hour)
	ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, at))
	e.Status, e.Reason, e.Detail, e.Replays, e.UpdatedAt = quarantine.Resolved, quarantine.MissingID, "d", 2, at
	same(t, entry(t, s, e), e)
	ok(t, s.Intake.Resolve(ctx(t), e.Organization, e.ID, at.Add(time.Hour)))
	ok(t, s.Intake.Requeue(ctx(t), e.Organization, e.ID, quarantine.TooLarge, "late", at.Add(time.Hour)))
	ok(t, s.Intake.SetAside(ctx(t), newEntry("org_a", 1)))
	same(t, entry(t, s, e), e)
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
		Reason: quarantine.MissingEvent, Detail: "no event", Kind: "webhook", ReceivedAt: base(),
		Payload: record.PayloadRef{Key: "archive/x.gz", Offset: 0, Length: 9}, Status: quarantine.Open,
		UpdatedAt: base().Add(time.Millisecond),
	}
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

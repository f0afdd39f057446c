package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/store"
)

func auditTests() []test {
	none := store.AuditFilter{}
	return []test{
		{"a journal of nothing is one empty page", func(t *testing.T, s Stores) {
			same(t, all(t, 10, journal(t, s, "org_a", none)), nil)
		}},
		{"an act is kept whole; the same id again is no change", func(t *testing.T, s Stores) {
			e := newAct("org_a", 0)
			ok(t, s.Journal.Record(ctx(t), e))
			other := e
			other.Actor, other.Detail = "key_b", "changed"
			ok(t, s.Journal.Record(ctx(t), other))
			same(t, all(t, 10, journal(t, s, "org_a", none)), []audit.Entry{e})
			bare := audit.Entry{ID: newAct("org_b", 1).ID, Organization: "org_b"}
			ok(t, s.Journal.Record(ctx(t), bare))
			same(t, all(t, 10, journal(t, s, "org_b", none)), []audit.Entry{bare})
		}},
		{"an id that does not sort by time is refused", func(t *testing.T, s Stores) {
			for _, id := range []string{"", "x", "01kan5xq8z3v5t7w9y1b2c4d6e", "01KAN5XQ8Z3V5T7W9Y1B2C4D6", "ZZKAN5XQ8Z3V5T7W9Y1B2C4D6E"} {
				e := newAct("org_a", 0)
				e.ID = id
				is(t, s.Journal.Record(ctx(t), e), fault.Invalid, "")
			}
			same(t, all(t, 10, journal(t, s, "org_a", none)), nil)
		}},
		{"acts come newest first, with every limit, across months", func(t *testing.T, s Stores) {
			want := acts(t, s, "org_a", 40)
			pages(t, want, journal(t, s, "org_a", none))
		}},
		{"a filter lets through what it says", auditFilters},
		{"times bound acts to the nanosecond", auditTimes},
		{"concurrent acts are all kept, each once", func(t *testing.T, s Stores) {
			for _, err := range atOnce(t, func(n int) error { return s.Journal.Record(ctx(t), newAct("org_a", n/2)) }) {
				ok(t, err)
			}
			if got := all(t, 5, journal(t, s, "org_a", none)); len(got) != writers/2 {
				t.Fatalf("%d acts, want %d", len(got), writers/2)
			}
		}},
		{"a filter that lets little through ends a page early, and loses nothing", rareActs},
		{"acts of others are not listed, their cursors are invalid", func(t *testing.T, s Stores) {
			for _, organization := range []string{"org_a", "org_b", "org_a#0"} {
				acts(t, s, organization, 3)
			}
			if got := all(t, 10, journal(t, s, "org_a", none)); len(got) != 3 {
				t.Fatalf("%d acts, want 3", len(got))
			}
			refuses(t, journal(t, s, "org_a", none), next(journal(t, s, "org_b", none)),
				next(journal(t, s, "org_a", store.AuditFilter{From: base().Add(-9999 * time.Hour)})),
				next(journal(t, s, "org_a", store.AuditFilter{Operation: newAct("", 0).Operation})))
		}},
		{"a request that has ended records and reads nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Journal.Record(ended, newAct("org_a", 0)), fault.Unavailable, "")
			_, _, err := s.Journal.Entries(ended, "org_a", none, store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			same(t, all(t, 10, journal(t, s, "org_a", none)), nil)
		}},
	}
}

func auditFilters(t *testing.T, s Stores) {
	written := acts(t, s, "org_a", 30)
	for _, f := range []store.AuditFilter{
		{Actor: "key_1"}, {Operation: "create-client"}, {Actor: "key_1", Operation: "create-client"}, {Actor: "key_9"},
		{From: written[9].At}, {Until: written[9].At}, {From: written[20].At, Until: written[9].At},
		{Actor: "key_2", From: written[20].At, Until: written[9].At},
		{From: written[9].At, Until: written[20].At}, // nothing lies there
		{From: base().Add(1e5 * time.Hour)}, {Until: base().Add(-1e5 * time.Hour)},
		{From: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		var want []audit.Entry
		for _, e := range written {
			if (f.Actor == "" || e.Actor == f.Actor) && (f.Operation == "" || e.Operation == f.Operation) &&
				(f.From.IsZero() || !e.At.Before(f.From)) && (f.Until.IsZero() || e.At.Before(f.Until)) {
				want = append(want, e)
			}
		}
		for _, limit := range []int{1, 4, len(want) + 1} {
			same(t, all(t, limit, journal(t, s, "org_a", f)), want)
		}
	}
}

// An id has milliseconds, and may be made a moment before or after At.
func auditTimes(t *testing.T, s Stores) {
	var written []audit.Entry
	for n, shift := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		e := newAct("org_a", n)
		e.At, e.ID = base().Add(time.Duration(n)), ulidAt(base().Add(shift), byte(n))
		ok(t, s.Journal.Record(ctx(t), e))
		written = append(written, e)
	}
	got := all(t, 10, journal(t, s, "org_a", store.AuditFilter{From: base().Add(1)}))
	same(t, got, []audit.Entry{written[2], written[1]})
	got = all(t, 10, journal(t, s, "org_a", store.AuditFilter{Until: base().Add(1)}))
	same(t, got, written[:1])
	got = all(t, 10, journal(t, s, "org_a", store.AuditFilter{From: base().Add(1), Until: base().Add(2)}))
	same(t, got, written[1:2])
}

func rareActs(t *testing.T, s Stores) {
	const total = store.MaxLookedAt + 30
	done := make(chan error)
	for w := range writers {
		go func() {
			var err error
			for n := w; n < total && err == nil; n += writers {
				e := newAct("org_a", n)
				if e.Actor = "key_many"; n == 0 {
					e.Actor = "key_one" // the oldest
				}
				err = s.Journal.Record(ctx(t), e)
			}
			done <- err
		}()
	}
	for range writers {
		ok(t, <-done)
	}
	list := journal(t, s, "org_a", store.AuditFilter{Actor: "key_one"})
	got, cursor, err := list(store.Page{Limit: 10})
	ok(t, err)
	if len(got) != 0 || cursor == "" {
		t.Fatalf("the first page has %d acts and the cursor %q; want none of the newest %d, and more to come", len(got), cursor, store.MaxLookedAt)
	}
	got, cursor, err = list(store.Page{Limit: 10, Cursor: cursor})
	ok(t, err)
	if len(got) != 1 || cursor != "" {
		t.Fatalf("the second page has %d acts and the cursor %q; want the one, and the end", len(got), cursor)
	}
}

// acts records so many acts and gives them newest first.
func acts(t *testing.T, s Stores, organization string, n int) []audit.Entry {
	t.Helper()
	var written []audit.Entry
	for i := range n {
		written = append(written, newAct(organization, i))
		ok(t, s.Journal.Record(ctx(t), written[i]))
	}
	slices.SortFunc(written, func(a, b audit.Entry) int { return cmp.Compare(b.ID, a.ID) })
	return written
}

// newAct makes the n-th act, 31 hours after the one before.
func newAct(organization string, n int) audit.Entry {
	at := base().Add(time.Duration(n) * 31 * time.Hour)
	return audit.Entry{ID: ulidAt(at, byte(n)), Organization: organization, At: at, Actor: fmt.Sprint("key_", n%3), ActorName: "ops",
		Person: "per_000000000001", Operation: []string{"create-client", "rotate-client"}[n%2], Target: "clients/cli_1",
		Outcome: "done", Address: "203.0.113.7", Agent: "curl/8", Request: "r-1", Detail: "name: a -> b"}
}

func ulidAt(at time.Time, last byte) string {
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(at)) // the time fits
	id[15] = last
	return id.String()
}

func journal(t *testing.T, s Stores, organization string, f store.AuditFilter) func(store.Page) ([]audit.Entry, string, error) {
	return func(p store.Page) ([]audit.Entry, string, error) {
		return s.Journal.Entries(ctx(t), organization, f, p)
	}
}

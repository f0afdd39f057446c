package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/record"
	"leadline/shared/store"
)

func deliveryTests() []test {
	return []test{
		{"a missing delivery is not found, and deleting it is no error", func(t *testing.T, s Stores) {
			_, err := s.Deliveries.LoggedDelivery(ctx(t), "org_a", "dst_a", "x")
			is(t, err, fault.NotFound, "")
			ok(t, s.Deliveries.DeleteDelivery(ctx(t), "org_a", "dst_a", "x"))
			same(t, all(t, 10, logged(t, s, "org_a", "dst_a", store.DeliveryFilter{})), nil)
		}},
		{"a delivery is kept whole, and the next state leaves nothing of it", func(t *testing.T, s Stores) {
			e := newDelivery("org_a", 1)
			logs(t, s, e)
			same(t, logEntry(t, s, e), e)
			e.Rev, e.Body, e.Attempts, e.NextAt = 2, nil, nil, time.Time{}
			e.Payload = &record.PayloadRef{Key: "outbound/org_a/x.gz", Offset: 1, Length: 2}
			e.Outcome = outbound.Delivered
			logs(t, s, e)
			same(t, logEntry(t, s, e), e)
		}},
		{"a delivery goes by its rev alone", func(t *testing.T, s Stores) {
			e := newDelivery("org_a", 1)
			for _, rev := range []int64{0, 2, 3} {
				e.Rev = rev
				is(t, s.Deliveries.LogDelivery(ctx(t), e, later()), fault.Conflict, store.CodeStale)
			}
			_, err := s.Deliveries.LoggedDelivery(ctx(t), "org_a", "dst_a", e.ID)
			is(t, err, fault.NotFound, "")
			e.Rev = 1
			logs(t, s, e)
			other := e
			other.Outcome = outbound.Skipped
			for _, rev := range []int64{0, 1, 3} {
				other.Rev = rev
				is(t, s.Deliveries.LogDelivery(ctx(t), other, later()), fault.Conflict, store.CodeStale)
			}
			same(t, logEntry(t, s, e), e)
		}},
		{"one of concurrent states wins", func(t *testing.T, s Stores) {
			for rev := int64(1); rev <= 2; rev++ {
				tries := make([]outbound.LogEntry, writers)
				errs := atOnce(t, func(n int) error {
					tries[n] = newDelivery("org_a", 1)
					tries[n].Rev, tries[n].Attempt = rev, n
					return s.Deliveries.LogDelivery(ctx(t), tries[n], later())
				})
				oneWins(t, errs)
				won := tries[slices.Index(errs, nil)]
				same(t, logEntry(t, s, won), won)
			}
		}},
		{"a deleted delivery is gone, and can come again", func(t *testing.T, s Stores) {
			e, other := newDelivery("org_a", 1), newDelivery("org_a", 2)
			logs(t, s, e)
			logs(t, s, other)
			ok(t, s.Deliveries.DeleteDelivery(ctx(t), "org_b", "dst_a", e.ID))
			ok(t, s.Deliveries.DeleteDelivery(ctx(t), "org_a", "dst_b", e.ID))
			same(t, logEntry(t, s, e), e)
			ok(t, s.Deliveries.DeleteDelivery(ctx(t), "org_a", "dst_a", e.ID))
			_, err := s.Deliveries.LoggedDelivery(ctx(t), "org_a", "dst_a", e.ID)
			is(t, err, fault.NotFound, "")
			other.Body = nil
			same(t, all(t, 10, logged(t, s, "org_a", "dst_a", store.DeliveryFilter{})), []outbound.LogEntry{other})
			logs(t, s, e)
		}},
		{"deliveries come newest first, without bodies, with every limit and filter", deliveryFilters},
		{"a filter that lets little through ends a page early, and loses nothing", rareDeliveries},
		{"a time bounds what is looked at", boundedDeliveries},
		{"deliveries of others are not found nor listed, their cursors are invalid", func(t *testing.T, s Stores) {
			for n := range 3 {
				for _, destination := range []string{"dst_a", "dst_b", "dst_a#0"} {
					for _, organization := range []string{"org_a", "org_b"} {
						e := newDelivery(organization, n)
						e.Destination = destination
						logs(t, s, e)
					}
				}
			}
			none := store.DeliveryFilter{}
			got := all(t, 10, logged(t, s, "org_a", "dst_a", none))
			if len(got) != 3 || slices.ContainsFunc(got, func(e outbound.LogEntry) bool { return e.Organization != "org_a" || e.Destination != "dst_a" }) {
				t.Fatalf("listed: %+v", got)
			}
			_, err := s.Deliveries.LoggedDelivery(ctx(t), "org_c", "dst_a", newDelivery("org_a", 1).ID)
			is(t, err, fault.NotFound, "")
			refuses(t, logged(t, s, "org_a", "dst_a", none), next(logged(t, s, "org_b", "dst_a", none)),
				next(logged(t, s, "org_a", "dst_b", none)),
				next(logged(t, s, "org_a", "dst_a", store.DeliveryFilter{Outcome: outbound.Retrying})),
				next(logged(t, s, "org_a", "dst_a", store.DeliveryFilter{Until: base().Add(time.Hour)})))
		}},
		{"hostile ids are kept apart", func(t *testing.T, s Stores) {
			want := map[string]outbound.LogEntry{}
			for n, id := range hostile() {
				e := newDelivery("org_a", n)
				if e.ID = id; want[id].ID == "" {
					logs(t, s, e)
					want[id] = e
				}
			}
			for _, e := range want {
				same(t, logEntry(t, s, e), e)
			}
		}},
		{"what is written and read is not shared", func(t *testing.T, s Stores) {
			e, want := newDelivery("org_a", 1), newDelivery("org_a", 1)
			e.Payload, want.Payload = &record.PayloadRef{Key: "k"}, &record.PayloadRef{Key: "k"}
			logs(t, s, e)
			got := logEntry(t, s, e)
			same(t, got, want)
			for _, spoil := range []outbound.LogEntry{e, got} {
				spoil.Body[0], spoil.Attempts[0].Status, spoil.Payload.Key = 'x', 999, "late"
			}
			same(t, logEntry(t, s, want), want)
		}},
	}
}

func deliveryFilters(t *testing.T, s Stores) {
	var every []outbound.LogEntry
	for n := range 40 {
		e := newDelivery("org_a", n)
		e.Outcome = []outbound.Outcome{outbound.Retrying, outbound.Delivered, outbound.GivenUp}[n%3]
		e.Type = []string{"lead created", "lead updated"}[n/2%2]
		logs(t, s, e)
		e.Body = nil
		every = append(every, e)
	}
	slices.Reverse(every)
	for _, outcome := range []outbound.Outcome{"", outbound.Retrying, outbound.Skipped} {
		for _, kind := range []string{"", "lead updated", "lead"} {
			for _, from := range []time.Time{{}, every[30].CreatedAt, every[30].CreatedAt.Add(1)} {
				for _, until := range []time.Time{{}, every[5].CreatedAt, every[5].CreatedAt.Add(1), base().Add(-time.Hour)} {
					f := store.DeliveryFilter{Outcome: outcome, Type: kind, From: from, Until: until}
					want := slices.DeleteFunc(slices.Clone(every), func(e outbound.LogEntry) bool { return !f.Matches(e) })
					for _, limit := range []int{1, 7, 1000} {
						same(t, all(t, limit, logged(t, s, "org_a", "dst_a", f)), want)
					}
				}
			}
		}
	}
	pages(t, every, logged(t, s, "org_a", "dst_a", store.DeliveryFilter{}))
}

// rareDeliveries has matches on both sides of the last entry that is looked at for the first page.
func rareDeliveries(t *testing.T, s Stores) {
	const more = 3
	total := store.MaxLookedAt + more
	var want []outbound.LogEntry
	for n := total - 1; n >= 0; n-- { // the newest first
		e := newDelivery("org_a", n)
		if e.Body = nil; n == 0 || n == more-1 || n == more {
			e.Type = "rare"
			want = append(want, e)
		}
		logs(t, s, e)
	}
	list := logged(t, s, "org_a", "dst_a", store.DeliveryFilter{Type: "rare"})
	got, cursor, err := list(store.Page{Limit: 100})
	ok(t, err)
	if len(got) > 1 || cursor == "" {
		t.Fatalf("the first page has %d entries and the cursor %q: more than %d entries were looked at", len(got), cursor, store.MaxLookedAt)
	}
	for n := 0; cursor != ""; n++ {
		var items []outbound.LogEntry
		items, cursor, err = list(store.Page{Cursor: cursor, Limit: 1})
		ok(t, err)
		if got = append(got, items...); n > total {
			t.Fatal("the list does not end")
		}
	}
	same(t, got, want)
}

// boundedDeliveries has so many entries outside of the bounds that one page could not look at them all.
func boundedDeliveries(t *testing.T, s Stores) {
	wanted := newDelivery("org_a", 0)
	wanted.Body = nil
	logs(t, s, wanted)
	for n := range store.MaxLookedAt + 1 {
		e := newDelivery("org_a", 10_000+n)
		e.Body = nil
		logs(t, s, e)
	}
	got, _, err := logged(t, s, "org_a", "dst_a", store.DeliveryFilter{Until: wanted.CreatedAt.Add(time.Second)})(store.Page{Limit: 10})
	ok(t, err)
	same(t, got, []outbound.LogEntry{wanted})
}

// later is when the tests' entries may be forgotten: not while they run.
func later() time.Time { return time.Now().Add(24 * time.Hour) }

// newDelivery makes the n-th delivery to a destination, with everything that an entry can have; ids sort by n, one a
// second.
func newDelivery(organization string, n int) outbound.LogEntry {
	at := base().Add(time.Duration(n) * time.Second)
	id := ulid.ULID{15: byte(n)}
	_ = id.SetTime(ulid.Timestamp(at)) // fits
	return outbound.LogEntry{
		Delivery: outbound.Delivery{V: outbound.Format, Organization: organization, Destination: "dst_a", ID: id.String() + "-dst_a",
			Event: fmt.Sprint("ev_", n), Type: "opportunity updated", Body: []byte("{\"a\": \"<&>\xff\x00\"}"), CreatedAt: at,
			Attempt: 2, Replay: 1},
		Outcome: outbound.Retrying, NextAt: at.Add(time.Minute), UpdatedAt: at.Add(time.Second), Rev: 1,
		Attempts: []outbound.Attempt{{Number: 1, At: at, Status: 503, Took: 17, Problem: "It answered 503.", Answer: "<b>ü</b>"},
			{Number: 2, At: at.Add(time.Second), Problem: "Nobody answered."}},
	}
}

func logs(t *testing.T, s Stores, e outbound.LogEntry) {
	t.Helper()
	ok(t, s.Deliveries.LogDelivery(ctx(t), e, later()))
}

func logEntry(t *testing.T, s Stores, e outbound.LogEntry) outbound.LogEntry {
	t.Helper()
	got, err := s.Deliveries.LoggedDelivery(ctx(t), e.Organization, e.Destination, e.ID)
	ok(t, err)
	return got
}

func logged(t *testing.T, s Stores, organization, destination string, f store.DeliveryFilter) func(store.Page) ([]outbound.LogEntry, string, error) {
	return func(p store.Page) ([]outbound.LogEntry, string, error) {
		return s.Deliveries.LoggedDeliveries(ctx(t), organization, destination, f, p)
	}
}

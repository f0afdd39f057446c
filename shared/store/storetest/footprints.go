package storetest

import (
	"context"
	"fmt"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/store"
)

func footprintTests() []test {
	return []test{
		{"a missing footprint is one of Rev 0", func(t *testing.T, s Stores) {
			got, err := s.Credits.Footprint(ctx(t), "org_a", "edn_1", keyIn("org_a", "x"))
			ok(t, err)
			same(t, got, incentive.Footprint{Organization: "org_a", Edition: "edn_1", Record: keyIn("org_a", "x")})
		}},
		{"a footprint is kept whole, with its credits, and replaced", footprintsAreReplaced},
		{"a stale footprint changes nothing", staleFootprints},
		{"one of concurrent footprints wins, with all of its credits", concurrentFootprints},
		{"what is written and read of a footprint is not shared", func(t *testing.T, s Stores) {
			f, credits := newFootprint("edn_1", "x", 3)
			ok(t, keep(t, s, f, none(f), credits))
			want, wantCredits := newFootprint("edn_1", "x", 3)
			f.Credits[0].ID, f.Joined[0].ID, f.Refusals[0].Code, f.Touched[0].Participant = "late", "late", "late", "late"
			credits[0].Rate.Rev, credits[0].Cell["segment"] = 99, "late"
			footprintStands(t, s, want)
			got, err := s.Credits.Footprint(ctx(t), "org_a", "edn_1", want.Record)
			ok(t, err)
			got.Credits[0].ID = "late"
			footprintStands(t, s, want)
			for range 2 {
				list := creditsOf(t, s, "edn_1", "mem_0", calendar.Span{})
				same(t, list, wantCredits[:1])
				list[0].Rate.Rev, list[0].Cell["segment"] = 99, "late"
			}
		}},
		{"what was ordered is noted once, and only of the rev", orderedIsNoted},
		{"a credit that moves to another day lies there alone", func(t *testing.T, s Stores) {
			f, credits := newFootprint("edn_1", "x", 1)
			ok(t, keep(t, s, f, none(f), credits))
			before, old := f, store.RefOf(credits[0])
			credits[0].Date = "2026-12-24"
			f.Rev, f.Credits = 2, refsOf(credits)
			ok(t, keep(t, s, f, before, credits, old))
			same(t, creditsOf(t, s, "edn_1", "mem_0", calendar.Span{}), credits)
			// To remove what is put, or what is not there, removes nothing.
			before = f
			f.Rev = 3
			ok(t, keep(t, s, f, before, credits, store.RefOf(credits[0]), store.RefOf(credits[0]), old, old))
			same(t, creditsOf(t, s, "edn_1", "mem_0", calendar.Span{}), credits)
		}},
		{"of two credits of one place the later stands", func(t *testing.T, s Stores) {
			f, credits := newFootprint("edn_1", "x", 1)
			first := credits[0]
			first.Value = number.Of(1)
			ok(t, keep(t, s, f, none(f), append([]incentive.Credit{first}, credits...)))
			same(t, creditsOf(t, s, "edn_1", "mem_0", calendar.Span{}), credits)
		}},
		{"a hundred items are saved, and no more", mostItems},
		{"who joined a record is known as long as it does", joinedIsKnown},
		{"those who joined a record are listed, with every limit", joinedAreListed},
		{"problems are listed as long as there are some", problemsAreListed},
		{"a request for footprints that has ended does nothing", func(t *testing.T, s Stores) {
			f, credits := newFootprint("edn_1", "x", 2)
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Credits.SaveFootprint(ended, f, none(f), credits, nil), fault.Unavailable, "")
			is(t, s.Credits.Ordered(ended, "org_a", "edn_1", f.Record, 1), fault.Unavailable, "")
			_, err := s.Credits.Footprint(ended, "org_a", "edn_1", f.Record)
			is(t, err, fault.Unavailable, "")
			_, _, err = s.Credits.JoinedTo(ended, "org_a", "edn_1", f.Record, store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			_, _, err = s.Credits.Problems(ended, "org_a", "edn_1", store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			_, err = s.Credits.Credits(ended, "org_a", "edn_1", "mem_0", calendar.Span{})
			is(t, err, fault.Unavailable, "")
			footprintStands(t, s, none(f))
		}},
	}
}

// keyIn names a record of an organization.
func keyIn(organization, id string) record.Key {
	return record.Key{Organization: organization, Connection: "conn_a", Object: "opportunity", ID: id}
}

// none is the footprint that is read where none is stored.
func none(f incentive.Footprint) incentive.Footprint {
	return incentive.Footprint{Organization: f.Organization, Edition: f.Edition, Record: f.Record}
}

// newFootprint makes the first footprint of a record, with so many credits of mem_0, mem_1 ...
func newFootprint(edition, id string, credits int) (incentive.Footprint, []incentive.Credit) {
	f := incentive.Footprint{Organization: "org_a", Edition: edition, Record: keyIn("org_a", id), RecordRev: 7, Hash: "h", Rev: 1, At: base(),
		Joined:   []record.Key{{Organization: "org_a", Connection: "conn_a", Object: "lead", ID: "lead of " + id}},
		Touched:  []incentive.CreditRef{{Participant: "mem_z", Date: "2026-10-01"}},
		Refusals: []incentive.Refusal{{Component: "deals", Step: "convert", Code: "no_rate", Detail: "<&>", Problem: true}}}
	var all []incentive.Credit
	for n := range credits {
		all = append(all, newCredit(f.Record, fmt.Sprint("mem_", n), "2026-11-22"))
	}
	f.Credits = refsOf(all)
	return f, all
}

// keep saves a footprint with its credits.
func keep(t *testing.T, s Stores, f, before incentive.Footprint, put []incentive.Credit, remove ...incentive.CreditRef) error {
	t.Helper()
	return s.Credits.SaveFootprint(ctx(t), f, before, put, remove)
}

func footprintStands(t *testing.T, s Stores, want incentive.Footprint) {
	t.Helper()
	got, err := s.Credits.Footprint(ctx(t), want.Organization, want.Edition, want.Record)
	ok(t, err)
	same(t, got, want)
}

func footprintsAreReplaced(t *testing.T, s Stores) {
	f, credits := newFootprint("edn_1", "x", 3)
	ok(t, keep(t, s, f, none(f), credits))
	footprintStands(t, s, f)
	for n := range 3 {
		same(t, creditsOf(t, s, "edn_1", fmt.Sprint("mem_", n), calendar.Span{}), credits[n:n+1])
	}
	// mem_0's credit changes, mem_1's stays as it is and is not given again, mem_2's goes, mem_9's comes.
	before := f
	changed, added := newCredit(f.Record, "mem_0", "2026-11-22"), newCredit(f.Record, "mem_9", "2026-11-22")
	changed.Value, changed.Rate, changed.Cell = number.Of(5), nil, nil
	f.Rev, f.Hash, f.Touched, f.Refusals = 2, "h2", nil, nil
	f.Credits = refsOf([]incentive.Credit{changed, credits[1], added})
	ok(t, keep(t, s, f, before, []incentive.Credit{changed, added}, store.RefOf(credits[2])))
	footprintStands(t, s, f)
	for participant, want := range map[string][]incentive.Credit{"mem_0": {changed}, "mem_1": credits[1:2], "mem_2": nil, "mem_9": {added}} {
		same(t, creditsOf(t, s, "edn_1", participant, calendar.Span{}), want)
	}
	// Nothing is left of it but that it was.
	before = f
	f.Rev, f.Credits, f.Joined, f.Hash = 3, nil, nil, ""
	ok(t, keep(t, s, f, before, nil, before.Credits...))
	footprintStands(t, s, f)
	for _, participant := range []string{"mem_0", "mem_1", "mem_2", "mem_9"} {
		same(t, creditsOf(t, s, "edn_1", participant, calendar.Span{}), nil)
	}
	ok(t, keep(t, s, incentive.Footprint{Organization: "org_a", Edition: "edn_1", Record: f.Record, Rev: 4}, f, nil))
	footprintStands(t, s, incentive.Footprint{Organization: "org_a", Edition: "edn_1", Record: f.Record, Rev: 4})
}

func staleFootprints(t *testing.T, s Stores) {
	f, credits := newFootprint("edn_1", "x", 2)
	missing := f
	missing.Rev = 2
	is(t, keep(t, s, missing, none(f), credits), fault.Conflict, store.CodeStale)
	footprintStands(t, s, none(f))
	same(t, creditsOf(t, s, "edn_1", "mem_0", calendar.Span{}), nil)
	ok(t, keep(t, s, f, none(f), credits))
	late := newCredit(f.Record, "mem_late", "2026-11-22")
	for _, rev := range []int64{1, 3, 0} {
		other := f
		other.Rev, other.Hash = rev, "late"
		is(t, keep(t, s, other, f, []incentive.Credit{late}, f.Credits...), fault.Conflict, store.CodeStale)
		is(t, keep(t, s, other, f, nil), fault.Conflict, store.CodeStale) // alone
	}
	footprintStands(t, s, f)
	same(t, creditsOf(t, s, "edn_1", "mem_0", calendar.Span{}), credits[:1])
	same(t, creditsOf(t, s, "edn_1", "mem_late", calendar.Span{}), nil)
}

func concurrentFootprints(t *testing.T, s Stores) {
	f, _ := newFootprint("edn_1", "x", 0)
	write := func(rev int64, before incentive.Footprint) func(int) error {
		return func(n int) error {
			next := f
			next.Rev, next.Hash = rev, fmt.Sprint(n)
			var put []incentive.Credit
			for i := range 3 {
				put = append(put, newCredit(f.Record, fmt.Sprintf("mem_%d_%d", n, i), "2026-11-22"))
			}
			next.Credits = refsOf(put)
			return s.Credits.SaveFootprint(ctx(t), next, before, put, before.Credits)
		}
	}
	before := none(f)
	for rev := int64(1); rev <= 2; rev++ {
		// Whoever loses may be told that the store is busy with the same items.
		won := 0
		for _, err := range atOnce(t, write(rev, before)) {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
		}
		same(t, won, 1)
		got, err := s.Credits.Footprint(ctx(t), "org_a", "edn_1", f.Record)
		ok(t, err)
		same(t, got.Rev, rev)
		for n := range writers {
			for i := range 3 {
				want := 0
				if fmt.Sprint(n) == got.Hash {
					want = 1
				}
				same(t, len(creditsOf(t, s, "edn_1", fmt.Sprintf("mem_%d_%d", n, i), calendar.Span{})), want)
			}
		}
		before = got
	}
}

func orderedIsNoted(t *testing.T, s Stores) {
	f, credits := newFootprint("edn_1", "x", 2)
	ordered := func(edition string, key record.Key, rev int64) {
		t.Helper()
		ok(t, s.Credits.Ordered(ctx(t), "org_a", edition, key, rev))
	}
	ordered("edn_1", f.Record, 1)
	footprintStands(t, s, none(f))
	ok(t, keep(t, s, f, none(f), credits))
	ordered("edn_1", f.Record, 2)
	ordered("edn_1", f.Record, 0)
	ordered("edn_2", f.Record, 1)
	ordered("edn_1", keyIn("org_a", "y"), 1)
	footprintStands(t, s, f)
	f.Touched = nil
	for range 2 {
		ordered("edn_1", f.Record, 1)
		footprintStands(t, s, f)
	}
	before := f
	f.Rev, f.Touched = 2, []incentive.CreditRef{{Participant: "mem_0", Date: "2026-11-22", ID: "i"}}
	ok(t, keep(t, s, f, before, nil))
	ordered("edn_1", f.Record, 1)
	footprintStands(t, s, f)
}

func mostItems(t *testing.T, s Stores) {
	f, _ := newFootprint("edn_1", "x", 0)
	f.Refusals = nil
	credits := func(n int, date calendar.Date) (all []incentive.Credit) {
		for i := range n {
			all = append(all, newCredit(f.Record, fmt.Sprint("mem_", i), date))
		}
		return all
	}
	most := store.MaxFootprintItems - 1
	is(t, keep(t, s, f, none(f), credits(most+1, "2026-11-22")), fault.Invalid, store.CodeTooMany)
	bad := f
	bad.Refusals = []incentive.Refusal{{Problem: true}}
	is(t, keep(t, s, bad, none(f), credits(most, "2026-11-22")), fault.Invalid, store.CodeTooMany)
	footprintStands(t, s, none(f))
	first := credits(most, "2026-11-22")
	f.Credits = refsOf(first)
	ok(t, keep(t, s, f, none(f), first))
	before, moved := f, credits(most, "2026-11-23")
	f.Rev, f.Credits = 2, refsOf(moved)
	is(t, keep(t, s, f, before, moved, refsOf(first)...), fault.Invalid, store.CodeTooMany)
	footprintStands(t, s, before)
	// In two saves it can be done.
	bare := f
	bare.Credits = nil
	ok(t, keep(t, s, bare, before, nil, refsOf(first)...))
	f.Rev = 3
	ok(t, keep(t, s, f, bare, moved))
	for i := range most {
		same(t, creditsOf(t, s, "edn_1", fmt.Sprint("mem_", i), calendar.Span{}), moved[i:i+1])
	}
}

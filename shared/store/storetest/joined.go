package storetest

import (
	"cmp"
	"slices"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
)

func joinedTo(t *testing.T, s Stores, organization, edition string, key record.Key) func(store.Page) ([]record.Key, string, error) {
	return func(p store.Page) ([]record.Key, string, error) {
		return s.Credits.JoinedTo(ctx(t), organization, edition, key, p)
	}
}

func joinedIsKnown(t *testing.T, s Stores) {
	lead, contact := keyIn("org_a", "the lead"), keyIn("org_a", "the contact")
	lead.Object, contact.Object = "lead", "contact"
	known := func(key record.Key, want ...record.Key) {
		t.Helper()
		same(t, sortedKeys(all(t, 10, joinedTo(t, s, "org_a", "edn_1", key))), want)
	}
	f, _ := newFootprint("edn_1", "x", 0)
	g, _ := newFootprint("edn_1", "y", 0)
	f.Joined, g.Joined = []record.Key{lead, contact, lead}, []record.Key{lead}
	known(lead)
	ok(t, keep(t, s, f, none(f), nil))
	ok(t, keep(t, s, g, none(g), nil))
	known(lead, f.Record, g.Record)
	known(contact, f.Record)
	known(f.Record)
	// Other editions, organizations and records of the same id know nothing of it.
	same(t, all(t, 10, joinedTo(t, s, "org_a", "edn_2", lead)), nil)
	same(t, all(t, 10, joinedTo(t, s, "org_b", "edn_1", inOrganization(lead, "org_b"))), nil)
	other := lead
	other.Object = "account"
	known(other)
	other = lead
	other.Connection = "conn_b"
	known(other)
	// What goes on being joined stays, what is joined no more goes, and what comes is known.
	before := f
	f.Rev, f.Joined = 2, []record.Key{lead, other}
	ok(t, keep(t, s, f, before, nil))
	known(lead, f.Record, g.Record)
	known(contact)
	known(other, f.Record)
	// A refused footprint takes nothing out.
	stale := f
	stale.Joined = nil
	is(t, keep(t, s, stale, f, nil), fault.Conflict, store.CodeStale)
	known(lead, f.Record, g.Record)
	before = f
	f.Rev, f.Joined = 3, nil
	ok(t, keep(t, s, f, before, nil))
	known(lead, g.Record)
	known(other)
}

func joinedAreListed(t *testing.T, s Stores) {
	lead := keyIn("org_a", "a#b%")
	var want []record.Key
	for _, id := range hostile() {
		for _, object := range []string{"opportunity", "a#b"} {
			f, _ := newFootprint("edn_1", id, 0)
			f.Record.Object, f.Joined = object, []record.Key{lead, keyIn("org_a", "a"), keyIn("org_a", "other")}
			if slices.Contains(want, f.Record) {
				continue
			}
			ok(t, keep(t, s, f, none(f), nil))
			want = append(want, f.Record)
		}
	}
	for _, limit := range []int{1, 7, len(want) - 1, len(want), store.MaxLimit} {
		same(t, sortedKeys(all(t, limit, joinedTo(t, s, "org_a", "edn_1", lead))), sortedKeys(want))
	}
	refuses(t, joinedTo(t, s, "org_a", "edn_1", lead), next(joinedTo(t, s, "org_a", "edn_1", keyIn("org_a", "a"))))
	_, cursor, err := s.Credits.JoinedTo(ctx(t), "org_a", "edn_1", lead, store.Page{Limit: 1})
	ok(t, err)
	_, _, err = s.Credits.JoinedTo(ctx(t), "org_a", "edn_2", lead, store.Page{Cursor: cursor, Limit: 1})
	is(t, err, fault.Invalid, store.CodeInvalidCursor)
}

func problemsAreListed(t *testing.T, s Stores) {
	list := func(organization, edition string) func(store.Page) ([]incentive.Footprint, string, error) {
		return func(p store.Page) ([]incentive.Footprint, string, error) {
			return s.Credits.Problems(ctx(t), organization, edition, p)
		}
	}
	byID := func(footprints []incentive.Footprint) []incentive.Footprint {
		slices.SortFunc(footprints, func(a, b incentive.Footprint) int { return cmp.Compare(a.Record.ID, b.Record.ID) })
		return footprints
	}
	var want []incentive.Footprint
	for n, id := range hostile() {
		if slices.ContainsFunc(want, func(f incentive.Footprint) bool { return f.Record.ID == id }) {
			continue
		}
		f, credits := newFootprint("edn_1", id, n%2) // with credits, and alone
		f.Refusals = append([]incentive.Refusal{{Code: "merely does not count"}}, f.Refusals...)
		ok(t, keep(t, s, f, none(f), credits))
		want = append(want, f)
		calm, _ := newFootprint("edn_1", "calm "+id, 0)
		calm.Refusals = []incentive.Refusal{{Code: "merely does not count"}}
		ok(t, keep(t, s, calm, none(calm), nil))
		elsewhere, _ := newFootprint("edn_2", id, 0)
		ok(t, keep(t, s, elsewhere, none(elsewhere), nil))
	}
	byID(want)
	for _, limit := range []int{1, 2, 5, len(want) - 1, len(want), store.MaxLimit} {
		same(t, byID(all(t, limit, list("org_a", "edn_1"))), want)
	}
	same(t, all(t, 10, list("org_b", "edn_1")), nil)
	refuses(t, list("org_a", "edn_1"), next(list("org_a", "edn_2")))
	// One is mended, one stays and is ordered, one gets worse.
	for n, next := range []incentive.Footprint{want[0], want[1], want[2]} {
		before := next
		next.Rev = 2
		switch n {
		case 0:
			next.Refusals = nil
		case 2:
			next.Refusals = append(next.Refusals, incentive.Refusal{Code: "more", Problem: true})
		}
		ok(t, keep(t, s, next, before, nil))
		if n == 1 {
			ok(t, s.Credits.Ordered(ctx(t), "org_a", "edn_1", next.Record, 2))
			next.Touched = nil
		}
		want[n] = next
	}
	same(t, byID(all(t, 3, list("org_a", "edn_1"))), want[1:])
	before := want[0]
	worse := before
	worse.Rev, worse.Refusals = 3, []incentive.Refusal{{Code: "again", Problem: true}}
	ok(t, keep(t, s, worse, before, nil))
	want[0] = worse
	same(t, byID(all(t, 3, list("org_a", "edn_1"))), want)
}

func sortedKeys(keys []record.Key) []record.Key {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b record.Key) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID))
	})
	return keys
}

func inOrganization(key record.Key, organization string) record.Key {
	key.Organization = organization
	return key
}

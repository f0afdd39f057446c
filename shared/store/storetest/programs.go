package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/view"
)

func programTests() []test {
	return append(programs().tests(), []test{
		{"what is written and read of a program is not shared", func(t *testing.T, s Stores) {
			p, want := newProgram("org_a", "x"), newProgram("org_a", "x")
			ok(t, s.Programs.CreateProgram(ctx(t), p, nil))
			p.Draft.Components[0].Name, p.Live.Versions[0].Number = "late", 9
			got, err := s.Programs.Program(ctx(t), "org_a", "x")
			ok(t, err)
			same(t, got, want)
			got.Draft.Components[0].Name = "late"
			programs().stands(t, s, "org_a", want)
		}},
		{"a version is published with the program, or not at all", versionsArePublished},
		{"versions come newest first, with every limit", func(t *testing.T, s Stores) {
			p := newProgram("org_a", "x")
			ok(t, s.Programs.CreateProgram(ctx(t), p, nil))
			var want []program.Version
			for n := 1; n <= 11; n++ {
				p.Rev, p.Versions = p.Rev+1, n
				v := newVersion(n)
				ok(t, s.Programs.UpdateProgram(ctx(t), p, &v, nil))
				want = append(want, v)
			}
			slices.Reverse(want)
			list := func(organization, id string) func(store.Page) ([]program.Version, string, error) {
				return func(p store.Page) ([]program.Version, string, error) {
					return s.Programs.Versions(ctx(t), organization, id, p)
				}
			}
			pages(t, want, list("org_a", "x"))
			for _, of := range [][2]string{{"org_a", "y"}, {"org_b", "x"}, {"", ""}} {
				same(t, all(t, 10, list(of[0], of[1])), nil)
				_, err := s.Programs.Version(ctx(t), of[0], of[1], 1)
				is(t, err, fault.NotFound, "")
			}
			refuses(t, list("org_a", "x"), next(programs().pages(t, manyPrograms(t, s), "org_a")))
		}},
		{"a request for versions that has ended does nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			_, err := s.Programs.Version(ended, "org_a", "x", 1)
			is(t, err, fault.Unavailable, "")
			_, _, err = s.Programs.Versions(ended, "org_a", "x", store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
		}},
	}...)
}

// manyPrograms makes a few more programs.
func manyPrograms(t *testing.T, s Stores) Stores {
	t.Helper()
	for n := range 3 {
		ok(t, s.Programs.CreateProgram(ctx(t), newProgram("org_a", fmt.Sprint("more ", n)), nil))
	}
	return s
}

func versionsArePublished(t *testing.T, s Stores) {
	p := newProgram("org_a", "x")
	ok(t, s.Programs.CreateProgram(ctx(t), p, nil))
	first, second := newVersion(1), newVersion(2)
	receipt := newReceipt("k", base().Add(24*time.Hour))
	stale := programs().inRev(programs().changed(p), 1)
	is(t, s.Programs.UpdateProgram(ctx(t), stale, &first, &receipt), fault.Conflict, store.CodeStale)
	_, err := s.Programs.Version(ctx(t), "org_a", "x", 1)
	is(t, err, fault.NotFound, "")
	_, err = s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	is(t, err, fault.NotFound, "")

	p = programs().changed(p)
	ok(t, s.Programs.UpdateProgram(ctx(t), p, &first, &receipt))
	programs().stands(t, s, "org_a", p)
	got, err := s.Programs.Version(ctx(t), "org_a", "x", 1)
	ok(t, err)
	same(t, got, newVersion(1))
	first.Sources["deals"].View.Columns[0].Name = "late"
	got.Definition.Components[0].Name = "late"
	got, err = s.Programs.Version(ctx(t), "org_a", "x", 1)
	ok(t, err)
	same(t, got, newVersion(1))

	// A version never changes: whoever publishes it again is late.
	again := newVersion(1)
	again.Definition.Title = "another"
	next := programs().changed(p)
	is(t, s.Programs.UpdateProgram(ctx(t), next, &again, nil), fault.Conflict, store.CodeStale)
	is(t, s.Programs.UpdateProgram(ctx(t), next, &second, &receipt), fault.Conflict, store.CodeReceiptTaken)
	programs().stands(t, s, "org_a", p)
	got, err = s.Programs.Version(ctx(t), "org_a", "x", 1)
	ok(t, err)
	same(t, got, newVersion(1))
	ok(t, s.Programs.UpdateProgram(ctx(t), next, &second, nil))
	bare := program.Version{Number: 3, From: "2027-01-01"}
	ok(t, s.Programs.UpdateProgram(ctx(t), programs().changed(next), &bare, nil))
	got, err = s.Programs.Version(ctx(t), "org_a", "x", 3)
	ok(t, err)
	same(t, got, bare)
}

// newVersion makes a version of which two components read one view, and one another.
func newVersion(n int) program.Version {
	source := func(title string) program.Resolved {
		return program.Resolved{View: view.View{Title: title, Columns: []view.Column{{Name: "value", Field: "value"}}},
			Links: map[string]view.Link{"owner": {Title: "L"}}, Owner: "owner"}
	}
	return program.Version{Number: n, From: calendar.Date(fmt.Sprintf("2026-%02d-01", n)), Until: "2027-01-01", Definition: newDefinitionOf("plan"),
		Sources: map[string]program.Resolved{"deals": source("D"), "calls": source("C"), "demos": source("D")}}
}

func newDefinitionOf(title string) program.Definition {
	half, half3 := number.Frac(1, 2), number.Frac(1, 3)
	return program.Definition{Kind: program.Commission, Title: title, Description: "<&> ü", Currency: "USD", Zone: "Europe/Berlin", Period: calendar.Monthly,
		Calendar: calendar.Calendar{YearStarts: 4}, Participants: program.Participants{Teams: []string{"East"}},
		Components: []program.Component{{Name: "deals", Rate: &program.Rate{Tiers: []program.Tier{{From: number.Of(0), Pay: half}, {From: number.Of(9), Pay: half3}}}}}}
}

func newProgram(organization, id string) program.Program {
	draft := newDefinitionOf("draft")
	edition := func(id string) *program.Edition {
		return &program.Edition{ID: id, Versions: []program.InForce{{Number: 1, Span: calendar.Span{From: "2026-01-01"}}},
			Reads: []program.Reads{{Connection: "conn_a", Object: "opportunity"}, {Connection: "conn_a", Object: "lead", Joined: true}}}
	}
	return program.Program{ID: id, Organization: organization, Name: "N", Draft: &draft, DraftFrom: "2026-02-01", Template: "t", Versions: 1,
		Live: edition("edn_1"), Building: edition("edn_2"), By: "key_1", CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func programs() resource[program.Program] {
	return resource[program.Program]{
		make: newProgram,
		changed: func(p program.Program) program.Program {
			p.Name, p.Draft, p.DraftFrom, p.Live, p.Building, p.Archived, p.By = "changed", nil, "", p.Building, nil, true, ""
			p.UpdatedAt, p.Rev = base().Add(time.Hour), p.Rev+1
			return p
		},
		inRev: func(p program.Program, by int64) program.Program { p.Rev += by; return p },
		id:    func(p program.Program) string { return p.ID },
		create: func(ctx context.Context, s Stores, p program.Program, r *store.Receipt) error {
			return s.Programs.CreateProgram(ctx, p, r)
		},
		update: func(ctx context.Context, s Stores, p program.Program, r *store.Receipt) error {
			return s.Programs.UpdateProgram(ctx, p, nil, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (program.Program, error) {
			return s.Programs.Program(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]program.Program, string, error) {
			return s.Programs.Programs(ctx, organization, p)
		},
	}
}

func rateTests() []test {
	list := func(t *testing.T, s Stores, organization string) func(store.Page) ([]money.Rate, string, error) {
		return func(p store.Page) ([]money.Rate, string, error) { return s.Programs.Rates(ctx(t), organization, p) }
	}
	return []test{
		{"a rate goes by its rev, with the receipt or not at all", ratesGoByRev},
		{"rates come by currencies and day, with every limit", func(t *testing.T, s Stores) {
			var want []money.Rate
			for _, from := range []string{"CHF", "EUR", "JPY"} {
				for _, to := range []string{"EUR", "USD"} {
					for _, since := range []calendar.Date{"", "2025-12-31", "2026-01-01"} {
						r := newRate(since)
						r.From, r.To = from, to
						want = append(want, r)
					}
				}
			}
			for _, n := range []int{7, 2, 17, 0, 5, 11, 1, 3, 16, 4, 6, 15, 8, 14, 9, 13, 10, 12} {
				ok(t, s.Programs.SaveRate(ctx(t), "org_a", want[n], nil))
			}
			pages(t, want, list(t, s, "org_a"))
			same(t, all(t, 10, list(t, s, "org_b")), nil)
			for n := range 2 {
				ok(t, s.Programs.SaveRate(ctx(t), "org_b", want[n], nil))
			}
			refuses(t, list(t, s, "org_a"), next(list(t, s, "org_b")))
		}},
		{"a deleted rate is gone, and can be made anew", func(t *testing.T, s Stores) {
			a, b := newRate("2026-01-01"), newRate("2026-02-01")
			for _, organization := range []string{"org_a", "org_b"} {
				ok(t, s.Programs.SaveRate(ctx(t), organization, a, nil))
				ok(t, s.Programs.SaveRate(ctx(t), organization, b, nil))
			}
			for range 2 {
				ok(t, s.Programs.DeleteRate(ctx(t), "org_a", a.From, a.To, a.Span.From))
			}
			same(t, all(t, 10, list(t, s, "org_a")), []money.Rate{b})
			same(t, all(t, 10, list(t, s, "org_b")), []money.Rate{a, b})
			ok(t, s.Programs.SaveRate(ctx(t), "org_a", a, nil))
		}},
		{"one of concurrent rates wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error { return s.Programs.SaveRate(ctx(t), "org_a", newRate("2026-01-01"), nil) }))
			changed := newRate("2026-01-01")
			changed.Rev = 2
			oneWins(t, atOnce(t, func(int) error { return s.Programs.SaveRate(ctx(t), "org_a", changed, nil) }))
		}},
		{"a request for rates that has ended does nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Programs.SaveRate(ended, "org_a", newRate(""), nil), fault.Unavailable, "")
			is(t, s.Programs.DeleteRate(ended, "org_a", "EUR", "USD", ""), fault.Unavailable, "")
			_, _, err := s.Programs.Rates(ended, "org_a", store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			same(t, all(t, 10, list(t, s, "org_a")), nil)
		}},
	}
}

func newRate(since calendar.Date) money.Rate {
	value, _ := number.Parse("1.08345678") // it is one
	return money.Rate{From: "EUR", To: "USD", Value: value, Span: calendar.Span{From: since, Until: "2027-01-01"}, Rev: 1}
}

func ratesGoByRev(t *testing.T, s Stores) {
	stands := func(want ...money.Rate) {
		t.Helper()
		got, _, err := s.Programs.Rates(ctx(t), "org_a", store.Page{Limit: 10})
		ok(t, err)
		same(t, got, want)
	}
	r := newRate("2026-01-01")
	missing := r
	missing.Rev = 2
	is(t, s.Programs.SaveRate(ctx(t), "org_a", missing, nil), fault.Conflict, store.CodeStale)
	receipt := newReceipt("k", base().Add(store.ReceiptLife))
	ok(t, s.Programs.SaveRate(ctx(t), "org_a", r, &receipt))
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
	stands(r)

	changed := r
	changed.Value, changed.Span.Until, changed.Rev = number.Frac(-1, 3), "", 2
	for name, wrong := range map[string]int64{"the same once more": 1, "one from the future": 3} {
		late := changed
		late.Rev = wrong
		other := newReceipt(name, base().Add(store.ReceiptLife))
		is(t, s.Programs.SaveRate(ctx(t), "org_a", late, &other), fault.Conflict, store.CodeStale)
		_, err := s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
	}
	is(t, s.Programs.SaveRate(ctx(t), "org_a", changed, &receipt), fault.Conflict, store.CodeReceiptTaken)
	stands(r)
	// The receipt of a day ago does not stand in the way.
	later := newReceipt("k", base().Add(2*store.ReceiptLife))
	ok(t, s.Programs.SaveRate(ctx(t), "org_a", changed, &later))
	stands(changed)
}

func goalTests() []test {
	goals := func(n int64) []incentive.Goal {
		return []incentive.Goal{{Component: "deals", Amount: number.Of(n), Span: calendar.Span{From: "2026-01-01"}},
			{Component: "deals", Target: true, Amount: number.Frac(n, 7)}}
	}
	whole := func(t *testing.T, s Stores, organization, id string, limit int) map[string][]incentive.Goal {
		t.Helper()
		found := map[string][]incentive.Goal{}
		for p := (store.Page{Limit: limit}); ; {
			got, next, err := s.Programs.AllGoals(ctx(t), organization, id, p)
			ok(t, err)
			if len(got) > limit {
				t.Fatalf("page of %d, limit %d", len(got), limit)
			}
			for participant := range got {
				if _, again := found[participant]; again {
					t.Fatalf("%q comes twice", participant)
				}
			}
			maps.Copy(found, got)
			if p.Cursor = next; next == "" {
				return found
			}
		}
	}
	return []test{
		{"goals are replaced whole, and none is no error", func(t *testing.T, s Stores) {
			read := func(want []incentive.Goal) {
				t.Helper()
				got, err := s.Programs.Goals(ctx(t), "org_a", "p", "mem_a")
				ok(t, err)
				same(t, got, want)
			}
			read(nil)
			mine := goals(10)
			ok(t, s.Programs.SaveGoals(ctx(t), "org_a", "p", "mem_a", mine))
			mine[0].Component = "late"
			read(goals(10))
			ok(t, s.Programs.SaveGoals(ctx(t), "org_a", "p", "mem_a", goals(20)[:1]))
			read(goals(20)[:1])
			for range 2 {
				ok(t, s.Programs.SaveGoals(ctx(t), "org_a", "p", "mem_a", nil))
				read(nil)
				same(t, whole(t, s, "org_a", "p", 10), nil)
			}
		}},
		{"goals of others are their own", func(t *testing.T, s Stores) {
			want := map[string][]incentive.Goal{}
			for n, participant := range append(hostile(), "team:East") {
				want[participant] = goals(int64(n + 1))
				ok(t, s.Programs.SaveGoals(ctx(t), "org_a", "p", participant, want[participant]))
			}
			ok(t, s.Programs.SaveGoals(ctx(t), "org_a", "q", "mem_q", goals(99)))
			ok(t, s.Programs.SaveGoals(ctx(t), "org_b", "p", "mem_b", goals(98)))
			for _, limit := range []int{1, 3, len(want), store.MaxLimit} {
				same(t, whole(t, s, "org_a", "p", limit), want)
			}
			for participant, goals := range want {
				got, err := s.Programs.Goals(ctx(t), "org_a", "p", participant)
				ok(t, err)
				same(t, got, goals)
			}
			_, cursor, err := s.Programs.AllGoals(ctx(t), "org_a", "p", store.Page{Limit: 1})
			ok(t, err)
			_, _, err = s.Programs.AllGoals(ctx(t), "org_b", "p", store.Page{Cursor: cursor, Limit: 1})
			is(t, err, fault.Invalid, store.CodeInvalidCursor)
		}},
		{"a request for goals that has ended does nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Programs.SaveGoals(ended, "org_a", "p", "mem_a", goals(1)), fault.Unavailable, "")
			_, err := s.Programs.Goals(ended, "org_a", "p", "mem_a")
			is(t, err, fault.Unavailable, "")
			_, _, err = s.Programs.AllGoals(ended, "org_a", "p", store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			same(t, whole(t, s, "org_a", "p", 10), nil)
		}},
	}
}

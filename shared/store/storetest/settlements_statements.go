package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

func newStatement(participant, period string) settlement.Statement {
	return settlement.Statement{Organization: "org_a", Program: "prg_1", Period: period, Participant: participant, Revision: 3, Currency: "USD", Payer: "pyr_a",
		Payable: 1 << 50, Adjusted: -7, Manual: 5, Credited: 1<<50 - 2, Benefits: 9, Points: -1_500_000, Document: "00ff", Reckoned: "ab01",
		Settles: []settlement.Settles{{Period: "2026-08", To: "01"}, {Period: "2026-09", From: "02", To: "03"}}, At: base()}
}

func statementsIn(t *testing.T, s Stores, organization, program, period string) func(store.Page) ([]settlement.Statement, string, error) {
	return func(p store.Page) ([]settlement.Statement, string, error) {
		return s.Settlements.Statements(ctx(t), organization, program, period, p)
	}
}

func statementsOf(t *testing.T, s Stores, program, participant string) func(store.Page) ([]settlement.Statement, string, error) {
	return func(p store.Page) ([]settlement.Statement, string, error) {
		return s.Settlements.StatementsOf(ctx(t), "org_a", program, participant, p)
	}
}

// stated saves a statement, and checks whether it was.
func stated(t *testing.T, s Stores, one settlement.Statement, want bool) {
	t.Helper()
	got, err := s.Settlements.SaveStatement(ctx(t), one)
	ok(t, err)
	same(t, got, want)
}

func statementStands(t *testing.T, s Stores, want settlement.Statement) {
	t.Helper()
	got, err := s.Settlements.Statement(ctx(t), want.Organization, want.Program, want.Period, want.Participant)
	ok(t, err)
	same(t, got, want)
	same(t, all(t, 10, statementsIn(t, s, want.Organization, want.Program, want.Period)), []settlement.Statement{want})
	same(t, all(t, 10, statementsOf(t, s, want.Program, want.Participant)), []settlement.Statement{want})
}

func statementTests() []test {
	return []test{
		{"a statement is kept whole, and replaced by a later revision only", statementsGoByRevision},
		{"what is posted is never replaced", postedStands},
		{"of statements that are frozen at once, one stands", func(t *testing.T, s Stores) {
			var won [writers]bool
			for _, err := range atOnce(t, func(n int) (err error) {
				one := newStatement("mem_a", "2026-10")
				one.Document = fmt.Sprint(n)
				won[n], err = s.Settlements.SaveStatement(ctx(t), one)
				return err
			}) {
				ok(t, err)
			}
			got, err := s.Settlements.Statement(ctx(t), "org_a", "prg_1", "2026-10", "mem_a")
			ok(t, err)
			for n, did := range won {
				same(t, did, fmt.Sprint(n) == got.Document)
			}
		}},
		{"what is written and read of a statement is not shared", func(t *testing.T, s Stores) {
			one, want := newStatement("mem_a", "2026-10"), newStatement("mem_a", "2026-10")
			stated(t, s, one, true)
			one.Settles[0].To = "late"
			for range 2 {
				got, err := s.Settlements.Statement(ctx(t), "org_a", "prg_1", "2026-10", "mem_a")
				ok(t, err)
				same(t, got, want)
				got.Settles[1].To = "late"
			}
		}},
		{"a statement with nothing but its name is kept", func(t *testing.T, s Stores) {
			bare := settlement.Statement{Organization: "org_a", Program: "prg_1", Period: "2026-10", Participant: "mem_a"}
			stated(t, s, bare, true)
			statementStands(t, s, bare)
		}},
		{"a period's statements come once each, with every limit", statementsOfPeriod},
		{"a participant's statements come newest first, with every limit", statementsOfParticipant},
	}
}

func statementsGoByRevision(t *testing.T, s Stores) {
	_, err := s.Settlements.Statement(ctx(t), "org_a", "prg_1", "2026-10", "mem_a")
	is(t, err, fault.NotFound, "")
	one := newStatement("mem_a", "2026-10")
	stated(t, s, one, true)
	statementStands(t, s, one)
	for _, revision := range []int{1, 2, 3} {
		late := newStatement("mem_a", "2026-10")
		late.Revision, late.Credited = revision, 99
		stated(t, s, late, false)
		statementStands(t, s, one)
	}
	next := settlement.Statement{Organization: "org_a", Program: "prg_1", Period: "2026-10", Participant: "mem_a", Revision: 12}
	stated(t, s, next, true)
	statementStands(t, s, next)
	stated(t, s, one, false)
	statementStands(t, s, next)
}

func postedStands(t *testing.T, s Stores) {
	post := func(revision int) error {
		return s.Settlements.PostStatement(ctx(t), "org_a", "prg_1", "2026-10", "mem_a", revision)
	}
	is(t, post(3), fault.Conflict, store.CodeStale)
	_, err := s.Settlements.Statement(ctx(t), "org_a", "prg_1", "2026-10", "mem_a")
	is(t, err, fault.NotFound, "")
	one := newStatement("mem_a", "2026-10")
	stated(t, s, one, true)
	for _, revision := range []int{2, 4} {
		is(t, post(revision), fault.Conflict, store.CodeStale)
		statementStands(t, s, one)
	}
	ok(t, post(3))
	one.Posted = true
	statementStands(t, s, one)
	ok(t, post(3))
	for _, revision := range []int{2, 3, 4} {
		later := newStatement("mem_a", "2026-10")
		later.Revision = revision
		stated(t, s, later, false)
		later.Posted = true
		stated(t, s, later, false)
	}
	is(t, post(4), fault.Conflict, store.CodeStale)
	statementStands(t, s, one)
	elsewhere := newStatement("mem_a", "2026-10")
	elsewhere.Organization, elsewhere.Posted = "org_b", true
	stated(t, s, elsewhere, true) // as it was posted
	elsewhere.Revision++
	stated(t, s, elsewhere, false)
}

func byParticipant(a, b settlement.Statement) int {
	return strings.Compare(a.Participant, b.Participant)
}

func statementsOfPeriod(t *testing.T, s Stores) {
	var want []settlement.Statement
	participants := append(hostile(), "team:East")
	for n := range 30 {
		participants = append(participants, fmt.Sprintf("mem_%03d", n*7919%1000))
	}
	slices.Sort(participants)
	for n, participant := range slices.Compact(participants) {
		one := newStatement(participant, "2026-10")
		one.Payable, one.Revision = int64(n), 1+n%3 // those of other revisions, too
		stated(t, s, one, true)
		want = append(want, one)
		stated(t, s, newStatement(participant, "2026-11"), true)
	}
	for _, other := range [][2]string{{"org_b", "prg_1"}, {"org_a", "prg_2"}} {
		one := newStatement("mem_z", "2026-10")
		one.Organization, one.Program = other[0], other[1]
		stated(t, s, one, true)
		same(t, all(t, 10, statementsIn(t, s, other[0], other[1], "2026-10")), []settlement.Statement{one})
	}
	for _, limit := range []int{1, 2, 7, len(want) - 1, len(want), store.MaxLimit} {
		got := all(t, limit, statementsIn(t, s, "org_a", "prg_1", "2026-10"))
		slices.SortFunc(got, byParticipant)
		same(t, got, want)
	}
	same(t, all(t, 10, statementsIn(t, s, "org_a", "prg_1", "2026")), nil)
	refuses(t, statementsIn(t, s, "org_a", "prg_1", "2026-10"), next(statementsIn(t, s, "org_a", "prg_1", "2026-11")))
}

func statementsOfParticipant(t *testing.T, s Stores) {
	var want []settlement.Statement
	for n := range 26 {
		one := newStatement("mem_a", fmt.Sprintf("20%02d-%02d", 24+n/12, 1+n%12))
		stated(t, s, one, true)
		want = append([]settlement.Statement{one}, want...)
		for _, participant := range []string{"mem_a#", "mem_", "mem_a%23"} {
			stated(t, s, newStatement(participant, one.Period), true)
		}
	}
	pages(t, want, statementsOf(t, s, "prg_1", "mem_a"))
	same(t, len(all(t, 10, statementsOf(t, s, "prg_1", "mem_a#"))), 26)
	same(t, all(t, 10, statementsOf(t, s, "prg_2", "mem_a")), nil)
	refuses(t, statementsOf(t, s, "prg_1", "mem_a"), next(statementsOf(t, s, "prg_1", "mem_a#")))
}

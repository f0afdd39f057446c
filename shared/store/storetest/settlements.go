package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

func settlementTests() []test {
	return append(settlements().tests(),
		test{"programs keep apart", func(t *testing.T, s Stores) {
			a, b := newSettlement("org_a", "2026-10"), newSettlement("org_a", "2026-10")
			b.Program = "prg_2"
			ok(t, s.Settlements.SaveSettlement(ctx(t), a, nil))
			_, err := s.Settlements.Settlement(ctx(t), "org_a", "prg_2", "2026-10")
			is(t, err, fault.NotFound, "")
			ok(t, s.Settlements.SaveSettlement(ctx(t), b, nil))
			same(t, all(t, 10, settlements().pages(t, s, "org_a")), []settlement.Settlement{a})
		}},
		test{"a bare one is kept", func(t *testing.T, s Stores) {
			bare := settlement.Settlement{Organization: "org_a", Program: "prg_1", Period: calendar.Period{Name: "2026-10"}, Rev: 1}
			ok(t, s.Settlements.SaveSettlement(ctx(t), bare, nil))
			got, err := s.Settlements.Settlement(ctx(t), "org_a", "prg_1", "2026-10")
			ok(t, err)
			same(t, got, bare)
		}},
	)
}

func manualTests() []test {
	return append(manuals().tests(),
		test{"an adjustment keeps the time when it was made", func(t *testing.T, s Stores) {
			m := newManual("org_a", "adj_a")
			ok(t, s.Settlements.SaveManual(ctx(t), m, nil))
			moved := changedManual(m)
			moved.CreatedAt = moved.CreatedAt.Add(time.Nanosecond)
			is(t, s.Settlements.SaveManual(ctx(t), moved, nil), fault.Conflict, store.CodeStale)
			again := m
			again.CreatedAt = moved.CreatedAt
			is(t, s.Settlements.SaveManual(ctx(t), again, nil), fault.Conflict, store.CodeStale)
			same(t, all(t, 10, manuals().pages(t, s, "org_a")), []settlement.Manual{m})
		}},
		test{"a change is stored with its receipt, all or nothing", changedWithReceipt},
		test{"programs keep apart", func(t *testing.T, s Stores) {
			m := newManual("org_a", "adj_a")
			ok(t, s.Settlements.SaveManual(ctx(t), m, nil))
			_, err := s.Settlements.Manual(ctx(t), "org_a", "prg_2", "adj_a")
			is(t, err, fault.NotFound, "")
		}},
	)
}

func newSettlement(organization, period string) settlement.Settlement {
	return settlement.Settlement{Organization: organization, Program: "prg_1",
		Period: calendar.Period{Name: period, Kind: calendar.Monthly, Span: calendar.Span{From: "2026-10-01", Until: "2026-11-01"}}, State: settlement.Submitted,
		Currency: "USD", Edition: "edn_1", Revision: 3, Work: settlement.Work{Kind: settlement.Posting, Run: "run_1", Parts: 4, Of: 301, Error: "<&>", At: base(), By: "per_a"},
		Totals:       settlement.Totals{Statements: 301, Payable: 1 << 50, Adjusted: -7, Manual: 5, Credited: 1<<50 - 2, Benefits: 9, Points: 1_500_000, Negative: 2},
		CalculatedBy: "per_a", SubmittedBy: "key_b", Given: []approval.Given{{Level: 1, Name: "Finance", By: "per_c", For: "per_d", At: base()}},
		Rejected: &settlement.Rejection{By: "per_e", At: base(), Reason: "wrong & more"}, LockedBy: "per_f", LockedAt: base(), PaidAt: base(), Root: 7, UpdatedAt: base(), Rev: 1}
}

func settlements() resource[settlement.Settlement] {
	save := func(ctx context.Context, s Stores, one settlement.Settlement, r *store.Receipt) error {
		return asTaken(s.Settlements.SaveSettlement(ctx, one, r), one.Rev)
	}
	return resource[settlement.Settlement]{
		make: newSettlement,
		changed: func(one settlement.Settlement) settlement.Settlement {
			one.State, one.Work, one.Given, one.Rejected, one.Totals = settlement.Locked, settlement.Work{}, nil, nil, settlement.Totals{}
			one.UpdatedAt, one.Rev = base().Add(time.Hour), one.Rev+1
			return one
		},
		inRev:  func(one settlement.Settlement, by int64) settlement.Settlement { one.Rev += by; return one },
		id:     func(one settlement.Settlement) string { return one.Period.Name },
		order:  func(a, b settlement.Settlement) int { return strings.Compare(b.Period.Name, a.Period.Name) },
		create: save, update: func(ctx context.Context, s Stores, one settlement.Settlement, r *store.Receipt) error {
			return s.Settlements.SaveSettlement(ctx, one, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (settlement.Settlement, error) {
			return s.Settlements.Settlement(ctx, organization, "prg_1", id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]settlement.Settlement, string, error) {
			return s.Settlements.Settlements(ctx, organization, "prg_1", p)
		},
	}
}

func newManual(organization, id string) settlement.Manual {
	return settlement.Manual{ID: id, Organization: organization, Program: "prg_1", Participant: "mem_a", Period: "2026-11", Kind: settlement.ByHandBenefit, Amount: -5,
		Reason: "a trip <&>", Dispute: "dsp_1", State: settlement.ManualPending, By: "per_a", CreatedAt: base(), Rev: 1}
}

func changedManual(m settlement.Manual) settlement.Manual {
	m.State, m.SettledIn, m.Dispute, m.Rev = settlement.ManualPosted, "2026-11", "", m.Rev+1
	return m
}

func manuals() resource[settlement.Manual] {
	return resource[settlement.Manual]{
		make: newManual, changed: changedManual, bare: true, // a change does not say when it was made: see changedWithReceipt
		inRev: func(m settlement.Manual, by int64) settlement.Manual { m.Rev += by; return m },
		id:    func(m settlement.Manual) string { return m.ID },
		order: func(a, b settlement.Manual) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
		},
		create: func(ctx context.Context, s Stores, m settlement.Manual, r *store.Receipt) error {
			return asTaken(s.Settlements.SaveManual(ctx, m, r), m.Rev)
		},
		update: func(ctx context.Context, s Stores, m settlement.Manual, r *store.Receipt) error {
			return s.Settlements.SaveManual(ctx, m, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (settlement.Manual, error) {
			return s.Settlements.Manual(ctx, organization, "prg_1", id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]settlement.Manual, string, error) {
			return s.Settlements.Manuals(ctx, organization, "prg_1", p)
		},
	}
}

func changedWithReceipt(t *testing.T, s Stores) {
	m := newManual("org_a", "adj_a")
	ok(t, s.Settlements.SaveManual(ctx(t), m, nil))
	receipt := newReceipt("k", base().Add(store.ReceiptLife))
	is(t, s.Settlements.SaveManual(ctx(t), m, &receipt), fault.Conflict, store.CodeStale)
	_, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	is(t, err, fault.NotFound, "")
	changed := changedManual(m)
	ok(t, s.Settlements.SaveManual(ctx(t), changed, &receipt))
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
	again := changedManual(changed)
	is(t, s.Settlements.SaveManual(ctx(t), again, &receipt), fault.Conflict, store.CodeReceiptTaken)
	stands, err := s.Settlements.Manual(ctx(t), "org_a", "prg_1", "adj_a")
	ok(t, err)
	same(t, stands, changed)
}

// different gives the hostile texts, each once.
func different() []string {
	texts := hostile()
	slices.Sort(texts)
	return slices.Compact(texts)
}

func policyTests() []test {
	limit := int64(5)
	policy := approval.Policy{Levels: []approval.Level{{Name: "Lead", Approvers: []string{"per_a"}, Limit: &limit, Currency: "USD"}, {Name: "Board"}},
		Delegates: []approval.Delegate{{From: "per_a", To: "per_b", Span: calendar.Span{From: "2026-01-01", Until: "2026-02-01"}}}, Rev: 1}
	stands := func(t *testing.T, s Stores, kind string, want approval.Policy) {
		t.Helper()
		got, err := s.Settlements.Policy(ctx(t), "org_a", kind)
		ok(t, err)
		same(t, got, want)
	}
	return []test{
		{"one that is not stored is the zero policy", func(t *testing.T, s Stores) { stands(t, s, "payout", approval.Policy{}) }},
		{"it is replaced by the next rev only", func(t *testing.T, s Stores) {
			ok(t, s.Settlements.SavePolicy(ctx(t), "org_a", "payout", policy))
			stands(t, s, "payout", policy)
			stands(t, s, "bank", approval.Policy{})
			next := approval.Policy{Rev: 2}
			for _, rev := range []int64{1, 3} {
				wrong := next
				wrong.Rev = rev
				is(t, s.Settlements.SavePolicy(ctx(t), "org_a", "payout", wrong), fault.Conflict, store.CodeStale)
			}
			is(t, s.Settlements.SavePolicy(ctx(t), "org_b", "payout", next), fault.Conflict, store.CodeStale)
			stands(t, s, "payout", policy)
			ok(t, s.Settlements.SavePolicy(ctx(t), "org_a", "payout", next))
			stands(t, s, "payout", next)
		}},
		{"one of concurrent changes wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error { return s.Settlements.SavePolicy(ctx(t), "org_a", "payout", policy) }))
			stands(t, s, "payout", policy)
		}},
		{"kinds of any text keep apart", func(t *testing.T, s Stores) {
			for n, kind := range different() {
				one := policy
				one.Levels = []approval.Level{{Name: fmt.Sprint(n)}}
				ok(t, s.Settlements.SavePolicy(ctx(t), "org_a", kind, one))
			}
			for n, kind := range different() {
				got, err := s.Settlements.Policy(ctx(t), "org_a", kind)
				ok(t, err)
				same(t, got.Levels[0].Name, fmt.Sprint(n))
			}
		}},
	}
}

func settlementPartTests() []test {
	sum := settlement.Totals{Statements: 2, Payable: 10, Adjusted: -3, Manual: 1, Credited: 8, Benefits: 4, Points: 5, Negative: 1}
	parts := func(t *testing.T, s Stores, run string, wantParts, wantPeople int, want settlement.Totals) {
		t.Helper()
		parts, people, got, err := s.Settlements.SettlementParts(ctx(t), "org_a", "prg_1", "2026-10", run)
		ok(t, err)
		same(t, parts, wantParts)
		same(t, people, wantPeople)
		same(t, got, want)
	}
	return []test{
		{"a part counts once, with the sum of whoever noted it first", func(t *testing.T, s Stores) {
			parts(t, s, "run_1", 0, 0, settlement.Totals{})
			ok(t, s.Settlements.FinishSettlementPart(ctx(t), "org_a", "prg_1", "2026-10", "run_1", 0, 3, sum))
			ok(t, s.Settlements.FinishSettlementPart(ctx(t), "org_a", "prg_1", "2026-10", "run_1", 0, 9, settlement.Totals{Payable: 99}))
			parts(t, s, "run_1", 1, 3, sum)
			ok(t, s.Settlements.FinishSettlementPart(ctx(t), "org_a", "prg_1", "2026-10", "run_1", 1, 4, sum))
			parts(t, s, "run_1", 2, 7, settlement.Totals{Statements: 4, Payable: 20, Adjusted: -6, Manual: 2, Credited: 16, Benefits: 8, Points: 10, Negative: 2})
			parts(t, s, "run_2", 0, 0, settlement.Totals{})
		}},
		{"parts of others do not count", func(t *testing.T, s Stores) {
			for _, at := range [][4]string{{"org_b", "prg_1", "2026-10", "run_1"}, {"org_a", "prg_2", "2026-10", "run_1"}, {"org_a", "prg_1", "2026-11", "run_1"},
				{"org_a", "prg_1", "2026-10#run_1", ""}, {"org_a", "prg_1", "2026-10", "run_1#"}} {
				ok(t, s.Settlements.FinishSettlementPart(ctx(t), at[0], at[1], at[2], at[3], 1, 1, sum))
			}
			parts(t, s, "run_1", 0, 0, settlement.Totals{})
		}},
		{"each of concurrent parts counts", func(t *testing.T, s Stores) {
			for _, err := range atOnce(t, func(n int) error {
				return s.Settlements.FinishSettlementPart(ctx(t), "org_a", "prg_1", "2026-10", "run_1", n/2, 1, settlement.Totals{Points: 2})
			}) {
				ok(t, err)
			}
			parts(t, s, "run_1", writers/2, writers/2, settlement.Totals{Points: writers})
		}},
		{"a request that has ended does nothing", endedSettlements},
	}
}

func endedSettlements(t *testing.T, s Stores) {
	ended, end := context.WithCancel(ctx(t))
	end()
	page := store.Page{Limit: 1}
	for name, do := range map[string]func() error{
		"SaveStatement": func() error {
			_, err := s.Settlements.SaveStatement(ended, newStatement("mem_a", "2026-10"))
			return err
		},
		"PostStatement": func() error { return s.Settlements.PostStatement(ended, "org_a", "prg_1", "2026-10", "mem_a", 3) },
		"Statement": func() error {
			_, err := s.Settlements.Statement(ended, "org_a", "prg_1", "2026-10", "mem_a")
			return err
		},
		"Statements": func() error {
			_, _, err := s.Settlements.Statements(ended, "org_a", "prg_1", "2026-10", page)
			return err
		},
		"StatementsOf": func() error {
			_, _, err := s.Settlements.StatementsOf(ended, "org_a", "prg_1", "mem_a", page)
			return err
		},
		"SaveSettled": func() error { return s.Settlements.SaveSettled(ended, newSettled("mem_a", "2026-10")) },
		"SettledOf":   func() error { _, err := s.Settlements.SettledOf(ended, "org_a", "prg_1", "mem_a"); return err },
		"SettledIn": func() error {
			_, _, err := s.Settlements.SettledIn(ended, "org_a", "prg_1", "2026-10", page)
			return err
		},
		"FinishPart": func() error {
			return s.Settlements.FinishSettlementPart(ended, "org_a", "prg_1", "2026-10", "run_1", 0, 1, settlement.Totals{})
		},
		"Parts": func() error {
			_, _, _, err := s.Settlements.SettlementParts(ended, "org_a", "prg_1", "2026-10", "run_1")
			return err
		},
		"SavePolicy": func() error { return s.Settlements.SavePolicy(ended, "org_a", "bank", approval.Policy{Rev: 1}) },
		"Policy":     func() error { _, err := s.Settlements.Policy(ended, "org_a", "bank"); return err },
	} {
		t.Run(name, func(t *testing.T) { is(t, do(), fault.Unavailable, "") })
	}
	same(t, all(t, 10, statementsIn(t, s, "org_a", "prg_1", "2026-10")), nil)
	same(t, all(t, 10, statementsOf(t, s, "prg_1", "mem_a")), nil)
}

func newSettled(participant, period string) settlement.Settled {
	return settlement.Settled{Organization: "org_a", Program: "prg_1", Participant: participant, Period: period, Reckoned: "00ff", ResultHash: "ab01", Prizes: "01", By: period}
}

func settledTests() []test {
	of := func(t *testing.T, s Stores, participant string, want ...settlement.Settled) {
		t.Helper()
		got, err := s.Settlements.SettledOf(ctx(t), "org_a", "prg_1", participant)
		ok(t, err)
		same(t, got, want)
	}
	in := func(t *testing.T, s Stores, program, period string) func(store.Page) ([]settlement.Settled, string, error) {
		return func(p store.Page) ([]settlement.Settled, string, error) {
			return s.Settlements.SettledIn(ctx(t), "org_a", program, period, p)
		}
	}
	byParticipant := func(a, b settlement.Settled) int { return strings.Compare(a.Participant, b.Participant) }
	return []test{
		{"it is replaced, unless a later period said so", func(t *testing.T, s Stores) {
			of(t, s, "mem_a")
			first := newSettled("mem_a", "2026-10")
			ok(t, s.Settlements.SaveSettled(ctx(t), first))
			of(t, s, "mem_a", first)
			later := first
			later.By, later.Reckoned = "2026-12", "later"
			ok(t, s.Settlements.SaveSettled(ctx(t), later))
			again := later
			again.ResultHash = "again"
			ok(t, s.Settlements.SaveSettled(ctx(t), again))
			between := first
			between.By, between.Reckoned = "2026-11", "between"
			ok(t, s.Settlements.SaveSettled(ctx(t), between))
			ok(t, s.Settlements.SaveSettled(ctx(t), first))
			of(t, s, "mem_a", again)
			same(t, all(t, 10, in(t, s, "prg_1", "2026-10")), []settlement.Settled{again})
		}},
		{"the latest stands, in whatever order they come", func(t *testing.T, s Stores) {
			for _, err := range atOnce(t, func(n int) error {
				one := newSettled("mem_a", "2026-10")
				one.By = fmt.Sprintf("2027-%02d", n)
				return s.Settlements.SaveSettled(ctx(t), one)
			}) {
				ok(t, err)
			}
			got, err := s.Settlements.SettledOf(ctx(t), "org_a", "prg_1", "mem_a")
			ok(t, err)
			same(t, got[0].By, fmt.Sprintf("2027-%02d", writers-1))
			same(t, all(t, 10, in(t, s, "prg_1", "2026-10")), got)
		}},
		{"it is found by participant, by period, and by nobody else", func(t *testing.T, s Stores) {
			var october []settlement.Settled
			for _, participant := range different() {
				var own []settlement.Settled
				for _, period := range []string{"2026-09", "2026-10", "2026-10#", "2026-11"} {
					one := newSettled(participant, period)
					ok(t, s.Settlements.SaveSettled(ctx(t), one))
					if own = append(own, one); period == "2026-10" {
						october = append(october, one)
					}
				}
				of(t, s, participant, own...)
			}
			for _, other := range [][2]string{{"org_b", "prg_1"}, {"org_a", "prg_2"}} {
				one := newSettled("mem_z", "2026-10")
				one.Organization, one.Program = other[0], other[1]
				ok(t, s.Settlements.SaveSettled(ctx(t), one))
			}
			of(t, s, "mem_z")
			slices.SortFunc(october, byParticipant)
			for _, limit := range []int{1, 3, 100} {
				got := all(t, limit, in(t, s, "prg_1", "2026-10"))
				slices.SortFunc(got, byParticipant)
				same(t, got, october)
			}
			refuses(t, in(t, s, "prg_1", "2026-10"), next(in(t, s, "prg_1", "2026-11")))
		}},
	}
}

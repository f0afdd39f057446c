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
	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/payout"
	"leadline/shared/store"
	"leadline/shared/tax"
)

func payoutTests() []test { return payoutBatches().tests() }

func paymentTests() []test {
	return []test{
		{"a payment goes by its rev", paymentsGoByRev},
		{"one of concurrent payments wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error { return s.Payouts.SavePayment(ctx(t), newPayment("pay_a", "mem_a")) }))
			next := newPayment("pay_a", "mem_a")
			next.Rev = 2
			oneWins(t, atOnce(t, func(int) error { return s.Payouts.SavePayment(ctx(t), next) }))
		}},
		{"the payments of a batch are all listed, once", paymentsOfBatch},
		{"a participant's payments come newest first", paymentsOfParticipant},
		{"a request for payments that has ended does nothing", endedPayments},
	}
}

func payoutPartTests() []test {
	return []test{
		{"a part is planned once, and decided once", partsStand},
		{"one of concurrent plans stands for all", func(t *testing.T, s Stores) {
			standing := make([]payout.Plan, writers)
			for _, err := range atOnce(t, func(n int) (err error) {
				standing[n], err = s.Payouts.PlanPayoutPart(ctx(t), "org_a", "pay_a", "r", 1, payout.Plan{Participants: []string{fmt.Sprint("mem_", n)}})
				return err
			}) {
				ok(t, err)
			}
			for _, p := range standing {
				same(t, p, standing[0])
			}
		}},
		{"a part of a payout that is done counts once, in its run", payoutPartsCountOnce},
	}
}

func newBatchOfPayments(organization, id string) payout.Batch {
	return payout.Batch{ID: id, Organization: organization, Payer: "pyr_a", Currency: "EUR", PayOn: "2026-12-01", Format: payout.Pain001, State: payout.Collecting,
		Participants: []string{"mem_a", "team:<&>"}, Source: []byte{0, 1, 255}, Payments: 2, Gross: 1 << 40, Tax: 3, ByPayer: 4, Net: 1<<40 - 3, LeftOut: 5, Returned: 6,
		Work:        payout.Work{Kind: payout.WorkCollecting, Run: "r", Parts: 7, Of: 8, Error: "<&>"},
		SubmittedBy: "per_a", Given: []approval.Given{{Level: 1, Name: "Finance", By: "per_b", For: "per_c", At: base()}}, Rejected: "why", ReleasedBy: "per_d",
		ReleasedAt: base(), FileHash: "c0ffee", CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func payoutBatches() resource[payout.Batch] {
	save := func(ctx context.Context, s Stores, b payout.Batch, r *store.Receipt) error {
		return s.Payouts.SavePayoutBatch(ctx, b, r)
	}
	return resource[payout.Batch]{
		make: newBatchOfPayments,
		changed: func(b payout.Batch) payout.Batch {
			b.State, b.UpdatedAt, b.Rev = payout.Submitted, b.UpdatedAt.Add(time.Hour), b.Rev+1
			return b
		},
		inRev: func(b payout.Batch, by int64) payout.Batch { b.Rev += by; return b },
		id:    func(b payout.Batch) string { return b.ID },
		order: func(a, b payout.Batch) int { return -strings.Compare(a.ID, b.ID) }, // of one time
		create: func(ctx context.Context, s Stores, b payout.Batch, r *store.Receipt) error {
			return asTaken(save(ctx, s, b, r), b.Rev)
		},
		update: save,
		get: func(ctx context.Context, s Stores, organization, id string) (payout.Batch, error) {
			return s.Payouts.PayoutBatch(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]payout.Batch, string, error) {
			return s.Payouts.PayoutBatches(ctx, organization, p)
		},
	}
}

func newPayment(batch, participant string) payout.Payment {
	rate, _ := number.Parse("0.02")
	return payout.Payment{Organization: "org_a", Batch: batch, Participant: participant, Gross: 1 << 40, Back: 1, Benefit: 2, Tax: 3, ByPayer: 4, Net: 5,
		Assessment: tax.Assessment{Lines: []tax.Line{{Rule: "r", Section: "393(1)", Of: "cash", YearKey: "k", Base: 7, Rate: rate, Tax: 3, Why: "<&>"}}, FromCash: 3, ByPayer: 4,
			BenefitTaxed: true, Years: map[string]tax.Year{"k": {Base: 7, Crossed: true, Withheld: 3}}},
		Bank: []byte{0, 1, 255}, Hint: "3000", EndToEnd: "E2E", State: payout.PaymentFrozen, Reason: "AC04", ReturnedAt: base(), LeftOut: payout.LeftShort, CreatedAt: base(), Rev: 1}
}

func paymentStands(t *testing.T, s Stores, want payout.Payment) {
	t.Helper()
	got, err := s.Payouts.Payment(ctx(t), want.Organization, want.Batch, want.Participant)
	ok(t, err)
	samePayments(t, []payout.Payment{got}, []payout.Payment{want})
}

// samePayments compares payments; their rates are compared as texts.
func samePayments(t *testing.T, got, want []payout.Payment) {
	t.Helper()
	rates := func(all []payout.Payment) []string {
		var out []string
		for i := range all {
			all[i].Assessment.Lines = slices.Clone(all[i].Assessment.Lines)
			for n := range all[i].Assessment.Lines {
				out = append(out, all[i].Assessment.Lines[n].Rate.String())
				all[i].Assessment.Lines[n].Rate = number.Number{}
			}
		}
		return out
	}
	got, want = slices.Clone(got), slices.Clone(want)
	same(t, rates(got), rates(want))
	same(t, got, want)
}

func paymentsGoByRev(t *testing.T, s Stores) {
	first := newPayment("pay_a", "mem_a")
	_, err := s.Payouts.Payment(ctx(t), "org_a", "pay_a", "mem_a")
	is(t, err, fault.NotFound, "")
	late := first
	late.Rev = 2
	is(t, s.Payouts.SavePayment(ctx(t), late), fault.Conflict, store.CodeStale)
	ok(t, s.Payouts.SavePayment(ctx(t), first))
	paymentStands(t, s, first)
	for _, rev := range []int64{1, 3} {
		wrong := first
		wrong.Rev, wrong.Reason = rev, "wrong"
		is(t, s.Payouts.SavePayment(ctx(t), wrong), fault.Conflict, store.CodeStale)
	}
	paymentStands(t, s, first)
	late.State = payout.PaymentReleased
	ok(t, s.Payouts.SavePayment(ctx(t), late))
	paymentStands(t, s, late)
	for _, other := range [][3]string{{"org_b", "pay_a", "mem_a"}, {"org_a", "pay_b", "mem_a"}, {"org_a", "pay_a", "mem_b"}} {
		_, err := s.Payouts.Payment(ctx(t), other[0], other[1], other[2])
		is(t, err, fault.NotFound, "")
	}
}

func paymentsOfBatch(t *testing.T, s Stores) {
	var want []payout.Payment
	ids := hostile()
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		for _, batch := range []string{"pay_a", "pay_b"} {
			ok(t, s.Payouts.SavePayment(ctx(t), newPayment(batch, id)))
		}
		want = append(want, newPayment("pay_a", id))
	}
	by := func(a, b payout.Payment) int { return cmp.Compare(a.Participant, b.Participant) }
	slices.SortFunc(want, by)
	list := func(batch string) func(store.Page) ([]payout.Payment, string, error) {
		return func(p store.Page) ([]payout.Payment, string, error) {
			return s.Payouts.Payments(ctx(t), "org_a", batch, p)
		}
	}
	for _, limit := range []int{1, 3, 100} {
		got := all(t, limit, list("pay_a"))
		slices.SortFunc(got, by)
		samePayments(t, got, want)
	}
	refuses(t, list("pay_a"), next(list("pay_b")))
}

func paymentsOfParticipant(t *testing.T, s Stores) {
	var want []payout.Payment
	for n, batch := range []string{"pay_c", "pay_a", "pay_b"} { // an hour apart, in this order
		p := newPayment(batch, "mem_a")
		p.CreatedAt = base().Add(time.Duration(n) * time.Hour)
		ok(t, s.Payouts.SavePayment(ctx(t), p))
		ok(t, s.Payouts.SavePayment(ctx(t), newPayment(batch, "mem_b")))
		want = append([]payout.Payment{p}, want...)
	}
	next := want[1] // a change moves nothing
	next.Rev, next.State = 2, payout.PaymentReturned
	ok(t, s.Payouts.SavePayment(ctx(t), next))
	want[1] = next
	for _, limit := range []int{1, 2, 100} {
		samePayments(t, all(t, limit, func(p store.Page) ([]payout.Payment, string, error) {
			return s.Payouts.PaymentsOf(ctx(t), "org_a", "mem_a", p)
		}), want)
	}
	samePayments(t, all(t, 10, func(p store.Page) ([]payout.Payment, string, error) {
		return s.Payouts.PaymentsOf(ctx(t), "org_b", "mem_a", p)
	}), nil)
}

func endedPayments(t *testing.T, s Stores) {
	ended, end := context.WithCancel(ctx(t))
	end()
	is(t, s.Payouts.SavePayment(ended, newPayment("pay_a", "mem_a")), fault.Unavailable, "")
	_, err := s.Payouts.Payment(ended, "org_a", "pay_a", "mem_a")
	is(t, err, fault.Unavailable, "")
	_, _, err = s.Payouts.Payments(ended, "org_a", "pay_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
	_, _, err = s.Payouts.PaymentsOf(ended, "org_a", "mem_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
	_, err = s.Payouts.PlanPayoutPart(ended, "org_a", "pay_a", "r", 1, payout.Plan{})
	is(t, err, fault.Unavailable, "")
	_, err = s.Payouts.DecidePayoutPart(ended, "org_a", "pay_a", "r", 1, payout.Outcome{})
	is(t, err, fault.Unavailable, "")
	is(t, s.Payouts.FinishPayoutPart(ended, "org_a", "pay_a", "r", 1, 1), fault.Unavailable, "")
	_, err = s.Payouts.PayoutOutcomes(ended, "org_a", "pay_a", "r")
	is(t, err, fault.Unavailable, "")
	_, _, err = s.Payouts.PayoutParts(ended, "org_a", "pay_a", "r")
	is(t, err, fault.Unavailable, "")
	_, err = s.Payouts.Payment(ctx(t), "org_a", "pay_a", "mem_a")
	is(t, err, fault.NotFound, "")
}

func partsStand(t *testing.T, s Stores) {
	_, err := s.Payouts.PayoutPlan(ctx(t), "org_a", "pay_a", "r", 1)
	is(t, err, fault.NotFound, "")
	_, decided, err := s.Payouts.PayoutOutcome(ctx(t), "org_a", "pay_a", "r", 1)
	ok(t, err)
	same(t, decided, false)
	var outcomes []payout.Outcome
	for n := 1; n <= 12; n++ { // listed by number, not by text
		plan := payout.Plan{Participants: []string{"mem_a", fmt.Sprint("mem_", n)}, Next: "c"}
		outcome := payout.Outcome{Taken: []string{fmt.Sprint("mem_", n)}, Left: []payout.LeftPart{{Participant: "mem_b", Why: payout.LeftHeld, Gross: -1, Back: 2}},
			Sums: payout.Sums{Payments: n, LeftOut: 1, Gross: 1 << 40, Back: 3, Tax: 4, ByPayer: 5, Net: 6}}
		outcomes = append(outcomes, outcome)
		for _, late := range []bool{false, true} {
			p, o := plan, outcome
			if late {
				p, o = payout.Plan{Participants: []string{"late"}}, payout.Outcome{Taken: []string{"late"}}
			}
			gotPlan, err := s.Payouts.PlanPayoutPart(ctx(t), "org_a", "pay_a", "r", n, p)
			ok(t, err)
			same(t, gotPlan, plan)
			gotOutcome, err := s.Payouts.DecidePayoutPart(ctx(t), "org_a", "pay_a", "r", n, o)
			ok(t, err)
			same(t, gotOutcome, outcome)
		}
		gotPlan, err := s.Payouts.PayoutPlan(ctx(t), "org_a", "pay_a", "r", n)
		ok(t, err)
		same(t, gotPlan, plan)
		gotOutcome, decided, err := s.Payouts.PayoutOutcome(ctx(t), "org_a", "pay_a", "r", n)
		ok(t, err)
		same(t, gotOutcome, outcome)
		same(t, decided, true)
	}
	got, err := s.Payouts.PayoutOutcomes(ctx(t), "org_a", "pay_a", "r")
	ok(t, err)
	same(t, got, outcomes)
	for _, other := range [][3]string{{"org_b", "pay_a", "r"}, {"org_a", "pay_b", "r"}, {"org_a", "pay_a", "r2"}} {
		got, err := s.Payouts.PayoutOutcomes(ctx(t), other[0], other[1], other[2])
		ok(t, err)
		same(t, got, nil)
	}
}

func payoutPartsCountOnce(t *testing.T, s Stores) {
	count := func(organization, batch, run string, parts, participants int) {
		t.Helper()
		gotParts, got, err := s.Payouts.PayoutParts(ctx(t), organization, batch, run)
		ok(t, err)
		same(t, []int{gotParts, got}, []int{parts, participants})
	}
	count("org_a", "pay_a", "r", 0, 0)
	for n := range 12 {
		for range 2 {
			ok(t, s.Payouts.FinishPayoutPart(ctx(t), "org_a", "pay_a", "r", n+1, 10))
		}
	}
	count("org_a", "pay_a", "r", 12, 120)
	count("org_b", "pay_a", "r", 0, 0)
	count("org_a", "pay_b", "r", 0, 0)
	count("org_a", "pay_a", "r2", 0, 0)
}

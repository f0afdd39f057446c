package main

import (
	"slices"
	"testing"

	"leadline/shared/approval"
	"leadline/shared/ledger"
	"leadline/shared/payee"
	"leadline/shared/payout"
	payouts "leadline/shared/payout/keeper"
	"leadline/shared/store"
	"leadline/shared/tax"
	"leadline/shared/tenant"
)

// payoutOperations are those of payouts that admins have, payoutManagers those of managers.
const (
	payoutOperations = "create-payout list-payments cancel-payout release-payout resume-payout get-payout-file return-payment set-approval-policy"
	payoutManagers   = "list-payouts get-payout approve-payout reject-payout get-approval-policy"
)

// payNow has the long work of payouts done that was ordered.
func (s *system) payNow() {
	s.t.Helper()
	for range 100 {
		s.settle.mu.Lock()
		var messages []payouts.Message
		for _, m := range s.settle.queue {
			decoded, err := payouts.Decode(m.body)
			s.must(err)
			messages = append(messages, decoded)
		}
		s.settle.queue = nil
		s.settle.mu.Unlock()
		if len(messages) == 0 {
			return
		}
		for _, err := range s.handler.paying().Process(s.t.Context(), messages) {
			s.must(err)
		}
	}
	s.t.Fatal("the work never ends")
}

// owing makes a payer with an account, and somebody whom it owes 100.00 EUR.
func (s *system) owing(participant string) (payer string) {
	s.t.Helper()
	ctx := s.t.Context()
	box, err := s.handler.box(ctx, ours)
	s.must(err)
	p := payee.Payer{ID: "pyr_000000000001", Organization: ours, Name: "Acme GmbH", Country: "DE", Rev: 1}
	account := payee.Bank{Holder: "Acme GmbH", Country: "DE", IBAN: "DE89370400440532013000"}
	p.Bank, err = account.Seal(box, ours, p.ID)
	s.must(err)
	s.must(s.finance.Payees.SavePayer(ctx, p, nil))
	q := payee.Profile{Organization: ours, Participant: participant, Payer: p.ID, LegalName: "Jo Doe", Country: "DE", Class: tax.Agent, BankHint: "3000", Rev: 1}
	q.Bank, err = account.Seal(box, ours, participant)
	s.must(err)
	s.must(s.finance.Payees.SaveProfile(ctx, q, nil))
	_, err = s.handler.books().Post(ctx, ours, participant, func(ledger.Book) ([]ledger.Posting, error) {
		return []ledger.Posting{{Cause: ledger.Cause{Kind: ledger.Manual, ID: "earned"}, Date: "2026-11-01", Legs: []ledger.Leg{
			{Account: ledger.Account{Kind: ledger.Cost, Unit: "EUR", Payer: p.ID}, Amount: -10_000}, {Account: ledger.Account{Kind: ledger.Owed, Unit: "EUR", Payer: p.ID}, Amount: 10_000}}}}, nil
	})
	s.must(err)
	return p.ID
}

// paying takes a batch to where an operation can be done; others made and approved it.
func (w *world) paying(operation string) {
	w.t.Helper()
	ctx := w.t.Context()
	const participant = "mem_000000000001"
	payer := w.owing(participant)
	w.params["payer"], w.params["kind"] = payer, payout.PolicyKind
	// The policy names all keys, so that whoever has the role may approve.
	policy := approval.Policy{Levels: []approval.Level{{Name: "Finance"}}, Rev: 1}
	keys, _, err := w.members.APIKeys(ctx, ours, store.Page{Limit: 100})
	w.must(err)
	for _, k := range keys {
		id := k.ID
		if k.Person != "" {
			id = k.Person
		}
		if !slices.Contains(policy.Levels[0].Approvers, id) {
			policy.Levels[0].Approvers = append(policy.Levels[0].Approvers, id)
		}
	}
	w.must(w.finance.Settlements.SavePolicy(ctx, ours, payout.PolicyKind, policy))
	k := w.handler.paying()
	b := payout.Batch{ID: "pay_000000000001", Organization: ours, Payer: payer, Currency: "EUR", PayOn: "2026-12-01", Format: payout.Pain001}
	p, err := w.finance.Payees.Payer(ctx, ours, payer)
	w.must(err)
	b.Source, err = w.handler.sourceOf(ctx, b, p)
	w.must(err)
	b = payout.New(b, "per_other", w.clock.now())
	w.must(w.finance.Payouts.SavePayoutBatch(ctx, b, nil))
	w.must(k.Start(ctx, b))
	w.params["payout"] = b.ID
	act := func(act func(payout.Batch) (payout.Batch, error)) {
		w.payNow()
		b, err := w.finance.Payouts.PayoutBatch(ctx, ours, "pay_000000000001")
		w.must(err)
		b, err = act(b)
		w.must(err)
		w.must(w.finance.Payouts.SavePayoutBatch(ctx, b, nil))
		w.must(k.Start(ctx, b))
	}
	switch operation {
	case "resume-payout":
		act(func(b payout.Batch) (payout.Batch, error) { return b.Cancel("x", w.clock.now()) })
		stuck, err := w.finance.Payouts.PayoutBatch(ctx, ours, b.ID)
		w.must(err)
		w.must(w.finance.Payouts.SavePayoutBatch(ctx, stuck.Stuck("x", w.clock.now()), nil))
	case "release-payout", "get-payout-file", "return-payment":
		act(func(b payout.Batch) (payout.Batch, error) {
			return b.Approve(policy, approval.Actor{ID: policy.Levels[0].Approvers[0]}, "2026-11-22", w.clock.now())
		})
		if operation != "release-payout" {
			act(func(b payout.Batch) (payout.Batch, error) {
				return b.Release(approval.Actor{ID: "per_third"}, w.clock.now())
			})
		}
		w.payNow()
	default:
		w.payNow()
	}
}

func TestPayoutsByTheAPI(t *testing.T) {
	w := newWorld(t)
	const participant = "mem_000000000001"
	payer := w.owing(participant)
	ann, bob := w.key(ours, tenant.Admin), w.key(ours, tenant.Admin)
	order := map[string]any{"payer": payer, "currency": "EUR", "pay_on": "2026-12-01", "format": "pain.001"}
	w.post(ann, "/v1/payouts", changed(order, map[string]any{"payer": "pyr_x"})).want(t, 404, "not_found")
	w.post(ann, "/v1/payouts", changed(order, map[string]any{"format": "nacha"})).want(t, 400, "bank_details_do_not_fit")
	w.post(ann, "/v1/payouts", changed(order, map[string]any{"pay_on": "2020-01-01"})).want(t, 400, "invalid_pay_on")
	resend := request{key: ann, method: "POST", path: "/v1/payouts", body: order, header: map[string]string{"Idempotency-Key": "k"}}
	made := read[Payout](t, w.do(resend).want(t, 202))
	if again := read[Payout](t, w.do(resend).want(t, 202)); again.ID != made.ID {
		t.Errorf("sent again, it makes %s, not %s", again.ID, made.ID)
	}
	w.payNow()
	path := "/v1/payouts/" + made.ID
	got := read[Payout](t, w.get(ann, path).want(t, 200))
	if got.State != "submitted" || got.Net.Minor != 10_000 || got.Payments != 1 || got.Waiting == "" {
		t.Errorf("%+v", got)
	}
	w.get(ann, path+"/file").want(t, 409, "no_file_yet")
	w.post(ann, path+"/approve", nil).want(t, 403, "four_eyes")
	w.post(ann, path+"/release", nil).want(t, 409, "wrong_state")
	w.post(bob, path+"/approve", nil).want(t, 200)
	w.post(ann, path+"/release", nil).want(t, 202)
	w.payNow()
	w.post(bob, path+"/release", nil).want(t, 409, "already_released")
	file := w.get(bob, path+"/file").want(t, 200)
	if again := w.get(bob, path+"/file").want(t, 200); string(again.body) != string(file.body) || len(file.body) == 0 {
		t.Error("the file is another when it is fetched again")
	}
	payments := walk[PayoutPayment](w.system, ann, path+"/payments?limit=1")
	if len(payments) != 1 || payments[0].State != "released" || payments[0].Net.Minor != 10_000 {
		t.Fatalf("%+v", payments)
	}
	back := map[string]any{"end_to_end": payments[0].EndToEnd, "reason": "AC04"}
	if p := read[PayoutPayment](t, w.post(ann, path+"/returns", back).want(t, 200)); p.State != "returned" {
		t.Errorf("%+v", p)
	}
	w.post(ann, path+"/returns", back).want(t, 409, "already_returned")
	if got := walk[Payout](w.system, ann, "/v1/payouts?limit=1"); len(got) != 1 || got[0].Returned != 1 {
		t.Errorf("%+v", got)
	}
	next := read[Payout](t, w.post(ann, "/v1/payouts", order).want(t, 202))
	w.payNow()
	w.post(ann, "/v1/payouts/"+next.ID+"/cancel", map[string]any{"reason": "A mistake."}).want(t, 200)
	w.payNow()
	if got := read[Payout](t, w.get(ann, "/v1/payouts/"+next.ID).want(t, 200)); got.State != "cancelled" || got.Rejected != "A mistake." {
		t.Errorf("%+v", got)
	}
}

// TestALostMessageDoesNotHoldABatch: work whose message was lost is resumed or cancelled, by whoever sees that it does not go on.
func TestALostMessageDoesNotHoldABatch(t *testing.T) {
	w := newWorld(t)
	payer := w.owing("mem_000000000001")
	ann, bob := w.key(ours, tenant.Admin), w.key(ours, tenant.Admin)
	lose := func() {
		w.settle.mu.Lock()
		defer w.settle.mu.Unlock()
		w.settle.queue = nil
	}
	order := map[string]any{"payer": payer, "currency": "EUR", "pay_on": "2026-11-23", "format": "pain.001"}
	approved := func() string {
		path := "/v1/payouts/" + read[Payout](t, w.post(ann, "/v1/payouts", order).want(t, 202)).ID
		lose()
		w.post(ann, path+"/resume", nil).want(t, 202)
		w.payNow()
		w.post(ann, path+"/resume", nil).want(t, 409, "wrong_state")
		w.post(bob, path+"/approve", nil).want(t, 200)
		return path
	}
	state := func(path, want string) {
		t.Helper()
		if got := read[Payout](t, w.get(ann, path).want(t, 200)); got.State != want {
			t.Errorf("%+v is not %s", got, want)
		}
	}
	path := approved()
	w.post(ann, path+"/release", nil).want(t, 202)
	lose()
	w.post(ann, path+"/cancel", map[string]any{"reason": "It hangs."}).want(t, 200)
	lose()
	w.post(ann, path+"/resume", nil).want(t, 202)
	w.payNow()
	state(path, "cancelled")
	path = approved()
	w.post(ann, path+"/release", nil).want(t, 202)
	lose()
	for range 2 { // once too often does no harm
		w.post(ann, path+"/resume", nil).want(t, 202)
	}
	w.payNow()
	state(path, "released")
	w.post(ann, path+"/cancel", map[string]any{"reason": "Too late."}).want(t, 409, "wrong_state")
}

func TestApprovalPolicies(t *testing.T) {
	s := newSystem(t)
	const path = "/v1/approval-policies/payout"
	if got := read[ApprovalPolicy](t, s.get(s.admin, path).want(t, 200)); len(got.Levels) != 0 {
		t.Errorf("%+v", got)
	}
	policy := map[string]any{"levels": []any{map[string]any{"name": "Lead"}, map[string]any{"name": "Finance", "approvers": []string{"per_000000000001"}, "above": 100, "currency": "EUR"}},
		"delegates": []any{map[string]any{"from": "per_000000000001", "to": "per_000000000002", "since": "2026-12-01", "until": "2027-01-01"}}}
	s.put(s.admin, path, policy, etag(0)).want(t, 200)
	s.put(s.admin, path, policy, etag(0)).want(t, 412)
	got := read[ApprovalPolicy](t, s.get(s.admin, path).want(t, 200))
	if len(got.Levels) != 2 || *got.Levels[1].Above != 100 || len(got.Delegates) != 1 || got.Delegates[0].Until != "2027-01-01" {
		t.Errorf("%+v", got)
	}
	s.put(s.admin, path, map[string]any{"levels": []any{map[string]any{"name": "A", "above": 100}}}).want(t, 400, approval.CodePolicy)
	s.put(s.admin, "/v1/approval-policies/other", policy).want(t, 404, "not_found")
}

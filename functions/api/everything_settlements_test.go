package main

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// settlementOperations are those of settlements that admins have.
const settlementOperations = "calculate-settlement submit-settlement lock-settlement reopen-settlement list-settlement-differences " +
	"create-adjustment list-adjustments get-adjustment withdraw-adjustment"

// settleNow has the long work of settlements done that was ordered.
func (s *system) settleNow() {
	s.t.Helper()
	for range 100 {
		s.settle.mu.Lock()
		var bodies [][]byte
		for _, m := range s.settle.queue {
			bodies = append(bodies, m.body)
		}
		s.settle.queue = nil
		s.settle.mu.Unlock()
		if len(bodies) == 0 {
			return
		}
		for _, err := range s.handler.settlements.Process(s.t.Context(), bodies) {
			s.must(err)
		}
	}
	s.t.Fatal("the work never ends")
}

// settling takes the period of the world to where an operation can be done; others calculated and submitted it.
func (w *world) settling(operation string) {
	w.t.Helper()
	w.clock.at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	ctx := w.t.Context()
	m := settlement.Manual{ID: "adj_000000000001", Organization: ours, Program: w.params["program"], Participant: w.params["participant"], Period: w.params["period"],
		Kind: settlement.ByHandMoney, Amount: 100, Reason: "A reason", State: settlement.ManualPending, By: "per_other", Rev: 1}
	w.must(w.finance.Settlements.SaveManual(ctx, m, nil))
	w.params["adjustment"] = m.ID
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
	w.must(w.finance.Settlements.SavePolicy(ctx, ours, settlementPolicy, policy))
	p, err := w.programs.Program(ctx, ours, w.params["program"])
	w.must(err)
	if operation == "calculate-settlement" || strings.HasSuffix(operation, "-adjustment") {
		return
	}
	k, period, other := w.handler.settlements, w.params["period"], approval.Actor{ID: "per_other", Admin: true}
	_, err = k.Calculate(ctx, p, period, other)
	w.must(err)
	w.settleNow()
	if operation == "submit-settlement" || operation == "reopen-settlement" {
		return
	}
	_, err = k.Submit(ctx, p, period, other)
	w.must(err)
	if operation == "approve-settlement" || operation == "reject-settlement" {
		return
	}
	_, err = k.Approve(ctx, p, period, approval.Actor{ID: policy.Levels[0].Approvers[0], Admin: true})
	w.must(err)
	if operation == "lock-settlement" {
		return
	}
	_, err = k.Lock(ctx, p, period, other)
	w.must(err)
	w.settleNow()
}

// waiting counts the messages that wait.
func (c *calculations) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

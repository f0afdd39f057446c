package keeper

import (
	"context"
	"fmt"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/payout"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// work goes on with the work that a batch is at: it plans parts and gives them to whoever is free, and waits for them.
func (k *Keeper) work(ctx context.Context, b payout.Batch, m Message) error {
	if m.Run == payout.WorkCollecting && b.State == payout.Cancelling { // it ended so, and whoever ended it was killed behind that
		return k.Start(ctx, b)
	}
	if b.Work.Kind != m.Run || m.Run == "" {
		return nil
	}
	if m.Run == payout.WorkReleasing && !b.HasFile() {
		var err error
		if b, err = k.writeFile(ctx, b); err != nil || !b.HasFile() {
			return err
		}
	}
	if !m.Planned {
		return k.plan(ctx, b, m)
	}
	return k.wait(ctx, b, m)
}

// plan lists who the work is for, part by part. What was planned by somebody before goes on as it stands.
func (k *Keeper) plan(ctx context.Context, b payout.Batch, m Message) error {
	for n := 0; !m.Planned; n++ {
		if n == partsAtOnce || late(ctx) {
			return k.send(ctx, m, 0)
		}
		plan, err := k.gather(ctx, b, m)
		if err != nil {
			return err
		}
		if plan, err = k.Payouts.PlanPayoutPart(ctx, b.Organization, b.ID, m.Run, m.Part, plan); err != nil {
			return fmt.Errorf("payout: plan: %w", err)
		}
		if len(plan.Participants) > 0 {
			part := Message{Kind: Part, Organization: b.Organization, Batch: b.ID, Run: m.Run, Part: m.Part}
			if err := k.send(ctx, part, 0); err != nil {
				return err
			}
			m.Parts, m.Participants = m.Parts+1, m.Participants+len(plan.Participants)
		}
		m.Part, m.Cursor, m.Planned = m.Part+1, plan.Next, plan.Next == ""
	}
	_, err := k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
		if b.Work.Kind != m.Run {
			return b, false, nil
		}
		b.Work.Parts, b.Work.Of, b.Rev, b.UpdatedAt = m.Parts, m.Participants, b.Rev+1, k.Now().UTC()
		return b, true, nil
	})
	if err != nil {
		return err
	}
	m.MovedAt = k.Now().UTC()
	return k.send(ctx, m, 0)
}

// gather lists the participants of the next part.
func (k *Keeper) gather(ctx context.Context, b payout.Batch, m Message) (payout.Plan, error) {
	var plan payout.Plan
	if m.Run == payout.WorkCollecting && len(b.Participants) > 0 {
		first := (m.Part - 1) * partPeople
		last := min(first+partPeople, len(b.Participants))
		plan.Participants = slices.Clone(b.Participants[min(first, last):last])
		if last < len(b.Participants) {
			plan.Next = fmt.Sprint(m.Part + 1)
		}
		return plan, nil
	}
	for plan.Next = m.Cursor; len(plan.Participants) < partPeople; {
		p := store.Page{Cursor: plan.Next, Limit: partPeople}
		var err error
		if m.Run == payout.WorkCollecting {
			plan, err = k.owed(ctx, b, plan, p)
		} else {
			plan, err = k.payments(ctx, b, plan, p)
		}
		if err != nil {
			return plan, err
		}
		if plan.Next == "" {
			break
		}
	}
	return plan, nil
}

// owed adds those of a page of books whom the batch's payer owes, or who owe it.
func (k *Keeper) owed(ctx context.Context, b payout.Batch, plan payout.Plan, p store.Page) (payout.Plan, error) {
	books, next, err := k.Ledger.Books(ctx, b.Organization, p)
	if err != nil {
		return plan, fmt.Errorf("payout: books: %w", err)
	}
	for _, book := range books {
		if payout.Concerns(book, b) {
			plan.Participants = append(plan.Participants, book.Participant)
		}
	}
	plan.Next = next
	return plan, nil
}

// payments adds those of a page of the batch's payments.
func (k *Keeper) payments(ctx context.Context, b payout.Batch, plan payout.Plan, p store.Page) (payout.Plan, error) {
	payments, next, err := k.Payouts.Payments(ctx, b.Organization, b.ID, p)
	if err != nil {
		return plan, fmt.Errorf("payout: payments: %w", err)
	}
	for _, one := range payments {
		if one.State != payout.PaymentLeftOut {
			plan.Participants = append(plan.Participants, one.Participant)
		}
	}
	plan.Next = next
	return plan, nil
}

// wait sees whether all parts are done, and ends the work then.
func (k *Keeper) wait(ctx context.Context, b payout.Batch, m Message) error {
	done, _, err := k.Payouts.PayoutParts(ctx, b.Organization, b.ID, m.Run)
	if err != nil {
		return fmt.Errorf("payout: parts: %w", err)
	}
	if done >= m.Parts {
		return k.end(ctx, b, m)
	}
	now := k.Now().UTC()
	if done != m.Done {
		m.Done, m.MovedAt = done, now
	}
	if now.Sub(m.MovedAt) <= stuckAfter {
		return k.send(ctx, m, lookAfter)
	}
	telemetry.Count(ctx, "PayoutsStuck", 1)
	_, err = k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
		why := fmt.Sprintf("%d of %d parts were not done: what spoils them is among the dead letters of the settle queue.", m.Parts-done, m.Parts)
		return b.Stuck(why, now), b.Work.Kind == m.Run, nil
	})
	return err
}

// end ends the work whose parts are all done.
func (k *Keeper) end(ctx context.Context, b payout.Batch, m Message) error {
	now := k.Now()
	var next func(payout.Batch) (payout.Batch, error)
	switch m.Run {
	case payout.WorkCollecting:
		outcomes, err := k.Payouts.PayoutOutcomes(ctx, b.Organization, b.ID, m.Run)
		if err != nil {
			return fmt.Errorf("payout: outcomes: %w", err)
		}
		var sums payout.Sums
		for _, o := range outcomes {
			sums = sums.Plus(o.Sums)
		}
		next = func(b payout.Batch) (payout.Batch, error) { return b.Collected(sums, now) }
	case payout.WorkReleasing:
		// Before it is noted that the work is over: behind that nobody would tell.
		if k.Paid != nil {
			if err := k.Paid.Paid(ctx, b.Organization); err != nil {
				return fmt.Errorf("payout: tell what is paid: %w", err)
			}
		}
		next = func(b payout.Batch) (payout.Batch, error) { return b.ReleasedAll(now) }
	case payout.WorkCancelling:
		next = func(b payout.Batch) (payout.Batch, error) { return b.CancelledAll(now) }
	default:
		return fault.New(fault.Internal, "unknown_message", "payout: this version does not know the work %q", m.Run)
	}
	b, err := k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
		if b.Work.Kind != m.Run {
			return b, false, nil // somebody else ended it
		}
		b, err := next(b)
		return b, err == nil, err
	})
	if err != nil {
		return err
	}
	telemetry.Count(ctx, "PayoutWorkEnded", 1)
	if b.State == payout.Cancelling {
		return k.Start(ctx, b)
	}
	return nil
}

// part does a part of the work, and notes that it is done. What there was no time for goes on as the same part.
func (k *Keeper) part(ctx context.Context, b payout.Batch, m Message) error {
	plan, err := k.Payouts.PayoutPlan(ctx, b.Organization, b.ID, m.Run, m.Part)
	if err != nil {
		return fmt.Errorf("payout: plan: %w", err)
	}
	switch {
	case m.Run == payout.WorkCollecting:
		err = k.collect(ctx, b, m.Part, plan.Participants)
	case b.Work.Kind != m.Run:
		return nil // it is over
	case m.Run == payout.WorkReleasing:
		err = each(plan.Participants, func(id string) error { return k.release(ctx, b, id) })
	case m.Run == payout.WorkCancelling:
		err = each(plan.Participants, func(id string) error { return k.cancel(ctx, b, id) })
	}
	if f := fault.Of(err); f != nil && f.Code == codeLate {
		return k.send(ctx, m, 0)
	}
	if err != nil {
		return err
	}
	return k.Payouts.FinishPayoutPart(ctx, b.Organization, b.ID, m.Run, m.Part, len(plan.Participants))
}

// codeLate is the code of what there was no time for.
const codeLate = "late"

// onTime refuses to begin with somebody else when too little time is left.
func onTime(ctx context.Context) error {
	if late(ctx) {
		return fault.New(fault.Unavailable, codeLate, "There is no time left.")
	}
	return nil
}

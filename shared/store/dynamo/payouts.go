package dynamo

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/payout"
	"leadline/shared/store"
)

// Payouts implements store.Payouts in the table Ledger. Batches, payments and parts are packed JSON; the names of their fields are
// part of what is stored. Bank details in them are sealed before they come here.
type Payouts struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

var _ store.Payouts = (*Payouts)(nil)

// NewPayouts uses the table Ledger of the name, and that of Tenancy for receipts.
func NewPayouts(client Client, ledger, tenancy string) *Payouts {
	return &Payouts{newTable(client, ledger), newTable(client, tenancy)}
}

// SavePayoutBatch implements store.Payouts in one transaction of one to three items.
func (s *Payouts) SavePayoutBatch(ctx context.Context, b payout.Batch, receipt *store.Receipt) error {
	const what = "save batch of payments"
	i, err := s.packNoun(payoutBatchKey(b.Organization, b.ID), b.Rev, b)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.successor(i, b.Rev, "batch")}
	if b.Rev == 1 {
		steps = append(steps, s.write(newItem(payoutNoteKey(b.Organization, b.CreatedAt, b.ID))))
	}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, b.UpdatedAt)...)
}

// PayoutBatch implements store.Payouts in one GetItem.
func (s *Payouts) PayoutBatch(ctx context.Context, organization, id string) (payout.Batch, error) {
	const what = "get batch of payments"
	i, err := s.get(ctx, what, payoutBatchKey(organization, id), "batch")
	if err != nil {
		return payout.Batch{}, err
	}
	b, err := decodePacked[payout.Batch](s.table, i)
	return b, failed(err, what)
}

// PayoutBatches implements store.Payouts in one Query of notes and one BatchGetItem per hundred batches.
func (s *Payouts) PayoutBatches(ctx context.Context, organization string, p store.Page) ([]payout.Batch, string, error) {
	q := query{what: "list batches of payments", partition: payoutsPartition(organization), descending: true, consistent: true}
	return noted[payout.Batch](ctx, s.table, q, []string{"payouts", organization}, p, func(id string) primary { return payoutBatchKey(organization, id) })
}

// noted reads a page of what the notes of a partition name.
func noted[T any](ctx context.Context, t table, q query, list []string, p store.Page, place func(id string) primary) ([]T, string, error) {
	keys, next, err := page(ctx, t, q, list, p, func(i item) (primary, error) { return place(parsePayoutSort(i.primary().sk)), read(i).err })
	if err != nil {
		return nil, "", err
	}
	items, err := t.getAll(ctx, q.what, keys)
	if err != nil {
		return nil, "", err
	}
	found, err := decodeAll(q.what, items, func(i item) (T, error) { return decodePacked[T](t, i) })
	return found, next, err
}

// SavePayment implements store.Payouts in one conditional PutItem, and one before it for a new payment: the note by which the
// participant's payments are found.
func (s *Payouts) SavePayment(ctx context.Context, p payout.Payment) error {
	const what = "save payment"
	i, err := s.packNoun(paymentKey(p.Organization, p.Batch, p.Participant), p.Rev, p)
	if err != nil {
		return failed(err, what)
	}
	condition, values := "rev = :rev", item{":rev": number(p.Rev - 1)}
	if p.Rev == 1 {
		condition, values = unlessThere, nil
		if _, err := s.put(ctx, what, newItem(paymentNoteKey(p.Organization, p.Participant, p.CreatedAt, p.Batch)), ""); err != nil {
			return err
		}
	}
	_, refused, err := s.putIf(ctx, what, i, condition, values)
	if err == nil && refused {
		return fmt.Errorf("store: %s: %w", what, stale("payment"))
	}
	return err
}

// Payment implements store.Payouts in one GetItem.
func (s *Payouts) Payment(ctx context.Context, organization, batch, participant string) (payout.Payment, error) {
	const what = "get payment"
	i, err := s.get(ctx, what, paymentKey(organization, batch, participant), "payment")
	if err != nil {
		return payout.Payment{}, err
	}
	p, err := decodePacked[payout.Payment](s.table, i)
	return p, failed(err, what)
}

// Payments implements store.Payouts in one Query per shard and MB, as far as the page goes.
func (s *Payouts) Payments(ctx context.Context, organization, batch string, p store.Page) ([]payout.Payment, string, error) {
	const what = "list payments"
	items, next, err := s.shardAfterShard(ctx, query{what: what, consistent: true}, []string{"payments", organization, batch}, paymentShards,
		func(shard int) string { return paymentsPartition(organization, batch, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	payments, err := decodeAll(what, items, func(i item) (payout.Payment, error) { return decodePacked[payout.Payment](s.table, i) })
	return payments, next, err
}

// PaymentsOf implements store.Payouts in one Query of notes and one BatchGetItem per hundred payments.
func (s *Payouts) PaymentsOf(ctx context.Context, organization, participant string, p store.Page) ([]payout.Payment, string, error) {
	q := query{what: "list payments of participant", partition: paymentsOfPartition(organization, participant), descending: true}
	return noted[payout.Payment](ctx, s.table, q, []string{"payments of", organization, participant}, p,
		func(batch string) primary { return paymentKey(organization, batch, participant) })
}

// What is stored of parts.
const (
	partPlan    = "plan"
	partOutcome = "outcome"
	partDone    = "done"
)

// PlanPayoutPart implements store.Payouts in one conditional PutItem.
func (s *Payouts) PlanPayoutPart(ctx context.Context, organization, batch, run string, part int, p payout.Plan) (payout.Plan, error) {
	return firstStands(ctx, s.table, "plan part of a payout", payoutPartKey(organization, batch, run, partPlan, part), p)
}

// PayoutPlan implements store.Payouts in one GetItem.
func (s *Payouts) PayoutPlan(ctx context.Context, organization, batch, run string, part int) (payout.Plan, error) {
	const what = "get plan of a part"
	i, err := s.get(ctx, what, payoutPartKey(organization, batch, run, partPlan, part), "part")
	if err != nil {
		return payout.Plan{}, err
	}
	p, err := decodePacked[payout.Plan](s.table, i)
	return p, failed(err, what)
}

// DecidePayoutPart implements store.Payouts in one conditional PutItem.
func (s *Payouts) DecidePayoutPart(ctx context.Context, organization, batch, run string, part int, o payout.Outcome) (payout.Outcome, error) {
	return firstStands(ctx, s.table, "decide part of a payout", payoutPartKey(organization, batch, run, partOutcome, part), o)
}

// firstStands stores a value unless there is one, and gives the one that stands.
func firstStands[T any](ctx context.Context, t table, what string, at primary, value T) (T, error) {
	i, err := t.packNoun(at, 1, value)
	if err != nil {
		return value, failed(err, what)
	}
	standing, refused, err := t.putIf(ctx, what, i, unlessThere, nil)
	if err != nil || !refused {
		return value, err
	}
	value, err = decodePacked[T](t, standing)
	return value, failed(err, what)
}

// PayoutOutcome implements store.Payouts in one GetItem.
func (s *Payouts) PayoutOutcome(ctx context.Context, organization, batch, run string, part int) (payout.Outcome, bool, error) {
	const what = "get outcome of a part"
	i, err := s.get(ctx, what, payoutPartKey(organization, batch, run, partOutcome, part), "outcome")
	if fault.Is(err, fault.NotFound) {
		return payout.Outcome{}, false, nil
	}
	if err != nil {
		return payout.Outcome{}, false, err
	}
	o, err := decodePacked[payout.Outcome](s.table, i)
	return o, err == nil, failed(err, what)
}

// PayoutOutcomes implements store.Payouts in one Query per MB, which is some 200 parts of 100 participants.
func (s *Payouts) PayoutOutcomes(ctx context.Context, organization, batch, run string) ([]payout.Outcome, error) {
	q := query{what: "list outcomes of parts", partition: payoutPartsPartition(organization, batch, run, partOutcome), consistent: true}
	var all []payout.Outcome
	err := s.each(ctx, q, func(i item) error {
		o, err := decodePacked[payout.Outcome](s.table, i)
		all = append(all, o)
		return err
	})
	return all, err
}

// each does something with every item of a partition.
func (s *Payouts) each(ctx context.Context, q query, do func(item) error) error {
	for {
		items, end, err := s.items(ctx, q, store.MaxLimit)
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := do(i); err != nil {
				return failed(err, q.what)
			}
			q.after = i.primary().sk
		}
		if end {
			return nil
		}
	}
}

// FinishPayoutPart implements store.Payouts in one PutItem.
func (s *Payouts) FinishPayoutPart(ctx context.Context, organization, batch, run string, part, participants int) error {
	i := newItem(payoutPartKey(organization, batch, run, partDone, part))
	i.setNumber("people", int64(participants))
	_, err := s.put(ctx, "finish part of a payout", i, "")
	return err
}

// PayoutParts implements store.Payouts in one Query per MB, which is some 10,000 parts.
func (s *Payouts) PayoutParts(ctx context.Context, organization, batch, run string) (parts, participants int, err error) {
	q := query{what: "count parts of a payout", partition: payoutPartsPartition(organization, batch, run, partDone), consistent: true}
	err = s.each(ctx, q, func(i item) error {
		in := read(i)
		parts, participants = parts+1, participants+int(in.number("people"))
		return in.err
	})
	return parts, participants, err
}

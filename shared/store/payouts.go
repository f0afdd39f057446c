package store

import (
	"context"

	"leadline/shared/payout"
)

// Payouts keeps batches of payments. A payment's amounts never change.
type Payouts interface {
	// SavePayoutBatch replaces a batch if the stored Rev is still b.Rev-1 (0: none is stored), with the receipt; Conflict (CodeStale).
	SavePayoutBatch(ctx context.Context, b payout.Batch, receipt *Receipt) error
	PayoutBatch(ctx context.Context, organization, id string) (payout.Batch, error)
	// PayoutBatches pages through those of an organization from the newest.
	PayoutBatches(ctx context.Context, organization string, page Page) (batches []payout.Batch, next string, err error)
	// SavePayment replaces a payment if the stored Rev is still p.Rev-1 (0: none is stored); Conflict (CodeStale).
	SavePayment(ctx context.Context, p payout.Payment) error
	// Payment reads that of a participant in a batch, consistently; NotFound.
	Payment(ctx context.Context, organization, batch, participant string) (payout.Payment, error)
	// Payments pages through those of a batch by participant within shards, consistently.
	Payments(ctx context.Context, organization, batch string, page Page) (payments []payout.Payment, next string, err error)
	// PaymentsOf pages through those of a participant from the newest, eventually consistent.
	PaymentsOf(ctx context.Context, organization, participant string, page Page) (payments []payout.Payment, next string, err error)
	// PlanPayoutPart stores who a part of long work is for, unless that is stored, and gives what stands: one conditional write.
	// PayoutPlan reads it, consistently; NotFound.
	PlanPayoutPart(ctx context.Context, organization, batch, run string, part int, p payout.Plan) (payout.Plan, error)
	PayoutPlan(ctx context.Context, organization, batch, run string, part int) (payout.Plan, error)
	// DecidePayoutPart stores what a part came to, unless that is stored, and gives what stands: one conditional write.
	// PayoutOutcome reads it, consistently, and tells whether there is one. PayoutOutcomes gives those of all parts by number,
	// consistently.
	DecidePayoutPart(ctx context.Context, organization, batch, run string, part int, o payout.Outcome) (payout.Outcome, error)
	PayoutOutcome(ctx context.Context, organization, batch, run string, part int) (o payout.Outcome, decided bool, err error)
	PayoutOutcomes(ctx context.Context, organization, batch, run string) ([]payout.Outcome, error)
	// FinishPayoutPart notes that a part of long work is done; it may be repeated. PayoutParts counts those that are, with the
	// participants they did.
	FinishPayoutPart(ctx context.Context, organization, batch, run string, part, participants int) error
	PayoutParts(ctx context.Context, organization, batch, run string) (parts, participants int, err error)
}

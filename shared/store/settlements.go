package store

import (
	"context"

	"leadline/shared/approval"
	"leadline/shared/settlement"
)

// Settlements keeps how far the periods of programs have come, and the frozen statements. Those that are posted are never
// changed or deleted.
type Settlements interface {
	// SaveSettlement replaces one if the stored Rev is still s.Rev-1 (0: none is stored), with the receipt (nil for none), all or
	// nothing; Conflict (CodeStale, CodeReceiptTaken).
	SaveSettlement(ctx context.Context, s settlement.Settlement, receipt *Receipt) error
	// Settlement reads one, consistently; NotFound.
	Settlement(ctx context.Context, organization, program, period string) (settlement.Settlement, error)
	// Settlements pages through those of a program by the name of the period from the newest, consistently.
	Settlements(ctx context.Context, organization, program string, page Page) (all []settlement.Settlement, next string, err error)

	// SaveStatement stores a statement, unless one of the same or a later revision is stored, or one that is Posted: one
	// conditional write. It tells whether it did. So of two that are frozen at once, the first stands.
	SaveStatement(ctx context.Context, s settlement.Statement) (saved bool, err error)
	// PostStatement notes that a statement is Posted: one conditional write. Conflict (CodeStale) if that of the revision is not
	// stored; done before, it changes nothing.
	PostStatement(ctx context.Context, organization, program, period, participant string, revision int) error
	// Statement reads that of a participant, consistently; NotFound. It may be of an earlier revision.
	Statement(ctx context.Context, organization, program, period, participant string) (settlement.Statement, error)
	// Statements pages through those of a period by participant within shards, consistently; those of another revision, too.
	Statements(ctx context.Context, organization, program, period string, page Page) (all []settlement.Statement, next string, err error)
	// StatementsOf pages through those of a participant in a program by period from the newest, eventually consistent.
	StatementsOf(ctx context.Context, organization, program, participant string, page Page) (all []settlement.Statement, next string, err error)

	// SaveSettled replaces what a period of a participant is settled as, unless a later period's settlement said so.
	SaveSettled(ctx context.Context, s settlement.Settled) error
	// SettledOf gives all of a participant in a program, consistently, by period.
	SettledOf(ctx context.Context, organization, program, participant string) ([]settlement.Settled, error)
	// SettledIn pages through those of a period, in an order that means nothing, consistently.
	SettledIn(ctx context.Context, organization, program, period string, page Page) (all []settlement.Settled, next string, err error)

	// SaveManual replaces a manual adjustment if the stored Rev is still m.Rev-1, with the receipt; Conflict (CodeStale).
	SaveManual(ctx context.Context, m settlement.Manual, receipt *Receipt) error
	// Manual reads one, consistently.
	Manual(ctx context.Context, organization, program, id string) (settlement.Manual, error)
	// Manuals pages through those of a program from the newest, consistently.
	Manuals(ctx context.Context, organization, program string, page Page) (all []settlement.Manual, next string, err error)

	// FinishSettlementPart notes that a part of long work is done; it may be repeated: a part counts once, and its sum is that
	// of whoever noted it first. SettlementParts sums those that are done, with their number and the participants they did.
	FinishSettlementPart(ctx context.Context, organization, program, period, run string, part int, participants int, sum settlement.Totals) error
	SettlementParts(ctx context.Context, organization, program, period, run string) (parts, participants int, sum settlement.Totals, err error)

	// SavePolicy replaces the approval policy for a kind of act ("settlement", "payout", "bank") if the stored Rev is still
	// p.Rev-1; Conflict (CodeStale). Policy reads it, consistently: one of Rev 0 if none is stored.
	SavePolicy(ctx context.Context, organization, kind string, p approval.Policy) error
	Policy(ctx context.Context, organization, kind string) (approval.Policy, error)
}

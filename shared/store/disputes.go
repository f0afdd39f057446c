package store

import (
	"context"

	"leadline/shared/dispute"
)

// Disputes keeps what people object to, with what was said about it.
type Disputes interface {
	// SaveDispute replaces one if the stored Rev is still d.Rev-1 (0: none is stored), with the receipt (nil for none), all or
	// nothing; Conflict (CodeStale). A dispute keeps its OpenedAt and its participant.
	SaveDispute(ctx context.Context, d dispute.Dispute, receipt *Receipt) error
	// Dispute reads one, consistently; NotFound.
	Dispute(ctx context.Context, organization, id string) (dispute.Dispute, error)
	// Disputes pages through those of an organization from the newest.
	Disputes(ctx context.Context, organization string, page Page) (all []dispute.Dispute, next string, err error)
	// DisputesOf pages through those of one participant from the newest, consistently.
	DisputesOf(ctx context.Context, organization, participant string, page Page) (all []dispute.Dispute, next string, err error)

	// SaveDisputeSetting replaces what an organization says if the stored Rev is still s.Rev-1; Conflict (CodeStale).
	// DisputeSetting reads it, consistently: the default, with Rev 0, if none is stored.
	SaveDisputeSetting(ctx context.Context, s dispute.Setting) error
	DisputeSetting(ctx context.Context, organization string) (dispute.Setting, error)
}

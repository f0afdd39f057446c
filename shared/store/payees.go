package store

import (
	"context"

	"leadline/shared/payee"
)

// Payees keeps payers, the profiles of who is paid, and changes of bank details.
type Payees interface {
	// SavePayer and SaveProfile replace one if the stored Rev is still Rev-1 (0: none is stored), with the receipt; Conflict
	// (CodeStale).
	SavePayer(ctx context.Context, p payee.Payer, receipt *Receipt) error
	Payer(ctx context.Context, organization, id string) (payee.Payer, error)
	// Payers pages through those of an organization by id.
	Payers(ctx context.Context, organization string, page Page) (payers []payee.Payer, next string, err error)
	SaveProfile(ctx context.Context, p payee.Profile, receipt *Receipt) error
	// Profile reads that of a participant, consistently; NotFound.
	Profile(ctx context.Context, organization, participant string) (payee.Profile, error)
	// Profiles pages through those of an organization by participant.
	Profiles(ctx context.Context, organization string, page Page) (profiles []payee.Profile, next string, err error)
	// DeleteProfile removes one with the changes of it, for an erasure. What is not there is no error.
	DeleteProfile(ctx context.Context, organization, participant string) error
	// SaveChange replaces a change if the stored Rev is still c.Rev-1, and with it, all or nothing, the payer or profile that takes
	// it over (nil for neither); Conflict (CodeStale).
	SaveChange(ctx context.Context, c payee.Change, payer *payee.Payer, profile *payee.Profile, receipt *Receipt) error
	Change(ctx context.Context, organization, id string) (payee.Change, error)
	// Changes pages through those of an organization from the newest.
	Changes(ctx context.Context, organization string, page Page) (changes []payee.Change, next string, err error)
	// ChangesOf pages through those of one payer or participant from the newest, consistently.
	ChangesOf(ctx context.Context, organization, of string, page Page) (changes []payee.Change, next string, err error)
}

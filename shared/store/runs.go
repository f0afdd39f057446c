package store

import (
	"context"

	"leadline/shared/incentive"
)

// Runs keeps how far the editions of programs have come.
type Runs interface {
	// SaveRun replaces the run of an edition if the stored Rev is still r.Rev-1 (0: none is stored); Conflict (CodeStale).
	SaveRun(ctx context.Context, r incentive.Run) error
	// EditionRun reads it, consistently; one of Rev 0 if none is stored.
	EditionRun(ctx context.Context, organization, edition string) (incentive.Run, error)
	// DropRun removes it; what is not there is no error.
	DropRun(ctx context.Context, organization, edition string) error
	// FinishPart notes that a part of a run is done, for a week. It may be repeated: a part counts once.
	FinishPart(ctx context.Context, organization, edition, run string, p incentive.Part) error
	// Parts counts the parts of a run that are done, and sums them, consistently. Their Number is how many there are.
	Parts(ctx context.Context, organization, edition, run string) (incentive.Part, error)
}

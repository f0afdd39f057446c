package store

import (
	"context"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/record"
)

// Programs keeps incentive programs with their versions, and what they go by: exchange rates and people's own goals.
type Programs interface {
	// CreateProgram stores a new program with the receipt, all or nothing; Conflict (CodeTaken) if the id is taken.
	CreateProgram(ctx context.Context, p program.Program, receipt *Receipt) error
	// UpdateProgram replaces one if the stored Rev is still p.Rev-1, with a version that is published by it (nil for none) and
	// the receipt, all or nothing; Conflict (CodeStale).
	UpdateProgram(ctx context.Context, p program.Program, publish *program.Version, receipt *Receipt) error
	// Program reads one, consistently.
	Program(ctx context.Context, organization, id string) (program.Program, error)
	// Programs pages through those of an organization by id, eventually consistent.
	Programs(ctx context.Context, organization string, page Page) (programs []program.Program, next string, err error)
	// Version reads one version, consistently; Versions pages through them, the newest first.
	Version(ctx context.Context, organization, id string, number int) (program.Version, error)
	Versions(ctx context.Context, organization, id string, page Page) (versions []program.Version, next string, err error)

	// SaveRate stores an exchange rate if the stored Rev is still r.Rev-1 (0: none is stored for From, To and Span.From), with
	// the receipt; Conflict (CodeStale).
	SaveRate(ctx context.Context, organization string, r money.Rate, receipt *Receipt) error
	// DeleteRate removes one; what is not there is no error.
	DeleteRate(ctx context.Context, organization, from, to string, since calendar.Date) error
	// Rates pages through those of an organization by From, To and Span.From, consistently.
	Rates(ctx context.Context, organization string, page Page) (rates []money.Rate, next string, err error)

	// SaveGoals replaces all goals of a participant in a program.
	SaveGoals(ctx context.Context, organization, program, participant string, goals []incentive.Goal) error
	// Goals reads them, consistently; none is no error.
	Goals(ctx context.Context, organization, program, participant string) ([]incentive.Goal, error)
	// AllGoals pages through those of a program by participant.
	AllGoals(ctx context.Context, organization, program string, page Page) (goals map[string][]incentive.Goal, next string, err error)
}

// Credits keeps what records count for whom, and what came of it, by edition. Nothing of one edition is seen in another.
type Credits interface {
	// Footprint reads what a record left, consistently; one of Rev 0 if there is none.
	Footprint(ctx context.Context, organization, edition string, key record.Key) (incentive.Footprint, error)
	// SaveFootprint replaces a footprint if the stored Rev is still f.Rev-1, puts the credits in put, and removes those in
	// remove that are not in put: all or nothing, one transaction of at most 1 + incentive.MaxCredits + those removed. Where it
	// would have more than 100 items, it is Invalid. Conflict (CodeStale). What f.Joined has and before.Joined has not is
	// indexed first, what only before.Joined has is taken out afterwards: a crash leaves too much, which does no harm.
	SaveFootprint(ctx context.Context, f, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) error
	// Ordered notes that what a footprint touched was ordered to be reckoned, if its Rev is still rev; if not, nothing.
	Ordered(ctx context.Context, organization, edition string, key record.Key, rev int64) error
	// JoinedTo pages through the records whose footprints joined a record, eventually consistent.
	JoinedTo(ctx context.Context, organization, edition string, key record.Key, page Page) (keys []record.Key, next string, err error)
	// Problems pages through the footprints with refusals that are problems.
	Problems(ctx context.Context, organization, edition string, page Page) (footprints []incentive.Footprint, next string, err error)
	// Credits gives all credits of a participant that are dated in a span, by date and id, consistently.
	Credits(ctx context.Context, organization, edition, participant string, within calendar.Span) ([]incentive.Credit, error)

	// Touch counts the generation of a unit's inputs up, and gives it: one write.
	Touch(ctx context.Context, u incentive.Unit) (generation int64, err error)
	// Touched gives the generation, consistently; 0 if it was never touched.
	Touched(ctx context.Context, u incentive.Unit) (generation int64, err error)
	// SaveStanding replaces the standing of a unit if none of a newer generation is stored: one conditional write. It tells
	// whether it did. Rank and Prizes are left as they are: see SaveRanks.
	SaveStanding(ctx context.Context, s incentive.Standing) (saved bool, err error)
	// SaveRanks replaces Rank, Prizes and with them Payable of a standing, if its ResultHash is still that of s.
	SaveRanks(ctx context.Context, s incentive.Standing) (saved bool, err error)
	// Standing reads that of a unit, consistently.
	Standing(ctx context.Context, u incentive.Unit) (incentive.Standing, error)
	// Standings pages through those of a period by participant, eventually consistent: about 200 bytes each.
	Standings(ctx context.Context, organization, edition, period string, page Page) (standings []incentive.Standing, next string, err error)
	// StandingsOf pages through those of a participant, the newest period first.
	StandingsOf(ctx context.Context, organization, edition, participant string, page Page) (standings []incentive.Standing, next string, err error)

	// DropEdition removes a page of what there is of an edition, and tells whether that was all.
	DropEdition(ctx context.Context, organization, edition string) (done bool, err error)
}

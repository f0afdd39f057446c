package store

import (
	"context"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
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
	// the receipt, which was made ReceiptLife before it expires; Conflict (CodeStale).
	SaveRate(ctx context.Context, organization string, r money.Rate, receipt *Receipt) error
	// DeleteRate removes one; what is not there is no error.
	DeleteRate(ctx context.Context, organization, from, to string, since calendar.Date) error
	// Rates pages through those of an organization by From, To and Span.From, consistently.
	Rates(ctx context.Context, organization string, page Page) (rates []money.Rate, next string, err error)

	// SaveGoals replaces all goals of a participant in a program; with none, there is nothing of the participant any more.
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
	// would have more than 100 items (see FootprintRemovals), it is Invalid (CodeTooMany), and to be done in two saves: first
	// one that only removes. Conflict (CodeStale). before is what was read, of Rev f.Rev-1, and f.Credits names all credits
	// that the record then has. What f.Joined has and before.Joined has not is indexed first, what only before.Joined has is
	// taken out afterwards: a crash leaves too much, which does no harm.
	SaveFootprint(ctx context.Context, f, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) error
	// Ordered notes that what a footprint touched was ordered to be reckoned, if its Rev is still rev; if not, nothing. The
	// footprint has no Touched then, and the same Rev.
	Ordered(ctx context.Context, organization, edition string, key record.Key, rev int64) error
	// JoinedTo pages through the records whose footprints joined a record, in an order that means nothing, eventually
	// consistent.
	JoinedTo(ctx context.Context, organization, edition string, key record.Key, page Page) (keys []record.Key, next string, err error)
	// Problems pages through the footprints with refusals that are problems, in an order that means nothing, eventually
	// consistent.
	Problems(ctx context.Context, organization, edition string, page Page) (footprints []incentive.Footprint, next string, err error)
	// Credits gives all credits of a participant that are dated in a span, by date and id, consistently.
	Credits(ctx context.Context, organization, edition, participant string, within calendar.Span) ([]incentive.Credit, error)

	// Touch counts the generation of a unit's inputs up, and gives it: one write.
	Touch(ctx context.Context, u incentive.Unit) (generation int64, err error)
	// Touched gives the generation, consistently; 0 if it was never touched.
	Touched(ctx context.Context, u incentive.Unit) (generation int64, err error)
	// SaveStanding replaces the standing of a unit if none of a newer generation is stored: one conditional write (two for a
	// Generation of 0, that of a unit that was never touched). Generation is what Touch or Touched gave. It tells whether it did. Rank and Prizes are left as they are
	// (see SaveRanks), and so is what they add to Payable: s.Payable holds the money of s.Prizes, what is read that of the
	// Prizes that are stored.
	SaveStanding(ctx context.Context, s incentive.Standing) (saved bool, err error)
	// SaveRanks replaces Rank, Prizes and with them Payable of a standing, if its ResultHash is still that of s: one
	// conditional write. Where no such standing is stored, it saves nothing.
	SaveRanks(ctx context.Context, s incentive.Standing) (saved bool, err error)
	// Standing reads that of a unit, consistently.
	Standing(ctx context.Context, u incentive.Unit) (incentive.Standing, error)
	// Standings pages through those of a period by participant, eventually consistent: about 400 bytes each, plain ones.
	Standings(ctx context.Context, organization, edition, period string, page Page) (standings []incentive.Standing, next string, err error)
	// StandingsOf pages through those of a participant, by the name of the period from the highest: the newest first. Eventually
	// consistent.
	StandingsOf(ctx context.Context, organization, edition, participant string, page Page) (standings []incentive.Standing, next string, err error)

	// DropEdition removes a page of what there is of an edition, and tells whether that was all. It is called until it was; a
	// crash in between leaves nothing that the next call does not find. What is saved meanwhile may stay: nobody saves into an
	// edition that is dropped.
	DropEdition(ctx context.Context, organization, edition string) (done bool, err error)
}

// ReceiptLife is how long a receipt lives.
const ReceiptLife = 24 * time.Hour

// MaxFootprintItems is how many items a footprint is saved with at most, itself among them: what one transaction takes.
const MaxFootprintItems = 100

// FootprintRemovals gives the credits in remove that are not in put, each once. Invalid (CodeTooMany) if saving a footprint
// with them would take more than MaxFootprintItems: the footprint, the credits that are put or removed, and the note of a
// problem where that comes or goes.
func FootprintRemovals(f, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) ([]incentive.CreditRef, error) {
	seen := map[incentive.CreditRef]bool{}
	for _, c := range put {
		seen[RefOf(c)] = true
	}
	items := 1 + len(seen)
	if HasProblem(f) != HasProblem(before) {
		items++
	}
	var left []incentive.CreditRef
	for _, ref := range remove {
		if !seen[ref] {
			seen[ref] = true
			left = append(left, ref)
		}
	}
	if items += len(left); items > MaxFootprintItems {
		return nil, fault.New(fault.Invalid, CodeTooMany, "%d credits are put and removed at once for one record; %d items are the most. Remove first.",
			len(seen), MaxFootprintItems)
	}
	return left, nil
}

// RefOf gives the place of a credit.
func RefOf(c incentive.Credit) incentive.CreditRef {
	return incentive.CreditRef{Participant: c.Participant, Date: c.Date, ID: c.ID}
}

// HasProblem tells whether somebody must look at what a record left.
func HasProblem(f incentive.Footprint) bool {
	for _, r := range f.Refusals {
		if r.Problem {
			return true
		}
	}
	return false
}

// PrizeMoney adds up the money in prizes, in minor units.
func PrizeMoney(prizes []incentive.Prize) int64 {
	var sum int64
	for _, p := range prizes {
		sum += p.Amount
	}
	return sum
}

package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Touch implements store.Credits.
func (s *Credits) Touch(ctx context.Context, u incentive.Unit) (generation int64, err error) {
	err = s.change(ctx, u.Organization, u.Edition, func(e *stored) error {
		at := unit{u.Participant, u.Period}
		e.generations[at]++
		generation = e.generations[at]
		return nil
	})
	return generation, err
}

// Touched implements store.Credits.
func (s *Credits) Touched(ctx context.Context, u incentive.Unit) (generation int64, err error) {
	err = s.read(ctx, u.Organization, u.Edition, func(e *stored) { generation = e.generations[unit{u.Participant, u.Period}] })
	return generation, err
}

// SaveStanding implements store.Credits.
func (s *Credits) SaveStanding(ctx context.Context, n incentive.Standing) (saved bool, err error) {
	err = s.change(ctx, n.Organization, n.Edition, func(e *stored) error {
		at := unit{n.Participant, n.Period}
		present, found := e.standings[at]
		if found && present.own.Generation > n.Generation {
			return nil
		}
		own := ownStanding(n)
		own.Payable, own.Rank, own.Prizes = n.Payable-store.PrizeMoney(n.Prizes), 0, nil
		present.own, saved = own, true
		e.standings[at] = present
		return nil
	})
	return saved, err
}

// SaveRanks implements store.Credits.
func (s *Credits) SaveRanks(ctx context.Context, n incentive.Standing) (saved bool, err error) {
	err = s.change(ctx, n.Organization, n.Edition, func(e *stored) error {
		at := unit{n.Participant, n.Period}
		present, found := e.standings[at]
		if !found || present.own.ResultHash != n.ResultHash {
			return nil
		}
		present.own.Payable = n.Payable - store.PrizeMoney(n.Prizes)
		present.rank, present.prizes, saved = n.Rank, slices.Clone(n.Prizes), true
		e.standings[at] = present
		return nil
	})
	return saved, err
}

// Standing implements store.Credits.
func (s *Credits) Standing(ctx context.Context, u incentive.Unit) (n incentive.Standing, err error) {
	found := false
	err = s.read(ctx, u.Organization, u.Edition, func(e *stored) {
		var present standing
		if present, found = e.standings[unit{u.Participant, u.Period}]; found {
			n = present.whole()
		}
	})
	if err == nil && !found {
		err = notFound("standing")
	}
	return n, err
}

// Standings implements store.Credits.
func (s *Credits) Standings(ctx context.Context, organization, edition, period string, p store.Page) ([]incentive.Standing, string, error) {
	return page(ctx, []string{"standings", organization, edition, period}, p, false, func(after string) (entries []entry[incentive.Standing]) {
		_ = s.read(ctx, organization, edition, func(e *stored) { // page has asked whether the request has ended
			for at, present := range e.standings {
				if at.period == period && (p.Cursor == "" || at.participant > after) {
					entries = append(entries, entry[incentive.Standing]{at.participant, present.whole()})
				}
			}
		})
		return entries
	})
}

// StandingsOf implements store.Credits.
func (s *Credits) StandingsOf(ctx context.Context, organization, edition, participant string, p store.Page) ([]incentive.Standing, string, error) {
	return page(ctx, []string{"standings of", organization, edition, participant}, p, true, func(after string) (entries []entry[incentive.Standing]) {
		_ = s.read(ctx, organization, edition, func(e *stored) {
			for at, present := range e.standings {
				if at.participant == participant && (p.Cursor == "" || at.period < after) {
					entries = append(entries, entry[incentive.Standing]{at.period, present.whole()})
				}
			}
		})
		return entries
	})
}

// DropEdition implements store.Credits.
func (s *Credits) DropEdition(ctx context.Context, organization, edition string) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.editions, owned{organization, edition})
	return true, nil
}

// whole gives a standing as it is read.
func (n standing) whole() incentive.Standing {
	s := ownStanding(n.own)
	s.Rank, s.Prizes = n.rank, slices.Clone(n.prizes)
	s.Payable += store.PrizeMoney(s.Prizes)
	return s
}

// ownFootprint, ownCredit and ownStanding copy what others could change.
func ownFootprint(f incentive.Footprint) incentive.Footprint {
	f.Credits, f.Touched = slices.Clone(f.Credits), slices.Clone(f.Touched)
	f.Joined, f.Refusals = slices.Clone(f.Joined), slices.Clone(f.Refusals)
	f.At = f.At.UTC()
	return f
}

func ownCredit(c incentive.Credit) incentive.Credit {
	if c.Rate != nil {
		rate := *c.Rate
		c.Rate = &rate
	}
	c.Cell, c.At = maps.Clone(c.Cell), c.At.UTC()
	return c
}

func ownStanding(n incentive.Standing) incentive.Standing {
	n.Figures, n.Prizes = slices.Clone(n.Figures), slices.Clone(n.Prizes)
	n.After.Owed, n.After.Holds, n.After.Excess = slices.Clone(n.After.Owed), slices.Clone(n.After.Holds), maps.Clone(n.After.Excess)
	n.After.ToDate = maps.Clone(n.After.ToDate)
	for component, windows := range n.After.ToDate {
		n.After.ToDate[component] = maps.Clone(windows)
	}
	n.Reached, n.At = n.Reached.UTC(), n.At.UTC()
	return n
}

// inOrganization gives the key of a record of an organization.
func inOrganization(key record.Key, organization string) record.Key {
	key.Organization = organization
	return key
}

// sortOf gives a text that tells records of one organization apart.
func sortOf(key record.Key) string {
	return fmt.Sprintf("%q %q %q", key.Connection, key.Object, key.ID)
}

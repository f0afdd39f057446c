package memory

import (
	"context"
	"slices"
	"strings"
	"sync"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Credits implements store.Credits.
type Credits struct {
	mu       sync.RWMutex
	editions map[owned]*stored
}

// stored is what there is of one edition.
type stored struct {
	footprints  map[record.Key]incentive.Footprint
	credits     map[string]map[incentive.CreditRef]incentive.Credit // by participant
	joined      map[record.Key]map[record.Key]bool                  // who joined a record
	generations map[unit]int64
	standings   map[unit]standing
}

// unit is a unit within its edition.
type unit struct{ participant, period string }

// standing is a stored standing. own is without the money of prizes.
type standing struct {
	own    incentive.Standing
	rank   int
	prizes []incentive.Prize
}

var _ store.Credits = (*Credits)(nil)

// NewCredits makes an empty store.
func NewCredits() *Credits { return &Credits{editions: map[owned]*stored{}} }

// read calls f with an edition, nil if there is nothing of it.
func (s *Credits) read(ctx context.Context, organization, id string, f func(*stored)) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.editions[owned{organization, id}]; e != nil {
		f(e)
	}
	return nil
}

// change calls f with an edition.
func (s *Credits) change(ctx context.Context, organization, id string, f func(*stored) error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.editions[owned{organization, id}]
	if e == nil {
		e = &stored{footprints: map[record.Key]incentive.Footprint{}, credits: map[string]map[incentive.CreditRef]incentive.Credit{},
			joined: map[record.Key]map[record.Key]bool{}, generations: map[unit]int64{}, standings: map[unit]standing{}}
		s.editions[owned{organization, id}] = e
	}
	return f(e)
}

// Footprint implements store.Credits.
func (s *Credits) Footprint(ctx context.Context, organization, edition string, key record.Key) (incentive.Footprint, error) {
	key.Organization = organization
	found := incentive.Footprint{Organization: organization, Edition: edition, Record: key}
	err := s.read(ctx, organization, edition, func(e *stored) {
		if f, there := e.footprints[key]; there {
			found = ownFootprint(f)
		}
	})
	return found, err
}

// SaveFootprint implements store.Credits.
func (s *Credits) SaveFootprint(ctx context.Context, f, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) error {
	gone, err := store.FootprintRemovals(f, before, put, remove)
	if err != nil {
		return err
	}
	f = ownFootprint(f)
	f.Record.Organization = f.Organization
	return s.change(ctx, f.Organization, f.Edition, func(e *stored) error {
		if e.footprints[f.Record].Rev != f.Rev-1 {
			return stale("footprint")
		}
		e.footprints[f.Record] = f
		for _, c := range put {
			if e.credits[c.Participant] == nil {
				e.credits[c.Participant] = map[incentive.CreditRef]incentive.Credit{}
			}
			e.credits[c.Participant][store.RefOf(c)] = ownCredit(c)
		}
		for _, ref := range gone {
			delete(e.credits[ref.Participant], ref)
		}
		for _, key := range before.Joined {
			delete(e.joined[inOrganization(key, f.Organization)], f.Record)
		}
		for _, key := range f.Joined {
			key = inOrganization(key, f.Organization)
			if e.joined[key] == nil {
				e.joined[key] = map[record.Key]bool{}
			}
			e.joined[key][f.Record] = true
		}
		return nil
	})
}

// Ordered implements store.Credits.
func (s *Credits) Ordered(ctx context.Context, organization, edition string, key record.Key, rev int64) error {
	key.Organization = organization
	return s.change(ctx, organization, edition, func(e *stored) error {
		if f, found := e.footprints[key]; found && f.Rev == rev {
			f.Touched = nil
			e.footprints[key] = f
		}
		return nil
	})
}

// JoinedTo implements store.Credits.
func (s *Credits) JoinedTo(ctx context.Context, organization, edition string, key record.Key, p store.Page) ([]record.Key, string, error) {
	key.Organization = organization
	list := []string{"joined", organization, edition, key.Connection, key.Object, key.ID}
	return page(ctx, list, p, false, func(after string) (entries []entry[record.Key]) {
		_ = s.read(ctx, organization, edition, func(e *stored) { // page has asked whether the request has ended
			for other := range e.joined[key] {
				if sort := sortOf(other); p.Cursor == "" || sort > after {
					entries = append(entries, entry[record.Key]{sort, other})
				}
			}
		})
		return entries
	})
}

// Problems implements store.Credits.
func (s *Credits) Problems(ctx context.Context, organization, edition string, p store.Page) ([]incentive.Footprint, string, error) {
	return page(ctx, []string{"problems", organization, edition}, p, false, func(after string) (entries []entry[incentive.Footprint]) {
		_ = s.read(ctx, organization, edition, func(e *stored) {
			for key, f := range e.footprints {
				if sort := sortOf(key); store.HasProblem(f) && (p.Cursor == "" || sort > after) {
					entries = append(entries, entry[incentive.Footprint]{sort, ownFootprint(f)})
				}
			}
		})
		return entries
	})
}

// Credits implements store.Credits.
func (s *Credits) Credits(ctx context.Context, organization, edition, participant string, within calendar.Span) ([]incentive.Credit, error) {
	var found []incentive.Credit
	err := s.read(ctx, organization, edition, func(e *stored) {
		for _, c := range e.credits[participant] {
			if within.Holds(c.Date) {
				found = append(found, ownCredit(c))
			}
		}
	})
	slices.SortFunc(found, func(a, b incentive.Credit) int {
		if byDate := strings.Compare(string(a.Date), string(b.Date)); byDate != 0 {
			return byDate
		}
		return strings.Compare(a.ID, b.ID)
	})
	return found, err
}

package memory

import (
	"context"
	"sync"

	"leadline/shared/incentive"
	"leadline/shared/store"
)

// Runs implements store.Runs.
type Runs struct {
	mu    sync.Mutex
	runs  map[owned]incentive.Run
	parts map[editionRunOf]map[int]incentive.Part
}

// editionRunOf is a run of an edition.
type editionRunOf struct {
	owned
	run string
}

var _ store.Runs = (*Runs)(nil)

// NewRuns makes an empty store.
func NewRuns() *Runs {
	return &Runs{runs: map[owned]incentive.Run{}, parts: map[editionRunOf]map[int]incentive.Part{}}
}

// SaveRun implements store.Runs.
func (s *Runs) SaveRun(ctx context.Context, r incentive.Run) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := owned{r.Organization, r.Edition}
	if s.runs[at].Rev != r.Rev-1 {
		return stale("run")
	}
	s.runs[at] = r
	return nil
}

// EditionRun implements store.Runs.
func (s *Runs) EditionRun(ctx context.Context, organization, edition string) (incentive.Run, error) {
	if err := alive(ctx); err != nil {
		return incentive.Run{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.runs[owned{organization, edition}]
	r.Organization, r.Edition = organization, edition
	return r, nil
}

// DropRun implements store.Runs.
func (s *Runs) DropRun(ctx context.Context, organization, edition string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, owned{organization, edition})
	return nil
}

// FinishPart implements store.Runs.
func (s *Runs) FinishPart(ctx context.Context, organization, edition, run string, p incentive.Part) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := editionRunOf{owned{organization, edition}, run}
	if s.parts[at] == nil {
		s.parts[at] = map[int]incentive.Part{}
	}
	s.parts[at][p.Number] = p
	return nil
}

// Parts implements store.Runs.
func (s *Runs) Parts(ctx context.Context, organization, edition, run string) (incentive.Part, error) {
	if err := alive(ctx); err != nil {
		return incentive.Part{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum incentive.Part
	for _, p := range s.parts[editionRunOf{owned{organization, edition}, run}] {
		sum = sum.Plus(p)
	}
	return sum, nil
}

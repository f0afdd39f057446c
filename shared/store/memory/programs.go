package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/store"
)

// Programs implements store.Programs. Programs and versions are kept as JSON, so that nobody holds a part of what is stored.
type Programs struct {
	tenancy  *Tenancy
	programs map[owned]keptNoun
	versions map[versionOf][]byte
	rates    map[rateOf]money.Rate
	goals    map[goalsOf][]incentive.Goal
}

type (
	versionOf struct {
		organization, program string
		number                int
	}
	rateOf struct {
		organization, from, to string
		since                  calendar.Date
	}
	goalsOf struct{ organization, program, participant string }
)

var _ store.Programs = (*Programs)(nil)

// NewPrograms makes an empty store whose receipts are those of another.
func NewPrograms(tenancy *Tenancy) *Programs {
	return &Programs{tenancy: tenancy, programs: map[owned]keptNoun{}, versions: map[versionOf][]byte{},
		rates: map[rateOf]money.Rate{}, goals: map[goalsOf][]incentive.Goal{}}
}

// CreateProgram implements store.Programs.
func (s *Programs) CreateProgram(ctx context.Context, p program.Program, receipt *store.Receipt) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{p.Organization, p.ID}
	return s.tenancy.change(ctx, receipt, p.CreatedAt, func() error {
		if _, found := s.programs[at]; found {
			return taken("program")
		}
		return nil
	}, func() { s.programs[at] = keptNoun{p.Rev, text} })
}

// UpdateProgram implements store.Programs.
func (s *Programs) UpdateProgram(ctx context.Context, p program.Program, publish *program.Version, receipt *store.Receipt) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	version, err := json.Marshal(publish)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{p.Organization, p.ID}
	return s.tenancy.change(ctx, receipt, p.UpdatedAt, func() error {
		if before, found := s.programs[at]; !found || before.rev != p.Rev-1 {
			return stale("program")
		}
		if publish != nil && s.versions[versionOf{p.Organization, p.ID, publish.Number}] != nil {
			return stale("program")
		}
		return nil
	}, func() {
		s.programs[at] = keptNoun{p.Rev, text}
		if publish != nil {
			s.versions[versionOf{p.Organization, p.ID, publish.Number}] = version
		}
	})
}

// Program implements store.Programs.
func (s *Programs) Program(ctx context.Context, organization, id string) (program.Program, error) {
	kept, err := get(ctx, s.tenancy, s.programs, owned{organization, id}, "program")
	if err != nil {
		return program.Program{}, err
	}
	return decodeNoun[program.Program](kept)
}

// Programs implements store.Programs.
func (s *Programs) Programs(ctx context.Context, organization string, p store.Page) ([]program.Program, string, error) {
	kept, next, err := belongings(ctx, s.tenancy, "programs", organization, p, s.programs, func(k keptNoun) keptNoun { return k })
	if err != nil {
		return nil, "", err
	}
	programs := make([]program.Program, len(kept))
	for i, k := range kept {
		if programs[i], err = decodeNoun[program.Program](k); err != nil {
			return nil, "", err
		}
	}
	return programs, next, nil
}

// Version implements store.Programs.
func (s *Programs) Version(ctx context.Context, organization, id string, number int) (program.Version, error) {
	text, err := get(ctx, s.tenancy, s.versions, versionOf{organization, id, number}, "version")
	if err != nil {
		return program.Version{}, err
	}
	return decodeNoun[program.Version](keptNoun{text: text})
}

// Versions implements store.Programs.
func (s *Programs) Versions(ctx context.Context, organization, id string, p store.Page) ([]program.Version, string, error) {
	texts, next, err := page(ctx, []string{"program versions", organization, id}, p, true, func(after string) []entry[[]byte] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[[]byte]
		for at, text := range s.versions {
			sort := fmt.Sprintf("%016d", at.number)
			if at.organization == organization && at.program == id && (p.Cursor == "" || sort < after) {
				entries = append(entries, entry[[]byte]{sort, text})
			}
		}
		return entries
	})
	if err != nil {
		return nil, "", err
	}
	versions := make([]program.Version, len(texts))
	for i, text := range texts {
		if versions[i], err = decodeNoun[program.Version](keptNoun{text: text}); err != nil {
			return nil, "", err
		}
	}
	return versions, next, nil
}

// SaveRate implements store.Programs.
func (s *Programs) SaveRate(ctx context.Context, organization string, r money.Rate, receipt *store.Receipt) error {
	var at time.Time
	if receipt != nil {
		at = receipt.ExpiresAt.Add(-store.ReceiptLife)
	}
	place := rateOf{organization, r.From, r.To, r.Span.From}
	return s.tenancy.change(ctx, receipt, at, func() error {
		if s.rates[place].Rev != r.Rev-1 {
			return stale("rate")
		}
		return nil
	}, func() { s.rates[place] = r })
}

// DeleteRate implements store.Programs.
func (s *Programs) DeleteRate(ctx context.Context, organization, from, to string, since calendar.Date) error {
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		delete(s.rates, rateOf{organization, from, to, since})
	})
}

// Rates implements store.Programs.
func (s *Programs) Rates(ctx context.Context, organization string, p store.Page) ([]money.Rate, string, error) {
	return page(ctx, []string{"rates", organization}, p, false, func(after string) []entry[money.Rate] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[money.Rate]
		for at, r := range s.rates {
			sort := strings.Join([]string{at.from, at.to, string(at.since)}, "\x00")
			if at.organization == organization && (p.Cursor == "" || sort > after) {
				entries = append(entries, entry[money.Rate]{sort, r})
			}
		}
		return entries
	})
}

// SaveGoals implements store.Programs.
func (s *Programs) SaveGoals(ctx context.Context, organization, program, participant string, goals []incentive.Goal) error {
	at := goalsOf{organization, program, participant}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		if delete(s.goals, at); len(goals) > 0 {
			s.goals[at] = slices.Clone(goals)
		}
	})
}

// Goals implements store.Programs.
func (s *Programs) Goals(ctx context.Context, organization, program, participant string) ([]incentive.Goal, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	return slices.Clone(s.goals[goalsOf{organization, program, participant}]), nil
}

// AllGoals implements store.Programs.
func (s *Programs) AllGoals(ctx context.Context, organization, program string, p store.Page) (map[string][]incentive.Goal, string, error) {
	type ofOne struct {
		participant string
		goals       []incentive.Goal
	}
	found, next, err := page(ctx, []string{"goals", organization, program}, p, false, func(after string) []entry[ofOne] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[ofOne]
		for at, goals := range s.goals {
			if at.organization == organization && at.program == program && (p.Cursor == "" || at.participant > after) {
				entries = append(entries, entry[ofOne]{at.participant, ofOne{at.participant, slices.Clone(goals)}})
			}
		}
		return entries
	})
	if err != nil {
		return nil, "", err
	}
	all := map[string][]incentive.Goal{}
	for _, one := range found {
		all[one.participant] = one.goals
	}
	return all, next, nil
}

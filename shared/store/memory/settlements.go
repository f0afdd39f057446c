package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Settlements implements store.Settlements. All is kept as JSON, so that nobody holds a part of what is stored.
type Settlements struct {
	tenancy     *Tenancy
	settlements map[periodOf]keptNoun
	statements  map[periodOf]keptStatement
	settled     map[periodOf]keptSettled
	manuals     map[manualOf]keptManual
	parts       map[partOf]keptPart
	policies    map[owned]keptNoun
}

type (
	// periodOf is a period of a program, of one participant or of nobody.
	periodOf struct{ organization, program, period, participant string }
	manualOf struct{ organization, program, id string }
	partOf   struct {
		organization, program, period, run string
		part                               int
	}
	keptStatement struct {
		keptNoun
		revision int
		posted   bool
	}
	keptSettled struct {
		keptNoun
		by string
	}
	keptManual struct {
		keptNoun
		sort string
	}
	keptPart struct {
		participants int
		sum          settlement.Totals
	}
)

var _ store.Settlements = (*Settlements)(nil)

// NewSettlements makes an empty store whose receipts are those of another.
func NewSettlements(tenancy *Tenancy) *Settlements {
	return &Settlements{tenancy: tenancy, settlements: map[periodOf]keptNoun{}, statements: map[periodOf]keptStatement{}, settled: map[periodOf]keptSettled{},
		manuals: map[manualOf]keptManual{}, parts: map[partOf]keptPart{}, policies: map[owned]keptNoun{}}
}

// SaveSettlement implements store.Settlements.
func (s *Settlements) SaveSettlement(ctx context.Context, one settlement.Settlement, receipt *store.Receipt) error {
	at := periodOf{one.Organization, one.Program, one.Period.Name, ""}
	return s.save(ctx, one, receipt, one.UpdatedAt, func() error {
		if s.settlements[at].rev != one.Rev-1 {
			return stale("settlement")
		}
		return nil
	}, func(text []byte) { s.settlements[at] = keptNoun{one.Rev, text} })
}

// save encodes a noun, and stores it if check allows it. Both functions are called with the lock held.
func (s *Settlements) save(ctx context.Context, noun any, receipt *store.Receipt, at time.Time, check func() error, apply func(text []byte)) error {
	text, err := json.Marshal(noun)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.tenancy.change(ctx, receipt, at, check, func() { apply(text) })
}

// Settlement implements store.Settlements.
func (s *Settlements) Settlement(ctx context.Context, organization, program, period string) (settlement.Settlement, error) {
	kept, err := get(ctx, s.tenancy, s.settlements, periodOf{organization, program, period, ""}, "settlement")
	if err != nil {
		return settlement.Settlement{}, err
	}
	return decodeSettlement(organization, kept)
}

func decodeSettlement(organization string, kept keptNoun) (settlement.Settlement, error) {
	one, err := decodeNoun[settlement.Settlement](kept)
	one.Organization, one.Rev = organization, kept.rev
	return one, err
}

// Settlements implements store.Settlements.
func (s *Settlements) Settlements(ctx context.Context, organization, program string, p store.Page) ([]settlement.Settlement, string, error) {
	return listed(ctx, s, []string{"settlements", organization, program}, p, true, s.settlements, func(at periodOf, _ keptNoun) (string, bool) {
		return at.period, at.organization == organization && at.program == program
	}, func(kept keptNoun) (settlement.Settlement, error) { return decodeSettlement(organization, kept) })
}

// listed gives a page of those in a map that which tells to be in the list, by the text that it gives.
func listed[K comparable, V, T any](ctx context.Context, s *Settlements, list []string, p store.Page, descending bool, m map[K]V,
	which func(K, V) (sort string, in bool), decode func(V) (T, error),
) ([]T, string, error) {
	kept, next, err := page(ctx, list, p, descending, func(after string) []entry[V] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[V]
		for at, v := range m {
			sort, in := which(at, v)
			if in && (p.Cursor == "" || descending && sort < after || !descending && sort > after) {
				entries = append(entries, entry[V]{sort, v})
			}
		}
		return entries
	})
	if err != nil {
		return nil, "", err
	}
	all := make([]T, len(kept))
	for i, k := range kept {
		if all[i], err = decode(k); err != nil {
			return nil, "", err
		}
	}
	return all, next, nil
}

// SaveStatement implements store.Settlements.
func (s *Settlements) SaveStatement(ctx context.Context, one settlement.Statement) (saved bool, err error) {
	at := periodOf{one.Organization, one.Program, one.Period, one.Participant}
	err = s.save(ctx, one, nil, one.At, func() error { return nil }, func(text []byte) {
		if before, found := s.statements[at]; found && (before.posted || before.revision >= one.Revision) {
			return
		}
		s.statements[at], saved = keptStatement{keptNoun{0, text}, one.Revision, one.Posted}, true
	})
	return saved, err
}

// PostStatement implements store.Settlements.
func (s *Settlements) PostStatement(ctx context.Context, organization, program, period, participant string, revision int) error {
	at := periodOf{organization, program, period, participant}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		if before, found := s.statements[at]; !found || before.revision != revision {
			return stale("statement")
		}
		return nil
	}, func() {
		posted := s.statements[at]
		posted.posted = true
		s.statements[at] = posted
	})
}

// Statement implements store.Settlements.
func (s *Settlements) Statement(ctx context.Context, organization, program, period, participant string) (settlement.Statement, error) {
	kept, err := get(ctx, s.tenancy, s.statements, periodOf{organization, program, period, participant}, "statement")
	if err != nil {
		return settlement.Statement{}, err
	}
	return decodeStatement(organization, kept)
}

func decodeStatement(organization string, kept keptStatement) (settlement.Statement, error) {
	one, err := decodeNoun[settlement.Statement](kept.keptNoun)
	one.Organization, one.Posted = organization, kept.posted
	return one, err
}

// Statements implements store.Settlements: in one shard.
func (s *Settlements) Statements(ctx context.Context, organization, program, period string, p store.Page) ([]settlement.Statement, string, error) {
	return listed(ctx, s, []string{"statements", organization, program, period}, p, false, s.statements, func(at periodOf, _ keptStatement) (string, bool) {
		return at.participant, at == periodOf{organization, program, period, at.participant}
	}, func(kept keptStatement) (settlement.Statement, error) { return decodeStatement(organization, kept) })
}

// StatementsOf implements store.Settlements.
func (s *Settlements) StatementsOf(ctx context.Context, organization, program, participant string, p store.Page) ([]settlement.Statement, string, error) {
	return listed(ctx, s, []string{"statements of", organization, program, participant}, p, true, s.statements, func(at periodOf, _ keptStatement) (string, bool) {
		return at.period, at == periodOf{organization, program, at.period, participant}
	}, func(kept keptStatement) (settlement.Statement, error) { return decodeStatement(organization, kept) })
}

// SaveSettled implements store.Settlements.
func (s *Settlements) SaveSettled(ctx context.Context, one settlement.Settled) error {
	at := periodOf{one.Organization, one.Program, one.Period, one.Participant}
	return s.save(ctx, one, nil, time.Time{}, func() error { return nil }, func(text []byte) {
		if before, found := s.settled[at]; !found || before.by <= one.By {
			s.settled[at] = keptSettled{keptNoun{0, text}, one.By}
		}
	})
}

func decodeSettled(organization string, kept keptSettled) (settlement.Settled, error) {
	one, err := decodeNoun[settlement.Settled](kept.keptNoun)
	one.Organization = organization
	return one, err
}

// SettledOf implements store.Settlements.
func (s *Settlements) SettledOf(ctx context.Context, organization, program, participant string) ([]settlement.Settled, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	var all []settlement.Settled
	for at, kept := range s.settled {
		if (at == periodOf{organization, program, at.period, participant}) {
			one, err := decodeSettled(organization, kept)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b settlement.Settled) int { return strings.Compare(a.Period, b.Period) })
	return all, nil
}

// SettledIn implements store.Settlements.
func (s *Settlements) SettledIn(ctx context.Context, organization, program, period string, p store.Page) ([]settlement.Settled, string, error) {
	return listed(ctx, s, []string{"settled in", organization, program, period}, p, false, s.settled, func(at periodOf, _ keptSettled) (string, bool) {
		return at.participant, at == periodOf{organization, program, period, at.participant}
	}, func(kept keptSettled) (settlement.Settled, error) { return decodeSettled(organization, kept) })
}

// SaveManual implements store.Settlements.
func (s *Settlements) SaveManual(ctx context.Context, m settlement.Manual, receipt *store.Receipt) error {
	at, sort := manualOf{m.Organization, m.Program, m.ID}, timeSort(m.CreatedAt)+m.ID
	m.CreatedAt = m.CreatedAt.UTC()
	now := m.CreatedAt
	if receipt != nil && m.Rev > 1 { // an adjustment does not say when it was changed
		now = receipt.ExpiresAt.Add(-store.ReceiptLife)
	}
	return s.save(ctx, m, receipt, now, func() error {
		if before := s.manuals[at]; before.rev != m.Rev-1 || before.sort != "" && before.sort != sort {
			return stale("manual adjustment")
		}
		return nil
	}, func(text []byte) { s.manuals[at] = keptManual{keptNoun{m.Rev, text}, sort} })
}

func decodeManual(organization string, kept keptManual) (settlement.Manual, error) {
	m, err := decodeNoun[settlement.Manual](kept.keptNoun)
	m.Organization, m.Rev = organization, kept.rev
	return m, err
}

// Manual implements store.Settlements.
func (s *Settlements) Manual(ctx context.Context, organization, program, id string) (settlement.Manual, error) {
	kept, err := get(ctx, s.tenancy, s.manuals, manualOf{organization, program, id}, "manual adjustment")
	if err != nil {
		return settlement.Manual{}, err
	}
	return decodeManual(organization, kept)
}

// Manuals implements store.Settlements.
func (s *Settlements) Manuals(ctx context.Context, organization, program string, p store.Page) ([]settlement.Manual, string, error) {
	return listed(ctx, s, []string{"manuals", organization, program}, p, true, s.manuals, func(at manualOf, kept keptManual) (string, bool) {
		return kept.sort, at.organization == organization && at.program == program
	}, func(kept keptManual) (settlement.Manual, error) { return decodeManual(organization, kept) })
}

// FinishSettlementPart implements store.Settlements.
func (s *Settlements) FinishSettlementPart(ctx context.Context, organization, program, period, run string, part, participants int, sum settlement.Totals) error {
	at := partOf{organization, program, period, run, part}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		if _, found := s.parts[at]; !found {
			s.parts[at] = keptPart{participants, sum}
		}
	})
}

// SettlementParts implements store.Settlements.
func (s *Settlements) SettlementParts(ctx context.Context, organization, program, period, run string) (parts, participants int, sum settlement.Totals, err error) {
	if err := alive(ctx); err != nil {
		return 0, 0, sum, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	for at, one := range s.parts {
		if (at == partOf{organization, program, period, run, at.part}) {
			parts, participants = parts+1, participants+one.participants
			if sum, err = sum.Plus(one.sum); err != nil {
				return 0, 0, sum, err
			}
		}
	}
	return parts, participants, sum, nil
}

// SavePolicy implements store.Settlements.
func (s *Settlements) SavePolicy(ctx context.Context, organization, kind string, p approval.Policy) error {
	at := owned{organization, kind}
	return s.save(ctx, p, nil, time.Time{}, func() error {
		if s.policies[at].rev != p.Rev-1 {
			return stale("approval policy")
		}
		return nil
	}, func(text []byte) { s.policies[at] = keptNoun{p.Rev, text} })
}

// Policy implements store.Settlements.
func (s *Settlements) Policy(ctx context.Context, organization, kind string) (approval.Policy, error) {
	if err := alive(ctx); err != nil {
		return approval.Policy{}, err
	}
	s.tenancy.mu.RLock()
	kept, found := s.policies[owned{organization, kind}]
	s.tenancy.mu.RUnlock()
	if !found {
		return approval.Policy{}, nil
	}
	p, err := decodeNoun[approval.Policy](kept)
	p.Rev = kept.rev
	return p, err
}

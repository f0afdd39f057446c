package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/payee"
	"leadline/shared/store"
)

// Payees implements store.Payees. All is kept as JSON, so that nobody holds a part of what is stored.
type Payees struct {
	tenancy  *Tenancy
	payers   map[owned]keptNoun
	profiles map[owned]keptNoun
	changes  map[owned]keptChange
}

// keptChange is a stored change with what it is found by.
type keptChange struct {
	keptNoun
	of, sort string
}

var _ store.Payees = (*Payees)(nil)

// NewPayees makes an empty store whose receipts are those of another.
func NewPayees(tenancy *Tenancy) *Payees {
	return &Payees{tenancy: tenancy, payers: map[owned]keptNoun{}, profiles: map[owned]keptNoun{}, changes: map[owned]keptChange{}}
}

// SavePayer implements store.Payees.
func (s *Payees) SavePayer(ctx context.Context, p payee.Payer, receipt *store.Receipt) error {
	return s.save(ctx, nil, &p, nil, receipt, p.UpdatedAt)
}

// SaveProfile implements store.Payees.
func (s *Payees) SaveProfile(ctx context.Context, p payee.Profile, receipt *store.Receipt) error {
	return s.save(ctx, nil, nil, &p, receipt, p.UpdatedAt)
}

// SaveChange implements store.Payees.
func (s *Payees) SaveChange(ctx context.Context, c payee.Change, payer *payee.Payer, profile *payee.Profile, receipt *store.Receipt) error {
	at := c.DecidedAt
	if c.Rev == 1 {
		at = c.RequestedAt
	}
	return s.save(ctx, &c, payer, profile, receipt, at)
}

// save stores what is not nil, all or nothing.
func (s *Payees) save(ctx context.Context, c *payee.Change, payer *payee.Payer, profile *payee.Profile, receipt *store.Receipt, at time.Time) error {
	texts := make([][]byte, 3)
	for i, noun := range []any{c, payer, profile} {
		var err error
		if texts[i], err = json.Marshal(noun); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return s.tenancy.change(ctx, receipt, at, func() error {
		if c != nil {
			before := s.changes[owned{c.Organization, c.ID}]
			if before.rev != c.Rev-1 || before.sort != "" && before.sort != changeSort(*c) {
				return stale("change")
			}
		}
		if payer != nil && s.payers[owned{payer.Organization, payer.ID}].rev != payer.Rev-1 {
			return stale("payer")
		}
		if profile != nil && s.profiles[owned{profile.Organization, profile.Participant}].rev != profile.Rev-1 {
			return stale("profile")
		}
		return nil
	}, func() {
		if c != nil {
			s.changes[owned{c.Organization, c.ID}] = keptChange{keptNoun{c.Rev, texts[0]}, c.Of, changeSort(*c)}
		}
		if payer != nil {
			s.payers[owned{payer.Organization, payer.ID}] = keptNoun{payer.Rev, texts[1]}
		}
		if profile != nil {
			s.profiles[owned{profile.Organization, profile.Participant}] = keptNoun{profile.Rev, texts[2]}
		}
	})
}

func changeSort(c payee.Change) string { return timeSort(c.RequestedAt) + c.ID }

// Payer implements store.Payees.
func (s *Payees) Payer(ctx context.Context, organization, id string) (payee.Payer, error) {
	return payeeNoun[payee.Payer](ctx, s, s.payers, owned{organization, id}, "payer")
}

// Payers implements store.Payees.
func (s *Payees) Payers(ctx context.Context, organization string, p store.Page) ([]payee.Payer, string, error) {
	kept, next, err := belongings(ctx, s.tenancy, "payers", organization, p, s.payers, func(k keptNoun) keptNoun { return k })
	return decodeNouns[payee.Payer](kept, next, err)
}

// Profile implements store.Payees.
func (s *Payees) Profile(ctx context.Context, organization, participant string) (payee.Profile, error) {
	return payeeNoun[payee.Profile](ctx, s, s.profiles, owned{organization, participant}, "profile")
}

// Profiles implements store.Payees.
func (s *Payees) Profiles(ctx context.Context, organization string, p store.Page) ([]payee.Profile, string, error) {
	kept, next, err := belongings(ctx, s.tenancy, "payees", organization, p, s.profiles, func(k keptNoun) keptNoun { return k })
	return decodeNouns[payee.Profile](kept, next, err)
}

// DeleteProfile implements store.Payees.
func (s *Payees) DeleteProfile(ctx context.Context, organization, participant string) error {
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		delete(s.profiles, owned{organization, participant})
		for at, c := range s.changes {
			if at.organization == organization && c.of == participant {
				delete(s.changes, at)
			}
		}
	})
}

// Change implements store.Payees.
func (s *Payees) Change(ctx context.Context, organization, id string) (payee.Change, error) {
	kept, err := get(ctx, s.tenancy, s.changes, owned{organization, id}, "change")
	if err != nil {
		return payee.Change{}, err
	}
	return decodeNoun[payee.Change](kept.keptNoun)
}

// Changes implements store.Payees.
func (s *Payees) Changes(ctx context.Context, organization string, p store.Page) ([]payee.Change, string, error) {
	return s.changesIn(ctx, []string{"bank changes", organization}, organization, p, func(keptChange) bool { return true })
}

// ChangesOf implements store.Payees.
func (s *Payees) ChangesOf(ctx context.Context, organization, of string, p store.Page) ([]payee.Change, string, error) {
	return s.changesIn(ctx, []string{"bank changes of", organization, of}, organization, p, func(c keptChange) bool { return c.of == of })
}

func (s *Payees) changesIn(ctx context.Context, list []string, organization string, p store.Page, which func(keptChange) bool) ([]payee.Change, string, error) {
	kept, next, err := page(ctx, list, p, true, func(after string) []entry[keptNoun] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[keptNoun]
		for at, c := range s.changes {
			if at.organization == organization && which(c) && (p.Cursor == "" || c.sort < after) {
				entries = append(entries, entry[keptNoun]{c.sort, c.keptNoun})
			}
		}
		return entries
	})
	return decodeNouns[payee.Change](kept, next, err)
}

func payeeNoun[T any](ctx context.Context, s *Payees, m map[owned]keptNoun, at owned, what string) (noun T, err error) {
	kept, err := get(ctx, s.tenancy, m, at, what)
	if err != nil {
		return noun, err
	}
	return decodeNoun[T](kept)
}

// decodeNouns decodes a page of what is stored.
func decodeNouns[T any](kept []keptNoun, next string, err error) ([]T, string, error) {
	if err != nil {
		return nil, "", err
	}
	nouns := make([]T, len(kept))
	for i, k := range kept {
		if nouns[i], err = decodeNoun[T](k); err != nil {
			return nil, "", err
		}
	}
	return nouns, next, nil
}

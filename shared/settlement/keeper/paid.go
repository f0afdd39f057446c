package keeper

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Paid has the locked settlements of an organization looked through for those that are paid. It is called after payments were released.
func (k *Keeper) Paid(ctx context.Context, organization string) error {
	return k.send(ctx, Message{Kind: Paid, Organization: organization}, 0)
}

// paid marks the settlements whose participants are all owed nothing any more, in their currency: that of a later period that is locked,
// too, for what is owed is one sum.
func (k *Keeper) paid(ctx context.Context, m Message) error {
	var locked []settlement.Settlement
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Program, string, error) {
		return k.Programs.Programs(ctx, m.Organization, page)
	}) {
		if err != nil {
			return fmt.Errorf("settlement: programs: %w", err)
		}
		for s, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Settlement, string, error) {
			return k.Settlements.Settlements(ctx, m.Organization, p.ID, page)
		}) {
			if err != nil {
				return fmt.Errorf("settlement: settlements: %w", err)
			}
			if s.State == settlement.Locked {
				locked = append(locked, s)
			}
		}
	}
	if len(locked) == 0 {
		return nil
	}
	owed, err := k.owed(ctx, m.Organization)
	if err != nil {
		return err
	}
	for _, s := range locked {
		if err := k.markPaid(ctx, s, owed); err != nil {
			return err
		}
	}
	return nil
}

// claim is somebody who is owed something in a currency.
type claim struct {
	participant string
	unit        ledger.Unit
}

// owed gives who is owed something, or is being paid it.
func (k *Keeper) owed(ctx context.Context, organization string) (map[claim]bool, error) {
	all := map[claim]bool{}
	for b, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]ledger.Book, string, error) {
		return k.Books.Ledger.Books(ctx, organization, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("settlement: books: %w", err)
		}
		for a, h := range b.Heads {
			if h.Balance > 0 && (a.Kind == ledger.Owed || a.Kind == ledger.Returned || a.Kind == ledger.Transit) {
				all[claim{b.Participant, a.Unit}] = true
			}
		}
	}
	return all, nil
}

func (k *Keeper) markPaid(ctx context.Context, s settlement.Settlement, owed map[claim]bool) error {
	for st, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Statement, string, error) {
		return k.Settlements.Statements(ctx, s.Organization, s.Program, s.Period.Name, page)
	}) {
		if err != nil {
			return fmt.Errorf("settlement: statements: %w", err)
		}
		if st.Revision == s.Revision && st.Credited != 0 && owed[claim{st.Participant, ledger.Unit(s.Currency)}] {
			return nil
		}
	}
	next, err := s.MarkPaid(k.Now())
	if err != nil {
		return err
	}
	err = k.store(ctx, next)
	if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
		return nil
	}
	return err
}

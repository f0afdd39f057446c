package storetest

import (
	"context"
	"slices"

	"leadline/shared/ledger"
	"leadline/shared/store"
)

func brokenLedgers() map[string]defect {
	return map[string]defect{
		"a stale book is told as written":   {"Ledger/a book that was written meanwhile", func(s *Stores) { s.Ledger = deafLedger{s.Ledger} }},
		"books know no organization":        {"Ledger/a book that there is not yet", func(s *Stores) { s.Ledger = commonLedger{s.Ledger} }},
		"a cause is only looked for":        {"Ledger/a cause is posted once", func(s *Stores) { s.Ledger = blindLedger{s.Ledger} }},
		"any number of rows is appended":    {"Ledger/as many rows as may be", func(s *Stores) { s.Ledger = endlessLedger{s.Ledger} }},
		"the latest rows come oldest first": {"Ledger/rows come by number", func(s *Stores) { s.Ledger = oldestRows{s.Ledger} }},
		"roots are replaced":                {"Ledger/roots are never replaced", func(s *Stores) { s.Ledger = newRoots{s.Ledger} }},
		"books lose their years":            {"Ledger/a book that there is not yet", func(s *Stores) { s.Ledger = ageless{s.Ledger} }},
	}
}

type deafLedger struct{ store.Ledger }

func (d deafLedger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	_ = d.Ledger.Append(ctx, after, rows)
	return ctx.Err()
}

type commonLedger struct{ store.Ledger }

func (c commonLedger) Book(ctx context.Context, _, participant string) (ledger.Book, error) {
	return c.Ledger.Book(ctx, "org_a", participant)
}

type blindLedger struct{ store.Ledger }

func (b blindLedger) Posted(ctx context.Context, organization, participant string, causes []string) (map[string]int64, error) {
	found, err := b.Ledger.Posted(ctx, organization, participant, causes)
	delete(found, "a")
	return found, err
}

type endlessLedger struct{ store.Ledger }

func (e endlessLedger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	return e.Ledger.Append(ctx, after, rows[:min(len(rows), store.MaxAppend)])
}

type oldestRows struct{ store.Ledger }

func (o oldestRows) LatestRows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	rows, next, err := o.Ledger.LatestRows(ctx, organization, participant, p)
	slices.Reverse(rows)
	return rows, next, err
}

type newRoots struct{ store.Ledger }

func (n newRoots) SaveRoot(ctx context.Context, r ledger.Root) error {
	_ = n.Ledger.SaveRoot(ctx, r)
	return ctx.Err()
}

type ageless struct{ store.Ledger }

func (a ageless) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	after.Years = nil
	return a.Ledger.Append(ctx, after, rows)
}

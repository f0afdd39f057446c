package storetest

import (
	"context"
	"slices"
	"strings"

	"leadline/shared/approval"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// brokenSettlements are stores of settlements that are broken on purpose.
func brokenSettlements() map[string]defect {
	with := func(b brokenSettled) func(*Stores) {
		return func(s *Stores) { b.settlementStore = s.Settlements; s.Settlements = b }
	}
	return map[string]defect{
		"a posted statement is replaced":       {"Statements/what is posted is never", with(brokenSettled{forgets: true})},
		"any revision can be posted":           {"Statements/what is posted is never", with(brokenSettled{posts: true})},
		"the last to freeze wins":              {"Statements/of statements that are frozen at once", with(brokenSettled{lastWins: true})},
		"statements know no organization":      {"Statements/a period's statements come once", with(brokenSettled{shared: true})},
		"a participant's come oldest first":    {"Statements/a participant's statements", with(brokenSettled{oldest: true})},
		"an earlier period says what settles":  {"Settled/it is replaced, unless", with(brokenSettled{anybody: true})},
		"parts count twice":                    {"SettlementParts/a part counts once", with(brokenSettled{twice: true})},
		"a policy is replaced by any rev":      {"ApprovalPolicies/it is replaced by the next", with(brokenSettled{anyRev: true})},
		"a refused change leaves its receipt":  {"Manuals/a change is stored with its receipt", with(brokenSettled{receipts: true})},
		"a settlement is replaced by any":      {"Settlements/a refused update", with(brokenSettled{overwrites: true})},
		"settled periods know no participant":  {"Settled/it is found by participant", with(brokenSettled{everybody: true})},
		"manual adjustments come oldest first": {"Manuals/they are listed in their order", with(brokenSettled{manualsOldest: true})},
	}
}

// settlementStore is embedded under this name, for one of its methods is called as the interface is.
type settlementStore interface{ store.Settlements }

// brokenSettled is a store that does one thing wrong.
type brokenSettled struct {
	settlementStore
	forgets, posts, lastWins, shared, oldest, anybody, twice, anyRev, receipts, overwrites, everybody, manualsOldest bool
}

func (b brokenSettled) SaveSettlement(ctx context.Context, s settlement.Settlement, r *store.Receipt) error {
	if present, err := b.Settlement(ctx, s.Organization, s.Program, s.Period.Name); b.overwrites && err == nil {
		s.Rev = present.Rev + 1
	}
	return b.settlementStore.SaveSettlement(ctx, s, r)
}

func (b brokenSettled) SaveStatement(ctx context.Context, s settlement.Statement) (bool, error) {
	if b.shared {
		s.Organization = "org_a"
	}
	posted := s.Posted
	if b.forgets {
		s.Posted = false
	}
	saved, err := b.settlementStore.SaveStatement(ctx, s)
	s.Posted = posted
	return saved || b.lastWins, err
}

func (b brokenSettled) PostStatement(ctx context.Context, organization, program, period, participant string, revision int) error {
	if s, err := b.Statement(ctx, organization, program, period, participant); b.posts && err == nil {
		revision = s.Revision
	}
	if b.forgets {
		return nil
	}
	return b.settlementStore.PostStatement(ctx, organization, program, period, participant, revision)
}

func (b brokenSettled) StatementsOf(ctx context.Context, organization, program, participant string, p store.Page) ([]settlement.Statement, string, error) {
	all, next, err := b.settlementStore.StatementsOf(ctx, organization, program, participant, p)
	if b.oldest {
		slices.Reverse(all)
	}
	return all, next, err
}

func (b brokenSettled) SaveSettled(ctx context.Context, s settlement.Settled) error {
	if all, err := b.settlementStore.SettledOf(ctx, s.Organization, s.Program, s.Participant); b.anybody && err == nil && len(all) > 0 {
		s.By = all[0].By
	}
	return b.settlementStore.SaveSettled(ctx, s)
}

func (b brokenSettled) SettledOf(ctx context.Context, organization, program, participant string) ([]settlement.Settled, error) {
	all, err := b.settlementStore.SettledOf(ctx, organization, program, participant)
	if more, e := b.settlementStore.SettledOf(ctx, organization, program, strings.ToUpper(participant)); b.everybody && e == nil {
		all = append(all, more...)
	}
	return all, err
}

func (b brokenSettled) FinishSettlementPart(ctx context.Context, organization, program, period, run string, part, participants int, sum settlement.Totals) error {
	if parts, _, _, err := b.SettlementParts(ctx, organization, program, period, run); b.twice && err == nil {
		part = parts
	}
	return b.settlementStore.FinishSettlementPart(ctx, organization, program, period, run, part, participants, sum)
}

func (b brokenSettled) SavePolicy(ctx context.Context, organization, kind string, p approval.Policy) error {
	if present, err := b.Policy(ctx, organization, kind); b.anyRev && err == nil {
		p.Rev = present.Rev + 1
	}
	return b.settlementStore.SavePolicy(ctx, organization, kind, p)
}

func (b brokenSettled) SaveManual(ctx context.Context, m settlement.Manual, r *store.Receipt) error {
	err := b.settlementStore.SaveManual(ctx, m, r)
	if b.receipts && err != nil && r != nil {
		return b.settlementStore.SaveManual(ctx, settlement.Manual{ID: "another", Organization: m.Organization, Program: "another", CreatedAt: m.CreatedAt, Rev: 1}, r)
	}
	return err
}

func (b brokenSettled) Manuals(ctx context.Context, organization, program string, p store.Page) ([]settlement.Manual, string, error) {
	all, next, err := b.settlementStore.Manuals(ctx, organization, program, p)
	if b.manualsOldest {
		slices.Reverse(all)
	}
	return all, next, err
}

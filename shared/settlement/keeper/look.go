package keeper

import (
	"context"
	"fmt"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// afterAll sorts behind the name of every period.
const afterAll = "~"

// Discrepancy is a statement that would come to something else, were it frozen now: minor units.
type Discrepancy struct {
	Participant string
	Frozen, Now int64
}

// Discrepancies pages through the statements of a period that was frozen, or locked, and gives those whose period comes to something
// else now: what a locked one will be adjusted by, and what one that waits for approval could be frozen anew for. A page may be empty and
// yet have a next.
func (k *Keeper) Discrepancies(ctx context.Context, p program.Program, s settlement.Settlement, page store.Page) ([]Discrepancy, string, error) {
	statements, next, err := k.Settlements.Statements(ctx, p.Organization, p.ID, s.Period.Name, page)
	if err != nil {
		return nil, "", err
	}
	found := make([]*Discrepancy, len(statements))
	err = each(statements, func(i int) error {
		st := statements[i]
		if st.Revision != s.Revision || p.Live == nil {
			return nil
		}
		now, err := k.Credits.Standing(ctx, incentive.Unit{Organization: p.Organization, Program: p.ID, Edition: p.Live.ID, Participant: st.Participant, Period: st.Period})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("settlement: standing: %w", err)
		}
		if now.Payable != st.Payable {
			found[i] = &Discrepancy{Participant: st.Participant, Frozen: st.Payable, Now: now.Payable}
		}
		return nil
	})
	var all []Discrepancy
	for _, d := range found {
		if d != nil {
			all = append(all, *d)
		}
	}
	return all, next, err
}

// Upcoming gives what the next settlement of a program will adjust for a participant, as things stand: the differences of all locked
// periods. Nothing is written.
func (k *Keeper) Upcoming(ctx context.Context, p program.Program, participant string) ([]settlement.Adjustment, error) {
	if p.Live == nil {
		return nil, nil
	}
	locked, err := k.locked(ctx, settlement.Settlement{Organization: p.Organization, Program: p.ID, Period: calendar.Period{Name: afterAll}})
	if err != nil {
		return nil, err
	}
	all, _, err := k.differences(ctx, p, participant, locked, func(settlement.Reckoned) error { return nil })
	return all, err
}

package keeper

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// rankAfter is how long a rank waits for others of its period, which are then ranked in one go.
const rankAfter = time.Second

// rank ranks a period, and writes what changed: what somebody has won is part of what is paid.
func (r *round) rank(ctx context.Context, m Message) error {
	o, err := r.organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	plan, _, err := r.edition(ctx, o, who{m.Organization, m.Program, m.Edition, ""})
	if err != nil || plan == nil || !plan.prizes() {
		return err
	}
	before, err := r.standings(ctx, m.Organization, m.Edition, m.Period)
	if err != nil {
		return err
	}
	ranked, err := plan.ranked(m.Period, before)
	if err != nil {
		return err
	}
	was := make(map[string]string, len(before))
	for _, s := range before {
		was[s.Participant] = digest([]any{s.Rank, s.Prizes, s.Payable})
	}
	wrote := false
	for _, s := range ranked {
		if was[s.Participant] == digest([]any{s.Rank, s.Prizes, s.Payable}) {
			continue
		}
		wrote = true
		if _, err := r.Credits.SaveRanks(ctx, s); err != nil {
			return fmt.Errorf("keeper: save a rank: %w", err)
		}
		r.noteMoved(period{m.Organization, m.Program, m.Edition, m.Period}, s.Participant)
	}
	telemetry.Count(ctx, "Ranked", len(ranked))
	if wrote { // another may have ranked meanwhile by newer standings: it is over when there is nothing to write
		return r.Outbox.Send(ctx, Message{Kind: Ranks, Organization: m.Organization, Program: m.Program, Edition: m.Edition, Period: m.Period}, rankAfter)
	}
	return nil
}

// standings reads all of a period.
func (k *Keeper) standings(ctx context.Context, organization, edition, name string) ([]incentive.Standing, error) {
	var all []incentive.Standing
	for s, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]incentive.Standing, string, error) {
		return k.Credits.Standings(ctx, organization, edition, name, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("keeper: standings: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// ranked ranks the standings of a period by the version in force on its last day. Teams are ranked among themselves, and
// only where teams take part.
func (p *plan) ranked(name string, standings []incentive.Standing) ([]incentive.Standing, error) {
	on, err := p.calendar().Named(p.kind(), name)
	if err != nil {
		return nil, err
	}
	d := p.definition(on.Until.AddDays(-1))
	s := program.Standing{By: program.By{Of: program.ByEarned}}
	if d.Standing != nil {
		s = *d.Standing
	}
	digits, _ := money.Digits(d.Currency)
	in := make([]incentive.Standing, 0, len(standings))
	for _, one := range standings {
		if isTeam(one.Participant) == s.Teams {
			in = append(in, one)
		}
	}
	return incentive.Rank(s, in, digits)
}

func isTeam(participant string) bool {
	prefix := incentive.TeamParticipant("")
	return len(participant) > len(prefix) && participant[:len(prefix)] == prefix
}

// definition gives that of the version in force on a day: the last one for a day after all, the first for one before.
func (p *plan) definition(on calendar.Date) *program.Definition {
	for i := range p.versions {
		v := &p.versions[i]
		if v.Until == "" || on < v.Until {
			return &v.Definition
		}
	}
	return &p.last().Definition
}

// score gives what a period's result ranks by, and when it was reached: at the last of its credits.
func (p *plan) score(on calendar.Period, in incentive.Input, r incentive.Result) (string, time.Time) {
	var reached time.Time
	standing := p.definition(on.Until.AddDays(-1)).Standing
	component := ""
	if standing != nil {
		component = standing.By.Component
	}
	for _, c := range in.Credits {
		if on.Holds(c.Date) && (component == "" || c.Component == component) && c.At.After(reached) {
			reached = c.At
		}
	}
	if standing == nil {
		return fmt.Sprint(r.Earned), reached
	}
	for i := len(r.Components) - 1; i >= 0; i-- {
		o := r.Components[i]
		if component != "" && o.Component != component {
			continue
		}
		switch standing.By.Of {
		case program.ByAttainment:
			if o.Attainment == nil {
				return "0", reached
			}
			return o.Attainment.String(), reached
		case program.ByCount:
			return fmt.Sprint(o.Count), reached
		case program.ByEarned:
			return fmt.Sprint(o.Amount), reached
		default:
			return o.Measure.String(), reached
		}
	}
	return "0", reached
}

package keeper

import (
	"context"
	"fmt"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/nudge"
	"leadline/shared/program"
	"leadline/shared/roster"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Settlements is what is read of how far periods have come.
type Settlements interface {
	Settlement(ctx context.Context, organization, program, period string) (settlement.Settlement, error)
	Statement(ctx context.Context, organization, program, period, participant string) (settlement.Statement, error)
	Statements(ctx context.Context, organization, program, period string, page store.Page) (all []settlement.Statement, next string, err error)
}

const (
	// recent is for how many days after its end a period is looked at.
	recent = 45
	// lookBack is how many days back a credit is looked for.
	lookBack = 62
)

// scope is what is looked at of somebody: everything, or one period of one program. Settled says that it is for the sake of what
// settling it brings.
type scope struct {
	program, period string
	settled         bool
	fell            *nudge.Overtake
}

// factsOf gives how somebody stands in all that a scope holds.
func (k *Keeper) factsOf(ctx context.Context, o *organization, member string, s scope, state nudge.State) ([]nudge.Facts, error) {
	var all []nudge.Facts
	for _, p := range o.programs {
		if s.program != "" && p.ID != s.program {
			continue
		}
		periods, err := k.periods(p, s)
		if err != nil {
			return nil, err
		}
		for _, period := range periods {
			f, found, err := k.inPeriod(ctx, o, p, period, member, s, state)
			if err != nil {
				return nil, err
			}
			if found {
				all = append(all, f)
			}
		}
	}
	if s.program == "" {
		f, found, err := k.logged(ctx, o, member)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, f)
		}
	}
	return all, nil
}

// periods gives those that are looked at: the one of a name, or that of today and the one before, while that is recent.
func (k *Keeper) periods(p shown, s scope) ([]calendar.Period, error) {
	d, today := p.last(), calendar.DateOf(k.Now(), p.zone())
	if s.period != "" {
		named, err := d.Calendar.Named(d.Period, s.period)
		if fault.Is(err, fault.Invalid) { // of a version that is shown no more
			return nil, nil
		}
		return []calendar.Period{named}, err
	}
	var all []calendar.Period
	now := d.Calendar.Of(d.Period, today)
	if before := d.Calendar.Previous(now); today.Sub(before.Until) <= recent {
		if _, in := p.period(before.From); in {
			all = append(all, before)
		} else if _, in := p.period(before.Until.AddDays(-1)); in {
			all = append(all, before)
		}
	}
	if _, in := p.period(today); in {
		all = append(all, now)
	}
	return all, nil
}

// inPeriod gives how somebody stands in a period; false for who does not take part.
func (k *Keeper) inPeriod(ctx context.Context, o *organization, p shown, period calendar.Period, member string, s scope, state nudge.State) (nudge.Facts, bool, error) {
	today := calendar.DateOf(k.Now(), p.zone())
	f := nudge.Facts{Program: p.ID, ProgramName: p.Name, Period: period, Currency: p.last().Currency, Today: today}
	standing, err := k.Credits.Standing(ctx, incentive.Unit{Organization: o.id, Program: p.ID, Edition: p.Live.ID, Participant: member, Period: period.Name})
	switch {
	case fault.Is(err, fault.NotFound) && !s.settled:
		return f, false, nil
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return f, false, fmt.Errorf("nudge: standing: %w", err)
	default:
		f.Prizes = standing.Prizes
		f.Rank = standing.Rank
		p.figures(&f, standing, today)
	}
	if err := k.settled(ctx, o, &f, p, member, s); err != nil {
		return f, false, err
	}
	return f, true, k.overtaken(ctx, o, &f, p, member, s, state)
}

// figures adds what the figures of a standing say. Of a component that two versions have in the period, the one in force today
// counts, or at the period's end.
func (p shown) figures(f *nudge.Facts, s incentive.Standing, today calendar.Date) {
	present := p.on(min(today, f.Period.Until.AddDays(-1)))
	for _, figure := range s.Figures {
		i := slices.IndexFunc(present.Definition.Components, func(c program.Component) bool { return c.Name == figure.Component })
		if figure.Version != present.Number || i < 0 {
			continue
		}
		c := program.Effective(present.Definition.Components[i], present.Sources[figure.Component])
		if next, is := nudge.NextTier(c, figure); is {
			f.Next = append(f.Next, next)
		}
		if goal, is := nudge.GoalOf(c, figure); is {
			f.Goals = append(f.Goals, goal)
		}
	}
}

// settled adds how far the settlement of a period has come. While it lasts, nothing is.
func (k *Keeper) settled(ctx context.Context, o *organization, f *nudge.Facts, p shown, member string, s scope) error {
	if f.Today < f.Period.Until && !s.settled {
		return nil
	}
	one, err := k.Settlements.Settlement(ctx, o.id, p.ID, f.Period.Name)
	if fault.Is(err, fault.NotFound) || err == nil && one.State != settlement.Locked && one.State != settlement.Paid {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nudge: settlement: %w", err)
	}
	statement, err := k.Settlements.Statement(ctx, o.id, p.ID, f.Period.Name, member)
	if fault.Is(err, fault.NotFound) || err == nil && statement.Revision != one.Revision {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nudge: statement: %w", err)
	}
	f.Settled, f.SettledPaid, f.Amount = true, one.State == settlement.Paid, statement.Credited
	if one.Currency != "" {
		f.Currency = one.Currency
	}
	return nil
}

// overtaken adds who went past: those that a comparison found, and those of an earlier one that waited.
func (k *Keeper) overtaken(ctx context.Context, o *organization, f *nudge.Facts, p shown, member string, s scope, state nudge.State) error {
	var earlier nudge.Overtake
	waits := false
	for _, r := range o.setup.Rules {
		if r.Kind == nudge.Overtaken && !waits {
			earlier, waits = state.Awaits(r.ID, p.ID, f.Period.Name)
		}
	}
	if s.fell == nil && !waits || f.Today >= f.Period.Until {
		return nil
	}
	board, err := k.boardOf(ctx, o, p, f.Period.Name)
	if err != nil {
		return err
	}
	ranks := map[string]int{}
	for _, one := range board.Standings {
		if one.Rank > 0 {
			ranks[one.Participant] = one.Rank
		}
	}
	f.Rank, f.Ranked = ranks[member], len(ranks)
	var fresh nudge.Overtake
	if s.fell != nil {
		fresh = *s.fell
	}
	merged := fresh.Merge(earlier, func(id string) bool { return ranks[id] > 0 && ranks[id] < f.Rank })
	merged.Names = o.names(p, member, merged.By, f.Today)
	f.Overtake = &merged
	return nil
}

// names gives those of participants that somebody may see: in a contest all, of a commission plan those whose figures are seen.
func (o *organization) names(p shown, member string, ids []string, today calendar.Date) []string {
	open := p.on(today).Definition.Kind == program.Contest
	var sight roster.Sight
	if !open {
		sight = roster.Visible(o.members, member, today)
	}
	var names []string
	for _, id := range ids {
		if name := o.members[id].Name; name != "" && (open || sight.Sees(id)) {
			names = append(names, name)
		}
	}
	return names
}

// logged gives the day of somebody's last credit in any program that he or she takes part in; false for who takes part in none.
func (k *Keeper) logged(ctx context.Context, o *organization, member string) (nudge.Facts, bool, error) {
	f := nudge.Facts{}
	takesPart := false
	for _, p := range o.programs {
		today := calendar.DateOf(k.Now(), p.zone())
		now, in := p.period(today)
		if !in {
			continue
		}
		_, err := k.Credits.Standing(ctx, incentive.Unit{Organization: o.id, Program: p.ID, Edition: p.Live.ID, Participant: member, Period: now.Name})
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return f, false, fmt.Errorf("nudge: standing: %w", err)
		}
		takesPart = true
		from := max(today.AddDays(-lookBack), p.versions[0].From)
		credits, err := k.Credits.Credits(ctx, o.id, p.Live.ID, member, calendar.Span{From: from, Until: today.AddDays(1)})
		if err != nil {
			return f, false, fmt.Errorf("nudge: credits: %w", err)
		}
		f.Today = max(f.Today, today)
		if f.Looked == "" || from < f.Looked {
			f.Looked = from
		}
		for _, c := range credits {
			f.Logged = max(f.Logged, c.Date)
		}
	}
	return f, takesPart, nil
}

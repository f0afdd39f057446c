package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/nudge"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// lookAt is the hour of the day, in the organization's zone, at which everybody is looked after.
const lookAt = 9

// nextLook gives the first look behind a moment: the same for whoever asks between two of them, so that ordering it again orders
// nothing new.
func nextLook(now time.Time, zone *time.Location) time.Time {
	day := calendar.DateOf(now, zone)
	for {
		at := startOf(day, zone).Add(lookAt * time.Hour)
		if at.After(now) {
			return at.UTC()
		}
		day = day.AddDays(1)
	}
}

// startOf gives the first moment of a day in a zone.
func startOf(d calendar.Date, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// orderLook sees to it that the next look at everybody is ordered. Whatever comes in does, so that a look that was lost is made up
// for; a worker remembers that it did.
func (k *Keeper) orderLook(ctx context.Context, o *organization, force bool) error {
	zone := o.zone("")
	if o.setup.Zone != "" {
		zone = zoneOf(o.setup.Zone)
	}
	next := nextLook(k.Now(), zone)
	o.mu.Lock()
	done := o.ordered.Equal(next)
	o.mu.Unlock()
	if done && !force {
		return nil
	}
	if err := k.order(ctx, next, Message{Of: Look, Organization: o.id, At: next}); err != nil {
		return err
	}
	o.mu.Lock()
	o.ordered = next
	o.mu.Unlock()
	return nil
}

// lookAtAll has all members looked after, some at a time.
func (k *Keeper) lookAtAll(ctx context.Context, o *organization) error {
	if len(o.programs) == 0 || !slices.ContainsFunc(o.setup.Rules, func(r nudge.Rule) bool { return !r.Off }) {
		return nil
	}
	today := calendar.DateOf(k.Now(), o.zone(""))
	var all []string
	for id, m := range o.members {
		if m.MergedInto == "" && m.At(today).Active {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	telemetry.Count(ctx, "LookedAfter", len(all))
	return k.inParts(ctx, Message{Of: Look, Organization: o.id}, all)
}

// allSettled has everybody told who has a statement in a period.
func (k *Keeper) allSettled(ctx context.Context, m Message) error {
	var all []string
	for s, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Statement, string, error) {
		return k.Settlements.Statements(ctx, m.Organization, m.Program, m.Period, page)
	}) {
		if err != nil {
			return fmt.Errorf("nudge: statements: %w", err)
		}
		if !strings.HasPrefix(s.Participant, incentive.TeamParticipant("")) {
			all = append(all, s.Participant)
		}
	}
	slices.Sort(all)
	return k.inParts(ctx, m, slices.Compact(all))
}

// orderBoard has the ranks of a period looked at, within a minute: once for all that moves until then.
func (k *Keeper) orderBoard(ctx context.Context, o *organization, m Message) error {
	p, found := o.program(m.Program)
	if !found || p.Live.ID != m.Edition && m.Edition != "" || !slices.ContainsFunc(o.setup.Rules, func(r nudge.Rule) bool { return r.Kind == nudge.Overtaken && !r.Off }) {
		return nil
	}
	if now, in := p.period(calendar.DateOf(k.Now(), p.zone())); !in || now.Name != m.Period {
		return nil
	}
	at := k.Now().UTC().Truncate(time.Minute).Add(time.Minute)
	return k.order(ctx, at, Message{Of: Board, Organization: o.id, Program: p.ID, Period: m.Period}, p.ID, m.Period)
}

// board holds the ranks of a period against those that were seen last, and tells who stands worse. What is seen is stored after
// that: who is killed in between finds the same again, with the same causes.
func (k *Keeper) board(ctx context.Context, o *organization, m Message) error {
	p, found := o.program(m.Program)
	if !found {
		return nil
	}
	if now, in := p.period(calendar.DateOf(k.Now(), p.zone())); !in || now.Name != m.Period {
		return nil
	}
	for range tries {
		before, err := k.Nudges.NudgeBoard(ctx, o.id, p.ID, m.Period)
		if err != nil {
			return err
		}
		ranked, err := k.Incentives.Board(ctx, p.Program, m.Period)
		if err != nil {
			return fmt.Errorf("nudge: board: %w", err)
		}
		places := make([]nudge.Place, 0, len(ranked.Standings))
		for _, s := range ranked.Standings {
			places = append(places, nudge.Place{Participant: s.Participant, Rank: s.Rank})
		}
		now := nudge.Board{Organization: o.id, Program: p.ID, Period: m.Period, Edition: p.Live.ID, Rev: before.Rev + 1}.Ranks(places)
		if before.Rev > 0 && before.Edition == now.Edition {
			if slices.Equal(before.Places, now.Places) {
				return nil
			}
			if err := k.tellFallen(ctx, o, m, before.Fallen(now, fmt.Sprintf("board/%d", before.Rev))); err != nil {
				return err
			}
		}
		if err := k.Nudges.SaveNudgeBoard(ctx, now); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "busy", "nudge: others look at the board all the time")
}

// tellFallen has those told who stand worse. Rules may say that only the first ranks are.
func (k *Keeper) tellFallen(ctx context.Context, o *organization, m Message, all []nudge.Fell) error {
	top := 0
	for _, r := range o.setup.Rules {
		if r.Kind == nudge.Overtaken && !r.Off {
			if r.Top == 0 {
				top = nudge.MaxPlaces
			}
			top = max(top, r.Top)
		}
	}
	var fell []Fell
	for _, f := range all {
		if f.Was <= top && !strings.HasPrefix(f.Participant, incentive.TeamParticipant("")) {
			fell = append(fell, Fell{f.Participant, f.Overtake})
		}
	}
	for some := range slices.Chunk(fell, part) {
		one := m
		one.Of, one.Fell = Fallen, some
		if err := k.send(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// fallen tells some who stand worse.
func (k *Keeper) fallen(ctx context.Context, o *organization, m Message) error {
	if len(m.Participants) == 0 { // else it is the rest of one that there was no time for
		for _, f := range m.Fell {
			m.Participants = append(m.Participants, f.Participant)
		}
	}
	return k.each(ctx, m, func(who string) error {
		i := slices.IndexFunc(m.Fell, func(f Fell) bool { return f.Participant == who })
		if i < 0 {
			return nil
		}
		return k.tend(ctx, o, who, scope{program: m.Program, period: m.Period, fell: &m.Fell[i].Overtake})
	})
}

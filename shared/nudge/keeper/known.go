package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/nudge"
	"leadline/shared/program"
	"leadline/shared/roster"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

const (
	// knownFor is how long an organization, and a board, is remembered: a batch of messages is about the same ones.
	knownFor = 5 * time.Second
	// maxKnown bounds the organizations that are remembered.
	maxKnown = 20
)

// memory remembers organizations for a moment. The zero value is empty.
type memory struct {
	mu            sync.Mutex
	organizations map[string]*organization
}

// organization is what is remembered of one.
type organization struct {
	id, name string
	at       time.Time
	setup    nudge.Setup
	programs []shown
	edition  int64
	members  roster.Roster

	mu      sync.Mutex
	boards  map[string]incentives.Board // by program and period
	ordered time.Time                   // the look that was ordered
}

// shown is a program that shows an edition.
type shown struct {
	program.Program
	versions []program.Version
}

// organization gives what is known of an organization, at most knownFor old.
func (k *Keeper) organization(ctx context.Context, id string) (*organization, error) {
	now := k.Now()
	k.known.mu.Lock()
	before := k.known.organizations[id]
	k.known.mu.Unlock()
	if before != nil && now.Sub(before.at) < knownFor && !now.Before(before.at) {
		return before, nil
	}
	org, err := k.Organizations.Organization(ctx, id)
	if err != nil {
		return nil, err
	}
	o := &organization{id: id, name: org.Name, at: now, boards: map[string]incentives.Board{}}
	if before != nil {
		o.ordered = before.ordered
	}
	if o.setup, err = k.Nudges.NudgeSetup(ctx, id); err != nil {
		return nil, err
	}
	if err := k.readPrograms(ctx, o); err != nil {
		return nil, err
	}
	if err := k.readMembers(ctx, o, before); err != nil {
		return nil, err
	}
	k.known.mu.Lock()
	defer k.known.mu.Unlock()
	if k.known.organizations == nil || len(k.known.organizations) >= maxKnown {
		k.known.organizations = map[string]*organization{}
	}
	k.known.organizations[id] = o
	return o, nil
}

func (k *Keeper) readPrograms(ctx context.Context, o *organization) error {
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Program, string, error) {
		return k.Programs.Programs(ctx, o.id, page)
	}) {
		if err != nil {
			return fmt.Errorf("nudge: programs: %w", err)
		}
		if p.Live == nil || p.Archived {
			continue
		}
		versions, err := k.Incentives.Shown(ctx, p)
		switch {
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid): // it shows nothing that could be told of
			k.Log.LogAttrs(ctx, slog.LevelWarn, "a program is passed by", slog.String(telemetry.KeyOrganization, o.id), slog.String("program", p.ID), slog.String(telemetry.KeyError, err.Error()))
			continue
		case err != nil:
			return fmt.Errorf("nudge: versions of %s: %w", p.ID, err)
		}
		o.programs = append(o.programs, shown{p, versions})
	}
	return nil
}

// readMembers reads the members, unless they are as they were before.
func (k *Keeper) readMembers(ctx context.Context, o *organization, before *organization) error {
	var err error
	if o.edition, err = k.Roster.Edition(ctx, o.id); err != nil { // before the members: what changes in between is read again
		return fmt.Errorf("nudge: roster: %w", err)
	}
	if before != nil && before.edition == o.edition {
		o.members = before.members
		return nil
	}
	o.members = roster.Roster{}
	for m, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]roster.Member, string, error) {
		return k.Roster.Members(ctx, o.id, page)
	}) {
		if err != nil {
			return fmt.Errorf("nudge: members: %w", err)
		}
		o.members[m.ID] = m
	}
	return nil
}

// program gives a program that shows something; false if it does not.
func (o *organization) program(id string) (shown, bool) {
	i := slices.IndexFunc(o.programs, func(p shown) bool { return p.ID == id })
	if i < 0 {
		return shown{}, false
	}
	return o.programs[i], true
}

// last gives the definition that counts at the end of all versions: calendar and kind of period are those of all.
func (p shown) last() program.Definition { return p.versions[len(p.versions)-1].Definition }

// zone gives the program's time zone.
func (p shown) zone() *time.Location { return zoneOf(p.last().Zone) }

// period gives the period that a day lies in; false where none of the program's does.
func (p shown) period(d calendar.Date) (calendar.Period, bool) {
	until := p.versions[len(p.versions)-1].Until
	if until != "" && d >= until || d < p.versions[0].From {
		return calendar.Period{}, false
	}
	return p.last().Calendar.Of(p.last().Period, d), true
}

// on gives the version in force on a day; the first one before all, the last one after.
func (p shown) on(d calendar.Date) program.Version {
	for _, v := range p.versions {
		if v.Until == "" || d < v.Until {
			return v
		}
	}
	return p.versions[len(p.versions)-1]
}

// zoneOf gives a time zone; UTC for one that does not exist, which nothing that was checked names.
func zoneOf(name string) *time.Location {
	zone, err := schedule.Location(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// boardOf ranks a period, at most knownFor ago.
func (k *Keeper) boardOf(ctx context.Context, o *organization, p shown, period string) (incentives.Board, error) {
	name := strings.Join([]string{p.ID, period}, "#")
	o.mu.Lock()
	b, found := o.boards[name]
	o.mu.Unlock()
	if found {
		return b, nil
	}
	b, err := k.Incentives.Board(ctx, p.Program, period)
	if err != nil {
		return b, fmt.Errorf("nudge: board: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.boards[name] = b
	return b, nil
}

package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/view"
)

// KnownFor is how long programs, people and rates are remembered. Whatever must have taken in a change of theirs begins this
// much later: see Outbox.Start.
const KnownFor = 2 * time.Second

// Memory remembers what nearly every message needs. The zero value is empty. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	known map[string]*known
	plans map[string]*plan // by edition
	// watched says when it was last seen to that a program is looked after.
	watched map[string]time.Time
}

// maxPlans bounds the plans that are remembered, maxKnown the organizations, maxMembers the members of all of them.
const (
	maxPlans   = 64
	maxKnown   = 1000
	maxMembers = 50_000
)

// drop forgets an organization.
func (m *Memory) drop(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, id)
}

// forget makes room: those that were read longest ago go first, but not the one that has just been.
func (m *Memory) forget(but string) {
	for {
		oldest, members := "", 0
		for id, o := range m.known {
			if o.people != nil {
				members += len(o.people.members)
			}
			if id != but && (oldest == "" || o.at.Before(m.known[oldest].at)) {
				oldest = id
			}
		}
		if oldest == "" || len(m.known) <= maxKnown && members <= maxMembers {
			return
		}
		delete(m.known, oldest)
	}
}

// known is what is remembered of an organization.
type known struct {
	at       time.Time
	programs []program.Program
	people   *people
}

// plan is an edition, ready to reckon with.
type plan struct {
	*incentive.Plan
	edition  program.Edition
	versions []program.Version // as they are in force, in the order of their days
}

// organization gives what is known of an organization, at most KnownFor old.
func (k *Keeper) organization(ctx context.Context, id string) (*known, error) {
	now := k.Now()
	k.Known.mu.Lock()
	found := k.Known.known[id]
	k.Known.mu.Unlock()
	if found != nil && now.Sub(found.at) < KnownFor {
		return found, nil
	}
	fresh := &known{at: now}
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Program, string, error) {
		return k.Programs.Programs(ctx, id, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("keeper: programs: %w", err)
		}
		if len(p.LiveAndBuilding()) > 0 {
			fresh.programs = append(fresh.programs, p)
		}
	}
	if len(fresh.programs) > 0 {
		var err error
		if fresh.people, err = k.readPeople(ctx, id, found); err != nil {
			return nil, err
		}
	}
	k.Known.mu.Lock()
	defer k.Known.mu.Unlock()
	if k.Known.known == nil {
		k.Known.known = map[string]*known{}
	}
	k.Known.known[id] = fresh
	k.Known.forget(id)
	return fresh, nil
}

// readPeople reads the members and rates of an organization: the members only if they have changed since before.
func (k *Keeper) readPeople(ctx context.Context, organization string, before *known) (*people, error) {
	edition, err := k.Roster.Edition(ctx, organization)
	if err != nil {
		return nil, fmt.Errorf("keeper: roster: %w", err)
	}
	p := &people{edition: edition}
	if before != nil && before.people != nil && before.people.edition == edition {
		p.members, p.ids, p.users, p.books = before.people.members, before.people.ids, before.people.users, before.people.books
	} else if err := k.readMembers(ctx, organization, p); err != nil {
		return nil, err
	}
	return p, k.readRates(ctx, organization, p)
}

func (k *Keeper) readMembers(ctx context.Context, organization string, p *people) error {
	p.members, p.users, p.books = roster.Roster{}, map[roster.External]string{}, &books{}
	for m, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]roster.Member, string, error) {
		return k.Roster.Members(ctx, organization, page)
	}) {
		if err != nil {
			return fmt.Errorf("keeper: members: %w", err)
		}
		p.members[m.ID] = m
	}
	for id, m := range p.members {
		if m.MergedInto == "" {
			p.ids = append(p.ids, id)
		}
		for _, e := range m.External {
			p.users[e] = id
		}
	}
	slices.Sort(p.ids)
	return nil
}

// edition gives the edition that somebody is reckoned in, ready to reckon with, and its program; nil if it is neither shown nor
// being built. What is not remembered may be newer than that, and is read.
func (k *Keeper) edition(ctx context.Context, o *known, w who) (*plan, program.Program, error) {
	for _, p := range o.programs {
		if made, err := k.editionOf(ctx, p, w); made != nil || err != nil {
			return made, p, err
		}
	}
	p, err := k.Programs.Program(ctx, w.organization, w.program)
	if fault.Is(err, fault.NotFound) {
		return nil, p, nil
	}
	if err != nil {
		return nil, p, fmt.Errorf("keeper: program: %w", err)
	}
	made, err := k.editionOf(ctx, p, w)
	return made, p, err
}

func (k *Keeper) editionOf(ctx context.Context, p program.Program, w who) (*plan, error) {
	if p.ID != w.program {
		return nil, nil
	}
	for _, e := range p.LiveAndBuilding() {
		if e.ID == w.edition {
			return k.plan(ctx, p, e)
		}
	}
	return nil, nil
}

// plan compiles an edition, once: neither its versions nor their days ever change.
func (k *Keeper) plan(ctx context.Context, p program.Program, e program.Edition) (*plan, error) {
	k.Known.mu.Lock()
	found := k.Known.plans[e.ID]
	k.Known.mu.Unlock()
	if found != nil {
		fresh := *found
		fresh.edition = e
		return &fresh, nil
	}
	made := &plan{edition: e}
	for _, in := range e.Versions {
		v, err := k.Programs.Version(ctx, p.Organization, p.ID, in.Number)
		if err != nil {
			return nil, fmt.Errorf("keeper: version %d of %s: %w", in.Number, p.ID, err)
		}
		v.From, v.Until = in.Span.From, in.Span.Until
		made.versions = append(made.versions, v)
	}
	slices.SortFunc(made.versions, func(a, b program.Version) int { return strings.Compare(string(a.From), string(b.From)) })
	var err error
	if made.Plan, err = incentive.Compile(made.versions); err != nil {
		return nil, err
	}
	k.Known.mu.Lock()
	defer k.Known.mu.Unlock()
	if k.Known.plans == nil {
		k.Known.plans = map[string]*plan{}
	}
	for id := range k.Known.plans {
		if len(k.Known.plans) < maxPlans {
			break
		}
		delete(k.Known.plans, id)
	}
	k.Known.plans[e.ID] = made
	return made, nil
}

// definition gives that of the version in force on a day: the first one before all, the last one after.
func (p *plan) last() *program.Version { return &p.versions[len(p.versions)-1] }

// links gives those of all components.
func (p *plan) links() []map[string]view.Link {
	var all []map[string]view.Link
	for i := range p.versions {
		for _, s := range p.versions[i].Sources {
			all = append(all, s.Links)
		}
	}
	return all
}

// reads tells whether an edition is made of records like this one, as bases or as what is joined to them.
func reads(e program.Edition, key record.Key) (base, joined bool) {
	for _, r := range e.Reads {
		if r.Connection == key.Connection && r.Object == key.Object {
			base, joined = base || !r.Joined, joined || r.Joined
		}
	}
	return base, joined
}

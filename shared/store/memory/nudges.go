package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/store"
)

// Nudges implements store.Nudges. What it keeps is JSON, so that nobody holds a part of what is stored.
type Nudges struct {
	tenancy *Tenancy
	kept    map[nudgeKey]keptNoun
	read    map[nudgeKey]time.Time
}

// nudgeKey names a noun: what it is, whose it is, and its name.
type nudgeKey struct{ kind, organization, parent, id string }

var _ store.Nudges = (*Nudges)(nil)

// NewNudges makes an empty store that shares the lock of another.
func NewNudges(tenancy *Tenancy) *Nudges {
	return &Nudges{tenancy: tenancy, kept: map[nudgeKey]keptNoun{}, read: map[nudgeKey]time.Time{}}
}

// save replaces a noun of the rev before.
func (s *Nudges) save(ctx context.Context, at nudgeKey, rev int64, noun any, what string) error {
	text, err := json.Marshal(noun)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		if s.kept[at].rev != rev-1 {
			return stale(what)
		}
		return nil
	}, func() { s.kept[at] = keptNoun{rev, text} })
}

// nudgeNoun reads a noun with its rev; 0 if there is none.
func nudgeNoun[T any](ctx context.Context, s *Nudges, at nudgeKey) (noun T, rev int64, err error) {
	kept, err := get(ctx, s.tenancy, s.kept, at, at.kind)
	if fault.Is(err, fault.NotFound) {
		return noun, 0, nil
	}
	if err == nil {
		noun, err = decodeNoun[T](kept)
	}
	return noun, kept.rev, err
}

// SaveNudgeSetup implements store.Nudges.
func (s *Nudges) SaveNudgeSetup(ctx context.Context, setup nudge.Setup) error {
	return s.save(ctx, nudgeKey{"setup", setup.Organization, "", ""}, setup.Rev, setup, "setup of nudges")
}

// NudgeSetup implements store.Nudges.
func (s *Nudges) NudgeSetup(ctx context.Context, organization string) (nudge.Setup, error) {
	setup, rev, err := nudgeNoun[nudge.Setup](ctx, s, nudgeKey{"setup", organization, "", ""})
	if rev == 0 {
		return nudge.Default(organization), err
	}
	setup.Organization, setup.Rev = organization, rev
	return setup, err
}

// SaveNudgePreference implements store.Nudges.
func (s *Nudges) SaveNudgePreference(ctx context.Context, p nudge.Preference) error {
	return s.save(ctx, nudgeKey{"preference", p.Organization, "", p.Member}, p.Rev, p, "preference")
}

// NudgePreference implements store.Nudges.
func (s *Nudges) NudgePreference(ctx context.Context, organization, member string) (nudge.Preference, error) {
	p, rev, err := nudgeNoun[nudge.Preference](ctx, s, nudgeKey{"preference", organization, "", member})
	p.Organization, p.Member, p.Rev = organization, member, rev
	return p, err
}

// SaveNudgeState implements store.Nudges.
func (s *Nudges) SaveNudgeState(ctx context.Context, state nudge.State) error {
	return s.save(ctx, nudgeKey{"state", state.Organization, "", state.Member}, state.Rev, state, "state of nudges")
}

// NudgeState implements store.Nudges.
func (s *Nudges) NudgeState(ctx context.Context, organization, member string) (nudge.State, error) {
	state, rev, err := nudgeNoun[nudge.State](ctx, s, nudgeKey{"state", organization, "", member})
	state.Organization, state.Member, state.Rev = organization, member, rev
	for i := range state.Pending {
		state.Pending[i].Organization, state.Pending[i].Member = organization, member
	}
	return state, err
}

// SaveNudgeBoard implements store.Nudges.
func (s *Nudges) SaveNudgeBoard(ctx context.Context, b nudge.Board) error {
	return s.save(ctx, nudgeKey{"board", b.Organization, b.Program, b.Period}, b.Rev, b, "board")
}

// NudgeBoard implements store.Nudges.
func (s *Nudges) NudgeBoard(ctx context.Context, organization, program, period string) (nudge.Board, error) {
	b, rev, err := nudgeNoun[nudge.Board](ctx, s, nudgeKey{"board", organization, program, period})
	b.Organization, b.Program, b.Period, b.Rev = organization, program, period, rev
	return b, err
}

func nudgeAt(organization, member, id string) nudgeKey {
	return nudgeKey{"nudge", organization, member, id}
}

// TellNudge implements store.Nudges.
func (s *Nudges) TellNudge(ctx context.Context, n nudge.Nudge) (bool, error) {
	if err := store.CheckNudge(n); err != nil {
		return false, fmt.Errorf("store: tell nudge: %w", err)
	}
	text, err := json.Marshal(n)
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	at, fresh := nudgeAt(n.Organization, n.Member, n.ID), false
	err = s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		if _, found := s.kept[at]; !found {
			s.kept[at], s.read[at], fresh = keptNoun{n.Rev, text}, n.ReadAt, true
		}
	})
	return fresh, err
}

// Nudge implements store.Nudges.
func (s *Nudges) Nudge(ctx context.Context, organization, member, id string) (nudge.Nudge, error) {
	at := nudgeAt(organization, member, id)
	kept, err := get(ctx, s.tenancy, s.kept, at, "nudge")
	if err != nil {
		return nudge.Nudge{}, err
	}
	read, err := get(ctx, s.tenancy, s.read, at, "nudge")
	if err != nil {
		return nudge.Nudge{}, err
	}
	return decodeNudge(at, kept, read)
}

func decodeNudge(at nudgeKey, kept keptNoun, read time.Time) (nudge.Nudge, error) {
	n, err := decodeNoun[nudge.Nudge](kept)
	n.Organization, n.Member, n.Rev, n.ReadAt = at.organization, at.parent, kept.rev, read
	return n, err
}

// SaveNudge implements store.Nudges.
func (s *Nudges) SaveNudge(ctx context.Context, n nudge.Nudge) error {
	text, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := nudgeAt(n.Organization, n.Member, n.ID)
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		before, found := s.kept[at]
		switch {
		case !found:
			return notFound("nudge")
		case before.rev != n.Rev-1:
			return stale("nudge")
		}
		return nil
	}, func() { s.kept[at] = keptNoun{n.Rev, text} })
}

// MarkNudgeRead implements store.Nudges.
func (s *Nudges) MarkNudgeRead(ctx context.Context, organization, member, id string, when time.Time) error {
	at := nudgeAt(organization, member, id)
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		if _, found := s.kept[at]; !found {
			return notFound("nudge")
		}
		return nil
	}, func() {
		if s.read[at].IsZero() {
			s.read[at] = when.UTC()
		}
	})
}

// Inbox implements store.Nudges.
func (s *Nudges) Inbox(ctx context.Context, organization, member string, p store.Page) ([]nudge.Nudge, string, error) {
	return s.newest(ctx, []string{"inbox", organization, member}, p, func(at nudgeKey) bool {
		return at.organization == organization && at.parent == member
	}, func(n nudge.Nudge) bool { return n.InInbox() })
}

// NudgeLog implements store.Nudges.
func (s *Nudges) NudgeLog(ctx context.Context, organization string, f store.NudgeFilter, p store.Page) ([]nudge.Nudge, string, error) {
	return s.newest(ctx, append([]string{"nudge log", organization}, f.Name()...), p, func(at nudgeKey) bool { return at.organization == organization }, f.Matches)
}

// newest pages through nudges, newest first, and looks at store.MaxLookedAt of them.
func (s *Nudges) newest(ctx context.Context, list []string, p store.Page, of func(nudgeKey) bool, matches func(nudge.Nudge) bool) ([]nudge.Nudge, string, error) {
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	var keys []nudgeKey
	for at := range s.kept {
		if at.kind == "nudge" && of(at) && (position == nil || at.id < position[0]) {
			keys = append(keys, at)
		}
	}
	slices.SortFunc(keys, func(a, b nudgeKey) int { return strings.Compare(b.id, a.id) })
	var found []nudge.Nudge
	last := ""
	for looked, at := range keys {
		n, err := decodeNudge(at, s.kept[at], s.read[at])
		if err != nil {
			return nil, "", err
		}
		matching := matches(n)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = at.id; matching {
			found = append(found, n)
		}
	}
	return found, "", nil
}

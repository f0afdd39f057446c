package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/store"
)

// Games implements store.Games. What it keeps is JSON, so that nobody holds a part of what is stored.
type Games struct {
	tenancy *Tenancy
	rules   map[owned]keptNoun
	states  map[owned]keptNoun
	points  map[owned]keptNoun
	// taken are the activities that were taken in, by participant and id.
	taken map[takenActivity]bool
}

type takenActivity struct{ organization, participant, id string }

var _ store.Games = (*Games)(nil)

// NewGames makes an empty store that shares the lock of another.
func NewGames(tenancy *Tenancy) *Games {
	return &Games{tenancy: tenancy, rules: map[owned]keptNoun{}, states: map[owned]keptNoun{}, points: map[owned]keptNoun{}, taken: map[takenActivity]bool{}}
}

// gameNoun reads a noun with its rev; 0 if there is none.
func gameNoun[T any](ctx context.Context, s *Games, from map[owned]keptNoun, at owned) (noun T, rev int64, err error) {
	kept, err := get(ctx, s.tenancy, from, at, "noun")
	if fault.Is(err, fault.NotFound) {
		return noun, 0, nil
	}
	if err == nil {
		noun, err = decodeNoun[T](kept)
	}
	return noun, kept.rev, err
}

// SaveGameRules implements store.Games.
func (s *Games) SaveGameRules(ctx context.Context, r game.Rules) error {
	text, err := json.Marshal(struct {
		game.Rules
		At time.Time
	}{r, r.UpdatedAt})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{r.Organization, ""}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		if s.rules[at].rev != r.Rev-1 {
			return stale("rules")
		}
		return nil
	}, func() { s.rules[at] = keptNoun{r.Rev, text} })
}

// GameRules implements store.Games.
func (s *Games) GameRules(ctx context.Context, organization string) (game.Rules, error) {
	kept, rev, err := gameNoun[struct {
		game.Rules
		At time.Time
	}](ctx, s, s.rules, owned{organization, ""})
	r := kept.Rules
	r.Organization, r.UpdatedAt, r.Rev = organization, kept.At, rev
	return r, err
}

// SaveGameState implements store.Games.
func (s *Games) SaveGameState(ctx context.Context, state game.State, taken *game.Activity) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{state.Organization, state.Participant}
	return s.tenancy.change(ctx, nil, time.Time{}, func() error {
		switch {
		case s.states[at].rev != state.Rev-1:
			return stale("state of the game")
		case taken != nil && s.taken[takenActivity{state.Organization, state.Participant, taken.ID}]:
			return fmt.Errorf("store: %w", fault.New(fault.Conflict, store.CodeTaken, "the activity was taken in before"))
		}
		return nil
	}, func() {
		s.states[at] = keptNoun{state.Rev, text}
		if taken != nil {
			s.taken[takenActivity{state.Organization, state.Participant, taken.ID}] = true
		}
	})
}

// GameState implements store.Games.
func (s *Games) GameState(ctx context.Context, organization, participant string) (game.State, error) {
	state, rev, err := gameNoun[game.State](ctx, s, s.states, owned{organization, participant})
	state.Organization, state.Participant, state.Rev = organization, participant, rev
	return state, err
}

// GamePlaces implements store.Games.
func (s *Games) GamePlaces(ctx context.Context, organization string, p store.Page) ([]game.Place, string, error) {
	var failed error
	places, next, err := page(ctx, []string{"game places", organization}, p, false, func(after string) (entries []entry[game.Place]) {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		for at, kept := range s.states {
			if at.organization != organization || p.Cursor != "" && at.id <= after {
				continue
			}
			state, err := decodeNoun[game.State](kept)
			if err != nil {
				failed = err
			}
			state.Participant = at.id
			entries = append(entries, entry[game.Place]{at.id, state.Place()})
		}
		return entries
	})
	if err == nil {
		err = failed
	}
	return places, next, err
}

// ActivityTaken implements store.Games.
func (s *Games) ActivityTaken(ctx context.Context, organization, participant, id string) (bool, error) {
	taken, err := get(ctx, s.tenancy, s.taken, takenActivity{organization, participant, id}, "activity")
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return taken, err
}

// SavePoints implements store.Games.
func (s *Games) SavePoints(ctx context.Context, p game.Points) (game.Points, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return game.Points{}, fmt.Errorf("store: %w", err)
	}
	at := owned{p.Organization, p.ID}
	err = s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		if _, found := s.points[at]; !found {
			s.points[at] = keptNoun{1, text}
		}
	})
	if err != nil {
		return game.Points{}, err
	}
	stands, _, err := gameNoun[game.Points](ctx, s, s.points, at)
	stands.Organization, stands.ID = p.Organization, p.ID
	return stands, err
}

// PointsOf implements store.Games.
func (s *Games) PointsOf(ctx context.Context, organization string, ids []string) (map[string]game.Points, error) {
	all := map[string]game.Points{}
	for _, id := range ids {
		p, rev, err := gameNoun[game.Points](ctx, s, s.points, owned{organization, id})
		if err != nil {
			return nil, err
		}
		if rev > 0 {
			p.Organization, p.ID = organization, id
			all[id] = p
		}
	}
	return all, nil
}

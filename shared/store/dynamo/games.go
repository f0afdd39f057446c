package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/store"
)

// Games implements store.Games. What is stored is the JSON of the nouns, packed, beside their rev: the names of their fields are part
// of what is stored.
type Games struct {
	table
	// said is the table of Tenancy: rules, and what was asked for.
	said table
}

var _ store.Games = (*Games)(nil)

// NewGames uses the table Work of the name, and that of Tenancy for rules and what was asked for.
func NewGames(client Client, work, tenancy string) *Games {
	return &Games{table: newTable(client, work), said: newTable(client, tenancy)}
}

// storedRules are rules with when they were written.
type storedRules struct {
	game.Rules
	At time.Time `json:"at"`
}

// SaveGameRules implements store.Games in one conditional PutItem.
func (s *Games) SaveGameRules(ctx context.Context, r game.Rules) error {
	return s.said.saveNoun(ctx, "save rules of the game", gameRulesKey(r.Organization), r.Rev, storedRules{r, r.UpdatedAt}, "rules")
}

// GameRules implements store.Games in one GetItem.
func (s *Games) GameRules(ctx context.Context, organization string) (game.Rules, error) {
	stored, rev, err := readNoun[storedRules](ctx, s.said, "get rules of the game", gameRulesKey(organization))
	r := stored.Rules
	r.Organization, r.UpdatedAt, r.Rev = organization, stored.At, rev
	return r, err
}

// SaveGameState implements store.Games in one transaction of two items, three with an activity.
func (s *Games) SaveGameState(ctx context.Context, state game.State, taken *game.Activity) error {
	const what = "save state of the game"
	i, err := s.packNoun(gameStateKey(state.Organization, state.Participant), state.Rev, state)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.successor(i, state.Rev, "state of the game"), s.write(encodePlace(state.Organization, state.Place()))}
	if taken != nil {
		note := newItem(activityKey(state.Organization, state.Participant, taken.ID))
		note.setText("kind", taken.Kind)
		note.setTime("at", taken.At)
		note.forget(state.UpdatedAt.Add(store.ActivityLife))
		steps = append(steps, s.create(note, unlessThere, nil, fault.New(fault.Conflict, store.CodeTaken, "the activity was taken in before")))
	}
	return s.transact(ctx, what, steps...)
}

// GameState implements store.Games in one GetItem.
func (s *Games) GameState(ctx context.Context, organization, participant string) (game.State, error) {
	state, rev, err := readNoun[game.State](ctx, s.table, "get state of the game", gameStateKey(organization, participant))
	state.Organization, state.Participant, state.Rev = organization, participant, rev
	return state, err
}

// GamePlaces implements store.Games in one Query, and more where it comes to the end of a shard.
func (s *Games) GamePlaces(ctx context.Context, organization string, p store.Page) ([]game.Place, string, error) {
	const what = "list places of the game"
	items, next, err := s.shardByShard(ctx, what, []string{"game places", organization}, gameShards,
		func(shard int) string { return gamePlacesPartition(organization, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	places, err := decodeAll(what, items, decodePlace)
	return places, next, err
}

func encodePlace(organization string, p game.Place) item {
	i := newItem(gamePlaceKey(organization, p.Participant))
	i.setNumber("awarded", p.Awarded)
	i.setNumber("redeemed", p.Redeemed)
	i.setNumber("level", int64(p.Level))
	i.setText("level_name", p.LevelName)
	i.setText("tier", p.Tier)
	i.setNumber("badges", int64(p.Badges))
	return i
}

func decodePlace(i item) (game.Place, error) {
	in := read(i)
	p := game.Place{Participant: unsortable(i.primary().sk), Awarded: in.number("awarded"), Redeemed: in.number("redeemed"), Level: int(in.number("level")),
		LevelName: in.text("level_name"), Tier: in.text("tier"), Badges: int(in.number("badges"))}
	return p, in.err
}

// ActivityTaken implements store.Games in one GetItem.
func (s *Games) ActivityTaken(ctx context.Context, organization, participant, id string) (bool, error) {
	_, err := s.get(ctx, "get activity", activityKey(organization, participant, id), "activity")
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// SavePoints implements store.Games in one conditional PutItem.
func (s *Games) SavePoints(ctx context.Context, p game.Points) (game.Points, error) {
	const what = "save what is asked of points"
	i, err := s.said.packNoun(pointsKey(p.Organization, p.ID), 1, p)
	if err != nil {
		return game.Points{}, failed(err, what)
	}
	standing, refused, err := s.said.putIf(ctx, what, i, unlessThere, nil)
	switch {
	case err != nil:
		return game.Points{}, err
	case refused:
		i = standing
	}
	stands, err := decodePacked[game.Points](s.said, i)
	if err != nil {
		return game.Points{}, fmt.Errorf("store: %s: %w", what, err)
	}
	stands.Organization, stands.ID = p.Organization, p.ID
	return stands, nil
}

// PointsOf implements store.Games in one GetItem for each.
func (s *Games) PointsOf(ctx context.Context, organization string, ids []string) (map[string]game.Points, error) {
	all := make(map[string]game.Points, len(ids))
	for _, id := range ids {
		p, rev, err := readNoun[game.Points](ctx, s.said, "get what was asked of points", pointsKey(organization, id))
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

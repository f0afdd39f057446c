package keeper

import (
	"context"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/program"
	"leadline/shared/store"
)

// facts reads what is new of a participant.
func (k *Keeper) facts(ctx context.Context, rules game.Rules, s game.State, sc scope) (game.Facts, error) {
	now := k.Now().UTC()
	f := game.Facts{Now: now, Today: DateOf(rules, now), Editions: map[string]string{}}
	var err error
	if f.Rows, err = k.rows(ctx, s); err != nil {
		return f, err
	}
	if f.Activity, err = k.activity(ctx, rules, s, sc); err != nil {
		return f, err
	}
	var ids []string
	for _, named := range rules.Programs() {
		if !slices.Contains(ids, named.Message) {
			ids = append(ids, named.Message)
		}
	}
	for _, id := range ids {
		if err := k.standings(ctx, &f, rules, s, sc, id); err != nil {
			return f, err
		}
	}
	return f, nil
}

// rows reads the rows of a participant that were not taken in yet, by number.
func (k *Keeper) rows(ctx context.Context, s game.State) ([]ledger.Row, error) {
	var rows []ledger.Row
	for row, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]ledger.Row, string, error) {
		return k.Books.Ledger.LatestRows(ctx, s.Organization, s.Participant, page)
	}) {
		if err != nil {
			return nil, err
		}
		if row.Number <= s.Rows {
			break
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows, nil
}

// activity gives the activity of the scope, with its day, unless it was taken in already.
func (k *Keeper) activity(ctx context.Context, rules game.Rules, s game.State, sc scope) (*game.Activity, error) {
	if sc.activity == nil {
		return nil, nil
	}
	taken, err := k.Games.ActivityTaken(ctx, s.Organization, s.Participant, sc.activity.ID)
	if err != nil || taken {
		return nil, err
	}
	a := *sc.activity
	a.Date = DateOf(rules, a.At)
	return &a, nil
}

// standings reads how the participant stands in a program: in the period that moved, or in all periods where the rules or what the
// program shows are others than before.
func (k *Keeper) standings(ctx context.Context, f *game.Facts, rules game.Rules, s game.State, sc scope, id string) error {
	known := s.RulesRev == rules.Rev && s.Editions[id] != ""
	if known && sc.program != id && !sc.look { // nothing of the program can be new
		return nil
	}
	p, err := k.Programs.Program(ctx, s.Organization, id)
	if fault.Is(err, fault.NotFound) || err == nil && p.Live == nil {
		return nil
	}
	if err != nil {
		return err
	}
	version, err := k.Programs.Version(ctx, s.Organization, id, p.Versions)
	if err != nil {
		return err
	}
	if known && s.Editions[id] == p.Live.ID && !sc.look {
		if sc.edition != p.Live.ID {
			return nil
		}
		return k.moved(ctx, f, version, s, sc)
	}
	f.Editions[id] = p.Live.ID
	for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]incentive.Standing, string, error) {
		return k.Credits.StandingsOf(ctx, s.Organization, p.Live.ID, s.Participant, page)
	}) {
		if err != nil {
			return err
		}
		if err := add(f, version, one); err != nil {
			return err
		}
	}
	if sc.edition != p.Live.ID || sc.program != id {
		return nil
	}
	return k.moved(ctx, f, version, s, sc) // the list may be a little old
}

// moved reads the standing that moved.
func (k *Keeper) moved(ctx context.Context, f *game.Facts, v program.Version, s game.State, sc scope) error {
	one, err := k.Credits.Standing(ctx, incentive.Unit{Organization: s.Organization, Program: sc.program, Edition: sc.edition, Participant: s.Participant, Period: sc.period})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return add(f, v, one)
}

// add adds a standing with its period. Calendar and kind of period are the same in all versions.
func add(f *game.Facts, v program.Version, s incentive.Standing) error {
	span, err := v.Definition.Calendar.Named(v.Definition.Period, s.Period)
	if fault.Of(err) != nil && fault.Of(err).Code == calendar.CodePeriod {
		return nil // of no period that there is
	}
	if err != nil {
		return err
	}
	f.Standings = append(f.Standings, game.Standing{Standing: s, Span: span})
	return nil
}

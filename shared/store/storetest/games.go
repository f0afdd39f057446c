package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/store"
)

func newGameState(organization, participant string) game.State {
	return game.State{Organization: organization, Participant: participant, RulesRev: 2, Editions: map[string]string{"prg_1": "edn_1"}, Rows: 3, Awarded: 7_500_000,
		Redeemed: 2_000_000, Months: map[string]int64{"2026-11": 7_500_000}, Earnings: map[string][]game.Earning{"prg_1": {{From: "2026-11-01", Currency: "EUR", Minor: -5}}},
		Counts: map[string]int64{"form_submitted": 3}, Tallies: map[string]game.Tally{"activity/x/2026-11": {Until: "2026-12-01", Count: 3}},
		Met:    map[string][]calendar.Period{"badge/x": {{Name: "2026-11", Kind: calendar.Monthly, Span: calendar.Span{From: "2026-11-01", Until: "2026-12-01"}}}},
		Badges: []game.Held{{Badge: "x", Name: "Ö", Period: "2026-11", At: base()}}, Level: 2, LevelName: "Two", Best: map[string]int{"s": 4},
		Tier: game.HeldTier{Name: "gold", Since: "2026-11-01", Below: "2026-11-20", Changes: 1}, Due: []game.Due{{Cause: "badge/x", Code: "badge", Amount: 1, Date: "2026-11-22"}},
		Untold: []game.Event{{ID: "evt_1", Type: game.TierChanged, At: base(), Data: game.Data{Participant: participant, Tier: "gold"}}}, UpdatedAt: base(), Rev: 1}
}

func gameTests() []test {
	return []test{
		{"rules that nobody wrote are those of Rev 0", func(t *testing.T, s Stores) {
			got, err := s.Games.GameRules(ctx(t), "org_a")
			ok(t, err)
			same(t, got, game.Rules{Organization: "org_a"})
		}},
		{"rules are replaced only as they were read", gameRules},
		{"a state is kept whole, and replaced only as it was read", gameState},
		{"an activity is noted with the state, once, all or nothing", gameActivity},
		{"one of concurrent writers of a state wins each round", gameWriters},
		{"places are those of the states of the organization", gamePlaces},
		{"what was asked of points is never changed", gamePoints},
	}
}

func gameRules(t *testing.T, s Stores) {
	r := game.Rules{Organization: "org_a", Zone: "Europe/Berlin", Activities: []game.ActivityKind{{ID: "form_submitted", Points: "2.5", Caps: []game.Cap{{Per: calendar.Daily, Times: 3}}}},
		Levels: []game.Level{{Name: "One", Points: "10"}}, UpdatedAt: base(), Rev: 1}
	ok(t, s.Games.SaveGameRules(ctx(t), r))
	got, err := s.Games.GameRules(ctx(t), "org_a")
	ok(t, err)
	same(t, got, r)
	other := r
	other.Zone = "UTC"
	is(t, s.Games.SaveGameRules(ctx(t), other), fault.Conflict, store.CodeStale)
	other.Rev = 3
	is(t, s.Games.SaveGameRules(ctx(t), other), fault.Conflict, store.CodeStale)
	other.Rev = 2
	ok(t, s.Games.SaveGameRules(ctx(t), other))
	got, err = s.Games.GameRules(ctx(t), "org_a")
	ok(t, err)
	same(t, got, other)
	got, err = s.Games.GameRules(ctx(t), "org_b")
	ok(t, err)
	same(t, got, game.Rules{Organization: "org_b"})
}

func gameState(t *testing.T, s Stores) {
	none, err := s.Games.GameState(ctx(t), "org_a", "mem_a")
	ok(t, err)
	same(t, none, game.State{Organization: "org_a", Participant: "mem_a"})
	a := newGameState("org_a", "mem_a")
	ok(t, s.Games.SaveGameState(ctx(t), a, nil))
	got, err := s.Games.GameState(ctx(t), "org_a", "mem_a")
	ok(t, err)
	same(t, got, a)
	is(t, s.Games.SaveGameState(ctx(t), a, nil), fault.Conflict, store.CodeStale)
	a.Rev, a.Level = 3, 3
	is(t, s.Games.SaveGameState(ctx(t), a, nil), fault.Conflict, store.CodeStale)
	a.Rev = 2
	ok(t, s.Games.SaveGameState(ctx(t), a, nil))
	got, err = s.Games.GameState(ctx(t), "org_a", "mem_a")
	ok(t, err)
	same(t, got, a)
}

func gameActivity(t *testing.T, s Stores) {
	taken := func(id string) bool {
		t.Helper()
		is, err := s.Games.ActivityTaken(ctx(t), "org_a", "mem_a", id)
		ok(t, err)
		return is
	}
	a, did := newGameState("org_a", "mem_a"), game.Activity{Organization: "org_a", Participant: "mem_a", ID: "x/#1", Kind: "form_submitted", At: base()}
	if taken(did.ID) {
		t.Error("an activity was taken in that nobody saved")
	}
	ok(t, s.Games.SaveGameState(ctx(t), a, &did))
	if !taken(did.ID) || taken("x/#") {
		t.Error("the activity is not noted, or another is")
	}
	next := a
	next.Rev, next.Level = 2, 9
	is(t, s.Games.SaveGameState(ctx(t), next, &did), fault.Conflict, store.CodeTaken)
	got, err := s.Games.GameState(ctx(t), "org_a", "mem_a")
	ok(t, err)
	same(t, got, a)
	other := did
	other.ID = "x/2"
	late := next
	late.Rev = 3
	is(t, s.Games.SaveGameState(ctx(t), late, &other), fault.Conflict, store.CodeStale)
	if taken(other.ID) {
		t.Error("the activity of a refused write is noted")
	}
	ok(t, s.Games.SaveGameState(ctx(t), next, &other))
	ok(t, s.Games.SaveGameState(ctx(t), newGameState("org_a", "mem_b"), &did)) // another's
}

func gameWriters(t *testing.T, s Stores) {
	const rounds = 3
	for rev := int64(1); rev <= rounds; rev++ {
		var won atomic.Int32
		var wait sync.WaitGroup
		for n := range writers {
			wait.Go(func() {
				a := newGameState("org_a", "mem_a")
				a.Rev, a.Rows = rev, int64(n)
				switch err := s.Games.SaveGameState(ctx(t), a, nil); {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, fault.Conflict):
					t.Errorf("a loser is told %v", err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d writers won", won.Load())
		}
	}
}

func gamePlaces(t *testing.T, s Stores) {
	want := map[string]game.Place{}
	for n := range 7 {
		a := newGameState("org_a", fmt.Sprintf("mem_%d", n))
		a.Awarded += int64(n)
		ok(t, s.Games.SaveGameState(ctx(t), a, nil))
		want[a.Participant] = a.Place()
	}
	ok(t, s.Games.SaveGameState(ctx(t), newGameState("org_b", "mem_other"), nil))
	for _, limit := range []int{2, 7, 50} {
		got := map[string]game.Place{}
		for _, p := range all(t, limit, func(p store.Page) ([]game.Place, string, error) { return s.Games.GamePlaces(ctx(t), "org_a", p) }) {
			got[p.Participant] = p
		}
		same(t, got, want)
	}
}

func gamePoints(t *testing.T, s Stores) {
	p := game.Points{Organization: "org_a", ID: "pts_a", Kind: game.Award, Participant: "mem_a", Amount: 1_500_000, Reason: "spiff", Note: "Für <dich>", Money: 10, Currency: "EUR",
		Rate: &game.Rate{Currency: "EUR", Points: "0.15", From: "2026-01-01"}, Date: "2026-11-22", By: "per_a", At: base().Add(time.Nanosecond), Request: "r"}
	got, err := s.Games.SavePoints(ctx(t), p)
	ok(t, err)
	same(t, got, p)
	other := p
	other.Amount = 2
	got, err = s.Games.SavePoints(ctx(t), other)
	ok(t, err)
	same(t, got, p)
	found, err := s.Games.PointsOf(ctx(t), "org_a", []string{"pts_b", "pts_a"})
	ok(t, err)
	same(t, found, map[string]game.Points{"pts_a": p})
	found, err = s.Games.PointsOf(ctx(t), "org_b", []string{"pts_a"})
	ok(t, err)
	same(t, found, map[string]game.Points{})
}

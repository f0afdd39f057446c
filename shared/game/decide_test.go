package game_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/game"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
)

func rules() game.Rules {
	return game.Rules{Rev: 1,
		Activities: []game.ActivityKind{{ID: "form_submitted", Points: "2.5", Caps: []game.Cap{{Per: calendar.Daily, Times: 2}, {Per: calendar.Monthly, Times: 5}}}, {ID: "call", Points: ""}},
		Badges: []game.Badge{
			{ID: "quota", Name: "Quota", When: &game.Condition{Program: "prg_1", Component: "deals", Of: game.Attainment, AtLeast: "1"}, EachPeriod: true, Points: "100"},
			{ID: "three", Name: "Three in a row", When: &game.Condition{Program: "prg_1", Component: "deals", Of: game.Measure, AtLeast: "10"}, InARow: 3},
			{ID: "rich", Name: "Rich", When: &game.Condition{Program: "prg_1", Of: game.Earned, AtLeast: "1000.50"}},
			{ID: "caller", Name: "Caller", Count: &game.Count{Activity: "call", AtLeast: 3}},
			{ID: "busy", Name: "Busy", Count: &game.Count{Activity: "call", AtLeast: 2, Per: calendar.Daily}, EachPeriod: true}},
		Levels:  []game.Level{{Name: "One", Points: "10"}, {Name: "Two", Points: "20"}, {Name: "Three", Points: "100"}},
		Streaks: []game.Streak{{ID: "days", Name: "Days", Activities: []string{"call"}, Per: calendar.Daily, Weekdays: true}, {ID: "months", Name: "Months", When: &game.Condition{Program: "prg_1", Component: "deals", Of: game.Attainment, AtLeast: "1"}}},
		Tiers:   &game.Tiers{By: game.ByPoints, Months: 2, GraceMonths: 1, Tiers: []game.Tier{{Name: "bronze", AtLeast: "10"}, {Name: "gold", AtLeast: "100"}}},
	}
}

func facts(day calendar.Date) game.Facts {
	at, _ := time.Parse(time.DateOnly, string(day))
	return game.Facts{Now: at.Add(12 * time.Hour), Today: day}
}

func awarded(number int64, day calendar.Date, points int64) ledger.Row {
	points *= ledger.PointScale
	return ledger.Row{Number: number, Posting: ledger.Posting{Cause: ledger.Cause{Kind: ledger.Awarded, ID: fmt.Sprint("pts_", number), Code: "spiff"}, Date: day,
		Legs: []ledger.Leg{{Account: ledger.Account{Kind: ledger.Cost, Unit: ledger.Points}, Amount: -points}, {Account: ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}, Amount: points}}}}
}

func spent(number int64, day calendar.Date, points int64) ledger.Row {
	r := awarded(number, day, -points)
	r.Cause.Kind, r.Legs[0].Kind = ledger.Spent, ledger.Redeemed
	return r
}

func stands(month, measure, attainment string, earned int64) game.Standing {
	p, err := calendar.Calendar{}.Named(calendar.Monthly, month)
	if err != nil {
		panic(err)
	}
	return game.Standing{Span: p, Standing: incentive.Standing{Unit: incentive.Unit{Program: "prg_1", Period: month}, Currency: "EUR", Earned: earned,
		Figures: []incentive.Figure{{Component: "deals", Measure: measure, Attainment: attainment}}}}
}

func did(kind, id string, day calendar.Date) *game.Activity {
	return &game.Activity{ID: id, Kind: kind, Date: day}
}

// told writes what happened and what is due, short.
func told(events []game.Event, s game.State) string {
	var out []string
	for _, e := range events {
		d := e.Data
		out = append(out, strings.TrimRight(strings.Join([]string{string(e.Type), d.Points, d.Badge, d.Period, d.Name, d.Previous, d.Tier}, "|"), "|"))
	}
	for _, d := range s.Due {
		out = append(out, fmt.Sprintf("due %s %s", d.Cause, game.Text(d.Amount)))
	}
	return strings.Join(out, "; ")
}

// TestDecide: what happens, step by step.
func TestDecide(t *testing.T) {
	s := game.State{Organization: "org_a", Participant: "mem_a"}
	for n, step := range []struct {
		day  calendar.Date
		fact func(*game.Facts)
		want string
	}{
		{"2026-11-02", func(*game.Facts) {}, ""},
		{"2026-11-02", func(f *game.Facts) { f.Activity = did("form_submitted", "1", f.Today) }, "due activity/1 2.5"},
		{"2026-11-02", func(f *game.Facts) { f.Activity = did("form_submitted", "2", f.Today) }, "due activity/2 2.5"},
		{"2026-11-02", func(f *game.Facts) { f.Activity = did("form_submitted", "3", f.Today) }, ""}, // the cap of the day
		{"2026-11-03", func(f *game.Facts) { f.Activity = did("unheard_of", "4", f.Today) }, ""},
		{"2026-11-03", func(f *game.Facts) { f.Rows = []ledger.Row{awarded(1, f.Today, 9)} }, "points.awarded|9"},
		{"2026-11-03", func(f *game.Facts) { f.Rows = []ledger.Row{awarded(2, f.Today, 1)} }, "points.awarded|1; level.reached||||One; tier.changed||||||bronze"},
		{"2026-11-04", func(f *game.Facts) { f.Rows = []ledger.Row{spent(3, f.Today, 10)} }, ""}, // spending takes no level and no tier
		{"2026-11-05", func(f *game.Facts) { f.Rows = []ledger.Row{awarded(4, f.Today, 100)} }, "points.awarded|100; level.reached||||Three; tier.changed|||||bronze|gold"},
		{"2026-11-06", func(f *game.Facts) { f.Rows = []ledger.Row{awarded(5, f.Today, -95)} }, ""}, // the grace begins
		{"2026-12-05", func(*game.Facts) {}, ""},
		{"2026-12-06", func(*game.Facts) {}, "tier.changed|||||gold|bronze"}, // the level is kept
		{"2026-12-07", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-11", "9", "0.99", 100049)} }, ""},
		{"2026-12-07", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-11", "10", "1", 100050)} }, "badge.earned||quota|2026-11|Quota; badge.earned||rich|2026-11|Rich; due badge/quota/2026-11 100"},
		{"2026-12-07", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-11", "10", "1", 100050)} }, ""},
		{"2026-12-08", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-09", "10", "0.5", 0)} }, ""},
		{"2026-12-08", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-10", "12", "1.2", 0)} }, "badge.earned||quota|2026-10|Quota; badge.earned||three|2026-11|Three in a row; due badge/quota/2026-10 100"},
		{"2026-12-09", func(f *game.Facts) { f.Standings = []game.Standing{stands("2026-11", "1", "0.1", 0)} }, ""}, // a badge is kept
		{"2026-12-10", func(f *game.Facts) { f.Activity = did("call", "5", f.Today) }, ""},
		{"2026-12-10", func(f *game.Facts) { f.Activity = did("call", "6", f.Today) }, "badge.earned||busy|2026-12-10|Busy"},
		{"2026-12-11", func(f *game.Facts) { f.Activity = did("call", "7", f.Today) }, "badge.earned||caller||Caller"},
	} {
		f := facts(step.day)
		step.fact(&f)
		before, _ := json.Marshal(s)
		events, after := game.Decide(rules(), f, s)
		if got := told(events, after); got != step.want {
			t.Errorf("step %d: %q, want %q", n, got, step.want)
		}
		if same, _ := json.Marshal(s); string(same) != string(before) {
			t.Errorf("step %d changed the state before", n)
		}
		s = after
	}
}

// TestStreaks: weekends break none, a day does, and the best is kept.
func TestStreaks(t *testing.T) {
	s, days := game.State{}, rules().Streaks[0]
	running := func(today calendar.Date) int { return s.Running(days, today) }
	for n, step := range []struct {
		day           calendar.Date
		running, best int
	}{
		{"2026-11-19", 1, 1}, {"2026-11-20", 2, 2}, {"2026-11-23", 3, 3}, {"2026-11-25", 1, 3}, // nothing on the 24th
		{"2026-11-24", 5, 5}, // which comes late
	} {
		f := facts(step.day)
		f.Activity = did("call", fmt.Sprint(n), step.day)
		_, s = game.Decide(rules(), f, s)
		today := max(step.day, "2026-11-19")
		if n == 4 {
			today = "2026-11-25"
		}
		if got := running(today); got != step.running || s.Best["days"] != step.best {
			t.Errorf("%s: %d, best %d, want %d and %d", step.day, got, s.Best["days"], step.running, step.best)
		}
	}
	for today, want := range map[calendar.Date]int{"2026-11-26": 5, "2026-11-27": 0} {
		if got := running(today); got != want {
			t.Errorf("on %s the streak is %d, want %d", today, got, want)
		}
	}
}

// TestEarningsTier: earnings of the window count, of the programs and the currency alone.
func TestEarningsTier(t *testing.T) {
	r := game.Rules{Tiers: &game.Tiers{By: game.ByEarnings, Programs: []string{"prg_1"}, Currency: "EUR", Per: calendar.Quarterly, Tiers: []game.Tier{{Name: "silver", AtLeast: "100"}}}}
	for name, test := range map[string]struct {
		standing game.Standing
		want     string
	}{
		"reached":             {stands("2026-11", "", "", 10000), "tier.changed||||||silver"},
		"a cent less":         {stands("2026-11", "", "", 9999), ""},
		"the quarter before":  {stands("2026-09", "", "", 99999), ""},
		"of another program":  {func() game.Standing { s := stands("2026-11", "", "", 99999); s.Program = "prg_2"; return s }(), ""},
		"in another currency": {func() game.Standing { s := stands("2026-11", "", "", 99999); s.Currency = "USD"; return s }(), ""},
	} {
		f := facts("2026-11-22")
		f.Standings = []game.Standing{test.standing}
		events, after := game.Decide(r, f, game.State{})
		if got := told(events, after); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestOrderMeansNothing: activities in any order bring the same points and badges in all.
func TestOrderMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*game.Activity
		for n := range rapid.IntRange(1, 25).Draw(t, "activities") {
			day := calendar.Date("2026-11-02").AddDays(rapid.IntRange(0, 40).Draw(t, "day"))
			all = append(all, did(rapid.SampledFrom([]string{"form_submitted", "call"}).Draw(t, "kind"), fmt.Sprint(n), day))
		}
		play := func(all []*game.Activity) string {
			s, due := game.State{}, int64(0)
			for _, a := range all {
				f := facts("2026-12-15")
				f.Activity = a
				_, s = game.Decide(rules(), f, s)
				for _, d := range s.Due {
					due += d.Amount
				}
			}
			var badges []string
			for _, b := range s.Badges {
				badges = append(badges, b.Badge+b.Period)
			}
			slices.Sort(badges)
			return fmt.Sprint(due, badges, s.Counts, s.Best, s.Met)
		}
		if a, b := play(all), play(rapid.Permutation(all).Draw(t, "order")); a != b {
			t.Fatalf("%s\nin another order:\n%s", a, b)
		}
	})
}

// TestCheck: each mistake is told with its place.
func TestCheck(t *testing.T) {
	if found := rules().Check(); len(found) > 0 {
		t.Fatalf("rules that can be: %v", found)
	}
	for place, spoil := range map[string]func(*game.Rules){
		"zone":                        func(r *game.Rules) { r.Zone = "Nowhere" },
		"activities[1].id":            func(r *game.Rules) { r.Activities[1].ID = "form_submitted"; r.Badges, r.Streaks = nil, nil },
		"activities[0].points":        func(r *game.Rules) { r.Activities[0].Points = "0.0000001" },
		"activities[0].caps[1].per":   func(r *game.Rules) { r.Activities[0].Caps[1].Per = calendar.Daily },
		"activities[0].caps[0].times": func(r *game.Rules) { r.Activities[0].Caps[0].Times = 0 },
		"badges[0].when":              func(r *game.Rules) { r.Badges[0].When = nil },
		"badges[0].when.at_least":     func(r *game.Rules) { r.Badges[0].When.AtLeast = "much" },
		"badges[0].when.component":    func(r *game.Rules) { r.Badges[0].When.Component = "" },
		"badges[3].count.activity":    func(r *game.Rules) { r.Badges[3].Count.Activity = "x" },
		"badges[3].each_period":       func(r *game.Rules) { r.Badges[3].EachPeriod = true },
		"levels[1].points":            func(r *game.Rules) { r.Levels[1].Points = "10" },
		"streaks[0].per":              func(r *game.Rules) { r.Streaks[0].Per = "decade" },
		"streaks[1].per":              func(r *game.Rules) { r.Streaks[1].Per = calendar.Daily },
		"tiers.months":                func(r *game.Rules) { r.Tiers.Per = calendar.Yearly },
		"tiers.programs":              func(r *game.Rules) { r.Tiers.Programs = []string{"prg_1"} },
		"tiers.tiers[1].at_least":     func(r *game.Rules) { r.Tiers.Tiers[1].AtLeast = "9" },
		"rates[0].currency":           func(r *game.Rules) { r.Rates = []game.Rate{{Currency: "XXY", Points: "1"}} },
		"rates[0].points":             func(r *game.Rules) { r.Rates = []game.Rate{{Currency: "EUR", Points: "-1"}} },
		"rates[1].from": func(r *game.Rules) {
			r.Rates = []game.Rate{{Currency: "EUR", Points: "1"}, {Currency: "EUR", Points: "2", From: "2026-11-01"}}
		},
		"rates[0].rounding": func(r *game.Rules) { r.Rates = []game.Rate{{Currency: "EUR", Points: "1", Rounding: "never"}} },
	} {
		r := rules()
		spoil(&r)
		found := r.Check()
		if len(found) != 1 || found[0].Place != place || found[0].Message == "" {
			t.Errorf("%s: %v", place, found)
		}
	}
}

// TestWorth: the rate of the day counts, and what is less than a millionth is rounded as it says.
func TestWorth(t *testing.T) {
	r := game.Rules{Rates: []game.Rate{{Currency: "EUR", Points: "0.25", Until: "2026-11-01"}, {Currency: "EUR", Points: "0.0000005", Rounding: "half_even", From: "2026-11-01"}}}
	for _, test := range []struct {
		minor int64
		on    calendar.Date
		want  int64
	}{{3, "2026-10-31", 750_000}, {1, "2026-11-01", 0}, {3, "2026-11-01", 2}, {2, "2026-11-01", 1}} {
		if got, _, err := r.Worth(test.minor, "EUR", test.on); err != nil || got != test.want {
			t.Errorf("%d on %s: %d, %v, want %d", test.minor, test.on, got, err, test.want)
		}
	}
	if _, _, err := r.Worth(1, "USD", "2026-11-01"); err == nil {
		t.Error("dollars have a worth that no rate says")
	}
}

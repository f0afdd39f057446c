package ratelimit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/ratelimit"
)

func TestBudget(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	night := ratelimit.Budget{Requests: 100, From: 22 * time.Hour, Until: 6 * time.Hour, Zone: zone,
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}}
	at := func(text string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, c := range []struct {
		name   string
		budget ratelimit.Budget
		now    string
		used   int64
		next   string // empty: now
	}{
		{"no budget", ratelimit.Budget{}, "2026-11-22 12:00", 1e9, ""},
		{"in the night", night, "2026-11-24 23:00", 99, ""},
		{"by day", night, "2026-11-24 12:00", 0, "2026-11-24 22:00"},
		{"in the night, spent: what is left of it belongs to the next day", night, "2026-11-24 23:00", 100, "2026-11-25 00:00"},
		{"after midnight, spent", night, "2026-11-25 01:00", 100, "2026-11-26 00:00"},
		{"the night from Friday to Saturday", night, "2026-11-28 05:59", 0, ""},
		{"Saturday morning: until Monday night", night, "2026-11-28 06:00", 0, "2026-11-30 22:00"},
		{"Sunday night belongs to Sunday", night, "2026-11-30 01:00", 0, "2026-11-30 22:00"},
		{"a day's requests", ratelimit.Budget{Requests: 5, Zone: zone}, "2026-11-22 12:00", 5, "2026-11-23 00:00"},
		{"one day of the week", ratelimit.Budget{Days: []time.Weekday{time.Sunday}, Requests: 5, Zone: zone}, "2026-11-22 12:00", 5, "2026-11-29 00:00"},
		{"an hour that is left out when the clocks go forward", ratelimit.Budget{From: 150 * time.Minute, Until: 6 * time.Hour, Zone: zone}, "2026-03-08 01:00", 0, "2026-03-08 03:00"},
	} {
		ok, next := c.budget.Allows(at(c.now), c.used)
		want := at(c.now)
		if c.next != "" {
			want = at(c.next)
		}
		if ok != (c.next == "") || !next.Equal(want) {
			t.Errorf("%s: %t, %s, want %s", c.name, ok, next, want)
		}
	}
	if ok, next := (ratelimit.Budget{Days: []time.Weekday{8}}).Allows(at("2026-11-22 12:00"), 0); ok || !next.IsZero() {
		t.Errorf("a budget that never allows anything: %t, %s", ok, next)
	}
}

// TestBudgetAgainstAWalk: the next time is the first minute at which a walk through the minutes finds the budget open.
func TestBudgetAgainstAWalk(t *testing.T) {
	zones := []*time.Location{nil}
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := ratelimit.Budget{Requests: rapid.SampledFrom([]int64{0, 10}).Draw(t, "requests"), Zone: rapid.SampledFrom(zones).Draw(t, "zone"),
			From:  time.Duration(rapid.IntRange(0, 95).Draw(t, "from")) * 15 * time.Minute,
			Until: time.Duration(rapid.IntRange(0, 95).Draw(t, "until")) * 15 * time.Minute}
		for day := range 7 {
			if rapid.Bool().Draw(t, "day") {
				b.Days = append(b.Days, time.Weekday(day))
			}
		}
		zone := b.Zone
		if zone == nil {
			zone = time.UTC
		}
		// Around the days on which clocks are set.
		now := rapid.SampledFrom([]time.Time{time.Date(2026, 3, 6, 0, 0, 0, 0, zone), time.Date(2026, 10, 23, 0, 0, 0, 0, zone),
			time.Date(2026, 10, 30, 0, 0, 0, 0, zone), time.Date(2026, 4, 2, 0, 0, 0, 0, zone)}).Draw(t, "base").
			Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute)
		used := rapid.SampledFrom([]int64{0, 9, 10}).Draw(t, "used")
		ok, next := b.Allows(now, used)
		today := now.In(zone).Format(time.DateOnly)
		walk := now
		for range 10 * 24 * 60 {
			left := used
			if walk.In(zone).Format(time.DateOnly) != today {
				left = 0
			}
			if open, _ := b.Allows(walk, left); open {
				break
			}
			walk = walk.Add(time.Minute)
		}
		if ok != walk.Equal(now) || !next.Equal(walk) {
			t.Fatalf("%t, %s; the walk comes to %s", ok, next, walk)
		}
	})
}

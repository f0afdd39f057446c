package syncing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/schedule"
	"leadline/shared/syncing"
)

func TestBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		budget syncing.Budget
		says   string
	}{
		"none":        {syncing.Budget{}, ""},
		"all of it":   {syncing.Budget{RequestsPerDay: 5_000, From: "22:00", Until: "06:00", Days: []time.Weekday{time.Friday}, Zone: "Europe/Berlin"}, ""},
		"one minute":  {syncing.Budget{From: "23:59", Until: "00:00"}, ""},
		"a zone":      {syncing.Budget{Zone: "Europe/Berlyn"}, `budget.zone: there is no time zone "Europe/Berlyn"`},
		"requests":    {syncing.Budget{RequestsPerDay: -1}, "budget.requests_per_day"},
		"no end":      {syncing.Budget{From: "22:00"}, "budget.from and budget.until come together"},
		"no begin":    {syncing.Budget{Until: "22:00"}, "budget.from and budget.until come together"},
		"from":        {syncing.Budget{From: "25:00", Until: "06:00"}, `budget.from: "25:00"`},
		"until":       {syncing.Budget{From: "22:00", Until: "24:00"}, `budget.until: "24:00"`},
		"short form":  {syncing.Budget{From: "9:00", Until: "17:00"}, `budget.from: "9:00"`}, // sorts behind 17:00
		"nothing":     {syncing.Budget{From: "06:00", Until: "06:00"}, "the same"},
		"day 7":       {syncing.Budget{Days: []time.Weekday{1, 7}}, "budget.days: 7"},
		"day minus 1": {syncing.Budget{Days: []time.Weekday{-1}}, "budget.days: -1"},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, c.budget.Check(), c.says)
			if b := c.budget; c.says == "" && b.Bounds() != (b.RequestsPerDay > 0 || b.From != "" || len(b.Days) > 0) {
				t.Errorf("it bounds something: %t", b.Bounds())
			}
		})
	}
}

func TestBudgetAllows(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	night := syncing.Budget{From: "22:00", Until: "06:00", Zone: "Europe/Berlin"}
	fridays := syncing.Budget{From: "22:00", Until: "06:00", Days: []time.Weekday{time.Friday}}
	hundred := syncing.Budget{RequestsPerDay: 100, Zone: "Europe/Berlin"}
	for name, c := range map[string]struct {
		budget syncing.Budget
		now    string // UTC
		used   int64
		next   string // empty: it is allowed
	}{
		"nothing is bound":            {syncing.Budget{}, "2026-11-22 12:00", 1_000_000, ""},
		"by day":                      {night, "2026-11-22 12:00", 0, "2026-11-22 21:00"},
		"when it opens":               {night, "2026-11-22 21:00", 0, ""},
		"before it closes":            {night, "2026-11-23 04:59", 0, ""},
		"when it closes":              {night, "2026-11-23 05:00", 0, "2026-11-23 21:00"},
		"in summer":                   {night, "2026-07-22 12:00", 0, "2026-07-22 20:00"},
		"in the longest night":        {night, "2026-10-25 04:59", 0, ""},
		"behind the longest night":    {night, "2026-10-25 05:00", 0, "2026-10-25 21:00"},
		"behind the shortest night":   {night, "2026-03-29 04:00", 0, "2026-03-29 20:00"},
		"a Friday's night":            {fridays, "2026-11-27 22:00", 0, ""},
		"and the morning behind it":   {fridays, "2026-11-28 05:59", 0, ""},
		"not the morning before it":   {fridays, "2026-11-27 05:00", 0, "2026-11-27 22:00"},
		"not the night behind it":     {fridays, "2026-11-28 22:00", 0, "2026-12-04 22:00"},
		"a day of the week":           {syncing.Budget{Days: []time.Weekday{time.Saturday}}, "2026-11-28 23:59", 0, ""},
		"the day behind it":           {syncing.Budget{Days: []time.Weekday{time.Saturday}}, "2026-11-29 00:00", 0, "2026-12-05 00:00"},
		"one request is left":         {hundred, "2026-11-22 12:00", 99, ""},
		"none is left":                {hundred, "2026-11-22 12:00", 100, "2026-11-22 23:00"},
		"more than all are used":      {hundred, "2026-11-22 23:30", 1_000, "2026-11-23 23:00"},
		"none is left, hours":         {syncing.Budget{RequestsPerDay: 1, From: "08:00", Until: "18:00"}, "2026-11-22 12:00", 1, "2026-11-23 08:00"},
		"none is left, by night":      {syncing.Budget{RequestsPerDay: 1, From: "22:00", Until: "06:00"}, "2026-11-22 23:00", 1, "2026-11-23 00:00"},
		"none is left, nor are days":  {syncing.Budget{RequestsPerDay: 1, Days: []time.Weekday{time.Sunday}}, "2026-11-22 23:00", 1, "2026-11-29 00:00"},
		"the day begins at one":       {syncing.Budget{RequestsPerDay: 1, Zone: "Africa/Cairo"}, "2026-04-23 12:00", 1, "2026-04-23 22:00"},
		"a weekday that does, too":    {syncing.Budget{Days: []time.Weekday{time.Friday}, Zone: "Africa/Cairo"}, "2026-04-23 12:00", 0, "2026-04-23 22:00"},
		"it opens where there is no":  {syncing.Budget{From: "02:30", Until: "04:00", Zone: "Europe/Berlin"}, "2026-03-28 12:00", 0, "2026-03-29 01:00"},
		"it closes where there is no": {syncing.Budget{From: "01:00", Until: "02:30", Zone: "Europe/Berlin"}, "2026-03-29 00:59", 0, ""},
		"it closed there":             {syncing.Budget{From: "01:00", Until: "02:30", Zone: "Europe/Berlin"}, "2026-03-29 01:00", 0, "2026-03-29 23:00"},
		"hours that there are not":    {syncing.Budget{From: "02:15", Until: "02:45", Zone: "Europe/Berlin"}, "2026-03-28 12:00", 0, "2026-03-30 00:15"},
		"a week without its hours":    {syncing.Budget{From: "02:15", Until: "02:45", Days: []time.Weekday{time.Sunday}, Zone: "Europe/Berlin"}, "2026-03-28 12:00", 0, "2026-04-05 00:15"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.budget.Check(); err != nil {
				t.Fatal(err)
			}
			ok, next := c.budget.Allows(at(c.now), c.used)
			if c.next == "" {
				if !ok || !next.IsZero() {
					t.Errorf("got %t %s", ok, next)
				}
				return
			}
			if ok || !next.Equal(at(c.next)) {
				t.Errorf("got %t %s, want %s", ok, next.UTC(), c.next)
			}
		})
	}
}

// TestBudgetsAlwaysOpenAgain: whoever waits until the time that is named may work then, whatever the clock does on the way.
func TestBudgetsAlwaysOpenAgain(t *testing.T) {
	zones := []string{"", "Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Asuncion", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "America/Nuuk"}
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.Custom(func(t *rapid.T) string {
			return time.Unix(60*rapid.Int64Range(0, 24*60-1).Draw(t, "minute"), 0).UTC().Format("15:04")
		})
		b := syncing.Budget{Zone: rapid.SampledFrom(zones).Draw(t, "zone"), RequestsPerDay: rapid.Int64Range(0, 2).Draw(t, "requests")}
		if rapid.Bool().Draw(t, "hours") {
			b.From = clock.Draw(t, "from")
			b.Until = clock.Filter(func(until string) bool { return until != b.From }).Draw(t, "until")
		}
		for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 7, rapid.ID).Draw(t, "days") {
			b.Days = append(b.Days, time.Weekday(d))
		}
		if b.Check() != nil {
			return // from and until are the same
		}
		zone, err := schedule.Location(b.Zone)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1_300_000_000, 1_900_000_000).Draw(t, "now"), 0).In(zone)
		if rapid.Bool().Draw(t, "near a jump") {
			if _, jump := now.ZoneBounds(); !jump.IsZero() {
				now = jump.Add(time.Duration(rapid.Int64Range(-48*60, 48*60).Draw(t, "minutes")) * time.Minute)
			}
		}
		used := rapid.Int64Range(0, 3).Draw(t, "used")
		ok, next := b.Allows(now, used)
		if ok {
			if b.RequestsPerDay > 0 && used >= b.RequestsPerDay {
				t.Fatalf("%+v allows more than it has", b)
			}
			return
		}
		if !next.After(now) {
			t.Fatalf("%+v at %s: look again at %s", b, now, next)
		}
		left := used
		if b.Day(next) != b.Day(now) {
			left = 0
		}
		if ok, later := b.Allows(next, left); !ok {
			t.Fatalf("%+v at %s: look again at %s, and then at %s", b, now, next, later)
		}
		// Nothing is allowed before that. (A day that has not come is not asked for: its requests are not used yet.)
		if middle := now.Add(next.Sub(now) / 2); b.RequestsPerDay == 0 {
			if ok, _ := b.Allows(middle, 0); ok {
				t.Fatalf("%+v at %s: look again at %s, but at %s it works", b, now, next, middle)
			}
		}
	})
}

package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/calendar"

	"pgregory.net/rapid"
)

func anyCalendar(t *rapid.T) calendar.Calendar {
	c := calendar.Calendar{YearStarts: rapid.IntRange(0, 12).Draw(t, "year starts"), WeekStarts: rapid.IntRange(0, 7).Draw(t, "week starts"),
		Pattern: rapid.SampledFrom([]calendar.Pattern{"", calendar.FourFourFive, calendar.FourFiveFour, calendar.FiveFourFour}).Draw(t, "pattern")}
	if c.Pattern != "" {
		c.YearEnds = rapid.SampledFrom([]calendar.YearEnd{"", calendar.Last, calendar.Nearest}).Draw(t, "year ends")
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

func anyDate(t *rapid.T, name string) date {
	return calendar.DateOf(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 71*365).Draw(t, name)), time.UTC)
}

// TestPeriodsPartitionTime goes through all periods from 1990 to 2060: the next begins where one ends, names ascend, and each is
// what is found by its name and by its first, last and any day.
func TestPeriodsPartitionTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		kind := rapid.SampledFrom(calendar.Kinds()[1:]).Draw(t, "kind")
		all := c.Within(kind, span{From: "1990-01-01", Until: "2060-01-01"})
		for i, p := range all {
			found, err := c.Named(kind, p.Name)
			if err != nil || found != p {
				t.Fatalf("%v is found by its name as %v, %v", p, found, err)
			}
			last, any := p.Until.AddDays(-1), p.From.AddDays(i%p.Days())
			if c.Of(kind, p.From) != p || c.Of(kind, last) != p || c.Of(kind, any) != p {
				t.Fatalf("%v holds %s, %s and %s, which are in %v, %v and %v", p, p.From, any, last, c.Of(kind, p.From), c.Of(kind, any), c.Of(kind, last))
			}
			if i == 0 {
				continue
			}
			if before := all[i-1]; before.Until != p.From || before.Name >= p.Name || c.Next(before) != p || c.Previous(p) != before {
				t.Fatalf("after %v comes %v", before, p)
			}
		}
	})
}

// TestShorterPeriodsLieInLongerOnes also says how many there are.
func TestShorterPeriodsLieInLongerOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d := anyCalendar(t), anyDate(t, "day")
		var around calendar.Period
		for _, kind := range []calendar.Kind{calendar.Yearly, calendar.HalfYear, calendar.Quarterly, calendar.Monthly, calendar.Weekly, calendar.Daily} {
			p := c.Of(kind, d)
			if kind == calendar.Weekly && c.Pattern == "" {
				if p.Days() != 7 {
					t.Fatalf("%v has %d days", p, p.Days())
				}
				continue
			}
			if !p.Holds(d) || around.Name != "" && !around.Contains(p.Span) {
				t.Fatalf("%v with %s is not in %v", p, d, around)
			}
			around = p
		}
		year := c.Of(calendar.Yearly, d)
		for kind, want := range map[calendar.Kind]int{calendar.HalfYear: 2, calendar.Quarterly: 4, calendar.Monthly: 12} {
			if got := len(c.Within(kind, year.Span)); got != want {
				t.Fatalf("%v has %d of %s", year, got, kind)
			}
		}
	})
}

// TestYearsOfWeeksEndWhereTheyMust states the rule anew: the year ends on the day before a week begins, within six days before
// the first of its month, or three around.
func TestYearsOfWeeksEndWhereTheyMust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		if c.Pattern == "" {
			c.Pattern = calendar.FourFourFive
		}
		y := c.Of(calendar.Yearly, anyDate(t, "day"))
		first, err := time.Parse(time.DateOnly, y.Name+"-01-01")
		if err != nil {
			t.Fatal(err)
		}
		first = first.AddDate(0, max(c.YearStarts, 1)-1, 0)
		from, _ := time.Parse(time.DateOnly, string(y.From))
		off := int(from.Sub(first).Hours() / 24)
		if c.YearEnds == calendar.Nearest && (off < -3 || off > 3) || c.YearEnds != calendar.Nearest && (off < -6 || off > 0) {
			t.Fatalf("%+v: %s begins %d days from %s", c, y.Name, off, first.Format(time.DateOnly))
		}
		if weekday := (int(from.Weekday())+6)%7 + 1; weekday != max(c.WeekStarts, 1) {
			t.Fatalf("%+v: %s begins on day %d of the week", c, y.Name, weekday)
		}
		if days := y.Days(); days != 52*7 && days != 53*7 {
			t.Fatalf("%s has %d days", y.Name, days)
		}
	})
}

// TestWeeksAreThoseOfTheStandard holds weeks from Monday to those of the standard library.
func TestWeeksAreThoseOfTheStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t, "day")
		at, _ := time.Parse(time.DateOnly, string(d))
		year, week := at.ISOWeek()
		want := fmt.Sprintf("%04d-W%02d", year, week)
		if got := (calendar.Calendar{}).Of(calendar.Weekly, d).Name; got != want {
			t.Fatalf("%s is in %s, want %s", d, got, want)
		}
	})
}

// TestWindowsToDateHoldEachDayOnce goes through the periods of a time: a window grows by its period, or begins anew with it.
func TestWindowsToDateHoldEachDayOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		kinds := calendar.Kinds()
		at := rapid.IntRange(0, 4).Draw(t, "kind")
		kind, over := kinds[at], kinds[rapid.IntRange(max(at+1, 2), 5).Draw(t, "over")]
		from := anyDate(t, "from")
		var before calendar.Period
		for _, p := range c.Within(kind, span{From: from, Until: from.AddDays(500)}) {
			window := c.ToDate(over, p)
			grows := before.Name != "" && c.Around(over, before).Name == c.Around(over, p).Name
			switch {
			case window.Until != p.Until || !window.Contains(p.Span):
				t.Fatalf("the window of %v is %v", p, window)
			case grows && window.From != c.ToDate(over, before).From:
				t.Fatalf("from %v to %v the beginning moves: %v", before, p, window)
			case before.Name != "" && !grows && window.From != p.From:
				t.Fatalf("%v is the first of its %s, and its window is %v", p, over, window)
			}
			before = p
		}
	})
}

func TestDaysAreThoseOfTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(rapid.IntRange(2, 9998).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 364).Draw(t, "day"))
		days := rapid.IntRange(-100000, 100000).Draw(t, "days")
		end := start.AddDate(0, 0, days)
		from, want := date(start.Format(time.DateOnly)), date("")
		if end.Year() >= 0 && end.Year() <= 9999 {
			want = date(end.Format(time.DateOnly))
		}
		if got := from.AddDays(days); got != want || want != "" && want.Sub(from) != days {
			t.Fatalf("%s and %d days is %q, want %q, %d apart", from, days, got, want, want.Sub(from))
		}
	})
}

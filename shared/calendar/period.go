package calendar

import (
	"slices"

	"leadline/shared/fault"
)

// Kind is how long the periods of a calendar are.
type Kind string

// The kinds.
const (
	Daily     Kind = "day"
	Weekly    Kind = "week"
	Monthly   Kind = "month"
	Quarterly Kind = "quarter"
	HalfYear  Kind = "half"
	Yearly    Kind = "year"
)

// Kinds lists them, the shortest first.
func Kinds() []Kind { return []Kind{Daily, Weekly, Monthly, Quarterly, HalfYear, Yearly} }

// Pattern is how the weeks of a quarter fall on its three months, where months are made of weeks.
type Pattern string

// The patterns.
const (
	FourFourFive Pattern = "4-4-5"
	FourFiveFour Pattern = "4-5-4"
	FiveFourFour Pattern = "5-4-4"
)

// Calendar says how days fall into periods. The zero value is that of calendar years, with weeks from Monday.
//
// Each day lies in one period of each kind. A month is in one quarter, a quarter in one half, a half in one year, and with a
// Pattern a week in one month; without one, weeks run across the ends of months, quarters and years.
type Calendar struct {
	// YearStarts is the month, from 1 to 12, whose first day begins a year; 0 for January. A year is named after the
	// calendar year that it begins in: of a year from April, 2026 is April 2026 to March 2027. With a Pattern, it is named
	// after the one that this month lies in, though the year may begin some days earlier or later.
	YearStarts int `json:"year_starts,omitempty" minimum:"1" maximum:"12"`
	// WeekStarts is the day, from 1 (Monday) to 7 (Sunday), that begins a week; 0 for Monday.
	WeekStarts int `json:"week_starts,omitempty" minimum:"1" maximum:"7"`
	// Pattern makes months, quarters, halves and years of whole weeks; empty for those of the calendar. A year then has 52
	// weeks, or 53 where 52 would leave it ending seven days or more before the day YearEnds points to. The 53rd week is in
	// the last month.
	Pattern Pattern `json:"pattern,omitempty" enum:"4-4-5,4-5-4,5-4-4"`
	// YearEnds says, with a Pattern, when a year of weeks ends.
	YearEnds YearEnd `json:"year_ends,omitempty" enum:"last,nearest"`
}

// YearEnd is the rule for the last week of a year of weeks: on the last day before YearStarts that ends a week, or on the
// one nearest to the day before YearStarts.
type YearEnd string

// The rules. Last is the default.
const (
	Last    YearEnd = "last"
	Nearest YearEnd = "nearest"
)

// CodeCalendar is the code of calendars that cannot be.
const CodeCalendar = "invalid_calendar"

// Check refuses a calendar that cannot be. The other methods ask for one that passed.
func (c Calendar) Check() error {
	bad := func(text string, args ...any) error { return fault.New(fault.Invalid, CodeCalendar, text, args...) }
	switch {
	case c.YearStarts < 0 || c.YearStarts > 12:
		return bad("year_starts is %d: it is a month, from 1 to 12.", c.YearStarts)
	case c.WeekStarts < 0 || c.WeekStarts > 7:
		return bad("week_starts is %d: it is a day, from 1 (Monday) to 7 (Sunday).", c.WeekStarts)
	case !slices.Contains([]Pattern{"", FourFourFive, FourFiveFour, FiveFourFour}, c.Pattern):
		return bad("pattern is %q: it is 4-4-5, 4-5-4 or 5-4-4, or left out.", cut(string(c.Pattern), 20))
	case !slices.Contains([]YearEnd{"", Last, Nearest}, c.YearEnds):
		return bad("year_ends is %q: it is last or nearest, or left out.", cut(string(c.YearEnds), 20))
	case c.YearEnds != "" && c.Pattern == "":
		return bad("year_ends is there without a pattern: only a year made of weeks has to be told where it ends.")
	}
	return nil
}

// Period is one period of a calendar.
type Period struct {
	// Name is 2026-11-22 for a day, 2026-W47 for a week, 2026-11 for a month of the calendar and 2026-P08 for the eighth month
	// of a year that does not begin in January or is made of weeks, 2026-Q4, 2026-H2, 2026. Names of one calendar and kind sort
	// as their periods do.
	//
	// A week is counted in the year of the calendar that its fourth day lies in. With years from January and weeks from Monday
	// that is its number by ISO 8601.
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Span holds the days: From is the first, Until the day after the last.
	Span
}

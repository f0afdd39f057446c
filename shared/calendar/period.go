package calendar

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

// Pattern is how the weeks of a quarter fall on its three months, where months are made of weeks.
type Pattern string

// The patterns.
const (
	FourFourFive Pattern = "4-4-5"
	FourFiveFour Pattern = "4-5-4"
	FiveFourFour Pattern = "5-4-4"
)

// Calendar says how days fall into periods. The zero value is that of calendar years, with weeks from Monday.
type Calendar struct {
	// YearStarts is the month, from 1 to 12, whose first day begins a year; 0 for January. A year is named after the
	// calendar year that it begins in: of a year from April, 2026 is April 2026 to March 2027.
	YearStarts int `json:"year_starts,omitempty" minimum:"1" maximum:"12"`
	// WeekStarts is the day, from 1 (Monday) to 7 (Sunday), that begins a week; 0 for Monday.
	WeekStarts int `json:"week_starts,omitempty" minimum:"1" maximum:"7"`
	// Pattern makes months, quarters, halves and years of whole weeks; empty for those of the calendar. A year then has 52
	// weeks, or 53 where 52 would leave it ending seven days or more before the day YearEnds points to.
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

// Period is one period of a calendar.
type Period struct {
	// Name is 2026-11-22 for a day, 2026-W47 for a week (of the year of weeks that its fourth day lies in), 2026-11 for a month
	// of the calendar and 2026-P08 for the eighth month of a year that does not begin in January or is made of weeks, 2026-Q4,
	// 2026-H2, 2026. Names of one calendar and kind sort as their periods do.
	Name string
	Kind Kind
	// Span holds the days: From is the first, Until the day after the last.
	Span
}

// Package game is the game around selling: points for what people do, badges, levels, streaks and tiers of participants, by rules
// that each organization writes as data. It is pure: game/keeper reads and writes, store.Games keeps, and package ledger holds the
// points themselves.
package game

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/ledger"
	"leadline/shared/number"
)

// Rules are an organization's. The zero Rules give nothing to anybody.
type Rules struct {
	Organization string `json:"-"`
	// Zone is the time zone that days are counted in; empty for UTC.
	Zone       string         `json:"zone,omitempty" maxLength:"60" doc:"The time zone that days are counted in; UTC if left out." example:"Europe/Berlin"`
	Activities []ActivityKind `json:"activities,omitempty" maxItems:"50" nullable:"false" doc:"What people do, beside selling, that counts."`
	Badges     []Badge        `json:"badges,omitempty" maxItems:"100" nullable:"false"`
	Levels     []Level        `json:"levels,omitempty" maxItems:"100" nullable:"false" doc:"From the lowest, by points ever awarded, less those revoked. A level that was reached is kept."`
	Streaks    []Streak       `json:"streaks,omitempty" maxItems:"30" nullable:"false"`
	Tiers      *Tiers         `json:"tiers,omitempty"`
	Rates      []Rate         `json:"rates,omitempty" maxItems:"200" nullable:"false" doc:"What money is worth in points."`
	UpdatedAt  time.Time      `json:"-"`
	// Rev counts the changes, from 1; 0 for rules that nobody wrote.
	Rev int64 `json:"-"`
}

// The kinds of activity that are named here; rules may declare others.
const (
	FormSubmitted      = "form_submitted"
	CompetitionEntered = "competition_entered"
)

// ActivityKind is something that people do.
type ActivityKind struct {
	ID   string `json:"id" maxLength:"40" example:"form_submitted"`
	Name string `json:"name,omitempty" maxLength:"100"`
	// Points are given for each; "" for none.
	Points string `json:"points,omitempty" maxLength:"30" doc:"For each one; none if left out." example:"2.5"`
	// Caps bound how many of them are given points. What comes beyond counts for badges and streaks.
	Caps []Cap `json:"caps,omitempty" maxItems:"5" nullable:"false" doc:"How many are given points at most. Those beyond still count for badges and streaks."`
}

// Cap is how many there may be in a day, a week ...
type Cap struct {
	Per   calendar.Kind `json:"per" enum:"day,week,month,quarter,half,year"`
	Times int64         `json:"times" minimum:"1" maximum:"1000000"`
}

// Condition asks how somebody stands in a period of a program.
type Condition struct {
	Program string `json:"program" maxLength:"64" example:"prg_4f0c9a2b1x7z"`
	// Component may be left out of what was earned, which is then that of the whole program.
	Component string `json:"component,omitempty" maxLength:"64" doc:"Needed for attainment and measure; what is earned is that of the whole program without it."`
	Of        Figure `json:"of" enum:"attainment,measure,earned"`
	AtLeast   string `json:"at_least" maxLength:"40" doc:"Attainment as a part of one, what is earned in major units of the program's currency." example:"1"`
}

// Figure is what a condition asks for.
type Figure string

// The figures.
const (
	Attainment Figure = "attainment"
	Measure    Figure = "measure"
	Earned     Figure = "earned"
)

// Badge is given for a condition, or for a number of activities, and never taken away.
type Badge struct {
	ID   string `json:"id" maxLength:"40" example:"quota_club"`
	Name string `json:"name" maxLength:"100"`
	Text string `json:"text,omitempty" maxLength:"500" doc:"What it is given for, for people."`
	// Either When or Count.
	When *Condition `json:"when,omitempty"`
	// InARow is for how many consecutive periods the condition must hold; 0 stands for 1.
	InARow int    `json:"in_a_row,omitempty" minimum:"0" maximum:"60" doc:"For how many periods in a row the condition must hold; 1 if left out."`
	Count  *Count `json:"count,omitempty"`
	// EachPeriod gives it once for each period; else it is given once.
	EachPeriod bool `json:"each_period,omitempty" doc:"It is given once for each period; else once."`
	// Points are given with it.
	Points string `json:"points,omitempty" maxLength:"30" doc:"Given with it." example:"100"`
}

// Count asks for a number of activities of a kind.
type Count struct {
	Activity string `json:"activity" maxLength:"40"`
	AtLeast  int64  `json:"at_least" minimum:"1" maximum:"1000000000"`
	// Per is the kind of period that they must lie in; empty for any time.
	Per calendar.Kind `json:"per,omitempty" enum:"day,week,month,quarter,half,year" doc:"In one day, week ...; at any time if left out."`
}

// Level is reached with points.
type Level struct {
	Name   string `json:"name" maxLength:"100"`
	Points string `json:"points" maxLength:"30" doc:"Ever awarded, less those revoked." example:"500"`
}

// Streak counts consecutive periods with an activity, or in which a condition holds.
type Streak struct {
	ID   string `json:"id" maxLength:"40"`
	Name string `json:"name" maxLength:"100"`
	// Either When, of which the periods are those of the program, or Activities and Per.
	When       *Condition    `json:"when,omitempty"`
	Activities []string      `json:"activities,omitempty" maxItems:"50" nullable:"false" doc:"Any of these kinds."`
	Per        calendar.Kind `json:"per,omitempty" enum:"day,week,month,quarter,half,year"`
	// Weekdays says that a Saturday and a Sunday without an activity break no streak of days.
	Weekdays bool `json:"weekdays,omitempty" doc:"Saturdays and Sundays break no streak of days."`
}

// Tiers are those of participants, by what they came to in a window that ends today.
type Tiers struct {
	By TierBy `json:"by" enum:"points,earnings"`
	// Programs and Currency say whose earnings count.
	Programs []string `json:"programs,omitempty" maxItems:"50" nullable:"false"`
	Currency string   `json:"currency,omitempty" maxLength:"3"`
	// Either Months, which ends with the present one, or Per, the present period of a kind.
	Months int           `json:"months,omitempty" minimum:"0" maximum:"36" doc:"A window of that many months, the present one among them."`
	Per    calendar.Kind `json:"per,omitempty" enum:"month,quarter,half,year" doc:"The present month, quarter ... instead of a window."`
	// GraceMonths is how long somebody keeps a tier that the figure is below of.
	GraceMonths int    `json:"grace_months,omitempty" minimum:"0" maximum:"24" doc:"For how many months a tier is kept after the figure fell below it."`
	Tiers       []Tier `json:"tiers" minItems:"1" maxItems:"20" nullable:"false" doc:"From the lowest."`
}

// TierBy is what tiers go by.
type TierBy string

// What tiers go by.
const (
	ByPoints   TierBy = "points"
	ByEarnings TierBy = "earnings"
)

// Tier is one of them.
type Tier struct {
	Name    string `json:"name" maxLength:"100" example:"gold"`
	AtLeast string `json:"at_least" maxLength:"30" doc:"Points, or major units of the currency." example:"1000"`
}

// Rate says what money is worth in points on some days.
type Rate struct {
	Currency string `json:"currency" minLength:"3" maxLength:"3" example:"EUR"`
	// Points are what one minor unit is worth.
	Points string `json:"points" maxLength:"30" doc:"What one minor unit of the currency is worth." example:"0.25"`
	// Rounding is how millionths of a point are rounded; half_away if empty.
	Rounding string        `json:"rounding,omitempty" enum:"half_away,half_even,half_down,down,up" doc:"Of what is less than a millionth of a point; half_away if left out."`
	From     calendar.Date `json:"from,omitempty" maxLength:"10" doc:"The first day; absent for all before." example:"2026-10-01"`
	Until    calendar.Date `json:"until,omitempty" maxLength:"10" doc:"The day when it ends, which is not in it; absent for no end."`
}

// Millionths reads points as people write them; false for what is no exact number of millionths that fits. Empty text is none.
func Millionths(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	n, err := number.Parse(text)
	if err != nil {
		return 0, false
	}
	scaled := n.Mul(number.Of(ledger.PointScale))
	if !scaled.IsInt() {
		return 0, false
	}
	all, err := scaled.Round(0, number.HalfEven)
	return all, err == nil
}

// Text writes millionths of points as people write points.
func Text(millionths int64) string { return number.Frac(millionths, ledger.PointScale).String() }

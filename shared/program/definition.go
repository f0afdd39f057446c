// Package program holds incentive programs as data: what a commission plan or a contest says, in versions with dates,
// checked so that what is published can be right. It calculates nothing; shared/incentive does. It is pure.
//
// Numbers are exact decimals written as JSON texts ("7.5%", "50000"). Amounts of money are in major units of the program's
// currency. Where the field's products differ, the choice is a setting here, with a default that is stated at the field.
package program

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Kind is what a program is.
type Kind string

// The kinds.
const (
	Commission Kind = "commission"
	Contest    Kind = "contest"
)

// Definition is what one version of a program says.
type Definition struct {
	Kind        Kind   `json:"kind" enum:"commission,contest"`
	Title       string `json:"title" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"4000"`
	// Currency (ISO 4217) is that of all amounts in the program, and of what it pays.
	Currency string `json:"currency" pattern:"^[A-Z]{3}$"`
	// Zone is the IANA time zone whose days records are dated by.
	Zone string `json:"zone"`
	// Period is how often it is reckoned and paid; Calendar how days fall into periods.
	Period   calendar.Kind     `json:"period" enum:"day,week,month,quarter,half,year"`
	Calendar calendar.Calendar `json:"calendar,omitzero"`
	// Participants says who takes part.
	Participants Participants `json:"participants"`
	// Exchange says how amounts in other currencies become the program's.
	Exchange Exchange `json:"exchange,omitzero"`
	// Rounding is how an amount is rounded to the currency's minor units: once per component and period.
	Rounding number.Mode `json:"rounding,omitempty" enum:"half_away,half_even,half_down,down,up" default:"half_away"`
	// MidPeriod says what counts where a version ends within a period.
	MidPeriod MidPeriod `json:"mid_period,omitempty" enum:"by_date,at_end" default:"by_date"`
	// Components are the rules that pay, or that others look at, in the order in which they are shown.
	Components []Component `json:"components" minItems:"1" maxItems:"50"`
	// Limits are what is done to the sum of the components, in this order.
	Limits []Limit `json:"limits,omitempty" maxItems:"10"`
	// Standing is what contests rank by, and says what their prizes are. Commission plans may have one for their leaderboard;
	// without, it shows what each has earned.
	Standing *Standing `json:"standing,omitempty"`
}

// MidPeriod is what counts in a period in which one version follows another.
type MidPeriod string

// The ways. By the deal's date, each version counts for its own days, with quotas prorated to them; the limits are those of
// the version in force on the period's last day. At the end, that version counts for the whole period.
const (
	ByDate MidPeriod = "by_date"
	AtEnd  MidPeriod = "at_end"
)

// Participants says who takes part: members that any of the lists names, on the days on which it does, but for Except. Without
// any list, all members take part. Members take part while they are active.
type Participants struct {
	Roles   []string `json:"roles,omitempty" enum:"partner,manager,admin"`
	Teams   []string `json:"teams,omitempty"` // names of teams
	Members []string `json:"members,omitempty"`
	Except  []string `json:"except,omitempty"` // members
}

// Exchange says by which day's rate an amount is converted.
type Exchange struct {
	// On is the day whose rate counts.
	On RateDate `json:"on,omitempty" enum:"record_date,period_start,period_end" default:"record_date"`
	// Currencies are those that records are expected in. A program is refused while one of them has no rate.
	Currencies []string `json:"currencies,omitempty"`
}

// RateDate is the day whose rate counts.
type RateDate string

// The days.
const (
	OnRecordDate  RateDate = "record_date"
	OnPeriodStart RateDate = "period_start"
	OnPeriodEnd   RateDate = "period_end" // the last day of the period
)

// Version is a definition in force from a day, until another follows. From and Until are the days of the program's records.
type Version struct {
	Number     int           `json:"number"`
	From       calendar.Date `json:"from"`
	Until      calendar.Date `json:"until,omitempty"`
	Definition Definition    `json:"definition"`
	// Sources are the views that the components read, as they were when the version was published, by component.
	Sources map[string]Resolved `json:"sources"`
}

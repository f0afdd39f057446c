package program

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Goal is an amount for a length of time: a quota, or the variable pay at target.
type Goal struct {
	// Amount is the default for those who have none of their own (see Target). It is for one Per, and spread evenly over
	// the periods in it.
	Amount *number.Number `json:"amount,omitempty"`
	// Per is what the amount is for; empty for the window that the component looks at.
	Per calendar.Kind `json:"per,omitempty" enum:"day,week,month,quarter,half,year"`
	// Spread says how an amount for a longer time falls on the periods in it: in equal parts, or by their days.
	Spread Spread `json:"spread,omitempty" enum:"equal,days" default:"equal"`
	// Prorate makes it less for who takes part, or for a version that is in force, on some of the days only.
	Prorate Prorate `json:"prorate,omitempty" enum:"days,none" default:"days"`
	// Ramp is what part of it counts in the first, second ... period that somebody takes part in; after the last, all.
	Ramp []number.Number `json:"ramp,omitempty" maxItems:"60"`
}

// Quota is what a measure is divided by.
type Quota struct {
	Goal
	// None says what a quota of zero means: nothing is attained (the default), or all of it.
	None ZeroQuota `json:"none,omitempty" enum:"nothing,full" default:"nothing"`
}

// Spread, Prorate and ZeroQuota are settings of goals.
type (
	Spread    string
	Prorate   string
	ZeroQuota string
)

// Their values.
const (
	Equal     Spread    = "equal"
	SpreadDay Spread    = "days"
	ByDays    Prorate   = "days"
	Whole     Prorate   = "none"
	Nothing   ZeroQuota = "nothing"
	Full      ZeroQuota = "full"
)

// Rate is a rate table: what is paid for each part of what was reached.
type Rate struct {
	// By is what tiers are over.
	By By `json:"by,omitzero"`
	// Pays says what a tier's pay is: a rate on Of (0.05, or an amount for each unit), or a fixed amount.
	Pays Pays `json:"pays,omitempty" enum:"rate,amount" default:"rate"`
	// Of is what a rate is applied to.
	Of Base `json:"of,omitempty" enum:"measure,value,count,target" default:"measure"`
	// Target is the variable pay at target, for Of target, and for limits that are stated in parts of it.
	Target *Goal `json:"target,omitempty"`
	// Mode is how tiers pay. A tier may have one of its own.
	Mode Mode `json:"mode,omitempty" enum:"marginal,whole,interpolated" default:"marginal"`
	// Boundary is the tier that owns the value at which two meet: the one above it (lower: a tier owns its lower bound, the
	// default) or below.
	Boundary Boundary `json:"boundary,omitempty" enum:"lower,upper" default:"lower"`
	// Each looks at each credit by itself, not at all together.
	Each bool `json:"each,omitempty"`
	// Tiers in ascending order; the first is from 0, and counts for what is below 0 as well. Empty if there are Cells.
	Tiers []Tier `json:"tiers,omitempty" maxItems:"50"`
	// Dimensions and Cells make a table of tables.
	Dimensions []Dimension `json:"dimensions,omitempty" maxItems:"4"`
	Cells      []Cell      `json:"cells,omitempty" maxItems:"500"`
}

// By is what a table's tiers, a condition or a rank look at.
type By struct {
	Of ByWhat `json:"of,omitempty" enum:"measure,attainment,count,earned" default:"measure"`
	// Component is another's; empty for this one.
	Component string `json:"component,omitempty"`
}

// ByWhat is what is looked at.
type ByWhat string

// What can be looked at. Earned is the amount of another component, before its rounding.
const (
	ByMeasure    ByWhat = "measure"
	ByAttainment ByWhat = "attainment"
	ByCount      ByWhat = "count" // of the credits
	ByEarned     ByWhat = "earned"
)

// Pays is what a tier's pay is.
type Pays string

// What it can be.
const (
	PaysRate   Pays = "rate"
	PaysAmount Pays = "amount"
)

// Base is what a rate is applied to: the component's measure, the sum of its credits' values, their count, or the variable pay
// at target (times what is attained).
type Base string

// The bases.
const (
	OfMeasure Base = "measure"
	OfValue   Base = "value"
	OfCount   Base = "count"
	OfTarget  Base = "target"
)

// Mode is how a tier pays.
//
// Marginal: what lies in the tier is paid at its rate, or its amount is paid on top of those below. Whole: once the tier is
// reached, everything up to the next tier is paid at its rate, or its amount and no other. Interpolated: as whole, with a rate
// or amount that grows in proportion from the tier's own to the next one's; the last tier is flat.
type Mode string

// The modes.
const (
	Marginal     Mode = "marginal"
	WholeAmount  Mode = "whole"
	Interpolated Mode = "interpolated"
)

// Boundary is who owns a bound.
type Boundary string

// The owners.
const (
	Lower Boundary = "lower"
	Upper Boundary = "upper"
)

// Tier is a row of a rate table. It ends where the next begins.
type Tier struct {
	From number.Number `json:"from"`
	Pay  number.Number `json:"pay"`
	Mode Mode          `json:"mode,omitempty" enum:"marginal,whole,interpolated"`
}

// Dimension is an axis besides the tiers: a column of the record (Column, each credit looks in its own cell), or a measure in
// steps (By with From, the lower bounds, the first 0; the Boundary is the table's).
type Dimension struct {
	Name   string          `json:"name" pattern:"^[a-z][a-z0-9_]{0,63}$"`
	Column string          `json:"column,omitempty"`
	By     *By             `json:"by,omitempty"`
	From   []number.Number `json:"from,omitempty"`
}

// Cell is a table of tiers for one place in the dimensions: by name, the column's value ("*" for all that no other cell names)
// or the lower bound. There is one for each place.
type Cell struct {
	At    map[string]string `json:"at"`
	Tiers []Tier            `json:"tiers"`
}

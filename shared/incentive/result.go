package incentive

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Result is what a participant's period comes to, and why. All amounts are minor units of Currency. Earned is the sum of the
// components' amounts, changed by caps and floors: the sum of all Lines of the components and of the limits, but for draws and
// their recovery. Payable is what is left of it after draws and holds, and after what is released: the sum of all lines there
// are. Either is below zero where more is taken back than is earned.
type Result struct {
	Participant string          `json:"participant"`
	Period      calendar.Period `json:"period"`
	Currency    string          `json:"currency"`
	Components  []Outcome       `json:"components"`
	// Limits are the changes to the sum, in their order: caps, floors, draws. What changed nothing is left out.
	Limits []Limited `json:"limits,omitempty"`
	// Holds are held back (negative) or released (positive). Their Step is the place of the component; -1 if there is none of
	// the name any more.
	Holds   []Line `json:"holds,omitempty"`
	Earned  int64  `json:"earned"`
	Payable int64  `json:"payable"`
	// After is what the next period begins with.
	After Carried `json:"after"`
}

// Outcome is what a component comes to.
type Outcome struct {
	Component string `json:"component"`
	Version   int    `json:"version"`
	// Credits counts those that the measure looked at, Count the records behind them: a reversal counts as minus one.
	Credits    int            `json:"credits"`
	Measure    number.Number  `json:"measure"`
	Count      int            `json:"count"`
	Quota      *number.Number `json:"quota,omitempty"`
	Attainment *number.Number `json:"attainment,omitempty"`
	Target     *number.Number `json:"target,omitempty"`
	// Goals says how quota and target came about.
	Goals []GoalPart `json:"goals,omitempty"`
	// Exact is what the lines come to before the rounding, Amount after it: minor units, the sum of the lines' Amounts.
	Exact  number.Number `json:"exact"`
	Amount int64         `json:"amount"`
	Lines  []Line        `json:"lines,omitempty"`
	// Why says, where nothing is paid, what the reason is.
	Why *Reason `json:"why,omitempty"`
}

// GoalPart is one piece of a quota or target: Amount for these days.
type GoalPart struct {
	Target bool          `json:"target,omitempty"`
	Span   calendar.Span `json:"span"`
	Full   number.Number `json:"full"`   // what it is for the whole period
	Days   int           `json:"days"`   // that it counts on
	Of     int           `json:"of"`     // days there are
	Ramp   number.Number `json:"ramp"`   // 1 without one
	Amount number.Number `json:"amount"` // Full × Days/Of × Ramp
}

// LineKind is what a line pays for.
type LineKind string

// The kinds.
const (
	LineRate       LineKind = "rate"       // a credit's part in a tier, at its rate
	LineTier       LineKind = "tier"       // the fixed amount of a tier
	LineFactor     LineKind = "factor"     // what a gate or multiplier adds to or takes from the lines before
	LineKicker     LineKind = "kicker"     // an amount on top
	LineCap        LineKind = "cap"        // what a cap cuts off: negative
	LineFloor      LineKind = "floor"      // what a floor adds
	LineCarried    LineKind = "carried"    // what an earlier cap cut off, and this period has room for
	LineToDate     LineKind = "to_date"    // what earlier periods of the window earned: negative
	LineTakeBack   LineKind = "take_back"  // what a lost deal had earned: negative
	LineDraw       LineKind = "draw"       // an advance
	LineRecovery   LineKind = "recovery"   // what is taken for earlier advances: negative
	LineHeld       LineKind = "held"       // kept back: negative
	LineReleased   LineKind = "released"   // held back earlier, paid now
	LinePrize      LineKind = "prize"      //
	LineAdjustment LineKind = "adjustment" //
)

// Line is a leaf of an explanation: exact parts that sum to what is paid.
type Line struct {
	Kind LineKind `json:"kind"`
	// Credit is the id of the credit it comes from; empty for what comes from all of them.
	Credit string `json:"credit,omitempty"`
	// Step is the place of what made it: of the adjustment in the component, the limit in the program; -1 for the rate table.
	Step int `json:"step"`
	// Cell and Tier are the place in the rate table, From and To the part of the tier's axis that the credit took up, Base
	// what the rate was applied to.
	Cell int           `json:"cell,omitempty"`
	Tier int           `json:"tier,omitempty"`
	From number.Number `json:"from,omitzero"`
	To   number.Number `json:"to,omitzero"`
	Base number.Number `json:"base,omitzero"`
	Rate number.Number `json:"rate,omitzero"`
	// Exact is the amount in major units, before the rounding; Amount its share of the rounded whole in minor units.
	Exact  number.Number `json:"exact"`
	Amount int64         `json:"amount"`
	// Note says for people what no other field does.
	Note string `json:"note,omitempty"`
}

// Limited is what a limit of the program did.
type Limited struct {
	Step   int    `json:"step"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Lines  []Line `json:"lines,omitempty"`
	// Forgiven is what a draw wrote off of what was owed. Nobody is paid it.
	Forgiven int64 `json:"forgiven,omitempty"`
}

// Reason is why nothing is paid.
type Reason struct {
	// Code is one of the reasons below.
	Code string `json:"code"`
	// Detail names what was asked for and what was there.
	Detail string `json:"detail"`
}

// The reasons.
const (
	WhyNotInPeriod = "not_taking_part" // on no day of the period
	WhyNoCredit    = "no_credit"       // no record counted
	WhyNoQuota     = "no_quota"        // nothing to measure against
	WhyTierZero    = "tier_pays_zero"  // what was reached lies in a tier that pays nothing
	WhyGate        = "gate_closed"
	WhyNet         = "net_zero" // reversals take away as much as was earned
	WhyRounded     = "rounds_to_zero"
	WhyNoRate      = "only_measured" // the component pays nothing to anybody
)

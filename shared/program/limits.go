package program

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// AdjustKind is what is done to a component's amount.
type AdjustKind string

// The kinds.
const (
	Gate       AdjustKind = "gate"       // unless When holds, the amount is times Factor (0 by default)
	Multiplier AdjustKind = "multiplier" // times Factor, or what Curve says
	Kicker     AdjustKind = "kicker"     // Amount on top
	CapDeal    AdjustKind = "cap_deal"   // no line of a credit is more than Amount
	Cap        AdjustKind = "cap"        // not more than Amount
	Floor      AdjustKind = "floor"      // not less than Amount
)

// Adjustment changes the amount of a component. When, if it is there, must hold.
type Adjustment struct {
	Kind   AdjustKind     `json:"kind" enum:"gate,multiplier,kicker,cap_deal,cap,floor"`
	When   *Condition     `json:"when,omitempty"`
	Factor *number.Number `json:"factor,omitempty"`
	Curve  *Curve         `json:"curve,omitempty"`
	Size
	// Excess is what becomes of what a cap cuts off: it is lost, or carried into the next period, where it is earned as far as
	// the cap there allows.
	Excess Excess `json:"excess,omitempty" enum:"lost,carried" default:"lost"`
}

// Size is an amount of money, or a part of the variable pay at target (Rate.Target of the component; of all components, for a
// limit of the program).
type Size struct {
	Amount   *number.Number `json:"amount,omitempty"`
	OfTarget *number.Number `json:"of_target,omitempty"`
}

// Condition holds where what it looks at is at least Least, and below Below.
type Condition struct {
	By
	Least *number.Number `json:"least,omitempty"`
	Below *number.Number `json:"below,omitempty"`
}

// Curve gives a factor by what is reached: the pay of the tier, flat, or interpolated.
type Curve struct {
	By
	Mode     Mode     `json:"mode,omitempty" enum:"whole,interpolated" default:"whole"`
	Boundary Boundary `json:"boundary,omitempty" enum:"lower,upper" default:"lower"`
	Tiers    []Tier   `json:"tiers"`
}

// Excess is what becomes of what a cap cuts off.
type Excess string

// The ways.
const (
	Lost        Excess = "lost"
	CarriedOver Excess = "carried"
)

// LimitKind is what is done to the sum of the components.
type LimitKind string

// The kinds.
const (
	LimitCap   LimitKind = "cap"
	LimitFloor LimitKind = "floor"
	LimitDraw  LimitKind = "draw"
)

// Limit changes what the whole program pays in a period.
type Limit struct {
	Kind LimitKind `json:"kind" enum:"cap,floor,draw"`
	Size
	Excess Excess `json:"excess,omitempty" enum:"lost,carried" default:"lost"`
	// Over is the time that a cap is for: with a longer one than the period, what earlier periods of it paid counts.
	Over calendar.Kind `json:"over,omitempty" enum:"month,quarter,half,year"`
	Draw *Draw         `json:"draw,omitempty"`
	// Prorate makes a draw or floor less for who takes part on some of the days only.
	Prorate Prorate `json:"prorate,omitempty" enum:"days,none" default:"days"`
}

// Draw is an advance: Size is what it comes to in a period.
type Draw struct {
	// Form: as a guarantee, only what is missing to the amount is advanced; on top, all of it is paid besides what is earned.
	Form DrawForm `json:"form,omitempty" enum:"guarantee,on_top" default:"guarantee"`
	// Recoverable says that what was advanced is owed, and taken from later earnings: of a guarantee from what is above the draw.
	Recoverable bool `json:"recoverable"`
	// RecoverAfter is after how many periods recovery begins, counted from the one of the advance; 0 for the next one.
	RecoverAfter int `json:"recover_after,omitempty" minimum:"0" maximum:"60"`
	// RecoverShare is the most of a period's earnings (of a guarantee: above the draw) that recovery takes; empty for all.
	RecoverShare *number.Number `json:"recover_share,omitempty"`
	// Periods is for how many periods, from the first that somebody takes part in, there is an advance; 0 for all.
	Periods int `json:"periods,omitempty" minimum:"0" maximum:"120"`
	// Forgive writes off what is still owed at the end of the last of Periods.
	Forgive bool `json:"forgive,omitempty"`
}

// DrawForm is how a draw is paid.
type DrawForm string

// The forms.
const (
	Guarantee DrawForm = "guarantee"
	OnTop     DrawForm = "on_top"
)

// Policy is what happens to credit for a deal that is lost after it was won.
type Policy string

// The policies. Restate: the credit goes, and its period is reckoned anew (the default; a period that is locked gets the
// difference as an adjustment elsewhere). NegativeSale: a credit of minus its value in the period of the loss, at the rates
// there. TakeBack: what the deal earned is taken back in the period of the loss.
const (
	Restate      Policy = "restate"
	NegativeSale Policy = "negative_sale"
	TakeBack     Policy = "take_back"
)

// Clawback says what happens to credit for a deal that is lost later.
type Clawback struct {
	Policy Policy `json:"policy" enum:"restate,negative_sale,take_back"`
	// When (bool, over the row) says that a deal is lost; Date is the column with the day. Of a deal that is lost, filters and
	// qualifiers that read Date, or a column that When reads, are not asked: the columns that date it say that it was won.
	When string `json:"when" maxLength:"4000"`
	Date string `json:"date"`
	// Within is for how many days after the deal's date a loss counts; 0 for ever.
	Within int `json:"within,omitempty" minimum:"0" maximum:"3660"`
	// Share is how much is taken back; empty for all.
	Share *number.Number `json:"share,omitempty"`
}

// Hold keeps part of each line of a credit back.
type Hold struct {
	Share number.Number `json:"share"`
	// ReleaseDate is the column with the day of release (cash came in); or AfterDays counts from the record's date. With neither,
	// somebody releases it.
	ReleaseDate string `json:"release_date,omitempty"`
	AfterDays   int    `json:"after_days,omitempty" minimum:"0" maximum:"3660"`
}

package program

import (
	"leadline/shared/number"
	"leadline/shared/view"
)

// Component is one rule: which records count, what each is worth, who is credited, what the credits add up to, what that
// is measured against, what it pays, and what changes that. Each part but Name and Source has a default.
type Component struct {
	// Name is how other components and lines name it: letters, digits and underscores.
	Name  string `json:"name" pattern:"^[a-z][a-z0-9_]{0,63}$"`
	Title string `json:"title,omitempty" maxLength:"200"`
	// For narrows down the program's participants.
	For *Participants `json:"for,omitempty"`
	// Source says where records come from.
	Source Source `json:"source"`
	// Qualifiers are formulas of the type bool over a row; a record counts if all are true.
	Qualifiers []Qualifier `json:"qualifiers,omitempty" maxItems:"20"`
	// Value is a formula of the type decimal, what a record is worth; empty for 1, or the variable's column. Of money it is in
	// major units, in the currency that the formula Currency (text) names; empty for a value that is not money, or is in the
	// program's currency.
	Value    string `json:"value,omitempty" maxLength:"4000"`
	Currency string `json:"currency,omitempty" maxLength:"1000"`
	// Weight (decimal) is what weighted measures weigh by, and what ratios divide by. Key (text) is what distinct counts.
	Weight string `json:"weight,omitempty" maxLength:"4000"`
	Key    string `json:"key,omitempty" maxLength:"1000"`
	// Credit says who gets credit for a record; empty for all of it to the row's owner.
	Credit Crediting `json:"credit,omitzero"`
	// Measure is what a participant's credits add up to.
	Measure Measure `json:"measure,omitzero"`
	// Quota is what the measure is divided by, for an attainment.
	Quota *Quota `json:"quota,omitempty"`
	// Rate says what is paid. Without it the component pays nothing, and is there for others to look at.
	Rate *Rate `json:"rate,omitempty"`
	// Adjust is what is done to the amount, in this order.
	Adjust []Adjustment `json:"adjust,omitempty" maxItems:"20"`
	// Clawback says what happens to credit for a deal that is lost later.
	Clawback *Clawback `json:"clawback,omitempty"`
	// Hold keeps part of what is earned back until later.
	Hold *Hold `json:"hold,omitempty"`
}

// Source is where records come from: a variable, which brings its view, filter, column, dates and measure, or a view.
type Source struct {
	Variable string `json:"variable,omitempty"`
	View     string `json:"view,omitempty"`
	// Dates are the columns that date a row; the first with a value counts. Empty for those of the variable.
	Dates []string `json:"dates,omitempty" maxItems:"8"`
	// Owner is the column with the member that direct credit goes to; empty for the view's.
	Owner string `json:"owner,omitempty"`
}

// Resolved is a source with all that it names, so that what a version pays does not change with a view.
type Resolved struct {
	View  view.View            `json:"view"`
	Links map[string]view.Link `json:"links,omitempty"`
	// Filter is the variable's.
	Filter []view.Condition `json:"filter,omitempty"`
	// Dates are the columns and conditions by which a row is dated.
	Dates []view.Dating `json:"dates"`
	Owner string        `json:"owner,omitempty"`
	// Variable is the definition behind it, if there is one.
	Variable *view.Variable `json:"variable,omitempty"`
}

// Qualifier is a condition with the name that a statement gives where it fails.
type Qualifier struct {
	Name    string `json:"name" maxLength:"100"`
	Formula string `json:"formula" maxLength:"4000"`
}

// Crediting says who gets credit for a record.
type Crediting struct {
	Rules []CreditRule `json:"rules,omitempty" maxItems:"20"`
	// Hierarchy is the day on which lines of reporting and teams count.
	Hierarchy HierarchyDate `json:"hierarchy,omitempty" enum:"record_date,period_end" default:"record_date"`
	// Total is what the direct and split shares of a record come to: exactly 100 %, at most, or anything. Overlays never count.
	Total ShareTotal `json:"total,omitempty" enum:"exactly_100,at_most_100,any" default:"exactly_100"`
}

// CreditKind is why somebody has credit.
type CreditKind string

// The kinds.
const (
	Direct  CreditKind = "direct"  // the record's owner
	Split   CreditKind = "split"   // shares the record with others
	Overlay CreditKind = "overlay" // helps, besides: nobody's share gets less
	RollUp  CreditKind = "rollup"  // leads those who have direct and split credit
	Team    CreditKind = "team"    // a team, as a participant of its own
)

// CreditRule gives credit.
type CreditRule struct {
	Kind CreditKind `json:"kind" enum:"direct,split,overlay,rollup,team"`
	// To says to whom; direct goes to the owner, rollup to those above, team to the teams of those who have direct and split
	// credit. Where no rule is of these two kinds, it is the owner from whom rollup and team start, without credit of his or her
	// own.
	To *Recipient `json:"to,omitempty"`
	// Share is the part of the value; empty for all of it. With ShareFrom, a formula (decimal, 1 for all of it), it differs by
	// record.
	Share     *number.Number `json:"share,omitempty"`
	ShareFrom string         `json:"share_from,omitempty" maxLength:"4000"`
	// When (bool) says for which records; empty for all.
	When string `json:"when,omitempty" maxLength:"4000"`
	// Levels is how far a roll-up goes up, from 1; 0 for all the way.
	Levels int `json:"levels,omitempty" minimum:"0" maximum:"20"`
	// Overlays says that overlay credit rolls up, too. By default it does not: the record would count more than once.
	Overlays bool `json:"overlays,omitempty"`
	// Own says whether somebody who has credit of one's own for a record gets roll-up credit for the rest only (once, the
	// default) or for all that is below (add).
	Own OwnCredit `json:"own,omitempty" enum:"once,add" default:"once"`
}

// OwnCredit is what a leader's own share does to the roll-up.
type OwnCredit string

// The ways. Once: own share and roll-up together are at most the record's whole value.
const (
	Once OwnCredit = "once"
	Add  OwnCredit = "add"
)

// Recipient is who gets credit: exactly one of the fields is set.
type Recipient struct {
	Column string `json:"column,omitempty"` // of the row, with a member or a user of the CRM
	Member string `json:"member,omitempty"`
	Team   string `json:"team,omitempty"` // all of its members, each alike; the share is each one's
}

// HierarchyDate is the day on which the hierarchy counts.
type HierarchyDate string

// The days.
const (
	AtRecordDate HierarchyDate = "record_date"
	AtPeriodEnd  HierarchyDate = "period_end" // the last day of the period that the record lies in
)

// ShareTotal is what shares come to.
type ShareTotal string

// The totals.
const (
	Exactly100 ShareTotal = "exactly_100"
	AtMost100  ShareTotal = "at_most_100"
	AnyTotal   ShareTotal = "any"
)

// MeasureKind is how credits are added up.
type MeasureKind string

// The kinds.
const (
	Sum      MeasureKind = "sum"
	Count    MeasureKind = "count"
	Distinct MeasureKind = "distinct" // different Keys
	Average  MeasureKind = "average"  // of the values
	Ratio    MeasureKind = "ratio"    // the sum of the values by that of the weights
	Weighted MeasureKind = "weighted" // the values' mean, each weighing its weight
	Max      MeasureKind = "max"
	Min      MeasureKind = "min"
)

// Measure is what credits add up to. It is never rounded.
type Measure struct {
	// Kind is, where nothing is said, that of the variable, and sum without one.
	Kind MeasureKind `json:"kind,omitempty" enum:"sum,count,distinct,average,ratio,weighted,max,min"`
	// Of are the kinds of credit that count; empty for all.
	Of []CreditKind `json:"of,omitempty" enum:"direct,split,overlay,rollup,team"`
	// Shared counts a shared record by its share; by default count counts one for everybody who has credit.
	Shared bool `json:"shared,omitempty"`
	// Window is the time that is looked at.
	Window Window `json:"window,omitempty" enum:"period,quarter_to_date,half_to_date,year_to_date" default:"period"`
	// TrueUp says what a window to date pays in a period.
	TrueUp TrueUp `json:"true_up,omitempty" enum:"deduct,at_rate" default:"deduct"`
}

// Window is the time that a measure looks at. It always ends with the period.
type Window string

// The windows.
const (
	ThisPeriod    Window = "period"
	QuarterToDate Window = "quarter_to_date"
	HalfToDate    Window = "half_to_date"
	YearToDate    Window = "year_to_date"
)

// TrueUp is what a window to date pays in a period: what the window comes to less what earlier periods of it paid (deduct), or
// this period's credits alone, at the rates that the window has reached (at_rate).
type TrueUp string

// The ways.
const (
	Deduct TrueUp = "deduct"
	AtRate TrueUp = "at_rate"
)

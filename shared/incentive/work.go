package incentive

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/view"
)

// What the steps work on: each kind of step has one work, which it reads and writes. The fields stand in the order of the steps
// that write them.

// recordWork is what the record steps work on: one record, one component of one version. A step that refuses the record says so
// by refuse, and those after it are left out.
type recordWork struct {
	plan  *Plan
	v     *version
	c     *component
	world World
	row   view.Row
	base  Base

	// date: the day that the record counts on, with its instant. elsewhere is set where another version counts on it, or none; the
	// steps after it are left out, and nothing is said of the record here.
	date      calendar.Date
	at        time.Time
	elsewhere bool
	// lost says that the deal is lost, as the clawback says; lossErr that this cannot be told.
	lost    bool
	lossErr error

	// value: the worth is in the record's currency, which is empty for what is not money, or in the program's.
	worth    number.Number
	weight   number.Number
	key      string
	currency string
	// convert: the value is in the program's currency. rate converted it; nil if nothing did.
	value number.Number
	rate  *money.Rate

	// credit makes the credits, claw adds what takes them back.
	credits []Credit

	refusals []Refusal
	refused  bool
	// said is what the steps say for people (say); nil where nobody asks.
	said *[]Said
}

// componentWork is what the component steps work on: one component of one version, for one participant and period.
type componentWork struct {
	// What is set out before the first step (Plan.works).
	plan *Plan
	v    *version
	c    *component
	in   *Input
	// days are those of the period that the version counts for: all of it, but where another follows within.
	days calendar.Span
	// window is the time that the measure looks at, from its beginning to the end of days; without a window to date, it is days.
	window calendar.Span
	// spans are the days of the window on which the participant takes part in the component.
	spans []calendar.Span
	// credits are those in the window, in order: by Date, At, record and ID. Those from periodFrom on lie in days.
	credits    []*Credit
	periodFrom int
	// others are the works of all of the version's components, by place: all are measured before any is paid.
	others []*componentWork
	// earlier is the component of the same name of the version before, where that one counts in the period, too: it is paid.
	earlier *componentWork

	// measure: counted are the credits that the measure looks at, those from countedFrom on lie in days. counts is what each adds
	// to their number (nothing, if it is another one for the same record), tally the number of all, by their shares if the measure
	// says so.
	counted     []*Credit
	countedFrom int
	counts      []int8
	tally       number.Number
	// goal: targetNow is the part of the target that falls on days; that on the window is out.Target.
	targetNow number.Number
	// rate makes the first lines, and those after it add to them.
	lines []Line
	// takeback: back are the credits that take back what a deal earned, by id. True are those that are settled, by what was earned
	// in an earlier period. The others follow what is earned in this very reckoning: mirrors holds those, by the credit that they
	// take back.
	back    map[string]bool
	mirrors map[string][]mirror
	// adjust: opening is what the component carried of caps when its adjustments began, excess what it carries after them. In
	// minor units.
	opening, excess int64

	out Outcome
	// err is what makes it impossible to go on: an amount that no account holds.
	err error
}

// programWork is what the program steps work on: the sum of the components of one participant and period.
type programWork struct {
	plan *Plan
	// v is the version in force on the last day of the period that it is in force on.
	v  *version
	in *Input
	// components are those of all versions that count in the period, as their steps left them.
	components []*componentWork

	// limit: earned is what is earned after caps and floors, longCounted what caps for a longer time than the period count of what
	// is paid. Owed and excess (of the limits) are what is carried. Minor units.
	earned, longCounted int64
	owed                []Advance
	excess              int64
	// hold: what goes on being held.
	holds []Held

	// result has what is paid (Payable) as it stands after each step.
	result Result
	// err is what makes it impossible to go on: an amount that no account holds.
	err error
}

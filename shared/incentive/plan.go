package incentive

import (
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/formula"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/view"
)

// Plan is a program with all its versions, ready to reckon with. It is safe for concurrent use.
type Plan struct {
	versions []*version // by From
	// atEnd says that one of them counts for whole periods.
	atEnd bool
}

// version is one version of the program.
type version struct {
	program.Version
	components []*component // as the definition lists them
	paying     []int        // the components in an order in which each comes after those whose earnings it looks at
	minor      int          // digits of the currency's minor unit
	clock      view.Clock   // in the definition's zone
}

// component is one component of a version, with its formulas and sources compiled.
type component struct {
	program.Component
	at         int // its place in the definition
	source     program.Resolved
	rows       *view.Rows // with the columns that are read, and no others
	dates      []dating
	filter     filter // of the view, then of the variable
	excused    filter // what of it is asked of a deal that is lost
	qualifiers []*formula.Formula
	asksLost   []bool // by qualifier: whether it is asked of a deal that is lost
	value      amount
	currency   *formula.Formula // nil for the program's
	weight     amount
	key        *formula.Formula
	shares     []amount           // by credit rule
	whens      []*formula.Formula // by credit rule; nil for always
	lost       *formula.Formula   // of the clawback
	// The places of columns: -1 for none.
	owner    int
	to       []int // by credit rule: of its recipients
	lostOn   int
	released int
	cells    []cell // the columns that are dimensions of the rate table
	table    *table // of the rate; nil for none
}

// CodeBroken is the code of the fault of a version that cannot be reckoned with; program.Check finds what is wrong with it.
const CodeBroken = "program_broken"

// Compile makes a plan of the versions of a program, in any order. Those that are to be reckoned with have been checked: what
// fails here is Invalid (CodeBroken).
func Compile(versions []program.Version) (*Plan, error) {
	p := &Plan{}
	for _, v := range versions {
		compiled, err := compileVersion(v)
		if err == nil {
			err = compileTables(compiled)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, CodeBroken, "Version %d of the program cannot be reckoned with: %v", v.Number, err)
		}
		p.versions = append(p.versions, compiled)
		p.atEnd = p.atEnd || v.Definition.MidPeriod == program.AtEnd
	}
	slices.SortFunc(p.versions, func(a, b *version) int { return compareDates(a.From, b.From) })
	return p, nil
}

func compareDates(a, b calendar.Date) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// at gives the version in force on a day; nil if there is none.
func (p *Plan) at(d calendar.Date) *version {
	for _, v := range p.versions {
		if (calendar.Span{From: v.From, Until: v.Until}).Holds(d) {
			return v
		}
	}
	return nil
}

// recordWork is what the record steps work on: one record, one component. A step that refuses the record says so by refuse,
// and those after it are left out.
type recordWork struct {
	plan  *Plan
	v     *version
	c     *component
	world World
	row   view.Row
	base  Base
	// date is the day that the record counts on, at the instant. elsewhere is set where another version counts on it, or none.
	date      calendar.Date
	at        time.Time
	elsewhere bool
	// lost says that the deal is lost, as the clawback says; lossErr that this cannot be told.
	lost    bool
	lossErr error
	worth   number.Number // in the record's currency
	value   number.Number // in the program's
	weight  number.Number
	key     string
	// currency is the record's, empty for what is not money, or in the program's. rate converted it; nil if nothing did.
	currency string
	rate     *money.Rate
	credits  []Credit
	refusals []Refusal
	refused  bool
	// said is what the steps say for people; nil where nobody asks.
	said *[]Said
}

// componentWork is what the component steps work on: one component of one version, for one participant and period.
type componentWork struct {
	plan *Plan
	v    *version
	c    *component
	in   *Input
	// window is the time that the measure looks at: it ends with the period, or with the version.
	window calendar.Span
	// spans are the days of the window on which the participant takes part in the component.
	spans []calendar.Span
	// credits are those in the window, in order: by Date, At, record and ID. Those from periodFrom on lie in the period.
	credits []*Credit
	periodFrom int
	// others are the outcomes of the version's components, by place: measured before any is paid.
	others []*componentWork
	lines  []Line
	out    Outcome
	// days are those of the period that the version counts for: all of it, but where another follows within.
	days calendar.Span
	// earlier is the component of the same name of the version before, where that one counts in the period, too: it is paid.
	earlier *componentWork
	// counted are the credits that the measure looks at, counts what each adds to their number (nothing, if it is another one for
	// the same record); those from countedFrom on lie in the period. tally is the number of all, by their shares if the measure
	// says so.
	counted      []*Credit
	counts       []int8
	countedFrom int
	tally        number.Number
	// targetNow is the part of the target that is the period's own; that of the window is out.Target.
	targetNow number.Number
	// mirrors are, by the credit that they take back, those that take back what is earned in this very reckoning; back are all that
	// take back, with true for those that are settled: by what was earned in an earlier period.
	mirrors map[string][]mirror
	back    map[string]bool
	// opening is what the component carried of caps when its adjustments began, excess what it carries after them. Minor units.
	opening, excess int64
	// err is what makes it impossible to go on: an amount that no account holds.
	err error
}

// programWork is what the program steps work on: the sum of the components of one participant and period.
type programWork struct {
	plan *Plan
	// v is the version in force on the last day of the period that it is in force on.
	v          *version
	in         *Input
	components []*componentWork
	result     Result
	// earned is what is earned after caps and floors, counted what caps for a longer time count of it. Owed, excess and holds are
	// what is carried. Minor units.
	earned, counted int64
	owed            []Advance
	excess          int64 // of the limits
	holds           []Held
	// err is what makes it impossible to go on: an amount that no account holds.
	err error
}

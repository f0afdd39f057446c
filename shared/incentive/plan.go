package incentive

import (
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/formula"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/view"
)

// Plan is a program with all its versions, ready to reckon with. It is safe for concurrent use.
type Plan struct {
	versions []*version // by From
}

// version is one version of the program.
type version struct {
	program.Version
	components []*component // as the definition lists them
	paying     []int        // the components in an order in which each comes after those that it looks at
	minor      int          // digits of the currency's minor unit
}

// component is one component of a version, with its formulas and sources compiled.
type component struct {
	program.Component
	at         int // its place in the definition
	source     program.Resolved
	rows       *view.Plan
	qualifiers []*formula.Formula
	value      *formula.Formula // nil for 1
	currency   *formula.Formula // nil for the program's
	weight     *formula.Formula
	key        *formula.Formula
	shares     []*formula.Formula // by credit rule; nil where the rule has none
	whens      []*formula.Formula
	lost       *formula.Formula // of the clawback
}

// CodeBroken is the code of the fault of a version that cannot be reckoned with; program.Check finds what is wrong with it.
const CodeBroken = "program_broken"

// Compile makes a plan of the versions of a program, in any order. Those that are to be reckoned with have been checked: what
// fails here is Invalid (CodeBroken).
func Compile(versions []program.Version) (*Plan, error) {
	p := &Plan{}
	for _, v := range versions {
		compiled, err := compileVersion(v)
		if err != nil {
			return nil, fault.New(fault.Invalid, CodeBroken, "Version %d of the program cannot be reckoned with: %v", v.Number, err)
		}
		p.versions = append(p.versions, compiled)
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

// recordWork is what the record steps work on: one record, one component. A step that refuses the record sets refusal, and
// those after it are left out.
type recordWork struct {
	plan  *Plan
	v     *version // set by the date step
	c     *component
	world World
	row   view.Row
	base  Base
	date  calendar.Date
	worth number.Number // in the record's currency
	value number.Number // in the program's
	// currency is the record's, empty for what is not money.
	currency string
	credits  []Credit
	refusals []Refusal
	refused  bool
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
	// credits are those in the window, in order: by Date, At, record and ID. Those from fresh on lie in the period.
	credits []*Credit
	fresh   int
	// others are the outcomes of the version's components, by place: measured before any is paid.
	others []*componentWork
	lines  []Line
	out    Outcome
}

// programWork is what the program steps work on: the sum of the components of one participant and period.
type programWork struct {
	plan *Plan
	// v is the version in force on the last day of the period that it is in force on.
	v          *version
	in         *Input
	components []*componentWork
	result     Result
}

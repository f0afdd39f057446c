package incentive

import (
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/formula"
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

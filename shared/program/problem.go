package program

import (
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a problem is.
type Severity string

// The severities. What has an error cannot be published; of a warning somebody should know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is what is wrong at one place of a definition. Path names it as JSON does: "components[2].rate.tiers[0].from"; empty
// for the whole. Code is a stable word for programs, Message for people.
type Problem struct {
	Path     string   `json:"path"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	Severity Severity `json:"severity" enum:"error,warning"`
}

// String gives the problem in one line.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// The codes of problems.
const (
	CodeUnknownName    = "unknown_name"    // no variable, view, link, column, component of the name, or no such word
	CodeMissing        = "missing"         // what must be there is not
	CodeNotTogether    = "not_together"    // two settings that exclude each other, or one that has no effect beside another
	CodeTwice          = "twice"           // a name, cell or setting that is there already
	CodeOrder          = "order"           // tiers, milestones, ranks that do not ascend
	CodeGap            = "gap"             // a place that nothing is said for
	CodeRange          = "out_of_range"    // a number that makes no sense
	CodeShares         = "shares"          // shares that do not come to what they must
	CodeFormula        = "invalid_formula" // see shared/formula
	CodeCycle          = "cycle"           // components that look at each other in a circle
	CodeTime           = "depends_on_now"  // what is true today and not tomorrow
	CodeRate           = "no_exchange_rate"
	CodeZone           = "unknown_zone"
	CodeCurrency       = "unknown_currency"
	CodeOverlap        = "overlapping_versions"
	CodeUnknownField   = "unknown_field"
	CodeWrongType      = "wrong_type"
	CodeUnusual        = "unusual" // a warning: it can be right, and seldom is
	CodeMeasureRefused = "measure_not_supported"
)

// Errors gives those of the problems that keep a definition from being published.
func Errors(problems []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Severity != Error })
}

// problems gathers them.
type problems []Problem

func (p *problems) refuse(path, code, format string, args ...any) {
	*p = append(*p, Problem{Path: path, Code: code, Message: fmt.Sprintf(format, args...), Severity: Error})
}

func (p *problems) warn(path, code, format string, args ...any) {
	*p = append(*p, Problem{Path: path, Code: code, Message: fmt.Sprintf(format, args...), Severity: Warning})
}

// place joins the parts of a path: place("components", 2, "rate") is "components[2].rate".
func place(parts ...any) string {
	var b strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", part)
		case string:
			if part == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

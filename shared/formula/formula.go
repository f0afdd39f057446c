// Package formula holds the expressions that admins write into programs: conditions and values over a row of a view, in CEL
// (https://cel.dev) with exact decimals instead of floats, checked for types and for cost before they are saved.
//
// A formula sees one row: row.value, row.status_type. Columns have the types of the view: numbers and money are decimals (money in
// major units), texts, choices and references are strings, booleans are bools, dates and times are timestamps, and what holds
// several choices is a list of strings. A name that is no identifier stands in backquotes: row.`custom.cf_abc`. A column without a
// value is an error of the formula, which has(row.column) asks for beforehand. All numbers that are written are decimals.
//
// More of the language:
//
//   - A name that has other signs than letters, digits, blanks and _ . - / is written row["Größe"], and has(row["Größe"]).
//   - The currency of a column of the type money is a text of its own: row.`price.currency`.
//   - + - * / on decimals are exact. So are abs(x), min(x, y), max(x, y) (of two to four), floor(x), ceil(x), round(x, digits) (half
//     away from zero; from -9 to 12 digits) and decimal(text). + joins texts and lists.
//   - lower, upper, trim, size, contains, startsWith, endsWith and matches (RE2, with a pattern written out) are for texts; x in
//     [..], size, all, exists, filter and map for lists.
//   - date("2026-01-31") is the beginning of a day in UTC; it takes a time with a zone, too. days(a, b) counts the days from a to b,
//     with the fraction of the last; year(a) and month(a) are those in the time zone that the value is written with, UTC if none
//     is. Nothing asks for the present time: a formula gives the same whenever it is evaluated.
//   - An error is swallowed where the other side of && is false or that of || is true, on whichever side it stands.
package formula

import (
	"sync"

	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/view"
)

// Type is what a formula gives.
type Type string

// The types.
const (
	Bool    Type = "bool"
	Decimal Type = "decimal"
	Text    Type = "text"
)

// Limits of a formula.
const (
	MaxBytes = 4000
	// MaxCost is the most that a formula may cost to evaluate on one row, in CEL's units of cost: it is estimated when the
	// formula is compiled, and counted when it is evaluated on a row whose texts are longer than the estimate took them to be.
	MaxCost = 10_000
	// MaxNesting bounds how deep parentheses, lists, calls and choices stand in each other; each + or - in a row counts for one, too.
	MaxNesting = 150
	// MaxArithmetic bounds how often + - * / stand in a formula: exact numbers grow with each.
	MaxArithmetic = 100
	// MaxDigits bounds how long a number of a row, or one that is written, may be.
	MaxDigits = 60
)

// The codes of faults (fault.Invalid).
const (
	CodeInvalid = "invalid_formula"  // it does not parse, has another type, names what there is not, or costs too much
	CodeNoValue = "formula_no_value" // a column that it reads has no value in this row
	CodeFailed  = "formula_failed"   // a division by zero, a text that is no number
)

// Formula is a compiled expression. It is safe for concurrent use.
type Formula struct {
	text    string
	want    Type
	columns []string
	reads   []*column // sorted by name; several may be of one column
	general *program
	// The way without CEL, for what shortcuts knows; nil for all else. At most one is set.
	condition boolOf
	amount    numberOf
	words     textOf
	// parts are the conditions that && joins, each a formula of its own, for Why.
	parts func() []*Formula
}

// Compile compiles a formula over the columns of a view. Faults name line and column: `1:5: there is no column "valeu"; is it "value"?`
// The view must not change afterwards.
func Compile(text string, v *view.View, want Type) (*Formula, error) {
	f, err := compile(text, v, want)
	if err != nil {
		return nil, err
	}
	f.parts = sync.OnceValue(func() []*Formula { return f.split(v) })
	return f, nil
}

// Text gives what was compiled.
func (f *Formula) Text() string { return f.text }

// Columns lists the columns that it reads, sorted: a change of any other makes no difference.
func (f *Formula) Columns() []string { return f.columns }

// Bool evaluates a formula of the type Bool.
func (f *Formula) Bool(row *view.Row) (bool, error) {
	if f.condition != nil && f.usual(row) {
		return f.condition(row)
	}
	value, err := f.eval(row, Bool)
	if err != nil {
		return false, err
	}
	b, _ := value.Value().(bool)
	return b, nil
}

// Number evaluates one of the type Decimal.
func (f *Formula) Number(row *view.Row) (number.Number, error) {
	if f.amount != nil && f.usual(row) {
		return f.amount(row)
	}
	value, err := f.eval(row, Decimal)
	if err != nil {
		return number.Number{}, err
	}
	n, _ := value.Value().(number.Number)
	return n, nil
}

// String evaluates one of the type Text.
func (f *Formula) String(row *view.Row) (string, error) {
	if f.words != nil && f.usual(row) {
		return f.words(row)
	}
	value, err := f.eval(row, Text)
	if err != nil {
		return "", err
	}
	s, _ := value.Value().(string)
	return s, nil
}

// usual tells whether no text of the row is longer than what the cost was estimated for.
func (f *Formula) usual(row *view.Row) bool {
	for _, c := range f.reads {
		if c.long(row) {
			return false
		}
	}
	return true
}

func failed(format string, args ...any) error {
	return fault.New(fault.Invalid, CodeFailed, format, args...)
}

// Package formula holds the expressions that admins write into programs: conditions and values over a row of a view, in CEL
// (https://cel.dev) with exact decimals instead of floats, checked for types and for cost before they are saved.
//
// A formula sees one row: row.value, row.status_type. Columns have the types of the view: numbers and money are decimals (money in
// major units), texts, choices and references are strings, booleans are bools, dates and times are timestamps, and what holds
// several choices is a list of strings. A name that is no identifier stands in backquotes: row.`custom.cf_abc`. A column without a
// value is an error of the formula, which has(row.column) asks for beforehand. All numbers that are written are decimals.
package formula

import (
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
	// formula is compiled, and counted when it is evaluated.
	MaxCost = 10_000
)

// The codes of faults (fault.Invalid).
const (
	CodeInvalid = "invalid_formula"  // it does not parse, has another type, names what there is not, or costs too much
	CodeNoValue = "formula_no_value" // a column that it reads has no value in this row
	CodeFailed  = "formula_failed"   // a division by zero, a text that is no number
)

// Formula is a compiled expression. It is safe for concurrent use.
type Formula struct{}

// Compile compiles a formula over the columns of a view. Faults name line and column: `1:5: there is no column "valeu"; is it "value"?`
func Compile(text string, v *view.View, want Type) (*Formula, error) { return &Formula{}, nil }

// Text gives what was compiled.
func (f *Formula) Text() string { return "" }

// Columns lists the columns that it reads, sorted: a change of any other makes no difference.
func (f *Formula) Columns() []string { return nil }

// Bool evaluates a formula of the type Bool.
func (f *Formula) Bool(row *view.Row) (bool, error) { return false, nil }

// Number evaluates one of the type Decimal.
func (f *Formula) Number(row *view.Row) (number.Number, error) { return number.Number{}, nil }

// String evaluates one of the type Text.
func (f *Formula) String(row *view.Row) (string, error) { return "", nil }

// Why says, for people, why a formula of the type Bool is false for a row: which of the conditions joined by && fails, and
// what stands in the columns it reads: `row.status_type == "won": status_type is "active"`.
func (f *Formula) Why(row *view.Row) string { return "" }

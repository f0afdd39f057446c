package formula

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"leadline/shared/number"
	"leadline/shared/view"
)

// What a shortcut is: a function of the row for an expression of each type.
type (
	boolOf    = of[bool]
	numberOf  = of[number.Number]
	textOf    = of[string]
	timeOf    = of[time.Time]
	of[T any] func(*view.Row) (T, error)
)

// shortcuts makes Go functions of the expressions that formulas are mostly made of. They give what CEL gives, errors too, in a
// fraction of the time. What they do not know is left to CEL, the whole formula with it. Expressions are type-checked; each
// method gives nil for what it does not know.
type shortcuts struct {
	ast     *ast.AST
	columns map[string]*column
}

// shorten finds the way of a formula without CEL, if there is one.
func (f *Formula) shorten(s *shortcuts) {
	switch e := s.ast.Expr(); f.want {
	case Bool:
		f.condition = s.bool(e)
	case Decimal:
		f.amount = s.number(e)
	case Text:
		f.words = s.text(e)
	}
}

func constant[T any](value T) of[T] { return func(*view.Row) (T, error) { return value, nil } }

// from makes a function of another's value.
func from[A, B any](a of[A], change func(A) (B, error)) of[B] {
	if a == nil {
		return nil
	}
	return func(row *view.Row) (B, error) {
		x, err := a(row)
		if err != nil {
			var none B
			return none, err
		}
		return change(x)
	}
}

// both makes a function of the values of two. The left one is asked first, and its error counts.
func both[A, B, C any](a of[A], b of[B], join func(A, B) (C, error)) of[C] {
	if a == nil || b == nil {
		return nil
	}
	return func(row *view.Row) (C, error) {
		var none C
		x, err := a(row)
		if err != nil {
			return none, err
		}
		y, err := b(row)
		if err != nil {
			return none, err
		}
		return join(x, y)
	}
}

// sure makes a function that may fail of one that does not.
func sure[A, B any](change func(A) B) func(A) (B, error) {
	return func(a A) (B, error) { return change(a), nil }
}

// choice is condition ? yes : no.
func choice[T any](condition boolOf, yes, no of[T]) of[T] {
	if condition == nil || yes == nil || no == nil {
		return nil
	}
	return func(row *view.Row) (T, error) {
		chosen, err := condition(row)
		switch {
		case err != nil:
			var none T
			return none, err
		case chosen:
			return yes(row)
		}
		return no(row)
	}
}

// column gives the column that an expression reads; nil if it is no such expression.
func (s *shortcuts) column(e ast.Expr) *column {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return nil
	}
	return s.columns[e.AsSelect().FieldName()]
}

// call gives the arguments of a call, the target first.
func call(e ast.Expr) (function string, args []ast.Expr) {
	if e.Kind() != ast.CallKind {
		return "", nil
	}
	c := e.AsCall()
	if c.IsMemberFunction() {
		return c.FunctionName(), append([]ast.Expr{c.Target()}, c.Args()...)
	}
	return c.FunctionName(), c.Args()
}

func (s *shortcuts) bool(e ast.Expr) boolOf {
	switch e.Kind() {
	case ast.LiteralKind:
		value, ok := e.AsLiteral().(types.Bool)
		if !ok {
			return nil
		}
		return constant(bool(value))
	case ast.SelectKind:
		c := s.columns[e.AsSelect().FieldName()]
		if e.AsSelect().IsTestOnly() {
			return func(row *view.Row) (bool, error) { return c.has(row), nil }
		}
		return c.bool
	}
	function, args := call(e)
	switch function {
	case operators.LogicalAnd:
		return unless(false, s.bool(args[0]), s.bool(args[1]))
	case operators.LogicalOr:
		return unless(true, s.bool(args[0]), s.bool(args[1]))
	case operators.LogicalNot:
		return from(s.bool(args[0]), sure(func(b bool) bool { return !b }))
	case operators.Conditional:
		return choice(s.bool(args[0]), s.bool(args[1]), s.bool(args[2]))
	case operators.In:
		return s.in(args[0], args[1])
	case "contains":
		return both(s.text(args[0]), s.text(args[1]), func(a, b string) (bool, error) { return strings.Contains(a, b), nil })
	case "startsWith":
		return both(s.text(args[0]), s.text(args[1]), func(a, b string) (bool, error) { return strings.HasPrefix(a, b), nil })
	case "endsWith":
		return both(s.text(args[0]), s.text(args[1]), func(a, b string) (bool, error) { return strings.HasSuffix(a, b), nil })
	}
	if passes := comparison(function); passes != nil {
		return s.compare(function, passes, args[0], args[1])
	}
	return nil
}

// unless is a && b with decides false, a || b with decides true: the one value that decides alone swallows the other's error.
func unless(decides bool, a, b boolOf) boolOf {
	if a == nil || b == nil {
		return nil
	}
	return func(row *view.Row) (bool, error) {
		x, failedLeft := a(row)
		if failedLeft == nil && x == decides {
			return decides, nil
		}
		y, failedRight := b(row)
		if failedRight == nil && y == decides {
			return decides, nil
		}
		return !decides && failedLeft == nil && failedRight == nil, cmp.Or(failedLeft, failedRight)
	}
}

// comparison gives which outcomes of a comparison make an operator true; nil for what is no comparison.
func comparison(function string) func(order int) bool {
	switch function {
	case operators.Equals:
		return func(order int) bool { return order == 0 }
	case operators.NotEquals:
		return func(order int) bool { return order != 0 }
	case operators.Less:
		return func(order int) bool { return order < 0 }
	case operators.LessEquals:
		return func(order int) bool { return order <= 0 }
	case operators.Greater:
		return func(order int) bool { return order > 0 }
	case operators.GreaterEquals:
		return func(order int) bool { return order >= 0 }
	}
	return nil
}

func (s *shortcuts) compare(function string, passes func(int) bool, a, b ast.Expr) boolOf {
	switch t := s.ast.GetType(a.ID()); t.Kind() {
	case types.StringKind:
		if c := s.column(a); c != nil && !c.currency && b.Kind() == ast.LiteralKind {
			text, _ := b.AsLiteral().(types.String)
			switch function {
			case operators.Equals:
				return c.among([]string{string(text)}, true)
			case operators.NotEquals:
				return c.among([]string{string(text)}, false)
			}
		}
		return both(s.text(a), s.text(b), func(x, y string) (bool, error) { return passes(strings.Compare(x, y)), nil })
	case types.BoolKind:
		return both(s.bool(a), s.bool(b), func(x, y bool) (bool, error) { return passes(map[bool]int{true: 1}[x != y]), nil })
	case types.TimestampKind:
		return both(s.time(a), s.time(b), func(x, y time.Time) (bool, error) { return passes(x.Compare(y)), nil })
	case types.OpaqueKind:
		return both(s.number(a), s.number(b), func(x, y number.Number) (bool, error) { return passes(x.Cmp(y)), nil })
	}
	return nil
}

// among tells whether the text of the column is one of a few, or none of them. It makes no copy of a text that is written plainly.
func (c *column) among(texts []string, is bool) boolOf {
	return func(row *view.Row) (bool, error) {
		if plain, ok := unescaped(c.raw(row)); ok {
			return slices.ContainsFunc(texts, func(s string) bool { return string(plain) == s }) == is, nil
		}
		text, err := c.text(row)
		return err == nil && slices.Contains(texts, text) == is, err
	}
}

// in is for lists that are written out, and for columns that hold lists of texts.
func (s *shortcuts) in(e, list ast.Expr) boolOf {
	if c := s.column(list); c != nil {
		return both(s.text(e), c.list, func(text string, texts []string) (bool, error) { return slices.Contains(texts, text), nil })
	}
	if list.Kind() != ast.ListKind {
		return nil
	}
	texts, isTexts := written(list, func(e ast.Expr) (string, bool) {
		if e.Kind() != ast.LiteralKind {
			return "", false
		}
		text, ok := e.AsLiteral().(types.String)
		return string(text), ok
	})
	if c := s.column(e); isTexts && c != nil && !c.currency {
		return c.among(texts, true)
	}
	if isTexts {
		return from(s.text(e), sure(func(text string) bool { return slices.Contains(texts, text) }))
	}
	if numbers, ok := written(list, writtenNumber); ok {
		return from(s.number(e), sure(func(n number.Number) bool { return slices.ContainsFunc(numbers, n.Equal) }))
	}
	return nil
}

// written gives the values of a list that holds only such as are written out, at least one.
func written[T any](list ast.Expr, read func(ast.Expr) (T, bool)) ([]T, bool) {
	var values []T
	for _, e := range list.AsList().Elements() {
		value, ok := read(e)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, len(values) > 0
}

// writtenNumber gives a number that is written out.
func writtenNumber(e ast.Expr) (number.Number, bool) {
	function, args := call(e)
	if function != callLiteral || args[0].Kind() != ast.LiteralKind {
		return number.Number{}, false
	}
	digits, _ := args[0].AsLiteral().(types.String)
	n, err := parseDecimal(string(digits))
	return n, err == nil
}

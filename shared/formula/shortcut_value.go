package formula

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"leadline/shared/number"
)

func (s *shortcuts) number(e ast.Expr) numberOf {
	if c := s.column(e); c != nil {
		return c.number
	}
	if n, ok := writtenNumber(e); ok {
		return constant(n)
	}
	function, args := call(e)
	two := func(reckon func(a, b number.Number) (number.Number, error)) numberOf {
		return both(s.number(args[0]), s.number(args[1]), reckon)
	}
	switch function {
	case operators.Add:
		return two(func(a, b number.Number) (number.Number, error) { return a.Add(b), nil })
	case operators.Subtract:
		return two(func(a, b number.Number) (number.Number, error) { return a.Sub(b), nil })
	case operators.Multiply:
		return two(func(a, b number.Number) (number.Number, error) { return a.Mul(b), nil })
	case operators.Divide:
		return two(divide)
	case "round":
		return two(round)
	case operators.Negate:
		return from(s.number(args[0]), sure(number.Number.Neg))
	case "abs":
		return from(s.number(args[0]), sure(number.Number.Abs))
	case "floor":
		return from(s.number(args[0]), sure(floor))
	case "ceil":
		return from(s.number(args[0]), sure(ceil))
	case "decimal":
		return from(s.text(args[0]), parseDecimal)
	case "min":
		return s.choose(args, number.Min)
	case "max":
		return s.choose(args, number.Max)
	case operators.Conditional:
		return choice(s.bool(args[0]), s.number(args[1]), s.number(args[2]))
	case "days":
		return both(s.time(args[0]), s.time(args[1]), func(a, b time.Time) (number.Number, error) { return days(a, b), nil })
	case "year":
		return from(s.time(args[0]), sure(func(at time.Time) number.Number { return number.Of(int64(at.Year())) }))
	case "month":
		return from(s.time(args[0]), sure(func(at time.Time) number.Number { return number.Of(int64(at.Month())) }))
	case "size":
		return s.size(args[0])
	}
	return nil
}

// choose is min and max.
func (s *shortcuts) choose(args []ast.Expr, choose func(a, b number.Number) number.Number) numberOf {
	best := s.number(args[0])
	for _, other := range args[1:] {
		best = both(best, s.number(other), func(a, b number.Number) (number.Number, error) { return choose(a, b), nil })
	}
	return best
}

func (s *shortcuts) size(e ast.Expr) numberOf {
	if s.ast.GetType(e.ID()).Kind() == types.StringKind {
		return from(s.text(e), sure(func(text string) number.Number { return number.Of(int64(utf8.RuneCountInString(text))) }))
	}
	c := s.column(e)
	if c == nil {
		return nil
	}
	return from(of[[]string](c.list), sure(func(texts []string) number.Number { return number.Of(int64(len(texts))) }))
}

func (s *shortcuts) text(e ast.Expr) textOf {
	if c := s.column(e); c != nil {
		return c.text
	}
	if e.Kind() == ast.LiteralKind {
		text, ok := e.AsLiteral().(types.String)
		if !ok {
			return nil
		}
		return constant(string(text))
	}
	function, args := call(e)
	switch function {
	case operators.Add:
		return both(s.text(args[0]), s.text(args[1]), func(a, b string) (string, error) { return a + b, nil })
	case operators.Conditional:
		return choice(s.bool(args[0]), s.text(args[1]), s.text(args[2]))
	case "lower":
		return from(s.text(args[0]), sure(strings.ToLower))
	case "upper":
		return from(s.text(args[0]), sure(strings.ToUpper))
	case "trim":
		return from(s.text(args[0]), sure(strings.TrimSpace))
	}
	return nil
}

func (s *shortcuts) time(e ast.Expr) timeOf {
	if c := s.column(e); c != nil {
		return c.time
	}
	function, args := call(e)
	switch function {
	case "date":
		if text := args[0]; text.Kind() == ast.LiteralKind {
			written, _ := text.AsLiteral().(types.String)
			at, err := parseDate(string(written))
			if err != nil {
				return nil
			}
			return constant(at)
		}
		return from(s.text(args[0]), parseDate)
	case operators.Conditional:
		return choice(s.bool(args[0]), s.time(args[1]), s.time(args[2]))
	}
	return nil
}

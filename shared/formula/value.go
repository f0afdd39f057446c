package formula

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"leadline/shared/number"
)

// typeDecimal is the name of the type of exact numbers.
const typeDecimal = "decimal"

// decimal is an exact number as CEL sees it.
type decimal struct{ number.Number }

var (
	_ traits.Adder      = decimal{}
	_ traits.Subtractor = decimal{}
	_ traits.Multiplier = decimal{}
	_ traits.Divider    = decimal{}
	_ traits.Negater    = decimal{}
	_ traits.Comparer   = decimal{}
)

// decimalKind is the type of decimals, as values say it.
type decimalKind struct{}

// HasTrait tells what can be done with decimals.
func (decimalKind) HasTrait(trait int) bool {
	const all = traits.AdderType | traits.SubtractorType | traits.MultiplierType | traits.DividerType | traits.NegatorType | traits.ComparerType
	return trait&all == trait
}

// TypeName gives the name.
func (decimalKind) TypeName() string { return typeDecimal }

// with reckons with another decimal.
func (d decimal) with(other ref.Val, reckon func(a, b number.Number) ref.Val) ref.Val {
	if o, ok := other.(decimal); ok {
		return reckon(d.Number, o.Number)
	}
	return types.MaybeNoSuchOverloadErr(other)
}

func (d decimal) Add(other ref.Val) ref.Val {
	return d.with(other, func(a, b number.Number) ref.Val { return decimal{a.Add(b)} })
}

func (d decimal) Subtract(other ref.Val) ref.Val {
	return d.with(other, func(a, b number.Number) ref.Val { return decimal{a.Sub(b)} })
}

func (d decimal) Multiply(other ref.Val) ref.Val {
	return d.with(other, func(a, b number.Number) ref.Val { return decimal{a.Mul(b)} })
}

func (d decimal) Divide(other ref.Val) ref.Val {
	return d.with(other, func(a, b number.Number) ref.Val { return decimalOr(divide(a, b)) })
}

func (d decimal) Compare(other ref.Val) ref.Val {
	return d.with(other, func(a, b number.Number) ref.Val { return types.Int(a.Cmp(b)) })
}

func (d decimal) Negate() ref.Val { return decimal{d.Neg()} }

func (d decimal) Equal(other ref.Val) ref.Val {
	o, ok := other.(decimal)
	return types.Bool(ok && d.Number.Equal(o.Number))
}

func (d decimal) Type() ref.Type { return decimalKind{} }

// Value gives the number.Number.
func (d decimal) Value() any { return d.Number }

func (d decimal) ConvertToNative(to reflect.Type) (any, error) {
	if to == reflect.TypeFor[number.Number]() {
		return d.Number, nil
	}
	return nil, errors.New("a decimal is nothing else")
}

func (d decimal) ConvertToType(ref.Type) ref.Val { return types.NewErr("a decimal is nothing else") }

func decimalOr(n number.Number, err error) ref.Val {
	if err != nil {
		return types.WrapErr(err)
	}
	return decimal{n}
}

func divide(a, b number.Number) (number.Number, error) {
	n, ok := a.Quo(b)
	if !ok {
		return number.Number{}, failed("A division by zero.")
	}
	return n, nil
}

// How many digits round takes.
const (
	leastDigits = -9
	mostDigits  = 12
)

// round rounds half away from zero.
func round(n, digits number.Number) (number.Number, error) {
	if digits.Cmp(number.Of(leastDigits)) < 0 || digits.Cmp(number.Of(mostDigits)) > 0 || !digits.Equal(floor(digits)) {
		return number.Number{}, failed("round takes from %d to %d digits, not %s.", leastDigits, mostDigits, cut(digits.String(), 20))
	}
	places, _ := digits.Round(0, number.HalfAway)
	unit := number.Ten(int(max(places, -places)))
	if places > 0 {
		unit, _ = number.Of(1).Quo(unit)
	}
	steps, _ := n.Quo(unit)
	half := number.Frac(1, 2)
	if steps.Sign() < 0 {
		return ceil(steps.Sub(half)).Mul(unit), nil
	}
	return floor(steps.Add(half)).Mul(unit), nil
}

// floor gives the whole number at or below.
func floor(n number.Number) number.Number {
	whole, err := n.Round(0, number.Down)
	if err != nil || whole < -math.MaxInt64+1 {
		r := n.Big()
		return number.Rat(new(big.Rat).SetInt(new(big.Int).Div(r.Num(), r.Denom()))) // the denominator is positive: it rounds down
	}
	if cut := number.Of(whole); !n.Less(cut) {
		return cut
	}
	return number.Of(whole - 1)
}

func ceil(n number.Number) number.Number { return floor(n.Neg()).Neg() }

func parseDecimal(text string) (number.Number, error) {
	if len(text) > MaxDigits {
		return number.Number{}, failed("%s is no number of at most %d signs.", cut(quoted(text), 40), MaxDigits)
	}
	n, err := number.Parse(text)
	if err != nil {
		return number.Number{}, failed("%s is no number.", cut(quoted(text), 60))
	}
	return n, nil
}

func parseDate(text string) (time.Time, error) {
	at, ok := readTime(text)
	if !ok {
		return time.Time{}, failed("%s is no date: write 2026-01-31, or a time with its zone as 2026-01-31T09:00:00Z.", cut(quoted(text), 40))
	}
	return at, nil
}

// days gives the exact number of days from one instant to another.
func days(from, until time.Time) number.Number {
	const secondsADay = 24 * 60 * 60
	seconds := number.Of(until.Unix() - from.Unix())
	nanos := number.Frac(int64(until.Nanosecond()-from.Nanosecond()), int64(time.Second))
	return seconds.Add(nanos).Mul(number.Frac(1, secondsADay))
}

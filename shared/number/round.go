package number

import (
	"math/big"
	"slices"

	"leadline/shared/fault"
)

// Mode is how a number is rounded where it lies between two steps.
type Mode string

// The modes. HalfAway is the default: an amount and its reversal then round to the same digits, so that both net to zero.
const (
	HalfAway Mode = "half_away" // 0.5 to 1, -0.5 to -1
	HalfEven Mode = "half_even" // 0.5 to 0, 1.5 to 2
	HalfDown Mode = "half_down" // 0.5 to 0, -0.5 to 0
	Down     Mode = "down"      // towards zero
	Up       Mode = "up"        // away from zero
)

// Modes lists them, the default first.
func Modes() []Mode { return []Mode{HalfAway, HalfEven, HalfDown, Down, Up} }

// CodeTooLarge is the code of amounts that no account holds.
const CodeTooLarge = "number_too_large"

// Round gives the number as a count of units of 10^-digits, which for an amount of money are its minor units. OutOfRange
// (fault.Invalid, CodeTooLarge) beyond what 64 bits hold. An empty mode is HalfAway.
func (a Number) Round(digits int, mode Mode) (int64, error) {
	scaled := a.Mul(Ten(digits))
	var n *big.Int
	if scaled.r == nil {
		return roundWords(scaled.n, scaled.d+1, mode), nil
	}
	n = roundBig(scaled.r, mode)
	if !n.IsInt64() {
		return 0, fault.New(fault.Invalid, CodeTooLarge, "%s is more than an account can hold.", brief(a.String()))
	}
	return n.Int64(), nil
}

func roundWords(n, d int64, mode Mode) int64 {
	q, rest := n/d, n%d
	if rest == 0 {
		return q
	}
	away := int64(1)
	if n < 0 {
		away, rest = -1, -rest
	}
	if raises(mode, compareWords(uint64(rest)*2, uint64(d)), q%2 != 0) {
		return q + away
	}
	return q
}

func roundBig(r *big.Rat, mode Mode) *big.Int {
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() == 0 {
		return q
	}
	half := new(big.Int).Lsh(rest.Abs(rest), 1).Cmp(r.Denom())
	if raises(mode, half, q.Bit(0) == 1) {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	return q
}

// raises tells whether what is left is rounded away from zero: half is how it compares with a half, odd that of the digit
// before it.
func raises(mode Mode, half int, odd bool) bool {
	switch mode {
	case Down:
		return false
	case Up:
		return true
	case HalfEven:
		return half > 0 || half == 0 && odd
	case HalfDown:
		return half > 0
	default:
		return half >= 0
	}
}

// Share splits a whole among weights, so that the parts sum to it: each gets its share cut down, and what is left goes in
// steps of one to the largest remainders; of equal ones to the earlier. Weights may be negative, their sum may not be 0
// unless the whole is; then, and where there are no weights, everybody gets 0.
func Share(whole int64, weights []Number) []int64 {
	parts := make([]int64, len(weights))
	var sum Number
	for _, w := range weights {
		sum = sum.Add(w)
	}
	if len(weights) == 0 || sum.IsZero() {
		return parts
	}
	type remainder struct {
		at   int
		rest Number
	}
	left, rests := whole, make([]remainder, len(weights))
	for i, w := range weights {
		exact, _ := Of(whole).Mul(w).Quo(sum)
		floor := exact.floor()
		parts[i], rests[i] = floor, remainder{i, exact.Sub(Of(floor))}
		left -= floor
	}
	slices.SortStableFunc(rests, func(a, b remainder) int { return b.rest.Cmp(a.rest) })
	for i := range left {
		parts[rests[i].at]++
	}
	return parts
}

// floor gives the whole number at or below.
func (a Number) floor() int64 {
	if a.r == nil {
		q := a.n / (a.d + 1)
		if a.n%(a.d+1) < 0 {
			q--
		}
		return q
	}
	q := new(big.Int).Div(a.r.Num(), a.r.Denom()) // of a denominator above 0, the floor
	return q.Int64()
}

package number

import (
	"math"
	"math/big"
	"math/bits"

	"leadline/shared/fault"
)

// Mode is how a number is rounded where it lies between two steps.
type Mode string

// The modes. HalfAway is the default: an amount and its reversal then round to the same digits, so that both net to zero. The
// others do so, too, for each looks at a number without its sign.
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

// Round gives the number as a count of units of 10^-digits, which for an amount of money are its minor units; with digits below
// 0 in tens, hundreds and so on. It is fault.Invalid, CodeTooLarge, where the count is above what 64 bits hold, with either sign:
// the opposite of what it gives is no less a count. An empty mode is HalfAway.
func (a Number) Round(digits int, mode Mode) (int64, error) {
	if a.r == nil && digits >= 0 && digits <= 18 {
		h, l := bits.Mul64(abs(a.n), uint64(ten(digits)))
		if d := uint64(a.d + 1); h < d {
			q, rest := bits.Div64(h, l, d)
			// Twice the rest has room, for it is below a denominator of 63 bits.
			if rest > 0 && raises(mode, compare(rest*2, d), q&1 == 1) {
				q++
			}
			if q <= math.MaxInt64 {
				return withSign(q, a.n < 0), nil
			}
		}
	}
	return a.roundWide(digits, mode)
}

func (a Number) roundWide(digits int, mode Mode) (int64, error) {
	scaled, _ := a.Mul(Ten(digits)).Quo(Ten(-digits)) // one of them is 1
	r := scaled.wide()
	n, rest := new(big.Int).QuoRem(new(big.Int).Abs(r.Num()), r.Denom(), new(big.Int))
	if rest.Sign() > 0 && raises(mode, rest.Lsh(rest, 1).Cmp(r.Denom()), n.Bit(0) == 1) {
		n.Add(n, big.NewInt(1))
	}
	if !n.IsInt64() {
		return 0, fault.New(fault.Invalid, CodeTooLarge, "%s is more than an account can hold.", brief(a.String()))
	}
	return withSign(n.Uint64(), r.Sign() < 0), nil
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

// withSign takes 2^63 for its own opposite, as the word is.
func withSign(n uint64, negative bool) int64 {
	if negative {
		return -int64(n)
	}
	return int64(n)
}

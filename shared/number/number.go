// Package number holds exact numbers: amounts, rates, shares and attainments as they are, never as floats and never cut
// short. A number is rounded where somebody asks for it, once, by a mode that is named. It is pure.
package number

import (
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"strings"

	"leadline/shared/fault"
)

// Number is an exact rational number. The zero value is 0. It is immutable: whatever is done to one gives another. What fits
// two machine words is reckoned there with products of 128 bits, and what does not goes over to math/big without a word.
//
// Numbers are not to be compared with ==, for one number has several forms; see Cmp.
type Number struct {
	n int64
	d int64    // the denominator less one, so that the zero value is 0/1
	r *big.Rat // if it is set, it is the number
}

// Limits of what is read. A number beyond them is no amount of anything, and one with a large exponent costs more to write
// down than it says.
const (
	MaxText     = 200
	MaxExponent = 60
)

// CodeInvalid is the code of texts that are no numbers.
const CodeInvalid = "invalid_number"

// Of gives a whole number.
func Of(n int64) Number { return Number{n: n} }

// Frac gives n/d. The denominator is above 0.
func Frac(n, d int64) Number { return Number{n: n, d: d - 1} }

// Ten gives 10 to the power of digits, from 0 to 18.
func Ten(digits int) Number {
	n := int64(1)
	for range digits {
		n *= 10
	}
	return Of(n)
}

// Rat takes a number over from math/big.
func Rat(r *big.Rat) Number {
	if r.Num().IsInt64() && r.Denom().IsInt64() && r.Num().Int64() != math.MinInt64 {
		return Frac(r.Num().Int64(), r.Denom().Int64())
	}
	return Number{r: new(big.Rat).Set(r)}
}

// Parse reads a decimal ("12.50", "-1e3"), a fraction ("1/3") or either with a percent sign ("7.5%").
func Parse(text string) (Number, error) {
	bad := func() (Number, error) {
		return Number{}, fault.New(fault.Invalid, CodeInvalid, "%q is no number. Write it as 12.50, 7.5%% or 1/3.", brief(text))
	}
	body, percent := strings.CutSuffix(text, "%")
	if body == "" || len(body) > MaxText || strings.ContainsAny(body, "_xXbBoOpP ") || body[0] == '+' {
		return bad()
	}
	if at := strings.IndexAny(body, "eE"); at >= 0 {
		exponent := strings.TrimLeft(body[at+1:], "+-0")
		if len(exponent) > 2 || len(exponent) == 2 && exponent > "60" {
			return bad()
		}
	}
	if numerator, denominator, found := strings.Cut(body, "/"); found && (strings.ContainsAny(body, "eE.") || numerator == "" || strings.Trim(denominator, "0123456789") != "") {
		return bad()
	}
	n, ok := small(body)
	if !ok {
		r, valid := new(big.Rat).SetString(body)
		if !valid {
			return bad()
		}
		n = Rat(r)
	}
	if percent {
		n = n.Mul(Frac(1, 100))
	}
	return n, nil
}

// small reads a plain decimal of at most 18 digits, which is what nearly all are.
func small(text string) (Number, bool) {
	digits, negative := text, false
	if digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	if len(digits) == 0 || len(digits) > 19 {
		return Number{}, false
	}
	n, d, seen, point := int64(0), int64(1), 0, false
	for i := range len(digits) {
		c := digits[i]
		switch {
		case c >= '0' && c <= '9':
			if seen++; seen > 18 {
				return Number{}, false
			}
			n = n*10 + int64(c-'0')
			if point {
				d *= 10
			}
		case c == '.' && !point && i > 0 && i < len(digits)-1:
			point = true
		default:
			return Number{}, false
		}
	}
	if negative {
		n = -n
	}
	return Frac(n, d), true
}

func brief(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// Big gives the number to math/big. What is done to it does not reach the number.
func (a Number) Big() *big.Rat {
	if a.r != nil {
		return new(big.Rat).Set(a.r)
	}
	return new(big.Rat).SetFrac64(a.n, a.d+1)
}

func (a Number) wide() *big.Rat {
	if a.r != nil {
		return a.r
	}
	return a.Big()
}

// reduced gives a number of two words in its lowest terms.
func (a Number) reduced() Number {
	if a.r != nil || a.d == 0 {
		return a
	}
	g := gcd(abs(a.n), uint64(a.d+1))
	return Frac(a.n/int64(g), (a.d+1)/int64(g))
}

// Add gives a + b.
func (a Number) Add(b Number) Number {
	if a.r == nil && b.r == nil {
		if sum, ok := add(a, b); ok {
			return sum
		}
		if sum, ok := add(a.reduced(), b.reduced()); ok {
			return sum
		}
	}
	return Rat(new(big.Rat).Add(a.wide(), b.wide()))
}

func add(a, b Number) (Number, bool) {
	if a.d == b.d {
		sum := a.n + b.n
		return Number{n: sum, d: a.d}, (sum > a.n) == (b.n > 0) && sum != math.MinInt64
	}
	ad, bd := a.d+1, b.d+1
	common := ad
	switch {
	case ad%bd == 0:
	case bd%ad == 0:
		common = bd
	default:
		g := int64(gcd(uint64(ad), uint64(bd)))
		var ok bool
		if common, ok = mul(ad/g, bd); !ok {
			return Number{}, false
		}
	}
	an, ok1 := mul(a.n, common/ad)
	bn, ok2 := mul(b.n, common/bd)
	sum := an + bn
	return Frac(sum, common), ok1 && ok2 && ((sum > an) == (bn > 0)) && sum != math.MinInt64
}

// Sub gives a − b.
func (a Number) Sub(b Number) Number { return a.Add(b.Neg()) }

// Neg gives −a.
func (a Number) Neg() Number {
	if a.r != nil {
		return Number{r: new(big.Rat).Neg(a.r)}
	}
	return Number{n: -a.n, d: a.d}
}

// Abs gives a without its sign.
func (a Number) Abs() Number {
	if a.Sign() < 0 {
		return a.Neg()
	}
	return a
}

// Mul gives a × b.
func (a Number) Mul(b Number) Number {
	if a.r == nil && b.r == nil {
		n, ok1 := mul(a.n, b.n)
		d, ok2 := mul(a.d+1, b.d+1)
		if ok1 && ok2 {
			return Frac(n, d)
		}
		a, b = a.reduced(), b.reduced()
		x, y := Frac(a.n, b.d+1).reduced(), Frac(b.n, a.d+1).reduced()
		n, ok1 = mul(x.n, y.n)
		d, ok2 = mul(x.d+1, y.d+1)
		if ok1 && ok2 {
			return Frac(n, d)
		}
	}
	return Rat(new(big.Rat).Mul(a.wide(), b.wide()))
}

// Quo gives a ÷ b; false if b is 0.
func (a Number) Quo(b Number) (Number, bool) {
	if b.Sign() == 0 {
		return Number{}, false
	}
	if b.r == nil {
		inverse := Frac(b.d+1, max(b.n, -b.n))
		if b.n < 0 {
			inverse = inverse.Neg()
		}
		return a.Mul(inverse), true
	}
	return Rat(new(big.Rat).Quo(a.wide(), b.r)), true
}

// Cmp gives -1, 0 or 1 where a is below, equal to or above b. It is exact.
func (a Number) Cmp(b Number) int {
	if a.r != nil || b.r != nil {
		return a.wide().Cmp(b.wide())
	}
	if a.d == b.d {
		return compare(a.n, b.n)
	}
	if sa, sb := a.Sign(), b.Sign(); sa != sb {
		return compare(int64(sa), int64(sb))
	}
	h1, l1 := bits.Mul64(abs(a.n), uint64(b.d+1))
	h2, l2 := bits.Mul64(abs(b.n), uint64(a.d+1))
	c := 0
	switch {
	case h1 != h2:
		c = compareWords(h1, h2)
	default:
		c = compareWords(l1, l2)
	}
	if a.n < 0 {
		return -c
	}
	return c
}

// Less, Equal and the like say what Cmp says.
func (a Number) Less(b Number) bool  { return a.Cmp(b) < 0 }
func (a Number) Equal(b Number) bool { return a.Cmp(b) == 0 }

// Sign gives -1, 0 or 1.
func (a Number) Sign() int {
	if a.r != nil {
		return a.r.Sign()
	}
	return compare(a.n, 0)
}

// IsZero tells whether the number is 0.
func (a Number) IsZero() bool { return a.Sign() == 0 }

// Min gives the lesser, Max the greater of two.
func Min(a, b Number) Number {
	if b.Less(a) {
		return b
	}
	return a
}

// Max gives the greater of two.
func Max(a, b Number) Number {
	if a.Less(b) {
		return b
	}
	return a
}

// String writes the number as a decimal if it has an end, else as a fraction in lowest terms. It is the one text of the
// number, whatever was done to arrive at it.
func (a Number) String() string {
	r := a.wide()
	if r.IsInt() {
		return r.Num().String()
	}
	if digits, exact := r.FloatPrec(); exact {
		return r.FloatString(digits)
	}
	return r.RatString()
}

// MarshalJSON writes the String as a JSON text: a JSON number would be read as a float.
func (a Number) MarshalJSON() ([]byte, error) { return []byte(`"` + a.String() + `"`), nil }

// UnmarshalJSON reads a JSON text or number, digit for digit.
func (a *Number) UnmarshalJSON(text []byte) error {
	s := string(text)
	if len(text) > 0 && text[0] == '"' {
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
	}
	n, err := Parse(s)
	if err != nil {
		return err
	}
	*a = n
	return nil
}

func mul(a, b int64) (int64, bool) {
	h, l := bits.Mul64(abs(a), abs(b))
	if h != 0 || l > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(l), true
	}
	return int64(l), true
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareWords(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

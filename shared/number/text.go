package number

import (
	"encoding/json"
	"math/big"
	"strings"

	"leadline/shared/fault"
)

// Limits of what is read. A number beyond them is no amount of anything, and one with a large exponent costs more to write
// down than it says.
const (
	MaxText     = 1000
	MaxExponent = 60
)

// CodeInvalid is the code of texts that are no numbers.
const CodeInvalid = "invalid_number"

// Parse reads a decimal ("12.50", "-1e3"), a fraction ("1/3") or either with a percent sign ("7.5%").
func Parse(text string) (Number, error) {
	body, percent := strings.CutSuffix(text, "%")
	n, ok := read(body)
	if !ok {
		return Number{}, fault.New(fault.Invalid, CodeInvalid, "%q is no number. Write it as 12.50, 7.5%% or 1/3.", brief(text))
	}
	if percent {
		n = n.Mul(Number{n: 1, d: 99})
	}
	return n, nil
}

func read(text string) (Number, bool) {
	if n, ok := readWords(text); ok {
		return n, true
	}
	if len(text) > MaxText {
		return Number{}, false
	}
	digits := strings.TrimPrefix(text, "-")
	if numerator, denominator, found := strings.Cut(digits, "/"); found {
		n, ok1 := readDigits(numerator)
		d, ok2 := readDigits(denominator)
		if !ok1 || !ok2 || d.Sign() == 0 {
			return Number{}, false
		}
		return signed(new(big.Rat).SetFrac(n, d), digits != text), true
	}
	mantissa, power, found := strings.Cut(strings.ToLower(digits), "e")
	whole, part, _ := strings.Cut(mantissa, ".")
	exponent, ok1 := 0, true
	if found {
		exponent, ok1 = readExponent(power)
	}
	n, ok2 := readDigits(whole + part)
	if !ok1 || !ok2 || part == "" && len(mantissa) > len(whole) { // what ends in a point may be cut off
		return Number{}, false
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent-len(part), len(part)-exponent))), nil)
	r := new(big.Rat).SetInt(n)
	if exponent < len(part) {
		r.SetFrac(n, scale)
	} else {
		r.SetInt(n.Mul(n, scale))
	}
	return signed(r, digits != text), true
}

// readWords reads a plain decimal of at most 18 digits, which is what nearly all are.
func readWords(text string) (Number, bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > 19 {
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
	if len(digits) < len(text) {
		n = -n
	}
	return Number{n: n, d: d - 1}, true
}

func readDigits(text string) (*big.Int, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return nil, false
	}
	return new(big.Int).SetString(text, 10)
}

func readExponent(text string) (int, bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == text {
		digits = strings.TrimPrefix(text, "+")
	}
	n, ok := readDigits(digits)
	if !ok || n.Cmp(big.NewInt(MaxExponent)) > 0 {
		return 0, false
	}
	if text[0] == '-' {
		return -int(n.Int64()), true
	}
	return int(n.Int64()), true
}

func signed(r *big.Rat, negative bool) Number {
	if negative {
		r.Neg(r)
	}
	return Rat(r)
}

func brief(text string) string {
	runes := []rune(text)
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// String writes the number as a decimal if it has an end, else as a fraction in lowest terms. It is the one text of the
// number, whatever was done to arrive at it. Parse reads it, if it is not longer than MaxText.
func (a Number) String() string {
	var room [40]byte
	return string(a.appendTo(room[:0]))
}

func (a Number) appendTo(to []byte) []byte {
	if a.r == nil {
		a = a.reduced()
		if digits, scale, ok := decimals(a.d + 1); ok {
			if n, ok := mul(a.n, scale); ok {
				return appendDecimal(to, n, digits)
			}
		}
	}
	r := a.wide()
	if digits, exact := r.FloatPrec(); exact {
		return append(to, r.FloatString(digits)...)
	}
	return append(to, r.RatString()...)
}

// decimals gives how many decimals a fraction with this denominator, in lowest terms, has, and what extends it to a power of
// ten; false if it has no end, or more decimals than a word holds.
func decimals(d int64) (digits int, scale int64, ok bool) {
	power := int64(1)
	for ; digits <= 18; digits++ {
		if power%d == 0 {
			return digits, power / d, true
		}
		power *= 10 // of the last one, which has no place, nothing is made
	}
	return 0, 0, false
}

func appendDecimal(to []byte, n int64, digits int) []byte {
	var room [24]byte
	at, rest := len(room), abs(n)
	for i := 0; rest > 0 || i <= digits; i++ { // at least one digit before the point
		if i == digits && i > 0 {
			at--
			room[at] = '.'
		}
		at--
		room[at] = byte('0' + rest%10)
		rest /= 10
	}
	if n < 0 {
		at--
		room[at] = '-'
	}
	return append(to, room[at:]...)
}

// MarshalJSON writes the String as a JSON text: a JSON number would be read as a float.
func (a Number) MarshalJSON() ([]byte, error) {
	return append(a.appendTo(append(make([]byte, 0, 24), '"')), '"'), nil
}

// UnmarshalJSON reads a JSON text or number, digit for digit. A null is no number: it is refused rather than taken for 0.
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

// Package number holds exact numbers: amounts, rates, shares and attainments as they are, never as floats and never cut
// short. A number is rounded where somebody asks for it, once, by a mode that is named. It is pure.
package number

import (
	"math"
	"math/big"
	"math/bits"
)

// Number is an exact rational number. The zero value is 0. It is immutable: whatever is done to one gives another. What fits
// two machine words is reckoned there with products of 128 bits, and what does not goes over to math/big without a word.
//
// Numbers are not to be compared with ==, for one number has several forms; see Cmp.
type Number struct {
	n int64    // never the least int64, so that each has its opposite
	d int64    // the denominator less one, so that the zero value is 0/1; not always in lowest terms, which would cost a gcd a step
	r *big.Rat // if it is set, it is the number, and does not fit the words
}

// Of gives a whole number.
func Of(n int64) Number {
	if n == math.MinInt64 {
		return Frac(n, 1)
	}
	return Number{n: n}
}

// Frac gives n/d. A denominator of 0 panics, as it does in Go: for one that is not known there is Quo.
func Frac(n, d int64) Number {
	if d <= 0 || n == math.MinInt64 {
		return Rat(big.NewRat(n, d))
	}
	return Number{n: n, d: d - 1}
}

// Ten gives 10 to the power of digits; 1 below 0.
func Ten(digits int) Number {
	if digits > 18 {
		return Rat(new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	}
	return Number{n: ten(digits)}
}

// Rat takes a number over from math/big.
func Rat(r *big.Rat) Number {
	if r.Num().IsInt64() && r.Denom().IsInt64() && r.Num().Int64() != math.MinInt64 {
		return Number{n: r.Num().Int64(), d: r.Denom().Int64() - 1}
	}
	return Number{r: new(big.Rat).Set(r)}
}

// Big gives the number to math/big. What is done to it does not reach the number.
func (a Number) Big() *big.Rat {
	if a.r != nil {
		return new(big.Rat).Set(a.r)
	}
	return big.NewRat(a.n, a.d+1)
}

func (a Number) wide() *big.Rat {
	if a.r != nil {
		return a.r
	}
	return a.Big()
}

// reduced gives a number of two words in its lowest terms.
func (a Number) reduced() Number {
	if a.d == 0 {
		return a
	}
	g := int64(gcd(abs(a.n), uint64(a.d+1)))
	return Number{n: a.n / g, d: (a.d+1)/g - 1}
}

// Add gives a + b.
func (a Number) Add(b Number) Number {
	if a.d == b.d && a.r == nil && b.r == nil {
		if sum, ok := plus(a.n, b.n); ok {
			return Number{n: sum, d: a.d}
		}
	}
	return a.add(b)
}

func (a Number) add(b Number) Number {
	if a.r == nil && b.r == nil {
		if sum, ok := addWords(a, b); ok {
			return sum
		}
		if sum, ok := addWords(a.reduced(), b.reduced()); ok {
			return sum
		}
	}
	return Rat(new(big.Rat).Add(a.wide(), b.wide()))
}

func addWords(a, b Number) (Number, bool) {
	ad, bd := uint64(a.d+1), uint64(b.d+1)
	as, bs := bd, ad // what each is extended by
	switch {
	case ad == bd:
		as, bs = 1, 1
	case ad == 1 || bd == 1:
	case ad%bd == 0:
		as, bs = 1, ad/bd
	case bd%ad == 0:
		as, bs = bd/ad, 1
	default:
		g := gcd(ad, bd)
		as, bs = bd/g, ad/g
	}
	common, ok1 := mul(a.d+1, int64(as))
	an, ok2 := mul(a.n, int64(as))
	bn, ok3 := mul(b.n, int64(bs))
	sum, ok4 := plus(an, bn)
	return Number{n: sum, d: common - 1}, ok1 && ok2 && ok3 && ok4
}

// Sum adds numbers up; 0 of none.
func Sum(numbers ...Number) Number {
	var sum Number
	for _, n := range numbers {
		sum = sum.Add(n)
	}
	return sum
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
			return Number{n: n, d: d - 1}
		}
		if product, ok := mulReduced(a.reduced(), b.reduced()); ok {
			return product
		}
	}
	return Rat(new(big.Rat).Mul(a.wide(), b.wide()))
}

// mulReduced cancels across before it multiplies: it fits if the product fits at all.
func mulReduced(a, b Number) (Number, bool) {
	x, y := Number{n: a.n, d: b.d}.reduced(), Number{n: b.n, d: a.d}.reduced()
	n, ok1 := mul(x.n, y.n)
	d, ok2 := mul(x.d+1, y.d+1)
	return Number{n: n, d: d - 1}, ok1 && ok2
}

// Quo gives a ÷ b; false if b is 0.
func (a Number) Quo(b Number) (Number, bool) {
	switch {
	case b.r != nil:
		return Rat(new(big.Rat).Quo(a.wide(), b.r)), true
	case b.n > 0:
		return a.Mul(Number{n: b.d + 1, d: b.n - 1}), true
	case b.n < 0:
		return a.Mul(Number{n: -b.d - 1, d: -b.n - 1}), true
	}
	return Number{}, false
}

// Cmp gives -1, 0 or 1 where a is below, equal to or above b. It is exact.
func (a Number) Cmp(b Number) int {
	if a.r != nil || b.r != nil {
		return a.wide().Cmp(b.wide())
	}
	if a.d == b.d {
		return compare(a.n, b.n)
	}
	if sa, sb := compare(a.n, 0), compare(b.n, 0); sa != sb {
		return compare(sa, sb)
	}
	h1, l1 := bits.Mul64(abs(a.n), uint64(b.d+1))
	h2, l2 := bits.Mul64(abs(b.n), uint64(a.d+1))
	c := compare(h1, h2)
	if c == 0 {
		c = compare(l1, l2)
	}
	if a.n < 0 {
		return -c
	}
	return c
}

// Less tells whether a is below b, Equal whether they are one number.
func (a Number) Less(b Number) bool { return a.Cmp(b) < 0 }

// Equal tells whether a and b are one number.
func (a Number) Equal(b Number) bool { return a.Cmp(b) == 0 }

// Sign gives -1, 0 or 1.
func (a Number) Sign() int {
	if a.r != nil {
		return a.r.Sign()
	}
	return compare(a.n, 0)
}

// IsZero tells whether the number is 0.
func (a Number) IsZero() bool { return a.n == 0 && a.r == nil }

// IsInt tells whether the number is whole.
func (a Number) IsInt() bool {
	if a.r != nil {
		return a.r.IsInt()
	}
	return a.n%(a.d+1) == 0
}

// Min gives the lesser of two.
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

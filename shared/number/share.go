package number

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// Share splits a whole among weights by largest remainder: each gets its part (whole × weight ÷ sum of weights) cut down to a
// count of units, and what is left goes in steps of one to those of which most was cut off; of equal ones to the earlier. So the
// parts sum to the whole, each is within one unit of what it is exactly, and only ties depend on the order.
//
// A whole below 0 is shared as its opposite is: Share(-n, weights) is the opposite of Share(n, weights), part by part, so that
// what was shared and its reversal net to zero. Only what weights are to each other counts: those that are all below 0 share as
// their opposites do.
//
// Where weights have both signs, so have the parts: of 50 among 100 and -50, 100 and -50. Cut down then means down, not
// towards zero. Where that cannot be (the weights sum to 0, or to so little that a part is more than 64 bits count), they share by
// their sizes, without signs, and weights that are all 0 share equally. Without any weight there are no parts.
func Share(whole int64, weights []Number) []int64 {
	if len(weights) == 0 {
		return []int64{}
	}
	parts := make([]portion, len(weights))
	if !split(parts, abs(whole), weights) {
		split(parts, abs(whole), sizes(weights))
	}
	shares := make([]int64, len(parts))
	for _, p := range parts {
		shares[p.at] = withSign(uint64(p.units), whole < 0)
	}
	return shares
}

// portion is what one weight gets: whole units, and what was cut off, in parts of one that are the same for all.
type portion struct {
	at    int
	units int64
	rest  uint64
	wide  *big.Int // the rest, where a word does not hold it
}

// split fills parts, in any order; false where the weights cannot share. What it reckons wraps around where the whole is 2^63,
// and comes out right.
func split(parts []portion, whole uint64, weights []Number) bool {
	left, ok := splitWords(parts, whole, weights)
	if !ok {
		if left, ok = splitWide(parts, whole, weights); !ok {
			return false
		}
	}
	if left == 0 {
		return true
	}
	slices.SortFunc(parts, func(a, b portion) int {
		c := cmp.Compare(b.rest, a.rest)
		if a.wide != nil {
			c = b.wide.Cmp(a.wide)
		}
		return cmp.Or(c, cmp.Compare(a.at, b.at))
	})
	for i := range left {
		parts[i].units++
	}
	return true
}

// splitWords does it in words, if weights over a common denominator fit.
func splitWords(parts []portion, whole uint64, weights []Number) (left int64, ok bool) {
	common, sum, most := int64(1), int64(0), largest(whole, weights)
	for _, w := range weights {
		if w.r != nil {
			return 0, false
		}
		if d := w.d + 1; common%d != 0 {
			if common, ok = mul(common, d/int64(gcd(uint64(common), uint64(d)))); !ok {
				return 0, false
			}
		}
	}
	for i, w := range weights {
		n, ok1 := mul(w.n, common/(w.d+1))
		total, ok2 := plus(sum, n)
		if !ok1 || !ok2 {
			return 0, false
		}
		parts[i], sum = portion{at: i, units: n}, total
	}
	if sum == 0 {
		return 0, false
	}
	left, size := int64(whole), abs(sum)
	for i := range parts {
		p := &parts[i]
		h, l := bits.Mul64(whole, abs(p.units))
		if h >= size {
			return 0, false
		}
		q, rest := bits.Div64(h, l, size)
		opposite := p.units < 0 != (sum < 0)
		if opposite && rest > 0 {
			q, rest = q+1, size-rest
		}
		if q > most {
			return 0, false
		}
		p.units, p.rest = withSign(q, opposite), rest
		left -= p.units
	}
	return left, true
}

// splitWide does the same in math/big.
func splitWide(parts []portion, whole uint64, weights []Number) (left int64, ok bool) {
	var sum Number
	for _, w := range weights {
		sum = sum.Add(w)
	}
	if sum.IsZero() {
		return 0, false
	}
	n, most := Rat(new(big.Rat).SetInt(new(big.Int).SetUint64(whole))), new(big.Int).SetUint64(largest(whole, weights))
	exact, common := make([]*big.Rat, len(weights)), big.NewInt(1)
	for i, w := range weights {
		part, _ := n.Mul(w).Quo(sum)
		exact[i] = part.Big()
		d := exact[i].Denom()
		g := new(big.Int).GCD(nil, nil, common, d)
		common.Mul(common, g.Quo(d, g))
	}
	left = int64(whole)
	for i, e := range exact {
		rest := new(big.Int)
		floor, _ := new(big.Int).DivMod(e.Num(), e.Denom(), rest) // of a denominator above 0, the floor
		size := new(big.Int).Abs(floor)
		if size.Cmp(most) > 0 {
			return 0, false
		}
		rest.Mul(rest, new(big.Int).Quo(common, e.Denom()))
		parts[i] = portion{at: i, units: withSign(size.Uint64(), floor.Sign() < 0), wide: rest}
		left -= parts[i].units
	}
	return left, true
}

// largest gives what a part may come to before what is left is shared: of weights of one sign none is more than the whole, of
// both signs one step more has to fit.
func largest(whole uint64, weights []Number) uint64 {
	above, below := false, false
	for _, w := range weights {
		above, below = above || w.Sign() > 0, below || w.Sign() < 0
	}
	if above && below {
		return math.MaxInt64 - 1
	}
	return whole
}

// sizes gives the weights without their signs; if all are 0, as many ones.
func sizes(weights []Number) []Number {
	all, sum := make([]Number, len(weights)), Number{}
	for i, w := range weights {
		all[i] = w.Abs()
		sum = sum.Add(all[i])
	}
	if sum.IsZero() {
		for i := range all {
			all[i] = Of(1)
		}
	}
	return all
}

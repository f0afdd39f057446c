package number_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"leadline/shared/number"

	"pgregory.net/rapid"
)

// pair is a number with what it is in math/big.
type pair struct {
	n number.Number
	r *big.Rat
}

// word draws words of all sizes, those around the limits of 32 and 64 bits and their roots among them.
func word() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		edges := []int64{0, 1, 2, 100, 1 << 31, 1 << 32, 3037000499, 3037000500, 1 << 53, 1e18, math.MaxInt64 / 2, math.MaxInt64}
		n := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000), rapid.Int64Range(-1e12, 1e12), rapid.SampledFrom(edges)).Draw(t, "word")
		n += rapid.Int64Range(-3, 3).Draw(t, "off") // of the largest, this makes the least
		if rapid.Bool().Draw(t, "negative") {
			n = -n
		}
		return n
	})
}

func denominator() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.SampledFrom([]int64{1, 1, 100, 10000, 3, 7, 365, 1e18, math.MaxInt64}), word().Filter(func(n int64) bool { return n > 0 }))
}

// anyPair makes numbers by all doors: words in no lowest terms, wide ones, texts.
func anyPair(t *rapid.T, name string) pair {
	n, d := word().Draw(t, name), denominator().Draw(t, name+" by")
	r := big.NewRat(n, d)
	switch rapid.IntRange(0, 4).Draw(t, name+" made") {
	case 0:
		return pair{number.Of(n), new(big.Rat).SetInt64(n)}
	case 1:
		wide := new(big.Rat).Mul(r, big.NewRat(word().Draw(t, name+" times"), denominator().Draw(t, name+" by as well")))
		return pair{number.Rat(wide), wide}
	case 2:
		parsed, err := number.Parse(r.RatString())
		if err != nil {
			t.Fatal(err)
		}
		return pair{parsed, r}
	}
	return pair{number.Frac(n, d), r}
}

func (p pair) check(t *rapid.T, what string) {
	t.Helper()
	if p.n.Big().Cmp(p.r) != 0 {
		t.Fatalf("%s is %s, want %s", what, p.n.Big(), p.r)
	}
	if p.n.Sign() != p.r.Sign() || p.n.IsZero() != (p.r.Sign() == 0) || p.n.IsInt() != p.r.IsInt() {
		t.Fatalf("%s: of %s the sign is %d, it is zero %v, whole %v", what, p.r, p.n.Sign(), p.n.IsZero(), p.n.IsInt())
	}
}

// TestOperationsAreThoseOfBigRat also goes on with what comes out, so that forms which only operations make are met.
func TestOperationsAreThoseOfBigRat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyPair(t, "a")
		a.check(t, "a")
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			b := anyPair(t, "b")
			before := b.n.String()
			pair{a.n.Neg(), new(big.Rat).Neg(a.r)}.check(t, "-a")
			pair{a.n.Abs(), new(big.Rat).Abs(a.r)}.check(t, "|a|")
			if a.n.Cmp(b.n) != a.r.Cmp(b.r) || a.n.Less(b.n) != (a.r.Cmp(b.r) < 0) || a.n.Equal(b.n) != (a.r.Cmp(b.r) == 0) || a.n.Cmp(a.n) != 0 {
				t.Fatalf("%s and %s compare as %d", a.r, b.r, a.n.Cmp(b.n))
			}
			if number.Min(a.n, b.n).Cmp(number.Max(a.n, b.n)) != -max(a.r.Cmp(b.r), -a.r.Cmp(b.r)) {
				t.Fatalf("of %s and %s, the lesser is %s, the greater %s", a.r, b.r, number.Min(a.n, b.n), number.Max(a.n, b.n))
			}
			sum := new(big.Rat).Add(a.r, b.r)
			pair{number.Sum(a.n, b.n, a.n), new(big.Rat).Add(sum, a.r)}.check(t, "a + b + a")
			quotient, ok := a.n.Quo(b.n)
			if ok != (b.r.Sign() != 0) {
				t.Fatalf("%s by %s: %v", a.r, b.r, ok)
			}
			all := []pair{{a.n.Add(b.n), sum}, {a.n.Sub(b.n), new(big.Rat).Sub(a.r, b.r)}, {a.n.Mul(b.n), new(big.Rat).Mul(a.r, b.r)}}
			if ok {
				all = append(all, pair{quotient, new(big.Rat).Quo(a.r, b.r)})
			}
			for i, p := range all {
				p.check(t, []string{"a + b", "a - b", "a * b", "a / b"}[i])
			}
			if b.n.String() != before {
				t.Fatalf("%s has become %s", before, b.n)
			}
			a = rapid.SampledFrom(all).Draw(t, "on")
		}
	})
}

func TestTextsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyPair(t, "a")
		want := a.r.RatString()
		if digits, exact := a.r.FloatPrec(); exact {
			want = a.r.FloatString(digits)
		}
		if a.n.String() != want {
			t.Fatalf("%s is written %s", want, a.n)
		}
		text, err := json.Marshal(a.n)
		var back number.Number
		if err != nil || string(text) != `"`+want+`"` || json.Unmarshal(text, &back) != nil || !back.Equal(a.n) || back.String() != want {
			t.Fatalf("%s, written %s, %v, comes back as %s", a.r, text, err, back)
		}
	})
}

// TestParseReadsWhatBigRatReads holds decimals with exponents to math/big, which reads them, too.
func TestParseReadsWhatBigRatReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][-+]?[0-5]?[0-9])?`).Draw(t, "text")
		want, ok := new(big.Rat).SetString(text)
		got, err := number.Parse(text)
		if !ok || err != nil || got.Big().Cmp(want) != 0 {
			t.Fatalf("%s is %s, %v; want %s", text, got, err, want)
		}
		percent, err := number.Parse(text + "%")
		if err != nil || percent.Big().Cmp(want.Quo(want, big.NewRat(100, 1))) != 0 {
			t.Fatalf("%s%% is %s, %v", text, percent, err)
		}
	})
}

// FuzzParse looks for a text that Parse takes otherwise than it is written.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"12.50", "-1e3", "1/3", "7.5%", "010/3", "1e-60", "9223372036854775808"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := number.Parse(text)
		if err != nil || len(n.String()) > number.MaxText {
			return
		}
		if back, err := number.Parse(n.String()); err != nil || !back.Equal(n) {
			t.Errorf("%q is %s, which comes back as %s, %v", text, n, back, err)
		}
	})
}

// rounded rounds as the modes say, from the definition: the neighbours of a number are the whole numbers around it, and the one
// that is taken depends on how far both are.
func rounded(r *big.Rat, digits int, mode number.Mode) *big.Int {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(digits, -digits))), nil))
	if digits < 0 {
		scale.Inv(scale)
	}
	x := new(big.Rat).Mul(r, scale)
	below := new(big.Int).Div(x.Num(), x.Denom())
	if x.IsInt() {
		return below
	}
	above := new(big.Int).Add(below, big.NewInt(1))
	inner, outer := below, above
	if x.Sign() < 0 {
		inner, outer = above, below
	}
	distance := func(n *big.Int) *big.Rat { d := new(big.Rat).SetInt(n); return d.Abs(d.Sub(d, x)) }
	nearer := distance(inner).Cmp(distance(outer))
	switch {
	case mode == number.Down:
		return inner
	case mode == number.Up:
		return outer
	case nearer < 0:
		return inner
	case nearer > 0:
		return outer
	case mode == number.HalfDown, mode == number.HalfEven && inner.Bit(0) == 0:
		return inner
	}
	return outer
}

func TestRoundIsWhatTheModesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyPair(t, "a")
		if rapid.Bool().Draw(t, "half") { // ties are rare by chance
			n := rapid.Int64Range(-1e15, 1e15).Draw(t, "steps")
			a = pair{number.Frac(n, 200), big.NewRat(n, 200)}
		}
		digits, mode := rapid.SampledFrom([]int{0, 2, 2, 3, 8, 18, 19, 30, -1, -3, -20}).Draw(t, "digits"), rapid.SampledFrom(append(number.Modes(), "")).Draw(t, "mode")
		got, err := a.n.Round(digits, mode)
		opposite, errOpposite := a.n.Neg().Round(digits, mode)
		want := rounded(a.r, digits, mode)
		if fits := new(big.Int).Abs(want).IsInt64(); (err == nil) != fits || (errOpposite == nil) != fits || fits && (got != want.Int64() || opposite != -got) {
			t.Fatalf("%s to %d digits, %s: %d, %v, its opposite %d, %v; want %s", a.r, digits, mode, got, err, opposite, errOpposite, want)
		}
	})
}

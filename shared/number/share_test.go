package number_test

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"leadline/shared/number"

	"pgregory.net/rapid"
)

func TestShare(t *testing.T) {
	for _, c := range []struct {
		name    string
		whole   int64
		weights string
		want    []int64
	}{
		{"a tie goes to the earlier", 5, "70 30", []int64{4, 1}},
		{"and not to the larger", 5, "30 70", []int64{2, 3}},
		{"three equal ones", 800, "1 1 1", []int64{267, 267, 266}},
		{"two steps left", 5, "1 1 1", []int64{2, 2, 1}},
		{"the largest remainder, wherever it is", 10, "1 1 4/3", []int64{3, 3, 4}},
		{"below 0, the mirror", -5, "70 30", []int64{-4, -1}},
		{"weights below 0 are as those above", 5, "-70 -30", []int64{4, 1}},
		{"nothing among some", 0, "1 2", []int64{0, 0}},
		{"one gets all", -7, "0.3", []int64{-7}},
		{"none gets nothing", 9, "", []int64{}},
		{"a weight of 0 gets nothing", 100, "0 1 0 1 1", []int64{0, 34, 0, 33, 33}},
		{"percents", 1001, "33.3% 33.3% 33.4%", []int64{333, 333, 335}},
		{"both signs", 50, "100 -50", []int64{100, -50}},
		{"both signs, mirrored", -50, "100 -50", []int64{-100, 50}},
		{"both signs, cut down", 5, "2 2 -1", []int64{4, 3, -2}}, // of 10/3, 10/3, -5/3
		{"a sum of 0 shares by size", 5, "3 -3", []int64{3, 2}},
		{"a sum of nearly 0, too", 100, "1e30 -1e30 1", []int64{50, 50, 0}},
		{"parts that have no place share by size", 4e18, "3 -2", []int64{24e17, 16e17}},
		{"the largest parts of both signs", 3e18, "3 -2", []int64{9e18, -6e18}},
		{"all 0 share equally", 5, "0 0", []int64{3, 2}},
		{"wide weights", 10, "3e40 1e40", []int64{8, 2}}, // of 7.5 and 2.5
		{"wide denominators", 10, "1/9223372036854775807 1/9223372036854775806 1/9223372036854775805", []int64{3, 3, 4}},
		{"the largest", math.MaxInt64, "1 1", []int64{1 << 62, 1<<62 - 1}},
		{"the least", math.MinInt64, "1 0", []int64{math.MinInt64, 0}},
		{"the least by two", math.MinInt64, "1 1", []int64{-1 << 62, -1 << 62}},
		{"the least of both signs, by size", math.MinInt64, "2 -1", []int64{-6148914691236517205, -3074457345618258603}},
	} {
		var weights []number.Number
		for text := range strings.FieldsSeq(c.weights) {
			weights = append(weights, num(t, text))
		}
		got := number.Share(c.whole, weights)
		if got == nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %d among %s is %v, want %v", c.name, c.whole, c.weights, got, c.want)
		}
	}
}

// TestSharesSumToTheWhole also holds each part to within one unit of what it is exactly, a reversal to the mirror of what it
// reverses, and ties to the earlier.
func TestSharesSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		signs := rapid.SampledFrom([]string{"above", "below", "both"}).Draw(t, "signs")
		whole := word().Draw(t, "whole")
		if signs == "both" {
			whole %= 1e15
		}
		var weights []number.Number
		var exact []*big.Rat
		sum := new(big.Rat)
		for range rapid.IntRange(1, 8).Draw(t, "count") {
			w := pair{number.Of(1), big.NewRat(1, 1)}
			switch rapid.IntRange(0, 2).Draw(t, "weight") {
			case 0:
				w = anyPair(t, "weight")
			case 1:
				n := rapid.Int64Range(-300, 300).Draw(t, "small")
				w = pair{number.Frac(n, 100), big.NewRat(n, 100)}
			}
			if signs != "both" {
				w = pair{w.n.Abs(), w.r.Abs(w.r)}
			}
			if signs == "below" {
				w = pair{w.n.Neg(), w.r.Neg(w.r)}
			}
			weights, exact = append(weights, w.n), append(exact, w.r)
			sum.Add(sum, w.r)
		}
		parts := number.Share(whole, weights)
		total := new(big.Int)
		for _, p := range parts {
			total.Add(total, big.NewInt(p))
		}
		if len(parts) != len(weights) || total.Cmp(big.NewInt(whole)) != 0 {
			t.Fatalf("%v sum to %s, not %d", parts, total, whole)
		}
		for i, p := range number.Share(-whole, weights) {
			if whole != math.MinInt64 && p != -parts[i] { // that one has no opposite
				t.Fatalf("%d is shared as %v, its opposite as %v", whole, parts, number.Share(-whole, weights))
			}
		}
		if sum.Sign() == 0 {
			return
		}
		rests := make([]*big.Rat, len(parts))
		for i, w := range exact {
			w.Quo(w.Mul(w, new(big.Rat).SetInt64(whole)), sum)
			if size := new(big.Rat).Abs(w); signs == "both" && size.Cmp(big.NewRat(math.MaxInt64-1, 1)) > 0 {
				return // they share by size
			}
			if whole < 0 { // look at the mirror
				w.Neg(w)
			}
			part := new(big.Rat).SetInt64(parts[i])
			if whole < 0 {
				part.Neg(part)
			}
			rests[i] = w.Sub(w, part)
			if rests[i].Cmp(big.NewRat(1, 1)) >= 0 || rests[i].Cmp(big.NewRat(-1, 1)) <= 0 {
				t.Fatalf("part %d of %v is off by %s", i, parts, rests[i])
			}
		}
		for i, a := range rests { // who was raised (rest below 0) had cut off as much as anybody who was not
			for j, b := range rests {
				if a.Sign() >= 0 || b.Sign() < 0 {
					continue
				}
				if c := new(big.Rat).Add(a, big.NewRat(1, 1)).Cmp(b); c < 0 || c == 0 && i > j {
					t.Fatalf("of %v, part %d was raised and part %d was not", parts, i, j)
				}
			}
		}
	})
}

// TestShareDoesNotDependOnTheForm of a weight: 1/2, 2/4 and what is wide are one.
func TestShareDoesNotDependOnTheForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b []number.Number
		for range rapid.IntRange(1, 5).Draw(t, "count") {
			w, by := anyPair(t, "weight"), rapid.Int64Range(1, 1000).Draw(t, "extended")
			wide := new(big.Rat).Mul(w.r, big.NewRat(by, 1))
			back, _ := number.Rat(wide).Quo(number.Of(by))
			a, b = append(a, w.n), append(b, back)
		}
		whole := word().Draw(t, "whole")
		if x, y := number.Share(whole, a), number.Share(whole, b); !slices.Equal(x, y) {
			t.Fatalf("%d is shared as %v and %v", whole, x, y)
		}
	})
}

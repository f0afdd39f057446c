package incentive

import (
	"slices"

	"leadline/shared/number"
)

// roundStep rounds what the lines come to, once, to minor units, and shares that out among them: each gets its exact amount cut
// or raised to a whole unit, and they sum to the rounded amount. Raised are those of which most would be cut off; of equal
// ones the earlier.
func roundStep(w *componentWork) {
	w.out.Exact = sumOf(w.lines)
	w.out.Lines = w.lines
	if w.out.Amount, w.err = w.out.Exact.Round(w.v.minor, w.v.Definition.Rounding); w.err != nil {
		return
	}
	w.err = shareOut(w.lines, w.out.Amount, w.v.minor)
}

// shareOut sets the Amounts of lines so that they sum to the amount, which is what they come to exactly, rounded to minor units
// either way. Amounts below 0 are shared as their opposites are, so that a reversal mirrors what it reverses.
func shareOut(lines []Line, amount int64, minor int) error {
	type remainder struct {
		at   int
		rest number.Number
	}
	rests := make([]remainder, 0, len(lines))
	scale, mirrored := number.Ten(minor), amount < 0
	left := amount
	if mirrored {
		scale, left = scale.Neg(), -left
	}
	for at := range lines {
		units := lines[at].Exact.Mul(scale)
		floor, err := units.Round(0, number.Down)
		if err != nil {
			return err
		}
		rest := units.Sub(number.Of(floor))
		if rest.Sign() < 0 {
			floor, rest = floor-1, rest.Add(number.Of(1))
		}
		if !rest.IsZero() {
			rests = append(rests, remainder{at, rest})
		}
		lines[at].Amount = floor
		left -= floor
	}
	slices.SortFunc(rests, func(a, b remainder) int {
		if c := b.rest.Cmp(a.rest); c != 0 {
			return c
		}
		return a.at - b.at
	})
	for _, r := range rests[:left] {
		lines[r.at].Amount++
	}
	if mirrored {
		for at := range lines {
			lines[at].Amount = -lines[at].Amount
		}
	}
	return nil
}

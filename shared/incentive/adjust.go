package incentive

import (
	"fmt"
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// adjustStep changes the amount in the order in which the component lists its adjustments. Each change is a line of its own, or
// one for each credit where it hangs on the credit, with the adjustment's place as its Step.
//
// Gates and multipliers change all lines before them, but not what is taken back of earlier periods. Caps and floors look at
// the sum at their place (total): a sum below zero is under any cap, and a floor lifts it as it lifts any other. A window to date
// that deducts is adjusted as a whole: its caps and floors are for the window.
//
// Amounts are for a period. Where two versions share one, each version's kickers, caps and floors count by its days; the cap of a
// deal counts whole. Kickers and floors are for those who take part in the period, or in the window.
func adjustStep(w *componentWork) {
	a := &adjusting{componentWork: w, pot: w.pot()}
	w.opening = a.pot
	a.releaseAt = releaseAt(w.c.Adjust, func(adj *program.Adjustment) (bool, program.Excess) {
		return adj.Kind == program.Cap, adj.Excess
	})
	for at := range w.c.Adjust {
		a.adjust(at, &w.c.Adjust[at])
		if w.err != nil {
			return
		}
	}
	if a.releaseAt == len(w.c.Adjust) {
		a.release(-1, a.pot) // there is no cap any more
	}
	kept, err := a.kept.Round(w.v.minor, w.v.Definition.Rounding)
	if w.err = err; err != nil {
		return
	}
	var ok bool
	if w.excess, ok = plus(a.pot, kept); !ok {
		w.err = tooLarge()
	}
}

// adjusting is the work of one adjustStep.
type adjusting struct {
	*componentWork
	// pot is what is carried from earlier caps and not earned again so far, in minor units; releaseAt the place of the cap that
	// earns it.
	pot       int64
	releaseAt int
	// released is what was earned of the pot, kept what caps cut off to be carried.
	released, kept number.Number
}

// adjust takes one adjustment. Where its condition does not hold, a gate closes, and the others change nothing; but all that is
// carried may be earned then.
func (a *adjusting) adjust(at int, adj *program.Adjustment) {
	holds := adj.When == nil || a.holds(adj.When)
	switch adj.Kind {
	case program.Gate:
		if !holds {
			a.gate(at, adj)
		}
	case program.Multiplier:
		if factor, ok := a.factor(adj); holds && ok {
			a.multiply(at, factor, "multiplier")
		}
	case program.Kicker:
		if amount, ok := a.size(adj.Size, true); holds && ok && a.takesPart() && !amount.IsZero() {
			a.lines = append(a.lines, Line{Kind: LineKicker, Step: at, Exact: amount})
		}
	case program.Floor:
		a.floor(at, adj, holds)
	case program.Cap:
		a.cap(at, adj, holds)
	case program.CapDeal:
		a.capDeals(at, adj, holds)
	}
}

// gate multiplies where its condition does not hold: by 0, if the program does not say what is left.
func (a *adjusting) gate(at int, adj *program.Adjustment) {
	a.multiply(at, *adj.Factor, "gate: "+a.whyNot(adj.When))
}

// multiply makes the lines before it so many times what they are: by a line for each credit, so that it can be said what each
// has earned, and one for what comes from all of them.
func (a *adjusting) multiply(at int, factor number.Number, note string) {
	change := factor.Sub(number.Of(1))
	if change.IsZero() {
		return
	}
	all := a.perCredit()
	a.lines = slices.Grow(a.lines, len(all))
	for _, p := range all {
		if !p.sum.IsZero() {
			a.perCreditLine(Line{Kind: LineFactor, Credit: p.credit, Step: at, Base: p.sum, Rate: factor, Exact: p.sum.Mul(change), Note: note})
		}
	}
}

// floor adds what is missing to an amount.
func (a *adjusting) floor(at int, adj *program.Adjustment, holds bool) {
	least, ok := a.size(adj.Size, true)
	if missing := least.Sub(a.total()); holds && ok && a.takesPart() && missing.Sign() > 0 {
		a.lines = append(a.lines, Line{Kind: LineFloor, Step: at, Exact: missing})
	}
}

// total is what the lines come to that caps and floors look at. In a window that deducts, what is taken back of deals from
// before it stands beside it.
func (a *adjusting) total() number.Number {
	if !a.deducts() || len(a.back) == 0 {
		return sumOf(a.lines)
	}
	var sum number.Number
	for at := range a.lines {
		if !a.back[a.lines[at].Credit] {
			sum = sum.Add(a.lines[at].Exact)
		}
	}
	return sum
}

// factor gives what a multiplier multiplies by: false if its curve looks at a figure that there is not.
func (a *adjusting) factor(adj *program.Adjustment) (number.Number, bool) {
	if adj.Factor != nil {
		return *adj.Factor, true
	}
	if adj.Curve == nil || len(adj.Curve.Tiers) == 0 {
		return number.Number{}, false
	}
	x, ok := a.figure(adj.Curve.By)
	if !ok {
		return number.Number{}, false
	}
	return ladderAt(tiersOf(adj.Curve.Tiers), x, adj.Curve.Boundary == program.Upper).pay, true // its tiers are whole or interpolated
}

// size gives an amount; false if it is a part of a target and there is none. What is byDays counts by the version's part of the
// period.
func (w *componentWork) size(s program.Size, byDays bool) (number.Number, bool) {
	switch {
	case s.Amount != nil && byDays && !w.deducts():
		return s.Amount.Mul(w.versionPart()), true
	case s.Amount != nil:
		return *s.Amount, true
	case s.OfTarget == nil || w.out.Target == nil:
		return number.Number{}, false
	case w.deducts():
		return s.OfTarget.Mul(*w.out.Target), true
	}
	return s.OfTarget.Mul(w.targetNow), true
}

// versionPart is the version's part of those days of the period on which the program is in force: 1, but where one version
// follows another.
func (w *componentWork) versionPart() number.Number {
	days := w.days.Days()
	if days == w.in.Period.Days() {
		return number.Of(1)
	}
	all := 0
	for _, s := range w.plan.inForce() {
		all += s.And(w.in.Period.Span).Days()
	}
	return number.Frac(int64(days), int64(max(all, days, 1)))
}

// takesPart tells whether the participant takes part in the component on a day of the period that the version counts for; with a
// window that deducts, on a day of that: who leaves keeps what the window came to.
func (w *componentWork) takesPart() bool {
	if w.deducts() {
		return len(w.spans) > 0
	}
	for _, s := range w.spans {
		if s.Overlaps(w.days) {
			return true
		}
	}
	return false
}

// holds tells whether a condition holds. One on a figure that there is not, an attainment without a quota, does not.
func (w *componentWork) holds(c *program.Condition) bool {
	x, ok := w.figure(c.By)
	return ok && (c.Least == nil || !x.Less(*c.Least)) && (c.Below == nil || x.Less(*c.Below))
}

// whyNot says for people why a condition does not hold.
func (w *componentWork) whyNot(c *program.Condition) string {
	of := string(c.Of)
	if c.Component != "" {
		of += " of " + c.Component
	}
	x, ok := w.figure(c.By)
	switch {
	case !ok:
		return "there is no " + of
	case c.Least != nil && x.Less(*c.Least):
		return fmt.Sprintf("%s is %s, not at least %s", of, x, c.Least)
	default:
		return fmt.Sprintf("%s is %s, not below %s", of, x, c.Below)
	}
}

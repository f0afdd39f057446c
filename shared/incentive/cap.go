package incentive

import (
	"leadline/shared/number"
	"leadline/shared/program"
)

// What a cap cuts off is lost, or is put in a pot, one for the component, in whole minor units, and carried into the next
// period. There it is earned at the place of one cap (releaseAt), as far as that cap allows; without a cap, all of it at the
// end. Caps after it cut, too, and what they cut off of the pot goes back into it, whatever becomes of the rest.

// releaseAt is the place of the cap at which what is carried is earned: the first that carries; where none carries any more, the
// first; without a cap, len(all). isCap tells whether one of all is a cap, and what becomes of what it cuts off.
func releaseAt[T any](all []T, isCap func(*T) (bool, program.Excess)) int {
	first := len(all)
	for at := range all {
		switch is, excess := isCap(&all[at]); {
		case !is:
		case excess == program.CarriedOver:
			return at
		case first == len(all):
			first = at
		}
	}
	return first
}

// pot is what the component carries into the period, less what the version before it in the period has earned of it.
func (w *componentWork) pot() int64 {
	switch {
	case w.earlier == nil:
		return w.in.Before.Excess[w.c.Name]
	case w.deducts() && w.earlier.deducts():
		return w.earlier.opening // the window is reckoned again as a whole
	}
	return w.earlier.excess
}

// cap cuts off what is above an amount. Where its condition does not hold it cuts nothing, and all that is carried may be
// earned.
func (a *adjusting) cap(at int, adj *program.Adjustment, holds bool) {
	most, ok := a.size(adj.Size, true)
	if !holds || !ok {
		if at == a.releaseAt {
			a.release(at, a.pot)
		}
		return
	}
	if adj.Excess == program.CarriedOver {
		// Whole minor units: what is paid and what is carried then sum to what was earned.
		units, err := most.Round(a.v.minor, a.v.Definition.Rounding)
		if a.err = err; err != nil {
			return
		}
		most = a.v.major(units)
	}
	total := a.total()
	if at == a.releaseAt {
		total = total.Add(a.release(at, a.room(most.Sub(total))))
	}
	if cut := total.Sub(most); cut.Sign() > 0 {
		a.lines = append(a.lines, Line{Kind: LineCap, Step: at, Base: total, Exact: cut.Neg()})
		a.cutOff(cut, adj.Excess)
	}
}

// capDeals holds what each credit earns to at most an amount, and what a reversal takes away as well.
func (a *adjusting) capDeals(at int, adj *program.Adjustment, holds bool) {
	most, ok := a.size(adj.Size, false)
	if !holds || !ok {
		return
	}
	for _, p := range a.perCredit() {
		over := p.sum.Abs().Sub(most)
		if p.credit == "" || over.Sign() <= 0 {
			continue
		}
		if p.sum.Sign() > 0 {
			over = over.Neg()
		}
		a.perCreditLine(Line{Kind: LineCap, Credit: p.credit, Step: at, Base: p.sum, Exact: over})
	}
}

// cutOff puts what a cap cuts off into the pot: what had come out of it in any case, the rest if the cap carries.
func (a *adjusting) cutOff(cut number.Number, excess program.Excess) {
	back := cut
	if excess != program.CarriedOver {
		back = number.Min(cut, a.released)
	}
	a.kept = a.kept.Add(back)
	a.released = a.released.Sub(number.Min(back, a.released))
}

// room gives how much of the pot an amount has room for, in minor units.
func (a *adjusting) room(amount number.Number) int64 {
	if amount.Cmp(a.v.major(a.pot)) >= 0 {
		return a.pot
	}
	units, err := amount.Round(a.v.minor, number.Down)
	if err != nil { // far below zero
		return 0
	}
	return max(units, 0)
}

// release earns part of what is carried.
func (a *adjusting) release(at int, units int64) number.Number {
	amount := a.v.major(units)
	if units != 0 {
		a.pot -= units
		a.released = a.released.Add(amount)
		a.lines = append(a.lines, Line{Kind: LineCarried, Step: at, Exact: amount, Note: "cut off by a cap in an earlier period"})
	}
	return amount
}

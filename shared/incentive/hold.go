package incentive

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// holdStep keeps back part of what each credit of the period earns, where its component says so, and pays what was kept back
// earlier and is to be released: in the period that the day of release lies in, or the next one that is reckoned after it. The
// day is the credit's, or the one on which somebody released it, whichever comes first. What is earned and released in one
// period is not held.
//
// It comes after the limits: draws look at what is earned, whether it is held or not.
//
// What a cap cuts off the component's sum makes what is held less in proportion, so that no more is held than its share of what
// is paid. Only what a credit earns above zero is held; what belongs to no credit, a kicker or a tier's fixed amount, is not, and
// reversals are not. What is taken back of a deal while part of it is held is settled with what is held first: as much of that
// is released against it, and the rest goes on being held.
func holdStep(w *programWork) {
	taken := w.takenBack()
	w.releaseHolds(taken)
	for _, c := range w.components {
		if w.hold(c, taken); w.err != nil {
			return
		}
	}
}

// takenBack gives, by credit, what is taken back of it in the period: what its reversals come to.
func (w *programWork) takenBack() map[string]int64 {
	var taken map[string]int64
	for _, c := range w.components {
		var of map[string]string
		for _, credit := range c.credits[c.periodFrom:] {
			if credit.Reversal {
				if of == nil {
					of = map[string]string{}
				}
				of[credit.ID] = credit.Of
			}
		}
		for at := range c.out.Lines {
			if id, found := of[c.out.Lines[at].Credit]; found {
				if taken == nil {
					taken = map[string]int64{}
				}
				taken[id] -= c.out.Lines[at].Amount
			}
		}
	}
	return taken
}

// hold keeps back part of what a component's credits of the period earn.
func (w *programWork) hold(c *componentWork, taken map[string]int64) {
	if c.c.Hold == nil {
		return
	}
	earned, part := c.perCreditEarned()
	for _, credit := range c.credits[c.periodFrom:] {
		amount := earned[credit.ID]
		if credit.Reversal || amount <= 0 || w.due(credit.ID, credit.Release) {
			continue
		}
		base, _ := number.Of(amount).Mul(part).Round(0, number.Down)
		held, err := number.Of(base).Mul(c.c.Hold.Share).Round(0, c.v.Definition.Rounding)
		if w.err = err; err != nil {
			return
		}
		if back := min(held, max(taken[credit.ID], 0)); back > 0 {
			held -= back
			taken[credit.ID] -= back
		}
		if held <= 0 {
			continue
		}
		w.holds = append(w.holds, Held{Component: c.c.Name, Credit: credit.ID, Record: credit.Record, Period: w.in.Period.Name, Amount: held, Release: credit.Release})
		note := "until it is released"
		if credit.Release != "" {
			note = "until " + string(credit.Release)
		}
		w.change(LineHeld, c.c.at, credit.ID, -held, note)
	}
}

// perCreditEarned gives what each credit earned in minor units, and the part of it that is paid: 1, but where caps cut the sum.
func (w *componentWork) perCreditEarned() (earned map[string]int64, part number.Number) {
	earned = make(map[string]int64, len(w.credits)-w.periodFrom)
	var all, cut int64
	for at := range w.out.Lines {
		switch l := &w.out.Lines[at]; {
		case l.Credit != "":
			earned[l.Credit] += l.Amount
			all += l.Amount
		case l.Kind == LineCap:
			cut -= l.Amount
		}
	}
	if cut <= 0 || all <= 0 {
		return earned, number.Of(1)
	}
	return earned, number.Frac(max(all-cut, 0), all)
}

// due tells whether what is held of a credit is to be paid by the end of the period.
func (w *programWork) due(credit string, release calendar.Date) bool {
	if byHand, ok := w.in.Released[credit]; ok && (release == "" || byHand < release) {
		release = byHand
	}
	return release != "" && release < w.in.Period.Until
}

// releaseHolds pays what is to be released of what earlier periods held, and carries the rest.
func (w *programWork) releaseHolds(taken map[string]int64) {
	if len(w.in.Before.Holds) == 0 {
		return
	}
	now := make(map[string]*Credit, len(w.in.Credits))
	for at := range w.in.Credits {
		now[w.in.Credits[at].ID] = &w.in.Credits[at]
	}
	for _, h := range w.in.Before.Holds {
		if c := now[h.Credit]; c != nil {
			h.Release = c.Release
		}
		place := w.placeOf(h.Component)
		if back := min(h.Amount, max(taken[h.Credit], 0)); back > 0 {
			h.Amount -= back
			taken[h.Credit] -= back
			w.change(LineReleased, place, h.Credit, back, "held in "+h.Period+", against what is taken back")
		}
		switch {
		case h.Amount <= 0:
		case w.due(h.Credit, h.Release):
			w.change(LineReleased, place, h.Credit, h.Amount, "held in "+h.Period)
		default:
			w.holds = append(w.holds, h)
		}
	}
}

// placeOf gives the place of a component in the version in force; -1 if there is none of the name any more.
func (w *programWork) placeOf(name string) int {
	for at, c := range w.v.components {
		if c.Name == name {
			return at
		}
	}
	return -1
}

// change adds a line of what is held or released.
func (w *programWork) change(kind LineKind, place int, credit string, amount int64, note string) {
	payable, ok := plus(w.result.Payable, amount)
	if !ok {
		w.err = tooLarge()
		return
	}
	w.result.Payable = payable
	w.result.Holds = append(w.result.Holds, Line{Kind: kind, Credit: credit, Step: place, Exact: w.v.major(amount), Amount: amount, Note: note})
}

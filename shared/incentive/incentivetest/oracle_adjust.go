package incentivetest

import (
	"math/big"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/program"
)

// earned is what a component comes to, before its rounding.
func (m *mill) earned(w *work) *big.Rat {
	if w.exact != nil {
		return w.exact
	}
	w.exact = new(big.Rat)
	if w.component.Rate != nil && (len(w.credits) > 0 || m.takesPartInWindow(w)) {
		w.exact = m.rate(w)
	}
	paid := m.settle(w)
	for _, a := range w.component.Adjust {
		m.adjust(w, a)
	}
	if w.deducts() {
		// What was taken back stood beside what caps and floors look at.
		window := w.Definition.Calendar.Around(windowKind(w.component.Measure.Window, w.Definition.Period), m.in.Period).Name
		w.exact = minus(minus(w.exact, paid), fromMinor(m.in.Before.ToDate[w.component.Name][window], m.digits))
	}
	return w.exact
}

// settle takes back what lost deals earned. What is reckoned here as well (in the period, or in a window that deducts) is taken
// back as it is here: the deal is worth so much less. What was earned before is taken back as it was paid, and nothing changes it.
func (m *mill) settle(w *work) *big.Rat {
	paid := new(big.Rat)
	for _, back := range w.backs {
		share := new(big.Rat).Abs(back.Share.Big())
		if amount := w.by[back.Of]; amount != nil && w.fresh(m, back) {
			part := times(amount, share)
			w.by[back.ID] = new(big.Rat).Neg(part)
			w.exact = minus(w.exact, part)
			continue
		}
		if w.days.Holds(back.Date) {
			paid = plus(paid, times(share, fromMinor(m.in.Taken[back.Of].Minor, m.digits)))
		}
	}
	if !w.deducts() {
		w.exact, w.settled = minus(w.exact, paid), paid
	}
	return paid
}

// takesPart tells whether there is a day for which the participant is paid: of the period, or of a window that is paid as a whole.
func (m *mill) takesPart(w *work) bool {
	if w.deducts() {
		return m.takesPartInWindow(w)
	}
	return w.anyDay(w.days)
}

func (m *mill) takesPartInWindow(w *work) bool {
	return w.anyDay(m.window(w.part, w.component.Measure.Window))
}

func (w *work) anyDay(of calendar.Span) bool {
	for d := of.From; d < of.Until; d = d.AddDays(1) {
		for _, s := range w.spans {
			if s.Holds(d) {
				return true
			}
		}
	}
	return false
}

func (m *mill) holds(w *work, c *program.Condition) bool {
	if c == nil {
		return true
	}
	x := m.looked(w, c.By)
	return (c.Least == nil || x.Cmp(c.Least.Big()) >= 0) && (c.Below == nil || x.Cmp(c.Below.Big()) < 0)
}

// size is the amount of an adjustment: where two versions share the period, each has its part of the days.
func (m *mill) size(w *work, s program.Size) *big.Rat {
	switch {
	case s.Amount != nil && w.deducts():
		return s.Amount.Big()
	case s.Amount != nil:
		return times(s.Amount.Big(), big.NewRat(int64(w.part.days.Days()), int64(m.in.Period.Days())))
	case w.deducts():
		return times(optional(s.OfTarget), orZero(w.target))
	}
	return times(optional(s.OfTarget), orZero(w.targetNow))
}

func (m *mill) adjust(w *work, a program.Adjustment) {
	when := m.holds(w, a.When)
	switch {
	case a.Kind == program.Gate && !when:
		w.multiply(optional(a.Factor))
	case a.Kind == program.Gate || !when && a.Kind != program.Cap:
	case a.Kind == program.Multiplier && a.Curve != nil:
		mode := a.Curve.Mode
		if mode == "" {
			mode = program.WholeAmount
		}
		w.multiply(tableOf(a.Curve.Tiers, mode, a.Curve.Boundary).fixed(m.looked(w, a.Curve.By)))
	case a.Kind == program.Multiplier:
		w.multiply(optional(a.Factor))
	case a.Kind == program.Kicker && m.takesPart(w):
		w.exact = plus(w.exact, m.size(w, a.Size))
	case a.Kind == program.CapDeal:
		size := m.size(w, a.Size)
		if a.Amount != nil {
			size = a.Amount.Big() // a deal's cap is for a deal, not for days
		}
		w.capDeals(size)
	case a.Kind == program.Cap:
		m.capAll(w, a, when)
	case a.Kind == program.Floor && m.takesPart(w) && w.exact.Cmp(m.size(w, a.Size)) < 0:
		w.exact = m.size(w, a.Size)
	}
}

// multiply changes all but what was taken back as it was paid.
func (w *work) multiply(f *big.Rat) {
	for id, amount := range w.by {
		w.by[id] = times(amount, f)
	}
	w.exact = minus(times(plus(w.exact, w.settled), f), w.settled)
}

// capDeals holds what each credit earns, or takes away, to an amount.
func (w *work) capDeals(most *big.Rat) {
	backs := map[string]*big.Rat{}
	for _, back := range w.backs {
		if w.by[back.ID] != nil {
			backs[back.ID] = w.by[back.ID]
			delete(w.by, back.ID)
		}
	}
	for id, amount := range w.by {
		capped := least(new(big.Rat).Abs(amount), most)
		if amount.Sign() < 0 {
			capped = new(big.Rat).Neg(capped)
		}
		w.exact = plus(w.exact, minus(capped, amount))
		w.by[id] = capped
	}
	for _, back := range w.backs { // what is taken back of a deal is of what the cap left
		if before := backs[back.ID]; before != nil {
			now := new(big.Rat).Neg(times(w.by[back.Of], new(big.Rat).Abs(back.Share.Big())))
			w.exact = plus(w.exact, minus(now, before))
			w.by[back.ID] = now
		}
	}
}

// capAll caps the component. What is carried is earned in whole minor units, as far as there is room.
func (m *mill) capAll(w *work, a program.Adjustment, when bool) {
	most := m.size(w, a.Size)
	if a.Excess != program.CarriedOver {
		if when {
			w.exact = least(w.exact, most)
		}
		return
	}
	pot := m.in.Before.Excess[w.component.Name]
	opening := pot
	if !when {
		w.exact = plus(w.exact, fromMinor(pot, m.digits))
		m.carry(w, opening, 0)
		return
	}
	most = fromMinor(rounded(most, m.digits, w.Definition.Rounding), m.digits)
	room := minus(most, w.exact)
	earned := max(min(pot, rounded(room, m.digits, number.Down)), min(pot, 0))
	w.exact = plus(w.exact, fromMinor(earned, m.digits))
	pot -= earned
	if cut := minus(w.exact, most); cut.Sign() > 0 {
		w.exact = most
		pot += rounded(cut, m.digits, w.Definition.Rounding)
	}
	m.carry(w, opening, pot)
}

// carry notes what a cap carries. A window that is paid as a whole begins each period with what was carried into the window.
func (m *mill) carry(w *work, opening, pot int64) {
	if w.deducts() {
		c, kind := w.Definition.Calendar, windowKind(w.component.Measure.Window, w.Definition.Period)
		if c.Around(kind, c.Next(m.in.Period)) == c.Around(kind, m.in.Period) {
			pot = opening
		}
	}
	if pot != 0 {
		m.after.Excess[w.component.Name] = pot
	}
}

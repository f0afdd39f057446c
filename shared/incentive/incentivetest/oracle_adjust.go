package incentivetest

import (
	"math/big"

	"leadline/shared/program"
)

// earned is what a component comes to, before its rounding.
func (m *mill) earned(w *work) *big.Rat {
	if w.exact != nil {
		return w.exact
	}
	w.exact = new(big.Rat) // of a component that looks at itself
	if w.component.Rate == nil || !m.takesPart(w) {
		return w.exact
	}
	exact := m.rate(w)
	for _, back := range w.backs {
		if w.fresh(m, back) {
			taken := fromMinor(m.in.Taken[back.Of].Minor, m.digits)
			exact = minus(exact, times(back.Share.Big(), taken))
		}
	}
	for _, a := range w.component.Adjust {
		exact = m.adjusted(w, a, exact)
	}
	w.exact = exact
	return exact
}

func (m *mill) takesPart(w *work) bool {
	for d := w.days.From; d < w.days.Until; d = d.AddDays(1) {
		if w.counts(d, m.in.Period) {
			return true
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

func (m *mill) adjusted(w *work, a program.Adjustment, exact *big.Rat) *big.Rat {
	when := m.holds(w, a.When)
	size := func() *big.Rat {
		if a.Amount != nil {
			return a.Amount.Big()
		}
		return times(optional(a.OfTarget), orZero(w.target))
	}
	factor := func(f *big.Rat) *big.Rat {
		for id, amount := range w.by {
			w.by[id] = times(amount, f)
		}
		return times(exact, f)
	}
	switch {
	case a.Kind == program.Gate && !when:
		return factor(optional(a.Factor))
	case a.Kind == program.Gate || !when:
		return exact
	case a.Kind == program.Multiplier && a.Curve != nil:
		mode := a.Curve.Mode
		if mode == "" {
			mode = program.WholeAmount
		}
		return factor(tableOf(a.Curve.Tiers, mode, a.Curve.Boundary).fixed(m.looked(w, a.Curve.By)))
	case a.Kind == program.Multiplier:
		return factor(optional(a.Factor))
	case a.Kind == program.Kicker:
		return plus(exact, size())
	case a.Kind == program.CapDeal:
		for id, amount := range w.by {
			if cut := minus(amount, size()); cut.Sign() > 0 {
				w.by[id] = size()
				exact = minus(exact, cut)
			}
		}
		return exact
	case a.Kind == program.Cap:
		return m.capped(w, a, exact, size())
	case exact.Cmp(size()) < 0: // a floor
		return size()
	}
	return exact
}

func (m *mill) capped(w *work, a program.Adjustment, exact, most *big.Rat) *big.Rat {
	if a.Excess == program.CarriedOver {
		exact = plus(exact, fromMinor(m.in.Before.Excess[w.component.Name], m.digits))
	}
	cut := minus(exact, most)
	if cut.Sign() <= 0 {
		return exact
	}
	if a.Excess == program.CarriedOver {
		m.after.Excess[w.component.Name] = rounded(cut, m.digits, w.Definition.Rounding)
	}
	return most
}

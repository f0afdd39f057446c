package incentivetest

import (
	"cmp"
	"math/big"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// table is what tiers say, with the mode of each.
type table struct {
	from, pay []*big.Rat
	mode      []program.Mode
	upper     bool
}

func tableOf(tiers []program.Tier, mode program.Mode, boundary program.Boundary) table {
	t := table{upper: boundary == program.Upper}
	for _, tier := range tiers {
		m := cmp.Or(tier.Mode, mode, program.Marginal)
		t.from, t.pay, t.mode = append(t.from, tier.From.Big()), append(t.pay, tier.Pay.Big()), append(t.mode, m)
	}
	return t
}

// reached gives the highest tier whose bound x has reached.
func (t table) reached(x *big.Rat) int {
	for i := len(t.from) - 1; i > 0; i-- {
		if c := x.Cmp(t.from[i]); c > 0 || c == 0 && !t.upper {
			return i
		}
	}
	return 0
}

// end is where tier i ends for somebody who stands at x.
func (t table) end(i int, x *big.Rat) *big.Rat {
	if i+1 < len(t.from) {
		return least(x, t.from[i+1])
	}
	return x
}

// grown is the pay of an interpolated tier at x.
func (t table) grown(i int, x *big.Rat) *big.Rat {
	if i+1 == len(t.from) || x.Cmp(t.from[i]) < 0 {
		return t.pay[i]
	}
	done := over(minus(t.end(i, x), t.from[i]), minus(t.from[i+1], t.from[i]))
	return plus(t.pay[i], times(done, minus(t.pay[i+1], t.pay[i])))
}

// fixed is what tiers that pay amounts come to at x.
func (t table) fixed(x *big.Rat) *big.Rat { return t.fixedBeyond(x, -1) }

// fixedBeyond leaves out the marginal tiers up to one that was paid.
func (t table) fixedBeyond(x *big.Rat, paid int) *big.Rat {
	sum := new(big.Rat)
	for i := 0; i <= t.reached(x); i++ {
		switch t.mode[i] {
		case program.WholeAmount:
			sum = t.pay[i]
		case program.Interpolated:
			sum = t.grown(i, x)
		default:
			if i > paid {
				sum = plus(sum, t.pay[i])
			}
		}
	}
	return sum
}

// rateOf is the rate of a single place: that of the tier that owns it.
func (t table) rateOf(place, x *big.Rat) *big.Rat {
	if !t.upper && slices.ContainsFunc(t.from[1:], func(bound *big.Rat) bool { return bound.Cmp(place) == 0 }) {
		next := plus(place, big.NewRat(1, 1<<40)) // nearer than any bound of these tables
		return t.rateAt(next, x)
	}
	return t.rateAt(place, x)
}

// rateAt is the rate at which what ends in the place at is paid for somebody who stands at x: that of the highest tier whose rate is for
// all that is below it, or of the marginal tier that the place lies in.
func (t table) rateAt(at, x *big.Rat) *big.Rat {
	top := t.reached(x)
	tier := 0
	for i := range t.from {
		if i > top && t.mode[i] != program.Marginal {
			break // not reached, so that it says nothing of what is taken away above x
		}
		if at.Cmp(t.from[i]) > 0 {
			tier = i
		}
	}
	for i := top; i >= tier; i-- {
		switch t.mode[i] {
		case program.WholeAmount:
			return t.pay[i]
		case program.Interpolated:
			return t.grown(i, x)
		}
	}
	return t.pay[tier]
}

// rated adds up the rates over the axis from a to b for somebody who stands at x. Between two bounds the rate is one.
func (t table) rated(a, b, x *big.Rat) *big.Rat {
	if a.Cmp(b) > 0 {
		return new(big.Rat).Neg(t.rated(b, a, x))
	}
	sum, left := new(big.Rat), a
	for _, bound := range append(append([]*big.Rat{}, t.from...), b) {
		if right := least(bound, b); right.Cmp(left) > 0 {
			sum = plus(sum, times(minus(right, left), t.rateAt(right, x)))
			left = right
		}
	}
	return sum
}

// pay is what a table pays on a base for somebody who stands at x.
func (t table) payment(x, base *big.Rat) *big.Rat {
	if x.Sign() == 0 {
		return times(base, t.rateAt(x, x))
	}
	return times(base, over(t.rated(new(big.Rat), x, x), x))
}

// rate fills in what the component's table pays.
func (m *mill) rate(w *work) *big.Rat {
	r := w.component.Rate
	switch x := m.looked(w, r.By); {
	case r.Each:
		return m.each(w)
	case r.Pays == program.PaysAmount:
		return m.amounts(w, x)
	case !m.shared(w):
		return m.tableFor(w, incentive.Credit{}).payment(x, m.wholeBase(w))
	default:
		return m.inTurn(w, x)
	}
}

// amounts pays what was reached. Of a window of which each period is paid by itself, a marginal tier is paid when it is reached.
func (m *mill) amounts(w *work, x *big.Rat) *big.Rat {
	t, by := m.tableFor(w, incentive.Credit{}), w.component.Rate.By
	if !m.takesPartInWindow(w) || w.atRate() && !m.takesPart(w) {
		return new(big.Rat)
	}
	paid := -1
	if window := m.window(w.part, w.component.Measure.Window); w.atRate() && (by.Component == "" || by.Component == w.component.Name) &&
		w.anyDay(calendar.Span{From: window.From, Until: w.days.From}) {
		before := &work{part: w.part, component: w.component, ones: w.ones}
		for _, c := range w.credits {
			if c.Date < w.days.From {
				before.credits = append(before.credits, c)
			}
		}
		reached := before.measured(before.credits)
		switch by.Of {
		case program.ByAttainment:
			reached = over(reached, orZero(w.quota))
		case program.ByCount:
			reached = new(big.Rat)
			for _, c := range before.credits {
				reached = plus(reached, w.counted(c))
			}
		}
		paid = t.reached(reached)
	}
	return t.fixedBeyond(x, paid)
}

// inTurn pays credits one after another, for the part of the axis that each takes up.
func (m *mill) inTurn(w *work, x *big.Rat) *big.Rat {
	sum, before := new(big.Rat), new(big.Rat)
	for _, c := range w.credits {
		t, base, after := m.tableFor(w, c), m.base(w, c), plus(before, m.step(w, c))
		var amount *big.Rat
		switch part := minus(after, before); {
		case !m.along(w):
			amount = t.payment(x, base)
		case part.Sign() == 0:
			amount = times(base, t.rateOf(after, x)) // it takes up nothing of the axis
		default:
			amount = times(base, over(t.rated(before, after, x), part))
		}
		if w.fresh(m, c) {
			sum = plus(sum, amount)
			w.by[c.ID] = amount
		}
		before = after
	}
	return sum
}

// along tells whether the axis is what the credits add up to, so that each takes up a part of it.
func (m *mill) along(w *work) bool {
	by := w.component.Rate.By
	own := by.Component == "" || by.Component == w.component.Name
	switch by.Of {
	case program.ByCount:
		return own
	case program.ByEarned:
		return false
	case program.ByAttainment:
		return own && additive(w.component.Measure) && orZero(w.quota).Sign() > 0
	}
	return own && additive(w.component.Measure)
}

// shared tells whether each credit has a part of its own of what rates are applied to.
func (m *mill) shared(w *work) bool {
	switch w.component.Rate.Of {
	case program.OfValue, program.OfCount:
		return true
	case program.OfTarget:
		return additive(w.component.Measure) && orZero(w.quota).Sign() > 0
	}
	return additive(w.component.Measure)
}

func additive(rule program.Measure) bool {
	return rule.Kind == "" || rule.Kind == program.Sum || rule.Kind == program.Count
}

// fresh tells whether a credit is paid in this period: with a true-up at the rate only its own are.
func (w *work) fresh(m *mill, c incentive.Credit) bool {
	return !w.atRate() || w.days.Holds(c.Date)
}

func (w *work) atRate() bool {
	rule := w.component.Measure
	return windowKind(rule.Window, w.Definition.Period) != w.Definition.Period && rule.TrueUp == program.AtRate
}

// adds is what a credit adds to the measure.
func (w *work) adds(c incentive.Credit) *big.Rat {
	if w.component.Measure.Kind == program.Count {
		return w.counted(c)
	}
	return c.Value.Big()
}

// step is how far a credit takes the axis.
func (m *mill) step(w *work, c incentive.Credit) *big.Rat {
	switch w.component.Rate.By.Of {
	case program.ByCount:
		return w.counted(c)
	case program.ByAttainment:
		return over(w.adds(c), orZero(w.quota))
	}
	return w.adds(c)
}

// base is the part of the base that is a credit's.
func (m *mill) base(w *work, c incentive.Credit) *big.Rat {
	switch w.component.Rate.Of {
	case program.OfValue:
		return c.Value.Big()
	case program.OfCount:
		return w.counted(c)
	case program.OfTarget:
		return times(orZero(w.target), over(w.adds(c), orZero(w.quota)))
	}
	return w.adds(c)
}

// wholeBase is what rates are applied to where no credit has a part of it: without a quota, all of the target counts.
func (m *mill) wholeBase(w *work) *big.Rat {
	target := w.target
	if w.atRate() {
		target = w.targetNow
	}
	if w.component.Rate.Of != program.OfTarget {
		var paid []incentive.Credit
		for _, c := range w.credits {
			if w.fresh(m, c) {
				paid = append(paid, c)
			}
		}
		return w.measured(paid)
	}
	attained := w.attained
	if attained == nil {
		attained = big.NewRat(1, 1)
		if by := w.component.Rate.By; by.Of == program.ByAttainment {
			attained = m.looked(w, by)
		}
	}
	return times(orZero(target), attained)
}

// each looks at each credit by itself. A reversal takes away what the credit would earn that it reverses.
func (m *mill) each(w *work) *big.Rat {
	sum := new(big.Rat)
	for _, c := range w.credits {
		if !w.fresh(m, c) {
			continue
		}
		t, x, base := m.tableFor(w, c), m.step(w, c), m.base(w, c)
		sign := big.NewRat(1, 1)
		if c.Reversal {
			sign.Neg(sign)
		}
		x, base = times(x, sign), times(base, sign)
		if by := w.component.Rate.By; by.Of == program.ByEarned || by.Component != "" && by.Component != w.component.Name ||
			by.Of == program.ByAttainment && orZero(w.quota).Sign() <= 0 {
			x = m.looked(w, by) // no credit has one of its own
		}
		amount := t.fixed(x)
		if w.component.Rate.Pays != program.PaysAmount {
			amount = t.payment(x, base)
		}
		amount = times(amount, sign)
		sum = plus(sum, amount)
		w.by[c.ID] = amount
	}
	return sum
}

// tableFor finds the cell of a credit.
func (m *mill) tableFor(w *work, c incentive.Credit) table {
	r := w.component.Rate
	if len(r.Cells) == 0 {
		return tableOf(r.Tiers, r.Mode, r.Boundary)
	}
	var best program.Cell
	stars := len(r.Dimensions) + 1
	for _, cell := range r.Cells {
		if n, fits := m.fits(w, c, cell); fits && n < stars {
			best, stars = cell, n
		}
	}
	return tableOf(best.Tiers, r.Mode, r.Boundary)
}

// fits tells whether a cell is for a credit, and how many of its places are for all that no other names.
func (m *mill) fits(w *work, c incentive.Credit, cell program.Cell) (stars int, fits bool) {
	for _, d := range w.component.Rate.Dimensions {
		place := cell.At[d.Name]
		switch {
		case d.By != nil:
			axis := table{upper: w.component.Rate.Boundary == program.Upper}
			for _, from := range d.From {
				axis.from = append(axis.from, from.Big())
			}
			bound, err := number.Parse(place)
			if err != nil || bound.Big().Cmp(axis.from[axis.reached(m.looked(w, *d.By))]) != 0 {
				return 0, false
			}
		case place == "*":
			stars++
		case place != c.Cell[d.Name]:
			return 0, false
		}
	}
	return stars, true
}

package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// rateStep makes lines by the rate table: each says which credit, which part of the table's axis, which rate, on what.
//
// Where the axis is a sum of what each credit adds to it, the credits stand on it one after another, in their order, and each
// is paid for the part of the axis that it takes up (rate_marginal.go). Where it is not (a mean, another component's figure),
// the table is looked at once, for the figure as a whole. Fixed amounts are those of the tiers that were reached
// (rate_amount.go). A table by itself for each credit is the same, with an axis of its own for each.
func rateStep(w *componentWork) {
	if w.c.table == nil || len(w.spans) == 0 && len(w.counted) == 0 {
		return
	}
	p := newPayer(w)
	switch amounts := p.rate.Pays == program.PaysAmount; {
	case p.rate.Each:
		p.payEach(amounts)
	case amounts:
		p.payAmounts()
	case p.axisAdds() && p.baseAdds():
		p.payAlong()
	default:
		p.payAtFigure()
	}
}

// payer makes the lines of one component.
type payer struct {
	w    *componentWork
	rate *program.Rate
	// from is the first of the counted credits that is paid: those before it only say where on the axis it begins.
	from  int
	upper bool  // a bound belongs to the tier below it
	where place // in the dimensions that look at a figure
	// attains is what one of the measure attains of the quota, 0 without a quota.
	attains number.Number
	// target is what is paid for attaining all.
	target number.Number
}

// newPayer makes ready what all ways to pay ask for.
func newPayer(w *componentWork) *payer {
	p := &payer{w: w, rate: w.c.table.rate, upper: w.c.table.rate.Boundary == program.Upper}
	if q := w.out.Quota; q != nil && q.Sign() > 0 {
		p.attains, _ = number.Of(1).Quo(*q)
	}
	if w.out.Target != nil {
		p.target = *w.out.Target
	}
	if p.atRate() {
		p.from = w.countedFrom
	}
	if places := w.c.table.places; places != nil {
		p.where = places.byFigures(w)
	}
	return p
}

// atRate tells whether the period's credits alone are paid, rather than those of the window to date.
func (p *payer) atRate() bool {
	return windowKind(p.w.c.Measure.Window) != "" && p.w.c.Measure.TrueUp == program.AtRate
}

// axisAdds tells whether the table's axis is the sum of what each credit adds to it.
func (p *payer) axisAdds() bool {
	if p.w.looked(p.rate.By) != p.w {
		return false
	}
	switch p.rate.By.Of {
	case program.ByCount:
		return true
	case program.ByEarned:
		return false
	case program.ByAttainment:
		return p.w.additive() && p.attains.Sign() > 0
	}
	return p.w.additive()
}

// stride gives how far a credit goes along the axis.
func (p *payer) stride(at int) number.Number {
	switch p.rate.By.Of {
	case program.ByCount:
		return p.w.count(at)
	case program.ByAttainment:
		return p.worth(at).Mul(p.attains)
	}
	return p.worth(at)
}

// worth gives what a credit adds to the measure; its value, if the measure is no sum.
func (p *payer) worth(at int) number.Number {
	if p.w.additive() {
		return p.w.adds(at)
	}
	return p.w.counted[at].Value
}

// baseAdds tells whether each credit has a part of its own of what rates are applied to.
func (p *payer) baseAdds() bool {
	switch p.rate.Of {
	case program.OfValue, program.OfCount:
		return true
	case program.OfTarget:
		return p.w.additive() && p.attains.Sign() > 0
	}
	return p.w.additive()
}

// base gives what rates are applied to of a credit.
func (p *payer) base(at int) number.Number {
	switch p.rate.Of {
	case program.OfValue:
		return p.w.counted[at].Value
	case program.OfCount:
		return p.w.count(at)
	case program.OfTarget:
		return p.target.Mul(p.worth(at).Mul(p.attains))
	}
	return p.worth(at)
}

// whole gives what rates are applied to where no credit has a part of its own of it: the measure, or the variable pay at target
// times what is attained. A component without a quota takes the attainment that its table looks at; where that looks at none, all
// of the target counts.
func (p *payer) whole() number.Number {
	if p.rate.Of != program.OfTarget {
		return p.w.measured(p.from, len(p.w.counted))
	}
	target := p.target
	if p.atRate() {
		target = p.w.targetNow
	}
	if p.w.out.Attainment != nil {
		return target.Mul(*p.w.out.Attainment)
	}
	if p.rate.By.Of == program.ByAttainment {
		attained, _ := p.w.figure(p.rate.By)
		return target.Mul(attained)
	}
	return target
}

// payAtFigure pays by one look at the table, for the figure as a whole: each credit's part of the base, if it has one, or the whole
// of it on one line.
func (p *payer) payAtFigure() {
	x, _ := p.w.figure(p.rate.By)
	ladders := p.ladders(x)
	if !p.baseAdds() {
		if s, cell := ladders.of(p.where, nil); s != nil {
			p.line(nil, s, cell, number.Number{}, x, p.whole())
		}
		return
	}
	p.w.lines = slices.Grow(p.w.lines, len(p.w.counted)-p.from)
	for at := p.from; at < len(p.w.counted); at++ {
		c := p.w.counted[at]
		if s, cell := ladders.of(p.where, c); s != nil {
			p.line(c, s, cell, number.Number{}, x, p.base(at))
		} else {
			p.noCell(c)
		}
	}
}

// ladders are those of the cells of a table, for one figure; made as they are needed.
type ladders struct {
	table *table
	x     number.Number
	upper bool
	made  []ladder
	known []bool
}

func (p *payer) ladders(x number.Number) ladders {
	n := len(p.w.c.table.cells)
	return ladders{table: p.w.c.table, x: x, upper: p.upper, made: make([]ladder, n), known: make([]bool, n)}
}

// of gives the ladder and the number of the cell that a credit looks in, or of that for all values; nil if there is none.
func (s *ladders) of(where place, c *Credit) (*ladder, int) {
	cell, ok := s.table.cellOf(where, c)
	if !ok {
		return nil, 0
	}
	if !s.known[cell] {
		s.made[cell], s.known[cell] = ladderAt(s.table.cells[cell], s.x, s.upper), true
	}
	return &s.made[cell], cell
}

// cellOf gives the cell that a credit looks in.
func (t *table) cellOf(where place, c *Credit) (int, bool) {
	switch {
	case t.places == nil:
		return 0, true
	case c == nil:
		return t.places.cell(where, nil)
	}
	return t.places.cell(where, c.Cell)
}

// noCell says that the table has no cell for a credit: a check keeps such tables from being published.
func (p *payer) noCell(c *Credit) {
	p.w.lines = append(p.w.lines, Line{Kind: LineRate, Credit: c.ID, Step: -1, Note: "The rate table has no cell for its values."})
}

package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// payAmounts pays the fixed amounts of the tiers that were reached. With columns as dimensions, each cell that a credit lies in
// pays its own, at what was reached by all.
//
// Of a window to date of which the period's credits alone are paid, marginal tiers pay in the period in which they are
// reached, and others in each, as the window stands.
func (p *payer) payAmounts() {
	if len(p.w.spans) == 0 || p.atRate() && !p.w.takesPart() {
		return // an amount is for those who take part, whatever they were credited with
	}
	x, _ := p.w.figure(p.rate.By)
	for _, cell := range p.cells() {
		tiers := p.w.c.table.cells[cell]
		s := ladderAt(tiers, x, p.upper)
		paid := -1 // the last tier that an earlier period of the window reached
		if earlier, ok := p.reachedEarlier(); ok {
			paid = ladderAt(tiers, earlier, p.upper).last
		}
		p.amounts(nil, &s, cell, paid)
	}
}

// reachedEarlier gives what the window had reached before the period, where that makes a difference; false if it had none before.
func (p *payer) reachedEarlier() (number.Number, bool) {
	w := p.w
	if !p.atRate() || w.looked(p.rate.By) != w || w.days.From <= w.window.From {
		return number.Number{}, false
	}
	if len(w.spans) == 0 || w.spans[0].From >= w.days.From {
		return number.Number{}, false
	}
	var reached number.Number
	switch p.rate.By.Of {
	case program.ByCount:
		for at := range p.from {
			reached = reached.Add(w.count(at))
		}
	case program.ByAttainment:
		reached = w.measured(0, p.from).Mul(p.attains)
	default:
		reached = w.measured(0, p.from)
	}
	return reached, true
}

// cells gives the numbers of the cells that pay fixed amounts, in order: of each in which a credit lies, and without columns as
// dimensions of the one for the figures.
func (p *payer) cells() []int {
	t := p.w.c.table
	if t.places == nil || !slices.ContainsFunc(p.rate.Dimensions, func(d program.Dimension) bool { return d.By == nil }) {
		if cell, ok := t.cellOf(p.where, nil); ok {
			return []int{cell}
		}
		return nil
	}
	var cells []int
	for _, c := range p.w.counted[p.from:] {
		if cell, ok := t.cellOf(p.where, c); ok {
			cells = append(cells, cell)
		} else {
			p.noCell(c)
		}
	}
	slices.Sort(cells)
	return slices.Compact(cells)
}

// amounts pays the tiers up to the one that was reached, but for the marginal ones up to paid: an earlier period paid those.
func (p *payer) amounts(c *Credit, s *ladder, cell, paid int) {
	for at := s.first; at <= s.last && at < len(s.tiers); at++ {
		if at > paid || s.tiers[at].mode != program.Marginal {
			p.amount(c, s, cell, at)
		}
	}
}

// amount pays a tier. One that pays nothing has no line.
func (p *payer) amount(c *Credit, s *ladder, cell, at int) {
	pay := s.payOf(at)
	if pay.IsZero() {
		return
	}
	l := Line{Kind: LineTier, Step: -1, Cell: cell, Tier: at, From: s.tiers[at].from, Exact: pay}
	if c != nil {
		l.Credit = c.ID
	}
	p.w.lines = append(p.w.lines, l)
}

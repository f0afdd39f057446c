package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// payAlong sets the credits on the axis one after another, and pays each for the part that it takes up. A credit below 0 goes
// back down, and takes away at the rates that it passes: together with what it reverses, it comes to nothing.
func (p *payer) payAlong() {
	x, _ := p.w.figure(p.rate.By)
	ladders := p.ladders(x)
	var reached number.Number // so far on the axis
	for at := range p.from {
		reached = reached.Add(p.stride(at))
	}
	p.w.lines = slices.Grow(p.w.lines, len(p.w.counted)-p.from+len(p.w.c.table.cells[0]))
	for at := p.from; at < len(p.w.counted); at++ {
		c, next := p.w.counted[at], reached.Add(p.stride(at))
		if s, cell := ladders.of(p.where, c); s != nil {
			p.line(c, s, cell, reached, next, p.base(at))
		} else {
			p.noCell(c)
		}
		reached = next
	}
}

// line pays a base that takes up the axis from a place to another: a line for each tier on the way, with the part of the base
// that lies in it. So a credit that crosses a bound has two, and they sum to its base.
func (p *payer) line(c *Credit, s *ladder, cell int, from, to, base number.Number) {
	if from.Equal(to) && base.IsZero() {
		return // a second credit for the same record, where one counts
	}
	var way number.Number
	s.walk(from, to, func(tier int, start, end number.Number) {
		l := Line{Kind: LineRate, Step: -1, Cell: cell, Tier: tier, From: start, To: end, Base: base, Rate: s.payOf(tier)}
		if c != nil {
			l.Credit = c.ID
		}
		if !start.Equal(from) || !end.Equal(to) {
			if way.IsZero() {
				way = to.Sub(from)
			}
			part, _ := base.Mul(end.Sub(start)).Quo(way)
			l.Base = part
		}
		l.Exact = l.Base.Mul(l.Rate)
		p.w.lines = append(p.w.lines, l)
	})
}

// payEach looks at each credit by itself, from 0 on an axis of its own. A reversal is paid as what it reverses, with the
// opposite sign. Where the table looks at a figure that no credit has of its own, it is the same figure for each.
func (p *payer) payEach(amounts bool) {
	figure, _ := p.w.figure(p.rate.By)
	by := p.rate.By.Of
	shared := p.w.looked(p.rate.By) != p.w || by == program.ByEarned || by == program.ByAttainment && p.attains.IsZero()
	for at := p.from; at < len(p.w.counted); at++ {
		c := p.w.counted[at]
		cell, ok := p.w.c.table.cellOf(p.where, c)
		if !ok {
			p.noCell(c)
			continue
		}
		x, base := p.stride(at), p.base(at)
		if c.Reversal {
			x, base = x.Neg(), base.Neg()
		}
		if shared {
			x = figure
		}
		s := ladderAt(p.w.c.table.cells[cell], x, p.upper)
		first := len(p.w.lines)
		if amounts {
			p.amounts(c, &s, cell, -1)
		} else {
			p.line(c, &s, cell, number.Number{}, x, base)
		}
		if c.Reversal {
			for i := first; i < len(p.w.lines); i++ {
				p.w.lines[i].mirror()
			}
		}
	}
}

// mirror makes a line that of a reversal.
func (l *Line) mirror() {
	l.From, l.To, l.Base, l.Exact = l.From.Neg(), l.To.Neg(), l.Base.Neg(), l.Exact.Neg()
}

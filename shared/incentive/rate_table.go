package incentive

import (
	"fmt"

	"leadline/shared/number"
	"leadline/shared/program"
)

// table is a rate table made ready to be looked at.
type table struct {
	rate *program.Rate
	// cells are its tables of tiers; one, if it has no dimensions.
	cells  [][]tier
	places *places // nil without dimensions
}

// tier is a row: where it begins, what it pays, and how.
type tier struct {
	from, pay number.Number
	mode      program.Mode
}

// compileTables makes the rate tables of a version's components ready.
func compileTables(v *version) error {
	for _, c := range v.components {
		if c.Rate == nil {
			continue
		}
		t, err := newTable(c.Rate)
		if err != nil {
			return fmt.Errorf("component %s: %w", c.Name, err)
		}
		c.table = t
	}
	return nil
}

func newTable(r *program.Rate) (*table, error) {
	t := &table{rate: r}
	if len(r.Cells) == 0 {
		t.cells = [][]tier{tiersOf(r.Tiers)}
		return t, nil
	}
	for _, c := range r.Cells {
		t.cells = append(t.cells, tiersOf(c.Tiers))
	}
	var err error
	t.places, err = newPlaces(r)
	return t, err
}

func tiersOf(rows []program.Tier) []tier {
	tiers := make([]tier, 0, len(rows))
	for _, row := range rows {
		tiers = append(tiers, tier{row.From, row.Pay, row.Mode})
	}
	return tiers
}

// ladder is how tiers pay when x is reached. The first of them pays, at the pay given here, for everything up to where the
// next begins; those after it, up to the end, pay for what lies in them. So every mode is a walk up one axis: of a table that is
// all marginal the first is the first, and of one that is whole or interpolated it is the tier that was reached.
type ladder struct {
	tiers []tier
	first int
	pay   number.Number // of the first
	end   int           // the last that pays for what lies in it
	last  int           // the one that x lies in
	upper bool          // a bound belongs to the tier below it
	at    int           // where the walk is
}

// ladderAt gives the ladder of tiers for what was reached.
func ladderAt(tiers []tier, x number.Number, upper bool) ladder {
	s := ladder{tiers: tiers, upper: upper}
	if len(tiers) == 0 {
		return s
	}
	s.end = len(tiers) - 1
	s.last = s.seek(x, upper)
	for at := s.last; at > 0; at-- {
		if tiers[at].mode != program.Marginal {
			s.first = at
			break
		}
	}
	for at := s.first + 1; at < len(tiers); at++ {
		if tiers[at].mode != program.Marginal {
			s.end = at - 1
			break
		}
	}
	s.pay = tiers[s.first].pay
	if tiers[s.first].mode == program.Interpolated && s.first+1 < len(tiers) {
		s.pay = between(tiers[s.first], tiers[s.first+1], x)
	}
	s.at = s.first
	return s
}

// between gives the pay between two tiers in proportion to where x lies between their bounds.
func between(low, high tier, x number.Number) number.Number {
	x = number.Max(low.from, number.Min(x, high.from))
	part, _ := x.Sub(low.from).Quo(high.from.Sub(low.from))
	return low.pay.Add(high.pay.Sub(low.pay).Mul(part))
}

// payOf gives the pay of a tier.
func (s *ladder) payOf(at int) number.Number {
	if at == s.first {
		return s.pay
	}
	return s.tiers[at].pay
}

// seek gives the tier that x lies in, from the first to the end; below says that a bound belongs to the tier below it. What is
// under the first one's bound is in the first.
func (s *ladder) seek(x number.Number, below bool) int {
	reaches := func(at int) bool {
		c := x.Cmp(s.tiers[at].from)
		return c > 0 || c == 0 && !below
	}
	at := max(s.at, s.first)
	for at < s.end && reaches(at+1) {
		at++
	}
	for at > s.first && !reaches(at) {
		at--
	}
	return at
}

// walk goes along the axis from a place to another, up or down, and says for each tier on the way from where to where it went
// in it.
func (s *ladder) walk(from, to number.Number, in func(tier int, from, to number.Number)) {
	if len(s.tiers) == 0 {
		return
	}
	way := to.Cmp(from)
	below := way < 0 || way == 0 && s.upper
	at := s.seek(from, below)
	for way > 0 && at < s.end && s.tiers[at+1].from.Less(to) {
		bound := s.tiers[at+1].from
		in(at, from, bound)
		from, at = bound, at+1
	}
	for way < 0 && at > s.first && to.Less(s.tiers[at].from) {
		bound := s.tiers[at].from
		in(at, from, bound)
		from, at = bound, at-1
	}
	in(at, from, to)
	s.at = at
}

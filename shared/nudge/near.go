package nudge

import (
	"math"

	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// NextTier gives the tier that a figure reaches next, where that can be said of the figure alone: of a table without dimensions
// that looks at all deals together, by the measure or attainment of its own component, and whose next tier pays more than the
// one that is reached. c is an effective component (program.Effective).
func NextTier(c program.Component, f incentive.Figure) (Next, bool) {
	r := c.Rate
	if r == nil || r.Each || len(r.Tiers) < 2 || len(r.Dimensions) > 0 || r.By.Component != "" && r.By.Component != c.Name {
		return Next{}, false
	}
	measure, err := number.Parse(f.Measure)
	if err != nil {
		return Next{}, false
	}
	at, scale := measure, number.Of(1)
	switch r.By.Of {
	case program.ByMeasure:
	case program.ByAttainment:
		attained, err1 := number.Parse(f.Attainment)
		quota, err2 := number.Parse(f.Quota)
		if err1 != nil || err2 != nil || quota.Sign() <= 0 {
			return Next{}, false
		}
		at, scale = attained, quota
	default: // how many records count is not part of a figure, nor what others earned before their rounding
		return Next{}, false
	}
	upper := r.Boundary == program.Upper
	present := 0
	for i, t := range r.Tiers {
		if c := at.Cmp(t.From); c > 0 || c == 0 && !upper {
			present = i
		}
	}
	if present+1 >= len(r.Tiers) || !r.Tiers[present].Pay.Less(r.Tiers[present+1].Pay) || measure.Sign() <= 0 {
		return Next{}, false
	}
	from := r.Tiers[present+1].From.Mul(scale)
	n := Next{Component: c.Name, Title: titleOf(c), At: from, Reached: at.Mul(scale), Counted: counts(c), Money: isMoney(c)}
	if n.Left = from.Sub(n.Reached); n.Left.Sign() < 0 {
		return Next{}, false
	}
	n.Deals = dealsFor(n, f, upper)
	return n, true
}

// dealsFor gives how many deals are missing: counted, or by the average so far; 0 if that cannot be said.
func dealsFor(n Next, f incentive.Figure, above bool) int {
	each := number.Of(1)
	if !n.Counted {
		if f.Credits <= 0 || n.Reached.Sign() <= 0 {
			return 0
		}
		each, _ = n.Reached.Quo(number.Of(int64(f.Credits)))
	}
	deals, ok := n.Left.Quo(each)
	if !ok || !deals.Less(number.Of(math.MaxInt32)) {
		return 0
	}
	down, err := deals.Round(0, number.Down)
	if err != nil {
		return 0
	}
	if !deals.IsInt() || above {
		down++
	}
	return int(down)
}

func counts(c program.Component) bool {
	return c.Measure.Kind == program.Count || c.Measure.Kind == program.Distinct
}

// isMoney tells whether a measure is in the program's currency: of a value that names its currency it is, once it is converted.
func isMoney(c program.Component) bool {
	switch c.Measure.Kind {
	case program.Count, program.Distinct, program.Ratio:
		return false
	}
	return c.Currency != ""
}

func titleOf(c program.Component) string {
	if c.Title != "" {
		return c.Title
	}
	return c.Name
}

// GoalOf gives how far a component's quota is reached; false without one.
func GoalOf(c program.Component, f incentive.Figure) (Attained, bool) {
	attainment, err1 := number.Parse(f.Attainment)
	quota, err2 := number.Parse(f.Quota)
	value, err3 := number.Parse(f.Measure)
	if err1 != nil || err2 != nil || err3 != nil || quota.Sign() <= 0 {
		return Attained{}, false
	}
	return Attained{Component: c.Name, Title: titleOf(c), Attainment: attainment, Quota: quota, Value: value, Counted: counts(c), Money: isMoney(c)}, true
}

// near tells whether so little is missing that a rule tells it.
func (r Rule) near(n Next) bool {
	deals := max(r.Deals, 1)
	if n.Counted || r.Estimate && n.Deals > 0 {
		return n.Deals > 0 && n.Deals <= deals
	}
	share := number.Frac(1, 10)
	if r.Share != nil {
		share = *r.Share
	}
	return n.Left.Cmp(share.Mul(n.At)) <= 0
}

package program

import (
	"slices"

	"leadline/shared/number"
)

// checkAdjust checks what is done to a component's amount.
func checkAdjust(c *checker, component *Component, at string) {
	if component.Rate == nil && len(component.Adjust) > 0 {
		c.refuse(at+".adjust", CodeNotTogether, "The component has no rate, so there is no amount to change.")
	}
	for i, a := range component.Adjust {
		here := place(at, "adjust", i)
		sized := a.Kind != Gate && a.Kind != Multiplier
		if a.When != nil {
			c.condition(*a.When, component, here+".when")
		} else if a.Kind == Gate {
			c.refuse(here+".when", CodeMissing, "A gate opens when something is reached. Say what.")
		}
		if a.Kind == Multiplier && (a.Factor == nil) == (a.Curve == nil) {
			c.refuse(here, CodeNotTogether, "Set exactly one of factor and curve.")
		}
		if a.Factor != nil && sized {
			c.refuse(here+".factor", CodeNotTogether, "A %s has an amount, not a factor.", a.Kind)
		}
		if a.Factor != nil && a.Factor.Sign() < 0 {
			c.refuse(here+".factor", CodeRange, "It is %s, and cannot be below 0.", a.Factor)
		}
		if a.Curve != nil {
			c.curve(*a.Curve, a.Kind, component, here+".curve")
		}
		if a.Excess == CarriedOver && a.Kind != Cap {
			c.refuse(here+".excess", CodeNotTogether, "Only a cap on the whole component can carry over what it cuts off.")
		}
		if sized {
			c.size(a.Size, a.Kind == Kicker, component.Rate != nil && component.Rate.Target != nil, here)
		} else if a.Amount != nil || a.OfTarget != nil {
			c.refuse(here, CodeNotTogether, "A %s has a factor, not an amount.", a.Kind)
		}
	}
	c.capsAboveFloors(component, at)
}

// capsAboveFloors refuses a cap that always holds below a floor that always does.
func (c *checker) capsAboveFloors(component *Component, at string) {
	for i, a := range component.Adjust {
		for _, b := range component.Adjust {
			if a.Kind == Cap && b.Kind == Floor && a.When == nil && b.When == nil && below(a.Size, b.Size) {
				c.refuse(place(at, "adjust", i), CodeNotTogether, "The cap is below the floor: nothing can be at most the one and at least the other.")
			}
		}
	}
}

func below(a, b Size) bool {
	return a.Amount != nil && b.Amount != nil && a.Amount.Less(*b.Amount) || a.OfTarget != nil && b.OfTarget != nil && a.OfTarget.Less(*b.OfTarget)
}

// size checks an amount, or a part of the target.
func (c *checker) size(s Size, negative, target bool, at string) {
	if (s.Amount == nil) == (s.OfTarget == nil) {
		c.refuse(at, CodeNotTogether, "Set exactly one of amount and of_target.")
		return
	}
	if s.OfTarget != nil && !target {
		c.refuse(at+".of_target", CodeMissing, "There is no variable pay at target that it could be a part of. Set rate.target, or an amount.")
	}
	for _, one := range []struct {
		name string
		n    *number.Number
	}{{"amount", s.Amount}, {"of_target", s.OfTarget}} {
		if one.n != nil && one.n.Sign() < 0 && !negative {
			c.refuse(place(at, one.name), CodeRange, "It is %s, and cannot be below 0.", one.n)
		}
	}
}

func (c *checker) condition(when Condition, component *Component, at string) {
	c.looksAt(when.By, component, at)
	switch {
	case when.Least == nil && when.Below == nil:
		c.refuse(at, CodeMissing, "Say what must be reached: least, below, or both.")
	case when.Least != nil && when.Below != nil && !when.Least.Less(*when.Below):
		c.refuse(at+".below", CodeOrder, "It is %s, and least is %s: nothing lies between.", when.Below, when.Least)
	}
}

func (c *checker) curve(curve Curve, kind AdjustKind, component *Component, at string) {
	if kind != Multiplier {
		c.refuse(at, CodeNotTogether, "Only a multiplier has a curve.")
	}
	c.looksAt(curve.By, component, at)
	c.tiers(curve.Tiers, at+".tiers")
	for i, t := range curve.Tiers {
		if t.Mode == Marginal {
			c.refuse(place(at, "tiers", i, "mode"), CodeNotTogether, "A factor is for the whole amount: the mode of a curve is whole or interpolated.")
		}
	}
}

// checkLimits checks what is done to the sum of the components.
func checkLimits(c *checker) {
	draws := 0
	target := slices.ContainsFunc(c.components, func(component Component) bool { return component.Rate != nil && component.Rate.Target != nil })
	for i, l := range c.d.Limits {
		at := place("limits", i)
		c.size(l.Size, false, target, at)
		if l.Kind != LimitCap && l.Excess == CarriedOver {
			c.refuse(at+".excess", CodeNotTogether, "Only a cap can carry over what it cuts off.")
		}
		switch {
		case l.Over == c.d.Period:
		case l.Kind != LimitCap:
			c.refuse(at+".over", CodeNotTogether, "Only a cap can be for longer than a period.")
		case longer(c.d.Period, l.Over):
			c.refuse(at+".over", CodeNotTogether, "The period is a %s, and the cap is for a %s, which is shorter.", c.d.Period, l.Over)
		}
		switch {
		case l.Kind == LimitDraw && l.Draw == nil:
			c.refuse(at+".draw", CodeMissing, "Say of what form the draw is, and whether it is recoverable.")
		case l.Kind != LimitDraw && l.Draw != nil:
			c.refuse(at+".draw", CodeNotTogether, "A %s has none.", l.Kind)
		case l.Draw != nil:
			if draws++; draws > 1 {
				c.refuse(at, CodeTwice, "There is another draw: what is owed could not be told apart.")
			}
			c.draw(*l.Draw, at+".draw")
		}
		for _, b := range c.d.Limits {
			if l.Kind == LimitCap && b.Kind == LimitFloor && l.Over == c.d.Period && below(l.Size, b.Size) {
				c.refuse(at, CodeNotTogether, "The cap is below the floor: nothing can be at most the one and at least the other.")
			}
		}
	}
}

func (c *checker) draw(d Draw, at string) {
	c.part(d.RecoverShare, at+".recover_share")
	if !d.Recoverable && d.RecoverAfter != 0 {
		c.refuse(at+".recover_after", CodeNotTogether, "The draw is not recoverable, so that there is nothing to begin with.")
	}
	if !d.Recoverable && d.RecoverShare != nil {
		c.refuse(at+".recover_share", CodeNotTogether, "The draw is not recoverable, so that nothing is taken for it.")
	}
	switch {
	case d.Forgive && !d.Recoverable:
		c.refuse(at+".forgive", CodeNotTogether, "The draw is not recoverable, so that nothing is owed that could be written off.")
	case d.Forgive && d.Periods == 0:
		c.refuse(at+".forgive", CodeMissing, "What is owed is written off after the last of periods. Say how many there are.")
	}
}

// checkStanding checks ranks and prizes.
func checkStanding(c *checker) {
	s := c.d.Standing
	if s == nil {
		return
	}
	ranked := c.components
	switch {
	case s.By.Component != "":
		c.looksAt(s.By, nil, "standing.by")
		if i, there := c.at[s.By.Component]; there {
			ranked = c.components[i : i+1]
		}
	case len(c.components) == 1:
		c.looksAt(By{Of: s.By.Of, Component: c.components[0].Name}, nil, "standing.by")
	case s.By.Of != ByEarned:
		c.refuse("standing.by.component", CodeMissing, "There are several components. Name the one that is ranked by.")
	}
	teams := slices.ContainsFunc(ranked, func(component Component) bool {
		return slices.ContainsFunc(component.Credit.Rules, func(r CreditRule) bool { return r.Kind == Team })
	})
	if s.Teams && !teams {
		c.refuse("standing.teams", CodeMissing, "No rule of credit gives any to teams. Add one of the kind team to the component that is ranked by.")
	}
	c.prizes(s)
}

func (c *checker) prizes(s *Standing) {
	next, money := 1, false
	for i, p := range s.Prizes {
		at := place("standing", "prizes", i)
		last := max(p.From, p.To)
		switch {
		case p.To != 0 && p.To < p.From:
			c.refuse(at+".to", CodeOrder, "It is %d, and from is %d.", p.To, p.From)
		case p.From < next:
			c.refuse(at+".from", CodeTwice, "Rank %d has a prize already. Prizes ascend by rank.", p.From)
		case p.From > next:
			c.refuse(at+".from", CodeGap, "Nothing is said for rank %d. Prizes begin with rank 1, and leave none out.", next)
		}
		next = max(next, last+1)
		money = c.award(p.Award, at) || money
	}
	for i, m := range s.Milestones {
		at := place("standing", "milestones", i)
		if i > 0 && !s.Milestones[i-1].At.Less(m.At) {
			c.refuse(at+".at", CodeOrder, "It is %s, and the milestone before it is at %s. Milestones ascend.", m.At, s.Milestones[i-1].At)
		}
		money = c.award(m.Award, at) || money
	}
	switch {
	case s.Budget != nil && s.Budget.Sign() < 0:
		c.refuse("standing.budget", CodeRange, "It is %s, and cannot be below 0.", s.Budget)
	case s.Budget != nil && !money:
		c.warn("standing.budget", CodeNotTogether, "No prize is of money, so it makes no difference.")
	case s.Budget == nil && s.Beyond == CutOff:
		c.warn("standing.beyond", CodeNotTogether, "There is no budget, so it makes no difference.")
	}
}

// award checks what is won, and tells whether it is money.
func (c *checker) award(a Award, at string) (money bool) {
	set := 0
	for _, there := range []bool{a.Amount != nil, a.Points != nil, a.Thing != ""} {
		if there {
			set++
		}
	}
	if set != 1 {
		c.refuse(at, CodeNotTogether, "Set exactly one of amount, points and thing: %d are.", set)
	}
	for _, one := range []struct {
		name string
		n    *number.Number
	}{{"amount", a.Amount}, {"points", a.Points}} {
		if one.n != nil && one.n.Sign() < 0 {
			c.refuse(place(at, one.name), CodeRange, "It is %s, and cannot be below 0.", one.n)
		}
	}
	return a.Amount != nil
}

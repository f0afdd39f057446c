package program

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// Effective gives a component with everything said that it leaves to defaults: what its variable brings, and the default of
// each setting. What is reckoned, checked, and written down for people is the effective component; the definition is kept as
// it was written. It changes nothing of what it is given, and is the same when it is done twice.
//
// Of a variable, the filter and the dates stay in Resolved, as conditions over the row. What it measures becomes formulas,
// where the component has none of its own:
//
//	count                  measure count; with a Scale, a sum of it
//	sum, average, min, max measure of the same name; value row.<column> × Scale, for rows that have one
//	distinct               measure distinct; key row.<column>
//	ratio                  measure ratio; value Scale where Share is met, else 0; weight 1
//	duration               none: Resolve refuses it
//
// Money comes with its currency: that of the column (view.Column.Currency), if Currency says nothing else.
func Effective(c Component, r Resolved) Component {
	c.Qualifiers, c.Adjust = slices.Clone(c.Qualifiers), slices.Clone(c.Adjust)
	if r.Variable != nil {
		fromVariable(&c, r)
	}
	if len(c.Credit.Rules) == 0 {
		c.Credit.Rules = []CreditRule{{Kind: Direct}}
	}
	c.Credit.Rules = slices.Clone(c.Credit.Rules)
	for i := range c.Credit.Rules {
		rule := &c.Credit.Rules[i]
		if rule.Share == nil && rule.ShareFrom == "" {
			all := number.Of(1)
			rule.Share = &all
		}
		orElse(&rule.Own, Once)
	}
	orElse(&c.Credit.Hierarchy, AtRecordDate)
	orElse(&c.Credit.Total, Exactly100)
	orElse(&c.Measure.Kind, Sum)
	orElse(&c.Measure.Window, ThisPeriod)
	orElse(&c.Measure.TrueUp, Deduct)
	if c.Value == "" {
		c.Value = "1"
	}
	if c.Quota != nil {
		quota := *c.Quota
		quota.Goal = effectiveGoal(quota.Goal)
		orElse(&quota.None, Nothing)
		c.Quota = &quota
	}
	if c.Rate != nil {
		rate := effectiveRate(*c.Rate)
		c.Rate = &rate
	}
	for i := range c.Adjust {
		effectiveAdjustment(&c.Adjust[i])
	}
	if c.Clawback != nil {
		clawback := *c.Clawback
		orElse(&clawback.Policy, Restate)
		if clawback.Share == nil {
			all := number.Of(1)
			clawback.Share = &all
		}
		c.Clawback = &clawback
	}
	return c
}

// EffectiveDefinition gives a definition with the defaults of everything but its components.
func EffectiveDefinition(d Definition) Definition {
	orElse(&d.Exchange.On, OnRecordDate)
	orElse(&d.Rounding, number.HalfAway)
	orElse(&d.MidPeriod, ByDate)
	d.Limits = slices.Clone(d.Limits)
	for i := range d.Limits {
		l := &d.Limits[i]
		orElse(&l.Excess, Lost)
		orElse(&l.Prorate, ByDays)
		orElse(&l.Over, d.Period)
		if l.Draw != nil {
			draw := *l.Draw
			orElse(&draw.Form, Guarantee)
			l.Draw = &draw
		}
	}
	if d.Standing != nil {
		s := *d.Standing
		s.By = effectiveBy(s.By)
		orElse(&s.Ties, Pooled)
		orElse(&s.Beyond, Scale)
		d.Standing = &s
	}
	return d
}

func effectiveGoal(g Goal) Goal {
	orElse(&g.Spread, Equal)
	orElse(&g.Prorate, ByDays)
	return g
}

func effectiveBy(b By) By {
	orElse(&b.Of, ByMeasure)
	return b
}

func effectiveRate(r Rate) Rate {
	r.By = effectiveBy(r.By)
	orElse(&r.Pays, PaysRate)
	orElse(&r.Of, OfMeasure)
	orElse(&r.Mode, Marginal)
	orElse(&r.Boundary, Lower)
	if r.Target != nil {
		target := effectiveGoal(*r.Target)
		r.Target = &target
	}
	r.Tiers = effectiveTiers(r.Tiers, r.Mode)
	r.Dimensions, r.Cells = slices.Clone(r.Dimensions), slices.Clone(r.Cells)
	for i, d := range r.Dimensions {
		if d.By != nil {
			by := effectiveBy(*d.By)
			r.Dimensions[i].By = &by
		}
	}
	for i, cell := range r.Cells {
		r.Cells[i].Tiers = effectiveTiers(cell.Tiers, r.Mode)
	}
	return r
}

func effectiveTiers(tiers []Tier, mode Mode) []Tier {
	tiers = slices.Clone(tiers)
	for i := range tiers {
		orElse(&tiers[i].Mode, mode)
	}
	return tiers
}

func effectiveAdjustment(a *Adjustment) {
	orElse(&a.Excess, Lost)
	if a.Kind == Gate && a.Factor == nil {
		a.Factor = &number.Number{}
	}
	if a.When != nil {
		when := *a.When
		when.By = effectiveBy(when.By)
		a.When = &when
	}
	if a.Curve != nil {
		curve := *a.Curve
		curve.By = effectiveBy(curve.By)
		orElse(&curve.Mode, WholeAmount)
		orElse(&curve.Boundary, Lower)
		curve.Tiers = effectiveTiers(curve.Tiers, curve.Mode)
		a.Curve = &curve
	}
}

func orElse[T comparable](setting *T, otherwise T) {
	var none T
	if *setting == none {
		*setting = otherwise
	}
}

// fromVariable says what a component leaves to its variable.
func fromVariable(c *Component, r Resolved) {
	v := *r.Variable
	scale, _ := scaleOf(v.Scale)
	scaled := !scale.Equal(number.Of(1))
	own := c.Measure.Kind != ""
	switch {
	case own && (c.Measure.Kind == Count || c.Measure.Kind == Distinct):
	case c.Value != "":
	case v.Measure == view.Count || v.Measure == view.Distinct:
		if scaled {
			c.Value = literal(scale)
		}
	case v.Measure == view.Ratio:
		if value, weight, ok := shareFormula(v, r.View); ok {
			c.Value = value
			orElse(&c.Weight, weight)
		}
	case v.Column != "":
		c.Value = times(ref(v.Column), scale)
		c.require(v.Column)
		if i := r.View.Column(v.Column); i >= 0 && c.Currency == "" {
			c.Currency = currencyOf(r.View.Columns[i])
		}
	}
	if own {
		return
	}
	switch v.Measure {
	case view.Count:
		c.Measure.Kind = Count
		if scaled {
			c.Measure.Kind = Sum
		}
	case view.Distinct:
		c.Measure.Kind = Distinct
		if key, ok := textFormula(r.View, v.Column); ok && c.Key == "" {
			c.Key = key
			c.require(v.Column)
		}
	case view.Average:
		c.Measure.Kind = Average
	case view.Min:
		c.Measure.Kind = Min
	case view.Max:
		c.Measure.Kind = Max
	case view.Ratio:
		c.Measure.Kind = Ratio
	default:
		c.Measure.Kind = Sum
	}
}

// require adds the qualifier that a column has a value: a variable leaves rows out where it has none.
func (c *Component) require(column string) {
	there := Qualifier{Name: column + " has a value", Formula: "has(" + ref(column) + ")"}
	if !slices.Contains(c.Qualifiers, there) {
		c.Qualifiers = append(c.Qualifiers, there)
	}
}

// textFormula gives a formula of the type text of what a column holds; false for a column that has none.
func textFormula(v view.View, column string) (string, bool) {
	i := v.Column(column)
	if i < 0 {
		return "", false
	}
	switch v.Columns[i].Type {
	case schema.Text, schema.Choice, schema.Reference, schema.Unknown:
		return ref(column), true
	case schema.Boolean:
		return ref(column) + ` ? "true" : "false"`, true
	}
	return "", false
}

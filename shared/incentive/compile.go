package incentive

import (
	"fmt"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/formula"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/schedule"
	"leadline/shared/view"
)

// dating is a column that dates a row, for the rows that meet the conditions: of a deal that is lost, those that are excused.
type dating struct {
	name    string
	column  int
	when    view.Conditions
	excused view.Conditions
}

func (d *dating) asked(lost bool) view.Conditions {
	if lost {
		return d.excused
	}
	return d.when
}

// filter is conditions with the words that they were written in.
type filter struct {
	compiled view.Conditions
	written  []view.Condition
}

// amount is a formula of the type decimal, or the number that it gives for every row.
type amount struct {
	formula *formula.Formula
	number  number.Number
}

func (a amount) of(row *view.Row) (number.Number, error) {
	if a.formula == nil {
		return a.number, nil
	}
	return a.formula.Number(row)
}

// cell is a dimension of a rate table that a column says.
type cell struct {
	dimension string
	column    int
}

// compileVersion compiles a version with the defaults of all its settings.
func compileVersion(stored program.Version) (*version, error) {
	v := &version{Version: stored}
	v.Definition = program.EffectiveDefinition(v.Definition)
	zone, err := schedule.Location(v.Definition.Zone)
	if err != nil {
		return nil, err
	}
	v.clock = clock(zone)
	digits, known := money.Digits(v.Definition.Currency)
	if !known {
		return nil, fmt.Errorf("%q is no currency", v.Definition.Currency)
	}
	v.minor = digits
	v.Definition.Components = slices.Clone(v.Definition.Components)
	for at, written := range v.Definition.Components {
		source, found := v.Sources[written.Name]
		if !found {
			return nil, fmt.Errorf("the component %q has no source", written.Name)
		}
		c, err := compileComponent(v.Definition.Period, written, source)
		if err != nil {
			return nil, fmt.Errorf("the component %q: %w", written.Name, err)
		}
		c.at = at
		v.Definition.Components[at] = c.Component
		v.components = append(v.components, c)
	}
	v.paying, err = payingOrder(v.components)
	return v, err
}

// compiler compiles what a component says of rows. The first thing that fails is err.
type compiler struct {
	view  *view.View
	reads []string // names of the columns that are read
	err   error
}

// compileComponent compiles a component of a program that is reckoned by periods of a kind.
func compileComponent(period calendar.Kind, written program.Component, source program.Resolved) (*component, error) {
	c := &component{Component: program.Effective(written, source), source: source}
	if windowKind(c.Measure.Window) == period { // a window that is the period itself looks back to nothing
		c.Measure.Window = program.ThisPeriod
	}
	m := &compiler{view: &c.source.View}
	m.filters(c)
	for _, d := range source.Dates {
		when := m.conditions(d.When)
		c.dates = append(c.dates, dating{d.Column, m.column(d.Column), when, when})
	}
	for _, q := range c.Qualifiers {
		c.qualifiers = append(c.qualifiers, m.formula("qualifier "+q.Name, q.Formula, formula.Bool))
	}
	c.value, c.weight = m.amount("value", c.Value), m.amount("weight", c.Weight)
	c.currency, c.key = m.formula("currency", c.Currency, formula.Text), m.formula("key", c.Key, formula.Text)
	c.owner = m.column(source.Owner)
	m.crediting(c)
	m.lost(c)
	c.released = -1
	if c.Hold != nil {
		c.released = m.column(c.Hold.ReleaseDate)
	}
	if c.Rate != nil {
		for _, d := range c.Rate.Dimensions {
			if d.Column != "" {
				c.cells = append(c.cells, cell{d.Name, m.column(d.Column)})
			}
		}
	}
	unfiltered := c.source.View
	unfiltered.Filter = nil // it is among the component's filter, and each row is asked once
	plan, err := view.Compile(unfiltered, source.Links)
	if m.err == nil && err != nil {
		m.err = err
	}
	if m.err != nil {
		return nil, m.err
	}
	c.rows = plan.Only(m.reads...)
	return c, nil
}

// filters compiles what rows must meet before the qualifiers: the filter of the view, then that of the variable.
func (m *compiler) filters(c *component) {
	c.filter.written = slices.Concat(c.source.View.Filter, c.source.Filter)
	c.filter.compiled = m.conditions(c.filter.written)
	c.excused = c.filter
}

// crediting compiles the rules of who gets credit.
func (m *compiler) crediting(c *component) {
	for _, r := range c.Credit.Rules {
		part := amount{number: number.Of(1)}
		switch {
		case r.ShareFrom != "":
			part = m.amount("share_from", r.ShareFrom)
		case r.Share != nil:
			part.number = *r.Share
		}
		to := -1
		if r.To != nil {
			to = m.column(r.To.Column)
		}
		c.shares, c.to = append(c.shares, part), append(c.to, to)
		c.whens = append(c.whens, m.formula("when", r.When, formula.Bool))
	}
}

// lost compiles the clawback. What a loss changes, a deal that is lost is not asked for: qualifiers and conditions that read a
// column by which the loss is told are excused.
func (m *compiler) lost(c *component) {
	c.lostOn = -1
	c.asksLost = make([]bool, len(c.qualifiers))
	if c.Clawback == nil {
		return
	}
	c.lost, c.lostOn = m.formula("clawback.when", c.Clawback.When, formula.Bool), m.column(c.Clawback.Date)
	if m.err != nil || c.lost == nil {
		return
	}
	told := append(c.lost.Columns(), c.Clawback.Date)
	tells := func(column string) bool { return slices.Contains(told, column) }
	for at, q := range c.qualifiers {
		c.asksLost[at] = !slices.ContainsFunc(q.Columns(), tells)
	}
	still := func(conditions []view.Condition) []view.Condition {
		return slices.DeleteFunc(slices.Clone(conditions), func(c view.Condition) bool { return tells(c.Column) })
	}
	c.excused.written = still(c.filter.written)
	c.excused.compiled = m.conditions(c.excused.written)
	for i, d := range c.source.Dates {
		c.dates[i].excused = m.conditions(still(d.When))
	}
}

// formula compiles one that a place of the component says; nil for an empty one.
func (m *compiler) formula(place, text string, want formula.Type) *formula.Formula {
	if text == "" || m.err != nil {
		return nil
	}
	f, err := formula.Compile(text, m.view, want)
	if err != nil {
		m.err = fmt.Errorf("%s: %w", place, err)
		return nil
	}
	m.reads = append(m.reads, f.Columns()...)
	return f
}

// amount compiles a formula of the type decimal. One that is nothing but a number needs no evaluation.
func (m *compiler) amount(place, text string) amount {
	if n, err := number.Parse(text); err == nil && !strings.HasSuffix(text, "%") {
		return amount{number: n}
	}
	return amount{formula: m.formula(place, text, formula.Decimal)}
}

// column gives the place of a column; -1 for none.
func (m *compiler) column(name string) int {
	if name == "" {
		return -1
	}
	at := m.view.Column(name)
	if at < 0 && m.err == nil {
		m.err = fmt.Errorf("the view has no column %q", name)
	}
	m.reads = append(m.reads, name)
	return at
}

func (m *compiler) conditions(conditions []view.Condition) view.Conditions {
	compiled, err := view.CompileConditions(conditions, m.view.Columns)
	if err != nil && m.err == nil {
		m.err = err
	}
	for _, c := range conditions {
		m.reads = append(m.reads, c.Column)
	}
	return compiled
}

// payingOrder gives an order in which each component comes after those that it looks at. Two may look at each other's measure,
// for all are measured before any pays; what one has earned it cannot ask in a circle.
func payingOrder(components []*component) ([]int, error) {
	if order, ok := sorted(components, func(program.By) bool { return true }); ok {
		return order, nil
	}
	order, ok := sorted(components, func(by program.By) bool { return by.Of == program.ByEarned })
	if !ok {
		return nil, fmt.Errorf("components look at what each other has earned, in a circle")
	}
	return order, nil
}

// sorted gives the first order, by the places in the definition, in which each component comes after those that it looks at
// in a way that matters; false if there is none.
func sorted(components []*component, matters func(program.By) bool) ([]int, bool) {
	var order []int
	ready := map[string]bool{}
	for len(order) < len(components) {
		next := slices.IndexFunc(components, func(c *component) bool {
			return !ready[c.Name] && !slices.ContainsFunc(looksAt(c.Component), func(by program.By) bool {
				other := slices.IndexFunc(components, func(o *component) bool { return o.Name == by.Component })
				return other >= 0 && components[other] != c && matters(by) && !ready[by.Component]
			})
		})
		if next < 0 {
			return nil, false
		}
		ready[components[next].Name] = true
		order = append(order, next)
	}
	return order, true
}

// looksAt lists what a component looks at, at itself and at others.
func looksAt(c program.Component) []program.By {
	var all []program.By
	if c.Rate != nil {
		all = append(all, c.Rate.By)
		for _, d := range c.Rate.Dimensions {
			if d.By != nil {
				all = append(all, *d.By)
			}
		}
	}
	for _, a := range c.Adjust {
		if a.When != nil {
			all = append(all, a.When.By)
		}
		if a.Curve != nil {
			all = append(all, a.Curve.By)
		}
	}
	return all
}

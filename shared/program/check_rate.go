package program

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadline/shared/number"
	"leadline/shared/schema"
)

// checkRate checks what a component pays.
func checkRate(c *checker, component *Component, at string) {
	r := component.Rate
	if r == nil {
		return
	}
	at += ".rate"
	c.looksAt(r.By, component, at+".by")
	modes := modesOf(*r)
	c.base(component, r, modes, at)
	if r.Each {
		c.each(component, r, modes, at)
	}
	if r.Target != nil {
		c.goal(*r.Target, at+".target")
	}
	switch {
	case len(r.Cells) == 0 && len(r.Dimensions) == 0 && len(r.Tiers) == 0:
		c.refuse(at+".tiers", CodeMissing, "There is none: say what is paid, in a tier from 0 at least.")
	case len(r.Cells) == 0 && len(r.Dimensions) == 0:
		c.tiers(r.Tiers, at+".tiers")
	default:
		c.dimensions(component, r, modes, at)
	}
	if r.Pays == PaysRate && (r.Of == OfTarget || component.Currency != "" && r.Of != OfCount) {
		c.unusual(*r, at)
	}
}

func modesOf(r Rate) []Mode {
	var modes []Mode
	for _, t := range r.Tiers {
		modes = append(modes, t.Mode)
	}
	for _, cell := range r.Cells {
		for _, t := range cell.Tiers {
			modes = append(modes, t.Mode)
		}
	}
	return modes
}

// base checks what rates are applied to against what tiers are over.
func (c *checker) base(component *Component, r *Rate, modes []Mode, at string) {
	marginal := r.Pays == PaysRate && slices.Contains(modes, Marginal)
	if r.Of == OfTarget && r.Target == nil {
		c.refuse(at+".target", CodeMissing, "The rates are of the variable pay at target. Say what that is; participants may have their own.")
	}
	if r.Pays == PaysAmount && r.Of != OfMeasure {
		c.warn(at+".of", CodeNotTogether, "The tiers pay fixed amounts, so it makes no difference.")
	}
	if other := r.By.Component; other != "" && other != component.Name && marginal {
		c.refuse(at+".mode", CodeNotTogether, "The tiers are over what %q reached, and marginal tiers pay for the part of this component's own that lies in them: there is no such part. Make the mode whole or interpolated.", other)
	}
	additive := component.Measure.additive()
	axisAdds, baseAdds := additive || r.By.Of == ByCount, additive || r.Of == OfValue || r.Of == OfCount
	own := r.By.Component == "" || r.By.Component == component.Name
	if marginal && own && axisAdds != baseAdds {
		c.refuse(at+".of", CodeNotTogether, "A measure of the kind %s is not the sum of what each record adds, so that no part of the %s lies in a tier over the %s. Make the mode whole or interpolated.",
			component.Measure.Kind, r.Of, r.By.Of)
	}
}

// each checks a table that looks at each credit by itself.
func (c *checker) each(component *Component, r *Rate, modes []Mode, at string) {
	switch {
	case !component.Measure.additive():
		c.refuse(at+".each", CodeNotTogether, "A measure of the kind %s is of all records together, and says nothing of one by itself.", component.Measure.Kind)
	case component.Measure.Window != ThisPeriod:
		c.refuse(at+".each", CodeNotTogether, "Each credit is looked at by itself, so that a window to date has no meaning. Leave one of them out.")
	case r.By.Component != "" && r.By.Component != component.Name:
		c.refuse(at+".by.component", CodeNotTogether, "Each credit is looked at by itself, and not at what %q reached.", r.By.Component)
	}
}

// looksAt checks what something looks at.
func (c *checker) looksAt(by By, own *Component, at string) {
	looked := own
	if by.Component != "" {
		i, there := c.at[by.Component]
		if !there {
			c.refuse(at+".component", CodeUnknownName, "There is no component %q.%s", by.Component, c.near(by.Component))
			return
		}
		looked = &c.components[i]
	}
	switch {
	case looked == nil:
	case by.Of == ByAttainment && looked.Quota == nil:
		c.refuse(at+".of", CodeMissing, "The component %q has no quota, so that there is no attainment. Give it one, or look at the measure.", looked.Name)
	case by.Of == ByEarned && looked == own:
		c.refuse(at+".component", CodeMissing, "What is earned is looked at in another component: name it.")
	case by.Of == ByEarned && looked.Rate == nil:
		c.refuse(at+".component", CodeNotTogether, "The component %q pays nothing, so that nothing is earned by it.", looked.Name)
	}
}

func (c *checker) near(name string) string {
	var fields []field
	for _, component := range c.components {
		fields = append(fields, field{name: component.Name})
	}
	return nearest(name, fields)
}

// tiers checks one list of tiers: from 0, and ascending, so that there is neither gap nor overlap.
func (c *checker) tiers(tiers []Tier, at string) {
	if len(tiers) == 0 {
		c.refuse(at, CodeMissing, "There is none.")
		return
	}
	if !tiers[0].From.IsZero() {
		c.refuse(place(at, 0, "from"), CodeGap, "It is %s, and nothing is said for what is below. The first tier is from 0; let it pay 0, if nothing is paid there.", tiers[0].From)
	}
	for i := 1; i < len(tiers); i++ {
		if !tiers[i-1].From.Less(tiers[i].From) {
			c.refuse(place(at, i, "from"), CodeOrder, "It is %s, and the tier before it is from %s. Tiers ascend.", tiers[i].From, tiers[i-1].From)
		}
	}
	for i, t := range tiers {
		if t.Pay.Sign() < 0 {
			c.warn(place(at, i, "pay"), CodeUnusual, "It is %s: who reaches it has something taken away.", t.Pay)
		}
	}
}

// unusual warns of rates of money that are beyond any sense: 10 was written for 10 %.
func (c *checker) unusual(r Rate, at string) {
	warn := func(tiers []Tier, at string) {
		for i, t := range tiers {
			if !t.Pay.Less(number.Of(10)) {
				c.warn(place(at, i, "pay"), CodeUnusual, "It is a rate of %s. Is %s %% meant?", percent(t.Pay), t.Pay)
			}
		}
	}
	warn(r.Tiers, at+".tiers")
	for i, cell := range r.Cells {
		warn(cell.Tiers, place(at, "cells", i, "tiers"))
	}
}

// dimensions checks a table of tables.
func (c *checker) dimensions(component *Component, r *Rate, modes []Mode, at string) {
	switch {
	case len(r.Tiers) > 0:
		c.refuse(at+".tiers", CodeNotTogether, "A table with dimensions has its tiers in cells. Leave these out.")
	case len(r.Dimensions) == 0:
		c.refuse(at+".dimensions", CodeMissing, "There are cells, and no dimensions that they lie in.")
		return
	case len(r.Cells) == 0:
		c.refuse(at+".cells", CodeMissing, "There are dimensions, and no cells with tiers.")
		return
	}
	names, before := map[string]bool{}, len(Errors(c.problems))
	for i, d := range r.Dimensions {
		here := place(at, "dimensions", i)
		if names[d.Name] {
			c.refuse(here+".name", CodeTwice, "There is another dimension %q.", d.Name)
		}
		names[d.Name] = true
		c.dimension(component, d, here)
		switch {
		case d.Column == "":
		case r.Pays == PaysAmount && !r.Each:
			c.refuse(here+".column", CodeNotTogether, "Each record looks in the cell of its own %s, and a fixed amount is for all of them together: no cell says which. Pay rates, set each, or make it a dimension by a measure.", d.Column)
		case slices.Contains(modes, Interpolated) && !r.Each:
			c.refuse(here+".column", CodeNotTogether, "Each record looks in the cell of its own %s, and an interpolated rate is for all of them together. Make the mode marginal or whole.", d.Column)
		}
	}
	if len(Errors(c.problems)) == before { // else nobody can say where a cell lies
		c.cells(r, at)
	}
}

func (c *checker) dimension(component *Component, d Dimension, at string) {
	switch {
	case (d.Column == "") == (d.By == nil):
		c.refuse(at, CodeNotTogether, "Set exactly one of column and by.")
	case d.Column != "":
		if len(d.From) > 0 {
			c.refuse(at+".from", CodeNotTogether, "Bounds are of a dimension by a measure. The values of a column stand in the cells.")
		}
		source, resolved := c.sources[component.Name]
		if !resolved {
			return
		}
		if i := source.View.Column(d.Column); i < 0 {
			c.refuse(at+".column", CodeUnknownName, "The view has no column %q.", d.Column)
		} else if t := source.View.Columns[i].Type; slices.Contains([]schema.Type{schema.Money, schema.MultiChoice, schema.JSON}, t) {
			c.refuse(at+".column", CodeWrongType, "The column %q is of the type %s, and does not say which one cell a record lies in.", d.Column, t)
		}
	default:
		c.looksAt(*d.By, component, at+".by")
		if len(d.From) == 0 || !d.From[0].IsZero() {
			c.refuse(at+".from", CodeGap, "The lower bounds begin with 0.")
		}
		for i := 1; i < len(d.From); i++ {
			if !d.From[i-1].Less(d.From[i]) {
				c.refuse(place(at, "from", i), CodeOrder, "It is %s, and the bound before it is %s. Bounds ascend.", d.From[i], d.From[i-1])
			}
		}
	}
}

const (
	otherValues = "*"    // the cell for all values that no other names
	shownGaps   = 5      // missing cells that are named
	maxPlaces   = 10_000 // places that are looked through
)

// cells checks that there is exactly one cell for each place.
func (c *checker) cells(r *Rate, at string) {
	values := make([][]string, len(r.Dimensions)) // that are named, by dimension
	for i, d := range r.Dimensions {
		for _, bound := range d.From {
			values[i] = append(values[i], bound.String())
		}
		if d.Column != "" {
			values[i] = []string{otherValues}
		}
	}
	taken := map[string]bool{}
	for i, cell := range r.Cells {
		here := place(at, "cells", i)
		c.tiers(cell.Tiers, here+".tiers")
		key, ok := c.cell(r, cell, values, here+".at")
		if ok && taken[key] {
			c.refuse(here+".at", CodeTwice, "There is another cell for this place.")
		}
		taken[key] = true
	}
	places := 1
	for _, all := range values {
		places *= max(1, len(all))
		if places > maxPlaces {
			c.refuse(at+".cells", CodeRange, "The values that the cells name make more than %d places.", maxPlaces)
			return
		}
	}
	missing := missingCells(r.Dimensions, values, taken)
	for i, one := range missing {
		if i == shownGaps {
			c.refuse(at+".cells", CodeGap, "There are %d more places without a cell.", len(missing)-shownGaps)
			break
		}
		c.refuse(at+".cells", CodeGap, "There is no cell for %s.", one)
	}
}

// cell checks where a cell lies, adds the values that it names, and gives the key of its place.
func (c *checker) cell(r *Rate, cell Cell, values [][]string, at string) (key string, ok bool) {
	ok = true
	for _, name := range slices.Sorted(maps.Keys(cell.At)) {
		if !slices.ContainsFunc(r.Dimensions, func(d Dimension) bool { return d.Name == name }) {
			c.refuse(place(at, name), CodeUnknownName, "There is no dimension %q.", name)
			ok = false
		}
	}
	for i, d := range r.Dimensions {
		value, there := cell.At[d.Name]
		if !there || value == "" {
			c.refuse(place(at, d.Name), CodeMissing, "Say where in the dimension %q the cell lies.", d.Name)
			ok = false
			continue
		}
		if d.By != nil {
			n, err := number.Parse(value)
			if err != nil || !slices.ContainsFunc(d.From, n.Equal) {
				c.refuse(place(at, d.Name), CodeUnknownName, "It is %q, which is none of the bounds of the dimension %q.", value, d.Name)
				ok = false
				continue
			}
			value = n.String()
		} else if !slices.Contains(values[i], value) {
			values[i] = append(values[i], value)
		}
		key += fmt.Sprintf("%q,", value)
	}
	return key, ok
}

// missingCells describes the places that no cell is for.
func missingCells(dimensions []Dimension, values [][]string, taken map[string]bool) []string {
	var missing []string
	at := make([]int, len(dimensions))
	for {
		key, words := "", []string(nil)
		for i, d := range dimensions {
			if len(values[i]) == 0 {
				return nil // said already
			}
			value := values[i][at[i]]
			key += fmt.Sprintf("%q,", value)
			words = append(words, fmt.Sprintf("%s %q", d.Name, value))
		}
		if !taken[key] {
			missing = append(missing, strings.Join(words, ", "))
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(values[i]) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return missing
		}
	}
}

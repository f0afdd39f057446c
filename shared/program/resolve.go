package program

import (
	"fmt"
	"slices"

	"leadline/shared/number"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// Catalog gives the variables, views and links of an organization by name.
type Catalog interface {
	Variable(name string) (view.Variable, bool)
	View(name string) (view.View, bool)
	Link(name string) (view.Link, bool)
}

// Items is a Catalog of stored items. What a person deleted is not in it.
type Items []view.Item

var _ Catalog = Items(nil)

// Variable implements Catalog.
func (i Items) Variable(name string) (view.Variable, bool) {
	if d := i.find(view.KindVariable, name); d != nil && d.Variable != nil {
		return *d.Variable, true
	}
	return view.Variable{}, false
}

// View implements Catalog.
func (i Items) View(name string) (view.View, bool) {
	if d := i.find(view.KindView, name); d != nil && d.View != nil {
		return *d.View, true
	}
	return view.View{}, false
}

// Link implements Catalog.
func (i Items) Link(name string) (view.Link, bool) {
	if d := i.find(view.KindLink, name); d != nil && d.Link != nil {
		return *d.Link, true
	}
	return view.Link{}, false
}

func (i Items) find(kind view.Kind, name string) *view.Definition {
	at := slices.IndexFunc(i, func(item view.Item) bool { return item.Kind == kind && item.Name == name && item.State != view.Removed })
	if at < 0 {
		return nil
	}
	return &i[at].Definition
}

// Resolve gives the source of each component with all that it names, by the component's name. What cannot be resolved is among
// the problems, and not in the result.
func Resolve(d Definition, catalog Catalog) (map[string]Resolved, []Problem) {
	sources, found := map[string]Resolved{}, problems{}
	for i, c := range d.Components {
		before := len(Errors(found))
		r := resolve(c.Source, catalog, place("components", i, "source"), &found)
		if len(Errors(found)) == before {
			sources[c.Name] = r
		}
	}
	return sources, found
}

func resolve(s Source, catalog Catalog, at string, p *problems) Resolved {
	r, name, named := Resolved{Links: map[string]view.Link{}}, s.View, "view"
	switch {
	case s.Variable != "" && s.View != "":
		p.refuse(at, CodeNotTogether, "Name a variable or a view, not both: a variable brings its view.")
		return r
	case s.Variable != "":
		variable, found := catalog.Variable(s.Variable)
		if !found {
			p.refuse(at+".variable", CodeUnknownName, "There is no variable %q.", s.Variable)
			return r
		}
		name, named = variable.View, "variable"
		r.Variable, r.Filter, r.Dates = &variable, variable.Filter, variable.Dates
	case s.View == "":
		p.refuse(at, CodeMissing, "Name the variable or the view that records come from.")
		return r
	}
	v, found := catalog.View(name)
	if !found {
		p.refuse(place(at, named), CodeUnknownName, "There is no view %q.", name)
		return r
	}
	r.View = v
	r.View.Columns = slices.Clone(v.Columns) // they are completed below
	for i, c := range r.View.Columns {
		if c.Type == "" {
			r.View.Columns[i].Type = schema.Unknown
		}
	}
	for _, j := range v.Joins {
		link, found := catalog.Link(j.Link)
		if !found {
			p.refuse(place(at, named), CodeUnknownName, "The view %q joins along the link %q, which is not there.", name, j.Link)
			continue
		}
		r.Links[j.Link] = link
	}
	resolveDates(s, &r, place(at, named), at, p)
	resolveOwner(s, &r, at, p)
	refuseTime(r.View.Filter, fmt.Sprintf("The filter of the view %q", name), place(at, named), p)
	if r.Variable != nil {
		resolveVariable(s.Variable, &r, at+".variable", p)
	}
	return r
}

// resolveDates fills in the columns by which rows are dated.
func resolveDates(s Source, r *Resolved, of, at string, p *problems) {
	if len(s.Dates) > 0 {
		r.Dates = nil
	}
	for i, column := range s.Dates {
		r.Dates = append(r.Dates, view.Dating{Column: column})
		checkDateColumn(r.View, column, place(at, "dates", i), p)
	}
	switch {
	case len(s.Dates) > 0:
	case len(r.Dates) == 0 && r.Variable != nil:
		p.refuse(at, CodeMissing, "The variable %q tells how things stand now. Name in dates the columns that say on which day a record counts.", s.Variable)
	case len(r.Dates) == 0:
		p.refuse(at, CodeMissing, "Name in dates the columns of the view that say on which day a record counts.")
	default:
		for _, d := range r.Dates {
			checkDateColumn(r.View, d.Column, of, p)
			refuseTime(d.When, "A condition on the date "+d.Column, of, p)
		}
	}
}

// checkDateColumn refuses a column that holds no days.
func checkDateColumn(v view.View, name, at string, p *problems) {
	i := v.Column(name)
	switch {
	case i < 0:
		p.refuse(at, CodeUnknownName, "The view has no column %q.", name)
	case !slices.Contains([]schema.Type{schema.Date, schema.DateTime, schema.Unknown}, v.Columns[i].Type):
		p.refuse(at, CodeWrongType, "The column %q holds no dates: it is of the type %s.", name, v.Columns[i].Type)
	}
}

// resolveOwner fills in the column with the member that direct credit goes to.
func resolveOwner(s Source, r *Resolved, at string, p *problems) {
	r.Owner = r.View.Owner
	if s.Owner == "" {
		return
	}
	r.Owner = s.Owner
	checkMemberColumn(r.View, s.Owner, false, at+".owner", p)
}

// checkMemberColumn refuses a column that cannot name a member, or several where they may be.
func checkMemberColumn(v view.View, name string, several bool, at string, p *problems) {
	types := []schema.Type{schema.Text, schema.Reference, schema.Choice, schema.Unknown}
	if several {
		types = append(types, schema.MultiChoice)
	}
	i := v.Column(name)
	switch {
	case i < 0:
		p.refuse(at, CodeUnknownName, "The view has no column %q.", name)
	case !slices.Contains(types, v.Columns[i].Type):
		p.refuse(at, CodeWrongType, "The column %q cannot name a member: it is of the type %s.", name, v.Columns[i].Type)
	}
}

// refuseTime refuses conditions that depend on the day on which they are looked at: what a program paid must not change by
// waiting.
func refuseTime(conditions []view.Condition, what, at string, p *problems) {
	for _, c := range conditions {
		if c.Op == view.OlderThan {
			p.refuse(at, CodeTime, "%s asks how long ago %s was, which changes by itself from day to day. A program cannot go by that.", what, c.Column)
		}
	}
}

// resolveVariable checks that a program can go by a variable, and gives the column that it measures what the variable says of
// the money in it, so that formulas see major units.
func resolveVariable(name string, r *Resolved, at string, p *problems) {
	v := r.Variable
	refuseTime(v.Filter, fmt.Sprintf("The filter of the variable %q", name), at, p)
	refuseTime(v.Share, fmt.Sprintf("The share of the variable %q", name), at, p)
	for _, problem := range view.CheckVariable(*v, r.View) {
		p.refuse(at, CodeUnknownName, "The variable %q does not fit its view any more: %s: %s.", name, problem.Place, problem.Message)
	}
	if len(v.GroupBy) > 0 {
		p.warn(at, CodeUnusual, "The variable %q keeps %q apart. A program adds them up.", name, v.GroupBy)
	}
	if v.Measure == view.Duration {
		p.refuse(at, CodeMeasureRefused, "The variable %q measures the days between two dates, which a program does not. Name the view, and write the value as a formula.", name)
	}
	if _, ok := textFormula(r.View, v.Column); v.Measure == view.Distinct && !ok {
		p.refuse(at, CodeMeasureRefused, "The variable %q counts the different values of %s, which are no texts. Name the view, and write the key as a formula.", name, v.Column)
	}
	switch scale, ok := scaleOf(v.Scale); {
	case !ok:
		p.refuse(at, CodeRange, "The variable %q has the scale %q, which is no number.", name, v.Scale)
	case v.Measure == view.Distinct && !scale.Equal(number.Of(1)):
		p.refuse(at, CodeMeasureRefused, "The variable %q multiplies a number of different values by %q, which a program does not. Let the rate say what each is worth.", name, v.Scale)
	}
	if i := r.View.Column(v.Column); i >= 0 && v.Amounts != "" {
		column := &r.View.Columns[i]
		if column.Amounts != "" && column.Amounts != v.Amounts {
			p.refuse(at, CodeNotTogether, "The variable %q reads %s as %s, and the view says %s.", name, v.Column, v.Amounts, column.Amounts)
		}
		column.Amounts, column.Currency = v.Amounts, v.Currency
	}
	if _, _, ok := shareFormula(*v, r.View); !ok && v.Measure == view.Ratio {
		p.refuse(at, CodeMeasureRefused, "The share of the variable %q compares dates, or amounts in minor units, which cannot be made a formula. Name the view, and write value and weight as formulas.", name)
	}
}

package main

import (
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/schema"
	"leadline/shared/view"
)

// jsonValue is any JSON, kept as it was written.
type jsonValue json.RawMessage

// UnmarshalJSON keeps it: numbers keep all their digits.
func (v *jsonValue) UnmarshalJSON(text []byte) error {
	*v = append((*v)[:0], text...)
	return nil
}

// MarshalJSON gives it as it is.
func (v jsonValue) MarshalJSON() ([]byte, error) { return v, nil }

// Schema says that it may be anything.
func (jsonValue) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// Definition is what links, views and variables have in common.
type Definition struct {
	Name       string    `json:"name" example:"close-user_close_lead_view"`
	Origin     string    `json:"origin" enum:"generated,edited,own" doc:"generated: made by Leadline from what the source describes, and kept in step with it. edited: generated, then changed by a person, and left alone since. own: made by a person."`
	State      string    `json:"state" enum:"current,outdated,retired,removed" doc:"outdated: edited, and the standard form has changed since. retired: no longer generated, for what it is about is gone at the source. removed: deleted, and kept so that it does not come back by itself; restore brings it back."`
	Connection string    `json:"connection,omitempty" doc:"Whose source it is generated from."`
	By         string    `json:"by,omitempty" doc:"The API key that changed it last; absent for Leadline itself."`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Rev        int64     `json:"rev" doc:"Counts the changes. Its ETag."`
}

// DefinitionName is how a person names what they make.
type DefinitionName struct {
	Name string `json:"name" minLength:"1" maxLength:"64" doc:"Small letters, digits and underscores, a letter first. It cannot be changed." example:"renewals"`
}

// LinkEnd is where a link begins or ends.
type LinkEnd struct {
	Connection string `json:"connection,omitempty" maxLength:"64" doc:"Left out for the user master." example:"conn_4f0c9a2b1x7z"`
	Object     string `json:"object" minLength:"1" maxLength:"128" doc:"An object of the connection; user for the user master." example:"opportunity"`
	Field      string `json:"field,omitempty" maxLength:"256" doc:"The id of the record if left out." example:"user_id"`
}

// LinkFields are what can be said of a link.
type LinkFields struct {
	Title       string  `json:"title,omitempty" maxLength:"200"`
	From        LinkEnd `json:"from" doc:"The field that names a record elsewhere."`
	To          LinkEnd `json:"to" doc:"What it names: most often the id of a record."`
	Cardinality string  `json:"cardinality,omitempty" enum:"to_one,to_many" default:"to_one" doc:"to_many: the field holds a list."`
}

// NewLink is a link to be made.
type NewLink struct {
	DefinitionName
	LinkFields
}

// Link leads from a field of one data source to the records of another.
type Link struct {
	Definition
	LinkFields
	Standard *LinkFields `json:"standard,omitempty" doc:"What would be generated; only where a person has edited it, and not in lists."`
}

// ViewSource is a data source.
type ViewSource struct {
	Connection string `json:"connection,omitempty" maxLength:"64" doc:"Left out for the user master."`
	Object     string `json:"object" minLength:"1" maxLength:"128" example:"opportunity"`
}

// ViewJoin adds the record that a link leads to.
type ViewJoin struct {
	Name  string `json:"name" minLength:"1" maxLength:"64" doc:"What columns call it." example:"owner"`
	Link  string `json:"link" minLength:"1" maxLength:"400" example:"close-opportunity.user_id"`
	From  string `json:"from,omitempty" maxLength:"64" doc:"The join before this one that the link begins at; the base if left out."`
	First bool   `json:"first,omitempty" doc:"Of the records that a link to many leads to, take the first. A join never multiplies rows."`
}

// ViewColumn is a column of a view.
type ViewColumn struct {
	Name  string    `json:"name" minLength:"1" maxLength:"256" example:"owner.name"`
	From  string    `json:"from,omitempty" maxLength:"64" doc:"The join that it is taken from; the base if left out."`
	Field string    `json:"field,omitempty" maxLength:"256" doc:"The id of the record if left out."`
	Title string    `json:"title,omitempty" maxLength:"200"`
	Type  fieldType `json:"type,omitempty" doc:"That of the field if left out, or a wider one."`
	// Amounts and Currency are those of money that is written as a number.
	Amounts  string `json:"amounts,omitempty" enum:"hundredths,minor_units,major_units" doc:"The numbers are amounts of money, written so. Programs read them in major units."`
	Currency string `json:"currency,omitempty" maxLength:"256" doc:"The column that names the currency of the amounts." example:"value_currency"`
}

// ViewCondition is what a row must meet.
type ViewCondition struct {
	Column string    `json:"column" minLength:"1" maxLength:"256" example:"status_type"`
	Op     viewOp    `json:"op"`
	Value  jsonValue `json:"value,omitempty" doc:"A list for in and not_in, nothing for is_null and not_null, a number of days for older_than."`
}

// viewOp is a view.Op that describes itself.
type viewOp string

// Schema lists the operators.
func (viewOp) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "Where there is no value, is_null, ne and not_in are met and nothing else is. contains: a part of a text, or a choice among many. older_than: at least so many days ago."}
	for _, op := range view.Ops() {
		s.Enum = append(s.Enum, string(op))
	}
	return s
}

// ViewFields are what can be said of a view.
type ViewFields struct {
	Title       string          `json:"title,omitempty" maxLength:"200"`
	Description string          `json:"description,omitempty" maxLength:"2000"`
	Base        ViewSource      `json:"base" doc:"Each of its living records makes one row."`
	Joins       []ViewJoin      `json:"joins,omitempty" maxItems:"8" nullable:"false"`
	Columns     []ViewColumn    `json:"columns" minItems:"1" maxItems:"2100" nullable:"false"`
	Filter      []ViewCondition `json:"filter,omitempty" maxItems:"20" nullable:"false" doc:"All of them must be met."`
	Owner       string          `json:"owner,omitempty" maxLength:"256" doc:"The column with the id of the member whose row it is: an id of the user master."`
}

// NewView is a view to be made.
type NewView struct {
	DefinitionName
	ViewFields
}

// View joins records and chooses columns.
type View struct {
	Definition
	ViewFields
	Standard   *ViewFields `json:"standard,omitempty" doc:"What would be generated; only where a person has edited it, and not in lists."`
	NewColumns []string    `json:"new_columns,omitempty" nullable:"false" doc:"What the standard form has and this one lacks; only where a person has edited it."`
}

// VariableDate places a row in a period.
type VariableDate struct {
	Column string          `json:"column" minLength:"1" maxLength:"256" example:"date_won"`
	When   []ViewCondition `json:"when,omitempty" maxItems:"20" nullable:"false" doc:"Only for rows that meet all of them."`
}

// measure is a view.Measure that describes itself.
type measure string

// Schema lists the measures.
func (measure) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "count: rows. sum, average, min, max: of the column. distinct: how many different values. ratio: the share of the rows that meet share. duration: the average number of days from column to until."}
	for _, m := range view.Measures() {
		s.Enum = append(s.Enum, string(m))
	}
	return s
}

// VariableFields are what can be said of a variable.
type VariableFields struct {
	Title       string          `json:"title,omitempty" maxLength:"200"`
	Description string          `json:"description,omitempty" maxLength:"4000" doc:"Exactly what it measures, in words."`
	View        string          `json:"view" minLength:"1" maxLength:"400" example:"close-user_close_opportunity_view"`
	Measure     measure         `json:"measure"`
	Column      string          `json:"column,omitempty" maxLength:"256" doc:"What is measured; none for count and ratio."`
	Until       string          `json:"until,omitempty" maxLength:"256" doc:"Where a duration ends."`
	Filter      []ViewCondition `json:"filter,omitempty" maxItems:"20" nullable:"false" doc:"Which rows of the view count."`
	Share       []ViewCondition `json:"share,omitempty" maxItems:"20" nullable:"false" doc:"What the share of a ratio meets."`
	Dates       []VariableDate  `json:"dates,omitempty" maxItems:"8" nullable:"false" doc:"The first whose conditions a row meets and whose column has a value says in which period it lies. Without any, the variable tells how things stand now."`
	Unit        string          `json:"unit,omitempty" maxLength:"40" example:"minutes"`
	Scale       string          `json:"scale,omitempty" maxLength:"40" doc:"A number, or a fraction of two, that what is measured is multiplied by: 1/60 makes minutes of seconds." example:"1/60"`
	Amounts     string          `json:"amounts,omitempty" enum:"hundredths,minor_units,major_units" doc:"The column is money, written so. Values are in minor units then, for each currency."`
	Currency    string          `json:"currency,omitempty" maxLength:"256" doc:"The column with the currency of the amount."`
	GroupBy     []string        `json:"group_by,omitempty" maxItems:"4" nullable:"false" doc:"Columns by whose values rows are told apart."`
}

// NewVariable is a variable to be made.
type NewVariable struct {
	DefinitionName
	VariableFields
}

// Variable measures the rows of a view by member and period.
type Variable struct {
	Definition
	VariableFields
	Standard *VariableFields `json:"standard,omitempty" doc:"What would be generated; only where a person has edited it, and not in lists."`
}

func showDefinition(i view.Item) Definition {
	return Definition{Name: i.Name, Origin: string(i.Origin), State: string(i.State), Connection: i.Connection, By: i.By,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Rev: i.Rev}
}

// standardOf gives what would be generated of what a person has edited; nil for all else.
func standardOf[T, S any](i view.Item, part func(*view.Definition) *T, show func(T) S) *S {
	if i.Origin != view.Edited || i.Standard == nil || part(i.Standard) == nil {
		return nil
	}
	shown := show(*part(i.Standard))
	return &shown
}

func showEnd(e view.End) LinkEnd {
	return LinkEnd{Connection: e.Connection, Object: e.Object, Field: e.Field}
}

func readEnd(e LinkEnd) view.End {
	return view.End{Source: view.Source{Connection: e.Connection, Object: e.Object}, Field: e.Field}
}

func showLink(l view.Link) LinkFields {
	return LinkFields{Title: l.Title, From: showEnd(l.From), To: showEnd(l.To), Cardinality: string(l.Cardinality)}
}

func readLink(l LinkFields) view.Link {
	return view.Link{Title: l.Title, From: readEnd(l.From), To: readEnd(l.To), Cardinality: view.Cardinality(l.Cardinality)}
}

func showColumn(c view.Column) ViewColumn {
	return ViewColumn{Name: c.Name, From: c.From, Field: c.Field, Title: c.Title, Type: fieldType(c.Type), Amounts: string(c.Amounts), Currency: c.Currency}
}

func readColumn(c ViewColumn) view.Column {
	return view.Column{Name: c.Name, From: c.From, Field: c.Field, Title: c.Title, Type: schema.Type(c.Type), Amounts: view.Amounts(c.Amounts), Currency: c.Currency}
}

func showCondition(c view.Condition) ViewCondition {
	return ViewCondition{Column: c.Column, Op: viewOp(c.Op), Value: jsonValue(c.Value)}
}

func readCondition(c ViewCondition) view.Condition {
	return view.Condition{Column: c.Column, Op: view.Op(c.Op), Value: json.RawMessage(c.Value)}
}

// each turns a list into another; nil stays nil.
func each[A, B any](in []A, turn func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = turn(a)
	}
	return out
}

func showView(v view.View) ViewFields {
	return ViewFields{Title: v.Title, Description: v.Description, Base: ViewSource(v.Base), Joins: each(v.Joins, func(j view.Join) ViewJoin { return ViewJoin(j) }),
		Columns: each(v.Columns, showColumn), Filter: each(v.Filter, showCondition), Owner: v.Owner}
}

func readView(v ViewFields) view.View {
	return view.View{Title: v.Title, Description: v.Description, Base: view.Source(v.Base), Joins: each(v.Joins, func(j ViewJoin) view.Join { return view.Join(j) }),
		Columns: each(v.Columns, readColumn), Filter: each(v.Filter, readCondition), Owner: v.Owner}
}

func showVariable(v view.Variable) VariableFields {
	return VariableFields{Title: v.Title, Description: v.Description, View: v.View, Measure: measure(v.Measure), Column: v.Column, Until: v.Until,
		Filter: each(v.Filter, showCondition), Share: each(v.Share, showCondition),
		Dates: each(v.Dates, func(d view.Dating) VariableDate { return VariableDate{d.Column, each(d.When, showCondition)} }),
		Unit:  v.Unit, Scale: v.Scale, Amounts: string(v.Amounts), Currency: v.Currency, GroupBy: v.GroupBy}
}

func readVariable(v VariableFields) view.Variable {
	return view.Variable{Title: v.Title, Description: v.Description, View: v.View, Measure: view.Measure(v.Measure), Column: v.Column, Until: v.Until,
		Filter: each(v.Filter, readCondition), Share: each(v.Share, readCondition),
		Dates: each(v.Dates, func(d VariableDate) view.Dating {
			return view.Dating{Column: d.Column, When: each(d.When, readCondition)}
		}),
		Unit: v.Unit, Scale: v.Scale, Amounts: view.Amounts(v.Amounts), Currency: v.Currency, GroupBy: v.GroupBy}
}

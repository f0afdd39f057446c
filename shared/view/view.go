// Package view says how the records of data sources are joined and measured: links lead from a field to the record that
// it names, views join records along links and choose columns, variables measure the rows of a view by member and
// period. It generates the standard ones of a connector, checks those that people write, and evaluates all of them
// exactly, over records that it is given. It does no I/O of its own.
package view

import (
	"encoding/json"
	"time"

	"leadline/shared/schema"
)

// Source is a data source: an object of a connection, or, without a connection, the user master.
type Source struct {
	Connection string `json:"connection,omitempty"`
	Object     string `json:"object"`
}

// Master is the user master of an organization: one row for each of its members. See MasterFields.
func Master() Source { return Source{Object: masterObject} }

const masterObject = "user"

// End is where a link begins or ends. An empty Field is the id of the record.
type End struct {
	Source
	Field string `json:"field,omitempty"`
}

// Cardinality says how many records a link leads to.
type Cardinality string

// The cardinalities: a field that holds one value, and one that holds a list of them.
const (
	ToOne  Cardinality = "to_one"
	ToMany Cardinality = "to_many"
)

// Link leads from a field of one data source to a field of another, most often to its id.
type Link struct {
	Title       string      `json:"title,omitempty"`
	From        End         `json:"from"`
	To          End         `json:"to"`
	Cardinality Cardinality `json:"cardinality"`
}

// Join adds to each row of a view the one record that a link leads to, if there is one. It never multiplies rows, so
// that nothing is counted twice.
type Join struct {
	// Name is what columns call the joined record.
	Name string `json:"name"`
	Link string `json:"link"`
	// From is the name of the earlier join that the link begins at; empty for the base.
	From string `json:"from,omitempty"`
	// First takes the first of the records that a link to many leads to, in the order of the source. Such a link cannot
	// be joined otherwise.
	First bool `json:"first,omitempty"`
}

// Column is one column of a view.
type Column struct {
	Name string `json:"name"`
	// From is the join that the value is taken from, empty for the base; Field the field of its record.
	From  string      `json:"from,omitempty"`
	Field string      `json:"field"`
	Title string      `json:"title,omitempty"`
	Type  schema.Type `json:"type"`
	// Amounts says that a column of numbers holds money, and how; Currency which column names its currency, empty if none does.
	Amounts  Amounts `json:"amounts,omitempty"`
	Currency string  `json:"currency,omitempty"`
}

// View is a join of records by name: one row for each living record of the base that passes the filter.
type View struct {
	Title       string      `json:"title,omitempty"`
	Description string      `json:"description,omitempty"`
	Base        Source      `json:"base"`
	Joins       []Join      `json:"joins,omitempty"`
	Columns     []Column    `json:"columns"`
	Filter      []Condition `json:"filter,omitempty"`
	// Owner is the column that holds the member's id whose row it is; empty if it is nobody's.
	Owner string `json:"owner,omitempty"`
}

// Column finds a column by its name, -1 if there is none.
func (v *View) Column(name string) int {
	for i := range v.Columns {
		if v.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// Measure is what a variable measures.
type Measure string

// The measures. All but count and ratio are of a column, and leave out rows in which it has no value.
const (
	Count    Measure = "count"
	Sum      Measure = "sum"
	Average  Measure = "average"
	Min      Measure = "min"
	Max      Measure = "max"
	Distinct Measure = "distinct" // how many different values there are
	Ratio    Measure = "ratio"    // the share of the rows that meet Share, from 0 to 1
	Duration Measure = "duration" // the average number of days from Column to Until
)

// Measures lists them.
func Measures() []Measure {
	return []Measure{Count, Sum, Average, Min, Max, Distinct, Ratio, Duration}
}

// Amounts says how a column of numbers writes amounts of money.
type Amounts string

// The ways. Hundredths are not minor units: yen have none, and dinars have thousandths.
const (
	Hundredths Amounts = "hundredths"
	MinorUnits Amounts = "minor_units"
	MajorUnits Amounts = "major_units"
)

// Dating names a column that dates a row, for the rows that meet When.
type Dating struct {
	Column string      `json:"column"`
	When   []Condition `json:"when,omitempty"`
}

// Variable is a measure over a view, for each member and period.
type Variable struct {
	Title string `json:"title,omitempty"`
	// Description is the exact definition in words.
	Description string  `json:"description,omitempty"`
	View        string  `json:"view"`
	Measure     Measure `json:"measure"`
	Column      string  `json:"column,omitempty"`
	Until       string  `json:"until,omitempty"`
	// Filter chooses among the rows of the view, Share among those that passed.
	Filter []Condition `json:"filter,omitempty"`
	Share  []Condition `json:"share,omitempty"`
	// Dates places a row in a period: by the first of them whose When it meets and whose column has a value. Without any
	// the variable tells how things stand now.
	Dates []Dating `json:"dates,omitempty"`
	// Unit is that of the values, for people; Scale, a number or a fraction such as "1/60", turns what is measured into it.
	Unit  string `json:"unit,omitempty"`
	Scale string `json:"scale,omitempty"`
	// Amounts says that the column holds money, Currency which column names its currency. The values are in minor units,
	// one for each currency. A column of the type money needs neither.
	Amounts  Amounts `json:"amounts,omitempty"`
	Currency string  `json:"currency,omitempty"`
	// GroupBy are columns by whose values the rows are told apart.
	GroupBy []string `json:"group_by,omitempty"`
}

// Kind is what an item is.
type Kind string

// The kinds.
const (
	KindLink     Kind = "link"
	KindView     Kind = "view"
	KindVariable Kind = "variable"
)

// Origin is who made an item.
type Origin string

// The origins.
const (
	Generated Origin = "generated" // by Leadline, which keeps it in step with its source
	Edited    Origin = "edited"    // by Leadline, changed by a person since: left alone
	Own       Origin = "own"       // by a person
)

// State is where a generated item stands against what would be generated today.
type State string

// The states.
const (
	Current  State = "current"
	Outdated State = "outdated" // edited, and the standard form has changed since
	Retired  State = "retired"  // no longer generated: what it is about is gone at the source
	Removed  State = "removed"  // deleted by a person: kept, unseen, so that it does not come back by itself
)

// Definition is one of the three.
type Definition struct {
	Link     *Link     `json:"link,omitempty"`
	View     *View     `json:"view,omitempty"`
	Variable *Variable `json:"variable,omitempty"`
}

// Item is a link, a view or a variable as it is stored.
type Item struct {
	Organization string
	Kind         Kind
	Name         string
	Definition   Definition
	Origin       Origin
	State        State
	// Connection is whose source an item is generated from, and Key names it among those of the connection, whatever
	// Name it has. Standard is what is generated. All three are empty for what a person made.
	Connection string
	Key        string
	Standard   *Definition
	// By is the audit actor who changed it last; empty for Leadline itself.
	By        string
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes, from 1. Its ETag.
	Rev int64
}

// Clone gives an item of which nobody else can change anything.
func (i Item) Clone() Item {
	i.Definition = i.Definition.clone()
	if i.Standard != nil {
		standard := i.Standard.clone()
		i.Standard = &standard
	}
	return i
}

// clone copies by way of the stored form: definitions are made of texts, lists and JSON, all of which it keeps.
func (d Definition) clone() Definition {
	var copied Definition
	text, err := json.Marshal(d)
	if err == nil {
		_ = json.Unmarshal(text, &copied) // what was just written can be read
	}
	return copied
}

package view

import (
	"encoding/json"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/record"
)

// Rows makes the rows of a view with the values of some columns only, whether they pass its filter or not. It reads none of
// the joined records that these columns do not need. It is safe for concurrent use.
type Rows struct {
	plan *Plan
	// columns and joins are the places of those that are looked at.
	columns []int
	joins   []int
}

// Only gives rows with the values of these columns: those of all others are nil. A name that is no column's is left out.
func (p *Plan) Only(columns ...string) *Rows {
	r := &Rows{plan: p}
	needed := make([]bool, len(p.joins)+1)
	for i, c := range p.view.Columns {
		if slices.Contains(columns, c.Name) {
			r.columns = append(r.columns, i)
			needed[p.columns[i].record] = true
		}
	}
	for i := len(p.joins); i > 0; i-- { // what a join begins at comes before it
		if needed[i] {
			needed[p.joins[i-1].at.record] = true
		}
	}
	for i := range p.joins {
		if needed[i+1] {
			r.joins = append(r.joins, i)
		}
	}
	return r
}

// Joined gives the data sources whose records are joined, each once, in the order of the joins.
func (r *Rows) Joined() []Source {
	var joined []Source
	for _, j := range r.joins {
		if to := r.plan.joins[j].to.Source; !slices.Contains(joined, to) {
			joined = append(joined, to)
		}
	}
	return joined
}

// Row makes the row of a record of the base.
func (r *Rows) Row(base *record.Record, find Find) Row {
	p := r.plan
	var few [4]*record.Record
	records := few[:]
	if len(p.joins) >= len(few) {
		records = make([]*record.Record, len(p.joins)+1)
	}
	records[0] = base
	for _, j := range r.joins {
		records[j+1] = p.joined(p.joins[j], records[p.joins[j].at.record], find)
	}
	row := Row{ID: base.ID, Values: make([]json.RawMessage, len(p.columns)), view: &p.view}
	for _, i := range r.columns {
		p.fill(&row, i, records[p.columns[i].record])
	}
	return row
}

// fill gives a row the value of a column from its record.
func (p *Plan) fill(row *Row, column int, from *record.Record) {
	at := p.columns[column]
	if from == nil {
		return
	}
	if at.field == "" {
		row.Values[column] = textOf(from.ID)
	} else if value := from.Fields[at.field]; !isNull(value) {
		row.Values[column] = value
	} else if _, large := from.Large[at.field]; large {
		row.Large = append(row.Large, p.view.Columns[column].Name)
	}
}

// Conditions are conditions over the columns of a view, ready to be asked of its rows. They are safe for concurrent use. The
// zero value has none.
type Conditions struct {
	tests []test
}

// CompileConditions makes conditions over columns. Conflict (CodeBroken) says what is wrong with them.
func CompileConditions(conditions []Condition, columns []Column) (Conditions, error) {
	var wrong []string
	tests := compileAll(conditions, columns, func(_ int, problem string) { wrong = append(wrong, problem) })
	if len(wrong) > 0 {
		return Conditions{}, fault.New(fault.Conflict, CodeBroken, "The conditions cannot be asked: %s.", strings.Join(wrong, "; "))
	}
	return Conditions{tests}, nil
}

// Failing gives the place of the first condition that a row does not meet; -1 if it meets all.
func (c Conditions) Failing(row *Row, clock Clock) int {
	for i := range c.tests {
		if !c.tests[i].meets(row, clock) {
			return i
		}
	}
	return -1
}

package view

import (
	"encoding/json"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/record"
)

// CodeBroken is the code of the fault of a view or a variable that cannot be evaluated any more, for what it is about
// has gone or has another type now.
const CodeBroken = "view_broken"

// Plan is a view that is ready to be evaluated. It may be used by several goroutines.
type Plan struct {
	view  View
	joins []joinPlan
	// columns say where the value of each column is: the record (0 the base, then the joins in order) and its field.
	columns []place
	filter  []test
}

type joinPlan struct {
	at    place // what names the joined record
	to    End
	first bool
}

type place struct {
	record int
	field  string
}

// Compile makes the plan of a view from the links that it joins along.
func Compile(v View, links map[string]Link) (*Plan, error) {
	p := &Plan{view: v}
	var wrong []string
	say := func(problem string) { wrong = append(wrong, problem) }
	for _, j := range v.Joins {
		link, found := links[j.Link]
		from := p.source(j.From)
		if !found || from < 0 {
			say("the join " + quoted(j.Name) + " has no link, or begins nowhere")
			continue
		}
		p.joins = append(p.joins, joinPlan{at: place{from, link.From.Field}, to: link.To, first: j.First})
	}
	for _, c := range v.Columns {
		at := p.source(c.From)
		if at < 0 {
			say("the column " + quoted(c.Name) + " is of no join")
		}
		p.columns = append(p.columns, place{at, c.Field})
	}
	if len(wrong) == 0 {
		p.filter = compileAll(v.Filter, v.Columns, func(_ int, problem string) { say("in the filter, " + problem) })
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Conflict, CodeBroken, "The view cannot be evaluated: %s.", strings.Join(wrong, "; "))
	}
	return p, nil
}

// source gives the place of a join among the records of a row, -1 if it is none of those before.
func (p *Plan) source(name string) int {
	if name == "" {
		return 0
	}
	i := slices.IndexFunc(p.view.Joins, func(j Join) bool { return j.Name == name })
	if i < 0 || i > len(p.joins) {
		return -1
	}
	return i + 1
}

// Row is one row of a view.
type Row struct {
	// ID is that of the record of the base.
	ID string
	// Values holds one value for each column, in their order, as the source wrote it; nil where there is none.
	Values []json.RawMessage
	// Large lists the columns whose values are kept outside their records for their size.
	Large []string
	view  *View
}

func (r *Row) large(column int) bool {
	return len(r.Large) > 0 && slices.Contains(r.Large, r.view.Columns[column].Name)
}

// Find gives the record of a data source whose field holds a key, its id if the field is empty. It gives nil if there is
// none. Which one it gives of several must not depend on chance.
type Find func(to End, key string) *record.Record

// Row makes the row of a record of the base; false if the record is gone or does not pass the filter.
func (p *Plan) Row(base *record.Record, find Find, clock Clock) (Row, bool) {
	if base.Deleted {
		return Row{}, false
	}
	records := make([]*record.Record, 1, 1+len(p.joins))
	records[0] = base
	for _, j := range p.joins {
		records = append(records, p.joined(j, records[j.at.record], find))
	}
	row := Row{ID: base.ID, Values: make([]json.RawMessage, len(p.columns)), view: &p.view}
	for i, at := range p.columns {
		r := records[at.record]
		if r == nil {
			continue
		}
		if at.field == "" {
			row.Values[i] = textOf(r.ID)
		} else if value := r.Fields[at.field]; !isNull(value) {
			row.Values[i] = value
		} else if _, large := r.Large[at.field]; large {
			row.Large = append(row.Large, p.view.Columns[i].Name)
		}
	}
	return row, meetsAll(p.filter, &row, clock)
}

func (p *Plan) joined(j joinPlan, from *record.Record, find Find) *record.Record {
	for _, key := range p.keys(j, from) {
		if r := find(j.to, key); r != nil && !r.Deleted {
			return r
		}
	}
	return nil
}

// keys gives what names the joined record: one key, or for the first of many all of them, for the first may be gone.
func (p *Plan) keys(j joinPlan, from *record.Record) []string {
	if from == nil || from.Deleted {
		return nil
	}
	value := from.Fields[j.at.field]
	if j.at.field == "" {
		value = textOf(from.ID)
	}
	keys := readKeys(value)
	if !j.first && len(keys) > 1 {
		return nil
	}
	return keys
}

package schema

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	// MaxExamples bounds the examples of one change, MaxProposalExamples those of a proposal.
	MaxExamples         = 3
	MaxProposalExamples = 300
	// MaxExampleBytes bounds the text of one.
	MaxExampleBytes = 120
)

// Row is a row that broke a schema, and the id of the quarantine entry that it is in.
type Row struct {
	Entry string
	// Create says that the row creates its record.
	Create bool
	Fields map[string]json.RawMessage
}

// Propose gives the proposal of an object after more rows broke its present version: the changes of the old proposal,
// widened where the rows ask for more. Once it is accepted (see Next), all these rows pass, unless it is Full. chunk
// names the rows: the same rows again change nothing. Rows that break nothing are left out. o is not changed.
func Propose(o Object, rows []Row, chunk string, now time.Time) *Proposal {
	if o.Proposal != nil && slices.Contains(o.Proposal.Counted, chunk) {
		return o.Proposal
	}
	p := Proposal{Since: now}
	if o.Proposal != nil {
		p = *o.Proposal
	}
	d := newDraft(o.Present, p.Changes)
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Entry, b.Entry) })
	counted := int64(0)
	for _, row := range rows {
		names := broken(o.Present, row.Create, row.Fields)
		for _, name := range names {
			d.ask(row, name)
		}
		if len(names) > 0 {
			counted++
		}
	}
	if counted == 0 {
		return o.Proposal
	}
	p.Changes = d.changes
	p.Rows += counted
	p.UpdatedAt = now
	p.Full = p.Full || d.full
	p.Counted = append(slices.Clone(p.Counted), chunk)
	p.Counted = p.Counted[max(0, len(p.Counted)-MaxCounted):]
	return &p
}

// draft is a proposal in the making: changes sorted by field.
type draft struct {
	present  Version
	changes  []Change
	examples int
	// fields, names and choices are the fields of the proposed version, and the bytes of their names and choices.
	fields, names, choices int
	full                   bool
}

func newDraft(present Version, changes []Change) *draft {
	d := &draft{present: present, changes: slices.Clone(changes)}
	for i, c := range d.changes {
		d.changes[i].Choices, d.changes[i].Examples = slices.Clone(c.Choices), slices.Clone(c.Examples)
		d.examples += len(c.Examples)
	}
	proposed := apply(present.Fields, changes)
	d.fields, d.names, d.choices = len(proposed), nameBytes(proposed), choiceBytes(proposed)
	return d
}

// ask widens the change of a field for a row that broke it.
func (d *draft) ask(row Row, name string) {
	value, there := row.Fields[name]
	f, known := d.present.Field(name)
	i, asked := slices.BinarySearchFunc(d.changes, name, func(c Change, n string) int { return strings.Compare(c.Field, n) })
	if !asked {
		if !known && !d.room(name) {
			d.full = true
			return
		}
		c := Change{Field: name, To: Unknown}
		if known {
			c.From, c.To = f.Type, f.Type
		}
		d.changes = slices.Insert(d.changes, i, c)
	}
	c := &d.changes[i]
	if known && kind(value) == 'n' {
		c.Optional = true
	}
	if known && c.From != f.Type {
		c.rebase(f)
	}
	before := c.apply(f, known)
	after := d.bounded(before, widen(before, value))
	if after.Type != before.Type {
		c.To, c.Choices = after.Type, nil
	} else if added := without(after.Choices, f.Choices); len(added) > 0 {
		c.Choices = added
	}
	c.Rows++
	d.example(c, row.Entry, value, there)
}

// rebase makes a change that was asked for when the field was another one, or none, a change of the field as it is.
func (c *Change) rebase(f Field) {
	wanted := c.apply(f, true)
	if wanted.Type == f.Type && len(f.Choices) > 0 && len(wanted.Choices) == 0 {
		wanted.Type = wider(f.Type) // any text
	}
	c.From, c.To, c.Choices = f.Type, wanted.Type, nil
}

// room tells whether the object has room for one more field, and takes it.
func (d *draft) room(name string) bool {
	if CheckName(name) != nil || d.fields >= MaxFields || d.names+len(name) > MaxNamesBytes {
		return false
	}
	d.fields, d.names = d.fields+1, d.names+len(name)
	return true
}

// bounded widens a choice by type once the choices of the whole object take too much room.
func (d *draft) bounded(before, after Field) Field {
	for _, c := range without(after.Choices, before.Choices) {
		d.choices += len(c)
	}
	if len(after.Choices) > len(before.Choices) && d.choices > MaxChoicesBytes {
		after.Type, after.Choices = wider(after.Type), nil
	}
	return after
}

// example keeps the value as an example, if it is one of the first and another than those there are.
func (d *draft) example(c *Change, entry string, value json.RawMessage, there bool) {
	e := Example{Entry: entry}
	if there {
		e.Value = cut(string(value), MaxExampleBytes)
	}
	same := func(x Example) bool { return x.Value == e.Value }
	if len(c.Examples) < MaxExamples && d.examples < MaxProposalExamples && !slices.ContainsFunc(c.Examples, same) {
		c.Examples = append(c.Examples, e)
		d.examples++
	}
}

// without gives the texts of all that are not among some.
func without(all, some []string) []string {
	var rest []string
	for _, a := range all {
		if !slices.Contains(some, a) {
			rest = append(rest, a)
		}
	}
	return rest
}

// Next gives the version that the object has once its proposal is accepted; the caller sets time and person. Without a
// proposal it is the present one under the next number.
func Next(o Object) Version {
	next := successor(o.Present, Accepted)
	if o.Proposal != nil {
		next.Fields = apply(o.Present.Fields, o.Proposal.Changes)
	}
	return next
}

// apply gives fields, sorted by name, after changes.
func apply(fields []Field, changes []Change) []Field {
	all := slices.Clone(fields)
	for _, c := range changes {
		i, known := find(all, c.Field)
		if known {
			all[i] = c.apply(all[i], true)
		} else {
			all = slices.Insert(all, i, c.apply(Field{}, false))
		}
	}
	return all
}

// apply gives the field after the change. The field may have changed since the change was asked for: then the result
// takes what either takes.
func (c Change) apply(f Field, known bool) Field {
	if !known {
		return Field{Name: c.Field, Type: c.To, Choices: slices.Clone(c.Choices)}
	}
	required := f.Required && !c.Optional
	switch {
	case f.Type == Unknown: // takes anything already
	case c.From != f.Type || c.To != f.Type:
		f = join(f, Field{Name: c.Field, Type: c.To})
	case len(f.Choices) > 0 && len(c.Choices) > 0:
		f = withChoices(f, f.Choices, c.Choices)
	}
	f.Required = required
	return f
}

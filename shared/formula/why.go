package formula

import (
	"strings"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// Lengths of what Why says, in bytes.
const (
	maxWhy       = 300
	maxCondition = 120
	maxValue     = 60
)

// Why says, for people, why a formula of the type Bool is not true for a row: which of the conditions joined by && fails, and
// what stands in the columns it reads: `row.status_type == "won": status_type is "active"`. Where none is false, but some cannot be
// evaluated, it says why: `row.value > 100: value has no value`. It is empty for a row that passes, and has no more than about
// 300 bytes.
func (f *Formula) Why(row *view.Row) string {
	var fails, breaks []string
	for _, part := range f.parts() {
		passes, err := part.Bool(row)
		if err == nil && passes {
			continue
		}
		said := cut(strings.Join(strings.Fields(part.text), " "), maxCondition) + ": " + part.because(row, err)
		if err != nil {
			breaks = append(breaks, said)
		} else {
			fails = append(fails, said)
		}
	}
	if len(fails) == 0 {
		fails = breaks
	}
	return cut(strings.Join(fails, "; "), maxWhy)
}

// because says what makes one condition fail.
func (f *Formula) because(row *view.Row, err error) string {
	if own := fault.Of(err); own != nil {
		return strings.TrimSuffix(own.Message, ".")
	}
	var values []string
	for _, c := range f.reads {
		values = append(values, c.show(row))
	}
	if len(values) == 0 {
		return "it is never true"
	}
	return strings.Join(values, ", ")
}

// show says what stands in a column.
func (c *column) show(row *view.Row) string {
	value := c.raw(row)
	if value == nil {
		return strings.TrimSuffix(fault.Of(c.missing(row)).Message, ".")
	}
	if c.is == schema.Number || c.is == schema.Money && !c.currency {
		if n, err := c.number(row); err == nil {
			return c.name + " is " + cut(n.String(), maxValue)
		}
	}
	if c.currency {
		if currency, err := c.text(row); err == nil {
			return c.name + " is " + cut(quoted(currency), maxValue)
		}
	}
	return c.name + " is " + cut(string(value), maxValue)
}

// split makes formulas of the conditions that && joins. A formula that has none, or that is not true or false, is one itself.
func (f *Formula) split(v *view.View) []*Formula {
	if f.want != Bool {
		return nil
	}
	var parts []*Formula
	text, from := f.text, 0
	for _, at := range append(conditions(text), len(text)) {
		part, err := compile(text[from:at], v, Bool)
		if err != nil {
			return []*Formula{f}
		}
		part.text = strings.TrimSpace(part.text)
		parts = append(parts, part)
		from = at + len("&&")
	}
	if len(parts) == 1 {
		return []*Formula{f}
	}
	return parts
}

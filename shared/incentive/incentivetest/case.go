// Package incentivetest reads worked examples of incentive programs from texts that a finance person can read, runs them through
// the engine, and reckons programs a second time with an oracle that shares no code with it. It serves tests.
//
// A worked example is one text:
//
//	# Title
//	Prose: where the rule comes from, and how the numbers were worked out.
//	## Plan from 2026-01-01 until 2026-02-15
//	{ the program's definition, in its published JSON form }
//	## People, Goals, Exchange, Deals, Released, Expect, Lines, Credits, Refusals, Ranking, Sharing
//	tables: a line of headings, then rows, cells parted by |
//
// What a plan does not say is said by Defaults. In tables, numbers may have thousands separators and percent signs, amounts of
// money are in major units, and an empty cell says nothing.
package incentivetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

// Case is a worked example.
type Case struct {
	Title    string
	Prose    string
	Versions []program.Version
	Tables   map[string]Table
}

// Table is a table of texts.
type Table struct {
	Columns []string
	Rows    []Row
}

// Row is a row of a table: its cells by column. Those that are empty are left out.
type Row map[string]string

// Has tells whether a table has a column.
func (t Table) Has(column string) bool { return slices.Contains(t.Columns, column) }

// Parse reads a worked example.
func Parse(text string) (Case, error) {
	c := Case{Tables: map[string]Table{}}
	parts := strings.Split("\n"+text, "\n## ")
	head := strings.TrimSpace(parts[0])
	title, prose, _ := strings.Cut(head, "\n")
	var found bool
	if c.Title, found = strings.CutPrefix(title, "# "); !found {
		return c, fmt.Errorf("the first line is no title: %q", title)
	}
	c.Prose = strings.TrimSpace(prose)
	for _, part := range parts[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		name, rest, _ := strings.Cut(strings.TrimSpace(heading), " ")
		if name == "Plan" {
			v, err := readVersion(rest, body, len(c.Versions)+1)
			if err != nil {
				return c, fmt.Errorf("the plan %q: %w", rest, err)
			}
			c.Versions = append(c.Versions, v)
			continue
		}
		if !slices.Contains(sections(), name) {
			return c, fmt.Errorf("there is no section %q", name)
		}
		t, err := readTable(body)
		if err != nil {
			return c, fmt.Errorf("the table %s: %w", name, err)
		}
		if err := knownColumns(name, t); err != nil {
			return c, err
		}
		c.Tables[name] = t
	}
	return c, nil
}

// The columns that each table may have. Those of Deals are the columns of the view.
func sections() []string {
	return []string{"People", "Goals", "Exchange", "Deals", "Released", "Expect", "Lines", "Credits", "Refusals", "Ranking", "Sharing"}
}

func knownColumns(name string, t Table) error {
	known := map[string]string{
		"People":   "who manager teams role from until",
		"Goals":    "who component goal amount from until",
		"Exchange": "from to value since until",
		"Released": "deal who component on",
		"Expect": "period who component version credits count measure quota attainment target exact amount why earned payable owed excess " +
			"held",
		"Lines":    "period who component version deal kind tier from to base rate exact amount",
		"Credits":  "deal component who kind version date share value weight key reversal",
		"Refusals": "deal component step code problem",
		"Ranking":  "period who score reached rank prize points thing",
		"Sharing":  "whole weights parts",
		"Deals":    strings.Join(columnNames(), " "),
	}[name]
	for _, column := range t.Columns {
		if !slices.Contains(strings.Fields(known), column) {
			return fmt.Errorf("the table %s has no column %q", name, column)
		}
	}
	return nil
}

func readTable(body string) (Table, error) {
	var t Table
	for _, line := range strings.Split(body, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.Trim(line, "-|+ ") == "" || strings.HasPrefix(line, "//") {
			continue
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if t.Columns == nil {
			t.Columns = cells
			continue
		}
		if len(cells) > len(t.Columns) {
			return t, fmt.Errorf("the row %q has %d cells, for %d columns", line, len(cells), len(t.Columns))
		}
		row := Row{}
		for i, cell := range cells {
			if cell != "" {
				row[t.Columns[i]] = cell
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// Defaults is what a plan says that does not say otherwise: a commission plan in USD by calendar months of UTC, for everybody.
func Defaults() program.Definition {
	return program.Definition{Kind: program.Commission, Title: "Plan", Currency: "USD", Zone: "UTC", Period: calendar.Monthly}
}

func readVersion(days, body string, number int) (program.Version, error) {
	v := program.Version{Number: number, From: "2026-01-01", Definition: Defaults()}
	words := strings.Fields(days)
	for i := 0; i+1 < len(words); i += 2 {
		switch words[i] {
		case "from":
			v.From = calendar.Date(words[i+1])
		case "until":
			v.Until = calendar.Date(words[i+1])
		default:
			return v, fmt.Errorf("%q is neither from nor until", words[i])
		}
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v.Definition); err != nil {
		return v, err
	}
	return v, Resolve(&v)
}

// Resolve gives each component of a version its source: the view of deals, unless it names columns of its own.
func Resolve(v *program.Version) error {
	v.Sources = map[string]program.Resolved{}
	for i := range v.Definition.Components {
		c := &v.Definition.Components[i]
		if c.Source.View == "" {
			c.Source.View = viewName
		}
		if len(c.Source.Dates) == 0 {
			c.Source.Dates = []string{"date"}
		}
		v.Sources[c.Name] = source(c.Source)
	}
	return nil
}

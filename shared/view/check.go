package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/schema"
)

// Limits of what people define.
const (
	MaxNameBytes = 64
	MaxJoins     = 8
	MaxColumns   = 2_100 // those of a CRM's object that has as many as any, and of what is joined to it
	MaxGroups    = 4
	MaxDates     = 8
)

// CodeInvalid is the code of definitions that cannot be saved.
const CodeInvalid = "invalid_definition"

// Problem is what is wrong at one place of a definition, such as "columns[3].field".
type Problem struct{ Place, Message string }

// Problems is all that is wrong with a definition.
type Problems []Problem

func (p *Problems) add(place, format string, args ...any) {
	*p = append(*p, Problem{place, fmt.Sprintf(format, args...)})
}

// String lists the first few, for people.
func (p Problems) String() string {
	const shown = 5
	var texts []string
	for i, one := range p {
		if i == shown {
			texts = append(texts, fmt.Sprintf("and %d more", len(p)-shown))
			break
		}
		texts = append(texts, one.Place+": "+one.Message)
	}
	return strings.Join(texts, "; ")
}

// CheckName tells whether a person may give a link, a view or a variable the name. Those that are generated have a dash
// in theirs, so that the two never meet.
func CheckName(name string) error {
	if len(name) > MaxNameBytes || !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name) {
		return fault.New(fault.Invalid, "invalid_name", "A name is made of small letters, digits and underscores, begins with a letter and has at most %d of them.", MaxNameBytes)
	}
	return nil
}

// Catalog gives the fields of data sources, sorted by name.
type Catalog map[Source][]schema.Field

// field finds a field; an empty name is the id of the records.
func (c Catalog) field(of Source, name string) (schema.Field, bool) {
	if name == "" {
		return schema.Field{Type: schema.Text}, true
	}
	i := slices.IndexFunc(c[of], func(f schema.Field) bool { return f.Name == name })
	if i < 0 {
		return schema.Field{}, false
	}
	return c[of][i], true
}

// CheckLink gives what is wrong with a link.
func CheckLink(l Link, catalog Catalog) Problems {
	var p Problems
	for _, end := range []struct {
		place string
		End
	}{{"from", l.From}, {"to", l.To}} {
		if _, known := catalog[end.Source]; !known {
			p.add(end.place+".object", "there is no data source %s", end.Source)
			continue
		}
		f, known := catalog.field(end.Source, end.Field)
		if !known {
			p.add(end.place+".field", "%s has no field %s", end.Source, quoted(end.Field))
			continue
		}
		if !names(f.Type) {
			p.add(end.place+".field", "a field of the type %s names no record", f.Type)
		}
		many := f.Type == schema.MultiChoice
		if end.place == "from" && many != (l.Cardinality == ToMany) {
			p.add("cardinality", "the field holds %s, so it is %s", map[bool]string{true: "a list", false: "one value"}[many], map[bool]Cardinality{true: ToMany, false: ToOne}[many])
		}
	}
	if l.From == l.To {
		p.add("to", "the link ends where it begins")
	}
	return p
}

// names tells whether values of a type can name records.
func names(t schema.Type) bool {
	return slices.Contains([]schema.Type{schema.Text, schema.Reference, schema.Number, schema.Choice, schema.MultiChoice, schema.Unknown}, t)
}

// String names a data source for people.
func (s Source) String() string {
	if s == Master() {
		return "user master"
	}
	return quoted(s.Object) + " of connection " + quoted(s.Connection)
}

// CheckView gives what is wrong with a view. The catalog has the data sources of its base and of what its links lead to.
func CheckView(v View, links map[string]Link, catalog Catalog) Problems {
	var p Problems
	if _, known := catalog[v.Base]; !known {
		p.add("base", "there is no data source %s", v.Base)
		return p
	}
	sources := checkJoins(v, links, catalog, &p)
	if len(v.Columns) == 0 {
		p.add("columns", "there is none")
	}
	seen := map[string]bool{}
	for i, c := range v.Columns {
		place := fmt.Sprintf("columns[%d]", i)
		if schema.CheckName(c.Name) != nil {
			p.add(place+".name", "it cannot be a name")
		}
		if seen[c.Name] {
			p.add(place+".name", "there is another column %s", quoted(c.Name))
		}
		seen[c.Name] = true
		of, known := sources[c.From]
		if !known {
			p.add(place+".from", "there is no join %s", quoted(c.From))
			continue
		}
		f, known := catalog.field(of, c.Field)
		switch {
		case !known:
			p.add(place+".field", "%s has no field %s", of, quoted(c.Field))
		case !slices.Contains(schema.Types(), c.Type):
			p.add(place+".type", "there is no type %s", quoted(string(c.Type)))
		case !reads(c.Type, f.Type):
			p.add(place+".type", "the field is of the type %s, and cannot be read as %s", f.Type, c.Type)
		}
	}
	checkAmounts(v, &p)
	checkConditions(v.Filter, v.Columns, "filter", &p)
	if owner := v.Column(v.Owner); v.Owner != "" && (owner < 0 || sources[v.Columns[owner].From] != Master() || v.Columns[owner].Field != masterID) {
		p.add("owner", "it must be a column with the %s of the user master", quoted(masterID))
	}
	return p
}

// checkAmounts checks what columns say of money.
func checkAmounts(v View, p *Problems) {
	for i, c := range v.Columns {
		place := fmt.Sprintf("columns[%d]", i)
		if c.Amounts == "" && c.Currency == "" {
			continue
		}
		if !slices.Contains(allAmounts(), c.Amounts) {
			p.add(place+".amounts", "say how the column writes amounts: %s, %s or %s", Hundredths, MinorUnits, MajorUnits)
		}
		if c.Type != schema.Number && c.Type != schema.Unknown {
			p.add(place+".amounts", "only a column of numbers has them, and this is of the type %s", c.Type)
		}
		if currency := v.Column(c.Currency); c.Currency != "" && (currency < 0 || currency == i || !speaks(v.Columns[currency].Type)) {
			p.add(place+".currency", "%s is no column of texts that could name a currency", quoted(c.Currency))
		}
		if c.Currency == "" && c.Amounts == MinorUnits {
			p.add(place+".currency", "minor units are those of a currency: name the column with it")
		}
	}
}

// speaks tells whether values of a type can be codes of currencies.
func speaks(t schema.Type) bool {
	return t == schema.Text || t == schema.Choice || t == schema.Unknown
}

func allAmounts() []Amounts { return []Amounts{Hundredths, MinorUnits, MajorUnits} }

// checkJoins gives the data source of each join by its name; that of the base has an empty one.
func checkJoins(v View, links map[string]Link, catalog Catalog, p *Problems) map[string]Source {
	sources := map[string]Source{"": v.Base}
	for i, j := range v.Joins {
		place := fmt.Sprintf("joins[%d]", i)
		if CheckName(j.Name) != nil {
			p.add(place+".name", "a name is made of small letters, digits and underscores, and begins with a letter")
		}
		if _, taken := sources[j.Name]; taken {
			p.add(place+".name", "there is another join %s", quoted(j.Name))
		}
		link, known := links[j.Link]
		from, begins := sources[j.From]
		switch {
		case !known:
			p.add(place+".link", "there is no link %s", quoted(j.Link))
			continue
		case !begins:
			p.add(place+".from", "no join before this one has the name %s", quoted(j.From))
		case link.From.Source != from:
			p.add(place+".link", "the link begins at %s, not at %s", link.From.Source, from)
		case catalog[link.To.Source] == nil:
			p.add(place+".link", "the link leads to %s, which is not there", link.To.Source)
		case link.Cardinality == ToMany && !j.First:
			p.add(place+".first", "the link leads to several records: say that the first is meant")
		}
		sources[j.Name] = link.To.Source
	}
	if len(v.Joins) > MaxJoins {
		p.add("joins", "there are more than %d", MaxJoins)
	}
	return sources
}

// FillTypes gives the columns that have no type that of their field.
func FillTypes(v *View, links map[string]Link, catalog Catalog) {
	var unused Problems
	sources := checkJoins(*v, links, catalog, &unused)
	for i, c := range v.Columns {
		of, known := sources[c.From]
		if f, found := catalog.field(of, c.Field); known && found && c.Type == "" {
			v.Columns[i].Type = f.Type
		}
	}
}

// reads tells whether the values of a field can be read as a type: as their own, or one that takes all that they are.
func reads(as, is schema.Type) bool {
	return as == is || is == schema.Unknown || schema.Join(as, is) == as
}

func checkConditions(conditions []Condition, columns []Column, place string, p *Problems) {
	compileAll(conditions, columns, func(i int, problem string) { p.add(fmt.Sprintf("%s[%d]", place, i), "%s", problem) })
	if len(conditions) > MaxConditions {
		p.add(place, "there are more than %d", MaxConditions)
	}
}

// CheckVariable gives what is wrong with a variable over its view.
func CheckVariable(variable Variable, v View) Problems {
	var p Problems
	if !slices.Contains(Measures(), variable.Measure) {
		p.add("measure", "there is no measure %s", quoted(string(variable.Measure)))
		return p
	}
	checkMeasured(variable, v, &p)
	checkMoney(variable, v, &p)
	checkConditions(variable.Filter, v.Columns, "filter", &p)
	checkConditions(variable.Share, v.Columns, "share", &p)
	for i, d := range variable.Dates {
		place := fmt.Sprintf("dates[%d]", i)
		checkColumn(v, d.Column, place+".column", &p, schema.Date, schema.DateTime)
		checkConditions(d.When, v.Columns, place+".when", &p)
	}
	for i, name := range variable.GroupBy {
		checkColumn(v, name, fmt.Sprintf("group_by[%d]", i), &p, schema.Text, schema.Choice, schema.Reference, schema.Boolean, schema.Number, schema.Date)
	}
	if len(variable.GroupBy) > MaxGroups {
		p.add("group_by", "there are more than %d", MaxGroups)
	}
	if len(variable.Dates) > MaxDates {
		p.add("dates", "there are more than %d", MaxDates)
	}
	if _, ok := readScale(variable.Scale); !ok {
		p.add("scale", "it is a number other than zero, or a fraction of two, as 1/60")
	}
	return p
}

// checkMeasured checks the columns that are measured.
func checkMeasured(variable Variable, v View, p *Problems) {
	switch m := variable.Measure; m {
	case Count, Ratio:
		if variable.Column != "" {
			p.add("column", "%s is of rows, not of a column", m)
		}
	case Distinct:
		checkColumn(v, variable.Column, "column", p)
	case Duration:
		checkColumn(v, variable.Column, "column", p, schema.Date, schema.DateTime)
		checkColumn(v, variable.Until, "until", p, schema.Date, schema.DateTime)
	default:
		checkColumn(v, variable.Column, "column", p, schema.Number, schema.Money)
	}
	if variable.Until != "" && variable.Measure != Duration {
		p.add("until", "only a duration has one")
	}
	if (variable.Measure == Ratio) != (len(variable.Share) > 0) {
		p.add("share", "a ratio has conditions that its share of the rows meets, and nothing else has")
	}
}

// checkMoney checks what is said of currencies.
func checkMoney(variable Variable, v View, p *Problems) {
	if variable.Amounts == "" && variable.Currency == "" {
		return
	}
	if !slices.Contains(allAmounts(), variable.Amounts) {
		p.add("amounts", "say how the column writes amounts: %s, %s or %s", Hundredths, MinorUnits, MajorUnits)
	}
	if !slices.Contains([]Measure{Sum, Average, Min, Max}, variable.Measure) {
		p.add("amounts", "%s is not measured in money", variable.Measure)
	} else {
		checkColumn(v, variable.Column, "column", p, schema.Number)
	}
	checkColumn(v, variable.Currency, "currency", p, schema.Text, schema.Choice)
}

// checkColumn checks that a column is there and has one of the types, any if none is given. One of which no value has come
// yet has all of them.
func checkColumn(v View, name, place string, p *Problems, types ...schema.Type) {
	i := v.Column(name)
	switch {
	case name == "":
		p.add(place, "name a column")
	case i < 0:
		p.add(place, "the view has no column %s", quoted(name))
	case len(types) > 0 && v.Columns[i].Type != schema.Unknown && !slices.Contains(types, v.Columns[i].Type):
		p.add(place, "the column %s is of the type %s", quoted(name), v.Columns[i].Type)
	}
}

package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadline/shared/schema"
)

// Hints is what the generator is told besides the schemas.
type Hints struct {
	// Suffix ends all names, so that a second connection of one connector has names of its own.
	Suffix string
	// Owners lists, by object, the fields that name the user who owns a record, the best first.
	Owners map[string][]string
	// Stages lists the stages of an object.
	Stages map[string][]Stage
}

// Stage is a state that records of an object pass through.
type Stage struct{ ID, Label, Pipeline string }

// generator is one call of Generate.
type generator struct {
	template
	connection string
	hints      Hints
	objects    map[string]schema.Object
	catalog    Catalog
	items      []Item
	links      map[string]Link
	linkAt     map[End]string  // the names of links by where they begin
	views      map[string]View // by object
	viewNames  map[string]string
}

// Generate gives the standard links, views and variables of a connection, in this order, each sorted by key. The same
// schemas and hints give the same items. Only Kind, Name, Definition, Origin, State, Connection, Key and Standard are
// set.
func Generate(connector, connection string, objects []schema.Object, hints Hints) []Item {
	g := &generator{template: templateOf(connector), connection: connection, hints: hints, objects: map[string]schema.Object{},
		catalog: Catalog{Master(): MasterFields(connection)}, links: map[string]Link{}, linkAt: map[End]string{},
		views: map[string]View{}, viewNames: map[string]string{}}
	for _, o := range objects {
		g.objects[o.Name] = o
		g.catalog[g.source(o.Name)] = o.Present.Fields
	}
	ordered := slices.Sorted(maps.Keys(g.objects))
	for _, name := range ordered {
		g.linksOf(g.objects[name])
	}
	taken := map[string]bool{}
	for _, name := range ordered {
		g.viewOf(g.objects[name], taken)
	}
	g.variables()
	slices.SortStableFunc(g.items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), strings.Compare(a.Key, b.Key))
	})
	return g.items
}

func order(k Kind) int { return slices.Index([]Kind{KindLink, KindView, KindVariable}, k) }

func (g *generator) source(object string) Source {
	return Source{Connection: g.connection, Object: object}
}

// key names an item among those of the connection; a name of it has the suffix, too.
func (g *generator) key(name string) string   { return g.connector + "-" + name }
func (g *generator) named(name string) string { return g.key(name) + g.hints.Suffix }

func (g *generator) add(kind Kind, key, name string, d Definition) {
	standard := d.clone()
	g.items = append(g.items, Item{Kind: kind, Key: key, Name: name, Definition: d, Standard: &standard,
		Connection: g.connection, Origin: Generated, State: Current})
}

// linksOf makes the links that begin at the fields of an object.
func (g *generator) linksOf(o schema.Object) {
	for _, f := range o.Present.Fields {
		to := g.refersTo(o.Name, f, g.objects)
		if to == "" {
			continue
		}
		link := Link{Title: titleOf(o.Name, o.Title) + ": " + titleOf(f.Name, f.Title), From: End{g.source(o.Name), f.Name},
			To: End{Source: g.source(to)}, Cardinality: ToOne}
		if f.Type == schema.MultiChoice {
			link.Cardinality = ToMany
		}
		if g.isUser(to) {
			link.To = End{Master(), ExternalID(g.connection)}
		}
		name := slug(o.Name + "." + f.Name)
		for g.links[g.named(name)] != (Link{}) {
			name += "_"
		}
		g.links[g.named(name)], g.linkAt[link.From] = link, g.named(name)
		g.add(KindLink, g.key(name), g.named(name), Definition{Link: &link})
	}
}

// viewOf makes the standard view of an object, by the first template that fits.
func (g *generator) viewOf(o schema.Object, taken map[string]bool) {
	for _, t := range g.template.views {
		rest, fits := t.matches(o.Name)
		if !fits || g.isUser(o.Name) {
			continue
		}
		name := "user_" + g.connector + "_" + slug(strings.ReplaceAll(t.name, "*", rest)) + "_view"
		for taken[name] {
			name += "_"
		}
		v := g.view(o, t)
		if problems := CheckView(v, g.links, g.catalog); len(problems) > 0 {
			return // an object without a field yet
		}
		taken[name] = true
		g.views[o.Name], g.viewNames[o.Name] = v, g.named(name)
		g.add(KindView, g.key(name), g.named(name), Definition{View: &v})
		return
	}
}

func (g *generator) view(o schema.Object, t viewTemplate) View {
	v := View{Title: "Users and " + many(o), Base: g.source(o.Name)}
	for _, f := range o.Present.Fields {
		if f.Type != schema.JSON { // lists of objects are nothing that a row holds or a variable measures
			v.Columns = append(v.Columns, Column{Name: f.Name, Field: f.Name, Title: titleOf(f.Name, f.Title), Type: f.Type})
		}
	}
	g.money(&v, o.Name)
	joined := map[string]string{} // the name of the join by the field that it begins at
	for _, w := range t.with {
		if g.join(&v, o.Name, "", w.field, w.name) {
			joined[w.field] = w.name
			g.columns(&v, w.name, g.links[v.Joins[len(v.Joins)-1].Link].To.Source, w.columns)
		}
	}
	by := g.owner(&v, o, t, joined)
	if by == "" {
		v.Description = many(o) + ", without the user master: no field says whose they are."
		return v
	}
	v.Description = "The user master joined with " + many(o) + " by owner: " + by + "."
	g.columns(&v, "owner", Master(), []string{masterID, masterName, masterEmail, masterRole, masterTeams, masterManager})
	v.Owner = v.Columns[slices.IndexFunc(v.Columns, func(c Column) bool { return c.From == "owner" && c.Field == masterID })].Name
	return v
}

// money marks the columns of the base that hold amounts of money, as far as they are numbers and their currency is there.
func (g *generator) money(v *View, object string) {
	for i, c := range v.Columns {
		amounts, currency := g.moneyOf(object, c.Field)
		if named := v.Column(currency); amounts != "" && c.Type == schema.Number && named >= 0 && speaks(v.Columns[named].Type) {
			v.Columns[i].Amounts, v.Columns[i].Currency = amounts, currency
		}
	}
}

// join adds a join along the link that begins at a field, if there is one.
func (g *generator) join(v *View, object, from, field, name string) bool {
	link, found := g.linkAt[End{g.source(object), field}]
	if found {
		v.Joins = append(v.Joins, Join{Name: name, Link: link, From: from, First: g.links[link].Cardinality == ToMany})
	}
	return found
}

// columns adds columns of a joined data source, as far as it has them.
func (g *generator) columns(v *View, join string, of Source, fields []string) {
	for _, field := range fields {
		f, found := g.catalog.field(of, field)
		if !found {
			continue
		}
		name := join + "." + field
		for v.Column(name) >= 0 {
			name += "_"
		}
		v.Columns = append(v.Columns, Column{Name: name, From: join, Field: field, Title: titleOf(join, "") + ": " + titleOf(f.Name, f.Title), Type: f.Type})
	}
}

// owner adds the join to the user who owns a record, and says in words who that is; empty if nobody does.
func (g *generator) owner(v *View, o schema.Object, t viewTemplate, joined map[string]string) (by string) {
	if t.through == "" {
		for _, field := range g.ownerFields(o, t) {
			if g.join(v, o.Name, "", field.name, "owner") {
				return field.said
			}
		}
		return ""
	}
	over, there := g.objects[t.of]
	from, already := joined[t.through]
	if !there || !already {
		return ""
	}
	for _, its := range g.template.views {
		if _, fits := its.matches(t.of); !fits {
			continue
		}
		for _, field := range g.ownerFields(over, its) {
			if g.join(v, t.of, from, field.name, "owner") {
				return "that of the " + t.of + ", which is " + field.said
			}
		}
		break
	}
	return ""
}

type ownerField struct{ name, said string }

// ownerFields lists the fields that may name the owner of a record, the best first.
func (g *generator) ownerFields(o schema.Object, t viewTemplate) []ownerField {
	var fields []ownerField
	for _, name := range t.owner {
		if name != custom {
			said := "the field " + name
			if slices.Contains(t.owner, custom) {
				said += ", for no custom field of a user is there"
			}
			fields = append(fields, ownerField{name, said})
			continue
		}
		for _, hinted := range g.hints.Owners[o.Name] {
			if f, found := o.Present.Field(hinted); found && g.isUser(g.refersTo(o.Name, f, g.objects)) {
				fields = append(fields, ownerField{hinted, "the field " + quoted(titleOf(f.Name, f.Title)) + " (" + hinted + "), which decides who sees it"})
			}
		}
		var rest []ownerField
		for _, f := range o.Present.Fields {
			if f.Refers != "" && g.isUser(f.Refers) && !g.referenced(f.Name) {
				rest = append(rest, ownerField{f.Name, "the first field of a user, " + quoted(titleOf(f.Name, f.Title)) + " (" + f.Name + ")"})
			}
		}
		// One that holds a single user before one that holds many.
		slices.SortStableFunc(rest, func(a, b ownerField) int { return cmp.Compare(listing(o, a.name), listing(o, b.name)) })
		fields = append(fields, rest...)
	}
	return fields
}

// listing gives 1 for a field that holds a list, else 0.
func listing(o schema.Object, name string) int {
	if f, _ := o.Present.Field(name); f.Type == schema.MultiChoice {
		return 1
	}
	return 0
}

// referenced tells whether a field is one of those that all objects have, such as created_by.
func (g *generator) referenced(name string) bool {
	return slices.ContainsFunc(g.references, func(r reference) bool { return r.field == name })
}

// variables makes the variables over the views that there are.
func (g *generator) variables() {
	done := map[string]bool{}
	for _, t := range g.template.variables {
		if v, found := g.views[t.object]; found && !done[t.name] {
			variable := t.Variable
			variable.Dates = slices.Clone(variable.Dates)
			if t.lost != nil {
				g.lost(&variable, *t.lost, v)
			}
			done[t.name] = g.variable(variable, v, t.object, g.key(t.name), g.named(t.name))
		}
	}
	s := g.stage
	v, found := g.views[s.object]
	if !found {
		return
	}
	taken := map[string]bool{}
	for _, stage := range g.hints.Stages[s.of] {
		variable := s.Variable
		label := quoted(stage.Label)
		if stage.Pipeline != "" {
			label += " of the pipeline " + quoted(stage.Pipeline)
		}
		variable.Title, variable.Description = fmt.Sprintf(s.title, g.called(stage)), fmt.Sprintf(s.description, label)
		variable.Filter = all(is(s.column, stage.ID))
		name := s.name + slug(strings.ToLower(stage.Label))
		if taken[name] {
			name += "_" + slug(strings.ToLower(stage.Pipeline))
		}
		if taken[name] {
			name += "_" + slug(stage.ID)
		}
		taken[name] = true
		g.variable(variable, v, s.object, g.key(s.name+slug(stage.ID)), g.named(name))
	}
}

// called gives what people call a stage: its label, with its pipeline if another has one of the same label.
func (g *generator) called(stage Stage) string {
	for _, other := range g.hints.Stages[g.stage.of] {
		if other.ID != stage.ID && other.Label == stage.Label && stage.Pipeline != "" {
			return stage.Label + " (" + stage.Pipeline + ")"
		}
	}
	return stage.Label
}

// variable adds a variable, unless its view lacks something that it needs.
func (g *generator) variable(variable Variable, v View, object, key, name string) bool {
	if len(variable.Dates) > 0 {
		variable.Dates = slices.DeleteFunc(slices.Clone(variable.Dates), func(d Dating) bool { return v.Column(d.Column) < 0 })
		if len(variable.Dates) == 0 {
			return false
		}
	}
	variable.View = g.viewNames[object]
	if len(CheckVariable(variable, v)) > 0 {
		return false
	}
	g.add(KindVariable, key, name, Definition{Variable: &variable})
	return true
}

// lost adds to a share that a record is in no stage that speaks of a loss.
func (g *generator) lost(variable *Variable, t lostTemplate, v View) {
	var ids, labels []string
	for _, s := range g.hints.Stages[t.of] {
		if slices.ContainsFunc(t.words, func(word string) bool { return strings.Contains(strings.ToLower(s.Label), word) }) {
			ids, labels = append(ids, s.ID), append(labels, s.Label)
		}
	}
	said := t.otherwise
	if len(ids) > 0 && len(ids) <= maxListed && v.Column(t.column) >= 0 {
		said = fmt.Sprintf(t.text, strings.Join(labels, ", "))
		variable.Share = append(slices.Clone(variable.Share), Condition{Column: t.column, Op: NotIn, Value: textOf(ids)})
	}
	variable.Description = fmt.Sprintf(variable.Description, said)
}

// slug gives a text as a part of a name: letters, digits, dots and underscores stay, all else becomes an underscore.
func slug(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '_'
	}, text)
}

// titleOf gives what people call a thing: its title, or its name with blanks.
func titleOf(name, title string) string {
	if title != "" && title != name {
		return title
	}
	words := strings.NewReplacer("_", " ", ".", " ").Replace(name)
	if words == "" {
		return name
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// many names the records of an object: by its title, which sources give in the plural, or a plural of its name.
func many(o schema.Object) string {
	word := titleOf(o.Name, o.Title)
	switch {
	case o.Title != "" && o.Title != o.Name, strings.HasSuffix(word, "s"):
		return word
	case strings.HasSuffix(word, "y"):
		return strings.TrimSuffix(word, "y") + "ies"
	}
	return word + "s"
}

// same tells whether two definitions say the same.
func (d Definition) same(other Definition) bool {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && string(a) == string(b)
}

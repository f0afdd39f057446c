package view

import (
	"slices"
	"strings"

	"leadline/shared/schema"
)

// template says which links, views and variables are generated for a connector. It is data: Generate reads it.
type template struct {
	connector string
	// users are the objects whose ids are those of the members: what refers to them leads to the user master.
	users []string
	// references are the fields that name records of other objects, where the schema does not say so itself.
	references []reference
	views      []viewTemplate
	// money are the fields that hold amounts of money, where the schema does not say so itself.
	money     []moneyTemplate
	variables []variableTemplate
	// stage is the variable that is generated for each stage of an object.
	stage stageTemplate
	hints hintTemplate
}

// reference is a field that names a record of the first of some objects that is there.
type reference struct {
	// of is the object that has the field; empty for all that have a field of the name.
	of    string
	field string
	to    []string
}

// moneyTemplate says how fields of an object write amounts of money, and which other field names the currency.
type moneyTemplate struct {
	of, currency string
	amounts      Amounts
	fields       []string
}

// moneyOf tells how a field writes amounts of money; empty for what is none.
func (t template) moneyOf(object, field string) (amounts Amounts, currency string) {
	for _, m := range t.money {
		if m.of == object && slices.Contains(m.fields, field) {
			return m.amounts, m.currency
		}
	}
	return "", ""
}

// viewTemplate is a standard view of an object.
type viewTemplate struct {
	// object may end with * for any text, which * in name stands for.
	object, name string
	// owner lists fields that name the user whose record it is, the best first. custom stands for the fields of Hints.Owners,
	// then for the custom fields that refer to a user.
	owner []string
	// through is a field that leads to a record whose owner it is, and of its object.
	through, of string
	// with are fields that are joined, with some of the fields of what they lead to.
	with []joinTemplate
}

type joinTemplate struct {
	field, name string
	columns     []string
}

// custom in a list of owners stands for custom fields.
const custom = "*"

// variableTemplate is a standard variable over the standard view of an object. Where the object lacks a column that it
// needs it is not generated; of several with one name the first that can be is.
type variableTemplate struct {
	name, object string
	Variable
	// lost adds a condition on its share: that the stage in a column is none whose label has one of some words.
	lost *lostTemplate
}

type lostTemplate struct {
	column, of string
	words      []string
	// text is added to the description, with the labels in the place of %s; otherwise to that of one without such stages.
	text, otherwise string
}

type stageTemplate struct {
	of, object, column, name, title, description string
	Variable
}

// hintTemplate says which records are read to find out what a schema does not tell.
type hintTemplate struct {
	// owners: a list of fields of an object, in a field of some records.
	owners []ownersHint
	stages []stagesHint
}

type ownersHint struct{ object, field, prefix, of string }

type stagesHint struct{ object, of, id, label, pipeline, pipelines, pipelineLabel string }

// templateOf gives the template of a connector. One without a template of its own has a view for each object, and links
// where the schema says what a field refers to.
func templateOf(connector string) template {
	for _, t := range []template{closeTemplate()} {
		if t.connector == connector {
			return t
		}
	}
	return template{connector: connector, users: []string{masterObject}, views: []viewTemplate{{object: "*", name: "*", owner: []string{custom}}}}
}

// matches tells whether the template is for an object, and gives what * stands for.
func (t viewTemplate) matches(object string) (rest string, ok bool) {
	prefix, wild := strings.CutSuffix(t.object, "*")
	if !wild {
		return "", t.object == object
	}
	rest, ok = strings.CutPrefix(object, prefix)
	return rest, ok && rest != ""
}

// refersTo gives the object that a field of an object refers to, out of those there are; empty for none.
func (t template) refersTo(object string, f schema.Field, objects map[string]schema.Object) string {
	if !names(f.Type) {
		return ""
	}
	there := func(name string) bool {
		_, found := objects[name]
		return found || t.isUser(name)
	}
	if f.Refers != "" {
		if there(f.Refers) {
			return f.Refers
		}
		return ""
	}
	for _, r := range t.references {
		if r.field != f.Name || r.of != "" && r.of != object {
			continue
		}
		for _, to := range r.to {
			if there(to) {
				return to
			}
		}
	}
	return ""
}

func (t template) isUser(object string) bool {
	for _, u := range t.users {
		if u == object {
			return true
		}
	}
	return false
}

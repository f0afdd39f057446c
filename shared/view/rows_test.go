package view_test

import (
	"encoding/json"
	"slices"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

func written(value string) json.RawMessage { return json.RawMessage(value) }

// joinedView is of opportunities with their lead, the parent of that, and their contact.
func joinedView(t *testing.T) (view.View, *view.Plan) {
	t.Helper()
	link := func(from, field, to string) view.Link {
		return view.Link{From: view.End{Source: of(from), Field: field}, To: view.End{Source: of(to)}, Cardinality: view.ToOne}
	}
	v := view.View{Base: of("opportunity"),
		Joins: []view.Join{{Name: "contact", Link: "contact"}, {Name: "lead", Link: "lead"}, {Name: "parent", Link: "parent", From: "lead"}},
		Columns: []view.Column{{Name: "id", Type: schema.Text}, {Name: "value", Field: "value", Type: schema.Number}, {Name: "note", Field: "note", Type: schema.Text},
			{Name: "contact.name", From: "contact", Field: "name", Type: schema.Text}, {Name: "lead.name", From: "lead", Field: "name", Type: schema.Text},
			{Name: "parent.name", From: "parent", Field: "name", Type: schema.Text}}}
	p, err := view.Compile(v, map[string]view.Link{"contact": link("opportunity", "contact_id", "contact"), "lead": link("opportunity", "lead_id", "lead"), "parent": link("lead", "parent_id", "lead")})
	if err != nil {
		t.Fatal(err)
	}
	return v, p
}

func TestRowsHaveWhatIsRead(t *testing.T) {
	v, plan := joinedView(t)
	base := &record.Record{Key: record.Key{ID: "oppo_1"}, Fields: record.Fields{"value": written("12"), "contact_id": written(`"cont_1"`), "lead_id": written(`"lead_1"`)},
		Large: map[string]record.Large{"note": {}}}
	others := map[string]*record.Record{
		"cont_1": {Fields: record.Fields{"name": written(`"Kim"`)}}, "lead_1": {Fields: record.Fields{"name": written(`"Acme"`), "parent_id": written(`"lead_2"`)}},
		"lead_2": {Fields: record.Fields{"name": written(`"Group"`)}}}
	for _, c := range []struct {
		columns, values, asked, large []string
		joined                        []view.Source
	}{
		{[]string{"value"}, []string{"", "12", "", "", "", ""}, nil, nil, nil},
		{[]string{"id", "nothing"}, []string{`"oppo_1"`, "", "", "", "", ""}, nil, nil, nil},
		{[]string{"note"}, []string{"", "", "", "", "", ""}, nil, []string{"note"}, nil},
		{[]string{"lead.name"}, []string{"", "", "", "", `"Acme"`, ""}, []string{"lead_1"}, nil, []view.Source{of("lead")}},
		{[]string{"parent.name"}, []string{"", "", "", "", "", `"Group"`}, []string{"lead_1", "lead_2"}, nil, []view.Source{of("lead")}},
		{[]string{"parent.name", "contact.name"}, []string{"", "", "", `"Kim"`, "", `"Group"`}, []string{"cont_1", "lead_1", "lead_2"}, nil, []view.Source{of("contact"), of("lead")}},
		{nil, []string{"", "", "", "", "", ""}, nil, nil, nil},
	} {
		var asked []string
		rows := plan.Only(c.columns...)
		row := rows.Row(base, func(_ view.End, key string) *record.Record {
			asked = append(asked, key)
			return others[key]
		})
		var values []string
		for _, value := range row.Values {
			values = append(values, string(value))
		}
		if row.ID != "oppo_1" || !slices.Equal(values, c.values) || !slices.Equal(asked, c.asked) || !slices.Equal(row.Large, c.large) || !slices.Equal(rows.Joined(), c.joined) {
			t.Errorf("%v: %q of %v (large %v), joined with %v", c.columns, values, asked, row.Large, rows.Joined())
		}
	}
	// What all columns give is what the plan itself gives.
	find := func(_ view.End, key string) *record.Record { return others[key] }
	var names []string
	for _, column := range v.Columns {
		names = append(names, column.Name)
	}
	all := plan.Only(names...).Row(base, find)
	whole, passes := plan.Row(base, find, view.Clock{})
	for i := range whole.Values {
		if !passes || string(all.Values[i]) != string(whole.Values[i]) {
			t.Errorf("%s is %s, and %s in the whole row", v.Columns[i].Name, all.Values[i], whole.Values[i])
		}
	}
}

func TestConditionsOfRows(t *testing.T) {
	v, plan := joinedView(t)
	conditions := []view.Condition{{Column: "value", Op: view.Greater, Value: written("10")}, {Column: "lead.name", Op: view.IsNull}}
	compiled, err := view.CompileConditions(conditions, v.Columns)
	if err != nil {
		t.Fatal(err)
	}
	for fields, want := range map[string]int{"12": -1, "10": 0, "null": 0} {
		row := plan.Only("value").Row(&record.Record{Fields: record.Fields{"value": written(fields)}}, nil)
		if got := compiled.Failing(&row, view.Clock{}); got != want {
			t.Errorf("a value of %s fails at %d, want %d", fields, got, want)
		}
	}
	row := plan.Only().Row(&record.Record{}, nil)
	if got := (view.Conditions{}).Failing(&row, view.Clock{}); got != -1 {
		t.Errorf("no conditions fail at %d", got)
	}
	conditions[1].Column = "lead.nome"
	if _, err = view.CompileConditions(conditions, v.Columns); fault.KindOf(err) != fault.Conflict || fault.Of(err).Code != view.CodeBroken {
		t.Errorf("got %v", err)
	}
}

package program_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leadline/shared/connector/specs"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// object makes an object of a connection from fields written as "name type".
func object(connection, name string, fields ...string) schema.Object {
	o := schema.Object{Organization: "org_1", Connection: connection, Name: name, Title: name}
	for _, f := range fields {
		parts := strings.Fields(f)
		o.Present.Fields = append(o.Present.Fields, schema.Field{Name: parts[0], Type: schema.Type(parts[1])})
	}
	slices.SortFunc(o.Present.Fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) })
	return o
}

// closeObjects is what Close describes, as far as the templates need it.
func closeObjects(connection string) []schema.Object {
	activity := func(name string, more ...string) schema.Object {
		common := []string{"id text", "lead_id text", "user_id text", "date_created date_time", "activity_at date_time"}
		return object(connection, "activity."+name, slices.Concat(common, more)...)
	}
	return []schema.Object{
		object(connection, "lead", "id text", "display_name text", "status_id text", "created_by text", "date_created date_time", "custom.cf_region choice"),
		object(connection, "opportunity", "id text", "lead_id text", "user_id text", "status_id text", "status_type text", "value number", "value_currency text", "value_period text",
			"annualized_value number", "confidence number", "date_created date_time", "date_won date", "date_lost date_time", "custom.cf_overlay text"),
		object(connection, "task", "id text", "lead_id text", "assigned_to text", "is_complete boolean", "date_updated date_time"),
		activity("call", "direction text", "status text", "disposition text", "duration number"),
		activity("email", "direction text", "status text", "date_sent date_time"),
		activity("meeting", "status text", "starts_at date_time"),
		activity("opportunity_status_change", "opportunity_id text", "new_status_id text", "old_status_id text"),
		object(connection, "status.opportunity", "id text", "label text"),
	}
}

func stages() view.Hints {
	return view.Hints{Stages: map[string][]view.Stage{"opportunity": {{ID: "stat_0", Label: "Qualified", Pipeline: "Sales"}, {ID: "stat_1", Label: "Demo Completed", Pipeline: "Sales"}}}}
}

// world is the standard items of two connections with Close, and a few that a person made.
func world(t testing.TB) program.Items {
	t.Helper()
	items := view.Generate("close", "conn_1", closeObjects("conn_1"), stages())
	second := stages()
	second.Suffix = view.Suffix(items, "close", "conn_2")
	items = append(items, view.Generate("close", "conn_2", closeObjects("conn_2"), second)...)
	own := func(name string, v view.Variable) {
		v.View = "close-user_close_opportunity_view"
		items = append(items, view.Item{Kind: view.KindVariable, Name: name, Origin: view.Own, State: view.Current, Definition: view.Definition{Variable: &v}})
	}
	won := []view.Dating{{Column: "date_won"}}
	own("average_value", view.Variable{Measure: view.Average, Column: "value", Amounts: view.Hundredths, Currency: "value_currency", Dates: won})
	own("largest", view.Variable{Measure: view.Max, Column: "confidence", Dates: won, Scale: "1/100"})
	own("smallest", view.Variable{Measure: view.Min, Column: "confidence", Dates: won, Scale: "2/3"})
	own("leads_won", view.Variable{Measure: view.Distinct, Column: "lead_id", Dates: won})
	own("different_values", view.Variable{Measure: view.Distinct, Column: "value", Dates: won})
	own("dozens", view.Variable{Measure: view.Count, Scale: "1/12", Dates: won})
	own("deleted", view.Variable{Measure: view.Count, Dates: won})
	items[len(items)-1].State = view.Removed
	own("big_share", view.Variable{Measure: view.Ratio, Dates: won, Scale: "100", Share: []view.Condition{
		{Column: "value", Op: view.GreaterOrEqual, Value: json.RawMessage("100000")}, {Column: "status_type", Op: view.In, Value: json.RawMessage(`["won","lost"]`)},
		{Column: "value_period", Op: view.NotEqual, Value: json.RawMessage(`"annual"`)}, {Column: "lead.display_name", Op: view.Contains, Value: json.RawMessage(`"\"A\""`)},
		{Column: "user_id", Op: view.NotNull}, {Column: "date_lost", Op: view.IsNull}}})
	own("recent_share", view.Variable{Measure: view.Ratio, Dates: won, Share: []view.Condition{{Column: "date_lost", Op: view.Less, Value: json.RawMessage(`"2026-01-01"`)}}})
	own("other_units", view.Variable{Measure: view.Sum, Column: "value", Amounts: view.MinorUnits, Currency: "value_currency", Dates: won})
	statuses := view.View{Base: view.Source{Connection: "conn_1", Object: "status.opportunity"}, Columns: []view.Column{{Name: "label", Field: "label", Type: schema.Text},
		{Name: "date_created", Field: "date_created", Type: schema.DateTime}}}
	return append(items, view.Item{Kind: view.KindView, Name: ownerless, Origin: view.Own, State: view.Current, Definition: view.Definition{View: &statuses}})
}

// ownerless is a view of what is nobody's.
const ownerless = "statuses"

// recorded generates the standard items of what Close has been seen to send.
func recorded(t *testing.T) program.Items {
	t.Helper()
	fixtures := filepath.Join(specs.Dir(t, "close"), "fixtures", "close-docs")
	var objects []schema.Object
	for name, file := range map[string]string{"lead": "lead.list", "opportunity": "opportunity.list.partial", "activity.call": "activity-call.list",
		"activity.email": "activity-email.list", "activity.sms": "activity-sms.list", "role": "role.list", "user": "user.list"} {
		text, err := os.ReadFile(filepath.Join(fixtures, file+".response.json"))
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Data []json.RawMessage }
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		o := schema.Object{Connection: "conn_1", Name: name, Title: name}
		for _, row := range page.Data {
			fields, err := record.ParseFields(row)
			if err != nil {
				t.Fatal(err)
			}
			o.Present, _ = schema.Follow(o.Present, fields)
		}
		objects = append(objects, o)
	}
	return view.Generate("close", "conn_1", objects, view.Hints{})
}

// decoded reads a definition that is right.
func decoded(t testing.TB, text string) program.Definition {
	t.Helper()
	d, wrong := program.Decode([]byte(text))
	if len(wrong) > 0 {
		t.Fatalf("%v", wrong)
	}
	return d
}

// checked gives all that is wrong with a definition in the world.
func checked(t testing.TB, d program.Definition, rates program.Rates) []program.Problem {
	t.Helper()
	sources, wrong := program.Resolve(d, world(t))
	return append(wrong, program.Check(d, "2026-01-01", sources, rates)...)
}

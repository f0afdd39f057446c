package formula_test

import (
	"encoding/json"
	"testing"

	"leadline/shared/formula"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// deals is a view with a column of each type.
func deals() *view.View {
	return &view.View{Columns: []view.Column{
		{Name: "id", Type: schema.Reference},
		{Name: "status_type", Type: schema.Choice},
		{Name: "value", Type: schema.Number, Amounts: view.Hundredths, Currency: "value_currency"},
		{Name: "value_currency", Type: schema.Choice},
		{Name: "minor", Type: schema.Number, Amounts: view.MinorUnits, Currency: "value_currency"},
		{Name: "major", Type: schema.Number, Amounts: view.MajorUnits, Currency: "value_currency"},
		{Name: "orphan", Type: schema.Number, Amounts: view.MinorUnits},
		{Name: "count", Type: schema.Number},
		{Name: "price", Type: schema.Money},
		{Name: "note", Type: schema.Text},
		{Name: "done", Type: schema.Boolean},
		{Name: "date_won", Type: schema.Date},
		{Name: "at", Type: schema.DateTime},
		{Name: "tags", Type: schema.MultiChoice},
		{Name: "blob", Type: schema.JSON},
		{Name: "empty", Type: schema.Unknown},
		{Name: "custom.cf_abc", Type: schema.Text},
		{Name: "Größe", Type: schema.Number},
	}}
}

// rowOf makes a row of the deals from JSON; _large lists the columns whose values are kept elsewhere.
func rowOf(t testing.TB, text string) *view.Row {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	row := &view.Row{ID: "r"}
	for _, c := range deals().Columns {
		row.Values = append(row.Values, fields[c.Name])
		delete(fields, c.Name)
	}
	if large, there := fields["_large"]; there {
		if err := json.Unmarshal(large, &row.Large); err != nil {
			t.Fatal(err)
		}
		delete(fields, "_large")
	}
	if len(fields) > 0 {
		t.Fatalf("the deals have no columns %v", fields)
	}
	return row
}

func compiled(t testing.TB, text string, want formula.Type) *formula.Formula {
	t.Helper()
	f, err := formula.Compile(text, deals(), want)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// evaluate gives the value as a text.
func evaluate(f *formula.Formula, as formula.Type, row *view.Row) (string, error) {
	switch as {
	case formula.Bool:
		passes, err := f.Bool(row)
		if passes {
			return "true", err
		}
		return "false", err
	case formula.Decimal:
		n, err := f.Number(row)
		return n.String(), err
	}
	return f.String(row)
}

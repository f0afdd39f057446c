package view_test

import (
	"slices"
	"strings"
	"testing"

	"leadline/shared/schema"
	"leadline/shared/view"
)

// generated gives the generated view of opportunities after their schema was changed.
func generated(t *testing.T, edit func(o *schema.Object)) *view.View {
	t.Helper()
	objects := closeObjects()
	for i := range objects {
		if objects[i].Name == "opportunity" {
			edit(&objects[i])
		}
	}
	for _, item := range view.Generate("close", "conn_1", objects, view.Hints{}) {
		if item.Name == "close-user_close_opportunity_view" {
			return item.Definition.View
		}
	}
	t.Fatal("there is no view of opportunities")
	return nil
}

// TestColumnsOfMoneySaySo as far as they are numbers, and their currency is there.
func TestColumnsOfMoneySaySo(t *testing.T) {
	column := func(o *schema.Object, name string) *schema.Field {
		i := slices.IndexFunc(o.Present.Fields, func(f schema.Field) bool { return f.Name == name })
		return &o.Present.Fields[i]
	}
	for name, c := range map[string]struct {
		edit func(o *schema.Object)
		want []string
	}{
		"as Close has them": {func(*schema.Object) {}, []string{"annualized_value", "value"}},
		"with expectations": {func(o *schema.Object) {
			for _, name := range []string{"expected_value", "annualized_expected_value"} {
				o.Present.Fields = append(o.Present.Fields, schema.Field{Name: name, Type: schema.Number})
			}
		}, []string{"annualized_expected_value", "annualized_value", "expected_value", "value"}},
		"a value that is a text":  {func(o *schema.Object) { column(o, "value").Type = schema.Text }, []string{"annualized_value"}},
		"no currency":             {func(o *schema.Object) { column(o, "value_currency").Name = "other" }, nil},
		"a currency that is none": {func(o *schema.Object) { column(o, "value_currency").Type = schema.Number }, nil},
	} {
		var got []string
		for _, column := range generated(t, c.edit).Columns {
			if column.Amounts != "" || column.Currency != "" {
				got = append(got, column.Name)
				if column.Amounts != view.Hundredths || column.Currency != "value_currency" {
					t.Errorf("%s: %+v", name, column)
				}
			}
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMoneyOfColumnsIsChecked(t *testing.T) {
	source := view.Source{Connection: "conn_1", Object: "deal"}
	catalog := view.Catalog{source: {{Name: "amount", Type: schema.Number}, {Name: "cash", Type: schema.Money}, {Name: "currency", Type: schema.Choice}, {Name: "day", Type: schema.Date}}}
	for name, c := range map[string]struct {
		column      view.Column
		place, says string
	}{
		"as it should be":          {view.Column{Name: "amount", Amounts: view.MinorUnits, Currency: "currency"}, "", ""},
		"in one currency":          {view.Column{Name: "amount", Amounts: view.MajorUnits}, "", ""},
		"a way that there is not":  {view.Column{Name: "amount", Amounts: "cents", Currency: "currency"}, "columns[0].amounts", "hundredths"},
		"a currency of no money":   {view.Column{Name: "amount", Currency: "currency"}, "columns[0].amounts", "say how"},
		"a date":                   {view.Column{Name: "day", Amounts: view.MajorUnits, Currency: "currency"}, "columns[0].amounts", "only a column of numbers"},
		"what is money by itself":  {view.Column{Name: "cash", Amounts: view.MajorUnits, Currency: "currency"}, "columns[0].amounts", "of the type money"},
		"a currency that is not":   {view.Column{Name: "amount", Amounts: view.MajorUnits, Currency: "valuta"}, "columns[0].currency", "valuta"},
		"a currency that is a day": {view.Column{Name: "amount", Amounts: view.MajorUnits, Currency: "when"}, "columns[0].currency", "no column of texts"},
		"its own currency":         {view.Column{Name: "amount", Amounts: view.MajorUnits, Currency: "amount"}, "columns[0].currency", "no column of texts"},
		"minor units of what":      {view.Column{Name: "amount", Amounts: view.MinorUnits}, "columns[0].currency", "name the column"},
	} {
		c.column.Field = c.column.Name
		v := view.View{Base: source, Columns: []view.Column{c.column, {Name: "currency", Field: "currency"}, {Name: "when", Field: "day"}}}
		view.FillTypes(&v, nil, catalog)
		problems := view.CheckView(v, nil, catalog)
		switch {
		case c.place == "" && len(problems) == 0:
		case c.place == "" || len(problems) != 1 || problems[0].Place != c.place || !strings.Contains(problems[0].Message, c.says):
			t.Errorf("%s: %v", name, problems)
		}
	}
}

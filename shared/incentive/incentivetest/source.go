package incentivetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

const (
	viewName     = "deals"
	organization = "org_test"
	connection   = "conn_test"
	object       = "deal"
)

// columns are those of the view of deals: name and type.
func columns() []view.Column {
	var all []view.Column
	for _, group := range []struct {
		of    schema.Type
		names string
	}{
		{schema.Text, "id owner helper partner currency product region stage customer"},
		{schema.Number, "amount quantity weight half share"},
		{schema.Date, "date invoiced lost paid"},
		{schema.DateTime, "won_at"},
	} {
		for _, name := range strings.Fields(group.names) {
			field := name
			if name == "id" {
				field = "" // of the record itself
			}
			all = append(all, view.Column{Name: name, Field: field, Type: group.of})
		}
	}
	return all
}

func columnNames() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.Name)
	}
	return names
}

// Deals is the view of deals.
func Deals() view.View {
	return view.View{Title: "Deals", Base: view.Source{Connection: connection, Object: object}, Columns: columns(), Owner: "owner"}
}

func source(s program.Source) program.Resolved {
	r := program.Resolved{View: Deals(), Owner: s.Owner}
	if r.Owner == "" {
		r.Owner = r.View.Owner
	}
	for _, d := range s.Dates {
		r.Dates = append(r.Dates, view.Dating{Column: d})
	}
	return r
}

// Deal makes the record of a row of the table of deals. Rev is 1.
func Deal(row Row) (record.Record, error) {
	r := record.Record{Key: record.Key{Organization: organization, Connection: connection, Object: object, ID: row["id"]}, Rev: 1, Fields: record.Fields{}}
	if r.ID == "" {
		return r, fmt.Errorf("a deal has no id")
	}
	all := columns()
	for name, cell := range row {
		i := slices.IndexFunc(all, func(c view.Column) bool { return c.Name == name })
		switch {
		case name == "id":
		case i < 0:
			return r, fmt.Errorf("deals have no column %q", name)
		case all[i].Type == schema.Number:
			r.Fields[name] = json.RawMessage(strings.ReplaceAll(cell, ",", ""))
		default:
			text, err := json.Marshal(cell)
			if err != nil {
				return r, err
			}
			r.Fields[name] = text
		}
	}
	return r, nil
}

package incentive_test

import (
	"encoding/json"
	"strings"
	"testing"

	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// TestGeneratedVariables credits records of Close by the variables that are generated for it: filters, dates, hundredths and
// currencies are theirs.
func TestGeneratedVariables(t *testing.T) {
	object := func(name, fields string) schema.Object {
		o := schema.Object{Organization: "org_1", Connection: "conn_1", Name: name, Title: name, Follows: true, State: schema.Confirmed}
		for _, f := range strings.Fields(fields) {
			field, kind, _ := strings.Cut(f, ":")
			o.Present.Fields = append(o.Present.Fields, schema.Field{Name: field, Type: schema.Type(kind)})
		}
		return o
	}
	items := program.Items(view.Generate("close", "conn_1", []schema.Object{
		object("lead", "date_created:date_time display_name:text id:text status_id:text status_label:text"),
		object("opportunity", "date_created:date_time date_lost:date_time date_won:date id:text lead_id:text status_id:text status_type:text user_id:text value:number value_currency:text value_period:text"),
		object("activity.call", "activity_at:date_time date_created:date_time direction:text disposition:text duration:number id:text lead_id:text status:text user_id:text"),
	}, view.Hints{}))
	named := func(suffix string) string {
		for _, i := range items {
			if i.Kind == view.KindVariable && strings.HasSuffix(i.Name, suffix) {
				return i.Name
			}
		}
		t.Fatalf("there is no variable %s", suffix)
		return ""
	}
	lost := &program.Clawback{Policy: program.NegativeSale, When: `row.status_type == "lost"`, Date: "date_lost"}
	v := versionOf(1, program.Component{Name: "monthly", Source: program.Source{Variable: named("value_won_monthly")}, Clawback: lost},
		program.Component{Name: "deals", Source: program.Source{Variable: named("deals_won")}},
		program.Component{Name: "minutes", Source: program.Source{Variable: named("call_minutes")}},
		program.Component{Name: "rate", Source: program.Source{Variable: named("win_rate")}})
	v.Definition.Zone = "Europe/Berlin"
	var problems []program.Problem
	if v.Sources, problems = program.Resolve(v.Definition, items); len(program.Errors(problems)) > 0 {
		t.Fatal(problems)
	}
	plan := compiled(t, v)
	opportunity := `"user_id": "user_a", "lead_id": "lead_1", "value": 123456, "value_currency": "EUR", "value_period": "monthly", "date_won": "2026-03-05"`
	for _, c := range []struct {
		name, object, fields string
		want, why            []string
	}{
		{"won", "opportunity", `{` + opportunity + `, "status_type": "won"}`, []string{
			"2026-03-05 direct a: 1 = 1, company", "2026-03-05 direct a: 1 = 100, company, weight 1", "2026-03-05 direct a: 1 = 2469.12, company, 1234.56 EUR"}, nil},
		{"lost", "opportunity", `{` + opportunity + `, "status_type": "lost", "date_lost": "2026-05-03T22:30:00Z"}`, []string{
			"2026-03-05 direct a: 1 = 2469.12, company, 1234.56 EUR", "2026-05-04 direct a: -1 = -2469.12, company, reversal, 1234.56 EUR",
			"2026-05-04 direct a: 1 = 0, company, weight 1"},
			[]string{`qualify not_qualified: status_type must be "won", and it is "lost".`}},
		{"yearly", "opportunity", `{` + strings.Replace(opportunity, "monthly", "annual", 1) + `, "status_type": "lost", "date_lost": "2026-05-03T22:30:00Z"}`, []string{
			"2026-05-04 direct a: 1 = 0, company, weight 1"},
			[]string{`qualify not_qualified: status_type must be "won", and it is "lost".`, `qualify not_qualified: value_period must be "monthly", and it is "annual".`}},
		{"a call", "activity.call", `{"user_id": "user_a", "direction": "outbound", "status": "completed", "duration": 100, "activity_at": "2026-03-31T22:00:00Z"}`,
			[]string{"2026-04-01 direct a: 1 = 5/3, company"}, nil},
		{"one that nobody answered", "activity.call", `{"user_id": "user_a", "direction": "outbound", "status": "no-answer", "duration": 0, "activity_at": "2026-03-31T22:00:00Z"}`,
			nil, []string{`qualify not_qualified: status must be "completed", and it is "no-answer".`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: c.object, ID: "x"}, Rev: 1}
			if err := json.Unmarshal([]byte(c.fields), &r.Fields); err != nil {
				t.Fatal(err)
			}
			o := officeOf("a", "")
			o.rates = append(o.rates, rate("EUR", *num(t, "2")))
			credits, refusals := plan.Credit(incentive.Base{Record: &r}, o)
			same(t, "credits", told(credits), c.want)
			same(t, "refusals", why(refusals), c.why)
			if len(o.asked) > 0 {
				t.Errorf("%v was looked up", o.asked)
			}
		})
	}
}

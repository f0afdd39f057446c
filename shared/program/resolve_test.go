package program_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/program"
	"leadline/shared/view"
)

const opportunities = "close-user_close_opportunity_view"

// over makes a program of one component over a source.
func over(t *testing.T, source string) program.Definition {
	t.Helper()
	return decoded(t, `{"kind":"commission","title":"T","currency":"USD","zone":"UTC","period":"month","participants":{},
		"components":[{"name":"c","source":`+source+`,"rate":{"tiers":[{"from":"0","pay":"0.1"}]}}]}`)
}

// TestWhatAVariableBrings says for each measure of variables what becomes of it.
func TestWhatAVariableBrings(t *testing.T) {
	for _, c := range []struct {
		variable                                 string
		kind                                     program.MeasureKind
		value, currency, weight, key, qualifiers string
	}{
		{"close-value_won_annualized", program.Sum, "row.annualized_value", "row.value_currency", "", "", "has(row.annualized_value)"},
		{"close-calls_made", program.Count, "1", "", "", "", ""},
		{"close-call_minutes", program.Sum, "row.duration / 60", "", "", "", "has(row.duration)"},
		{"average_value", program.Average, "row.value", "row.value_currency", "", "", "has(row.value)"},
		{"largest", program.Max, "row.confidence / 100", "", "", "", "has(row.confidence)"},
		{"smallest", program.Min, "row.confidence * 2 / 3", "", "", "", "has(row.confidence)"},
		{"leads_won", program.Distinct, "1", "", "", "row.lead_id", "has(row.lead_id)"},
		{"dozens", program.Sum, "1 / 12", "", "", "", ""},
		{"close-win_rate", program.Ratio, `(has(row.status_type) && row.status_type == "won") ? 100 : 0`, "", "1", "", ""},
		{"big_share", program.Ratio, `(has(row.value) && row.value >= 1000 && has(row.status_type) && row.status_type in ["won", "lost"] && !(has(row.value_period) && row.value_period == "annual")` +
			" && has(row.`lead.display_name`) && row.`lead.display_name`.contains(\"\\\"A\\\"\") && has(row.user_id) && !has(row.date_lost)) ? 100 : 0", "", "1", "", ""},
	} {
		t.Run(c.variable, func(t *testing.T) {
			d := over(t, `{"variable":"`+c.variable+`"}`)
			sources, wrong := program.Resolve(d, world(t))
			if wrong = append(wrong, program.Check(d, "2026-01-01", sources, nil)...); len(program.Errors(wrong)) > 0 {
				t.Fatal(wrong)
			}
			e := program.Effective(d.Components[0], sources["c"])
			var qualifiers []string
			for _, q := range e.Qualifiers {
				qualifiers = append(qualifiers, q.Formula)
			}
			got := []string{string(e.Measure.Kind), e.Value, e.Currency, e.Weight, e.Key, strings.Join(qualifiers, ";")}
			want := []string{string(c.kind), c.value, c.currency, c.weight, c.key, c.qualifiers}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if again := program.Effective(e, sources["c"]); !equal(e, again) {
				t.Errorf("twice it is another: %+v", again)
			}
			if !equal(d, over(t, `{"variable":"`+c.variable+`"}`)) {
				t.Error("the definition was changed")
			}
		})
	}
}

// equal tells whether two values say the same.
func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestResolvedSource(t *testing.T) {
	d := over(t, `{"variable":"close-deals_won"}`)
	sources, wrong := program.Resolve(d, world(t))
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	r := sources["c"]
	if r.View.Base.Object != "opportunity" || len(r.Links) != 2 || r.Owner != "owner.id" || len(r.Filter) != 1 || len(r.Dates) != 1 || r.Dates[0].Column != "date_won" || r.Variable == nil {
		t.Errorf("%+v", r)
	}
	for _, j := range r.View.Joins {
		if r.Links[j.Link].To == (view.End{}) {
			t.Errorf("the link %s is missing", j.Link)
		}
	}
	d.Components[0].Source.Dates, d.Components[0].Source.Owner = []string{"date_created"}, "custom.cf_overlay"
	sources, wrong = program.Resolve(d, world(t))
	if r := sources["c"]; len(wrong) > 0 || len(r.Dates) != 1 || r.Dates[0].Column != "date_created" || r.Owner != "custom.cf_overlay" {
		t.Errorf("own dates and owner: %+v, %v", r, wrong)
	}
}

// TestTheVariableSaysWhatMoneyIs where the view does not, and the catalog is left as it is.
func TestTheVariableSaysWhatMoneyIs(t *testing.T) {
	items := world(t)
	var stored *view.View
	for _, i := range items {
		if i.Name == opportunities && i.Kind == view.KindView {
			stored = i.Definition.View
		}
	}
	at := stored.Column("value")
	stored.Columns[at].Amounts, stored.Columns[at].Currency = "", ""
	sources, wrong := program.Resolve(over(t, `{"variable":"average_value"}`), items)
	if got := sources["c"].View.Columns[at]; len(wrong) > 0 || got.Amounts != view.Hundredths || got.Currency != "value_currency" {
		t.Errorf("%+v, %v", got, wrong)
	}
	if stored.Columns[at].Amounts != "" {
		t.Error("the stored view was changed")
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ source, path, code, says string }{
		"no source":               {`{}`, "components[0].source", program.CodeMissing, "Name the variable or the view"},
		"two sources":             {`{"variable":"close-deals_won","view":"` + opportunities + `"}`, "components[0].source", program.CodeNotTogether, "not both"},
		"no such variable":        {`{"variable":"deals"}`, "components[0].source.variable", program.CodeUnknownName, `no variable "deals"`},
		"a deleted variable":      {`{"variable":"deleted"}`, "components[0].source.variable", program.CodeUnknownName, `no variable "deleted"`},
		"no such view":            {`{"view":"deals"}`, "components[0].source.view", program.CodeUnknownName, `no view "deals"`},
		"how things stand now":    {`{"variable":"close-value_open_annualized"}`, "components[0].source", program.CodeMissing, "how things stand now"},
		"a view without dates":    {`{"view":"` + opportunities + `"}`, "components[0].source", program.CodeMissing, "Name in dates"},
		"no such date":            {`{"view":"` + opportunities + `","dates":["won"]}`, "components[0].source.dates[0]", program.CodeUnknownName, `no column "won"`},
		"a date that is none":     {`{"view":"` + opportunities + `","dates":["date_won","value"]}`, "components[0].source.dates[1]", program.CodeWrongType, "holds no dates"},
		"an owner that is none":   {`{"view":"` + opportunities + `","dates":["date_won"],"owner":"value"}`, "components[0].source.owner", program.CodeWrongType, "cannot name a member"},
		"no such owner":           {`{"view":"` + opportunities + `","dates":["date_won"],"owner":"boss"}`, "components[0].source.owner", program.CodeUnknownName, "no column"},
		"what depends on now":     {`{"variable":"close-retention_90_days"}`, "components[0].source.variable", program.CodeTime, "how long ago"},
		"a duration":              {`{"variable":"close-cycle_time"}`, "components[0].source.variable", program.CodeMeasureRefused, "days between two dates"},
		"a share by dates":        {`{"variable":"recent_share"}`, "components[0].source.variable", program.CodeMeasureRefused, "compares dates"},
		"distinct amounts":        {`{"variable":"different_values"}`, "components[0].source.variable", program.CodeMeasureRefused, "no texts"},
		"amounts in other units":  {`{"variable":"other_units"}`, "components[0].source.variable", program.CodeNotTogether, "minor_units"},
		"values kept apart (say)": {`{"variable":"close-value_open","dates":["date_created"]}`, "components[0].source.variable", program.CodeUnusual, "adds them up"},
	} {
		t.Run(name, func(t *testing.T) {
			sources, wrong := program.Resolve(over(t, c.source), world(t))
			if len(wrong) != 1 || wrong[0].Path != c.path || wrong[0].Code != c.code || !strings.Contains(wrong[0].Message, c.says) {
				t.Fatalf("%v", wrong)
			}
			if _, resolved := sources["c"]; resolved != (wrong[0].Severity == program.Warning) {
				t.Errorf("%s, and resolved %t", wrong[0].Severity, resolved)
			}
		})
	}
}

func TestAViewThatLostALink(t *testing.T) {
	items := world(t)
	for i := range items {
		if items[i].Name == "close-opportunity.lead_id" {
			items[i].State = view.Removed
		}
	}
	_, wrong := program.Resolve(over(t, `{"variable":"close-deals_won"}`), items)
	if len(wrong) != 1 || !strings.Contains(wrong[0].Message, `"close-opportunity.lead_id", which is not there`) {
		t.Errorf("%v", wrong)
	}
}

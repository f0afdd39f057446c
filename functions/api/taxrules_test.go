package main

import (
	"strings"
	"testing"

	"leadline/shared/tax"
)

func TestTaxRules(t *testing.T) {
	s := newSystem(t)
	all := read[TaxRuleSets](t, s.get(s.owner, "/v1/tax-rules").want(t, 200))
	if len(all.Items) != 2 || all.Items[0].ID != "in-2026" || !all.Items[0].Adviser || all.Items[0].Text != "" {
		t.Errorf("%+v", all)
	}
	one := read[TaxRules](t, s.get(s.owner, "/v1/tax-rules/us-2026").want(t, 200))
	if r, err := tax.Decode(one.Definition); err != nil || r.ID != "us-2026" || !strings.Contains(one.Text, "AN EXAMPLE") {
		t.Errorf("%v, %+v", err, one)
	}
	s.get(s.owner, "/v1/tax-rules/xx").want(t, 404)
}

// TestTaxAssessments asks what would be withheld: the second payment crosses the threshold of the year.
func TestTaxAssessments(t *testing.T) {
	s := newSystem(t)
	q := map[string]any{"rules": "in-2026", "class": "agent", "payments": []any{map[string]any{"on": "2026-04-15", "cash": "12000"}, map[string]any{"on": "2026-05-15", "cash": "9500", "benefit": "100"}}}
	got := read[TaxAnswer](t, s.post(s.owner, "/v1/tax-assessments", q).want(t, 200))
	if len(got.Items) != 2 || got.Items[0].FromCash != "0" || got.Items[1].FromCash != "430" || got.Items[1].Net != "9070" || got.Items[1].Lines[0].Year != "2026-27" || !got.Items[1].BenefitTaxed ||
		!strings.Contains(got.Items[1].Lines[0].Why, "2 % of 21,500.00 INR") || !strings.Contains(got.Note, "tax adviser") {
		t.Errorf("%+v", got)
	}
	q["round"], q["mode"], q["no_tax_id"] = "ten", "up", true
	if got = read[TaxAnswer](t, s.post(s.owner, "/v1/tax-assessments", q).want(t, 200)); got.Items[1].FromCash != "4300" {
		t.Errorf("%+v", got)
	}
	for want, change := range map[string]func(map[string]any){
		"payments[0]": func(q map[string]any) { q["payments"] = []any{map[string]any{"on": "2027-04-15", "cash": "1"}} },
		"decimals":    func(q map[string]any) { q["payments"] = []any{map[string]any{"on": "2026-04-15", "cash": "1.001"}} },
		"no number":   func(q map[string]any) { q["rate"] = "much" },
		"round":       func(q map[string]any) { delete(q, "round") },
		"own tax rate": func(q map[string]any) {
			q["class"], q["round"] = "employee", "one"
		},
	} {
		bad := map[string]any{"rules": "in-2026", "class": "agent", "round": "one", "mode": "up", "payments": []any{map[string]any{"on": "2026-04-15", "cash": "12000"}}}
		change(bad)
		if text := string(s.post(s.owner, "/v1/tax-assessments", bad).want(t, 400).body); !strings.Contains(text, want) {
			t.Errorf("%s, want %s", text, want)
		}
	}
	s.post(s.owner, "/v1/tax-assessments", map[string]any{"rules": "xx", "class": "agent", "payments": []any{map[string]any{"on": "2026-04-15"}}}).want(t, 404)
}

package incentive_test

import (
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/view"
)

func TestWhatCannotBeCompiled(t *testing.T) {
	inComponent := func(change func(*program.Component)) func(*program.Version) {
		return func(v *program.Version) { change(&v.Definition.Components[0]) }
	}
	inSource := func(change func(*program.Resolved)) func(*program.Version) {
		return func(v *program.Version) {
			r := v.Sources["sales"]
			change(&r)
			v.Sources["sales"] = r
		}
	}
	for _, c := range []struct {
		name, names string
		change      func(*program.Version)
	}{
		{"a zone", `"Mars"`, func(v *program.Version) { v.Definition.Zone = "Mars" }},
		{"a currency", `"usd"`, func(v *program.Version) { v.Definition.Currency = "usd" }},
		{"no source", `"sales" has no source`, func(v *program.Version) { v.Sources = nil }},
		{"a qualifier", "qualifier Won only", inComponent(func(c *program.Component) {
			c.Qualifiers = []program.Qualifier{{Name: "Won only", Formula: "row.status"}}
		})},
		{"a value", "value: ", inComponent(func(c *program.Component) { c.Value = "row.valeu" })},
		{"a value with a percent sign", "value: ", inComponent(func(c *program.Component) { c.Value = "5%" })},
		{"a weight", "weight: ", inComponent(func(c *program.Component) { c.Weight = "row.status" })},
		{"a key", "key: ", inComponent(func(c *program.Component) { c.Key = "row.value" })},
		{"a currency of records", "currency: ", inComponent(func(c *program.Component) { c.Currency = "row.value" })},
		{"a share", "share_from: ", inComponent(func(c *program.Component) {
			c.Credit.Rules = []program.CreditRule{{Kind: program.Direct, ShareFrom: "row.status"}}
		})},
		{"a condition of a rule", "when: ", inComponent(func(c *program.Component) {
			c.Credit.Rules = []program.CreditRule{{Kind: program.Direct, When: "row.status"}}
		})},
		{"a recipient", `no column "nobody"`, inComponent(func(c *program.Component) {
			c.Credit.Rules = []program.CreditRule{{Kind: program.Split, To: column("nobody")}}
		})},
		{"a loss", "clawback.when: ", inComponent(func(c *program.Component) { c.Clawback = &program.Clawback{When: "row.value", Date: "lost"} })},
		{"its day", `no column "gone"`, inComponent(func(c *program.Component) { c.Clawback = &program.Clawback{When: "true", Date: "gone"} })},
		{"a release", `no column "cash"`, inComponent(func(c *program.Component) { c.Hold = &program.Hold{ReleaseDate: "cash"} })},
		{"a dimension", `no column "colour"`, inComponent(func(c *program.Component) {
			c.Rate = &program.Rate{Dimensions: []program.Dimension{{Name: "colour", Column: "colour"}}}
		})},
		{"a date", `no column "closed"`, inSource(func(r *program.Resolved) { r.Dates = []view.Dating{dated("closed")} })},
		{"a condition on a date", `"phase"`, inSource(func(r *program.Resolved) { r.Dates = []view.Dating{dated("won", equals("phase", "won"))} })},
		{"a filter", `"phase"`, inSource(func(r *program.Resolved) { r.Filter = []view.Condition{equals("phase", "won")} })},
		{"an owner", `no column "seller"`, inSource(func(r *program.Resolved) { r.Owner = "seller" })},
		{"a link", `"lead"`, inSource(func(r *program.Resolved) { r.Links = nil })},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := versionOf(7, salesComponent())
			c.change(&v)
			_, err := incentive.Compile([]program.Version{v})
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Invalid || f.Code != incentive.CodeBroken {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(f.Message, "Version 7") || !strings.Contains(f.Message, c.names) {
				t.Errorf("%q does not name %s", f.Message, c.names)
			}
		})
	}
}

// TestComponentsPayInAnOrder lists a component before the one whose earnings it looks at.
func TestComponentsPayInAnOrder(t *testing.T) {
	paying := func(name string, by program.By, bound int64) program.Component {
		c := program.Component{Name: name, Value: "row.value"}
		c.Rate = &program.Rate{By: by, Pays: program.PaysAmount, Mode: program.WholeAmount, Tiers: []program.Tier{{}, {From: number.Of(bound), Pay: number.Of(10)}}}
		return c
	}
	earned := func(of string) program.By { return program.By{Of: program.ByEarned, Component: of} }
	plan := compiled(t, versionOf(1, paying("third", earned("second"), 10), paying("second", earned("first"), 10), paying("first", program.By{}, 500)))
	march := calendar.Period{Name: "2026-03", Kind: calendar.Monthly, Span: calendar.Span{From: "2026-03-01", Until: "2026-04-01"}}
	credits, _ := plan.Credit(deal(t, "oppo_1", ""), officeOf("a", ""))
	result, err := plan.Calculate(incentive.Input{Participant: "a", Period: march, Spans: []calendar.Span{{From: "2026-01-01"}}, Credits: credits})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Components {
		if c.Amount != 1000 {
			t.Errorf("%s earns %d, want 1000", c.Component, c.Amount)
		}
	}
	if len(result.Components) != 3 {
		t.Errorf("%d components", len(result.Components))
	}
	adjusted := func(name, of string) program.Component {
		c := paying(name, program.By{}, 1)
		c.Adjust = []program.Adjustment{{Kind: program.Multiplier, When: &program.Condition{By: earned(of), Least: num(t, "1")}, Factor: num(t, "2")},
			{Kind: program.Multiplier, Curve: &program.Curve{By: earned(of), Tiers: []program.Tier{{Pay: number.Of(1)}}}}}
		return c
	}
	compiled(t, versionOf(1, adjusted("first", "second"), adjusted("second", "second")))
	if _, err := incentive.Compile([]program.Version{versionOf(1, adjusted("first", "second"), adjusted("second", "first"))}); err == nil {
		t.Error("components adjust each other in a circle")
	}
	// Two may look at each other's measure, but not at each other's earnings.
	measure := func(of string) program.By { return program.By{Component: of} }
	compiled(t, versionOf(1, paying("first", measure("second"), 1), paying("second", measure("first"), 1)))
	compiled(t, versionOf(1, paying("first", measure("second"), 1), paying("second", earned("first"), 1)))
	if _, err := incentive.Compile([]program.Version{versionOf(1, paying("first", earned("second"), 1), paying("second", earned("first"), 1))}); err == nil {
		t.Error("components look at each other's earnings in a circle")
	}
}

func TestReads(t *testing.T) {
	reads := func(versions ...program.Version) []string {
		var lines []string
		for _, r := range compiled(t, versions...).Reads() {
			line := r.Connection + " " + r.Object
			if r.Joined {
				line += " joined"
			}
			lines = append(lines, line)
		}
		return lines
	}
	plain, qualified, filtered, split := versionOf(1, salesComponent()), versionOf(2, salesComponent()), versionOf(3, salesComponent()), versionOf(4, salesComponent())
	qualified.Definition.Components[0].Qualifiers = []program.Qualifier{{Name: "Large", Formula: "row.`lead.segment` == \"large\""}}
	r := resolvedDeals()
	r.Filter = []view.Condition{equals("lead.segment", "large")}
	filtered.Sources["sales"] = r
	split.Definition.Components[0].Credit.Rules = []program.CreditRule{{Kind: program.Split, To: column("lead.segment")}}
	calls := versionOf(5, salesComponent())
	r = resolvedDeals()
	r.View.Base.Object = "activity.call"
	calls.Sources["sales"] = r

	deals, leads := "conn_1 opportunity", "conn_1 lead joined"
	same(t, "owner and value", reads(plain), []string{deals})
	same(t, "a qualifier", reads(qualified), []string{deals, leads})
	same(t, "a filter", reads(filtered), []string{deals, leads})
	same(t, "a recipient", reads(split), []string{deals, leads})
	same(t, "two versions", reads(plain, calls, qualified), []string{"conn_1 activity.call", deals, leads})

	o := officeOf("a", "")
	compiled(t, plain).Credit(deal(t, "oppo_1", ""), o)
	if len(o.asked) > 0 {
		t.Errorf("%v was looked up, and nothing of it is read", o.asked)
	}
	compiled(t, qualified).Credit(deal(t, "oppo_1", `{"won": "2026-03-05"}`), o)
	if !slices.Equal(o.asked, []string{"lead_1"}) {
		t.Errorf("%v was looked up", o.asked)
	}
}

func TestExplain(t *testing.T) {
	component := salesComponent()
	component.Qualifiers = []program.Qualifier{{Name: "Won only", Formula: `row.status == "won"`}}
	component.Currency = "row.currency"
	component.Credit.Rules = []program.CreditRule{{Kind: program.Direct}, {Kind: program.RollUp, Levels: 1}}
	component.Clawback = &program.Clawback{Policy: program.TakeBack, When: `row.status == "lost"`, Date: "lost"}
	first, second := versionOf(1, component), versionOf(2, component)
	first.Until, second.From = "2026-04-01", "2026-04-01"
	plan := compiled(t, first, second)
	o := officeOf("a b", "a>b")
	explain := func(changes string) []string {
		var lines []string
		for _, e := range plan.Explain(deal(t, "oppo_1", changes), o) {
			for _, s := range e.Said {
				lines = append(lines, string(rune('0'+e.Version))+" "+s.Step+": "+s.Detail)
			}
			credits, _ := plan.Credit(deal(t, "oppo_1", changes), o)
			if e.Version == 1 && len(credits) != len(e.Credits) {
				t.Errorf("%s: %d credits are explained, and there are %d", changes, len(e.Credits), len(credits))
			}
		}
		return lines
	}
	other := `2 date: won is "2026-03-05": on 2026-03-05 version 1 counts.`
	same(t, "not won", explain(`{"status": "active"}`), []string{`1 date: It counts on 2026-03-05, by version 1: won is "2026-03-05".`,
		`1 qualify: Won only: row.status == "won": status is "active"`, other})
	same(t, "before", explain(`{"won": "2025-01-01"}`), []string{`1 date: won is "2025-01-01": on 2025-01-01 no version of the program is in force.`,
		`2 date: won is "2025-01-01": on 2025-01-01 no version of the program is in force.`})
	same(t, "not dated", explain(`{"won": null}`), []string{`2 date: No day to count on: won has no value.`})
	o.rates = nil
	same(t, "no rate", explain(`{"currency": "EUR"}`), []string{`1 date: It counts on 2026-03-05, by version 1: won is "2026-03-05".`,
		`1 qualify: Won only: row.status == "won" holds.`, "1 value: It is worth 1000 EUR.", "1 convert: There is no exchange rate from EUR to USD for 2026-03-05.", other})
	o.rates = append(o.rates, rate("EUR", number.Frac(11, 10)))
	same(t, "credited and lost", explain(`{"currency": "EUR", "status": "lost", "lost": "2026-04-02"}`), []string{"1 date: The deal is lost: row.status == \"lost\".",
		`1 date: It counts on 2026-03-05, by version 1: won is "2026-03-05".`, "1 qualify: Won only is not asked: the deal is lost.", "1 value: It is worth 1000 EUR.",
		"1 convert: It is 1100 USD: one EUR is 1.1 USD on 2026-03-05.", "1 credit: a has 100 % of it (direct): 1100.", "1 credit: b has 100 % of it (rollup): 1100.",
		"1 claw: The deal was lost on 2026-04-02: 100 % of each credit is taken back then, by version 2."})
}

package incentive_test

import (
	"testing"

	"leadline/shared/program"
	"leadline/shared/view"
)

func TestLostDeals(t *testing.T) {
	claw := func(change func(*program.Clawback)) func(*testing.T, *program.Version, *program.Component) {
		return func(_ *testing.T, _ *program.Version, c *program.Component) {
			c.Qualifiers = []program.Qualifier{{Name: "Won only", Formula: `row.status == "won"`}, {Name: "Not tests", Formula: `!has(row.region) || row.region != "test"`}}
			c.Clawback = &program.Clawback{When: `row.status == "lost"`, Date: "lost"}
			change(c.Clawback)
		}
	}
	policy := func(p program.Policy, share string, within int) func(*testing.T, *program.Version, *program.Component) {
		return claw(func(c *program.Clawback) {
			c.Policy, c.Within = p, within
			if share != "" {
				c.Share = num(t, share)
			}
		})
	}
	lost := `{"status": "lost", "lost": "2026-05-04"}`
	won := "2026-03-05 direct a: 1 = 1000, company"
	gone := []string{"claw lost: The deal is lost: it gives no credit any more."}
	runAll(t, []creditCase{
		{name: "not lost", change: policy(program.NegativeSale, "", 0), want: []string{won}},
		{name: "restate", change: policy(program.Restate, "", 0), deal: lost, why: gone},
		{name: "restate is the default", change: policy("", "", 0), deal: lost, why: gone},
		{name: "restate needs no day", change: policy(program.Restate, "", 0), deal: `{"status": "lost"}`, why: gone},
		{name: "restate a part", change: policy(program.Restate, "25%", 0), deal: lost, want: []string{"2026-03-05 direct a: 0.75 = 750, company"}},
		{name: "negative sale", change: policy(program.NegativeSale, "", 0), deal: lost,
			want: []string{won, "2026-05-04 direct a: -1 = -1000, company, reversal"}},
		{name: "a part of it", change: policy(program.NegativeSale, "50%", 0), deal: lost,
			want: []string{won, "2026-05-04 direct a: -0.5 = -500, company, reversal"}},
		{name: "take back", change: policy(program.TakeBack, "", 0), deal: lost,
			want: []string{won, "2026-05-04 direct a: 1 = 0, reversal, takes back"}},
		{name: "a part of that", change: policy(program.TakeBack, "50%", 0), deal: lost,
			want: []string{won, "2026-05-04 direct a: 0.5 = 0, reversal, takes back"}},
		{name: "within 60 days", change: policy(program.TakeBack, "", 60), deal: lost,
			want: []string{won, "2026-05-04 direct a: 1 = 0, reversal, takes back"}},
		{name: "not within 59", change: policy(program.TakeBack, "", 59), deal: lost, want: []string{won},
			why: []string{"claw lost_late: The deal was lost on 2026-05-04, more than 59 days after 2026-03-05: its credit stands."}},
		{name: "restate within 60 days", change: policy(program.Restate, "", 60), deal: lost, why: gone},
		{name: "restate not within 59", change: policy(program.Restate, "", 59), deal: lost, want: []string{won},
			why: []string{"claw lost_late: The deal was lost on 2026-05-04, more than 59 days after 2026-03-05: its credit stands."}},
		{name: "restate within some days needs a day", change: policy(program.Restate, "", 60), deal: `{"status": "lost"}`, want: []string{won},
			why: []string{"problem: claw no_loss_date: The deal is lost, and lost says no day. Its credit stands until it does."}},
		{name: "what reads the day of the loss is not asked either", deal: lost, change: func(t *testing.T, v *program.Version, c *program.Component) {
			policy(program.NegativeSale, "", 0)(t, v, c)
			c.Qualifiers = []program.Qualifier{{Name: "Kept", Formula: "!has(row.lost)"}}
		}, want: []string{won, "2026-05-04 direct a: -1 = -1000, company, reversal"}},
		{name: "no day of the loss", change: policy(program.NegativeSale, "", 0), deal: `{"status": "lost"}`, want: []string{won},
			why: []string{"problem: claw no_loss_date: The deal is lost, and lost says no day. Its credit stands until it does."}},
		{name: "lost before it was won", change: policy(program.NegativeSale, "", 10), deal: `{"status": "lost", "lost": "2026-03-01"}`,
			want: []string{"2026-03-05 direct a: -1 = -1000, company, reversal", won}},
		{name: "what else does not qualify never did", change: policy(program.NegativeSale, "", 0), deal: `{"status": "lost", "lost": "2026-05-04", "region": "test"}`,
			why: []string{`qualify not_qualified: Not tests: !has(row.region) || row.region != "test": region is "test"`}},
		{name: "a loss that cannot be told", change: claw(func(c *program.Clawback) { c.When = "1 / row.seats > 1" }), deal: `{"seats": 0}`,
			why: []string{"problem: qualify formula_failed: Whether the deal is lost: A division by zero."}},
		{name: "a loss without a value is none", change: claw(func(c *program.Clawback) { c.When = `row.stage == "churned"` }), want: []string{won}},
		{name: "filters ask for what the loss did not change", deal: lost, change: func(t *testing.T, v *program.Version, c *program.Component) {
			policy(program.NegativeSale, "", 0)(t, v, c)
			source(func(r *program.Resolved) {
				r.Filter = []view.Condition{equals("status", "won")}
				r.Dates = []view.Dating{dated("won", equals("status", "won"))}
			})(t, v, c)
		}, want: []string{won, "2026-05-04 direct a: -1 = -1000, company, reversal"}},
		{name: "and fail by it", deal: lost, change: func(t *testing.T, v *program.Version, c *program.Component) {
			policy(program.NegativeSale, "", 0)(t, v, c)
			source(func(r *program.Resolved) {
				r.Filter = []view.Condition{equals("status", "won"), equals("region", "EU")}
			})(t, v, c)
		}, why: []string{`qualify not_qualified: region must be "EU", and it has no value.`}},
		{name: "all who have credit", deal: `{"status": "lost", "lost": "2026-05-04", "helper": "c"}`, change: func(t *testing.T, v *program.Version, c *program.Component) {
			policy(program.NegativeSale, "", 0)(t, v, c)
			c.Weight, c.Hold = "2", &program.Hold{AfterDays: 90}
			c.Credit.Rules = []program.CreditRule{rule(program.Direct, nil), share(t, program.Overlay, "20%", column("helper")), {Kind: program.RollUp, Levels: 1}}
		}, want: []string{
			"2026-03-05 direct a: 1 = 1000, company, weight 2, released 2026-06-03", "2026-03-05 overlay c: 0.2 = 200, weight 0.4, released 2026-06-03",
			"2026-03-05 rollup b: 1 = 1000, 1 up, weight 2, released 2026-06-03",
			"2026-05-04 direct a: -1 = -1000, company, reversal, weight -2, released 2026-06-03", "2026-05-04 overlay c: -0.2 = -200, reversal, weight -0.4, released 2026-06-03",
			"2026-05-04 rollup b: -1 = -1000, 1 up, reversal, weight -2, released 2026-06-03"}},
		{name: "after the program ended", change: func(t *testing.T, v *program.Version, c *program.Component) {
			policy(program.NegativeSale, "", 0)(t, v, c)
			v.Until = "2026-05-04"
		}, deal: lost, want: []string{won},
			why: []string{`problem: claw loss_outside: The deal was lost on 2026-05-04, when no version of the program with the component "sales" counts. Its credit stands.`}},
	})
}

func TestAReversalCountsByTheVersionOfItsDay(t *testing.T) {
	component := salesComponent()
	component.Clawback = &program.Clawback{Policy: program.NegativeSale, When: `row.status == "lost"`, Date: "lost"}
	first, second, third := versionOf(1, component), versionOf(2, salesComponent()), versionOf(3, component)
	first.Until, second.From, second.Until, third.From = "2026-04-01", "2026-04-01", "2026-05-01", "2026-05-01"
	third.Definition.Components[0].Name, third.Sources = "other", map[string]program.Resolved{"other": resolvedDeals()}
	plan := compiled(t, first, second, third)
	for _, c := range []struct {
		lost string
		want []string
	}{
		{"2026-03-31", []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-31 direct a: -1 = -1000, company, reversal"}},
		{"2026-04-01", []string{"2026-03-05 direct a: 1 = 1000, company", "2026-04-01 direct a: -1 = -1000, company, reversal, version 2"}},
		{"2026-05-01", []string{"2026-03-05 direct a: 1 = 1000, company"}}, // there is no such component then
	} {
		credits, refusals := plan.Credit(deal(t, "oppo_1", `{"status": "lost", "lost": "`+c.lost+`"}`), officeOf("a", ""))
		same(t, c.lost, told(credits), c.want)
		if len(c.want) == 1 && len(refusals) != 1 || len(c.want) == 2 && len(refusals) != 0 {
			t.Errorf("%s: refused: %v", c.lost, why(refusals))
		}
		for _, reversal := range credits {
			for _, of := range credits {
				if reversal.Reversal && !of.Reversal && reversal.Of != of.ID {
					t.Errorf("%s: a reversal of %q, not of %q", c.lost, reversal.Of, of.ID)
				}
			}
		}
	}
}

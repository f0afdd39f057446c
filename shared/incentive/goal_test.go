package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/program"
)

// goals writes the pieces of a goal: days, of how many, what the whole is for, the ramp, and the amount.
func goals(o incentive.Outcome) string {
	var all []string
	for _, g := range o.Goals {
		all = append(all, fmt.Sprintf("%s %d/%d of %s × %s = %s", g.Span.From[5:], g.Days, g.Of, g.Full, g.Ramp, g.Amount))
	}
	return strings.Join(all, "; ")
}

// decimals writes a quota with two decimals, as it is shown.
func decimals(t *testing.T, o incentive.Outcome) string {
	t.Helper()
	cents, err := o.Quota.Round(2, "")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// TestQuotas has somebody who takes part from 1 June 2026, and looks at quotas of several periods.
func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		name, quota, measure string
		kind                 calendar.Kind
		day                  calendar.Date
		quotaIs              string
		parts                string
	}{
		{"the year's, by days", `"amount":"800000"`, ``, calendar.Yearly, "2026-07-01", "469041.10", "06-01 214/365 of 800000 × 1 = 34240000/73"},
		{"the year's, whole", `"amount":"800000","prorate":"none"`, ``, calendar.Yearly, "2026-07-01", "800000.00", "06-01 214/214 of 800000 × 1 = 800000"},
		{"the year's, in months alike", `"amount":"800000","per":"year"`, `"window":"year_to_date"`, calendar.Monthly, "2026-12-31", "466666.67", "06-01 214/214 of 1400000/3 × 1 = 1400000/3"},
		{"the year's, in months by days", `"amount":"800000","per":"year","spread":"days"`, `"window":"year_to_date"`, calendar.Monthly, "2026-12-31", "469041.10", "06-01 214/214 of 34240000/73 × 1 = 34240000/73"},
		{"of the window, where nothing is said", `"amount":"1200"`, `"window":"year_to_date"`, calendar.Monthly, "2026-07-31", "200.00", "06-01 61/61 of 200 × 1 = 200"},
		{"of the window's quarter", `"amount":"300"`, `"window":"quarter_to_date"`, calendar.Monthly, "2026-08-31", "200.00", "07-01 62/62 of 200 × 1 = 200"},
		{"of the window's half", `"amount":"600"`, `"window":"half_to_date"`, calendar.Monthly, "2026-06-30", "100.00", "06-01 30/30 of 100 × 1 = 100"},
		{"the month's, in a quarter", `"amount":"100","per":"month"`, ``, calendar.Quarterly, "2026-04-01", "100.00", "06-01 30/30 of 100 × 1 = 100"},
		{"the quarter's, in a quarter", `"amount":"300","per":"quarter"`, ``, calendar.Quarterly, "2026-04-01", "98.90", "06-01 30/91 of 300 × 1 = 9000/91"},
		{"the quarter's, in a month", `"amount":"300","per":"quarter"`, ``, calendar.Monthly, "2026-06-01", "100.00", "06-01 30/30 of 100 × 1 = 100"},
		{"the week's, in a month", `"amount":"70","per":"week"`, ``, calendar.Monthly, "2026-06-01", "300.00", "06-01 30/30 of 300 × 1 = 300"},
		{"the day's, in a month", `"amount":"10","per":"day"`, ``, calendar.Monthly, "2026-06-15", "300.00", "06-01 30/30 of 300 × 1 = 300"},
		{"the year's, in weeks alike", `"amount":"530","per":"year"`, ``, calendar.Weekly, "2026-06-10", "10.00", "06-08 7/7 of 10 × 1 = 10"},
		{"the year's, in weeks by days", `"amount":"5300","per":"year","spread":"days"`, ``, calendar.Weekly, "2026-06-10", "100.00", "06-08 7/7 of 100 × 1 = 100"},
		{"before", `"amount":"100"`, ``, calendar.Monthly, "2026-05-01", "0.00", ""},
		{"ramp, first", `"amount":"100","ramp":["25%","50%"]`, ``, calendar.Monthly, "2026-06-01", "25.00", "06-01 30/30 of 100 × 0.25 = 25"},
		{"ramp, second", `"amount":"100","ramp":["25%","50%"]`, ``, calendar.Monthly, "2026-07-01", "50.00", "07-01 31/31 of 100 × 0.5 = 50"},
		{"ramp, over", `"amount":"100","ramp":["25%","50%"]`, ``, calendar.Monthly, "2026-08-01", "100.00", "08-01 31/31 of 100 × 1 = 100"},
		{"ramp, to date", `"amount":"100","per":"month","ramp":["25%","50%"]`, `"window":"year_to_date"`, calendar.Monthly, "2026-08-01", "175.00",
			"06-01 30/30 of 100 × 0.25 = 25; 07-01 31/31 of 100 × 0.5 = 50; 08-01 31/31 of 100 × 1 = 100"},
	} {
		v := version(1, always(), component(`{"measure":{`+c.measure+`},"quota":{`+c.quota+`}}`))
		v.Definition.Period = c.kind
		in := input(calendar.Calendar{}.Of(c.kind, c.day))
		in.Spans = []calendar.Span{{From: "2026-06-01"}}
		o := calculate(t, compile(t, v), in).Components[0]
		if got := decimals(t, o); got != c.quotaIs || goals(o) != c.parts {
			t.Errorf("%s: the quota is %s (%s), want %s (%s)", c.name, got, goals(o), c.quotaIs, c.parts)
		}
	}
}

func TestSpansThatBreakOff(t *testing.T) {
	v := version(1, always(), component(`{"quota":{"amount":"310","ramp":["10%","20%","50%"]}}`))
	in := input(month("2026-03"))
	// Away in February: March is the second month that counts for the ramp.
	in.Spans = []calendar.Span{{From: "2026-01-10", Until: "2026-01-15"}, {From: "2026-01-20", Until: "2026-02-01"}, {From: "2026-03-01", Until: "2026-03-11"}, {From: "2026-03-21"}}
	o := calculate(t, compile(t, v), in).Components[0]
	if got := goals(o); got != "03-01 10/31 of 310 × 0.2 = 20; 03-21 11/31 of 310 × 0.2 = 22" || o.Quota.String() != "42" {
		t.Errorf("the quota is %s: %s", o.Quota, got)
	}
	in.ComponentSpans = map[string][]calendar.Span{"sales": {{From: "", Until: "2026-03-02"}}}
	if o := calculate(t, compile(t, v), in).Components[0]; o.Quota.String() != "10" {
		t.Errorf("by the spans of the component the quota is %s", o.Quota)
	}
	// What does not prorate is whole for whoever takes part on any day.
	v = version(1, always(), component(`{"quota":{"amount":"310","prorate":"none"}}`))
	in.ComponentSpans = nil
	if o := calculate(t, compile(t, v), in).Components[0]; o.Quota.String() != "310" || len(o.Goals) != 2 {
		t.Errorf("not prorated, the quota is %s: %s", o.Quota, goals(o))
	}
}

func TestOwnGoals(t *testing.T) {
	own := func(from, until calendar.Date, amount string) incentive.Goal {
		return incentive.Goal{Component: "sales", Amount: exactly(amount), Span: calendar.Span{From: from, Until: until}}
	}
	target := own("", "", "7")
	target.Target = true
	other := own("", "", "9")
	other.Component = "other"
	for _, c := range []struct {
		name  string
		quota string
		goals []incentive.Goal
		want  string
	}{
		{"none", `"amount":"310"`, nil, "01-01 31/31 of 310 × 1 = 310"},
		{"of something else", `"amount":"310"`, []incentive.Goal{target, other}, "01-01 31/31 of 310 × 1 = 310"},
		{"for all of it", `"amount":"310"`, []incentive.Goal{own("2025-01-01", "", "62")}, "01-01 31/31 of 62 × 1 = 62"},
		{"of zero", `"amount":"310"`, []incentive.Goal{own("2025-01-01", "", "0")}, "01-01 31/31 of 0 × 1 = 0"},
		{"from the 11th", `"amount":"310"`, []incentive.Goal{own("2026-01-11", "", "62")}, "01-01 10/31 of 310 × 1 = 100; 01-11 21/31 of 62 × 1 = 42"},
		{"from the 11th, without a default", ``, []incentive.Goal{own("2026-01-11", "", "62")}, "01-11 21/31 of 62 × 1 = 42"},
		{"two, one after the other", ``, []incentive.Goal{own("2026-01-11", "", "62"), own("", "2026-01-11", "31")}, "01-01 10/31 of 31 × 1 = 10; 01-11 21/31 of 62 × 1 = 42"},
		{"one within another", ``, []incentive.Goal{own("2026-01-11", "2026-01-12", "62"), own("", "", "31")}, "01-01 10/31 of 31 × 1 = 10; 01-11 1/31 of 62 × 1 = 2; 01-12 20/31 of 31 × 1 = 20"},
		{"two, not prorated", `"prorate":"none"`, []incentive.Goal{own("2026-01-11", "", "62"), own("", "2026-01-11", "31")}, "01-01 10/31 of 31 × 1 = 10; 01-11 21/31 of 62 × 1 = 42"},
		{"one, not prorated", `"prorate":"none"`, []incentive.Goal{own("2026-01-11", "", "62")}, "01-11 21/21 of 62 × 1 = 62"},
		{"of a year", `"per":"year"`, []incentive.Goal{own("", "", "1200")}, "01-01 31/31 of 100 × 1 = 100"},
	} {
		in := input(month("2026-01"))
		for range 2 { // in whatever order they are given
			in.Goals = append([]incentive.Goal{}, c.goals...)
			o := calculate(t, compile(t, version(1, always(), component(`{"quota":{`+c.quota+`}}`))), in).Components[0]
			if got := goals(o); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			for i, j := 0, len(c.goals)-1; i < j; i, j = i+1, j-1 {
				c.goals[i], c.goals[j] = c.goals[j], c.goals[i]
			}
		}
	}
}

func TestOwnTargets(t *testing.T) {
	in := input(month("2026-01"), credit("a", "2026-01-05", "50"))
	in.Goals = []incentive.Goal{
		{Component: "sales", Target: true, Amount: exactly("1000"), Span: always()},
		{Component: "sales", Amount: exactly("200"), Span: always()},
	}
	o := calculate(t, compile(t, version(1, always(), component(`{"quota":{"amount":"100"},
		"rate":{"of":"target","target":{"amount":"500"},"tiers":[{"from":"0","pay":"1"}]}}`))), in).Components[0]
	if o.Quota.String() != "200" || o.Target.String() != "1000" || o.Exact.String() != "250" || len(o.Goals) != 2 || !o.Goals[1].Target {
		t.Errorf("quota %s, target %s, pays %s: %s", o.Quota, o.Target, o.Exact, goals(o))
	}
}

func TestAZeroQuota(t *testing.T) {
	const rate = `"rate":{"by":{"of":"attainment"},"mode":"whole","tiers":[{"from":"0","pay":"0"},{"from":"1","pay":"10%"}]}`
	for _, c := range []struct{ quota, attained, exact, why string }{
		{`"amount":"0"`, "0", "0", incentive.WhyNoQuota},
		{`"amount":"0","none":"nothing"`, "0", "0", incentive.WhyNoQuota},
		{``, "0", "0", incentive.WhyNoQuota},
		{`"amount":"0","none":"full"`, "1", "5", ""},
		{`"amount":"25"`, "2", "5", ""},
		{`"amount":"-25"`, "0", "0", incentive.WhyNoQuota},
	} {
		o := outcome(t, `{"quota":{`+c.quota+`},`+rate+`}`, credits("2026-01", "50")...)
		if o.Attainment.String() != c.attained || o.Exact.String() != c.exact || (o.Why == nil) != (c.why == "") || o.Why != nil && o.Why.Code != c.why {
			t.Errorf("%s: attains %s, pays %s: %+v", c.quota, o.Attainment, o.Exact, o.Why)
		}
	}
}

// TestVersionsShareAQuota splits a month's quota at the day on which a version follows another, unless it is not prorated.
func TestVersionsShareAQuota(t *testing.T) {
	for setting, want := range map[program.Prorate]string{program.ByDays: "100 210", program.Whole: "310 310"} {
		c := component(`{"quota":{"amount":"310","prorate":"` + string(setting) + `"}}`)
		plan := compile(t, version(1, calendar.Span{From: "2020-01-01", Until: "2026-01-11"}, c), version(2, calendar.Span{From: "2026-01-11"}, c))
		r := calculate(t, plan, input(month("2026-01")))
		if got := fmt.Sprint(r.Components[0].Quota, r.Components[1].Quota); got != want {
			t.Errorf("%s: the quotas are %s, want %s", setting, got, want)
		}
	}
}

package incentive_test

import (
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
)

func TestWhyNothingIsPaid(t *testing.T) {
	sale := credit("a", "2026-01-05", "42")
	for _, c := range []struct {
		name, plan   string
		credits      []incentive.Credit
		code, detail string
	}{
		{"something is paid", `"rate":{"tiers":[{"from":"0","pay":"1"}]}`, []incentive.Credit{sale}, "", ""},
		{"only measured", ``, []incentive.Credit{sale}, incentive.WhyNoRate, "The component is there for others to look at, and pays nothing."},
		{"no credit", `"rate":{"tiers":[{"from":"0","pay":"1"}]}`, nil, incentive.WhyNoCredit, "No record counted from 2026-01-01 to 2026-01-31."},
		{"none that is measured", `"measure":{"of":["overlay"]},"rate":{"tiers":[{"from":"0","pay":"1"}]}`, []incentive.Credit{sale}, incentive.WhyNoCredit,
			"No record of those that it measures counted from 2026-01-01 to 2026-01-31."},
		{"no quota", `"quota":{},"rate":{"by":{"of":"attainment"},"tiers":[{"from":"0","pay":"0"},{"from":"1","pay":"1"}]}`, []incentive.Credit{sale},
			incentive.WhyNoQuota, "There is no quota for sales, so nothing is attained."},
		{"a tier that pays nothing", `"quota":{"amount":"100"},"rate":{"by":{"of":"attainment"},"tiers":[{"from":"0","pay":"0"},{"from":"50%","pay":"1"}]}`, []incentive.Credit{sale},
			incentive.WhyTierZero, "The attainment is 42 %: it lies in the tier from 0 %, which pays 0."},
		{"just below a bound", `"quota":{"amount":"42.001"},"rate":{"by":{"of":"attainment"},"mode":"whole","tiers":[{"from":"0","pay":"0"},{"from":"1","pay":"1"}]}`, []incentive.Credit{sale},
			incentive.WhyTierZero, "The attainment is 99.99 %: it lies in the tier from 0 %, which pays 0."},
		{"each in a tier that pays nothing", `"rate":{"each":true,"tiers":[{"from":"0","pay":"0"},{"from":"50","pay":"1"}]}`, []incentive.Credit{sale},
			incentive.WhyTierZero, "The measure is 42; the tiers that it lies in pay 0."},
		{"an amount of nothing", `"rate":{"pays":"amount","tiers":[{"from":"0","pay":"0"},{"from":"50","pay":"1"}]}`, []incentive.Credit{sale},
			incentive.WhyTierZero, "The measure is 42: it lies in the tier from 0, which pays 0."},
		{"taken away as much", `"rate":{"tiers":[{"from":"0","pay":"1"}]}`, []incentive.Credit{sale, reversal(sale, "2026-01-07")},
			incentive.WhyNet, "What was taken away is as much as what was earned: 42 and -42."},
		{"lost as much, where nothing is paid", `"rate":{"mode":"whole","tiers":[{"from":"0","pay":"0"},{"from":"10","pay":"1"}]}`, []incentive.Credit{sale, reversal(sale, "2026-01-07")},
			incentive.WhyTierZero, "The measure is 0: it lies in the tier from 0, which pays 0."},
		{"rounded", `"rate":{"tiers":[{"from":"0","pay":"0.0001"}]}`, []incentive.Credit{sale}, incentive.WhyRounded, "0.0042 is rounded to nothing."},
		{"a gate", `"rate":{"tiers":[{"from":"0","pay":"1"}]},"adjust":[{"kind":"gate","when":{"of":"count","least":"2"}}]`, []incentive.Credit{sale},
			incentive.WhyGate, "The gate asks for the count of at least 2; it is 1."},
		{"a gate between", `"rate":{"tiers":[{"from":"0","pay":"1"}]},"adjust":[{"kind":"gate","when":{"least":"43","below":"50"}}]`, []incentive.Credit{sale},
			incentive.WhyGate, "The gate asks for the measure of at least 43 and below 50; it is 42."},
		{"a gate below", `"rate":{"tiers":[{"from":"0","pay":"1"}]},"adjust":[{"kind":"gate","when":{"below":"40"}}]`, []incentive.Credit{sale},
			incentive.WhyGate, "The gate asks for the measure of below 40; it is 42."},
	} {
		plan := c.plan
		if plan != "" {
			plan = "," + plan
		}
		o := outcome(t, `{"name":"sales"`+plan+`}`, c.credits...)
		switch {
		case c.code == "" && o.Why != nil:
			t.Errorf("%s: %+v", c.name, o.Why)
		case c.code != "" && (o.Why == nil || *o.Why != incentive.Reason{Code: c.code, Detail: c.detail}):
			t.Errorf("%s: %+v, want %s: %s", c.name, o.Why, c.code, c.detail)
		}
	}
}

func TestWhoTakesNoPartIsPaidNothing(t *testing.T) {
	in := input(month("2026-01"))
	in.Spans = []calendar.Span{{From: "2026-02-01"}}
	plan := compile(t, version(1, always(), component(`{"rate":{"pays":"amount","tiers":[{"from":"0","pay":"100"}]}}`)))
	o := calculate(t, plan, in).Components[0]
	if o.Amount != 0 || o.Why == nil || o.Why.Code != incentive.WhyNotInPeriod || o.Why.Detail != "Takes part on no day from 2026-01-01 to 2026-01-31." {
		t.Errorf("%d: %+v", o.Amount, o.Why)
	}
	toDate := compile(t, version(1, always(), component(`{"measure":{"window":"year_to_date","true_up":"at_rate"},"rate":{"tiers":[{"from":"0","pay":"1"}]}}`)))
	gone := input(month("2026-02"), credit("a", "2026-01-05", "10"))
	for until, want := range map[calendar.Date]string{"2026-02-01": incentive.WhyNotInPeriod, "2026-02-02": incentive.WhyNoCredit} {
		gone.Spans = []calendar.Span{{From: "2026-01-01", Until: until}}
		if o := calculate(t, toDate, gone).Components[0]; o.Why == nil || o.Why.Code != want {
			t.Errorf("who goes on %s: %+v", until, o.Why)
		}
	}
	in.Spans = []calendar.Span{{From: "2026-01-31"}}
	if o := calculate(t, plan, in).Components[0]; o.Amount != 10000 || o.Why != nil {
		t.Errorf("who takes part is paid %d: %+v", o.Amount, o.Why)
	}
}

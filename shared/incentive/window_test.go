package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

// TestWindowsToDate has 200 in January and 100 in February.
func TestWindowsToDate(t *testing.T) {
	all := append(credits("2026-01", "200"), credit("b", "2026-02-01", "60"), credit("c", "2026-02-02", "40"))
	for _, c := range []struct{ name, measure, rate, want string }{
		{"the period alone", `"window":"period"`, `"tiers":[{"from":"0","pay":"1%"},{"from":"250","pay":"10%"}]`, "b 0 0.6, c 0 0.4"},
		{"at the places in the window", `"window":"quarter_to_date","true_up":"at_rate"`, `"tiers":[{"from":"0","pay":"1%"},{"from":"250","pay":"10%"}]`, "b 0 0.5, b 1 1, c 1 4"},
		{"at the rate reached", `"window":"half_to_date","true_up":"at_rate"`, `"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"250","pay":"10%"}]`, "b 1 6, c 1 4"},
		{"the mean of all, on the mean of the period", `"kind":"average","window":"year_to_date","true_up":"at_rate"`, `"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"100","pay":"10%"}]`, " 1 5"},
		{"amounts reached now", `"window":"year_to_date","true_up":"at_rate"`, `"pays":"amount","tiers":[{"from":"0","pay":"1"},{"from":"150","pay":"10"},{"from":"300","pay":"100"},{"from":"301","pay":"1000"}]`, " 2 100"},
		{"the amount of the window", `"window":"year_to_date","true_up":"at_rate"`, `"pays":"amount","mode":"whole","tiers":[{"from":"0","pay":"1"},{"from":"150","pay":"10"},{"from":"301","pay":"1000"}]`, " 1 10"},
	} {
		plan := compile(t, version(1, always(), component(`{"measure":{`+c.measure+`},"rate":{`+c.rate+`}}`)))
		r := calculate(t, plan, input(month("2026-02"), all...))
		if got := lines(r.Components[0]); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestAmountsOfAWindowAreThoseOfItsMonths adds up what each month pays.
func TestAmountsOfAWindowAreThoseOfItsMonths(t *testing.T) {
	plan := compile(t, version(1, always(), component(`{"measure":{"window":"quarter_to_date","true_up":"at_rate"},
		"rate":{"pays":"amount","tiers":[{"from":"0","pay":"1"},{"from":"150","pay":"10"},{"from":"300","pay":"100"}]}}`)))
	all := append(credits("2026-01", "200"), credit("z", "2026-03-01", "100"))
	for name, want := range map[string]string{"2026-01": "11", "2026-02": "0", "2026-03": "100", "2026-04": "1"} {
		if o := calculate(t, plan, input(month(name), all...)).Components[0]; o.Exact.String() != want {
			t.Errorf("%s pays %s, want %s", name, o.Exact, want)
		}
	}
}

// TestWhoComesOrGoesWithinAWindow has a quarter to date whose tiers pay fixed amounts.
func TestWhoComesOrGoesWithinAWindow(t *testing.T) {
	const plan = `{"measure":{"window":"quarter_to_date","true_up":"at_rate"},"rate":{"pays":"amount",%s"tiers":[{"from":"0","pay":"1"},{"from":"100","pay":"10"}]}}`
	for _, c := range []struct {
		name, mode string
		span       calendar.Span
		sold       calendar.Date
		want       string // in January, February and March
	}{
		{"always there", "", always(), "2026-01-05", "11 0 0"},
		{"always there, as the window stands", `"mode":"whole",`, always(), "2026-01-05", "10 10 10"},
		{"comes in February", "", calendar.Span{From: "2026-02-10"}, "2026-03-05", "0 1 10"},
		{"goes in January", `"mode":"whole",`, calendar.Span{From: "2026-01-01", Until: "2026-02-01"}, "2026-01-05", "10 0 0"},
	} {
		var got []string
		for _, name := range []string{"2026-01", "2026-02", "2026-03"} {
			in := input(month(name), credit("a", c.sold, "100"))
			in.Spans = []calendar.Span{c.span}
			got = append(got, calculate(t, compile(t, version(1, always(), component(fmt.Sprintf(plan, c.mode)))), in).Components[0].Exact.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, " "), c.want)
		}
	}
}

// TestAWindowByAttainment stands at what the months before attain of the quota that the window has now.
func TestAWindowByAttainment(t *testing.T) {
	plan := compile(t, version(1, always(), component(`{"measure":{"window":"quarter_to_date","true_up":"at_rate"},"quota":{"amount":"300"},
		"rate":{"by":{"of":"attainment"},"of":"value","tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"10%"}]}}`)))
	r := calculate(t, plan, input(month("2026-02"), credit("a", "2026-01-05", "150"), credit("b", "2026-02-05", "100")))
	if got := lines(r.Components[0]); got != "b 0 0.5, b 1 5" {
		t.Errorf("the lines are %s", got)
	}
}

// TestAWindowsTarget pays, where no credit has a part of it, the target of the period alone.
func TestAWindowsTarget(t *testing.T) {
	for trueUp, want := range map[string]string{"at_rate": "100", "deduct": "200"} {
		plan := compile(t, version(1, always(), component(`{"measure":{"kind":"average","window":"year_to_date","true_up":"`+trueUp+`"},
			"rate":{"of":"target","target":{"amount":"1200"},"mode":"whole","tiers":[{"from":"0","pay":"1"}]}}`)))
		o := calculate(t, plan, input(month("2026-02"), credit("a", "2026-02-05", "5"))).Components[0]
		if o.Target.String() != "200" || o.Exact.String() != want {
			t.Errorf("%s: of a target of %s it pays %s, want %s", trueUp, o.Target, o.Exact, want)
		}
	}
}

// TestAWindowOfSomeKinds pays the period's credits of the kinds that count.
func TestAWindowOfSomeKinds(t *testing.T) {
	plan := compile(t, version(1, always(), component(`{"measure":{"of":["direct"],"window":"quarter_to_date","true_up":"at_rate"},
		"rate":{"tiers":[{"from":"0","pay":"1%"},{"from":"100","pay":"10%"}]}}`)))
	helped := credit("x", "2026-01-04", "500")
	helped.Kind = program.Overlay
	r := calculate(t, plan, input(month("2026-02"), helped, credit("a", "2026-01-05", "100"), credit("b", "2026-02-05", "100")))
	if got := lines(r.Components[0]); got != "b 1 10" {
		t.Errorf("the lines are %s", got)
	}
}

// TestAWindowsTargetInTwoVersions has each pay the target of its own half of February.
func TestAWindowsTargetInTwoVersions(t *testing.T) {
	c := component(`{"measure":{"kind":"average","window":"year_to_date","true_up":"at_rate"},
		"rate":{"of":"target","target":{"amount":"1200"},"mode":"whole","tiers":[{"from":"0","pay":"1"}]}}`)
	plan := compile(t, version(1, calendar.Span{From: "2026-01-01", Until: "2026-02-15"}, c), version(2, calendar.Span{From: "2026-02-15"}, c))
	r := calculate(t, plan, input(month("2026-02"), credit("a", "2026-02-05", "5"), credit("b", "2026-02-20", "5")))
	if got := fmt.Sprint(r.Components[0].Exact, " ", r.Components[1].Exact); got != "50 50" {
		t.Errorf("they pay %s", got)
	}
}

package incentive_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

func exactly(text string) number.Number {
	n, err := number.Parse(text)
	if err != nil {
		panic(err)
	}
	return n
}

func ref(text string) *number.Number {
	n := exactly(text)
	return &n
}

// component reads one from its JSON form; its name is "sales" unless it says another.
func component(text string) program.Component {
	c := program.Component{Name: "sales"}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	return c
}

// version makes one in force on the days of a span, that reckons by month in USD.
func version(nth int, span calendar.Span, components ...program.Component) program.Version {
	v := program.Version{Number: nth, From: span.From, Until: span.Until, Sources: map[string]program.Resolved{}}
	v.Definition = program.Definition{
		Kind: program.Commission, Title: "Plan", Currency: "USD", Zone: "UTC", Period: calendar.Monthly, Components: components,
	}
	for _, c := range components {
		v.Sources[c.Name] = program.Resolved{View: incentivetest.Deals(), Owner: "owner", Dates: []view.Dating{{Column: "date"}}}
	}
	return v
}

func always() calendar.Span { return calendar.Span{From: "2020-01-01"} }

func compile(t testing.TB, versions ...program.Version) *incentive.Plan {
	t.Helper()
	plan, err := incentive.Compile(versions)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// month gives one, by its name: "2026-01".
func month(name string) calendar.Period {
	return calendar.Calendar{}.Of(calendar.Monthly, calendar.Date(name+"-01"))
}

// input is one of somebody who always takes part.
func input(period calendar.Period, credits ...incentive.Credit) incentive.Input {
	return incentive.Input{Participant: "ann", Period: period, Spans: []calendar.Span{always()}, Credits: credits}
}

// credit makes direct credit for all of a record.
func credit(id string, date calendar.Date, value string) incentive.Credit {
	return incentive.Credit{
		ID: "c-" + id, Component: "sales", Version: 1, Participant: "ann", Kind: program.Direct, Date: date,
		Record: record.Key{Organization: "org_1", Connection: "conn_1", Object: "deal", ID: id}, Rev: 1, Value: exactly(value), Share: exactly("1"),
	}
}

// credits makes some of the values, a day each from the first of a month on, of records "a", "b", ...
func credits(month string, values ...string) []incentive.Credit {
	var all []incentive.Credit
	for at, v := range values {
		all = append(all, credit(string(rune('a'+at)), calendar.Date(fmt.Sprintf("%s-%02d", month, at+1)), v))
	}
	return all
}

// reversal makes the credit that makes another count less, on a day.
func reversal(c incentive.Credit, date calendar.Date) incentive.Credit {
	c.Of, c.ID, c.Reversal, c.Date, c.Value = c.ID, c.ID+"-back", true, date, c.Value.Neg()
	return c
}

func calculate(t testing.TB, plan *incentive.Plan, in incentive.Input) incentive.Result {
	t.Helper()
	r, err := plan.Calculate(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// outcome reckons January 2026 by one component and gives what it comes to.
func outcome(t testing.TB, text string, credits ...incentive.Credit) incentive.Outcome {
	t.Helper()
	return calculate(t, compile(t, version(1, always(), component(text))), input(month("2026-01"), credits...)).Components[0]
}

// lines writes what lines pay: credit, tier and exact amount of each.
func lines(o incentive.Outcome) string {
	var all []string
	for _, l := range o.Lines {
		all = append(all, fmt.Sprintf("%s %d %s", strings.TrimPrefix(l.Credit, "c-"), l.Tier, l.Exact))
	}
	return strings.Join(all, ", ")
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCalculateGivesTheSameBytesForCreditsInAnyOrder(t *testing.T) {
	plan := compile(t, version(1, always(),
		component(`{"rate":{"tiers":[{"from":"0","pay":"3.3%"},{"from":"70","pay":"1/7"}]}}`),
		component(`{"name":"deals","measure":{"kind":"distinct"},"rate":{"mode":"whole","of":"value","tiers":[{"from":"0","pay":"1%"}]}}`)))
	var all []incentive.Credit
	for at := range 40 {
		c := credit(fmt.Sprint(at), calendar.Date(fmt.Sprintf("2026-01-%02d", at%9+1)), fmt.Sprint(at*7-50))
		all = append(all, c)
		c.ID, c.Component, c.Key = c.ID+"-2", "deals", fmt.Sprint(at%3)
		all = append(all, c)
	}
	in := input(month("2026-01"), all...)
	in.ComponentSpans = map[string][]calendar.Span{"deals": {{From: "2026-01-05"}}}
	want := text(t, calculate(t, plan, in))
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffled := slices.Clone(all)
		random.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		in.Credits = shuffled
		if got := text(t, calculate(t, plan, in)); got != want {
			t.Fatalf("in another order it gives\n%s\nrather than\n%s", got, want)
		}
	}
}

func TestCalculateWithoutAVersion(t *testing.T) {
	plan := compile(t, version(1, calendar.Span{From: "2026-02-01"}, component(`{}`)))
	_, err := plan.Calculate(input(month("2026-01")))
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a period before the program gives %v", err)
	}
}

func TestAnAmountThatNoAccountHolds(t *testing.T) {
	plan := compile(t, version(1, always(), component(`{"rate":{"tiers":[{"from":"0","pay":"1"}]}}`)))
	_, err := plan.Calculate(input(month("2026-01"), credit("a", "2026-01-01", "1e30")))
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("it gives %v", err)
	}
	// Two that are held alone, and not together.
	_, err = compile(t, version(1, always(),
		component(`{"rate":{"pays":"amount","tiers":[{"from":"0","pay":"9e16"}]}}`),
		component(`{"name":"more","rate":{"pays":"amount","tiers":[{"from":"0","pay":"9e16"}]}}`))).Calculate(input(month("2026-01")))
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("two give %v", err)
	}
}

// TestMidPeriod has 5 % until the 15th and 10 % from the 16th on, and a quota of 310 for the whole month.
func TestMidPeriod(t *testing.T) {
	half := func(nth int, span calendar.Span, pay string, setting program.MidPeriod) program.Version {
		v := version(nth, span, component(`{"quota":{"amount":"310"},"rate":{"tiers":[{"from":"0","pay":"`+pay+`"}]}}`))
		v.Definition.MidPeriod = setting
		return v
	}
	for _, c := range []struct {
		setting program.MidPeriod
		want    string
	}{
		{"", "1: 100 of 150 5 | 2: 1000 of 160 100"},
		{program.ByDate, "1: 100 of 150 5 | 2: 1000 of 160 100"},
		{program.AtEnd, "2: 1100 of 310 110"},
	} {
		plan := compile(t, half(2, calendar.Span{From: "2026-01-16"}, "10%", c.setting),
			half(1, calendar.Span{From: "2020-01-01", Until: "2026-01-16"}, "5%", c.setting))
		r := calculate(t, plan, input(month("2026-01"), credit("a", "2026-01-15", "100"), credit("b", "2026-01-16", "1000")))
		var got []string
		for _, o := range r.Components {
			got = append(got, fmt.Sprintf("%d: %s of %s %s", o.Version, o.Measure, o.Quota, o.Exact))
		}
		if strings.Join(got, " | ") != c.want {
			t.Errorf("%q: %s, want %s", c.setting, strings.Join(got, " | "), c.want)
		}
	}
}

func TestAVersionThatBeginsWithinAPeriod(t *testing.T) {
	for _, setting := range []program.MidPeriod{program.ByDate, program.AtEnd} {
		v := version(1, calendar.Span{From: "2026-01-16"}, component(`{"quota":{"amount":"310"}}`))
		v.Definition.MidPeriod = setting
		o := calculate(t, compile(t, v), input(month("2026-01"))).Components[0]
		if o.Quota.String() != "160" {
			t.Errorf("%s: the quota of 16 of 31 days is %s", setting, o.Quota)
		}
	}
}

// TestAVersionThatFollowsLooksBack has a year to date in which the version changes in the middle of March.
func TestAVersionThatFollowsLooksBack(t *testing.T) {
	at := func(pay string) program.Component {
		return component(`{"measure":{"window":"year_to_date","true_up":"at_rate"},"quota":{"amount":"1200"},
			"rate":{"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"500","pay":"` + pay + `"}]}}`)
	}
	plan := compile(t, version(1, calendar.Span{From: "2026-01-01", Until: "2026-03-16"}, at("2%")),
		version(2, calendar.Span{From: "2026-03-16"}, at("3%")))
	r := calculate(t, plan, input(month("2026-03"), credit("a", "2026-01-05", "300"), credit("b", "2026-03-15", "100"), credit("c", "2026-03-16", "100")))
	first, second := r.Components[0], r.Components[1]
	if first.Measure.String() != "400" || first.Exact.String() != "1" || lines(first) != "b 0 1" {
		t.Errorf("the first version has %s and pays %s: %s", first.Measure, first.Exact, lines(first))
	}
	if second.Measure.String() != "500" || second.Exact.String() != "3" || lines(second) != "c 1 3" {
		t.Errorf("the second version has %s and pays %s: %s", second.Measure, second.Exact, lines(second))
	}
	if second.Quota.String() != "300" { // of January to March, 100 each
		t.Errorf("its quota is %s", second.Quota)
	}
}

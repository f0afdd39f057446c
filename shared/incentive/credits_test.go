package incentive_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

// creditCase is a deal in a program of one component, sales, with what is to come of it.
type creditCase struct {
	name   string
	change func(t *testing.T, v *program.Version, c *program.Component)
	world  func(o *office)
	deal   string // what differs from the one that deal makes
	want   []string
	why    []string
}

func (c creditCase) run(t *testing.T) {
	component := salesComponent()
	v := versionOf(1)
	v.Sources["sales"] = resolvedDeals()
	if c.change != nil {
		c.change(t, &v, &component)
	}
	v.Definition.Components = []program.Component{component}
	o := officeOf("a b c d e", "a>b c>b b>d d>e")
	o.leads["lead_1"] = record.Fields{"segment": quote("large")}
	if c.world != nil {
		c.world(o)
	}
	credits, refusals := compiled(t, v).Credit(deal(t, "oppo_1", c.deal), o)
	same(t, "credits", told(credits), c.want)
	same(t, "refusals", why(refusals), c.why)
}

func runAll(t *testing.T, cases []creditCase) {
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}

// rules gives a component credit rules.
func rules(all ...program.CreditRule) func(*testing.T, *program.Version, *program.Component) {
	return func(_ *testing.T, _ *program.Version, c *program.Component) { c.Credit.Rules = all }
}

// source changes where records come from.
func source(change func(*program.Resolved)) func(*testing.T, *program.Version, *program.Component) {
	return func(_ *testing.T, v *program.Version, _ *program.Component) {
		r := v.Sources["sales"]
		change(&r)
		v.Sources["sales"] = r
	}
}

func dated(column string, when ...view.Condition) view.Dating {
	return view.Dating{Column: column, When: when}
}

func equals(column, value string) view.Condition {
	return view.Condition{Column: column, Op: view.Equal, Value: quote(value)}
}

func TestTheDay(t *testing.T) {
	both := source(func(r *program.Resolved) {
		r.Dates = []view.Dating{dated("paid", equals("stage", "paid")), dated("won_at")}
	})
	zone := func(name string) func(*testing.T, *program.Version, *program.Component) {
		return func(t *testing.T, v *program.Version, c *program.Component) {
			both(t, v, c)
			v.Definition.Zone = name
		}
	}
	runAll(t, []creditCase{
		{name: "a date is the day it says", want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "whatever the zone", change: func(_ *testing.T, v *program.Version, _ *program.Component) { v.Definition.Zone = "Pacific/Auckland" },
			want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "an instant lies on a day of the zone", change: zone("America/New_York"), deal: `{"won_at": "2026-03-06T04:59:59Z"}`,
			want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "and on the next one later", change: zone("America/New_York"), deal: `{"won_at": "2026-03-06T05:00:00Z"}`,
			want: []string{"2026-03-06 direct a: 1 = 1000, company"}},
		{name: "a condition that does not hold passes to the next column", change: both, deal: `{"paid": "2026-02-01", "won_at": "2026-03-06T05:00:00Z"}`,
			want: []string{"2026-03-06 direct a: 1 = 1000, company"}},
		{name: "the first one that holds counts", change: both, deal: `{"paid": "2026-02-01", "stage": "paid", "won_at": "2026-03-06T05:00:00Z"}`,
			want: []string{"2026-02-01 direct a: 1 = 1000, company"}},
		{name: "no value passes to the next column", change: both, deal: `{"stage": "paid", "won_at": "2026-03-06T05:00:00Z"}`,
			want: []string{"2026-03-06 direct a: 1 = 1000, company"}},
		{name: "no day", change: both, deal: `{"paid": "2026-02-01"}`, why: []string{"date undated: No day to count on: paid does not count for this record, won_at has no value."}},
		{name: "what is no day", deal: `{"won": "soon"}`, why: []string{`problem: date unreadable_date: won is no day: "soon".`}},
		{name: "a number is no day", deal: `{"won": 20260305}`, why: []string{`problem: date unreadable_date: won is no day: 20260305.`}},
		{name: "the first day of the version", deal: `{"won": "2026-01-01"}`, want: []string{"2026-01-01 direct a: 1 = 1000, company"}},
		{name: "before the first version", deal: `{"won": "2025-12-31"}`},
		{name: "the last day", change: until("2026-03-06"), want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "after the last version", change: until("2026-03-05")},
	})
}

func until(day calendar.Date) func(*testing.T, *program.Version, *program.Component) {
	return func(_ *testing.T, v *program.Version, _ *program.Component) { v.Until = day }
}

func TestTheInstant(t *testing.T) {
	v := versionOf(1, salesComponent())
	r := v.Sources["sales"]
	r.Dates = []view.Dating{dated("won_at"), dated("won")}
	v.Sources["sales"] = r
	v.Definition.Zone = "Asia/Kolkata"
	plan := compiled(t, v)
	for _, c := range []struct{ deal, at string }{
		{`{"won_at": "2026-03-05T23:30:00+05:30"}`, "2026-03-05T18:00:00Z"},
		{``, "2026-03-05T00:00:00Z"},
	} {
		credits, _ := plan.Credit(deal(t, "oppo_1", c.deal), officeOf("a", ""))
		if len(credits) != 1 || credits[0].At.Format("2006-01-02T15:04:05Z07:00") != c.at || credits[0].Date != "2026-03-05" {
			t.Errorf("%s: %v, want %s on 2026-03-05", c.deal, credits, c.at)
		}
	}
}

func TestVersionsFollowEachOther(t *testing.T) {
	versions := func(ways ...program.MidPeriod) *incentive.Plan {
		first, second := versionOf(1, salesComponent()), versionOf(2, salesComponent())
		first.Until, second.From, second.Until = "2026-03-15", "2026-03-15", "2026-05-10"
		first.Definition.MidPeriod, second.Definition.MidPeriod = ways[0], ways[1]
		return compiled(t, second, first)
	}
	for _, c := range []struct {
		ways []program.MidPeriod
		won  string
		want []string
	}{
		{[]program.MidPeriod{"", ""}, "2026-03-14", []string{"2026-03-14 direct a: 1 = 1000, company"}},
		{[]program.MidPeriod{"", ""}, "2026-03-15", []string{"2026-03-15 direct a: 1 = 1000, company, version 2"}},
		{[]program.MidPeriod{"", program.AtEnd}, "2026-03-14", []string{"2026-03-14 direct a: 1 = 1000, company, version 2"}},
		{[]program.MidPeriod{"", program.AtEnd}, "2026-02-28", []string{"2026-02-28 direct a: 1 = 1000, company"}},
		{[]program.MidPeriod{program.AtEnd, program.ByDate}, "2026-03-14", []string{"2026-03-14 direct a: 1 = 1000, company"}},
		{[]program.MidPeriod{program.AtEnd, program.ByDate}, "2026-03-15", []string{"2026-03-15 direct a: 1 = 1000, company, version 2"}},
		{[]program.MidPeriod{"", program.AtEnd}, "2026-05-09", []string{"2026-05-09 direct a: 1 = 1000, company, version 2"}},
		{[]program.MidPeriod{"", program.AtEnd}, "2026-05-10", nil},
		{[]program.MidPeriod{"", program.AtEnd}, "2025-12-31", nil},
	} {
		credits, refusals := versions(c.ways...).Credit(deal(t, "oppo_1", `{"won": "`+c.won+`"}`), officeOf("a", ""))
		same(t, c.won+" "+string(c.ways[1]), told(credits), c.want)
		same(t, "refusals", why(refusals), nil)
	}
}

// TestADealCountsOnce is about versions that date a deal by other columns: it is not to be paid by both.
func TestADealCountsOnce(t *testing.T) {
	first, second := versionOf(1, salesComponent()), versionOf(2, salesComponent())
	first.Until, second.From = "2026-04-01", "2026-04-01"
	r := second.Sources["sales"]
	r.Dates = []view.Dating{dated("paid")}
	second.Sources["sales"] = r
	plan := compiled(t, first, second)
	for _, c := range []struct {
		deal string
		want []string
		why  []string
	}{
		{`{"paid": "2026-04-20"}`, []string{"2026-03-05 direct a: 1 = 1000, company"}, nil},
		{`{"won": "2026-04-02", "paid": "2026-04-20"}`, []string{"2026-04-20 direct a: 1 = 1000, company, version 2"}, nil},
		{`{"won": "2026-04-02"}`, nil, []string{"date undated: No day to count on: paid has no value."}},
		{`{"won": null}`, nil, []string{"date undated: No day to count on: paid has no value."}},
	} {
		credits, refusals := plan.Credit(deal(t, "oppo_1", c.deal), officeOf("a", ""))
		same(t, c.deal, told(credits), c.want)
		same(t, c.deal, why(refusals), c.why)
	}
}

// TestEachCreditHasItsID takes one record, or nearly the same, through two components.
func TestEachCreditHasItsID(t *testing.T) {
	other := salesComponent()
	other.Name = "other"
	plan := compiled(t, versionOf(1, salesComponent(), other))
	seen := map[string]string{}
	for name, change := range map[string]func(*record.Key){
		"the record": func(*record.Key) {}, "another id": func(k *record.Key) { k.ID = "oppo_2" }, "another organization": func(k *record.Key) { k.Organization = "org_2" },
	} {
		base := deal(t, "oppo_1", "")
		change(&base.Record.Key)
		credits, _ := plan.Credit(base, officeOf("a", ""))
		if len(credits) != 2 {
			t.Errorf("%s: %d credits", name, len(credits))
		}
		for _, c := range credits {
			if before, taken := seen[c.ID]; taken {
				t.Errorf("%s in %s has the id of %s", name, c.Component, before)
			}
			seen[c.ID] = name + " in " + c.Component
		}
	}
}

func TestWhatIsGoneCountsForNothing(t *testing.T) {
	plan := compiled(t, versionOf(1, salesComponent()))
	gone := deal(t, "oppo_1", "")
	gone.Record.Deleted = true
	other := deal(t, "call_1", "")
	other.Record.Object = "activity.call"
	abroad := deal(t, "oppo_1", "")
	abroad.Record.Connection = "conn_2"
	for _, base := range []incentive.Base{gone, other, abroad, {}} {
		if credits, refusals := plan.Credit(base, officeOf("a", "")); len(credits)+len(refusals) > 0 {
			t.Errorf("%v gave %v and %v", base.Record, credits, refusals)
		}
	}
}

func TestQualifying(t *testing.T) {
	won := program.Qualifier{Name: "Won only", Formula: `row.status == "won"`}
	asked := func(qs ...program.Qualifier) func(*testing.T, *program.Version, *program.Component) {
		return func(_ *testing.T, _ *program.Version, c *program.Component) { c.Qualifiers = qs }
	}
	filters := source(func(r *program.Resolved) {
		r.View.Filter, r.Filter = []view.Condition{equals("status", "won")}, []view.Condition{{Column: "region", Op: view.NotNull}, {Column: "value", Op: view.GreaterOrEqual, Value: json.RawMessage("500")}}
	})
	counts := []string{"2026-03-05 direct a: 1 = 1000, company"}
	runAll(t, []creditCase{
		{name: "holds", change: asked(won), want: counts},
		{name: "does not", change: asked(won), deal: `{"status": "active"}`, why: []string{`qualify not_qualified: Won only: row.status == "won": status is "active"`}},
		{name: "the first that fails is named", change: asked(won, program.Qualifier{Name: "Large", Formula: "row.value > 5000"}), deal: `{"value": 10}`,
			why: []string{`qualify not_qualified: Large: row.value > 5000: value is 10`}},
		{name: "no value", change: asked(program.Qualifier{Name: "EU", Formula: `row.region == "EU"`}), why: []string{`qualify no_value: EU: region has no value.`}},
		{name: "asked for beforehand", change: asked(program.Qualifier{Name: "EU", Formula: `!has(row.region) || row.region == "EU"`}), want: counts},
		{name: "division by zero", change: asked(program.Qualifier{Name: "Price", Formula: `row.value / row.seats > 10`}), deal: `{"seats": 0}`,
			why: []string{`problem: qualify formula_failed: Price: A division by zero.`}},
		{name: "joined", change: asked(program.Qualifier{Name: "Large customers", Formula: "row.`lead.segment` == \"large\""}), want: counts},
		{name: "filters pass", change: filters, deal: `{"region": "EU"}`, want: counts},
		{name: "the view's filter", change: filters, deal: `{"status": "lost"}`, why: []string{`qualify not_qualified: status must be "won", and it is "lost".`}},
		{name: "the variable's filter", change: filters, why: []string{`qualify not_qualified: region must have a value, and it has no value.`}},
		{name: "all of it", change: filters, deal: `{"region": "EU", "value": 499.99}`, why: []string{`qualify not_qualified: value must be at least 500, and it is 499.99.`}},
	})
}

func TestWorth(t *testing.T) {
	amounts := func(change func(c *program.Component)) func(*testing.T, *program.Version, *program.Component) {
		return func(_ *testing.T, _ *program.Version, c *program.Component) { change(c) }
	}
	runAll(t, []creditCase{
		{name: "none is one", change: amounts(func(c *program.Component) { c.Value = "" }), want: []string{"2026-03-05 direct a: 1 = 1, company"}},
		{name: "a number", change: amounts(func(c *program.Component) { c.Value = "2.5" }), want: []string{"2026-03-05 direct a: 1 = 2.5, company"}},
		{name: "a formula", change: amounts(func(c *program.Component) { c.Value = "row.value / 3" }), want: []string{"2026-03-05 direct a: 1 = 1000/3, company"}},
		{name: "all digits", deal: `{"value": 12345678901234567.89}`, want: []string{"2026-03-05 direct a: 1 = 12345678901234567.89, company"}},
		{name: "no value", deal: `{"value": null}`, why: []string{"problem: value no_value: What it is worth: value has no value."}},
		{name: "division by zero", change: amounts(func(c *program.Component) { c.Value = "row.value / row.seats" }), deal: `{"seats": 0}`,
			why: []string{"problem: value formula_failed: What it is worth: A division by zero."}},
		{name: "weight and key", change: amounts(func(c *program.Component) { c.Weight, c.Key = "row.seats * 2", "row.region" }), deal: `{"seats": 4, "region": "EU"}`,
			want: []string{"2026-03-05 direct a: 1 = 1000, company, key EU, weight 8"}},
		{name: "no weight", change: amounts(func(c *program.Component) { c.Weight = "row.seats" }), why: []string{"problem: value no_value: Its weight: seats has no value."}},
		{name: "no key", change: amounts(func(c *program.Component) { c.Key = "row.region" }), why: []string{"problem: value no_value: Its key: region has no value."}},
		{name: "dimensions and release", change: amounts(func(c *program.Component) {
			c.Rate = &program.Rate{Dimensions: []program.Dimension{{Name: "where", Column: "region"}, {Name: "much", By: &program.By{}}}}
			c.Hold = &program.Hold{ReleaseDate: "paid"}
		}), deal: `{"region": "EU", "paid": "2026-04-01"}`, want: []string{`2026-03-05 direct a: 1 = 1000, company, released 2026-04-01, where "EU"`}},
		{name: "not paid yet", change: amounts(func(c *program.Component) { c.Hold = &program.Hold{ReleaseDate: "paid"} }), want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "released after days", change: amounts(func(c *program.Component) { c.Hold = &program.Hold{AfterDays: 30} }),
			want: []string{"2026-03-05 direct a: 1 = 1000, company, released 2026-04-04"}},
		{name: "released by hand", change: amounts(func(c *program.Component) { c.Hold = &program.Hold{} }), want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "a dimension without a value", change: amounts(func(c *program.Component) {
			c.Rate = &program.Rate{Dimensions: []program.Dimension{{Name: "where", Column: "region"}}}
		}), want: []string{`2026-03-05 direct a: 1 = 1000, company, where ""`}},
	})
}

func TestCurrencies(t *testing.T) {
	convert := func(on program.RateDate) func(*testing.T, *program.Version, *program.Component) {
		return func(_ *testing.T, v *program.Version, c *program.Component) {
			c.Currency, v.Definition.Exchange.On = "row.currency", on
		}
	}
	rates := func(o *office) {
		for _, r := range []struct {
			from calendar.Date
			rate number.Number
		}{{"2026-03-01", number.Frac(11, 10)}, {"2026-03-05", number.Frac(12, 10)}, {"2026-03-31", number.Frac(123456789, 100000000)}} {
			o.rates = append([]money.Rate{{From: "EUR", To: "USD", Value: r.rate, Span: calendar.Span{From: r.from}, Rev: 7}}, o.rates...)
		}
	}
	runAll(t, []creditCase{
		{name: "the record's day", change: convert(""), world: rates, deal: `{"currency": "EUR"}`, want: []string{"2026-03-05 direct a: 1 = 1200, company, 1000 EUR"}},
		{name: "the same, said", change: convert(program.OnRecordDate), world: rates, deal: `{"currency": "EUR"}`, want: []string{"2026-03-05 direct a: 1 = 1200, company, 1000 EUR"}},
		{name: "the period's first day", change: convert(program.OnPeriodStart), world: rates, deal: `{"currency": "EUR"}`, want: []string{"2026-03-05 direct a: 1 = 1100, company, 1000 EUR"}},
		{name: "its last day", change: convert(program.OnPeriodEnd), world: rates, deal: `{"currency": "EUR"}`, want: []string{"2026-03-05 direct a: 1 = 1234.56789, company, 1000 EUR"}},
		{name: "the program's own needs no rate", change: convert(""), deal: `{"currency": "USD"}`, want: []string{"2026-03-05 direct a: 1 = 1000, company, 1000 USD"}},
		{name: "no rate", change: convert(""), world: rates, deal: `{"currency": "EUR", "won": "2026-02-28"}`,
			why: []string{"problem: convert no_rate: There is no exchange rate from EUR to USD for 2026-02-28."}},
		{name: "no currency", change: convert(""), why: []string{"problem: value no_value: Its currency: currency has no value."}},
		{name: "an unknown one", change: convert(""), deal: `{"currency": "Euro"}`, why: []string{`problem: value unknown_currency: Its currency is "Euro", which is no code of ISO 4217.`}},
	})
	component := salesComponent()
	component.Currency = "row.currency"
	o := officeOf("a", "")
	rates(o)
	credits, _ := compiled(t, versionOf(1, component)).Credit(deal(t, "oppo_1", `{"currency": "EUR"}`), o)
	if len(credits) != 1 || credits[0].Rate == nil || credits[0].Rate.Rev != 7 || !credits[0].Rate.Value.Equal(number.Frac(12, 10)) {
		t.Errorf("the credit does not name the rate: %+v", credits)
	}
}

func TestTooManyCredits(t *testing.T) {
	component := salesComponent()
	var members []string
	for i := range incentive.MaxCredits {
		members = append(members, "m"+strings.Repeat("i", i))
	}
	o := officeOf(strings.Join(members, " "), "")
	for _, m := range members {
		o.teams[m] = []since{{"", "north"}}
	}
	component.Credit.Rules = []program.CreditRule{{Kind: program.Overlay, To: &program.Recipient{Team: "north"}}}
	plan := compiled(t, versionOf(1, component))
	credits, refusals := plan.Credit(deal(t, "oppo_1", `{"user_id": "user_m"}`), o)
	if len(credits) != incentive.MaxCredits || len(refusals) > 0 {
		t.Errorf("%d credits, refused: %v", len(credits), why(refusals))
	}
	if !slices.IsSortedFunc(credits, func(a, b incentive.Credit) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the credits are not in the order of their ids")
	}
	component.Credit.Rules = append(component.Credit.Rules, program.CreditRule{Kind: program.Direct})
	credits, refusals = compiled(t, versionOf(1, component)).Credit(deal(t, "oppo_1", `{"user_id": "user_m"}`), o)
	same(t, "credits", told(credits), nil)
	same(t, "refusals", why(refusals), []string{"problem: credit too_many_credits: The record would give 91 credits, and one gives at most 90: name fewer people, or make the program several."})
}

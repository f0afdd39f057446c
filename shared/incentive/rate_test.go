package incentive_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/incentive"
	"leadline/shared/program"
)

// TestRateTables has three tiers, 5 %, 7 % and 10 %, and what several tables come to at several places.
func TestRateTables(t *testing.T) {
	const tiers = `"tiers":[{"from":"0","pay":"5%"},{"from":"50000","pay":"7%"},{"from":"100000","pay":"10%"}]`
	for _, c := range []struct {
		name, rate string
		want       map[string]string // by measure
	}{
		{"marginal", tiers, map[string]string{"175000": "13500", "0": "0", "50000": "2500", "50001": "2500.07", "-100": "-5", "100000": "6000"}},
		{"marginal, said", `"mode":"marginal","boundary":"upper",` + tiers, map[string]string{"175000": "13500", "50000": "2500"}},
		{"whole", `"mode":"whole",` + tiers, map[string]string{"175000": "17500", "0": "0", "49999": "2499.95", "50000": "3500", "-100": "-5", "100000": "10000"}},
		{"whole, lower", `"mode":"whole","boundary":"lower",` + tiers, map[string]string{"50000": "3500"}},
		{"whole, upper", `"mode":"whole","boundary":"upper",` + tiers, map[string]string{"50000": "2500", "50000.01": "3500.0007", "100000": "7000", "0": "0"}},
		{"interpolated", `"mode":"interpolated",` + tiers, map[string]string{"0": "0", "25000": "1500", "50000": "3500", "75000": "6375", "100000": "10000", "175000": "17500", "-100": "-5"}},
		{"a retroactive step, then an accelerator", `"tiers":[{"from":"0","pay":"5%"},{"from":"50000","pay":"7%","mode":"whole"},{"from":"100000","pay":"10%"}]`,
			map[string]string{"49999": "2499.95", "50000": "3500", "99999": "6999.93", "100000": "7000", "175000": "14500"}},
		{"an accelerator, then a retroactive step", `"mode":"whole","tiers":[{"from":"0","pay":"5%","mode":"marginal"},{"from":"50000","pay":"7%","mode":"marginal"},{"from":"100000","pay":"10%"}]`,
			map[string]string{"60000": "3200", "100000": "10000"}},
		{"interpolated, then marginal", `"tiers":[{"from":"0","pay":"5%","mode":"interpolated"},{"from":"50000","pay":"7%"}]`,
			map[string]string{"25000": "1500", "50000": "3500", "60000": "4200"}},
		{"amounts, marginal", `"pays":"amount","tiers":[{"from":"0","pay":"10"},{"from":"50","pay":"100"},{"from":"100","pay":"1000"}]`,
			map[string]string{"0": "10", "49": "10", "50": "110", "100": "1110", "-1": "10"}},
		{"amounts, marginal, upper", `"pays":"amount","boundary":"upper","tiers":[{"from":"0","pay":"10"},{"from":"50","pay":"100"}]`,
			map[string]string{"0": "10", "50": "10", "51": "110"}},
		{"amounts, whole", `"pays":"amount","mode":"whole","tiers":[{"from":"0","pay":"10"},{"from":"50","pay":"100"},{"from":"100","pay":"1000"}]`,
			map[string]string{"0": "10", "49": "10", "50": "100", "100": "1000", "1000": "1000"}},
		{"amounts, interpolated", `"pays":"amount","mode":"interpolated","tiers":[{"from":"0","pay":"0"},{"from":"50","pay":"100"},{"from":"100","pay":"1000"}]`,
			map[string]string{"0": "0", "25": "50", "50": "100", "75": "550", "100": "1000", "1000": "1000", "-5": "0"}},
		{"amounts, mixed", `"pays":"amount","tiers":[{"from":"0","pay":"10"},{"from":"50","pay":"100","mode":"whole"},{"from":"100","pay":"1000"}]`,
			map[string]string{"49": "10", "50": "100", "100": "1100"}},
		{"for each one", `"of":"count","tiers":[{"from":"0","pay":"10"},{"from":"50","pay":"20"}]`, map[string]string{"40": "10", "100": "15"}},
		{"by count", `"by":{"of":"count"},"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"2%"}]`, map[string]string{"40": "0.8"}},
		{"by what this one has not earned yet", `"by":{"of":"earned"},"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"2%"}]`, map[string]string{"40": "0.4"}},
	} {
		for measure, want := range c.want {
			o := outcome(t, `{"rate":{`+c.rate+`}}`, credits("2026-01", measure)...)
			if o.Exact.String() != want {
				t.Errorf("%s: %s pays %s, want %s", c.name, measure, o.Exact, want)
			}
		}
	}
}

func TestADealAcrossATierWithEarlierOnes(t *testing.T) {
	o := outcome(t, `{"rate":{"tiers":[{"from":"0","pay":"4%"},{"from":"150000","pay":"6%"},{"from":"250000","pay":"8%"}]}}`,
		credits("2026-01", "145000", "20000")...)
	if got := lines(o); got != "a 0 5800, b 0 200, b 1 900" {
		t.Errorf("the lines are %s", got)
	}
	l := o.Lines[2]
	if got := fmt.Sprintln(l.From, l.To, l.Base, l.Rate, l.Kind, l.Step, l.Amount); got != "150000 165000 15000 0.06 rate -1 90000\n" {
		t.Errorf("the part in the upper tier says %s", got)
	}
}

// TestADealAfterEarlierMonths stands where the months before it in the year have come to.
func TestADealAfterEarlierMonths(t *testing.T) {
	plan := compile(t, version(1, always(), component(`{"measure":{"window":"year_to_date","true_up":"at_rate"},
		"rate":{"tiers":[{"from":"0","pay":"4%"},{"from":"150000","pay":"6%"},{"from":"250000","pay":"8%"}]}}`)))
	r := calculate(t, plan, input(month("2026-03"), credit("a", "2026-02-27", "145000"), credit("b", "2026-03-01", "20000")))
	if r.Earned != 110000 || lines(r.Components[0]) != "b 0 200, b 1 900" {
		t.Errorf("the deal earns %d: %s", r.Earned, lines(r.Components[0]))
	}
}

// TestWhatTakesUpNoPlace is a second credit for one deal, where deals are counted: it is paid in the tier that owns the place.
func TestWhatTakesUpNoPlace(t *testing.T) {
	first := credit("a", "2026-01-05", "100")
	second := first
	second.ID, second.Kind = "c-a2", program.Overlay
	for boundary, want := range map[string]string{"lower": "a 0 1, a2 1 2", "upper": "a 0 1, a2 0 1"} {
		o := outcome(t, `{"rate":{"by":{"of":"count"},"boundary":"`+boundary+`","tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"2%"}]}}`, first, second)
		if got := lines(o); got != want {
			t.Errorf("%s: %s, want %s", boundary, got, want)
		}
	}
}

// TestWhatGoesBackDown takes away at the rates that it passes, also below where the period began.
func TestWhatGoesBackDown(t *testing.T) {
	const tiers = `"tiers":[{"from":"0","pay":"1%"},{"from":"100","pay":"10%"}]`
	sale, refund := credit("a", "2026-01-05", "150"), credit("b", "2026-01-06", "-200")
	if got := lines(outcome(t, `{"rate":{`+tiers+`}}`, sale, refund)); got != "a 0 1, a 1 5, b 1 -5, b 0 -1.5" {
		t.Errorf("the lines are %s", got)
	}
	bound := credit("a", "2026-01-05", "100")
	if got := lines(outcome(t, `{"rate":{`+tiers+`}}`, bound, refund)); got != "a 0 1, b 0 -2" {
		t.Errorf("from a bound, the lines are %s", got)
	}
	refund.Date = "2026-02-01"
	plan := compile(t, version(1, always(), component(`{"measure":{"window":"year_to_date","true_up":"at_rate"},"rate":{`+tiers+`}}`)))
	if got := lines(calculate(t, plan, input(month("2026-02"), sale, refund)).Components[0]); got != "b 1 -5, b 0 -1.5" {
		t.Errorf("a month later the lines are %s", got)
	}
}

func TestEachCreditByItself(t *testing.T) {
	const tiers = `"tiers":[{"from":"0","pay":"1%"},{"from":"1000","pay":"2%"},{"from":"3000","pay":"3%"},{"from":"8000","pay":"5%"}]`
	values := credits("2026-01", "200", "300", "1500", "1200", "2000", "4500")
	o := outcome(t, `{"rate":{"each":true,`+tiers+`}}`, values...)
	if got := lines(o); got != "a 0 2, b 0 3, c 0 10, c 1 10, d 0 10, d 1 4, e 0 10, e 1 20, f 0 10, f 1 40, f 2 45" || o.Amount != 16400 {
		t.Errorf("the lines are %s, the amount %d", got, o.Amount)
	}
	together := outcome(t, `{"rate":{`+tiers+`}}`, values...) // 9,700 on one axis
	if together.Exact.String() != "285" {
		t.Errorf("together they pay %s", together.Exact)
	}
	bonus := outcome(t, `{"rate":{"each":true,"pays":"amount","mode":"whole","tiers":[{"from":"0","pay":"0"},{"from":"1500","pay":"50"},{"from":"4000","pay":"80"}]}}`, values...)
	if got := lines(bonus); got != "c 1 50, e 1 50, f 2 80" {
		t.Errorf("the bonus for each deal is %s", got)
	}
	// By what another component has, each of them is paid alike.
	r := calculate(t, compile(t, version(1, always(), component(`{"rate":{"each":true,"by":{"component":"calls"},"mode":"whole",`+tiers+`}}`), component(`{"name":"calls"}`))),
		input(month("2026-01"), append(values[4:], func() incentive.Credit {
			c := credit("z", "2026-01-02", "1000")
			c.Component = "calls"
			return c
		}())...))
	if got := lines(r.Components[0]); got != "e 1 40, f 1 90" {
		t.Errorf("by the calls, each is paid %s", got)
	}
	// What is taken away of each is what it brought, in its own tiers.
	for _, rate := range []string{tiers, `"mode":"whole",` + tiers, `"pays":"amount","mode":"whole","tiers":[{"from":"0","pay":"1"},{"from":"4000","pay":"80"}]`} {
		big := credit("g", "2026-01-10", "4500")
		o := outcome(t, `{"rate":{"each":true,`+rate+`}}`, big, reversal(big, "2026-01-20"))
		if !o.Exact.IsZero() || len(o.Lines) < 2 {
			t.Errorf("%s: an amount and its reversal come to %s", rate, o.Exact)
		}
	}
}

// TestAttainment has a quota of 500,000 and 100,000 at target.
func TestAttainment(t *testing.T) {
	const plan = `{"quota":{"amount":"500000"},"rate":{"by":{"of":"attainment"},"of":"target","target":{"amount":"100000"},%s}}`
	for _, c := range []struct{ name, rate, measure, want string }{
		{"accelerators", `"tiers":[{"from":"0","pay":"1"},{"from":"1","pay":"1.5"},{"from":"1.3","pay":"2"}]`, "650000", "145000"},
		{"beyond the last", `"tiers":[{"from":"0","pay":"1"},{"from":"1","pay":"1.5"},{"from":"1.3","pay":"2"}]`, "750000", "185000"},
		{"a decelerator", `"mode":"whole","tiers":[{"from":"0","pay":"0.5"},{"from":"50%","pay":"1"}]`, "200000", "20000"},
		{"none of it", `"mode":"whole","tiers":[{"from":"0","pay":"0.5"},{"from":"50%","pay":"1"}]`, "250000", "50000"},
	} {
		o := outcome(t, fmt.Sprintf(plan, c.rate), credits("2026-01", c.measure)...)
		if o.Exact.String() != c.want {
			t.Errorf("%s: %s pays %s, want %s", c.name, c.measure, o.Exact, c.want)
		}
	}
	// The rate may as well be on the measure, in parts that attainment says.
	o := outcome(t, `{"quota":{"amount":"300"},"rate":{"by":{"of":"attainment"},"tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"2%"}]}}`, credits("2026-01", "100", "100", "200")...)
	if got := lines(o); got != "a 0 1, b 0 2, c 0 1, c 1 2" && got != "a 0 1, b 0 1, c 0 1, c 1 2" {
		t.Errorf("the lines are %s", got)
	}
}

func TestTargetWithoutAQuota(t *testing.T) {
	o := outcome(t, `{"measure":{"kind":"average"},"rate":{"of":"target","target":{"amount":"1000"},"mode":"whole","tiers":[{"from":"0","pay":"0"},{"from":"3","pay":"50%"},{"from":"5","pay":"1"}]}}`,
		credits("2026-01", "4", "5")...)
	if o.Measure.String() != "4.5" || o.Exact.String() != "500" || len(o.Lines) != 1 || o.Lines[0].Credit != "" {
		t.Errorf("a mean of %s pays %s: %s", o.Measure, o.Exact, lines(o))
	}
}

// TestMeasuresThatAreNoSums look at the table once, for the figure.
func TestMeasuresThatAreNoSums(t *testing.T) {
	const tiers = `"tiers":[{"from":"0","pay":"10%"},{"from":"100","pay":"20%"}]`
	for _, c := range []struct{ name, rate, want string }{
		{"of the mean, marginal", tiers, " 0 10,  1 10"},
		{"of the mean, whole", `"mode":"whole",` + tiers, " 1 30"},
		{"of the values, whole", `"mode":"whole","of":"value",` + tiers, "a 1 20, b 1 40"},
		{"of the values, marginal", `"of":"value",` + tiers, "a 0 20/3, a 1 20/3, b 0 40/3, b 1 40/3"},
		{"of the count", `"mode":"whole","of":"count",` + tiers, "a 1 0.2, b 1 0.2"},
	} {
		o := outcome(t, `{"measure":{"kind":"average"},"rate":{`+c.rate+`}}`, credits("2026-01", "100", "200")...)
		if got := lines(o); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestATableByAnotherComponent(t *testing.T) {
	calls := component(`{"name":"calls","measure":{"kind":"count"},"quota":{"amount":"4"}}`)
	for _, c := range []struct{ by, rate, want string }{
		{"attainment", `"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"50%","pay":"2%"}]`, "a 1 2"},
		{"count", `"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"3","pay":"2%"}]`, "a 0 1"},
		{"measure", `"mode":"interpolated","tiers":[{"from":"0","pay":"0"},{"from":"4","pay":"2%"}]`, "a 0 1"},
		{"earned", `"mode":"whole","tiers":[{"from":"0","pay":"1%"},{"from":"1","pay":"2%"}]`, "a 0 1"},
		{"attainment", `"of":"target","target":{"amount":"1000"},"mode":"whole","tiers":[{"from":"0","pay":"1"}]`, " 0 500"},
	} {
		sales := component(`{"rate":{"by":{"component":"calls","of":"` + c.by + `"},` + c.rate + `}}`)
		in := input(month("2026-01"), credit("a", "2026-01-02", "100"))
		for _, id := range []string{"x", "y"} {
			call := credit(id, "2026-01-03", "1")
			call.Component = "calls"
			in.Credits = append(in.Credits, call)
		}
		r := calculate(t, compile(t, version(1, always(), sales, calls)), in)
		if got := lines(r.Components[0]); got != c.want {
			t.Errorf("by %s: %s, want %s", c.by, got, c.want)
		}
		if r.Components[1].Why.Code != incentive.WhyNoRate {
			t.Errorf("calls: %+v", r.Components[1].Why)
		}
	}
}

func TestDimensions(t *testing.T) {
	in := func(id, product, region string) incentive.Credit {
		c := credit(id, "2026-01-05", "100")
		c.Cell = map[string]string{"product": product, "region": region}
		return c
	}
	const columns = `"dimensions":[{"name":"product","column":"product"},{"name":"region","column":"region"}]`
	cell := func(product, region, tiers string) string {
		return fmt.Sprintf(`{"at":{"product":%q,"region":%q},"tiers":[%s]}`, product, region, tiers)
	}
	flat := func(pay string) string { return `{"from":"0","pay":"` + pay + `"}` }
	cells := `"cells":[` + strings.Join([]string{
		cell("x", "eu", flat("1%")), cell("x", "*", flat("2%")), cell("*", "eu", flat("3%")),
		cell("*", "*", flat("4%")+`,{"from":"350","pay":"8%"}`)}, ",") + `]`
	all := []incentive.Credit{in("a", "x", "eu"), in("b", "x", "us"), in("c", "y", "eu"), in("d", "y", "us"), in("e", "", "")}
	o := outcome(t, `{"rate":{`+columns+`,`+cells+`}}`, all...)
	// All stand on one axis: the fourth takes it from 300 to 400.
	if got := lines(o); got != "a 0 1, b 0 2, c 0 3, d 0 2, d 1 4, e 1 8" {
		t.Errorf("the lines are %s", got)
	}
	if o.Lines[3].Cell != 3 || o.Lines[1].Cell != 1 {
		t.Errorf("the cells are %d and %d", o.Lines[3].Cell, o.Lines[1].Cell)
	}
	// Of two that fit alike, the one that names the value of the first column is nearer.
	o = outcome(t, `{"rate":{`+columns+`,"cells":[`+cell("*", "eu", flat("3%"))+`,`+cell("x", "*", flat("2%"))+`]}}`, all[0], all[2])
	if got := lines(o); got != "a 0 2, c 0 3" {
		t.Errorf("the lines are %s", got)
	}
	// Fixed amounts: each cell in which a credit lies pays its own.
	o = outcome(t, `{"rate":{"pays":"amount",`+columns+`,`+cells+`}}`, all[0], all[0], all[1])
	if got := lines(o); got != " 0 0.01,  0 0.02" {
		t.Errorf("the amounts are %s", got)
	}
	// A credit for which there is no cell is told.
	o = outcome(t, `{"rate":{`+columns+`,"cells":[`+cell("x", "eu", flat("1%"))+`]}}`, all[0], all[1])
	if len(o.Lines) != 2 || o.Lines[1].Note == "" || o.Exact.String() != "1" {
		t.Errorf("without a cell: %s, %q", lines(o), o.Lines[1].Note)
	}
}

// TestOneThatLooksAtALaterOne is paid after it.
func TestOneThatLooksAtALaterOne(t *testing.T) {
	first := component(`{"rate":{"by":{"component":"later","of":"earned"},"of":"count","mode":"whole","tiers":[{"from":"0","pay":"1"},{"from":"5","pay":"2"}]}}`)
	later := component(`{"name":"later","rate":{"tiers":[{"from":"0","pay":"50%"}]}}`)
	deal := credit("a", "2026-01-05", "10")
	deal.Component = "later"
	r := calculate(t, compile(t, version(1, always(), first, later)), input(month("2026-01"), deal, credit("b", "2026-01-05", "1")))
	if got := lines(r.Components[0]); got != "b 1 2" {
		t.Errorf("the lines are %s", got)
	}
}

// TestTheOrderOfADay goes by the instant, then the record.
func TestTheOrderOfADay(t *testing.T) {
	a, b, c := credit("a", "2026-01-05", "1"), credit("b", "2026-01-05", "1"), credit("c", "2026-01-05", "1")
	a.At = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	o := outcome(t, `{"rate":{"tiers":[{"from":"0","pay":"1"},{"from":"1","pay":"2"},{"from":"2","pay":"3"}]}}`, a, c, b)
	if got := lines(o); got != "b 0 1, c 1 2, a 2 3" {
		t.Errorf("the lines are %s", got)
	}
}

func TestADimensionInSteps(t *testing.T) {
	for _, c := range []struct {
		calls    int
		boundary string
		want     string
	}{{0, "lower", "1"}, {1, "lower", "1"}, {2, "lower", "2"}, {2, "upper", "1"}, {3, "upper", "2"}, {9, "lower", "2"}} {
		sales := component(`{"rate":{"boundary":"` + c.boundary + `","dimensions":[{"name":"calls","by":{"component":"calls"},"from":["0","2"]}],
			"cells":[{"at":{"calls":"2.0"},"tiers":[{"from":"0","pay":"2%"}]},{"at":{"calls":"0"},"tiers":[{"from":"0","pay":"1%"}]}]}}`)
		calls := component(`{"name":"calls","measure":{"kind":"count"}}`)
		in := input(month("2026-01"), credit("a", "2026-01-02", "100"))
		for n := range c.calls {
			call := credit(fmt.Sprint(n), "2026-01-03", "1")
			call.Component = "calls"
			in.Credits = append(in.Credits, call)
		}
		o := calculate(t, compile(t, version(1, always(), sales, calls)), in).Components[0]
		if o.Exact.String() != c.want {
			t.Errorf("%d calls, %s: %s, want %s", c.calls, c.boundary, o.Exact, c.want)
		}
	}
}

func TestTablesThatCannotBeLookedAt(t *testing.T) {
	for _, rate := range []string{
		`"dimensions":[{"name":"n","by":{"component":"sales"},"from":["0","2"]}],"cells":[{"at":{"n":"1"},"tiers":[]}]`,
		`"dimensions":[{"name":"n","by":{"component":"sales"},"from":["0","2"]}],"cells":[{"at":{"n":"x"},"tiers":[]}]`,
		`"dimensions":[{"name":"n","column":"product"}],"cells":[{"at":{"n":"x"},"tiers":[]},{"at":{"n":"x"},"tiers":[]}]`,
		`"dimensions":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"},{"name":"e"}],"cells":[{"tiers":[]}]`,
	} {
		if _, err := incentive.Compile([]program.Version{version(1, always(), component(`{"rate":{`+rate+`}}`))}); err == nil {
			t.Errorf("%s is compiled", rate)
		}
	}
}

func TestSplitAndOverlayCredits(t *testing.T) {
	rep := func(id string, kind program.CreditKind, value, share string) incentive.Credit {
		c := credit("deal", "2026-01-05", value)
		c.ID, c.Kind, c.Share = id, kind, exactly(share)
		return c
	}
	revenue := component(`{"name":"revenue","measure":{"of":["split","direct"]},"rate":{"tiers":[{"from":"0","pay":"5%"}]}}`)
	overlay := component(`{"name":"overlay","measure":{"of":["overlay"]},"rate":{"tiers":[{"from":"0","pay":"2%"}]}}`)
	plan := compile(t, version(1, always(), revenue, overlay))
	var a []incentive.Credit
	for _, name := range []string{"revenue", "overlay"} {
		for _, c := range []incentive.Credit{rep("1", program.Split, "20000", "50%"), rep("2", program.Overlay, "8000", "20%")} {
			c.Component, c.ID = name, name+c.ID
			a = append(a, c)
		}
	}
	r := calculate(t, plan, input(month("2026-01"), a...))
	if r.Components[0].Amount != 100000 || r.Components[1].Amount != 16000 || r.Earned != 116000 {
		t.Errorf("revenue pays %d, overlay %d, together %d", r.Components[0].Amount, r.Components[1].Amount, r.Earned)
	}
	// The team is a participant of its own, with one credit for the whole of the deal.
	team := rep("3", program.Team, "40000", "1")
	team.Component = "revenue"
	in := input(month("2026-01"), team)
	in.Participant = incentive.TeamParticipant("east")
	in.Goals = []incentive.Goal{{Component: "revenue", Amount: exactly("80000"), Span: always()}}
	byTeam := component(`{"name":"revenue","measure":{"of":["team"]},"quota":{}}`)
	if o := calculate(t, compile(t, version(1, always(), byTeam)), in).Components[0]; o.Measure.String() != "40000" || o.Attainment.String() != "0.5" {
		t.Errorf("the team has %s, and attains %s", o.Measure, o.Attainment)
	}
}

package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// plain pays what credits are worth, with these adjustments.
func plain(adjust string) string {
	return `{"rate":{"target":{"amount":"1000"},"tiers":[{"from":"0","pay":"100%"}]},"quota":{"amount":"200"},"adjust":[` + adjust + `]}`
}

// changes writes what an adjustment changed: kind, place, credit and exact amount of each line that is not the table's.
func changes(lines []incentive.Line) string {
	var all []string
	for _, l := range lines {
		if l.Kind != incentive.LineRate {
			line := fmt.Sprintf("%s %d %s %s", l.Kind, l.Step, strings.TrimPrefix(l.Credit, "c-"), l.Exact)
			all = append(all, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(all, ", ")
}

// leavesSum fails where lines do not sum to what they explain, exactly and in minor units.
func leavesSum(t testing.TB, r incentive.Result) {
	t.Helper()
	var earned, payable int64
	for _, o := range r.Components {
		var exact number.Number
		var amount int64
		for _, l := range o.Lines {
			exact, amount = exact.Add(l.Exact), amount+l.Amount
		}
		if !exact.Equal(o.Exact) || amount != o.Amount {
			t.Fatalf("%s: the lines sum to %s and %d, the outcome says %s and %d", o.Component, exact, amount, o.Exact, o.Amount)
		}
		earned += amount
	}
	payable = earned
	for _, limit := range r.Limits {
		if limit.Before != payable {
			t.Fatalf("the limit %d begins with %d, want %d", limit.Step, limit.Before, payable)
		}
		for _, l := range limit.Lines {
			if payable += l.Amount; l.Kind != incentive.LineDraw && l.Kind != incentive.LineRecovery {
				earned += l.Amount
			}
		}
		if limit.After != payable {
			t.Fatalf("the limit %d ends with %d, want %d", limit.Step, limit.After, payable)
		}
	}
	for _, l := range r.Holds {
		payable += l.Amount
	}
	if r.Earned != earned || r.Payable != payable {
		t.Fatalf("earned %d and payable %d, the lines sum to %d and %d", r.Earned, r.Payable, earned, payable)
	}
}

func TestAdjustments(t *testing.T) {
	tests := []struct {
		name   string
		adjust string
		values []string
		want   string // the amount
		lines  string
	}{
		{"gate open", `{"kind":"gate","when":{"of":"measure","least":"100"}}`, []string{"100"}, "100", ""},
		{"gate closed pays nothing by default", `{"kind":"gate","when":{"of":"measure","least":"100.01"}}`, []string{"60", "40"}, "0", "factor 0 a -60, factor 0 b -40"},
		{"gate closed with a factor", `{"kind":"gate","when":{"of":"count","least":"2"},"factor":"0.5"}`, []string{"100"}, "50", "factor 0 a -50"},
		{"gate from below", `{"kind":"gate","when":{"of":"measure","below":"100"}}`, []string{"99.99"}, "99.99", ""},
		{"gate at what it must be below", `{"kind":"gate","when":{"of":"measure","below":"100"}}`, []string{"100"}, "0", "factor 0 a -100"},
		{"gate on attainment", `{"kind":"gate","when":{"of":"attainment","least":"0.5"}}`, []string{"99.99"}, "0", "factor 0 a -99.99"},
		{"multiplier", `{"kind":"multiplier","factor":"1.5"}`, []string{"60", "40"}, "150", "factor 0 a 30, factor 0 b 20"},
		{"multiplier whose condition fails", `{"kind":"multiplier","factor":"1.5","when":{"of":"earned","least":"101"}}`, []string{"100"}, "100", ""},
		{"multiplier by what is earned so far", `{"kind":"multiplier","factor":"2"},{"kind":"multiplier","factor":"2","when":{"of":"earned","least":"200"}}`, []string{"100"}, "400", "factor 0 a 100, factor 1 a 200"},
		{"curve, whole", `{"kind":"multiplier","curve":{"of":"attainment","tiers":[{"from":"0","pay":"0.5"},{"from":"0.5","pay":"1"},{"from":"1","pay":"2"}]}}`, []string{"100"}, "100", ""},
		{"curve, whole, upper owns", `{"kind":"multiplier","curve":{"of":"attainment","boundary":"upper","tiers":[{"from":"0","pay":"0.5"},{"from":"0.5","pay":"1"}]}}`, []string{"100"}, "50", "factor 0 a -50"},
		{"curve, interpolated", `{"kind":"multiplier","curve":{"of":"attainment","mode":"interpolated","tiers":[{"from":"0","pay":"0"},{"from":"1","pay":"2"}]}}`, []string{"50"}, "25", "factor 0 a -25"},
		{"curve, interpolated, beyond the last", `{"kind":"multiplier","curve":{"of":"attainment","mode":"interpolated","tiers":[{"from":"0","pay":"1"},{"from":"1","pay":"2"}]}}`, []string{"500"}, "1000", "factor 0 a 500"},
		{"curve below its first tier", `{"kind":"multiplier","curve":{"of":"measure","mode":"interpolated","tiers":[{"from":"0","pay":"1"},{"from":"100","pay":"2"}]}}`, []string{"-50"}, "-50", ""},
		{"curve, one tier interpolated", `{"kind":"multiplier","curve":{"tiers":[{"from":"0","pay":"1","mode":"interpolated"},{"from":"100","pay":"3"},{"from":"300","pay":"9"}]}}`, []string{"50"}, "100", "factor 0 a 50"},
		{"curve, another flat", `{"kind":"multiplier","curve":{"tiers":[{"from":"0","pay":"1","mode":"interpolated"},{"from":"100","pay":"3"},{"from":"300","pay":"9"}]}}`, []string{"250"}, "750", "factor 0 a 500"},
		{"curve by what another attains, which has no quota", `{"kind":"multiplier","curve":{"of":"attainment","component":"calls","tiers":[{"from":"0","pay":"0"}]}}`, []string{"50"}, "50", ""},
		{"multiplier by nothing", `{"kind":"multiplier"},{"kind":"multiplier","curve":{}}`, []string{"50"}, "50", ""},
		{"kicker", `{"kind":"kicker","amount":"25","when":{"of":"measure","least":"100"}}`, []string{"100"}, "125", "kicker 0 25"},
		{"kicker whose condition fails", `{"kind":"kicker","amount":"25","when":{"of":"measure","least":"100"}}`, []string{"99"}, "99", ""},
		{"kicker as a part of the target", `{"kind":"kicker","of_target":"10%"}`, []string{"1"}, "101", "kicker 0 100"},
		{"cap", `{"kind":"cap","amount":"80"}`, []string{"60", "40"}, "80", "cap 0 -20"},
		{"cap just reached", `{"kind":"cap","amount":"100"}`, []string{"60", "40"}, "100", ""},
		{"cap as a part of the target", `{"kind":"cap","of_target":"0.05"}`, []string{"60"}, "50", "cap 0 -10"},
		{"a kicker below zero", `{"kind":"kicker","amount":"-25"}`, []string{"10"}, "-15", "kicker 0 -25"},
		{"cap whose condition fails", `{"kind":"cap","amount":"80","when":{"of":"count","below":"1"}}`, []string{"100"}, "100", ""},
		{"cap of a sum below zero", `{"kind":"cap","amount":"80"}`, []string{"-100"}, "-100", ""},
		{"cap of deals", `{"kind":"cap_deal","amount":"50"}`, []string{"60", "40", "-70"}, "40", "cap 0 a -10, cap 0 c 20"},
		{"floor", `{"kind":"floor","amount":"80"}`, []string{"60"}, "80", "floor 0 20"},
		{"floor reached", `{"kind":"floor","amount":"80"}`, []string{"80"}, "80", ""},
		{"floor below zero", `{"kind":"floor","amount":"0"}`, []string{"-60"}, "0", "floor 0 60"},
		{"floor without a credit", `{"kind":"floor","amount":"80"}`, nil, "80", "floor 0 80"},
		{"cap, then multiplier", `{"kind":"cap","amount":"80"},{"kind":"multiplier","factor":"2"}`, []string{"100"}, "160", "cap 0 -20, factor 1 a 100, factor 1 -20"},
		{"multiplier, then cap", `{"kind":"multiplier","factor":"2"},{"kind":"cap","amount":"80"}`, []string{"100"}, "80", "factor 0 a 100, cap 1 -120"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := compile(t, version(1, always(), component(plain(test.adjust)), component(`{"name":"calls"}`)))
			o := calculate(t, plan, input(month("2026-01"), credits("2026-01", test.values...)...)).Components[0]
			if want := exactly(test.want); !o.Exact.Equal(want) || changes(o.Lines) != test.lines {
				t.Errorf("%s by %q, want %s by %q", o.Exact, changes(o.Lines), want, test.lines)
			}
		})
	}
}

func TestAClosedGateSaysWhatItAskedFor(t *testing.T) {
	tests := []struct{ when, want string }{
		{`{"of":"count","least":"2"}`, "gate: count is 1, not at least 2"},
		{`{"least":"0.5","below":"50"}`, "gate: measure is 100, not below 50"},
		{`{"of":"attainment","component":"calls","least":"1"}`, "gate: there is no attainment of calls"},
	}
	for _, test := range tests {
		c := component(plain(`{"kind":"gate","when":` + test.when + `}`))
		plan := compile(t, version(1, always(), c, component(`{"name":"calls"}`)))
		o := calculate(t, plan, input(month("2026-01"), credits("2026-01", "100")...)).Components[0]
		if last := o.Lines[len(o.Lines)-1]; last.Note != test.want {
			t.Errorf("%q, want %q", last.Note, test.want)
		}
	}
}

// TestAPartOfATargetThatThereIsNot changes nothing.
func TestAPartOfATargetThatThereIsNot(t *testing.T) {
	for _, kind := range []string{"cap", "cap_deal", "floor", "kicker"} {
		o := outcome(t, `{"rate":{"tiers":[{"from":"0","pay":"1"}]},"adjust":[{"kind":"`+kind+`","of_target":"0.1"}]}`, credits("2026-01", "7")...)
		if o.Amount != 700 {
			t.Errorf("%s: %d", kind, o.Amount)
		}
	}
}

func TestConditionsLookAtOtherComponents(t *testing.T) {
	// Calls are listed last, and pay first, for sales look at them.
	plan := compile(t, version(1, always(),
		component(plain(`{"kind":"gate","when":{"of":"earned","component":"calls","least":"20"}},{"kind":"multiplier","factor":"3","when":{"component":"calls","of":"count","least":"2"}}`)),
		component(`{"name":"calls","rate":{"of":"count","tiers":[{"from":"0","pay":"10"}]}}`)))
	call := func(id string) incentive.Credit {
		c := credit(id, "2026-01-05", "1")
		c.Component = "calls"
		return c
	}
	deal := credit("a", "2026-01-04", "100")
	for calls, want := range map[int]int64{0: 0, 1: 0, 2: 30000} {
		in := input(month("2026-01"), deal)
		for at := range calls {
			in.Credits = append(in.Credits, call(fmt.Sprint("call", at)))
		}
		if got := calculate(t, plan, in).Components[0].Amount; got != want {
			t.Errorf("with %d calls: %d, want %d", calls, got, want)
		}
	}
}

func TestKickersAndFloorsAreForThoseWhoTakePart(t *testing.T) {
	for kind, want := range map[string]int64{"kicker": 20000, "floor": 15000} {
		plan := compile(t, version(1, always(), component(plain(`{"kind":"`+kind+`","amount":"150"}`))))
		in := input(month("2026-01"), credits("2026-01", "50")...)
		if got := calculate(t, plan, in).Earned; got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
		in.Spans = []calendar.Span{{From: "2025-01-01", Until: "2026-01-01"}}
		if got := calculate(t, plan, in).Earned; got != 5000 {
			t.Errorf("%s for somebody who left: %d, want 5000", kind, got)
		}
	}
}

// TestVersionsShareThePeriodsAmounts has a version that follows in the middle of January, after 10 of its 31 days.
func TestVersionsShareThePeriodsAmounts(t *testing.T) {
	tests := []struct {
		name, adjust string
		first, then  int64
	}{
		{"cap", `{"kind":"cap","amount":"310"}`, 10000, 21000},
		{"floor", `{"kind":"floor","amount":"31000"}`, 1000000, 2100000},
		{"kicker", `{"kind":"kicker","amount":"31"}`, 100000 + 1000, 200000 + 2100},
		{"cap of deals", `{"kind":"cap_deal","amount":"310"}`, 31000, 31000},
	}
	for _, test := range tests {
		v1 := version(1, calendar.Span{From: "2025-06-01", Until: "2026-01-11"}, component(plain(test.adjust)))
		v2 := version(2, calendar.Span{From: "2026-01-11"}, component(plain(test.adjust)))
		in := input(month("2026-01"), credit("a", "2026-01-05", "1000"), credit("b", "2026-01-20", "2000"))
		r := calculate(t, compile(t, v1, v2), in)
		if len(r.Components) != 2 || r.Components[0].Amount != test.first || r.Components[1].Amount != test.then {
			t.Errorf("%s: %s", test.name, text(t, r.Components))
		}
		// A version that counts for the whole period counts whole, and so does the first of all, which begins within it.
		v2.Definition.MidPeriod = program.AtEnd
		alone := version(1, calendar.Span{From: "2026-01-11"}, component(plain(test.adjust)))
		last := input(month("2026-01"), credit("b", "2026-01-20", "2000"))
		if at, one := calculate(t, compile(t, v1, v2), last).Earned, calculate(t, compile(t, alone), last).Earned; at != one {
			t.Errorf("%s: %d for a version that counts for all of the period, %d for one that is alone", test.name, at, one)
		}
	}
}

func TestCapsThatCarry(t *testing.T) {
	const carries = `{"kind":"cap","amount":"100","excess":"carried"}`
	tests := []struct {
		name, adjust string
		earns        []string // by month
		pays, keeps  []int64
	}{
		{"lost", `{"kind":"cap","amount":"100"}`, []string{"150", "20"}, []int64{10000, 2000}, []int64{0, 0}},
		{"carried", carries, []string{"150", "20", "0"}, []int64{10000, 7000, 0}, []int64{5000, 0, 0}},
		{"carried as far as there is room", carries, []string{"250", "90", "100", "0", "0"}, []int64{10000, 10000, 10000, 10000, 4000}, []int64{15000, 14000, 14000, 4000, 0}},
		{"carried to make up for a reversal", carries, []string{"250", "-80"}, []int64{10000, 7000}, []int64{15000, 0}},
		{"not while the cap does not hold", `{"kind":"cap","amount":"100","excess":"carried","when":{"least":"50"}}`, []string{"250", "40"}, []int64{10000, 19000}, []int64{15000, 0}},
		{"a second cap puts it back", carries + `,{"kind":"cap","amount":"60"}`, []string{"250", "20", "0", "0"}, []int64{6000, 6000, 6000, 5000}, []int64{15000, 11000, 5000, 0}},
		{"after one that does not", `{"kind":"cap","amount":"60"},{"kind":"multiplier","factor":"2"},` + carries, []string{"80", "0"}, []int64{10000, 2000}, []int64{2000, 0}},
		{"a cap with a fraction of a cent", `{"kind":"cap","amount":"33.335","excess":"carried"}`, []string{"100", "0", "0", "0"}, []int64{3334, 3334, 3332, 0}, []int64{6666, 3332, 0, 0}},
		{"a cap that is never reached", `{"kind":"cap","amount":"1e30"}`, []string{"150", "20"}, []int64{15000, 2000}, []int64{0, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := compile(t, version(1, always(), component(plain(test.adjust))))
			var before incentive.Carried
			for at, value := range test.earns {
				p := month(fmt.Sprintf("2026-%02d", at+1))
				in := input(p, credit("a", p.From, value))
				in.Before = before
				r := calculate(t, plan, in)
				leavesSum(t, r)
				before = r.After
				if r.Earned != test.pays[at] || before.Excess["sales"] != test.keeps[at] {
					t.Errorf("%s: pays %d and keeps %d, want %d and %d: %s", p.Name, r.Earned, before.Excess["sales"], test.pays[at], test.keeps[at], changes(r.Components[0].Lines))
				}
			}
		})
	}
}

func TestWhatIsCarriedIsPaidWhereThereIsNoCapAnyMore(t *testing.T) {
	capped := version(1, calendar.Span{From: "2026-01-01", Until: "2026-02-01"}, component(plain(`{"kind":"cap","amount":"100","excess":"carried"}`)))
	for adjust, want := range map[string]int64{``: 15000, `{"kind":"cap","amount":"70"}`: 7000, `{"kind":"cap","amount":"1e30"}`: 15000, `{"kind":"cap","of_target":"7%"}`: 7000, `{"kind":"cap_deal","amount":"70"}`: 15000} {
		plan := compile(t, capped, version(2, calendar.Span{From: "2026-02-01"}, component(plain(adjust))))
		first := calculate(t, plan, input(month("2026-01"), credit("a", "2026-01-03", "250")))
		in := input(month("2026-02"))
		in.Before = first.After
		r := calculate(t, plan, in)
		if left := r.After.Excess["sales"]; r.Earned != want || r.Earned+left != 15000 {
			t.Errorf("%q: pays %d and keeps %d, want %d", adjust, r.Earned, left, want)
		}
		leavesSum(t, r)
	}
}

// TestNothingCarriedIsLost has caps that carry cut random earnings, and then periods without any: all is paid in the end.
func TestNothingCarriedIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 300).Draw(t, "most")
		adjust := fmt.Sprintf(`{"kind":"cap","amount":"%d.%d","excess":"carried"}`, most, rapid.IntRange(0, 999).Draw(t, "fraction"))
		if rapid.Bool().Draw(t, "twice") {
			adjust += fmt.Sprintf(`,{"kind":"cap","amount":"%d","excess":"carried"}`, rapid.IntRange(1, 300).Draw(t, "again"))
		}
		v1 := version(1, calendar.Span{From: "2026-01-01", Until: "2026-02-10"}, component(plain(adjust)))
		plan, err := incentive.Compile([]program.Version{v1, version(2, calendar.Span{From: "2026-02-10"}, component(plain(adjust)))})
		if err != nil {
			t.Fatal(err)
		}
		var before incentive.Carried
		var worth, paid int64
		for at := range 6 {
			p := calendar.Calendar{}.Of(calendar.Monthly, calendar.Date(fmt.Sprintf("2026-%02d-01", at+1)))
			in := incentive.Input{Participant: "ann", Period: p, Spans: []calendar.Span{always()}, Before: before}
			for nth := range rapid.IntRange(0, 3).Draw(t, "deals") {
				cents := rapid.IntRange(-20000, 50000).Draw(t, "cents")
				in.Credits = append(in.Credits, credit(fmt.Sprint(nth), p.From.AddDays(nth*9), fmt.Sprintf("%d/100", cents)))
				worth += int64(cents)
			}
			r, err := plan.Calculate(in)
			if err != nil {
				t.Fatal(err)
			}
			before, paid = r.After, paid+r.Earned
			if paid+before.Excess["sales"] != worth {
				t.Fatalf("after %s, %d is paid and %d carried of %d", p.Name, paid, before.Excess["sales"], worth)
			}
		}
	})
}

// TestAdjustedLinesSum puts adjustments in any order, with fractions that round.
func TestAdjustedLinesSum(t *testing.T) {
	kinds := []string{
		`{"kind":"gate","factor":"1/3","when":{"of":"count","least":"3"}}`, `{"kind":"multiplier","factor":"1.07"}`,
		`{"kind":"multiplier","curve":{"of":"attainment","mode":"interpolated","tiers":[{"from":"0","pay":"0.3"},{"from":"1","pay":"1.4"}]}}`,
		`{"kind":"kicker","amount":"7.77","when":{"of":"earned","least":"100"}}`, `{"kind":"cap_deal","amount":"49.995"}`,
		`{"kind":"cap_deal","of_target":"3.333%","when":{"of":"count","least":"2"}}`, `{"kind":"cap","of_target":"7%"}`, `{"kind":"cap","amount":"81.115","excess":"carried"}`, `{"kind":"floor","amount":"12.345"}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		adjust := rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 6).Draw(t, "adjust")
		plan, err := incentive.Compile([]program.Version{version(1, always(), component(plain(strings.Join(adjust, ","))))})
		if err != nil {
			t.Fatal(err)
		}
		in := incentive.Input{Participant: "ann", Period: month("2026-01"), Spans: []calendar.Span{always()}}
		in.Before.Excess = map[string]int64{"sales": rapid.Int64Range(0, 20000).Draw(t, "carried")}
		for at := range rapid.IntRange(0, 6).Draw(t, "deals") {
			c := credit(fmt.Sprint(at), "2026-01-05", fmt.Sprintf("%d/7", rapid.IntRange(-500, 900).Draw(t, "value")))
			in.Credits = append(in.Credits, c)
			if rapid.Bool().Draw(t, "lost") {
				in.Credits = append(in.Credits, takeBack(c, "2026-01-20", rapid.SampledFrom([]string{"1", "0.3"}).Draw(t, "share")))
			}
		}
		r, err := plan.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range r.Components {
			var exact number.Number
			var amount int64
			for _, l := range o.Lines {
				exact, amount = exact.Add(l.Exact), amount+l.Amount
			}
			if !exact.Equal(o.Exact) || amount != o.Amount {
				t.Fatalf("the lines sum to %s and %d, the outcome says %s and %d", exact, amount, o.Exact, o.Amount)
			}
		}
	})
}

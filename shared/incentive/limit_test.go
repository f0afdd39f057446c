package incentive_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// limited makes a version whose credits earn what they are worth, with limits in their JSON form.
func limited(nth int, span calendar.Span, limits string) program.Version {
	v := version(nth, span, component(`{"rate":{"target":{"amount":"1000"},"tiers":[{"from":"0","pay":"100%"}]}}`))
	if err := json.Unmarshal([]byte("["+limits+"]"), &v.Definition.Limits); err != nil {
		panic(err)
	}
	return v
}

// months reckons a month after another from January 2026 on, in each of which a deal of so much is won ("" for none). Prepare
// changes the input of each.
func months(t testing.TB, plan *incentive.Plan, earns []string, prepare func(*incentive.Input)) []incentive.Result {
	t.Helper()
	var all []incentive.Result
	var before incentive.Carried
	for at, value := range earns {
		p := month(fmt.Sprintf("20%d-%02d", 26+at/12, at%12+1))
		in := input(p)
		if in.Before = before; value != "" {
			in.Credits = append(in.Credits, credit("a", p.From.AddDays(2), value))
		}
		if prepare != nil {
			prepare(&in)
		}
		r := calculate(t, plan, in)
		leavesSum(t, r)
		before = r.After
		all = append(all, r)
	}
	return all
}

// figures writes what results pay and owe, in whole dollars where they are.
func figures(all []incentive.Result, of func(incentive.Result) int64) string {
	var texts []string
	for _, r := range all {
		n, _ := number.Of(of(r)).Quo(number.Of(100))
		texts = append(texts, n.String())
	}
	return strings.Join(texts, " ")
}

func payableOf(r incentive.Result) int64 { return r.Payable }
func earnedOf(r incentive.Result) int64  { return r.Earned }
func owedOf(r incentive.Result) int64 {
	var sum int64
	for _, a := range r.After.Owed {
		sum += a.Amount
	}
	return sum
}

func TestDraws(t *testing.T) {
	s5 := "2750 3000 1500 2375 3000 2750"
	tests := []struct {
		name, limits       string
		earns, paid, owing string
	}{
		{"recoverable guarantee", `{"kind":"draw","amount":"2000","draw":{"recoverable":true}}`, s5, "2750 3000 2000 2000 2875 2750", "0 0 500 125 0 0"},
		{"guarantee that is not recoverable", `{"kind":"draw","amount":"2000","draw":{"recoverable":false}}`, s5, "2750 3000 2000 2375 3000 2750", "0 0 0 0 0 0"},
		{"recovered two periods later", `{"kind":"draw","amount":"2000","draw":{"recoverable":true,"recover_after":1}}`, s5, "2750 3000 2000 2375 2500 2750", "0 0 500 500 0 0"},
		{"recovered by half of what is above", `{"kind":"draw","amount":"2000","draw":{"recoverable":true,"recover_share":"50%"}}`, s5, "2750 3000 2000 2187.5 2687.5 2750", "0 0 500 312.5 0 0"},
		{"share cut down to cents", `{"kind":"draw","amount":"100","draw":{"recoverable":true,"recover_share":"1/3"}}`, "0 100.01 100.02 101", "100 100.01 100.02 100.67", "100 100 100 99.67"},
		{"for two periods", `{"kind":"draw","amount":"2000","draw":{"recoverable":true,"periods":2}}`, "1000 500 1500 3000 6000", "2000 2000 1500 2000 4500", "1000 2500 2500 1500 0"},
		{"forgiven after them", `{"kind":"draw","amount":"2000","draw":{"recoverable":true,"periods":2,"forgive":true}}`, "1000 500 1500 3000", "2000 2000 1500 3000", "1000 0 0 0"},
		{"a sum below zero", `{"kind":"draw","amount":"100","draw":{"recoverable":true}}`, "-50 400", "100 250", "150 0"},
		{"on top", `{"kind":"draw","amount":"500","draw":{"form":"on_top","recoverable":false}}`, "0 700 -100", "500 1200 400", "0 0 0"},
		{"on top, recoverable", `{"kind":"draw","amount":"500","draw":{"form":"on_top","recoverable":true,"periods":2}}`, "0 700 300 100 100", "500 700 0 0 0", "500 500 200 100 0"},
		{"on top, recovered by a fifth", `{"kind":"draw","amount":"500","draw":{"form":"on_top","recoverable":true,"periods":1,"recover_share":"0.2"}}`, "1000 1000 1000 -1000 1000", "1500 800 800 -1000 900", "500 300 100 100 0"},
		{"of the target", `{"kind":"draw","of_target":"10%","draw":{"recoverable":true}}`, "50 150", "100 100", "50 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := months(t, compile(t, limited(1, always(), test.limits)), strings.Fields(test.earns), nil)
			if got := figures(all, payableOf); got != test.paid {
				t.Errorf("paid %s, want %s", got, test.paid)
			}
			if got := figures(all, owedOf); got != test.owing {
				t.Errorf("owed %s, want %s", got, test.owing)
			}
			if got := figures(all, earnedOf); got != test.earns {
				t.Errorf("earned %s, want %s: a draw is not earned", got, test.earns)
			}
		})
	}
}

func TestRecoveryTakesTheOldestFirst(t *testing.T) {
	all := months(t, compile(t, limited(1, always(), `{"kind":"draw","amount":"100","draw":{"recoverable":true,"recover_after":1}}`)), []string{"70", "20", "150", "500"}, nil)
	var got []string
	for _, r := range all {
		for _, limit := range r.Limits {
			for _, l := range limit.Lines {
				got = append(got, fmt.Sprint(r.Period.Name, " ", l.Kind, " ", l.Amount, " ", l.Note))
			}
		}
	}
	want := []string{
		"2026-01 draw 3000 ", "2026-02 draw 8000 ", "2026-03 recovery -3000 advanced in 2026-01", "2026-04 recovery -8000 advanced in 2026-02",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDrawsAndFloorsAreForTheDaysOfTakingPart(t *testing.T) {
	tests := []struct {
		name, limits string
		spans        []calendar.Span
		want         string
	}{
		{"from the 17th of January", `{"kind":"draw","amount":"310","draw":{"recoverable":false}}`, []calendar.Span{{From: "2026-01-17"}}, "150 310 310"},
		{"some days here and there", `{"kind":"draw","amount":"310","draw":{"recoverable":false}}`, []calendar.Span{{From: "2026-01-01", Until: "2026-01-11"}, {From: "2026-01-31", Until: "2026-02-01"}}, "110 10 10"},
		{"whole for some days", `{"kind":"draw","amount":"310","prorate":"none","draw":{"recoverable":false}}`, []calendar.Span{{From: "2026-01-31", Until: "2026-02-02"}}, "310 310 10"},
		{"rounded once", `{"kind":"draw","amount":"100","draw":{"recoverable":false}}`, []calendar.Span{{From: "2026-01-31"}}, "10 100 100"},
		{"rounded once, on top", `{"kind":"draw","amount":"100","draw":{"form":"on_top","recoverable":false}}`, []calendar.Span{{From: "2026-01-31"}}, "13.23 110 110"},
		{"a floor", `{"kind":"floor","amount":"310"}`, []calendar.Span{{From: "2026-01-17"}}, "150 310 310"},
		{"a floor, whole", `{"kind":"floor","amount":"310","prorate":"none"}`, []calendar.Span{{From: "2026-01-17"}}, "310 310 310"},
		{"a floor for who left", `{"kind":"floor","amount":"310"}`, []calendar.Span{{From: "2025-01-17", Until: "2026-02-01"}}, "310 10 10"},
	}
	for _, test := range tests {
		all := months(t, compile(t, limited(1, always(), test.limits)), []string{"10", "10", "10"}, func(in *incentive.Input) { in.Spans = test.spans })
		if got := figures(all, payableOf); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestADrawBeginsWithTheProgram has a program that begins on the 17th of January.
func TestADrawBeginsWithTheProgram(t *testing.T) {
	v := limited(1, calendar.Span{From: "2026-01-17"}, `{"kind":"draw","amount":"310","draw":{"recoverable":true,"periods":1}}`)
	all := months(t, compile(t, v), []string{"", ""}, nil)
	if got := figures(all, payableOf); got != "150 0" || all[1].After.Periods != 2 {
		t.Errorf("%s after %d periods", got, all[1].After.Periods)
	}
}

// TestWhoLeavesOwesAtOnce has an advance that is recovered after three more periods, but for somebody who has left.
func TestWhoLeavesOwesAtOnce(t *testing.T) {
	plan := compile(t, limited(1, always(), `{"kind":"draw","amount":"100","draw":{"recoverable":true,"recover_after":3}}`))
	all := months(t, plan, []string{"0", "60", "60"}, func(in *incentive.Input) { in.Spans = []calendar.Span{{From: "2026-01-01", Until: "2026-02-01"}} })
	if got := figures(all, payableOf) + ", " + figures(all, owedOf); got != "100 0 20, 100 40 0" {
		t.Error(got)
	}
}

func TestCapsAndFloorsOfTheProgram(t *testing.T) {
	tests := []struct {
		name, limits       string
		earns, want, keeps string
	}{
		{"cap, lost", `{"kind":"cap","amount":"100"}`, "150 -20 40", "100 -20 40", "0 0 0"},
		{"cap, carried", `{"kind":"cap","amount":"100","excess":"carried"}`, "150 -20 80 100", "100 30 80 100", "50 0 0 0"},
		{"cap, carried for long", `{"kind":"cap","amount":"100","excess":"carried"}`, "350 100 90 0 0", "100 100 100 100 100", "250 250 240 140 40"},
		{"cap of a fraction", `{"kind":"cap","amount":"33.335","excess":"carried"}`, "100 0 0", "33.34 33.34 33.32", "66.66 33.32 0"},
		{"cap of the target", `{"kind":"cap","of_target":"0.05"}`, "100", "50", "0"},
		{"floor", `{"kind":"floor","amount":"30"}`, "10 -10 40", "30 30 40", "0 0 0"},
		{"floor of the target", `{"kind":"floor","of_target":"0.05"}`, "10 60", "50 60", "0 0"},
		{"cap under a floor", `{"kind":"cap","amount":"20"},{"kind":"floor","amount":"30"}`, "10 40", "30 30", "0 0"},
		{"floor over a cap", `{"kind":"floor","amount":"30"},{"kind":"cap","amount":"20"}`, "10 40", "20 20", "0 0"},
		{"a quarter's cap", `{"kind":"cap","amount":"100","over":"quarter"}`, "60 60 60 60 -10 60", "60 40 0 60 -10 50", "0 0 0 0 0 0"},
		{"a quarter's cap, carried", `{"kind":"cap","amount":"100","over":"quarter","excess":"carried"}`, "60 60 60 30 0 0 0", "60 40 0 100 0 0 10", "0 20 80 10 10 10 0"},
		{"a quarter's cap of the target", `{"kind":"cap","of_target":"0.03","over":"quarter"}`, "60 60 60", "60 30 0", "0 0 0"},
		{"a month's and a quarter's cap", `{"kind":"cap","amount":"50"},{"kind":"cap","amount":"100","over":"quarter"}`, "70 30 70 70", "50 30 20 50", "0 0 0 0"},
		{"a cap that carries, under another", `{"kind":"cap","amount":"100","excess":"carried"},{"kind":"cap","amount":"60"}`, "250 20 0 0", "60 60 60 50", "150 110 50 0"},
		{"a cap that carries, after another", `{"kind":"cap","amount":"60"},{"kind":"cap","amount":"100","over":"quarter","excess":"carried"}`, "80 60 60 30", "60 40 0 100", "0 20 80 10"},
		{"a cap of months is one of the period", `{"kind":"cap","amount":"50","over":"month"}`, "70 30 70", "50 30 50", "0 0 0"},
		{"a floor counts for a quarter's cap", `{"kind":"cap","amount":"100","over":"quarter"},{"kind":"floor","amount":"30"}`, "10 50 60 50", "30 50 30 50", "0 0 0 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := months(t, compile(t, limited(1, always(), test.limits)), strings.Fields(test.earns), nil)
			if got := figures(all, earnedOf); got != test.want {
				t.Errorf("earned %s, want %s", got, test.want)
			}
			if got := figures(all, payableOf); got != test.want {
				t.Errorf("paid %s, want %s", got, test.want)
			}
			if got := figures(all, func(r incentive.Result) int64 { return r.After.Excess[""] }); got != test.keeps {
				t.Errorf("keeps %s, want %s", got, test.keeps)
			}
		})
	}
}

// TestNoMoreIsReleasedThanThereIsRoomFor has nothing to say of a limit that changes nothing.
func TestNoMoreIsReleasedThanThereIsRoomFor(t *testing.T) {
	all := months(t, compile(t, limited(1, always(), `{"kind":"cap","amount":"100","excess":"carried"}`)), []string{"350", "100", "90"}, nil)
	if len(all[1].Limits) != 0 || len(all[2].Limits) != 1 || len(all[2].Limits[0].Lines) != 1 || all[2].Limits[0].Lines[0].Amount != 1000 {
		t.Errorf("%s", text(t, []any{all[1].Limits, all[2].Limits}))
	}
}

func TestLimitsCountInTheirOrder(t *testing.T) {
	const capped, draws = `{"kind":"cap","amount":"100","over":"quarter"}`, `{"kind":"draw","amount":"30","draw":{"form":"on_top","recoverable":false}}`
	tests := []struct{ name, limits, earned, paid string }{
		{"a draw after a cap is beside it", capped + "," + draws, "80 20 0", "110 50 30"},
		{"a draw before a cap is under it", draws + "," + capped, "70 -30 -30", "100 0 0"},
	}
	for _, test := range tests {
		all := months(t, compile(t, limited(1, always(), test.limits)), []string{"80", "80", "80"}, nil)
		if e, p := figures(all, earnedOf), figures(all, payableOf); e != test.earned || p != test.paid {
			t.Errorf("%s: earned %s and paid %s, want %s and %s", test.name, e, p, test.earned, test.paid)
		}
	}
}

// TestALimitOfATargetThatThereIsNot leaves the sum as it is, and pays what was carried.
func TestALimitOfATargetThatThereIsNot(t *testing.T) {
	v := version(1, always(), component(`{"rate":{"tiers":[{"from":"0","pay":"100%"}]}}`))
	for _, kind := range []program.LimitKind{program.LimitCap, program.LimitFloor, program.LimitDraw} {
		v.Definition.Limits = []program.Limit{{Kind: kind, Size: program.Size{OfTarget: ref("1")}}}
		in := input(month("2026-01"), credit("a", "2026-01-02", "70"))
		in.Before.Excess = map[string]int64{"": 500}
		if r := calculate(t, compile(t, v), in); r.Payable != 7500 || r.After.Excess != nil {
			t.Errorf("%s: pays %d and keeps %v", kind, r.Payable, r.After.Excess)
		}
	}
}

func TestWhatALimitCarriedIsPaidWhereThereIsNoneAnyMore(t *testing.T) {
	capped := limited(1, calendar.Span{From: "2026-01-01", Until: "2026-02-01"}, `{"kind":"cap","amount":"100","excess":"carried"}`)
	for limits, want := range map[string]string{``: "100 150 0", `{"kind":"cap","amount":"70"}`: "100 70 70", `{"kind":"floor","amount":"70"}`: "100 150 70"} {
		all := months(t, compile(t, capped, limited(2, calendar.Span{From: "2026-02-01"}, limits)), []string{"250", "", ""}, nil)
		if got := figures(all, earnedOf); got != want {
			t.Errorf("%q: %s, want %s", limits, got, want)
		}
	}
}

func TestALimitThatIsAddedLooksBack(t *testing.T) {
	free := limited(1, calendar.Span{From: "2026-01-01", Until: "2026-03-01"}, ``)
	all := months(t, compile(t, free, limited(2, calendar.Span{From: "2026-03-01"}, `{"kind":"cap","amount":"100","over":"quarter"}`)), []string{"30", "40", "80", "80"}, nil)
	if got := figures(all, earnedOf); got != "30 40 30 80" {
		t.Error(got)
	}
}

func TestMoreThanAnAccountHolds(t *testing.T) {
	for _, limits := range []string{
		`{"kind":"floor","amount":"1e30"}`, `{"kind":"draw","amount":"1e20","draw":{"recoverable":true}}`,
		`{"kind":"draw","amount":"9e16","draw":{"form":"on_top","recoverable":true}},{"kind":"draw","amount":"9e16","draw":{"form":"on_top","recoverable":true}}`,
	} {
		_, err := compile(t, limited(1, always(), limits)).Calculate(input(month("2026-01")))
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != number.CodeTooLarge {
			t.Errorf("%s: %v", limits, err)
		}
	}
	in := input(month("2026-01"), credit("a", "2026-01-03", "90"))
	in.Before.Owed = []incentive.Advance{{Period: "2025-12", Amount: 5}}
	if _, err := compile(t, limited(1, always(), `{"kind":"draw","amount":"1","draw":{"recoverable":true,"recover_share":"1e30"}}`)).Calculate(in); err == nil {
		t.Error("no error for a share of more than all there is")
	}
	if _, err := compile(t, holding("1e30", "")).Calculate(in); err == nil {
		t.Error("no error for what is held")
	}
	in.Before.Excess = map[string]int64{"sales": math.MaxInt64}
	if _, err := compile(t, version(1, always(), component(plain(`{"kind":"cap","amount":"1","excess":"carried"}`)))).Calculate(in); err == nil {
		t.Error("no error for what is carried")
	}
	in.Before.Excess = nil
	in.Before.Holds = []incentive.Held{{Amount: math.MaxInt64, Release: "2026-01-01"}}
	if _, err := compile(t, limited(1, always(), ``)).Calculate(in); err == nil {
		t.Error("no error for what is released")
	}
	for _, adjust := range []string{`{"kind":"cap","amount":"1e30","excess":"carried"}`, `{"kind":"cap","amount":"1","excess":"carried"}`} {
		plan := compile(t, version(1, always(), component(plain(adjust))))
		if _, err := plan.Calculate(input(month("2026-01"), credit("a", "2026-01-03", "1e30"))); err == nil {
			t.Errorf("%s: no error", adjust)
		}
	}
}

// TestWhatIsAdvancedIsAccountedFor draws random earnings: what was advanced is recovered, owed or forgiven, and nobody is paid
// less than the guarantee while it lasts.
func TestWhatIsAdvancedIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := program.Draw{
			Form: rapid.SampledFrom([]program.DrawForm{program.Guarantee, program.OnTop}).Draw(t, "form"), Recoverable: true,
			RecoverAfter: rapid.IntRange(0, 3).Draw(t, "after"), Periods: rapid.IntRange(0, 5).Draw(t, "periods"), Forgive: rapid.Bool().Draw(t, "forgive"),
		}
		if rapid.Bool().Draw(t, "partly") {
			d.RecoverShare = ref(fmt.Sprintf("%d/7", rapid.IntRange(1, 7).Draw(t, "share")))
		}
		text, err := json.Marshal(program.Limit{Kind: program.LimitDraw, Size: program.Size{Amount: ref("100.005")}, Draw: &d})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := incentive.Compile([]program.Version{limited(1, always(), string(text))})
		if err != nil {
			t.Fatal(err)
		}
		left := rapid.IntRange(1, 10).Draw(t, "leaves after")
		var before incentive.Carried
		var advanced, recovered, forgiven int64
		for at := range 10 {
			p := month(fmt.Sprintf("2026-%02d", at+1))
			in := input(p, credit("a", p.From, fmt.Sprintf("%d/100", rapid.IntRange(-5000, 30000).Draw(t, "cents"))))
			in.Before = before
			if at >= left {
				in.Spans = []calendar.Span{{From: "2026-01-01", Until: month(fmt.Sprintf("2026-%02d", left)).Until}}
			}
			r, err := plan.Calculate(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, limit := range r.Limits {
				forgiven += limit.Forgiven
				for _, l := range limit.Lines {
					if l.Kind == incentive.LineDraw {
						advanced += l.Amount
					} else {
						recovered -= l.Amount
					}
				}
			}
			if before = r.After; advanced != recovered+owedOf(r)+forgiven {
				t.Fatalf("advanced %d, recovered %d, owed %d, forgiven %d", advanced, recovered, owedOf(r), forgiven)
			}
			if d.Form == program.Guarantee && at < left && (d.Periods == 0 || at < d.Periods) && r.Payable < 10001 {
				t.Fatalf("%s pays %d", p.Name, r.Payable)
			}
			if !slices.IsSortedFunc(before.Owed, func(a, b incentive.Advance) int { return a.Number - b.Number }) {
				t.Fatalf("the oldest is not first: %v", before.Owed)
			}
			if slices.ContainsFunc(before.Owed, func(a incentive.Advance) bool { return a.Amount <= 0 }) {
				t.Fatalf("an advance of nothing is owed: %v", before.Owed)
			}
		}
	})
}

// TestWhatALimitCarriesIsPaidInTheEnd has caps for a month and for a quarter, in any order.
func TestWhatALimitCarriesIsPaidInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var limits []string
		for range rapid.IntRange(1, 3).Draw(t, "limits") {
			over := rapid.SampledFrom([]string{"", `,"over":"quarter"`, `,"over":"year"`}).Draw(t, "over")
			limits = append(limits, fmt.Sprintf(`{"kind":"cap","amount":"%d.%d","excess":"carried"%s}`, rapid.IntRange(1, 900).Draw(t, "most"), rapid.IntRange(0, 999).Draw(t, "fraction"), over))
		}
		plan, err := incentive.Compile([]program.Version{limited(1, always(), strings.Join(limits, ","))})
		if err != nil {
			t.Fatal(err)
		}
		var before incentive.Carried
		var worth, pays int64
		for at := range 8 {
			p := month(fmt.Sprintf("2026-%02d", at+1))
			cents := rapid.IntRange(-20000, 60000).Draw(t, "cents")
			in := input(p, credit("a", p.From, fmt.Sprintf("%d/100", cents)))
			in.Before = before
			r, err := plan.Calculate(in)
			if err != nil {
				t.Fatal(err)
			}
			before, worth, pays = r.After, worth+int64(cents), pays+r.Earned
			if pays+before.Excess[""] != worth {
				t.Fatalf("after %s, %d is paid and %d carried of %d", p.Name, pays, before.Excess[""], worth)
			}
		}
	})
}

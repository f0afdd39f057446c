package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/record"
)

// toDate makes a component that pays a tenth of what lies to date, and a fifth of what is above 1,000.
func toDate(more string) program.Component {
	return component(`{"rate":{"target":{"amount":"1000","per":"month"},"tiers":[{"from":"0","pay":"10%"},{"from":"1000","pay":"20%"}]},"measure":{"window":"quarter_to_date"` + more + `}`)
}

// lookingBack reckons a month after another from January 2026 on, each with all credits up to it.
func lookingBack(t testing.TB, plan *incentive.Plan, earns []string) []incentive.Result {
	t.Helper()
	var all []incentive.Credit
	return months(t, plan, earns, func(in *incentive.Input) {
		for at := range in.Credits {
			in.Credits[at].ID += in.Period.Name
			in.Credits[at].Record.ID += in.Period.Name
		}
		all = append(all, in.Credits...)
		in.Credits = all
	})
}

func TestWindowsToDateDeduct(t *testing.T) {
	tests := []struct {
		name, more  string
		earns, want string
	}{
		{"deducts by default", `}`, "800 400 -100 800", "80 60 -20 80"},
		{"at the rate", `,"true_up":"at_rate"}`, "800 400 0 800", "80 60 0 80"},
		{"a cap is the window's", `},"adjust":[{"kind":"cap","amount":"100"}]`, "800 400 500 2000", "80 20 0 100"},
		{"a floor is the window's", `},"adjust":[{"kind":"floor","amount":"100"}]`, "0 400 2000 0", "100 0 280 100"},
		{"a cap of the window's target", `},"adjust":[{"kind":"cap","of_target":"5%"}]`, "800 400 500 2000", "50 50 50 50"},
		{"a cap of each period", `,"true_up":"at_rate"},"adjust":[{"kind":"cap","amount":"100"}]`, "800 400 500 2000", "80 60 100 100"},
		{"a cap that carries into the next window", `},"adjust":[{"kind":"cap","amount":"100","excess":"carried"}]`, "800 400 500 500 0 0 0", "80 20 0 100 0 0 90"},
		{"what is carried in counts for the window", `},"adjust":[{"kind":"cap","amount":"100","excess":"carried"}]`, "1500 0 0 900 -900 0 0", "100 0 0 100 0 0 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := lookingBack(t, compile(t, version(1, always(), toDate(test.more))), strings.Fields(test.earns))
			if got := figures(all, earnedOf); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestAWindowLooksBackOverItsVersions has one that deducts follow one that does not, in the middle of February.
func TestAWindowLooksBackOverItsVersions(t *testing.T) {
	for _, more := range []string{`}`, `,"true_up":"at_rate"}`} {
		v1 := version(1, calendar.Span{From: "2026-01-01", Until: "2026-02-11"}, toDate(more))
		plan := compile(t, v1, version(2, calendar.Span{From: "2026-02-11"}, toDate(`}`)))
		jan := credit("a", "2026-01-05", "500")
		early, late := credit("b", "2026-02-05", "300"), credit("c", "2026-02-20", "400")
		first := calculate(t, plan, input(month("2026-01"), jan))
		in := input(month("2026-02"), jan, early, late)
		in.Before = first.After
		second := calculate(t, plan, in)
		// 1,200 in the quarter: 100 and 40.
		if first.Earned != 5000 || second.Components[0].Amount != 3000 || second.Components[1].Amount != 6000 || second.After.ToDate["sales"]["2026-Q1"] != 14000 {
			t.Errorf("%q: %s", more, text(t, second))
		}
	}
}

// TestWhoLeavesKeepsWhatTheWindowCameTo has a kicker or floor of a window, and somebody who leaves within it.
func TestWhoLeavesKeepsWhatTheWindowCameTo(t *testing.T) {
	for _, adjust := range []string{`{"kind":"kicker","amount":"50"}`, `{"kind":"floor","amount":"130"}`} {
		plan := compile(t, version(1, always(), toDate(`},"adjust":[`+adjust+`]`)))
		all := months(t, plan, []string{"", "", "", ""}, func(in *incentive.Input) {
			in.Spans = []calendar.Span{{From: "2026-01-01", Until: "2026-01-20"}}
			if in.Period.From < "2026-04-01" {
				in.Credits = []incentive.Credit{credit("a", "2026-01-05", "800")}
			}
		})
		if got := figures(all, earnedOf); got != "130 0 0 0" {
			t.Errorf("%s: %s", adjust, got)
		}
	}
}

// TestWhatIsCarriedOutOfAWindowThatEndsEarly has a cap of a quarter that carries, and no such window in February any more: what
// it cut off by then is carried.
func TestWhatIsCarriedOutOfAWindowThatEndsEarly(t *testing.T) {
	v1 := version(1, calendar.Span{From: "2026-01-01", Until: "2026-02-01"}, toDate(`},"adjust":[{"kind":"cap","amount":"100","excess":"carried"}]`))
	in := input(month("2026-01"), credit("a", "2026-01-05", "800"))
	in.Before.Excess = map[string]int64{"sales": 9000}
	monthly := version(2, calendar.Span{From: "2026-02-01"}, component(plain(``)))
	other := version(2, calendar.Span{From: "2026-02-01"}, component(`{"name":"other"}`))
	goesOn := version(2, calendar.Span{From: "2026-02-01"}, toDate(`}`))
	for name, test := range map[string]struct {
		versions []program.Version
		want     int64
	}{
		"the window goes on": {[]program.Version{v1, goesOn}, 9000}, "no window": {[]program.Version{v1, monthly}, 7000},
		"no component": {[]program.Version{v1, other}, 7000}, "no version": {[]program.Version{v1}, 7000},
	} {
		if r := calculate(t, compile(t, test.versions...), in); r.Earned != 10000 || r.After.Excess["sales"] != test.want {
			t.Errorf("%s: pays %d and carries %d, want %d", name, r.Earned, r.After.Excess["sales"], test.want)
		}
	}
}

func TestCarriedIsBoundedAndSorted(t *testing.T) {
	v := version(1, always(), toDate(`},"hold":{"share":"0.5"}`), component(`{"name":"year","measure":{"window":"year_to_date"},"rate":{"tiers":[{"from":"0","pay":"1"}]}}`), component(`{"name":"plain"}`))
	v.Definition.Limits = []program.Limit{{Kind: program.LimitCap, Size: program.Size{Amount: ref("1000")}, Over: calendar.HalfYear}}
	plan := compile(t, v)
	in := input(month("2026-02"), credit("b", "2026-02-03", "100"), credit("a", "2026-02-04", "100"))
	in.Before = incentive.Carried{Period: "2026-01", Periods: 4, Holds: []incentive.Held{{Component: "gone", Credit: "c-old", Period: "2025-12", Amount: 3}}, ToDate: map[string]map[string]int64{
		"sales": {"2025-Q4": 7, "2026-Q1": 300}, "year": {"2025": 7, "2026": 100}, "gone": {"2026": 5}, "": {"2025-H2": 7, "2026-H1": 50},
	}}
	got := text(t, calculate(t, plan, in).After)
	// The deals earn 20.00, of which 3.00 were earned before; the year's component has no credits now, and takes back its 1.00.
	want := `{"period":"2026-02","holds":[` +
		`{"component":"gone","credit":"c-old","record":` + text(t, record.Key{}) + `,"period":"2025-12","amount":3},` +
		`{"component":"sales","credit":"c-b","record":` + text(t, in.Credits[0].Record) + `,"period":"2026-02","amount":500},` +
		`{"component":"sales","credit":"c-a","record":` + text(t, in.Credits[1].Record) + `,"period":"2026-02","amount":500}],` +
		`"to_date":{"":{"2026-H1":1650},"sales":{"2026-Q1":2000}},"periods":5}`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	in.Period = month("2026-03") // the last of the quarter
	for at := range in.Credits {
		in.Credits[at].Date = "2026-03-05"
	}
	if after := calculate(t, plan, in).After; after.ToDate["sales"] != nil || after.ToDate[""]["2026-H1"] == 0 {
		t.Errorf("%v is carried out of March", after.ToDate)
	}
	in.Period = month("2026-12")
	if after := calculate(t, plan, in).After; after.ToDate != nil {
		t.Errorf("%v is carried out of the year", after.ToDate)
	}
}

func TestPeriodsAreThoseOfTakingPart(t *testing.T) {
	plan := compile(t, version(1, always(), component(plain(``))))
	all := months(t, plan, []string{"1", "1", "1", "1"}, func(in *incentive.Input) {
		in.Spans = []calendar.Span{{From: "2026-01-31", Until: "2026-02-02"}, {From: "2026-04-30"}}
	})
	var got []int
	for _, r := range all {
		got = append(got, r.After.Periods)
	}
	if fmt.Sprint(got) != "[1 2 2 3]" {
		t.Error(got)
	}
}

// TestAWindowsPeriodsSumToTheWindow reckons random windows month by month, and at once at their end.
func TestAWindowsPeriodsSumToTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		adjust := rapid.SampledFrom([]string{``, `{"kind":"multiplier","factor":"1/3"}`, `{"kind":"cap","amount":"77.77"}`, `{"kind":"cap","amount":"50","excess":"carried"}`}).Draw(t, "adjust")
		plan, err := incentive.Compile([]program.Version{version(1, always(), toDate(`},"adjust":[`+adjust+`]`))})
		if err != nil {
			t.Fatal(err)
		}
		carried := rapid.Int64Range(0, 9000).Draw(t, "carried")
		before := incentive.Carried{Excess: map[string]int64{"sales": carried}}
		var all []incentive.Credit
		var sum int64
		var last incentive.Result
		for at := range 3 {
			p := month(fmt.Sprintf("2026-%02d", at+1))
			for nth := range rapid.IntRange(0, 3).Draw(t, "deals") {
				c := credit(fmt.Sprint(at, nth), p.From.AddDays(rapid.IntRange(0, 27).Draw(t, "day")), fmt.Sprintf("%d/7", rapid.IntRange(-3000, 9000).Draw(t, "value")))
				all = append(all, c)
			}
			in := input(p, all...)
			in.Before = before
			if last, err = plan.Calculate(in); err != nil {
				t.Fatal(err)
			}
			before, sum = last.After, sum+last.Earned
		}
		in := input(month("2026-03"), all...)
		in.Before.Excess = map[string]int64{"sales": carried}
		once, err := plan.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		// Half a cent rounds away from zero, which for what is left in a month may be the other way than for the whole.
		if diff := once.Earned - sum; diff < -1 || diff > 1 {
			t.Fatalf("%d by months, %d at once", sum, once.Earned)
		}
		if a, b := once.After.Excess["sales"], last.After.Excess["sales"]; a != b {
			t.Fatalf("%d are carried by months, %d at once", b, a)
		}
	})
}

package incentive_test

import (
	"fmt"
	"testing"

	"leadline/shared/incentive"
	"leadline/shared/program"
)

func TestMeasures(t *testing.T) {
	with := func(id, value, weight, key string) incentive.Credit {
		c := credit(id, "2026-01-05", value)
		c.Weight, c.Key = exactly(weight), key
		return c
	}
	a, b, c := with("a", "10", "1", "x"), with("b", "-4", "3", "y"), with("c", "1/3", "0", "x")
	half := a
	half.ID, half.Share, half.Value, half.Kind = "c-a2", exactly("50%"), exactly("5"), program.Split
	back := a
	back.Reversal, back.TakeBack, back.ID, back.Of = true, true, "c-a-taken", "c-a"
	all := []incentive.Credit{a, b, c}
	lost := append(all, reversal(a, "2026-01-20"))
	for _, x := range []struct {
		measure string
		credits []incentive.Credit
		want    string // the measure, the count, how many credits
	}{
		{``, all, "19/3 3 3"},
		{`"kind":"sum"`, all, "19/3 3 3"},
		{`"kind":"sum"`, lost, "-11/3 2 4"},
		{`"kind":"sum"`, nil, "0 0 0"},
		{`"kind":"count"`, all, "3 3 3"},
		{`"kind":"count"`, lost, "2 2 4"},
		{`"kind":"count"`, []incentive.Credit{a, half, b}, "2 2 3"}, // a record counts once
		{`"kind":"count"`, []incentive.Credit{half, b}, "2 2 2"},
		{`"kind":"count","shared":false`, []incentive.Credit{half}, "1 1 1"},
		{`"kind":"count","shared":true`, []incentive.Credit{half, b}, "1.5 2 2"},
		{`"kind":"count","shared":true`, []incentive.Credit{half, reversal(half, "2026-01-09")}, "0 0 2"},
		{`"kind":"count","of":["split"]`, []incentive.Credit{a, half, b}, "1 1 1"},
		{`"of":["split","direct"]`, []incentive.Credit{a, half, b}, "11 2 3"},
		{`"of":["overlay"]`, []incentive.Credit{a, half, b}, "0 0 0"},
		{`"kind":"distinct"`, all, "2 3 3"},
		{`"kind":"distinct"`, append(lost, reversal(b, "2026-01-21")), "1 1 5"},
		{`"kind":"distinct"`, nil, "0 0 0"},
		{`"kind":"average"`, all, "19/9 3 3"},
		{`"kind":"average"`, lost, "-11/6 2 4"},
		{`"kind":"average"`, nil, "0 0 0"},
		{`"kind":"ratio"`, all, "19/12 3 3"},
		{`"kind":"ratio"`, []incentive.Credit{c}, "0 1 1"}, // by nothing
		{`"kind":"weighted"`, all, "-0.5 3 3"},
		{`"kind":"weighted"`, []incentive.Credit{c}, "0 1 1"},
		{`"kind":"max"`, all, "10 3 3"},
		{`"kind":"max"`, lost, "1/3 2 4"},
		{`"kind":"max"`, []incentive.Credit{b}, "-4 1 1"},
		{`"kind":"min"`, all, "-4 3 3"},
		{`"kind":"min"`, []incentive.Credit{a, c}, "1/3 2 2"},
		{`"kind":"min"`, nil, "0 0 0"},
		{`"kind":"sum"`, append(all, back), "19/3 3 3"}, // what takes back what was earned does not count
	} {
		o := outcome(t, `{"measure":{`+x.measure+`}}`, x.credits...)
		if got := fmt.Sprint(o.Measure, " ", o.Count, " ", o.Credits); got != x.want {
			t.Errorf("%s of %d credits is %s, want %s", x.measure, len(x.credits), got, x.want)
		}
	}
}

func TestWindows(t *testing.T) {
	all := []incentive.Credit{credit("a", "2025-12-31", "1"), credit("b", "2026-01-01", "10"), credit("c", "2026-06-30", "100"),
		credit("d", "2026-07-01", "1000"), credit("e", "2026-08-31", "10000"), credit("f", "2026-09-01", "100000")}
	other := credit("g", "2026-08-01", "7")
	other.Component = "other"
	for window, want := range map[string]string{"period": "10000", "quarter_to_date": "11000", "half_to_date": "11000", "year_to_date": "11110", "": "10000"} {
		plan := compile(t, version(1, always(), component(`{"measure":{"window":"`+window+`"}}`)))
		if o := calculate(t, plan, input(month("2026-08"), append(all, other)...)).Components[0]; o.Measure.String() != want {
			t.Errorf("%q: %s, want %s", window, o.Measure, want)
		}
	}
}

// TestSharedCounts pays for each deal, by its share or once for everybody who has credit.
func TestSharedCounts(t *testing.T) {
	half := credit("a", "2026-01-05", "50")
	half.Share = exactly("50%")
	again := half
	again.ID, again.Kind = "c-a2", program.Overlay
	for _, shared := range []string{"false", "true"} {
		o := outcome(t, `{"measure":{"kind":"count","shared":`+shared+`},"rate":{"tiers":[{"from":"0","pay":"100"}]}}`, half, again)
		if o.Exact.String() != "100" {
			t.Errorf("shared %s: two halves of one deal pay %s", shared, o.Exact)
		}
	}
	for shared, want := range map[string]string{"false": "100", "true": "50"} {
		o := outcome(t, `{"measure":{"kind":"count","shared":`+shared+`},"rate":{"of":"count","by":{"of":"count"},"tiers":[{"from":"0","pay":"100"}]}}`, half)
		if o.Exact.String() != want {
			t.Errorf("shared %s: half a deal pays %s, want %s", shared, o.Exact, want)
		}
	}
}

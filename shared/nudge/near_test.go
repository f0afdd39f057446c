package nudge_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/incentive"
	"leadline/shared/nudge"
	"leadline/shared/program"
)

// plan is a component with tiers.
func plan(kind program.MeasureKind, by program.ByWhat, change func(*program.Component), pairs ...string) program.Component {
	c := program.Component{Name: "deals", Title: "Deals", Measure: program.Measure{Kind: kind}, Rate: &program.Rate{By: program.By{Of: by}}}
	for i := 0; i < len(pairs); i += 2 {
		c.Rate.Tiers = append(c.Rate.Tiers, program.Tier{From: num(pairs[i]), Pay: num(pairs[i+1])})
	}
	if change != nil {
		change(&c)
	}
	return program.Effective(c, program.Resolved{})
}

// TestTheNextTier is what is missing to it, in the units of the measure, and in deals.
func TestTheNextTier(t *testing.T) {
	upper := func(c *program.Component) { c.Rate.Boundary = program.Upper }
	for _, c := range []struct {
		name      string
		component program.Component
		figure    incentive.Figure
		want      string
	}{
		{"counted", plan(program.Count, program.ByMeasure, nil, "0", "1", "5", "2", "10", "3"), incentive.Figure{Measure: "8", Credits: 8}, "2 to 10, 2 deals"},
		{"on a bound", plan(program.Count, program.ByMeasure, nil, "0", "1", "5", "2", "10", "3"), incentive.Figure{Measure: "5", Credits: 5}, "5 to 10, 5 deals"},
		{"on a bound that the tier below owns", plan(program.Count, program.ByMeasure, upper, "0", "1", "5", "2", "10", "3"), incentive.Figure{Measure: "5", Credits: 5}, "0 to 5, 1 deals"},
		{"counted by shares", plan(program.Count, program.ByMeasure, nil, "0", "1", "5", "2"), incentive.Figure{Measure: "7/2", Credits: 5}, "1.5 to 5, 2 deals"},
		{"an amount", plan(program.Sum, program.ByMeasure, nil, "0", "5%", "1000", "8%"), incentive.Figure{Measure: "750", Credits: 3}, "250 to 1000, 1 deals"},
		{"an amount that is not a whole number of deals", plan(program.Sum, program.ByMeasure, nil, "0", "5%", "1000", "8%"), incentive.Figure{Measure: "740", Credits: 3}, "260 to 1000, 2 deals"},
		{"an amount without deals", plan(program.Sum, program.ByMeasure, nil, "0", "5%", "1000", "8%"), incentive.Figure{Measure: "740"}, "260 to 1000, 0 deals"},
		{"an attainment", plan(program.Sum, program.ByAttainment, nil, "0", "5%", "1", "8%"), incentive.Figure{Measure: "900", Credits: 9, Quota: "1000", Attainment: "0.9"}, "100 to 1000, 1 deals"},
		{"an attainment without a quota", plan(program.Sum, program.ByAttainment, nil, "0", "5%", "1", "8%"), incentive.Figure{Measure: "900"}, ""},
		{"the last tier", plan(program.Count, program.ByMeasure, nil, "0", "1", "5", "2"), incentive.Figure{Measure: "6"}, ""},
		{"a next tier that pays less", plan(program.Count, program.ByMeasure, nil, "0", "2", "5", "1"), incentive.Figure{Measure: "4"}, ""},
		{"nothing yet", plan(program.Count, program.ByMeasure, nil, "0", "1", "2", "2"), incentive.Figure{Measure: "0"}, ""},
		{"each deal by itself", plan(program.Sum, program.ByMeasure, func(c *program.Component) { c.Rate.Each = true }, "0", "1", "5", "2"), incentive.Figure{Measure: "4"}, ""},
		{"another component's measure", plan(program.Sum, program.ByMeasure, func(c *program.Component) { c.Rate.By.Component = "other" }, "0", "1", "5", "2"), incentive.Figure{Measure: "4"}, ""},
		{"what others earned", plan(program.Sum, program.ByEarned, nil, "0", "1", "5", "2"), incentive.Figure{Measure: "4"}, ""},
		{"a table of tables", plan(program.Sum, program.ByMeasure, func(c *program.Component) { c.Rate.Dimensions = []program.Dimension{{Name: "x"}} }, "0", "1", "5", "2"), incentive.Figure{Measure: "4"}, ""},
		{"only measured", plan(program.Sum, program.ByMeasure, func(c *program.Component) { c.Rate = nil }), incentive.Figure{Measure: "4"}, ""},
		{"no number", plan(program.Sum, program.ByMeasure, nil, "0", "1", "5", "2"), incentive.Figure{Measure: "?"}, ""},
	} {
		n, is := nudge.NextTier(c.component, c.figure)
		got := ""
		if is {
			got = fmt.Sprintf("%s to %s, %d deals", n.Left, n.At, n.Deals)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTheNextTierIsReached by as many deals as are said to be missing, and by no fewer.
func TestTheNextTierIsReached(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		boundary := rapid.SampledFrom([]program.Boundary{program.Lower, program.Upper}).Draw(r, "boundary")
		c := plan(program.Count, program.ByMeasure, func(c *program.Component) { c.Rate.Boundary = boundary }, "0", "1", "5", "2", "9", "3", "20", "4")
		have := rapid.IntRange(1, 25).Draw(r, "have")
		n, is := nudge.NextTier(c, incentive.Figure{Measure: fmt.Sprint(have), Credits: have})
		tier := func(deals int) (at int) {
			for i, from := range []int{0, 5, 9, 20} {
				if deals > from || deals == from && boundary == program.Lower {
					at = i
				}
			}
			return at
		}
		if !is {
			if tier(have) != 3 {
				r.Fatalf("no tier behind %d", have)
			}
			return
		}
		if tier(have+n.Deals) <= tier(have) || tier(have+n.Deals-1) != tier(have) {
			r.Fatalf("%d deals from %d on: tier %d", n.Deals, have, tier(have+n.Deals))
		}
	})
}

// TestFallen: who stands worse, and who of those ahead was not before.
func TestFallen(t *testing.T) {
	board := func(all ...string) nudge.Board {
		var places []nudge.Place
		for i, id := range all {
			places = append(places, nudge.Place{Participant: id, Rank: i + 1})
		}
		return nudge.Board{}.Ranks(places)
	}
	for _, c := range []struct {
		name        string
		before, now nudge.Board
		want        string
	}{
		{"nothing", board("a", "b"), board("a", "b"), ""},
		{"a swap", board("a", "b", "c"), board("b", "a", "c"), "a 1 [b]; "},
		{"one jumps over all", board("a", "b", "c"), board("c", "a", "b"), "a 1 [c]; b 2 [c]; "},
		{"somebody new", board("a"), board("n", "a"), "a 1 [n]; "},
		{"somebody left", board("a", "b"), board("b"), ""},
		{"who was not ranked did not fall", board("a"), board("a", "n"), ""},
		{"ties", nudge.Board{}.Ranks([]nudge.Place{{Participant: "a", Rank: 1}, {Participant: "b", Rank: 1}}), board("b", "a"), "a 1 [b]; "},
	} {
		got := ""
		for _, f := range c.before.Fallen(c.now, "x") {
			got += fmt.Sprintf("%s %d %v; ", f.Participant, f.Was, f.By)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	ranked := nudge.Board{}.Ranks([]nudge.Place{{Participant: "none"}, {Participant: "b", Rank: 2}, {Participant: "a", Rank: 1}})
	if len(ranked.Places) != 2 || !slices.IsSortedFunc(ranked.Places, func(a, b nudge.Place) int { return a.Rank - b.Rank }) {
		t.Errorf("%+v", ranked.Places)
	}
}

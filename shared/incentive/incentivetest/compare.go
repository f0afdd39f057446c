package incentivetest

import (
	"fmt"
	"maps"

	"leadline/shared/incentive"
	"leadline/shared/number"
)

// Compare tells the first figure in which a result differs from the oracle's; empty if none does.
func Compare(got, want incentive.Result) string {
	if len(got.Components) != len(want.Components) {
		return fmt.Sprintf("%d components, want %d", len(got.Components), len(want.Components))
	}
	for i, g := range got.Components {
		if problem := compareOutcome(g, want.Components[i]); problem != "" {
			return fmt.Sprintf("%s (version %d): %s", g.Component, g.Version, problem)
		}
	}
	for _, one := range []struct {
		name      string
		got, want int64
	}{{"earned", got.Earned, want.Earned}, {"payable", got.Payable, want.Payable}, {"periods", int64(got.After.Periods), int64(want.After.Periods)}} {
		if one.got != one.want {
			return fmt.Sprintf("%s is %d, want %d", one.name, one.got, one.want)
		}
	}
	if g, w := fmt.Sprint(got.After.Owed), fmt.Sprint(want.After.Owed); g != w {
		return fmt.Sprintf("owed is %s, want %s", g, w)
	}
	if !maps.Equal(got.After.Excess, want.After.Excess) && len(got.After.Excess)+len(want.After.Excess) > 0 {
		return fmt.Sprintf("what caps carry is %v, want %v", got.After.Excess, want.After.Excess)
	}
	return ""
}

func compareOutcome(got, want incentive.Outcome) string {
	if got.Component != want.Component || got.Version != want.Version {
		return fmt.Sprintf("stands in the place of %s", want.Component)
	}
	if got.Count != want.Count || got.Credits != want.Credits {
		return fmt.Sprintf("counts %d of %d credits, want %d of %d", got.Count, got.Credits, want.Count, want.Credits)
	}
	for _, one := range []struct {
		name      string
		got, want *number.Number
	}{{"measure", &got.Measure, &want.Measure}, {"quota", got.Quota, want.Quota}, {"attainment", got.Attainment, want.Attainment}, {"target", got.Target, want.Target},
		{"exact", &got.Exact, &want.Exact}} {
		if (one.got == nil) != (one.want == nil) || one.got != nil && one.got.Big().Cmp(one.want.Big()) != 0 {
			return fmt.Sprintf("%s is %v, want %v", one.name, one.got, one.want)
		}
	}
	if got.Amount != want.Amount {
		return fmt.Sprintf("amount is %d, want %d", got.Amount, want.Amount)
	}
	return ""
}

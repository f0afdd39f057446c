package incentive_test

import (
	"fmt"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/program"
)

// BenchmarkAdjusted reckons one participant with 5,000 credits, all of whose lines adjustments and a hold change.
func BenchmarkAdjusted(b *testing.B) {
	const adjust = `{"kind":"multiplier","factor":"1.07"},{"kind":"cap_deal","amount":"40"},{"kind":"kicker","amount":"9"},{"kind":"cap","amount":"90000","excess":"carried"}`
	v := holding("25%", `,"adjust":[`+adjust+`]`)
	v.Definition.Limits = []program.Limit{{Kind: program.LimitCap, Size: program.Size{Amount: ref("50000")}, Over: calendar.Quarterly}}
	plan := compile(b, v)
	var all []incentive.Credit
	for at := range 5000 {
		all = append(all, credit(fmt.Sprint(at), calendar.Date("2026-01-01").AddDays(at%31), fmt.Sprintf("%d.%02d", at%60, at%100)))
	}
	in := input(month("2026-01"), all...)
	for b.Loop() {
		calculate(b, plan, in)
	}
}

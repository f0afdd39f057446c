package incentive_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
)

const benchTable = `{"rate":{"tiers":[{"from":"0","pay":"4%"},{"from":"100000","pay":"6%"},{"from":"250000","pay":"8%"},{"from":"400000","pay":"10%"}]}}`

// history makes the credits of a participant's month, of up to 10,000.00 each, as they come from a store: by day.
func history(random *rand.Rand, n int) []incentive.Credit {
	var all []incentive.Credit
	for at := range n {
		c := credit(fmt.Sprintf("deal_%06d", random.IntN(1_000_000)*10+at%10), calendar.Date(fmt.Sprintf("2026-01-%02d", at*28/n+1)), fmt.Sprintf("%d.%02d", random.IntN(10_000), random.IntN(100)))
		c.At = time.Date(2026, 1, at*28/n+1, random.IntN(24), random.IntN(60), 0, 0, time.UTC)
		all = append(all, c)
	}
	return all
}

// BenchmarkMillion reckons 10,000 participants with 100 credits each, by a table of four marginal tiers.
func BenchmarkMillion(b *testing.B) {
	const participants, each = 10_000, 100
	plan := compile(b, version(1, always(), component(benchTable)))
	random := rand.New(rand.NewPCG(1, 2))
	var inputs []incentive.Input
	for range 500 { // more than a cache holds
		inputs = append(inputs, input(month("2026-01"), history(random, each)...))
	}
	b.ReportAllocs()
	for b.Loop() {
		for at := range participants {
			calculate(b, plan, inputs[at%len(inputs)])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(participants*each), "ns/credit")
}

// BenchmarkOne reckons one participant with 5,000 credits, who has a quota, too.
func BenchmarkOne(b *testing.B) {
	plan := compile(b, version(1, always(), component(`{"quota":{"amount":"20000000"},"rate":{"by":{"of":"attainment"},
		"tiers":[{"from":"0","pay":"4%"},{"from":"50%","pay":"6%"},{"from":"1","pay":"8%"},{"from":"120%","pay":"10%"}]}}`)))
	in := input(month("2026-01"), history(rand.New(rand.NewPCG(1, 2)), 5000)...)
	b.ReportAllocs()
	for b.Loop() {
		calculate(b, plan, in)
	}
}

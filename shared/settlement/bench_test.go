package settlement_test

import (
	"fmt"
	"testing"

	"leadline/shared/number"
	"leadline/shared/settlement"
)

// BenchmarkDifferences compares a period of 5,000 deals of which every other one counts otherwise, and all earn otherwise.
func BenchmarkDifferences(b *testing.B) {
	was, now := simple(nil), simple(nil)
	for n := range 5000 {
		id := fmt.Sprintf("d%04d", n)
		deal(was, id, 10, 100)
		deal(now, id, 10, 200)
		if n%2 == 0 {
			now.Input.Credits[n].Value, now.Input.Credits[n].Rev = number.Of(11), 2
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if all := settlement.Differences("2026-10", was, now); len(all) != 5000 {
			b.Fatal(len(all))
		}
	}
}

package close_test

import "testing"

// TestTrapPagesOverlap: each page begins within the one before, so that nothing is passed over; what both hold counts once.
func TestTrapPagesOverlap(t *testing.T) {
	for object, n := range map[string]int{"user": 450, "lead": 650, "opportunity": 450, "activity.call": 450} {
		w := newWorld(t, object)
		w.add(n, func(i int) int64 { return apart(i / 3) }, func(i int) int64 { return apart(i / 3) }) // three of each time
		if got := read(t, w); got.rows != n {
			t.Errorf("%s: %d rows for %d records", object, got.rows, n)
		}
	}
}

package rotation_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/rotation"
)

type key struct {
	name string
	ends time.Time
}

func ends(k *key) *time.Time { return &k.ends }

func names(keys []key) (all []string) {
	for _, k := range keys {
		all = append(all, k.name)
	}
	return all
}

func TestRotate(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one := rotation.Rotate(nil, key{"one", noon}, ends, time.Hour, noon)
	if p := rotation.Present(one, ends); p == nil || p.name != "one" || rotation.Present(nil, ends) != nil {
		t.Fatalf("the first key: %+v", one)
	}
	two := rotation.Rotate(one, key{name: "two"}, ends, time.Hour, noon)
	if !slices.Equal(names(two), []string{"two", "one"}) || !one[0].ends.IsZero() {
		t.Fatalf("the second key: %+v, the first keys %+v", two, one)
	}
	for at, want := range map[time.Duration][]string{time.Hour - 1: {"two", "one"}, time.Hour: {"two"}} {
		if got := names(rotation.Valid(two, ends, noon.Add(at))); !slices.Equal(got, want) {
			t.Errorf("valid after %s: %v", at, got)
		}
	}
	if three := rotation.Rotate(two, key{name: "three"}, ends, 0, noon); !slices.Equal(names(three), []string{"three"}) {
		t.Errorf("without an overlap: %+v", three)
	}
}

// TestThereIsAlwaysAKeyAndNeverMoreThanTwo over any rotations.
func TestThereIsAlwaysAKeyAndNeverMoreThanTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, keys := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), []key(nil)
		for range rapid.IntRange(1, 20).Draw(t, "rotations") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "pause")) * time.Second)
			before := rotation.Present(keys, ends)
			overlap := time.Duration(rapid.IntRange(0, 1000).Draw(t, "overlap")) * time.Second
			keys = rotation.Rotate(keys, key{name: rapid.StringMatching(`[a-f]`).Draw(t, "name")}, ends, overlap, now)
			valid := rotation.Valid(keys, ends, now)
			if len(keys) > 2 || len(valid) == 0 || !valid[0].ends.IsZero() {
				t.Fatalf("keys %+v", keys)
			}
			if before != nil && overlap > 0 && (len(valid) != 2 || valid[1].name != before.name) {
				t.Fatalf("the key before is not accepted any more: %+v", valid)
			}
		}
	})
}

package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
)

func dueTests() []test {
	return []test{
		{"nothing is due where nothing is scheduled", func(t *testing.T, s Stores) {
			next := store.DueMinute(noon())
			items, next, more, err := s.Due.DueBefore(ctx(t), next, noon(), 10)
			ok(t, err)
			if len(items) > 0 || more || next != store.DueMinute(noon()) {
				t.Fatalf("%v is due, next is %s, more is %t", items, next, more)
			}
		}},
		{"an item is kept whole", func(t *testing.T, s Stores) {
			for _, d := range []store.DueItem{
				{At: noon().Add(1), Key: "a#b %<&>", Queue: "deliver", Group: "org_a", Body: []byte("{\"a\": \"\xff\x00\"}")},
				{At: noon().Add(2)}, {At: noon().Add(time.Minute - 1), Key: "x", Body: []byte("b")},
			} {
				schedule(t, s, d)
				same(t, due(t, s, noon().Add(time.Hour)), []store.DueItem{d})
				ok(t, s.Due.Finished(ctx(t), d))
			}
		}},
		{"a time means the same in every zone", func(t *testing.T, s Stores) {
			d := dueItem(noon().Add(time.Second), "x")
			east := d
			east.At = d.At.In(time.FixedZone("east", 9*3600+1800))
			schedule(t, s, east)
			schedule(t, s, d)
			same(t, due(t, s, noon().Add(time.Hour).In(east.At.Location())), []store.DueItem{d})
			ok(t, s.Due.Finished(ctx(t), east))
			same(t, due(t, s, noon().Add(time.Hour)), nil)
		}},
		{"what is due at the time is not due before it", func(t *testing.T, s Stores) {
			var want []store.DueItem
			for _, at := range []time.Duration{-time.Minute, -1, 0, 1, time.Second, time.Minute} {
				d := dueItem(noon().Add(90*time.Second+at), fmt.Sprint(at))
				schedule(t, s, d)
				if at < 0 {
					want = append(want, d)
				}
			}
			same(t, due(t, s, noon().Add(90*time.Second)), want)
		}},
		{"the same key at the same time replaces, at another time it does not", func(t *testing.T, s Stores) {
			d, again, other := dueItem(noon(), "x"), dueItem(noon(), "x"), dueItem(noon().Add(1), "x")
			again.Body, again.Queue, again.Group = []byte("again"), "", "org_b"
			for _, d := range []store.DueItem{d, other, again} {
				schedule(t, s, d)
			}
			same(t, due(t, s, noon().Add(time.Minute)), []store.DueItem{again, other})
		}},
		{"items come earliest first, as many as are wanted, and each once as they are finished", drained},
		{"what is not finished is given again", unfinished},
		{"a minute is looked at again while late items may come", lateItems},
		{"without a minute to begin with, what is days old is found", func(t *testing.T, s Stores) {
			d := dueItem(noon().Add(-store.DueReach+time.Minute), "x")
			schedule(t, s, d)
			items, next, _, err := s.Due.DueBefore(ctx(t), "", noon(), 10)
			ok(t, err)
			same(t, items, []store.DueItem{d})
			same(t, next, store.DueMinute(d.At))
		}},
		{"a time before the one to begin with gives nothing and does not go back", func(t *testing.T, s Stores) {
			schedule(t, s, dueItem(noon(), "x"))
			from := store.DueMinute(noon())
			items, next, more, err := s.Due.DueBefore(ctx(t), from, noon().Add(-time.Hour), 10)
			ok(t, err)
			if len(items) > 0 || next != from || more {
				t.Fatalf("%v, next %s, more %t", items, next, more)
			}
		}},
		{"bad limits and minutes are invalid", func(t *testing.T, s Stores) {
			for _, limit := range []int{-1, 0, store.MaxLimit + 1} {
				_, _, _, err := s.Due.DueBefore(ctx(t), "", noon(), limit)
				is(t, err, fault.Invalid, "")
			}
			for _, from := range []string{"x", "2026-11-22", "2026-11-22T10:30:00Z", "2026-13-22T10:30", "0"} {
				_, _, _, err := s.Due.DueBefore(ctx(t), from, noon(), 1)
				is(t, err, fault.Invalid, store.CodeInvalidCursor)
			}
		}},
		{"finishing what is not there is no error and touches nothing else", func(t *testing.T, s Stores) {
			d := dueItem(noon(), "x")
			schedule(t, s, d)
			ok(t, s.Due.Finished(ctx(t), dueItem(noon(), "y")))
			ok(t, s.Due.Finished(ctx(t), dueItem(noon().Add(1), "x")))
			same(t, due(t, s, noon().Add(time.Minute)), []store.DueItem{d})
		}},
	}
}

func drained(t *testing.T, s Stores) {
	var want []store.DueItem
	for n := range 30 { // over an hour and a half, more than one call may come by
		want = append(want, dueItem(noon().Add(time.Duration(n/3)*9*time.Minute+time.Duration(n%3)), fmt.Sprint((n*37)%30)))
	}
	for n := range want {
		schedule(t, s, want[(n*7)%30])
	}
	until := noon().Add(100 * time.Minute)
	for _, limit := range []int{1, 7, 1000} {
		var got []store.DueItem
		from, calls := store.DueMinute(noon()), 0
		for more := true; more; calls++ {
			var items []store.DueItem
			var err error
			items, from, more, err = s.Due.DueBefore(ctx(t), from, until, limit)
			ok(t, err)
			if len(items) > limit {
				t.Fatalf("%d items, limit %d", len(items), limit)
			}
			for _, d := range items {
				ok(t, s.Due.Finished(ctx(t), d))
			}
			if got = append(got, items...); calls > 1000 {
				t.Fatal("there is always more")
			}
		}
		same(t, got, want)
		for _, d := range want {
			schedule(t, s, d)
		}
	}
}

func unfinished(t *testing.T, s Stores) {
	first, second, third := dueItem(noon(), "first"), dueItem(noon().Add(1), "second"), dueItem(noon().Add(3*time.Minute), "third")
	for _, d := range []store.DueItem{first, second, third} {
		schedule(t, s, d)
	}
	until := noon().Add(20 * time.Minute)
	call := func(from string) ([]store.DueItem, string) {
		t.Helper()
		items, next, more, err := s.Due.DueBefore(ctx(t), from, until, 10)
		ok(t, err)
		if more {
			t.Fatal("there is more")
		}
		return items, next
	}
	from := store.DueMinute(noon().Add(-10 * time.Minute))
	for range 2 {
		var items []store.DueItem
		items, from = call(from)
		same(t, items, []store.DueItem{first, second, third})
		same(t, from, store.DueMinute(noon()))
	}
	ok(t, s.Due.Finished(ctx(t), first))
	ok(t, s.Due.Finished(ctx(t), third))
	items, from := call(from)
	same(t, items, []store.DueItem{second})
	same(t, from, store.DueMinute(noon()))
	ok(t, s.Due.Finished(ctx(t), second))
	items, from = call(from)
	same(t, items, nil)
	same(t, from, store.DueMinute(until.Add(-store.DueGrace)))
	schedule(t, s, dueItem(noon(), "far too late"))
	items, _ = call(from)
	same(t, items, nil)
}

func lateItems(t *testing.T, s Stores) {
	_, next, _, err := s.Due.DueBefore(ctx(t), store.DueMinute(noon()), noon().Add(10*time.Minute), 10)
	ok(t, err)
	late := dueItem(noon().Add(10*time.Minute-store.DueGrace), "late")
	schedule(t, s, late)
	items, _, _, err := s.Due.DueBefore(ctx(t), next, noon().Add(10*time.Minute), 10)
	ok(t, err)
	same(t, items, []store.DueItem{late})
}

// noon is the beginning of a minute.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func dueItem(at time.Time, key string) store.DueItem {
	return store.DueItem{At: at, Key: key, Queue: "deliver", Group: "org_a", Body: []byte("message " + key)}
}

func schedule(t *testing.T, s Stores, d store.DueItem) {
	t.Helper()
	ok(t, s.Due.Schedule(ctx(t), d))
}

// due gives what is due before a time not long after noon, as it is listed from noon on.
func due(t *testing.T, s Stores, until time.Time) []store.DueItem {
	t.Helper()
	var found []store.DueItem
	for from := store.DueMinute(noon()); ; {
		items, next, more, err := s.Due.DueBefore(ctx(t), from, until, store.MaxLimit)
		ok(t, err)
		found = append(found, slices.DeleteFunc(items, func(d store.DueItem) bool {
			return slices.ContainsFunc(found, func(f store.DueItem) bool { return f.Key == d.Key && f.At.Equal(d.At) })
		})...)
		if !more || next == from {
			return found
		}
		from = next
	}
}

package close_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/connector"
)

// searched, ordered and windowed are one object of each manner of reading.
var manners = map[string]string{"lead": "search", "opportunity": "order", "task": "order of creation", "activity.call": "window"}

func all() connector.Scope { return connector.Scope{Kind: connector.All} }

// TestPagingIsCompleteUnderAnyCaps: whatever the caps, the ties and the times, a reading brings every record with its content.
func TestPagingIsCompleteUnderAnyCaps(t *testing.T) {
	for object, how := range manners {
		t.Run(how, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				w := newWorld(t, object)
				w.limit = 200
				w.maxSkip = rapid.IntRange(500, 2000).Draw(rt, "max_skip")
				w.tick = time.Duration(rapid.IntRange(0, 60).Draw(rt, "tick")) * time.Second
				w.shuffled = object == "activity.call" && rapid.Bool().Draw(rt, "shuffled")
				span := rapid.SampledFrom([]int64{1, 3, 1000, 1 << 20, 1 << 34}).Draw(rt, "span")
				n := rapid.IntRange(0, 1200).Draw(rt, "n")
				if span == 1 { // all of one time: no more than can be read behind one search
					n = min(n, 450)
					w.tick = time.Second
				}
				dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
				base := begin.Add(-400 * 24 * time.Hour).UnixMilli()
				w.add(n, func(int) int64 { return base + dice.Int64N(span) }, func(int) int64 { return base + dice.Int64N(span) })
				var got copied
				if err := pull(t, w, all(), &got); err != nil {
					rt.Fatal(err)
				}
				complete(t, w, got, true)
				if got.rows > 3*n+200 && !w.shuffled {
					rt.Errorf("%d rows were given for %d records", got.rows, n)
				}
			})
		})
	}
}

// TestPagingIsCompleteWhileRecordsChange: what changes, comes and goes while it is read is neither lost nor hides others. A
// second reading, of what changed since the first began, brings the rest.
func TestPagingIsCompleteWhileRecordsChange(t *testing.T) {
	for object, how := range manners {
		t.Run(how, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				w := newWorld(t, object)
				dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
				base := begin.Add(-400 * 24 * time.Hour).UnixMilli()
				span := rapid.SampledFrom([]int64{500, 1 << 20, 1 << 34}).Draw(rt, "span")
				w.add(rapid.IntRange(100, 900).Draw(rt, "n"), func(int) int64 { return base + dice.Int64N(span) }, func(int) int64 { return base + dice.Int64N(span) })
				if object == "lead" {
					w.lag = time.Duration(rapid.IntRange(0, 120).Draw(rt, "lag")) * time.Second
				}
				changes := rapid.IntRange(0, 40).Draw(rt, "changes")
				for _, r := range w.rows {
					if r.updated < r.created {
						r.updated = r.created
						r.indexed = r.updated
					}
				}
				busy := true
				w.after = func() {
					if !busy {
						return
					}
					for range changes {
						switch r := w.rows[dice.IntN(len(w.rows))]; dice.IntN(10) {
						case 0:
							r.gone, w.dirty = true, true
						case 1:
							now := w.now.UnixMilli()
							w.add(1, func(int) int64 { return now }, func(int) int64 { return now })
						default:
							if !r.gone && object != "activity.call" {
								w.touch(r)
							}
						}
					}
					if w.now.Sub(begin) > 2*time.Minute {
						busy = false
					}
				}
				start := w.now
				var got copied
				if err := pull(t, w, all(), &got); err != nil {
					rt.Fatal(err)
				}
				busy = false
				w.now = w.now.Add(10 * time.Minute)
				since := connector.Scope{Kind: connector.ChangedSince, From: start}
				if object == "activity.call" {
					since.Kind = connector.CreatedBetween
				}
				if err := pull(t, w, since, &got); err != nil {
					rt.Fatal(err)
				}
				complete(t, w, got, true)
			})
		})
	}
}

// TestScopes: each scope gives what it says.
func TestScopes(t *testing.T) {
	day := func(n int) time.Time { return begin.Add(time.Duration(n-100) * 24 * time.Hour) }
	for object := range manners {
		w := newWorld(t, object)
		w.add(90, func(i int) int64 { return day(i).UnixMilli() }, func(i int) int64 { return day(i + 5).UnixMilli() })
		for _, c := range []struct {
			scope connector.Scope
			want  int
			skip  bool
		}{
			{scope: all(), want: 90},
			{scope: connector.Scope{Kind: connector.CreatedBetween, From: day(10), Until: day(20)}, want: 10},
			{scope: connector.Scope{Kind: connector.CreatedBetween, From: day(85)}, want: 5},
			{scope: connector.Scope{Kind: connector.CreatedBetween, Until: day(7)}, want: 7},
			{scope: connector.Scope{Kind: connector.ChangedSince, From: day(91)}, want: 4, skip: object == "activity.call"},
			{scope: connector.Scope{Kind: connector.ChangedSince, From: day(15), Until: day(25)}, want: 10, skip: object == "activity.call"},
		} {
			if c.skip {
				continue
			}
			var got copied
			if err := pull(t, w, c.scope, &got); err != nil {
				t.Fatal(err)
			}
			if slack := len(got.records) - c.want; slack != 0 && !(object == "lead" && c.scope.Kind == connector.ChangedSince && slack == 0) {
				t.Errorf("%s %+v: got %d records, want %d", object, c.scope, len(got.records), c.want)
			}
		}
	}
}

// TestCursorsAreTakenUpHoursLater: each page is read twice, the second time hours later, from the same cursor.
func TestCursorsAreTakenUpHoursLater(t *testing.T) {
	for object := range manners {
		w := newWorld(t, object)
		base := begin.Add(-1000 * time.Hour).UnixMilli()
		w.add(2500, func(i int) int64 { return base + int64(i/900) }, func(i int) int64 { return base + int64(i/400) })
		w.tick = 45 * time.Minute // no cursor of a search lives that long
		if object == "lead" {     // more than a page of one time in both orders takes a chain of cursors, which does not wait
			w.rows = w.rows[:0]
			w.add(2500, func(i int) int64 { return base + int64(i/150) }, func(i int) int64 { return base + int64(i/400) })
		}
		var got copied
		if err := pull(t, w, all(), &got); err != nil {
			t.Fatal(err)
		}
		complete(t, w, got, true)
	}
}

// TestIDsAndChildren: records by their ids and by their leads, and what of them is not there.
func TestIDsAndChildren(t *testing.T) {
	for _, object := range []string{"lead", "contact", "opportunity", "task", "activity.call", "custom_object"} {
		w := newWorld(t, object)
		base := begin.Add(-1000 * time.Hour).UnixMilli()
		w.add(300, func(i int) int64 { return base + int64(i) }, func(i int) int64 { return base + int64(i) })
		var ids []string
		for i := range 95 {
			ids = append(ids, fmt.Sprintf("x_%07d", 2*i))
		}
		w.rows[2].gone, w.dirty = true, true
		ids = append(ids, "nobody", ids[5])
		var got copied
		if err := pull(t, w, connector.Scope{Kind: connector.IDs, IDs: ids}, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.records) != 94 || len(got.missing) != 2 {
			t.Errorf("%s: got %d records, missing %v", object, len(got.records), got.missing)
		}
		if object == "lead" {
			continue
		}
		got = copied{}
		if err := pull(t, w, connector.Scope{Kind: connector.ChildrenOf, IDs: []string{"lead_1", "lead_none", "lead_3"}}, &got); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, r := range w.rows {
			if !r.gone && (r.lead == "lead_1" || r.lead == "lead_3") {
				want++
			}
		}
		if len(got.records) != want {
			t.Errorf("%s: got %d children, want %d", object, len(got.records), want)
		}
	}
}

package syncing_test

import (
	"testing"
	"time"

	"leadline/shared/syncing"
)

func stream(object string, phase syncing.Phase, found, fetched int64) syncing.Stream {
	return syncing.Stream{Object: object, Phase: phase, Counts: syncing.Counts{Found: found, Fetched: fetched, Missing: fetched}, Requests: 3, Retries: 2, Throttled: 1, Source: -1, Stored: -1}
}

func TestProgress(t *testing.T) {
	began := noon.Add(-10 * time.Minute)
	running := syncing.Run{Status: syncing.Running, CreatedAt: began}
	with := func(change func(*syncing.Run)) syncing.Run {
		r := running
		change(&r)
		return r
	}
	reading := stream("deal", syncing.Reading, 300, 100)
	for name, c := range map[string]struct {
		run       syncing.Run
		streams   []syncing.Stream
		perMinute float64
		end       time.Duration // from now; 0 for unknown
		done      int
	}{
		"nothing yet":          {running, nil, 0, 0, 0},
		"one of two":           {running, []syncing.Stream{reading, stream("user", syncing.Finished, 50, 50)}, 15, 13*time.Minute + 20*time.Second, 1},
		"one of unknown size":  {running, []syncing.Stream{reading, stream("user", syncing.Reading, -1, 50)}, 15, 0, 0},
		"unknown, but over":    {running, []syncing.Stream{reading, stream("user", syncing.Stopped, -1, 0)}, 10, 20 * time.Minute, 1},
		"beyond the reading":   {running, []syncing.Stream{reading, stream("user", syncing.Counting, -1, 0)}, 10, 20 * time.Minute, 0},
		"more than was said":   {running, []syncing.Stream{reading, stream("user", syncing.Reading, 10, 50)}, 15, 13*time.Minute + 20*time.Second, 0},
		"just begun":           {with(func(r *syncing.Run) { r.CreatedAt = noon }), []syncing.Stream{reading}, 0, 0, 0},
		"a rate of next to no": {with(func(r *syncing.Run) { r.CreatedAt = noon.AddDate(-1, 0, 0) }), []syncing.Stream{stream("deal", syncing.Reading, 1_000, 1)}, 0, 0, 0},
		"farther than a year":  {running, []syncing.Stream{stream("deal", syncing.Reading, 1e15, 1)}, 0.1, 0, 0},
		"was paused":           {with(func(r *syncing.Run) { r.PausedFor = 5 * time.Minute }), []syncing.Stream{reading}, 20, 10 * time.Minute, 0},
		"is paused": {with(func(r *syncing.Run) { r.Status, r.PausedAt = syncing.Paused, began.Add(5*time.Minute) }),
			[]syncing.Stream{reading}, 20, 0, 0},
		"is over": {with(func(r *syncing.Run) { r.Status, r.FinishedAt = syncing.Cancelled, began.Add(2*time.Minute) }),
			[]syncing.Stream{reading}, 50, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := syncing.ProgressOf(c.run, c.streams, noon)
			if p.PerMinute != c.perMinute || p.Done != c.done {
				t.Errorf("got %v a minute, %d done", p.PerMinute, p.Done)
			}
			if c.end == 0 != p.End.IsZero() || c.end > 0 && !p.End.Equal(noon.Add(c.end)) {
				t.Errorf("it ends %s", p.End)
			}
			n := int64(len(c.streams))
			if p.Requests != 3*n || p.Retries != 2*n || p.Throttled != n {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestCountsAddUp(t *testing.T) {
	a := syncing.Counts{Found: 1, Fetched: 2, Missing: 3, Stale: 4, Differing: 5, Unchanged: 6, Newer: 7, Refused: 8, Absent: 9, Deleted: 10, Kept: 11, Held: 12}
	b := syncing.Counts{Found: 10, Fetched: 20, Missing: 30, Stale: 40, Differing: 50, Unchanged: 60, Newer: 70, Refused: 80, Absent: 90, Deleted: 100, Kept: 110, Held: 120}
	want := syncing.Counts{Found: 11, Fetched: 22, Missing: 33, Stale: 44, Differing: 55, Unchanged: 66, Newer: 77, Refused: 88, Absent: 99, Deleted: 110, Kept: 121, Held: 132}
	if got := a.Add(b); got != want {
		t.Errorf("got %+v", got)
	}
	if a.Stored() != 12 || a.Drift() != 34 {
		t.Errorf("%d stored, a drift of %d", a.Stored(), a.Drift())
	}
	for _, c := range []struct{ a, b, want int64 }{{-1, -1, -1}, {-1, 0, 0}, {0, -1, 0}, {-1, 7, 7}, {7, -1, 7}, {7, 8, 15}} {
		if got := (syncing.Counts{Found: c.a}).Add(syncing.Counts{Found: c.b}).Found; got != c.want {
			t.Errorf("found %d and %d: %d", c.a, c.b, got)
		}
	}
}

func TestReport(t *testing.T) {
	counted := func(source, stored int64, c syncing.Counts) syncing.Stream {
		return syncing.Stream{Object: "deal", Phase: syncing.Finished, Source: source, SourceHow: "its list", Stored: stored, Counts: c}
	}
	for name, c := range map[string]struct {
		stream     syncing.Stream
		agrees     bool
		difference int64
		explained  string
	}{
		"the same":           {counted(5, 5, syncing.Counts{Refused: 1, Held: 2}), true, 0, ""},
		"nothing on either":  {counted(0, 0, syncing.Counts{}), true, 0, ""},
		"refused":            {counted(5, 3, syncing.Counts{Refused: 2}), false, -2, "2 in the quarantine"},
		"held":               {counted(3, 5, syncing.Counts{Held: 2}), false, 2, "2 wait to be deleted"},
		"both":               {counted(3, 5, syncing.Counts{Refused: 1, Held: 3}), false, 2, "1 in the quarantine, 3 wait to be deleted"},
		"nobody knows":       {counted(3, 5, syncing.Counts{}), false, 2, "changed while it was counted, or not shown to this login"},
		"theirs is not told": {counted(-1, 5, syncing.Counts{}), true, 0, ""},
		"ours is not":        {counted(5, -1, syncing.Counts{}), true, 0, ""},
		"stopped":            {syncing.Stream{Object: "deal", Phase: syncing.Stopped, Source: -1, Stored: -1, Problem: "It may not."}, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := syncing.NewReport([]syncing.Stream{counted(1, 1, syncing.Counts{}), c.stream}, noon)
			if r.Agrees != c.agrees || !r.At.Equal(noon) || len(r.Objects) != 2 {
				t.Fatalf("got %+v", r)
			}
			o := r.Objects[1]
			if o.Difference != c.difference || o.Explained != c.explained || o.Object != "deal" || o.Problem != c.stream.Problem || o.Counts != c.stream.Counts ||
				o.Source != c.stream.Source || o.SourceHow != c.stream.SourceHow || o.Stored != c.stream.Stored || o.StoredHow == "" != (o.Stored < 0) {
				t.Errorf("got %+v", o)
			}
		})
	}
	if r := syncing.NewReport(nil, noon); !r.Agrees || len(r.Objects) != 0 {
		t.Errorf("of nothing: %+v", r)
	}
}

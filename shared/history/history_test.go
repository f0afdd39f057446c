package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadline/shared/history"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

var (
	start = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	key   = record.Key{Organization: "org_1", Connection: "conn_1", Object: "opportunity", ID: "oppo_1"}
)

// world plays the record table and its stream.
type world struct {
	*memory.Records
	*memory.History
	cursors *memory.Cursors
	stream  []history.Write
	now     time.Time
}

func newWorld() *world {
	return &world{Records: memory.NewRecords(), History: memory.NewHistory(), cursors: memory.NewCursors(), now: start}
}

// write stores a state of a record a minute later and puts it on the stream.
func (w *world) write(t *testing.T, key record.Key, fields map[string]string) {
	t.Helper()
	w.now = w.now.Add(time.Minute)
	r := record.Record{Key: key, Version: record.VersionAt(w.now, 1), StoredAt: w.now, Fields: record.Fields{},
		Source: record.Source{Kind: "webhook", Event: fmt.Sprint("ev_", w.now.Unix())}}
	for name, value := range fields {
		r.Fields[name] = json.RawMessage(value)
	}
	ctx := context.Background()
	var before *record.Record
	if old, err := w.Records.Get(ctx, key); err == nil {
		before = &old
	}
	if standing, err := w.PutNewer(ctx, r); err != nil || standing != nil {
		t.Fatalf("put: %v %v", standing, err)
	}
	after, err := w.Records.Get(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	w.stream = append(w.stream, history.Write{Before: before, After: &after})
}

func (w *world) relay(t *testing.T, writes ...history.Write) {
	t.Helper()
	if err := history.Record(context.Background(), w.History, writes); err != nil {
		t.Fatal(err)
	}
}

func (w *world) sweeper() *history.Sweeper {
	return &history.Sweeper{Records: w.Records, History: w.History, Cursors: w.cursors, Grace: 15 * time.Minute,
		Interval: 6 * time.Hour, Now: func() time.Time { return w.now }}
}

func (w *world) sweep(t *testing.T, restart bool) history.Report {
	t.Helper()
	report, err := w.sweeper().Sweep(context.Background(), restart, func() bool { return false })
	if err != nil || !report.Complete {
		t.Fatalf("sweep: %+v %v", report, err)
	}
	return report
}

func (w *world) rows(t *testing.T, key record.Key) []record.Revision {
	t.Helper()
	rows, _, err := w.History.List(context.Background(), key, store.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rows)
	return rows
}

// whole tells whether the rows join and lead from nothing to the stored record.
func (w *world) whole(t *testing.T, key record.Key) {
	t.Helper()
	want, err := w.Records.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	var state *record.Record
	rev := int64(0)
	for _, row := range w.rows(t, key) {
		if row.FromRev != rev {
			t.Fatalf("the row of revision %d starts at %d, the one before ends at %d", row.Rev, row.FromRev, rev)
		}
		state, rev = row.Apply(state), row.Rev
	}
	if rev != want.Rev || cmp.Diff(state.Fields, want.Fields, cmpopts.EquateEmpty()) != "" {
		t.Fatalf("history ends at revision %d with %s, the record is at %d with %s", rev, state.Fields.Canonical(), want.Rev, want.Fields.Canonical())
	}
}

func TestRelayedRowsTellWhatChanged(t *testing.T) {
	w := newWorld()
	w.write(t, key, map[string]string{"status": `"active"`, "value": "100"})
	w.write(t, key, map[string]string{"status": `"won"`, "value": "100"})
	w.relay(t, w.stream...)
	w.relay(t, w.stream...)
	rows := w.rows(t, key)
	if len(rows) != 2 || len(rows[1].Changes) != 1 {
		t.Fatalf("got %+v", rows)
	}
	c := rows[1].Changes[0]
	if c.Field != "status" || string(c.Old) != `"active"` || string(c.New) != `"won"` || rows[1].Source.Event == "" {
		t.Fatalf("got %+v", rows[1])
	}
	w.whole(t, key)
}

func TestTheSweeperMakesUpAnyRowsThatWereLost(t *testing.T) {
	values := []string{"1", "2", "null", `"x"`}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 0))
		w := newWorld()
		for range 1 + r.IntN(12) {
			fields := map[string]string{}
			for _, name := range []string{"a", "b", "c"} {
				if r.IntN(3) > 0 {
					fields[name] = values[r.IntN(len(values))]
				}
			}
			w.write(t, key, fields)
		}
		lost := 0
		var late []history.Write
		for _, write := range w.stream {
			if r.IntN(2) == 0 {
				w.relay(t, write)
			} else {
				lost++
				late = append(late, write)
			}
		}
		w.now = w.now.Add(time.Hour)
		report := w.sweep(t, true)
		if lost > 0 && report.Repaired == 0 || lost == 0 && report.Repaired > 0 || report.Repaired > lost {
			t.Fatalf("seed %d: %d rows lost, %d repaired", seed, lost, report.Repaired)
		}
		w.whole(t, key)
		if again := w.sweep(t, true); again.Repaired != 0 {
			t.Fatalf("seed %d: a second pass repaired %d rows more", seed, again.Repaired)
		}
		w.relay(t, late...) // the stream comes back after all: its rows are exact, and win
		w.whole(t, key)
		for _, row := range w.rows(t, key) {
			if row.Repaired {
				t.Fatalf("seed %d: the made-up row of revision %d outlived the exact one", seed, row.Rev)
			}
		}
	}
}

func TestTheSweeperLeavesFreshWritesToTheStream(t *testing.T) {
	w := newWorld()
	w.write(t, key, map[string]string{"a": "1"})
	if report := w.sweep(t, true); report.Repaired != 0 {
		t.Fatalf("got %+v", report)
	}
	w.now = w.now.Add(15 * time.Minute)
	if report := w.sweep(t, true); report.Repaired != 1 {
		t.Fatalf("got %+v", report)
	}
}

func TestTheSweeperMakesUpNothingFromBeforeAnErasure(t *testing.T) {
	for name, lost := range map[string]bool{"the tombstone's row is there": false, "the stream lost it": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.write(t, key, map[string]string{"email": `"joe@example.com"`})
			w.relay(t, w.stream...)
			before, err := w.Records.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			tombstone := record.Record{Key: key, Version: before.Version, Deleted: true, Erased: true, StoredAt: w.now}
			if replaced, _, err := w.Replace(t.Context(), tombstone, before.Rev); err != nil || !replaced {
				t.Fatal(replaced, err)
			}
			after, err := w.Records.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if !lost {
				w.relay(t, history.Write{Before: &before, After: &after})
			}
			if err := w.Delete(t.Context(), key, before.Rev); err != nil {
				t.Fatal(err)
			}
			w.now = w.now.Add(time.Hour)
			w.sweep(t, true)
			rows := w.rows(t, key)
			if len(rows) != 1 || rows[0].Rev != after.Rev || !rows[0].Erased || len(rows[0].Changes) > 0 || rows[0].Repaired != lost {
				t.Errorf("got %+v", rows)
			}
		})
	}
}

func TestAPassStartsWhenDueAndSkipsWhatIsKnownToBeWhole(t *testing.T) {
	w := newWorld()
	w.write(t, key, map[string]string{"a": "1"})
	w.now = w.now.Add(time.Hour)
	if report := w.sweep(t, false); report.Repaired != 1 {
		t.Fatalf("first pass: %+v", report)
	}
	other := key
	other.ID = "oppo_2"
	w.write(t, other, map[string]string{"a": "1"})
	w.now = w.now.Add(time.Hour)
	if report := w.sweep(t, false); report.Checked != 0 {
		t.Fatalf("a pass before its time: %+v", report)
	}
	w.now = w.now.Add(5 * time.Hour)
	if report := w.sweep(t, false); report.Checked != 1 || report.Repaired != 1 {
		t.Fatalf("second pass: %+v", report)
	}
}

func TestAPassGoesOnWhereItStopped(t *testing.T) {
	w := newWorld()
	for i := range 450 {
		k := key
		k.ID = fmt.Sprint("oppo_", i)
		w.write(t, k, map[string]string{"a": "1"})
	}
	w.now = w.now.Add(time.Hour)
	runs, repaired := 0, 0
	for complete := false; !complete; runs++ {
		report, err := w.sweeper().Sweep(context.Background(), false, func() bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		complete, repaired = report.Complete, repaired+report.Repaired
	}
	if runs != 3 || repaired != 450 {
		t.Fatalf("%d runs repaired %d rows", runs, repaired)
	}
}

func TestUnreadableProgressCostsAFullPassOnly(t *testing.T) {
	w := newWorld()
	w.write(t, key, map[string]string{"a": "1"})
	w.now = w.now.Add(time.Hour)
	if err := w.cursors.SaveCursor(context.Background(), "sweep", "{"); err != nil {
		t.Fatal(err)
	}
	if report := w.sweep(t, false); report.Repaired != 1 {
		t.Fatalf("got %+v", report)
	}
}

// brokenHistory refuses rows of one record, or of all.
type brokenHistory struct {
	store.History
	id string
}

func (b brokenHistory) Put(ctx context.Context, rows ...record.Revision) error {
	for _, row := range rows {
		if b.id == "" || row.ID == b.id {
			return errors.New("refused")
		}
	}
	return b.History.Put(ctx, rows...)
}

func TestAFailureToStoreIsReported(t *testing.T) {
	w := newWorld()
	w.write(t, key, map[string]string{"a": "1"})
	if err := history.Record(context.Background(), brokenHistory{w.History, ""}, w.stream); err == nil {
		t.Fatal("the failure was swallowed")
	}
}

func TestOneRecordThatCannotBeRepairedDoesNotStopThePass(t *testing.T) {
	w := newWorld()
	for _, id := range []string{"oppo_a", "oppo_b", "oppo_c"} {
		k := key
		k.ID = id
		w.write(t, k, map[string]string{"a": "1"})
	}
	w.now = w.now.Add(time.Hour)
	s := w.sweeper()
	s.History = brokenHistory{w.History, "oppo_b"}
	report, err := s.Sweep(context.Background(), false, func() bool { return false })
	if err != nil || !report.Complete || report.Repaired != 2 || report.Failed != 1 || report.Failure == nil {
		t.Fatalf("got %+v, %v", report, err)
	}
	w.now = w.now.Add(7 * time.Hour)
	if report := w.sweep(t, false); report.Repaired != 1 {
		t.Fatalf("the next pass did not come back to it: %+v", report)
	}
}

package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/tenant"
)

func TestASyncFiresOncePerTimeHoweverOften(t *testing.T) {
	w := newWorld(t)
	y := w.sync(reconcile(), everyQuarter())
	at := y.NextAt
	w.at = at.Add(2 * time.Second)
	for range 3 {
		w.fire(conn(), at)
	}
	runs, stored := w.runs(), w.stored()
	if len(runs) != 1 || runs[0].Sync != y.ID || runs[0].CreatedBy != y.ID || runs[0].Plan.Kind != syncing.Reconcile || runs[0].Status != syncing.Queued {
		t.Fatalf("got %+v", runs)
	}
	if stored.LastRun != runs[0].ID || !stored.LastAt.Equal(at) || stored.Rev != 2 || !stored.NextAt.Equal(at.Add(15*time.Minute)) {
		t.Errorf("the sync is %+v", stored)
	}
	if items := w.waiting(at.Add(time.Hour)); len(items) != 1 || !items[0].At.Equal(stored.NextAt) || items[0].Queue != control.QueueName || items[0].Group != organization {
		t.Errorf("due: %+v", items)
	}
	streams, err := w.syncs.Streams(t.Context(), organization, runs[0].ID)
	if err != nil || len(streams) != 2 || len(w.messages(syncing.GoOn)) != 2 {
		t.Errorf("%d streams, %d messages, %v", len(streams), len(w.messages(syncing.GoOn)), err)
	}
	if watch := w.messages(syncing.Watch); len(watch) == 0 || watch[0].Run != runs[0].ID || watch[0].delay <= 0 {
		t.Errorf("watched by %+v", watch)
	}
	w.end(runs[0])
	w.at = stored.NextAt
	w.fire(conn(), stored.NextAt)
	if n := len(w.runs()); n != 2 {
		t.Errorf("then there are %d runs", n)
	}
}

// TestWhoeverCrashesWhileASyncFiresLosesNothing breaks each call in turn, before and behind what it does.
func TestWhoeverCrashesWhileASyncFiresLosesNothing(t *testing.T) {
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t)
			y := w.sync(reconcile(), everyQuarter())
			at := y.NextAt
			w.at = at.Add(time.Second)
			w.fire(conn(), at) // so that there is a run before
			w.end(w.runs()[0])
			at = w.stored().NextAt
			w.at, w.sent = at.Add(time.Second), nil
			w.breaks, w.late, w.calls = n, late, 0
			w.fire(conn(), at)
			if w.calls < n {
				if n < 8 {
					t.Fatalf("only %d calls were broken", n-1)
				}
				break
			}
			w.breaks = 0
			what := fmt.Sprintf("call %d, late: %t", n, late)
			runs, stored := w.runs(), w.stored()
			if len(runs) != 2 || runs[0].ID != stored.LastRun || !stored.LastAt.Equal(at) || !stored.NextAt.After(w.at) {
				t.Errorf("%s: %d runs, the sync is %+v", what, len(runs), stored)
			}
			items := w.waiting(at.Add(time.Hour))
			if last := items[len(items)-1]; !last.At.Equal(stored.NextAt) {
				t.Errorf("%s: due %+v", what, items)
			}
			// Either each stream has its message, or somebody will look.
			if going, watched := len(w.messages(syncing.GoOn)), len(w.messages(syncing.Watch)); watched == 0 || going > 4 {
				t.Errorf("%s: %d messages, watched by %d", what, going, watched)
			}
		}
	}
}

func TestASyncThatIsNotDueDoesNotFire(t *testing.T) {
	for name, change := range map[string]func(y *syncing.Sync, at *time.Time){
		"it was changed":         func(y *syncing.Sync, _ *time.Time) { y.NextAt = y.NextAt.Add(time.Minute) },
		"it is off":              func(y *syncing.Sync, _ *time.Time) { y.Off = true },
		"it is off, and was due": func(y *syncing.Sync, at *time.Time) { y.Off, y.LastAt = true, *at },
		"it is by hand now": func(y *syncing.Sync, _ *time.Time) {
			y.Schedule, y.NextAt = schedule.Schedule{Kind: schedule.Manual}, time.Time{}
		},
		"by hand, at no time": func(y *syncing.Sync, at *time.Time) { y.NextAt, *at = time.Time{}, time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			y := w.sync(reconcile(), everyQuarter())
			at := y.NextAt
			change(&y, &at)
			y.Rev++
			w.must(w.syncs.UpdateSync(t.Context(), y, nil))
			w.at = y.NextAt.Add(time.Hour)
			w.fire(conn(), at)
			if len(w.runs()) > 0 || w.stored().Rev != y.Rev || len(w.sent) > 0 {
				t.Errorf("it fired: %+v", w.runs())
			}
		})
	}
}

// TestTheClockMayBehind: a worker whose clock is late plans what comes next, not the same again.
func TestTheClockMayBeBehind(t *testing.T) {
	for _, s := range []schedule.Schedule{everyQuarter(), {Kind: schedule.Daily, At: []string{"02:30"}, Zone: "Europe/Berlin"}, {Kind: schedule.Continuous}} {
		w := newWorld(t)
		at := w.sync(reconcile(), s).NextAt
		w.at = at.Add(-20 * time.Second)
		w.fire(conn(), at)
		if next := w.stored().NextAt; !next.After(at) || len(w.runs()) != 1 {
			t.Errorf("%s: after %s it runs at %s", s, at, next)
		}
	}
}

func TestAClockThatIsFarAheadPlansOnFromIt(t *testing.T) {
	w := newWorld(t)
	at := w.sync(reconcile(), everyQuarter()).NextAt
	w.at = at.Add(5 * time.Hour) // the scheduler stood still
	w.fire(conn(), at)
	if next := w.stored().NextAt; next.Before(w.at) || next.After(w.at.Add(17*time.Minute)) || len(w.runs()) != 1 {
		t.Errorf("it goes on at %s", next)
	}
}

func TestASyncWaitsForItsRunBefore(t *testing.T) {
	w := newWorld(t)
	at := w.sync(reconcile(), everyQuarter()).NextAt
	w.at = at
	w.fire(conn(), at)
	first := w.runs()[0]
	for range 40 { // others come and go meanwhile
		r, streams, err := w.control.Prepare(t.Context(), conn(), reconcile(), "key_1")
		w.must(err)
		w.at = w.at.Add(time.Second)
		w.must(w.control.Store(t.Context(), r, streams, nil))
		w.end(r)
	}
	w.at = w.stored().NextAt
	w.fire(conn(), w.at)
	y := w.stored()
	if len(w.runs()) != 41 || y.LastRun != first.ID || !y.NextAt.After(w.at) {
		t.Errorf("%d runs, the sync is %+v", len(w.runs()), y)
	}
	// Its own watch may have been lost: it is looked after once more.
	if !slices.ContainsFunc(w.waiting(w.at.Add(time.Hour)), func(item store.DueItem) bool {
		m, err := syncing.Decode(item.Body)
		return err == nil && m.Kind == syncing.Watch && m.Run == first.ID
	}) {
		t.Error("nobody looks after the run that is waited for")
	}
	w.end(first)
	w.fire(conn(), w.at) // the message comes once more: what was left out stays so
	if len(w.runs()) != 41 {
		t.Errorf("it began %+v", w.runs()[0])
	}
	w.at = y.NextAt
	w.fire(conn(), w.at)
	if len(w.runs()) != 42 || w.stored().LastRun != w.runs()[0].ID {
		t.Errorf("%d runs, the sync is %+v", len(w.runs()), w.stored())
	}
}

func TestNothingIsBegunThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		conn tenant.Connection
		plan syncing.Plan
	}{
		"paused":         {conn().WithStatus(tenant.Paused, time.Time{}), reconcile()},
		"disabled":       {conn().WithStatus(tenant.Disabled, time.Time{}), reconcile()},
		"never imported": {conn(), syncing.Plan{Kind: syncing.Changes}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			at := w.sync(c.plan, everyQuarter()).NextAt
			w.at = at
			w.fire(c.conn, at)
			y := w.stored()
			if len(w.runs()) > 0 || y.LastRun != "" || !y.NextAt.After(at) || len(w.waiting(y.NextAt.Add(1))) != 1 {
				t.Errorf("got %+v, the sync is %+v", w.runs(), y)
			}
		})
	}
}

// TestAPlanThatFitsNoMoreIsToldAndPlannedOn: a release may have taken an object away.
func TestAPlanThatFitsNoMoreIsToldAndPlannedOn(t *testing.T) {
	w := newWorld(t)
	at := w.sync(syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"gone"}}, everyQuarter()).NextAt
	w.at = at
	if err := w.control.Fire(t.Context(), conn(), w.stored(), at); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "gone") {
		t.Errorf("got %v", err)
	}
	if y := w.stored(); !y.NextAt.After(at) || y.LastRun != "" || len(w.waiting(y.NextAt.Add(1))) != 1 {
		t.Errorf("the sync is %+v", y)
	}
}

func TestFireYieldsToWhoeverChangesTheSync(t *testing.T) {
	w := newWorld(t)
	y := w.sync(reconcile(), everyQuarter())
	changed := y
	changed.Name, changed.Rev = "Another", 2
	w.must(w.syncs.UpdateSync(t.Context(), changed, nil))
	w.at = y.NextAt
	if err := w.control.Fire(t.Context(), conn(), y, y.NextAt); !fault.Is(err, fault.Unavailable) || len(w.runs()) > 0 {
		t.Errorf("got %v, %d runs", err, len(w.runs()))
	}
	w.fire(conn(), y.NextAt)
	if len(w.runs()) != 1 || w.stored().Name != "Another" {
		t.Errorf("%d runs, the sync is %+v", len(w.runs()), w.stored())
	}
}

// TestPlannedLiesAhead: whatever the schedule, each run is planned behind the one before, at the time that it states or
// less than a minute later.
func TestPlannedLiesAhead(t *testing.T) {
	schedules := []schedule.Schedule{everyQuarter(), {Kind: schedule.Continuous}, {Kind: schedule.Hourly, AtMinute: 59}, {Kind: schedule.Cron, Cron: "*/7 * * * *"},
		{Kind: schedule.Weekly, At: []string{"02:30"}, Days: []schedule.Weekday{schedule.Sunday}, Zone: "Europe/Berlin"}}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.at = time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(rt, "now"), 0).UTC()
		y := syncing.Sync{ID: rapid.StringMatching(`sync_[0-9a-z]{12}`).Draw(rt, "id"), Schedule: rapid.SampledFrom(schedules).Draw(rt, "schedule")}
		for range 5 {
			next := w.control.Planned(y)
			if !next.NextAt.After(w.at) || !next.NextAt.After(y.NextAt) || next.NextAt.Location() != time.UTC {
				rt.Fatalf("%s, at %s: %s after %s", y.Schedule, w.at, next.NextAt, y.NextAt)
			}
			if late := next.NextAt.Sub(next.NextAt.Truncate(time.Minute)); y.Schedule.Kind != schedule.Continuous && late >= time.Minute {
				rt.Fatalf("%s: %s", y.Schedule, next.NextAt)
			}
			y = next
			y.LastAt = y.NextAt
			w.at = y.NextAt.Add(time.Duration(rapid.Int64Range(-30, 3600).Draw(rt, "delay")) * time.Second)
		}
		y.Off = true
		if !w.control.Planned(y).NextAt.IsZero() {
			rt.Fatal("it is off, and planned")
		}
		y.Off, y.Schedule = false, schedule.Schedule{Kind: schedule.Manual}
		if !w.control.Planned(y).NextAt.IsZero() {
			rt.Fatal("it is by hand, and planned")
		}
	})
}

func TestScheduleRepeatedIsNoChange(t *testing.T) {
	w := newWorld(t)
	y := w.sync(reconcile(), everyQuarter())
	for range 3 {
		w.must(w.control.Schedule(t.Context(), y))
	}
	items := w.waiting(y.NextAt.Add(1))
	if len(items) != 1 {
		t.Fatalf("due: %+v", items)
	}
	if m, err := syncing.Decode(items[0].Body); err != nil || m.Kind != syncing.Due || m.Sync != y.ID || !m.At.Equal(y.NextAt) || m.Connection != connection {
		t.Errorf("it says %+v, %v", m, err)
	}
	y.NextAt = time.Time{}
	w.must(w.control.Schedule(t.Context(), y))
	if len(w.waiting(w.at.AddDate(1, 0, 0))) != 1 {
		t.Error("what is not planned is due")
	}
}

func TestCheckSync(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		sync syncing.Sync
		code string
	}{
		"right":      {syncing.Sync{Plan: reconcile(), Schedule: everyQuarter()}, ""},
		"a schedule": {syncing.Sync{Plan: reconcile(), Schedule: schedule.Schedule{Kind: schedule.Every}}, "invalid_schedule"},
		"a plan":     {syncing.Sync{Plan: syncing.Plan{Kind: "x"}, Schedule: everyQuarter()}, "invalid_plan"},
	} {
		if f := fault.Of(w.control.CheckSync(c.sync, crm())); f == nil != (c.code == "") || f != nil && f.Code != c.code {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestUsualSyncs(t *testing.T) {
	w := newWorld(t)
	nights := map[string]bool{}
	for i := range 20 {
		c := conn()
		c.ID = fmt.Sprintf("conn_%012d", i)
		usual, err := w.control.Usual(c, "Europe/Berlin")
		w.must(err)
		again, err := w.control.Usual(c, "Europe/Berlin")
		w.must(err)
		if len(usual) != 2 || usual[0].ID == usual[1].ID {
			t.Fatalf("got %+v", usual)
		}
		for i, y := range usual {
			w.must(w.control.CheckSync(y, crm()))
			if y.ID != again[i].ID || !strings.HasPrefix(y.ID, "sync_") || len(y.ID) != 17 || y.Organization != organization || y.Connection != c.ID || y.Rev != 1 || !y.NextAt.After(w.at) {
				t.Errorf("got %+v", y)
			}
		}
		night := usual[1].Schedule
		if usual[0].Plan.Kind != syncing.Changes || usual[1].Plan.Kind != syncing.Reconcile || night.Zone != "Europe/Berlin" || night.At[0] < "02:00" || night.At[0] >= "05:00" {
			t.Errorf("got %+v", usual)
		}
		nights[night.At[0]] = true
	}
	if len(nights) < 10 {
		t.Errorf("all are read at the same time of the night: %v", nights)
	}
}

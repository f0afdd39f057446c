package engine_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

func quarter() schedule.Schedule { return schedule.Schedule{Kind: schedule.Every, EveryMinutes: 15} }

func more(c *crm) { c.more = true }

func mute(c *crm) { c.more, c.mute = true, true }

// killing lets an invocation die at the nth call from now on, before or behind it.
func (w *world) killing(n int, behind bool) (died func() bool) {
	calls, killed := 0, false
	w.dies = func(_ string, b bool) bool {
		if b != behind || killed {
			return false
		}
		calls++
		killed = calls == n
		return killed
	}
	return func() bool { return killed }
}

// everyCall does something in a new world again and again, each time with another call at which an invocation dies.
func everyCall(t *testing.T, with func(*crm), do func(t *testing.T, w *world, kill func())) {
	t.Helper()
	for _, behind := range []bool{false, true} {
		for n := 1; ; n++ {
			var died func() bool
			name := fmt.Sprintf("call %d", n)
			if behind {
				name = "behind " + name
			}
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, with)
				do(t, w, func() { died = w.killing(n, behind) })
			})
			if died == nil || !died() {
				if n < 5 {
					t.Fatalf("only %d calls were broken", n-1)
				}
				break
			}
		}
	}
}

func TestAnImportIsWholeWhereverItIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		w.deals("deal", 4)
		w.deals("note", 3)
		plan := full()
		plan.Objects = []string{"deal", "note"}
		kill()
		r, streams := w.finish(w.start(plan))
		w.pass(15 * time.Minute)
		w.same("deal", "note")
		if r.Status != syncing.Done || len(w.notices) != 1 || !r.Report.Agrees {
			t.Errorf("the run is %s, with %d notices, %+v", r.Status, len(w.notices), r.Report)
		}
		state := w.state()
		if state.LastRun != r.ID || state.LastRunAt.IsZero() {
			t.Errorf("the last run is %q", state.LastRun)
		}
		for object, n := range map[string]int64{"deal": 4, "note": 3} {
			if o := state.Objects[object]; state.Marks[object].IsZero() || o.Stored != n || o.Source != n {
				t.Errorf("%s: known are %+v, read from %s", object, o, state.Marks[object])
			}
			if c := streams[object].Counts; c.Missing != n || c.Stored() != n {
				t.Errorf("%s: of %d the counts are %+v", object, n, c)
			}
		}
	})
}

func TestAReconciliationCountsExactlyWhereverItIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		w.deals("deal", 8)
		plan := full()
		plan.Objects = []string{"deal"}
		w.finish(w.start(plan))
		w.advance(time.Hour)
		w.crm.put(row{object: "deal", id: "new_1", updated: w.now(), value: 1}, row{object: "deal", id: "new_2", updated: w.now(), value: 2},
			row{object: "deal", id: "deal_00003", updated: w.now(), value: 33}, row{object: "deal", id: "deal_00001", updated: w.now(), deleted: true},
			row{object: "deal", id: "deal_00002", updated: w.now(), deleted: true})
		w.advance(10 * time.Minute)
		kill()
		_, streams := w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"deal"}}))
		w.pass(15 * time.Minute)
		w.same("deal")
		if c := streams["deal"].Counts; c.Missing != 2 || c.Stale != 1 || c.Deleted != 2 || c.Absent != 2 || c.Differing != 0 || c.Newer != 0 {
			t.Errorf("the drift is %+v", c)
		}
		if d := w.state().Objects["deal"].Drift; d == nil || d.Drift() != 5 {
			t.Errorf("known is a drift of %+v", d)
		}
	})
}

func TestTendingGoesOnWhereverItIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		w.must(w.control.Tend(t.Context(), organization, connection))
		w.pass(9 * time.Minute)
		kill()
		w.pass(40 * time.Minute)
		w.dies = nil
		w.pass(25 * time.Minute)
		if since := w.now().Sub(w.state().TendedAt); since > 11*time.Minute {
			t.Errorf("it was looked after last %s ago", since)
		}
		if n := w.waiting(syncing.Tend); n != 1 {
			t.Errorf("%d messages say that it is to be looked after", n)
		}
	})
}

func TestANewConnectionIsSetUpWhereverThatIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		kill()
		w.must(w.control.Tend(t.Context(), organization, connection))
		w.pass(25 * time.Minute)
		planned, _, err := w.syncs.Syncs(t.Context(), organization, connection, store.Page{Limit: store.MaxLimit})
		w.must(err)
		if len(planned) != 2 || w.waiting(syncing.Due) != 2 {
			t.Errorf("%d syncs, of which %d are planned", len(planned), w.waiting(syncing.Due))
		}
		s := w.state()
		if len(w.crm.subscriptions) != 1 || !w.crm.subscriptions[s.Subscription.ID].Active || w.accepted[len(w.accepted)-1] != "key of "+s.Subscription.ID {
			t.Errorf("subscriptions %+v, keys %v, known is %+v", w.crm.subscriptions, w.accepted, s.Subscription)
		}
		if s.DescribedAt.IsZero() || s.ProbedAt.IsZero() || s.TendedAt.IsZero() {
			t.Errorf("known is %+v", s)
		}
	})
}

func TestHealingIsWholeWhereverItIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		w.deals("deal", 3)
		w.must(w.control.Tend(t.Context(), organization, connection))
		w.finish(w.start(full()))
		w.crm.fail = func(string) error { return fault.New(fault.Revoked, "revoked", "The key is no longer valid.") }
		run := w.start(syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"deal"}})
		w.run(func() bool { return w.revoked > 0 && w.idle() })
		since := w.state().ProblemSince
		w.advance(time.Hour)
		w.crm.fail = nil
		kill()
		w.must(w.control.Tend(t.Context(), organization, connection))
		w.pass(15 * time.Minute)
		if r, _ := w.get(run); r.Status != syncing.Done || w.state().Problem != "" {
			t.Errorf("the run is %s, the problem %q", r.Status, w.state().Problem)
		}
		read := 0
		for _, r := range w.runs() {
			if r.Plan.From.Equal(since) {
				read++
			}
		}
		if read == 0 {
			t.Error("what changed meanwhile was not read")
		}
	})
}

func TestAPauseEndsWholeWhereverThatIsKilled(t *testing.T) {
	everyCall(t, mute, func(t *testing.T, w *world, kill func()) {
		w.crm.put(row{object: "note", id: "old", updated: w.now().AddDate(0, -1, 0), value: 1})
		w.finish(w.start(full()))
		w.become(tenant.Paused)
		w.pass(2 * believes)
		w.crm.post = func(r row) { w.receive(r, 0) }
		w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 2}) // nothing else tells of it
		w.pass(time.Hour)
		kill()
		w.become(tenant.Active)
		w.pass(15 * time.Minute)
		w.same("note")
		if s := w.state(); !s.PausedAt.IsZero() || s.ResumedAt.IsZero() {
			t.Errorf("paused since %s, until %s", s.PausedAt, s.ResumedAt)
		}
	})
}

func TestASyncIsWholeWhereverItIsKilled(t *testing.T) {
	everyCall(t, more, func(t *testing.T, w *world, kill func()) {
		w.deals("deal", 2)
		w.must(w.control.Tend(t.Context(), organization, connection))
		w.finish(w.start(full()))
		w.pass(20 * time.Minute)
		w.crm.put(row{object: "deal", id: "late", updated: w.now(), value: 1}, row{object: "deal", id: "deal_00001", updated: w.now(), deleted: true})
		before := len(w.runs())
		kill()
		w.pass(40 * time.Minute)
		w.same("deal")
		for _, r := range w.runs()[:len(w.runs())-before] {
			if r.Status != syncing.Done && w.now().Sub(r.CreatedAt) > 15*time.Minute {
				t.Errorf("the run of %s is %s", r.CreatedAt, r.Status)
			}
		}
	})
}

// TestWhatIsDeliveredTwiceDoesNotMultiply: queues deliver twice, and a run may last for months.
func TestWhatIsDeliveredTwiceDoesNotMultiply(t *testing.T) {
	w := newWorld(t, more)
	w.deals("deal", 200)
	w.must(w.control.Tend(t.Context(), organization, connection))
	plan := full()
	plan.Budget = syncing.Budget{RequestsPerDay: 1}
	run := w.start(plan)
	for range 40 {
		w.mu.Lock()
		for _, m := range append([]delayed{}, w.queue...) {
			w.queue = append(w.queue, delayed{m.at.Add(time.Second), m.body})
		}
		w.mu.Unlock()
		w.pass(10 * time.Minute)
	}
	w.pass(33 * time.Minute)
	if r, _ := w.get(run); r.Status.Final() {
		t.Fatal("the run has ended")
	}
	if watched, tended, going := w.waiting(syncing.Watch), w.waiting(syncing.Tend), w.waiting(syncing.GoOn); watched != 1 || tended != 1 || going > 4 {
		t.Errorf("%d watch over it, %d look after the connection, %d go on", watched, tended, going)
	}
}

func TestWhatIsLostIsTakenUp(t *testing.T) {
	for _, kinds := range [][]syncing.MessageKind{{syncing.GoOn}, {syncing.GoOn, syncing.Watch}, {syncing.Due}, {syncing.Tend}} {
		t.Run(fmt.Sprint(kinds), func(t *testing.T) {
			w := newWorld(t, more)
			w.deals("deal", 200)
			w.must(w.control.Tend(t.Context(), organization, connection))
			w.finish(w.start(full()))
			w.pass(17 * time.Minute)
			// A sync has begun, and stands.
			w.crm.fail = func(what string) error { return fault.New(fault.Unavailable, "down", "down") }
			w.pass(15*time.Minute + 30*time.Second)
			w.crm.fail = nil
			w.lose(kinds...)
			w.crm.put(row{object: "deal", id: "late", updated: w.now(), value: 1})
			w.pass(90 * time.Minute)
			w.same("deal")
			if since := w.now().Sub(w.state().TendedAt); since > 12*time.Minute {
				t.Errorf("it was looked after last %s ago", since)
			}
			for _, r := range w.runs() {
				if !r.Status.Final() && w.now().Sub(r.CreatedAt) > 30*time.Minute {
					t.Errorf("the run of %s is %s", r.CreatedAt, r.Status)
				}
			}
		})
	}
}

func TestAnObjectThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 3)
	w.deals("lead", 3)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.finish(w.start(full()))
	w.crm.fail = func(what string) error {
		if what == "log" || len(what) > 18 && what[:18] == "lead changed_since" {
			return fault.New(fault.Unavailable, "down", "Toy is down.")
		}
		return nil
	}
	w.pass(time.Hour)
	w.crm.put(row{object: "deal", id: "late", updated: w.now(), value: 1})
	w.pass(75 * time.Minute)
	w.same("deal")
	if o := w.state().Objects["lead"]; o.Problem == "" {
		t.Error("nobody is told that leads cannot be read")
	}
	w.crm.put(row{object: "lead", id: "lead_00001", updated: w.now(), value: 7})
	w.crm.fail = nil
	w.pass(time.Hour)
	w.same("deal", "lead")
	if o := w.state().Objects["lead"]; o.Problem != "" {
		t.Errorf("it works, and the problem is %q", o.Problem)
	}
}

func TestWhatIsNeverReadyIsGivenUp(t *testing.T) {
	w := newWorld(t, more)
	w.crm.notReady = -1
	plan := full()
	plan.Objects = []string{"note"}
	r, streams := w.finish(w.start(plan))
	if s := streams["note"]; r.Status != syncing.Failed || s.Phase != syncing.Stopped || w.now().Sub(r.CreatedAt) > 49*time.Hour {
		t.Errorf("after %s it is %s, %+v", w.now().Sub(r.CreatedAt), r.Status, s)
	}
	// What is ready after a while is read.
	w.deals("note", 3)
	w.crm.notReady = 300
	if r, _ := w.finish(w.start(plan)); r.Status != syncing.Done {
		t.Errorf("it is %s", r.Status)
	}
	w.same("note")
}

func TestRequestsAreCountedAlsoOfShortWaits(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 120)
	asked := int64(0)
	w.crm.fail = func(string) error {
		if asked++; asked%2 == 0 {
			return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: 2 * time.Second}
		}
		return nil
	}
	_, streams := w.finish(w.start(syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"deal"}}))
	if got := streams["deal"].Requests; got != asked {
		t.Errorf("%d of %d requests are counted", got, asked)
	}
}

func TestABudgetIsOneForAllObjects(t *testing.T) {
	w := newWorld(t, more)
	for _, o := range []string{"deal", "lead", "note", "tag"} {
		w.deals(o, 60)
	}
	plan := full()
	plan.Budget = syncing.Budget{RequestsPerDay: 5}
	run := w.start(plan)
	perDay := map[string]int{}
	within := 0
	w.crm.fail = func(string) error {
		perDay[w.now().Format(time.DateOnly)]++
		if within++; within < 4 { // meanwhile others go on
			w.step()
		}
		within--
		return nil
	}
	w.finish(run)
	w.same("deal", "lead", "note", "tag")
	for day, n := range perDay {
		if n > 5 {
			t.Errorf("%d requests on %s", n, day)
		}
	}
}

// TestADayThatEndsMeanwhileIsNoDayWithoutRequests: what was used yesterday is not held against today.
func TestADayThatEndsMeanwhileIsNoDayWithoutRequests(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 300)
	w.at = time.Date(2026, 11, 22, 23, 59, 30, 0, time.UTC)
	plan := full()
	plan.Objects, plan.Budget = []string{"deal"}, syncing.Budget{RequestsPerDay: 3}
	w.crash = func() error { // the third is charged, and then it is midnight
		if w.crm.pages["deal all deal_00049[]"] == 1 && w.now().Day() == 22 {
			w.advance(time.Minute)
		}
		return nil
	}
	run := w.start(plan)
	w.run(func() bool { return w.now().After(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)) })
	if _, streams := w.get(run); streams["deal"].Requests != 6 {
		t.Errorf("%d requests in two days", streams["deal"].Requests)
	}
}

func TestACountThatIsRefusedStopsNothing(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 3)
	w.crm.fail = func(what string) error {
		if what == "count deal" {
			return fault.New(fault.Forbidden, "forbidden", "You may not count.")
		}
		return nil
	}
	_, streams := w.finish(w.start(full()))
	w.same("deal")
	if s := streams["deal"]; s.Phase != syncing.Finished || s.Counts.Found != -1 {
		t.Errorf("got %+v", s)
	}
}

func TestAPlanThatFitsNoMoreHoldsUpNothing(t *testing.T) {
	w := newWorld(t)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.pass(time.Minute)
	y := syncing.Sync{ID: "sync_000000000000", Organization: organization, Connection: connection, Name: "Gone", Plan: syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"gone"}},
		Schedule: quarter(), CreatedAt: w.now(), Rev: 1}
	y = w.control.Planned(y)
	w.must(w.syncs.CreateSync(t.Context(), y, nil))
	w.finish(w.start(full()))
	runs := len(w.runs())
	w.pass(2 * time.Hour)
	if n := len(w.runs()) - runs; n < 6 {
		t.Errorf("%d runs in two hours", n)
	}
	failed := 0
	w.mu.Lock()
	for _, m := range w.queue {
		if d, _ := syncing.Decode(m.body); d.Kind == syncing.Due {
			failed++
		}
	}
	w.mu.Unlock()
	if failed > 0 {
		t.Errorf("%d messages are tried again and again", failed)
	}
}

// TestTwoWorkersOnOneStream read a page twice at most, and count it once.
func TestTwoWorkersOnOneStream(t *testing.T) {
	w := newWorld(t, more)
	w.deals("deal", 500)
	plan := full()
	plan.Objects = []string{"deal"}
	run, within, pages := "", false, 0
	w.crm.answered = func(connector.PageRequest) {
		if pages++; within || pages%3 != 0 {
			return
		}
		within = true // another takes the stream on, to its end or until it fails
		w.crm.fail = func(string) error {
			if pages%7 == 0 {
				return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: time.Second}
			}
			return nil
		}
		w.must(w.engine.Process(t.Context(), syncing.Message{Kind: syncing.GoOn, Organization: organization, Connection: connection, Run: run, Object: "deal"}))
		w.crm.fail, within = nil, false
	}
	run = w.start(plan)
	_, streams := w.finish(run)
	w.pass(15 * time.Minute)
	w.same("deal")
	if c := streams["deal"].Counts; c.Missing != 500 || c.Stored() != 500 || c.Newer != 0 {
		t.Errorf("got %+v", c)
	}
	for what, n := range w.crm.pages {
		if n > 4 {
			t.Errorf("%s was asked for %d times", what, n)
		}
	}
	if len(w.notices) != 1 || w.waiting(syncing.GoOn) != 0 || w.waiting(syncing.Watch) != 0 {
		t.Errorf("%d notices, %d messages", len(w.notices), w.waiting(syncing.GoOn)+w.waiting(syncing.Watch))
	}
}

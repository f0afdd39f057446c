package engine_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/notice"
	"leadline/shared/syncing"
)

type ref = connector.Ref

// drift changes the crm behind our back: 10 new, 7 newer, 5 deleted.
func (w *world) drift() {
	for i := range 10 {
		w.crm.put(row{object: "deal", id: fmt.Sprintf("deal_9%04d", i), updated: w.now(), value: i})
	}
	for i := range 7 {
		w.crm.put(row{object: "deal", id: fmt.Sprintf("deal_%05d", i), updated: w.now(), value: 10_000 + i})
	}
	for i := range 5 {
		w.crm.put(row{object: "deal", id: fmt.Sprintf("deal_%05d", 100+i), updated: w.now(), deleted: true})
	}
	w.advance(time.Minute)
}

func TestAReconciliationCountsTheDriftExactlyAndRepairsItInOnePass(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 400)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	w.drift()
	r, streams := w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile}))
	w.same("deal", "lead")
	c := streams["deal"].Counts
	if c.Missing != 10 || c.Stale != 7 || c.Deleted != 5 || c.Differing != 0 || c.Held != 0 {
		t.Errorf("the drift is %+v", c)
	}
	if !r.Report.Agrees {
		t.Errorf("the report is %+v", r.Report)
	}
	_, streams = w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile}))
	if c := streams["deal"].Counts; c.Drift() != 0 {
		t.Errorf("after it: %+v", c)
	}
}

func TestDeletionsBeyondTheCeilingWaitForAPerson(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 400)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	for i := range 30 {
		w.crm.put(row{object: "deal", id: fmt.Sprintf("deal_%05d", i), updated: w.now(), deleted: true})
	}
	_, streams := w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile}))
	if c := streams["deal"].Counts; c.Absent != 30 || c.Held != 30 || c.Deleted != 0 || len(w.stored("deal")) != 400 {
		t.Errorf("got %+v, %d stored", c, len(w.stored("deal")))
	}
	held := 0
	for _, n := range w.notices {
		if n.Kind == notice.DeletionsHeld {
			held++
		}
	}
	if held != 1 {
		t.Errorf("%d notices of it", held)
	}
	_, streams = w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"deal"}, MaxDeletions: 30}))
	if c := streams["deal"].Counts; c.Deleted != 30 {
		t.Errorf("allowed: %+v", c)
	}
	w.same("deal")
}

func TestWhatALoginMayNoLongerSeeIsNotDeleted(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 100)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.finish(w.start(full()))
	w.advance(time.Hour)
	w.crm.permissions = nil // and with it goes the sight of some
	for i := range 5 {
		delete(w.crm.objects["deal"], fmt.Sprintf("deal_%05d", i))
	}
	_, streams := w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile}))
	if c := streams["deal"].Counts; c.Deleted != 0 || c.Held != 5 {
		t.Errorf("got %+v", c)
	}
}

func TestTheLogFillsTheGap(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 100)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	w.drift()
	w.finish(w.start(syncing.Plan{Kind: syncing.Changes}))
	w.same("deal")
}

func TestAConnectionIsLookedAfterByItself(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 10)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.finish(w.start(full()))
	day := w.now().Add(25 * time.Hour)
	w.run(func() bool {
		if w.now().Minute()%10 == 0 && w.now().Second() == 0 {
			w.crm.put(row{object: "deal", id: fmt.Sprintf("deal_at_%s", w.now().Format("02T1504")), updated: w.now(), value: 1})
		}
		return w.now().After(day)
	})
	// What changed in the last quarter of an hour may be missing, nothing else.
	missing := len(w.crm.objects["deal"]) - len(w.stored("deal"))
	if missing < 0 || missing > 3 {
		t.Errorf("%d are missing", missing)
	}
	if w.crm.pages["describe"] < 20 || w.crm.pages["probe"] < 20 {
		t.Errorf("described %d times, probed %d times", w.crm.pages["describe"], w.crm.pages["probe"])
	}
	o, err := w.schemas.Object(t.Context(), organization, connection, "deal")
	w.must(err)
	if o.Title != "Deal" || o.Present.Number > 3 {
		t.Errorf("the object is %s in version %d", o.Title, o.Present.Number)
	}
}

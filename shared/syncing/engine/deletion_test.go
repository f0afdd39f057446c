package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/syncing"
)

func reconcile(objects ...string) syncing.Plan {
	return syncing.Plan{Kind: syncing.Reconcile, Objects: objects}
}

// hide takes records out of what the crm shows, without a trace; the rows are given.
func (c *crm) hide(object string, ids ...string) (rows []row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		rows = append(rows, c.objects[object][id])
		delete(c.objects[object], id)
	}
	return rows
}

func (c *crm) show(rows []row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rows {
		c.objects[r.object][r.id] = r
	}
}

// TestWhatIsShownAgainIsThereAgain: a record that was hidden, or deleted and restored, may come back with its old date.
func TestWhatIsShownAgainIsThereAgain(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 30)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	hidden := w.crm.hide("deal", "deal_00001", "deal_00002")
	if _, streams := w.finish(w.start(reconcile("deal"))); streams["deal"].Counts.Deleted != 2 {
		t.Fatalf("got %+v", streams["deal"].Counts)
	}
	restored := w.crm.hide("deal", "deal_00003")
	w.receive(row{object: "deal", id: "deal_00003", updated: w.now(), deleted: true}, 0)
	w.pass(time.Hour)
	w.crm.show(append(hidden, restored...))
	if _, streams := w.finish(w.start(reconcile("deal"))); streams["deal"].Counts.Missing != 3 {
		t.Errorf("got %+v", streams["deal"].Counts)
	}
	w.same("deal")
	if _, streams := w.finish(w.start(reconcile("deal"))); streams["deal"].Counts.Drift() != 0 || streams["deal"].Counts.Newer != 0 {
		t.Errorf("after it: %+v", streams["deal"].Counts)
	}
	w.crm.put(row{object: "deal", id: "deal_00001", updated: w.now(), value: 99})
	w.finish(w.start(syncing.Plan{Kind: syncing.Changes}))
	w.same("deal")
}

// TestAListThatIsLateRevivesNothing: what was deleted a moment ago may be shown for a while.
func TestAListThatIsLateRevivesNothing(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 30)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	w.receive(row{object: "deal", id: "deal_00003", updated: w.now(), deleted: true}, 0)
	w.pass(time.Minute)
	w.finish(w.start(reconcile("deal")))
	w.must(w.control.Reread(t.Context(), organization, connection, []ref{{Object: "deal", ID: "deal_00003"}}, nil))
	w.pass(time.Minute)
	if _, there := w.stored("deal")["deal_00003"]; there {
		t.Error("it is there again")
	}
	w.crm.hide("deal", "deal_00003")
	w.finish(w.start(reconcile("deal")))
	w.same("deal")
}

func TestWhatWasErasedStaysErased(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 3)
	w.finish(w.start(full()))
	key := record.Key{Organization: organization, Connection: connection, Object: "deal", ID: "deal_00001"}
	r, err := w.records.Get(t.Context(), key)
	w.must(err)
	erased := record.Record{Key: key, Version: r.Version, Deleted: true, Erased: true, StoredAt: w.now()}
	if _, _, err := w.records.Replace(t.Context(), erased, r.Rev); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Hour)
	for range 2 {
		_, streams := w.finish(w.start(reconcile("deal")))
		if _, there := w.stored("deal")["deal_00001"]; there || streams["deal"].Counts.Stored() != 0 {
			t.Fatalf("it is there again: %+v", streams["deal"].Counts)
		}
	}
	w.crm.put(row{object: "deal", id: "deal_00001", updated: w.now(), value: 7})
	w.finish(w.start(reconcile("deal")))
	w.same("deal")
}

// TestWhatComesInWhileItIsAskedForIsNotDeleted: the answer says how it was before.
func TestWhatComesInWhileItIsAskedForIsNotDeleted(t *testing.T) {
	for name, ask := range map[string]func(*world){
		"absent": func(w *world) { w.finish(w.start(reconcile("deal"))) },
		"again": func(w *world) {
			w.must(w.control.Reread(t.Context(), organization, connection, []ref{{Object: "deal", ID: "deal_00001"}, {Object: "deal", ID: "deal_00002"}}, nil))
			w.pass(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mute)
			w.deals("deal", 30)
			w.finish(w.start(full()))
			w.advance(time.Hour)
			rows := w.crm.hide("deal", "deal_00001", "deal_00002")
			asked := 0
			w.crm.idsAPage = 1
			w.crm.answered = func(r connector.PageRequest) {
				if r.Scope.Kind != connector.IDs {
					return
				}
				if asked++; asked == 1 { // the first has been asked for, and comes back before the last is
					w.advance(10 * time.Second)
					rows[0].updated, rows[0].value = w.now(), 77
					w.crm.show(rows[:1])
					w.advance(10 * time.Second)
				} else {
					w.advance(10 * time.Second) // and only now its webhook
					w.receive(rows[0], 0)
					for w.step() { // ingest does not wait for us
						continue
					}
				}
			}
			ask(w)
			if asked < 2 {
				t.Fatalf("asked %d times: nothing came in between", asked)
			}
			if got := w.stored("deal")["deal_00001"]; got != 77 {
				t.Errorf("it is deleted, or %d", got)
			}
			if _, there := w.stored("deal")["deal_00002"]; there {
				t.Error("the other is there")
			}
		})
	}
}

// TestAnEmptyListDeletesNothing: where the lists of a provider fail, so may its answers by id.
func TestAnEmptyListDeletesNothing(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 8)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	var ids []string
	for i := range 8 {
		ids = append(ids, fmt.Sprintf("deal_%05d", i))
	}
	rows := w.crm.hide("deal", ids...)
	if _, streams := w.finish(w.start(reconcile("deal"))); streams["deal"].Counts.Held != 8 || len(w.stored("deal")) != 8 {
		t.Errorf("got %+v", streams["deal"].Counts)
	}
	w.crm.show(rows)
	if _, streams := w.finish(w.start(reconcile("deal"))); streams["deal"].Counts.Held != 0 || w.state().Objects["deal"].Problem != "" {
		t.Errorf("got %+v", streams["deal"].Counts)
	}
	w.crm.hide("deal", ids...)
	plan := reconcile("deal")
	plan.MaxDeletions = 8 // a person says that it is right
	w.finish(w.start(plan))
	w.same("deal")
}

// TestASyncHasNobodysConsent: max_deletions of a sync is no person's answer to what its login may not see.
func TestASyncHasNobodysConsent(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 50)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.finish(w.start(full()))
	w.lose(syncing.Tend)
	plan := reconcile("deal")
	plan.MaxDeletions = 100
	y := w.control.Planned(syncing.Sync{ID: "sync_000000000000", Organization: organization, Connection: connection, Name: "All", Plan: plan, Schedule: quarter(), CreatedAt: w.now(), Rev: 1})
	w.must(w.syncs.CreateSync(t.Context(), y, nil))
	w.must(w.control.Schedule(t.Context(), y))
	w.crm.permissions = nil
	w.crm.hide("deal", "deal_00001")
	w.pass(20 * time.Minute)
	if o := w.state().Objects["deal"]; o.Drift == nil || o.Drift.Held != 1 || len(w.stored("deal")) != 50 {
		t.Errorf("known is %+v, %d are stored", o.Drift, len(w.stored("deal")))
	}
}

// TestTrustIsNotLostByWhatDoesNotCompare: after an import with fewer permissions, or a reconciliation that was stopped at an
// object, it is still known that more was to be seen.
func TestTrustIsNotLostByWhatDoesNotCompare(t *testing.T) {
	for name, between := range map[string]func(w *world){
		"an import": func(w *world) { w.finish(w.start(full())) },
		"a reconciliation that is stopped": func(w *world) {
			w.crm.fail = func(what string) error {
				if strings.HasPrefix(what, "deal all") {
					return fault.New(fault.Forbidden, "forbidden", "Not allowed.")
				}
				return nil
			}
			w.finish(w.start(reconcile()))
			w.crm.fail = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mute)
			w.deals("deal", 100)
			w.deals("lead", 3)
			w.must(w.control.Tend(t.Context(), organization, connection))
			w.finish(w.start(full()))
			w.crm.permissions = []string{"view_some"}
			w.crm.hide("deal", "deal_00001", "deal_00002")
			w.pass(2 * time.Hour) // it is probed
			between(w)
			if _, streams := w.finish(w.start(reconcile())); streams["deal"].Counts.Deleted != 0 || streams["deal"].Counts.Held != 2 {
				t.Errorf("got %+v", streams["deal"].Counts)
			}
			if s := w.state(); !slices.Contains(s.Trusted, "view_all") {
				t.Errorf("trusted are %v", s.Trusted)
			}
		})
	}
}

// TestWhatWasReadAndIsForgottenDeletesNothing: a run may stand still for longer than what it read is kept.
func TestWhatWasReadAndIsForgottenDeletesNothing(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 120)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	run := w.start(reconcile("deal"))
	pages := 0
	w.crm.fail = func(string) error {
		if pages++; pages == 3 {
			w.steer(run, w.control.Paused)
		}
		return nil
	}
	w.run(func() bool { r, _ := w.get(run); return r.Status == syncing.Paused && w.idle() })
	w.must(w.payloads.Delete(t.Context(), "runs/"+organization+"/"+run+"/deal/00000000"))
	w.advance(61 * 24 * time.Hour)
	w.steer(run, w.control.Resumed)
	_, streams := w.get(run)
	w.must(w.control.GoOn(t.Context(), []syncing.Stream{streams["deal"]}))
	r, streams := w.finish(run)
	if s := streams["deal"]; r.Status != syncing.Failed || s.Phase != syncing.Stopped || !strings.Contains(s.Problem, "stood still") || s.Counts.Deleted+s.Counts.Absent != 0 || len(w.stored("deal")) != 120 {
		t.Errorf("the run is %s, %+v", r.Status, s)
	}
}

// TestWhatIsThereAfterAllIsCounted: a list may leave out what has changed.
func TestWhatIsThereAfterAllIsCounted(t *testing.T) {
	w := newWorld(t, mute)
	w.deals("deal", 60)
	w.finish(w.start(full()))
	w.advance(time.Hour)
	w.crm.put(row{object: "deal", id: "deal_00007", updated: w.now(), value: 70})
	w.advance(time.Hour)
	left := w.crm.hide("deal", "deal_00007", "deal_00008")
	w.crm.fail = func(what string) error {
		if strings.HasPrefix(what, "deal ids") {
			w.crm.show(left)
		}
		return nil
	}
	_, streams := w.finish(w.start(reconcile("deal")))
	if c := streams["deal"].Counts; c.Absent != 2 || c.Kept != 2 || c.Deleted != 0 || c.Stale != 1 || c.Drift() != 1 {
		t.Errorf("got %+v", c)
	}
	w.same("deal")
}

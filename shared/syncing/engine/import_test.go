package engine_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/quarantine"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

func full() syncing.Plan { return syncing.Plan{Kind: syncing.Import, Mode: syncing.Full} }

func TestAFullImportEndsWithWhatTheProviderHas(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 120)
	w.deals("lead", 230)
	r, streams := w.finish(w.start(full()))
	w.same("deal", "lead")
	deal := streams["deal"]
	if r.Status != syncing.Done || deal.Counts.Found != 120 || deal.Counts.Missing != 120 || deal.Phase != syncing.Finished {
		t.Errorf("the run is %s, the stream %+v", r.Status, deal)
	}
	if r.Report == nil || !r.Report.Agrees || len(r.Report.Objects) != 2 || r.Report.Objects[0].Source != 120 || r.Report.Objects[0].Stored != 120 || r.Report.Objects[0].SourceHow != "its own count" {
		t.Errorf("the report is %+v", r.Report)
	}
	if len(w.notices) != 1 {
		t.Errorf("the notices are %+v", w.notices)
	}
	for _, n := range w.notices {
		if n.Kind != notice.ImportDone || len(n.Table.Rows) != 2 {
			t.Errorf("the notice is %+v", n)
		}
	}
	// Once more: nothing is written.
	_, streams = w.finish(w.start(full()))
	if c := streams["lead"].Counts; c.Stored() != 0 || c.Unchanged < 230 {
		t.Errorf("again: %+v", c)
	}
}

func TestAnImportThatIsKilledReadsOnePageAgainEachTime(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 1000)
	kills := 0
	calls := 0
	w.crash = func() error {
		if calls++; calls%4 == 0 && kills < 10 {
			kills++
			return fault.New(fault.Unavailable, "killed", "killed")
		}
		return nil
	}
	w.finish(w.start(syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"deal"}}))
	w.same("deal")
	again := 0
	for what, n := range w.crm.pages {
		if n > 2 {
			t.Errorf("the page %s was read %d times", what, n)
		}
		again += n - 1
	}
	if kills < 5 || again > kills+3 { // the count is asked for twice by itself
		t.Errorf("%d kills, %d requests again", kills, again)
	}
}

func TestWhatChangesWhileItIsReadIsNeitherLostNorUndone(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 300)
	n := 0
	w.crm.fail = func(what string) error {
		n++
		w.advance(time.Second)
		// One that was read already, one that was not, a new one; each page.
		w.crm.put(row{object: "deal", id: "deal_00001", updated: w.now(), value: 1000 + n}, row{object: "deal", id: "deal_00299", updated: w.now(), value: 2000 + n},
			row{object: "deal", id: fmt.Sprintf("deal_0000%da", n%10), updated: w.now(), value: n})
		if n > 12 {
			w.crm.fail = nil
		}
		return nil
	}
	w.finish(w.start(syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"deal"}}))
	w.finish(w.start(syncing.Plan{Kind: syncing.Changes}))
	w.same("deal")
}

func TestOneBadRecordDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 60)
	w.crm.put(row{object: "deal", id: "deal_00007", broken: true, updated: w.now()})
	_, streams := w.finish(w.start(full()))
	if c := streams["deal"].Counts; c.Refused != 2 || c.Missing != 59 { // once more by rereading
		t.Errorf("got %+v", c)
	}
	entries := func() []quarantine.Entry {
		t.Helper()
		all, _, err := w.intake.Entries(t.Context(), organization, store.QuarantineFilter{}, store.Page{Limit: 100})
		w.must(err)
		return all
	}
	if all := entries(); len(all) != 1 || all[0].Record != "deal_00007" || all[0].Kind != "fetch" || all[0].Reason != quarantine.MissingVersion {
		t.Fatalf("the entries are %+v", all)
	}
	// Refused again and again, it stays one entry.
	w.finish(w.start(full()))
	if all := entries(); len(all) != 1 {
		t.Errorf("%d entries", len(all))
	}
	// Mended at the source and tried again, it is resolved.
	w.crm.put(row{object: "deal", id: "deal_00007", updated: w.now(), value: 7})
	e := entries()[0]
	w.must(w.control.Reread(t.Context(), organization, connection, []ref{{Object: "deal", ID: "deal_00007"}}, []syncing.EntryRef{{Object: "deal", ID: "deal_00007", Entry: e.ID}}))
	w.run(func() bool { return entries()[0].Status == quarantine.Resolved })
	w.same("deal")
}

func TestFailuresOfAProvider(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		status  syncing.Status
		problem bool
	}{
		{"a limit is waited for", &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: 3 * time.Second}, syncing.Done, false},
		{"what may pass is tried again", fault.New(fault.Unavailable, "down", "down"), syncing.Done, false},
		{"what is forbidden stops its object alone", fault.New(fault.Forbidden, "forbidden", "Not allowed."), syncing.Done, true},
		{"what can never be right stops its object alone", fault.New(fault.Invalid, "refused", "No such field."), syncing.Done, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.deals("deal", 120)
			w.deals("lead", 120)
			failures := 0
			w.crm.fail = func(what string) error {
				if len(what) > 10 && what[:8] == "deal all" && failures < 5 {
					failures++
					return c.err
				}
				return nil
			}
			r, streams := w.finish(w.start(full()))
			if r.Status != c.status || (r.Problem != "") != c.problem || (streams["deal"].Phase == syncing.Stopped) != c.problem {
				t.Errorf("got %s %q, %+v", r.Status, r.Problem, streams["deal"])
			}
			w.same("lead")
			if !c.problem {
				w.same("deal")
			}
		})
	}
}

func TestARevokedLoginStopsAllAndARenewedOneLetsItGoOn(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 200)
	revoked := true
	w.crm.fail = func(string) error {
		if revoked {
			return fault.New(fault.Revoked, "revoked", "The key is no longer valid.")
		}
		return nil
	}
	run := w.start(full())
	w.run(func() bool { return w.revoked > 0 && w.idle() })
	state, err := w.syncs.State(t.Context(), organization, connection)
	w.must(err)
	if health, why := syncing.HealthOf(w.connection(), true, state, w.now()); health != syncing.Error || len(why) != 1 {
		t.Errorf("the health is %s %v", health, why)
	}
	if r, _ := w.get(run); r.Status.Final() {
		t.Fatalf("the run is %s", r.Status)
	}
	if len(w.notices) != 1 {
		t.Errorf("the notices are %v", w.notices)
	}
	revoked = false
	w.must(w.control.Tend(t.Context(), organization, connection))
	if r, _ := w.finish(run); r.Status != syncing.Done {
		t.Errorf("the run is %s", r.Status)
	}
	w.same("deal")
	state, err = w.syncs.State(t.Context(), organization, connection)
	w.must(err)
	if health, why := syncing.HealthOf(w.connection(), true, state, w.now()); health == syncing.Error {
		t.Errorf("the health is %s %v", health, why)
	}
}

func TestPauseResumeAndCancel(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 500)
	run := w.start(full())
	pages := 0
	steer := func(how func(syncing.Run) (syncing.Run, bool, error)) {
		t.Helper()
		for { // against what the run notes of itself
			r, _ := w.get(run)
			next, _, err := how(r)
			w.must(err)
			if err := w.syncs.UpdateRun(t.Context(), next, nil); err == nil || next.Rev == r.Rev {
				return
			}
		}
	}
	w.crm.fail = func(string) error {
		if pages++; pages == 4 {
			steer(w.control.Paused)
		}
		return nil
	}
	w.run(func() bool { r, _ := w.get(run); return r.Status == syncing.Paused && w.idle() })
	before := w.crm.pages
	w.advance(21 * 24 * time.Hour)
	_, streams := w.get(run)
	steer(w.control.Resumed)
	w.must(w.control.GoOn(t.Context(), []syncing.Stream{streams["deal"], streams["lead"]}))
	if r, _ := w.finish(run); r.Status != syncing.Done || r.PausedFor < 20*24*time.Hour {
		t.Errorf("the run is %+v, %d pages", r, len(before))
	}
	w.same("deal")
	run = w.start(full())
	steer(w.control.Cancelled)
	w.run(w.idle)
	if r, _ := w.get(run); r.Status != syncing.Cancelled {
		t.Errorf("the run is %s", r.Status)
	}
	if _, _, err := w.control.Resumed(func() syncing.Run { r, _ := w.get(run); return r }()); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

func TestABudgetIsKept(t *testing.T) {
	w := newWorld(t)
	w.deals("deal", 1000)
	start := w.now()
	plan := full()
	plan.Objects, plan.Budget = []string{"deal"}, syncing.Budget{RequestsPerDay: 8, From: "22:00", Until: "06:00"}
	run := w.start(plan)
	perDay := map[string]int{}
	w.crm.fail = func(string) error {
		at := w.now()
		if h := at.Hour(); h >= 6 && h < 22 {
			t.Errorf("a request at %s", at)
		}
		perDay[at.Format(time.DateOnly)]++
		return nil
	}
	r, _ := w.finish(run)
	w.same("deal")
	for day, n := range perDay {
		if n > 9 { // the page that crosses the bound is read to its end
			t.Errorf("%d requests on %s", n, day)
		}
	}
	if r.Status != syncing.Done || w.now().Sub(start) < 36*time.Hour {
		t.Errorf("%s after %s", r.Status, w.now().Sub(start))
	}
}

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// listening imports an old note and lets webhooks arrive: nothing else tells of a change of it.
func listening(t *testing.T) *world {
	w := newWorld(t, mute)
	w.crm.put(row{object: "note", id: "old", updated: w.now().AddDate(0, -1, 0), value: 1})
	w.finish(w.start(full()))
	w.crm.post = func(r row) { w.receive(r, 0) }
	return w
}

// TestWhatIsParkedBehindAPauseIsApplied: receivers believe for a minute that a connection is paused which is not any more.
func TestWhatIsParkedBehindAPauseIsApplied(t *testing.T) {
	w := listening(t)
	w.become(tenant.Paused)
	w.pass(30 * time.Minute)
	w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 2})
	w.become(tenant.Active)
	w.pass(30 * time.Second)
	w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 3})
	if w.receivedAs != tenant.Paused {
		t.Fatal("it was not parked")
	}
	w.pass(20 * time.Minute)
	w.same("note")
}

// TestWeeksOfParkedWebhooks: they are sent on a day at a time, by as many invocations as that takes.
func TestWeeksOfParkedWebhooks(t *testing.T) {
	w := listening(t)
	w.become(tenant.Paused)
	paused := w.now()
	for day := range 40 {
		w.advance(24 * time.Hour)
		w.crm.put(row{object: "note", id: fmt.Sprintf("n%02d", day), updated: w.now().AddDate(-1, 0, 0), value: day})
		w.run(func() bool { return len(w.inbox) == 0 })
	}
	w.advance(time.Hour)
	w.deadline, w.replayed = time.Second, nil
	w.become(tenant.Active)
	w.pass(time.Minute)
	w.same("note")
	for i, span := range w.replayed {
		if span[1].Sub(span[0]) > 24*time.Hour || i > 0 && !span[0].Equal(w.replayed[i-1][1]) {
			t.Errorf("sent on from %s until %s", span[0], span[1])
		}
	}
	if !w.replayed[0][0].Before(paused) {
		t.Errorf("sent on from %s, paused at %s", w.replayed[0][0], paused)
	}
	w.pass(20 * time.Minute)
	if !w.state().PausedAt.IsZero() {
		t.Error("it does not end")
	}
}

// TestPausedAgainWhileItGoesOn: the second pause is not taken for the end of the first.
func TestPausedAgainWhileItGoesOn(t *testing.T) {
	w := listening(t)
	w.become(tenant.Paused)
	w.pass(time.Hour)
	w.onReplay = func() {
		w.onReplay = nil
		w.become(tenant.Paused)
	}
	w.become(tenant.Active)
	w.pass(5 * time.Minute)
	if w.state().PausedAt.IsZero() {
		t.Error("it is not known that it is paused")
	}
	w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 2})
	w.pass(time.Hour)
	if w.stored("note")["old"] != 1 {
		t.Fatal("it was not parked")
	}
	w.become(tenant.Active)
	w.pass(20 * time.Minute)
	w.same("note")
	if !w.state().PausedAt.IsZero() {
		t.Error("it does not end")
	}
}

// TestAPauseThatIsNotNotedIsNoted: the note of a pause may be taken away by the resuming before.
func TestAPauseThatIsNotNotedIsNoted(t *testing.T) {
	w := listening(t)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.pass(time.Minute)
	w.become(tenant.Paused)
	since := w.now()
	s := w.state()
	s.PausedAt = time.Time{}
	s.Rev++
	w.must(w.syncs.SaveState(t.Context(), s))
	w.pass(2 * believes)
	w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 2})
	w.pass(30 * time.Minute)
	if at := w.state().PausedAt; !at.Equal(since) {
		t.Errorf("it is paused since %s, known is %s", since, at)
	}
	w.become(tenant.Active)
	w.pass(20 * time.Minute)
	w.same("note")
}

// TestWhatIsToBeReadAgainWaits: for a connection that is paused, for a login, and for a provider's limit however often.
func TestWhatIsToBeReadAgainWaits(t *testing.T) {
	for name, c := range map[string]struct{ stop, goOn func(w *world) }{
		"a pause": {func(w *world) { w.become(tenant.Paused) }, func(w *world) { w.become(tenant.Active) }},
		"a login": {func(w *world) {
			w.crm.fail = func(string) error { return fault.New(fault.Revoked, "revoked", "The key is no longer valid.") }
		}, func(w *world) { w.crm.fail = nil }},
		"a limit": {func(w *world) {
			w.crm.fail = func(string) error {
				return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", Message: "Too many.", RetryAfter: 2 * time.Second}
			}
		}, func(w *world) { w.crm.fail = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mute)
			w.crm.put(row{object: "note", id: "old", updated: w.now().AddDate(0, -1, 0), value: 1})
			w.finish(w.start(full()))
			w.crm.put(row{object: "note", id: "old", updated: w.now(), value: 2})
			c.stop(w)
			w.must(w.control.Reread(t.Context(), organization, connection, []ref{{Object: "note", ID: "old"}}, nil))
			w.pass(26 * time.Hour)
			c.goOn(w)
			w.pass(2 * time.Hour)
			w.same("note")
		})
	}
}

func TestTheCountsOfALaterReadingStay(t *testing.T) {
	w := newWorld(t, more)
	w.deals("deal", 3)
	w.deals("lead", 3)
	w.crm.fail = func(what string) error { // the import waits for leads
		if what == "lead all []" {
			return fault.New(fault.Unavailable, "down", "down")
		}
		return nil
	}
	run := w.start(full())
	w.pass(time.Hour)
	w.crm.put(row{object: "deal", id: "late", updated: w.now(), value: 4})
	w.finish(w.start(syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"deal"}}))
	w.crm.fail = nil
	w.finish(run)
	if o := w.state().Objects["deal"]; o.Stored != 4 || o.Source != 4 {
		t.Errorf("known of deals is %+v", o)
	}
}

// TestDeletionsDuringAnImportStandInTheLog: a run of changes that begins before anything was read whole does not pass them by.
func TestDeletionsDuringAnImportStandInTheLog(t *testing.T) {
	for name, until := range map[string]int{"it is read quickly": 9, "it is read for hours": 12} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.advance(2 * time.Minute) // the first run of changes comes in a quarter of an hour
			w.must(w.control.Tend(t.Context(), organization, connection))
			w.deals("deal", 120)
			w.deals("lead", 10)
			pages := 0
			w.crm.answered = func(r connector.PageRequest) {
				if r.Object != "deal" || r.Scope.Kind != connector.All {
					return
				}
				if pages++; pages == 2 {
					w.crm.put(row{object: "deal", id: "deal_00001", updated: w.now(), deleted: true})
				}
			}
			w.crm.fail = func(what string) error {
				if what == "deal all deal_00099[]" && w.now().Hour() < until {
					return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: 10 * time.Minute}
				}
				return nil
			}
			w.finish(w.start(full()))
			w.pass(40 * time.Minute)
			w.same("deal", "lead")
		})
	}
}

// TestWhatIsReadAgainComesToItsEnd: under a limit that lets through a request now and then, and where an object is refused.
func TestWhatIsReadAgainComesToItsEnd(t *testing.T) {
	for name, fail := range map[string]func(asked int, what string) error{
		"one request at a time": func(asked int, _ string) error {
			if asked%2 == 0 {
				return &fault.Error{Kind: fault.RateLimited, Code: "rate_limited", RetryAfter: 2 * time.Second}
			}
			return nil
		},
		"leads are refused": func(_ int, what string) error {
			if what[:4] == "lead" {
				return fault.New(fault.Forbidden, "forbidden", "Not allowed.")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mute)
			old := w.now().AddDate(0, -1, 0)
			var rows []row
			for _, o := range []string{"deal", "lead", "note", "tag"} {
				rows = append(rows, row{object: o, id: o + "_1", updated: old, value: 1, parent: "lead_1"})
			}
			w.crm.put(rows...)
			w.finish(w.start(full()))
			refs := []ref{{Parent: "lead_1"}}
			for _, r := range rows {
				r.updated, r.value = w.now(), 2
				w.crm.put(r)
				refs = append(refs, ref{Object: r.object, ID: r.id})
			}
			asked := 0
			w.crm.fail = func(what string) error {
				asked++
				return fail(asked, what)
			}
			w.must(w.control.Reread(t.Context(), organization, connection, refs, nil))
			w.pass(10 * time.Minute)
			w.same("deal", "note", "tag")
			if w.waiting(syncing.Read) != 0 || asked > 12 {
				t.Errorf("after %d requests %d messages wait", asked, w.waiting(syncing.Read))
			}
		})
	}
}

package control_test

import (
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/tenant"
)

func TestSendAtOnceLaterAndMuchLater(t *testing.T) {
	w := newWorld(t)
	m := syncing.Message{Kind: syncing.GoOn, Organization: organization, Connection: connection, Run: "run_1", Object: "deal"}
	for _, c := range []struct {
		at    time.Time
		delay time.Duration // -1: an item that is due
	}{
		{time.Time{}, 0}, {w.at.Add(-time.Hour), 0}, {w.at, 0}, {w.at.Add(time.Second), time.Second}, {w.at.Add(control.MaxDelay), control.MaxDelay},
		{w.at.Add(control.MaxDelay + 1), -1}, {w.at.AddDate(0, 2, 0), -1},
	} {
		w.sent, w.due = nil, nil
		fresh := newWorld(t)
		w.due = fresh.due
		w.control.Due = fresh.due
		w.must(w.control.Send(t.Context(), m, c.at))
		items := w.waiting(w.at.AddDate(1, 0, 0))
		if c.delay < 0 {
			if len(w.sent) > 0 || len(items) != 1 || !items[0].At.Equal(c.at) || items[0].Queue != control.QueueName || items[0].Group != organization {
				t.Fatalf("at %s: sent %+v, due %+v", c.at, w.sent, items)
			}
			if got, err := syncing.Decode(items[0].Body); err != nil || got.Run != "run_1" || got.Object != "deal" {
				t.Errorf("it says %+v, %v", got, err)
			}
			continue
		}
		if len(items) > 0 || len(w.sent) != 1 || w.sent[0].delay != c.delay || w.sent[0].group != organization || w.sent[0].Run != "run_1" {
			t.Errorf("at %s: sent %+v, due %+v", c.at, w.sent, items)
		}
	}
}

// TestWhatIsDueAtOneTimeIsKeptApart: many streams of a budget wait for the same midnight.
func TestWhatIsDueAtOneTimeIsKeptApart(t *testing.T) {
	w := newWorld(t)
	at := w.at.Add(time.Hour)
	base := syncing.Message{Kind: syncing.GoOn, Organization: organization, Connection: connection, Run: "run_1", Object: "deal"}
	messages := []syncing.Message{base}
	add := func(change func(*syncing.Message)) {
		m := base
		change(&m)
		messages = append(messages, m)
	}
	add(func(m *syncing.Message) { m.Organization = "org_2" })
	add(func(m *syncing.Message) { m.Connection = "conn_2" })
	add(func(m *syncing.Message) { m.Run = "run_2" })
	add(func(m *syncing.Message) { m.Object = "user" })
	add(func(m *syncing.Message) { m.Kind = syncing.Watch })
	add(func(m *syncing.Message) { m.Kind = syncing.Tend })
	add(func(m *syncing.Message) { m.Kind, m.Sync, m.At = syncing.Due, "sync_1", at })
	add(func(m *syncing.Message) { m.Kind, m.Sync, m.At = syncing.Due, "sync_2", at })
	add(func(m *syncing.Message) { m.Kind, m.Refs = syncing.Read, []connector.Ref{{Object: "deal", ID: "1"}} })
	add(func(m *syncing.Message) { m.Kind, m.Refs = syncing.Read, []connector.Ref{{Object: "deal", ID: "2"}} })
	for range 2 { // the same again is no other
		for _, m := range messages {
			w.must(w.control.Send(t.Context(), m, at))
		}
	}
	if n := len(w.waiting(at.Add(1))); n != len(messages) {
		t.Errorf("%d of %d are kept", n, len(messages))
	}
}

func TestSendSaysWhatFails(t *testing.T) {
	w := newWorld(t)
	m := syncing.Message{Kind: syncing.Tend, Organization: organization, Connection: connection}
	for _, at := range []time.Time{{}, w.at.Add(time.Minute), w.at.Add(time.Hour)} {
		w.calls, w.breaks = 0, 1
		if err := w.control.Send(t.Context(), m, at); !fault.Is(err, fault.Unavailable) {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

func TestShortHands(t *testing.T) {
	w := newWorld(t)
	refs, entries := []connector.Ref{{Object: "deal", ID: "1"}}, []syncing.EntryRef{{Object: "deal", ID: "1", Entry: "01E"}}
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.must(w.control.Resume(t.Context(), organization, connection))
	w.must(w.control.Reread(t.Context(), organization, connection, refs, entries))
	w.must(w.control.GoOn(t.Context(), []syncing.Stream{{Organization: organization, Connection: connection, Run: "run_1", Object: "a", Phase: syncing.Finished},
		{Organization: organization, Connection: connection, Run: "run_1", Object: "b", Phase: syncing.Comparing}, {Organization: organization, Connection: connection, Run: "run_1", Object: "c", Phase: syncing.Stopped}}))
	if len(w.sent) != 4 || w.sent[0].Kind != syncing.Tend || w.sent[1].Kind != syncing.Resume || w.sent[2].Refs[0] != refs[0] || w.sent[2].Entries[0] != entries[0] || w.sent[3].Object != "b" {
		t.Errorf("sent %+v", w.sent)
	}
}

func TestPrepareAndStore(t *testing.T) {
	w := newWorld(t)
	plan := syncing.Plan{Kind: syncing.Import, Mode: syncing.Full}
	r, streams, err := w.control.Prepare(t.Context(), conn(), plan, "key_1")
	w.must(err)
	if len(r.ID) != 30 || r.ID[:4] != "run_" || r.Organization != organization || r.Connection != connection || r.Connector != "crm" || r.Status != syncing.Queued || r.CreatedBy != "key_1" || r.Rev != 1 ||
		!r.CreatedAt.Equal(w.at) || !r.Forget.Equal(w.at.Add(400*24*time.Hour)) || len(streams) != 2 || streams[0].Run != r.ID || !streams[0].Forget.Equal(r.Forget) {
		t.Errorf("got %+v, %+v", r, streams)
	}
	if len(w.runs()) > 0 || len(w.sent) > 0 {
		t.Error("it is stored already")
	}
	receipt := &store.Receipt{Organization: organization, Key: "once", Request: "r", ExpiresAt: w.at.Add(time.Hour)}
	w.must(w.control.Store(t.Context(), r, streams, receipt))
	if err := w.control.Store(t.Context(), r, streams, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	other, streams, err := w.control.Prepare(t.Context(), conn(), plan, "key_1")
	w.must(err)
	if err := w.control.Store(t.Context(), other, streams, receipt); !fault.Is(err, fault.Conflict) {
		t.Errorf("under the same key: %v", err)
	}
	if runs := w.runs(); len(runs) != 1 || runs[0].ID != r.ID {
		t.Errorf("stored are %+v", runs)
	}
}

// TestStoreIsWatchedBeforeItIsStored: whichever call fails, a run that is stored has its watch.
func TestStoreIsWatchedBeforeItIsStored(t *testing.T) {
	for _, late := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			w := newWorld(t)
			r, streams, err := w.control.Prepare(t.Context(), conn(), reconcile(), "key_1")
			w.must(err)
			w.calls, w.breaks, w.late = 0, n, late
			if err := w.control.Store(t.Context(), r, streams, nil); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("call %d: %v", n, err)
			}
			if len(w.runs()) > 0 && len(w.messages(syncing.Watch)) == 0 {
				t.Errorf("call %d, late: %t: nobody looks after the run", n, late)
			}
			if len(w.runs()) == 0 && len(w.messages(syncing.GoOn)) > 0 {
				t.Errorf("call %d, late: %t: a run that is not stored goes on", n, late)
			}
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	w := newWorld(t)
	other := conn()
	other.Connector = "pigeon"
	for name, c := range map[string]struct {
		conn tenant.Connection
		plan syncing.Plan
		kind fault.Kind
		code string
	}{
		"a connector":     {other, reconcile(), fault.Invalid, "unknown_connector"},
		"a plan":          {conn(), syncing.Plan{Kind: syncing.Import}, fault.Invalid, "invalid_plan"},
		"nothing to read": {conn(), syncing.Plan{Kind: syncing.Changes}, fault.Conflict, "nothing_to_read"},
	} {
		if _, _, err := w.control.Prepare(t.Context(), c.conn, c.plan, "key_1"); !fault.Is(err, c.kind) || fault.Of(err).Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.calls, w.breaks = 0, 1
	if _, _, err := w.control.Prepare(t.Context(), conn(), reconcile(), "key_1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the state is not read: %v", err)
	}
}

// TestRunsOfChangesAreForgottenEarlier: there are a hundred of them a day.
func TestRunsOfChangesAreForgottenEarlier(t *testing.T) {
	w := newWorld(t)
	w.must(w.syncs.SaveState(t.Context(), syncing.State{Organization: organization, Connection: connection, Marks: map[string]time.Time{"deal": w.at}, Rev: 1}))
	r, streams, err := w.control.Prepare(t.Context(), conn(), syncing.Plan{Kind: syncing.Changes}, "leadline")
	if err != nil || !r.Forget.Equal(w.at.Add(30*24*time.Hour)) || len(streams) != 1 || !streams[0].Forget.Equal(r.Forget) {
		t.Errorf("got %+v %+v %v", r, streams, err)
	}
}

func TestSteeringRuns(t *testing.T) {
	w := newWorld(t)
	acts := map[string]func(syncing.Run) (syncing.Run, bool, error){"pause": w.control.Paused, "resume": w.control.Resumed, "cancel": w.control.Cancelled}
	const refused, same = "refused", "same"
	for from, want := range map[syncing.Status]map[string]string{
		syncing.Queued:    {"pause": "paused", "resume": same, "cancel": "cancelled"},
		syncing.Running:   {"pause": "paused", "resume": same, "cancel": "cancelled"},
		syncing.Paused:    {"pause": same, "resume": "running", "cancel": "cancelled"},
		syncing.Done:      {"pause": refused, "resume": refused, "cancel": refused},
		syncing.Failed:    {"pause": refused, "resume": refused, "cancel": refused},
		syncing.Cancelled: {"pause": refused, "resume": refused, "cancel": same},
	} {
		for act, do := range acts {
			r := syncing.Run{ID: "run_1", Status: from, CreatedAt: w.at.Add(-time.Hour), Rev: 7}
			if from == syncing.Paused {
				r.PausedAt, r.PausedFor = w.at.Add(-10*time.Minute), time.Minute
			}
			next, changed, err := do(r)
			switch want := want[act]; want {
			case refused:
				if !fault.Is(err, fault.Conflict) || fault.Of(err).Code != "run_over" || changed {
					t.Errorf("%s, %s: %+v %v", from, act, next, err)
				}
			case same:
				if err != nil || changed || next.Rev != 7 || next.Status != from {
					t.Errorf("%s, %s: %+v %v", from, act, next, err)
				}
			default:
				if err != nil || !changed || next.Rev != 8 || string(next.Status) != want || !next.UpdatedAt.Equal(w.at) || next.FinishedAt.IsZero() != (want != "cancelled") {
					t.Errorf("%s, %s: %+v %v", from, act, next, err)
				}
				stood := time.Duration(0)
				if from == syncing.Paused {
					stood = 11 * time.Minute
				}
				if next.PausedFor != stood || next.PausedAt.IsZero() != (want != "paused") {
					t.Errorf("%s, %s: it stood still for %s, paused at %s", from, act, next.PausedFor, next.PausedAt)
				}
			}
		}
	}
}

// TestWatchesDoNotMultiply: whoever asks at about the same time asks for the same.
func TestWatchesDoNotMultiply(t *testing.T) {
	w := newWorld(t)
	r := syncing.Run{ID: "run_1", Organization: organization, Connection: connection}
	w.at = w.at.Truncate(5 * time.Minute)
	for range 20 {
		w.must(w.control.WatchOn(t.Context(), r))
		w.at = w.at.Add(10 * time.Second)
	}
	items := w.waiting(w.at.Add(time.Hour))
	if len(items) != 1 || !items[0].At.After(w.at) || items[0].At.After(w.at.Add(10*time.Minute)) || len(w.sent) > 0 {
		t.Fatalf("due: %+v, sent %+v", items, w.sent)
	}
	if m, err := syncing.Decode(items[0].Body); err != nil || m.Kind != syncing.Watch || m.Run != "run_1" {
		t.Errorf("it says %+v, %v", m, err)
	}
	w.calls, w.breaks = 0, 1
	if err := w.control.WatchOn(t.Context(), r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

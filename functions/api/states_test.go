package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// knows changes what is known of a connection.
func (s *system) knows(conn string, change func(*syncing.State)) {
	s.t.Helper()
	state, err := s.syncs.State(s.t.Context(), ours, conn)
	s.must(err)
	change(&state)
	state.Rev++
	s.must(s.syncs.SaveState(s.t.Context(), state))
}

func (s *system) health(conn string) ConnectionState {
	s.t.Helper()
	got := read[Connection](s.t, s.get(s.reader, "/v1/connections/"+conn).want(s.t, 200))
	if got.State == nil {
		s.t.Fatal("it has no state")
	}
	return *got.State
}

func TestHowAConnectionFares(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	now := s.clock.now()
	if got := s.health(conn); got.Health != "warning" || len(got.Why) != 1 || got.Subscription != nil || got.Permissions == nil || got.Objects == nil || got.TendedAt != nil {
		t.Errorf("a new one: %+v", got)
	}
	well := func(st *syncing.State) {
		st.TendedAt, st.LastRun, st.LastRunAt, st.Problem = now, "run_1", now.Add(-time.Hour), ""
		st.Identity = connector.Identity{Permissions: []string{"read"}}
		st.Subscription = syncing.SubscriptionState{ID: "whsub_1", Active: true, CheckedAt: now, HealedAt: now.Add(-time.Minute)}
		st.Marks = map[string]time.Time{"deal": now.Add(-2 * time.Hour)}
		st.Objects = map[string]syncing.ObjectState{"user": {}, "deal": {Stored: 99, Source: 100, How: "its count", At: now, Drift: &syncing.Counts{Missing: 1}, DriftAt: now}}
	}
	s.knows(conn, well)
	got := s.health(conn)
	if got.Health != "healthy" || len(got.Why) > 0 || got.LastRun != "run_1" || !got.LastRunAt.Equal(now.Add(-time.Hour)) || !got.TendedAt.Equal(now) || !slices.Equal(got.Permissions, []string{"read"}) || got.PausedAt != nil {
		t.Errorf("got %+v", got)
	}
	if u := got.Subscription; u == nil || u.ID != "whsub_1" || !u.Active || !u.CheckedAt.Equal(now) || !u.HealedAt.Equal(now.Add(-time.Minute)) {
		t.Errorf("the subscription is %+v", u)
	}
	if len(got.Objects) != 2 || got.Objects[0].Object != "deal" || got.Objects[0].Stored != 99 || got.Objects[0].Source != 100 || got.Objects[0].How != "its count" || !got.Objects[0].At.Equal(now) ||
		!got.Objects[0].ReadFrom.Equal(now.Add(-2*time.Hour)) || got.Objects[0].Drift.Missing != 1 || !got.Objects[0].DriftAt.Equal(now) {
		t.Errorf("the objects are %+v", got.Objects)
	}
	if o := got.Objects[1]; o.Object != "user" || o.Stored != -1 || o.Source != -1 || o.At != nil || o.ReadFrom != nil || o.Drift != nil {
		t.Errorf("what was not counted: %+v", o)
	}
	for name, c := range map[string]struct {
		change func(*syncing.State)
		health string
		why    string
	}{
		"in error":         {func(st *syncing.State) { st.Problem = "Example refuses the login." }, "error", "Example refuses the login."},
		"not subscribed":   {func(st *syncing.State) { st.Subscription.Active, st.Subscription.Problem = false, "Example paused it." }, "warning", "Example paused it."},
		"an unread object": {func(st *syncing.State) { st.Objects["user"] = syncing.ObjectState{Problem: "It may not."} }, "warning", "user: It may not."},
		"nothing for long": {func(st *syncing.State) { st.LastRunAt = now.AddDate(0, 0, -3) }, "warning", "Nothing was read since 2026-11-19 12:00."},
		"without permission": {func(st *syncing.State) {
			st.Identity.Missing = []connector.MissingPermission{{Permission: "hooks", Needed: "Live."}}
		}, "warning", "hooks: Live."},
	} {
		s.knows(conn, func(st *syncing.State) { well(st); c.change(st) })
		if got := s.health(conn); got.Health != c.health || len(got.Why) != 1 || !strings.Contains(got.Why[0], c.why) {
			t.Errorf("%s: %s, %q", name, got.Health, got.Why)
		}
	}
	s.knows(conn, well)
	s.post(s.admin, "/v1/connections/"+conn+"/disable", nil).want(t, 200)
	if got := s.health(conn); got.Health != "inactive" || len(got.Why) != 1 {
		t.Errorf("disabled: %+v", got)
	}
	if listed := read[list[Connection]](t, s.get(s.reader, "/v1/connections").want(t, 200)); listed.Items[0].State != nil {
		t.Errorf("a list shows %+v", listed.Items[0].State)
	}
}

// TestALoginThatDoesNotWorkIsAnError, also before anybody looked after the connection.
func TestALoginThatDoesNotWorkIsAnError(t *testing.T) {
	s := newSystem(t)
	pending := s.crmConnection(byOAuth()).ID
	if got := s.health(pending); got.Health != "error" || len(got.Why) != 1 || !strings.HasPrefix(got.Why[0], "The login is pending.") || got.Why[0] != strings.TrimSpace(got.Why[0]) {
		t.Errorf("got %+v", got)
	}
	conn := s.crmConnection(byKey(goodKey)).ID
	s.crm.with(func() { delete(s.crm.accounts, goodKey) })
	s.post(s.admin, "/v1/connections/"+conn+"/test", nil).want(t, 409, "credentials_refused")
	if got := s.health(conn); got.Health != "error" || !strings.HasPrefix(got.Why[0], "The login is revoked. ") {
		t.Errorf("got %+v", got)
	}
	if got := s.health(s.connect(s.owner).ID); got.Health != "healthy" || got.Subscription != nil { // it only listens
		t.Errorf("got %+v", got)
	}
}

func TestAConnectionIsPausedAndGoesOn(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey))
	path := "/v1/connections/" + conn.ID
	s.fetch.took()
	began := s.clock.now()
	if got := read[Connection](t, s.post(s.admin, path+"/pause", nil).want(t, 200)); got.Status != "paused" || got.Rev != 2 {
		t.Errorf("got %+v", got)
	}
	if hook := s.hook(conn.ID); hook.Status != tenant.Paused {
		t.Errorf("its URL is %s", hook.Status)
	}
	s.clock.advance(time.Hour)
	s.post(s.admin, path+"/pause", nil).want(t, 200)                                      // no change
	if got := s.health(conn.ID); got.Health != "inactive" || !got.PausedAt.Equal(began) { // since then what comes in waits
		t.Errorf("got %+v", got)
	}
	if sent := s.fetch.took(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	s.do(request{key: s.admin, method: "POST", path: path + "/resume", header: map[string]string{"If-Match": `"1"`}}).want(t, 412, "precondition_failed")
	s.fetch.failsAfter(0)
	s.post(s.admin, path+"/resume", nil).want(t, 503, "unavailable")
	s.fetch.failsAfter(-1)
	for range 2 { // the second finds it active, and asks once more: the first may not have been heard
		if got := read[Connection](t, s.post(s.admin, path+"/resume", nil).want(t, 200)); got.Status != "active" || got.Rev != 3 {
			t.Errorf("got %+v", got)
		}
		if sent := s.fetch.took(); !slices.Equal(sent, []string{"resume"}) {
			t.Errorf("sent %v", sent)
		}
	}
	// Until fetch has applied what waited, a new pause does not forget since when that is.
	s.clock.advance(time.Hour)
	s.post(s.admin, path+"/pause", nil).want(t, 200)
	if got := s.health(conn.ID); !got.PausedAt.Equal(began) {
		t.Errorf("paused since %s", got.PausedAt)
	}
	s.post(s.manager, path+"/resume", nil).want(t, 403, "role_not_sufficient")
	s.post(s.stranger, path+"/resume", nil).want(t, 404, "not_found")
}

// TestTheTimeOfAPauseIsNotedBeforeIt: what arrives between would else not be found again.
func TestTheTimeOfAPauseIsNotedBeforeIt(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	s.handler.Syncs = unsaved{s.syncs}
	s.post(s.admin, "/v1/connections/"+conn+"/pause", nil).want(t, 409, "changed_meanwhile")
	if got := read[Connection](t, s.get(s.reader, "/v1/connections/"+conn)); got.Status != "active" {
		t.Errorf("it is %s", got.Status)
	}
}

// unsaved is a store of states that others change whenever somebody is about to.
type unsaved struct{ syncStore }

func (unsaved) SaveState(context.Context, syncing.State) error {
	return fault.New(fault.Conflict, store.CodeStale, "the state has changed since it was read")
}

// TestClientSoftwareIsNotPaused, nor does anybody try to read from it.
func TestClientSoftwareIsNotPaused(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	s.post(s.admin, "/v1/connections/"+conn+"/pause", nil).want(t, 400, "not_a_provider")
	for _, verb := range []string{"disable", "enable"} {
		s.post(s.admin, "/v1/connections/"+conn+"/"+verb, nil).want(t, 200)
	}
	if sent := s.fetch.took(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}

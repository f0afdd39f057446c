package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
)

func syncPath(conn string, below ...string) string {
	return "/v1/connections/" + conn + "/" + strings.Join(append([]string{"syncs"}, below...), "/")
}

// planning is the body of a sync of a schedule.
func planning(schedule map[string]any) map[string]any {
	body := nightly()
	body["schedule"] = schedule
	return body
}

// dueBy gives the items that are due until a time, by sync.
func (s *system) dueBy(until time.Time) map[string][]time.Time {
	s.t.Helper()
	items, _, _, err := s.handler.Fetch.Due.DueBefore(s.t.Context(), store.DueMinute(s.clock.now().Add(-time.Hour)), until, store.MaxLimit)
	s.must(err)
	all := map[string][]time.Time{}
	for _, item := range items {
		m, err := syncing.Decode(item.Body)
		s.must(err)
		if m.Kind != syncing.Due || !m.At.Equal(item.At) || m.Organization != ours || item.Queue != control.QueueName {
			s.t.Errorf("due is %+v", m)
		}
		all[m.Sync] = append(all[m.Sync], item.At)
	}
	return all
}

func TestSyncsOfEachSchedule(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	// It is Sunday, 22 November 2026, 12:00 UTC.
	for words, c := range map[string]struct {
		schedule map[string]any
		next     time.Time // the wait of up to a minute left out; zero for never
	}{
		"continuously":     {map[string]any{"kind": "continuous"}, s.clock.now().Add(0)},
		"every 20 minutes": {map[string]any{"kind": "every", "every_minutes": 20}, s.clock.now()},
		"every hour at minute 30 (Europe/Berlin)":   {map[string]any{"kind": "hourly", "at_minute": 30, "zone": "Europe/Berlin"}, s.clock.now().Add(30 * time.Minute)},
		"every day at 02:30 (Europe/Berlin)":        {map[string]any{"kind": "daily", "at": []string{"02:30"}, "zone": "Europe/Berlin"}, s.clock.now().Add(13*time.Hour + 30*time.Minute)},
		"every Monday and Friday at 08:00 (UTC)":    {map[string]any{"kind": "weekly", "at": []string{"08:00"}, "days": []string{"friday", "monday"}}, s.clock.now().Add(20 * time.Hour)},
		`at "30 2 * * mon-fri" as of cron (UTC)`:    {map[string]any{"kind": "cron", "cron": "30 2 * * mon-fri"}, s.clock.now().Add(14*time.Hour + 30*time.Minute)},
		"only when asked":                           {map[string]any{"kind": "manual"}, time.Time{}},
		"every day at 01:00 and 13:00 (Asia/Tokyo)": {map[string]any{"kind": "daily", "at": []string{"13:00", "01:00"}, "zone": "Asia/Tokyo"}, s.clock.now().Add(4 * time.Hour)},
	} {
		t.Run(words, func(t *testing.T) {
			a := s.post(s.admin, syncPath(conn), planning(c.schedule)).want(t, 201)
			got := read[Sync](t, a)
			if got.InWords != words || got.Rev != 1 || got.Name != "Nightly" || got.Off || got.LastRun != "" || got.LastAt != nil || got.Plan.Kind != syncing.Reconcile ||
				a.header.Get("Location") != syncPath(conn, got.ID) || a.header.Get("ETag") != `"1"` {
				t.Errorf("got %s", a.body)
			}
			due := s.dueBy(s.clock.now().AddDate(0, 1, 0))[got.ID]
			if c.next.IsZero() {
				if got.NextAt != nil || len(due) > 0 {
					t.Errorf("it runs at %s, due are %v", got.NextAt, due)
				}
				return
			}
			if got.NextAt == nil || !got.NextAt.After(s.clock.now()) || got.NextAt.Before(c.next) || got.NextAt.After(c.next.Add(time.Minute)) && words != "every 20 minutes" || len(due) != 1 || !due[0].Equal(*got.NextAt) {
				t.Errorf("it runs at %s, due are %v", got.NextAt, due)
			}
			if shown := s.get(s.reader, syncPath(conn, got.ID)).want(t, 200); string(shown.body) != string(a.body) || shown.header.Get("ETag") != `"1"` {
				t.Errorf("shown as %s", shown.body)
			}
		})
	}
	all := walk[Sync](s, s.reader, syncPath(conn)+"?limit=3")
	if len(all) != 8 || !slices.IsSortedFunc(all, func(a, b Sync) int { return strings.Compare(a.ID, b.ID) }) {
		t.Errorf("listed: %+v", all)
	}
}

func TestSyncsThatAreRefused(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	stands := read[Sync](t, s.post(s.admin, syncPath(conn), nightly()).want(t, 201))
	plan := func(p map[string]any) map[string]any {
		body := nightly()
		body["plan"] = p
		return body
	}
	without := func(field string) map[string]any {
		body := nightly()
		delete(body, field)
		return body
	}
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
		says   string
	}{
		"no name":              {without("name"), 422, "invalid_request", "name"},
		"no schedule":          {without("schedule"), 422, "invalid_request", "schedule"},
		"no plan":              {without("plan"), 422, "invalid_request", "plan"},
		"another kind":         {planning(map[string]any{"kind": "sometimes"}), 422, "invalid_request", "kind"},
		"no minutes":           {planning(map[string]any{"kind": "every"}), 400, "invalid_schedule", "every_minutes"},
		"too many minutes":     {planning(map[string]any{"kind": "every", "every_minutes": 2000}), 422, "invalid_request", "every_minutes"},
		"a field of another":   {planning(map[string]any{"kind": "daily", "at": []string{"02:30"}, "cron": "* * * * *"}), 400, "invalid_schedule", "cron"},
		"no time of day":       {planning(map[string]any{"kind": "daily", "at": []string{"2:30"}}), 400, "invalid_schedule", "2:30"},
		"no times":             {planning(map[string]any{"kind": "daily"}), 400, "invalid_schedule", "at"},
		"no days":              {planning(map[string]any{"kind": "weekly", "at": []string{"02:30"}}), 400, "invalid_schedule", "days"},
		"an expression":        {planning(map[string]any{"kind": "cron", "cron": "61 * * * *"}), 400, "invalid_schedule", "minutes"},
		"one that never comes": {planning(map[string]any{"kind": "cron", "cron": "0 0 31 2 *"}), 400, "invalid_schedule", "never"},
		"a zone":               {planning(map[string]any{"kind": "daily", "at": []string{"02:30"}, "zone": "Mars"}), 400, "unknown_zone", "Mars"},
		"a plan of no kind":    {plan(map[string]any{"kind": "dance"}), 400, "invalid_plan", "dance"},
		"a plan for what":      {plan(map[string]any{"kind": "reconcile", "objects": []string{"goat"}}), 400, "invalid_plan", "goat"},
		"a mode":               {plan(map[string]any{"kind": "import"}), 400, "invalid_plan", "mode"},
		"a time of no use":     {plan(map[string]any{"kind": "reconcile", "from": "2026-11-01T00:00:00Z"}), 400, "invalid_plan", "for imports"},
		"a ceiling of no use":  {plan(map[string]any{"kind": "changes", "max_deletions": 5}), 400, "invalid_plan", "max_deletions"},
		"a budget":             {plan(map[string]any{"kind": "changes", "budget": map[string]any{"from": "22:00"}}), 400, "invalid_budget", "budget.until"},
	} {
		t.Run(name, func(t *testing.T) {
			before, due := s.state(), fmt.Sprint(s.dueBy(s.clock.now().AddDate(1, 0, 0)))
			for _, a := range []answer{s.post(s.admin, syncPath(conn), c.body), s.put(s.admin, syncPath(conn, stands.ID), c.body, `"1"`)} {
				if a.want(t, c.status, c.code); !strings.Contains(string(a.body), c.says) {
					t.Errorf("it says %s", a.body)
				}
			}
			all := read[list[Sync]](t, s.get(s.reader, syncPath(conn)).want(t, 200))
			if s.state() != before || fmt.Sprint(s.dueBy(s.clock.now().AddDate(1, 0, 0))) != due || len(all.Items) != 1 || all.Items[0].Rev != 1 {
				t.Errorf("something was stored: %+v", all)
			}
		})
	}
	s.post(s.admin, syncPath("conn_nowhere"), nightly()).want(t, 404, "not_found")
	s.post(s.stranger, syncPath(conn), nightly()).want(t, 404, "not_found")
	s.post(s.manager, syncPath(conn), nightly()).want(t, 403, "role_not_sufficient")
	s.post(s.admin, syncPath(s.client("Till").Connection), nightly()).want(t, 400, "unknown_connector")
	s.post(s.admin, syncPath(s.connection("mute")), nightly()).want(t, 400, "invalid_plan")
}

// connection stores a connection of a connector that nobody connects to.
func (s *system) connection(connectorName string) string {
	s.t.Helper()
	conn := s.connect(s.owner).ID
	c, err := s.tenancy.Connection(s.t.Context(), ours, conn)
	s.must(err)
	org, err := s.tenancy.Organization(s.t.Context(), ours)
	s.must(err)
	c.Connector = connectorName
	c.Rev++
	s.must(s.tenancy.UpdateConnection(s.t.Context(), c, c.HookOf(org), nil))
	return conn
}

func TestASyncIsChangedByWhoHasReadIt(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	first := read[Sync](t, s.post(s.admin, syncPath(conn), nightly()).want(t, 201))
	path := syncPath(conn, first.ID)
	s.clock.advance(time.Minute)
	hourly := planning(map[string]any{"kind": "hourly", "at_minute": 5})
	s.put(s.admin, path, hourly, `"7"`).want(t, 412, "precondition_failed")
	a := s.put(s.admin, path, hourly, `"1"`).want(t, 200)
	got := read[Sync](t, a)
	if got.Rev != 2 || a.header.Get("ETag") != `"2"` || got.InWords != "every hour at minute 5 (UTC)" || !got.UpdatedAt.Equal(s.clock.now()) || !got.CreatedAt.Equal(first.CreatedAt) || got.NextAt.Equal(*first.NextAt) {
		t.Errorf("got %s", a.body)
	}
	s.put(s.admin, path, hourly, `"1"`).want(t, 412, "precondition_failed")
	if due := s.dueBy(s.clock.now().AddDate(0, 0, 2))[first.ID]; !slices.ContainsFunc(due, got.NextAt.Equal) {
		t.Errorf("due are %v", due)
	}
	off := maps.Clone(hourly)
	off["off"] = true
	if got := read[Sync](t, s.put(s.admin, path, off).want(t, 200)); !got.Off || got.NextAt != nil || got.Rev != 3 {
		t.Errorf("off: %+v", got)
	}
	if got := read[Sync](t, s.put(s.admin, path, hourly, "*").want(t, 200)); got.Off || got.NextAt == nil || got.Rev != 4 {
		t.Errorf("on again: %+v", got)
	}
	s.put(s.stranger, path, hourly).want(t, 404, "not_found")
	s.put(s.admin, syncPath(conn, "sync_none"), hourly).want(t, 404, "not_found")
	s.get(s.reader, syncPath(conn, "sync_none")).want(t, 404, "not_found")
	s.get(s.reader, syncPath(s.connect(s.owner).ID, first.ID)).want(t, 404, "not_found")

	s.do(request{key: s.stranger, method: http.MethodDelete, path: path}).want(t, 404, "not_found")
	s.do(request{key: s.admin, method: http.MethodDelete, path: path}).want(t, 204)
	s.do(request{key: s.admin, method: http.MethodDelete, path: path}).want(t, 404, "not_found")
	s.get(s.reader, path).want(t, 404, "not_found")
}

// TestWhatASyncHasDoneOutlivesItsChange: a change says when it runs, not when it ran.
func TestWhatASyncHasDoneOutlivesItsChange(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	first := read[Sync](t, s.post(s.admin, syncPath(conn), nightly()).want(t, 201))
	s.clock.advance(first.NextAt.Sub(s.clock.now()) + time.Second)
	c, err := s.tenancy.Connection(t.Context(), ours, conn)
	s.must(err)
	y, err := s.syncs.Sync(t.Context(), ours, conn, first.ID)
	s.must(err)
	s.must(s.handler.control.Fire(t.Context(), c, y, *first.NextAt)) // as fetch does
	fired := read[Sync](t, s.get(s.reader, syncPath(conn, first.ID)).want(t, 200))
	if fired.LastAt == nil || !fired.LastAt.Equal(*first.NextAt) || fired.LastRun == "" || !fired.NextAt.After(*first.NextAt) || fired.Rev != 2 {
		t.Fatalf("it ran: %+v", fired)
	}
	if r := read[Run](t, s.get(s.reader, runPath(conn, fired.LastRun)).want(t, 200)); r.Sync != first.ID || r.CreatedBy != first.ID {
		t.Errorf("the run is %+v", r)
	}
	s.put(s.admin, syncPath(conn, first.ID), planning(map[string]any{"kind": "manual"}), `"1"`).want(t, 412, "precondition_failed")
	got := read[Sync](t, s.put(s.admin, syncPath(conn, first.ID), planning(map[string]any{"kind": "manual"}), `"2"`).want(t, 200))
	if got.LastRun != fired.LastRun || !got.LastAt.Equal(*fired.LastAt) || got.NextAt != nil {
		t.Errorf("changed: %+v", got)
	}
}

func TestASyncRunsWhenAsked(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	y := read[Sync](t, s.post(s.admin, syncPath(conn), planning(map[string]any{"kind": "manual"})).want(t, 201))
	s.fetch.took()
	r := request{key: s.admin, method: http.MethodPost, path: syncPath(conn, y.ID, "run"), header: map[string]string{"Idempotency-Key": "once"}}
	a := s.do(r).want(t, 202)
	got := read[Run](t, a)
	if got.Plan.Kind != syncing.Reconcile || a.header.Get("Location") != runPath(conn, got.ID) || len(s.fetch.took()) != 3 {
		t.Errorf("got %s", a.body)
	}
	if again := read[Run](t, s.do(r).want(t, 202)); again.ID != got.ID {
		t.Errorf("a resend is another run: %+v", again)
	}
	s.post(s.admin, syncPath(conn, "sync_none", "run"), nil).want(t, 404, "not_found")
	s.post(s.manager, syncPath(conn, y.ID, "run"), nil).want(t, 403, "role_not_sufficient")
	changes := nightly()
	changes["plan"] = map[string]any{"kind": "changes"}
	y = read[Sync](t, s.post(s.admin, syncPath(conn), changes).want(t, 201))
	s.post(s.admin, syncPath(conn, y.ID, "run"), nil).want(t, 409, "nothing_to_read")
	s.post(s.admin, "/v1/connections/"+conn+"/pause", nil).want(t, 200)
	s.post(s.admin, syncPath(conn, y.ID, "run"), nil).want(t, 409, "connection_not_active")
}

func TestAResendOfASyncIsTheSameSync(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	r := request{key: s.admin, method: http.MethodPost, path: syncPath(conn), header: map[string]string{"Idempotency-Key": "once"}, body: nightly()}
	first := s.do(r).want(t, 201)
	s.clock.advance(time.Hour)
	if again := s.do(r).want(t, 201); string(again.body) != string(first.body) {
		t.Errorf("got %s, then %s", first.body, again.body)
	}
	r.body = planning(map[string]any{"kind": "manual"})
	s.do(r).want(t, 409, "idempotency_key_reused")
	if n := len(read[list[Sync]](t, s.get(s.reader, syncPath(conn))).Items); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestAConnectionHasSoManySyncs(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	for i := range maxSyncs {
		s.must(s.syncs.CreateSync(t.Context(), syncing.Sync{ID: fmt.Sprintf("sync_%012d", i), Organization: ours, Connection: conn, Rev: 1}, nil))
	}
	s.post(s.admin, syncPath(conn), nightly()).want(t, 409, "quota_exceeded")
}

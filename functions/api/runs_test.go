package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

// runPath gives where the runs of a connection are, or what is below.
func runPath(conn string, below ...string) string {
	return "/v1/connections/" + conn + "/" + strings.Join(append([]string{"runs"}, below...), "/")
}

// importing starts an import and gives it.
func (s *system) importing(conn string, body map[string]any) Run {
	s.t.Helper()
	s.clock.advance(time.Second) // so that what is made has an order
	return read[Run](s.t, s.post(s.admin, "/v1/connections/"+conn+"/imports", body).want(s.t, 202))
}

func (s *system) runOf(conn, id string) syncing.Run {
	s.t.Helper()
	r, err := s.syncs.Run(s.t.Context(), ours, conn, id)
	s.must(err)
	return r
}

func (s *system) streams(run string) []syncing.Stream {
	s.t.Helper()
	all, err := s.syncs.Streams(s.t.Context(), ours, run)
	s.must(err)
	return all
}

// took gives what was sent to fetch since it was asked last, as "kind object".
func (f *fetched) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, m := range f.sent {
		all = append(all, strings.TrimSpace(string(m.Kind)+" "+m.Object))
	}
	f.sent = nil
	return all
}

func TestImportsOfEachMode(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	s.fetch.took()
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		body    map[string]any
		mode    syncing.Mode
		streams string
	}{
		"nothing said": {map[string]any{}, syncing.Full, "deal all, user all"},
		"full":         {map[string]any{"mode": "full"}, syncing.Full, "deal all, user all"},
		"one object":   {map[string]any{"objects": []string{"user"}}, syncing.Full, "user all"},
		"created":      {map[string]any{"mode": "range", "by": "created", "from": day, "until": day.AddDate(0, 0, 1)}, syncing.Range, "deal created_between 2026-11-01 2026-11-02, user all"},
		"updated":      {map[string]any{"mode": "range", "by": "updated", "from": day, "objects": []string{"deal"}}, syncing.Range, "deal changed_since 2026-11-01"},
		"a search":     {map[string]any{"mode": "search", "query": `status:"won"`, "objects": []string{"deal"}}, syncing.Search, `deal matching status:"won"`},
		"incremental":  {map[string]any{"mode": "incremental"}, syncing.Incremental, "deal all, user all"}, // never read before
		"a budget": {map[string]any{"budget": map[string]any{"requests_per_day": 500, "from": "22:00", "until": "06:00", "days": []int{1, 5}, "zone": "Europe/Berlin"}},
			syncing.Full, "deal all, user all"},
	} {
		t.Run(name, func(t *testing.T) {
			s.clock.advance(time.Second)
			a := s.post(s.admin, "/v1/connections/"+conn+"/imports", c.body).want(t, 202)
			got := read[Run](t, a)
			if got.Plan.Kind != syncing.Import || got.Plan.Mode != c.mode || got.Status != "queued" || got.Sync != "" || got.CreatedBy == "" || got.Rev != 1 || !got.CreatedAt.Equal(s.clock.now()) ||
				a.header.Get("Location") != runPath(conn, got.ID) || a.header.Get("ETag") != `"1"` {
				t.Errorf("got %s, at %s", a.body, a.header.Get("Location"))
			}
			var streams, going []string
			for _, stream := range s.streams(got.ID) {
				text := stream.Object + " " + string(stream.Scope.Kind)
				for _, at := range []time.Time{stream.Scope.From, stream.Scope.Until} {
					if !at.IsZero() {
						text += " " + at.Format(time.DateOnly)
					}
				}
				streams = append(streams, strings.TrimSpace(text+" "+stream.Scope.Query))
				going = append(going, "stream "+stream.Object)
			}
			if text := strings.Join(streams, ", "); text != c.streams {
				t.Errorf("it reads %s", text)
			}
			if sent := s.fetch.took(); !slices.Equal(sent, append([]string{"watch"}, going...)) {
				t.Errorf("sent %v", sent)
			}
			shown := read[Run](t, s.get(s.reader, a.header.Get("Location")).want(t, 200))
			if shown.ID != got.ID || len(shown.Objects) != len(streams) || shown.Progress.ObjectsTotal != len(streams) || shown.Objects[0].Phase != "reading" || shown.Objects[0].Counts.Found != -1 {
				t.Errorf("shown as %+v", shown)
			}
			if b := shown.Plan.Budget; name == "a budget" && (b.RequestsPerDay != 500 || b.From != "22:00" || b.Until != "06:00" || len(b.Days) != 2 || b.Days[1] != time.Friday || b.Zone != "Europe/Berlin") {
				t.Errorf("its budget is %+v", b)
			}
		})
	}
}

// TestAnIncrementalImportGoesOnWhereTheLastOneEnded is what makes it one.
func TestAnIncrementalImportGoesOnWhereTheLastOneEnded(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	mark := s.clock.now().Add(-time.Hour)
	s.must(s.syncs.SaveState(t.Context(), syncing.State{Organization: ours, Connection: conn, Marks: map[string]time.Time{"deal": mark}, Rev: 1}))
	for _, stream := range s.streams(s.importing(conn, map[string]any{"mode": "incremental"}).ID) {
		if want := mark.Add(-syncing.Overlap); stream.Object == "deal" && (stream.Scope.Kind != connector.ChangedSince || !stream.Scope.From.Equal(want)) {
			t.Errorf("it reads %+v", stream.Scope)
		}
	}
}

func TestImportsThatAreRefused(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	s.fetch.took()
	budget := func(b map[string]any) map[string]any { return map[string]any{"budget": b} }
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
		says   string
	}{
		"an unknown mode":        {map[string]any{"mode": "half"}, 422, "invalid_request", "mode"},
		"an unknown field":       {map[string]any{"object": "deal"}, 422, "invalid_request", "object"},
		"an unknown object":      {map[string]any{"objects": []string{"deal", "goat"}}, 400, "invalid_plan", `objects[1]: Example has no object \"goat\"; it has deal, user.`},
		"a range of nothing":     {map[string]any{"mode": "range", "by": "created"}, 400, "invalid_plan", "from, until"},
		"a range backwards":      {map[string]any{"mode": "range", "by": "created", "from": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, 400, "invalid_plan", "until"},
		"a range of which":       {map[string]any{"mode": "range", "from": "2026-11-02T00:00:00Z"}, 400, "invalid_plan", "by:"},
		"by what else":           {map[string]any{"mode": "range", "by": "closed", "from": "2026-11-02T00:00:00Z"}, 422, "invalid_request", "by"},
		"a span of all":          {map[string]any{"from": "2026-11-02T00:00:00Z"}, 400, "invalid_plan", "range"},
		"a query of all":         {map[string]any{"query": "x"}, 400, "invalid_plan", "search"},
		"a search for nothing":   {map[string]any{"mode": "search", "objects": []string{"deal"}}, 400, "invalid_plan", "query"},
		"a search of all":        {map[string]any{"mode": "search", "query": "x"}, 400, "invalid_plan", "one object"},
		"a search that is none":  {map[string]any{"mode": "search", "query": "x", "objects": []string{"user"}}, 400, "invalid_plan", "cannot be searched"},
		"hours without an end":   {budget(map[string]any{"from": "22:00"}), 400, "invalid_budget", "budget.until"},
		"no time of day":         {budget(map[string]any{"from": "22:00", "until": "26:00"}), 400, "invalid_budget", "26:00"},
		"a short time of day":    {budget(map[string]any{"from": "9:00", "until": "17:00"}), 400, "invalid_budget", "9:00"},
		"a zone that is none":    {budget(map[string]any{"zone": "Berlin"}), 400, "invalid_budget", "Berlin"},
		"a day that is none":     {budget(map[string]any{"days": []int{8}}), 400, "invalid_budget", "8"},
		"fewer requests than no": {budget(map[string]any{"requests_per_day": -5}), 400, "invalid_budget", "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.state()
			if a := s.post(s.admin, "/v1/connections/"+conn+"/imports", c.body).want(t, c.status, c.code); !strings.Contains(string(a.body), c.says) {
				t.Errorf("it says %s", a.body)
			}
			if s.state() != before || len(read[list[Run]](t, s.get(s.reader, runPath(conn))).Items) > 0 {
				t.Error("something was stored or sent")
			}
		})
	}
}

func TestConnectionsThatCannotBeReadFrom(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	listens := read[CreatedConnection](t, s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "Plain"}).want(t, 201)).ID
	client := s.client("Till").Connection
	start := func(key, conn string) answer {
		s.post(key, "/v1/connections/"+conn+"/reconciliations", map[string]any{})
		return s.post(key, "/v1/connections/"+conn+"/imports", map[string]any{})
	}
	start(s.admin, listens).want(t, 409, "no_login")
	start(s.admin, client).want(t, 409, "no_login")
	start(s.admin, "conn_nowhere").want(t, 404, "not_found")
	start(s.stranger, conn).want(t, 404, "not_found")
	start(s.manager, conn).want(t, 403, "role_not_sufficient")
	for _, verb := range []string{"pause", "disable"} {
		s.post(s.admin, "/v1/connections/"+conn+"/"+verb, nil).want(t, 200)
		if a := start(s.admin, conn).want(t, 409, "connection_not_active"); !strings.Contains(string(a.body), verb) {
			t.Errorf("it says %s", a.body)
		}
	}
	for _, id := range []string{conn, listens, client} {
		if runs, _, err := s.syncs.Runs(t.Context(), ours, id, store.Page{Limit: 9}); err != nil || len(runs) > 0 {
			t.Errorf("%s: %+v, %v", id, runs, err)
		}
	}
}

func TestAResendOfAnImportIsTheSameRun(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	for kind, body := range map[string]map[string]any{"imports": {"objects": []string{"deal"}}, "reconciliations": {"max_deletions": 5}} {
		r := request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn + "/" + kind, header: map[string]string{"Idempotency-Key": kind}, body: body}
		first := s.do(r).want(t, 202)
		s.clock.advance(time.Hour)
		again := s.do(r).want(t, 202)
		if string(first.body) != string(again.body) || first.header.Get("Location") != again.header.Get("Location") || first.header.Get("Location") == "" {
			t.Errorf("%s: got %s, then %s", kind, first.body, again.body)
		}
		r.body = map[string]any{"objects": []string{"user"}}
		s.do(r).want(t, 409, "idempotency_key_reused")
	}
	if n := len(read[list[Run]](t, s.get(s.reader, runPath(conn))).Items); n != 2 {
		t.Errorf("there are %d runs", n)
	}
}

// TestAnImportThatNobodyWasToldOfIsWatched: where the queue fails, either nothing is stored, or somebody will look.
func TestAnImportThatNobodyWasToldOfIsWatched(t *testing.T) {
	for n := range 3 {
		s := newSystem(t)
		conn := s.crmConnection(byKey(goodKey)).ID
		s.fetch.took()
		s.fetch.failsAfter(n)
		s.post(s.admin, "/v1/connections/"+conn+"/imports", map[string]any{}).want(t, 503, "unavailable")
		runs, _, err := s.syncs.Runs(t.Context(), ours, conn, store.Page{Limit: 9})
		s.must(err)
		watched := slices.Contains(s.fetch.took(), "watch")
		if (len(runs) > 0) != (n > 0) || len(runs) > 0 && !watched {
			t.Errorf("after %d messages: %d runs, watched: %t", n, len(runs), watched)
		}
	}
}

func TestReconciliations(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	path := "/v1/connections/" + conn + "/reconciliations"
	a := s.post(s.admin, path, map[string]any{"objects": []string{"deal"}, "max_deletions": 7, "budget": map[string]any{"requests_per_day": 9}}).want(t, 202)
	got := read[Run](t, a)
	if p := got.Plan; p.Kind != syncing.Reconcile || p.Mode != "" || !slices.Equal(p.Objects, []string{"deal"}) || p.MaxDeletions != 7 || p.Budget.RequestsPerDay != 9 || a.header.Get("Location") != runPath(conn, got.ID) {
		t.Errorf("got %s", a.body)
	}
	s.post(s.admin, path, map[string]any{"max_deletions": -1}).want(t, 422, "invalid_request")
	s.post(s.admin, path, map[string]any{"mode": "full"}).want(t, 422, "invalid_request")
	s.post(s.admin, path, map[string]any{"objects": []string{"goat"}}).want(t, 400, "invalid_plan")
}

func TestARunIsWatched(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	id := s.importing(conn, map[string]any{}).ID
	s.clock.advance(10 * time.Minute)
	for _, stream := range s.streams(id) {
		stream.Rev++
		stream.Requests, stream.Retries, stream.Throttled, stream.StartedAt, stream.UpdatedAt = 10, 2, 1, s.clock.now(), s.clock.now()
		if stream.Object == "user" {
			stream.Phase, stream.FinishedAt = syncing.Finished, s.clock.now()
			stream.Counts = syncing.Counts{Found: 50, Fetched: 50, Missing: 40, Unchanged: 9, Refused: 1}
		} else {
			stream.Counts = syncing.Counts{Found: 1_000, Fetched: 450, Missing: 300, Stale: 100, Differing: 50}
			stream.Waiting, stream.WaitUntil = "the limit of Example", s.clock.now().Add(time.Minute)
		}
		s.must(s.syncs.SaveStream(t.Context(), stream))
	}
	got := read[Run](t, s.get(s.reader, runPath(conn, id)).want(t, 200))
	if p := got.Progress; p.Counts.Found != 1_050 || p.Counts.Fetched != 500 || p.Counts.Stored() != 490 || p.Counts.Refused != 1 || p.Requests != 20 || p.Retries != 4 || p.Throttled != 2 ||
		p.ObjectsDone != 1 || p.ObjectsTotal != 2 || p.RecordsPerMinute != 50 || p.EstimatedEnd == nil || !p.EstimatedEnd.Equal(s.clock.now().Add(11*time.Minute)) {
		t.Errorf("it is at %+v", p)
	}
	if o := got.Objects[0]; o.Object != "deal" || o.Phase != "reading" || o.Waiting == "" || o.WaitUntil == nil || o.StartedAt == nil || o.FinishedAt != nil || o.Counts.Fetched != 450 {
		t.Errorf("deals are at %+v", o)
	}
	if o := got.Objects[1]; o.Object != "user" || o.Phase != "finished" || o.WaitUntil != nil || o.FinishedAt == nil {
		t.Errorf("users are at %+v", o)
	}
	if got.Report != nil || got.FinishedAt != nil {
		t.Errorf("it has ended: %+v", got)
	}

	s.ended(conn, id, syncing.Done)
	got = read[Run](t, s.get(s.reader, runPath(conn, id)).want(t, 200))
	if r := got.Report; got.Status != "done" || got.FinishedAt == nil || r == nil || len(r.Objects) != 2 || r.Objects[0].Source != 460 || r.Objects[0].Stored != 450 || r.Objects[0].Difference != -10 ||
		r.Objects[0].SourceHow != "its count" || r.Agrees || got.Progress.EstimatedEnd != nil {
		t.Errorf("at its end: %+v, %+v", got, got.Report)
	}
	s.get(s.reader, runPath(conn, "run_none")).want(t, 404, "not_found")
	s.get(s.stranger, runPath(conn, id)).want(t, 404, "not_found")
	s.get(s.reader, runPath(s.connect(s.owner).ID, id)).want(t, 404, "not_found")
}

// ended ends a run as the engine does: ten records of the first object are missing here.
func (s *system) ended(conn, id string, status syncing.Status) {
	s.t.Helper()
	streams := s.streams(id)
	for i := range streams {
		streams[i].Phase, streams[i].Source, streams[i].SourceHow, streams[i].Stored = syncing.Finished, streams[i].Counts.Fetched, "its count", streams[i].Counts.Fetched
	}
	streams[0].Source += 10
	r := s.runOf(conn, id)
	report := syncing.NewReport(streams, s.clock.now())
	r.Status, r.Report, r.FinishedAt, r.UpdatedAt = status, &report, s.clock.now(), s.clock.now()
	r.Rev++
	s.must(s.syncs.UpdateRun(s.t.Context(), r, nil))
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	var ids []string
	for i := range 5 {
		ids = append([]string{s.importing(conn, map[string]any{}).ID}, ids...)
		if i%2 == 0 {
			s.clock.advance(time.Second)
			ids = append([]string{read[Run](t, s.post(s.admin, "/v1/connections/"+conn+"/reconciliations", map[string]any{}).want(t, 202)).ID}, ids...)
		}
	}
	stream := s.streams(ids[0])[0]
	stream.Rev++
	stream.Counts = syncing.Counts{Found: 7, Fetched: 7, Missing: 6, Refused: 1}
	s.must(s.syncs.SaveStream(t.Context(), stream))
	s.ended(conn, ids[0], syncing.Done)
	var listed []string
	for _, r := range walk[Run](s, s.reader, runPath(conn)+"?limit=3") {
		listed = append(listed, r.ID)
		if r.Report != nil || len(r.Objects) > 0 {
			t.Errorf("a list shows %+v", r)
		}
		if r.ID == ids[0] && (r.Progress.Counts.Fetched != 7 || r.Progress.Counts.Missing != 6 || r.Status != "done") {
			t.Errorf("the one that has ended: %+v", r)
		}
	}
	if !slices.Equal(listed, ids) {
		t.Errorf("got %v, want %v", listed, ids)
	}
	for kind, want := range map[string]int{"import": 5, "reconcile": 3, "changes": 0} {
		runs := walk[Run](s, s.reader, runPath(conn)+"?limit=2&kind="+kind)
		if len(runs) != want || slices.ContainsFunc(runs, func(r Run) bool { return string(r.Plan.Kind) != kind }) {
			t.Errorf("%s: %d", kind, len(runs))
		}
	}
	s.get(s.reader, runPath(conn)+"?kind=dance").want(t, 422, "invalid_request")
	s.get(s.reader, runPath("conn_nowhere")).want(t, 404, "not_found")
	s.get(s.stranger, runPath(conn)).want(t, 404, "not_found")
	if all := read[list[Run]](t, s.get(s.reader, runPath(s.connect(s.owner).ID)).want(t, 200)); len(all.Items) != 0 {
		t.Errorf("another connection's: %+v", all)
	}
}

func TestARunIsPausedResumedAndCancelled(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey)).ID
	id := s.importing(conn, map[string]any{}).ID
	s.fetch.took()
	steer := func(verb string, status string, rev int64) Run {
		t.Helper()
		a := s.post(s.admin, runPath(conn, id, verb), nil).want(t, 200)
		got := read[Run](t, a)
		if got.Status != status || got.Rev != rev || a.header.Get("ETag") != fmt.Sprintf(`"%d"`, rev) || len(got.Objects) != 2 || s.runOf(conn, id).Rev != rev {
			t.Errorf("%s: got %s", verb, a.body)
		}
		s.clock.advance(time.Minute)
		return got
	}
	steer("resume", "queued", 1) // it was not paused; it may have lost its messages
	if sent := s.fetch.took(); !slices.Equal(sent, []string{"stream deal", "stream user"}) {
		t.Errorf("sent %v", sent)
	}
	steer("pause", "paused", 2)
	steer("pause", "paused", 2)
	if sent := s.fetch.took(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	done := s.streams(id)[1]
	done.Phase = syncing.Finished
	done.Rev++
	s.must(s.syncs.SaveStream(t.Context(), done))
	steer("resume", "running", 3)
	if sent := s.fetch.took(); !slices.Equal(sent, []string{"stream deal"}) { // the other has ended
		t.Errorf("sent %v", sent)
	}
	if r := s.runOf(conn, id); r.PausedFor != 2*time.Minute || !r.PausedAt.IsZero() {
		t.Errorf("it stood still for %s", r.PausedFor)
	}
	steer("pause", "paused", 4)
	if got := steer("cancel", "cancelled", 5); got.FinishedAt == nil {
		t.Errorf("got %+v", got)
	}
	steer("cancel", "cancelled", 5)
	for _, verb := range []string{"pause", "resume"} {
		if a := s.post(s.admin, runPath(conn, id, verb), nil).want(t, 409, "run_over"); !strings.Contains(string(a.body), "cancelled") {
			t.Errorf("it says %s", a.body)
		}
	}
	for _, status := range []syncing.Status{syncing.Done, syncing.Failed} {
		other := s.importing(conn, map[string]any{}).ID
		s.ended(conn, other, status)
		for _, verb := range []string{"pause", "resume", "cancel"} {
			s.post(s.admin, runPath(conn, other, verb), nil).want(t, 409, "run_over")
		}
	}
	for _, verb := range []string{"pause", "resume", "cancel"} {
		s.post(s.admin, runPath(conn, "run_none", verb), nil).want(t, 404, "not_found")
		s.post(s.stranger, runPath(conn, id, verb), nil).want(t, 404, "not_found")
		s.post(s.manager, runPath(conn, id, verb), nil).want(t, 403, "role_not_sufficient")
	}
}

// syncStore has a name of its own, for one of its methods is called Syncs.
type syncStore = store.Syncs

// moving is a store of runs that move on whenever somebody is about to change them.
type moving struct {
	syncStore
	s     *system
	times int
}

func (m *moving) UpdateRun(ctx context.Context, r syncing.Run, receipt *store.Receipt) error {
	if m.times > 0 {
		m.times--
		stands := m.s.runOf(r.Connection, r.ID)
		stands.Status = syncing.Running
		stands.Rev++
		m.s.must(m.s.syncs.UpdateRun(ctx, stands, nil))
	}
	return m.s.syncs.UpdateRun(ctx, r, receipt)
}

func TestARunIsSteeredWhileItMovesOn(t *testing.T) {
	for _, c := range []struct {
		times int
		want  syncing.Status
	}{{2, syncing.Paused}, {1_000, syncing.Running}} {
		s := newSystem(t)
		conn := s.crmConnection(byKey(goodKey)).ID
		id := s.importing(conn, map[string]any{}).ID
		s.handler.Syncs = &moving{s.syncs, s, c.times}
		a := s.post(s.admin, runPath(conn, id, "pause"), nil)
		if c.want == syncing.Paused {
			a.want(t, 200)
		} else {
			a.want(t, 409, "changed_meanwhile")
		}
		if r := s.runOf(conn, id); r.Status != c.want {
			t.Errorf("it moved on %d times, and is %s", c.times, r.Status)
		}
	}
}

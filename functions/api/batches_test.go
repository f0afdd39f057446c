package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/job"
	"leadline/shared/push"
	"leadline/shared/tenant"
)

// outcomes walks through the outcomes of a batch.
func (s *system) outcomes(key, path string) (all []RowOutcome) {
	s.t.Helper()
	next := ""
	for range 100 {
		p := read[BatchWithRows](s.t, s.get(key, path+next).want(s.t, 200))
		all = append(all, p.Outcomes...)
		if p.Next == "" {
			return all
		}
		next = "&cursor=" + p.Next
	}
	s.t.Fatalf("%s does not end", path)
	return nil
}

func TestABatchIsToldRowByRow(t *testing.T) {
	s := newSystem(t)
	b := s.batch("conn_a", "cli_a", 7)
	b.Only.Outcomes = []push.RowOutcome{
		{Row: 2, ID: "a", Outcome: push.Superseded, By: 5},
		{Row: 3, Outcome: push.SetAside, Code: "missing_id", Detail: "Row 3 has no id."},
		{Row: 7, ID: "z", Outcome: push.Ignored},
	}
	b.Counts = map[push.Outcome]int64{push.Applied: 4, push.Superseded: 1, push.SetAside: 1, push.Ignored: 1}
	s.must(s.batches.SaveBatch(t.Context(), b))
	got := read[BatchWithRows](t, s.get(s.reader, "/v1/push/"+b.Public).want(t, 200))
	if got.Status != "finished" || got.Rows != 7 || got.Counts["applied"] != 4 || got.Connection != "conn_a" || got.Client != "cli_a" || got.Kind != "push" || len(got.Outcomes) != 7 {
		t.Errorf("got %+v", got)
	}
	want := []RowOutcome{{Row: 1, Outcome: "applied"}, {Row: 2, ID: "a", Outcome: "superseded", By: 5},
		{Row: 3, Outcome: "set_aside", Code: "missing_id", Detail: "Row 3 has no id.", Entry: b.ID + "-00000003"},
		{Row: 4, Outcome: "applied"}, {Row: 5, Outcome: "applied"}, {Row: 6, Outcome: "applied"}, {Row: 7, ID: "z", Outcome: "ignored"}}
	for limit := 1; limit <= 8; limit++ {
		if got := s.outcomes(s.reader, fmt.Sprintf("/v1/push/%s?limit=%d", b.Public, limit)); !slices.Equal(got, want) {
			t.Errorf("by %d: got %+v", limit, got)
		}
	}
	failed := []RowOutcome{want[1], want[2], want[6]}
	for limit := 1; limit <= 4; limit++ {
		if got := s.outcomes(s.reader, fmt.Sprintf("/v1/push/%s?only=failed&limit=%d", b.Public, limit)); !slices.Equal(got, failed) {
			t.Errorf("failed ones by %d: got %+v", limit, got)
		}
	}
	first := read[BatchWithRows](t, s.get(s.reader, "/v1/push/"+b.Public+"?limit=1"))
	s.get(s.reader, "/v1/push/"+b.Public+"?only=failed&limit=1&cursor="+first.Next).want(t, 400, "invalid_cursor")
	s.get(s.reader, "/v1/push/"+s.batch("conn_a", "cli_a", 2).Public+"?limit=1&cursor="+first.Next).want(t, 400, "invalid_cursor")
	s.get(s.reader, "/v1/push/"+b.Public+"?only=applied").want(t, 422, "invalid_request")
}

// TestAFileIsToldChunkByChunk, as far as its chunks are done, in any order.
func TestAFileIsToldChunkByChunk(t *testing.T) {
	s := newSystem(t)
	b := s.batch("conn_a", "cli_a", 0)
	b.Kind, b.Status, b.Only, b.Chunks, b.Done, b.Counts = delivery.File, push.Running, nil, 4, 0, nil
	s.must(s.batches.SaveBatch(t.Context(), b))
	var want []int
	for _, number := range []int{3, 0, 2} { // 1 is not done yet
		first := 1 + number*3
		c := push.Chunk{Number: number, First: first, Rows: 3, Counts: map[push.Outcome]int64{push.Applied: 2, push.Stale: 1},
			Outcomes: []push.RowOutcome{{Row: first + 1, Outcome: push.Stale}}}
		s.must(s.batches.FinishChunk(t.Context(), ours, b.ID, c))
		want = append(want, first, first+1, first+2)
	}
	slices.Sort(want)
	for limit := 1; limit <= 10; limit++ {
		var rows, failed []int
		for _, o := range s.outcomes(s.reader, fmt.Sprintf("/v1/push/%s?limit=%d", b.Public, limit)) {
			rows = append(rows, o.Row)
		}
		for _, o := range s.outcomes(s.reader, fmt.Sprintf("/v1/push/%s?only=failed&limit=%d", b.Public, limit)) {
			failed = append(failed, o.Row)
		}
		if !slices.Equal(rows, want) || !slices.Equal(failed, []int{2, 8, 11}) {
			t.Errorf("by %d: %v and %v", limit, rows, failed)
		}
	}
	got := read[BatchWithRows](t, s.get(s.reader, "/v1/push/"+b.Public))
	if got.Chunks != 4 || got.ChunksDone != 3 || got.Counts["applied"] != 6 || got.Status != "running" {
		t.Errorf("got %+v", got.Batch)
	}
}

// TestALargeFileWithoutFailures: no request reads it all.
func TestALargeFileWithoutFailures(t *testing.T) {
	s := newSystem(t)
	b := s.batch("conn_a", "cli_a", 0)
	b.Kind, b.Only = delivery.File, nil
	s.must(s.batches.SaveBatch(t.Context(), b))
	const chunks = 2*maxReads + 5
	for number := range chunks {
		c := push.Chunk{Number: number, First: 1 + number*10, Rows: 10}
		if number == chunks-1 {
			c.Outcomes = []push.RowOutcome{{Row: c.First, Outcome: push.Stale}}
		}
		s.must(s.batches.FinishChunk(t.Context(), ours, b.ID, c))
	}
	path := "/v1/push/" + b.Public + "?only=failed"
	if first := read[BatchWithRows](t, s.get(s.reader, path)); len(first.Outcomes) != 0 || first.Next == "" {
		t.Errorf("got %+v", first)
	}
	if got := s.outcomes(s.reader, path); len(got) != 1 || got[0].Row != 1+(chunks-1)*10 {
		t.Errorf("got %+v", got)
	}
}

// TestABatchThatNobodyLookedAt is queued if we named it, and does not exist if somebody made it up.
func TestABatchThatNobodyLookedAt(t *testing.T) {
	s := newSystem(t)
	id, err := delivery.NewID(s.clock.now(), s.handler.Random)
	s.must(err)
	name := push.PublicID(s.mac, id)
	claim, keyed := push.KeyedID(s.mac, "cli_a", "nightly", "sum")
	for _, queued := range []string{name, keyed} {
		got := read[BatchWithRows](t, s.get(s.ingest, "/v1/push/"+queued).want(t, 200))
		if got.Status != "queued" || got.Batch.Batch != queued || len(got.Outcomes) != 0 || got.ReceivedAt != nil {
			t.Errorf("got %+v", got)
		}
		s.get(s.stranger, "/v1/push/"+queued).want(t, 404, "not_found")
	}
	for i := len("bat_"); i < len(name); i++ {
		made := []byte(name)
		made[i] = map[bool]byte{true: '1', false: '0'}[made[i] == '0']
		s.get(s.owner, "/v1/push/"+string(made)).want(t, 404, "not_found")
	}
	for _, made := range []string{"bat_", "x", id, strings.ToUpper(name), name + "0"} {
		s.get(s.owner, "/v1/push/"+made).want(t, 404, "not_found")
	}

	// A batch of the sender's own key is found by its claim.
	b := s.batch("conn_a", "cli_a", 1)
	if _, err := s.batches.Claim(t.Context(), push.Claim{Organization: ours, ID: claim, Batch: b.ID, Sum: "sum", ReceivedAt: s.clock.now(), ExpiresAt: s.clock.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if got := read[BatchWithRows](t, s.get(s.reader, "/v1/push/"+keyed).want(t, 200)); got.Status != "finished" || got.Batch.Batch != b.Public {
		t.Errorf("got %+v", got)
	}
	// No queue keeps anything for so long: the batch was forgotten.
	s.clock.advance(maxQueued - time.Second)
	s.get(s.reader, "/v1/push/"+name).want(t, 200)
	s.clock.advance(time.Second)
	s.get(s.reader, "/v1/push/"+name).want(t, 404, "not_found")
	// What came under the same key and is something else was refused.
	_, reused := push.KeyedID(s.mac, "cli_a", "nightly", "another sum")
	if got := read[BatchWithRows](t, s.get(s.reader, "/v1/push/"+reused).want(t, 200)); got.Status != "refused" || !strings.Contains(got.Problem, "batch_reused") {
		t.Errorf("got %+v", got)
	}
}

// TestWhoSeesWhichBatch: clients those of their connection, keys that may only ingest those that they pushed.
func TestWhoSeesWhichBatch(t *testing.T) {
	w := newWorld(t)
	other := w.client("Other")
	theirsInside := w.batch(other.Connection, other.ClientID, 1)
	sibling := w.batch(w.clients, "cli_sibling", 1)
	w.basic(http.MethodGet, "/v1/push/"+w.params["batch"], nil).want(t, 200)
	w.basic(http.MethodGet, "/v1/push/"+sibling.Public, nil).want(t, 200)
	w.basic(http.MethodGet, "/v1/push/"+theirsInside.Public, nil).want(t, 404, "not_found")
	ingestKey, err := w.tenancy.APIKey(t.Context(), tenant.HashToken(w.ingest))
	w.must(err)
	own := w.batch(other.Connection, ingestKey.ID, 1)
	w.get(w.ingest, "/v1/push/"+own.Public).want(t, 200)
	w.get(w.ingest, "/v1/push/"+theirsInside.Public).want(t, 404, "not_found")
	for _, b := range []push.Batch{theirsInside, sibling, own} {
		w.get(w.reader, "/v1/push/"+b.Public).want(t, 200)
	}
	var all []string
	for _, b := range walk[Batch](w.system, w.reader, "/v1/batches?limit=2") {
		all = append(all, b.Batch)
	}
	if len(all) != 5 || !slices.Contains(all, own.Public) || !slices.Contains(all, w.upload) {
		t.Errorf("the batches are %v", all)
	}
}

func TestUploads(t *testing.T) {
	w := newWorld(t)
	send := func(idempotency string) answer {
		r := w.asClient(request{method: http.MethodPost, path: "/v1/uploads", body: map[string]any{"objectname": " Sales "}})
		r.header["idempotency-key"] = idempotency
		return w.do(r)
	}
	a := send("k").want(t, 201)
	got := read[Upload](t, a)
	b := w.stored(got.Batch)
	if got.Method != "PUT" || got.URL != "memory:uploads/"+ours+"/"+b.ID || got.Headers["Content-Type"] != "application/octet-stream" || got.MaxBytes != 1<<30 ||
		!got.ExpiresAt.Equal(w.clock.now().Add(time.Hour)) || a.header.Get("Location") != "/v1/push/"+got.Batch {
		t.Errorf("got %+v", got)
	}
	if b.Status != push.Uploading || b.Kind != delivery.File || b.Connection != w.clients || b.Client != w.params["client"] || b.Object != "sales" {
		t.Errorf("the batch is %+v", b)
	}
	// A resend gets the same batch, with a URL that works.
	w.clock.advance(30 * time.Minute)
	if again := read[Upload](t, send("k").want(t, 201)); again.Batch != got.Batch || !again.ExpiresAt.After(got.ExpiresAt) {
		t.Errorf("the resend gets %+v", again)
	}
	if other := read[Upload](t, send("k2").want(t, 201)); other.Batch == got.Batch {
		t.Error("another upload gets the same batch")
	}

	complete := func() answer { return w.basic(http.MethodPost, "/v1/uploads/"+got.Batch+"/complete", nil) }
	complete().want(t, 409, "nothing_uploaded")
	w.must(w.payloads.Put(t.Context(), uploadKey(b), nil))
	complete().want(t, 409, "nothing_uploaded")
	w.must(w.payloads.Put(t.Context(), uploadKey(b), []byte("{}")))
	w.work.sent = nil
	done := complete().want(t, 202)
	first := read[Job](t, done)
	if first.Kind != "load" || first.Status != "queued" || done.header.Get("Location") != "/v1/push/"+got.Batch {
		t.Errorf("got %+v", first)
	}
	jobs := w.jobsSent()
	if len(jobs) != 1 || string(jobs[0].Params) != `{"batch":"`+b.ID+`","upload":"uploads/`+ours+`/`+b.ID+`"}` {
		t.Errorf("the jobs are %+v", jobs)
	}
	// Again, by somebody else, while it is loaded, and when it is: the same job.
	for _, status := range []push.Status{push.Uploading, push.Running, push.Finished} {
		b.Status = status
		w.must(w.batches.SaveBatch(t.Context(), b))
		if again := read[Job](t, w.post(w.manager, "/v1/uploads/"+got.Batch+"/complete", nil).want(t, 202)); again.ID != first.ID {
			t.Errorf("completed twice, there is another job: %+v", again)
		}
	}
	w.clock.advance(24 * time.Hour)
	complete().want(t, 409, "already_completed")
	w.basic(http.MethodPost, "/v1/uploads/"+w.params["batch"]+"/complete", nil).want(t, 404, "not_found") // a push
	if list := walk[Job](w.system, w.reader, "/v1/jobs?limit=9"); len(list) != 2 {
		t.Errorf("the jobs are %+v", list)
	}
}

func TestWhereAnUploadGoes(t *testing.T) {
	w := newWorld(t)
	body := func(connection string) map[string]any {
		m := map[string]any{"objectname": "sales"}
		if connection != "" {
			m["connection"] = connection
		}
		return m
	}
	other := w.client("Other")
	w.basic(http.MethodPost, "/v1/uploads", body(w.clients)).want(t, 201)
	w.basic(http.MethodPost, "/v1/uploads", body(other.Connection)).want(t, 400, "not_your_connection")
	for _, key := range []string{w.ingest, w.manager} {
		w.post(key, "/v1/uploads", body("")).want(t, 400, "missing_connection")
		w.post(key, "/v1/uploads", body(other.Connection)).want(t, 201)
		w.post(key, "/v1/uploads", body(w.params["connection"])).want(t, 400, "not_a_client_connection")
		w.post(key, "/v1/uploads", body("conn_nowhere")).want(t, 404, "not_found")
	}
	w.post(w.manager, "/v1/uploads", map[string]any{"objectname": "a/b", "connection": other.Connection}).want(t, 400, "invalid_object_name")
	w.post(w.admin, "/v1/connections/"+w.clients+"/disable", nil).want(t, 200)
	w.basic(http.MethodPost, "/v1/uploads", body("")).want(t, 403, "connection_disabled")
	// Another client cannot complete it.
	theirsInside := read[Upload](t, w.post(w.ingest, "/v1/uploads", body(other.Connection)).want(t, 201))
	w.basic(http.MethodPost, "/v1/uploads/"+theirsInside.Batch+"/complete", nil).want(t, 404, "not_found")
	w.post(w.ingest, "/v1/uploads/"+theirsInside.Batch+"/complete", nil).want(t, 409, "nothing_uploaded")
	if kinds := w.jobsSent(); slices.ContainsFunc(kinds, func(j job.Job) bool { return j.Kind == job.Load }) {
		t.Errorf("a file is loaded: %+v", kinds)
	}
}

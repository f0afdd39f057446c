package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leadline/shared/delivery"
	"leadline/shared/job"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func TestQuarantineIsListedNewestFirstAndFiltered(t *testing.T) {
	s := newSystem(t)
	var all []string
	for i := range 9 {
		id := fmt.Sprintf("01ENTRY%d", i)
		s.setAside([]string{"conn_a", "conn_b"}[i%2], id, []quarantine.Reason{quarantine.MissingEvent, quarantine.NotAnObject, quarantine.MissingID}[i%3], []byte("x"))
		if i >= 6 {
			s.must(s.intake.Resolve(t.Context(), ours, id, s.clock.now()))
		}
		all = append(all, id)
	}
	slices.Reverse(all)
	pick := func(keep func(i int) bool) (some []string) {
		for n, id := range all {
			if keep(len(all) - 1 - n) {
				some = append(some, id)
			}
		}
		return some
	}
	for query, want := range map[string][]string{
		"":                      all,
		"&status=open":          pick(func(i int) bool { return i < 6 }),
		"&status=resolved":      pick(func(i int) bool { return i >= 6 }),
		"&reason=missing_event": pick(func(i int) bool { return i%3 == 0 }),
		"&connection=conn_b":    pick(func(i int) bool { return i%2 == 1 }),
		"&connection=conn_c":    nil,
		"&connection=conn_a&reason=missing_id&status=open": pick(func(i int) bool { return i%2 == 0 && i%3 == 2 && i < 6 }),
	} {
		var got []string
		for _, e := range walk[Entry](s, s.reader, "/v1/quarantine?limit=2"+query) {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
}

// TestAFilterThatLetsNothingThrough must end an answer, and give the cursor to go on.
func TestAFilterThatLetsNothingThrough(t *testing.T) {
	s := newSystem(t)
	filtered := &emptyPages{Intake: s.intake}
	s.handler.Intake = filtered
	first := read[list[Entry]](t, s.get(s.reader, "/v1/quarantine?status=open").want(t, 200))
	if filtered.read != maxReads || len(first.Items) != 0 || first.Next == "" {
		t.Errorf("%d reads for %+v", filtered.read, first)
	}
	s.get(s.reader, "/v1/quarantine?status=open&cursor="+first.Next).want(t, 200)
	if filtered.read != 2*maxReads || filtered.last != fmt.Sprint(2*maxReads-1) {
		t.Errorf("the second request goes on at %q", filtered.last)
	}
}

// emptyPages has pages without an entry and no end.
type emptyPages struct {
	store.Intake
	read int
	last string
}

func (e *emptyPages) Entries(_ context.Context, _ string, _ store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	e.read, e.last = e.read+1, p.Cursor
	return nil, fmt.Sprint(e.read), nil
}

func TestPayloads(t *testing.T) {
	s := newSystem(t)
	for name, c := range map[string]struct {
		body   []byte
		text   bool
		base64 bool
	}{
		"json":      {[]byte(`{"event":"ü"}`), true, false},
		"bytes":     {[]byte{0xff, 0x00, '{'}, false, true},
		"long text": {bytes.Repeat([]byte("x"), maxTextBytes+1), false, true},
		"too long":  {bytes.Repeat([]byte("x"), maxPayloadBytes+1), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.setAside("conn_a", name, quarantine.MissingEvent, c.body)
			got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/"+twice(name)).want(t, 200))
			p := got.Payload
			if got.ID != name || got.Reason != "missing_event" || p == nil || p.Bytes != len(c.body) {
				t.Fatalf("got %+v", got)
			}
			if (p.Text != nil) != c.text || c.text && *p.Text != string(c.body) {
				t.Errorf("the text is not the body")
			}
			if (p.Base64 != nil) != c.base64 || c.base64 && !bytes.Equal(p.Base64, c.body) {
				t.Errorf("the base64 is not the body")
			}
		})
	}
}

func TestPayloadsThatAreGoneOrBroken(t *testing.T) {
	s := newSystem(t)
	e := s.setAside("conn_a", "01GONE", quarantine.MissingEvent, []byte("{}"))
	e.ID, e.Payload.Key = "01LOST", "archive/nowhere.gz"
	s.must(s.intake.SetAside(t.Context(), e))
	if got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/01LOST").want(t, 200)); got.Payload != nil {
		t.Errorf("a payload that is gone is %+v", got.Payload)
	}
	e.ID, e.Payload.Key = "01BROKEN", "archive/broken.gz"
	s.must(s.intake.SetAside(t.Context(), e))
	s.must(s.payloads.Put(t.Context(), e.Payload.Key, bytes.Repeat([]byte("no gzip"), 50)))
	s.get(s.reader, "/v1/quarantine/01BROKEN").want(t, 500, "internal")
	s.get(s.reader, "/v1/quarantine/01NOWHERE").want(t, 404, "not_found")
}

func TestReplay(t *testing.T) {
	s := newSystem(t)
	e := s.setAside("conn_a", "01ENTRY", quarantine.MissingEvent, []byte("{}"))
	s.clock.advance(1e9)
	a := s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, 202)
	if len(s.inbox.sent) != 1 || s.inbox.groups[0] != ours {
		t.Fatalf("sent %+v to %v", s.inbox.sent, s.inbox.groups)
	}
	d := s.inbox.sent[0]
	if d.Replay != e.ID || d.Payload == nil || *d.Payload != e.Payload || d.Body != nil || d.Organization != ours || d.Connection != "conn_a" ||
		d.Connector != "close" || d.Kind != delivery.Webhook || !d.ReceivedAt.Equal(e.ReceivedAt) || d.ID == e.ID {
		t.Errorf("sent %+v", d)
	}
	if !strings.Contains(string(a.body), d.ID) {
		t.Errorf("the answer does not name the delivery: %s", a.body)
	}
	s.must(s.intake.Resolve(t.Context(), ours, e.ID, s.clock.now()))
	s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, 409, "already_resolved")
	s.post(s.manager, "/v1/quarantine/01NOWHERE/replay", nil).want(t, 404, "not_found")
	if len(s.inbox.sent) != 1 {
		t.Errorf("%d deliveries were sent", len(s.inbox.sent))
	}
}

// setRowAside stores the entry of a row of a batch of ours.
func (s *system) setRowAside(connection, batch string, row, index int, reason quarantine.Reason, body string) quarantine.Entry {
	s.t.Helper()
	e := quarantine.Entry{ID: quarantine.RowID(batch, row), Organization: ours, Connection: connection, Connector: tenant.ClientConnector, Reason: reason, Detail: "Row is wrong.",
		Object: "sales", Batch: batch, Public: "bat_public", Client: "cli_a", Row: row, Index: index, Kind: delivery.Push, ReceivedAt: s.clock.now(), Status: quarantine.Open,
		UpdatedAt: s.clock.now(), Payload: s.payload("payload of "+batch, []byte(body)), Mismatches: []schema.Mismatch{{Field: "amount", Expected: "a number", Found: "a text"}}}
	s.must(s.intake.SetAside(s.t.Context(), e))
	return e
}

const threeRows = `{"objectname":"sales","data":[{"id":1,"action":"create"},{"id":2,"amount":"many"},{"id":3}]}`

func TestARowIsShownAlone(t *testing.T) {
	s := newSystem(t)
	e := s.setRowAside("conn_a", "01BATCH", 12, 1, quarantine.SchemaMismatch, threeRows)
	got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/"+e.ID).want(t, 200))
	if got.Payload == nil || *got.Payload.Text != `{"id":2,"amount":"many"}` || got.Row != 12 || got.Batch != "bat_public" || got.Object != "sales" ||
		len(got.Mismatches) != 1 || got.Mismatches[0] != (Mismatch{"amount", "a number", "a text"}) {
		t.Errorf("got %+v", got)
	}
	for _, body := range []string{`{"objectname":"sales","data":[1]}`, "no JSON"} {
		lost := s.setRowAside("conn_a", "01LOST"+fmt.Sprint(len(body)), 2, 1, quarantine.SchemaMismatch, body)
		s.get(s.reader, "/v1/quarantine/"+lost.ID).want(t, 500, "internal")
	}
	if n := len(walk[Entry](s, s.reader, "/v1/quarantine?limit=1&object=sales")); n != 3 {
		t.Errorf("%d entries about the object", n)
	}
	if n := len(walk[Entry](s, s.reader, "/v1/quarantine?limit=1&object=lead")); n != 0 {
		t.Errorf("%d entries about another object", n)
	}
}

func TestReplayCorrected(t *testing.T) {
	s := newSystem(t)
	row := s.setRowAside("conn_a", "01BATCH", 12, 1, quarantine.SchemaMismatch, threeRows)
	hook := s.setAside("conn_b", "01HOOK", quarantine.MissingEvent, []byte("{}"))
	s.post(s.manager, "/v1/quarantine/"+row.ID+"/replay", map[string]any{}).want(t, 202)
	s.post(s.manager, "/v1/quarantine/"+row.ID+"/replay", `{"payload":{"id":2,"amount":12345678901234567890}}`).want(t, 202)
	s.post(s.manager, "/v1/quarantine/"+hook.ID+"/replay", map[string]any{"payload": map[string]any{"event": 1}}).want(t, 202)
	if len(s.inbox.sent) != 3 {
		t.Fatalf("%d deliveries were sent", len(s.inbox.sent))
	}
	plain, corrected, whole := s.inbox.sent[0], s.inbox.sent[1], s.inbox.sent[2]
	if plain.Corrected || plain.Payload == nil || len(plain.Rows) != 1 || plain.Rows[0] != (delivery.RowReplay{Entry: row.ID, Index: 1}) || plain.Batch.First != 11 {
		t.Errorf("plain: %+v", plain)
	}
	if !corrected.Corrected || corrected.Payload != nil || string(corrected.Body) != `{"objectname":"sales","data":[{"id":2,"amount":12345678901234567890}]}` ||
		corrected.Rows[0] != (delivery.RowReplay{Entry: row.ID}) || corrected.Batch.First != 12 || corrected.Organization != ours {
		t.Errorf("corrected: %+v %s", corrected, corrected.Body)
	}
	if !whole.Corrected || string(whole.Body) != `{"event":1}` || whole.Replay != hook.ID || whole.ID == corrected.ID {
		t.Errorf("whole: %+v %s", whole, whole.Body)
	}
	if e := s.audited("replay-quarantine-entry"); len(e) != 3 || strings.Contains(fmt.Sprint(e), "12345678901234567890") {
		t.Errorf("noted %+v", e)
	}

	// A large one travels in the bucket.
	large := strings.Repeat("x", 500_000)
	s.post(s.manager, "/v1/quarantine/"+hook.ID+"/replay", map[string]any{"payload": large}).want(t, 202)
	if d := s.inbox.sent[3]; !d.Corrected || d.Body != nil || d.Payload == nil || !strings.HasPrefix(d.Payload.Key, "inbox/"+ours+"/") {
		t.Errorf("large: %+v", d)
	} else if packed, err := s.payloads.Get(t.Context(), d.Payload.Key); err != nil {
		t.Error(err)
	} else if body, err := delivery.Unpack(packed); err != nil || string(body) != `"`+large+`"` {
		t.Errorf("in the bucket lies something else (%v)", err)
	}
	s.post(s.manager, "/v1/quarantine/"+hook.ID+"/replay", map[string]any{"payload": strings.Repeat("x", maxTextBytes)}).want(t, 413, "body_too_large")
	s.post(s.manager, "/v1/quarantine/"+hook.ID+"/replay", `{"payload":`).want(t, 400, "invalid_request")
	s.post(s.manager, "/v1/quarantine/"+hook.ID+"/replay", map[string]any{"body": 1}).want(t, 422, "invalid_request")
}

func TestReplayAllOfAReason(t *testing.T) {
	s := newSystem(t)
	send := func(body map[string]any, idempotency string) answer {
		return s.do(request{key: s.manager, method: http.MethodPost, path: "/v1/quarantine/replay", body: body, header: map[string]string{"idempotency-key": idempotency}})
	}
	narrowed := map[string]any{"connection": "conn_a", "object": "sales", "reason": "schema_mismatch"}
	a := send(narrowed, "k").want(t, 202)
	first := read[Job](t, a)
	jobs := s.jobsSent()
	if len(jobs) != 1 || jobs[0].Kind != job.Replay || jobs[0].Status != job.Queued || jobs[0].ID != first.ID || a.header.Get("Location") != "/v1/jobs/"+first.ID {
		t.Fatalf("the jobs are %+v", jobs)
	}
	var p job.ReplayParams
	if err := json.Unmarshal(jobs[0].Params, &p); err != nil || p.Connection != "conn_a" || p.Object != "sales" || p.Reason != "schema_mismatch" || len(p.Until) != 26 {
		t.Errorf("the parameters are %s", jobs[0].Params)
	}
	// The resend finds the job, and sends it on its way once more, should that have failed.
	if again := read[Job](t, send(narrowed, "k").want(t, 202)); again.ID != first.ID || len(s.jobsSent()) != 1 {
		t.Errorf("the resend makes %+v", again)
	}
	send(map[string]any{}, "k").want(t, 409, "idempotency_key_reused")
	send(map[string]any{}, "k2").want(t, 202)
	send(map[string]any{"reason": "bad_luck"}, "k3").want(t, 422, "invalid_request")
	s.do(request{key: s.manager, method: http.MethodPost, path: "/v1/quarantine/replay"}).want(t, 400, "invalid_request") // everything is never meant by accident
	if n := len(walk[Job](s, s.reader, "/v1/jobs?limit=1")); n != 2 {
		t.Errorf("%d jobs", n)
	}
}

func TestDiscard(t *testing.T) {
	s := newSystem(t)
	s.setAside("conn_a", "01ENTRY", quarantine.MissingEvent, []byte("{}"))
	for range 2 {
		if got := read[Entry](t, s.post(s.manager, "/v1/quarantine/01ENTRY/discard", nil).want(t, 200)); got.Status != "discarded" {
			t.Errorf("got %+v", got)
		}
	}
	if n := len(walk[Entry](s, s.reader, "/v1/quarantine?limit=9&status=discarded")); n != 1 {
		t.Errorf("%d entries are discarded", n)
	}
	s.setAside("conn_a", "01OTHER", quarantine.MissingEvent, []byte("{}"))
	s.must(s.intake.Resolve(t.Context(), ours, "01OTHER", s.clock.now()))
	s.post(s.manager, "/v1/quarantine/01OTHER/discard", nil).want(t, 409, "not_open")
	s.post(s.manager, "/v1/quarantine/01NOWHERE/discard", nil).want(t, 404, "not_found")
}

// TestARowOfAPageThatWasReadIsShownWithItsPage: the form of a page is the provider's, so that no row can be cut out of it.
func TestARowOfAPageThatWasReadIsShownWithItsPage(t *testing.T) {
	s := newSystem(t)
	e := quarantine.Entry{ID: "01PAGE-00000003", Organization: ours, Connection: "conn_a", Connector: "close", Reason: quarantine.MissingVersion, Detail: "It has no date.", Object: "lead", Record: "lead_1",
		Row: 3, Index: 2, Kind: delivery.Fetch, ReceivedAt: s.clock.now(), Status: quarantine.Open, UpdatedAt: s.clock.now(), Payload: s.payload("a page", []byte(`{"data":[{},{},{"id":"lead_1"}]}`))}
	bare := e
	bare.ID, bare.Payload = "01PAGE-00000004", record.PayloadRef{}
	s.must(s.intake.SetAside(t.Context(), e))
	s.must(s.intake.SetAside(t.Context(), bare))
	if got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/"+e.ID).want(t, 200)); got.Payload == nil || *got.Payload.Text != `{"data":[{},{},{"id":"lead_1"}]}` {
		t.Errorf("got %+v", got)
	}
	if got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/"+bare.ID).want(t, 200)); got.Payload != nil || got.Detail != "It has no date." {
		t.Errorf("got %+v", got)
	}
	s.post(s.manager, "/v1/quarantine/"+e.ID+"/replay", nil).want(t, 202)
	if d := s.inbox.sent[0]; d.Kind != delivery.Fetch || len(d.Rows) != 1 || d.Rows[0].Object != "lead" || d.Rows[0].ID != "lead_1" || d.Rows[0].Entry != e.ID {
		t.Errorf("sent %+v", d)
	}
	s.post(s.manager, "/v1/quarantine/"+e.ID+"/replay", map[string]any{"payload": map[string]any{"id": "lead_1"}}).want(t, 400, "not_correctable")
}

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// aReason is one way into the quarantine and the way out of it. Each makes a record of its own change.
type aReason struct {
	reason string
	// in is the body of a Close webhook, or if object is set the rows of a push to it.
	in     string
	object string
	header map[string]string
	// prepare is done before; send does what no webhook and no push can.
	prepare, send func(*testing.T)
	// payload is what the replay is corrected with; empty for a plain one. release stands in for a replay.
	payload string
	release func(*testing.T)
	// record tells where the record is to be found, and what it is to be then.
	connection, kind, id, want string
}

// testEveryReason sets something aside for each reason and replays it until the record says that it was applied.
func (s *system) testEveryReason(t *testing.T) {
	listed := map[string]bool{}
	t.Run("all", func(t *testing.T) { // which ends when all of them have
		for _, r := range s.reasons(t) {
			listed[r.reason] = true
			t.Run(r.reason, func(t *testing.T) {
				t.Parallel()
				s.tryReason(t, r)
			})
		}
	})
	var description struct {
		Components struct {
			Schemas struct {
				Entry struct {
					Properties struct {
						Reason struct {
							Enum []string `json:"enum"`
						} `json:"reason"`
					} `json:"properties"`
				} `json:"Entry"`
			} `json:"schemas"`
		} `json:"components"`
	}
	s.get(t, "/v1/openapi.json", &description)
	reasons := description.Components.Schemas.Entry.Properties.Reason.Enum
	if len(reasons) < 19 {
		t.Fatalf("the API describes %d reasons", len(reasons))
	}
	for _, reason := range reasons {
		if !listed[reason] {
			t.Errorf("no test sets anything aside as %s", reason)
		}
	}
}

func (s *system) tryReason(t *testing.T, r aReason) {
	if r.prepare != nil {
		r.prepare(t)
	}
	before := map[string]bool{}
	for _, e := range list[apiEntry](t, s, "/v1/quarantine?reason="+r.reason) {
		before[e.ID] = true
	}
	switch {
	case r.send != nil:
		r.send(t)
	case r.object != "":
		s.push(t, r.object, r.in, r.header)
	case r.in != "":
		s.accept(t, []byte(r.in))
	}
	var entry apiEntry
	eventually(t, 30*time.Second, "it is set aside as "+r.reason, func() bool {
		for _, e := range list[apiEntry](t, s, "/v1/quarantine?reason="+r.reason) {
			if !before[e.ID] && e.Status == "open" {
				entry = e
				return true
			}
		}
		return false
	})
	path := "/v1/connections/" + r.connection + "/objects/" + url.PathEscape(r.kind) + "/records/" + url.PathEscape(r.id)
	read := func() string {
		var rec apiRecord
		if !s.get(t, path, &rec) {
			return ""
		}
		return string(rec.Fields)
	}
	if got := read(); got == r.want {
		t.Fatalf("the record is %s before the replay", got)
	}
	if r.release != nil {
		r.release(t)
	} else {
		var body any
		if r.payload != "" {
			body = map[string]json.RawMessage{"payload": json.RawMessage(r.payload)}
		}
		s.post201(t, "/v1/quarantine/"+entry.ID+"/replay", body, nil)
	}
	eventually(t, 40*time.Second, "the replay changes the record", func() bool { return read() == r.want })
	eventually(t, 10*time.Second, "the entry is resolved", func() bool {
		var e apiEntry
		return s.get(t, "/v1/quarantine/"+entry.ID, &e) && e.Status == "resolved"
	})
}

// leadEvent is a whole Close event about a lead of one name.
func leadEvent(id, name string, at time.Time) string {
	return string(event(id, "updated", at, fmt.Sprintf(`,"name":%q`, name)))
}

func (s *system) reasons(t *testing.T) []aReason {
	now := time.Now().UTC()
	stamp := now.Format("2006-01-02T15:04:05.000000+00:00")
	lead := func(id string) string {
		return fmt.Sprintf(`{"date_updated":%q,"id":%q,"name":"corrected"}`, stamp, id)
	}
	crm := func(reason, in string) aReason {
		id := "lead_" + reason
		return aReason{reason: reason, in: in, payload: leadEvent(id, "corrected", now), connection: s.Close.Connection, kind: "lead", id: id, want: lead(id)}
	}
	row := func(reason, in, payload, id, want string) aReason {
		return aReason{reason: reason, in: in, object: "reasons", payload: payload, connection: s.Client.Connection, kind: "reasons", id: id, want: want}
	}
	wide := strings.Builder{}
	for i := range 300 {
		fmt.Fprintf(&wide, `,"field_%d":%q`, i, strings.Repeat("x", 900))
	}
	s.finished(t, s.push(t, "reasons", `[{"id":"first","action":"create","n":1}]`, nil).Batch)
	soon := now.Add(300*time.Second + 15*time.Second)
	all := []aReason{
		// The first, for its time runs.
		{reason: "future_version", in: leadEvent("lead_future", "tomorrow", soon), connection: s.Close.Connection, kind: "lead", id: "lead_future",
			want:    fmt.Sprintf(`{"date_updated":%q,"id":"lead_future","name":"tomorrow"}`, soon.Format("2006-01-02T15:04:05.000000+00:00")),
			release: func(t *testing.T) { s.replayWhenItIsTime(t, "future_version", soon.Add(-300*time.Second)) }},
		crm("malformed_body", `{"event":{"id":"ev_deep","object_type":"lead","action":"updated","object_id":"x","date_updated":"`+stamp+`","data":{"id":"x","deep":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}}}`),
		crm("not_an_object", `["an event in a list"]`),
		crm("missing_event", `{"event":null}`),
		crm("missing_object_type", `{"event":{"id":"ev_1","action":"updated","object_id":"x","data":{"id":"x"}}}`),
		crm("missing_action", `{"event":{"id":"ev_1","object_type":"lead","object_id":"x","data":{"id":"x"}}}`),
		crm("invalid_id", `{"event":{"id":"ev_1","object_type":"lead","action":"updated","object_id":7,"data":{"id":7}}}`),
		crm("missing_data", `{"event":{"id":"ev_1","object_type":"lead","action":"updated","object_id":"x","date_updated":"`+stamp+`"}}`),
		crm("missing_version", `{"event":{"id":"ev_1","object_type":"lead","action":"updated","object_id":"x","data":{"id":"x"}}}`),
		crm("too_large", leadEventWith("lead_wide", now, wide.String())),
		row("missing_id", `[{"action":"create","n":2}]`, `{"id":"r1","action":"create","n":2}`, "r1", `{"id":"r1","n":2}`),
		row("unknown_action", `[{"id":"r2","action":"upsert","n":3}]`, `{"id":"r2","action":"create","n":3}`, "r2", `{"id":"r2","n":3}`),
		row("invalid_name", `[{"id":"r3","action":"create","a\u0007b":3}]`, `{"id":"r3","action":"create","n":4}`, "r3", `{"id":"r3","n":4}`),
		{reason: "invalid_version", object: "versioned", in: `[{"id":"v1","action":"create","at":"soon"}]`,
			payload: `{"id":"v1","action":"create","at":17}`, connection: s.Client.Connection, kind: "versioned", id: "v1", want: `{"at":17,"id":"v1"}`,
			prepare: func(t *testing.T) {
				at := "/v1/connections/" + s.Client.Connection + "/objects"
				s.post201(t, at, map[string]any{"name": "versioned", "version_field": "at", "fields": []map[string]string{{"name": "at", "type": "number"}}}, nil)
				s.post201(t, at+"/versioned/confirm", nil, nil)
			}},
		{reason: "schema_mismatch", object: "reasons", in: `[{"id":"r4","action":"create","n":"many"}]`, connection: s.Client.Connection, kind: "reasons", id: "r4",
			want: `{"id":"r4","n":"many"}`,
			release: func(t *testing.T) {
				s.post201(t, "/v1/connections/"+s.Client.Connection+"/objects/reasons/proposal/accept", nil, nil)
			}},
		{reason: "schema_unconfirmed", object: "drafted", in: `[{"id":"d1","action":"create","n":1}]`, connection: s.Client.Connection, kind: "drafted", id: "d1",
			want: `{"id":"d1","n":1}`,
			prepare: func(t *testing.T) {
				s.post201(t, "/v1/connections/"+s.Client.Connection+"/objects", map[string]any{"name": "drafted", "fields": []map[string]string{{"name": "n", "type": "number"}}}, nil)
			},
			release: func(t *testing.T) {
				s.post201(t, "/v1/connections/"+s.Client.Connection+"/objects/drafted/confirm", nil, nil)
			}},
		{reason: "batch_reused", object: "reasons", in: `[{"id":"r5","action":"create","n":6}]`, header: map[string]string{"Idempotency-Key": "reused"},
			connection: s.Client.Connection, kind: "reasons", id: "r5", want: `{"id":"r5","n":6}`,
			prepare: func(t *testing.T) {
				s.finished(t, s.push(t, "reasons", `[{"id":"first","action":"update","n":5}]`, map[string]string{"Idempotency-Key": "reused"}).Batch)
			}},
		{reason: "unknown_connector", connection: s.Close.Connection, kind: "lead", id: "lead_connector", want: lead("lead_connector"),
			send: func(t *testing.T) { s.sendFromANewerRelease(t, leadEvent("lead_connector", "corrected", now)) }},
		s.unmappable(now),
	}
	return all
}

// replayWhenItIsTime waits until the clock guard lets a version pass, and replays what waits for it.
func (s *system) replayWhenItIsTime(t *testing.T, reason string, when time.Time) {
	time.Sleep(time.Until(when) + time.Second)
	s.post201(t, "/v1/quarantine/replay", map[string]string{"reason": reason}, nil)
}

// sendFromANewerRelease hands a delivery to ingest that names a connector which this release does not have.
func (s *system) sendFromANewerRelease(t *testing.T, body string) {
	message, err := json.Marshal(map[string]any{"v": 1, "id": "01KAHT3Q8Z6V0W7N5R2J4M9XYC", "organization": s.Organization, "connection": s.Close.Connection,
		"connector": "closer", "kind": "webhook", "received_at": time.Now().UTC(), "body": []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	event, _ := json.Marshal(map[string]any{"Records": []map[string]any{{"messageId": "m1", "body": string(message), "eventSource": "aws:sqs"}}})
	res, err := http.Post(s.Endpoints["lambda"]+"/2015-03-31/functions/ingest/invocations", "application/json", bytes.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"batchItemFailures":[]`) {
		t.Fatalf("ingest: %d %s", res.StatusCode, answer)
	}
}

// unmappable is an event that is a record but no track event, for it has no id; it needs a destination to be one for.
func (s *system) unmappable(now time.Time) aReason {
	const id = "lead_unmappable"
	in := strings.Replace(leadEvent(id, "applied", now), `"id":"ev_lead_unmappable_updated",`, "", 1)
	return aReason{reason: "unmappable_event", in: in, payload: leadEvent(id, "corrected", now.Add(time.Second)),
		connection: s.Close.Connection, kind: "lead", id: id,
		want: fmt.Sprintf(`{"date_updated":%q,"id":%q,"name":"corrected"}`, now.Add(time.Second).Format("2006-01-02T15:04:05.000000+00:00"), id),
		prepare: func(t *testing.T) {
			s.receiver(t)
			// Destinations are remembered for ten seconds: it is sent until somebody notices that there is one.
			eventually(t, 90*time.Second, "an event that cannot be mapped is set aside", func() bool {
				s.accept(t, []byte(in))
				time.Sleep(2 * time.Second)
				return len(list[apiEntry](t, s, "/v1/quarantine?reason=unmappable_event")) > 0
			})
			s.accept(t, []byte(in))
		}}
}

// leadEventWith is a Close event about a lead with more fields.
func leadEventWith(id string, at time.Time, fields string) string {
	return string(event(id, "updated", at, fields))
}

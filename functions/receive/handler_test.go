package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/record"
)

// TestSampleEvents posts every webhook of events/receive, in the order of their names; TestSamplePushes has the others, from
// 20 on. They are what API Gateway hands over,
// with three words in the place of what is only known when they are posted: TOKEN for the token of the URL, SIGNATURE and
// TIMESTAMP for the values of Close's headers. A file without these headers is one that nobody signed.
//
// In the order of their names they tell a story: a lead, its opportunity from Demo Completed over Proposal Sent to Won,
// with one event that comes again, late, and one that Close consolidates; a call, a task, custom fields, a double lead
// that is merged and deleted; then an object that nobody knows, a body that says nothing, and one from a stranger.
func TestSampleEvents(t *testing.T) {
	want := map[string]string{ // what the connector makes of it; empty where receive refuses
		"01-lead-created.json":                         "lead lead_harbor upsert",
		"02-opportunity-demo-completed.json":           "opportunity oppo_rollout upsert",
		"03-call-completed.json":                       "activity.call acti_call upsert",
		"04-task-created.json":                         "task task_proposal upsert",
		"05-opportunity-proposal-sent.json":            "opportunity oppo_rollout upsert",
		"06-lead-custom-fields.json":                   "lead lead_harbor upsert",
		"07-opportunity-won.json":                      "opportunity oppo_rollout upsert",
		"08-opportunity-proposal-sent-again-late.json": "opportunity oppo_rollout upsert",
		"09-opportunity-won-consolidated.json":         "opportunity oppo_rollout upsert",
		"10-lead-double-created.json":                  "lead lead_double upsert",
		"11-lead-merged.json":                          "lead lead_harbor upsert, lead lead_double delete into lead_harbor",
		"12-lead-double-deleted.json":                  "lead lead_double delete into lead_harbor",
		"13-task-deleted.json":                         "task task_proposal delete",
		"14-unknown-object.json":                       "activity.hologram acti_hologram upsert",
		"15-empty-object.json":                         "missing_event",
		"16-unsigned.json":                             "",
	}
	files, err := filepath.Glob("../../events/receive/[01]*.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d files, want %d: %v", len(files), len(want), err)
	}
	parse := connector.NewRegistry(connectors.All()...)["close"].Webhook.Parse
	w := newWorld(t)
	for _, file := range files {
		request, raw := w.sample(file)
		expected, known := want[filepath.Base(file)]
		if !known {
			t.Errorf("%s is not in the table of this test", file)
			continue
		}
		if expected == "" {
			w.refuses(request, http.StatusUnauthorized, "missing_signature")
			continue
		}
		w.accepts(request)
		if d := w.last(); !bytes.Equal(d.Body, raw) {
			t.Errorf("%s: other bytes are queued than were posted", file)
		}
		changes, err := parse(raw)
		if got := describe(changes, err); got != expected {
			t.Errorf("%s: the connector makes %q of it, want %q", file, got, expected)
		}
		for _, c := range changes {
			if c.Version.Time().After(w.now()) {
				t.Errorf("%s is dated in the future: %s", file, c.Version.Time())
			}
		}
	}
}

func describe(changes []record.Change, err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	var all []string
	for _, c := range changes {
		text := c.Object + " " + c.ID + " " + string(c.Kind)
		if c.MergedInto != "" {
			text += " into " + c.MergedInto
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// sample reads an event and puts in what stands in it as TOKEN, SIGNATURE and TIMESTAMP.
func (w *world) sample(file string) (request events.APIGatewayV2HTTPRequest, raw []byte) {
	w.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&request); err != nil {
		w.t.Fatalf("%s is no event of an HTTP API: %v", file, err)
	}
	raw = []byte(request.Body)
	if request.IsBase64Encoded {
		if raw, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			w.t.Fatal(err)
		}
	}
	if request.PathParameters["token"] != "TOKEN" || request.RawPath != "/hooks/TOKEN" || request.Version != "2.0" || !json.Valid(raw) {
		w.t.Fatalf("%s is no event for receive", file)
	}
	request.PathParameters["token"], request.RawPath = w.token, "/hooks/"+w.token
	signed := sign(w.t, raw, w.key, w.now())
	for name, word := range map[string]string{"close-sig-hash": "SIGNATURE", "close-sig-timestamp": "TIMESTAMP"} {
		if value, ok := request.Headers[name]; ok && value != word {
			w.t.Fatalf("%s: the header %s must be %s", file, name, word)
		} else if ok {
			request.Headers[name] = signed.Get(name)
		}
	}
	return request, raw
}

func TestAccepted(t *testing.T) {
	w := newWorld(t)
	w.clock = w.clock.In(time.FixedZone("", 3600)).Add(123456789)
	const body = `{"event": {"n": 1.10}}` + "\n"
	o := w.accepts(w.request(body))
	d := w.last()
	if d.V != delivery.Format || d.ID != o.id || d.Organization != w.org.ID || d.Connection != w.conn.ID || d.Connector != "close" ||
		d.Kind != delivery.Webhook || !d.ReceivedAt.Equal(w.clock) || d.ReceivedAt.Location() != time.UTC || string(d.Body) != body ||
		d.Payload != nil || d.Replay != "" {
		t.Errorf("got %+v", d)
	}
	if w.queue.groups[0] != w.org.ID {
		t.Errorf("the message's group is %s, want the organization", w.queue.groups[0])
	}
	if second := w.accepts(w.request(body)); second.id == o.id {
		t.Errorf("two deliveries are both named %s", o.id)
	}
	if strings.Contains(o.logged, "refused") || strings.Count(o.logged, "\n") != 1 {
		t.Errorf("want one line, got %s", o.logged)
	}
}

func TestWarmIsExactlyOneNetworkCall(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.made(map[string]int{"table": 1, "kms": 1, "queue": 1})
	for range 100 {
		w.pass(keep/100 - time.Millisecond)
		w.accepts(w.request("{}"))
		w.made(map[string]int{"queue": 1})
	}
	w.pass(time.Second)
	w.accepts(w.request("{}"))
	w.made(map[string]int{"table": 1, "queue": 1})
	large := `"` + strings.Repeat("x", messageMax) + `"`
	w.accepts(w.request(large))
	w.made(map[string]int{"bucket": 1, "queue": 1})
}

func TestEverythingThatIsJSONIsAccepted(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"{}", "[]", "null", `""`, `"text"`, "17", "1e400", "true", " { } ", "\n[null]\r\n", `{"event":null}`, `{"event":{}}`,
		`{"a":1,"a":2}`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)} {
		w.accepts(w.request(body))
		if string(w.last().Body) != body {
			t.Errorf("%.40q is queued as %.40q", body, w.last().Body)
		}
	}
}

func TestRequestsAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	good, forged, unknown := w.request("{}"), with(w.request("{}"), "close-sig-hash", "x"), w.request("{}")
	unknown.PathParameters = map[string]string{"token": "unknown"}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				w.pass(100 * time.Millisecond)
				for _, c := range []struct {
					request events.APIGatewayV2HTTPRequest
					status  int
				}{{good, 200}, {forged, 401}, {unknown, 404}} {
					if answer, err := w.h.Handle(t.Context(), c.request); err != nil || answer.StatusCode != c.status {
						t.Errorf("got %d, %v, want %d", answer.StatusCode, err, c.status)
					}
				}
			}
		})
	}
	wait.Wait()
	if len(w.queue.messages) != 400 {
		t.Errorf("%d messages", len(w.queue.messages))
	}
}

func FuzzReceiveBody(f *testing.F) {
	w := newWorld(f)
	for _, body := range []string{"", "{}", "[]", "null", `"x"`, "{", "\xff", `{"event":{"object_type":"lead"}}`} {
		f.Add([]byte(body), false, true)
		f.Add([]byte(body), true, true)
	}
	f.Add([]byte("e30="), true, false)
	f.Fuzz(func(t *testing.T, body []byte, encoded, signed bool) {
		w.t = t
		r := w.request(string(body))
		if r.IsBase64Encoded = encoded; encoded {
			r.Body = base64.StdEncoding.EncodeToString(body)
		}
		if !signed {
			r = with(r, "close-sig-hash", strings.Repeat("00", 32))
		}
		o := w.post(r)
		want := http.StatusOK
		switch {
		case !signed:
			want = http.StatusUnauthorized
		case !json.Valid(body):
			want = http.StatusBadRequest
		}
		if o.StatusCode != want {
			t.Fatalf("got %d, want %d", o.StatusCode, want)
		}
		if want == http.StatusOK && w.last().Payload == nil && !bytes.Equal(w.last().Body, body) {
			t.Fatalf("%q is queued as %q", body, w.last().Body)
		}
		w.queue.messages, w.queue.groups = nil, nil
	})
}

// BenchmarkWarm measures receive's own share of a request: what it does between two network calls.
func BenchmarkWarm(b *testing.B) {
	w := newWorld(b)
	request, _ := w.sample("../../events/receive/07-opportunity-won.json")
	b.ReportAllocs()
	for b.Loop() {
		if answer, err := w.h.Handle(b.Context(), request); err != nil || answer.StatusCode != http.StatusOK {
			b.Fatalf("got %d, %v", answer.StatusCode, err)
		}
		w.queue.messages, w.queue.groups = w.queue.messages[:0], w.queue.groups[:0]
	}
}

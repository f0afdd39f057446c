package main

import (
	"bytes"
	"context"
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
	"leadline/shared/tenant"
)

// TestSampleEvents posts every file of events/receive, in the order of their names. They are what API Gateway hands over,
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
		"04-task-created.json":                         "task.lead task_proposal upsert",
		"05-opportunity-proposal-sent.json":            "opportunity oppo_rollout upsert",
		"06-lead-custom-fields.json":                   "lead lead_harbor upsert",
		"07-opportunity-won.json":                      "opportunity oppo_rollout upsert",
		"08-opportunity-proposal-sent-again-late.json": "opportunity oppo_rollout upsert",
		"09-opportunity-won-consolidated.json":         "opportunity oppo_rollout upsert",
		"10-lead-double-created.json":                  "lead lead_double upsert",
		"11-lead-merged.json":                          "lead lead_harbor upsert, lead lead_double delete into lead_harbor",
		"12-lead-double-deleted.json":                  "lead lead_double delete into lead_harbor",
		"13-task-deleted.json":                         "task.lead task_proposal delete",
		"14-unknown-object.json":                       "activity.hologram acti_hologram upsert",
		"15-empty-object.json":                         "missing_event",
		"16-unsigned.json":                             "",
	}
	files, err := filepath.Glob("../../events/receive/*.json")
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

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	body := `{"event":{}}`
	base64ed := func(text string) events.APIGatewayV2HTTPRequest {
		r := w.request(body)
		r.Body, r.IsBase64Encoded = text, true
		return r
	}
	at := func(token string) events.APIGatewayV2HTTPRequest {
		r := w.request(body)
		r.PathParameters = map[string]string{"token": token}
		return r
	}
	old := w.request(body)
	w.pass(tolerance + time.Second)
	good := w.request(body)
	hash, stamp := good.Headers["close-sig-hash"], good.Headers["close-sig-timestamp"]
	ahead := w.request(body)
	for name, value := range sign(t, []byte(body), w.key, w.now().Add(tolerance+time.Second)) {
		ahead.Headers[strings.ToLower(name)] = value[0]
	}
	_, disabled := w.connect("conn_000000000002", w.key)
	c, err := w.tenancy.Connection(t.Context(), w.org.ID, "conn_000000000002")
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithStatus(tenant.Disabled, w.now())
	if err := w.tenancy.UpdateConnection(t.Context(), c, c.HookOf(w.org), nil); err != nil {
		t.Fatal(err)
	}
	_, keyless := w.connect("conn_000000000003", "")
	for _, c := range []struct {
		name    string
		request events.APIGatewayV2HTTPRequest
		status  int
		code    string
	}{
		{"unknown token", at(strings.Repeat("x", 43)), 404, "not_found"},
		{"empty token", at(""), 404, "not_found"},
		{"no path parameters", events.APIGatewayV2HTTPRequest{}, 404, "not_found"},
		{"endless token", at(strings.Repeat("x", 9000)), 404, "not_found"},
		{"token that is no text", at("\xff\x00"), 404, "not_found"},
		{"token with more behind it", at(w.token + "x"), 404, "not_found"},
		{"disabled", at(disabled), 404, "not_found"},
		{"no key yet", at(keyless), 401, "no_signing_key"},
		{"no base64", base64ed("{}"), 400, "invalid_body_encoding"},
		{"base64 cut off", base64ed("e30"), 400, "invalid_body_encoding"},
		{"too large", w.request(`"` + strings.Repeat("x", bodyMax-1) + `"`), 413, "body_too_large"},
		{"too large as base64", base64ed(base64.StdEncoding.EncodeToString(make([]byte, bodyMax+1))), 413, "body_too_large"},
		{"form", with(good, "content-type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
		{"text", with(good, "content-type", "text/json"), 415, "unsupported_media_type"},
		{"json of another tree", with(good, "content-type", "image/x+json"), 415, "unsupported_media_type"},
		{"only like json", with(good, "content-type", "application/jsonx"), 415, "unsupported_media_type"},
		{"empty content type", with(good, "content-type", ""), 415, "unsupported_media_type"},
		{"content type twice", with(good, "content-type", "application/json,application/json"), 415, "unsupported_media_type"},
		{"no signature", without(without(good, "close-sig-hash"), "close-sig-timestamp"), 401, "missing_signature"},
		{"no hash", without(good, "close-sig-hash"), 401, "missing_signature"},
		{"no timestamp", without(good, "close-sig-timestamp"), 401, "missing_signature"},
		{"no headers", events.APIGatewayV2HTTPRequest{PathParameters: good.PathParameters, Body: body}, 401, "missing_signature"},
		{"hash twice", with(good, "close-sig-hash", hash+","+hash), 401, "invalid_signature"},
		{"hash twice in other letters", with(good, "Close-Sig-Hash", hash), 401, "invalid_signature"},
		{"timestamp twice", with(good, "close-sig-timestamp", stamp+","+stamp), 401, "invalid_signature"},
		{"signed with another key", w.signed(body, strings.Repeat("aa", 32)), 401, "invalid_signature"},
		{"stale", old, 401, "stale_signature"},
		{"from the future", ahead, 401, "stale_signature"},
		{"timestamp twice in other letters", with(good, "Close-Sig-Timestamp", stamp), 401, "invalid_signature"},
		{"another body", func() events.APIGatewayV2HTTPRequest { r := good; r.Body += " "; return r }(), 401, "invalid_signature"},
		{"empty body", w.request(""), 400, "invalid_json"},
		{"white space", w.request(" \n"), 400, "invalid_json"},
		{"no JSON", w.request("event=updated"), 400, "invalid_json"},
		{"JSON cut off", w.request(`{"event":`), 400, "invalid_json"},
		{"two values", w.request("{}{}"), 400, "invalid_json"},
		{"byte order mark", w.request("\xef\xbb\xbf{}"), 400, "invalid_json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.refuses(c.request, c.status, c.code)
		})
	}
	w.accepts(good)
}

// TestWhatComesFirst: a stranger learns nothing about a body but its size and type, and nothing about an unknown URL.
func TestWhatComesFirst(t *testing.T) {
	w := newWorld(t)
	unsigned := func(body string) events.APIGatewayV2HTTPRequest {
		return without(w.request(body), "close-sig-hash")
	}
	w.refuses(unsigned("no JSON"), 401, "missing_signature")
	w.refuses(unsigned(strings.Repeat("x", bodyMax+1)), 413, "body_too_large")
	r := with(unsigned("no JSON"), "content-type", "text/plain")
	w.refuses(r, 415, "unsupported_media_type")
	r.PathParameters = map[string]string{"token": "unknown"}
	w.refuses(r, 404, "not_found")
}

func TestContentTypesThatAreJSON(t *testing.T) {
	w := newWorld(t)
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json; charset",
		"application/vnd.close+json", "application/cloudevents+json; charset=utf-8"} {
		w.accepts(with(w.request("{}"), "content-type", contentType))
	}
	w.accepts(without(w.request("{}"), "content-type"))
	r := without(w.request("{}"), "content-type")
	r.Headers["Content-Type"] = "text/plain"
	w.refuses(r, 415, "unsupported_media_type")
}

func TestBase64BodiesAreSignedAsTheyWerePosted(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"{}", "{\"name\":\"Zoë\"}\r\n", `["` + strings.Repeat("x", 1000) + `"]`} {
		r := w.request(body)
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
		w.accepts(r)
		if string(w.last().Body) != body {
			t.Errorf("got %q", w.last().Body)
		}
	}
	r := w.request(base64.StdEncoding.EncodeToString([]byte("{}")))
	r.IsBase64Encoded = true
	w.refuses(r, 401, "invalid_signature")
}

// TestLargeBodies finds the size from which a body goes through the bucket: where its message would be a byte too long.
func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	text := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	longest := 0
	for n := messageMax*3/4 - 250; n <= messageMax*3/4; n++ {
		w.accepts(w.request(text(n)))
		message := w.queue.messages[len(w.queue.messages)-1]
		if len(message) > messageMax {
			t.Fatalf("a message of %d bytes", len(message))
		}
		if w.last().Body == nil {
			continue
		}
		if longest != 0 && longest != n-1 {
			t.Fatalf("a body of %d bytes goes through the bucket, one of %d does not", n-1, n)
		}
		longest = n
	}
	whole := delivery.Delivery{ID: w.last().ID, Organization: w.org.ID, Connection: w.conn.ID, Connector: "close", Kind: delivery.Webhook,
		ReceivedAt: w.clock, Body: []byte(text(longest + 3))} // base64 grows by four bytes for three
	message, err := whole.Encode()
	if err != nil || len(message) <= messageMax {
		t.Fatalf("a body of %d bytes fits a message of %d, but goes through the bucket: %v", longest+3, len(message), err)
	}
	for _, n := range []int{longest + 1, messageMax, bodyMax} {
		o := w.accepts(w.request(text(n)))
		d := w.last()
		if d.Body != nil || d.Payload == nil || d.Payload.Offset != 0 || d.Payload.Key != "inbox/"+w.org.ID+"/"+o.id+".gz" {
			t.Fatalf("%d bytes: got %+v", n, d)
		}
		packed, err := w.blobs.Get(t.Context(), d.Payload.Key)
		if err != nil || int64(len(packed)) != d.Payload.Length {
			t.Fatalf("%d bytes: the message says %d, the object has %d: %v", n, d.Payload.Length, len(packed), err)
		}
		if body, err := delivery.Unpack(packed); err != nil || string(body) != text(n) {
			t.Fatalf("%d bytes: another body is kept: %v", n, err)
		}
	}
}

func TestWhatFailsBehindIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	throttled := fault.New(fault.RateLimited, "throttled", "slow down")
	large := `"` + strings.Repeat("x", messageMax) + `"`
	for _, c := range []struct {
		name, fails, body string
		err               error
		cold              bool
	}{
		{"queue down", "queue", "{}", errDown, false},
		{"queue throttled", "queue", "{}", throttled, false},
		{"queue down for a large body", "queue", large, errDown, false},
		{"bucket down", "bucket", large, errDown, false},
		{"bucket throttled", "bucket", large, throttled, false},
		{"table down", "table", "{}", errDown, true},
		{"table throttled", "table", "{}", throttled, true},
		{"keys down", "kms", "{}", errDown, true},
		{"out of time", "queue", "{}", context.DeadlineExceeded, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.cold {
				w.restart()
			} else {
				w.accepts(w.request("{}"))
			}
			w.calls.fails = map[string]error{c.fails: c.err}
			for range 3 {
				o := w.refuses(w.request(c.body), http.StatusServiceUnavailable, "unavailable")
				if !strings.Contains(o.logged, `"level":"ERROR"`) || o.metrics["Fault_unavailable"] != 1.0 {
					t.Errorf("not logged as an error: %s", o.logged)
				}
				if strings.Contains(o.Body, "dial") || strings.Contains(o.Body, "throttled") {
					t.Errorf("the answer shows our inside: %s", o.Body)
				}
			}
			w.calls.fails = nil
			w.accepts(w.request(c.body))
		})
	}
}

func TestABodyIsInTheBucketBeforeItsMessageIsInTheQueue(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.calls.fails["bucket"] = errDown
	w.calls.since()
	w.refuses(w.request(`"`+strings.Repeat("x", messageMax)+`"`), 503, "unavailable")
	w.made(map[string]int{"bucket": 1})
}

func TestThereIsAnAnswerWhereSomethingHangs(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.calls.hang = true
	ctx, cancel := context.WithTimeout(t.Context(), margin+50*time.Millisecond)
	defer cancel()
	o := w.postIn(ctx, w.request("{}"))
	if o.StatusCode != http.StatusServiceUnavailable || ctx.Err() != nil {
		t.Errorf("got %d, the invocation's own time: %v", o.StatusCode, ctx.Err())
	}
}

func TestAConnectorThatIsNotHereIsOurFault(t *testing.T) {
	w := newWorld(t)
	w.update(func(c tenant.Connection) tenant.Connection {
		c.Connector = "abacus"
		return c.WithStatus(tenant.Active, w.now())
	})
	o := w.refuses(w.request("{}"), http.StatusInternalServerError, "internal")
	if strings.Contains(o.Body, "abacus") || !strings.Contains(o.logged, "abacus") {
		t.Errorf("want it in the log alone: %s, %s", o.Body, o.logged)
	}
}

func TestNoSecretIsShownOrLogged(t *testing.T) {
	w := newWorld(t)
	const word = "c0nfidential"
	body := `{"event":{"note":"` + word + `"}}`
	signed := w.request(body)
	requests := []events.APIGatewayV2HTTPRequest{signed, w.request(word), with(signed, "content-type", word), with(signed, "close-sig-hash", word),
		with(signed, "close-sig-timestamp", word), without(signed, "close-sig-hash"), w.signed(body, strings.Repeat("ab", 32)),
		{PathParameters: map[string]string{"token": word}}, {PathParameters: signed.PathParameters, Body: word, IsBase64Encoded: true}}
	for _, fails := range []string{"", "queue", "bucket", "table", "kms"} {
		w.restart()
		w.calls.fails = map[string]error{fails: errDown}
		for _, r := range requests {
			w.pass(2 * time.Second)
			o := w.post(r)
			for what, secret := range map[string]string{"body": word, "token": w.token, "key": w.key, "signature": signed.Headers["close-sig-hash"],
				"token's hash": tenant.HashToken(w.token)} {
				if strings.Contains(o.logged, secret) || strings.Contains(o.APIGatewayV2HTTPResponse.Body, secret) {
					t.Errorf("the %s is shown: %s, %s", what, o.logged, o.APIGatewayV2HTTPResponse.Body)
				}
			}
		}
	}
}

func TestARefusalIsLoggedWithItsConnection(t *testing.T) {
	w := newWorld(t)
	o := w.refuses(with(w.request("{}"), "close-sig-hash", "x"), 401, "invalid_signature")
	if !strings.Contains(o.logged, w.conn.ID) || !strings.Contains(o.logged, w.org.ID) || !strings.Contains(o.logged, `"level":"WARN"`) {
		t.Errorf("got %s", o.logged)
	}
	r := w.request("{}")
	r.PathParameters["token"] = "unknown"
	if o := w.refuses(r, 404, "not_found"); strings.Count(o.logged, "\n") != 1 {
		t.Errorf("anyone can write our log: %s", o.logged)
	}
}

// TestStrangeEvents: whatever is invoked with, there is an answer and no crash.
func TestStrangeEvents(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"{}", "null", `{"version":"1.0"}`, `{"pathParameters":null,"headers":null}`, `{"pathParameters":{"token":""}}`,
		`{"pathParameters":{"other":"x"}}`, `{"body":"{}","isBase64Encoded":true}`, `{"headers":{"":""},"pathParameters":{"token":"x"}}`} {
		var r events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		w.refuses(r, 404, "not_found")
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

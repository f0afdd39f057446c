package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/record"
	"leadline/shared/secret"
)

// destination makes a destination of ours.
func (s *system) destination(body map[string]any) DestinationWithSecret {
	s.t.Helper()
	if body["url"] == nil {
		body["url"] = "https://example.com/hook"
	}
	body["name"] = "Rudder"
	return read[DestinationWithSecret](s.t, s.post(s.admin, "/v1/destinations", body).want(s.t, 201))
}

// signing gives the secrets that a destination of ours signs with now, as deliver sees them.
func (s *system) signing(id string) []string {
	s.t.Helper()
	d, err := s.targets.Destination(s.t.Context(), ours, id)
	s.must(err)
	box, err := s.handler.box(s.t.Context(), ours)
	s.must(err)
	var texts []string
	for _, one := range d.ValidSecrets(s.clock.now()) {
		text, err := box.Open(secret.PurposeSigningKey, one.Sealed)
		s.must(err)
		texts = append(texts, string(text))
	}
	return texts
}

// headers gives the headers that a destination of ours gets.
func (s *system) headers(id string) map[string]string {
	s.t.Helper()
	d, err := s.targets.Destination(s.t.Context(), ours, id)
	s.must(err)
	if d.Headers == nil {
		return nil
	}
	box, err := s.handler.box(s.t.Context(), ours)
	s.must(err)
	text, err := box.Open(secret.PurposeHeaders, d.Headers)
	s.must(err)
	var headers map[string]string
	s.must(json.Unmarshal(text, &headers))
	return headers
}

func TestCreateDestination(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	body := map[string]any{"name": "Rudder", "url": "https://example.com/hook", "connections": []string{conn}, "seed_timestamps": true,
		"headers": map[string]string{"Authorization": "Basic c2VjcmV0", "X-Team": "sales"}}
	send := func() answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/destinations", body: body, header: map[string]string{"idempotency-key": "k"}})
	}
	a := send().want(t, 201)
	got := read[DestinationWithSecret](t, a)
	if got.Kind != "track" || got.Status != "active" || !got.SeedTimestamps || !slices.Equal(got.Connections, []string{conn}) || !slices.Equal(got.Headers, []string{"Authorization", "X-Team"}) ||
		len(got.Secrets) != 1 || !strings.HasPrefix(got.Secret, "whsec_") || got.Rev != 1 || a.header.Get("Location") != "/v1/destinations/"+got.ID || a.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v", got)
	}
	if again := send().want(t, 201); string(again.body) != string(a.body) {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	if !slices.Equal(s.signing(got.ID), []string{got.Secret}) || s.headers(got.ID)["Authorization"] != "Basic c2VjcmV0" {
		t.Errorf("deliver would sign with %v and send %v", s.signing(got.ID), s.headers(got.ID))
	}
	stored, err := s.targets.Destination(t.Context(), ours, got.ID)
	s.must(err)
	for _, text := range []string{string(s.get(s.owner, "/v1/destinations").body), string(s.get(s.owner, "/v1/destinations/"+got.ID).body),
		string(stored.Headers), fmt.Sprintf("%s", stored.Secrets), fmt.Sprint(s.audited("")), s.log.String()} {
		if strings.Contains(text, "c2VjcmV0") || strings.Contains(text, got.Secret) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	if strings.Contains(string(a.body), "c2VjcmV0") {
		t.Error("the answer shows a header")
	}
	s.post(s.admin, "/v1/destinations", map[string]any{"name": "x", "url": "https://example.com", "connections": []string{"conn_nowhere"}}).want(t, 404, "not_found")
	if n := len(walk[Destination](s, s.reader, "/v1/destinations?limit=1")); n != 1 {
		t.Errorf("%d destinations", n)
	}
}

func TestWhereNothingIsSent(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	for _, url := range []string{"http://example.com", "ftp://example.com", "https://", "https://localhost", "https://127.0.0.1/x", "https://[::1]", "https://10.0.0.1", "https://169.254.169.254/latest",
		"https://192.168.1.1", "https://user:pw@example.com", "https://example.com/#x", "https://2130706433", "https://printer.local", "no url", "https://[::ffff:127.0.0.1]"} {
		a := s.post(s.admin, "/v1/destinations", map[string]any{"name": "x", "url": url}).want(t, 400, "invalid_url")
		if strings.Contains(string(a.body), "user:pw") {
			t.Errorf("the answer quotes the URL: %s", a.body)
		}
		s.put(s.admin, "/v1/destinations/"+d.ID, map[string]any{"name": "x", "url": url}).want(t, 400, "invalid_url")
	}
	for name, headers := range map[string]map[string]string{"ours": {"webhook-id": "1"}, "host": {"Host": "x"}, "no name": {"a b": "x"}, "two lines": {"X": "a\r\nb"},
		"twice": {"x-a": "1", "X-A": "2"}, "too long": {"X": strings.Repeat("x", 8000)}} {
		a := s.post(s.admin, "/v1/destinations", map[string]any{"name": name, "url": "https://example.com", "headers": headers}).want(t, 400, "invalid_headers")
		if strings.Contains(string(a.body), "xxx") {
			t.Errorf("the answer quotes a value: %s", a.body)
		}
	}
	// The switch of local development.
	s.handler.AllowLoopback = true
	for _, url := range []string{"http://127.0.0.1:8080/x", "http://localhost:1"} {
		s.post(s.admin, "/v1/destinations", map[string]any{"name": "x", "url": url}).want(t, 201)
	}
	s.post(s.admin, "/v1/destinations", map[string]any{"name": "x", "url": "http://10.0.0.1"}).want(t, 400, "invalid_url")
}

func TestUpdateDestination(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{"headers": map[string]string{"Authorization": "s3cret"}})
	path := "/v1/destinations/" + d.ID
	change := func(ifMatch, url string, headers any) answer {
		body := map[string]any{"name": "Other", "url": url}
		if headers != nil {
			body["headers"] = headers
		}
		return s.put(s.admin, path, body, ifMatch)
	}
	change(`"2"`, "https://example.com/hook", nil).want(t, 412, "precondition_failed")
	a := change(`"1"`, "https://EXAMPLE.com/other", nil).want(t, 200)
	if got := read[Destination](t, a); got.Name != "Other" || got.Rev != 2 || a.header.Get("ETag") != `"2"` || !slices.Equal(got.Headers, []string{"Authorization"}) {
		t.Errorf("got %+v", got)
	}
	if s.headers(d.ID)["Authorization"] != "s3cret" {
		t.Errorf("headers that were left out are %v", s.headers(d.ID))
	}
	// Headers that nobody is shown must not be learned by sending them somewhere else.
	for _, elsewhere := range []string{"https://thief.example.org/hook", "https://example.com:8443/hook"} {
		change("", elsewhere, nil).want(t, 400, "headers_needed")
	}
	change("", "https://other.example.org/hook", map[string]string{"X-Key": "new"}).want(t, 200)
	if got := s.headers(d.ID); len(got) != 1 || got["X-Key"] != "new" {
		t.Errorf("the headers are %v", got)
	}
	if got := read[Destination](t, change("", "https://third.example.org", map[string]string{}).want(t, 200)); len(got.Headers) != 0 || s.headers(d.ID) != nil {
		t.Errorf("the headers are %v, %v", got.Headers, s.headers(d.ID))
	}
	change("", "https://fourth.example.org", nil).want(t, 200)
	if got := s.signing(d.ID); !slices.Equal(got, []string{d.Secret}) {
		t.Errorf("the secret has changed: %v", got)
	}
	s.post(s.admin, path, nil).want(t, 405, "method_not_allowed")
}

func TestRotateDestinationSecret(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	path := "/v1/destinations/" + d.ID + "/rotate-secret"
	rotate := func(body any, idempotency string) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: path, body: body, header: map[string]string{"idempotency-key": idempotency}})
	}
	a := rotate(nil, "k").want(t, 200)
	second := read[DestinationWithSecret](t, a)
	if again := rotate(nil, "k").want(t, 200); string(again.body) != string(a.body) {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	if got := s.signing(d.ID); !slices.Equal(got, []string{second.Secret, d.Secret}) || len(second.Secrets) != 2 || second.Rev != 2 {
		t.Errorf("it signs with %v", got)
	}
	third := read[DestinationWithSecret](t, rotate(map[string]any{"overlap_seconds": 60}, "").want(t, 200))
	if got := s.signing(d.ID); !slices.Equal(got, []string{third.Secret, second.Secret}) {
		t.Errorf("it signs with %v", got)
	}
	s.clock.advance(time.Minute)
	if got := s.signing(d.ID); !slices.Equal(got, []string{third.Secret}) {
		t.Errorf("it signs with %v", got)
	}
	fourth := read[DestinationWithSecret](t, rotate(map[string]any{"overlap_seconds": 0}, "").want(t, 200))
	if got := s.signing(d.ID); !slices.Equal(got, []string{fourth.Secret}) {
		t.Errorf("it signs with %v", got)
	}
	s.do(request{key: s.admin, method: http.MethodPost, path: path, header: map[string]string{"if-match": `"1"`}}).want(t, 412, "precondition_failed")
	rotate(map[string]any{"overlap_seconds": 30*24*3600 + 1}, "").want(t, 422, "invalid_request")
}

func TestADestinationThatFailedIsEnabled(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	stored, err := s.targets.Destination(t.Context(), ours, d.ID)
	s.must(err)
	stored = stored.Failing(s.clock.now(), "500", s.clock.now())
	s.must(s.targets.UpdateDestination(t.Context(), stored, nil))
	stored = stored.SwitchedOff("It answered 410.", s.clock.now())
	s.must(s.targets.UpdateDestination(t.Context(), stored, nil))
	path := "/v1/destinations/" + d.ID
	if got := read[Destination](t, s.get(s.reader, path)); got.Status != "failed" || got.Problem != "It answered 410." || got.FailingSince == nil {
		t.Errorf("got %+v", got)
	}
	e := s.delivered(d.ID, outbound.GivenUp)
	s.post(s.manager, path+"/deliveries/"+e.ID+"/replay", nil).want(t, 409, "destination_off")
	s.post(s.manager, path+"/replay", map[string]any{"since": "2026-11-21T00:00:00Z"}).want(t, 409, "destination_off")
	send := func(verb, idempotency string) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: path + "/" + verb, header: map[string]string{"idempotency-key": idempotency}}).want(t, 200)
	}
	if got := read[Destination](t, send("enable", "k1")); got.Status != "active" || got.Problem != "" || got.FailingSince != nil || got.Rev != 4 {
		t.Errorf("got %+v", got)
	}
	if got := read[Destination](t, send("enable", "k2")); got.Rev != 4 {
		t.Errorf("to enable twice is a change: %+v", got)
	}
	send("disable", "k3")
	send("enable", "k2") // a late resend
	if got := read[Destination](t, s.get(s.reader, path)); got.Status != "disabled" {
		t.Errorf("the resend enables it again: %+v", got)
	}
	for range 2 {
		status := s.do(request{key: s.admin, method: http.MethodDelete, path: path}).status
		if status != 204 && status != 404 {
			t.Errorf("delete: %d", status)
		}
	}
	s.get(s.reader, path).want(t, 404, "not_found")
	s.get(s.reader, path+"/deliveries").want(t, 404, "not_found")
}

func TestDeliveriesAreListedAndFiltered(t *testing.T) {
	s := newSystem(t)
	d, other := s.destination(map[string]any{}), s.destination(map[string]any{})
	start := s.clock.now()
	var all []string
	for i := range 6 {
		e := s.delivered(d.ID, []outbound.Outcome{outbound.Delivered, outbound.GivenUp, outbound.Retrying}[i%3])
		all = append(all, e.ID)
		s.clock.advance(time.Minute)
	}
	s.delivered(other.ID, outbound.Delivered)
	slices.Reverse(all)
	path := "/v1/destinations/" + d.ID + "/deliveries"
	at := func(minutes int) string { return start.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	for query, want := range map[string][]string{
		"":                                    all,
		"outcome=given_up":                    {all[1], all[4]},
		"outcome=skipped":                     nil,
		"type=" + "opportunity%20updated":     all,
		"type=lead":                           nil,
		"from=" + at(4):                       all[:2],
		"until=" + at(1):                      all[5:],
		"from=" + at(1) + "&until=" + at(3):   all[3:5],
		"outcome=delivered&from=" + at(1):     {all[2]},
		"from=" + at(9) + "&outcome=retrying": nil,
		"until=0001-01-01T00:00:00Z":          all,
	} {
		for _, limit := range []int{1, 2, 200} {
			var got []string
			for _, e := range walk[Delivery](s, s.reader, fmt.Sprintf("%s?limit=%d&%s", path, limit, query)) {
				got = append(got, e.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: got %v, want %v", query, limit, got, want)
			}
		}
	}
	s.get(s.reader, path+"?outcome=lost").want(t, 422, "invalid_request")
	first := read[list[Delivery]](t, s.get(s.reader, path+"?limit=1"))
	s.get(s.reader, path+"?limit=1&outcome=retrying&cursor="+first.Next).want(t, 400, "invalid_cursor")
	s.get(s.reader, "/v1/destinations/"+other.ID+"/deliveries?limit=1&cursor="+first.Next).want(t, 400, "invalid_cursor")
	if e := first.Items[0]; e.Event != "ev_1" || len(e.Attempts) != 1 || e.Attempts[0].Status != 500 || e.Attempts[0].Milliseconds != 12 || e.Attempts[0].Answer != "no \u0001" {
		t.Errorf("got %+v", e)
	}
}

// TestDeliveriesFitAnAnswer: answers that grow sixfold as JSON.
func TestDeliveriesFitAnAnswer(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	for range 300 {
		e := s.delivered(d.ID, outbound.GivenUp)
		e.Attempts, e.Rev = nil, 2
		for n := range 10 {
			e.Attempts = append(e.Attempts, outbound.Attempt{Number: n + 1, Answer: strings.Repeat("\u0001", outbound.MaxAnswerBytes)})
		}
		s.must(s.sent.LogDelivery(t.Context(), e, s.clock.now()))
	}
	n, next := 0, ""
	for range 100 {
		a := s.get(s.reader, "/v1/destinations/"+d.ID+"/deliveries?limit=200"+next).want(t, 200)
		if len(a.body) > maxListBytes+1_000_000 {
			t.Fatalf("a page of %d bytes", len(a.body))
		}
		p := read[list[Delivery]](t, a)
		n, next = n+len(p.Items), "&cursor="+p.Next
		if p.Next == "" {
			break
		}
	}
	if n != 300 {
		t.Errorf("%d deliveries", n)
	}
}

func TestADeliveryIsShownWithWhatWasSent(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	show := func(e outbound.LogEntry) DeliveryWithBody {
		t.Helper()
		return read[DeliveryWithBody](t, s.get(s.reader, "/v1/destinations/"+d.ID+"/deliveries/"+e.ID).want(t, 200))
	}
	// store keeps a delivery whose body lies in the bucket.
	store := func(body []byte) outbound.LogEntry {
		e := s.delivered(d.ID, outbound.Delivered)
		var packed bytes.Buffer
		s.must(delivery.Pack(&packed, body))
		e.Body, e.Rev = nil, 2
		e.Payload = &record.PayloadRef{Key: "outbound/" + ours + "/" + e.ID + ".gz", Length: int64(packed.Len())}
		s.must(s.payloads.Put(t.Context(), e.Payload.Key, packed.Bytes()))
		s.must(s.sent.LogDelivery(t.Context(), e, s.clock.now()))
		return e
	}
	if got := show(s.delivered(d.ID, outbound.Delivered)); got.Body != `{"type":"track"}` || got.Bytes != 16 || got.Base64 != nil {
		t.Errorf("got %+v", got)
	}
	if got := show(store([]byte(`{"n":1}`))); got.Body != `{"n":1}` {
		t.Errorf("got %+v", got)
	}
	long := bytes.Repeat([]byte(`"`), maxTextBytes+1)
	if got := show(store(long)); got.Body != "" || !bytes.Equal(got.Base64, long) || got.Bytes != len(long) {
		t.Errorf("a long body is shown in %d bytes of text and %d others", len(got.Body), len(got.Base64))
	}
	lost := store([]byte("{}"))
	lost.Payload.Key, lost.Rev = "outbound/nowhere.gz", 3
	s.must(s.sent.LogDelivery(t.Context(), lost, s.clock.now()))
	if got := show(lost); got.Body != "" || got.Bytes != 0 {
		t.Errorf("got %+v", got)
	}
	broken := store([]byte("{}"))
	s.must(s.payloads.Put(t.Context(), broken.Payload.Key, bytes.Repeat([]byte("x"), int(broken.Payload.Length))))
	s.get(s.reader, "/v1/destinations/"+d.ID+"/deliveries/"+broken.ID).want(t, 500, "internal")
	other := s.destination(map[string]any{})
	s.get(s.reader, "/v1/destinations/"+other.ID+"/deliveries/"+broken.ID).want(t, 404, "not_found")
}

func TestReplayDeliveries(t *testing.T) {
	s := newSystem(t)
	d := s.destination(map[string]any{})
	e := s.delivered(d.ID, outbound.Delivered)
	path := "/v1/destinations/" + d.ID
	if got := read[Accepted](t, s.post(s.manager, path+"/deliveries/"+e.ID+"/replay", nil).want(t, 202)); got.ID != e.ID {
		t.Errorf("got %+v", got)
	}
	if len(s.deliver.sent) != 1 || s.deliver.groups[0] != ours {
		t.Fatalf("%d messages to %v", len(s.deliver.sent), s.deliver.groups)
	}
	m, err := outbound.Decode(s.deliver.sent[0])
	s.must(err)
	if m.ID != e.ID || m.Event != e.Event || m.Attempt != 1 || m.Replay != 1 || m.Body != nil || m.Destination != d.ID {
		t.Errorf("sent %+v", m)
	}
	s.post(s.manager, path+"/deliveries/nowhere/replay", nil).want(t, 404, "not_found")

	send := func(body map[string]any) answer {
		return s.do(request{key: s.manager, method: http.MethodPost, path: path + "/replay", body: body, header: map[string]string{"idempotency-key": "k"}})
	}
	body := map[string]any{"since": "2026-11-21T00:00:00+02:00", "all": true}
	first := read[Job](t, send(body).want(t, 202))
	if jobs := s.jobsSent(); len(jobs) != 1 || jobs[0].Kind != job.Resend ||
		string(jobs[0].Params) != `{"destination":"`+d.ID+`","from":"2026-11-20T22:00:00Z","until":"2026-11-22T12:00:00Z","all":true}` {
		t.Errorf("the jobs are %+v %s", jobs, jobs[0].Params)
	}
	s.clock.advance(time.Hour)
	if again := read[Job](t, send(body).want(t, 202)); again.ID != first.ID {
		t.Errorf("the resend makes %+v", again)
	}
	s.post(s.manager, path+"/replay", map[string]any{}).want(t, 422, "invalid_request")
	s.post(s.manager, path+"/replay", map[string]any{"since": "yesterday"}).want(t, 422, "invalid_request")
}

func TestAChangeLeavesConnectionsAloneUnlessItNamesThem(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	d := s.destination(map[string]any{"connections": []string{conn}})
	change := func(more map[string]any) []string {
		body := map[string]any{"name": "renamed", "url": d.URL}
		for name, value := range more {
			body[name] = value
		}
		return read[Destination](t, s.do(request{key: s.admin, method: http.MethodPut, path: "/v1/destinations/" + d.ID, body: body}).want(t, 200)).Connections
	}
	if got := change(nil); !slices.Equal(got, []string{conn}) {
		t.Errorf("without a word about them they are %v", got)
	}
	if got := change(map[string]any{"connections": []string{}}); len(got) != 0 {
		t.Errorf("of an empty list is left %v", got)
	}
}

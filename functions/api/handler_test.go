package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/quarantine"
	"leadline/shared/tenant"
)

// The key and the connection of the sample events.
const (
	sampleKey        = "llk_SampleKeyOfTheEventsFolder00000000000000000"
	sampleConnection = "conn_0a1b2c3d4e5f"
	// The client of the sample events, its secret, and the connection that it pushes into.
	sampleClient  = "cli_0a1b2c3d4e5f"
	sampleSecret  = "cls_SampleSecretOfTheEventsFolder00000000000000"
	sampleClients = "conn_1a2b3c4d5e6f"
)

// TestSampleEvents runs every event of events/api against a system that has what they name.
func TestSampleEvents(t *testing.T) {
	want := map[string]int{
		"create-connection.json": 201, "get-health.json": 200, "get-openapi.json": 200, "get-record.json": 200,
		"list-connections-without-key.json": 401, "list-connections.json": 200, "list-history.json": 200,
		"list-quarantine.json": 200, "list-records.json": 200, "unknown-path.json": 404,
		"create-client.json": 201, "declare-object.json": 201, "accept-proposal.json": 200, "create-upload-as-client.json": 201,
		"get-batch-made-up.json": 404, "create-destination.json": 201, "replay-quarantine.json": 202, "replay-corrected.json": 202,
		"list-audit.json": 200, "list-jobs-as-client.json": 401, "export-person.json": 202,
	}
	s := newSystem(t)
	s.must(s.tenancy.CreateAPIKey(t.Context(), tenant.APIKey{Hash: tenant.HashToken(sampleKey), Organization: ours, Role: tenant.Owner}))
	org, err := s.tenancy.Organization(t.Context(), ours)
	s.must(err)
	client := tenant.Client{ID: sampleClient, Organization: ours, Connection: sampleClients, Name: "Till", Status: tenant.Active, Rev: 1,
		Secrets: []tenant.ClientSecret{{Hash: tenant.HashToken(sampleSecret)}}}
	clients := tenant.Connection{ID: sampleClients, Organization: ours, Connector: tenant.ClientConnector, Status: tenant.Active, Rev: 1}
	s.must(s.members.CreateClient(t.Context(), client, client.HookOf(org), &clients, nil))
	s.declared(sampleClients, "sales", true)
	conn := tenant.Connection{ID: sampleConnection, Organization: ours, Connector: "close", Status: tenant.Active, Hook: "h", Rev: 1}
	s.must(s.tenancy.CreateConnection(t.Context(), conn, conn.HookOf(tenant.Organization{}), nil))
	s.keep(s.opportunity(sampleConnection, "oppo_rollout", 1, `{"value":100000}`))
	s.setAside(sampleConnection, "01ENTRY", quarantine.MissingEvent, []byte(`{}`))
	files, err := filepath.Glob("../../events/api/*.json")
	s.must(err)
	if len(files) != len(want) {
		t.Errorf("there are %d events, %d are expected", len(files), len(want))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dec := json.NewDecoder(strings.NewReader(string(raw)))
			dec.DisallowUnknownFields()
			var event events.APIGatewayV2HTTPRequest
			if err := dec.Decode(&event); err != nil {
				t.Fatal(err)
			}
			out, err := s.handler.Handle(t.Context(), event)
			if err != nil || out.StatusCode != want[filepath.Base(file)] {
				t.Fatalf("got %d %s %v, want %d", out.StatusCode, out.Body, err, want[filepath.Base(file)])
			}
			request := event.RequestContext.HTTP
			if _, err := s.doc.Find(request.Method, request.Path); err != nil {
				return
			}
			if err := s.doc.CheckAnswer(request.Method, request.Path, out.StatusCode, out.Headers["Content-Type"], []byte(out.Body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHealthAndDescriptionNeedNoKeyAndNothingBehind(t *testing.T) {
	s := newSystem(t)
	got := read[Health](t, s.get("", "/v1/health").want(t, 200))
	if got != (Health{Status: "ok", Stage: "test", Version: "0f3c9a1b2c3d"}) {
		t.Errorf("got %+v", got)
	}
	if doc := s.get("", "/v1/openapi.json").want(t, 200); string(doc.body) != string(openAPIFile) {
		t.Error("the description that is served is not the committed one")
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	s := newSystem(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v2/connections", "/v1/connections/", "/v1//connections", "/v1/x/../connections", "/v1/%zz"} {
		event := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Headers: map[string]string{"authorization": "Bearer " + s.admin}}
		event.RequestContext.HTTP.Method = http.MethodGet
		out, err := s.handler.Handle(t.Context(), event)
		s.must(err)
		answer{status: out.StatusCode, body: []byte(out.Body)}.want(t, 404, "not_found")
		if out.Headers["Content-Type"] != problem.ContentType {
			t.Errorf("%s: the error is %q", path, out.Headers["Content-Type"])
		}
		s.must(s.doc.CheckSchema("Problem", []byte(out.Body)))
	}
	a := s.do(request{key: s.admin, method: http.MethodDelete, path: "/v1/connections"}).want(t, 405, "method_not_allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
		t.Errorf("Allow is %q", allow)
	}
}

func TestBadRequestsSayWhatIsWrongAndQuoteNothing(t *testing.T) {
	s := newSystem(t)
	const secret = "super-secret-signing-key"
	for name, c := range map[string]struct {
		body     string
		header   map[string]string
		status   int
		code     string
		location string
	}{
		"no body":            {"", nil, 400, "invalid_request", ""},
		"no JSON":            {`{"connector":"` + secret, nil, 400, "invalid_request", "body"},
		"not an object":      {`["` + secret + `"]`, nil, 422, "invalid_request", "body"},
		"missing property":   {`{"connector":"close","signature_key":"` + secret + `"}`, nil, 422, "invalid_request", "body"},
		"unknown property":   {`{"connector":"close","name":"x","key":"` + secret + `"}`, nil, 422, "invalid_request", "body.key"},
		"wrong type":         {`{"connector":"close","name":7,"signature_key":"` + secret + `"}`, nil, 422, "invalid_request", "body.name"},
		"too long":           {`{"connector":"close","name":"` + strings.Repeat("x", 201) + `"}`, nil, 422, "invalid_request", "body.name"},
		"no signing key":     {`{"connector":"close","name":"x","signature_key":"` + secret + `"}`, nil, 400, "invalid_signature_key", ""},
		"unknown connector":  {`{"connector":"closed","name":"x"}`, nil, 400, "unknown_connector", ""},
		"has no webhook":     {`{"connector":"mute","name":"x"}`, nil, 400, "unknown_connector", ""},
		"form":               {`name=` + secret, map[string]string{"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", ""},
		"too large":          {`{"connector":"close","name":"` + strings.Repeat("x", maxRequestBytes) + `"}`, nil, 413, "body_too_large", ""},
		"endless attempt id": {`{"connector":"close","name":"x"}`, map[string]string{"idempotency-key": strings.Repeat("x", 256)}, 422, "invalid_request", "header.Idempotency-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections", body: c.body, header: c.header}).want(t, c.status, c.code)
			if strings.Contains(string(a.body), secret) {
				t.Errorf("the problem quotes the request: %s", a.body)
			}
			parts := read[problem.Problem](t, a).Errors
			if c.location != "" && (len(parts) == 0 || parts[0].Location != c.location || parts[0].Message == "") {
				t.Errorf("the parts are %+v, want %s", parts, c.location)
			}
		})
	}
	if strings.Contains(s.log.String(), secret) || s.log.Len() > 0 {
		t.Errorf("the caller's mistakes are logged: %s", s.log)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=many", "status=closed", "reason=bad_luck", "connection=" + strings.Repeat("c", 65)} {
		s.get(s.reader, "/v1/quarantine?"+query).want(t, 422, "invalid_request")
	}
}

func TestBase64Bodies(t *testing.T) {
	s := newSystem(t)
	body := map[string]any{"connector": "close", "name": "Clöse"}
	a := s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections", body: body, base64: true}).want(t, 201)
	if got := read[CreatedConnection](t, a); got.Name != "Clöse" {
		t.Errorf("got %+v", got)
	}
	event := gateway(t, request{key: s.admin, method: http.MethodPost, path: "/v1/connections"})
	event.Body, event.IsBase64Encoded = "!", true
	out, err := s.handler.Handle(t.Context(), event)
	s.must(err)
	answer{status: out.StatusCode, body: []byte(out.Body)}.want(t, 400, "invalid_body")
}

func TestHeadHasNoBody(t *testing.T) {
	s := newSystem(t)
	out, err := s.handler.Handle(t.Context(), gateway(t, request{method: http.MethodHead, path: "/v1/health"}))
	if err != nil || out.StatusCode != 200 || out.Body != "" {
		t.Errorf("got %d %q %v", out.StatusCode, out.Body, err)
	}
}

// TestFailuresBehindTheAPI breaks what the API stands on.
func TestFailuresBehindTheAPI(t *testing.T) {
	const internals = "table arn:aws:dynamodb:x is on fire"
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"down":      {fault.Wrap(errors.New(internals), fault.Unavailable, "unavailable", "queue: send"), 503, "unavailable"},
		"throttled": {fault.Wrap(errors.New(internals), fault.RateLimited, "throttled", "queue: send"), 503, "unavailable"},
		"refused":   {fmt.Errorf("queue: send: %w", errors.New(internals)), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			s.setAside(sampleConnection, "01ENTRY", quarantine.MissingEvent, []byte(`{}`))
			s.inbox.err = c.err
			a := s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, c.status, c.code)
			if strings.Contains(string(a.body), internals) {
				t.Errorf("the answer shows our insides: %s", a.body)
			}
			if retry := a.header.Get("Retry-After"); (retry != "") != (c.status == 503) {
				t.Errorf("Retry-After is %q", retry)
			}
			if lines := strings.Count(s.log.String(), "\n"); lines != 1 || !strings.Contains(s.log.String(), internals) {
				t.Errorf("it is logged %d times: %s", lines, s.log)
			}
		})
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	s := newSystem(t)
	s.handler.Inbox = nil // as a forgotten client would be
	s.setAside(sampleConnection, "01ENTRY", quarantine.MissingEvent, []byte(`{}`))
	s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, 500, "internal")
	if log := s.log.String(); !strings.Contains(log, "nil pointer") || !strings.Contains(log, "quarantine.go") {
		t.Errorf("the log does not say what happened: %s", log)
	}
	if got := describePanic("secret"); got != "string" {
		t.Errorf("a panic's value is shown: %s", got)
	}
	s.get("", "/v1/health").want(t, 200)
}

// TestLargeAnswersFitLambda: an answer of 4 MiB of quotes must not double on its way.
func TestLargeAnswersFitLambda(t *testing.T) {
	s := newSystem(t)
	s.setAside(sampleConnection, "01ENTRY", quarantine.MissingEvent, []byte(strings.Repeat(`"`, maxPayloadBytes)))
	out, err := s.handler.Handle(t.Context(), gateway(t, request{key: s.reader, method: http.MethodGet, path: "/v1/quarantine/01ENTRY"}))
	s.must(err)
	text, err := json.Marshal(out)
	if err != nil || len(text) > 6_000_000 {
		t.Fatalf("the answer of Lambda has %d bytes (%v)", len(text), err)
	}

	body := []byte(`{"quotes":"` + strings.Repeat(`\"`, 100_000) + `"}`)
	w := newRecorder()
	_, _ = w.Write(body)
	got := w.response(http.MethodGet)
	decoded, err := base64.StdEncoding.DecodeString(got.Body)
	if !got.IsBase64Encoded || err != nil || string(decoded) != string(body) {
		t.Error("a body that escapes would double is not sent in base64")
	}
}

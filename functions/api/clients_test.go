package main

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/tenant"
)

// client makes client software with a connection of its own.
func (s *system) client(name string) ClientWithSecret {
	s.t.Helper()
	return read[ClientWithSecret](s.t, s.post(s.admin, "/v1/clients", map[string]any{"name": name}).want(s.t, 201))
}

func basicOf(id, secret string) map[string]string {
	return map[string]string{"authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
}

func TestCreateClient(t *testing.T) {
	s := newSystem(t)
	send := func(body map[string]any) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/clients", body: body, header: map[string]string{"idempotency-key": "k"}})
	}
	a := send(map[string]any{"name": "Till"}).want(t, 201)
	got := read[ClientWithSecret](t, a)
	if got.Name != "Till" || got.Status != "active" || len(got.Secrets) != 1 || got.PushURL != "https://api.example.com/v1/push" ||
		got.Secrets[0].Fingerprint != tenant.Fingerprint(got.ClientSecret) || a.header.Get("Location") != "/v1/clients/"+got.ClientID || a.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v", got)
	}
	if again := send(map[string]any{"name": "Till"}).want(t, 201); string(again.body) != string(a.body) {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	send(map[string]any{"name": "Other"}).want(t, 409, "idempotency_key_reused")

	// The door accepts the secret, for the connection that was made with it.
	hook, err := s.members.ClientHook(t.Context(), got.ClientID)
	s.must(err)
	if !hook.Accepts(got.ClientSecret, s.clock.now()) || hook.Accepts("cls_other", s.clock.now()) || hook.Connection != got.Connection || hook.Organization != ours {
		t.Errorf("the hook is %+v", hook)
	}
	if conn := read[Connection](t, s.get(s.reader, "/v1/connections/"+got.Connection).want(t, 200)); conn.Connector != "client" || conn.Name != "Till" || len(conn.Keys) != 0 {
		t.Errorf("the connection is %+v", conn)
	}
	for _, path := range []string{"/v1/clients", "/v1/clients/" + got.ClientID} {
		if body := string(s.get(s.admin, path).want(t, 200).body); strings.Contains(body, got.ClientSecret) || strings.Contains(body, tenant.HashToken(got.ClientSecret)) {
			t.Errorf("%s shows the secret, or its hash: %s", path, body)
		}
	}
	second := read[ClientWithSecret](t, s.post(s.admin, "/v1/clients", map[string]any{"name": "Shop", "connection": got.Connection}).want(t, 201))
	if second.Connection != got.Connection || second.ClientID == got.ClientID {
		t.Errorf("got %+v", second)
	}
	s.post(s.admin, "/v1/clients", map[string]any{"name": "x", "connection": s.connect(s.admin).ID}).want(t, 400, "not_a_client_connection")
	s.post(s.admin, "/v1/clients", map[string]any{"name": "x", "connection": "conn_nowhere"}).want(t, 404, "not_found")
	// A connection of client software is made with its credentials, and has no key of a provider.
	p := s.post(s.admin, "/v1/connections", map[string]any{"connector": "client", "name": "x"}).want(t, 400, "not_a_provider")
	if !strings.Contains(string(p.body), "POST /v1/clients") {
		t.Errorf("the answer does not say what to do: %s", p.body)
	}
	s.post(s.admin, "/v1/connections/"+got.Connection+"/rotate-key", map[string]any{"signature_key": signingKey}).want(t, 400, "unknown_connector")
	if n := len(walk[Connection](s, s.reader, "/v1/connections?limit=9")); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestRotateClientSecret(t *testing.T) {
	s := newSystem(t)
	c := s.client("Till")
	path := "/v1/clients/" + c.ClientID + "/rotate-secret"
	accepted := func() []bool {
		hook, err := s.members.ClientHook(t.Context(), c.ClientID)
		s.must(err)
		return []bool{hook.Accepts(c.ClientSecret, s.clock.now())}
	}
	a := s.do(request{key: s.admin, method: http.MethodPost, path: path, header: map[string]string{"idempotency-key": "k", "if-match": `"1"`}}).want(t, 200)
	second := read[ClientWithSecret](t, a)
	if len(second.Secrets) != 2 || second.Secrets[1].ExpiresAt == nil || !second.Secrets[1].ExpiresAt.Equal(s.clock.now().Add(24*time.Hour)) || a.header.Get("ETag") != `"2"` {
		t.Errorf("got %+v", second)
	}
	if again := s.do(request{key: s.admin, method: http.MethodPost, path: path, header: map[string]string{"idempotency-key": "k", "if-match": `"1"`}}).want(t, 200); string(again.body) != string(a.body) {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	if !accepted()[0] {
		t.Error("the replaced secret is refused in its overlap")
	}
	s.do(request{key: s.admin, method: http.MethodPost, path: path, header: map[string]string{"if-match": `"1"`}}).want(t, 412, "precondition_failed")
	third := read[ClientWithSecret](t, s.post(s.admin, path, map[string]any{"overlap_seconds": 0}).want(t, 200))
	if len(third.Secrets) != 1 || accepted()[0] {
		t.Errorf("without an overlap: %+v", third)
	}
	s.post(s.admin, path, map[string]any{"overlap_seconds": -1}).want(t, 422, "invalid_request")
	s.post(s.admin, path, map[string]any{"overlap": 1}).want(t, 422, "invalid_request")

	// Those who ask for their batches with the secret notice within seconds.
	status := "/v1/push/" + s.batch(c.Connection, c.ClientID, 1).Public
	ask := func(secret string) answer {
		return s.do(request{method: http.MethodGet, path: status, header: basicOf(c.ClientID, secret)})
	}
	ask(third.ClientSecret).want(t, 200)
	for _, secret := range []string{c.ClientSecret, second.ClientSecret, "", "x"} {
		ask(secret).want(t, 401, "invalid_client")
	}
	fourth := read[ClientWithSecret](t, s.post(s.admin, path, map[string]any{"overlap_seconds": 3600}).want(t, 200))
	s.clock.advance(unknownKeyTTL)
	ask(fourth.ClientSecret).want(t, 200)
	ask(third.ClientSecret).want(t, 200)
	s.clock.advance(time.Hour)
	ask(third.ClientSecret).want(t, 401, "invalid_client")
	s.post(s.admin, "/v1/clients/"+c.ClientID+"/disable", nil).want(t, 200)
	s.clock.advance(unknownKeyTTL)
	ask(fourth.ClientSecret).want(t, 401, "invalid_client")
}

// TestAnUnknownClientAndAWrongSecretGetOneAnswer, to the byte.
func TestAnUnknownClientAndAWrongSecretGetOneAnswer(t *testing.T) {
	w := newWorld(t)
	ask := func(header string) answer {
		return w.do(request{method: http.MethodGet, path: "/v1/push/" + w.params["batch"], header: map[string]string{"authorization": header}}).want(t, 401, "invalid_client")
	}
	encode := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	want := ask(encode(w.params["client"] + ":cls_wrong"))
	for _, header := range []string{encode("cli_unknown00000:cls_wrong"), encode(":"), encode("x"), encode(w.params["client"]), "Basic !", encode(strings.Repeat("x", 300) + ":y")} {
		if got := ask(header); string(got.body) != string(want.body) || got.header.Get("WWW-Authenticate") != want.header.Get("WWW-Authenticate") {
			t.Errorf("%q: got %s", header, got.body)
		}
	}
	w.basic(http.MethodGet, "/v1/push/"+w.params["batch"], nil).want(t, 200)
}

func TestDisableAndEnableAClient(t *testing.T) {
	s := newSystem(t)
	c := s.client("Till")
	path := "/v1/clients/" + c.ClientID
	for _, step := range []struct {
		verb, want string
		rev        int64
	}{{"disable", "disabled", 2}, {"disable", "disabled", 2}, {"enable", "active", 3}} {
		got := read[Client](t, s.post(s.admin, path+"/"+step.verb, nil).want(t, 200))
		hook, err := s.members.ClientHook(t.Context(), c.ClientID)
		s.must(err)
		if got.Status != step.want || got.Rev != step.rev || string(hook.Status) != step.want {
			t.Errorf("%s: got %+v, the hook is %s", step.verb, got, hook.Status)
		}
	}
	var names []string
	s.client("Shop")
	for _, c := range walk[Client](s, s.reader, "/v1/clients?limit=1") {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"Shop", "Till"}) {
		t.Errorf("the clients are %v", names)
	}
}

// TestOnboarding goes the five steps, from nothing to done.
func TestOnboarding(t *testing.T) {
	s := newSystem(t)
	c := s.client("Till")
	at := "/v1/connections/" + c.Connection
	state := func() (done []string, next string) {
		t.Helper()
		got := read[Onboarding](t, s.get(s.reader, at+"/onboarding").want(t, 200))
		if len(got.Steps) != 5 || got.Connection != c.Connection {
			t.Fatalf("got %+v", got)
		}
		for _, step := range got.Steps {
			switch {
			case step.Done:
				done = append(done, step.Step)
			case next == "":
				next = step.Next
			}
			if step.Done != (step.Next == "") {
				t.Errorf("%+v", step)
			}
		}
		if got.Done != (len(done) == 5) {
			t.Errorf("done: %t with %v", got.Done, done)
		}
		return done, next
	}
	check := func(wantNext string, want ...string) {
		t.Helper()
		if done, next := state(); !slices.Equal(done, want) || next != wantNext {
			t.Errorf("done are %v, next is %q; want %v, %q", done, next, want, wantNext)
		}
	}
	s.post(s.admin, "/v1/clients/"+c.ClientID+"/disable", nil).want(t, 200)
	check("POST /v1/clients")
	s.post(s.admin, "/v1/clients/"+c.ClientID+"/enable", nil).want(t, 200)
	check("POST "+at+"/objects", "credentials")
	s.post(s.admin, at+"/objects", map[string]any{"name": "My Sales", "template": "sales_transactions"}).want(t, 201)
	check("POST "+at+"/objects/my%20sales/confirm", "credentials", "schema")
	s.post(s.manager, at+"/objects/my%20sales/confirm", nil).want(t, 200)
	check("GET "+at+"/objects/my%20sales/sample-request", "credentials", "schema", "confirmed")
	_, err := s.records.PutNewer(t.Context(), record.Record{Key: record.Key{Organization: ours, Connection: c.Connection, Object: "my sales", ID: "1"}, Version: record.Version{Micros: 1}})
	s.must(err)
	s.setAside(c.Connection, "01ENTRY", "schema_mismatch", []byte("{}"))
	check("GET /v1/quarantine?connection="+c.Connection+"&status=open", "credentials", "schema", "confirmed", "first_rows")
	s.must(s.intake.Discard(t.Context(), ours, "01ENTRY", s.clock.now()))
	check("", "credentials", "schema", "confirmed", "first_rows", "clean")
	s.get(s.reader, "/v1/connections/"+s.connect(s.admin).ID+"/onboarding").want(t, 400, "not_a_client_connection")
}

func TestSampleRequests(t *testing.T) {
	s := newSystem(t)
	c := s.client("Till")
	at := "/v1/connections/" + c.Connection + "/objects/sales/sample-request"
	s.post(s.admin, "/v1/connections/"+c.Connection+"/objects", map[string]any{"name": "Sales", "id_field": "transaction_id",
		"fields": []any{map[string]any{"name": "amount", "type": "number", "required": true}, map[string]any{"name": "it's", "type": "text"}}}).want(t, 201)
	got := read[SampleRequest](t, s.get(s.reader, at).want(t, 200))
	for language, text := range map[string]string{"curl": got.Curl, "JavaScript": got.JavaScript, "Python": got.Python} {
		for _, part := range []string{"https://api.example.com/v1/push", c.ClientID, "Sales", "transaction_id", "amount", "it's", "LEADLINE_CLIENT_SECRET"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s:\n%s", language, part, text)
			}
		}
		if strings.Contains(text, c.ClientSecret) {
			t.Errorf("%s shows the secret", language)
		}
	}
	other := read[ClientWithSecret](t, s.post(s.admin, "/v1/clients", map[string]any{"name": "Shop", "connection": c.Connection}).want(t, 201))
	if got := read[SampleRequest](t, s.get(s.reader, at).want(t, 200)); !strings.Contains(got.Curl, "cli_...") {
		t.Errorf("one of two clients is written into it: %s", got.Curl)
	}
	if got := read[SampleRequest](t, s.get(s.reader, at+"?client="+other.ClientID).want(t, 200)); !strings.Contains(got.Curl, other.ClientID) {
		t.Errorf("the client is not written into it: %s", got.Curl)
	}
	s.get(s.reader, at+"?client="+s.client("elsewhere").ClientID).want(t, 404, "not_found")
	conn := s.connect(s.admin).ID
	s.follow(conn, "lead")
	s.get(s.reader, "/v1/connections/"+conn+"/objects/lead/sample-request").want(t, 400, "not_a_client_connection")
}

func TestTemplatesAreListedWithARow(t *testing.T) {
	s := newSystem(t)
	all := read[list[ObjectTemplate]](t, s.get(s.reader, "/v1/templates").want(t, 200))
	if len(all.Items) != len(schema.Templates()) || len(all.Items) == 0 {
		t.Fatalf("%d templates", len(all.Items))
	}
	for _, template := range all.Items {
		if template.IDField == "" || len(template.Fields) == 0 || len(template.Sample[template.IDField]) == 0 || template.Description == "" {
			t.Errorf("%+v", template)
		}
	}
}

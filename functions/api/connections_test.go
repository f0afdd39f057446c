package main

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func TestCreateConnection(t *testing.T) {
	s := newSystem(t)
	a := s.post(s.admin, "/v1/connections", map[string]any{"connector": "close", "name": "Close", "signature_key": signingKey}).want(t, 201)
	got := read[CreatedConnection](t, a)
	token, found := strings.CutPrefix(got.WebhookURL, "https://api.example.com/hooks/")
	if !found || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(token) {
		t.Fatalf("the webhook URL is %s", got.WebhookURL)
	}
	if !regexp.MustCompile(`^conn_[0-9a-z]{12}$`).MatchString(got.ID) || got.Status != "active" || got.Rev != 1 || got.Connector != "close" {
		t.Errorf("got %+v", got)
	}
	if len(got.Keys) != 1 || got.Keys[0].Fingerprint != tenant.Fingerprint(signingKey) || got.Keys[0].ExpiresAt != nil {
		t.Errorf("the keys are %+v", got.Keys)
	}
	if a.header.Get("Location") != "/v1/connections/"+got.ID || a.header.Get("ETag") != `"1"` {
		t.Errorf("the headers are %v", a.header)
	}

	// The receiver finds the connection by the token, and can open its key.
	hook, err := s.tenancy.Hook(t.Context(), tenant.HashToken(token))
	s.must(err)
	if hook.Organization != ours || hook.Connection != got.ID || hook.Connector != "close" || hook.Status != tenant.Active {
		t.Errorf("the hook is %+v", hook)
	}
	s.sealed(hook, signingKey)

	// What was secret is shown never again.
	for _, path := range []string{"/v1/connections", "/v1/connections/" + got.ID} {
		if body := string(s.get(s.admin, path).want(t, 200).body); strings.Contains(body, token) || strings.Contains(body, signingKey) {
			t.Errorf("%s shows a secret: %s", path, body)
		}
	}
	if strings.Contains(string(a.body), signingKey) {
		t.Error("the answer shows the signing key")
	}
}

// sealed fails unless exactly these keys are accepted, as the receiver sees it.
func (s *system) sealed(hook tenant.Hook, want ...string) {
	s.t.Helper()
	box, err := s.handler.Keyring.Open(s.t.Context(), hook.Organization, hook.DataKey)
	s.must(err)
	var got []string
	for _, k := range hook.Keys {
		text, err := box.Open(secret.PurposeSigningKey, k.Sealed)
		s.must(err)
		if strings.Contains(string(k.Sealed), string(text)) {
			s.t.Error("a key is stored in clear")
		}
		if k.Valid(s.clock.now()) {
			got = append(got, string(text))
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the keys are %v, want %v", got, want)
	}
}

func (s *system) hook(connection string) tenant.Hook {
	s.t.Helper()
	conn, err := s.tenancy.Connection(s.t.Context(), ours, connection)
	s.must(err)
	hook, err := s.tenancy.Hook(s.t.Context(), conn.Hook)
	s.must(err)
	return hook
}

func TestRotateKey(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	path := "/v1/connections/" + conn.ID + "/rotate-key"
	rotate := func(key string, overlap any) Connection {
		t.Helper()
		body := map[string]any{"signature_key": key}
		if overlap != nil {
			body["overlap_seconds"] = overlap
		}
		a := s.post(s.admin, path, body).want(t, 200)
		got := read[Connection](t, a)
		if a.header.Get("ETag") != etag(got.Rev) || strings.Contains(string(a.body), key) {
			t.Errorf("got %v %s", a.header, a.body)
		}
		return got
	}
	if got := rotate(signingKey, nil); len(got.Keys) != 1 || got.Rev != 2 {
		t.Errorf("the first key: %+v", got)
	}
	got := rotate(otherKey, nil)
	if len(got.Keys) != 2 || got.Keys[1].ExpiresAt == nil || !got.Keys[1].ExpiresAt.Equal(s.clock.now().Add(24*time.Hour)) {
		t.Errorf("the second key: %+v", got)
	}
	s.sealed(s.hook(conn.ID), otherKey, signingKey)

	if again := rotate(otherKey, 0); again.Rev != got.Rev || len(again.Keys) != 2 {
		t.Errorf("the present key again: %+v", again)
	}
	s.clock.advance(24 * time.Hour)
	if shown := read[Connection](t, s.get(s.reader, "/v1/connections/"+conn.ID)); len(shown.Keys) != 1 {
		t.Errorf("an expired key is shown: %+v", shown.Keys)
	}
	s.sealed(s.hook(conn.ID), otherKey)
	if alone := rotate(signingKey, 0); len(alone.Keys) != 1 {
		t.Errorf("without an overlap: %+v", alone)
	}
	s.sealed(s.hook(conn.ID), signingKey)

	s.post(s.admin, path, map[string]any{"signature_key": otherKey, "overlap_seconds": 30*24*3600 + 1}).want(t, 422, "invalid_request")
	s.post(s.admin, path, map[string]any{"signature_key": otherKey[:62]}).want(t, 400, "invalid_signature_key")
	s.post(s.admin, path, map[string]any{}).want(t, 422, "invalid_request")
}

func TestDisableAndEnable(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	path := "/v1/connections/" + conn.ID
	for _, c := range []struct {
		verb string
		want string
		rev  int64
	}{{"disable", "disabled", 2}, {"disable", "disabled", 2}, {"enable", "active", 3}, {"enable", "active", 3}} {
		got := read[Connection](t, s.post(s.admin, path+"/"+c.verb, nil).want(t, 200))
		if got.Status != c.want || got.Rev != c.rev || string(s.hook(conn.ID).Status) != c.want {
			t.Errorf("%s: got %+v", c.verb, got)
		}
	}
	s.post(s.admin, "/v1/connections/conn_nowhere/disable", nil).want(t, 404, "not_found")
}

func TestIfMatch(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	change := func(verb, ifMatch string) answer {
		t.Helper()
		var body any
		if verb == "rotate-key" {
			body = map[string]any{"signature_key": signingKey}
		}
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/" + verb, body: body,
			header: map[string]string{"if-match": ifMatch}})
	}
	for _, verb := range []string{"disable", "enable", "rotate-key"} {
		for _, tag := range []string{`"0"`, `"2"`, `1`, `W/"1"`, `"x", "y"`} {
			change(verb, tag).want(t, 412, "precondition_failed")
		}
	}
	change("disable", `"1"`).want(t, 200)
	change("disable", `"1"`).want(t, 412, "precondition_failed")
	change("enable", `"7", "2"`).want(t, 200)
	change("rotate-key", `*`).want(t, 200)
	if rev := read[Connection](t, s.get(s.admin, "/v1/connections/"+conn.ID)).Rev; rev != 4 {
		t.Errorf("rev %d after three changes", rev)
	}
}

// TestConcurrentChange: somebody else changes the connection between our read and our write.
func TestConcurrentChange(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	s.handler.Tenancy = &meddler{Tenancy: s.tenancy}
	s.post(s.admin, "/v1/connections/"+conn.ID+"/disable", nil).want(t, 409, "changed_meanwhile")
	s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/disable",
		header: map[string]string{"if-match": `"2"`}}).want(t, 412, "precondition_failed")
	s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/rotate-key",
		body: map[string]any{"signature_key": signingKey}, header: map[string]string{"idempotency-key": "k"}}).want(t, 409, "changed_meanwhile")
}

// meddler changes each connection just before it is written.
type meddler struct{ store.Tenancy }

func (m *meddler) UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, r *store.Receipt) error {
	present, err := m.Tenancy.Connection(ctx, c.Organization, c.ID)
	if err != nil {
		return err
	}
	present.Rev++
	if err := m.Tenancy.UpdateConnection(ctx, present, present.HookOf(tenant.Organization{DataKey: hook.DataKey}), nil); err != nil {
		return err
	}
	return m.Tenancy.UpdateConnection(ctx, c, hook, r)
}

func TestListConnectionsPages(t *testing.T) {
	s := newSystem(t)
	var want []string
	for range 7 {
		want = append(want, s.connect(s.admin).ID)
	}
	s.connect(s.stranger)
	slices.Sort(want)
	var got []string
	for _, c := range walk[Connection](s, s.reader, "/v1/connections?limit=3") {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// walk reads all pages of a list.
func walk[T any](s *system, key, path string) []T {
	s.t.Helper()
	var all []T
	next := ""
	for range 100 {
		p := read[list[T]](s.t, s.get(key, path+next).want(s.t, 200))
		all = append(all, p.Items...)
		if p.Next == "" {
			return all
		}
		next = "&cursor=" + p.Next
	}
	s.t.Fatalf("%s does not end", path)
	return nil
}

func TestIdempotencyKey(t *testing.T) {
	s := newSystem(t)
	create := func(key, idempotency, name string) answer {
		return s.do(request{key: key, method: http.MethodPost, path: "/v1/connections", body: map[string]any{"connector": "close", "name": name},
			header: map[string]string{"idempotency-key": idempotency}})
	}
	first := create(s.admin, "k1", "A").want(t, 201)
	again := create(s.admin, "k1", "A").want(t, 201)
	if string(first.body) != string(again.body) || again.header.Get("ETag") != `"1"` || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	create(s.admin, "k1", "B").want(t, 409, "idempotency_key_reused")
	create(s.admin, "k2", "A").want(t, 201)
	create(s.stranger, "k1", "A").want(t, 201)
	if n := len(walk[Connection](s, s.admin, "/v1/connections?limit=50")); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}

	conn := read[CreatedConnection](t, first)
	rotate := func(idempotency, key string) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/rotate-key",
			body: map[string]any{"signature_key": key}, header: map[string]string{"idempotency-key": idempotency, "if-match": `"1"`}})
	}
	rotate("k1", signingKey).want(t, 409, "idempotency_key_reused")
	one := rotate("k3", signingKey).want(t, 200)
	// The resend is answered although the ETag has moved on by what it did itself.
	if two := rotate("k3", signingKey).want(t, 200); string(one.body) != string(two.body) {
		t.Errorf("the resend is answered otherwise: %s", two.body)
	}
	rotate("k3", otherKey).want(t, 409, "idempotency_key_reused")

	receipt, err := s.tenancy.Receipt(t.Context(), ours, "k1", s.clock.now())
	s.must(err)
	if text, _ := json.Marshal(receipt); strings.Contains(string(receipt.Answer), conn.WebhookURL) || strings.Contains(string(text), conn.WebhookURL) {
		t.Error("the receipt shows the webhook URL")
	}
	s.clock.advance(24 * time.Hour)
	create(s.admin, "k1", "B").want(t, 201)
}

// TestAResendOfWhatChangedNothingChangesNothing: a request that found everything as it wants it must not act later, when
// it is sent again and others have changed it meanwhile.
func TestAResendOfWhatChangedNothingChangesNothing(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	send := func(verb, idempotency string, body any) answer {
		t.Helper()
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/" + verb, body: body,
			header: map[string]string{"idempotency-key": idempotency}}).want(t, 200)
	}
	one, two := map[string]any{"signature_key": signingKey}, map[string]any{"signature_key": otherKey, "overlap_seconds": 0}
	send("rotate-key", "", one)
	first := send("rotate-key", "k1", one)
	send("rotate-key", "", two)
	if again := send("rotate-key", "k1", one); string(again.body) != string(first.body) || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	s.sealed(s.hook(conn.ID), otherKey)

	first = send("enable", "k2", nil)
	send("disable", "k3", nil)
	if again := send("enable", "k2", nil); string(again.body) != string(first.body) || s.hook(conn.ID).Status != tenant.Disabled {
		t.Errorf("the resend enables the connection again: %s", again.body)
	}
	send("enable", "k4", nil)
	send("disable", "k3", nil)
	if status := s.hook(conn.ID).Status; status != tenant.Active {
		t.Errorf("the resend disables the connection again: %s", status)
	}
	s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections/" + conn.ID + "/disable",
		header: map[string]string{"idempotency-key": "k2"}}).want(t, 409, "idempotency_key_reused")
}

// TestIdempotencyKeyRace: the same request arrives twice at once, and both look before either writes.
func TestIdempotencyKeyRace(t *testing.T) {
	s := newSystem(t)
	send := func() answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections", body: map[string]any{"connector": "close", "name": "A"},
			header: map[string]string{"idempotency-key": "k"}})
	}
	race := &racer{Tenancy: s.tenancy, meanwhile: func() { send().want(t, 201) }}
	s.handler.Tenancy = race
	got := read[CreatedConnection](t, send().want(t, 201))
	all := walk[Connection](s, s.admin, "/v1/connections?limit=50")
	if len(all) != 1 || all[0].ID != got.ID {
		t.Errorf("the race made %+v and answered %s", all, got.ID)
	}
}

// racer lets another request through before the first write.
type racer struct {
	store.Tenancy
	meanwhile func()
}

func (r *racer) CreateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *store.Receipt) error {
	if m := r.meanwhile; m != nil {
		r.meanwhile = nil
		m()
	}
	return r.Tenancy.CreateConnection(ctx, c, hook, receipt)
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/syncing"
)

// provider is a small provider: API keys, and tokens for codes.
type provider struct {
	*httptest.Server
	mu sync.Mutex
	// accounts are those of keys and tokens.
	accounts map[string]string
	// account is that of whoever agrees; code is what works once.
	account, code string
	serial        int
	down          bool
	calls         int
}

const (
	goodKey  = "api_good_5ecret"
	otherCRM = "api_other_5ecret"
	badKey   = "api_bad_5ecret"
)

func newProvider(t testing.TB) *provider {
	p := &provider{accounts: map[string]string{goodKey: "orga_1", "api_second_5ecret": "orga_1", otherCRM: "orga_2"}, account: "orga_1", code: "code-5ecret"}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	account, known := p.accounts[key]
	switch {
	case p.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/oauth2/token/":
		if r.PostFormValue("code") != p.code || r.PostFormValue("client_secret") != "client-5ecret" || r.PostFormValue("code_verifier") == "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"What is %s?"}`, r.PostFormValue("code"))
			return
		}
		p.serial++
		token := fmt.Sprintf("access-5ecret-%d", p.serial)
		p.accounts[token] = p.account
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"refresh-5ecret","expires_in":3600}`, token)
	case r.URL.Path != "/v1/me/":
		w.WriteHeader(http.StatusNotFound)
	case !known:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"Nobody has the key %s."}`, key)
	default:
		fmt.Fprintf(w, `{"account":%q}`, account)
	}
}

// with changes the provider.
func (p *provider) with(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// definition describes the provider; its webhooks are those of another.
func (p *provider) definition(webhook *connector.Webhook) connector.Definition {
	pull := &connector.Pull{Revision: 1, Objects: []connector.Object{{Name: "deal", Scopes: []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.Matching}},
		{Name: "user", Small: true, Scopes: []connector.ScopeKind{connector.All}}}}
	return connector.Definition{Name: "example", Title: "Example", Webhook: webhook, Pull: pull, API: &connector.API{
		BaseURL: "https://api.crm.example/v1", Hosts: []string{"api.crm.example"},
		Logins: []connector.Login{{Kind: connector.APIKey}, {Kind: connector.OAuth2, AuthorizeURL: "https://app.crm.example/authorize", TokenURL: "/oauth2/token/", Rotates: true}},
		Judge: func(a connector.Answer) connector.Verdict {
			v := connector.StandardJudge(a)
			v.Message = connector.ErrorText(a.Body, "error")
			return v
		},
		Probe: func(ctx context.Context, c connector.Client) (connector.Identity, error) {
			a, err := c.Do(ctx, connector.Request{Method: http.MethodGet, Path: "/me/"})
			if err != nil {
				return connector.Identity{}, err
			}
			var me struct{ Account string }
			err = a.Decode(&me)
			return connector.Identity{AccountID: me.Account, AccountName: "Name of " + me.Account, UserID: "user_1", UserName: "Ann", UserEmail: "ann@example.com",
				Permissions: []string{"read"}, Missing: []connector.MissingPermission{{Permission: "manage_webhooks", Needed: "Live changes."}}}, err
		},
	}}
}

// fetched is the fetch queue, which notes what is put into it.
type fetched struct {
	mu   sync.Mutex
	sent []syncing.Message
	err  error
	// left is how many messages it takes before it fails; negative for all.
	left int
}

// failsAfter makes it fail behind so many messages.
func (f *fetched) failsAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = n
}

func (f *fetched) Send(_ context.Context, _ string, body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if f.left == 0 {
		return context.DeadlineExceeded
	}
	f.left--
	m, err := syncing.Decode(body)
	f.sent = append(f.sent, m)
	return err
}

func (f *fetched) SendAfter(ctx context.Context, group string, body []byte, _ time.Duration) error {
	return f.Send(ctx, group, body)
}

// tended gives the connections that are to be seen to, and forgets them.
func (f *fetched) tended() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, m := range f.sent {
		if m.Kind == syncing.Tend {
			all = append(all, m.Organization+" "+m.Connection)
		}
	}
	f.sent = nil
	return all
}

func byKey(key string) map[string]any { return map[string]any{"kind": "api_key", "api_key": key} }

func byOAuth() map[string]any {
	return map[string]any{"kind": "oauth2", "client_id": "client", "client_secret": "client-5ecret"}
}

// crmConnection makes a connection that logs in.
func (s *system) crmConnection(login any) CreatedConnection {
	s.t.Helper()
	body := map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1/", "login": login}
	return read[CreatedConnection](s.t, s.post(s.owner, "/v1/connections", body).want(s.t, 201))
}

// agree plays the person at an authorize_url, who is sent back with a code.
func (s *system) agree(authorizeURL, code string) answer {
	s.t.Helper()
	return s.get("", s.wayBack(authorizeURL, "code", code))
}

func (s *system) wayBack(authorizeURL, name, value string) string {
	s.t.Helper()
	s.clock.advance(time.Second) // so that what is noted has an order
	u, err := url.Parse(authorizeURL)
	s.must(err)
	q := u.Query()
	if !strings.HasPrefix(authorizeURL, s.crm.URL+"/authorize?") || q.Get("redirect_uri") != "https://api.example.com/v1/oauth/callback" || q.Get("client_id") != "client" {
		s.t.Fatalf("sent to %s", authorizeURL)
	}
	return "/v1/oauth/callback?" + url.Values{"state": {q.Get("state")}, name: {value}}.Encode()
}

// agreed makes a connection that a person has agreed to.
func (s *system) agreed() CreatedConnection {
	s.t.Helper()
	conn := s.crmConnection(byOAuth())
	s.agree(conn.AuthorizeURL, "code-5ecret").want(s.t, 200)
	return conn
}

func TestConnectWithAnAPIKey(t *testing.T) {
	s := newSystem(t)
	body := map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1/", "login": byKey(goodKey)}
	a := s.post(s.admin, "/v1/connections", body).want(t, 201)
	got := read[CreatedConnection](t, a)
	if got.Identity == nil || got.Identity.Account != (Account{"orga_1", "Name of orga_1"}) || got.Identity.User != (ProviderUser{"user_1", "Ann", "ann@example.com"}) ||
		!slices.Equal(got.Permissions, []string{"read"}) || len(got.LoginTest.Missing) != 1 || got.LoginTest.Missing[0].Needed != "Live changes." {
		t.Errorf("got %s", a.body)
	}
	if got.BaseURL != s.crm.URL+"/v1" || got.Account == nil || got.Account.ID != "orga_1" || got.Rev != 1 || a.header.Get("ETag") != `"1"` || got.WebhookURL == "" {
		t.Errorf("got %s", a.body)
	}
	if l := got.Login; l == nil || l.Kind != "api_key" || l.State != "ok" || len(l.Fingerprint) != 8 || l.ExpiresAt != nil || l.TestedAt == nil || l.User.Name != "Ann" || len(l.Missing) != 1 {
		t.Errorf("the login is %+v", got.Login)
	}
	if all := s.fetch.tended(); !slices.Equal(all, []string{ours + " " + got.ID}) {
		t.Errorf("to be seen to: %v", all)
	}
	shown := s.get(s.reader, "/v1/connections/"+got.ID).want(t, 200)
	listed := s.get(s.reader, "/v1/connections").want(t, 200)
	if read[Connection](t, shown).Login.State != "ok" || read[list[Connection]](t, listed).Items[0].Login.Fingerprint != got.Login.Fingerprint {
		t.Errorf("shown %s, listed %s", shown.body, listed.body)
	}
	for _, a := range []answer{a, shown, listed} {
		if strings.Contains(string(a.body), "5ecret") {
			t.Errorf("a secret is shown: %s", a.body)
		}
	}
	for verb, state := range map[string]string{"disable": "disabled", "enable": "active"} {
		if got := read[Connection](t, s.post(s.admin, "/v1/connections/"+got.ID+"/"+verb, nil).want(t, 200)); got.Status != state || got.Login == nil {
			t.Errorf("%s: %+v", verb, got)
		}
	}
}

func TestConnectionsThatDoNotCome(t *testing.T) {
	s := newSystem(t)
	for name, c := range map[string]struct {
		change func(map[string]any)
		status int
		code   string
		says   string
	}{
		"a bad key":           {func(b map[string]any) { b["login"] = byKey(badKey) }, 409, "credentials_refused", "Nobody has the key"},
		"an empty key":        {func(b map[string]any) { b["login"] = byKey("") }, 400, "incomplete_login", "empty"},
		"no client":           {func(b map[string]any) { b["login"] = map[string]any{"kind": "oauth2"} }, 400, "incomplete_login", "client_id"},
		"another kind":        {func(b map[string]any) { b["login"] = map[string]any{"kind": "client_credentials"} }, 400, "unknown_login", "Example"},
		"a wrong place":       {func(b map[string]any) { b["base_url"] = s.crm.URL + "/v2" }, 409, "connection_test_failed", "has no such thing"},
		"nobody there":        {func(b map[string]any) { b["base_url"] = "http://127.0.0.1:1/v1" }, 409, "provider_unavailable", "could not be reached"},
		"a foreign host":      {func(b map[string]any) { b["base_url"] = "https://evil.example.com/v1" }, 400, "invalid_base_url", "no host of the provider"},
		"production":          {func(b map[string]any) { delete(b, "base_url") }, 400, "production_crm", "sandbox"},
		"production, spelled": {func(b map[string]any) { b["base_url"] = "https://api.crm.example/v1" }, 400, "production_crm", "sandbox"},
		"no API":              {func(b map[string]any) { b["connector"] = "mute" }, 400, "unknown_connector", "mute"},
	} {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1", "login": byKey(goodKey)}
			c.change(body)
			before := s.state()
			a := s.post(s.admin, "/v1/connections", body).want(t, c.status, c.code)
			if !strings.Contains(string(a.body), c.says) || strings.Contains(string(a.body), "5ecret") {
				t.Errorf("it says %s", a.body)
			}
			if s.state() != before || len(s.fetch.tended()) > 0 {
				t.Error("something was stored")
			}
		})
	}
	s.crm.with(func() { s.crm.down = true })
	s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1", "login": byKey(goodKey)}).want(t, 409, "provider_unavailable")
	if s.log.Len() > 0 {
		t.Errorf("others' faults are logged as ours: %s", s.log)
	}
}

func TestProductionIsAllowedWhereItIs(t *testing.T) {
	for _, c := range []struct {
		stage   string
		allowed bool
		want    int
		code    string
	}{
		{"prod", false, 409, "provider_unavailable"}, {"test", true, 409, "provider_unavailable"}, {"test", false, 400, "production_crm"}, {"dev", false, 400, "production_crm"},
	} {
		s := newSystem(t)
		s.handler.Stage, s.handler.AllowProductionCRM = c.stage, c.allowed
		s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "CRM", "login": byKey(goodKey)}).want(t, c.want, c.code)
		// Listening needs no login.
		s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "CRM"}).want(t, 201)
	}
}

func TestAResendOfAConnect(t *testing.T) {
	s := newSystem(t)
	r := request{key: s.admin, method: http.MethodPost, path: "/v1/connections", header: map[string]string{"Idempotency-Key": "once"},
		body: map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1", "login": byKey(goodKey)}}
	s.fetch.err = context.DeadlineExceeded
	s.do(r).want(t, 503, "unavailable") // it is stored, and nobody was told
	s.fetch.err = nil
	got := read[CreatedConnection](t, s.do(r).want(t, 201))
	if all := read[list[Connection]](t, s.get(s.admin, "/v1/connections")); len(all.Items) != 1 || all.Items[0].ID != got.ID || got.Identity == nil {
		t.Errorf("got %+v, listed %+v", got, all)
	}
	if all := s.fetch.tended(); len(all) != 1 || s.crm.calls != 1 {
		t.Errorf("to be seen to: %v after %d calls", all, s.crm.calls)
	}
}

func TestReplaceLogin(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey))
	path := "/v1/connections/" + conn.ID + "/login"
	s.fetch.tended()
	s.put(s.admin, path, byKey(badKey), "").want(t, 409, "credentials_refused")
	s.put(s.admin, path, byKey("api_second_5ecret"), `"7"`).want(t, 412, "precondition_failed")
	if l := read[Connection](t, s.get(s.reader, "/v1/connections/"+conn.ID)).Login; l.Fingerprint != conn.Login.Fingerprint || l.State != "ok" {
		t.Errorf("got %+v", l)
	}
	a := s.put(s.admin, path, byKey("api_second_5ecret"), `"1"`).want(t, 200)
	got := read[TestedConnection](t, a)
	if got.Login.Fingerprint == conn.Login.Fingerprint || got.Identity == nil || got.Rev != 2 || a.header.Get("ETag") != `"2"` || strings.Contains(string(a.body), "5ecret") {
		t.Errorf("got %s", a.body)
	}
	if len(s.fetch.tended()) != 1 {
		t.Error("nobody was told")
	}
	s.put(s.admin, path, byKey(otherCRM), "").want(t, 409, "other_account")
	other := byKey(otherCRM)
	other["accept_other_account"] = true
	if got := read[TestedConnection](t, s.put(s.admin, path, other, "").want(t, 200)); got.Account.ID != "orga_2" {
		t.Errorf("got %+v", got.Account)
	}
	// One that only listened gets its first login; one of client software none.
	plain := read[CreatedConnection](t, s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "CRM"}).want(t, 201))
	if plain.Login != nil {
		t.Errorf("got %+v", plain.Login)
	}
	s.put(s.admin, "/v1/connections/"+plain.ID+"/login", byKey(goodKey), "").want(t, 400, "production_crm")
	s.put(s.admin, "/v1/connections/"+plain.ID+"/settings", map[string]any{"base_url": s.crm.URL + "/v1"}, "").want(t, 200)
	if got := read[TestedConnection](t, s.put(s.admin, "/v1/connections/"+plain.ID+"/login", byKey(goodKey), "").want(t, 200)); got.Login.State != "ok" || got.Account.ID != "orga_1" {
		t.Errorf("got %+v", got)
	}
	client := read[ClientWithSecret](t, s.post(s.owner, "/v1/clients", map[string]any{"name": "Till"}).want(t, 201))
	s.put(s.admin, "/v1/connections/"+client.Connection+"/login", byKey(goodKey), "").want(t, 400, "no_api")
}

func TestTestConnection(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey))
	path := "/v1/connections/" + conn.ID
	if got := read[TestedConnection](t, s.post(s.admin, path+"/test", nil).want(t, 200)); got.Identity.User.Email != "ann@example.com" {
		t.Errorf("got %+v", got)
	}
	s.crm.with(func() { delete(s.crm.accounts, goodKey) })
	if a := s.post(s.admin, path+"/test", nil).want(t, 409, "credentials_refused"); strings.Contains(string(a.body), "5ecret") {
		t.Errorf("got %s", a.body)
	}
	if l := read[Connection](t, s.get(s.reader, path)).Login; l.State != "revoked" || l.Reason == "" || l.Since == nil {
		t.Errorf("got %+v", l)
	}
	s.crm.with(func() { s.crm.accounts[goodKey] = "orga_1" })
	if got := read[TestedConnection](t, s.post(s.admin, path+"/test", nil).want(t, 200)); got.Login.State != "ok" || got.Login.Reason != "" {
		t.Errorf("got %+v", got.Login)
	}
	s.crm.with(func() { s.crm.down = true })
	s.post(s.admin, path+"/test", nil).want(t, 409, "provider_unavailable")
	if l := read[Connection](t, s.get(s.reader, path)).Login; l.State != "ok" {
		t.Errorf("a provider that is down revokes nothing: %+v", l)
	}
	plain := s.connect(s.admin)
	s.handler.AllowProductionCRM = true
	s.post(s.admin, "/v1/connections/"+plain.ID+"/test", nil).want(t, 409, "no_login")
}

func TestUpdateConnection(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byKey(goodKey))
	path := "/v1/connections/" + conn.ID + "/settings"
	a := s.put(s.admin, path, map[string]any{"name": "New"}, `"1"`).want(t, 200)
	if got := read[Connection](t, a); got.Name != "New" || got.BaseURL != conn.BaseURL || got.Rev != 2 || a.header.Get("ETag") != `"2"` || got.Login == nil {
		t.Errorf("got %+v", got)
	}
	s.put(s.admin, path, map[string]any{"name": "Newer"}, `"1"`).want(t, 412, "precondition_failed")
	if got := read[Connection](t, s.put(s.admin, path, map[string]any{}, "").want(t, 200)); got.Rev != 2 {
		t.Errorf("what changes nothing counts: %+v", got)
	}
	s.put(s.admin, path, map[string]any{"base_url": "https://evil.example.com"}, "").want(t, 400, "invalid_base_url")
	s.put(s.admin, path, map[string]any{"base_url": s.crm.URL + "/v2"}, "").want(t, 409, "connection_test_failed")
	s.put(s.admin, path, map[string]any{"base_url": ""}, "").want(t, 400, "production_crm")
	// The same sandbox by another name.
	moved := strings.Replace(s.crm.URL, "127.0.0.1", "localhost", 1) + "/v1"
	if got := read[Connection](t, s.put(s.admin, path, map[string]any{"base_url": moved}, "").want(t, 200)); got.BaseURL != moved || got.Rev != 3 {
		t.Errorf("got %+v", got)
	}
	s.crm.with(func() { s.crm.accounts[goodKey] = "orga_2" })
	s.put(s.admin, path, map[string]any{"base_url": s.crm.URL + "/v1"}, "").want(t, 409, "other_account")
}

func TestConnectByOAuth(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byOAuth())
	if conn.Login.State != "pending" || conn.AuthorizeURL == "" || conn.Identity != nil || conn.Account != nil || len(s.fetch.tended()) > 0 {
		t.Fatalf("got %+v", conn)
	}
	path := "/v1/connections/" + conn.ID
	s.post(s.admin, path+"/test", nil).want(t, 409, "no_login")
	fresh := read[TestedConnection](t, s.post(s.admin, path+"/authorize", nil).want(t, 200))
	s.agree(conn.AuthorizeURL, "code-5ecret").want(t, 400) // only the last one works
	a := s.agree(fresh.AuthorizeURL, "code-5ecret").want(t, 200)
	if page := string(a.body); !strings.Contains(page, "Connected") || !strings.Contains(page, "Name of orga_1") || strings.Contains(page, "5ecret") || strings.Contains(page, "{{") {
		t.Errorf("the page is %s", page)
	}
	if a.header.Get("Content-Type") != htmlType || a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Cache-Control") != "no-store" || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the headers are %v", a.header)
	}
	got := read[Connection](t, s.get(s.reader, path))
	if got.Login.State != "ok" || got.Login.Kind != "oauth2" || got.Login.ExpiresAt == nil || got.Account.ID != "orga_1" {
		t.Errorf("got %+v", got)
	}
	if all := s.fetch.tended(); !slices.Equal(all, []string{ours + " " + conn.ID}) {
		t.Errorf("to be seen to: %v", all)
	}
	s.agree(fresh.AuthorizeURL, "code-5ecret").want(t, 400) // and once
	s.post(s.admin, path+"/test", nil).want(t, 200)

	entries := read[list[AuditEntry]](t, s.get(s.admin, "/v1/audit?operation=finish-authorization")).Items
	if len(entries) != 3 || entries[1].Outcome != "done" || entries[0].Outcome != "authorization_invalid" || entries[1].Target != "connections/"+conn.ID || entries[1].Actor != "provider" {
		t.Errorf("noted %+v", entries)
	}

	again := read[TestedConnection](t, s.post(s.admin, path+"/authorize", nil).want(t, 200))
	if again.Login.State != "ok" || again.AuthorizeURL == "" {
		t.Errorf("what works goes on: %+v", again)
	}
	s.crm.with(func() { s.crm.account = "orga_2" })
	if a := s.agree(again.AuthorizeURL, "code-5ecret").want(t, 409); !strings.Contains(string(a.body), "orga_2") {
		t.Errorf("the page is %s", a.body)
	}
	again = read[TestedConnection](t, s.post(s.admin, path+"/authorize", map[string]any{"accept_other_account": true}).want(t, 200))
	s.agree(again.AuthorizeURL, "code-5ecret").want(t, 200)
	if got := read[Connection](t, s.get(s.reader, path)); got.Account.ID != "orga_2" {
		t.Errorf("got %+v", got.Account)
	}
	if strings.Contains(s.log.String(), "5ecret") || s.log.Len() > 0 {
		t.Errorf("logged %s", s.log)
	}
	s.post(s.admin, "/v1/connections/"+s.crmConnection(byKey(goodKey)).ID+"/authorize", nil).want(t, 400, "incomplete_login")
}

func TestWaysBackThatLeadNowhere(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byOAuth())
	before := s.state()
	for _, path := range []string{"/v1/oauth/callback", "/v1/oauth/callback?state=x&code=y", "/v1/oauth/callback?state=" + ours + "." + conn.ID + ".x.AAAA&code=y"} {
		if a := s.get("", path).want(t, 400); a.header.Get("Content-Type") != htmlType || !strings.Contains(string(a.body), "Not connected") {
			t.Errorf("%s: %v %s", path, a.header, a.body)
		}
	}
	if a := s.get("", s.wayBack(conn.AuthorizeURL, "error", "access_denied<script>")).want(t, 400); strings.Contains(string(a.body), "<script>") || !strings.Contains(string(a.body), "not agreed to") {
		t.Errorf("the page is %s", a.body)
	}
	if s.state() != before {
		t.Error("something changed")
	}
	s.agree(conn.AuthorizeURL, "a wrong code").want(t, 409)
	if l := read[Connection](t, s.get(s.reader, "/v1/connections/"+conn.ID)).Login; l.State != "pending" {
		t.Errorf("got %+v", l)
	}
	late := read[TestedConnection](t, s.post(s.admin, "/v1/connections/"+conn.ID+"/authorize", nil).want(t, 200))
	s.crm.with(func() { s.crm.down = true })
	if a := s.agree(late.AuthorizeURL, "code-5ecret").want(t, 409); !strings.Contains(string(a.body), "failed to give a token") {
		t.Errorf("the page is %s", a.body)
	}
}

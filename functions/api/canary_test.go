package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	sandbox "leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/connector/canarytest"
	"leadline/shared/store"
)

// TestNoSecretIsAnswered has Close fail in every way while it quotes all that it was sent, under each operation that logs in:
// no answer, log line, audit entry or stored thing repeats a key, a token, a code or a client's secret.
func TestNoSecretIsAnswered(t *testing.T) {
	s := newSystem(t)
	proxy := canarytest.New(t, server.New(server.Options{Options: sandbox.Options{Seed: 1, Records: 30}}))
	base := proxy.URL + "/api/v1"
	byKey := func(key string) map[string]any { return map[string]any{"kind": "api_key", "api_key": key} }
	oauth := map[string]any{"kind": "oauth2", "client_id": server.DefaultClientID, "client_secret": server.DefaultClientSecret}
	create := func(login any) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/connections", header: map[string]string{"Idempotency-Key": fmt.Sprint(s.clock.now())},
			body: map[string]any{"connector": "close", "name": "CRM", "base_url": base, "login": login}})
	}
	agree := func(to string) answer {
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Get(to)
		s.must(err)
		s.must(response.Body.Close())
		back, err := url.Parse(response.Header.Get("Location"))
		s.must(err)
		s.clock.advance(time.Second)
		return s.get("", "/v1/oauth/callback?"+back.RawQuery)
	}
	keyed := read[CreatedConnection](t, create(byKey(server.AdminKey)).want(t, 201))
	s.clock.advance(time.Second)
	agreed := read[CreatedConnection](t, create(oauth).want(t, 201))
	agree(agreed.AuthorizeURL).want(t, 200)
	path := func(c CreatedConnection) string { return "/v1/connections/" + c.ID }
	for _, f := range canarytest.Faults() {
		s.clock.advance(2 * time.Hour) // tokens have run out; logins may be tried again
		asked := read[TestedConnection](t, s.post(s.admin, path(agreed)+"/authorize", nil).want(t, 200))
		for _, step := range []struct {
			what string
			do   func() answer
		}{ // the connection is moved first: one that is revoked would not be tested at its new place
			{"move", func() answer {
				return s.put(s.admin, path(keyed)+"/settings", map[string]any{"base_url": strings.Replace(base, "127.0.0.1", "localhost", 1)}, "")
			}},
			{"create", func() answer { return create(byKey("api_key-of-n0body-at-all")) }},
			{"replace", func() answer { return s.put(s.admin, path(keyed)+"/login", byKey("api_another-of-n0body"), "") }},
			{"test a key", func() answer { return s.post(s.admin, path(keyed)+"/test", nil) }},
			{"test a token", func() answer { return s.post(s.admin, path(agreed)+"/test", nil) }},
			{"exchange a code", func() answer {
				proxy.Spoil(func(r *http.Request) *canarytest.Fault {
					if r.URL.Path == "/oauth2/authorize/" {
						return nil
					}
					return &f
				})
				return agree(asked.AuthorizeURL)
			}},
		} {
			proxy.Spoil(func(*http.Request) *canarytest.Fault { return &f })
			a := step.do()
			if proxy.Spoilt() == 0 {
				t.Errorf("%s: nothing of %s was spoilt: %d %s", f.Name, step.what, a.status, a.body)
			}
			proxy.Check(t, f.Name+": the answer to "+step.what, fmt.Sprintf("%s %v", a.body, a.header))
			proxy.Spoil(nil)
		}
		s.unspoilt(proxy, f.Name)
		s.post(s.admin, path(keyed)+"/test", nil).want(t, 200)
	}
}

// unspoilt looks for secrets in all that is kept and shown.
func (s *system) unspoilt(proxy *canarytest.Proxy, where string) {
	s.t.Helper()
	for _, path := range []string{"/v1/connections", "/v1/audit", "/v1/notices"} {
		proxy.Check(s.t, where+": "+path, string(s.get(s.admin, path+"?limit=200").want(s.t, 200).body))
	}
	proxy.Check(s.t, where+": the log", s.log.String())
	proxy.Check(s.t, where+": the journal", fmt.Sprintf("%+v", s.journal))
	logins, _, err := s.logins.Logins(s.t.Context(), ours, store.Page{Limit: 100})
	s.must(err)
	text, err := json.Marshal(logins)
	s.must(err)
	proxy.Check(s.t, where+": the logins", string(text))
	proxy.Check(s.t, where+": what is stored", s.state())
}

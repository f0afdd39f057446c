package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/server"
)

func TestRateLimits(t *testing.T) {
	s := start(t, server.Options{RPS: 2, Window: 5 * time.Second})
	for i := range 10 {
		r := s.send("GET", "~status/lead/", nil)
		if want := "limit=10, remaining=" + itoa(9-i) + ", reset=5"; r.StatusCode != http.StatusOK || r.Header.Get("RateLimit") != want {
			t.Fatalf("request %d: %d %q, want %q", i, r.StatusCode, r.Header.Get("RateLimit"), want)
		}
	}
	s.clock.add(1250 * time.Millisecond)
	r := s.send("GET", "~status/lead/", nil)
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("retry-after") != "4" || r.Header.Get("RateLimit") != "limit=10, remaining=0, reset=3.8" {
		t.Errorf("%d, retry-after %q, %q", r.StatusCode, r.Header.Get("retry-after"), r.Header.Get("RateLimit"))
	}
	s.get("~status/opportunity/") // another group
	s.key = server.ManagerKey
	s.get("~status/lead/") // another key
	s.key = server.AdminKey
	s.clock.add(3750 * time.Millisecond)
	s.get("~status/lead/")
	for _, c := range s.Counts() {
		if c.Key == "api_sandboxadmin" && c.Group == "GET status/lead" && (c.Requests != 12 || c.Refused != 1) {
			t.Errorf("counted %+v", c)
		}
	}
}

func TestTheOrganizationHasThreeTimesTheLimit(t *testing.T) {
	keys := map[string]string{}
	for _, k := range []string{"a", "b", "c", "d"} {
		keys[k] = "admin"
	}
	s := start(t, server.Options{RPS: 1, Window: 2 * time.Second, Keys: keys, Semicolons: true})
	passed := 0
	for k := range keys {
		s.key = k
		for range 3 {
			r := s.send("GET", "~me/", nil)
			if r.StatusCode == http.StatusOK {
				passed++
			}
			if !strings.Contains(r.Header.Get("RateLimit"), "limit=2; remaining=") {
				t.Fatalf("header %q", r.Header.Get("RateLimit"))
			}
		}
	}
	if passed != 6 {
		t.Errorf("%d requests passed, want 6", passed)
	}
}

// form posts a form to the OAuth endpoints.
func (s *sandbox) form(want int, path string, values ...string) map[string]any {
	s.t.Helper()
	v := url.Values{"client_id": {server.DefaultClientID}, "client_secret": {server.DefaultClientSecret}}
	for i := 0; i < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	key := s.key
	s.key = ""
	defer func() { s.key = key }()
	return s.ask(want, "POST", path, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (s *sandbox) code() string {
	s.t.Helper()
	r := s.send("GET", "/oauth2/authorize/?client_id="+server.DefaultClientID+"&response_type=code&state=s1&redirect_uri="+url.QueryEscape("http://127.0.0.1:1/back?x=1"), nil)
	to, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.StatusCode != http.StatusFound || to.Query().Get("state") != "s1" || to.Query().Get("x") != "1" {
		s.t.Fatalf("%d to %v: %v", r.StatusCode, to, err)
	}
	return to.Query().Get("code")
}

func TestOAuth(t *testing.T) {
	s := start(t, server.Options{TokenLife: time.Minute})
	code := s.code()
	one := s.form(http.StatusOK, "/oauth2/token/", "grant_type", "authorization_code", "code", code)
	if text(one, "organization_id") != s.OrganizationID() || text(one, "scope") != "all.full_access offline_access" {
		t.Errorf("the grant is %v", one)
	}
	s.form(http.StatusBadRequest, "/oauth2/token/", "grant_type", "authorization_code", "code", code)
	s.form(http.StatusUnauthorized, "/oauth2/token/", "grant_type", "authorization_code", "code", s.code(), "client_secret", "wrong")
	as := func(want int, token any) {
		t.Helper()
		s.key = ""
		s.ask(want, "GET", "~me/", nil, "Authorization", "Bearer "+token.(string))
	}
	as(http.StatusOK, one["access_token"])
	s.clock.add(time.Minute)
	as(http.StatusUnauthorized, one["access_token"])
	two := s.form(http.StatusOK, "/oauth2/token/", "grant_type", "refresh_token", "refresh_token", text(one, "refresh_token"))
	as(http.StatusOK, two["access_token"])
	if again := s.form(http.StatusBadRequest, "/oauth2/token/", "grant_type", "refresh_token", "refresh_token", text(one, "refresh_token")); again["error"] != "invalid_grant" {
		t.Errorf("a refresh token used twice: %v", again)
	}
	as(http.StatusOK, two["access_token"]) // the new grant is not hurt
	s.form(http.StatusOK, "/oauth2/revoke/", "token", text(two, "refresh_token"))
	as(http.StatusUnauthorized, two["access_token"])
	s.form(http.StatusBadRequest, "/oauth2/token/", "grant_type", "refresh_token", "refresh_token", text(two, "refresh_token"))
	s.form(http.StatusBadRequest, "/oauth2/token/", "grant_type", "password")
	late := s.code()
	s.clock.add(11 * time.Minute)
	s.form(http.StatusBadRequest, "/oauth2/token/", "grant_type", "authorization_code", "code", late)
}

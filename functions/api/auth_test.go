package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// everyRoute gives a request for each route of the description: with a connection, a record and an entry of ours in its
// path, and a body where one is needed.
func everyRoute(s *system, connection string) []request {
	bodies := map[string]any{
		"/v1/connections":                         map[string]any{"connector": "close", "name": "another"},
		"/v1/connections/{connection}/rotate-key": map[string]any{"signature_key": otherKey},
	}
	var all []request
	for _, op := range s.doc.Operations() {
		r := request{method: op.Method, path: strings.NewReplacer("{connection}", connection, "{object}", "opportunity",
			"{record}", "oppo_1", "{entry}", "01ENTRY").Replace(op.Path)}
		if op.Method == http.MethodPost {
			r.body = bodies[op.Path]
		}
		all = append(all, r)
	}
	return all
}

// full is a system with something of ours on every route.
func full(t *testing.T) (*system, []request) {
	s := newSystem(t)
	conn := s.connect(s.admin)
	s.keep(s.opportunity(conn.ID, "oppo_1", 1, `{"value":1}`))
	s.setAside(conn.ID, "01ENTRY", quarantine.MissingEvent, []byte(`{}`))
	return s, everyRoute(s, conn.ID)
}

func TestEveryRouteAnswersItsOwner(t *testing.T) {
	s, routes := full(t)
	if len(routes) != 15 {
		t.Errorf("the description has %d routes", len(routes))
	}
	for _, r := range routes {
		r.key = s.admin
		if a := s.do(r); a.status >= 300 {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.body)
		}
	}
}

func TestEveryRouteWantsAKey(t *testing.T) {
	s, routes := full(t)
	public := []string{"/v1/health", "/v1/openapi.json"}
	unknown := "llk_" + strings.Repeat("x", 43)
	for _, r := range routes {
		if slices.Contains(public, r.path) {
			continue
		}
		for key, code := range map[string]string{"": "missing_api_key", unknown: "invalid_api_key", "x": "invalid_api_key", "llk_": "invalid_api_key", s.admin + "x": "invalid_api_key"} {
			r.key = key
			a := s.do(r).want(t, 401, code)
			if a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s: the answer 401 does not say how to authenticate", r.method, r.path)
			}
		}
	}
	s.do(request{method: "GET", path: "/v1/connections", header: map[string]string{"authorization": "Basic " + s.admin}}).want(t, 401, "missing_api_key")
	s.do(request{method: "GET", path: "/v1/connections", header: map[string]string{"authorization": "bearer  " + s.admin + " "}}).want(t, 200)
	s.unchanged()
}

func TestRolesBoundWhatAKeyMayDo(t *testing.T) {
	s, routes := full(t)
	for _, r := range routes {
		replay := strings.HasSuffix(r.path, "/replay")
		r.key = s.viewer
		switch a := s.do(r); {
		case r.method == http.MethodGet && a.status != 200:
			t.Errorf("a viewer may not %s %s: %d", r.method, r.path, a.status)
		case r.method != http.MethodGet:
			a.want(t, 403, "role_not_sufficient")
		}
		r.key = s.operator
		switch a := s.do(r); {
		case (r.method == http.MethodGet || replay) && a.status >= 300:
			t.Errorf("an operator may not %s %s: %d", r.method, r.path, a.status)
		case r.method != http.MethodGet && !replay:
			a.want(t, 403, "role_not_sufficient")
		}
	}
	s.unchanged()
}

// TestAnotherOrganizationFindsNothing: what is another organization's does not exist, whatever the route.
func TestAnotherOrganizationFindsNothing(t *testing.T) {
	s, routes := full(t)
	named := regexp.MustCompile(`conn_|01ENTRY`)
	for _, r := range routes {
		r.key = s.stranger
		a := s.do(r)
		switch {
		case named.MatchString(r.path):
			a.want(t, 404, "not_found")
			if strings.Contains(string(a.body), ours) {
				t.Errorf("%s %s names the other organization: %s", r.method, r.path, a.body)
			}
		case r.method == http.MethodGet && !slices.Contains([]string{"/v1/health", "/v1/openapi.json"}, r.path):
			if got := read[list[any]](t, a.want(t, 200)); len(got.Items) != 0 || got.Next != "" {
				t.Errorf("%s %s shows %v", r.method, r.path, got.Items)
			}
		}
	}
	connection := regexp.MustCompile(`conn_\w+`).FindString(fmt.Sprint(routes))
	if got := read[list[Entry]](t, s.get(s.stranger, "/v1/quarantine?connection="+connection).want(t, 200)); len(got.Items) != 0 {
		t.Errorf("the filter by a connection of ours shows %v", got.Items)
	}
	s.unchanged()
}

// unchanged fails if any connection of ours changed after it was made, or anything was replayed by nobody who may.
func (s *system) unchanged() {
	s.t.Helper()
	connections, _, err := s.tenancy.Connections(s.t.Context(), ours, store.Page{Limit: 100})
	s.must(err)
	if len(connections) != 1 || connections[0].Rev != 1 || connections[0].Status != tenant.Active {
		s.t.Errorf("the connections were changed: %+v", connections)
	}
}

func TestARevokedKeyIsRefusedOnceTheCacheForgetsIt(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy}
	s.handler.Tenancy = counted
	s.get(s.viewer, "/v1/connections").want(t, 200)
	s.get(s.viewer, "/v1/connections").want(t, 200)
	if counted.keys != 1 {
		t.Errorf("a key was read %d times for two requests", counted.keys)
	}
	s.must(s.tenancy.RevokeAPIKey(t.Context(), tenant.HashToken(s.viewer), s.clock.now()))
	s.clock.advance(59 * time.Second)
	s.get(s.viewer, "/v1/connections").want(t, 200)
	s.clock.advance(time.Second)
	s.get(s.viewer, "/v1/connections").want(t, 401, "invalid_api_key")
}

func TestANewKeyWorksSoonAfterItWasUnknown(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy}
	s.handler.Tenancy = counted
	text := "llk_" + strings.Repeat("n", 43)
	s.get(text, "/v1/connections").want(t, 401)
	s.get(text, "/v1/connections").want(t, 401)
	s.get("llk_too_short", "/v1/connections").want(t, 401)
	if counted.keys != 1 {
		t.Errorf("an unknown key was read %d times for two requests", counted.keys)
	}
	s.must(s.tenancy.CreateAPIKey(t.Context(), tenant.APIKey{Hash: tenant.HashToken(text), Organization: ours, Role: tenant.Reader}))
	s.clock.advance(unknownKeyTTL)
	s.get(text, "/v1/connections").want(t, 200)
}

func TestAFailedLookUpIsNotRemembered(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy, err: fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")}
	s.handler.Tenancy = counted
	s.get(s.viewer, "/v1/connections").want(t, 503, "unavailable")
	counted.err = nil
	s.get(s.viewer, "/v1/connections").want(t, 200)
}

// countedKeys counts how often a key is read, and fails.
type countedKeys struct {
	store.Tenancy
	keys int
	err  error
}

func (c *countedKeys) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	c.keys++
	if c.err != nil {
		return tenant.APIKey{}, c.err
	}
	return c.Tenancy.APIKey(ctx, hash)
}

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestLoginsAreTriedSoOften: whoever has an admin's key cannot have a provider's door tried all day, by whatever operation.
func TestLoginsAreTriedSoOften(t *testing.T) {
	create := func(s *system, login map[string]any) answer {
		return s.post(s.admin, "/v1/connections", map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1", "login": login})
	}
	for name, try := range map[string]func(s *system, conn string) answer{
		"created": func(s *system, _ string) answer { return create(s, byKey(badKey)) },
		"replaced": func(s *system, conn string) answer {
			return s.put(s.admin, "/v1/connections/"+conn+"/login", byKey(badKey), "")
		},
		"tested":     func(s *system, conn string) answer { return s.post(s.admin, "/v1/connections/"+conn+"/test", nil) },
		"authorized": func(s *system, conn string) answer { return s.post(s.admin, "/v1/connections/"+conn+"/authorize", nil) },
		"moved": func(s *system, conn string) answer {
			return s.put(s.admin, "/v1/connections/"+conn+"/settings", map[string]any{"base_url": s.crm.URL + "/v2"}, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			conn := s.agreed().ID
			var a answer
			before := s.crm.calls
			for n := 0; n < 200 && a.status != http.StatusTooManyRequests; n++ {
				a = try(s, conn)
			}
			a.want(t, 429, "quota_exceeded")
			if asked := s.crm.calls - before; asked > loginTestsPerMinute || a.header.Get("Retry-After") == "" {
				t.Errorf("the provider was asked %d times; the headers are %v", asked, a.header)
			}
			calls := s.crm.calls
			create(s, byKey(goodKey)).want(t, 429) // they count together
			if s.crm.calls != calls {
				t.Error("the provider was asked once more")
			}
			s.post(s.stranger, "/v1/connections", map[string]any{"connector": "example", "name": "CRM", "base_url": s.crm.URL + "/v1", "login": byKey(goodKey)}).want(t, 201)
			s.clock.advance(time.Minute)
			create(s, byKey(goodKey)).want(t, 201)
			if s.log.Len() > 0 {
				t.Errorf("logged %s", s.log)
			}
		})
	}
}

// TestTheCallbackPageStandsAlone: no frame around it, nothing sent from it, nothing guessed about its type.
func TestTheCallbackPageStandsAlone(t *testing.T) {
	s := newSystem(t)
	conn := s.crmConnection(byOAuth())
	for _, a := range []answer{s.get("", "/v1/oauth/callback"), s.agree(conn.AuthorizeURL, "code-5ecret").want(t, 200)} {
		policy := a.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("the policy is %s", policy)
			}
		}
		if a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("the headers are %v", a.header)
		}
	}
}

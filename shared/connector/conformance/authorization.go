package conformance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"leadline/shared/connector"
)

// checkAuthorization sees where each login puts its secret.
func (s *suite) checkAuthorization() {
	const secret = "mArKeD-secret-of-nobody_0123456789abcdef.us1"
	api := s.definition.API
	for _, l := range api.Logins {
		what := fmt.Sprintf("the login %s", l.Kind)
		header := http.Header{"Accept": {"application/json"}}
		if s.guarded(Authorization, what, func() error {
			authorize(api, l.Kind, header, secret)
			authorize(api, l.Kind, header, secret)
			return nil
		}) != nil {
			continue
		}
		if header.Get("Accept") != "application/json" {
			s.fail(Authorization, "%s changes a header of others", what)
		}
		header.Del("Accept")
		found := false
		for name, values := range header {
			if strings.Contains(strings.ToLower(name), strings.ToLower(secret)) || len(values) != 1 || strings.ContainsAny(values[0], "\r\n") {
				s.fail(Authorization, "%s has a header that is there twice, or that no server reads: %s", what, http.CanonicalHeaderKey("x-"+fmt.Sprint(len(values))))
			}
			found = found || len(values) > 0 && carries(values[0], secret)
		}
		if !found {
			s.fail(Authorization, "%s puts its secret into no header", what)
		}
		if l.Check == nil {
			continue
		}
		_ = s.guarded(Authorization, "Check of "+what, func() error {
			for _, text := range []string{"", " ", "\n", "mArKeD with blanks", "\x00\xff"} {
				if said := l.Check(text); said == "" || strings.Contains(said, markerText) {
					s.fail(Authorization, "%s takes %q for a secret, or repeats it", what, text)
				}
			}
			return nil
		})
	}
	if kind, _ := s.loginOf(); !s.broken(API) && kind != "" && !offers(api, kind) {
		s.fail(Authorization, "the server takes a login of the kind %s, which the definition does not have", kind)
	}
}

func (s *suite) loginOf() (connector.LoginKind, string) {
	if s.options.Server == nil {
		return "", ""
	}
	return s.options.Server().Login()
}

func offers(api *connector.API, kind connector.LoginKind) bool {
	for _, l := range api.Logins {
		if l.Kind == kind {
			return true
		}
	}
	return false
}

// carries tells whether a header's value holds the secret, as it is or within base64.
func carries(value, secret string) bool {
	for word := range strings.FieldsSeq(value) {
		if raw, err := base64.StdEncoding.DecodeString(word); err == nil && strings.Contains(string(raw), secret) {
			return true
		}
	}
	return strings.Contains(value, secret)
}

package conformance

import (
	"net/url"
	"slices"
	"strings"

	"leadline/shared/connector"
)

// checkAPI covers what the API's part of the definition says.
func (s *suite) checkAPI() {
	api := s.definition.API
	if u, err := url.Parse(api.BaseURL); api.BaseURL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Port() != "" ||
		strings.HasSuffix(api.BaseURL, "/") || strings.ContainsAny(api.BaseURL, "?#")) {
		s.fail(API, "the base URL %q is no plain https URL, or ends in a slash", api.BaseURL)
	}
	if api.BaseURL == "" && len(api.Hosts) == 0 {
		s.fail(API, "there is neither a base URL nor a host that one may have")
	}
	for _, h := range append(slices.Clone(api.Hosts), api.Downloads...) {
		name := strings.TrimPrefix(h, ".")
		if u, err := url.Parse("https://" + name); err != nil || u.Host != name || u.Hostname() != name || strings.ToLower(h) != h || strings.Count(name, ".") < 1 {
			s.fail(API, "%q is no host name, or one that others have, too", h)
		}
	}
	s.checkLogins(api.Logins)
	s.checkLimits(api)
	for _, path := range []string{"", "/", "//", "a", "/a/b/c/d/e/f", "/\x00", "/%zz", strings.Repeat("/x", 5_000)} {
		_ = s.guarded(API, "Group", func() error {
			if api.Group == nil {
				return nil
			}
			if first, again := api.Group("GET", path), api.Group("GET", path); first != again {
				s.fail(API, "Group gives two groups for one path: %q, %q", first, again)
			}
			return nil
		})
	}
}

func (s *suite) checkLogins(logins []connector.Login) {
	if len(logins) == 0 {
		s.fail(API, "there is no login")
	}
	var kinds []connector.LoginKind
	for _, l := range logins {
		if slices.Contains(kinds, l.Kind) {
			s.fail(API, "there are two logins of the kind %q", l.Kind)
		}
		kinds = append(kinds, l.Kind)
		absolute := func(what, text string, path bool) {
			u, err := url.Parse(text)
			below := path && err == nil && u.Host == "" && strings.HasPrefix(text, "/")
			if err != nil || !below && (u.Scheme != "https" || u.Host == "") {
				s.fail(API, "the %s of the login %s is no https URL: %q", what, l.Kind, text)
			}
		}
		switch l.Kind {
		case connector.APIKey:
			if l.AuthorizeURL+l.TokenURL+l.RevokeURL != "" || l.Rotates || len(l.Scopes) > 0 {
				s.fail(API, "the login %s has what only OAuth 2 has", l.Kind)
			}
		case connector.OAuth2:
			absolute("authorize URL", l.AuthorizeURL, true)
			absolute("token URL", l.TokenURL, true)
		case connector.ClientCredentials:
			absolute("token URL", l.TokenURL, true)
			if l.AuthorizeURL != "" || l.Rotates {
				s.fail(API, "the login %s has what only a person's has", l.Kind)
			}
		default:
			s.fail(API, "the kind of login %q is unknown", l.Kind)
		}
		if l.RevokeURL != "" {
			absolute("revoke URL", l.RevokeURL, true)
		}
		if scopes := slices.Compact(slices.Sorted(slices.Values(l.Scopes))); len(scopes) != len(l.Scopes) || slices.Contains(scopes, "") {
			s.fail(API, "the login %s has an empty scope, or one twice", l.Kind)
		}
	}
}

func (s *suite) checkLimits(api *connector.API) {
	if len(api.Limits) == 0 {
		s.fail(API, "nothing is known of limits: not even what to begin with")
	}
	var groups []string
	for _, l := range api.Limits {
		switch {
		case slices.Contains(groups, l.Group):
			s.fail(API, "there are two limits of the group %q", l.Group)
		case l.Requests < 0 || l.Window < 0 || l.Concurrency < 0 || l.Daily < 0, (l.Requests > 0) != (l.Window > 0):
			s.fail(API, "the limit of the group %q has a window without requests, requests without a window, or less than none", l.Group)
		case l.Requests == 0 && l.Concurrency == 0 && l.Daily == 0:
			s.fail(API, "the limit of the group %q limits nothing", l.Group)
		case l.Shared && l.Daily == 0:
			s.fail(API, "the group %q shares a daily limit that it does not have", l.Group)
		case l.Group != "" && api.Group == nil:
			s.fail(API, "there is a limit of the group %q, but no request has a group", l.Group)
		}
		groups = append(groups, l.Group)
	}
}

package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// scope is what Close grants.
const scope = "all.full_access offline_access"

// codeLife is how long an authorization code can be exchanged.
const codeLife = 10 * time.Minute

// oauth holds codes and tokens. A grant has one refresh token at a time: using it makes another, and the used one is worth
// nothing from then on.
type oauth struct {
	codes   map[string]code
	access  map[string]token
	refresh map[string]*credential
}

type code struct {
	who      *credential
	redirect string
	until    time.Time
}

type token struct {
	who   *credential
	until time.Time
}

func (o *oauth) init() {
	o.codes, o.access, o.refresh = map[string]code{}, map[string]token{}, map[string]*credential{}
}

func (o *oauth) who(access string, now time.Time) *credential {
	t, ok := o.access[access]
	if !ok || !now.Before(t.until) {
		return nil
	}
	return t.who
}

func oauthError(status int, kind, description string) answer {
	body, _ := json.Marshal(map[string]string{"error": kind, "error_description": description}) // texts only
	return answer{status: status, body: body}
}

func (s *Server) serveOAuth(r *http.Request, body []byte) answer {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "The body is no form.")
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/oauth2/authorize/":
		return s.authorize(r.URL.Query())
	case r.Method == http.MethodPost && r.URL.Path == "/oauth2/token/":
		return s.token(r, form)
	case r.Method == http.MethodPost && r.URL.Path == "/oauth2/revoke/":
		return s.revoke(r, form)
	}
	return notFound()
}

// authorize agrees at once, as the admin, or as the person that the parameter user names.
func (s *Server) authorize(q url.Values) answer {
	back, err := url.Parse(q.Get("redirect_uri"))
	u := s.person(q.Get("user"))
	switch {
	case q.Get("client_id") != s.opts.ClientID:
		return oauthError(http.StatusBadRequest, "invalid_client", "There is no such client.")
	case q.Get("response_type") != "code":
		return oauthError(http.StatusBadRequest, "unsupported_response_type", "Only code is supported.")
	case err != nil || back.Host == "":
		return oauthError(http.StatusBadRequest, "invalid_request", "redirect_uri is no address.")
	case u == nil:
		return oauthError(http.StatusBadRequest, "access_denied", "There is no such user.")
	}
	id := s.model.NewID("code_")
	s.oauth.codes[id] = code{who: &credential{name: "oauth", email: u.Email, oauth: true}, redirect: q.Get("redirect_uri"), until: s.now().Add(codeLife)}
	values := back.Query()
	values.Set("code", id)
	if q.Get("state") != "" {
		values.Set("state", q.Get("state"))
	}
	back.RawQuery = values.Encode()
	return answer{status: http.StatusFound, header: [][2]string{{"Location", back.String()}}}
}

// client checks who wants a token, named in the form or by Basic.
func (s *Server) client(r *http.Request, form url.Values) bool {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	return id == s.opts.ClientID && secret == s.opts.ClientSecret
}

func (s *Server) token(r *http.Request, form url.Values) answer {
	if !s.client(r, form) {
		return oauthError(http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong.")
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		id := form.Get("code")
		c, ok := s.oauth.codes[id]
		delete(s.oauth.codes, id) // a code is good for one use, right or wrong
		if given := form.Get("redirect_uri"); !ok || !s.now().Before(c.until) || given != "" && given != c.redirect {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The code is unknown, used or too old.")
		}
		return s.grant(c.who)
	case "refresh_token":
		old := form.Get("refresh_token")
		who := s.oauth.refresh[old]
		delete(s.oauth.refresh, old)
		if who == nil || who.revoked {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The refresh token is unknown, used or revoked.")
		}
		return s.grant(who)
	}
	return oauthError(http.StatusBadRequest, "unsupported_grant_type", "One of authorization_code, refresh_token.")
}

func (s *Server) grant(who *credential) answer {
	access, refresh := s.model.NewID("oa2at_"), s.model.NewID("oa2rt_")
	now := s.now()
	for k, t := range s.oauth.access {
		if !now.Before(t.until) {
			delete(s.oauth.access, k)
		}
	}
	s.oauth.access[access] = token{who: who, until: now.Add(s.opts.TokenLife)}
	s.oauth.refresh[refresh] = who
	body, _ := json.Marshal(map[string]any{ // texts and a number
		"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": int(s.opts.TokenLife.Seconds()), "scope": scope,
		"organization_id": s.model.Team.OrganizationID, "user_id": who.user(s.model).ID,
	})
	return ok(body)
}

// revoke ends the grant of a token.
func (s *Server) revoke(r *http.Request, form url.Values) answer {
	if !s.client(r, form) {
		return oauthError(http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong.")
	}
	given := form.Get("token")
	if who := s.oauth.refresh[given]; who != nil {
		who.revoked = true
	}
	if t, ok := s.oauth.access[given]; ok {
		t.who.revoked = true
	}
	delete(s.oauth.refresh, given)
	delete(s.oauth.access, given)
	return ok([]byte("{}"))
}

package credential

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// codeUnreadable is the code of the fault of an answer that nobody can read: what was asked may have been done.
const codeUnreadable = "unreadable_token"

// granted is the good answer of a token endpoint (RFC 6749, section 5.1).
type granted struct {
	AccessToken  string          `json:"access_token"`
	RefreshToken string          `json:"refresh_token"`
	ExpiresIn    json.RawMessage `json:"expires_in"`
}

// into gives the secrets with what was granted. A refresh token that is not replaced goes on.
func (g granted) into(s Secrets) Secrets {
	s.AccessToken, s.Verifier = g.AccessToken, ""
	if g.RefreshToken != "" {
		s.RefreshToken = g.RefreshToken
	}
	return s
}

// expiry is when the access token runs out; zero where the provider does not say. Some write the seconds as a text.
func (g granted) expiry(now time.Time) time.Time {
	text := strings.Trim(string(g.ExpiresIn), `" `)
	seconds, err := strconv.ParseInt(text, 10, 32)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds) * time.Second)
}

// refused is the bad answer (RFC 6749, section 5.2).
type refused struct {
	Error       json.RawMessage `json:"error"`
	Description string          `json:"error_description"`
}

// token asks the token endpoint. It is Revoked if the provider refuses what we have, CodeNoAnswer or codeUnreadable if it
// is not known what became of the request.
func (k *Keeper) token(ctx context.Context, conn tenant.Connection, d connector.Definition, kind connector.LoginKind, form url.Values, s Secrets) (granted, error) {
	login, err := loginOf(d, kind)
	if err != nil {
		return granted{}, err
	}
	base, err := k.options.Service.CheckBaseURL(*d.API, conn.BaseURL)
	if err != nil {
		return granted{}, err
	}
	to, err := rest.Resolve(base, login.TokenURL)
	if err != nil {
		return granted{}, err
	}
	a, err := k.options.Service.PostForm(ctx, to, form)
	if err != nil {
		return granted{}, err
	}
	if a.Status/100 == 2 {
		var g granted
		if err := json.Unmarshal(a.Body, &g); err != nil || g.AccessToken == "" {
			return g, fault.New(fault.Unavailable, codeUnreadable, "%s answered the request for a token with something else.", d.Title)
		}
		return g, nil
	}
	return granted{}, refusal(d, a, append(s.words(), form.Get("code"))...)
}

// refusal says what a token endpoint refused.
func refusal(d connector.Definition, a connector.Answer, secrets ...string) error {
	var r refused
	_ = json.Unmarshal(a.Body, &r) // what is no JSON says nothing
	var code string
	if json.Unmarshal(r.Error, &code) != nil || len(code) > 100 {
		code = "" // some give something else, which says nothing
	}
	words := strings.TrimRight("status "+strconv.Itoa(a.Status)+" "+code, " ")
	if r.Description != "" && len(r.Description) <= 300 {
		words += ": " + r.Description
	}
	words = rest.Discreet(words, secrets...)
	verdict := connector.StandardJudge(a)
	about := func(kind fault.Kind, code, what string) *fault.Error {
		f := fault.New(kind, code, "%s %s (%s).", d.Title, what, words)
		f.Err = &connector.RefusedError{Status: a.Status, Verdict: verdict}
		return f
	}
	switch {
	case verdict.Outcome == connector.Throttled:
		f := about(fault.RateLimited, "throttled", "says that these are too many requests for tokens")
		f.RetryAfter = 10 * time.Second
		return f
	case verdict.Outcome == connector.Retry:
		// The token may have been granted before something behind it failed.
		return about(fault.Unavailable, rest.CodeNoAnswer, "failed to give a token")
	case a.Status == http.StatusUnauthorized, code == "invalid_grant", code == "invalid_client", code == "unauthorized_client", code == "access_denied":
		return about(fault.Revoked, rest.CodeRefused, "refuses the login")
	}
	return about(fault.Invalid, "token_refused", "refuses to give a token")
}

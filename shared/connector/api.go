package connector

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// API is how a provider's API is reached.
type API struct {
	// BaseURL is where it stands, https, without a slash at its end. A connection may have another one, whose host must be
	// one of Hosts. Empty where each account has its own: a connection must name it then.
	BaseURL string
	// Hosts are the host names that a connection's own base URL may have; one that begins with a dot stands for all names
	// that end in it.
	Hosts []string
	// Downloads are the host names, in the same form, of the addresses that the provider's answers give for files; see
	// Request.URL.
	Downloads []string
	// Logins are the ways to log in, the preferred one first.
	Logins []Login
	// Limits are what is known beforehand of the provider's limits, by group of endpoints; the one whose Group is empty is
	// that of all other groups, each by itself. What answers tell (Seen) corrects them.
	Limits []Limit
	// Group gives the group of endpoints that a request counts for; nil if all count together.
	Group func(method, path string) string
	// Judge says what became of a request; nil for StandardJudge, which goes by the status alone.
	Judge func(Answer) Verdict
	// Seen reads what an answer tells of the limits; nil if answers tell nothing beyond Retry-After.
	Seen func(header http.Header) Quota
	// Probe tells who we are at the provider and what we may do: the connection test. Problems with the credentials are
	// faults of the Client.
	Probe func(context.Context, Client) (Identity, error)
}

// LoginKind is a way to log in.
type LoginKind string

// The ways to log in.
const (
	// APIKey: a secret text that the provider gives out.
	APIKey LoginKind = "api_key"
	// OAuth2: https://www.rfc-editor.org/rfc/rfc6749, the authorization code grant with refresh tokens.
	OAuth2 LoginKind = "oauth2"
	// ClientCredentials: the grant of section 4.4 of the same, without a person and without refresh tokens.
	ClientCredentials LoginKind = "client_credentials"
)

// Login is one way to log in.
type Login struct {
	Kind LoginKind
	// Authorize puts a secret (an API key, or an access token) into a request's header. nil stands for a bearer token.
	Authorize func(header http.Header, secret string)
	// Check tells what is wrong with the form of an API key, "" for nothing: said before it is tried.
	Check func(secret string) string
	// AuthorizeURL, TokenURL and RevokeURL are those of OAuth 2. One that begins with a slash stands under the base URL
	// without its path. RevokeURL may be empty.
	AuthorizeURL, TokenURL, RevokeURL string
	Scopes                            []string
	// Rotates says that a refresh token works once and the answer brings the next one.
	Rotates bool
}

// Limit is what is known beforehand of a limit of the provider.
type Limit struct {
	Group string
	// Requests per Window. Zero for no such limit.
	Requests int64
	Window   time.Duration
	// Concurrency is how many requests may be under way at once; zero for no such limit.
	Concurrency int
	// Daily is how many requests a day has; zero for no such limit. Shared says that others use it, too.
	Daily  int64
	Shared bool
}

// Quota is what an answer told of a limit.
type Quota struct {
	// Limit and Remaining count requests of the present window; -1 where the answer does not say.
	Limit, Remaining int64
	// Reset is how long it is until the next window; zero where the answer does not say.
	Reset time.Duration
}

// Request is one request to the provider's API.
type Request struct {
	Method string
	// Path stands behind the base URL and begins with a slash.
	Path  string
	Query url.Values
	// URL stands in the place of Path and Query: the address of a file as the provider's answer gave it, on one of
	// API.Downloads. It is sent without our credentials, for the address holds its own, and counts for no limit. Its answer is
	// judged by JudgeDownload.
	URL string
	// Header are headers besides those that the client sets.
	Header http.Header
	// Body is sent as JSON, nil for none. Form is sent as application/x-www-form-urlencoded instead.
	Body any
	Form url.Values
}

// Answer is what the provider said. Only answers that were judged OK reach a connector.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// At is the provider's own time of the answer, from its Date header; our own where it sends none.
	At time.Time
}

// Decode reads the body into v, numbers of untyped values as json.Number.
func (a Answer) Decode(v any) error { return decode(a.Body, v) }

// Client makes requests for one connection. Whatever goes wrong is a fault:
//
//	Revoked      the provider refuses our credentials
//	Forbidden    the credentials do not allow this request
//	NotFound     there is no such thing
//	Invalid      the provider refuses the request as it is; Refusal tells its words
//	RateLimited  too many requests; RetryAfter says when to come back
//	Unavailable  the provider, or the way to it, failed; a later try may succeed
type Client interface {
	Do(ctx context.Context, r Request) (Answer, error)
}

// Verdict is what became of a request.
type Verdict struct {
	Outcome Outcome
	// Wait is how long to wait before the next try of a Throttled or Retry, zero if the provider does not say. It bounds
	// what Retry-After and Seen say from below.
	Wait time.Duration
	// Code and Message are the provider's own word and words for what is wrong, without secrets and contents; they may be
	// empty.
	Code, Message string
}

// Outcome is the closed set of what can become of a request.
type Outcome string

// The outcomes.
const (
	OK Outcome = "ok"
	// Throttled: too many requests at once.
	Throttled Outcome = "throttled"
	// DayQuota: the quota of the day is used up.
	DayQuota Outcome = "day_quota"
	// Retry: it failed at the provider and a later try may succeed.
	Retry Outcome = "retry"
	// Expired: the access token is too old; a fresh one will do.
	Expired Outcome = "expired"
	// Refused: our credentials do not work any more.
	Refused Outcome = "refused"
	// Denied: the credentials do not allow this request.
	Denied Outcome = "denied"
	// Missing: there is no such thing.
	Missing Outcome = "missing"
	// Permanent: the request can never succeed as it is.
	Permanent Outcome = "permanent"
)

// Identity is who we are at a provider.
type Identity struct {
	// Account names the provider's account (an organization, a subscription): its id and what people call it. They may be
	// empty where the connection's base URL is all that names it.
	AccountID, AccountName string
	// User is whose login it is; empty where a login is nobody's.
	UserID, UserName, UserEmail string
	// Permissions are what the login may do, in the provider's words, sorted.
	Permissions []string
	// Missing are those that Leadline needs and the login does not have, with what they are needed for.
	Missing []MissingPermission
}

// MissingPermission is something that a login may not do.
type MissingPermission struct {
	Permission string `json:"permission"`
	// Needed says what will not work without it, for people.
	Needed string `json:"needed"`
}

// ErrorText reads the first text found at one of the paths of an answer's JSON body ("errors.0.message"), at most 300
// bytes of it: a helper for Judge.
func ErrorText(body []byte, paths ...string) string { return errorText(json.RawMessage(body), paths) }

package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/ratelimit"
)

var _ connector.Client = (*Client)(nil)

// Config is whose requests a client makes.
type Config struct {
	Organization, Connection string
	// Title is the provider's name for people; API is how it is reached.
	Title string
	API   connector.API
	// BaseURL is the connection's own; empty for that of the API.
	BaseURL string
	// Authorizer knows the secret.
	Authorizer Authorizer
	// Limiter holds the requests to the limits; nil for none.
	Limiter Limiter
}

// Client makes requests for one connection. It is safe for concurrent use.
type Client struct {
	service *Service
	config  Config
	base    string
	meter   meter
}

// Client makes a client. A base URL that is not allowed is Invalid.
func (s *Service) Client(c Config) (*Client, error) {
	base, err := s.CheckBaseURL(c.API, c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.API.Judge == nil {
		c.API.Judge = connector.StandardJudge
	}
	return &Client{service: s, config: c, base: base}, nil
}

// Take gives what the client did since the last Take.
func (c *Client) Take() Usage { return c.meter.take() }

// Do implements connector.Client. A request whose access token had become too old is made once more with a fresh one,
// and one whose secret was refused with what is stored by now: a rotated key. No other is repeated.
func (c *Client) Do(ctx context.Context, r connector.Request) (connector.Answer, error) {
	secret, err := c.config.Authorizer.Secret(ctx)
	if err != nil {
		return connector.Answer{}, err
	}
	done, err := c.try(ctx, r, secret)
	if err != nil {
		return connector.Answer{}, err
	}
	if done.refused() {
		other, ok, err := c.config.Authorizer.Another(ctx, secret, done.verdict.Outcome == connector.Expired)
		if err != nil {
			return connector.Answer{}, err
		}
		if ok {
			c.meter.count(func(u *Usage) { u.Retries++ })
			if done, err = c.try(ctx, r, other); err != nil {
				return connector.Answer{}, err
			}
		}
	}
	return done.answer, c.faultOf(done)
}

// attempt is a request that was answered.
type attempt struct {
	secret  Secret
	answer  connector.Answer
	verdict connector.Verdict
	// wait is how long the provider asks to wait.
	wait time.Duration
}

func (a attempt) refused() bool {
	return a.verdict.Outcome == connector.Expired || a.verdict.Outcome == connector.Refused
}

// try makes a request once.
func (c *Client) try(ctx context.Context, r connector.Request, s Secret) (attempt, error) {
	request, words, err := c.request(r, s)
	if err != nil {
		return attempt{}, err
	}
	done, err := c.turn(ctx, r)
	if err != nil {
		return attempt{}, err
	}
	var seen ratelimit.Seen
	defer func() { done(seen) }()
	answer, err := c.service.send(ctx, request)
	c.meter.count(func(u *Usage) { u.Requests++; u.Bytes += int64(len(answer.Body)) })
	if err != nil {
		c.meter.count(func(u *Usage) { u.Failed++ })
		return attempt{}, c.named(err)
	}
	a := attempt{secret: s, answer: answer}
	if r.URL != "" {
		a.verdict = connector.JudgeDownload(answer)
	} else {
		a.verdict = c.config.API.Judge(blind(answer, words))
	}
	a.verdict.Code, a.verdict.Message = discreet(a.verdict.Code, words), discreet(a.verdict.Message, words)
	seen = ratelimit.Seen{At: c.service.options.Now(), Limit: -1, Remaining: -1}
	if c.config.API.Seen != nil && r.URL == "" {
		told := c.config.API.Seen(answer.Header)
		seen.Limit, seen.Remaining, seen.Reset = told.Limit, told.Remaining, told.Reset
	}
	a.wait = max(a.verdict.Wait, retryAfter(answer), 0)
	switch a.verdict.Outcome {
	case connector.Throttled, connector.DayQuota:
		if a.verdict.Outcome == connector.Throttled {
			a.wait = orElse(max(a.wait, seen.Reset), defaultThrottle)
		}
		a.wait = orElse(a.wait, defaultDayQuota)
		seen.Throttled, seen.RetryAfter = true, a.wait
		c.meter.count(func(u *Usage) { u.Throttled++ })
	case connector.Retry:
		c.meter.count(func(u *Usage) { u.Failed++ })
	}
	return a, nil
}

// request makes what is sent, and the words that must not be repeated.
func (c *Client) request(r connector.Request, s Secret) (*http.Request, []string, error) {
	to, err := c.address(r)
	if err != nil {
		return nil, nil, err
	}
	body, kind, err := encode(r)
	if err != nil {
		return nil, nil, err
	}
	request, err := http.NewRequest(r.Method, "https://base.invalid/", bytes.NewReader(body))
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "invalid_request", "The request has no method that there is.")
	}
	request.URL, request.Host = to, to.Host
	request.Header.Set("Accept", "application/json")
	for name, values := range r.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Cookie", "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Accept-Encoding":
			continue // they are the client's
		}
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if r.URL != "" {
		return request, append([]string{s.Text}, strings.FieldsFunc(to.RawQuery, func(r rune) bool { return r == '&' })...), nil
	}
	return request, authorize(c.config.API, request.Header, s), nil
}

func (c *Client) address(r connector.Request) (*url.URL, error) {
	if r.URL != "" {
		return download(c.config.API, c.base, r.URL)
	}
	return join(c.base, r.Path, r.Query)
}

// encode gives a request's body and its type.
func encode(r connector.Request) (body []byte, kind string, err error) {
	switch {
	case r.Form != nil && r.Body != nil:
		return nil, "", fault.New(fault.Invalid, "invalid_request", "The request has two bodies.")
	case r.Form != nil:
		return []byte(r.Form.Encode()), "application/x-www-form-urlencoded", nil
	case r.Body == nil:
		return nil, "", nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.Body); err != nil {
		return nil, "", fault.New(fault.Invalid, "invalid_request", "The body of the request is no JSON.")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), "application/json", nil
}

// named gives a fault of the way to the provider with the provider's name.
func (c *Client) named(err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	named := *f
	named.Message = strings.ReplaceAll(f.Message, "The provider", c.config.Title)
	return &named
}

// Waits where a provider refuses without saying for how long.
const (
	defaultThrottle = time.Second
	defaultDayQuota = time.Hour
)

// faultOf says what went wrong; nil for an answer that is good.
func (c *Client) faultOf(a attempt) error {
	refusal := &connector.RefusedError{Status: a.answer.Status, Verdict: a.verdict}
	about := func(kind fault.Kind, code, what string, wait time.Duration) error {
		return &fault.Error{Kind: kind, Code: code, Message: c.config.Title + " " + what + " (" + refusal.Error() + ").", RetryAfter: wait, Err: refusal}
	}
	switch a.verdict.Outcome {
	case connector.OK:
		return nil
	case connector.Throttled:
		return about(fault.RateLimited, "throttled", "says that these are too many requests", a.wait)
	case connector.DayQuota:
		return about(fault.RateLimited, "day_quota", "says that the day's quota is used up", a.wait)
	case connector.Retry:
		return about(fault.Unavailable, "provider_unavailable", "failed", a.wait)
	case connector.Expired, connector.Refused:
		err := about(fault.Revoked, CodeRefused, "refuses our credentials", 0)
		fault.Of(err).Err = &SecretError{Generation: a.secret.Generation, Refusal: refusal}
		return err
	case connector.Denied:
		return about(fault.Forbidden, "permission_denied", "does not let these credentials do this", 0)
	case connector.Missing:
		return about(fault.NotFound, "not_found", "has no such thing", 0)
	case connector.Permanent:
		return about(fault.Invalid, "refused_by_provider", "refuses the request as it is", 0)
	}
	return fault.New(fault.Internal, "unknown_outcome", "the connector judged an answer as %q, which is no outcome", a.verdict.Outcome)
}

// CodeRefused is the code of the fault of credentials that the provider refuses.
const CodeRefused = "credentials_refused"

func orElse(wait, otherwise time.Duration) time.Duration {
	if wait > 0 {
		return wait
	}
	return otherwise
}

// maxRetryAfter bounds what a provider can ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header of the name: seconds, whole or not, or a date, which counts from the provider's own.
//
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func retryAfter(a connector.Answer) time.Duration {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(seconds) {
		return time.Duration(min(max(seconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(a.At), 0), maxRetryAfter)
	}
	return 0
}

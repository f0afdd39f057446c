package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// hostBase stands for the base URL of a connector whose accounts have their own.
const hostBase = "https://account"

// tick is how long a request takes by the provider's clock.
const tick = 200 * time.Millisecond

// client makes requests of a Provider by calling it, judged by the definition's own rules as the real one does.
type client struct {
	suite    *suite
	api      *connector.API
	provider Provider
	// secret is another login than the provider's usual one, if set.
	kind     connector.LoginKind
	secret   string
	requests int
	// before may refuse the n-th request, from 1; after may change its answer.
	before func(n int) error
	after  func(n int, r connector.Request, a connector.Answer) connector.Answer
}

// caller marks the contexts that the suite hands out.
type caller struct{}

func background() context.Context { return context.WithValue(context.Background(), caller{}, true) }

// base is the base URL of the connector, or one of those that it may have.
func base(api *connector.API) string {
	if api.BaseURL != "" {
		return api.BaseURL
	}
	host := ".example.com"
	if len(api.Hosts) > 0 {
		host = api.Hosts[0]
	}
	if strings.HasPrefix(host, ".") {
		return hostBase + host
	}
	return "https://" + host
}

// Do implements connector.Client.
func (c *client) Do(ctx context.Context, r connector.Request) (connector.Answer, error) {
	c.requests++
	n := c.requests
	if ctx.Value(caller{}) == nil {
		c.suite.fail(Requests, "%s %s is made with another context than the caller's", r.Method, r.Path)
	}
	if err := ctx.Err(); err != nil {
		return connector.Answer{}, err
	}
	if c.before != nil {
		if err := c.before(n); err != nil {
			return connector.Answer{}, err
		}
	}
	request, err := c.request(ctx, r)
	if err != nil {
		c.suite.fail(Requests, "%s %s: %v", r.Method, r.Path, err)
		return connector.Answer{}, fault.New(fault.Invalid, "invalid_request", "%v", err)
	}
	w := recorder{header: http.Header{}}
	c.provider.ServeHTTP(&w, request)
	a := connector.Answer{Status: max(w.status, http.StatusOK), Header: w.header, Body: w.body.Bytes(), At: c.provider.Now()}
	if at, err := http.ParseTime(w.header.Get("Date")); err == nil {
		a.At = at
	}
	c.provider.Advance(tick)
	if c.after != nil {
		a = c.after(n, r, a)
	}
	return a, c.judge(r, a)
}

// request makes what is sent. What is wrong with it and can be done without is noted and left out.
func (c *client) request(ctx context.Context, r connector.Request) (*http.Request, error) {
	to := r.URL
	if to == "" {
		if err := plain(r.Path); err != nil {
			c.suite.fail(Requests, "%s %s: %v", r.Method, r.Path, err)
		}
		to = base(c.api) + path.Clean("/"+r.Path)
		if strings.HasSuffix(r.Path, "/") && !strings.HasSuffix(to, "/") {
			to += "/"
		}
		if len(r.Query) > 0 {
			to += "?" + r.Query.Encode()
		}
	} else if u, err := url.Parse(to); err != nil || u.Scheme != "https" || !hostIn(c.api.Downloads, u.Hostname()) || r.Path != "" || r.Query != nil {
		return nil, errors.New("the address of a file leads elsewhere than to API.Downloads, or is not alone")
	}
	body, kind, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("no request can be made of it")
	}
	for name, values := range r.Header {
		if slices.Contains([]string{"Authorization", "Cookie", "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Accept-Encoding"}, http.CanonicalHeaderKey(name)) {
			c.suite.fail(Requests, "%s %s: the header %s is the client's own", r.Method, r.Path, name)
			continue
		}
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if r.URL == "" {
		how, secret := c.login()
		authorize(c.api, how, request.Header, secret)
	}
	return request, nil
}

func (c *client) login() (connector.LoginKind, string) {
	if c.secret != "" {
		return c.kind, c.secret
	}
	return c.provider.Login()
}

func authorize(api *connector.API, kind connector.LoginKind, header http.Header, secret string) {
	for _, l := range api.Logins {
		if l.Kind == kind && l.Authorize != nil {
			l.Authorize(header, secret)
			return
		}
	}
	header.Set("Authorization", "Bearer "+secret)
}

// plain refuses paths that the real client does not take.
func plain(path string) error {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
		return errors.New("the path does not begin with a slash, or holds a query")
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		if decoded, err := url.PathUnescape(part); path != "/" && (err != nil || decoded == "" || decoded == "." || decoded == "..") {
			return errors.New("the path has an empty or a dotted part")
		}
	}
	return nil
}

func bodyOf(r connector.Request) (body []byte, kind string, err error) {
	switch {
	case r.Body != nil && r.Form != nil:
		return nil, "", errors.New("it has two bodies")
	case r.Form != nil:
		return []byte(r.Form.Encode()), "application/x-www-form-urlencoded", nil
	case r.Body == nil:
		return nil, "", nil
	}
	body, err = json.Marshal(r.Body)
	return body, "application/json", err
}

func hostIn(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool {
		return h == host || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h)
	})
}

// judge gives the fault of an answer.
func (c *client) judge(r connector.Request, a connector.Answer) error {
	rules := c.api.Judge
	switch {
	case r.URL != "":
		rules = connector.JudgeDownload
	case rules == nil:
		rules = connector.StandardJudge
	}
	v := rules(a)
	kinds := map[connector.Outcome]fault.Kind{connector.Throttled: fault.RateLimited, connector.DayQuota: fault.RateLimited, connector.Retry: fault.Unavailable,
		connector.Expired: fault.Revoked, connector.Refused: fault.Revoked, connector.Denied: fault.Forbidden, connector.Missing: fault.NotFound,
		connector.Permanent: fault.Invalid}
	if v.Outcome == connector.OK {
		return nil
	}
	return &fault.Error{Kind: kinds[v.Outcome], Code: "refused_by_provider", Message: "The provider refused the request.", RetryAfter: v.Wait,
		Err: &connector.RefusedError{Status: a.Status, Verdict: v}}
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

var (
	_ http.ResponseWriter = (*recorder)(nil)
	_ io.Writer           = (*recorder)(nil)
)

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

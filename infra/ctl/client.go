package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// errUnreachable: nothing answered.
var errUnreachable = errors.New("nothing answers")

const (
	// tries is how often a request is sent while the other side is busy.
	tries = 5
	// patience is the longest that is waited because the other side asks for it.
	patience = 90 * time.Second
	// maxAnswerBytes bounds what is read of an answer: more than API Gateway carries.
	maxAnswerBytes = 16 << 20
)

// refusal is an answer that is a problem.
type refusal struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
	// later is when a try may succeed, where the answer says so and that is too long to wait for.
	later time.Duration
}

func (r *refusal) Error() string {
	text := r.Detail
	if text == "" {
		text = r.Title
	}
	for _, part := range r.Errors {
		text += fmt.Sprintf(" %s: %s.", part.Location, strings.TrimSuffix(part.Message, "."))
	}
	if r.later > 0 {
		text += fmt.Sprintf(" Try again in %s.", r.later)
	}
	return fmt.Sprintf("%s (%d)", text, r.Status)
}

// sender sends requests.
type sender struct {
	http  *http.Client
	pause func(context.Context, time.Duration) error
}

// client talks to the HTTP API.
type client struct {
	sender
	// authorization is the header that says who asks.
	base, authorization string
}

// request is one request to the API.
type request struct {
	method string
	// path is made of parts, whatever characters they hold.
	path  []string
	query url.Values
	// body is JSON, nil for none.
	body []byte
	// header is added; a POST gets an Idempotency-Key if there is none in it.
	header http.Header
}

// get reads what is at a path made of parts into out.
func (c *client) get(ctx context.Context, out any, query url.Values, parts ...string) error {
	_, err := c.call(ctx, request{method: http.MethodGet, path: parts, query: query}, out)
	return err
}

// post sends in, if it is not nil, and reads the answer into out, if that is not nil.
func (c *client) post(ctx context.Context, in, out any, parts ...string) error {
	r := request{method: http.MethodPost, path: parts}
	if in != nil {
		var err error
		if r.body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	_, err := c.call(ctx, r, out)
	return err
}

// call sends a request, reads the answer into out, unless that is nil, and gives the answer's header.
func (c *client) call(ctx context.Context, r request, out any) (http.Header, error) {
	target := c.base + "/v1"
	for _, part := range r.path {
		target += "/" + escapePart(part)
	}
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	header := http.Header{"Authorization": {c.authorization}, "Accept": {"application/json"}}
	if r.body != nil {
		header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodPost {
		// A request that was answered "busy" may have been carried out all the same.
		header.Set("Idempotency-Key", rand.Text())
	}
	for name, values := range r.header {
		header[name] = values
	}
	answer, got, err := c.send(ctx, r.method, target, header, r.body)
	if err != nil || out == nil {
		return got, err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return got, fmt.Errorf("the answer of %s is not understood: %w", c.base, err)
	}
	return got, nil
}

// escapePart encodes a part of a path twice, for the gateway in front of the API decodes the path once before the API
// splits it.
func escapePart(s string) string { return url.PathEscape(url.PathEscape(s)) }

// send sends a request, again after a while if the other side is busy, and gives the body and the header of the answer. An
// answer that is not a success is a refusal. Errors never show the URL, which may be secret.
func (s sender) send(ctx context.Context, method, target string, header http.Header, body []byte) ([]byte, http.Header, error) {
	return s.stream(ctx, method, target, header, func() (io.Reader, int64, error) { return bytes.NewReader(body), int64(len(body)), nil })
}

// stream sends a request as send does; open gives its body, anew for each try, and how long it is.
func (s sender) stream(ctx context.Context, method, target string, header http.Header, open func() (io.Reader, int64, error)) ([]byte, http.Header, error) {
	for try := 1; ; try++ {
		body, length, err := open()
		if err != nil {
			return nil, nil, err
		}
		req, err := http.NewRequestWithContext(ctx, method, target, body)
		if err != nil {
			return nil, nil, usagef("the URL of the API is no URL")
		}
		req.ContentLength = length
		if length == 0 {
			req.Body = http.NoBody
		}
		req.Header = header.Clone()
		req.Header.Set("User-Agent", "leadline")
		resp, err := s.http.Do(req)
		if err != nil {
			var urlErr *url.Error
			if errors.As(err, &urlErr) {
				err = urlErr.Err
			}
			return nil, nil, fmt.Errorf("%w at %s: %w", errUnreachable, req.URL.Host, err)
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
		_ = resp.Body.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("%w to the end at %s: %w", errUnreachable, req.URL.Host, err)
		}
		if resp.StatusCode < 300 {
			return answer, resp.Header, nil
		}
		wait, later, again := busy(resp, try)
		if !again {
			return nil, nil, refusalOf(resp, answer, later)
		}
		if err := s.pause(ctx, wait); err != nil {
			return nil, nil, err
		}
	}
}

// busy tells whether a later try may succeed, how long to wait for it, and what the answer asks for where that is too
// long to wait.
func busy(resp *http.Response, try int) (wait, later time.Duration, again bool) {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0, 0, false
	}
	wait = time.Duration(1<<try) * 100 * time.Millisecond
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if wait > patience {
		return 0, wait, false
	}
	return wait, 0, try < tries
}

func refusalOf(resp *http.Response, answer []byte, later time.Duration) error {
	r := &refusal{}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(answer, r) != nil {
		r = &refusal{Title: http.StatusText(resp.StatusCode)}
	}
	r.Status, r.later = resp.StatusCode, later
	return r
}

// hasStatus tells whether an error is a refusal with a status.
func hasStatus(err error, status int) bool {
	var r *refusal
	return errors.As(err, &r) && r.Status == status
}

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
}

func (r *refusal) Error() string {
	text := r.Detail
	if text == "" {
		text = r.Title
	}
	for _, part := range r.Errors {
		text += fmt.Sprintf(" %s: %s.", part.Location, part.Message)
	}
	return fmt.Sprintf("%s (%d)", text, r.Status)
}

// client talks to the HTTP API.
type client struct {
	base, key string
	http      *http.Client
	pause     func(context.Context, time.Duration) error
}

// get reads what is at a path made of parts, whatever characters they hold, into out.
func (c *client) get(ctx context.Context, out any, query url.Values, parts ...string) error {
	return c.call(ctx, http.MethodGet, nil, out, query, parts...)
}

// post sends in, if it is not nil, and reads the answer into out.
func (c *client) post(ctx context.Context, in, out any, parts ...string) error {
	return c.call(ctx, http.MethodPost, in, out, nil, parts...)
}

func (c *client) call(ctx context.Context, method string, in, out any, query url.Values, parts ...string) error {
	target := c.base + "/v1"
	for _, part := range parts {
		target += "/" + escapePart(part)
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	header := http.Header{"Authorization": {"Bearer " + c.key}, "Accept": {"application/json"}}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
		header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		// A request that was answered "busy" may have been carried out all the same.
		header.Set("Idempotency-Key", rand.Text())
	}
	answer, err := send(ctx, c.http, c.pause, method, target, header, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer of %s is not understood: %w", c.base, err)
	}
	return nil
}

// escapePart encodes a part of a path twice, for the gateway in front of the API decodes the path once before the API
// splits it.
func escapePart(s string) string { return url.PathEscape(url.PathEscape(s)) }

// send sends a request, again after a while if the other side is busy, and gives the body of the answer. An answer that
// is not a success is a refusal. Errors never show the URL, which may be secret.
func send(ctx context.Context, h *http.Client, pause func(context.Context, time.Duration) error, method, target string, header http.Header, body []byte) ([]byte, error) {
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
		if err != nil {
			return nil, usagef("the URL of the API is no URL")
		}
		req.Header = header.Clone()
		req.Header.Set("User-Agent", "leadline")
		resp, err := h.Do(req)
		if err != nil {
			var urlErr *url.Error
			if errors.As(err, &urlErr) {
				err = urlErr.Err
			}
			return nil, fmt.Errorf("%w at %s: %w", errUnreachable, req.URL.Host, err)
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
		_ = resp.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("%w to the end at %s: %w", errUnreachable, req.URL.Host, err)
		}
		if resp.StatusCode < 300 {
			return answer, nil
		}
		if wait, again := busy(resp, try); again {
			if err := pause(ctx, wait); err != nil {
				return nil, err
			}
			continue
		}
		return nil, refusalOf(resp, answer)
	}
}

// busy tells whether a later try may succeed, and when.
func busy(resp *http.Response, try int) (time.Duration, bool) {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0, false
	}
	wait := time.Duration(1<<try) * 100 * time.Millisecond
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 && seconds <= 30 {
		wait = time.Duration(seconds) * time.Second
	}
	return wait, try < tries
}

func refusalOf(resp *http.Response, answer []byte) error {
	r := &refusal{}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(answer, r) != nil {
		r = &refusal{Title: http.StatusText(resp.StatusCode)}
	}
	r.Status = resp.StatusCode
	return r
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/problem"
)

// newRequest makes the HTTP request that an API Gateway event stands for.
func newRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, fault.New(fault.Invalid, "invalid_body", "The body is no base64.")
		}
		body = decoded
	}
	escaped := escapePath(event.RawPath)
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, fault.New(fault.NotFound, "not_found", "There is nothing at this path.")
	}
	r, err := http.NewRequestWithContext(ctx, event.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_request", "This is no HTTP request.")
	}
	r.URL = &url.URL{Path: path, RawPath: escaped, RawQuery: event.RawQueryString}
	r.Host = event.RequestContext.DomainName
	r.RemoteAddr = event.RequestContext.HTTP.SourceIP
	for name, value := range event.Headers { // several of one name come joined by commas
		r.Header.Set(name, value)
	}
	for _, cookie := range event.Cookies {
		r.Header.Add("Cookie", cookie)
	}
	return r, nil
}

// escapePath gives the percent-encoded path of a request from an event's rawPath, in which an HTTP API has already
// decoded the path once, so that "a%2Fb" arrives as "a/b" (seen in https://github.com/fastify/aws-lambda-fastify/issues/169).
// Valid escapes that are left stay, for other senders of such events decode nothing, and callers who must be exact
// encode twice; what cannot stand in an encoded path is encoded.
func escapePath(raw string) string {
	segments := strings.Split(raw, "/")
	// What follows .../records/ is one id, whatever slashes in it were decoded. An id that ends in "/history" or holds a
	// "?", at which an HTTP API cuts the path, must be encoded twice.
	const record = 7 // "", v1, connections, C, objects, O, records, R...
	if len(segments) > record+1 && segments[2] == "connections" && segments[4] == "objects" && segments[6] == "records" {
		end := len(segments)
		if segments[end-1] == "history" {
			end--
		}
		id := strings.Join(segments[record:end], "%2F")
		segments = append(append(segments[:record:record], id), segments[end:]...)
	}
	for i, segment := range segments {
		segments[i] = escapeSegment(segment)
	}
	return strings.Join(segments, "/")
}

// escapeSegment encodes what may not stand in a path, and leaves valid escapes alone.
func escapeSegment(s string) string {
	var b strings.Builder
	for rest := s; rest != ""; {
		literal, after, _ := strings.Cut(rest, "%")
		b.WriteString(url.PathEscape(literal))
		switch {
		case len(literal) == len(rest): // no % left
		case len(after) >= 2 && isHex(after[0]) && isHex(after[1]):
			b.WriteString("%" + after[:2])
			after = after[2:]
		default:
			b.WriteString("%25")
		}
		rest = after
	}
	switch out := b.String(); out {
	case ".", "..": // else the router would take them for steps
		return strings.ReplaceAll(out, ".", "%2E")
	default:
		return out
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// recorder is the http.ResponseWriter whose content becomes the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

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

// fail replaces what was recorded with a problem. Headers that the problem needs are kept.
func (r *recorder) fail(p *problem.Problem) {
	header := http.Header{"Content-Type": {problem.ContentType}}
	if allow := r.header.Get("Allow"); allow != "" {
		header.Set("Allow", allow)
	}
	r.header, r.status = header, p.Status
	r.body.Reset()
	r.body.Write(p.JSON())
}

// response gives the answer in the form that API Gateway understands.
func (r *recorder) response(method string) events.APIGatewayV2HTTPResponse {
	out := events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: make(map[string]string, len(r.header))}
	for name, values := range r.header {
		out.Headers[name] = strings.Join(values, ", ")
	}
	if method == http.MethodHead {
		return out
	}
	body := r.body.Bytes()
	// Lambda answers hold 6 MB, counted after the body was written as a JSON string. Base64 grows by a third, escapes
	// may grow more. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	if escapedLength(body) > base64.StdEncoding.EncodedLen(len(body)) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		return out
	}
	out.Body = string(body)
	return out
}

// escapedLength is how many bytes body takes in a JSON string that encoding/json writes.
func escapedLength(body []byte) int {
	n := len(body)
	for _, c := range body {
		switch {
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			n++
		case c < ' ' || c == '<' || c == '>' || c == '&':
			n += 5
		}
	}
	return n
}

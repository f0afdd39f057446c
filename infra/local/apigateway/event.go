package apigateway

import (
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// event makes the event of a request in payload format 2.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (g *Gateway) event(r *http.Request, routeKey, path string, parameters map[string]string, body []byte, id string, at time.Time) events.APIGatewayV2HTTPRequest {
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	prefix, _, _ := strings.Cut(r.Host, ".")
	e := events.APIGatewayV2HTTPRequest{
		Version:               "2.0",
		RouteKey:              routeKey,
		RawPath:               path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               headers(r, source, id, at),
		QueryStringParameters: queryParameters(r.URL.RawQuery),
		PathParameters:        parameters,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:     routeKey,
			AccountID:    g.opts.AccountID,
			Stage:        "$default",
			RequestID:    id,
			APIID:        g.opts.APIID,
			DomainName:   r.Host,
			DomainPrefix: prefix,
			Time:         at.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    at.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
	}
	switch {
	case len(body) == 0:
	case isText(r.Header.Get("Content-Type")):
		e.Body = string(body)
	default:
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// isText tells whether API Gateway passes on a body of the content type as text: its documentation only says that binary
// ones are encoded; which ones are text was observed on AWS, where even application/x-www-form-urlencoded and
// application/*+json are not: https://github.com/ministackorg/ministack/pull/766
func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, _, _ = strings.Cut(contentType, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/")
}

// decodedPath gives the path as HTTP APIs pass it on: percent-decoded, although the field is called rawPath, and cut off
// at a question mark that was encoded. https://github.com/hotsock/voker/pull/8 shows captures from AWS.
func decodedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.URL.Path, "?")
	return path
}

// headers gives the headers with lower-case names and repeated ones joined, and those that API Gateway adds. Cookies are
// not among them.
func headers(r *http.Request, source, id string, at time.Time) map[string]string {
	all := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		if name != "Cookie" {
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	all["host"] = r.Host
	if r.ContentLength >= 0 && (r.ContentLength > 0 || r.Method != http.MethodGet) {
		all["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	port := "80"
	if _, p, err := net.SplitHostPort(r.Host); err == nil {
		port = p
	}
	all["x-forwarded-port"] = port
	all["x-forwarded-proto"] = "http"
	if before, ok := all["x-forwarded-for"]; ok {
		source = before + ", " + source
	}
	all["x-forwarded-for"] = source
	if _, ok := all["x-amzn-trace-id"]; !ok {
		all["x-amzn-trace-id"] = "Root=1-" + strconv.FormatInt(at.Unix(), 16) + "-" + traceSuffix(id)
	}
	return all
}

// traceSuffix makes the second half of a trace id, 24 hex digits, out of a request id.
func traceSuffix(id string) string {
	const digits = "0123456789abcdef"
	suffix := make([]byte, 24)
	for i := range suffix {
		suffix[i] = digits[(int(id[i%len(id)])+i)%len(digits)]
	}
	return string(suffix)
}

func cookies(h http.Header) []string {
	var all []string
	for _, line := range h["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

// queryParameters decodes a query; repeated parameters are joined.
func queryParameters(raw string) map[string]string {
	var all map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if before, ok := all[name]; ok {
			value = before + "," + value
		}
		all = with(all, name, value)
	}
	return all
}

// unescape decodes a part of a query, or gives it as it is if it is not well formed.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// headerBytes is what counts against the limit on headers: the request line and all headers.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

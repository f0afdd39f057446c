// Package apigateway is an Amazon API Gateway HTTP API for the local stack: its routes and their order, Lambda proxy
// integrations with payload format 2.0, and the limits that a function can notice.
//
// It knows one stage, $default. Authorizers, CORS, throttling, custom domains and TLS are not played.
package apigateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"leadline/infra/local/lambda"
)

// Limits of HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxBodyBytes   = 10 << 20
	maxHeaderBytes = 10240
	// MaxTimeout is the longest that a function may take to answer, and the default.
	MaxTimeout = 30 * time.Second
)

// Functions runs functions.
type Functions interface {
	// Invoke runs the function that a name or ARN refers to, as the Lambda package does.
	Invoke(ctx context.Context, reference string, in lambda.Invocation) (lambda.Result, error)
}

// Options sets up a gateway.
type Options struct {
	Functions Functions
	Routes    []Route
	// AccountID and APIID only appear in events.
	AccountID, APIID string
	// Log gets one line of JSON per request, if set: time, route, status, latency. The path is not in it, for it may be a
	// secret.
	Log io.Writer
}

// Route leads requests to a function.
type Route struct {
	// Key is the method or ANY, a space and the path, or $default.
	Key string
	// Function is a name or ARN.
	Function string
	// Timeout is how long the function may take; MaxTimeout unless set.
	Timeout time.Duration
}

// Gateway serves an HTTP API. It is safe for concurrent use.
type Gateway struct {
	opts   Options
	routes []route

	logging sync.Mutex
}

// New makes a gateway. A route key that no HTTP API can have, or two that are the same, are an error.
func New(opts Options) (*Gateway, error) {
	g := &Gateway{opts: opts}
	seen := map[string]bool{}
	for _, r := range opts.Routes {
		if seen[r.Key] {
			return nil, fmt.Errorf("apigateway: there are two routes %s", r.Key)
		}
		seen[r.Key] = true
		parsed, err := parseRoute(r)
		if err != nil {
			return nil, err
		}
		g.routes = append(g.routes, parsed)
	}
	return g, nil
}

// ServeHTTP answers as the API would.
func (g *Gateway) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := requestID()
	rw.Header().Set("Apigw-Requestid", id)
	route, status := g.serve(rw, r, id, start)
	g.log(start, id, route, status)
}

// serve answers one request and tells by which route and with what status.
func (g *Gateway) serve(rw http.ResponseWriter, r *http.Request, id string, start time.Time) (route string, status int) {
	refuse := func(status int, message string) int {
		body, _ := json.Marshal(map[string]string{"message": message})
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = rw.Write(body)
		return status
	}
	path := decodedPath(r)
	found, parameters, ok := g.match(r.Method, path)
	if !ok {
		return "", refuse(http.StatusNotFound, "Not Found")
	}
	if headerBytes(r) > maxHeaderBytes {
		return found.Key, refuse(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err != nil {
		return found.Key, refuse(http.StatusBadRequest, "Bad Request")
	}
	if len(body) > maxBodyBytes {
		return found.Key, refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	payload, err := encode(g.event(r, found.Key, path, parameters, body, id, start))
	if err != nil {
		return found.Key, refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	result, err := g.invoke(found, payload)
	var refused *lambda.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return found.Key, refuse(http.StatusServiceUnavailable, "Service Unavailable")
	case errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge:
		return found.Key, refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests:
		return found.Key, refuse(http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil, result.FunctionError != "":
		return found.Key, refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	answer, err := parseResponse(result.Payload)
	if err != nil {
		return found.Key, refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	answer.write(rw)
	return found.Key, answer.status
}

// encode writes v without the escapes for HTML, which would make an event larger than it is on AWS.
func encode(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

// invoke runs the function of a route. One that takes too long runs on, but nobody waits for it.
func (g *Gateway) invoke(r route, payload []byte) (lambda.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.Timeout)
	type outcome struct {
		result lambda.Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		result, err := g.opts.Functions.Invoke(ctx, r.Function, lambda.Invocation{Payload: payload})
		done <- outcome{result, err}
	}()
	select {
	case out := <-done:
		return out.result, out.err
	case <-ctx.Done():
		select { // it may have been the end of the invocation that cancelled
		case out := <-done:
			return out.result, out.err
		default:
			return lambda.Result{}, context.DeadlineExceeded
		}
	}
}

func (g *Gateway) log(start time.Time, id, route string, status int) {
	if g.opts.Log == nil {
		return
	}
	line, _ := json.Marshal(map[string]any{
		"time": start.UTC().Format(time.RFC3339Nano), "request_id": id, "route": route, "status": status,
		"latency_ms": time.Since(start).Milliseconds(),
	})
	g.logging.Lock()
	defer g.logging.Unlock()
	_, _ = g.opts.Log.Write(append(line, '\n'))
}

// requestID makes an id of the form that API Gateway uses.
func requestID() string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.URLEncoding.EncodeToString(b[:])
}

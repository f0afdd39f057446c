package apigateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"leadline/infra/local/apigateway"
	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// probe is the binary of a function that answers an HTTP event with the event.
var probe string

func TestMain(m *testing.M) { lambdatest.Main(m, &probe) }

// functions stands in for functions where a test needs a result that no Go function would give.
type functions func(reference string, payload []byte) (lambda.Result, error)

func (f functions) Invoke(_ context.Context, reference string, in lambda.Invocation) (lambda.Result, error) {
	return f(reference, in.Payload)
}

func serve(t *testing.T, opts apigateway.Options) *httptest.Server {
	t.Helper()
	g, err := apigateway.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return server
}

// echo serves a real function that answers with the event it got.
func echo(t *testing.T, log io.Writer) *httptest.Server {
	t.Helper()
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "probe", Binary: probe, Timeout: 20 * time.Second})
	return serve(t, apigateway.Options{
		Functions: host, AccountID: "000000000000", APIID: "api1", Log: log,
		Routes: []apigateway.Route{
			{Key: "POST /hooks/{token}", Function: "probe"},
			{Key: "ANY /v1/{proxy+}", Function: "arn:aws:lambda:us-east-1:000000000000:function:probe:live"},
		},
	})
}

func send(t *testing.T, request *http.Request) (*http.Response, []byte) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

func request(t *testing.T, method, url string, body []byte, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// event sends a request and gives the event that the function got.
func event(t *testing.T, r *http.Request) (e events.APIGatewayV2HTTPRequest, raw map[string]json.RawMessage) {
	t.Helper()
	response, body := send(t, r)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%d: %s", response.StatusCode, body)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Fatal(err)
	}
	return e, raw
}

func TestEvent(t *testing.T) {
	server := echo(t, nil)
	before := time.Now().Truncate(time.Millisecond)
	e, _ := event(t, request(t, "POST", server.URL+"/hooks/to%20ken?a=1&b=x%2Fy&a=2&c", []byte(`{"x":"<ü>"}`),
		"Content-Type", "application/json", "X-Twice", "one", "X-Twice", "two", "Cookie", "k=v; l=w",
		"User-Agent", "test", "X-Forwarded-For", "203.0.113.7"))
	host := strings.TrimPrefix(server.URL, "http://")
	for what, pair := range map[string][2]string{
		"version":          {e.Version, "2.0"},
		"route key":        {e.RouteKey, "POST /hooks/{token}"},
		"route key inside": {e.RequestContext.RouteKey, "POST /hooks/{token}"},
		"raw path":         {e.RawPath, "/hooks/to ken"},
		"raw query":        {e.RawQueryString, "a=1&b=x%2Fy&a=2&c"},
		"parameter":        {e.PathParameters["token"], "to ken"},
		"cookies":          {strings.Join(e.Cookies, "|"), "k=v|l=w"},
		"cookie header":    {e.Headers["cookie"], ""},
		"joined header":    {e.Headers["x-twice"], "one,two"},
		"content type":     {e.Headers["content-type"], "application/json"},
		"content length":   {e.Headers["content-length"], "12"},
		"host":             {e.Headers["host"], host},
		"forwarded for":    {e.Headers["x-forwarded-for"], "203.0.113.7, 127.0.0.1"},
		"joined query":     {e.QueryStringParameters["a"], "1,2"},
		"decoded query":    {e.QueryStringParameters["b"], "x/y"},
		"empty query":      {e.QueryStringParameters["c"], ""},
		"stage":            {e.RequestContext.Stage, "$default"},
		"account":          {e.RequestContext.AccountID, "000000000000"},
		"API":              {e.RequestContext.APIID, "api1"},
		"domain":           {e.RequestContext.DomainName, host},
		"method":           {e.RequestContext.HTTP.Method, "POST"},
		"path":             {e.RequestContext.HTTP.Path, "/hooks/to ken"},
		"protocol":         {e.RequestContext.HTTP.Protocol, "HTTP/1.1"},
		"source":           {e.RequestContext.HTTP.SourceIP, "127.0.0.1"},
		"agent":            {e.RequestContext.HTTP.UserAgent, "test"},
		"body":             {e.Body, `{"x":"<ü>"}`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if e.IsBase64Encoded || e.RequestContext.RequestID == "" || e.Headers["x-amzn-trace-id"] == "" {
		t.Errorf("got %+v", e)
	}
	at := time.UnixMilli(e.RequestContext.TimeEpoch)
	if at.Before(before) || time.Since(at) > time.Minute {
		t.Errorf("time %v", at)
	}
	if parsed, err := time.Parse("02/Jan/2006:15:04:05 -0700", e.RequestContext.Time); err != nil || parsed.Unix() != at.Unix() {
		t.Errorf("time %q, %v", e.RequestContext.Time, err)
	}

	_, raw := event(t, request(t, "GET", server.URL+"/v1/health", nil))
	for _, absent := range []string{"body", "cookies", "queryStringParameters", "stageVariables"} {
		if _, ok := raw[absent]; ok {
			t.Errorf("an event has %s though the request has none", absent)
		}
	}
}

func TestBodyEncoding(t *testing.T) {
	server := echo(t, nil)
	for contentType, text := range map[string]bool{
		"application/json":                  true,
		"Application/JSON; charset=utf-8":   true,
		"application/xml":                   true,
		"application/javascript":            true,
		"text/plain":                        true,
		"text/csv; header=present":          true,
		"application/problem+json":          false,
		"application/x-www-form-urlencoded": false,
		"application/octet-stream":          false,
		"multipart/form-data; boundary=x":   false,
		"image/png":                         false,
		"":                                  false,
		"no type":                           false,
	} {
		t.Run(contentType, func(t *testing.T) {
			body := []byte(`{"a": "ü"}`)
			r := request(t, "POST", server.URL+"/hooks/t", body)
			if contentType != "" {
				r.Header.Set("Content-Type", contentType)
			}
			e, _ := event(t, r)
			if e.IsBase64Encoded == text {
				t.Errorf("base64: %v", e.IsBase64Encoded)
			}
			got := []byte(e.Body)
			if e.IsBase64Encoded {
				var err error
				if got, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, body) {
				t.Errorf("the function got %q", got)
			}
		})
	}
	binary := []byte{0, 0xff, 0xfe, '"'}
	e, _ := event(t, request(t, "POST", server.URL+"/hooks/t", binary, "Content-Type", "application/octet-stream"))
	if got, err := base64.StdEncoding.DecodeString(e.Body); err != nil || !bytes.Equal(got, binary) {
		t.Errorf("binary body: got %v, %v", got, err)
	}
}

func TestPathIsDecodedAndCut(t *testing.T) {
	server := echo(t, nil)
	for path, want := range map[string]string{
		"/v1/a%2Fb":    "/v1/a/b",
		"/v1/a/":       "/v1/a/",
		"/v1/%C3%BC":   "/v1/ü",
		"/v1/a%3Fb/c":  "/v1/a",
		"/v1/50%25/+x": "/v1/50%/+x",
	} {
		e, _ := event(t, request(t, "GET", server.URL+path, nil))
		if e.RawPath != want || "/v1/"+e.PathParameters["proxy"] != want {
			t.Errorf("%s: rawPath %q, proxy %q; want %q", path, e.RawPath, e.PathParameters["proxy"], want)
		}
	}
}

func TestRoutes(t *testing.T) {
	keys := []string{"GET /pets/dog/1", "GET /pets/dog/{id}", "ANY /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "GET /{kind}/dog", "$default"}
	var routes []apigateway.Route
	for _, key := range keys {
		routes = append(routes, apigateway.Route{Key: key, Function: key})
	}
	server := serve(t, apigateway.Options{Routes: routes, Functions: functions(func(reference string, payload []byte) (lambda.Result, error) {
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(payload, &e); err != nil || e.RouteKey != reference {
			t.Errorf("route key %q, %v", e.RouteKey, err)
		}
		parameters, err := json.Marshal(e.PathParameters)
		return lambda.Result{Payload: fmt.Appendf(nil, `{"statusCode":200,"body":%q}`, reference+" "+string(parameters))}, err
	})})
	for _, tc := range []struct{ method, path, want string }{
		{"GET", "/pets/dog/1", `GET /pets/dog/1 null`},
		{"GET", "/pets/dog/2", `GET /pets/dog/{id} {"id":"2"}`},
		{"PUT", "/pets/dog/2", `ANY /pets/dog/{id} {"id":"2"}`},
		{"GET", "/pets/cat/1", `GET /pets/{proxy+} {"proxy":"cat/1"}`},
		{"GET", "/pets/dog", `GET /{kind}/dog {"kind":"pets"}`}, // no greedy variable before one with
		{"PUT", "/pets/cat/1", `ANY /{proxy+} {"proxy":"pets/cat/1"}`},
		{"GET", "/x", `ANY /{proxy+} {"proxy":"x"}`},
		{"GET", "/", `$default null`},
	} {
		_, body := send(t, request(t, tc.method, server.URL+tc.path, nil))
		if string(body) != tc.want {
			t.Errorf("%s %s: got %s, want %s", tc.method, tc.path, body, tc.want)
		}
	}
	// The door for rows stands among the routes of the API.
	pushes := serve(t, apigateway.Options{
		Routes: []apigateway.Route{{Key: "ANY /v1/{proxy+}", Function: "api"}, {Key: "POST /v1/push", Function: "receive"}},
		Functions: functions(func(reference string, _ []byte) (lambda.Result, error) {
			return lambda.Result{Payload: fmt.Appendf(nil, `{"statusCode":200,"body":%q}`, reference)}, nil
		}),
	})
	for asked, want := range map[string]string{
		"POST /v1/push": "receive", "POST /v1/push?x=1": "receive", "GET /v1/push": "api", "GET /v1/push/bat_1": "api", "POST /v1/push/bat_1": "api",
		"POST /v1/pushes": "api", "POST /v1/Push": "api",
	} {
		method, path, _ := strings.Cut(asked, " ")
		if _, body := send(t, request(t, method, pushes.URL+path, nil)); string(body) != want {
			t.Errorf("%s goes to %s, want %s", asked, body, want)
		}
	}
	for _, bad := range [][]apigateway.Route{
		{{Key: "GET"}}, {{Key: "get /x"}}, {{Key: "GET x"}}, {{Key: "GET /{a+}/b"}}, {{Key: "GET /x"}, {Key: "GET /x"}},
	} {
		if _, err := apigateway.New(apigateway.Options{Routes: bad}); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestResponses(t *testing.T) {
	for name, tc := range map[string]struct {
		payload     string
		status      int
		contentType string
		body        string
	}{
		"full":                   {`{"statusCode":201,"headers":{"Content-Type":"text/csv"},"body":"a,b"}`, 201, "text/csv", "a,b"},
		"status as text":         {`{"statusCode":"202","body":"x"}`, 202, "text/plain;charset=UTF-8", "x"},
		"binary":                 {`{"statusCode":200,"isBase64Encoded":true,"body":"AP8="}`, 200, "text/plain;charset=UTF-8", "\x00\xff"},
		"no body":                {`{"statusCode":204}`, 204, "", ""},
		"inferred object":        {`{"a":1}`, 200, "application/json", `{"a":1}`},
		"inferred text":          {`"hello"`, 200, "application/json", `hello`},
		"inferred list":          {`[1]`, 200, "application/json", `[1]`},
		"no JSON":                {`hello`, 500, "application/json", `{"message":"Internal Server Error"}`},
		"bad status":             {`{"statusCode":"many"}`, 500, "application/json", `{"message":"Internal Server Error"}`},
		"bad base64":             {`{"statusCode":200,"isBase64Encoded":true,"body":"!"}`, 500, "application/json", `{"message":"Internal Server Error"}`},
		"header that is no text": {`{"statusCode":200,"headers":{"x-count":7,"content-type":"a/b"},"body":""}`, 200, "a/b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, apigateway.Options{
				Routes:    []apigateway.Route{{Key: "$default", Function: "f"}},
				Functions: functions(func(string, []byte) (lambda.Result, error) { return lambda.Result{Payload: []byte(tc.payload)}, nil }),
			})
			response, body := send(t, request(t, "GET", server.URL+"/", nil))
			got := []any{response.StatusCode, response.Header.Get("Content-Type"), string(body)}
			if diff := cmp.Diff([]any{tc.status, tc.contentType, tc.body}, got); diff != "" {
				t.Error(diff)
			}
			if response.Header.Get("Apigw-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestCookiesAndHeadersOfResponse(t *testing.T) {
	server := serve(t, apigateway.Options{
		Routes: []apigateway.Route{{Key: "$default", Function: "f"}},
		Functions: functions(func(string, []byte) (lambda.Result, error) {
			return lambda.Result{Payload: []byte(`{"statusCode":200,"cookies":["a=1; HttpOnly","b=2"],"headers":{"X-Count":7},"body":""}`)}, nil
		}),
	})
	response, _ := send(t, request(t, "GET", server.URL+"/", nil))
	if diff := cmp.Diff([]string{"a=1; HttpOnly", "b=2"}, response.Header["Set-Cookie"]); diff != "" {
		t.Error(diff)
	}
	if got := response.Header.Get("X-Count"); got != "7" {
		t.Errorf("X-Count: %q", got)
	}
}

func TestFailures(t *testing.T) {
	slow := make(chan struct{})
	t.Cleanup(func() { close(slow) })
	server := serve(t, apigateway.Options{
		Routes: []apigateway.Route{
			{Key: "ANY /failed", Function: "failed"}, {Key: "ANY /gone", Function: "gone"}, {Key: "ANY /busy", Function: "busy"},
			{Key: "ANY /large", Function: "large"}, {Key: "ANY /slow", Function: "slow", Timeout: 50 * time.Millisecond},
		},
		Functions: functions(func(reference string, _ []byte) (lambda.Result, error) {
			switch reference {
			case "failed":
				return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"secret"}`)}, nil
			case "busy":
				return lambda.Result{}, &lambda.Error{Status: 429, Code: "TooManyRequestsException"}
			case "large":
				return lambda.Result{}, &lambda.Error{Status: 413, Code: "RequestTooLargeException"}
			case "slow":
				<-slow
			}
			return lambda.Result{}, errors.New("gone")
		}),
	})
	for path, want := range map[string]struct {
		status  int
		message string
	}{
		"/failed":  {500, "Internal Server Error"},
		"/gone":    {500, "Internal Server Error"},
		"/busy":    {503, "Service Unavailable"},
		"/slow":    {503, "Service Unavailable"},
		"/large":   {413, "Request Entity Too Large"},
		"/nowhere": {404, "Not Found"},
	} {
		response, body := send(t, request(t, "GET", server.URL+path, nil))
		if response.StatusCode != want.status || string(body) != `{"message":"`+want.message+`"}` {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
}

func TestLimits(t *testing.T) {
	server := echo(t, nil)
	response, body := send(t, request(t, "POST", server.URL+"/hooks/t", bytes.Repeat([]byte("x"), 10<<20+1), "Content-Type", "text/plain"))
	if response.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), "Request Entity Too Large") {
		t.Errorf("a body over 10 MB: %d %s", response.StatusCode, body)
	}
	response, _ = send(t, request(t, "POST", server.URL+"/hooks/t", bytes.Repeat([]byte("x"), 7<<20), "Content-Type", "text/plain"))
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("an event over 6 MB: %d", response.StatusCode)
	}
	response, _ = send(t, request(t, "GET", server.URL+"/v1/x", nil, "X-Long", strings.Repeat("x", 10240)))
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers over 10,240 bytes: %d", response.StatusCode)
	}
}

func TestLogHasNoPath(t *testing.T) {
	var log bytes.Buffer
	server := echo(t, &log)
	send(t, request(t, "POST", server.URL+"/hooks/very-secret?key=other-secret", []byte(`{}`), "Content-Type", "application/json"))
	server.Close() // the line is written after the answer
	var line struct {
		Route  string
		Status int
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Route != "POST /hooks/{token}" || line.Status != 200 {
		t.Errorf("%q: %v", log.String(), err)
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log shows the path: %q", log.String())
	}
}

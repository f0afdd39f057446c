package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"
)

func TestEscapePath(t *testing.T) {
	const records = "/v1/connections/c/objects/o/records/"
	for raw, want := range map[string]string{
		"/v1/health":                 "/v1/health",
		"":                           "",
		records + "a%2Fb":            records + "a%2Fb", // encoded twice, or decoded by nobody
		records + "a/b":              records + "a%2Fb", // encoded once
		records + "a/b/history":      records + "a%2Fb/history",
		records + "a/history":        records + "a/history",
		records + "a/history/b":      records + "a%2Fhistory%2Fb",
		records + "a b#c%":           records + "a%20b%23c%25",
		records + "100%2":            records + "100%252",
		records + "ü?x":              records + "%C3%BC%3Fx",
		records + "..":               records + "%2E%2E",
		records:                      records,
		"/v1/a/b/c/d/records/x/y":    "/v1/a/b/c/d/records/x/y",
		"/v1/connections/../x":       "/v1/connections/%2E%2E/x",
		"/v1/connections/c%20d/key%": "/v1/connections/c%20d/key%25",
	} {
		if got := escapePath(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

// TestEveryIDReachesTheHandler: a client that encodes an id twice means that id, whatever it holds.
func TestEveryIDReachesTheHandler(t *testing.T) {
	mux := http.NewServeMux()
	var got, suffix string
	mux.HandleFunc("GET /v1/connections/{connection}/objects/{object}/records/{record}", func(_ http.ResponseWriter, r *http.Request) {
		got, suffix = r.PathValue("record"), ""
	})
	mux.HandleFunc("GET /v1/connections/{connection}/objects/{object}/records/{record}/history", func(_ http.ResponseWriter, r *http.Request) {
		got, suffix = r.PathValue("record"), "/history"
	})
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.OneOf(rapid.StringMatching(`[a-z/%?#.25F ]{1,12}`), rapid.StringN(1, 40, -1)).Filter(func(id string) bool {
			return id != "/" // net/http routes "%2F" alone as if it were the end of the path
		}).Draw(rt, "id")
		end := rapid.SampledFrom([]string{"", "/history"}).Draw(rt, "end")
		path, err := url.PathUnescape("/v1/connections/c/objects/o/records/" + url.PathEscape(url.PathEscape(id)) + end)
		if err != nil {
			rt.Fatal(err)
		}
		event := events.APIGatewayV2HTTPRequest{RawPath: path}
		event.RequestContext.HTTP.Method = http.MethodGet
		r, err := newRequest(t.Context(), event)
		if err != nil {
			rt.Fatal(err)
		}
		got = ""
		mux.ServeHTTP(newRecorder(), r)
		if got != id || suffix != end {
			rt.Fatalf("%q%s arrived as %q%s", id, end, got, suffix)
		}
	})
}

func TestNewRequestCarriesEverything(t *testing.T) {
	event := events.APIGatewayV2HTTPRequest{RawPath: "/v1/x", RawQueryString: "a=1&a=2&b=%20", Body: "aGk=", IsBase64Encoded: true,
		Headers: map[string]string{"x-one": "1,2"}, Cookies: []string{"c=1", "d=2"}}
	event.RequestContext.HTTP.Method = http.MethodPut
	event.RequestContext.DomainName = "api.example.com"
	r, err := newRequest(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	_ = r.Write(&body)
	if r.Method != "PUT" || r.Host != "api.example.com" || len(r.URL.Query()["a"]) != 2 || r.URL.Query().Get("b") != " " ||
		r.Header.Get("X-One") != "1,2" || len(r.Cookies()) != 2 || !strings.HasSuffix(body.String(), "\r\n\r\nhi") {
		t.Errorf("got %s", body.String())
	}
	event.RequestContext.HTTP.Method = "not a method"
	if _, err := newRequest(t.Context(), event); err == nil {
		t.Error("a method with blanks passes")
	}
}

// FuzzHandle: no event is a crash or an error of the function.
func FuzzHandle(f *testing.F) {
	f.Add("GET", "/v1/connections/c/objects/o/records/a%2Fb", "limit=1", "", "Bearer llk_x", false)
	f.Add("POST", "/v1/connections", "", `{"connector":"close"}`, "", true)
	s := newSystem(f)
	f.Fuzz(func(t *testing.T, method, path, query, body, authorization string, encoded bool) {
		for _, key := range []string{authorization, "Bearer " + s.admin} {
			event := events.APIGatewayV2HTTPRequest{RawPath: path, RawQueryString: query, Body: body, IsBase64Encoded: encoded,
				Headers: map[string]string{"authorization": key, "content-type": "application/json"}}
			event.RequestContext.HTTP.Method = method
			out, err := s.handler.Handle(t.Context(), event)
			if err != nil || out.StatusCode < 200 || out.StatusCode >= 500 {
				t.Fatalf("got %d %s %v", out.StatusCode, out.Body, err)
			}
		}
	})
}

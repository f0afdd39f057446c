package openapitest_test

import (
	"net/url"
	"strings"
	"testing"

	"leadline/shared/openapitest"
)

const document = `{
  "openapi": "3.1.0",
  "components": {"schemas": {"Thing": {
    "type": "object", "required": ["id"], "additionalProperties": false,
    "properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}}},
  "paths": {
    "/v1/health": {"get": {"responses": {"200": {"content": {"application/json": {"schema": true}}}}}},
    "/v1/things/{thing}": {"post": {
      "security": [{"key": []}],
      "parameters": [
        {"in": "path", "name": "thing", "schema": {"type": "string"}},
        {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1}},
        {"in": "query", "name": "sort", "schema": {"type": "string", "enum": ["up", "down"]}}],
      "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
      "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}}
  }
}`

func TestEveryBreachIsFound(t *testing.T) {
	d, err := openapitest.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(method, path string, status int, contentType, body string) func() error {
		return func() error { return d.CheckAnswer(method, path, status, contentType, []byte(body)) }
	}
	request := func(query, body string) func() error {
		q, _ := url.ParseQuery(query)
		return func() error { return d.CheckRequest("POST", "/v1/things/a%2Fb", q, []byte(body)) }
	}
	for name, c := range map[string]struct {
		check func() error
		want  string // empty: nothing is wrong
	}{
		"a good answer":        {answer("POST", "/v1/things/1", 200, "application/json; charset=utf-8", `{"id":"1","at":"2026-11-22T10:00:00Z"}`), ""},
		"an encoded path":      {answer("POST", "/v1/things/a%252Fb", 200, "application/json", `{"id":"1"}`), ""},
		"unknown path":         {answer("POST", "/v1/thing/1", 200, "application/json", `{"id":"1"}`), "has no POST"},
		"empty part":           {answer("POST", "/v1/things/", 200, "application/json", `{"id":"1"}`), "has no POST"},
		"unknown method":       {answer("GET", "/v1/things/1", 200, "application/json", `{"id":"1"}`), "has no GET"},
		"unlisted status":      {answer("POST", "/v1/things/1", 201, "application/json", `{"id":"1"}`), "does not list the status 201"},
		"unlisted type":        {answer("POST", "/v1/things/1", 200, "text/html", `{"id":"1"}`), "text/html"},
		"no JSON":              {answer("POST", "/v1/things/1", 200, "application/json", `{"id"`), "body"},
		"missing property":     {answer("POST", "/v1/things/1", 200, "application/json", `{}`), "id"},
		"wrong type":           {answer("POST", "/v1/things/1", 200, "application/json", `{"id":1}`), "got number, want string"},
		"additional":           {answer("POST", "/v1/things/1", 200, "application/json", `{"id":"1","x":1}`), "'x'"},
		"wrong format":         {answer("POST", "/v1/things/1", 200, "application/json", `{"id":"1","at":"now"}`), "date-time"},
		"a good request":       {request("limit=2&sort=up", `{"id":"1"}`), ""},
		"query out of range":   {request("limit=0", `{"id":"1"}`), "query limit"},
		"query of wrong type":  {request("limit=many", `{"id":"1"}`), "query limit"},
		"query not one of":     {request("sort=left", `{"id":"1"}`), "query sort"},
		"unknown query":        {request("page=2", `{"id":"1"}`), `"page"`},
		"bad request body":     {request("", `{"id":true}`), "got boolean, want string"},
		"body that must be":    {request("", ``), "body"},
		"body that may not be": {func() error { return d.CheckRequest("GET", "/v1/health", nil, []byte(`{}`)) }, "takes no body"},
		"a named schema":       {func() error { return d.CheckSchema("Thing", []byte(`{"id":"1"}`)) }, ""},
		"not the named schema": {func() error { return d.CheckSchema("Thing", []byte(`[]`)) }, "want object"},
		"no such schema":       {func() error { return d.CheckSchema("Other", []byte(`[]`)) }, "Other"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.check()
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestOperations(t *testing.T) {
	d, err := openapitest.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	ops := d.Operations()
	if len(ops) != 2 || ops[0].Path != "/v1/health" || ops[0].Method != "GET" || !ops[0].Public || ops[1].Public {
		t.Fatalf("got %+v", ops)
	}
}

func TestOtherDocumentsAreRefused(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"openapi":"3.0.3"}`, `{"swagger":"2.0"}`} {
		if _, err := openapitest.Parse([]byte(text)); err == nil {
			t.Errorf("%q passes for OpenAPI 3.1", text)
		}
	}
}

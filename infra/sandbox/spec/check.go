package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CheckRequest tells what is wrong with a request to the API, empty where nothing is. Query parameters that the files do
// not name are let through, as Close ignores them.
func (c *Checker) CheckRequest(r *http.Request, body []byte) string {
	path, ok := strings.CutPrefix(r.URL.Path, root)
	if !ok || unspecified(path) {
		return ""
	}
	method, query, body := override(r, body)
	all := c.find(method, path)
	if len(all) == 0 {
		return "the files have no " + method + " " + path
	}
	if r.Header.Get("Authorization") == "" {
		return method + " " + path + ": no Authorization"
	}
	op := all[0]
	for _, older := range all { // the newer file has not all parameters and bodies
		if problem := c.checkQuery(older, query); problem != "" {
			return problem
		}
		if op.value["requestBody"] == nil {
			op = older
		}
	}
	if op.value["requestBody"] == nil {
		if len(bytes.TrimSpace(body)) > 0 && method != http.MethodDelete {
			return method + " " + path + ": no body is expected"
		}
		return ""
	}
	if object(op.value, "requestBody", "content", "application/json")["schema"] == nil {
		return ""
	}
	s, err := c.schema(op.in, false, "paths", op.template, op.method, "requestBody", "content", "application/json", "schema")
	if err != nil {
		return err.Error()
	}
	return verdict(s, body, method+" "+path+" request")
}

func verdict(s *jsonschema.Schema, body []byte, what string) string {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return what + ": no JSON"
	}
	if err := s.Validate(v); err != nil {
		return what + ": " + err.Error()
	}
	return ""
}

// checkQuery holds the query parameters that an operation names against their schemas.
func (c *Checker) checkQuery(op operation, query map[string][]string) string {
	parameters, _ := op.value["parameters"].([]any)
	for i, p := range parameters {
		parameter, _ := p.(map[string]any)
		if ref, ok := parameter["$ref"].(string); ok { // those of the newer file: _limit and _skip
			name := map[bool]string{true: "_limit", false: "_skip"}[strings.HasSuffix(ref, "LimitParam")]
			if v := query[name]; len(v) > 0 {
				if _, err := strconv.Atoi(v[0]); err != nil {
					return "query " + name + ": not a whole number"
				}
			}
			continue
		}
		name, _ := parameter["name"].(string)
		if parameter["in"] != "query" {
			continue
		}
		if len(query[name]) == 0 {
			if parameter["required"] == true {
				return "query " + name + " is missing"
			}
			continue
		}
		s, err := c.schema(op.in, false, "paths", op.template, op.method, "parameters", strconv.Itoa(i), "schema")
		if err != nil {
			return err.Error()
		}
		if err := s.Validate(typed(query[name][0], kinds(object(parameter, "schema")))); err != nil {
			return "query " + name + ": " + err.Error()
		}
	}
	return ""
}

func kinds(schema map[string]any) []string {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, one := range t {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}

// typed gives a parameter as a value of the type that its schema wants, or as text where it cannot be one.
func typed(v string, kinds []string) any {
	switch {
	case slices.Contains(kinds, "integer"):
		if _, err := strconv.Atoi(v); err == nil {
			return json.Number(v)
		}
	case slices.Contains(kinds, "boolean"):
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	case slices.Contains(kinds, "array"):
		list := []any{}
		for part := range strings.SplitSeq(v, ",") {
			list = append(list, part)
		}
		return list
	}
	return v
}

// CheckAnswer tells what is wrong with an answer of the API, empty where nothing is.
func (c *Checker) CheckAnswer(r *http.Request, status int, body []byte) string {
	path, ok := strings.CutPrefix(r.URL.Path, root)
	if !ok {
		return ""
	}
	method, query, _ := override(r, nil)
	what := method + " " + path + " answer " + strconv.Itoa(status)
	if status >= 400 {
		return refusal(body, what)
	}
	if unspecified(path) || len(query["download"]) > 0 { // what an export makes does not come from the API
		if !json.Valid(body) {
			return what + ": no JSON"
		}
		return ""
	}
	all := c.find(method, path)
	if len(all) == 0 {
		return "the files have no " + method + " " + path
	}
	listed, described := false, false
	// What an overridden POST asks for is in its body, which is not here: it may be a part.
	partial := len(query["_fields"]) > 0 || len(query["_expand"]) > 0 || r.Method != method
	for _, op := range all {
		answer := object(op.value, "responses", strconv.Itoa(status))
		if answer == nil {
			continue
		}
		listed = true
		if len(body) == 0 && status == http.StatusNoContent || object(answer, "content", "application/json")["schema"] == nil {
			continue
		}
		s, err := c.schema(op.in, partial, "paths", op.template, op.method, "responses", strconv.Itoa(status), "content", "application/json", "schema")
		if err != nil {
			return err.Error()
		}
		described = described || says(s)
		if problem := verdict(s, body, what); problem != "" {
			return problem
		}
	}
	if !listed {
		return what + ": the files do not list this status"
	}
	if status == http.StatusNoContent || described && !strings.HasPrefix(path, "/activity/") {
		return ""
	}
	return c.checkShape(method, all[len(all)-1].template, body, partial, what)
}

// says tells whether a schema says more than that there is an object. Those of activities say little, too.
func says(s *jsonschema.Schema) bool {
	for s.Ref != nil {
		s = s.Ref
	}
	return len(s.Properties) > 0
}

// refusal holds an error against the forms that Close's errors have.
func refusal(body []byte, what string) string {
	var v struct {
		Error       json.RawMessage   `json:"error"`
		Errors      []json.RawMessage `json:"errors"`
		FieldErrors map[string]string `json:"field-errors"`
	}
	if err := json.Unmarshal(body, &v); err != nil || v.Error == nil && v.FieldErrors == nil {
		return what + ": not of the form of an error"
	}
	return ""
}

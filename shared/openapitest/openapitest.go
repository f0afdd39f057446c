// Package openapitest holds what an HTTP API answers, or a client expects it to, against its OpenAPI 3.1 document. It is
// for tests.
package openapitest

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const location = "mem:///openapi.json"

// Document is a parsed OpenAPI document. It is safe for concurrent use.
type Document struct {
	root     map[string]any
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// Operation is one operation of a document.
type Operation struct {
	// ID is its operationId.
	ID, Method string
	// Path is the template, such as /v1/things/{thing}.
	Path string
	// Public operations ask for no credentials.
	Public bool
	value  map[string]any
}

// Parse reads a document in JSON.
func Parse(text []byte) (*Document, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	root, ok := value.(map[string]any)
	if version, _ := root["openapi"].(string); !ok || !strings.HasPrefix(version, "3.1.") {
		return nil, fmt.Errorf("openapitest: this is no OpenAPI 3.1 document")
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(location, root); err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	return &Document{root: root, compiler: compiler}, nil
}

// Operations lists the operations of the document by path and method.
func (d *Document) Operations() []Operation {
	var all []Operation
	paths := object(d.root, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := object(paths, path)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			value := object(item, method)
			security, _ := value["security"].([]any)
			id, _ := value["operationId"].(string)
			all = append(all, Operation{ID: id, Method: strings.ToUpper(method), Path: path, Public: len(security) == 0, value: value})
		}
	}
	return all
}

// Extension gives the text of an extension, such as x-served-by; empty if the operation has none.
func (o Operation) Extension(name string) string {
	text, _ := o.value[name].(string)
	return text
}

// Find gives the operation that a request with an encoded path is for.
func (d *Document) Find(method, path string) (Operation, error) {
	parts := strings.Split(path, "/")
	for _, op := range d.Operations() {
		if op.Method == method && fits(strings.Split(op.Path, "/"), parts) {
			return op, nil
		}
	}
	return Operation{}, fmt.Errorf("openapitest: the document has no %s %s", method, path)
}

// CheckAnswer tells what is wrong with an answer to a request: a status that the operation does not list, a content type
// that it does not have for that status, or a body that does not fit its schema.
func (d *Document) CheckAnswer(method, path string, status int, contentType string, body []byte) error {
	op, err := d.Find(method, path)
	if err != nil {
		return err
	}
	code := strconv.Itoa(status)
	content := object(op.value, "responses", code, "content")
	if object(op.value, "responses", code) == nil {
		return fmt.Errorf("openapitest: %s %s does not list the status %d", op.Method, op.Path, status)
	}
	if len(content) == 0 && contentType == "" && len(body) == 0 {
		return nil
	}
	contentType, _, _ = strings.Cut(contentType, ";")
	if content[contentType] == nil {
		return fmt.Errorf("openapitest: %s %s answers %d with %q, which is not listed", op.Method, op.Path, status, contentType)
	}
	if !strings.HasSuffix(contentType, "json") { // a page for people has no schema
		return nil
	}
	return d.check(body, "paths", op.Path, strings.ToLower(op.Method), "responses", code, "content", contentType, "schema")
}

// CheckRequest tells what is wrong with the query and the body of a request. The body is nil where there is none.
func (d *Document) CheckRequest(method, path string, query url.Values, body []byte) error {
	op, err := d.Find(method, path)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	parameters, _ := op.value["parameters"].([]any)
	for i, p := range parameters {
		parameter, _ := p.(map[string]any)
		name, _ := parameter["name"].(string)
		if parameter["in"] != "query" || !query.Has(name) {
			continue
		}
		known[name] = true
		text := []byte(query.Get(name))
		if object(parameter, "schema")["type"] == "string" {
			text = strconv.AppendQuote(nil, query.Get(name))
		}
		if err := d.check(text, "paths", op.Path, strings.ToLower(op.Method), "parameters", strconv.Itoa(i), "schema"); err != nil {
			return fmt.Errorf("query %s: %w", name, err)
		}
	}
	for name := range query {
		if !known[name] {
			return fmt.Errorf("openapitest: %s %s does not take the query %q", op.Method, op.Path, name)
		}
	}
	wanted := object(op.value, "requestBody")
	if wanted == nil && len(body) > 0 {
		return fmt.Errorf("openapitest: %s %s takes no body", op.Method, op.Path)
	}
	if wanted["required"] != true && len(body) == 0 {
		return nil
	}
	if wanted != nil && object(wanted, "content", "application/json") == nil { // a file
		return nil
	}
	return d.check(body, "paths", op.Path, strings.ToLower(op.Method), "requestBody", "content", "application/json", "schema")
}

// CheckSchema tells what is wrong with a body that should fit a named schema of the document.
func (d *Document) CheckSchema(name string, body []byte) error {
	return d.check(body, "components", "schemas", name)
}

// check holds body to the schema at a path within the document.
func (d *Document) check(body []byte, at ...string) error {
	pointer := ""
	for _, part := range at {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	d.mu.Lock()
	schema, err := d.compiler.Compile(location + "#" + (&url.URL{Path: pointer}).EscapedPath())
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("openapitest: schema %s: %w", pointer, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("openapitest: body: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("openapitest: %w", err)
	}
	return nil
}

func fits(template, parts []string) bool {
	return slices.EqualFunc(template, parts, func(t, part string) bool {
		return t == part || strings.HasPrefix(t, "{") && part != ""
	})
}

// object gives the object at a path of names within v, or nil.
func object(v map[string]any, names ...string) map[string]any {
	for _, name := range names {
		v, _ = v[name].(map[string]any)
	}
	return v
}

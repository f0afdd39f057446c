// Package spec holds the requests that arrive at the sandbox and the answers that leave it against the OpenAPI files of
// Close. Where a file says nothing of an answer, the answer is compared with the recorded ones that lie beside the files.
//
// The files may not be redistributed and lie outside the repository.
package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// EnvDir names the folder with one folder per provider. Unset, it is ../shared/specs beside the repository.
const EnvDir = "LEADLINE_SPECS"

// root is where the paths of Close's API begin.
const root = "/api/v1"

// Find gives the folder with Close's files within dir, or where dir is empty, in the place where it should be.
func Find(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv(EnvDir)
	}
	if dir == "" {
		base, err := moduleRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "..", "shared", "specs")
	}
	dir = filepath.Join(dir, "close")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", errors.New("there is no folder " + dir)
	}
	return dir, nil
}

// moduleRoot walks up from the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}

// Checker is the files, read. It is safe for concurrent use.
type Checker struct {
	// documents go from the newer to the older; what a newer one has of an operation counts.
	documents []*document
	shapes    map[string]*shape
	mu        sync.Mutex
}

// document is one OpenAPI file.
type document struct {
	name  string
	paths map[string]any
	// whole knows the schemas as they are written, partial without what is required: answers with _fields have less.
	whole, partial *jsonschema.Compiler
}

// Open reads the files of a folder that Find has found.
func Open(dir string) (*Checker, error) {
	c := &Checker{shapes: map[string]*shape{}}
	for _, name := range []string{"close-2026-webhooks-events-opportunity-openapi.yml", "close-openapi.yml"} {
		d, err := read(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("spec: %s: %w", name, err)
		}
		c.documents = append(c.documents, d)
	}
	if err := c.record(filepath.Join(dir, "fixtures")); err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	return c, nil
}

func read(path string) (*document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var content any
	if err := yaml.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	// Through JSON, so that numbers and names are those that the schema compiler expects.
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		return nil, err
	}
	d := &document{name: filepath.Base(path)}
	top, _ := value.(map[string]any)
	d.paths, _ = top["paths"].(map[string]any)
	if len(d.paths) == 0 {
		return nil, errors.New("it has no paths")
	}
	if d.whole, err = compiler(value); err != nil {
		return nil, err
	}
	less, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		return nil, err
	}
	d.partial, err = compiler(unrequire(less))
	return d, err
}

const location = "mem:///openapi.json"

func compiler(value any) (*jsonschema.Compiler, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	return c, c.AddResource(location, value)
}

// unrequire removes from all schemas what they require.
func unrequire(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if _, list := v["required"].([]any); list {
			delete(v, "required")
		}
		for _, one := range v {
			unrequire(one)
		}
	case []any:
		for _, one := range v {
			unrequire(one)
		}
	}
	return v
}

// operation is one operation in one document.
type operation struct {
	in       *document
	template string
	method   string
	value    map[string]any
}

// find gives what the documents say of a request, the newer first.
func (c *Checker) find(method, path string) []operation {
	parts := strings.Split(path, "/")
	var all []operation
	for _, d := range c.documents {
		if t := d.match(parts); t != "" {
			item, _ := d.paths[t].(map[string]any)
			if v, ok := item[strings.ToLower(method)].(map[string]any); ok {
				all = append(all, operation{in: d, template: t, method: strings.ToLower(method), value: v})
			}
		}
	}
	return all
}

// match finds the template of a path. One without parameters wins, as /lead/merge/ does over /lead/{id}/.
func (d *document) match(parts []string) string {
	if t := strings.Join(parts, "/"); d.paths[t] != nil {
		return t
	}
	for t := range d.paths {
		names := strings.Split(t, "/")
		if len(names) != len(parts) {
			continue
		}
		fits := true
		for i, n := range names {
			fits = fits && (n == parts[i] || strings.HasPrefix(n, "{") && parts[i] != "")
		}
		if fits {
			return t
		}
	}
	return ""
}

// unspecified tells which paths the files do not have: what the sandbox reads there it checks by itself.
func unspecified(path string) bool {
	for _, known := range []string{"/data/search/", "/custom_field_schema/activity/", "/custom_field_schema/custom_object/"} {
		if strings.HasPrefix(path, known) {
			return true
		}
	}
	return false
}

// schema compiles the schema at a path within a document; nil where there is none.
func (c *Checker) schema(d *document, partial bool, at ...string) (*jsonschema.Schema, error) {
	pointer := ""
	for _, part := range at {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(part)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if partial {
		return d.partial.Compile(location + "#" + pointer)
	}
	return d.whole.Compile(location + "#" + pointer)
}

// object gives the object at a path of names within v, or nil.
func object(v map[string]any, names ...string) map[string]any {
	for _, name := range names {
		v, _ = v[name].(map[string]any)
	}
	return v
}

// override gives the request that a POST with x-http-method-override stands for.
func override(r *http.Request, body []byte) (method string, query map[string][]string, rest []byte) {
	if r.Method != http.MethodPost || !strings.EqualFold(r.Header.Get("X-Http-Method-Override"), http.MethodGet) {
		return r.Method, r.URL.Query(), body
	}
	var in struct {
		Params map[string]any `json:"_params"`
	}
	_ = json.Unmarshal(body, &in) // the sandbox has read it
	query = map[string][]string{}
	for name, v := range in.Params {
		query[name] = []string{fmt.Sprint(v)}
	}
	return http.MethodGet, query, nil
}

package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/infra/sandbox/server"
	"leadline/infra/sandbox/spec"
	"leadline/infra/sandbox/spec/spectest"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// crm is a sandbox in memory, with those who ask it.
type sandbox struct {
	*server.Server
	t     testing.TB
	clock *clock
	key   string
}

// files are Close's OpenAPI files, read once.
var files = sync.OnceValues(func() (*spec.Checker, error) {
	dir, err := spec.Find("")
	if err != nil {
		return nil, err
	}
	return spec.Open(dir)
})

// answers validates answers only, for tests that ask wrongly on purpose.
type answers struct{ *spec.Checker }

func (answers) CheckRequest(*http.Request, []byte) string { return "" }

// start makes a sandbox whose answers are validated wherever the files are there. checked is for those who want to be sure.
func start(t testing.TB, o server.Options) *sandbox {
	t.Helper()
	if c, err := files(); err == nil && o.Checker == nil {
		o.Checker = answers{c}
	}
	c := &clock{now: time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)}
	o.Now = c.Now
	if o.Seed == 0 {
		o.Seed = 7
	}
	if o.Records == 0 {
		o.Records = 1500
	}
	s := &sandbox{Server: server.New(o), t: t, clock: c, key: server.AdminKey}
	t.Cleanup(func() {
		for _, v := range s.Violations() {
			t.Error(v)
		}
	})
	return s
}

// checked is a sandbox that validates requests, too, and whose test does not run without the files.
func checked(t *testing.T, o server.Options) *sandbox {
	t.Helper()
	o.Checker = spectest.Open(t)
	return start(t, o)
}

func (s *sandbox) send(method, path string, body any, header ...string) *http.Response {
	s.t.Helper()
	var text io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case string:
		text = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		text = bytes.NewReader(raw)
	}
	if strings.HasPrefix(path, "~") {
		path = "/api/v1/" + path[1:]
	}
	r := httptest.NewRequest(method, path, text)
	if s.key != "" {
		r.SetBasicAuth(s.key, "")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

// ask sends a request and wants a status.
func (s *sandbox) ask(want int, method, path string, body any, header ...string) map[string]any {
	s.t.Helper()
	response := s.send(method, path, body, header...)
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if response.StatusCode != want {
		s.t.Fatalf("%s %s: %d, want %d: %.300s", method, path, response.StatusCode, want, raw)
	}
	v := map[string]any{}
	if len(raw) == 0 {
		return v
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		s.t.Fatalf("%s %s: %v: %.300s", method, path, err, raw)
	}
	return v
}

func (s *sandbox) get(path string) map[string]any {
	s.t.Helper()
	return s.ask(http.StatusOK, http.MethodGet, path, nil)
}

func rows(v map[string]any) []map[string]any {
	list, _ := v["data"].([]any)
	var all []map[string]any
	for _, one := range list {
		o, _ := one.(map[string]any)
		all = append(all, o)
	}
	return all
}

func text(v map[string]any, key string) string {
	s, _ := v[key].(string)
	return s
}

// pages reads a list to its end.
func (s *sandbox) pages(path string) []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		v := s.get(path + sep + "_limit=100&_skip=" + itoa(len(all)))
		all = append(all, rows(v)...)
		if v["has_more"] != true {
			return all
		}
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

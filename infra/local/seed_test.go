package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/infra/local/process"
)

// api is as much of the API as the demo organization needs.
type api struct {
	connections int
	clients     int
	keys        map[string]bool // that are known
	refuse      bool
	noClients   bool // it does not know clients yet

	crm crmOfAPI
}

// crmOfAPI is what the API knows of connections to the sandbox.
type crmOfAPI struct {
	made, tests, imports, people int
	baseURL                      string
	// down refuses what would ask the sandbox, noImport to import.
	down, noImport bool
}

// serve answers what is about the connection to the sandbox, and tells whether it did.
func (c *crmOfAPI) serve(rw http.ResponseWriter, r *http.Request, body []byte) bool {
	answer := func(status int, format string, args ...any) bool {
		rw.WriteHeader(status)
		_, _ = fmt.Fprintf(rw, format, args...)
		return true
	}
	var asked struct {
		Name    string
		BaseURL string `json:"base_url"`
		Login   map[string]string
	}
	_ = json.Unmarshal(body, &asked)
	const own = "/v1/connections/conn_crm1"
	switch at := r.Method + " " + r.URL.Path; {
	case at == "POST /v1/people" && string(body) == `{"email":"admin@demo.leadline.test","name":"Demo admin","role":"admin"}`:
		if c.people++; c.people > 1 {
			return answer(http.StatusConflict, `{"title":"There is such a person."}`)
		}
		return answer(http.StatusCreated, `{}`)
	case at == "POST /v1/connections" && asked.Login != nil:
		if c.down || asked.Name != "Close sandbox" || len(asked.Login) != 2 || asked.Login["kind"] != "api_key" || asked.Login["api_key"] != "api_x" {
			return answer(http.StatusConflict, `{"title":"The login does not work."}`)
		}
		c.made++
		c.baseURL = asked.BaseURL
		return answer(http.StatusCreated, `{"id":"conn_crm1"}`)
	case !strings.HasPrefix(r.URL.Path, own) || c.made == 0:
		return false
	case at == "GET "+own:
		return answer(http.StatusOK, `{}`)
	case at == "PUT "+own+"/settings":
		c.baseURL = asked.BaseURL
		return answer(http.StatusOK, `{}`)
	case at == "POST "+own+"/test" && c.down, at == "POST "+own+"/imports" && c.noImport:
		return answer(http.StatusConflict, `{"title":"It is refused."}`)
	case at == "POST "+own+"/test":
		c.tests++
		return answer(http.StatusOK, `{}`)
	case at == "POST "+own+"/imports" && string(body) == "{}":
		c.imports++
		return answer(http.StatusAccepted, `{"id":"run_%d"}`, c.imports)
	}
	return false
}

func (a *api) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case !a.keys[key]:
		rw.WriteHeader(http.StatusUnauthorized)
	case a.crm.serve(rw, r, body):
	case a.refuse:
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = rw.Write([]byte(`{"title":"It is refused.","detail":"And why.","type":"urn:x"}`))
	case r.Method == http.MethodPost && r.URL.Path == "/v1/connections":
		var asked struct {
			Connector    string `json:"connector"`
			SignatureKey string `json:"signature_key"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Connector != "close" || len(asked.SignatureKey) != 64 {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		a.connections++
		rw.WriteHeader(http.StatusCreated)
		_, _ = rw.Write([]byte(`{"id":"conn_1","webhook_url":"http://` + r.Host + `/hooks/token"}`))
	case r.Method == http.MethodPost && r.URL.Path == "/v1/clients" && !a.noClients:
		var asked map[string]string
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked) != 1 || asked["name"] != "Demo client" {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		a.clients++
		rw.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(rw, `{"clientid":"cli_%d","clientSecret":"cls_secret","connection":"conn_2","name":"Demo client","rev":1}`, a.clients)
	case r.URL.Path == "/v1/connections/conn_1" && a.connections > 0:
		_, _ = rw.Write([]byte(`{}`))
	default:
		rw.WriteHeader(http.StatusNotFound)
	}
}

// newSeeder makes a seeder whose leadline command is a script.
func newSeeder(t *testing.T, a *api, script string) seeder {
	t.Helper()
	dir := t.TempDir()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	starter := process.NewStarter()
	t.Cleanup(starter.Close)
	ctl := filepath.Join(dir, "leadline")
	if err := os.WriteFile(ctl, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return seeder{
		ctl: ctl, file: filepath.Join(dir, "data", "demo.json"), baseURL: server.URL, env: map[string]string{"TABLE_TENANCY": "tenancy"},
		processes: starter, client: server.Client(),
	}
}

// bootstrapped is a leadline command that works if it is called as it should be.
const bootstrapped = `[ "$*" = "bootstrap --organization demo --name Demo --json" ] && [ "$TABLE_TENANCY" = tenancy ] && [ -z "$AWS_PROFILE" ] &&
echo '{"organization":"org_1","admin_key":"key"}'`

func TestSeed(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	a := &api{keys: map[string]bool{"key": true}}
	s := newSeeder(t, a, bootstrapped)
	first, isNew, err := s.seed(context.Background())
	if err != nil || !isNew || first.Organization != "org_1" || first.AdminKey != "key" || first.Close.Connection != "conn_1" ||
		first.Close.WebhookURL != s.baseURL+"/hooks/token" || len(first.Close.SignatureKey) != 64 ||
		first.Client != (demoClient{ID: "cli_1", Secret: "cls_secret", Connection: "conn_2"}) {
		t.Fatalf("got %+v, %v, %v", first, isNew, err)
	}
	if info, err := os.Stat(s.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the key: %v, %v", info, err)
	}

	moved := httptest.NewServer(a) // the same data at another port
	defer moved.Close()
	s.baseURL = moved.URL
	second, isNew, err := s.seed(context.Background())
	want := first
	want.Close.WebhookURL = moved.URL + "/hooks/token"
	if err != nil || isNew || second != want {
		t.Errorf("after a restart: %+v, %v, %v; want %+v", second, isNew, err, want)
	}

	a.connections = 0 // the data is gone, the file is not
	third, isNew, err := s.seed(context.Background())
	if err != nil || !isNew || third.Close.SignatureKey == first.Close.SignatureKey || a.connections != 1 || third.Client.ID != "cli_2" {
		t.Errorf("after the data was lost: %+v, %v, %v", third, isNew, err)
	}
}

// TestSeedOfOlderData: what was made before there were clients gets one, once.
func TestSeedOfOlderData(t *testing.T) {
	a := &api{keys: map[string]bool{"key": true}, connections: 1}
	s := newSeeder(t, a, "exit 3")
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, []byte(`{"organization": "org_1", "admin_key": "key", "close": {"webhook_url": "http://x/hooks/token", "connection": "conn_1"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, isNew, err := s.seed(context.Background())
		if err != nil || isNew || d.Organization != "org_1" || d.Client.ID != "cli_1" || d.Client.Secret != "cls_secret" || a.connections != 1 || a.clients != 1 {
			t.Errorf("got %+v, %v, %v; %d clients were made", d, isNew, err, a.clients)
		}
	}
}

// TestRunFileNamesTheClient by the names that a client's own requests have.
func TestRunFileNamesTheClient(t *testing.T) {
	text, err := json.Marshal(runFile{Client: &demoClient{ID: "cli_1", Secret: "cls_1", Connection: "conn_2"}})
	if err != nil || !strings.Contains(string(text), `"client":{"clientid":"cli_1","clientSecret":"cls_1","connection":"conn_2"}`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestSeedFailures(t *testing.T) {
	known := map[string]bool{"key": true}
	for name, tc := range map[string]struct {
		api    *api
		script string
		want   string
	}{
		"the command fails":         {&api{keys: known}, "echo 'no table' >&2; exit 3", "no table"},
		"the command says nothing":  {&api{keys: known}, "true", "bootstrap"},
		"the API knows no such key": {&api{}, bootstrapped, "401"},
		"the API refuses":           {&api{keys: known, refuse: true}, bootstrapped, "It is refused. And why."},
		"the API makes no client":   {&api{keys: known, noClients: true}, bootstrapped, "demo client: the API answers 404"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeeder(t, tc.api, tc.script)
			_, _, err := s.seed(context.Background())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "key\"") {
				t.Errorf("the error shows the key: %v", err)
			}
			if _, err := os.Stat(s.file); err == nil {
				t.Error("a half-made organization was kept")
			}
		})
	}
	s := newSeeder(t, &api{}, "")
	s.ctl = filepath.Join(t.TempDir(), "nowhere")
	if _, _, err := s.seed(context.Background()); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("without the command: %v", err)
	}
}

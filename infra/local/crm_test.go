package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/infra/local/process"
)

// TestConnect connects the demo organization to a sandbox, and again after each of what may happen meanwhile.
func TestConnect(t *testing.T) {
	a := &api{keys: map[string]bool{"key": true}}
	s := newSeeder(t, a, bootstrapped)
	d, _, err := s.seed(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	kept := func() demo {
		t.Helper()
		d, isNew, err := s.seed(context.Background())
		if err != nil || isNew {
			t.Fatalf("after a restart: new %v, %v", isNew, err)
		}
		return d
	}
	to := sandbox{APIBase: "http://127.0.0.1:1/api/v1", APIKey: "api_x"}
	check := func(what string, d demo, isNew bool, err error, want crmOfAPI, wantNew bool, run string) {
		t.Helper()
		if err != nil || isNew != wantNew || a.crm != want || d.CRM == nil || *d.CRM != (demoCRM{Connection: "conn_crm1", Import: run}) {
			t.Errorf("%s: %+v, new %v, %v; the API has %+v, want %+v", what, d.CRM, isNew, err, a.crm, want)
		}
	}
	isNew, err := s.connect(context.Background(), &d, to)
	check("the first time", d, isNew, err, crmOfAPI{made: 1, imports: 1, people: 1, baseURL: to.APIBase}, true, "run_1")

	to.APIBase = "http://127.0.0.1:2/api/v1"
	d = kept()
	isNew, err = s.connect(context.Background(), &d, to)
	check("after a restart, the sandbox being elsewhere", d, isNew, err, crmOfAPI{made: 1, imports: 1, tests: 1, people: 1, baseURL: to.APIBase}, false, "run_1")

	a.crm.down = true
	d = kept()
	if isNew, err = s.connect(context.Background(), &d, to); err == nil || isNew || d.CRM.Connection == "" {
		t.Errorf("a login that is refused by now: %+v, new %v, %v", d.CRM, isNew, err)
	}
	a.crm = crmOfAPI{people: 1, noImport: true} // somebody removed the connection
	d = kept()
	if isNew, err = s.connect(context.Background(), &d, to); err == nil || !isNew || !strings.Contains(err.Error(), "demo import") {
		t.Errorf("no import: new %v, %v", isNew, err)
	}
	a.crm.noImport = false // a run that ended before the import was asked for
	d = kept()
	isNew, err = s.connect(context.Background(), &d, to)
	check("the import made up for", d, isNew, err, crmOfAPI{made: 1, imports: 1, tests: 1, people: 2, baseURL: to.APIBase}, false, "run_1")

	a.crm = crmOfAPI{down: true}
	d = kept()
	if _, err = s.connect(context.Background(), &d, to); err == nil || d.CRM.Connection != "" || !strings.Contains(err.Error(), "The login does not work.") || strings.Contains(err.Error(), "api_x") {
		t.Errorf("a login that does not work: %+v, %v", d.CRM, err)
	}
}

// TestImporting tells of an import whose answers are given one after the other.
func TestImporting(t *testing.T) {
	const report = `,"report":{"objects":[{"object":"lead","stored":812},{"object":"activity.call","stored":14000},{"object":"task","stored":-1}]}`
	run := func(status string, fetched, done int, more string) string {
		return fmt.Sprintf(`{"id":"run_1","status":%q,"created_at":"2026-11-22T09:00:00Z","progress":{"counts":{"found":-1,"fetched":%d,"missing":%d},"objects_done":%d,"objects_total":27,"records_per_minute":1200}%s}`,
			status, fetched, fetched, done, more)
	}
	const finished = `,"finished_at":"2026-11-22T09:01:11Z"`
	for name, test := range map[string]struct {
		answers []string // an empty one is a failure
		live    bool
		want    string
	}{
		"to its end": {[]string{run("running", 0, 0, ""), run("running", 4210, 3, ""), run("running", 4210, 3, ""), "", run("done", 15811, 27, finished+report)}, true,
			"  import: 0 records, 0 of 27 objects done, 20 records a second\n  import: 4,210 records, 3 of 27 objects done, 20 records a second\n" +
				"  imported 14,812 records of 3 objects in 71 s; live changes arrive\n"},
		"without a subscription": {[]string{run("done", 15811, 27, finished+report)}, false, "  imported 14,812 records of 3 objects in 71 s\n"},
		"paused, then cancelled": {[]string{run("paused", 100, 0, ""), run("cancelled", 100, 0, finished)}, true,
			"  import: 100 records, 0 of 27 objects done, 20 records a second, paused\n! the import is cancelled. \n"},
		"with a problem": {[]string{run("done", 1000000, 27, finished+report+`,"problem":"1 of 27 objects could not be read to their end."`)}, true,
			"! imported 14,812 records of 3 objects in 71 s; 0 were refused. 1 of 27 objects could not be read to their end.\n"},
		"failing for good": {[]string{"", "", "", "", ""}, true, "! how far the import is cannot be told: the API answers 503: It is down.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/connections/conn_crm1" {
					_, _ = fmt.Fprintf(rw, `{"id":"conn_crm1","state":{"health":"healthy","subscription":{"active":%t}}}`, test.live)
					return
				}
				if r.URL.Path != "/v1/connections/conn_crm1/runs/run_1" || r.Header.Get("Authorization") != "Bearer key" {
					t.Errorf("asked for %s", r.URL)
				}
				answer := test.answers[min(asked, len(test.answers)-1)]
				if asked++; answer == "" {
					rw.WriteHeader(http.StatusServiceUnavailable)
					answer = `{"title":"It is down."}`
				}
				_, _ = rw.Write([]byte(answer))
			}))
			defer server.Close()
			var mu sync.Mutex
			var out strings.Builder
			say := func(prefix string) func(string, ...any) {
				return func(format string, args ...any) {
					mu.Lock()
					defer mu.Unlock()
					fmt.Fprintf(&out, prefix+format+"\n", args...)
				}
			}
			importing{seeder: seeder{baseURL: server.URL, client: server.Client()}, key: "key", crm: demoCRM{Connection: "conn_crm1", Import: "run_1"},
				every: time.Millisecond, print: say(""), warn: say("! ")}.tell(t.Context())
			if out.String() != test.want {
				t.Errorf("said is\n%swant\n%s", out.String(), test.want)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	importing{seeder: seeder{baseURL: "http://127.0.0.1:1", client: http.DefaultClient}, every: time.Hour, warn: t.Errorf}.tell(ended) // says nothing, and ends
}

// infoOf serves what a sandbox says of itself.
func infoOf(t *testing.T, info string) string {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_sandbox/info" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = rw.Write([]byte(info))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const sandboxInfo = `{"name":"Compass","client_id":"c","client_secret":"s","users":[{"ID":"u1","Email":"a@x","Role":"Admin"},{"ID":"u2","Email":"b@x","Role":"Rep"}],
	"keys":{"api_rep":"b@x","api_x":"a@x"}}`

func TestAskSandbox(t *testing.T) {
	url := infoOf(t, sandboxInfo)
	got, err := askSandbox(t.Context(), http.DefaultClient, url)
	want := sandbox{URL: url, APIBase: url + "/api/v1", APIKey: "api_x", ClientID: "c", ClientSecret: "s", Control: url + "/_sandbox", Organization: "Compass"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for url, says := range map[string]string{
		"ftp://x": "want on, off or the URL", "http://127.0.0.1:1": "refused", infoOf(t, "<html>"): "does not answer as a sandbox does",
		infoOf(t, `{"users":[{"Email":"b@x","Role":"Rep"}],"keys":{"api_rep":"b@x"}}`): "no API key of an admin",
	} {
		if _, err := askSandbox(t.Context(), http.DefaultClient, url); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
	}
}

// newSandboxSystem makes as much of a system as a sandbox needs, whose command is a script.
func newSandboxSystem(t *testing.T, dir, script string) (*system, *output) {
	t.Helper()
	out := &output{}
	path := filepath.Join(dir, "sandbox")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options{data: filepath.Join(dir, "data"), logs: filepath.Join(dir, "logs"), sandbox: sandboxOn, sandboxBinary: path, sandboxFlags: " -records 5  -play 1s"}
	s := &system{o: o, console: newConsole(out, o), processes: process.NewStarter()}
	t.Cleanup(s.processes.Close)
	return s, out
}

// TestSandboxIsStarted starts a sandbox that only says that it is there, twice over the same data, and ends it.
func TestSandboxIsStarted(t *testing.T) {
	w, url := world{dir: t.TempDir()}, infoOf(t, sandboxInfo)
	script := `echo "$*" >> "` + w.dir + `/flags"; echo making data; printf 'sandbox ready ` + url + `'; echo ' organization orga_1'; while :; do sleep 1; done`
	for range 2 {
		s, out := newSandboxSystem(t, w.dir, script)
		if err := s.startSandbox(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.sandbox == nil || s.sandbox.APIBase != url+"/api/v1" || s.sandbox.APIKey != "api_x" || len(w.processes(t)) == 0 {
			t.Errorf("started is %+v, %v", s.sandbox, w.processes(t))
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if left := w.processes(t); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
		if strings.Contains(out.String(), "!") {
			t.Errorf("a warning: %s", out)
		}
	}
	flags, err1 := os.ReadFile(filepath.Join(w.dir, "flags"))
	log, err2 := os.ReadFile(filepath.Join(w.dir, "logs", "sandbox.log"))
	lines := strings.Split(strings.TrimSpace(string(flags)), "\n")
	start := time.Now().UTC().Truncate(24 * time.Hour)
	if err1 != nil || len(lines) != 2 || lines[0] != lines[1] ||
		lines[0] != "-port 0 -start "+start.Format(time.RFC3339)+" -records 5 -play 1s" && lines[0] != "-port 0 -start "+start.AddDate(0, 0, -1).Format(time.RFC3339)+" -records 5 -play 1s" {
		t.Errorf("its flags were %q, %v", lines, err1)
	}
	if err2 != nil || strings.Count(string(log), "making data\nsandbox ready "+url+" organization orga_1\n") != 2 {
		t.Errorf("its log says %q, %v", log, err2)
	}
}

func TestSandboxThatIsNot(t *testing.T) {
	none, _ := newSandboxSystem(t, t.TempDir(), "")
	none.o.sandbox = sandboxOff
	if err := none.startSandbox(t.Context()); err != nil || none.sandbox != nil {
		t.Errorf("none is wanted: %+v, %v", none.sandbox, err)
	}
	for name, test := range map[string]struct{ script, says string }{
		"it refuses its flags":   {"echo 'sandbox: there is no argument' >&2; exit 3", "it did not start: sandbox: there is no argument"},
		"it says nothing":        {"exit 0", "it did not start"},
		"it listens on nonsense": {"echo sandbox ready nowhere; while :; do sleep 1; done", "it listens on nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{dir: t.TempDir()}
			s, _ := newSandboxSystem(t, w.dir, test.script)
			if err := s.startSandbox(t.Context()); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
			_ = s.close()
			if left := w.processes(t); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	missing, _ := newSandboxSystem(t, t.TempDir(), "")
	missing.o.sandboxBinary += "-nowhere"
	if err := missing.startSandbox(t.Context()); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("without the command: %v", err)
	}
	_ = missing.close()

	gone, out := newSandboxSystem(t, t.TempDir(), "echo sandbox ready "+infoOf(t, sandboxInfo)+" organization x; exit 4")
	_ = gone.startSandbox(t.Context()) // it may have ended by then, or not
	waitFor(t, "the runner tells that the sandbox ended", func() bool { return strings.Contains(out.String(), "ended by itself (exit status 4)") })
	_ = gone.close()
}

// TestSandboxKeepsItsPort: connections know the sandbox by its URL.
func TestSandboxKeepsItsPort(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if !isFree(port) {
		t.Fatal("a port that was just closed is not free")
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	state := fmt.Sprintf(`{"port":%d,"start":"2026-11-22T00:00:00Z"}`, port)
	if err := os.WriteFile(filepath.Join(dir, "data", "sandbox.json"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := func(port int) string {
		t.Helper()
		s, _ := newSandboxSystem(t, dir, `echo "$*"; exit 1`)
		s.o.port = port
		err := s.startSandbox(t.Context())
		_ = s.close()
		return fmt.Sprint(err)
	}
	want := func(got string, port int) {
		t.Helper()
		if text := fmt.Sprintf("-port %d -start 2026-11-22T00:00:00Z ", port); !strings.Contains(got, text) {
			t.Errorf("started with %q, want %q", got, text)
		}
	}
	want(asked(0), port)
	want(asked(9000), 9005)
	if l, err = net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want(asked(0), 0)
}

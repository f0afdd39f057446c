package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadline/shared/record"
)

// store puts a record of Close's into the fake, as if it had arrived.
func (f *fake) store(object, id string, micros int64, fields string) {
	f.t.Helper()
	parsed, err := record.ParseFields([]byte(fields))
	if err != nil {
		f.t.Fatal(err)
	}
	key := record.Key{Organization: fakeOrganization, Connection: fakeConnection, Object: object, ID: id}
	var before *record.Record
	if old, err := f.records.Get(f.t.Context(), key); err == nil {
		before = &old
	}
	r := record.Record{Key: key, Version: record.Version{Micros: micros, Parser: 1}, Fields: parsed, StoredAt: time.Now().UTC(),
		Source: record.Source{Kind: "webhook", Delivery: "01D", Event: "ev", Action: "updated"}}
	if _, err := f.records.PutNewer(f.t.Context(), r); err != nil {
		f.t.Fatal(err)
	}
	after, _ := f.records.Get(f.t.Context(), key)
	if err := f.history.Put(f.t.Context(), record.RevisionOf(before, &after)); err != nil {
		f.t.Fatal(err)
	}
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

func TestShowingThings(t *testing.T) {
	f := newFake(t)
	f.store("opportunity", "oppo/1 %", 1_000_000, `{"name":"Rollout","value":123456789,"value_currency":"USD","none":null}`)
	f.store("opportunity", "oppo/1 %", 2_000_000, `{"name":"Rollout","value":5,"value_currency":"USD","none":null}`)
	f.entries = []entry{{ID: "01E", Connection: fakeConnection, Connector: "close", Reason: "missing_event", Detail: "event is absent.", Kind: "webhook", Status: "open", Replays: 2}}
	f.bodies["01E"] = "{\x1b[31m}"

	contains(t, f.run("status").ok(t), f.server.URL, "ok", "dev", "0f3c", "Set aside", "1", fakeConnection)
	contains(t, f.run("connections").ok(t), "CONNECTOR", fakeConnection, "close", "active", "0011aabb")
	contains(t, f.run("objects", fakeConnection).ok(t), "PROPOSED", "lead", "follows its CRM", "Sales", "draft", "another version")
	contains(t, f.run("records", fakeConnection, "opportunity").ok(t), "oppo/1 %", "Rollout", "live", "1970-01-01 00:00:02")
	contains(t, f.run("record", fakeConnection, "opportunity", "oppo/1 %").ok(t), "value", "0.05 USD", "none", "-")
	contains(t, f.run("history", fakeConnection, "opportunity", "oppo/1 %").ok(t), "REV", "updated", "1,234,567.89 USD", "→", "0.05 USD")
	contains(t, f.run("quarantine").ok(t), "01E", "missing_event", "event is absent.", "replayed 2×")
	contains(t, f.run("quarantine", "list", "--reason", "not_an_object").ok(t), "Nothing was set aside.")
	shown := f.run("quarantine", "show", "01E").ok(t)
	contains(t, shown, "{·[31m}")
	if strings.Contains(shown, "\x1b") {
		t.Error("a payload reaches the terminal as it is")
	}
	contains(t, f.run("quarantine", "replay", "01E").ok(t), "01E", "resolved", "replayed 3×")
}

func TestJSON(t *testing.T) {
	f := newFake(t)
	f.store("opportunity", "o1", 1, `{"value":9007199254740993}`)
	for _, args := range [][]string{
		{"connections"}, {"objects", fakeConnection}, {"records", fakeConnection, "opportunity"}, {"record", fakeConnection, "opportunity", "o1"},
		{"history", fakeConnection, "opportunity", "o1"}, {"quarantine"}, {"status"},
	} {
		out := f.run(append(args, "--json")...).ok(t)
		if !json.Valid([]byte(out)) {
			t.Errorf("%v prints no JSON: %s", args, out)
		}
	}
	contains(t, f.run("record", fakeConnection, "opportunity", "o1", "--json").ok(t), `"value": 9007199254740993`)
}

func TestListsGoOverPages(t *testing.T) {
	f := newFake(t)
	for i := range 450 {
		f.store("lead", "lead_"+strings.Repeat("x", i), 1, `{}`)
	}
	if n := strings.Count(f.run("records", fakeConnection, "lead", "--limit", "0").ok(t), "\n"); n != 451 {
		t.Errorf("--limit 0 prints %d lines", n)
	}
	out := f.run("records", fakeConnection, "lead", "--limit", "250").ok(t)
	if n := strings.Count(out, "\n"); n != 252 || !strings.Contains(out, "There are more") {
		t.Errorf("--limit 250 prints %d lines", n)
	}
}

func TestChangingConnections(t *testing.T) {
	f := newFake(t)
	contains(t, f.run("connections", "create", "close", "--name", "New").ok(t), "https://example.com/hooks/new")
	f.run("connections", "create", "close", "--name", "New", "--key", fakeSigningKey).ok(t)
	contains(t, f.run("connections", "disable", fakeConnection).ok(t), "disabled")
	f.run("connections", "enable", fakeConnection).ok(t)
	f.runWith(system{stdin: strings.NewReader(fakeSigningKey + "\n")}, "connections", "rotate-key", fakeConnection, "--overlap", "60").ok(t)
	want := `[{"connector":"close","name":"New"},{"connector":"close","name":"New","signature_key":"` + fakeSigningKey + `"},null,null,{"overlap_seconds":60,"signature_key":"` + fakeSigningKey + `"}]`
	if got, _ := json.Marshal(f.posted); string(got) != want {
		t.Errorf("posted %s", got)
	}
	f.run("connections", "rotate-key", fakeConnection).fails(t, exitUsage, "stdin holds no key")
	f.run("connections", "create", "close").fails(t, exitUsage, "name")
}

func TestErrorsAreOneLineWithACode(t *testing.T) {
	f := newFake(t)
	f.run("record", fakeConnection, "lead", "nobody").fails(t, exitRefused, "There is no such thing. (404)")
	f.run("record", fakeConnection).fails(t, exitUsage, "accepts 3 arg(s)")
	f.run("recrod").fails(t, exitUsage, "unknown command")
	f.run("records", "--frob").fails(t, exitUsage, "unknown flag")
	f.run("send", "x.json", "--connector", "pigeon").fails(t, exitUsage, "pigeon")
	f.run("invoke", "receive", filepath.Join(t.TempDir(), "none.json")).fails(t, exitFailed, "none.json")
	f.run("bootstrap").fails(t, exitUsage, "TABLE_TENANCY")
	f.run("--run-file", filepath.Join(t.TempDir(), "none.json"), "status").fails(t, exitFailed, "make run")
	f.runWith(system{getenv: environment("LEADLINE_URL", "http://127.0.0.1:1", "LEADLINE_KEY", "x")}, "status").fails(t, exitUnreachable, "nothing answers at 127.0.0.1:1")
	f.runWith(system{getenv: environment("LEADLINE_URL", "http://127.0.0.1:1")}, "status").fails(t, exitUsage, "LEADLINE_KEY")
	f.runWith(system{getenv: environment("LEADLINE_URL", f.server.URL+"/", "LEADLINE_KEY", "wrong")}, "status").fails(t, exitRefused, "There is no such API key. (401)")
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestRefusals shows what is made of answers that this API does not give, too.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ contentType, body, want string }{
		{"application/problem+json", `{"title":"T","detail":"D.","errors":[{"location":"body.name","message":"too long"}]}`, "D. body.name: too long. (418)"},
		{"application/problem+json", `{"title":"T"}`, "T (418)"},
		{"application/json", `{"message":"Not Found"}`, "I'm a teapot (418)"},
		{"text/html", "<html>\n", "I'm a teapot (418)"},
		{"application/problem+json", `{`, "I'm a teapot (418)"},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", c.contentType)
		w.WriteHeader(http.StatusTeapot)
		if got := refusalOf(w.Result(), []byte(c.body), 0).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestBusyAnswersAreTriedAgain(t *testing.T) {
	f := newFake(t)
	var waits []time.Duration
	wait := func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	f.busy = tries - 1
	f.runWith(system{pause: wait}, "connections").ok(t)
	if len(waits) != tries-1 || waits[0] >= waits[1] {
		t.Errorf("waited %v", waits)
	}
	f.busy = tries
	f.runWith(system{pause: wait}, "connections").fails(t, exitRefused, "busy")
	f.busy = 1
	f.runWith(system{pause: func(context.Context, time.Duration) error { return context.Canceled }}, "connections").fails(t, exitFailed, "canceled")
}

func TestSend(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	body := filepath.Join(dir, "body.json")
	if err := os.WriteFile(body, []byte(`{"event":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, f.run("send", body).ok(t), "Accepted")
	f.run("send", body, "--webhook-url", f.server.URL+"/hooks/"+fakeToken, "--key", fakeSigningKey).ok(t)
	for _, sample := range []string{"01-lead-created.json", "04-task-created.json"} { // plain, base64
		f.run("send", filepath.Join("..", "..", "events", "receive", sample)).ok(t)
	}
	if len(f.waiting) != 4 || string(f.waiting[0].body) != `{"event":1}` || !strings.HasPrefix(string(f.waiting[3].body), `{"subscription_id"`) {
		t.Errorf("%d deliveries arrived", len(f.waiting))
	}
	other := strings.Repeat("00", 32)
	wrong := f.run("send", body, "--webhook-url", f.server.URL+"/hooks/"+fakeToken, "--key", other)
	wrong.fails(t, exitRefused, "(401)")
	if strings.Contains(wrong.stderr, fakeToken) || strings.Contains(wrong.stderr, other) {
		t.Errorf("the error shows a secret: %s", wrong.stderr)
	}
	gone := f.run("send", body, "--webhook-url", "http://127.0.0.1:1/hooks/"+fakeToken, "--key", other)
	gone.fails(t, exitUnreachable, "127.0.0.1:1")
	if strings.Contains(gone.stderr, fakeToken) {
		t.Errorf("the error shows the URL: %s", gone.stderr)
	}
	f.run("send", body, "--webhook-url", "http://x").fails(t, exitUsage, "--key")
	f.run("send", body, "--webhook-url", "http://x", "--key", "short").fails(t, exitFailed, "32 bytes")
}

func TestColours(t *testing.T) {
	f := newFake(t)
	for name, c := range map[string]struct {
		s    system
		want bool
	}{
		"a terminal":           {system{terminal: true}, true},
		"a terminal, NO_COLOR": {system{terminal: true, getenv: environment("NO_COLOR", "1")}, false},
		"a file":               {system{}, false},
	} {
		if got := strings.Contains(f.runWith(c.s, "connections").ok(t), "\x1b["); got != c.want {
			t.Errorf("%s: colours are %t", name, got)
		}
	}
}

func TestTheRunFileIsFoundFromFoldersBelow(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "infra", "ctl")
	if err := errors.Join(os.MkdirAll(below, 0o700), os.MkdirAll(filepath.Join(root, ".local"), 0o700),
		os.WriteFile(filepath.Join(root, ".local", "run.json"), []byte(`{"base_url":"http://here"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	c := &command{runFile: defaultRunFile}
	r, err := c.readRunFile()
	if err != nil || r.BaseURL != "http://here" {
		t.Errorf("got %+v %v", r, err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// job answers for a job whose states follow one another; the last stays.
func job(states ...string) scripted {
	asked := 0
	return func(*http.Request, []byte) (int, string) {
		state := states[min(asked, len(states)-1)]
		asked++
		return 200, fmt.Sprintf(`{"id":"job_1","kind":"replay","counts":{"done":%d},"total":4,"created_by":"key_1","created_at":%s,"updated_at":%s,%s}`, asked, someTime, someTime, state)
	}
}

func TestWatchingAJob(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/jobs/job_1"] = job(`"status":"queued"`, `"status":"running"`, `"status":"done"`)
	out := f.run("jobs", "watch", "job_1").ok(t)
	contains(t, out, "done", "3 done")
	f.scripts["GET /v1/jobs/job_1"] = job(`"status":"queued"`, `"status":"running"`, `"status":"done"`)
	r := f.runWith(system{watched: true, now: ticking()}, "jobs", "watch", "job_1", "--json")
	if r.code != exitDone || !json.Valid([]byte(r.stdout)) || !strings.Contains(r.stderr, "Job job_1  ███████░") || !strings.HasSuffix(r.stderr, "\n") {
		t.Errorf("got %+v", r)
	}
	f.scripts["GET /v1/jobs/job_1"] = job(`"status":"running"`, `"status":"failed","problem":"No\u001b[2Jt readable."`)
	r = f.run("jobs", "watch", "job_1")
	r.fails(t, exitFailed, "the job failed: No·[2Jt readable.")
	contains(t, r.stdout, "job_1")
	f.scripts["GET /v1/jobs/job_1"] = job(`"status":"cancelled"`)
	f.run("jobs", "watch", "job_1").fails(t, exitFailed, "the job was cancelled: what it did stays done")
	// One that nothing happens to, and Ctrl-C.
	f.scripts["GET /v1/jobs/job_1"] = func(*http.Request, []byte) (int, string) {
		return 200, strings.Replace(jobAnswer, "done", "running", 1)
	}
	f.runWith(system{now: ticking()}, "jobs", "watch", "job_1", "--json").fails(t, exitFailed, "nothing has happened for 5m0s: is work running?")
	ctx, stop := context.WithCancel(t.Context())
	r = f.runUntil(ctx, system{pause: func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }}, "jobs", "watch", "job_1")
	if r.code != exitInterrupted || r.stderr != "leadline: interrupted. The job goes on: `leadline jobs watch job_1` shows how far, `leadline jobs cancel job_1` ends it.\n" {
		t.Errorf("got %+v", r)
	}
}

// ticking is a clock that goes on by ten seconds whenever it is looked at.
func ticking() func() time.Time {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(10 * time.Second); return at }
}

func TestReplayingAllWaits(t *testing.T) {
	f := newFake(t)
	f.scripts["POST /v1/quarantine/replay"] = func(*http.Request, []byte) (int, string) { return 202, strings.Replace(jobAnswer, "done", "queued", 1) }
	f.scripts["GET /v1/jobs/job_1"] = job(`"status":"running"`, `"status":"done"`)
	contains(t, f.run("quarantine", "replay", "--all", "--object", "sales").ok(t), "2 done")
	if got, _ := json.Marshal(f.posted); string(got) != `[{"object":"sales"}]` {
		t.Errorf("posted %s", got)
	}
}

func TestReplayingAnEntry(t *testing.T) {
	f := newFake(t)
	open := func() {
		f.entries = []entry{{ID: "01E", Connection: fakeClients, Connector: "client", Reason: "missing_id", Detail: "no id", Kind: "push", Status: "open"}}
		f.bodies["01E"], f.posted = `{"x":1}`, nil
	}
	open()
	contains(t, f.run("quarantine", "replay", "01E", "--payload", file(t, "row.json", ` {"id":1,"n":1.10} `)).ok(t), "resolved")
	if got, _ := json.Marshal(f.posted); string(got) != `[{"payload":{"id":1,"n":1.1}}]` {
		t.Errorf("posted %s", got)
	}
	open()
	var e entry
	if err := json.Unmarshal([]byte(f.runWith(system{stdin: strings.NewReader(`{"id":1}`)}, "quarantine", "replay", "01E", "--payload", "-", "--json").ok(t)), &e); err != nil || e.Status != "resolved" || e.Replays != 1 {
		t.Errorf("got %+v %v", e, err)
	}
	f.run("quarantine", "replay", "01E", "--payload", file(t, "row.json", `{"id":`)).fails(t, exitUsage, "no JSON")
	f.run("quarantine", "replay", "01E", "--payload", filepath.Join(t.TempDir(), "none")).fails(t, exitFailed, "none")
	f.run("quarantine", "replay", "01X").fails(t, exitRefused, "(404)")
	// Set aside again: the reason is the error.
	open()
	f.scripts["POST /v1/quarantine/01E/replay"] = func(*http.Request, []byte) (int, string) {
		f.entries[0].Replays, f.entries[0].Detail = 1, "still no id"
		return 202, `{"entry":"01E","delivery":"01D"}`
	}
	f.run("quarantine", "replay", "01E").fails(t, exitFailed, "it was set aside again: still no id")
	// Not waited for, or in vain.
	f.scripts["POST /v1/quarantine/01E/replay"] = func(*http.Request, []byte) (int, string) { return 202, `{"entry":"01E","delivery":"01D"}` }
	before := len(f.requests)
	contains(t, f.run("quarantine", "replay", "01E", "--wait=false").ok(t), "Queued")
	if n := len(f.requests) - before; n != 2 {
		t.Errorf("it asked %d times", n)
	}
	contains(t, f.run("quarantine", "replay", "01E").ok(t), "Queued")
	contains(t, f.run("quarantine", "replay", "01E", "--json").ok(t), `"delivery": "01D"`)
}

func TestPrivacy(t *testing.T) {
	f := newFake(t)
	f.scripts["POST /v1/privacy/exports"] = func(*http.Request, []byte) (int, string) { return 202, strings.Replace(jobAnswer, "done", "queued", 1) }
	f.scripts["POST /v1/privacy/erasures"] = f.scripts["POST /v1/privacy/exports"]
	ended := strings.Replace(strings.Replace(jobAnswer, "https://files/x?y=z", f.server.URL+"/lambda/x?y=very-secret", 1), `"created_at":`+someTime, `"created_at":"2026-11-22T09:00:00Z"`, 1)
	f.scripts["GET /v1/jobs/job_1"] = func(*http.Request, []byte) (int, string) { return 200, ended }
	whom := []string{"--email", "ada@example.com", "--email", "a@b.c", "--phone", "+1 555 0100", "--record", "conn_1/lead/a/b"}
	const sent = `{"emails":["ada@example.com","a@b.c"],"phones":["+1 555 0100"],"records":[{"connection":"conn_1","id":"a/b","object":"lead"}]}`

	// The file of an export is fetched, for its owner alone to read.
	to := filepath.Join(t.TempDir(), "export")
	f.run(append([]string{"privacy", "export", "--output", to}, whom...)...).ok(t)
	info, err := os.Stat(to)
	text, _ := os.ReadFile(to)
	if err != nil || info.Mode().Perm() != 0o600 || string(text) != `{"statusCode":200}` {
		t.Errorf("got %q %v", text, err)
	}
	if got, _ := json.Marshal(f.posted); string(got) != "["+sent+"]" {
		t.Errorf("posted %s", got)
	}
	// One in parts becomes one file.
	one := ended[strings.Index(ended, `"download":`)+len(`"download":`) : len(ended)-1]
	parts := strings.Replace(ended, `"download":`+one, `"parts":[`+one+","+one+"]", 1)
	f.scripts["GET /v1/jobs/job_1"] = func(*http.Request, []byte) (int, string) { return 200, parts }
	contains(t, f.run("jobs", "watch", "job_1", "--output", to).ok(t), "very-secret")
	if text, _ := os.ReadFile(to); string(text) != `{"statusCode":200}{"statusCode":200}` {
		t.Errorf("got %q", text)
	}
	f.scripts["GET /v1/jobs/job_1"] = func(*http.Request, []byte) (int, string) {
		return 200, strings.Replace(ended, "/lambda/x?", "/hooks/none?", 1)
	}
	r := f.run("jobs", "watch", "job_1", "--output", to)
	r.fails(t, exitRefused, "fetch the file")
	if strings.Contains(r.stderr, "very-secret") {
		t.Error("the error shows the URL")
	}
	f.scripts["GET /v1/jobs/job_1"] = func(*http.Request, []byte) (int, string) {
		return 200, strings.Replace(jobAnswer, "https://files", "http://127.0.0.1:1", 1)
	}
	f.run("jobs", "watch", "job_1", "--output", to).fails(t, exitUnreachable, "127.0.0.1:1")

	// An erasure asks.
	f.posted = nil
	for _, answer := range []string{"", "\n", "yes\n", "erase everything\n", "ERASE\n"} {
		r := f.runWith(system{stdin: strings.NewReader(answer)}, append([]string{"privacy", "erase"}, whom...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "ada@example.com, a@b.c, +1 555 0100, conn_1/lead/a/b") || !strings.Contains(r.stderr, "nothing was done") {
			t.Errorf("%q: %+v", answer, r)
		}
	}
	if len(f.posted) > 0 {
		t.Fatalf("posted %v", f.posted)
	}
	r = f.runWith(system{stdin: strings.NewReader(" erase \n")}, append([]string{"privacy", "erase", "--wait=false", "--json"}, whom...)...)
	if r.code != exitDone || !json.Valid([]byte(r.stdout)) {
		t.Errorf("got %+v", r)
	}
	f.run(append([]string{"privacy", "erase", "--yes", "--wait=false"}, whom...)...).ok(t)
	if got, _ := json.Marshal(f.posted); string(got) != "["+sent+","+sent+"]" {
		t.Errorf("posted %s", got)
	}
}

func TestTail(t *testing.T) {
	f := newFake(t)
	at := func(second int) string { return fmt.Sprintf("2026-11-22T09:00:%02dZ", second) }
	listing := func(path string, all ...string) {
		f.scripts["GET /v1/"+path] = func(*http.Request, []byte) (int, string) { return 200, items(strings.Join(all, ",")) }
	}
	batch := func(status string) string {
		return fmt.Sprintf(`{"batch":"bat_1","status":%q,"object":"sales","rows":3,"received_at":%q,"counts":{}}`, status, at(1))
	}
	listing("batches", batch("running"))
	listing("jobs", strings.Replace(jobAnswer, `"updated_at":`+someTime, `"updated_at":"`+at(3)+`"`, 1))
	listing("notices", strings.Replace(noticeAnswer, someTime, `"`+at(4)+`"`, 1))
	listing("audit", strings.Replace(auditAnswer, someTime, `"`+at(5)+`"`, 1))
	listing("destinations", destAnswer)
	listing("destinations/dst_1/deliveries", strings.ReplaceAll(deliveryAnswer, someTime, `"`+at(6)+`"`))
	f.entries = []entry{{ID: "01E", Connection: "c", Connector: "client", Reason: "missing_id", Detail: "no\x1b[2J id", Kind: "push", Status: "open", UpdatedAt: time.Date(2026, 11, 22, 9, 0, 2, 0, time.UTC)}}

	out := f.run("tail", "--once").ok(t)
	want := []string{"09:00:01  batch      bat_1", "09:00:02  set aside  01E  open missing_id: no·[2J id", "09:00:03  job", "09:00:04  notice     destinations/dst_1  It f·[2Jails.", "09:00:05  act        create-client", "09:00:06  sent       01D-dst_1  lead·[2J created to Rud·[2Jder: retrying 500"}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got\n%s", out)
	}
	for i, w := range want {
		contains(t, lines[i], w)
	}
	for line := range strings.Lines(f.run("tail", "--once", "--json").ok(t)) {
		var l struct{ At, What, ID string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.What == "" || l.At == "" {
			t.Errorf("%q: %v", line, err)
		}
	}

	// It goes on with what is new, over a time in which nothing answers, until Ctrl-C.
	ctx, stop := context.WithCancel(t.Context())
	looks := 0
	s := system{pause: func(ctx context.Context, d time.Duration) error {
		if d != time.Second {
			return nil // between tries
		}
		switch looks++; looks {
		case 1:
			listing("batches", batch("finished"))
		case 2, 3:
			f.scripts["GET /v1/batches"] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Unavailable, "unavailable", "Busy."))
			}
		case 4:
			listing("batches", batch("refused"), batch("finished"))
		case 5:
			stop()
		}
		return ctx.Err()
	}}
	r := f.runUntil(ctx, s, "tail", "--every", "1s")
	if r.code != exitDone || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "trying on") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if strings.Count(r.stdout, "\n") != 8 || strings.Count(r.stdout, "bat_1") != 3 || !strings.HasSuffix(strings.TrimSpace(r.stdout), "sales refused") {
		t.Errorf("got\n%s", r.stdout)
	}

	// A key that may not read the audit log sees the rest; one that is revoked sees why.
	f.scripts["GET /v1/audit"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs the role admin."))
	}
	if out := f.run("tail", "--once").ok(t); strings.Contains(out, "act ") || !strings.Contains(out, "sent ") {
		t.Errorf("got\n%s", out)
	}
	f.scripts["GET /v1/jobs"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Unauthorized, "invalid_api_key", "There is no such API key."))
	}
	f.run("tail", "--once").fails(t, exitRefused, "There is no such API key. (401)")
}

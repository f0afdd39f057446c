package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"leadline/shared/fault"
)

// file writes a file of rows.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sizes gives how many rows each push had.
func (w *rowsWorld) sizes() string {
	var all []int
	for _, p := range w.pushes {
		all = append(all, p.Count)
	}
	return fmt.Sprint(all)
}

func TestPushReadsRows(t *testing.T) {
	const rows = `{"id":1,"n":9007199254740993}
{"id":"2","action":"delete"}
`
	for name, c := range map[string]struct{ file, text string }{
		"NDJSON":               {"rows.ndjson", rows},
		"no end of line":       {"rows.ndjson", strings.TrimSuffix(rows, "\n")},
		"CRLF, empty lines":    {"rows.ndjson", strings.ReplaceAll(rows, "\n", "\r\n\r\n")},
		"byte order mark":      {"rows.ndjson", "\uFEFF" + rows},
		"array":                {"rows.json", ` [{"id":1,"n":9007199254740993} , {"id":"2","action":"delete"}] ` + "\n"},
		"gzip":                 {"rows.ndjson.gz", zipped(t, rows)},
		"gzip, another name":   {"rows", zipped(t, "\uFEFF"+rows)},
		"gzip in two members":  {"rows.gz", zipped(t, rows[:10]) + zipped(t, rows[10:])},
		"rows over many lines": {"rows.json", "{\"id\":1,\n \"n\":9007199254740993}\n{\"id\":\"2\",\"action\":\"delete\"}"},
	} {
		f := newFake(t)
		out := f.run("push", file(t, c.file, c.text), "--object", "Sales").ok(t)
		contains(t, out, "2 rows in 1 batch: 2 applied.")
		if len(f.rows.pushes) != 1 || f.rows.pushes[0].Title != "Sales" {
			t.Fatalf("%s: %d pushes", name, len(f.rows.pushes))
		}
		var compact bytes.Buffer
		_ = json.Compact(&compact, f.rows.pushes[0].Data)
		if want := `[{"action":"create","id":1,"n":9007199254740993},{"id":"2","action":"delete"}]`; compact.String() != want {
			t.Errorf("%s: pushed %s", name, compact.String())
		}
		if f.run("push", file(t, c.file, c.text), "--object", "sales").ok(t); len(f.rows.keys) != 1 {
			t.Errorf("%s: the same file again is %d batches", name, len(f.rows.keys))
		}
	}
	f := newFake(t)
	f.runWith(system{stdin: strings.NewReader(rows)}, "push", "-", "--object", "Sales", "--action", "update").ok(t)
	contains(t, string(f.rows.pushes[0].Data), `{"action":"update","id":1,`)
}

func TestPushRefusesWhatIsNoFileOfRows(t *testing.T) {
	f := newFake(t)
	for text, want := range map[string]string{
		"":                         "no rows",
		" \n":                      "no rows",
		"[]":                       "no rows",
		"id,amount\n":              "row 1 is no JSON",
		"{\"id\":1}\n{\"id\":":     "row 2 is cut off",
		`[{"id":1}`:                "cut off behind row 1",
		`[{"id":1}] {"id":2}`:      "something behind the list",
		`[{"id":1},]`:              "row 2 is no JSON",
		"\x1f\x8bnot gzip":         "gzip",
		zipped(t, `{"id":1}`)[:20]: "row 1 is cut off",
		"\xff\xfe{\x00":            "row 1 is no JSON",
		`{"id":1,"x":"` + strings.Repeat("x", maxPushBytes) + `"}`: "too many for a request",
	} {
		r := f.run("push", file(t, "rows", text), "--object", "sales")
		r.fails(t, exitFailed, want)
		if len(f.rows.pushes) > 0 {
			t.Fatalf("%.20q: something was pushed", text)
		}
	}
	f.run("push", filepath.Join(t.TempDir(), "none"), "--object", "sales").fails(t, exitFailed, "none")
	rows := file(t, "rows", `{"id":1}`)
	f.run("push", rows).fails(t, exitUsage, "object")
	f.run("push", rows, "--object", "sales", "--batch", "0").fails(t, exitUsage, "1 to 10000")
	f.run("push", rows, "--object", "sales", "--batch", "10001").fails(t, exitUsage, "1 to 10000")
	f.run("push", rows, "--object", "sales", "--action", "upsert").fails(t, exitUsage, "upsert")
	f.run("push", rows, "--object", "sales", "--upload", "--batch", "5").fails(t, exitUsage, "batch")
	f.run("push", rows, "--object", "sales", "--client", "cli_other").fails(t, exitUsage, "LEADLINE_CLIENT_SECRET")
	f.run("push", rows, "--object", " ").fails(t, exitRefused, "(400)")
}

func TestPushInBatches(t *testing.T) {
	f := newFake(t)
	var rows strings.Builder
	for i := range 25 {
		fmt.Fprintf(&rows, "{\"id\":%d}\n", i)
	}
	name := file(t, "rows", rows.String())
	contains(t, f.run("push", name, "--object", "sales", "--batch", "10").ok(t), "25 rows in 3 batches: 25 applied.")
	if got := f.rows.sizes(); got != "[10 10 5]" {
		t.Errorf("pushed %s", got)
	}
	// Rows of a megabyte each do not fit into one request, however many may stand in it.
	f = newFake(t)
	rows.Reset()
	for i := range 7 {
		fmt.Fprintf(&rows, "{\"id\":%d,\"x\":%q}\n", i, strings.Repeat("x", 1<<20))
	}
	f.run("push", file(t, "rows", rows.String()), "--object", "sales").ok(t)
	if got := f.rows.sizes(); got != "[2 2 2 1]" {
		t.Errorf("pushed %s", got)
	}
}

// TestPushKeepsEveryRow: whatever the rows are and however they are cut, all of them arrive, in order and once.
func TestPushKeepsEveryRow(t *testing.T) {
	f := newFake(t)
	rapid.Check(t, func(rt *rapid.T) {
		f.rows = newRowsWorld()
		lengths := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 60).Draw(rt, "lengths")
		var rows []string
		for i, n := range lengths {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"x":%q}`, i, strings.Repeat("x", n)))
		}
		text := strings.Join(rows, "\n")
		if rapid.Bool().Draw(rt, "array") {
			text = "[" + strings.Join(rows, ",") + "]"
		}
		size := rapid.IntRange(1, 70).Draw(rt, "size")
		r := f.runWith(system{stdin: strings.NewReader(text)}, "push", "-", "--object", "sales", "--batch", fmt.Sprint(size), "--wait=false", "--json")
		var report pushReport
		if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != exitDone || report.Rows != int64(len(rows)) {
			rt.Fatalf("%+v: %v", r, err)
		}
		var got []string
		for _, p := range f.rows.pushes {
			if p.Count > size {
				rt.Errorf("%d rows in a batch of %d", p.Count, size)
			}
			for _, row := range p.Rows() {
				got = append(got, strings.Replace(string(row), `"action":"create",`, "", 1))
			}
		}
		if !slices.Equal(got, rows) {
			rt.Errorf("got %v, want %v", got, rows)
		}
	})
}

func TestPushStopsAtABrokenRow(t *testing.T) {
	f := newFake(t)
	rows := "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":oops}\n{\"id\":5}\n"
	name := file(t, "rows", rows)
	f.run("push", name, "--object", "sales", "--batch", "2").fails(t, exitFailed, "row 4 is no JSON: invalid character 'o' looking for beginning of value. The rows before row 3 were pushed.")
	// Corrected and pushed again, only what was missing is new.
	if err := os.WriteFile(name, []byte(strings.Replace(rows, "oops", "4", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.rows.age(time.Hour)
	contains(t, f.run("push", name, "--object", "sales", "--batch", "2").ok(t), "5 rows in 3 batches: 5 applied.", "1 batch had been pushed before")
	if f.rows.sizes() != "[2 2 2 1]" || len(f.rows.keys) != 3 {
		t.Errorf("pushed %s as %d batches", f.rows.sizes(), len(f.rows.keys))
	}
}

func TestPushTwiceDoesNothing(t *testing.T) {
	f := newFake(t)
	rows := file(t, "rows", "{\"id\":1}\n{\"id\":2}\n{\"id\":1}\n")
	f.run("push", rows, "--object", "sales", "--batch", "1").ok(t)
	if len(f.rows.keys) != 3 {
		t.Errorf("a row that comes twice is one batch: %d", len(f.rows.keys))
	}
	f.rows.age(time.Hour)
	contains(t, f.run("push", rows, "--object", "sales", "--batch", "1").ok(t), "All of it had been pushed before: nothing was done this time.")
	var report pushReport
	_ = json.Unmarshal([]byte(f.run("push", rows, "--object", " SALES ", "--batch", "1", "--json").ok(t)), &report)
	if report.Before != 3 || report.Rows != 3 || report.Counts["applied"] != 3 || len(report.Batches) != 3 || len(f.rows.keys) != 3 {
		t.Errorf("got %+v", report)
	}
	f.run("push", rows, "--object", "other", "--batch", "1").ok(t)
	if len(f.rows.keys) != 6 {
		t.Error("the rows of one object are taken for those of another")
	}
}

func TestPushSaysWhatWasSetAside(t *testing.T) {
	f := newFake(t)
	f.awkward = true
	rows := "{\"id\":1}\n" + strings.Repeat("7\n", 12)
	out := f.run("push", file(t, "rows", rows), "--object", "sales", "--batch", "5").ok(t)
	contains(t, out, "13 rows in 3 batches: 1 applied, 12 set aside.", "row 2 ", "not_an_object", "01ENTRY-00000002", "row 6 ", "and 2 more", "leadline quarantine")
	if strings.Contains(out, "row 12 ") {
		t.Errorf("too much is listed:\n%s", out)
	}
	f = newFake(t)
	f.awkward = true
	out = f.run("push", file(t, "rows", rows), "--object", "sales", "--wait=false").ok(t)
	contains(t, out, "13 rows in 1 batch queued.", "12 are wrong in form")
	f.scripts["GET /v1/push/bat_0001"] = func(*http.Request, []byte) (int, string) {
		return 200, `{"batch":"bat_0001","status":"refused","problem":"It is\u001b[2J no good.","counts":{},"outcomes":[]}`
	}
	f.run("push", file(t, "rows", rows), "--object", "sales").fails(t, exitFailed, "batch bat_0001 was refused: It is·[2J no good.")
}

func TestPushWaits(t *testing.T) {
	f := newFake(t)
	f.rows.polls = 5
	var waits []time.Duration
	clock := time.Now()
	s := system{now: func() time.Time { return clock }, pause: func(_ context.Context, d time.Duration) error {
		waits, clock = append(waits, d), clock.Add(d)
		return nil
	}}
	rows := file(t, "rows", `{"id":1}`)
	contains(t, f.runWith(s, "push", rows, "--object", "sales").ok(t), "1 row in 1 batch: 1 applied.")
	if len(waits) != 5 || waits[4] <= waits[0] {
		t.Errorf("waited %v", waits)
	}
	f = newFake(t)
	f.rows.stuck = true
	f.runWith(s, "push", rows, "--object", "sales", "--json").fails(t, exitFailed, "nothing has happened for 5m0s")
}

func TestPushIsToldToWait(t *testing.T) {
	f := newFake(t)
	rows := file(t, "rows", `{"id":1}`)
	limited := func(after string, times int) {
		f.refusals = nil
		for range times {
			f.refusals = append(f.refusals, http.Header{"Retry-After": {after}})
		}
	}
	var waits []time.Duration
	s := system{watched: true, pause: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
	limited("42", 1)
	r := f.runWith(s, "push", rows, "--object", "sales")
	if r.code != exitDone || len(waits) == 0 || waits[0] != 42*time.Second || !strings.Contains(r.stderr, "going on in 42s") {
		t.Errorf("waited %v: %+v", waits, r)
	}
	if waits = nil; len(f.rows.keys) != 1 {
		t.Errorf("%d batches", len(f.rows.keys))
	}
	// What lasts until midnight is not waited for.
	limited("30000", 1)
	f.runWith(system{pause: s.pause}, "push", rows, "--object", "sales").fails(t, exitRefused, "Too many rows. Try again in 8h20m0s. (429)")
	if len(waits) != 0 {
		t.Errorf("waited %v", waits)
	}
	limited("1", tries)
	f.runWith(system{pause: s.pause}, "push", rows, "--object", "sales").fails(t, exitRefused, "Too many rows. (429)")
}

func TestPushInterrupted(t *testing.T) {
	f := newFake(t)
	ctx, stop := context.WithCancel(t.Context())
	f.rows.polls = 10
	s := system{watched: true, pause: func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }}
	r := f.runUntil(ctx, s, "push", file(t, "rows", `{"id":1}`), "--object", "sales")
	if r.code != exitInterrupted || !strings.HasSuffix(r.stderr, "leadline: interrupted. All rows are queued and go on being applied; `leadline batches` shows how far.\n") {
		t.Errorf("got %+v", r)
	}
	if i := strings.LastIndex(r.stderr, "leadline: "); r.stderr[i-1] != '\n' {
		t.Errorf("the line begins in the middle of another: %q", r.stderr)
	}
	// Ctrl-C while stdin says nothing.
	ctx, stop = context.WithCancel(t.Context())
	silent, end := io.Pipe()
	t.Cleanup(func() { _ = end.Close() })
	go stop()
	if r := f.runUntil(ctx, system{stdin: silent}, "push", "-", "--object", "sales"); r.code != exitInterrupted || r.stderr != "leadline: interrupted\n" {
		t.Errorf("got %+v", r)
	}
	// In the middle of a file.
	ctx, stop = context.WithCancel(t.Context())
	in, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, "{\"id\":8}\n{\"id\":9}\n{\"id\":10}\n")
		for f.pushed() < 3 { // the one before, and two of these; the answer to the last may still be on its way
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	r = f.runUntil(ctx, system{stdin: in}, "push", "-", "--object", "sales", "--batch", "1")
	if r.code != exitInterrupted || !regexp.MustCompile(`interrupted\. The rows before row [23] were pushed\.`).MatchString(r.stderr) {
		t.Errorf("got %+v", r)
	}
}

// pushed is how many pushes arrived.
func (f *fake) pushed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.rows.pushes)
}

func TestPushCredentials(t *testing.T) {
	f := newFake(t)
	rows := file(t, "rows", `{"id":1}`)
	none := filepath.Join(t.TempDir(), "none.json")
	f.runWith(system{getenv: environment("LEADLINE_URL", f.server.URL+"/", "LEADLINE_CLIENT_SECRET", fakeSecret)}, "--run-file", none, "push", rows, "--object", "a", "--client", fakeClient).ok(t)
	f.runWith(system{getenv: environment("LEADLINE_CLIENT_SECRET", "cls_wrong")}, "push", rows, "--object", "a", "--client", "cli_other").fails(t, exitRefused, "(401)")
	f.run("push", rows, "--object", "a", "--client", fakeClient).ok(t)
	f.run("push", rows, "--object", "a", "--connection", fakeClients).ok(t)
	if last := f.requests[len(f.requests)-2]; last != "POST /v1/push" {
		t.Errorf("asked %s", last)
	}
	// The secret of the run file is for the API of the run file alone.
	r := f.runWith(system{getenv: environment("LEADLINE_URL", f.server.URL)}, "push", rows, "--object", "a")
	r.fails(t, exitUsage, "--client")
	if strings.Contains(r.stderr, fakeSecret) {
		t.Error("the error shows the secret")
	}
}

func TestUpload(t *testing.T) {
	f := newFake(t)
	rows := "{\"id\":1,\n \"n\":9007199254740993}\n{\"id\":2,\"action\":\"delete\"}\n7\n"
	f.rows.polls = 2
	out := f.run("push", file(t, "rows.gz", zipped(t, rows)), "--object", "Bulk", "--upload").ok(t)
	contains(t, out, "3 rows in 1 batch: 2 applied, 1 set aside.", "row 3 ", "not_an_object")
	next, err := readRows(bytes.NewReader(f.rows.puts[0]))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := next(); err == nil; row, err = next() {
		got = append(got, string(row))
	}
	if want := `{"action":"create","id":1,"n":9007199254740993} {"id":2,"action":"delete"} 7`; strings.Join(got, " ") != want {
		t.Errorf("uploaded %s", got)
	}
	// The same rows again, otherwise written, are not even sent.
	out = f.run("push", file(t, "rows.json", `[{"id":1,"n":9007199254740993},{"id":2,"action":"delete"},7]`), "--object", " bulk", "--upload").ok(t)
	contains(t, out, "All of it had been pushed before")
	if len(f.rows.puts) != 1 {
		t.Errorf("%d files were put", len(f.rows.puts))
	}
	var report pushReport
	_ = json.Unmarshal([]byte(f.run("push", file(t, "rows", `{"id":5}`), "--object", "bulk", "--upload", "--wait=false", "--json").ok(t)), &report)
	if report.Rows != 1 || len(report.Batches) != 1 || len(f.rows.puts) != 2 {
		t.Errorf("got %+v", report)
	}
	temporary, _ := filepath.Glob(filepath.Join(os.TempDir(), "leadline-*.ndjson.gz"))
	if len(temporary) > 0 {
		t.Errorf("left behind: %v", temporary)
	}
}

func TestUploadRefusals(t *testing.T) {
	f := newFake(t)
	f.run("push", file(t, "rows", "{\"id\":1}\n{"), "--object", "bulk", "--upload").fails(t, exitFailed, "row 2 is cut off. Nothing was uploaded.")
	f.run("push", file(t, "rows", "[]"), "--object", "bulk", "--upload").fails(t, exitFailed, "no rows")
	if len(f.rows.keys) != 0 {
		t.Error("a place was asked for")
	}
	// The place refuses; what is as good as a key is not shown.
	f.scripts["POST /v1/uploads"] = func(*http.Request, []byte) (int, string) {
		f.rows.batches["bat_1"] = &batch{Batch: "bat_1", Status: "uploading", Counts: map[string]int64{}}
		place, _ := json.Marshal(uploadPlace{Batch: "bat_1", Method: "PUT", URL: f.server.URL + "/lambda/functions/broken?signature=very-secret", Headers: map[string]string{},
			ExpiresAt: time.Now().Add(time.Hour).UTC(), MaxBytes: 1 << 30})
		return 201, string(place)
	}
	f.broken = true
	r := f.run("push", file(t, "rows", `{"id":1}`), "--object", "bulk", "--upload")
	r.fails(t, exitRefused, "upload the file: Forbidden (403). Push it again to go on")
	if strings.Contains(r.stderr, "very-secret") {
		t.Error("the error shows the URL")
	}
	f.broken = false
	// Places that have expired are passed by, and files that are too large are not sent.
	asked := 0
	f.scripts["POST /v1/uploads"] = func(*http.Request, []byte) (int, string) {
		asked++
		f.rows.batches["bat_2"] = &batch{Batch: "bat_2", Status: "uploading", Counts: map[string]int64{}}
		at := time.Now().Add(-time.Hour)
		if asked == 3 {
			at = time.Now().Add(time.Hour)
		}
		place, _ := json.Marshal(uploadPlace{Batch: "bat_2", Method: "PUT", URL: f.server.URL + "/files/bat_2?signature=very-secret",
			Headers: map[string]string{"Content-Type": "application/octet-stream"}, ExpiresAt: at.UTC(), MaxBytes: 1 << 30})
		return 201, string(place)
	}
	f.run("push", file(t, "rows", `{"id":1}`), "--object", "bulk", "--upload").ok(t)
	if asked != 3 || len(f.rows.puts) != 1 {
		t.Errorf("asked %d times, put %d files", asked, len(f.rows.puts))
	}
	f.scripts["POST /v1/uploads"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Conflict, "x", "Not now."))
	}
	f.run("push", file(t, "rows", `{"id":1}`), "--object", "bulk", "--upload").fails(t, exitRefused, "Not now. (409)")
}

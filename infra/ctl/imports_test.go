package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// runOne gives the answer about the run run_1.
func runOne(status string, extra string) string {
	if extra != "" {
		extra = "," + extra
	}
	return fmt.Sprintf(`{"id":"run_1","plan":{"kind":"import","mode":"full"},"status":%q,"progress":%s,"created_by":"key_1","created_at":"2026-11-22T09:00:00Z","updated_at":%s,"rev":2%s}`, status, progressAnswer, someTime, extra)
}

// reads is a fake whose connection conn_1 logs in and has these runs, newest first.
func reads(t *testing.T, runs ...string) *fake {
	f := newFake(t)
	f.scripts["GET /v1/connections"] = func(*http.Request, []byte) (int, string) {
		return 200, items(plainAnswer + "," + strings.Split(loginAnswer, ",\n\t\t\"identity\"")[0] + "}")
	}
	f.scripts["GET /v1/connections/conn_1/runs"] = func(*http.Request, []byte) (int, string) { return 200, items(strings.Join(runs, ",")) }
	for _, kind := range []string{"imports", "reconciliations"} {
		f.scripts["POST /v1/connections/conn_1/"+kind] = func(*http.Request, []byte) (int, string) { return 202, runOne("queued", "") }
	}
	return f
}

func TestImportFlags(t *testing.T) {
	for args, want := range map[string]string{
		"import":                                  `{"mode":"full"}`,
		"import|--object|lead,contact":            `{"mode":"full","objects":["lead","contact"]}`,
		"import|--mode|incremental":               `{"mode":"incremental"}`,
		"import|--mode|range|--from|2026-01-31":   `{"by":"created","from":"2026-01-31T00:00:00Z","mode":"range"}`,
		"import|--mode|search|--query|a b":        `{"mode":"search","query":"a b"}`,
		"import|--requests-per-day|500":           `{"budget":{"requests_per_day":500},"mode":"full"}`,
		"import|--hours|22:00 - 06:00|--zone|CET": `{"budget":{"from":"22:00","until":"06:00","zone":"CET"},"mode":"full"}`,
		"import|--mode|range|--by|updated|--from|2026-01-31T08:00:00+01:00|--until|2026-02-01": `{"by":"updated","from":"2026-01-31T07:00:00Z","mode":"range","until":"2026-02-01T00:00:00Z"}`,
		"import|conn_1|--requests-per-day|-1":                                                  `{"budget":{"requests_per_day":-1},"mode":"full"}`, // for the API to refuse
		"reconcile":                                                                            `{}`,
		"reconcile|conn_1|--object|lead|--max-deletions|70":                                    `{"max_deletions":70,"objects":["lead"]}`,
	} {
		f := reads(t)
		out := f.run(strings.Split(args, "|")...).ok(t)
		if posted, _ := json.Marshal(f.posted); string(posted) != "["+want+"]" {
			t.Errorf("%s posts %s", args, posted)
		}
		contains(t, out, "run_1", "queued", "`leadline runs watch run_1` shows how far it is.")
		sameJSON(t, f.run(append(strings.Split(args, "|"), "--json")...).ok(t), runOne("queued", ""), false)
	}
}

func TestAnImportThatIsUnderWayIsNotBegunAnew(t *testing.T) {
	done := strings.Replace(runOne("done", ""), "run_1", "run_0", 1)
	for _, status := range []string{"queued", "running", "paused"} {
		f := reads(t, done, runOne(status, ""))
		out := f.run("import", "--mode", "incremental").ok(t)
		contains(t, out, "Under way since 2026-11-22 09:00:00 UTC:", "run_1", status)
		if len(f.posted) > 0 {
			t.Errorf("posted %v", f.posted)
		}
		sameJSON(t, f.run("reconcile", "--json").ok(t), runOne(status, ""), false)
	}
	f := reads(t, done, strings.Replace(done, "done", "cancelled", 1), strings.Replace(done, "done", "failed", 1))
	f.run("import").ok(t)
	if len(f.posted) != 1 {
		t.Errorf("posted %v", f.posted)
	}
	// Only runs of its kind count.
	asked := ""
	f.scripts["GET /v1/connections/conn_1/runs"] = func(r *http.Request, _ []byte) (int, string) {
		asked += r.URL.Query().Get("kind") + " "
		return 200, items("")
	}
	f.run("import").ok(t)
	f.run("reconcile").ok(t)
	if asked != "import reconcile " {
		t.Errorf("asked for %s", asked)
	}
}

func TestWhichConnectionIsRead(t *testing.T) {
	f := reads(t)
	f.scripts["GET /v1/connections"] = func(*http.Request, []byte) (int, string) { return 200, items(plainAnswer) }
	for _, args := range []string{"import", "reconcile", "runs", "syncs", "runs|show|run_1"} {
		f.run(strings.Split(args, "|")...).fails(t, exitFailed, "`leadline connect` makes one")
	}
	f.scripts["GET /v1/connections"] = func(*http.Request, []byte) (int, string) {
		return 200, items(strings.Split(loginAnswer, ",\n\t\t\"identity\"")[0] + "}," + refusedAnswer)
	}
	f.run("import").fails(t, exitUsage, "say which connection: conn_1 (Clo·[2Jse), conn_2 (Old)")
	f.run("import", "conn_1").ok(t)
	f.scripts["POST /v1/connections/conn_1/imports"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Conflict, "no_login", "It has no login."))
	}
	f.run("import", "conn_1").fails(t, exitRefused, "It has no login. (409)")
}

// counted makes the counts of an object.
func counted(found, fetched, missing, unchanged, refused, held int) string {
	return fmt.Sprintf(`{"found":%d,"fetched":%d,"missing":%d,"stale":0,"differing":0,"unchanged":%d,"newer":0,"refused":%d,"absent":0,"deleted":0,"kept":0,"held":%d}`, found, fetched, missing, unchanged, refused, held)
}

func objectAt(name, phase, counts, extra string) string {
	return fmt.Sprintf(`{"object":"%s","phase":%q,"counts":%s,"requests":1,"retries":0,"throttled":0,"updated_at":%s%s}`, name, phase, counts, someTime, extra)
}

// underWay and over are the states of a run that is watched.
func underWay() string {
	return strings.Replace(runOne("running", `"objects":[`+strings.Join([]string{
		objectAt("lead", "reading", counted(4_000, 1_000, 900, 98, 2, 0), ""),
		objectAt("activity.call", "reading", counted(-1, 250, 250, 0, 0, 0), `,"waiting":"the limit of Close"`),
		objectAt("task", "reading", counted(-1, 0, 0, 0, 0, 0), ""),
		objectAt("contact", "rereading", counted(500, 600, 500, 0, 0, 0), ""),
		objectAt("user", "finished", counted(12, 12, 10, 1, 1, 3), ""),
		objectAt(`note\u001b[2J`, "stopped", counted(-1, 7, 7, 0, 0, 0), `,"problem":"It may\u001b[2J not."`),
	}, ",")+`]`), `"records_per_minute":600`, `"records_per_minute":600,"estimated_end":"2026-11-22T09:05:00Z"`, 1)
}

func over(status string) string {
	return runOne(status, `"problem":"Nobody answers.","finished_at":"2026-11-22T09:03:25Z","objects":[`+objectAt("lead", "finished", counted(4_000, 4_000, 3_900, 98, 2, 0), "")+`],"report":{"at":`+someTime+
		`,"agrees":false,"objects":[{"object":"lead","source":4000,"source_how":"total_results of GET /lead/","stored":3998,"stored_how":"here","difference":-2,"explained":"2 in the quarantine","counts":`+countsAnswer+`},
		{"object":"user","source":12,"source_how":"ids listed by 1 pages","stored":12,"stored_how":"here","difference":0,"counts":`+countsAnswer+`},
		{"object":"task","source":-1,"source_how":"","stored":7,"stored_how":"here","difference":0,"counts":`+countsAnswer+`},
		{"object":"call","source":-1,"source_how":"","stored":-1,"stored_how":"","difference":0,"counts":`+countsAnswer+`},
		{"object":"note","source":-1,"source_how":"","stored":-1,"stored_how":"","difference":0,"problem":"It may not.","counts":`+countsAnswer+`}]}`)
}

// watching answers with one state after another; the last stays.
func watching(states ...string) scripted {
	asked := 0
	return func(*http.Request, []byte) (int, string) {
		asked++
		return 200, states[min(asked, len(states))-1]
	}
}

const boardUnderWay = `Import full  running  1 of 3 objects  1,500 read, 1,290 stored, 2 refused  30 requests (1 again)  10.0 records/s  about 3m20s left
  lead           █████░░░░░░░░░░░░░░░      1,000 of 4,000  reading
  activity.call  █░░░░░░░░░░░░░░░░░░░                 250  reading, waits for the limit of Close
  task           ░░░░░░░░░░░░░░░░░░░░                   0  reading
  contact        ████████████████████          600 of 500  rereading
  user           ████████████████████                  12  10 stored  1 as before  1 refused  3 held
  note·[2J       ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌                   7  It may·[2J not.
`

const boardOver = `Import full  done  1 of 3 objects  1,500 read, 1,290 stored, 2 refused  30 requests (1 again)  10.0 records/s  in 3m25s
  lead  ████████████████████               4,000  3,900 stored  98 as before  2 refused
`

const reportOver = `
OBJECT  THERE  HERE   DIFFERS  WHERE THE COUNT COMES FROM
lead    4,000  3,998  -2       total_results of GET /lead/; 2 in the quarantine
user    12     12     -        ids listed by 1 pages
task    ?      7      unknown
note    ?      ?      unknown  It may not.
`

// at is a clock that stands still.
func at(minute, second int) func() time.Time {
	return func() time.Time { return time.Date(2026, 11, 22, 9, minute, second, 0, time.UTC) }
}

// screen plays a terminal as far as the board uses it, and gives what stands on it.
func screen(t *testing.T, written string) string {
	t.Helper()
	var lines []string
	row, rest := 0, written
	for rest != "" {
		var up int
		switch {
		case strings.HasPrefix(rest, "\x1b[?7l"), strings.HasPrefix(rest, "\x1b[?7h"):
			rest = rest[5:]
		case strings.HasPrefix(rest, "\r\x1b[2K"):
			rest = rest[5:]
			line, below, found := strings.Cut(rest, "\n")
			if !found {
				t.Fatalf("a line does not end: %q", rest)
			}
			lines = append(lines[:min(row, len(lines))], append([]string{line}, lines[min(row+1, len(lines)):]...)...)
			row, rest = row+1, below
		case strings.HasPrefix(rest, "\x1b[J"):
			lines, rest = lines[:row], rest[3:]
		default:
			if n, err := fmt.Sscanf(rest, "\x1b[%dA", &up); n != 1 || err != nil || up > row {
				t.Fatalf("on line %d stands %q", row, rest)
			}
			row, rest = row-up, rest[strings.Index(rest, "A")+1:]
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestARunIsDrawnOverItselfOnATerminal(t *testing.T) {
	f := reads(t)
	f.scripts["GET /v1/connections/conn_1/runs/run_1"] = watching(underWay(), underWay(), over("done"))
	var pauses int
	s := system{watched: true, now: at(1, 40), getenv: environment("NO_COLOR", "1"), pause: func(context.Context, time.Duration) error { pauses++; return nil }}
	r := f.runWith(s, "import", "--watch")
	if r.code != exitDone || pauses != 2 || r.stdout != reportOver {
		t.Errorf("exit %d after %d pauses, printed\n%s", r.code, pauses, r.stdout)
	}
	if got := screen(t, r.stderr); got != boardOver {
		t.Errorf("at the end there stands\n%s", got)
	}
	// As it is on its way: what is of unknown size moves with each beat.
	drawn := strings.Split(r.stderr, "\x1b[?7h")
	if got := screen(t, drawn[0]); got != boardUnderWay {
		t.Errorf("first there stands\n%s", got)
	}
	second := strings.Replace(boardUnderWay, "activity.call  █░", "activity.call  ░█", 1)
	if got := screen(t, drawn[0]+drawn[1]); got != second {
		t.Errorf("then there stands\n%s", got)
	}
}

func TestARunIsALineNowAndThenInALog(t *testing.T) {
	f := reads(t)
	clock := at(1, 40)()
	f.scripts["GET /v1/connections/conn_1/runs/run_1"] = watching(underWay(), underWay(), underWay(), over("done"))
	s := system{terminal: true, now: func() time.Time { return clock }, pause: func(context.Context, time.Duration) error { clock = clock.Add(3 * time.Second); return nil }}
	r := f.runWith(s, "runs", "watch", "run_1")
	head := func(board string) string { return board[:strings.Index(board, "\n")+1] }
	want := head(boardUnderWay) + strings.Replace(head(boardUnderWay), "3m20s", "3m14s", 1) + head(boardOver)
	if r.code != exitDone || r.stderr != want {
		t.Errorf("exit %d, told\n%s", r.code, r.stderr)
	}
}

func TestAWatchedRunForPrograms(t *testing.T) {
	for _, watched := range []bool{true, false} {
		f := reads(t)
		f.scripts["GET /v1/connections/conn_1/runs/run_1"] = watching(underWay(), over("failed"))
		r := f.runWith(system{watched: watched}, "import", "--watch", "--json")
		sameJSON(t, r.stdout, over("failed"), false)
		if r.code != exitDone || (r.stderr != "") != watched {
			t.Errorf("exit %d, told %q", r.code, r.stderr)
		}
	}
}

func TestRunsThatDoNotEndWell(t *testing.T) {
	f := reads(t)
	f.scripts["POST /v1/connections/conn_1/syncs/sync_1/run"] = func(*http.Request, []byte) (int, string) { return 202, runOne("queued", "") }
	for status, says := range map[string]string{"failed": "the run failed: Nobody answers.", "cancelled": "the run was cancelled: what it stored stays"} {
		f.scripts["GET /v1/connections/conn_1/runs/run_1"] = watching(over(status))
		for _, args := range []string{"import|--watch", "reconcile|--watch", "runs|watch|run_1", "syncs|run|conn_1|sync_1|--watch"} {
			r := f.run(strings.Split(args, "|")...)
			lines := strings.SplitAfterN(r.stderr, "\n", 2)
			if r.code != exitFailed || !strings.HasPrefix(lines[0], "Import full  "+status) || lines[1] != "leadline: "+says+"\n" || r.stdout != reportOver {
				t.Errorf("%s: exit %d, told %q, printed %s", args, r.code, r.stderr, r.stdout)
			}
		}
	}
	f.scripts["GET /v1/connections/conn_1/runs/run_1"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.NotFound, "not_found", "There is no run."))
	}
	f.run("runs", "watch", "run_1").fails(t, exitRefused, "There is no run. (404)")
}

func TestCtrlCLeavesTheRunAlone(t *testing.T) {
	f := reads(t)
	f.scripts["GET /v1/connections/conn_1/runs/run_1"] = watching(underWay())
	ctx, stop := context.WithCancel(t.Context())
	r := f.runUntil(ctx, system{now: at(1, 40), pause: func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }}, "import", "--watch")
	told := r.stderr[strings.Index(r.stderr, "\n")+1:]
	if r.code != exitInterrupted || told != "leadline: interrupted. The run goes on: `leadline runs watch run_1` shows how far, `leadline runs cancel run_1` ends it.\n" {
		t.Errorf("exit %d, told %q", r.code, r.stderr)
	}
	for _, request := range f.requests {
		if strings.HasSuffix(request, "/cancel") {
			t.Error("it was cancelled")
		}
	}
}

// TestABoardFitsItsTerminal: what is drawn over must not have scrolled away.
func TestABoardFitsItsTerminal(t *testing.T) {
	var r runState
	if err := json.Unmarshal([]byte(underWay()), &r); err != nil {
		t.Fatal(err)
	}
	names := func(objects []runObject) string {
		var all []string
		for _, o := range objects {
			all = append(all, clean(o.Object))
		}
		return strings.Join(all, " ")
	}
	for room, want := range map[int]string{
		0: "lead activity.call task contact user note·[2J", 6: "lead activity.call task contact user note·[2J", 5: "lead activity.call task contact note·[2J",
		4: "lead activity.call contact note·[2J", 2: "lead activity.call", 1: "lead",
	} {
		lines := board(painter{}, r, at(1, 40)(), 0, room)
		if got := names(fit(r.Objects, room)); got != want {
			t.Errorf("%d fit: %s", room, got)
		}
		if room > 0 && len(lines) > room+2 || strings.Contains(lines[len(lines)-1], "more") != (room > 0 && room < 6) {
			t.Errorf("for %d it has %d lines, the last is %q", room, len(lines), lines[len(lines)-1])
		}
	}
	for height, want := range map[int]int{-1: usualRoom, 0: usualRoom, 2: 1, 24: 21} {
		c := &command{system: system{height: func() int { return height }}}
		if got := c.room(); got != want {
			t.Errorf("on %d lines there is room for %d", height, got)
		}
	}
	if got := (&command{}).room(); got != usualRoom {
		t.Errorf("there is room for %d", got)
	}
}

func TestColoursOfABoard(t *testing.T) {
	var r runState
	if err := json.Unmarshal([]byte(over("done")), &r); err != nil {
		t.Fatal(err)
	}
	if lines := board(painter{on: true}, r, at(1, 40)(), 0, 0); !strings.Contains(lines[0], "\x1b[32mdone\x1b[0m") || !strings.Contains(lines[1], "\x1b[32m█") {
		t.Errorf("got %q", lines)
	}
	if got := strings.Join(board(painter{}, runState{Status: "\x1b[2J"}, at(1, 40)(), 0, 0), "\n"); strings.Contains(got, "\x1b") {
		t.Errorf("of an answer that is none: %q", got)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1_000: "1,000", -999: "-999", -1_000: "-1,000", 1_234_567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// publishes is a fake whose program prg_1 goes through states once it is published.
func publishes(t *testing.T, states ...string) *fake {
	f := newFake(t)
	f.scripts["POST /v1/programs/prg_1/publish"] = func(*http.Request, []byte) (int, string) {
		return 202, building("")
	}
	f.scripts["GET /v1/programs/prg_1"] = watching(states...)
	return f
}

// shownNow is the program when its second edition is shown.
func shownNow() string {
	return strings.Replace(live(runAt("build", "done", `,"finished_at":"2026-11-22T09:02:05Z"`)), `"edn_1"`, `"edn_2"`, 1)
}

const (
	boardCrediting = `Commi·[2Jssion, version 3  crediting  1m40s
  crediting    █░░░░░░░░░░░░░░░░░░░  1,200 records, 1,100 credits, 2 refused
  calculating  ░░░░░░░░░░░░░░░░░░░░  30 of 100 participants
  ranking      ░░░░░░░░░░░░░░░░░░░░
`
	boardCalculating = `Commi·[2Jssion, version 3  calculating  1m40s
  crediting    ████████████████████  1,200 records, 1,100 credits, 2 refused
  calculating  ██████░░░░░░░░░░░░░░  30 of 100 participants
  ranking      ░░░░░░░░░░░░░░░░░░░░
`
	boardShownNow = `Commi·[2Jssion, version 2  shown  2m5s
  crediting    ████████████████████  1,200 records, 1,100 credits, 2 refused
  calculating  ████████████████████  30 of 100 participants
  ranking      ████████████████████
`
	saidShown = "Commi·[2Jssion is shown: version 1 (2026-01-01 to 2026-10-31), version 2 (from 2026-11-01).\n"
)

func TestPublishingIsDrawnOverItselfOnATerminal(t *testing.T) {
	f := publishes(t, building(runAt("build", "crediting", "")), building(runAt("build", "crediting", "")), building(runAt("build", "calculating", "")), building(runAt("build", "ranking", "")), shownNow())
	pauses := 0
	s := system{watched: true, now: at(1, 40), getenv: environment("NO_COLOR", "1"), pause: func(context.Context, time.Duration) error { pauses++; return nil }}
	r := f.runWith(s, "programs", "publish", "prg_1", "--watch")
	if r.code != exitDone || pauses != 4 || r.stdout != saidShown {
		t.Fatalf("exit %d after %d pauses, printed\n%s%s", r.code, pauses, r.stdout, r.stderr)
	}
	drawn := strings.SplitAfter(r.stderr, "\x1b[?7h")
	for n, want := range map[int]string{1: boardCrediting, 2: strings.Replace(boardCrediting, "  █░", "  ░█", 1), 3: boardCalculating, 5: boardShownNow} {
		if got := screen(t, strings.Join(drawn[:n], "")); got != want {
			t.Errorf("after %d looks there stands\n%s", n, got)
		}
	}
}

func TestPublishingIsALineNowAndThenInALog(t *testing.T) {
	f := publishes(t, building(""), building(runAt("build", "crediting", "")), building(runAt("build", "calculating", "")), shownNow())
	clock := at(1, 40)()
	s := system{terminal: true, getenv: environment("NO_COLOR", "1"), now: func() time.Time { return clock }, pause: func(context.Context, time.Duration) error { clock = clock.Add(3 * time.Second); return nil }}
	r := f.runWith(s, "programs", "publish", "prg_1", "--watch")
	want := "Commi·[2Jssion, version 3  waiting  0 records, 0 credits\n" +
		"Commi·[2Jssion, version 3  calculating  12 of 40 parts  1,200 records, 1,100 credits, 2 refused  30 of 100 participants  in 1m46s\n" +
		"Commi·[2Jssion, version 2  shown  done  12 of 40 parts  1,200 records, 1,100 credits, 2 refused  30 of 100 participants  in 2m5s\n"
	if r.code != exitDone || r.stderr != want || r.stdout != saidShown {
		t.Errorf("exit %d, printed %s, told\n%s", r.code, r.stdout, r.stderr)
	}
}

func TestPublishingForPrograms(t *testing.T) {
	for _, watched := range []bool{true, false} {
		f := publishes(t, building(runAt("build", "crediting", "")), shownNow())
		f.scripts["POST /v1/program-templates/blitz"] = func(*http.Request, []byte) (int, string) { return 201, building("") }
		for _, args := range []string{"programs|publish|prg_1|--watch", "programs|watch|prg_1", "programs|from-template|blitz|--connection|conn_1|--publish|--watch"} {
			r := f.runWith(system{watched: watched}, append(strings.Split(args, "|"), "--json")...)
			sameJSON(t, r.stdout, shownNow(), false)
			if r.code != exitDone || (r.stderr != "") != watched {
				t.Errorf("%s: exit %d, told %q", args, r.code, r.stderr)
			}
		}
	}
}

func TestEditionsThatAreNotShown(t *testing.T) {
	for state, says := range map[string]string{
		building(runAt("build", "failed", `,"error":"Part 3 was\u001b[2J not done."`)): "it failed: Part 3 was·[2J not done.",
		building(runAt("build", "failed", "")):                                         "it failed: nobody said why",
		live(""):                                                                       "another was published, or the program was archived",
		live(runAt("refresh", "failed", "")):                                           "another was published",
	} {
		for _, watched := range []bool{true, false} {
			r := publishes(t, state).runWith(system{watched: watched, getenv: environment("NO_COLOR", "1")}, "programs", "publish", "prg_1", "--watch")
			last := r.stderr[strings.LastIndex(strings.TrimSuffix(r.stderr, "\n"), "leadline: "):]
			if r.code != exitFailed || !strings.Contains(last, says) || strings.Contains(last, "\x1b") || r.stdout != "" {
				t.Errorf("exit %d, told %q, printed %s", r.code, r.stderr, r.stdout)
			}
		}
	}
	f := publishes(t, draftAnswer)
	f.run("programs", "watch", "prg_1").fails(t, exitFailed, "nothing is built of the program")
	f.scripts["GET /v1/programs/prg_1"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.NotFound, "not_found", "There is no program."))
	}
	f.run("programs", "publish", "prg_1", "--watch").fails(t, exitRefused, "There is no program. (404)")
}

// TestARefreshIsWatched: what is shown is reckoned anew in its place.
func TestARefreshIsWatched(t *testing.T) {
	f := publishes(t, live(runAt("refresh", "crediting", "")), live(runAt("refresh", "crediting", "")), live(runAt("refresh", "done", "")))
	r := f.run("programs", "watch", "prg_1")
	if r.code != exitDone || r.stdout != saidShown || strings.Count(r.stderr, "\n") != 2 {
		t.Errorf("exit %d, printed %s, told %q", r.code, r.stdout, r.stderr)
	}
	r = publishes(t, live(runAt("refresh", "failed", `,"error":"Oh."`))).run("programs", "watch", "prg_1")
	if r.code != exitFailed || !strings.HasSuffix(r.stderr, "leadline: it failed: Oh.\n") {
		t.Errorf("exit %d, told %q", r.code, r.stderr)
	}
}

func TestNothingHappensToWhatIsAwaited(t *testing.T) {
	f := publishes(t, building(runAt("build", "waiting", "")))
	f.scripts["POST /v1/programs/prg_1/previews"] = func(*http.Request, []byte) (int, string) { return 202, previewOf("running", `,"effects":[]`) }
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(previewOf("running", `,"effects":[]`))
	for args, says := range map[string]string{"programs|publish|prg_1|--watch": "nothing has happened for 5m0s: is calculate running?", "programs|preview|prg_1": "the preview has not come for 5m0s"} {
		clock := at(1, 40)()
		r := f.runWith(system{now: func() time.Time { return clock }, pause: func(context.Context, time.Duration) error { clock = clock.Add(time.Minute); return nil }}, strings.Split(args, "|")...)
		if r.code != exitFailed || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d, told %q", args, r.code, r.stderr)
		}
	}
}

func TestCtrlCLeavesTheEditionAlone(t *testing.T) {
	f := publishes(t, building(runAt("build", "crediting", "")))
	f.scripts["POST /v1/programs/prg_1/previews"] = func(*http.Request, []byte) (int, string) { return 202, previewOf("running", `,"effects":[]`) }
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(previewOf("running", `,"effects":[]`))
	for args, says := range map[string]string{"programs|publish|prg_1|--watch": "leadline: interrupted. It goes on: `leadline programs watch prg_1` shows how far.\n",
		"programs|preview|prg_1": "leadline: interrupted. The preview changes nothing; ask for another with `leadline programs preview prg_1`.\n"} {
		ctx, stop := context.WithCancel(t.Context())
		r := f.runUntil(ctx, system{now: at(1, 40), pause: func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }}, strings.Split(args, "|")...)
		if r.code != exitInterrupted || !strings.HasSuffix(r.stderr, says) {
			t.Errorf("%s: exit %d, told %q", args, r.code, r.stderr)
		}
	}
}

func previewOf(status, more string) string {
	return `{"id":"pre_1","status":"` + status + `","versions":[{"number":3,"from":"2026-12-01"}],"periods":2,"records":1200,"refused":1,"participants":30,"affected":0,"at":` + someTime + more + `}`
}

func previewDone(next string) string {
	return previewOf("done", `,"summary":"2 people, +1,234.50 \u001b[2JEUR","from":"2026-10","before":`+euros(100000, "1000.00")+`,"after":`+euros(223450, "2234.50")+`,"difference":`+euros(123450, "1234.50")+next+
		`,"effects":[{"participant":"mem_1","name":"A\u001b[2Jda","period":"2026-11","before":`+euros(100000, "1000.00")+`,"after":`+euros(233450, "2334.50")+`,"difference":`+euros(133450, "1334.50")+`},
		{"participant":"mem_2","period":"2026-10","before":`+euros(10000, "100.00")+`,"after":`+euros(0, "0.00")+`,"difference":`+euros(-10000, "-100.00")+`}]`)
}

const previewShown = `2 people, +1,234.50 ·[2JEUR

WHO      PERIOD   BEFORE        AFTER         DIFFERENCE
A·[2Jda  2026-11  1,000.00 EUR  2,334.50 EUR  +1,334.50 EUR
mem_2    2026-10  100.00 EUR    0.00 EUR      -100.00 EUR
All               1,000.00 EUR  2,234.50 EUR  +1,234.50 EUR

30 participants in 2 periods from 2026-10 on, 1,200 records read, 1 record that somebody would have to look at.
`

func TestPreview(t *testing.T) {
	f, sent := newFake(t), ""
	f.scripts["POST /v1/programs/prg_1/previews"] = func(_ *http.Request, body []byte) (int, string) {
		sent = string(body)
		return 202, previewOf("running", `,"effects":[]`)
	}
	clock := at(1, 40)()
	s := system{getenv: environment("NO_COLOR", "1"), now: func() time.Time { return clock }, pause: func(context.Context, time.Duration) error { clock = clock.Add(4 * time.Second); return nil }}
	states := []string{previewOf("running", `,"effects":[]`), previewOf("running", `,"effects":[]`), previewOf("running", `,"effects":[]`), previewDone("")}
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(states...)
	r := f.runWith(s, "programs", "preview", "prg_1", "--from", "2026-11-01")
	if r.code != exitDone || r.stdout != previewShown || r.stderr != "Reckons who would be paid what  8s\n" || sent != `{"from":"2026-11-01"}` {
		t.Errorf("exit %d, sent %s, told %q, printed\n%s", r.code, sent, r.stderr, r.stdout)
	}
	// On a terminal nothing is left of the waiting.
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(states...)
	s.watched = true
	r = f.runWith(s, "programs", "preview", "prg_1")
	if r.stdout != previewShown || !strings.Contains(r.stderr, "Reckons who would be paid what  4s") || strings.TrimSpace(screen(t, r.stderr)) != "" {
		t.Errorf("told %q, printed\n%s", r.stderr, r.stdout)
	}
	s.watched = false
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(states...)
	r = f.runWith(s, "programs", "preview", "prg_1", "--json")
	sameJSON(t, r.stdout, previewDone(""), false)
	if r.stderr != "" {
		t.Errorf("told %q", r.stderr)
	}
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(previewDone(`,"next":"more"`))
	contains(t, f.run("programs", "preview", "prg_1", "--limit", "2").ok(t), "There are more")
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(previewOf("done", `,"summary":"Nobody is affected.","effects":[]`))
	if out := f.run("programs", "preview", "prg_1").ok(t); !strings.HasPrefix(out, "Nobody is affected.\n\n30 participants") {
		t.Errorf("printed\n%s", out)
	}
	f.scripts["GET /v1/programs/prg_1/previews/pre_1"] = watching(previewOf("failed", `,"error":"Too m\u001b[2Jany records.","effects":[]`))
	f.run("programs", "preview", "prg_1").fails(t, exitFailed, "the preview failed: Too m·[2Jany records.")
	f.scripts["POST /v1/programs/prg_1/previews"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Invalid, "invalid_program", "There is no preview of what cannot be published."))
	}
	f.run("programs", "preview", "prg_1").fails(t, exitRefused, "cannot be published. (400)")
}

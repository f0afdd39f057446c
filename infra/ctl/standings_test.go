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

// euros writes an amount as the API does.
func euros(minor int64, text string) string {
	return fmt.Sprintf(`{"minor":%d,"currency":"EUR","text":"%s EUR"}`, minor, text)
}

// board1 is a leaderboard with one standing.
func board1(who string) string {
	return boardOf(`{"participant":"`+who+`","updated_at":`+someTime+`}`, false)
}

func boardOf(standings string, forecast bool) string {
	return fmt.Sprintf(`{"program":"prg_1","name":"Commi\u001b[2Jssion","kind":"commission","period":{"name":"2026-11","kind":"month","from":"2026-11-01","until":"2026-12-01"},"currency":"EUR","items":[%s],"forecast":%t}`, standings, forecast)
}

func fullBoard() string {
	return boardOf(`{"rank":1,"participant":"mem_1","name":"A\u001b[2Jda","score":"104170","earned":`+euros(1041700, "10417.00")+`,"payable":`+euros(1051700, "10517.00")+`,"updated_at":`+someTime+`,
		"figures":[{"component":"bookings","version":2,"credits":3,"measure":"104170","quota":"100000","attainment":"1.0417","amount":`+euros(1041700, "10417.00")+`},{"component":"calls","version":2,"credits":9,"measure":"9","amount":`+euros(0, "0.00")+`,"why":"only_measured"}],
		"prizes":[{"rank":1,"amount":`+euros(10000, "100.00")+`},{"milestone":"100000","points":"5000","thing":"A b\u001b[2Jike","note":"to be fetched"}]},
	{"rank":2,"participant":"mem_2","score":"100000/3","updated_at":`+someTime+`},
	{"participant":"team:East","earned":`+euros(-500, "-5.00")+`,"payable":`+euros(0, "0.00")+`,"figures":[{"component":"bookings","version":1,"credits":1,"measure":"10","quota":"100","attainment":"0.1","amount":`+euros(-500, "-5.00")+`},
		{"component":"bookings","version":2,"credits":1,"measure":"20","quota":"60","attainment":"1/3","amount":`+euros(0, "0.00")+`}],"updated_at":`+someTime+`}`, true)
}

const boardShown = `Commi·[2Jssion  2026-11 (2026-11-01 to 2026-11-30)  not over yet

RANK  NAME       SCORE         BOOKINGS  OF QUOTA        CALLS  EARNED         PAYABLE        PRIZES
1     A·[2Jda    104,170       104,170   104.17 %        9      10,417.00 EUR  10,517.00 EUR  100.00 EUR, 5,000 points, A b·[2Jike for 100,000 (to be fetched)
2     mem_2      33,333.3333…
-     team:East                10 + 20   10 % + 33.33 %         -5.00 EUR      0.00 EUR
`

func TestStandings(t *testing.T) {
	f := newFake(t)
	query := ""
	f.scripts["GET /v1/programs/prg_1/standings"] = func(r *http.Request, _ []byte) (int, string) {
		query = r.URL.RawQuery
		return 200, fullBoard()
	}
	if out := f.run("standings", "prg_1", "--period", "2026-11").ok(t); out != boardShown || query != "limit=50&period=2026-11" {
		t.Errorf("asked %s, printed\n%s", query, out)
	}
	sameJSON(t, f.run("standings", "prg_1", "--json").ok(t), fullBoard(), false)
	if out := f.runWith(system{terminal: true}, "standings", "prg_1").ok(t); !strings.Contains(out, "\x1b[31m-5.00 EUR\x1b[0m") {
		t.Errorf("printed %q", out)
	}
	f.scripts["GET /v1/programs/prg_1/standings"] = func(*http.Request, []byte) (int, string) { return 200, boardOf("", false) }
	contains(t, f.run("standings", "prg_1").ok(t), "Nobody has anything yet")
	f.scripts["GET /v1/programs/prg_1/standings"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Conflict, "not_shown", "Nothing is shown\x1b[2J yet."))
	}
	f.run("standings", "prg_1").fails(t, exitRefused, "Nothing is shown·[2J yet. (409)")
	f.run("standings", "prg_1", "--watch").fails(t, exitRefused, "Nothing is shown·[2J yet. (409)")
}

// TestAScoreThatIsWhatIsEarnedIsNotShown: nobody reads cents.
func TestAScoreThatIsWhatIsEarnedIsNotShown(t *testing.T) {
	f := newFake(t)
	one := func(score string) string {
		return `{"rank":1,"participant":"mem_1","score":"` + score + `","earned":` + euros(1041700, "10417.00") + `,"payable":` + euros(1041700, "10417.00") + `,"updated_at":` + someTime + `}`
	}
	for scores, want := range map[string]bool{one("1041700"): false, one("1041700") + "," + one("7"): true} {
		f.scripts["GET /v1/programs/prg_1/standings"] = func(*http.Request, []byte) (int, string) { return 200, boardOf(scores, false) }
		if out := f.run("standings", "prg_1").ok(t); strings.Contains(out, "SCORE") != want {
			t.Errorf("printed\n%s", out)
		}
	}
}

// TestWhichProgramIsShown: where one program is live, nobody need name it.
func TestWhichProgramIsShown(t *testing.T) {
	f := newFake(t)
	all := draftAnswer + "," + live("")
	f.scripts["GET /v1/programs"] = func(*http.Request, []byte) (int, string) { return 200, items(all) }
	f.scripts["GET /v1/programs/prg_1/standings"] = func(*http.Request, []byte) (int, string) { return 200, fullBoard() }
	contains(t, f.run("standings").ok(t), "A·[2Jda")
	all = draftAnswer
	f.run("standings").fails(t, exitUsage, "no program is live")
	all = live("") + "," + strings.Replace(live(""), "prg_1", "prg_9", 1)
	f.run("standings").fails(t, exitUsage, "say which program: prg_1 (Commi·[2Jssion), prg_9")
}

func TestALeaderboardIsDrawnOverItselfOnATerminal(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/programs/prg_1/standings"] = watching(board1("mem_7"), fullBoard())
	clock := at(1, 40)()
	ctx, stop := context.WithCancel(t.Context())
	beats := 0
	s := system{terminal: true, now: func() time.Time { return clock }, getenv: environment("NO_COLOR", "1"), height: func() int { return 40 }, pause: func(_ context.Context, d time.Duration) error {
		clock = clock.Add(d)
		if beats++; beats == 3 {
			stop()
		}
		return ctx.Err()
	}}
	r := f.runUntil(ctx, s, "standings", "prg_1", "--watch")
	if r.code != exitDone || r.stderr != "" || beats != 3 {
		t.Fatalf("exit %d after %d beats: %s", r.code, beats, r.stderr)
	}
	drawn := strings.Split(r.stdout, "\x1b[?7h")
	if got := screen(t, drawn[0]); !strings.Contains(got, "mem_7") || !strings.HasSuffix(got, "09:01:40 UTC, Ctrl-C ends it\n") {
		t.Errorf("first there stands\n%s", got)
	}
	if got := screen(t, r.stdout); got != boardShown+"09:01:42 UTC, Ctrl-C ends it\n" {
		t.Errorf("at the end there stands\n%s", got)
	}
}

func TestALeaderboardOnAPipeIsPrintedWhenItChanged(t *testing.T) {
	for _, how := range []string{"", "--json"} {
		f := newFake(t)
		f.scripts["GET /v1/programs/prg_1/standings"] = watching(board1("mem_7"), board1("mem_7"), fullBoard())
		ctx, stop := context.WithCancel(t.Context())
		beats := 0
		args := strings.Fields("standings prg_1 --watch " + how)
		out := f.runUntil(ctx, system{pause: func(context.Context, time.Duration) error {
			if beats++; beats == 4 {
				stop()
			}
			return ctx.Err()
		}}, args...).ok(t)
		if strings.Count(out, "mem_7") != 1 || strings.Count(out, "mem_2") != 1 || strings.Contains(out, "\x1b") {
			t.Errorf("%s printed\n%s", how, out)
		}
		if how == "" && !strings.HasSuffix(out, "\n\n"+boardShown) {
			t.Errorf("printed\n%s", out)
		}
		dec := json.NewDecoder(strings.NewReader(out))
		for n := 0; how != "" && n < 2; n++ {
			if err := dec.Decode(new(leaderboard)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestALeaderboardFitsItsTerminal: what is drawn over must not have scrolled away.
func TestALeaderboardFitsItsTerminal(t *testing.T) {
	var b leaderboard
	if err := json.Unmarshal([]byte(fullBoard()), &b); err != nil {
		t.Fatal(err)
	}
	for room, want := range map[int]string{0: "team:East", 6: "team:East", 5: "and 2 more", 4: "and 3 more", 1: "team:East"} {
		lines := leaderboardLines(painter{}, b, room)
		if last := lines[len(lines)-1]; !strings.Contains(last, want) || room > 3 && len(lines) > room {
			t.Errorf("for %d there are %d lines, the last is %q", room, len(lines), last)
		}
	}
}

// statementsOf lists one statement with these components; a name with ! pays nothing to anybody.
func statementsOf(components ...string) string {
	var figures []string
	for _, name := range components {
		why := ""
		if rest, only := strings.CutSuffix(name, "!"); only {
			name, why = rest, `,"why":"only_measured"`
		}
		figures = append(figures, `{"component":"`+name+`","version":2,"credits":1,"measure":"1","amount":`+euros(1, "0.01")+why+`}`)
	}
	return items(`{"period":{"name":"2026-11","kind":"month","from":"2026-11-01","until":"2026-12-01"},"forecast":true,"earned":` + euros(1, "0.01") + `,"payable":` + euros(1, "0.01") +
		`,"figures":[` + strings.Join(figures, ",") + `],"prizes":[],"updated_at":` + someTime + `}`)
}

func TestEstimate(t *testing.T) {
	side := func(payable, measure, attainment, amount string) string {
		return `{"earned":` + payable + `,"payable":` + payable + `,"components":[{"component":"bookings","title":"Book\u001b[2Jings","version":2,"credits":3,"measure":"` + measure + `","count":3,"quota":"100000","attainment":"` + attainment + `","exact":"1","amount":` + amount + `}]}`
	}
	answer := `{"participant":"mem_1","period":{"name":"2026-11","kind":"month","from":"2026-11-01","until":"2026-12-01"},"currency":"EUR","before":` + side(euros(63400, "634.00"), "6340", "0.0634", euros(63400, "634.00")) +
		`,"after":` + side(euros(123400, "1234.00"), "18340", "0.1834", euros(123400, "1234.00")) + `,"difference":` + euros(60000, "600.00") + `}`
	f, sent := newFake(t), ""
	statements := statementsOf("calls!", "bookings")
	f.scripts["POST /v1/programs/prg_1/estimates"] = func(_ *http.Request, body []byte) (int, string) {
		sent = string(body)
		return 200, answer
	}
	for _, who := range []string{"me", "mem_1"} {
		f.scripts["GET /v1/programs/prg_1/participants/"+who+"/statements"] = func(*http.Request, []byte) (int, string) { return 200, statements }
	}
	f.scripts["GET /v1/members"] = func(*http.Request, []byte) (int, string) { return 200, items(memberAnswer) }
	for args, want := range map[string][2]string{
		"me|12000.00": {`{"deals":[{"component":"bookings","value":"12000.00"}]}`, "With a deal of 12,000.00 more you earn 1,234.00 EUR: +600.00 EUR\n"},
		"ada@example.com|12000|--component|calls|--date|2026-11-30|--in|product=A": {`{"deals":[{"cell":{"product":"A"},"component":"calls","date":"2026-11-30","value":"12000"}],"participant":"mem_1"}`,
			"With a deal of 12,000 more ada@example.com earns 1,234.00 EUR: +600.00 EUR\n"},
		"mem_1|5": {`{"deals":[{"component":"bookings","value":"5"}],"participant":"mem_1"}`, "With a deal of 5 more mem_1 earns"},
	} {
		out := f.run(append([]string{"estimate", "prg_1"}, strings.Split(args, "|")...)...).ok(t)
		contains(t, out, want[1], "Book·[2Jings  6,340    →  18,340  18.34 %   634.00 EUR  →  1,234.00 EUR")
		if sent != want[0] || strings.Contains(out, "\x1b") {
			t.Errorf("%s sends %s, prints\n%s", args, sent, out)
		}
	}
	sameJSON(t, f.run("estimate", "prg_1", "me", "1", "--json").ok(t), answer, false)
	statements = statementsOf("bookings", "renewals")
	f.run("estimate", "prg_1", "me", "1").fails(t, exitUsage, "say with --component what the deal counts for: bookings, renewals")
	statements = items("")
	f.run("estimate", "prg_1", "me", "1").fails(t, exitUsage, "`leadline programs text prg_1`")
	f.scripts["POST /v1/programs/prg_1/estimates"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Invalid, "invalid_deals", "There is no component."))
	}
	f.run("estimate", "prg_1", "me", "1", "--component", "x").fails(t, exitRefused, "There is no component. (400)")
}

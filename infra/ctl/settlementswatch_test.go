package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// settles is a fake whose period goes through states once it is calculated or locked.
func settles(t *testing.T, first string, states ...string) *fake {
	f := peopled(t)
	for _, verb := range []string{"calculate", "lock"} {
		f.scripts["POST /v1/programs/prg_1/settlements/2026-10/"+verb] = func(*http.Request, []byte) (int, string) { return 202, first }
	}
	f.scripts["GET /v1/programs/prg_1/settlements/2026-10"] = watching(states...)
	return f
}

// pacing gives a system with a clock that goes on by a step with each pause.
func pacing(step time.Duration, s system) system {
	clock := at(0, 0)()
	s.now = func() time.Time { return clock }
	s.pause = func(ctx context.Context, _ time.Duration) error { clock = clock.Add(step); return ctx.Err() }
	return s
}

func TestCalculatingIsWatched(t *testing.T) {
	freezing := func(of, done string) string { return working("freezing", "open", of, done, "") }
	begin := func() *fake {
		return settles(t, freezing("0", "0"), freezing("40", "0"), freezing("40", "10"), freezing("40", "30"), calculatedPeriod(""))
	}
	want := "2026-10 (2026-10-01 to 2026-10-31)  calculated, revision 2\n"
	r := begin().runWith(pacing(2*time.Second, system{watched: true, getenv: environment("NO_COLOR", "1")}), "settlements", "calculate", "prg_1", "2026-10")
	if r.code != exitDone || !strings.HasPrefix(r.stdout, want) || !strings.HasSuffix(r.stdout, "\nNext: `leadline settlements submit prg_1 2026-10`\n") {
		t.Fatalf("exit %d, printed\n%s%s", r.code, r.stdout, r.stderr)
	}
	drawn := strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\r")
	for i, line := range drawn {
		drawn[i] = strings.TrimRight(line, " ")
	}
	const bar = "Calculating 2026-10  "
	shown := []string{"", bar + "0", bar + strings.Repeat("░", 28) + "   0 %  0 of 40", bar + strings.Repeat("█", 7) + strings.Repeat("░", 21) + "  25 %  10 of 40  2/s  15s left",
		bar + strings.Repeat("█", 21) + strings.Repeat("░", 7) + "  75 %  30 of 40  5/s  2s left", bar + strings.Repeat("█", 28) + " 100 %  40 of 40  5/s"}
	if got, want := strings.Join(drawn, "\n"), strings.Join(shown, "\n"); got != want {
		t.Errorf("drew\n%s\nwant\n%s", got, want)
	}
	// In a log there is a line now and then, and for programs the answer alone.
	r = begin().runWith(pacing(3*time.Second, system{}), "settlements", "calculate", "prg_1", "2026-10")
	if r.stderr != bar+strings.Repeat("█", 7)+strings.Repeat("░", 21)+"  25 %  10 of 40  1/s  30s left\n"+bar+strings.Repeat("█", 28)+" 100 %  40 of 40  3/s\n" || !strings.HasPrefix(r.stdout, want) {
		t.Errorf("told %q, printed\n%s", r.stderr, r.stdout)
	}
	sameJSON(t, begin().runWith(pacing(3*time.Second, system{}), "settlements", "calculate", "prg_1", "2026-10", "--json").ok(t), calculatedPeriod(""), false)
}

func TestLockingIsWatched(t *testing.T) {
	posting := working("posting", "approved", "40", "12", "")
	for _, args := range []string{"settlements|lock|prg_1|2026-10", "settlements|watch|prg_1|2026-10"} {
		r := settles(t, posting, posting, posting, lockedPeriod("locked", "")).runWith(pacing(3*time.Second, system{}), strings.Split(args, "|")...)
		if r.code != exitDone || !strings.HasPrefix(r.stderr, "Locking 2026-10  ") {
			t.Errorf("%s: exit %d, told %q", args, r.code, r.stderr)
		}
		contains(t, r.stdout, "  locked, revision 2\n", "at 2026-11-22 12:00:00 UTC, root 7 of the ledger\n")
	}
	// One who paid what was locked in the meantime changes nothing.
	contains(t, settles(t, posting, lockedPeriod("paid", "")).runWith(pacing(time.Second, system{}), "settlements", "lock", "prg_1", "2026-10").ok(t), "  paid, revision 2\n")
	// There may have been so little to do that nothing is to be waited for.
	contains(t, settles(t, lockedPeriod("locked", "")).runWith(pacing(time.Second, system{}), "settlements", "lock", "prg_1", "2026-10").ok(t), "  locked, revision 2\n")
}

func TestWorkThatComesToNothing(t *testing.T) {
	freezing := working("freezing", "open", "40", "3", "")
	for state, says := range map[string]string{
		working("freezing", "open", "40", "3", `,"error":"Part 3 was\u001b[2J not done."`): "Calculating 2026-10 came to nothing: Part 3 was·[2J not done.",
		openPeriod(): "2026-10 was calculated anew by somebody else, as revision 0",
		strings.Replace(freezing, `"revision":2`, `"revision":3`, 1): "2026-10 was calculated anew by somebody else, as revision 3",
		settlementAt("open", nothingYet, `,"approvals":[],"by":{}`):  "somebody else did something to 2026-10: it is open",
		working("posting", "approved", "40", "3", ""):                "somebody else did something to 2026-10: it is approved",
	} {
		for _, watched := range []bool{true, false} {
			r := settles(t, freezing, state).runWith(pacing(time.Second, system{watched: watched}), "settlements", "calculate", "prg_1", "2026-10")
			if r.code != exitFailed || !strings.HasSuffix(r.stderr, "leadline: "+says+"\n") || r.stdout != "" {
				t.Errorf("exit %d, told %q, printed %s", r.code, r.stderr, r.stdout)
			}
		}
	}
	f := settles(t, freezing, freezing)
	r := f.runWith(pacing(time.Minute, system{}), "settlements", "calculate", "prg_1", "2026-10")
	if r.code != exitFailed || !strings.HasSuffix(r.stderr, "nothing has happened for 5m0s: is settle running? What was done is kept\n") {
		t.Errorf("exit %d, told %q", r.code, r.stderr)
	}
	f.scripts["GET /v1/programs/prg_1/settlements/2026-10"] = watching(openPeriod())
	f.run("settlements", "watch", "prg_1", "2026-10").fails(t, exitFailed, "nothing goes on: 2026-10 is open")
}

func TestRefusedSettlementsAreToldInTheSentenceOfTheAPI(t *testing.T) {
	f := peopled(t)
	for _, verb := range []string{"calculate", "submit", "approve", "lock", "reopen"} {
		f.scripts["POST /v1/programs/prg_1/settlements/2026-10/"+verb] = func(*http.Request, []byte) (int, string) {
			return problemText(fault.New(fault.Conflict, "period_order", "The period 2026-09 comes first: it is open\x1b[2J."))
		}
		r := f.run("settlements", verb, "prg_1", "2026-10")
		if r.code != exitRefused || r.stderr != "leadline: The period 2026-09 comes first: it is open·[2J. (409)\n" || r.stdout != "" {
			t.Errorf("%s: exit %d, told %q", verb, r.code, r.stderr)
		}
	}
	// Also while it is watched.
	f = settles(t, working("freezing", "open", "40", "3", ""))
	f.scripts["GET /v1/programs/prg_1/settlements/2026-10"] = refusedFor
	f.run("settlements", "calculate", "prg_1", "2026-10").fails(t, exitRefused, "This needs more. (403)")
	f.run("settlements", "watch", "prg_1", "2026-10").fails(t, exitRefused, "This needs more. (403)")
}

func TestCtrlCLeavesTheSettlementAlone(t *testing.T) {
	freezing := working("freezing", "open", "40", "3", "")
	for _, verb := range []string{"calculate", "watch"} {
		ctx, stop := context.WithCancel(t.Context())
		r := settles(t, freezing, freezing).runUntil(ctx, system{now: at(1, 40), pause: func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }}, "settlements", verb, "prg_1", "2026-10")
		if r.code != exitInterrupted || !strings.HasSuffix(r.stderr, "leadline: interrupted. It goes on: `leadline settlements watch prg_1 2026-10` shows how far.\n") || r.stdout != "" {
			t.Errorf("%s: exit %d, told %q", verb, r.code, r.stderr)
		}
	}
}

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	pointsDoneAnswer = `{"id":"pts_1","kind":"award","participant":"mem_1","points":"12.5","balance":"20","reason":"spiff","cause":"pts_1","worth":{"amount":"50","currency":"EUR","points":"0.25"},"date":"2026-11-22","by":"per_ann","at":` + someTime + `}`
	gameAnswer       = `{"participant":"mem_1","name":"A\u001b[2Jda","points":"12.5","awarded":"20","level":{"number":2,"name":"Two"},"next_level":{"number":3,"name":"Three","points":"500"},"tier":{"name":"gold","since":"2026-11-01","below":"2026-11-20"},` +
		`"badges":[{"id":"q","name":"Quota","period":"2026-11","at":` + someTime + `}],"streaks":[{"id":"d","name":"Days","current":3,"best":5}]}`
	pointsRowAnswer = `{"number":3,"kind":"redeemed","cause":"pts_2","points":"-2","balance":"10.5","reason":"voucher","note":"A\u001b[2J mug.","date":"2026-11-22","at":` + someTime + `}`
	gamePlaceAnswer = `{"rank":1,"participant":"mem_1","awarded":"20","level":"Two","badges":3}`
)

func TestPointsCommands(t *testing.T) {
	for _, c := range []struct {
		args, asks, answer, prints, sends string
	}{
		{"points|award|mem_1|12.5|--reason|spiff|--note|Well done.", "POST /v1/points/awards", pointsDoneAnswer, "Award of 12.5 points for 50 EUR: mem_1 has 20 now. Cause: pts_1\n", `{"participant":"mem_1","points":"12.5","reason":"spiff","note":"Well done."}`},
		{"points|award|mem_1|--amount|50|--currency|EUR|--reason|spiff", "POST /v1/points/awards", pointsDoneAnswer, "Award of 12.5 points for 50 EUR: mem_1 has 20 now. Cause: pts_1\n", `{"participant":"mem_1","amount":"50","currency":"EUR","reason":"spiff"}`},
		{"points|redeem|me|100|--reason|voucher", "POST /v1/points/redemptions", pointsDoneAnswer, "", `{"participant":"me","points":"100","reason":"voucher"}`},
		{"points|revoke|mem_1|activity/7|--reason|mistake|--allow-negative", "POST /v1/points/revocations", pointsDoneAnswer, "", `{"participant":"mem_1","award":"activity/7","reason":"mistake","allow_negative":true}`},
		{"game", "GET /v1/game/board", items(gamePlaceAnswer), "RANK  PARTICIPANT  POINTS  LEVEL  TIER  BADGES\n1     mem_1        20      Two    -     3\n", ""},
		{"game|me", "GET /v1/participants/me/game", gameAnswer, "A·[2Jda: 12.5 points, 20 awarded so far\nLevel 2: Two\nNext level: Three, from 500 points\nTier: gold since 2026-11-01, below it since 2026-11-20\n" +
			"Streak: Days: 3, at best 5\nBadge: Quota 2026-11, 2026-11-22 09:00:00.5 UTC\n", ""},
		{"game|activity|mem_1|call|c-1|--at|2026-11-22T09:00:00Z", "POST /v1/activities", `{"participant":"mem_1","kind":"call","id":"c-1","at":` + someTime + `}`, "Took note of c-1.\n", `{"at":"2026-11-22T09:00:00Z","id":"c-1","kind":"call","participant":"mem_1"}`},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(_ *http.Request, body []byte) (int, string) {
				sent = string(body)
				return map[string]int{"points": 201, "activities": 202}[strings.Split(c.asks, "/")[2]], c.answer
			}
			if strings.HasPrefix(c.asks, "GET") {
				f.scripts[c.asks] = func(*http.Request, []byte) (int, string) { return 200, c.answer }
			}
			args := strings.Split(c.args, "|")
			if out := f.run(args...).ok(t); c.prints != "" && out != c.prints || sent != c.sends {
				t.Errorf("sent %s, printed\n%s", sent, out)
			}
			sameJSON(t, f.run(append([]string{"--json"}, args...)...).ok(t), c.answer, false)
			f.scripts[c.asks] = refusedFor
			f.run(args...).fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

func TestPointsAreShown(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/points/participants/me"] = func(*http.Request, []byte) (int, string) {
		return 200, `{"participant":"mem_1","balance":"10.5","redeemable":"10","redeemed":"2"}`
	}
	f.scripts["GET /v1/points/participants/me/entries"] = func(*http.Request, []byte) (int, string) { return 200, items(pointsRowAnswer) }
	want := "mem_1: 10.5 points, of which 10 can be spent; 2 were.\n\nDATE        KIND      POINTS  BALANCE  CAUSE  WHY\n2026-11-22  redeemed  -2      10.5     pts_2  voucher: A·[2J mug.\n"
	if out := f.run("points", "show", "me").ok(t); out != want {
		t.Errorf("printed\n%s", out)
	}
}

func TestGameRulesAreReadAndWritten(t *testing.T) {
	f, sent := newFake(t), ""
	f.scripts["GET /v1/game/rules"] = func(*http.Request, []byte) (int, string) { return 200, `{"zone":"UTC","rev":3}` }
	f.scripts["PUT /v1/game/rules"] = func(_ *http.Request, body []byte) (int, string) {
		sent = string(body)
		return 200, `{"zone":"UTC","rev":4}`
	}
	printed := f.run("game", "rules").ok(t)
	sameJSON(t, printed, `{"zone":"UTC","rev":3}`, false)
	file := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(file, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := f.run("game", "rules", "--file", file).ok(t); out != "Wrote the rules, revision 4.\n" || sent != `{"zone":"UTC"}` {
		t.Errorf("sent %s, printed %s", sent, out)
	}
	if err := os.WriteFile(file, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("game", "rules", "--file", file).fails(t, exitUsage, "does not hold a JSON object")
}

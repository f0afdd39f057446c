package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"leadline/shared/fault"
)

// statementAnswer is a statement with something of everything, and what is meant to hurt a terminal.
func statementAnswer(lines, credits, more string) string {
	return `{"program":"prg_1","participant":"mem_1","name":"A\u001b[2Jda","period":{"name":"2026-11","kind":"month","from":"2026-11-01","until":"2026-12-01"},"currency":"EUR","forecast":true,
	"earned":` + euros(130000, "1300.00") + `,"payable":` + euros(123400, "1234.00") + `,"rank":2,"prizes":[{"rank":2,"amount":` + euros(5000, "50.00") + `}],
	"versions":[{"number":2,"from":"2026-11-01","title":"Commi\u001b[2Jssion"}],
	"components":[{"component":"bookings","title":"Book\u001b[2Jings","version":2,"credits":3,"measure":"104170","count":3,"quota":"4500000/91","attainment":"2.1066","target":"10000","exact":"4000/3","amount":` + euros(133333, "1333.33") + `,
		"goals":[{"from":"2026-11-01","until":"2026-12-01","full":"100000","days":90,"of":91,"ramp":"0.5","amount":"4500000/91"},{"target":true,"full":"10000","days":30,"of":30,"ramp":"1","amount":"10000"}]},
		{"component":"kicker","version":2,"credits":0,"measure":"0","count":0,"exact":"0","amount":` + euros(0, "0.00") + `,"why":{"code":"no_credit","detail":"No record\u001b[2J counted: Demo held."}}],
	"limits":[{"limit":0,"before":` + euros(133333, "1333.33") + `,"after":` + euros(130000, "1300.00") + `,"forgiven":` + euros(100, "1.00") + `}],
	"carried":{"owed":[{"period":"2026-10","amount":` + euros(2000, "20.00") + `}],"excess":[{"amount":` + euros(3333, "33.33") + `},{"component":"bookings","amount":` + euros(1, "0.01") + `}],
		"holds":[{"component":"bookings","credit":"c1","record":{"connection":"conn_1","object":"opportunity","id":"o1"},"period":"2026-11","amount":` + euros(11600, "116.00") + `},
		{"component":"bookings","credit":"c2","record":{"connection":"conn_1","object":"opportunity","id":"o2"},"period":"2026-10","amount":` + euros(100, "1.00") + `,"release":"2027-01-15"}]},
	"lines":[` + lines + `],"credits":[` + credits + `]` + more + `,"input_hash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa","result_hash":"bbbb","updated_at":` + someTime + `}`
}

func statementLineAnswer(of, kind, more string, amount int64) string {
	return fmt.Sprintf(`{"of":%q,"kind":%q,"cell":0,"tier":1,"amount":%s%s}`, of, kind, euros(amount, fmt.Sprintf("%.2f", float64(amount)/100)), more)
}

func allLines() string {
	return strings.Join([]string{
		statementLineAnswer("component", "rate", `,"component":"bookings","version":2,"credit":"c1","step":-1,"from":"0","to":"11040","base":"11040","rate":"0.1","exact":"1104"`, 110400),
		statementLineAnswer("component", "tier", `,"component":"bookings","version":2,"credit":"gone\u001b[2J","step":-1,"from":"0","to":"0","base":"0","rate":"50","exact":"688/3","note":"Fi\u001b[2Jxed."`, 22933),
		statementLineAnswer("limit", "cap", `,"limit":0,"step":0,"exact":"-33.33"`, -3333),
		statementLineAnswer("hold", "held", `,"component":"bookings","credit":"c1","step":-1,"exact":"-116"`, -11600),
	}, ",")
}

const loneCredit = `{"id":"c9","component":"bookings","version":2,"participant":"mem_1","kind":"direct","date":"2026-11-09","record":{"connection":"conn_1","object":"opportunity","id":"o9"},"rev":1,"value":"-500","share":"1","take_back":true}`

const statementShown = `A·[2Jda
2026-11 (2026-11-01 to 2026-11-30)
Commi·[2Jssion, version 2 (from 2026-11-01)

  Payable  1,234.00 EUR
  Earned   1,300.00 EUR
  Rank     2
  Prize    50.00 EUR

The period is not over: what depends on all of its deals may change.

Book·[2Jings  1,333.33 EUR
  Reached 104,170 of a quota of 49,450.5495…: 210.66 %, with a pay at target of 10,000 (3 credits)
  Quota: 90 of 91 days of 100,000, at 50 % is 49,450.5495… (2026-11-01 to 2026-11-30)
  Pay at target: 30 of 30 days of 10,000 is 10,000
  DAY         RECORD                  WHAT                            PART        OF      RATE  EXACT      PAID
  2026-11-05  opportunity oppo_1·[2J  tier 2, at its rate             0 – 11,040  11,040  10 %  1,104      1,104.00 EUR  24,000 USD at 0.92 (from 2026-11-01); 50 % of it (split)
              gone·[2J                tier 2, fixed amount of a tier                      50    229.3333…  229.33 EUR    Fi·[2Jxed.
  Exactly 4000/3, rounded once and shared among the lines.

kicker  0.00 EUR
  Reached 0 (0 credits)
  Nothing is paid: No record·[2J counted: Demo held.

Limit 1 of the plan  1,333.33 EUR → 1,300.00 EUR
  1.00 EUR of an advance is forgiven.
  RECORD        WHAT              EXACT   PAID
  all together  cut off by a cap  -33.33  -33.33 EUR

Held back and released
  DAY         RECORD                  WHAT       EXACT  PAID
  2026-11-05  opportunity oppo_1·[2J  held back  -116   -116.00 EUR  24,000 USD at 0.92 (from 2026-11-01); 50 % of it (split)

Carried to the next period
  Advance of 2026-10 that is owed                  20.00 EUR
  Cut off by a cap and not lost                    33.33 EUR
  Cut off by a cap and not lost bookings           0.01 EUR
  Held back of opportunity o1 (bookings, 2026-11)  116.00 EUR  until it is known when
  Held back of opportunity o2 (bookings, 2026-10)  1.00 EUR    until 2027-01-15

Without a line of their own
  DAY         RECORD          COMPONENT  COUNTS
  2026-11-09  opportunity o9  bookings   -500    takes back what was earned

Reckoned at 2026-11-22 09:00:00.5 UTC. Reckoned again from its stored input, it is the same to the byte.
input aaaaaaaaaaaaaaa…, result bbbb
`

func TestStatement(t *testing.T) {
	f := newFake(t)
	answer := statementAnswer(allLines(), creditAnswer+","+loneCredit, `,"reproduced":true`)
	query := ""
	f.scripts["GET /v1/programs/prg_1/participants/mem_1/statements/2026-11"] = func(r *http.Request, _ []byte) (int, string) {
		query = r.URL.RawQuery
		return 200, answer
	}
	if out := f.run("statement", "prg_1", "mem_1", "2026-11").ok(t); out != statementShown || query != "limit=1000" {
		t.Errorf("asked %s, printed\n%s", query, out)
	}
	sameJSON(t, f.run("statement", "prg_1", "mem_1", "2026-11", "--json").ok(t), answer, false)
	answer = statementAnswer("", "", `,"reproduced":false`)
	contains(t, f.run("statement", "prg_1", "mem_1", "2026-11").ok(t), "it differs: another revision of the engine made it.")

	// The newest period, of a member by e-mail.
	f.scripts["GET /v1/members"] = func(*http.Request, []byte) (int, string) { return 200, items(memberAnswer) }
	newest := statementsOf("bookings")
	f.scripts["GET /v1/programs/prg_1/participants/mem_1/statements"] = func(*http.Request, []byte) (int, string) { return 200, newest }
	contains(t, f.run("statement", "prg_1", "Ada@example.com").ok(t), "2026-11 (2026-11-01 to 2026-11-30)")
	newest = items("")
	f.run("statement", "prg_1", "mem_1").fails(t, exitFailed, "nothing was reckoned for mem_1 yet")
	f.scripts["GET /v1/programs/prg_1/participants/mem_1/statements/2026-11"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.NotFound, "not_found", "There is no participant\x1b[2J."))
	}
	f.run("statement", "prg_1", "mem_1", "2026-11").fails(t, exitRefused, "There is no participant·[2J. (404)")
}

// TestAStatementInPages: lines and credits of all pages stand together.
func TestAStatementInPages(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/programs/prg_1/participants/mem_1/statements/2026-11"] = func(r *http.Request, _ []byte) (int, string) {
		if r.URL.Query().Get("cursor") == "more" {
			return 200, statementAnswer("", loneCredit, `,"reproduced":true`)
		}
		return 200, statementAnswer(allLines(), creditAnswer, `,"reproduced":true,"next":"more"`)
	}
	if out := f.run("statement", "prg_1", "mem_1", "2026-11").ok(t); out != statementShown {
		t.Errorf("printed\n%s", out)
	}
	sameJSON(t, f.run("statement", "prg_1", "mem_1", "2026-11", "--json").ok(t), statementAnswer(allLines(), creditAnswer+","+loneCredit, `,"reproduced":true`), false)
}

// TestEveryKindOfLineHasWords: but those whose word it is.
func TestEveryKindOfLineHasWords(t *testing.T) {
	for _, kind := range []string{"rate", "tier", "cap", "floor", "carried", "to_date", "take_back", "draw", "recovery", "held", "released"} {
		if got := inLineWords(kind); got == kind || strings.Contains(got, "_") {
			t.Errorf("%s is said as %q", kind, got)
		}
	}
	for _, kind := range []string{"factor", "kicker", "prize", "adjustment"} {
		if got := inLineWords(kind); got != kind {
			t.Errorf("%s is said as %q", kind, got)
		}
	}
}

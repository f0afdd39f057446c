package main

import (
	"net/http"
	"strings"
	"testing"
)

const adjustmentCommand = `{"period":"2026-09","kind":"component","component":"book\u001b[2Jings","credit":"c1","record":{"connection":"conn_1","object":"opportunity","id":"o1"},"was":"100","now":"50.5","amount":"-49.5","unit":"EUR",
	"cause":{"code":"record_changed","detail":"opportunity o1 counts oth\u001b[2Jerwise.","records":[{"record":{"connection":"conn_1","object":"opportunity","id":"o1"},"was_rev":1,"now_rev":2,"was":"1000","now":"505"}]}}`

// settledAdjustments are one of each kind.
func settledAdjustments() string {
	return adjustmentCommand + `,{"period":"2026-09","kind":"limit","was":"-10","now":"0","amount":"10","unit":"EUR",
		"cause":{"code":"other_records","detail":"Other records count otherwise: opportunity o2.","records":[{"record":{"connection":"conn_1","object":"opportunity","id":"o2\u001b[2J"},"was_rev":1,"was":"12000"}]}},
	{"period":"2026-08","kind":"hold","component":"calls","was":"0","now":"1","amount":"1","unit":"EUR","cause":{"code":"carried_over","detail":"Earlier periods leave something else.","records":[]}},
	{"period":"2026-08","kind":"prize","was":"0","now":"2500.5","amount":"2500.5","unit":"points","cause":{"code":"ranks_changed","detail":"There was rank 2, and is rank 1.","records":[]}}`
}

const (
	differenceAnswer = `{"participant":"mem_1","name":"A\u001b[2Jda","frozen":{"minor":120450,"currency":"EUR","text":"1204.50 EUR"},"now":{"minor":110000,"currency":"EUR","text":"1100.00 EUR"}}`
	moreNow          = `{"participant":"mem_2","frozen":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"now":{"minor":5,"currency":"EUR","text":"0.05 EUR"}}`
)

// settledStatementOf is what somebody gets with a settlement.
func settledStatementOf(who, more string) string {
	return `{"program":"prg_1","period":"2026-10",` + who + `,"revision":2,"payable":` + euros(123400, "1234.00") + `,"adjusted":` + euros(-3850, "-38.50") + `,"manual":` + euros(15000, "150.00") +
		`,"credited":` + euros(134550, "1345.50") + `,"benefits":` + euros(0, "0.00") + `,"points":"2500.5","document":"dddddddddddddddddddddddd","frozen_at":` + someTime + more + `}`
}

func settledAda(more string) string {
	return settledStatementOf(`"participant":"mem_1","name":"A\u001b[2Jda"`, `,"final":true,"payer":"pyr_\u001b[2J1"`+more)
}

func settledNobody(more string) string {
	return settledStatementOf(`"participant":"mem_2"`, `,"final":false`+more)
}

const statementsListed = `WHO      PAYABLE       ADJUSTED    BY HAND     CREDITED      IN KIND   POINTS   PAYER
A·[2Jda  1,234.00 EUR  -38.50 EUR  150.00 EUR  1,345.50 EUR  0.00 EUR  2,500.5  pyr_·[2J1  final
mem_2    1,234.00 EUR  -38.50 EUR  150.00 EUR  1,345.50 EUR  0.00 EUR  2,500.5  nobody     revision 2
`

const adjustmentsShown = `PERIOD   WHAT               RECORD          WAS         NOW             DIFFERENCE       CAUSE
2026-09  book·[2Jings       opportunity o1  100.00 EUR  50.50 EUR       -49.50 EUR       its record changed         opportunity o1 counts oth·[2Jerwise.
2026-09  limit of the plan  all together    -10.00 EUR  0.00 EUR        +10.00 EUR       other records changed      Other records count otherwise: opportunity o2. opportunity o2·[2J: 12,000 → -.
2026-08  held back calls    all together    0.00 EUR    1.00 EUR        +1.00 EUR        an earlier period changed  Earlier periods leave something else.
2026-08  prize              all together    0 points    2,500.5 points  +2,500.5 points  ranks changed              There was rank 2, and is rank 1.
`

func TestSettledStatements(t *testing.T) {
	f := peopled(t)
	const october = "GET /v1/programs/prg_1/settlements/2026-10/"
	for _, c := range []struct{ args, asks, answer, prints string }{
		{"settlements|statements|prg_1|2026-10", october + "statements", items(settledAda("") + "," + settledNobody("")), statementsListed},
		{"settlements|differences|prg_1|2026-10", october + "differences", items(differenceAnswer + "," + moreNow),
			"WHO      FROZEN        NOW           DIFFERENCE\nA·[2Jda  1,204.50 EUR  1,100.00 EUR  -104.50 EUR\nmem_2    0.00 EUR      0.05 EUR      +0.05 EUR\n"},
		{"settlements|upcoming|prg_1|ada@example.com", "GET /v1/programs/prg_1/participants/mem_1/upcoming-adjustments", items(settledAdjustments()), adjustmentsShown},
	} {
		query := ""
		f.scripts[c.asks] = func(r *http.Request, _ []byte) (int, string) {
			query = r.URL.RawQuery
			return 200, c.answer
		}
		args := strings.Split(c.args, "|")
		if out := f.run(args...).ok(t); out != c.prints || query != "limit=50" {
			t.Errorf("%s: asked %s, printed\n%s", c.args, query, out)
		}
		sameJSON(t, f.run(append(args, "--json")...).ok(t), c.answer, false)
		f.scripts[c.asks] = refusedFor
		f.run(args...).fails(t, exitRefused, "This needs more. (403)")
	}
}

const settledHead = `A·[2Jda
Commi·[2Jssion, 2026-10  final: it stands in the ledger, and never changes

  Payable   1,234.00 EUR  what the period comes to
  Adjusted  -38.50 EUR    what later changes of locked periods come to
  By hand   150.00 EUR
  Credited  1,345.50 EUR  the sum of these
  Points    2,500.5

Paid by pyr_·[2J1.

Later changes of locked periods
PERIOD   WHAT          RECORD          WAS         NOW        DIFFERENCE  CAUSE
2026-09  book·[2Jings  opportunity o1  100.00 EUR  50.50 EUR  -49.50 EUR  its record changed  opportunity o1 counts oth·[2Jerwise.

By hand
ID     WHO      AMOUNT      FROM PERIOD  REASON               BY       SINCE (UTC)            STATE
adj_1  A·[2Jda  150.00 EUR  2026-10      Helped·[2J. (dsp_1)  An·[2Jn  2026-11-22 09:00:00.5  pending

The period as it was  2026-11 (2026-11-01 to 2026-11-30)
Commi·[2Jssion, version 2 (from 2026-11-01)
  Rank   2
  Prize  50.00 EUR
`

const settledFoot = `
Frozen at 2026-11-22 09:00:00.5 UTC.
document ddddddddddddddd…
`

// settledShown is a frozen statement: between head and foot, all is as in a statement that is not frozen.
func settledShown(t *testing.T) string {
	t.Helper()
	from, until := strings.Index(statementShown, "\nBook"), strings.Index(statementShown, "\nReckoned at")
	if from < 0 || until < from {
		t.Fatal("the statement that is shown is another")
	}
	return settledHead + statementShown[from:until] + settledFoot
}

func TestAFrozenStatement(t *testing.T) {
	f := peopled(t)
	const path = "GET /v1/programs/prg_1/settlements/2026-10/statements/mem_1"
	whole := func(lines, credits, next string) string {
		return settledAda(`,"title":"Commi\u001b[2Jssion","adjustments":[` + adjustmentCommand + `],"by_hand":[` + manualAnswer + `],"statement":` + statementAnswer(lines, credits, `,"reproduced":true`+next))
	}
	pages := map[string]string{"": whole(allLines(), creditAnswer, `,"next":"more"`), "more": whole("", loneCredit, "")}
	f.scripts[path] = func(r *http.Request, _ []byte) (int, string) {
		if got := r.URL.Query().Get("limit"); got != "1000" {
			t.Errorf("asked for %s", got)
		}
		return 200, pages[r.URL.Query().Get("cursor")]
	}
	if out := f.run("settlements", "statement", "prg_1", "2026-10", "ada@example.com").ok(t); out != settledShown(t) {
		t.Errorf("printed\n%s", out)
	}
	sameJSON(t, f.run("settlements", "statement", "prg_1", "2026-10", "mem_1", "--json").ok(t), whole(allLines(), creditAnswer+","+loneCredit, ""), false)

	// Of one for whom nothing was reckoned there are sums alone.
	bare := settledNobody(`,"title":"Commission","adjustments":[],"by_hand":[]`)
	f.scripts[path] = func(*http.Request, []byte) (int, string) { return 200, bare }
	out := f.run("settlements", "statement", "prg_1", "2026-10", "mem_1").ok(t)
	contains(t, out, "mem_2\nCommission, 2026-10  revision 2\n", "Nobody is said to pay", "document ddddddddddddddd…\n")
	for _, none := range []string{"By hand\n", "Later changes of", "The period as it was"} {
		if strings.Contains(out, none) {
			t.Errorf("printed\n%s", out)
		}
	}
	sameJSON(t, f.run("settlements", "statement", "prg_1", "2026-10", "mem_1", "--json").ok(t), bare, false)
	f.scripts[path] = refusedFor
	f.run("settlements", "statement", "prg_1", "2026-10", "mem_1").fails(t, exitRefused, "This needs more. (403)")
}

// TestEveryCauseHasWords: but one that is not known, which is said as it is.
func TestEveryCauseHasWords(t *testing.T) {
	told := map[string]string{}
	for _, code := range []string{"record_added", "record_gone", "record_changed", "other_records", "people_changed", "goals_changed", "plan_changed", "carried_over", "ranks_changed", "rates_changed", "engine_changed"} {
		words := inCauseWords(code)
		if words == code || strings.Contains(words, "_") || told[words] != "" {
			t.Errorf("%s is said as %q, as %q is", code, words, told[words])
		}
		told[words] = code
	}
	if inCauseWords("weather") != "weather" {
		t.Error("a cause that is not known is not said")
	}
}

func TestAmountsInTheirUnit(t *testing.T) {
	for of, want := range map[[2]string]string{
		{"1234.5", "EUR"}: "1,234.50 EUR", {"-0.05", "EUR"}: "-0.05 EUR", {"1500", "JPY"}: "1,500 JPY", {"2500.5", "points"}: "2,500.5 points", {"1", "XXQ"}: "1 XXQ", {"much", "EUR"}: "much EUR",
	} {
		if got := inUnit(of[0], of[1]); got != want {
			t.Errorf("%v is said as %q, want %q", of, got, want)
		}
	}
}

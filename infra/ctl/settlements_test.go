package main

import (
	"net/http"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const (
	periodOctober = `{"name":"2026-10","kind":"month","from":"2026-10-01","until":"2026-11-01"}`
	peopleAnswer  = `{"id":"per_ann","email":"ann@example.com","name":"An\u001b[2Jn","role":"admin","status":"active","mail":"all","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	keysAnswer    = `{"id":"key_1","name":"c\u001b[2Ji","role":"admin","created_at":` + someTime + `,"works":true}`
	nothingYet    = `{"statements":0,"payable":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"adjusted":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"manual":{"minor":0,"currency":"EUR","text":"0.00 EUR"},` +
		`"credited":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"benefits":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"points":"0","negative":0}`
)

// settledTotals are what a period of 40 statements comes to.
func settledTotals() string {
	return `{"statements":40,"payable":` + euros(123450, "1234.50") + `,"adjusted":` + euros(-5000, "-50.00") + `,"manual":` + euros(2000, "20.00") + `,"credited":` + euros(120450, "1204.50") +
		`,"benefits":` + euros(9900, "99.00") + `,"points":"1250.5","negative":2}`
}

// settlementAt is a period of a program in a state.
func settlementAt(state, totals, more string) string {
	return `{"program":"prg_1","period":` + periodOctober + `,"state":"` + state + `","revision":2,"totals":` + totals + more + `}`
}

func openPeriod() string {
	return strings.Replace(settlementAt("open", nothingYet, `,"approvals":[],"by":{}`), `"revision":2`, `"revision":0`, 1)
}

func calculatedPeriod(more string) string {
	return settlementAt("calculated", settledTotals(), `,"approvals":[],"by":{"calculated":"key_1"},"updated_at":`+someTime+more)
}

const givenOnce = `,"approvals":[{"level":"Fi\u001b[2Jnance","by":"per_bob","for":"per_ann","at":"2026-11-22T10:00:00Z"}],"by":{"calculated":"key_1","submitted":"per_ann"}`

func submittedPeriod() string {
	return settlementAt("submitted", settledTotals(), givenOnce+`,"waiting":"Boa\u001b[2Jrd","updated_at":`+someTime)
}

func rejectedPeriod() string {
	return calculatedPeriod(`,"rejected":{"by":"per_ann","at":"2026-11-22T11:00:00Z","reason":"Ada is\u001b[2J missing."}`)
}

func lockedPeriod(state, more string) string {
	return settlementAt(state, settledTotals(), strings.Replace(givenOnce, `"per_ann"}`, `"per_ann","locked":"key_1"}`, 1)+`,"root":7,"locked_at":"2026-11-22T12:00:00Z","updated_at":`+someTime+more)
}

// working is a period that is worked on.
func working(kind, state string, of, done string, more string) string {
	by := `,"approvals":[],"by":{"calculated":"key_1"}`
	totals := nothingYet
	if kind == "posting" {
		by, totals = `,"approvals":[],"by":{"calculated":"key_1","submitted":"per_ann","locked":"key_1"}`, settledTotals()
	}
	return settlementAt(state, totals, by+`,"work":{"kind":"`+kind+`","participants":`+of+`,"done":`+done+`,"since":"2026-11-22T09:00:00Z"`+more+`},"updated_at":`+someTime)
}

const submittedShown = `2026-10 (2026-10-01 to 2026-10-31)  submitted, revision 2

  Payable   1,234.50 EUR  what the period comes to
  Adjusted  -50.00 EUR    what later changes of locked periods come to
  By hand   20.00 EUR
  Credited  1,204.50 EUR  the sum of these
  In kind   99.00 EUR     in no other sum
  Points    1,250.5
  40 statements, 2 of which come to less than nothing: what is owed back is carried.

  Calculated by  key c·[2Ji
  Submitted by   An·[2Jn
  Approved by    per_bob     Fi·[2Jnance, at 2026-11-22 10:00:00 UTC, in the place of An·[2Jn
  Waits for      Boa·[2Jrd
`

const (
	oneDiffers  = "\n1 statement comes to something else now: `leadline settlements differences prg_1 2026-10` lists them.\n"
	nextApprove = "\nNext: `leadline settlements approve prg_1 2026-10`\n"
)

const settlementsListed = `PERIOD   STATE       STATEMENTS  PAYABLE       ADJUSTED    BY HAND    CREDITED      SINCE (UTC)
2026-10  submitted   40          1,234.50 EUR  -50.00 EUR  20.00 EUR  1,204.50 EUR  2026-11-22 09:00:00.5  2 come to less than nothing
2026-10  calculated  40          1,234.50 EUR  -50.00 EUR  20.00 EUR  1,204.50 EUR  2026-11-22 09:00:00.5  rejected: Ada is·[2J missing.
2026-10  open        0           0.00 EUR      0.00 EUR    0.00 EUR   0.00 EUR      2026-11-22 09:00:00.5  is being calculated
2026-10  approved    40          1,234.50 EUR  -50.00 EUR  20.00 EUR  1,204.50 EUR  2026-11-22 09:00:00.5  locking came to nothing: Oh·[2J no.
2026-10  open        0           0.00 EUR      0.00 EUR    0.00 EUR   0.00 EUR      -
`

// peopled is a fake that knows a person, a key and a member.
func peopled(t *testing.T) *fake {
	f := newFake(t)
	for path, answer := range map[string]string{"people": peopleAnswer, "keys": keysAnswer, "members": memberAnswer} {
		f.scripts["GET /v1/"+path] = func(*http.Request, []byte) (int, string) { return 200, items(answer) }
	}
	return f
}

// refusedFor gives a refusal of the API for want of a role.
func refusedFor(*http.Request, []byte) (int, string) {
	return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
}

// TestSettlementCommands runs each command that makes one request but for names: what is sent, printed for people and programs, and refused.
func TestSettlementCommands(t *testing.T) {
	const october = "/v1/programs/prg_1/settlements/2026-10"
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             string
		sends              string // the query and the body
	}{
		{args: "settlements|prg_1", asks: "GET /v1/programs/prg_1/settlements", sends: "limit=50 ", prints: settlementsListed,
			answer: items(strings.Join([]string{submittedPeriod(), rejectedPeriod(), working("freezing", "open", "40", "3", ""), working("posting", "approved", "40", "12", `,"error":"Oh\u001b[2J no."`), openPeriod()}, ","))},
		{args: "settlements|submit|prg_1|2026-10", asks: "POST " + october + "/submit", answer: submittedPeriod(), sends: " ", prints: submittedShown + nextApprove},
		{args: "settlements|approve|prg_1|2026-10", asks: "POST " + october + "/approve", answer: submittedPeriod(), sends: " ", prints: submittedShown + nextApprove},
		{args: "settlements|reopen|prg_1|2026-10", asks: "POST " + october + "/reopen", answer: openPeriod(), sends: " ",
			prints: "2026-10 (2026-10-01 to 2026-10-31)  open\n\nNext: `leadline settlements calculate prg_1 2026-10`\n"},
		{args: "settlements|reject|prg_1|2026-10|--reason|Ada is missing.", asks: "POST " + october + "/reject", answer: rejectedPeriod(), sends: ` {"reason":"Ada is missing."}`,
			prints: strings.Replace(submittedShown[:strings.Index(submittedShown, "  Calculated by")], "submitted", "calculated", 1) + "  Calculated by  key c·[2Ji\n" +
				"  Rejected by    An·[2Jn     at 2026-11-22 11:00:00 UTC: Ada is·[2J missing.\n\nNext: `leadline settlements submit prg_1 2026-10`\n"},
		{args: "settlements|calculate|prg_1|2026-10|--no-watch", asks: "POST " + october + "/calculate", status: 202, answer: working("freezing", "open", "40", "0", ""), sends: " ",
			prints: "2026-10 (2026-10-01 to 2026-10-31)  open, revision 2\nCalculating: 0 of 40 participants, since 2026-11-22 09:00:00 UTC.\n\n  Calculated by  key c·[2Ji\n\nNext: `leadline settlements watch prg_1 2026-10`\n"},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := peopled(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			if out := f.run(args...).ok(t); out != c.prints || sent != c.sends {
				t.Errorf("sent %q, printed\n%s", sent, out)
			}
			sameJSON(t, f.run(append(args, "--json")...).ok(t), c.answer, false)
			f.scripts[c.asks] = refusedFor
			f.run(args...).fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

func TestShowingASettlement(t *testing.T) {
	const differences = "GET /v1/programs/prg_1/settlements/2026-10/differences"
	f := peopled(t)
	show := func(answer string) string {
		f.scripts["GET /v1/programs/prg_1/settlements/2026-10"] = func(*http.Request, []byte) (int, string) { return 200, answer }
		out := f.run("settlements", "show", "prg_1", "2026-10").ok(t)
		sameJSON(t, f.run("settlements", "show", "prg_1", "2026-10", "--json").ok(t), answer, false)
		return out
	}
	f.scripts[differences] = func(*http.Request, []byte) (int, string) { return 200, items(differenceAnswer) }
	if out := show(submittedPeriod()); out != submittedShown+oneDiffers+nextApprove {
		t.Errorf("printed\n%s", out)
	}
	// On a terminal, it is the same in colours.
	if out := f.runWith(system{terminal: true}, "settlements", "show", "prg_1", "2026-10").ok(t); !strings.Contains(out, "\x1b[33msubmitted\x1b[0m, revision 2\n") || !strings.Contains(out, "\x1b[31m-50.00 EUR\x1b[0m") {
		t.Errorf("printed\n%s", out)
	}
	f.scripts[differences] = func(*http.Request, []byte) (int, string) { return 200, items("") }
	out := show(lockedPeriod("paid", `,"paid_at":"2026-11-23T12:00:00Z"`))
	contains(t, out, "  Locked by      key c·[2Ji  at 2026-11-22 12:00:00 UTC, root 7 of the ledger\n  Paid                       at 2026-11-23 12:00:00 UTC\n", "\nSince then nothing changed.\n")
	if strings.Contains(out, "Next:") {
		t.Errorf("what is paid is done:\n%s", out)
	}
	contains(t, show(working("posting", "approved", "40", "12", `,"error":"Oh\u001b[2J no."`)), "Locking it came to nothing: Oh·[2J no.\n", "Locked by      key c·[2Ji\n", "Next: `leadline settlements lock prg_1 2026-10`")
	// What a key may not read is left out.
	for _, path := range []string{"GET /v1/people", "GET /v1/keys", differences} {
		f.scripts[path] = refusedFor
	}
	out = show(submittedPeriod())
	contains(t, out, "Calculated by  key_1\n", "in the place of per_ann\n", nextApprove)
	if strings.Contains(out, "something else") {
		t.Errorf("printed\n%s", out)
	}
}

// TestSettlementsOfANamedProgram: by its name in place of its id.
func TestSettlementsOfANamedProgram(t *testing.T) {
	f := peopled(t)
	f.scripts["GET /v1/programs"] = func(*http.Request, []byte) (int, string) {
		return 200, items(strings.Replace(live(""), `Commi\u001b[2Jssion`, "Commission", 1))
	}
	f.scripts["GET /v1/programs/prg_1/settlements"] = func(*http.Request, []byte) (int, string) { return 200, items(openPeriod()) }
	contains(t, f.run("settlements", "commission").ok(t), "2026-10")
	f.run("settlements", "nothing").fails(t, exitUsage, `there is no program "nothing"`)
}

func TestSettlementCommandsUsedWrongly(t *testing.T) {
	f := peopled(t)
	for args, want := range map[string]string{
		"settlements":                                     "accepts 1 arg(s)",
		"settlements|prg_1|--limit|-1":                    "--limit cannot be negative",
		"settlements|show|prg_1":                          "accepts 2 arg(s)",
		"settlements|reject|prg_1|2026-10":                "reason",
		"settlements|statements|prg_1|2026-10|--limit|-1": "--limit cannot be negative",
		"settlements|statement|prg_1|2026-10|nobody":      `there is no member "nobody"`,
		"settlements|upcoming|prg_1|nobody":               `there is no member "nobody"`,
		"adjustments|prg_1|--limit|-1":                    "--limit cannot be negative",
		"adjustments|add|prg_1|mem_1|5":                   "reason",
		"adjustments|add|prg_1|nobody|5|--reason|r":       `there is no member "nobody"`,
		"adjustments|add|prg_1|mem_1|-50|--reason|r":      "an amount below 0 stands behind --",
		"adjustments|add|prg_1|mem_1|50|--reason|r|-x":    "unknown shorthand flag: 'x'",
		"approvals":               "accepts 1 arg(s)",
		"approvals|holiday":       `there is no policy "holiday": it is settlement, payout or bank`,
		"approvals|set|holiday|-": `there is no policy "holiday"`,
		"approvals|set|bank|-":    "stdin is no JSON: `leadline approvals bank --json`",
	} {
		f.runWith(system{stdin: strings.NewReader("levels:")}, strings.Split(args, "|")...).fails(t, exitUsage, want)
	}
	f.run("approvals", "set", "bank", t.TempDir()+"/none.json").fails(t, exitFailed, "none.json")
}

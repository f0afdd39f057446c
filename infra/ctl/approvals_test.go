package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const policyAnswer = `{"levels":[{"name":"Fi\u001b[2Jnance","approvers":["per_ann","key_1","per_gone"],"limit":5000000,"currency":"EUR"},{"name":"Board","above":1000000,"currency":"EUR"},` +
	`{"name":"Owners","approvers":["per_ann"],"above":100000,"limit":900000,"currency":"JPY"}],` +
	`"delegates":[{"from":"per_ann","to":"per_gone","since":"2026-12-01","until":"2027-01-01"},{"from":"per_ann","to":"key_1"}]}`

const policyShown = `Before a period is locked
  1. Fi·[2Jnance  An·[2Jn or key c·[2Ji or per_gone approves any total; more than 50,000.00 EUR, or another currency, takes somebody of a later level instead
  2. Board  an admin or owner approves totals above 10,000.00 EUR, and any in another currency
  3. Owners  An·[2Jn approves totals above 100,000 JPY, and any in another currency; more than 900,000 JPY, or another currency, is approved by nobody
Each level takes another person, and none who had a hand in it.
per_gone may approve in the place of An·[2Jn (2026-12-01 to 2026-12-31).
key c·[2Ji may approve in the place of An·[2Jn (always).
`

func TestApprovalCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(file, []byte(policyAnswer), 0o600); err != nil {
		t.Fatal(err)
	}
	const none = `{"levels":[]}`
	for _, c := range []struct{ args, asks, answer, prints, sends string }{
		{"approvals|settlement", "GET /v1/approval-policies/settlement", policyAnswer, policyShown, ""},
		{"approvals|bank", "GET /v1/approval-policies/bank", none, "Before a change of bank details counts\n  An admin or owner approves it who had no hand in it.\n", ""},
		{"approvals|set|settlement|" + file, "PUT /v1/approval-policies/settlement", policyAnswer, policyShown, policyAnswer},
		{"approvals|set|payout|-", "PUT /v1/approval-policies/payout", none, "Before a batch of payments is released\n  An admin or owner approves it who had no hand in it.\n", none},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := peopled(t), ""
			f.scripts[c.asks] = func(_ *http.Request, body []byte) (int, string) {
				sent = string(body)
				return 200, c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader(none)}, append(args, more...)...)
			}
			if out := run().ok(t); out != c.prints || sent != c.sends {
				t.Errorf("sent %s, printed\n%s", sent, out)
			}
			sameJSON(t, run("--json").ok(t), c.answer, false)
			f.scripts[c.asks] = refusedFor
			run().fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

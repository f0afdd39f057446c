package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const (
	payerAnswer         = `{"id":"pyr_4f0c9a2b1x7z","name":"Acme\u001b[2J Ltd","country":"IN","tax_rules":"in-2026","account":"3000","archived":false,"created_at":"2026-11-22T12:00:00Z","updated_at":"2026-11-22T12:00:00Z","rev":1}`
	profileAnswer       = `{"participant":"mem_4f0c9a2b1x7z","name":"Joe","payer":"pyr_4f0c9a2b1x7z","legal_name":"Joe \u001b[2JDoe","country":"IN","class":"agent","account":"3000","updated_at":"2026-11-22T12:00:00Z","rev":1}`
	changeAnswer        = `{"id":"chg_4f0c9a2b1x7z","of":"mem_4f0c9a2b1x7z","name":"Joe","what":"bank","hint":"3000","state":"waiting","holder":"Joe \u001b[2JDoe","country":"DE","requested_by":"per_4f0c9a2b1x7z","requested_at":"2026-11-22T12:00:00Z","expires_at":"2026-12-06T12:00:00Z"}`
	refusedChangeAnswer = `{"id":"chg_4f0c9a2b1x7z","of":"mem_4f0c9a2b1x7z","what":"tax_id","hint":"234F","state":"refused","requested_by":"per_4f0c9a2b1x7z","requested_at":"2026-11-22T12:00:00Z","expires_at":"2026-12-06T12:00:00Z","decided_by":"per_ann000000000","decided_at":"2026-11-23T12:00:00Z","reason":"not his"}`
	bankFile            = `{"holder":"Joe Doe","country":"DE","iban":"DE89370400440532013000"}`
)

func TestPayeeCommands(t *testing.T) {
	waits := []string{"chg_4f0c9a2b1x7z", "account", "...3000", "Joe ·[2JDoe (DE)", "waits until 2026-12-06"}
	profile := []string{"mem_4f0c9a2b1x7z", "Joe ·[2JDoe", "...3000", "none", "is paid"}
	payer := []string{"pyr_4f0c9a2b1x7z", "Acme·[2J Ltd", "in-2026, not confirmed", "...3000"}
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             []string
		sends              string // the query and the body
		nothing            bool
	}{
		{args: "payers", asks: "GET /v1/payers", answer: items(payerAnswer), sends: "limit=50 ", prints: payer},
		{args: "payers|show|pyr_a", asks: "GET /v1/payers/pyr_a", answer: payerAnswer, sends: " ", prints: payer},
		{args: "payers|add|--name|Acme|--country|IN|--address|1 Road|--tax-rules|in-2026", asks: "POST /v1/payers", answer: payerAnswer, status: 201,
			sends: ` {"name":"Acme","country":"IN","address":["1 Road"],"tax_rules":"in-2026"}`, prints: payer},
		{args: "payers|set|pyr_a|--name|Acme|--country|US|--origin-id|1123456789|--destination|021000021", asks: "PUT /v1/payers/pyr_a", answer: payerAnswer,
			sends: ` {"name":"Acme","country":"US","origin_id":"1123456789","destination":"021000021"}`, prints: payer},
		{args: "payers|confirm|pyr_a|in-2026", asks: "POST /v1/payers/pyr_a/confirm-tax-rules", answer: payerAnswer, sends: ` {"tax_rules":"in-2026"}`, prints: payer},
		{args: "payers|archive|pyr_a", asks: "POST /v1/payers/pyr_a/archive", answer: payerAnswer, sends: " ", prints: []string{"Archived."}, nothing: true},
		{args: "payers|bank-details|pyr_a|--file|-", asks: "PUT /v1/payers/pyr_a/bank-details", answer: changeAnswer, status: 202, sends: " " + bankFile, prints: waits},
		{args: "payees", asks: "GET /v1/payment-profiles", answer: items(profileAnswer), sends: "limit=50 ", prints: profile},
		{args: "payees|show|me", asks: "GET /v1/participants/me/payment-profile", answer: profileAnswer, sends: " ", prints: profile},
		{args: "payees|set|mem_a|--payer|pyr_a|--legal-name|Joe|--country|IN|--class|agent|--rate|0.3|--gross-up", asks: "PUT /v1/participants/mem_a/payment-profile", answer: profileAnswer,
			sends: ` {"payer":"pyr_a","legal_name":"Joe","country":"IN","class":"agent","rate":"0.3","gross_up":true}`, prints: profile},
		{args: "payees|bank-details|me|--holder|Joe Doe|--country|DE|--iban|DE89370400440532013000", asks: "PUT /v1/participants/me/bank-details", answer: changeAnswer, status: 202, sends: " " + bankFile,
			prints: append(waits, "leadline payees accept chg_4f0c9a2b1x7z")},
		{args: "payees|bank-details|me|--file|-", asks: "PUT /v1/participants/me/bank-details", answer: changeAnswer, status: 202, sends: " " + bankFile, prints: waits},
		{args: "payees|changes|--of|mem_a|--state|waiting", asks: "GET /v1/bank-changes", answer: items(changeAnswer), sends: "limit=50&of=mem_a&state=waiting ", prints: waits},
		{args: "payees|change|chg_a", asks: "GET /v1/bank-changes/chg_a", answer: changeAnswer, sends: " ", prints: waits},
		{args: "payees|accept|chg_a", asks: "POST /v1/bank-changes/chg_a/accept", answer: changeAnswer, sends: " ", prints: waits},
		{args: "payees|withdraw|chg_a", asks: "POST /v1/bank-changes/chg_a/withdraw", answer: changeAnswer, sends: " ", prints: waits},
		{args: "payees|refuse|chg_a|--reason|not his", asks: "POST /v1/bank-changes/chg_a/refuse", answer: refusedChangeAnswer, sends: ` {"reason":"not his"}`, prints: []string{"tax id", "...234F", "refused: not his"}},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader(bankFile)}, append(args, more...)...)
			}
			out := run().ok(t)
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || sent != c.sends {
				t.Errorf("sent %q, printed %q", sent, out)
			}
			sameJSON(t, run("--json").ok(t), c.answer, c.nothing)
			f.scripts[c.asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
			}
			run().fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

// TestATaxIDIsRead from a file, never from the line: and bank details that are no JSON are not repeated.
func TestATaxIDIsRead(t *testing.T) {
	f, sent := newFake(t), ""
	f.scripts["PUT /v1/participants/me/tax-id"] = func(_ *http.Request, body []byte) (int, string) {
		sent = string(body)
		return 202, strings.Replace(changeAnswer, `"bank"`, `"tax_id"`, 1)
	}
	contains(t, f.runWith(system{stdin: strings.NewReader(" ABCDE1234F\n")}, "payees", "tax-id", "me").ok(t), "tax id", "...3000")
	if sent != `{"tax_id":"ABCDE1234F"}` {
		t.Errorf("sent %s", sent)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, []byte(`{"iban":DE89370400440532013000}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := f.run("payees", "bank-details", "me", "--file", file)
	r.fails(t, exitFailed, "is no JSON of bank details")
	if strings.Contains(r.stderr, "DE89") {
		t.Errorf("it tells the account: %s", r.stderr)
	}
	f.run("payees", "bank-details", "me").fails(t, exitUsage, "--file")
	f.run("payees", "tax-id", "me", "--file", file+".none").fails(t, exitFailed, "account.json.none")
}

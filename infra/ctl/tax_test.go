package main

import (
	"net/http"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const (
	taxRulesAnswer = `{"id":"in-2026","title":"India\u001b[2J","country":"IN","currency":"INR","adviser":true,"sources":[],"text":"India\nAN \u001b[2JEXAMPLE\n"}`
	taxAnswerText  = `{"items":[{"on":"2026-07-01","currency":"INR","from_cash":"500","by_payer":"30","short":"7","net":"24500","benefit_taxed":true,"lines":[{"year":"2026-27","base":"25000","rate":"0.02","rule":"commission","section":"393\u001b[2J","of":"cash","tax":"500","why":"2 % of it."}]}],"note":"An example."}`
)

func TestTaxCommands(t *testing.T) {
	for _, c := range []struct {
		args, asks, answer string
		sends              string
		prints             []string
	}{
		{"tax|rules", "GET /v1/tax-rules", items(taxRulesAnswer), "", []string{"in-2026", "India·[2J", "have a tax adviser confirm it"}},
		{"tax|rules|in-2026", "GET /v1/tax-rules/in-2026", taxRulesAnswer, "", []string{"India\nAN ·[2JEXAMPLE\n"}},
		{"tax|assess|--rules|in-2026|--class|agent|--cash|25000|--on|2026-07-01|--no-tax-id", "POST /v1/tax-assessments", taxAnswerText,
			`{"class":"agent","no_tax_id":true,"payments":[{"cash":"25000","on":"2026-07-01"}],"rules":"in-2026"}`,
			[]string{"2026-07-01  withheld 500 INR, paid 24500, the payer bears 30, short of 7", "commission (393·[2J, cash): 500  2 % of it.", "An example."}},
		{"tax|assess|--rules|in-2026|--class|business|--benefit|5|--on|2026-07-01|--gross-up|--rate|1%|--round|ten|--mode|up|--earlier|2026-06-01=7", "POST /v1/tax-assessments", taxAnswerText,
			`{"class":"business","gross_up":true,"mode":"up","payments":[{"cash":"7","on":"2026-06-01"},{"benefit":"5","on":"2026-07-01"}],"rate":"1%","round":"ten","rules":"in-2026"}`, nil},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(_ *http.Request, body []byte) (int, string) {
				sent = string(body)
				return 200, c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result { return f.runWith(system{}, append(args, more...)...) }
			out := run().ok(t)
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || strings.TrimSpace(sent) != c.sends {
				t.Errorf("sent %q, printed %q", sent, out)
			}
			sameJSON(t, run("--json").ok(t), c.answer, false)
			f.scripts[c.asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
			}
			run().fails(t, exitRefused, "This needs more. (403)")
		})
	}
	newFake(t).run("tax", "assess", "--rules", "x", "--class", "agent", "--on", "2026-07-01", "--earlier", "7").fails(t, exitUsage, "--earlier is a day")
}

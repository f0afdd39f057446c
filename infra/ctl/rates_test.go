package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const (
	rateAnswer     = `{"id":"USD-EUR-2026-11-01","from":"USD","to":"EUR","value":"0.92","since":"2026-11-01","until":"2026-12-01","rev":3}`
	openRateAnswer = `{"id":"GBP-EUR-2026-11-01","from":"GBP","to":"EUR","value":"1.15\u001b[2J","since":"2026-11-01","rev":1}`
	ratesAnswer    = `{"applied":true,"rows":3,"added":1,"changed":1,"unchanged":1,"errors":[]}`
	badRatesAnswer = `{"applied":false,"rows":3,"added":0,"changed":0,"unchanged":0,"errors":[{"line":2,"column":"value","code":"invalid_number","message":"\"x\u001b[2J\" is no number."},{"line":0,"column":"until","code":"invalid_rate","message":"Two have days in common."}]}`
	ratesFile      = "from,to,value,since\nUSD,EUR,0.92,2026-11-01\n"
)

func TestRateCommands(t *testing.T) {
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             []string
		sends              string // the query and the body
		nothing            bool
	}{
		{args: "rates", asks: "GET /v1/exchange-rates", answer: items(rateAnswer + "," + openRateAnswer), sends: "limit=50 ", prints: []string{"USD", "EUR", "0.92", "2026-11-01 to 2026-11-30", "1.15·[2J", "from 2026-11-01"}},
		{args: "rates|set|usd|eur|0.92|--from|2026-11-01|--until|2026-12-01", asks: "PUT /v1/exchange-rates/USD-EUR-2026-11-01", answer: rateAnswer, sends: ` {"until":"2026-12-01","value":"0.92"}`, prints: []string{"0.92"}},
		{args: "rates|delete|usd|EUR|2026-11-01", asks: "DELETE /v1/exchange-rates/USD-EUR-2026-11-01", status: 204, sends: " ", prints: []string{"Deleted."}, nothing: true},
		{args: "rates|import|-", asks: "POST /v1/exchange-rates/import", answer: ratesAnswer, sends: " " + ratesFile, prints: []string{"Done: 3 rows, 1 added, 1 changed, 1 say what is so already."}},
		{args: "rates|import|-|--dry-run", asks: "POST /v1/exchange-rates/import", answer: strings.Replace(ratesAnswer, "true", "false", 1), sends: "dry_run=true " + ratesFile, prints: []string{"A dry run: nothing was done. The file has: 3 rows"}},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader(ratesFile)}, append(args, more...)...)
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

// TestARateThatIsNotThereIsAdded: who sets a rate need not know whether there is one.
func TestARateThatIsNotThereIsAdded(t *testing.T) {
	f, sent := newFake(t), ""
	f.scripts["PUT /v1/exchange-rates/USD-EUR-2026-11-01"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.NotFound, "not_found", "There is no exchange rate."))
	}
	f.scripts["POST /v1/exchange-rates"] = func(_ *http.Request, body []byte) (int, string) {
		sent = string(body)
		return 201, rateAnswer
	}
	contains(t, f.run("rates", "set", "USD", "EUR", "0.92", "--from", "2026-11-01").ok(t), "0.92")
	if sent != `{"from":"USD","since":"2026-11-01","to":"EUR","value":"0.92"}` {
		t.Errorf("sent %s", sent)
	}
	f.scripts["POST /v1/exchange-rates"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Invalid, "invalid_rate", "It has days in common with another."))
	}
	f.run("rates", "set", "USD", "EUR", "0.92", "--from", "2026-11-01").fails(t, exitRefused, "It has days in common with another. (400)")
	f.run("rates", "set", "USD", "EUR", "0.92").fails(t, exitUsage, "from")
}

func TestImportOfBadRates(t *testing.T) {
	f := newFake(t)
	f.scripts["POST /v1/exchange-rates/import"] = func(r *http.Request, _ []byte) (int, string) {
		if r.Header.Get("Content-Type") != "text/csv" {
			t.Errorf("sent as %s", r.Header.Get("Content-Type"))
		}
		return 200, badRatesAnswer
	}
	r := f.runWith(system{stdin: strings.NewReader(ratesFile)}, "rates", "import", "-")
	r.fails(t, exitFailed, "2 things are wrong with stdin: nothing was done")
	contains(t, r.stdout, "line 2", "value", `"x·[2J" is no number.`, "the rates there are", "Two have days in common.")
	f.run("rates", "import", filepath.Join(t.TempDir(), "none.csv")).fails(t, exitFailed, "none.csv")
}

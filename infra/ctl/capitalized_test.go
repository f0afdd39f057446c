package main

import (
	"net/http"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const capitalizedAnswer = `{"currency":"EUR","statements":12,"schedules":7,"months":[
	{"month":"2026-01","opening":"0","capitalized":"3650","amortized":"310","written_off":"0","closing":"3340","expensed":"20\u001b[2J"},
	{"month":"2026-02","opening":"3340","capitalized":"0","amortized":"280","written_off":"1000","closing":"2060","expensed":"0"}]}`

const capitalizedTable = `EUR: 7 assets, of 12 statements

MONTH    OPENING  CAPITALIZED  AMORTIZED  WRITTEN OFF  CLOSING  EXPENSED AT ONCE
2026-01  0        3650         310        0            3340     20·[2J
2026-02  3340     0            280        1000         2060     0
`

func TestCapitalizedCommissions(t *testing.T) {
	const asks = "GET /v1/reports/capitalized-commissions"
	base := "report|capitalized|--from|2026-01|--until|2027-01|--currency|EUR"
	for _, c := range []struct{ args, sends string }{
		{base, "currency=EUR&from=2026-01&until=2027-01"},
		{base + "|--months|48|--program|prg_4f0c9a2b1x7z|--by|months|--later|cumulatively|--expedient",
			"by=months&currency=EUR&expedient=true&from=2026-01&later=cumulatively&months=48&program=prg_4f0c9a2b1x7z&until=2027-01"},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[asks] = func(r *http.Request, _ []byte) (int, string) {
				sent = r.URL.Query().Encode()
				return 200, capitalizedAnswer
			}
			args := strings.Split(c.args, "|")
			if out := f.run(args...).ok(t); out != capitalizedTable || sent != c.sends {
				t.Errorf("sent %q, printed\n%s", sent, out)
			}
			sameJSON(t, f.run(append(args, "--json")...).ok(t), capitalizedAnswer, false)
			f.scripts[asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Conflict, "too_many_statements", "Name a program."))
			}
			f.run(args...).fails(t, exitRefused, "Name a program. (409)")
		})
	}
	f := newFake(t)
	f.run(append(strings.Split(base, "|"), "--months", "0")...).fails(t, exitUsage, "--months")
	f.run("report", "capitalized", "--from", "2026-01", "--until", "2027-01").fails(t, exitUsage, "currency")
	if len(f.requests) > 0 {
		t.Errorf("it asked %v", f.requests)
	}
}

package main

import (
	"net/http"
	"strings"
	"testing"
)

const (
	disputeFields = `"id":"dsp_4f0c9a2b1x7z","program":"prg_a","period":"2026-10","participant":"mem_a","name":"Joe \u001b[2J","line":{"of":"component","component":"commission"},"state":"open","overdue":true,` +
		`"amount":"50","unit":"EUR","opened_by":"per_a","opened_at":"2026-11-22T12:00:00Z","deadline":"2026-12-06T12:00:00Z","evidence":{"reckoned":"0a1b"},` +
		`"messages":[{"by":"per_a","at":"2026-11-22T12:00:00Z","text":"It is \u001b[2J wrong"}],` +
		`"resolution":{"by":"per_b","at":"2026-11-22T12:00:00Z","reason":"Yours","adjustment":"adj_a","amount":"12.5","unit":"EUR"},"updated_at":"2026-11-22T12:00:00Z","rev":2`
	disputeAnswer = `{` + disputeFields + `}`
	disputeWhole  = `{` + disputeFields + `,"lines":[],"lines_in_all":0,"credits":[],"prizes":[],"adjustments":[]}`
)

func TestDisputeCommands(t *testing.T) {
	row := []string{"dsp_4f0c9a2b1x7z", "component commission", "50 EUR", "open, overdue", "2026-12-06"}
	whole := append([]string{"per_a", "wrong", "12.5 EUR (adj_a)", "Yours"}, row...)
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             []string
		sends              string // the query and the body
	}{
		{args: "disputes|--of|me|--state|open|--mine|--overdue", asks: "GET /v1/disputes", answer: items(disputeAnswer), sends: "limit=50&mine=true&overdue=true&participant=me&state=open ", prints: row},
		{args: "disputes|show|dsp_a", asks: "GET /v1/disputes/dsp_a", answer: disputeWhole, sends: " ", prints: whole},
		{args: "disputes|open|prg_a|2026-10|--line|component|--component|commission|--text|wrong", asks: "POST /v1/disputes", answer: disputeAnswer, status: 201, prints: whole,
			sends: ` {"program":"prg_a","period":"2026-10","line":{"of":"component","component":"commission"},"text":"wrong"}`},
		{args: "disputes|answer|dsp_a|--text|Which?", asks: "POST /v1/disputes/dsp_a/answer", answer: disputeAnswer, sends: ` {"text":"Which?"}`, prints: whole},
		{args: "disputes|reply|dsp_a|--text|That", asks: "POST /v1/disputes/dsp_a/reply", answer: disputeAnswer, sends: ` {"text":"That"}`, prints: whole},
		{args: "disputes|reject|dsp_a|--reason|No", asks: "POST /v1/disputes/dsp_a/reject", answer: disputeAnswer, sends: ` {"reason":"No"}`, prints: whole},
		{args: "disputes|resolve|dsp_a|--amount|12.5|--reason|Yours", asks: "POST /v1/disputes/dsp_a/resolve", answer: disputeAnswer, sends: ` {"amount":"12.5","reason":"Yours"}`, prints: whole},
		{args: "disputes|withdraw|dsp_a", asks: "POST /v1/disputes/dsp_a/withdraw", answer: disputeAnswer, sends: " ", prints: whole},
		{args: "disputes|deadline", asks: "GET /v1/dispute-settings", answer: `{"days":14}`, sends: " ", prints: []string{"within 14 days"}},
		{args: "disputes|deadline|--days|7", asks: "PUT /v1/dispute-settings", answer: `{"days":7}`, sends: ` {"days":7}`, prints: []string{"within 7 days"}},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			out := f.run(args...).ok(t)
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || sent != c.sends {
				t.Errorf("sent %q, printed %q", sent, out)
			}
			sameJSON(t, f.run(append(args, "--json")...).ok(t), c.answer, false)
		})
	}
}

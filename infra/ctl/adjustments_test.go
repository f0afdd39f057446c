package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

const (
	manualAnswer = `{"id":"adj_1","program":"prg_1","participant":"mem_1","period":"2026-10","kind":"money","amount":"150","unit":"EUR","reason":"Helped\u001b[2J.","dispute":"dsp_1","state":"pending","by":"per_ann","created_at":` + someTime + `}`
	pointsAnswer = `{"id":"adj_2","program":"prg_1","participant":"mem_9","period":"2026-10","kind":"points","amount":"-250.5","unit":"points","reason":"Not first.","state":"posted","settled_in":"2026-10","by":"key_1","created_at":` + someTime + `}`
	kindAnswer   = `{"id":"adj_3","program":"prg_1","participant":"mem_1","period":"2026-10","kind":"benefit","amount":"99.9","unit":"EUR","reason":"A bicycle.","state":"withdrawn","by":"per_ann","created_at":` + someTime + `}`
)

const manualShown = `ID     WHO      AMOUNT      FROM PERIOD  REASON               BY       SINCE (UTC)            STATE
adj_1  A·[2Jda  150.00 EUR  2026-10      Helped·[2J. (dsp_1)  An·[2Jn  2026-11-22 09:00:00.5  pending
`

const manualsListed = `ID     WHO      AMOUNT             FROM PERIOD  REASON               BY          SINCE (UTC)            STATE
adj_1  A·[2Jda  150.00 EUR         2026-10      Helped·[2J. (dsp_1)  An·[2Jn     2026-11-22 09:00:00.5  pending
adj_2  mem_9    -250.5 points      2026-10      Not first.           key c·[2Ji  2026-11-22 09:00:00.5  posted with 2026-10
adj_3  A·[2Jda  99.90 EUR in kind  2026-10      A bicycle.           An·[2Jn     2026-11-22 09:00:00.5  withdrawn
`

func TestAdjustmentCommands(t *testing.T) {
	const path = "/v1/programs/prg_1/adjustments"
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             string
		sends              string // the query, the Idempotency-Key where one was asked for, and the body
	}{
		{args: "adjustments|prg_1", asks: "GET " + path, answer: items(manualAnswer + "," + pointsAnswer + "," + kindAnswer), sends: "limit=50  ", prints: manualsListed},
		{args: "adjustments|show|prg_1|adj_1", asks: "GET " + path + "/adj_1", answer: manualAnswer, sends: "  ", prints: manualShown},
		{args: "adjustments|withdraw|prg_1|adj_1", asks: "POST " + path + "/adj_1/withdraw", answer: manualAnswer, sends: "  ", prints: manualShown},
		{args: "adjustments|add|prg_1|ada@example.com|150|--reason|Helped.|--period|2026-10|--dispute|dsp_1|--idempotency-key|again", asks: "POST " + path, status: 201, answer: manualAnswer,
			sends: ` again {"amount":"150","dispute":"dsp_1","kind":"money","participant":"mem_1","period":"2026-10","reason":"Helped."}`, prints: manualShown},
		{args: "adjustments|add|--kind|points|--reason|Not first.|--idempotency-key|k|--|prg_1|mem_9|-250.5", asks: "POST " + path, status: 201, answer: manualAnswer,
			sends: ` k {"amount":"-250.5","kind":"points","participant":"mem_9","reason":"Not first."}`, prints: manualShown},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := peopled(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				key := r.Header.Get("Idempotency-Key")
				if !strings.Contains(c.args, "idempotency-key") {
					key = ""
				}
				sent = r.URL.Query().Encode() + " " + key + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			if out := f.run(args...).ok(t); out != c.prints || sent != c.sends {
				t.Errorf("sent %q, printed\n%s", sent, out)
			}
			sameJSON(t, f.run(append([]string{"--json"}, args...)...).ok(t), c.answer, false)
			f.scripts[c.asks] = refusedFor
			f.run(args...).fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

// lost is a way to the API on which answers to one kind of request get lost.
type lost struct {
	method string
	sent   *http.Request
	by     http.RoundTripper
}

func (l *lost) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != l.method {
		return l.by.RoundTrip(r)
	}
	l.sent = r
	return nil, errors.New("connection reset")
}

// TestAnAdjustmentIsAddedOnce: where no answer came, the command says how to try again without adding twice.
func TestAnAdjustmentIsAddedOnce(t *testing.T) {
	f, way := peopled(t), &lost{method: http.MethodPost}
	client := f.server.Client()
	way.by, client.Transport = client.Transport, way
	f.run("adjustments", "add", "prg_1", "mem_1", "5", "--reason", "r").fails(t, exitUnreachable, "the same again with --idempotency-key")
	r := f.run("adjustments", "add", "prg_1", "mem_1", "5", "--reason", "r")
	if key := way.sent.Header.Get("Idempotency-Key"); key == "" || !strings.Contains(r.stderr, "--idempotency-key "+key+" adds it once") {
		t.Errorf("sent %q, told %q", key, r.stderr)
	}
}

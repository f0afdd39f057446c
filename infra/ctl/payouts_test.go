package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/fault"
)

// payoutAnswer is a batch at a state, with what else is said of it.
func payoutAnswer(state, more string) string {
	euros := func(minor int, text string) string {
		return fmt.Sprintf(`{"minor":%d,"currency":"EUR","text":%q}`, minor, text)
	}
	return `{"id":"pay_4f0c9a2b1x7z","payer":"pyr_4f0c9a2b1x7z","currency":"EUR","pay_on":"2026-12-01","format":"pain.001","state":"` + state + `","payments":2,"left_out":1,"returned":0,` +
		`"gross":` + euros(12000, "120.00 EUR") + `,"back":` + euros(0, "0.00 EUR") + `,"tax":` + euros(2000, "20.00 EUR") + `,"by_payer":` + euros(0, "0.00 EUR") + `,"net":` + euros(10000, "100.00 EUR") +
		`,"approvals":[],"created_by":"per_4f0c9a2b1x7z","created_at":"2026-11-22T12:00:00Z","updated_at":"2026-11-22T12:00:00Z"` + more + `}`
}

const paymentAnswer = `{"payout":"pay_4f0c9a2b1x7z","participant":"mem_4f0c9a2b1x7z","state":"returned","gross":{"minor":1,"currency":"EUR","text":"0.01 EUR"},"back":{"minor":0,"currency":"EUR","text":"0.00 EUR"},` +
	`"benefit":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"tax":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"by_payer":{"minor":0,"currency":"EUR","text":"0.00 EUR"},"net":{"minor":1,"currency":"EUR","text":"0.01 EUR"},` +
	`"taxes":[],"end_to_end":"E1","reason":"AC\u001b[2J04","created_at":"2026-11-22T12:00:00Z"}`

func TestPayoutCommands(t *testing.T) {
	shows := []string{"pay_4f0c9a2b1x7z", "pain.001", "100.00 EUR", "20.00 EUR"}
	for _, c := range []struct {
		args, asks, answer string
		status             int
		prints             []string
		sends              string
	}{
		{args: "payouts", asks: "GET /v1/payouts", answer: items(payoutAnswer("released", "")), sends: "limit=50 ", prints: append(shows, "released")},
		{args: "payouts|show|pay_4f0c9a2b1x7z", asks: "GET /v1/payouts/pay_4f0c9a2b1x7z", answer: payoutAnswer("submitted", `,"waiting":"Finance"`), sends: " ", prints: append(shows, "submitted", "Finance")},
		{args: "payouts|payments|pay_4f0c9a2b1x7z", asks: "GET /v1/payouts/pay_4f0c9a2b1x7z/payments", answer: items(paymentAnswer), sends: "limit=50 ", prints: []string{"mem_4f0c9a2b1x7z", "returned", "E1", "AC·[2J04"}},
		{args: "payouts|return|pay_4f0c9a2b1x7z|E1|AC04", asks: "POST /v1/payouts/pay_4f0c9a2b1x7z/returns", answer: paymentAnswer, sends: ` {"end_to_end":"E1","reason":"AC04"}`, prints: []string{"returned", "0.01 EUR"}},
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
			f.scripts[c.asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
			}
			f.run(args...).fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

// TestPayoutWorkIsWaitedFor: what an act begins is watched to its end, also where it fails.
func TestPayoutWorkIsWaitedFor(t *testing.T) {
	const work = `,"work":{"kind":"collecting","participants":2,"done":1}`
	for args, asks := range map[string]string{
		"payouts|create|pyr_4f0c9a2b1x7z|EUR|--pay-on|2026-12-01": "POST /v1/payouts",
		"payouts|release|pay_4f0c9a2b1x7z":                        "POST /v1/payouts/pay_4f0c9a2b1x7z/release",
		"payouts|cancel|pay_4f0c9a2b1x7z|--reason|Too early":      "POST /v1/payouts/pay_4f0c9a2b1x7z/cancel",
	} {
		t.Run(asks, func(t *testing.T) {
			f, looks := newFake(t), 0
			status := http.StatusAccepted
			if strings.HasSuffix(asks, "cancel") {
				status = http.StatusOK
			}
			f.scripts[asks] = func(*http.Request, []byte) (int, string) { return status, payoutAnswer("collecting", work) }
			f.scripts["GET /v1/payouts/pay_4f0c9a2b1x7z"] = func(*http.Request, []byte) (int, string) {
				if looks++; looks < 3 {
					return 200, payoutAnswer("collecting", work)
				}
				return 200, payoutAnswer("submitted", "")
			}
			contains(t, f.run(strings.Split(args, "|")...).ok(t), "submitted", "100.00 EUR")
			if looks != 3 {
				t.Errorf("it looked %d times", looks)
			}
			f.scripts["GET /v1/payouts/pay_4f0c9a2b1x7z"] = func(*http.Request, []byte) (int, string) {
				return 200, payoutAnswer("collecting", `,"work":{"kind":"collecting","participants":2,"done":1,"error":"There is no rate."}`)
			}
			f.run(strings.Split(args, "|")...).fails(t, exitFailed, "There is no rate.")
		})
	}
}

// TestTheBankFileIsWritten as it came, for its owner alone to read.
func TestTheBankFileIsWritten(t *testing.T) {
	f, name := newFake(t), filepath.Join(t.TempDir(), "payments.csv")
	f.scripts["GET /v1/payouts/pay_4f0c9a2b1x7z/file"] = func(*http.Request, []byte) (int, string) { return 200, "a,b\r\n" }
	f.run("payouts", "file", "pay_4f0c9a2b1x7z", "--output", name).ok(t)
	text, err := os.ReadFile(name)
	if err != nil || string(text) != "a,b\r\n" {
		t.Errorf("%q %v", text, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

package main

import (
	"net/http"
	"strings"
	"testing"

	"leadline/shared/fault"
)

const (
	nudgeAnswer  = `{"id":"01A","at":"2026-11-18T11:00:00Z","participant":"mem_1","rule":"near_tier","kind":"near_tier","period":"2026-11","causes":["tier/deals/10"],"outcome":"sent","posts":[{"channel":"inbox","subject":"2 deals\u001b[2J","text":"x","state":"sent"},{"channel":"slack","text":"x","state":"failed","problem":"no"}]}`
	heldAnswer   = `{"id":"01B","at":"2026-11-18T11:00:00Z","participant":"mem_1","rule":"paid","kind":"paid","causes":[],"outcome":"held","why":"quiet_hours","until":"2026-11-19T07:00:00Z","posts":[]}`
	inboxAnswer  = `{"id":"01A","at":"2026-11-18T11:00:00Z","kind":"near_tier","subject":"2 deals","text":"Only 2 deals\u001b[2J"}`
	ruleBody     = `{"kind":"paid","channels":["inbox"],"cap":{}}`
	settingsBody = `{"channels":["inbox"],"quiet_hours":{},"per_day":2}`
	wordingBack  = `{"language":"de","channel":"all","subject":"x","text":"{amount}","own":true,"rev":1}`
	ruleAnswer   = `{"id":"paid","kind":"paid","off":true,"channels":["inbox","email"],"cap":{},"placeholders":["name"],"rev":1}`
)

func TestNudgeCommands(t *testing.T) {
	for _, c := range []struct {
		args, asks, answer, stdin string
		status                    int
		prints                    []string
		sends                     string // the query and the body
		nothing                   bool
	}{
		{args: "nudges|--outcome|held|--rule|paid", asks: "GET /v1/nudges", answer: items(nudgeAnswer + "," + heldAnswer), sends: "limit=50&outcome=held&rule=paid ", prints: []string{"inbox, slack failed", "held: quiet_hours", "2 deals·[2J"}},
		{args: "nudges|rules", asks: "GET /v1/nudge-rules", answer: items(ruleAnswer), sends: "limit=50 ", prints: []string{"paid", "off", "inbox, email"}},
		{args: "nudges|rule|paid", asks: "GET /v1/nudge-rules/paid", answer: ruleAnswer, sends: " ", prints: []string{`"placeholders"`}},
		{args: "nudges|rule|paid|-", stdin: ruleBody, asks: "PUT /v1/nudge-rules/paid", answer: ruleAnswer, sends: " " + ruleBody, prints: []string{`"paid"`}},
		{args: "nudges|settings|-", stdin: settingsBody, asks: "PUT /v1/nudge-settings", answer: settingsBody, sends: " " + settingsBody, prints: []string{`"per_day"`}},
		{args: "nudges|wording|paid|de|all|--subject|x|--text|{amount}", asks: "PUT /v1/nudge-rules/paid/wordings/de/all", answer: wordingBack, sends: ` {"subject":"x","text":"{amount}"}`, prints: []string{"{amount}"}},
		{args: "nudges|wording|paid|de|all|--delete", asks: "DELETE /v1/nudge-rules/paid/wordings/de/all", status: 204, sends: " ", prints: []string{"Deleted."}, nothing: true},
		{args: "nudges|preview|paid|--language|de", asks: "POST /v1/nudge-rules/paid/preview", answer: `{"text":"x"}`, sends: ` {"channel":"email","language":"de"}`, prints: []string{`"x"`}},
		{args: "nudges|slack|-", stdin: "https://hooks.slack.com/services/x\n", asks: "PUT /v1/nudge-settings/slack", answer: `{"channels":["inbox"],"quiet_hours":{},"per_day":2,"slack":{"hint":"cret"}}`, sends: ` {"webhook":"https://hooks.slack.com/services/x"}`, prints: []string{"cret"}},
		{args: "nudges|slack|test", asks: "POST /v1/nudge-settings/slack/test", answer: `{"taken":true}`, sends: " ", prints: []string{"true"}},
		{args: "nudges|slack|delete", asks: "DELETE /v1/nudge-settings/slack", status: 204, sends: " ", prints: []string{"Deleted."}, nothing: true},
		{args: "inbox", asks: "GET /v1/participants/me/inbox", answer: items(inboxAnswer), sends: "limit=50 ", prints: []string{"near_tier", "Only 2 deals·[2J"}},
		{args: "inbox|read|01A|--participant|mem_1", asks: "POST /v1/participants/mem_1/inbox/01A/read", status: 204, sends: " ", prints: []string{"Noted."}, nothing: true},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader(c.stdin)}, append(args, more...)...)
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

// TestMuting changes the preferences as they are, unless somebody else was faster.
func TestMuting(t *testing.T) {
	for args, want := range map[string]string{
		"nudges|mute|paid|--channel|email": `{"zone":"UTC","quiet_hours":{"from":"20:00"},"mutes":[{"channel":"slack"},{"rule":"paid","channel":"email"}]}`,
		"nudges|unmute|--channel|slack":    `{"zone":"UTC","quiet_hours":{"from":"20:00"},"mutes":[]}`,
		"nudges|mute|--all":                `{"zone":"UTC","quiet_hours":{"from":"20:00"},"off":true,"mutes":[{"channel":"slack"}]}`,
	} {
		f, sent := newFake(t), ""
		f.scripts["GET /v1/participants/me/nudge-preferences"] = func(*http.Request, []byte) (int, string) {
			return 200, `{"zone":"UTC","quiet_hours":{"from":"20:00"},"mutes":[{"channel":"slack"}]}`
		}
		f.scripts["PUT /v1/participants/me/nudge-preferences"] = func(_ *http.Request, body []byte) (int, string) {
			sent = string(body)
			return 200, sent
		}
		f.run(strings.Split(args, "|")...).ok(t)
		if sent != want {
			t.Errorf("%s sent %s", args, sent)
		}
	}
	newFake(t).run("nudges", "mute").fails(t, exitUsage, "name a rule")
}

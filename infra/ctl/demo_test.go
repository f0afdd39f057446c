package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/problem"
)

var sampleEvents = filepath.Join("..", "..", "events", "receive")

func TestDemoTellsTheStory(t *testing.T) {
	f := newFake(t)
	out := f.run("demo", "--events", sampleEvents).ok(t)
	t.Log("\n" + out)
	for event, outcome := range map[string]string{
		"01-lead-created.json":                         "applied",
		"08-opportunity-proposal-sent-again-late.json": "ignored: it came a second time",
		"09-opportunity-won-consolidated.json":         "applied",
		"14-unknown-object.json":                       "applied",
		"15-empty-object.json":                         "set aside: missing_event",
		"16-unsigned.json":                             "refused: The header close-sig-hash is missing. (401)",
	} {
		if line := lineWith(out, event); !strings.Contains(line, outcome) {
			t.Errorf("%s: want %q in %q", event, outcome, line)
		}
	}
	contains(t, out, `Ignored: 08-opportunity-proposal-sent-again-late.json, "updated" of 2025-03-05 14:00:00.5: it came a second time, after rev 3.`)
	contains(t, out, "Records", "merged into lead_harbor", "Harbor & Pine Studio",
		"History of the opportunity Harbor & Pine Studio (oppo_rollout), newest first", "Proposal Sent", "→", "Won", "USD", "Ada Byrne", "missing_event")

	// A second time everything is there already, and what cannot be applied is set aside once more.
	f.rows.age(time.Hour)
	again := f.run("demo", "--events", sampleEvents).ok(t)
	for _, event := range []string{"01-lead-created.json", "05-opportunity-proposal-sent.json", "13-task-deleted.json"} {
		if line := lineWith(again, event); !strings.Contains(line, "already there") {
			t.Errorf("the second time: %q", line)
		}
	}
	if strings.Contains(again, "  applied") {
		t.Errorf("something was applied a second time:\n%s", again)
	}
	contains(t, again, "set aside: missing_event")
	if len(f.entries) != 3 { // one of them the row that breaks the schema, once
		t.Errorf("%d entries were set aside in two runs", len(f.entries))
	}

	// The rows of client software, and the replay of the one that breaks their schema.
	contains(t, out, "Pushed 3 rows of demo_sales", "3 applied", "set aside: schema_mismatch", `"North"`, "Accepted: version 2", "region")
	contains(t, lineWith(out, "S-1004"), "demo_sales", "live")
	contains(t, again, "an earlier run pushed them", "an earlier run accepted the schema", "version 2", "S-1004")
	if len(f.rows.keys) != 2 || len(f.rows.pushes) != 4 {
		t.Errorf("two runs made %d batches of %d pushes", len(f.rows.keys), len(f.rows.pushes))
	}
	// The event of the deal as a track event; the destination is gone in the end.
	for _, run := range []string{out, again} {
		contains(t, run, "opportunity updated  lead_harbor  ev_oppo3  verified", `"messageId":"ev_oppo3"`, "delivered", "200 OK")
	}
	if len(f.track.destinations) != 0 || f.track.made != 2 {
		t.Errorf("of %d destinations there are left %+v", f.track.made, f.track.destinations)
	}
}

func TestDemoUsesADestinationThatWasLeftBehind(t *testing.T) {
	f := newFake(t)
	f.track.destinations = []destinationState{{ID: "dst_other0000000", Name: "other", URL: "http://127.0.0.1:1/", Status: "active"},
		{ID: "dst_left00000000", Name: demoDestination, URL: "http://127.0.0.1:1/", Status: "failed"}}
	dir := write(t, map[string]string{"1": opportunityEvent("ev_1", "created", 1, "Demo")})
	contains(t, f.run("demo", "--events", dir).ok(t), "ev_1  verified")
	if f.track.made != 0 || len(f.track.destinations) != 1 || f.track.destinations[0].Name != "other" {
		t.Errorf("made %d, left %+v", f.track.made, f.track.destinations)
	}
}

func TestDemoGoesOnWithoutATrackEvent(t *testing.T) {
	dir := write(t, map[string]string{"1": opportunityEvent("ev_1", "created", 1, "Demo")})
	clock := time.Now()
	quick := func() system { // time goes by while the command waits
		return system{now: func() time.Time { return clock }, pause: func(context.Context, time.Duration) error {
			clock = clock.Add(time.Second)
			return nil
		}}
	}
	f := newFake(t)
	f.track.deaf = 1 // it is announced when it is posted again
	contains(t, f.runWith(quick(), "demo", "--events", dir).ok(t), "ev_1  verified")
	f.track.deaf = 100
	contains(t, f.runWith(quick(), "demo", "--events", dir).ok(t), "has not arrived", "run the demo again", "See more")
	f.scripts["POST /v1/destinations"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Invalid, "invalid_url", "The URL leads to this machine."))
	}
	contains(t, f.runWith(quick(), "demo", "--events", dir).ok(t), "There is no destination: The URL leads to this machine. (400)", "See more")
}

// problemText gives a refusal as a script answers it.
func problemText(err error) (int, string) {
	p := problem.From(err)
	return p.Status, string(p.JSON())
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// write makes a folder of events about one opportunity, each with a version in seconds.
func write(t *testing.T, events map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range events {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func opportunityEvent(id, action string, seconds int, status string) string {
	at := fmt.Sprintf("2025-03-01T00:00:%02d+00:00", seconds)
	return fmt.Sprintf(`{"event":{"id":%q,"object_type":"opportunity","object_id":"oppo_1","action":%q,"date_updated":%q,
		"data":{"id":"oppo_1","lead_name":"Acme","status_label":%q,"value":100000,"value_currency":"USD","date_updated":%q}}}`, id, action, at, status, at)
}

func TestDemoMarksWhatCameLate(t *testing.T) {
	f := newFake(t)
	dir := write(t, map[string]string{
		"1": opportunityEvent("ev_1", "created", 1, "Demo"),
		"2": opportunityEvent("ev_3", "updated", 30, "Won"),
		"3": opportunityEvent("ev_2", "updated", 20, "Proposal"),
		"4": opportunityEvent("ev_3", "updated", 30, "Won"),
		"5": `[1]`,
	})
	out := f.run("demo", "--events", dir).ok(t)
	if line := lineWith(out, "3.json"); !strings.Contains(line, "ignored: something newer was there already") {
		t.Errorf("the late event: %q", line)
	}
	if line := lineWith(out, "4.json"); !strings.Contains(line, "ignored: it came a second time") {
		t.Errorf("the repeated event: %q", line)
	}
	contains(t, out, `Ignored: 3.json, "updated" of 2025-03-01 00:00:20: something newer was there already, after rev 2.`, "1,000.00 USD", "set aside: not_an_object")
	if strings.Contains(out, "Proposal") {
		t.Error("what was ignored is shown as history")
	}
}

func TestDemoGivesUp(t *testing.T) {
	f := newFake(t)
	dir := write(t, map[string]string{"1": opportunityEvent("ev_1", "created", 1, "Demo")})
	now := time.Now()
	stuck := system{now: func() time.Time { return now }, pause: func(context.Context, time.Duration) error {
		now = now.Add(10 * time.Second)
		return nil
	}}
	f.stuck = true
	f.runWith(stuck, "demo", "--events", dir).fails(t, exitFailed, "still on their way (1)")

	f.runWith(system{pause: func(context.Context, time.Duration) error { return context.Canceled }}, "demo", "--events", dir).fails(t, exitFailed, "canceled")
	f.run("demo", "--events", t.TempDir()).fails(t, exitFailed, "holds no events")
	f.run("demo", "--events", filepath.Join(dir, "none")).fails(t, exitFailed, "none")
	f.server.Close()
	f.run("demo", "--events", dir).fails(t, exitUnreachable, "nothing answers")
}

func TestDemoFindsTheOnlyConnection(t *testing.T) {
	f := newFake(t)
	api := &client{base: f.server.URL, authorization: "Bearer " + fakeKey, sender: sender{f.server.Client(), pause}}
	if id, err := onlyConnection(t.Context(), api, "close"); err != nil || id != fakeConnection {
		t.Errorf("got %q %v", id, err)
	}
	var usage usageError
	if _, err := onlyConnection(t.Context(), api, "hubspot"); !errors.As(err, &usage) {
		t.Errorf("got %v", err)
	}
}

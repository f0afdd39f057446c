package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
)

// fake notes what it is asked for, and fails at what is no JSON.
type fake struct {
	asked  [][]string
	throws bool
	fails  bool
}

func (f *fake) Process(_ context.Context, bodies [][]byte) []error {
	var texts []string
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		texts = append(texts, string(body))
		if f.fails || !json.Valid(body) {
			errs[i] = fault.New(fault.Internal, "undecodable_message", "no JSON")
		}
	}
	f.asked = append(f.asked, texts)
	if f.throws {
		panic("secret text")
	}
	return errs
}

// handle gives the ids of the messages that come again.
func handle(t *testing.T, f *fake, e events.SQSEvent) (failed []string) {
	t.Helper()
	response, err := (&handler{nudger: f, gamer: &fake{}, log: slog.New(slog.DiscardHandler)}).Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range response.BatchItemFailures {
		failed = append(failed, item.ItemIdentifier)
	}
	return failed
}

// samples gives the messages of the samples.
func samples(t *testing.T) (e events.SQSEvent) {
	t.Helper()
	files, err := filepath.Glob("../../events/nudge/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("events/nudge holds too few samples: %v, %v", files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var one events.SQSEvent
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		e.Records = append(e.Records, one.Records...)
	}
	return e
}

// TestABatchIsOneRound: all messages are handed on at once, as they stand, and only what failed comes again.
func TestABatchIsOneRound(t *testing.T) {
	e, f := samples(t), &fake{}
	var bodies, broken []string
	for _, r := range e.Records {
		bodies = append(bodies, r.Body)
		if !strings.HasPrefix(r.Body, "{") {
			broken = append(broken, r.MessageId)
		}
	}
	failed := handle(t, f, e)
	if len(f.asked) != 1 || !slices.Equal(f.asked[0], bodies) {
		t.Errorf("asked for %q, want %q at once", f.asked, bodies)
	}
	if len(broken) == 0 || !slices.Equal(failed, broken) {
		t.Errorf("%q come again, want %q", failed, broken)
	}
}

// TestPanicIsTriedAgain: no message is lost by a panic.
func TestPanicIsTriedAgain(t *testing.T) {
	e := samples(t)
	if failed := handle(t, &fake{throws: true}, e); len(failed) != len(e.Records) {
		t.Errorf("%q come again, want all %d", failed, len(e.Records))
	}
}

// TestWhoTakesWhat: what both are for reaches both, and comes again if one of them fails.
func TestWhoTakesWhat(t *testing.T) {
	bodies := []string{`{"of":"moved"}`, `{"of":"activity"}`, `{"of":"board"}`, `{"of":"look"}`, `{"of":"unheard of"}`}
	var e events.SQSEvent
	for _, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: body, Body: body})
	}
	for _, failing := range []string{"", "nudger", "gamer"} {
		nudger, gamer := &fake{fails: failing == "nudger"}, &fake{fails: failing == "gamer"}
		response, err := (&handler{nudger: nudger, gamer: gamer, log: slog.New(slog.DiscardHandler)}).Handle(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		of := map[string][]string{"nudger": {bodies[0], bodies[2], bodies[3], bodies[4]}, "gamer": {bodies[0], bodies[1], bodies[3]}}
		if !slices.Equal(nudger.asked[0], of["nudger"]) || !slices.Equal(gamer.asked[0], of["gamer"]) {
			t.Errorf("the nudger was asked for %q, the gamer for %q", nudger.asked, gamer.asked)
		}
		var again []string
		for _, item := range response.BatchItemFailures {
			again = append(again, item.ItemIdentifier)
		}
		slices.Sort(again)
		want := slices.Sorted(slices.Values(of[failing]))
		if !slices.Equal(again, want) {
			t.Errorf("with %q failing, %q come again, want %q", failing, again, want)
		}
	}
}

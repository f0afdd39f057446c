package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
)

// fake notes what it is asked for, and fails at what it is told to.
type fake struct {
	asked [][]keeper.Message
	fails map[keeper.Kind]error
}

func (f *fake) Process(_ context.Context, messages []keeper.Message) []error {
	f.asked = append(f.asked, messages)
	errs := make([]error, len(messages))
	for i, m := range messages {
		errs[i] = f.fails[m.Kind]
	}
	return errs
}

func sample(t *testing.T, path string) events.SQSEvent {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e events.SQSEvent
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return e
}

// handle gives which messages come again.
func handle(t *testing.T, f *fake, e events.SQSEvent) map[string]bool {
	t.Helper()
	response, err := (&handler{keeper: f, log: slog.New(slog.DiscardHandler)}).Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, item := range response.BatchItemFailures {
		failed[item.ItemIdentifier] = true
	}
	return failed
}

func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../events/calculate/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("events/calculate holds too few samples: %v, %v", files, err)
	}
	for _, path := range files {
		f, e := &fake{}, sample(t, path)
		failed := handle(t, f, e)
		for _, r := range e.Records {
			_, err := keeper.Decode([]byte(r.Body))
			if failed[r.MessageId] != (err != nil) {
				t.Errorf("%s: a message that %v comes again: %v", filepath.Base(path), err, failed[r.MessageId])
			}
		}
	}
}

// TestABatchIsOneRound: what several messages touch is reckoned once, and only what failed comes again.
func TestABatchIsOneRound(t *testing.T) {
	var e events.SQSEvent
	for _, name := range []string{"02-unit", "03-undecodable", "01-changed"} {
		e.Records = append(e.Records, sample(t, "../../events/calculate/"+name+".json").Records...)
	}
	f := &fake{fails: map[keeper.Kind]error{keeper.Changed: fault.New(fault.Unavailable, "down", "down")}}
	failed := handle(t, f, e)
	if len(f.asked) != 1 || len(f.asked[0]) != 3 {
		t.Fatalf("asked %d times: %+v", len(f.asked), f.asked)
	}
	if len(failed) != 2 || !failed[e.Records[2].MessageId] || !failed[e.Records[3].MessageId] {
		t.Errorf("%v come again", failed)
	}
}

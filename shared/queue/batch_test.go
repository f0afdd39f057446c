package queue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/queue"
	"leadline/shared/telemetry"
)

func event(n int) events.SQSEvent {
	var e events.SQSEvent
	for i := range n {
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), Body: fmt.Sprint("Confidential ", i),
			Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(i + 1), "SentTimestamp": "1795343400123"}})
	}
	return e
}

// batch gives the ids of the reported messages and the lines of the log.
func batch(t *testing.T, e events.SQSEvent, handle func(context.Context, []queue.Message) []error) (failed []string, lines []map[string]any) {
	t.Helper()
	var buf bytes.Buffer
	response, err := queue.Batch(t.Context(), e, handle, slog.New(slog.NewJSONHandler(&buf, nil)))
	if err != nil {
		t.Fatalf("the batch failed: %v", err)
	}
	// What Lambda gets must list no failures as an empty list; null would be one of the whole batch for some mappings.
	raw, err := json.Marshal(response)
	if err != nil || !strings.HasPrefix(string(raw), `{"batchItemFailures":[`) {
		t.Errorf("response %s, %v", raw, err)
	}
	if strings.Contains(buf.String(), "Confidential") {
		t.Errorf("the log holds a body: %s", buf.String())
	}
	for dec := json.NewDecoder(&buf); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed, lines
}

func TestBatchHandsOverMessages(t *testing.T) {
	e := event(2)
	e.Records[1].Attributes = nil
	var got []queue.Message
	failed, lines := batch(t, e, func(_ context.Context, m []queue.Message) []error {
		got = m
		return make([]error, len(m))
	})
	want := []queue.Message{
		{ID: "m0", Body: "Confidential 0", ReceiveCount: 1},
		{ID: "m1", Body: "Confidential 1"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(failed) != 0 || len(lines) != 0 {
		t.Errorf("nothing failed, and yet: %v, %v", failed, lines)
	}
}

func TestBatchReportsWhatFailed(t *testing.T) {
	failed, lines := batch(t, event(4), func(context.Context, []queue.Message) []error {
		return []error{nil, fmt.Errorf("x: %w", fault.New(fault.Unavailable, "throttled", "try later")), nil, errors.New("plain")}
	})
	if !slices.Equal(failed, []string{"m1", "m3"}) {
		t.Errorf("reported %v", failed)
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one for each failed message", len(lines))
	}
	for key, want := range map[string]any{"message_id": "m1", "fault": "unavailable", "code": "throttled", "receive_count": 2.0, "level": "WARN"} {
		if lines[0][key] != want {
			t.Errorf("%s is %v, want %v", key, lines[0][key], want)
		}
	}
	if lines[1]["fault"] != "internal" || lines[1]["code"] != "" {
		t.Errorf("a plain error is logged as %v", lines[1])
	}
}

func TestBatchSurvivesItsHandler(t *testing.T) {
	every := []string{"m0", "m1", "m2"}
	for name, test := range map[string]struct {
		handle func(context.Context, []queue.Message) []error
		code   string
		lines  int
	}{
		"a panic":                {func(_ context.Context, m []queue.Message) []error { panic("Confidential " + m[0].Body) }, "panic", 4},
		"a panic with an error":  {func(_ context.Context, m []queue.Message) []error { panic(errors.New(m[0].Body)) }, "panic", 4},
		"a panic of the runtime": {func(_ context.Context, m []queue.Message) []error { return []error{fmt.Errorf("%v", m[len(m)])} }, "panic", 4},
		"no answer":              {func(context.Context, []queue.Message) []error { return nil }, "miscounted", 3},
		"too few errors":         {func(context.Context, []queue.Message) []error { return []error{nil} }, "miscounted", 3},
		"too many errors":        {func(context.Context, []queue.Message) []error { return make([]error, 4) }, "miscounted", 3},
	} {
		t.Run(name, func(t *testing.T) {
			failed, lines := batch(t, event(3), test.handle)
			if !slices.Equal(failed, every) {
				t.Errorf("reported %v, want all", failed)
			}
			if len(lines) != test.lines || lines[len(lines)-1]["code"] != test.code {
				t.Errorf("log %v", lines)
			}
		})
	}
}

func TestBatchTellsWhichPanic(t *testing.T) {
	_, lines := batch(t, event(1), func(_ context.Context, m []queue.Message) []error {
		return []error{fmt.Errorf("%v", m[len(m)])}
	})
	if len(lines) != 2 || lines[0]["level"] != "ERROR" || !strings.Contains(fmt.Sprint(lines[0]["panic"]), "out of range") ||
		!strings.Contains(fmt.Sprint(lines[0]["stack"]), "TestBatchTellsWhichPanic") {
		t.Errorf("log %v", lines)
	}
}

func TestBatchOfNothing(t *testing.T) {
	failed, lines := batch(t, events.SQSEvent{}, func(context.Context, []queue.Message) []error {
		t.Error("called for nothing")
		return nil
	})
	if len(failed) != 0 || len(lines) != 0 {
		t.Errorf("got %v, %v", failed, lines)
	}
}

func TestFailedMessagesAreCountedByKind(t *testing.T) {
	var out bytes.Buffer
	handle := telemetry.Wrap("ingest", "dev", slog.New(slog.DiscardHandler), &out, func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		return queue.Batch(ctx, e, func(context.Context, []queue.Message) []error {
			return []error{fault.New(fault.Unavailable, "x", "y"), nil, errors.New("z")}
		}, slog.New(slog.DiscardHandler))
	})
	if _, err := handle(t.Context(), event(3)); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["Fault_unavailable"] != 1.0 || line["Fault_internal"] != 1.0 {
		t.Fatalf("got %v", line)
	}
}

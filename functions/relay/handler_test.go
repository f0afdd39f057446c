package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

var deal = record.Key{Organization: "org_0a1b2c3d4e5f", Connection: "conn_0a1b2c3d4e5f", Object: "opportunity", ID: "oppo_1"}

func sample(t *testing.T, path string) events.DynamoDBEvent {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e events.DynamoDBEvent
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return e
}

func dealSample(t *testing.T) events.DynamoDBEvent {
	return sample(t, "../../events/relay/01-deal-created-won-deleted.json")
}

// relay runs the handler and gives the sequence number that it reports, and its log.
func relay(t *testing.T, history store.History, e events.DynamoDBEvent) (failed, log string) {
	t.Helper()
	var out bytes.Buffer
	h := &handler{history: history, log: slog.New(slog.NewJSONHandler(&out, nil))}
	response, err := h.Handle(context.Background(), e)
	if err != nil || len(response.BatchItemFailures) > 1 {
		t.Fatalf("got %+v, %v", response, err)
	}
	for _, f := range response.BatchItemFailures {
		failed = f.ItemIdentifier
	}
	return failed, out.String()
}

func rows(t *testing.T, history store.History) []record.Revision {
	t.Helper()
	rows, _, err := history.List(context.Background(), deal, store.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestSampleEvents(t *testing.T) {
	files, err := filepath.Glob("../../events/relay/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("events/relay holds no sample: %v", err)
	}
	for _, path := range files {
		if failed, log := relay(t, memory.NewHistory(), sample(t, path)); failed != "" {
			t.Errorf("%s: %s", filepath.Base(path), log)
		}
	}
}

func TestEachWriteBecomesOneRow(t *testing.T) {
	history := memory.NewHistory()
	for range 2 { // a batch that is delivered again changes nothing
		if failed, log := relay(t, history, dealSample(t)); failed != "" {
			t.Fatal(log)
		}
	}
	got := rows(t, history)
	if len(got) != 3 {
		t.Fatalf("got %d rows", len(got))
	}
	gone, won, made := got[0], got[1], got[2]
	if !gone.Deleted || len(gone.Changes) != 4 || gone.Changes[0].New != nil {
		t.Errorf("the deletion: %+v", gone)
	}
	if len(won.Changes) != 2 || won.Changes[0].Field != "status_label" || string(won.Changes[0].Old) != `"Demo Completed"` ||
		string(won.Changes[0].New) != `"Won"` || won.Source.Event != "ev_2" || won.FromRev != 1 {
		t.Errorf("the win: %+v", won)
	}
	if made.FromRev != 0 || len(made.Changes) != 4 || string(made.Changes[0].New) != "9007199254740993" {
		t.Errorf("the creation: %+v", made)
	}
}

type brokenHistory struct{ store.History }

func (brokenHistory) Put(context.Context, ...record.Revision) error { return errors.New("down") }

func TestIfNothingCanBeStoredTheWholeBatchComesAgain(t *testing.T) {
	e := dealSample(t)
	if failed, log := relay(t, brokenHistory{memory.NewHistory()}, e); failed != e.Records[0].Change.SequenceNumber || !strings.Contains(log, "down") {
		t.Fatalf("reported %q: %s", failed, log)
	}
}

func TestWhatComesBeforeAnUnreadableImageIsRelayed(t *testing.T) {
	e, history := dealSample(t), memory.NewHistory()
	e.Records[1].Change.NewImage["v"] = events.NewNumberAttribute("99")
	failed, log := relay(t, history, e)
	if failed != e.Records[1].Change.SequenceNumber || len(rows(t, history)) != 1 {
		t.Fatalf("reported %q, stored %d rows", failed, len(rows(t, history)))
	}
	if strings.Contains(log, "Won") {
		t.Fatalf("the log quotes the record: %s", log)
	}
}

func TestAnErasureLeavesNoHistory(t *testing.T) {
	e, history := dealSample(t), memory.NewHistory()
	e.Records = e.Records[:1]
	e.Records[0].EventName, e.Records[0].Change.OldImage, e.Records[0].Change.NewImage = "REMOVE", e.Records[0].Change.NewImage, nil
	if failed, _ := relay(t, history, e); failed != "" || len(rows(t, history)) != 0 {
		t.Fatalf("reported %q, stored %d rows", failed, len(rows(t, history)))
	}
}

package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
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

// relay runs the handler and gives the sequence number that it reports, and the error of the invocation.
func relay(t *testing.T, history store.History, e events.DynamoDBEvent) (failed string, err error) {
	t.Helper()
	h := &handler{history: history, changes: &heard{}, log: slog.New(slog.DiscardHandler)}
	response, err := h.Handle(context.Background(), e)
	if len(response.BatchItemFailures) > 1 {
		t.Fatalf("got %+v", response)
	}
	for _, f := range response.BatchItemFailures {
		failed = f.ItemIdentifier
	}
	return failed, err
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
		if failed, err := relay(t, memory.NewHistory(), sample(t, path)); failed != "" || err != nil {
			t.Errorf("%s: %s, %v", filepath.Base(path), failed, err)
		}
	}
}

func TestEachWriteBecomesOneRow(t *testing.T) {
	history := memory.NewHistory()
	for range 2 { // a batch that is delivered again changes nothing
		if failed, err := relay(t, history, dealSample(t)); failed != "" || err != nil {
			t.Fatal(failed, err)
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

// brokenHistory refuses rows of one revision, or all.
type brokenHistory struct {
	store.History
	err error
	rev int64
}

func (b brokenHistory) Put(ctx context.Context, rows ...record.Revision) error {
	for _, row := range rows {
		if b.rev == 0 || row.Rev == b.rev {
			return b.err
		}
	}
	return b.History.Put(ctx, rows...)
}

func TestWhatMayPassLaterIsTriedAgain(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Unavailable, fault.RateLimited} {
		e := dealSample(t)
		failed, err := relay(t, brokenHistory{memory.NewHistory(), fault.New(kind, "x", "down"), 0}, e)
		if failed != e.Records[0].Change.SequenceNumber || err != nil {
			t.Errorf("%s: reported %q, %v", kind, failed, err)
		}
	}
}

// bisect plays Lambda: it halves a batch that fails the invocation until the record that spoils it is alone.
func bisect(t *testing.T, history store.History, e events.DynamoDBEvent) (spoilt []string) {
	t.Helper()
	failed, err := relay(t, history, e)
	switch n := len(e.Records); {
	case failed != "":
		t.Fatalf("reported %s", failed)
	case err == nil:
	case n == 1:
		return []string{e.Records[0].Change.SequenceNumber}
	default:
		for _, half := range [][]events.DynamoDBEventRecord{e.Records[:n/2], e.Records[n/2:]} {
			spoilt = append(spoilt, bisect(t, history, events.DynamoDBEvent{Records: half})...)
		}
	}
	return spoilt
}

func TestOneSpoiltRecordDoesNotTakeTheOthersAlong(t *testing.T) {
	for rev := 1; rev <= 3; rev++ {
		unreadable, history := dealSample(t), memory.NewHistory()
		unreadable.Records[rev-1].Change.NewImage["v"] = events.NewNumberAttribute("99")
		spoilt := bisect(t, history, unreadable)
		if len(spoilt) != 1 || spoilt[0] != unreadable.Records[rev-1].Change.SequenceNumber || len(rows(t, history)) != 2 {
			t.Errorf("unreadable %d: spoilt %v, stored %d rows", rev, spoilt, len(rows(t, history)))
		}
		refusing := brokenHistory{memory.NewHistory(), fault.New(fault.Invalid, "too_large", "No."), int64(rev)}
		spoilt = bisect(t, refusing, dealSample(t))
		if len(spoilt) != 1 || len(rows(t, refusing)) != 2 {
			t.Errorf("refused %d: spoilt %v, stored %d rows", rev, spoilt, len(rows(t, refusing)))
		}
	}
}

func TestAnErrorQuotesNoRecord(t *testing.T) {
	e := dealSample(t)
	e.Records[1].Change.NewImage["v"] = events.NewNumberAttribute("99")
	if _, err := relay(t, memory.NewHistory(), e); err == nil || strings.Contains(err.Error(), "Won") {
		t.Fatalf("got %v", err)
	}
}

func TestAnErasureLeavesNoHistory(t *testing.T) {
	e, history := dealSample(t), memory.NewHistory()
	e.Records = e.Records[:1]
	e.Records[0].EventName, e.Records[0].Change.OldImage, e.Records[0].Change.NewImage = "REMOVE", e.Records[0].Change.NewImage, nil
	changes := &heard{}
	h := &handler{history: history, changes: changes, log: slog.New(slog.DiscardHandler)}
	if response, err := h.Handle(t.Context(), e); err != nil || len(response.BatchItemFailures) != 0 || len(rows(t, history)) != 0 {
		t.Fatalf("got %+v, %v, stored %d rows", response, err, len(rows(t, history)))
	}
	if got := changes.keys[deal.Organization]; len(got) != 1 || got[0] != deal {
		t.Errorf("who reckons what it counted for heard of %v", changes.keys)
	}
}

// heard remembers which records changed, and fails if it is told to.
type heard struct {
	keys map[string][]record.Key
	err  error
}

func (h *heard) Changed(_ context.Context, organization string, keys []record.Key) error {
	if h.err != nil {
		return h.err
	}
	if h.keys == nil {
		h.keys = map[string][]record.Key{}
	}
	h.keys[organization] = append(h.keys[organization], keys...)
	return nil
}

// TestWhatChangedIsSaid: each record once a batch, deletions too, and again if it could not be said.
func TestWhatChangedIsSaid(t *testing.T) {
	changes := &heard{}
	h := &handler{history: memory.NewHistory(), changes: changes, log: slog.New(slog.DiscardHandler)}
	if _, err := h.Handle(t.Context(), dealSample(t)); err != nil {
		t.Fatal(err)
	}
	if got := changes.keys[deal.Organization]; len(changes.keys) != 1 || len(got) != 1 || got[0] != deal {
		t.Errorf("heard of %v", changes.keys)
	}
	for kind, again := range map[fault.Kind]bool{fault.Unavailable: true, fault.RateLimited: true, fault.Internal: false} {
		changes.err = fault.New(kind, "queue", "the queue does not answer")
		response, err := h.Handle(t.Context(), dealSample(t))
		if again != (len(response.BatchItemFailures) == 1) || again == (err != nil) {
			t.Errorf("%s: got %+v, %v", kind, response, err)
		}
	}
}

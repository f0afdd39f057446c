package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/intake"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

const (
	organization = "org_0a1b2c3d4e5f"
	connection   = "conn_0a1b2c3d4e5f"
)

type world struct {
	records *memory.Records
	intake  *memory.Intake
	batches *memory.Batches
	blobs   blob.Store
	// announced are the ids of the deliveries that destinations were told of.
	mu        sync.Mutex
	announced []string
	log       bytes.Buffer
}

func newWorld() *world {
	return &world{records: memory.NewRecords(), intake: memory.NewIntake(), batches: memory.NewBatches(), blobs: blob.NewMemory()}
}

// Announce implements intake.Announcer.
func (w *world) Announce(_ context.Context, d delivery.Delivery) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.announced = append(w.announced, d.ID)
	return nil
}

func (w *world) handler(records store.Records) *handler {
	return &handler{log: slog.New(slog.NewJSONHandler(&w.log, nil)), intake: intake.New(intake.Options{
		Records: records, Intake: w.intake, Schemas: memory.NewSchemas(), Batches: w.batches, Journal: memory.NewJournal(), Payloads: w.blobs,
		Connectors: connector.NewRegistry(connectors.All()...), Announce: w, ClockGuard: 5 * time.Minute, SchemaCache: time.Minute, Now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) },
	})}
}

func (w *world) handle(t *testing.T, h *handler, event events.SQSEvent) []string {
	t.Helper()
	response, err := h.Handle(context.Background(), event)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func (w *world) stored(t *testing.T) []record.Record {
	t.Helper()
	stored, _, err := w.records.Scan(context.Background(), store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func sample(t *testing.T, path string) events.SQSEvent {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var event events.SQSEvent
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return event
}

// TestSampleEvents processes each of events/ingest and holds what comes of it against what its name promises.
func TestSampleEvents(t *testing.T) {
	type outcome struct{ records, quarantined, failed, batches, announced int }
	want := map[string]outcome{
		"01-two-updates.json":     {records: 1, announced: 2},
		"02-set-aside.json":       {quarantined: 1, announced: 1},
		"03-undecodable.json":     {records: 1, failed: 1, announced: 1},
		"04-body-in-bucket.json":  {records: 1, announced: 1},
		"05-push.json":            {records: 3, quarantined: 1, batches: 1},
		"06-push-sent-again.json": {records: 1, batches: 1},
		"07-row-corrected.json":   {records: 1},
	}
	files, err := filepath.Glob("../../events/ingest/*.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("events/ingest holds %d samples, this test knows %d", len(files), len(want))
	}
	for _, path := range files {
		w := newWorld()
		var packed bytes.Buffer
		if err := delivery.Pack(&packed, []byte(`{"event":{"object_type":"lead","action":"created","data":{"id":"lead_9","date_updated":"2026-11-22T08:00:00"}}}`)); err != nil {
			t.Fatal(err)
		}
		key := "inbox/" + organization + "/01KANQ7P0000000000000000D4.gz"
		if err := w.blobs.Put(context.Background(), key, packed.Bytes()); err != nil {
			t.Fatal(err)
		}
		event := sample(t, path)
		for i := range event.Records { // the sample cannot know how long the object is
			event.Records[i].Body = strings.Replace(event.Records[i].Body, `"length":0`, `"length":`+strconv.Itoa(packed.Len()), 1)
		}
		failed := w.handle(t, w.handler(w.records), event)
		entries, _, err := w.intake.Entries(context.Background(), organization, store.QuarantineFilter{}, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		batches, _, err := w.batches.Batches(context.Background(), organization, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		got := outcome{len(w.stored(t)), len(entries), len(failed), len(batches), len(w.announced)}
		if got != want[filepath.Base(path)] {
			t.Errorf("%s: got %+v, want %+v\n%s", filepath.Base(path), got, want[filepath.Base(path)], w.log.String())
		}
	}
}

// brokenRecords fails for one record.
type brokenRecords struct {
	store.Records
	id string
}

func (b brokenRecords) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	if r.ID == b.id {
		return nil, errors.New("the table is on fire")
	}
	return b.Records.PutNewer(ctx, r)
}

func TestOnlyWhatFailedIsDeliveredAgain(t *testing.T) {
	w := newWorld()
	var event events.SQSEvent
	for _, id := range []string{"lead_1", "lead_2", "lead_3"} {
		d := delivery.Delivery{ID: "01KANQ7P00000000000000" + id[5:] + "XYZ", Organization: organization, Connection: connection, Connector: "close",
			Kind: delivery.Webhook, ReceivedAt: time.Unix(0, 0).UTC(),
			Body: []byte(`{"event":{"object_type":"lead","action":"created","data":{"id":"` + id + `","secret":"hunter2","date_updated":"2026-11-22T08:00:00"}}}`)}
		message, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		event.Records = append(event.Records, events.SQSMessage{MessageId: "m-" + id, Body: string(message)})
	}
	failed := w.handle(t, w.handler(brokenRecords{w.records, "lead_2"}), event)
	if len(failed) != 1 || failed[0] != "m-lead_2" || len(w.stored(t)) != 2 {
		t.Fatalf("failed %v, stored %d", failed, len(w.stored(t)))
	}
	if log := w.log.String(); !strings.Contains(log, "m-lead_2") || strings.Contains(log, "hunter2") {
		t.Fatalf("got the log %s", log)
	}
	if failed := w.handle(t, w.handler(w.records), event); len(failed) != 0 || len(w.stored(t)) != 3 {
		t.Fatalf("again: failed %v, stored %d", failed, len(w.stored(t)))
	}
}

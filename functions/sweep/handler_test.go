package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"leadline/shared/history"
	"leadline/shared/record"
	"leadline/shared/store/memory"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// newHandler makes a handler over one record of the given age that has no history.
func newHandler(t *testing.T, age time.Duration) *handler {
	t.Helper()
	records := memory.NewRecords()
	at := now.Add(-age)
	_, err := records.PutNewer(context.Background(), record.Record{Version: record.VersionAt(at, 1), StoredAt: at,
		Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: "lead", ID: "lead_1"}})
	if err != nil {
		t.Fatal(err)
	}
	return &handler{log: slog.New(slog.DiscardHandler), sweeper: history.Sweeper{Records: records, History: memory.NewHistory(), Cursors: memory.NewCursors(),
		Now: func() time.Time { return now }, Grace: 15 * time.Minute, Interval: 6 * time.Hour}}
}

func sample(t *testing.T, name string) Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../events/sweep", name))
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}

func TestSampleEvents(t *testing.T) {
	for name, want := range map[string]map[time.Duration]int{ // repaired rows by the age of the write
		"01-schedule.json": {time.Minute: 0, time.Hour: 1},
		"02-all-now.json":  {time.Minute: 1, time.Hour: 1},
	} {
		for age, repaired := range want {
			report, err := newHandler(t, age).Handle(context.Background(), sample(t, name))
			if err != nil || report.Repaired != repaired || !report.Complete {
				t.Errorf("%s, a write %s ago: got %+v, %v", name, age, report, err)
			}
		}
	}
	files, _ := filepath.Glob("../../events/sweep/*.json")
	if len(files) != 2 {
		t.Errorf("events/sweep holds %d samples, this test knows 2", len(files))
	}
}

func TestARunStopsBeforeItsTimeIsOver(t *testing.T) {
	h := newHandler(t, time.Hour)
	for i := range 300 { // two pages
		_, err := h.sweeper.Records.PutNewer(context.Background(), record.Record{Version: record.VersionAt(now.Add(-time.Hour), 1),
			StoredAt: now.Add(-time.Hour), Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: "lead", ID: string(rune('a'+i%26)) + time.Duration(i).String()}})
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), reserve-time.Second)
	defer cancel()
	first, err := h.Handle(ctx, Event{})
	if err != nil || first.Complete {
		t.Fatalf("got %+v, %v", first, err)
	}
	second, err := h.Handle(context.Background(), Event{})
	if err != nil || !second.Complete || first.Repaired+second.Repaired != 301 {
		t.Fatalf("got %+v then %+v, %v", first, second, err)
	}
}

func TestTheSettingsAreNotChangedByOneEvent(t *testing.T) {
	h := newHandler(t, time.Minute)
	zero := 0
	if _, err := h.Handle(context.Background(), Event{GraceSeconds: &zero}); err != nil {
		t.Fatal(err)
	}
	if h.sweeper.Grace != 15*time.Minute {
		t.Fatalf("the grace is %s from now on", h.sweeper.Grace)
	}
}

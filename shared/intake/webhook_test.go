package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// destination hears of events, and cannot put some of them into its words.
type destination struct {
	mu    sync.Mutex
	heard map[string]int // by delivery
	// fails gives the error for an event, nil to hear it.
	fails func(d delivery.Delivery) error
}

func (s *destination) Announce(_ context.Context, d delivery.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		if err := s.fails(d); err != nil {
			return err
		}
	}
	if s.heard == nil {
		s.heard = map[string]int{}
	}
	id := d.ID
	if d.Replay != "" {
		id = d.Replay
	}
	s.heard[id]++
	return nil
}

func unmappable(delivery.Delivery) error {
	return fmt.Errorf("announce: %w", fault.New(fault.Invalid, string(quarantine.UnmappableEvent), "The event has no action."))
}

func TestEachWebhookIsAnnounced(t *testing.T) {
	w := newWorld(1)
	told := &destination{}
	w.announce = told
	applied, aside := w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver(body("created", "2026-11-22T09:30:00+00:00", ""))
	stale := w.deliver(body("updated", "2026-11-22T07:00:00+00:00", ""))
	w.run(t, applied, aside)
	w.run(t, stale)
	if diff := cmp.Diff(map[string]int{applied.ID: 1, aside.ID: 1, stale.ID: 1}, told.heard); diff != "" {
		t.Fatal(diff)
	}
	if err := w.crashEverywhere(w.pushed("deals", []byte(`{"objectname":"deals","data":[{"id":"a","action":"create"}]}`), "")); err != nil || len(told.heard) != 3 {
		t.Fatalf("rows of clients were announced: %v, %v", told.heard, err)
	}
	w.now = w.now.Add(time.Hour)
	w.run(t, replay(w, w.entry(t, aside.ID)))
	if told.heard[aside.ID] != 2 || len(told.heard) != 3 {
		t.Fatalf("a replay is the same event: %v", told.heard)
	}
}

func TestAnEventThatCannotBeAnnouncedIsSetAsideOnce(t *testing.T) {
	w := newWorld(1)
	told := &destination{fails: unmappable}
	w.announce = told
	applied, aside := w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver([]byte(`{}`))
	if err := w.crashEverywhere(applied, aside); err != nil {
		t.Fatal(err)
	}
	w.get(t, deal)
	if e := w.entry(t, applied.ID); e.Reason != quarantine.UnmappableEvent || e.Detail != "The event has no action." {
		t.Errorf("got %+v", e)
	}
	if e := w.entry(t, aside.ID); e.Reason != quarantine.MissingEvent {
		t.Errorf("what kept the event from its record is lost: %+v", e)
	}
	again := replay(w, w.entry(t, applied.ID))
	w.run(t, again)
	if e := w.entry(t, applied.ID); e.Status != quarantine.Open || e.Replays != 1 || e.Reason != quarantine.UnmappableEvent {
		t.Errorf("got %+v", e)
	}
	told.fails = nil
	if err := w.crashEverywhere(again); err != nil {
		t.Fatal(err)
	}
	if e := w.entry(t, applied.ID); e.Status != quarantine.Resolved || told.heard[applied.ID] == 0 {
		t.Errorf("got %+v, %v", e, told.heard)
	}
	if err := w.crashEverywhere(replay(w, w.entry(t, aside.ID))); err != nil || w.entry(t, aside.ID).Status != quarantine.Open {
		t.Errorf("an entry was resolved because it could be announced: %v", err)
	}
	told.fails = unmappable
	w.run(t, replay(w, w.entry(t, aside.ID)))
	if e := w.entry(t, aside.ID); e.Reason != quarantine.MissingEvent {
		t.Errorf("what keeps the event from its record is lost: %+v", e)
	}
}

func TestADestinationThatCannotBeToldNowIsToldLater(t *testing.T) {
	w := newWorld(1)
	told := &destination{fails: func(delivery.Delivery) error { return errors.New("the queue is down") }}
	w.announce = told
	batch := []delivery.Delivery{w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver([]byte(`{}`))}
	_, in := w.process(0, false)
	for i, err := range in.Process(context.Background(), batch) {
		if err == nil {
			t.Errorf("delivery %d is done with, and nobody heard of it", i)
		}
	}
	told.fails = nil
	w.run(t, batch...)
	if len(told.heard) != 2 || w.get(t, deal).Rev != 1 {
		t.Errorf("got %v", told.heard)
	}
}

func TestACorrectedWebhookIsKeptAndApplied(t *testing.T) {
	w := newWorld(1)
	d := w.deliver(body("created", "2026-11-22T09:30:00+00:00", ""))
	w.run(t, d)
	fixed := w.deliver(body("created", "2026-11-22T08:30:00+00:00", `,"note":"mended"`))
	fixed.Replay, fixed.Corrected = d.ID, true
	w.run(t, fixed)
	r := w.get(t, deal)
	packed, err := w.payloads.GetRange(context.Background(), r.Source.Payload.Key, r.Source.Payload.Offset, r.Source.Payload.Length)
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := delivery.Unpack(packed); err != nil || !bytes.Equal(kept, fixed.Body) || w.entry(t, d.ID).Status != quarantine.Resolved {
		t.Fatalf("kept %s, %v", kept, err)
	}
}

// countingSchemas counts the calls.
type countingSchemas struct {
	store.Schemas
	reads, writes int
	// rivals are how many other writers come first.
	rivals int
}

func (s *countingSchemas) Object(ctx context.Context, organization, connection, name string) (schema.Object, error) {
	s.reads++
	return s.Schemas.Object(ctx, organization, connection, name)
}

func (s *countingSchemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	s.writes++
	if s.rivals > 0 {
		s.rivals--
		return fault.New(fault.Conflict, store.CodeStale, "the object has changed since it was read")
	}
	return s.Schemas.SaveObject(ctx, o, addVersion)
}

func TestTheSchemaOfACRMFollowsIt(t *testing.T) {
	w := newWorld(1)
	counted := &countingSchemas{Schemas: w.schemas}
	o := w.options()
	o.Schemas = counted
	in := intake.New(o)
	second := 0
	send := func(fields string) (reads, writes int) {
		t.Helper()
		second++
		before := *counted
		if err := in.Process(context.Background(), []delivery.Delivery{w.deliver(body("updated", fmt.Sprintf("2026-11-22T08:00:%02d+00:00", second), fields))})[0]; err != nil {
			t.Fatal(err)
		}
		return counted.reads - before.reads, counted.writes - before.writes
	}
	for i, c := range []struct {
		fields        string
		reads, writes int
		number        int
		typ           schema.Type // of a
	}{
		{`,"a":null`, 1, 1, 1, schema.Unknown},
		{`,"a":null`, 0, 0, 1, schema.Unknown},
		{`,"a":1`, 1, 1, 2, schema.Number},
		{`,"a":2`, 0, 0, 2, schema.Number},
		{``, 0, 0, 2, schema.Number},
		{`,"a":"x","b":[1]`, 1, 1, 3, schema.Text},
		{`,"a":1`, 0, 0, 3, schema.Text},
	} {
		if reads, writes := send(c.fields); reads != c.reads || writes != c.writes {
			t.Errorf("%d: %d reads and %d writes", i, reads, writes)
		}
		got := w.object(t, "opportunity")
		f, _ := got.Present.Field("a")
		if got.Present.Number != c.number || f.Type != c.typ || !got.Follows || got.State != schema.Confirmed || got.Present.Origin != schema.Followed {
			t.Errorf("%d: got %+v", i, got)
		}
	}
	w.now = w.now.Add(24 * time.Hour)
	if reads, writes := send(`,"a":1`); reads+writes != 0 {
		t.Errorf("what is known for good was asked for again")
	}
	counted.rivals = 3
	if _, writes := send(`,"c":1`); writes != 4 {
		t.Errorf("%d writes", writes)
	}
	versions, _, err := w.schemas.Versions(context.Background(), organization, connection, "opportunity", store.Page{Limit: 10})
	if err != nil || len(versions) != 4 || versions[0].At.IsZero() {
		t.Errorf("got %+v, %v", versions, err)
	}
	counted.rivals = 1000
	if err := in.Process(context.Background(), []delivery.Delivery{w.deliver(body("updated", "2026-11-22T08:30:00+00:00", `,"d":1`))})[0]; !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestADeletionAloneMakesItsObjectKnown(t *testing.T) {
	w := newWorld(1)
	w.run(t, w.deliver([]byte(`{"event":{"object_type":"lead","action":"deleted","object_id":"lead_1","date_updated":"2026-11-22T08:00:00","previous_data":{"id":"lead_1"}}}`)))
	if o := w.object(t, "lead"); o.Present.Number != 1 || len(o.Present.Fields) != 0 || !o.Follows {
		t.Fatalf("got %+v", o)
	}
}

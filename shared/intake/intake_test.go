package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
)

var deal = record.Key{Organization: organization, Connection: connection, Object: "opportunity", ID: "oppo_1"}

// body is a Close event about the deal.
func body(action, updated, fields string) []byte {
	return fmt.Appendf(nil, `{"event":{"id":"ev_1","action":%q,"object_type":"opportunity","object_id":"oppo_1",
		"date_updated":"2026-11-22T08:00:00.000000","data":{"id":"oppo_1","date_updated":%q%s},"meta":{}}}`, action, updated, fields)
}

func (w *world) run(t *testing.T, deliveries ...delivery.Delivery) {
	t.Helper()
	_, in := w.process(0, false)
	for i, err := range in.Process(context.Background(), deliveries) {
		if err != nil {
			t.Fatalf("delivery %d: %v", i, err)
		}
	}
}

func (w *world) get(t *testing.T, key record.Key) record.Record {
	t.Helper()
	r, err := w.records.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) entry(t *testing.T, id string) quarantine.Entry {
	t.Helper()
	e, err := w.intake.Entry(context.Background(), organization, id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestARecordPointsAtItsUntouchedPayload(t *testing.T) {
	w := newWorld(1)
	first, second := body("created", "2026-11-22T08:00:00+00:00", `, "note" : "first"`), body("updated", "2026-11-22T08:00:01+00:00", "")
	w.run(t, w.deliver(first), w.deliver(second))
	r := w.get(t, deal)
	if r.Source.Event != "ev_1" || r.Source.Action != "updated" || r.Source.Kind != "webhook" || !strings.HasPrefix(r.Source.Payload.Key, "archive/"+organization+"/"+connection+"/2026/11/22/") {
		t.Fatalf("got %+v", r.Source)
	}
	packed, err := w.payloads.GetRange(context.Background(), r.Source.Payload.Key, r.Source.Payload.Offset, r.Source.Payload.Length)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := delivery.Unpack(packed); err != nil || !bytes.Equal(got, second) {
		t.Fatalf("got %s, %v", got, err)
	}
	indexes, _, err := w.intake.Payloads(context.Background(), organization, connection, w.now, store.Page{Limit: 10})
	if err != nil || len(indexes) != 1 || len(indexes[0].Entries) != 2 {
		t.Fatalf("got %+v, %v", indexes, err)
	}
}

func TestABatchDeliveredAgainKeepsItsPayloadsOnce(t *testing.T) {
	w := newWorld(1)
	batch := []delivery.Delivery{w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver(body("updated", "2026-11-22T08:01:00+00:00", ""))}
	w.run(t, batch...)
	w.run(t, batch...)
	indexes, _, err := w.intake.Payloads(context.Background(), organization, connection, w.now, store.Page{Limit: 10})
	if err != nil || len(indexes) != 1 {
		t.Fatalf("got %d indexes, %v", len(indexes), err)
	}
}

func TestAnUnknownObjectTypeBecomesAnObject(t *testing.T) {
	w := newWorld(1)
	w.run(t, w.deliver(bytes.ReplaceAll(body("reticulated", "2026-11-22T08:00:00+00:00", ""), []byte(`"opportunity"`), []byte(`"spline"`))))
	objects, _, err := w.schemas.Objects(context.Background(), organization, connection, store.Page{Limit: 10})
	if err != nil || len(objects) != 1 || objects[0].Name != "spline" {
		t.Fatalf("got %+v, %v", objects, err)
	}
}

func TestALargeFieldIsKeptOutsideTheRecord(t *testing.T) {
	w := newWorld(1)
	text := strings.Repeat("x", intake.MaxFieldBytes)
	w.run(t, w.deliver(body("created", "2026-11-22T08:00:00+00:00", `,"body_html":"`+text+`","note":"short"`)))
	r := w.get(t, deal)
	large, ok := r.Large["body_html"]
	if _, inside := r.Fields["body_html"]; inside || !ok || string(r.Fields["note"]) != `"short"` {
		t.Fatalf("fields %d, large %v", len(r.Fields), r.Large)
	}
	value, err := w.payloads.Get(context.Background(), large.Key(organization))
	if err != nil || string(value) != `"`+text+`"` || large.Bytes != int64(len(value)) {
		t.Fatalf("got %d bytes, %v", len(value), err)
	}
}

func TestARecordOfManyFieldsIsKeptToItsSize(t *testing.T) {
	fields := func(n, bytes int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"f%05d":"%s"`, i, strings.Repeat("x", bytes))
		}
		return b.String()
	}
	for _, c := range []struct {
		n, bytes int
		fits     bool
		large    bool
	}{{40, 100, true, false}, {40, 16_000, true, true}, {200, 16_000, true, true}, {100, 1200, true, false}, {900, 3000, true, true}, {20_000, 30, false, false}} {
		w := newWorld(1)
		d := w.deliver(body("created", "2026-11-22T08:00:00+00:00", fields(c.n, c.bytes)))
		w.run(t, d)
		if !c.fits {
			if e := w.entry(t, d.ID); e.Reason != quarantine.TooLarge {
				t.Errorf("%d fields of %d bytes: %+v", c.n, c.bytes, e)
			}
			continue
		}
		r := w.get(t, deal)
		if r.Size() > record.MaxBytes || (len(r.Large) > 0) != c.large || len(r.Fields)+len(r.Large) != c.n+2 {
			t.Errorf("%d fields of %d bytes: %d bytes in %d fields and %d large ones", c.n, c.bytes, r.Size(), len(r.Fields), len(r.Large))
		}
		for name, l := range r.Large {
			if value, err := w.payloads.Get(context.Background(), l.Key(organization)); err != nil || int64(len(value)) != l.Bytes {
				t.Errorf("%s: %d bytes, %v", name, len(value), err)
			}
		}
		w.run(t, w.deliver(body("updated", "2026-11-22T08:00:00+00:00", fields(c.n, c.bytes))))
		if again := w.get(t, deal); again.Rev != 1 || again.Contested {
			t.Errorf("%d fields of %d bytes: the same content again is another content", c.n, c.bytes)
		}
	}
}

func TestWhatCanNeverBeAppliedIsSetAside(t *testing.T) {
	event := func(inner string) string { return `{"event":{` + inner + `}}` }
	for _, c := range []struct {
		body   string
		reason quarantine.Reason
	}{
		{`{}`, quarantine.MissingEvent},
		{`[]`, quarantine.NotAnObject},
		{`null`, quarantine.NotAnObject},
		{`"text"`, quarantine.NotAnObject},
		{`7`, quarantine.NotAnObject},
		{`{"event":`, quarantine.MalformedBody},
		{event(``), quarantine.MissingObjectType},
		{event(`"object_type":"lead"`), quarantine.MissingAction},
		{event(`"object_type":"lead","action":"updated","data":{"date_updated":"2026-11-22T08:00:00"}`), quarantine.MissingID},
		{event(`"object_type":"lead","action":"updated","object_id":"` + strings.Repeat("x", record.MaxIDBytes+1) + `","data":{"a":1}`), quarantine.InvalidID},
		{event(`"object_type":"lead","action":"updated","object_id":"lead_1","data":{"a":1}`), quarantine.MissingVersion},
		{event(`"object_type":"lead","action":"updated","object_id":"lead_1","date_updated":"2026-11-22T08:00:00"`), quarantine.MissingData},
		{event(`"object_type":"lead","action":"updated","object_id":"lead_1","data":{"date_updated":"2026-11-22T09:05:01"}`), quarantine.FutureVersion},
	} {
		w := newWorld(1)
		d := w.deliver([]byte(c.body))
		w.run(t, d)
		e := w.entry(t, d.ID)
		if e.Reason != c.reason || e.Status != quarantine.Open || e.Detail == "" || e.Connector != "close" {
			t.Errorf("%s: got %+v, want %s", c.body, e, c.reason)
			continue
		}
		packed, err := w.payloads.GetRange(context.Background(), e.Payload.Key, e.Payload.Offset, e.Payload.Length)
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := delivery.Unpack(packed); err != nil || string(kept) != c.body {
			t.Errorf("%s: kept as %s, %v", c.body, kept, err)
		}
		if stored, _, _ := w.records.Scan(context.Background(), store.Page{Limit: 1}); len(stored) != 0 {
			t.Errorf("%s: something was stored", c.body)
		}
	}
}

func TestTheClockGuardLetsFiveMinutesThrough(t *testing.T) {
	w := newWorld(1)
	w.run(t, w.deliver(body("created", "2026-11-22T09:05:00+00:00", "")))
	w.get(t, deal)
}

func TestAMergeFromTheFutureIsSetAsideWhole(t *testing.T) {
	w := newWorld(1)
	d := w.deliver([]byte(`{"event":{"id":"ev_1","action":"merged","object_type":"lead","object_id":"lead_1","date_updated":"2026-11-22T10:00:00",
		"data":{"id":"lead_1","date_updated":"2026-11-22T08:00:00+00:00"},"meta":{"merge_source_lead_id":"lead_2","merge_destination_lead_id":"lead_1"}}}`))
	w.run(t, d)
	if e := w.entry(t, d.ID); e.Reason != quarantine.FutureVersion {
		t.Fatalf("got %+v", e)
	}
	if stored, _, _ := w.records.Scan(context.Background(), store.Page{Limit: 1}); len(stored) != 0 {
		t.Fatal("half of the merge was applied")
	}
}

func TestAConnectorThatIsGoneSetsAside(t *testing.T) {
	w := newWorld(1)
	d := w.deliver(body("created", "2026-11-22T08:00:00+00:00", ""))
	d.Connector = "abacus"
	w.run(t, d)
	if e := w.entry(t, d.ID); e.Reason != quarantine.UnknownConnector {
		t.Fatalf("got %+v", e)
	}
}

// replay is the delivery that the API makes of an entry.
func replay(w *world, e quarantine.Entry) delivery.Delivery {
	d := w.deliver(nil)
	d.Body, d.Payload, d.Replay = nil, &e.Payload, e.ID
	return d
}

func TestAReplayThatSucceedsChangesTheRecordAndResolvesTheEntry(t *testing.T) {
	w := newWorld(1)
	d := w.deliver(body("created", "2026-11-22T09:30:00+00:00", ""))
	w.run(t, d)
	early := replay(w, w.entry(t, d.ID))
	w.run(t, early)
	if e := w.entry(t, d.ID); e.Status != quarantine.Open || e.Replays != 1 {
		t.Fatalf("a replay before its time: got %+v", e)
	}
	w.now = w.now.Add(time.Hour)
	late := replay(w, w.entry(t, d.ID))
	if err := w.crashEverywhere(late); err != nil {
		t.Fatal(err)
	}
	if e := w.entry(t, d.ID); e.Status != quarantine.Resolved {
		t.Fatalf("a replay after its time: got %+v", e)
	}
	if r := w.get(t, deal); r.Rev != 1 {
		t.Fatalf("got revision %d", r.Rev)
	}
	w.run(t, late) // the queue delivers the replay twice
	if e := w.entry(t, d.ID); e.Status != quarantine.Resolved {
		t.Fatalf("got %+v", e)
	}
}

func TestOneBadDeliveryDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(1)
	missing := w.deliver(nil)
	missing.Body, missing.Payload = nil, &record.PayloadRef{Key: "inbox/" + organization + "/gone.gz", Length: 10}
	_, in := w.process(0, false)
	errs := in.Process(context.Background(), []delivery.Delivery{missing, w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver([]byte(`{}`))})
	if errs[0] == nil || errs[1] != nil || errs[2] != nil {
		t.Fatalf("got %v", errs)
	}
	w.get(t, deal)
}

func TestAPanicFailsItsDeliveryAlone(t *testing.T) {
	w := newWorld(1)
	broken := connector.Definition{Name: "broken", Webhook: &connector.Webhook{Parse: func([]byte) ([]record.Change, error) {
		panic("a bug")
	}}}
	o := w.options()
	o.Connectors = connector.NewRegistry(append(connectors.All(), broken)...)
	in := intake.New(o)
	bad := w.deliver([]byte(`{}`))
	bad.Connector = "broken"
	errs := in.Process(context.Background(), []delivery.Delivery{bad, w.deliver(body("created", "2026-11-22T08:00:00+00:00", ""))})
	if !fault.Is(errs[0], fault.Internal) || errs[1] != nil {
		t.Fatalf("got %v", errs)
	}
}

// rival changes the record between a writer's two writes, the given number of times.
type rival struct {
	store.Records
	left int
}

func (r *rival) Replace(ctx context.Context, rec record.Record, rev int64) (bool, *record.Record, error) {
	if r.left > 0 {
		r.left--
		return false, nil, nil
	}
	return r.Records.Replace(ctx, rec, rev)
}

func TestATieThatLosesARaceIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		rivals int
		kind   fault.Kind
	}{{0, ""}, {3, ""}, {1000, fault.Unavailable}} {
		w := newWorld(1)
		w.run(t, w.deliver(body("created", "2026-11-22T08:00:00+00:00", `,"a":1`)))
		o := w.options()
		o.Records = &rival{w.records, c.rivals}
		in := intake.New(o)
		errs := in.Process(context.Background(), []delivery.Delivery{w.deliver(body("updated", "2026-11-22T08:00:00+00:00", `,"a":2`))})
		if fault.KindOf(errs[0]) != c.kind {
			t.Errorf("%d rivals: got %v", c.rivals, errs[0])
		}
		if c.kind == "" && !w.get(t, deal).Contested {
			t.Errorf("%d rivals: the record is not marked", c.rivals)
		}
	}
}

func TestAContestIsSettledOnce(t *testing.T) {
	w := newWorld(1)
	at := "2026-11-22T08:00:00+00:00"
	var deliveries []delivery.Delivery
	for _, content := range []string{`,"a":1`, `,"a":2`, `,"a":3`} {
		deliveries = append(deliveries, w.deliver(body("updated", at, content)))
	}
	for _, d := range deliveries {
		w.run(t, d)
	}
	settled := w.get(t, deal)
	for _, d := range append(deliveries, deliveries...) {
		w.run(t, d)
	}
	if again := w.get(t, deal); !again.Contested || again.Rev != settled.Rev || again.Hash() != settled.Hash() {
		t.Fatalf("got %+v, want %+v", again, settled)
	}
	w.run(t, w.deliver(body("updated", "2026-11-22T08:00:01+00:00", "")))
	if newer := w.get(t, deal); newer.Contested {
		t.Fatal("a newer version is not contested")
	}
}

type brokenBlob struct{ blob.Store }

func (brokenBlob) Put(context.Context, string, []byte) error { return errors.New("down") }

func TestNothingIsAppliedWhosePayloadIsNotKept(t *testing.T) {
	w := newWorld(1)
	o := w.options()
	o.Payloads = brokenBlob{w.payloads}
	in := intake.New(o)
	errs := in.Process(context.Background(), []delivery.Delivery{w.deliver(body("created", "2026-11-22T08:00:00+00:00", "")), w.deliver([]byte(`{}`))})
	if errs[0] == nil || errs[1] == nil {
		t.Fatalf("got %v", errs)
	}
	if stored, _, _ := w.records.Scan(context.Background(), store.Page{Limit: 1}); len(stored) != 0 {
		t.Fatal("the record was stored all the same")
	}
}

func TestNumbersStayExact(t *testing.T) {
	w := newWorld(1)
	for i, number := range []string{"9007199254740993", "0.1", "1e2", "19.99", "1.10", "12345678901234567890.123456789"} {
		w.run(t, w.deliver(body("updated", fmt.Sprintf("2026-11-22T08:00:%02d+00:00", i), `,"value":`+number)))
		text, err := json.Marshal(w.get(t, deal).Fields)
		if err != nil || !strings.Contains(string(text), `"value":`+number+`}`) {
			t.Errorf("%s: got %s, %v", number, text, err)
		}
	}
}

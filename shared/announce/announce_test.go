package announce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/announce"
	"leadline/shared/blob"
	"leadline/shared/connectors/close"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/quarantine"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

const (
	organization = "org_000000000001"
	connection   = "conn_000000000001"
	ulid         = "01KANQ7P0000000000000000D4"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type sent struct {
	group string
	outbound.Delivery
}

// world is an Announcer over memory, with a queue that can refuse what is for some destinations.
type world struct {
	t        *testing.T
	stored   *memory.Destinations
	payloads *blob.Memory
	now      time.Time
	got      []sent
	refuses  map[string]error // by destination
	reads    int
	*announce.Announcer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, stored: memory.NewDestinations(memory.NewTenancy()), payloads: blob.NewMemory(), now: noon, refuses: map[string]error{}}
	w.Announcer = announce.New(announce.Options{Destinations: counted{w.stored, &w.reads}, Cache: time.Minute, Now: func() time.Time { return w.now },
		Outbox: outbound.Outbox{Queue: w, Payloads: w.payloads}})
	return w
}

type stored = store.Destinations

type counted struct {
	stored
	reads *int
}

func (c counted) Destinations(ctx context.Context, organization string, page store.Page) ([]outbound.Destination, string, error) {
	*c.reads++
	return c.stored.Destinations(ctx, organization, page)
}

func (w *world) Send(_ context.Context, group string, body []byte) error {
	d, err := outbound.Decode(body)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.refuses[d.Destination]; err != nil {
		return err
	}
	w.got = append(w.got, sent{group, d})
	return nil
}

func (w *world) destination(n int, change func(*outbound.Destination)) {
	w.t.Helper()
	d := outbound.Destination{ID: fmt.Sprintf("dst_%012d", n), Organization: organization, Kind: outbound.Track, Status: outbound.Active,
		URL: "https://example.com", CreatedAt: noon, UpdatedAt: noon, Rev: 1}
	if change != nil {
		change(&d)
	}
	if err := w.stored.CreateDestination(w.t.Context(), d, nil); err != nil {
		w.t.Fatal(err)
	}
}

func webhook() delivery.Delivery {
	return delivery.Delivery{ID: ulid, Organization: organization, Connection: connection, Connector: "close", Kind: delivery.Webhook, ReceivedAt: noon,
		Body: []byte(`{"event":{"object_type":"lead","action":"updated","id":"ev_1","lead_id":"lead_1","date_updated":"2019-01-15T12:48:23.395000"}}`)}
}

func (w *world) announce(d delivery.Delivery) {
	w.t.Helper()
	if err := w.Announce(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

// ids gives the ids of what was sent, in order, and forgets it.
func (w *world) ids() []string {
	var ids []string
	for _, s := range w.got {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	w.got = nil
	return ids
}

func (w *world) sends(want ...string) {
	w.t.Helper()
	if got := w.ids(); !slices.Equal(got, want) {
		w.t.Errorf("sent %v, want %v", got, want)
	}
}

func TestOneMessageForEachDestination(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	w.destination(2, func(d *outbound.Destination) { d.SeedTimestamps = true })
	w.announce(webhook())
	if len(w.got) != 2 {
		t.Fatalf("sent %+v", w.got)
	}
	for i, timestamp := range []string{"2019-01-15T12:48:23.395Z", "2019-01-TuT12:48:23.395+00:00"} {
		s := w.got[i]
		if s.group != organization || s.Organization != organization || s.ID != ulid+"-"+s.Destination || s.Event != "ev_1" ||
			s.Type != "lead updated" || !s.CreatedAt.Equal(noon) || s.Attempt != 1 || s.Replay != 0 {
			t.Errorf("sent %+v", s)
		}
		var body struct{ OriginalTimestamp, UserID, MessageID string }
		if err := json.Unmarshal(s.Body, &body); err != nil || body.OriginalTimestamp != timestamp || body.UserID != "lead_1" || body.MessageID != "ev_1" {
			t.Errorf("body %s, %v", s.Body, err)
		}
	}
}

func TestWhoWantsIt(t *testing.T) {
	w := newWorld(t)
	w.destination(1, func(d *outbound.Destination) { d.Connections = []string{"conn_other0000001", connection} })
	w.destination(2, func(d *outbound.Destination) { d.Connections = []string{"conn_other0000001"} })
	w.destination(3, func(d *outbound.Destination) { d.Kind = "records" })
	w.destination(4, func(d *outbound.Destination) { d.Organization = "org_000000000002" })
	w.destination(5, func(d *outbound.Destination) { d.Status = outbound.Disabled })
	w.destination(6, func(d *outbound.Destination) { d.Status = outbound.Failed })
	w.announce(webhook())
	w.sends(ulid+"-dst_000000000001", ulid+"-dst_000000000005", ulid+"-dst_000000000006")
}

func TestWhatIsNothingToAnnounce(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	push, other := webhook(), webhook()
	push.Kind = delivery.Push
	other.Connector = "hubspot"
	w.announce(push)
	w.announce(other)
	if w.sends(); w.reads != 0 {
		t.Errorf("%d reads", w.reads)
	}
	if name := close.Definition().Name; name != webhook().Connector {
		t.Errorf("the connector is called %q", name)
	}
}

func TestManyDestinations(t *testing.T) {
	w := newWorld(t)
	for n := range 250 {
		w.destination(n, nil)
	}
	w.announce(webhook())
	if got := w.ids(); len(slices.Compact(got)) != 250 {
		t.Errorf("%d deliveries", len(got))
	}
}

func TestWithoutADestinationNothingIsMapped(t *testing.T) {
	w := newWorld(t)
	d := webhook()
	d.Body = []byte(`{"event":{}}`)
	w.announce(d)
	w.announce(d)
	if w.sends(); w.reads != 1 {
		t.Errorf("%d reads", w.reads)
	}
}

func TestAnEventThatCannotBeMapped(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	d := webhook()
	d.Body = []byte(`{"event":{"object_type":"lead","id":"ev_1"}}`)
	err := w.Announce(t.Context(), d)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != string(quarantine.UnmappableEvent) || f.Message != "event.action is missing, expected a text." {
		t.Errorf("got %v", err)
	}
	w.sends()
}

func TestDestinationsAreBelievedForAWhile(t *testing.T) {
	w := newWorld(t)
	w.announce(webhook())
	w.destination(1, nil)
	w.now = noon.Add(59 * time.Second)
	w.announce(webhook())
	w.sends()
	w.now = noon.Add(time.Minute)
	w.announce(webhook())
	w.sends(ulid + "-dst_000000000001")
	if w.reads != 2 {
		t.Errorf("%d reads", w.reads)
	}
}

func TestARepetitionHasTheSameIDs(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	w.destination(2, nil)
	w.destination(3, nil)
	both := []string{ulid + "-dst_000000000001", ulid + "-dst_000000000002", ulid + "-dst_000000000003"}

	w.refuses["dst_000000000002"] = fault.New(fault.RateLimited, "throttled", "slow down")
	if err := w.Announce(t.Context(), webhook()); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("one of the queue's failures came out as %v", err)
	}
	w.sends(both[0], both[2])
	delete(w.refuses, "dst_000000000002")
	w.announce(webhook())
	w.sends(both...)

	replay := webhook()
	replay.ID, replay.Replay = "01KAP00000000000000000000X", ulid
	w.announce(replay)
	w.sends(both...)
}

func TestARefusedMessageIsNoUnmappableEvent(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	w.refuses["dst_000000000001"] = fault.New(fault.Invalid, "invalid_message", "the queue does not take the message")
	if err := w.Announce(t.Context(), webhook()); !fault.Is(err, fault.Internal) {
		t.Errorf("got %v (%s)", err, fault.KindOf(err))
	}
}

func TestALargeEventLiesInTheBucket(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	d := webhook()
	d.Body = []byte(strings.Replace(string(d.Body), `"ev_1"`, `"ev_1","note":"`+strings.Repeat("x", 300_000)+`"`, 1))
	w.announce(d)
	if len(w.got) != 1 || w.got[0].Body != nil || w.got[0].Payload == nil {
		t.Fatalf("sent %d messages", len(w.got))
	}
	ref := w.got[0].Payload
	packed, err := w.payloads.GetRange(t.Context(), ref.Key, ref.Offset, ref.Length)
	if err != nil || !strings.HasPrefix(ref.Key, "outbound/"+organization+"/"+ulid) {
		t.Fatalf("%s: %v", ref.Key, err)
	}
	if body, err := delivery.Unpack(packed); err != nil || len(body) < 300_000 || !json.Valid(body) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

type broken struct{ stored }

func (broken) Destinations(context.Context, string, store.Page) ([]outbound.Destination, string, error) {
	return nil, "", fault.New(fault.Unavailable, "unavailable", "no")
}

func TestATableThatFails(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	w.Announcer.Destinations = broken{}
	if err := w.Announce(t.Context(), webhook()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	w.Announcer.Destinations = w.stored
	w.announce(webhook()) // the failure is not remembered
	w.sends(ulid + "-dst_000000000001")
}

// TestAnEventOfAnOddName goes on its way: that the queue would not take its name must not keep the webhook from being
// acknowledged.
func TestAnEventOfAnOddName(t *testing.T) {
	w := newWorld(t)
	w.destination(1, nil)
	for _, name := range []string{`a\uffff`, strings.Repeat("long", 100_000)} {
		d := webhook()
		d.Body = []byte(`{"event":{"object_type":"` + name + `","action":"updated","id":"ev_1","lead_id":"lead_1"}}`)
		w.announce(d)
		message, err := w.got[0].Encode()
		if err != nil || len(message) > 256<<10 || strings.ContainsRune(string(message), '\uffff') {
			t.Errorf("%d bytes, %v: %.200s", len(message), err, message)
		}
		w.sends(ulid + "-dst_000000000001")
	}
}

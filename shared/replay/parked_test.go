package replay_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/replay"
)

// park indexes kept payloads, as ingest does: those of one object, by when each was received. A name that begins with a
// capital is of another kind than a webhook.
func (w *world) park(connection string, stored time.Time, received map[string]time.Time) {
	w.t.Helper()
	index := delivery.PayloadIndex{Organization: organization, Connection: connection, StoredAt: stored, Object: fmt.Sprint("archive/", stored.UnixNano(), connection)}
	for name, at := range received {
		e := delivery.PayloadEntry{Delivery: name, ReceivedAt: at, Payload: record.PayloadRef{Key: index.Object, Offset: int64(len(index.Entries)), Length: 7}}
		if name[0] < 'a' {
			e.Kind = delivery.Fetch
		}
		index.Entries = append(index.Entries, e)
	}
	if err := w.intake.IndexPayloads(w.t.Context(), index); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) parked() replay.Parked { return replay.Parked{Intake: w.intake, Inbox: w.Inbox} }

func TestWhatWasParkedIsSentAgain(t *testing.T) {
	w := newWorld(t)
	from, until := noon.AddDate(0, 0, -20), noon
	at := func(name string, at time.Time) map[string]time.Time { return map[string]time.Time{name: at} }
	w.park(connection, from.Add(-1), at("before", from.Add(-1)))
	w.park(connection, from, map[string]time.Time{"first": from, "FETCHED": from})
	w.park(connection, from.AddDate(0, 0, 10), map[string]time.Time{"middle": from.AddDate(0, 0, 10), "second of it": from.AddDate(0, 0, 10).Add(time.Second)})
	w.park(connection, until.Add(-1), map[string]time.Time{"last": until.Add(-1), "too late": until})
	w.park("conn_other", noon.Add(-time.Hour), at("another connection's", noon.Add(-time.Hour)))
	n, err := w.parked().Replay(t.Context(), organization, connection, "close", from, until)
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, d := range w.got {
		sent = append(sent, d.ID)
		if d.Organization != organization || d.Connection != connection || d.Connector != "close" || d.Kind != delivery.Webhook || !d.Unparked || d.Parked || d.Replay != "" ||
			d.Payload == nil || d.Payload.Length != 7 || d.ReceivedAt.Before(from) || len(d.Body) > 0 {
			t.Errorf("sent %+v", d)
		}
	}
	slices.Sort(sent)
	if want := []string{"first", "last", "middle", "second of it"}; !slices.Equal(sent, want) || n != len(want) {
		t.Errorf("sent %d: %v", n, sent)
	}
}

// TestWhatWaitedInTheQueueIsFoundOnTheDayOfItsNeighbour: an object of payloads lies on the day of the oldest of them.
func TestWhatWaitedInTheQueueIsFoundOnTheDayOfItsNeighbour(t *testing.T) {
	w := newWorld(t)
	midnight := noon.Truncate(24 * time.Hour)
	w.park(connection, midnight.Add(-2*time.Hour), map[string]time.Time{"old": midnight.Add(-2 * time.Hour), "parked": midnight.Add(time.Minute)})
	if n, err := w.parked().Replay(t.Context(), organization, connection, "close", midnight, noon); err != nil || n != 1 || w.got[0].ID != "parked" {
		t.Errorf("sent %d: %+v, %v", n, w.got, err)
	}
}

func TestParkedOfMoreThanAPage(t *testing.T) {
	w := newWorld(t)
	for i := range 1_100 {
		at := noon.Add(-time.Duration(i) * time.Second)
		w.park(connection, at, map[string]time.Time{fmt.Sprint("d", i): at})
	}
	if n, err := w.parked().Replay(t.Context(), organization, connection, "close", noon.Add(-time.Hour), noon.Add(1)); err != nil || n != 1_100 || len(w.got) != 1_100 {
		t.Errorf("sent %d, %v", n, err)
	}
}

func TestParkedThatIsNotSentIsAnError(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		at := noon.Add(-time.Duration(i+1) * time.Minute)
		w.park(connection, at, map[string]time.Time{fmt.Sprint("d", i): at})
	}
	w.fails = 7
	if _, err := w.parked().Replay(t.Context(), organization, connection, "close", noon.Add(-time.Hour), noon); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	w.fails, w.got = 0, nil
	if n, err := w.parked().Replay(t.Context(), organization, connection, "close", noon.Add(-time.Hour), noon); err != nil || n != 20 || len(w.got) != 20 {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestNothingWasParked(t *testing.T) {
	w := newWorld(t)
	if n, err := w.parked().Replay(t.Context(), organization, connection, "close", noon, noon); err != nil || n != 0 {
		t.Errorf("got %d, %v", n, err)
	}
}

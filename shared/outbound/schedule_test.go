package outbound_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestSchedule holds the waits against the table of the comment, which is written out here once more.
func TestSchedule(t *testing.T) {
	want := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour,
		20*time.Hour + 25*time.Minute}
	var total time.Duration
	sums := make([]time.Duration, len(want))
	const deliveries = 400
	for n := range deliveries {
		d := outbound.Delivery{ID: fmt.Sprintf("01KANQ7P000000000000%06d-dst_1", n)}
		for i, middle := range want {
			at, more := outbound.NextAttempt(d, outbound.Attempt{Number: i + 1, At: start}, 0)
			wait := at.Sub(start)
			if !more || wait < middle*8/10 || wait > middle*12/10 {
				t.Fatalf("before attempt %d: %s, want %s and a fifth at most", i+2, wait, middle)
			}
			again, _ := outbound.NextAttempt(d, outbound.Attempt{Number: i + 1, At: start}, 0)
			if !again.Equal(at) {
				t.Fatalf("asked again: %s, before %s", again, at)
			}
			sums[i] += wait
		}
		if _, more := outbound.NextAttempt(d, outbound.Attempt{Number: outbound.MaxAttempts, At: start}, time.Hour); more {
			t.Fatal("there is an eleventh attempt")
		}
	}
	for i, middle := range want {
		if mean := sums[i] / deliveries; mean < middle*97/100 || mean > middle*103/100 {
			t.Errorf("before attempt %d: on average %s, want about %s", i+2, mean, middle)
		}
		total += middle
	}
	if total.Round(time.Minute) != 72*time.Hour {
		t.Errorf("the schedule spans %s", total)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := outbound.Delivery{ID: rapid.String().Draw(r, "id"), Replay: rapid.IntRange(0, 3).Draw(r, "replay")}
		failed := outbound.Attempt{Number: rapid.IntRange(1, 9).Draw(r, "number"), At: start, Took: rapid.Int64Range(0, 15_000).Draw(r, "took")}
		took := time.Duration(failed.Took) * time.Millisecond
		asked := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(r, "asked"))
		at, more := outbound.NextAttempt(d, failed, asked)
		plain, _ := outbound.NextAttempt(d, failed, 0)
		wait := at.Sub(start)
		if !more || asked > 0 && wait < took+min(asked, outbound.MaxRetryAfter) || at.Before(plain) || wait > max(plain.Sub(start), 16*time.Second+outbound.MaxRetryAfter*6/5) {
			r.Fatalf("asked for %s: %s, else %s", asked, wait, plain.Sub(start))
		}
	})
}

func TestMessages(t *testing.T) {
	to := outbound.Destination{ID: "dst_000000000001", Organization: "org_1"}
	d := outbound.NewDelivery(to, "01KANQ7P0000000000000000D4", "ev_1", "opportunity updated", start, []byte(`{"a":1}`))
	if d.ID != "01KANQ7P0000000000000000D4-dst_000000000001" || d.Event != "ev_1" || d.Attempt != 1 || d.Organization != "org_1" || d.Destination != to.ID {
		t.Errorf("got %+v", d)
	}
	message, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := outbound.Decode(message)
	if err != nil || back.ID != d.ID || string(back.Body) != `{"a":1}` || !back.CreatedAt.Equal(start) || back.Type != d.Type {
		t.Errorf("got %+v, %v", back, err)
	}
	retry := d.Retry(3)
	if retry.Attempt != 3 || retry.Body != nil || retry.Replay != 0 || retry.ID != d.ID {
		t.Errorf("a retry: %+v", retry)
	}
	again := outbound.LogEntry{Delivery: retry, Outcome: outbound.GivenUp}.Again()
	if again.Attempt != 1 || again.Replay != 1 || again.Body != nil || again.Event != d.Event {
		t.Errorf("a replay: %+v", again)
	}
	for _, d := range []outbound.Delivery{retry, again} {
		if message, err = d.Encode(); err != nil {
			t.Fatal(err)
		}
		if _, err := outbound.Decode(message); err != nil {
			t.Errorf("%s: %v", message, err)
		}
	}
	for name, spoil := range map[string]func(map[string]any){
		"format": func(m map[string]any) { m["v"] = 2 }, "organization": func(m map[string]any) { delete(m, "organization") },
		"destination": func(m map[string]any) { m["destination"] = "" }, "id": func(m map[string]any) { delete(m, "id") },
		"event": func(m map[string]any) { delete(m, "event") }, "attempt": func(m map[string]any) { m["attempt"] = 0 },
		"replay": func(m map[string]any) { m["replay"] = -1 }, "no body": func(m map[string]any) { delete(m, "body") },
		"two bodies": func(m map[string]any) { m["payload"] = map[string]any{"key": "x", "length": 1} },
	} {
		var m map[string]any
		message, _ := d.Encode()
		if err := json.Unmarshal(message, &m); err != nil {
			t.Fatal(err)
		}
		spoil(m)
		message, _ = json.Marshal(m)
		if _, err := outbound.Decode(message); err == nil {
			t.Errorf("%s: %s is read", name, message)
		}
	}
	if _, err := outbound.Decode([]byte("{")); err == nil {
		t.Error("what is no JSON is read")
	}
}

// TestWebhookIDs: whatever a source calls its event, the header is one that can be sent and signed, the same each time.
func TestWebhookIDs(t *testing.T) {
	id := func(event string) string {
		return outbound.NewDelivery(outbound.Destination{}, "s", event, "", start, []byte("{}")).Event
	}
	for _, plain := range []string{"ev_1", "A-b_9", strings.Repeat("a", 128)} {
		if id(plain) != plain {
			t.Errorf("%q becomes %q", plain, id(plain))
		}
	}
	seen := map[string]bool{}
	for _, odd := range []string{"", "a.b", "a b", "a\r\nX: y", "ü", strings.Repeat("a", 129)} {
		got := id(odd)
		if !strings.HasPrefix(got, "evt_") || len(got) != 36 || seen[got] || id(odd) != got {
			t.Errorf("%q becomes %q", odd, got)
		}
		seen[got] = true
	}
}

// TestTypesAreShort: whatever a source calls its event, the log can keep it and the queue takes it.
func TestTypesAreShort(t *testing.T) {
	for given, want := range map[string]string{
		"lead updated": "lead updated", "späti geöffnet": "späti geöffnet", "a\uffffb\ufffe\x00 c\n": "ab c", strings.Repeat("é", 300_000): strings.Repeat("é", 100),
	} {
		d := outbound.NewDelivery(outbound.Destination{ID: "dst_1", Organization: "org_1"}, "01A", "ev_1", given, start, []byte("{}"))
		message, err := d.Encode()
		if err != nil || d.Type != want || len(message) > 1000 || strings.ContainsAny(string(message), "\ufffe\uffff") {
			t.Errorf("%.20q: %.50q, %d bytes, %v", given, d.Type, len(message), err)
		}
	}
}

// outboxQueue keeps what is sent, or fails.
type outboxQueue struct {
	sent [][]byte
	err  error
}

func (q *outboxQueue) Send(_ context.Context, group string, body []byte) error {
	if q.err == nil {
		q.sent = append(q.sent, append([]byte(group+" "), body...))
	}
	return q.err
}

func TestOutbox(t *testing.T) {
	to := outbound.Destination{ID: "dst_1", Organization: "org_1"}
	q, payloads := &outboxQueue{}, blob.NewMemory()
	o := outbound.Outbox{Queue: q, Payloads: payloads}
	small := outbound.NewDelivery(to, "01A", "ev_1", "x", start, []byte(`{"a":1}`))
	if err := o.Send(t.Context(), small); err != nil || len(q.sent) != 1 || len(payloads.Keys()) != 0 {
		t.Fatalf("%v: %d sent, %v", err, len(q.sent), payloads.Keys())
	}
	body := []byte(`{"a":"` + strings.Repeat("x", 400<<10) + `"}`)
	large := outbound.NewDelivery(to, "01B", "ev_2", "x", start, body)
	if err := o.Send(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	text, _ := strings.CutPrefix(string(q.sent[1]), "org_1 ")
	d, err := outbound.Decode([]byte(text))
	if err != nil || d.Payload == nil || d.Payload.Key != "outbound/org_1/01B-dst_1.gz" || len(text) > 1000 {
		t.Fatalf("%v: %.300s", err, text)
	}
	packed, err := payloads.GetRange(t.Context(), d.Payload.Key, d.Payload.Offset, d.Payload.Length)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := delivery.Unpack(packed); err != nil || string(unpacked) != string(body) {
		t.Errorf("%v: %d bytes", err, len(unpacked))
	}
	q.err = fault.New(fault.Unavailable, "x", "down")
	if err := o.Send(t.Context(), small); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	q.err = nil
	if err := o.Send(ended, large); !fault.Is(err, fault.Unavailable) || len(q.sent) != 2 {
		t.Errorf("without the payload: %v, %d sent", err, len(q.sent))
	}
}

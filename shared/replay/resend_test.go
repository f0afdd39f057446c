package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/replay"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"

	"github.com/oklog/ulid/v2"
)

// outbox notes what is sent, and fails after so many messages.
type outbox struct {
	mu    sync.Mutex
	sent  []outbound.Delivery
	fails int
}

func (o *outbox) Send(_ context.Context, group string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails > 0 && len(o.sent) >= o.fails {
		return fault.New(fault.Unavailable, "unavailable", "no")
	}
	d, err := outbound.Decode(body)
	if err == nil && group == d.Organization {
		o.sent = append(o.sent, d)
	}
	return err
}

// TestResendSendsWhatIsStuck: what waits for an attempt that is hours late will not arrive by itself.
func TestResendSendsWhatIsStuck(t *testing.T) {
	log, out := memory.NewDeliveries(), &outbox{}
	const destination = tenant.DestinationID + "_000000000001"
	for name, next := range map[string]time.Duration{"lost": -7 * time.Hour, "late": -5 * time.Hour, "waiting": time.Hour} {
		at := noon.Add(-24 * time.Hour)
		id := ulid.MustNew(ulid.Timestamp(at)-uint64(next/time.Hour+10), nil).String() + "-" + destination
		e := outbound.LogEntry{Outcome: outbound.Retrying, Rev: 1, UpdatedAt: at, NextAt: noon.Add(next), Delivery: outbound.Delivery{V: outbound.Format, Organization: organization,
			Destination: destination, ID: id, Event: name, Body: []byte(`{}`), CreatedAt: at, Attempt: 1}}
		if err := log.LogDelivery(t.Context(), e, noon.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	params, _ := json.Marshal(job.ResendParams{Destination: destination, Until: noon})
	r := &replay.Resender{Deliveries: log, Outbox: outbound.Outbox{Queue: out, Payloads: blob.NewMemory()}}
	if _, err := r.Step(t.Context(), job.Job{Organization: organization, Params: params}); err != nil || len(out.sent) != 1 || out.sent[0].Event != "lost" {
		t.Errorf("%v, sent %+v", err, out.sent)
	}
}

func TestResendSendsWhatADestinationMissed(t *testing.T) {
	log := memory.NewDeliveries()
	const destination = tenant.DestinationID + "_000000000001"
	outcomes := []outbound.Outcome{outbound.Delivered, outbound.GivenUp, outbound.Skipped, outbound.Retrying}
	for i := range 1000 {
		at := noon.Add(-time.Duration(i) * time.Minute)
		id := ulid.MustNew(ulid.Timestamp(at), nil).String() + "-" + destination
		e := outbound.LogEntry{Outcome: outcomes[i%4], Rev: 1, UpdatedAt: at, NextAt: noon.Add(-time.Hour), Delivery: outbound.Delivery{V: outbound.Format, Organization: organization,
			Destination: destination, ID: id, Event: fmt.Sprintf("ev_%d", i), Type: "lead updated", Body: []byte(`{}`), CreatedAt: at, Attempt: 1}}
		if err := log.LogDelivery(t.Context(), e, noon.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		params job.ResendParams
		want   []outbound.Outcome
		n      int
	}{
		"what was missed since noon":   {job.ResendParams{Destination: destination, From: noon.Add(-399 * time.Minute), Until: noon.Add(time.Minute)}, []outbound.Outcome{outbound.GivenUp, outbound.Skipped}, 200},
		"everything but what is tried": {job.ResendParams{Destination: destination, Until: noon.Add(time.Minute), All: true}, outcomes[:3], 750},
		"another destination":          {job.ResendParams{Destination: "dst_x", Until: noon.Add(time.Minute)}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			out := &outbox{fails: 150}
			r := &replay.Resender{Deliveries: log, Outbox: outbound.Outbox{Queue: out, Payloads: blob.NewMemory()}}
			params, _ := json.Marshal(c.params)
			j := job.Job{Organization: organization, Params: params}
			for steps := 0; j.Status != job.Done; steps++ {
				next, err := r.Step(t.Context(), j)
				if err != nil { // as a queue would: the step again, from where the last one was saved
					out.fails = 0
					next, err = r.Step(t.Context(), j)
				}
				if err != nil || steps > 50 {
					t.Fatalf("step %d: %v", steps, err)
				}
				j = next
			}
			events := map[string]bool{}
			for _, d := range out.sent {
				events[d.Event] = true
				if d.Replay != 1 || d.Attempt != 1 {
					t.Fatalf("sent as attempt %d of replay %d", d.Attempt, d.Replay)
				}
			}
			if len(events) != c.n || j.Counts[replay.CountReplayed] != int64(c.n) {
				t.Errorf("%d events were sent, %v counted, want %d", len(events), j.Counts, c.n)
			}
			for event := range events {
				var i int
				_, _ = fmt.Sscanf(event, "ev_%d", &i)
				if !slices.Contains(c.want, outcomes[i%4]) {
					t.Errorf("%s was sent, which is %s", event, outcomes[i%4])
				}
			}
		})
	}
	if _, err := (&replay.Resender{}).Step(t.Context(), job.Job{Params: []byte(`{}`)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a job that says nothing: %v", err)
	}
}

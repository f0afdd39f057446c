package dispatch_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

func verify(t *testing.T, h hit, secret string) bool {
	t.Helper()
	receiver, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return receiver.VerifyIgnoringTimestamp([]byte(h.body), h.header) == nil
}

// countingDeliveries counts calls.
type countingDeliveries struct {
	store.Deliveries
	reads, writes atomic.Int64
}

func (c *countingDeliveries) LoggedDelivery(ctx context.Context, organization, destination, id string) (outbound.LogEntry, error) {
	c.reads.Add(1)
	return c.Deliveries.LoggedDelivery(ctx, organization, destination, id)
}

func (c *countingDeliveries) LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error {
	c.writes.Add(1)
	return c.Deliveries.LogDelivery(ctx, e, forget)
}

// countingDestinations counts calls.
type countingDestinations struct {
	stored        *memory.Destinations
	reads, writes atomic.Int64
}

func (c *countingDestinations) Destination(ctx context.Context, organization, id string) (outbound.Destination, error) {
	c.reads.Add(1)
	return c.stored.Destination(ctx, organization, id)
}

func (c *countingDestinations) UpdateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	c.writes.Add(1)
	return c.stored.UpdateDestination(ctx, d, receipt)
}

// TestASuccessAtOnce also holds what it costs: a read and a write of the log, and a read of the destination now and then.
func TestASuccessAtOnce(t *testing.T) {
	w := newWorld(t)
	log, destinations := &countingDeliveries{Deliveries: w.deliveries}, &countingDestinations{stored: w.destinations}
	w.deliverer = w.instance(func(o *dispatch.Options) { o.Deliveries, o.Destinations = log, destinations })
	for i, want := range []int64{1, 1, 1} {
		d := w.event(t, fmt.Sprint("A", i))
		w.deliver(t, d)
		if destinations.reads.Load() != want || log.reads.Load() != int64(i+1) || log.writes.Load() != int64(i+1) || destinations.writes.Load() != 0 {
			t.Errorf("delivery %d: %d reads of the destination, %d of the log, %d writes", i, destinations.reads.Load(), log.reads.Load(), log.writes.Load())
		}
		e := w.logged(t, d)
		if e.Outcome != outbound.Delivered || len(e.Attempts) != 1 || e.Attempts[0].Number != 1 || e.Attempts[0].Status != 200 || !e.NextAt.IsZero() || e.Rev != 1 ||
			!e.Attempts[0].At.Equal(start) || string(e.Body) != string(d.Body) {
			t.Errorf("logged %+v", e)
		}
	}
	h := w.got()[0]
	if h.body != `{"event":"A0"}` || !verify(t, h, w.secret) || h.header.Get("Webhook-Id") != "ev_A0" || h.header.Get("Authorization") != "Basic bGVhZDo=" ||
		h.header.Get("Webhook-Timestamp") != strconv.FormatInt(start.Unix(), 10) {
		t.Errorf("got %+v", h)
	}
	if w.queue.sent != 0 || len(w.notices(t)) != 0 {
		t.Errorf("%d messages, %v", w.queue.sent, w.notices(t))
	}
	w.set(start.Add(61 * time.Second))
	if w.deliver(t, w.event(t, "B")); destinations.reads.Load() != 2 {
		t.Errorf("after a minute the destination was not read again: %d reads", destinations.reads.Load())
	}
}

func TestFailuresThenASuccess(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
		if n <= 4 {
			rw.WriteHeader(500)
			_, _ = rw.Write([]byte("out\nof order"))
		}
	})
	d := w.event(t, "A")
	w.deliver(t, d)
	if to := w.destination(t); !to.FailingSince.Equal(start) || to.Status != outbound.Active || to.Problem != "It answered 500 Internal Server Error." || to.Rev != 2 {
		t.Errorf("after the first failure: %+v", to)
	}
	e := w.logged(t, d)
	if e.Outcome != outbound.Retrying || e.NextAt.Sub(start) < 4*time.Second || e.NextAt.Sub(start) > 6*time.Second || e.Attempts[0].Answer != "out of order" {
		t.Errorf("after the first failure: %+v", e)
	}
	w.run(t, start.Add(24*time.Hour))
	e = w.logged(t, d)
	if e.Outcome != outbound.Delivered || len(e.Attempts) != 5 || !e.NextAt.IsZero() {
		t.Fatalf("in the end: %+v", e)
	}
	seen := map[string]bool{}
	waits := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}
	for i, h := range w.got() {
		a := e.Attempts[i]
		if i > 0 {
			wait := a.At.Sub(e.Attempts[i-1].At)
			if wait < waits[i-1]*8/10 || wait > waits[i-1]*12/10+time.Second {
				t.Errorf("attempt %d came after %s, want about %s", i+1, wait, waits[i-1])
			}
		}
		stamp := h.header.Get("Webhook-Timestamp")
		if a.Number != i+1 || !verify(t, h, w.secret) || h.header.Get("Webhook-Id") != "ev_A" || seen[stamp] || stamp != strconv.FormatInt(a.At.Unix(), 10) || h.body != `{"event":"A"}` {
			t.Errorf("attempt %d: %+v, %+v", i+1, a, h)
		}
		seen[stamp] = true
	}
	if to := w.destination(t); !to.FailingSince.IsZero() || to.Problem != "" || to.Rev != 3 {
		t.Errorf("in the end: %+v", to)
	}
	if len(w.got()) != 5 || len(w.notices(t)) != 0 {
		t.Errorf("%d requests, %v", len(w.got()), w.notices(t))
	}
}

func TestGoneSwitchesOffAtOnce(t *testing.T) {
	w := newWorld(t)
	w.answers(status(410))
	first := w.event(t, "A")
	w.deliver(t, first)
	if e, to := w.logged(t, first), w.destination(t); e.Outcome != outbound.GivenUp || len(e.Attempts) != 1 || to.Status != outbound.Failed || !strings.Contains(to.Problem, "410") {
		t.Fatalf("%+v, %+v", e, to)
	}
	second := w.event(t, "B")
	w.deliver(t, second)
	if e := w.logged(t, second); e.Outcome != outbound.Skipped || len(e.Attempts) != 0 {
		t.Errorf("what comes for it: %+v", e)
	}
	if got := w.notices(t); !slices.Equal(got, []notice.Kind{notice.DestinationDisabled}) || len(w.got()) != 1 {
		t.Errorf("%v, %d requests", got, len(w.got()))
	}
	// A person switches it on again, and replays what it missed; this instance must not go on skipping.
	w.answers(nil)
	w.set(start.Add(2 * time.Second))
	w.update(t, w.destination(t).WithStatus(outbound.Active, w.now()))
	for _, d := range []outbound.Delivery{first, second} {
		w.deliver(t, w.logged(t, d).Again())
		if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 1 || e.Replay != 1 {
			t.Errorf("replayed: %+v", e)
		}
	}
}

// TestGoneFromWhereItNoLongerLeads: a 410 of the old URL does not switch off the new one, which gets the event.
func TestGoneFromWhereItNoLongerLeads(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path == "/new" {
			return
		}
		w.update(t, w.destination(t).WithURL(w.server.URL+"/new", w.now()))
		rw.WriteHeader(410)
	})
	d := w.event(t, "A")
	w.deliver(t, d)
	if to := w.destination(t); to.Status != outbound.Active || !to.FailingSince.IsZero() || len(w.notices(t)) != 0 {
		t.Errorf("%+v, %v", to, w.notices(t))
	}
	w.run(t, start.Add(time.Hour))
	if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) < 2 {
		t.Errorf("got %+v", e)
	}
}

// TestManyGone: of ten that are answered 410 at a time, one tells, and none is tried again.
func TestManyGone(t *testing.T) {
	w := newWorld(t)
	w.answers(status(410))
	var all sync.WaitGroup
	for i := range 10 {
		d := w.event(t, fmt.Sprint("A", i))
		all.Go(func() { w.deliver(t, d) })
	}
	all.Wait()
	for i := range 10 {
		if e := w.logged(t, w.event(t, fmt.Sprint("A", i))); e.Outcome != outbound.GivenUp && e.Outcome != outbound.Skipped {
			t.Errorf("got %+v", e)
		}
	}
	if got := w.notices(t); len(got) != 1 || w.queue.sent != 0 {
		t.Errorf("%v, %d messages", got, w.queue.sent)
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	for _, code := range []int{429, 503} {
		w := newWorld(t)
		w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				rw.Header().Set("Retry-After", "7200")
				rw.WriteHeader(code)
			}
		})
		d := w.event(t, "A")
		w.deliver(t, d)
		if w.queue.sent != 0 {
			t.Error("a wait of hours was given to the queue")
		}
		w.run(t, start.Add(2*time.Hour-time.Second))
		if len(w.got()) != 1 {
			t.Fatalf("%d requests within two hours", len(w.got()))
		}
		w.run(t, start.Add(3*time.Hour))
		if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 2 {
			t.Errorf("%d: %+v", code, e)
		}
	}
}

func TestThreeDaysOfFailure(t *testing.T) {
	w := newWorld(t)
	w.answers(status(502))
	d := w.event(t, "A")
	w.deliver(t, d)
	w.run(t, start.Add(11*time.Hour))
	if got := w.notices(t); len(got) != 0 {
		t.Errorf("after 11 hours: %v", got)
	}
	w.run(t, start.Add(40*time.Hour))
	late := w.event(t, "B")
	w.deliver(t, late)
	if got := w.notices(t); !slices.Equal(got, []notice.Kind{notice.DestinationFailing}) || w.destination(t).Status != outbound.Active {
		t.Errorf("after 40 hours: %v, %+v", got, w.destination(t))
	}
	w.run(t, start.Add(100*time.Hour))
	e, to := w.logged(t, d), w.destination(t)
	span := e.Attempts[len(e.Attempts)-1].At.Sub(start)
	if e.Outcome != outbound.GivenUp || len(e.Attempts) != outbound.MaxAttempts || span < 57*time.Hour || span > 87*time.Hour {
		t.Errorf("%s: %+v", span, e)
	}
	if to.Status != outbound.Failed || !to.FailingSince.Equal(start) || !strings.Contains(to.Problem, "since 2026-11-22T09:00:00Z") || !strings.Contains(to.Problem, "502") {
		t.Errorf("got %+v", to)
	}
	if e := w.logged(t, late); e.Outcome != outbound.Skipped || len(e.Attempts) == 0 || !e.NextAt.IsZero() {
		t.Errorf("what was under way: %+v", e)
	}
	if got := w.notices(t); !slices.Equal(got, []notice.Kind{notice.DestinationFailing, notice.DestinationDisabled}) {
		t.Errorf("in the end: %v", got)
	}
	requests := len(w.got())
	w.run(t, start.Add(300*time.Hour))
	if len(w.got()) != requests {
		t.Errorf("%d requests after it was switched off", len(w.got())-requests)
	}
}

// TestOneSpoiltEventDoesNotSwitchOff: a receiver that never takes one event, but all others, works.
func TestOneSpoiltEventDoesNotSwitchOff(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, r *http.Request, _ int) {
		if r.Header.Get("Webhook-Id") == "ev_A" {
			rw.WriteHeader(422)
		}
	})
	spoilt := w.event(t, "A")
	w.deliver(t, spoilt)
	for hour := 1; hour < 100; hour += 10 {
		w.run(t, start.Add(time.Duration(hour)*time.Hour))
		w.deliver(t, w.event(t, fmt.Sprint("B", hour)))
	}
	if e, to := w.logged(t, spoilt), w.destination(t); e.Outcome != outbound.GivenUp || to.Status != outbound.Active || !to.FailingSince.IsZero() || len(w.notices(t)) != 0 {
		t.Errorf("%+v, %+v, %v", e, to, w.notices(t))
	}
}

// TestInstancesThatRememberOldStates: one instance sees the failure, another, which remembers the destination from
// before it, sees the success. The failure must not stay behind.
func TestInstancesThatRememberOldStates(t *testing.T) {
	w := newWorld(t)
	other := w.instance(nil)
	if err := other.Deliver(t.Context(), w.event(t, "A")); err != nil {
		t.Fatal(err)
	}
	w.answers(status(500))
	d := w.event(t, "B")
	w.deliver(t, d)
	if w.destination(t).FailingSince.IsZero() {
		t.Fatal("the failure is not noted")
	}
	w.answers(nil)
	if err := other.Deliver(t.Context(), d.Retry(2)); err != nil {
		t.Fatal(err)
	}
	if to := w.destination(t); !to.FailingSince.IsZero() {
		t.Errorf("it still fails: %+v", to)
	}
	// A lone failure weeks after another that was never cleared switches nothing off.
	w.update(t, w.destination(t).Failing(start.Add(-20*24*time.Hour), "Old.", start))
	w.answers(status(500))
	w.set(start.Add(2 * time.Minute))
	w.deliver(t, w.event(t, "C"))
	if to := w.destination(t); to.Status != outbound.Active {
		t.Errorf("one failure switched it off: %+v", to)
	}
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	text, signer := w.newSecret(t)
	w.update(t, w.destination(t).Rotate(signer, 24*time.Hour, w.now()))
	w.deliver(t, w.event(t, "A"))
	w.set(start.Add(25 * time.Hour))
	w.deliver(t, w.event(t, "B"))
	during, after := w.got()[0], w.got()[1]
	if !verify(t, during, w.secret) || !verify(t, during, text) || len(strings.Fields(during.header.Get("Webhook-Signature"))) != 2 {
		t.Errorf("during the overlap: %v", during.header)
	}
	if verify(t, after, w.secret) || !verify(t, after, text) {
		t.Errorf("after it: %v", after.header)
	}
}

// TestASecretRunsOutWhileItIsRemembered: it is not remembered beyond its time.
func TestASecretRunsOutWhileItIsRemembered(t *testing.T) {
	w := newWorld(t)
	text, signer := w.newSecret(t)
	w.update(t, w.destination(t).Rotate(signer, 30*time.Second, w.now()))
	w.deliver(t, w.event(t, "A"))
	w.set(start.Add(31 * time.Second))
	w.deliver(t, w.event(t, "B"))
	if h := w.got()[1]; verify(t, h, w.secret) || !verify(t, h, text) {
		t.Errorf("got %v", h.header)
	}
}

func TestATimeoutIsAFailureOfTheDestination(t *testing.T) {
	w := newWorld(t)
	w.answers(func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	w.deliverer = w.instance(func(o *dispatch.Options) {
		o.Client = w.client(outbound.ClientOptions{Timeout: 100 * time.Millisecond})
	})
	d := w.event(t, "A")
	w.deliver(t, d)
	if e := w.logged(t, d); e.Outcome != outbound.Retrying || e.Attempts[0].Status != 0 || !strings.Contains(e.Attempts[0].Problem, "no answer within") {
		t.Errorf("got %+v", e)
	}
}

// TestOurOwnEndIsNone: a function that runs out of time blames nobody.
func TestOurOwnEndIsNone(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.answers(func(_ http.ResponseWriter, r *http.Request, _ int) { cancel(); <-r.Context().Done() })
	d := w.event(t, "A")
	if err := w.deliverer.Deliver(ctx, d); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.deliverer.Deliver(soon, d); !fault.Is(err, fault.Unavailable) || len(w.got()) != 1 {
		t.Errorf("with too little time: %v, %d requests", err, len(w.got()))
	}
	if _, err := w.deliveries.LoggedDelivery(t.Context(), organization, destination, d.ID); !fault.Is(err, fault.NotFound) || !w.destination(t).FailingSince.IsZero() {
		t.Errorf("it is logged (%v), %+v", err, w.destination(t))
	}
}

func TestReplays(t *testing.T) {
	w := newWorld(t)
	w.answers(status(500))
	d := w.event(t, "A")
	w.deliver(t, d)
	w.deliver(t, d.Retry(2))
	old := d.Retry(3)
	// A replay while the delivery is still tried again ends the old attempts.
	replay := w.logged(t, d).Again()
	w.deliver(t, replay)
	if e := w.logged(t, d); e.Replay != 1 || len(e.Attempts) != 1 || e.Outcome != outbound.Retrying {
		t.Fatalf("got %+v", e)
	}
	w.deliver(t, old)
	if e := w.logged(t, d); len(e.Attempts) != 1 || len(w.got()) != 3 {
		t.Errorf("the old attempts go on: %+v", e)
	}
	w.deliver(t, replay) // delivered twice, or asked for twice
	if len(w.got()) != 3 {
		t.Error("a replay was made twice")
	}
	w.answers(nil)
	w.run(t, start.Add(time.Hour))
	if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 2 || e.Replay != 1 {
		t.Errorf("got %+v", e)
	}
	last := w.got()[len(w.got())-1]
	if last.body != `{"event":"A"}` || last.header.Get("Webhook-Id") != "ev_A" || !verify(t, last, w.secret) {
		t.Errorf("got %+v", last)
	}
	// Of what was delivered, too.
	w.deliver(t, w.logged(t, d).Again())
	if e := w.logged(t, d); e.Replay != 2 || len(e.Attempts) != 1 || e.Outcome != outbound.Delivered {
		t.Errorf("got %+v", e)
	}
}

// TestAReplayThatMeetsAnOldAttempt: while a replay is being made, a retry from before it is logged.
func TestAReplayThatMeetsAnOldAttempt(t *testing.T) {
	w := newWorld(t)
	w.answers(status(500))
	d := w.event(t, "A")
	w.deliver(t, d)
	w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
		if n == 2 {
			w.deliver(t, d.Retry(2))
			return
		}
		rw.WriteHeader(500)
	})
	w.deliver(t, w.logged(t, d).Again())
	if e := w.logged(t, d); e.Replay != 1 || e.Outcome != outbound.Delivered || len(e.Attempts) != 1 || e.Rev != 3 || len(w.got()) != 3 {
		t.Errorf("%d requests: %+v", len(w.got()), e)
	}
}

// TestTwoWorkersWithOneMessage: the slower one has its request in vain, but makes sure that the next attempt is
// scheduled: the faster one may have died before.
func TestTwoWorkersWithOneMessage(t *testing.T) {
	w := newWorld(t)
	d := w.event(t, "A")
	dying := w.flaky("send", false)
	w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
		if n == 1 {
			if err := dying.Deliver(context.Background(), d); err == nil {
				t.Error("it did not die")
			}
		}
		rw.WriteHeader(500)
	})
	w.deliver(t, d)
	if e := w.logged(t, d); len(e.Attempts) != 1 || e.Rev != 1 || w.queue.sent != 1 {
		t.Errorf("%d messages: %+v", w.queue.sent, e)
	}
}

// TestBatchReplay goes the way of the API: the list has no bodies.
func TestBatchReplay(t *testing.T) {
	w := newWorld(t)
	w.update(t, w.destination(t).WithStatus(outbound.Disabled, start))
	for i := range 5 {
		w.deliver(t, w.event(t, fmt.Sprint("A", i)))
	}
	if len(w.got()) != 0 {
		t.Fatalf("%d requests to a destination that is switched off", len(w.got()))
	}
	w.update(t, w.destination(t).WithStatus(outbound.Active, start))
	w.set(start.Add(time.Minute))
	entries, _, err := w.deliveries.LoggedDeliveries(t.Context(), organization, destination, store.DeliveryFilter{Outcome: outbound.Skipped, From: start}, store.Page{Limit: 10})
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d, %v", len(entries), err)
	}
	box := outbound.Outbox{Queue: w.queue, Payloads: w.payloads}
	for _, e := range entries {
		if err := box.Send(t.Context(), e.Again()); err != nil {
			t.Fatal(err)
		}
	}
	w.run(t, start.Add(time.Hour))
	bodies := map[string]bool{}
	for _, h := range w.got() {
		bodies[h.body] = true
	}
	if len(w.got()) != 5 || len(bodies) != 5 {
		t.Errorf("got %v", bodies)
	}
}

func TestWhatIsGoneIsDropped(t *testing.T) {
	w := newWorld(t)
	d := w.event(t, "A")
	w.deliver(t, d.Retry(2))                                             // erased from the log
	w.deliver(t, outbound.LogEntry{Delivery: d}.Again())                 // the same, for a replay
	stranger := outbound.Destination{ID: "dst_x", Organization: "org_x"} // and a destination that is gone
	for range 2 {
		w.deliver(t, outbound.NewDelivery(stranger, "B", "ev_B", "x", start, []byte("{}")))
	}
	if len(w.got()) != 0 {
		t.Errorf("%d requests", len(w.got()))
	}
	if _, err := w.deliveries.LoggedDelivery(t.Context(), organization, destination, d.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is logged: %v", err)
	}
}

func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	box := outbound.Outbox{Queue: w.queue, Payloads: w.payloads}
	body := []byte(`{"a":"` + strings.Repeat("xyz", 200_000) + `"}`)
	d := outbound.NewDelivery(w.destination(t), "A", "ev_A", "x", start, body)
	w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
		if n == 1 {
			rw.WriteHeader(500)
		}
	})
	if err := box.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.run(t, start.Add(time.Minute))
	if got := w.got(); len(got) != 2 || got[0].body != string(body) || got[1].body != string(body) || w.logged(t, d).Outcome != outbound.Delivered {
		t.Fatalf("%d requests", len(got))
	}
	// What is no longer kept cannot be sent; the destination has no part in it.
	w.deliverer = w.instance(func(o *dispatch.Options) { o.Payloads = blob.NewMemory() })
	w.deliver(t, w.logged(t, d).Again())
	if e := w.logged(t, d); e.Outcome != outbound.GivenUp || !strings.Contains(e.Attempts[0].Problem, "no longer kept") || !w.destination(t).FailingSince.IsZero() {
		t.Errorf("got %+v", e)
	}
}

// TestASlowDestination gets a few requests at a time from one instance, and another destination does not wait for it.
func TestASlowDestination(t *testing.T) {
	w := newWorld(t)
	var inFlight, most atomic.Int64
	full, open := make(chan struct{}, 100), make(chan struct{})
	w.answers(func(_ http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path != "/events" {
			return
		}
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		full <- struct{}{}
		<-open
	})
	quick := w.destination(t)
	quick.ID, quick.URL, quick.Rev = "dst_quick", w.server.URL+"/quick", 1
	if err := w.destinations.CreateDestination(t.Context(), quick, nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 10 {
		d := w.event(t, fmt.Sprint("A", i))
		all.Go(func() { w.deliver(t, d) })
	}
	for range 5 {
		<-full
	}
	w.deliver(t, outbound.NewDelivery(quick, "B", "ev_B", "x", start, []byte("{}")))
	close(open)
	all.Wait()
	if most.Load() != 5 || len(w.got()) != 11 {
		t.Errorf("%d at a time, %d requests", most.Load(), len(w.got()))
	}
}

// TestAMissedAttempt: what we fail at counts as an attempt, the destination has no part in it, and the schedule goes on.
func TestAMissedAttempt(t *testing.T) {
	w := newWorld(t)
	d := w.event(t, "A")
	miss := func(d outbound.Delivery) {
		t.Helper()
		if err := w.deliverer.Miss(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	miss(d)
	e := w.logged(t, d)
	if e.Outcome != outbound.Retrying || len(e.Attempts) != 1 || e.Attempts[0].Status != 0 || !strings.Contains(e.Attempts[0].Problem, "Leadline") ||
		e.NextAt.IsZero() || w.queue.sent != 1 || len(w.got()) != 0 || !w.destination(t).FailingSince.IsZero() {
		t.Fatalf("%d messages, %d requests: %+v", w.queue.sent, len(w.got()), e)
	}
	miss(d) // it comes again: only what follows is scheduled, by whoever died before
	if e := w.logged(t, d); len(e.Attempts) != 1 || w.queue.sent != 2 {
		t.Errorf("%d messages: %+v", w.queue.sent, e)
	}
	w.run(t, start.Add(time.Hour))
	if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 2 || w.got()[0].body != `{"event":"A"}` {
		t.Errorf("the next attempt: %+v", e)
	}
	miss(d.Retry(2))
	if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 2 {
		t.Errorf("after it was delivered: %+v", e)
	}
	miss(w.logged(t, d).Again())
	for n := 2; n <= outbound.MaxAttempts; n++ {
		again := d.Retry(n)
		again.Replay = 1
		miss(again)
	}
	if e, to := w.logged(t, d), w.destination(t); e.Outcome != outbound.GivenUp || len(e.Attempts) != outbound.MaxAttempts || !e.NextAt.IsZero() ||
		to.Status != outbound.Active || !to.FailingSince.IsZero() || len(w.notices(t)) != 0 {
		t.Errorf("in the end: %+v, %+v", e, to)
	}
	other := w.event(t, "B")
	if err := w.flaky("log", false).Miss(t.Context(), other); !fault.Is(err, fault.Unavailable) {
		t.Errorf("what cannot even be logged: %v", err)
	}
}

// TestABodyThatWasPutAgain: the replay of an event whose payload was corrected puts another body under the same name. What
// is still under way gets that, whatever its length.
func TestABodyThatWasPutAgain(t *testing.T) {
	for _, length := range []int{50_000, 200_000} {
		w := newWorld(t)
		w.answers(func(rw http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				rw.WriteHeader(500)
			}
		})
		box := outbound.Outbox{Queue: w.queue, Payloads: w.payloads}
		body := func(letters string, n int) []byte { return []byte(`{"a":"` + strings.Repeat(letters, n) + `"}`) }
		d := outbound.NewDelivery(w.destination(t), "A", "ev_A", "x", start, body("xyz", 40_000))
		if err := box.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		w.run(t, start)
		d.Body = body("corrected", length)
		if err := box.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		w.run(t, start.Add(time.Hour))
		last := w.got()[len(w.got())-1]
		if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != 2 || last.body != string(d.Body) || !verify(t, last, w.secret) {
			t.Errorf("%d requests, the last of %d bytes: %+v", len(w.got()), len(last.body), e)
		}
	}
}

// contendedDestinations are always changed by somebody faster.
type contendedDestinations struct{ *memory.Destinations }

func (contendedDestinations) UpdateDestination(context.Context, outbound.Destination, *store.Receipt) error {
	return fault.New(fault.Conflict, store.CodeStale, "stale")
}

// TestADestinationThatAllInstancesChange: under load, one that fails now and then is changed by all at once. An attempt
// must not be made again because somebody else was faster in noting that it failed; switching off must not get lost.
func TestADestinationThatAllInstancesChange(t *testing.T) {
	w := newWorld(t)
	w.deliverer = w.instance(func(o *dispatch.Options) { o.Destinations = contendedDestinations{w.destinations} })
	w.answers(status(500))
	d := w.event(t, "A")
	w.deliver(t, d)
	if e := w.logged(t, d); e.Outcome != outbound.Retrying || len(e.Attempts) != 1 || len(w.got()) != 1 || w.queue.sent != 1 {
		t.Errorf("%d requests: %+v", len(w.got()), e)
	}
	w.answers(status(410))
	if err := w.deliverer.Deliver(t.Context(), w.event(t, "B")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a 410 that is not noted: %v", err)
	}
}

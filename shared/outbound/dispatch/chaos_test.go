package dispatch_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

var errDown = fault.New(fault.Unavailable, "down", "down")

// flaky fails once before or after the named call reaches what is behind it.
type flaky struct {
	*world
	call  string
	after bool
	done  bool
}

func (f *flaky) do(call string, act func() error) error {
	if f.call != call || f.done {
		return act()
	}
	f.done = true
	if f.after {
		if err := act(); err != nil {
			return err
		}
	}
	return errDown
}

type flakyDeliveries struct {
	store.Deliveries
	*flaky
}

func (f flakyDeliveries) LoggedDelivery(ctx context.Context, organization, destination, id string) (e outbound.LogEntry, err error) {
	err = f.do("read log", func() error {
		e, err = f.Deliveries.LoggedDelivery(ctx, organization, destination, id)
		return err
	})
	return e, err
}

func (f flakyDeliveries) LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error {
	return f.do("log", func() error { return f.Deliveries.LogDelivery(ctx, e, forget) })
}

type flakyDestinations struct {
	stored *memory.Destinations
	*flaky
}

func (f flakyDestinations) Destination(ctx context.Context, organization, id string) (d outbound.Destination, err error) {
	err = f.do("read destination", func() error {
		d, err = f.stored.Destination(ctx, organization, id)
		return err
	})
	return d, err
}

func (f flakyDestinations) UpdateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error {
	return f.do("change destination", func() error { return f.stored.UpdateDestination(ctx, d, receipt) })
}

type flakyJournal struct {
	store.Journal
	*flaky
}

func (f flakyJournal) Tell(ctx context.Context, n notice.Notice) (fresh bool, err error) {
	err = f.do("tell", func() error {
		fresh, err = f.Journal.Tell(ctx, n)
		return err
	})
	return fresh, err
}

type flakyDue struct {
	store.Due
	*flaky
}

func (f flakyDue) Schedule(ctx context.Context, item store.DueItem) error {
	return f.do("schedule", func() error { return f.Due.Schedule(ctx, item) })
}

type flakyQueue struct {
	to *fakeQueue
	*flaky
}

func (f flakyQueue) SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error {
	return f.do("send", func() error { return f.to.SendAfter(ctx, group, body, delay) })
}

func (w *world) flaky(call string, after bool) *dispatch.Deliverer {
	f := &flaky{world: w, call: call, after: after}
	return w.instance(func(o *dispatch.Options) {
		o.Deliveries, o.Destinations, o.Journal = flakyDeliveries{w.deliveries, f}, flakyDestinations{w.destinations, f}, flakyJournal{w.journal, f}
		o.Due, o.Queue = flakyDue{w.due, f}, flakyQueue{w.queue, f}
	})
}

// TestACrashBetweenAnyTwoSteps brings the message again. In the end everything is as without the crash, but for a request
// that may have been made twice.
func TestACrashBetweenAnyTwoSteps(t *testing.T) {
	for _, test := range []struct {
		call    string
		after   bool
		attempt int // the attempt during which it crashes
		hits    int // the requests of that attempt
	}{
		{"read log", false, 1, 1}, {"read destination", false, 1, 1}, {"change destination", false, 1, 2}, {"change destination", true, 1, 2},
		{"log", false, 1, 2}, {"log", true, 1, 1}, {"send", false, 1, 1}, {"send", true, 1, 1},
		{"log", false, 3, 2}, {"log", true, 3, 1}, {"schedule", false, 3, 1}, {"schedule", true, 3, 1},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			w := newWorld(t)
			w.answers(status(500))
			d := w.event(t, "A")
			for n := 1; n < test.attempt; n++ {
				w.deliver(t, d)
				d = d.Retry(n + 1)
			}
			w.queue.waits = nil
			before := len(w.got())
			crashing := w.flaky(test.call, test.after)
			if err := crashing.Deliver(t.Context(), d); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("it did not crash: %v", err)
			}
			w.set(w.now().Add(6 * time.Minute)) // the message becomes visible again
			if err := crashing.Deliver(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			e := w.logged(t, d)
			if len(e.Attempts) != test.attempt || e.Outcome != outbound.Retrying || len(w.got())-before != test.hits || w.destination(t).FailingSince.IsZero() {
				t.Errorf("%d requests: %+v", len(w.got())-before, e)
			}
			w.answers(nil)
			w.run(t, start.Add(48*time.Hour))
			if e := w.logged(t, d); e.Outcome != outbound.Delivered || len(e.Attempts) != test.attempt+1 {
				t.Errorf("what comes next: %+v", e)
			}
		})
	}
}

// TestACrashWhileSwitchingOff leaves neither a destination that goes on, nor one that nobody is told of.
func TestACrashWhileSwitchingOff(t *testing.T) {
	for _, call := range []string{"tell", "change destination", "log"} {
		for _, after := range []bool{false, true} {
			w := newWorld(t)
			w.answers(status(410))
			d := w.event(t, "A")
			crashing := w.flaky(call, after)
			if err := crashing.Deliver(t.Context(), d); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("%s: it did not crash: %v", call, err)
			}
			w.set(start.Add(6 * time.Minute))
			if err := crashing.Deliver(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			e, to := w.logged(t, d), w.destination(t)
			if to.Status != outbound.Failed || len(w.notices(t)) != 1 || e.Outcome == outbound.Retrying {
				t.Errorf("%s, after %v: %+v, %+v, %v", call, after, e, to, w.notices(t))
			}
		}
	}
}

// chaotic is a store and a queue that fail now and then, before or after they did it, and remembers which attempts were
// logged.
type chaotic struct {
	store.Deliveries
	world *world

	mu     sync.Mutex
	random *rand.Rand
	logged map[string]outbound.Attempt // by delivery, replay and number
	wrong  []string
}

func (c *chaotic) flip(percent int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.IntN(100) < percent
}

func (c *chaotic) LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error {
	if c.flip(5) {
		return errDown
	}
	if err := c.Deliveries.LogDelivery(ctx, e, forget); err != nil {
		return err
	}
	c.mu.Lock()
	for i, a := range e.Attempts {
		name := fmt.Sprintf("%s %d %d", e.ID, e.Replay, a.Number)
		before, known := c.logged[name]
		if a.Number != i+1 || known != (i < len(e.Attempts)-1 || e.Outcome == outbound.Skipped) || known && !reflect.DeepEqual(before, a) {
			c.wrong = append(c.wrong, fmt.Sprintf("%s: %+v, known %v %+v", name, a, known, before))
		}
		c.logged[name] = a
	}
	c.mu.Unlock()
	if c.flip(5) {
		return errDown
	}
	return nil
}

func (c *chaotic) SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error {
	if c.flip(5) {
		return errDown
	}
	if err := c.world.queue.SendAfter(ctx, group, body, delay); err != nil || c.flip(5) {
		return errDown
	}
	return nil
}

// TestChaos has 100 deliveries made by workers that come in each other's way: messages come twice and at the same time,
// stores and queue fail before and after they did what they were asked for, people replay. Nothing is lost, and each number
// of each replay has one attempt in the log.
func TestChaos(t *testing.T) {
	const deliveries, workers = 100, 8
	w := newWorld(t)
	c := &chaotic{Deliveries: w.deliveries, world: w, random: rand.New(rand.NewPCG(1, 2)), logged: map[string]outbound.Attempt{}}
	instances := make([]*dispatch.Deliverer, 3)
	for i := range instances {
		instances[i] = w.instance(func(o *dispatch.Options) { o.Deliveries, o.Queue = c, c })
	}
	var mu sync.Mutex
	taken := map[string]int{}
	w.answers(func(rw http.ResponseWriter, r *http.Request, _ int) {
		switch {
		case c.flip(20):
			rw.Header().Set("Retry-After", "600")
			rw.WriteHeader(429)
		case c.flip(50):
			rw.WriteHeader(500)
		default:
			mu.Lock()
			taken[r.Header.Get("Webhook-Id")]++
			mu.Unlock()
		}
	})
	all := make([]outbound.Delivery, deliveries)
	for i := range all {
		all[i] = w.event(t, fmt.Sprintf("A%03d", i))
		text, err := all[i].Encode()
		if err != nil {
			t.Fatal(err)
		}
		w.queue.put(message{w.now(), text})
		if i%10 == 0 {
			w.queue.put(message{w.now(), text})
		}
	}
	replays := 0
	end := start.Add(200 * time.Hour)
	for round := 0; ; round++ {
		if round == 5_000 {
			t.Fatal("there is no end to it")
		}
		w.collectDue(t, end)
		var batch []message
		for len(batch) < workers {
			m, found := w.queue.next()
			if !found {
				break
			}
			batch = append(batch, m)
		}
		if len(batch) == 0 {
			break
		}
		w.set(batch[len(batch)-1].at)
		if c.flip(20) {
			batch = append(batch, batch[0])
		}
		var group sync.WaitGroup
		for i, m := range batch {
			group.Go(func() {
				d, err := outbound.Decode(m.body)
				if err == nil {
					err = instances[(round+i)%len(instances)].Deliver(t.Context(), d)
				}
				if err != nil {
					w.queue.put(message{w.now().Add(6 * time.Minute), m.body})
				}
			})
		}
		group.Wait()
		if replays < 20 {
			if e, err := w.deliveries.LoggedDelivery(t.Context(), organization, destination, all[replays].ID); err == nil {
				text, err := e.Again().Encode()
				if err != nil {
					t.Fatal(err)
				}
				w.queue.put(message{w.now(), text})
				replays++
			}
		}
	}
	for _, problem := range c.wrong {
		t.Error(problem)
	}
	replayed := 0
	for _, d := range all {
		e := w.logged(t, d)
		if e.Outcome != outbound.Delivered && e.Outcome != outbound.GivenUp || e.Outcome == outbound.GivenUp && len(e.Attempts) != outbound.MaxAttempts {
			t.Errorf("left behind: %+v", e)
		}
		if e.Outcome == outbound.Delivered && taken[d.Event] == 0 {
			t.Errorf("nobody took %s", d.ID)
		}
		replayed += e.Replay
	}
	if replayed != replays || replays < 5 || w.destination(t).Status != outbound.Active {
		t.Errorf("%d of %d replays, %+v", replayed, replays, w.destination(t))
	}
}

package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/intake/intaketest"
)

var histories = flag.Int("histories", 300, "random histories to send through the system")
var seed = flag.Uint64("seed", 0, "seed of the histories; 0 for a new one")

// TestChaos sends random histories, each event three times and shuffled, through a system that delivers twice, reorders,
// kills functions in mid-batch, throttles the table and raises transaction conflicts. It must end in exactly the records
// of a plain fold, with a complete history and nothing in a dead-letter queue.
func TestChaos(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("%d histories from seed %d", *histories, first)
	s := start(t, t.TempDir(), "--chaos", "--chaos-seed", fmt.Sprint(first), "--queue-speed", "60")
	now := time.Now().Truncate(time.Microsecond)
	const guard = time.Hour // the versions ahead of it stay ahead of the functions' five minutes while the test runs
	var bodies [][]byte
	want := map[intaketest.Key]intaketest.State{}
	r := rand.New(rand.NewPCG(first, 2))
	for i := range *histories {
		events := intaketest.History(r, fmt.Sprintf("%d_", i), now, guard)
		for key, state := range intaketest.Fold(events, now.Add(guard).UnixMicro()) {
			want[key] = state
		}
		for _, e := range events {
			bodies = append(bodies, e.CloseBody(), e.CloseBody(), e.CloseBody())
		}
	}
	r.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	const connections = 60
	var connecting errgroup.Group
	connecting.Go(func() error { return s.connect(connections) })
	s.sendAll(t, bodies)
	if err := connecting.Wait(); err != nil {
		t.Fatal(err)
	}
	s.settled(t)
	const seeded = 2 // that of Close and that of the client
	if found := list[struct{ ID string }](t, s, "/v1/connections"); len(found) != connections+seeded {
		t.Errorf("%d connections were created, there are %d", connections, len(found)-seeded)
	}
	s.compare(t, want)
	s.compareHistory(t, want)
}

// sendAll posts as a CRM does: what is not accepted is sent again.
func (s *system) sendAll(t *testing.T, bodies [][]byte) {
	t.Helper()
	start := time.Now()
	var group errgroup.Group
	group.SetLimit(4 * runtime.NumCPU())
	for _, body := range bodies {
		group.Go(func() error {
			for try := 0; ; try++ {
				status, answer, err := s.tryPost(body)
				if err == nil && status == http.StatusOK {
					return nil
				}
				if try == 20 {
					return fmt.Errorf("not accepted after %d tries: %d %s %v", try, status, answer, err)
				}
				time.Sleep(time.Duration(try+1) * 20 * time.Millisecond)
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events accepted in %s", len(bodies), time.Since(start).Round(time.Second))
}

func (s *system) compare(t *testing.T, want map[intaketest.Key]intaketest.State) {
	t.Helper()
	wrong, found := 0, 0
	for _, object := range list[struct{ Name string }](t, s, "/v1/connections/"+s.Close.Connection+"/objects") {
		for _, r := range list[apiRecord](t, s, "/v1/connections/"+s.Close.Connection+"/objects/"+object.Name+"/records?deleted=include") {
			found++
			got := intaketest.State{Version: r.Version.UnixMicro(), Deleted: r.Deleted, MergedInto: r.MergedInto, Contested: r.Contested}
			if !r.Deleted {
				got.Content = string(r.Fields)
			}
			if state := want[intaketest.Key{Object: object.Name, ID: r.ID}]; got != state {
				if wrong++; wrong <= 5 {
					t.Errorf("%s %s:\n  stored %+v\n  folded %+v", object.Name, r.ID, got, state)
				}
			}
		}
	}
	if wrong > 0 || found != len(want) {
		t.Fatalf("%d records are wrong; %d are stored, %d are expected", wrong, found, len(want))
	}
	t.Logf("%d records equal the fold", found)
}

// compareHistory checks that the rows of every record join, from nothing to its present revision.
func (s *system) compareHistory(t *testing.T, want map[intaketest.Key]intaketest.State) {
	t.Helper()
	var rows atomic.Int64
	var group errgroup.Group
	group.SetLimit(8)
	for key := range want {
		group.Go(func() error {
			var r apiRecord
			if _, err := s.tryGet(s.recordPath(key.Object, key.ID), &r); err != nil {
				return err
			}
			history, err := tryList[apiRevision](s, s.recordPath(key.Object, key.ID)+"/history")
			if err != nil {
				return err
			}
			at := r.Rev
			for _, row := range history {
				if row.Rev != at || row.Repaired {
					return fmt.Errorf("%v: history has revision %d (repaired: %t) where %d is due", key, row.Rev, row.Repaired, at)
				}
				at = row.FromRev
			}
			if at != 0 {
				return fmt.Errorf("%v: history begins at revision %d", key, at)
			}
			rows.Add(int64(len(history)))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows of history are complete", rows.Load())
}

// connect creates connections and replaces their keys, each request repeated until it is answered. Their transactions
// meet conflicts; a repeated request must not act twice.
func (s *system) connect(n int) error {
	for i := range n {
		name := fmt.Sprintf("Close %d", i)
		body := map[string]any{"connector": "close", "name": name, "signature_key": strings.Repeat("0a", 32)}
		answer, err := s.insist("/v1/connections", body, http.StatusCreated, name)
		if err != nil {
			return err
		}
		var made struct{ ID string }
		if err := json.Unmarshal(answer, &made); err != nil {
			return err
		}
		rotated := map[string]any{"signature_key": strings.Repeat("0b", 32)}
		if _, err := s.insist("/v1/connections/"+made.ID+"/rotate-key", rotated, http.StatusOK, "rotate "+name); err != nil {
			return err
		}
	}
	return nil
}

// insist posts with an Idempotency-Key until the answer is final.
func (s *system) insist(path string, body any, want int, key string) ([]byte, error) {
	for try := 0; ; try++ {
		status, answer, err := s.tryCall(s.AdminKey, http.MethodPost, path, body, map[string]string{"idempotency-key": key})
		if err == nil && status == want {
			return answer, nil
		}
		if err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests || try == 20 {
			return nil, fmt.Errorf("POST %s: %d %s %v", path, status, answer, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// settled waits until everything that was accepted is worked off, and looks into the dead-letter queues.
func (s *system) settled(t *testing.T) {
	t.Helper()
	start := time.Now()
	s.order(t, "drain?timeout=10m")
	status := s.status(t)
	t.Logf("settled after another %s; faults injected: %v", time.Since(start).Round(time.Second), status.Chaos)
	for name, q := range status.Queues {
		if n := q.Visible + q.InFlight + q.Delayed; n > 0 {
			t.Errorf("%d messages are left in the queue %s", n, name)
		}
	}
	for _, fault := range []string{"duplicate", "redeliver", "reorder", "kill", "throttle", "conflict", "lost"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(status.Chaos)), func(name string) bool { return strings.HasPrefix(name, fault) }) {
			t.Errorf("chaos did no %s", fault)
		}
	}
}

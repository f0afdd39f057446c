package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/intake"
	"leadline/shared/intake/intaketest"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

const (
	organization = "org_000000000000"
	connection   = "conn_000000000000"
	guard        = 5 * time.Minute
)

// world is the outside of intake: its stores, a fixed clock, and the deliveries made so far.
type world struct {
	records  *memory.Records
	intake   *memory.Intake
	schemas  *memory.Schemas
	batches  *memory.Batches
	journal  *memory.Journal
	payloads blob.Store
	announce intake.Announcer // nil tells nobody
	now      time.Time
	r        *rand.Rand
}

func newWorld(seed uint64) *world {
	return &world{records: memory.NewRecords(), intake: memory.NewIntake(), schemas: memory.NewSchemas(), batches: memory.NewBatches(),
		journal: memory.NewJournal(), payloads: blob.NewMemory(), now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), r: rand.New(rand.NewPCG(seed, 1))}
}

// options are what an Intake of the world works with.
func (w *world) options() intake.Options {
	return intake.Options{Records: w.records, Intake: w.intake, Schemas: w.schemas, Batches: w.batches, Journal: w.journal,
		Payloads: w.payloads, Announce: w.announce, ClockGuard: guard, SchemaCache: time.Minute,
		Connectors: connector.NewRegistry(connectors.All()...), Now: func() time.Time { return w.now }}
}

// process starts a run of intake that crashes at a step (0: never), with nothing cached, as a fresh function.
func (w *world) process(at int, after bool) (*process, *intake.Intake) {
	p := &process{at: at, after: after}
	return p, intake.New(w.within(p, w.records))
}

// within gives the options of a run of intake that dies with a process.
func (w *world) within(p *process, records store.Records) intake.Options {
	o := w.options()
	o.Records, o.Intake, o.Schemas = crashingRecords{records, p}, crashingIntake{w.intake, p}, crashingSchemas{w.schemas, p}
	o.Batches, o.Journal, o.Payloads = crashingBatches{w.batches, p}, crashingJournal{w.journal, p}, crashingBlobs{w.payloads, p}
	if w.announce != nil {
		o.Announce = crashingAnnouncer{w.announce, p}
	}
	return o
}

func (w *world) deliver(body []byte) delivery.Delivery {
	random := [10]byte{}
	for i := range random {
		random[i] = byte(w.r.Uint32())
	}
	id, _ := delivery.NewID(w.now, bytes.NewReader(random[:]))
	return delivery.Delivery{ID: id, Organization: organization, Connection: connection, Connector: "close",
		Kind: delivery.Webhook, ReceivedAt: w.now, Body: body}
}

// crashEverywhere processes deliveries again and again, crashing at each step in turn, before it and after it, until a
// run comes through.
func (w *world) crashEverywhere(batch ...delivery.Delivery) error {
	for step := 1; ; step++ {
		for _, after := range []bool{false, true} {
			p, in := w.process(step, after)
			errs := in.Process(context.Background(), batch)
			if p.crashed() {
				continue
			}
			return firstError(errs)
		}
	}
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var histories = flag.Int("histories", 10_000, "random histories to check")
var seed = flag.Uint64("seed", 0, "seed of the first history; 0 for a new one")

// TestAnyOrderAnyNumberCrashedAnywhereEndsInThePlainFold is the promise of the record store: a history of events, each
// delivered three times, in any order, singly and in batches, with a crash at every step in turn, ends in exactly the
// records of a plain fold over it, and everything with a version from the future is set aside.
func TestAnyOrderAnyNumberCrashedAnywhereEndsInThePlainFold(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("%d histories from seed %d", *histories, first)
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range *histories {
		if ctx.Err() != nil {
			break // one has failed
		}
		group.Go(func() error {
			s := first + uint64(i)
			if err := checkHistory(s); err != nil {
				return fmt.Errorf("%w\n  again with: go test ./shared/intake -run PlainFold -histories 1 -seed %d", err, s)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func checkHistory(seed uint64) error {
	w := newWorld(seed)
	told := &destination{}
	w.announce = told
	events := intaketest.History(w.r, "", w.now, guard)
	horizon := w.now.Add(guard).UnixMicro()
	var deliveries []delivery.Delivery
	setAside, ids := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		body := e.CloseBody()
		once := w.deliver(body)
		again := []delivery.Delivery{once, once, w.deliver(body)} // the queue repeats a delivery, the sender makes a new one
		for _, d := range again {
			deliveries = append(deliveries, d)
			ids[d.ID] = true
			for _, v := range e.Versions() {
				if v > horizon {
					setAside[d.ID] = true
				}
			}
		}
	}
	w.r.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	for len(deliveries) > 0 {
		n := 1
		if w.r.IntN(2) == 0 {
			n = min(1+w.r.IntN(10), len(deliveries))
		}
		if n > 1 { // a batch dies at one step, at random; single deliveries at each step in turn
			_, in := w.process(1+w.r.IntN(4*n), w.r.IntN(2) == 0)
			_ = in.Process(context.Background(), deliveries[:n])
			if _, in = w.process(0, false); firstError(in.Process(context.Background(), deliveries[:n])) != nil {
				return fmt.Errorf("a batch that nothing disturbs fails")
			}
		} else if err := w.crashEverywhere(deliveries[0]); err != nil {
			return err
		}
		deliveries = deliveries[n:]
	}
	if err := w.compare(intaketest.Fold(events, horizon)); err != nil {
		return err
	}
	if len(told.heard) != len(ids) {
		return fmt.Errorf("destinations heard of %d deliveries of %d", len(told.heard), len(ids))
	}
	if err := w.compareSchemas(events, horizon); err != nil {
		return err
	}
	return w.compareQuarantine(setAside)
}

// compareSchemas holds the fields that are known of each object against those of all its states at once.
func (w *world) compareSchemas(events []intaketest.Event, horizon int64) error {
	want := map[string][]record.Fields{}
	for _, e := range events {
		if slices.Max(e.Versions()) > horizon {
			continue
		}
		fields := record.Fields{}
		if e.Content != "" {
			var err error
			if fields, err = record.ParseFields([]byte(e.Content)); err != nil {
				return err
			}
		}
		want[e.Object] = append(want[e.Object], fields)
	}
	for object, states := range want {
		fields, err := schema.Infer("", states...)
		if err != nil {
			return err
		}
		got, err := w.schemas.Object(context.Background(), organization, connection, object)
		if err != nil || !cmp.Equal(fields, got.Present.Fields, cmpopts.EquateEmpty()) {
			return fmt.Errorf("object %s, %w: %s", object, err, cmp.Diff(fields, got.Present.Fields))
		}
	}
	return nil
}

// compare holds the stored records against what a fold says they must be.
func (w *world) compare(want map[intaketest.Key]intaketest.State) error {
	ctx := context.Background()
	found := 0
	for key, state := range want {
		r, err := w.records.Get(ctx, record.Key{Organization: organization, Connection: connection, Object: key.Object, ID: key.ID})
		if err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
		got := intaketest.State{Version: r.Version.Micros, Deleted: r.Deleted, MergedInto: r.MergedInto, Contested: r.Contested}
		if !r.Deleted {
			text, err := json.Marshal(r.Fields)
			if err != nil {
				return err
			}
			got.Content = string(text)
		}
		if got != state {
			return fmt.Errorf("%v:\n  stored %+v\n  folded %+v", key, got, state)
		}
		found++
	}
	stored, _, err := w.records.Scan(ctx, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	if len(stored) != found {
		return fmt.Errorf("%d records are stored, %d are expected", len(stored), found)
	}
	return nil
}

func (w *world) compareQuarantine(want map[string]bool) error {
	entries, _, err := w.intake.Entries(context.Background(), organization, store.QuarantineFilter{}, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !want[e.ID] || e.Reason != "future_version" {
			return fmt.Errorf("delivery %s was set aside: %s", e.ID, e.Reason)
		}
	}
	if len(entries) != len(want) {
		return fmt.Errorf("%d deliveries were set aside, %d are expected", len(entries), len(want))
	}
	return nil
}

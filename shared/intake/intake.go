// Package intake turns deliveries into stored records: it keeps the untouched payloads, has the connector read them,
// applies each change if it is newer than what is stored, and sets aside what cannot be applied. Every step can be
// repeated: a delivery that is processed again, in whole or from any point on, ends in the same records.
package intake

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// parallel is how many deliveries of a batch are worked on at once: enough to hide the latency of the table, few
// enough that one batch does not crowd out the others.
const parallel = 10

// parallelBytes is how many bytes of bodies are worked on at once: parsed, a body can take thirty times its length, and
// ten of the largest side by side would not fit the function.
const parallelBytes = 6 << 20

// maxObjects bounds the objects that are remembered as registered.
const maxObjects = 10_000

// Options are what an Intake works with. All of them are required, but for Log.
type Options struct {
	Records    store.Records
	Intake     store.Intake
	Payloads   blob.Store
	Connectors connector.Registry
	// ClockGuard is how far a version may lie ahead of the clock.
	ClockGuard time.Duration
	Now        func() time.Time
	// Log gets the stack of a panic, nothing else.
	Log *slog.Logger
}

// Intake processes deliveries. It is safe for concurrent use.
type Intake struct {
	Options
	// bytes holds back deliveries while those being worked on are large.
	bytes *semaphore.Weighted
	// objects remembers which objects are registered, so that only the first record of each costs a write.
	mu      sync.Mutex
	objects map[[3]string]bool
}

// New makes an Intake.
func New(o Options) *Intake {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Intake{Options: o, bytes: semaphore.NewWeighted(parallelBytes), objects: map[[3]string]bool{}}
}

// item is one delivery on its way through a batch.
type item struct {
	delivery.Delivery
	payload record.PayloadRef
	// done says that the item needs no further step.
	done bool
	err  error
}

// Process works through deliveries and gives one error for each, nil for those that are done with: applied, already
// known, or set aside. The others can be delivered again.
func (in *Intake) Process(ctx context.Context, deliveries []delivery.Delivery) []error {
	items := make([]*item, len(deliveries))
	for i, d := range deliveries {
		items[i] = &item{Delivery: d}
	}
	in.each(items, func(it *item) error { return in.load(ctx, it) })
	in.keep(ctx, items)
	in.each(items, func(it *item) error { return in.settle(ctx, it) })
	errs := make([]error, len(items))
	for i, it := range items {
		errs[i] = it.err
	}
	return errs
}

// each runs step for the items that have not failed, side by side, and notes their failures. A panic fails its item
// alone.
func (in *Intake) each(items []*item, step func(*item) error) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, it := range items {
		if it.err != nil || it.done {
			continue
		}
		group.Go(func() error {
			defer func() {
				if r := recover(); r != nil {
					in.Log.Error("panic", telemetry.KeyDelivery, it.ID, "stack", string(debug.Stack()))
					it.err = fault.New(fault.Internal, "panic", "intake: panic while processing delivery %s", it.ID)
				}
			}()
			it.err = step(it)
			return nil
		})
	}
	_ = group.Wait() // the failures are on the items
}

// settle applies a delivery, or sets it aside if it can never be applied.
func (in *Intake) settle(ctx context.Context, it *item) error {
	weight := min(int64(len(it.Body)), parallelBytes)
	if err := in.bytes.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("intake: wait for other deliveries: %w", err)
	}
	defer in.bytes.Release(weight)
	err := in.applyAll(ctx, it)
	switch {
	case fault.Is(err, fault.Invalid):
		return in.setAside(ctx, it, fault.Of(err))
	case err != nil:
		return err
	case it.Replay == "":
		return nil
	}
	if err := in.Intake.Resolve(ctx, it.Organization, it.Replay, in.Now().UTC()); err != nil {
		return fmt.Errorf("intake: resolve quarantine entry %s: %w", it.Replay, err)
	}
	telemetry.Count(ctx, "Resolved", 1)
	return nil
}

func (in *Intake) applyAll(ctx context.Context, it *item) error {
	definition, ok := in.Connectors[it.Connector]
	if !ok || definition.Webhook == nil {
		return fault.New(fault.Invalid, string(quarantine.UnknownConnector), "There is no connector %q that takes webhooks.", it.Connector)
	}
	changes, err := definition.Webhook.Parse(it.Body)
	if err != nil {
		return err
	}
	// All before any: a delivery is applied whole or set aside whole.
	for _, c := range changes {
		if ahead := c.Version.Time().Sub(in.Now()); ahead > in.ClockGuard {
			return fault.New(fault.Invalid, string(quarantine.FutureVersion),
				"The %s is dated %s, more than %s ahead of our clock. Replay it after that time, or correct the clock of the source.",
				c.Object, c.Version.Time().Format(time.RFC3339), in.ClockGuard)
		}
	}
	for _, c := range changes {
		if err := in.applyChange(ctx, it, c); err != nil {
			return err
		}
	}
	return nil
}

func (in *Intake) applyChange(ctx context.Context, it *item, c record.Change) error {
	if err := in.registerObject(ctx, it, c.Object); err != nil {
		return err
	}
	rec := record.Record{
		Key:     record.Key{Organization: it.Organization, Connection: it.Connection, Object: c.Object, ID: c.ID},
		Version: c.Version, Deleted: c.Kind == record.Delete, MergedInto: c.MergedInto, StoredAt: in.Now().UTC(),
		Source: record.Source{Kind: it.Kind, Delivery: it.ID, Event: c.Event, Action: c.Action, Payload: it.payload},
	}
	if !rec.Deleted {
		rec.Fields = c.Fields
		if err := in.splitLarge(ctx, &rec); err != nil {
			return err
		}
	}
	outcome, err := in.apply(ctx, rec)
	if err != nil {
		return err
	}
	telemetry.Count(ctx, string(outcome), 1)
	return nil
}

func (in *Intake) registerObject(ctx context.Context, it *item, object string) error {
	key := [3]string{it.Organization, it.Connection, object}
	in.mu.Lock()
	known := in.objects[key]
	in.mu.Unlock()
	if known {
		return nil
	}
	err := in.Intake.RegisterObject(ctx, record.Object{Organization: it.Organization, Connection: it.Connection,
		Name: object, FirstSeen: it.ReceivedAt})
	if err != nil {
		return fmt.Errorf("intake: register object: %w", err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.objects) >= maxObjects {
		clear(in.objects)
	}
	in.objects[key] = true
	return nil
}

// setAside puts a delivery into quarantine; a replay goes back to the entry it came from.
func (in *Intake) setAside(ctx context.Context, it *item, why *fault.Error) error {
	telemetry.Count(ctx, "SetAside", 1)
	now := in.Now().UTC()
	if it.Replay != "" {
		if err := in.Intake.Requeue(ctx, it.Organization, it.Replay, quarantine.Reason(why.Code), why.Message, now); err != nil {
			return fmt.Errorf("intake: set aside again: %w", err)
		}
		return nil
	}
	err := in.Intake.SetAside(ctx, quarantine.Entry{
		ID: it.ID, Organization: it.Organization, Connection: it.Connection, Connector: it.Connector,
		Reason: quarantine.Reason(why.Code), Detail: why.Message, Kind: it.Kind, ReceivedAt: it.ReceivedAt,
		Payload: it.payload, Status: quarantine.Open, UpdatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("intake: set aside: %w", err)
	}
	return nil
}

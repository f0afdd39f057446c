// Package intake turns deliveries into stored records: it keeps the untouched payloads, reads them (those of CRMs by
// their connector, those of clients row by row), holds clients' rows to the schema of their object, applies what is newer
// than what is stored, and sets aside what cannot be applied. Every step can be repeated: a delivery that is processed
// again, in whole or from any point on, ends in the same records.
package intake

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"leadline/shared/blob"
	"leadline/shared/cache"
	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
)

// parallel is how many deliveries of a batch are worked on at once: enough to hide the latency of the table, few
// enough that one batch does not crowd out the others.
const parallel = 10

// parallelBytes is how many bytes of bodies are worked on at once: parsed, a body can take thirty times its length, and
// ten of the largest side by side would not fit the function.
const parallelBytes = 6 << 20

// parallelRecords is how many records of batches of rows are worked on at once. Ten thousand rows then pass within the
// function's time wherever a write takes less than a tenth of a second.
const parallelRecords = 32

// Announcer tells an organization's destinations of what came in.
type Announcer interface {
	// Announce sends an event on. The same delivery again is the same event, and so is its replay. One that cannot be put
	// into the words of a destination is Invalid, its code a quarantine.Reason.
	Announce(ctx context.Context, d delivery.Delivery) error
}

// Rereader has records read again from their source.
type Rereader interface {
	// Reread sees to it that what refs name is read again, soon; entries are those of the quarantine that this resolves.
	Reread(ctx context.Context, organization, connection string, refs []connector.Ref, entries []syncing.EntryRef) error
}

// Options are what an Intake works with. All of them are required, but for Announce, Reread and Log.
type Options struct {
	Records    store.Records
	Intake     store.Intake
	Schemas    store.Schemas
	Batches    store.Batches
	Journal    store.Journal
	Payloads   blob.Store
	Connectors connector.Registry
	// Announce hears of each webhook; nil tells nobody.
	Announce Announcer
	// Reread hears of what must be read again from its source; nil reads nothing again.
	Reread Rereader
	// ClockGuard is how far a version may lie ahead of the clock.
	ClockGuard time.Duration
	// SchemaCache is for how long the schema of an object is believed without asking.
	SchemaCache time.Duration
	Now         func() time.Time
	// Log gets the stack of a panic, nothing else.
	Log *slog.Logger
}

// Intake processes deliveries. It is safe for concurrent use.
type Intake struct {
	Options
	// bytes and rows hold back deliveries while those being worked on are large, records the records of batches.
	bytes, rows, records *semaphore.Weighted
	objects              *cache.Cache[objectKey, schema.Object]
}

// New makes an Intake.
func New(o Options) *Intake {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Intake{Options: o, bytes: semaphore.NewWeighted(parallelBytes), rows: semaphore.NewWeighted(push.MaxRows),
		records: semaphore.NewWeighted(parallelRecords), objects: cache.New[objectKey, schema.Object](maxObjects)}
}

// item is one delivery on its way through a batch.
type item struct {
	delivery.Delivery
	payload record.PayloadRef
	// done says that the item needs no further step; settled that it was worked on before the others.
	done, settled bool
	err           error
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
	for _, it := range items {
		it.done = it.done || it.Parked && it.err == nil // it is applied once the connection goes on
	}
	// What was sent first says what an unknown object looks like.
	in.each(in.firsts(items), func(it *item) error {
		it.settled = true
		return in.settle(ctx, it)
	})
	// Small ones first: nobody waits behind the large batch of another.
	in.each(slices.SortedStableFunc(slices.Values(items), func(a, b *item) int { return len(a.Body) - len(b.Body) }),
		func(it *item) error {
			if it.settled {
				return nil
			}
			return in.settle(ctx, it)
		})
	errs := make([]error, len(items))
	for i, it := range items {
		errs[i] = it.err
	}
	return errs
}

// firsts gives of each object of which nothing is remembered the batch that came first, where several did.
func (in *Intake) firsts(items []*item) []*item {
	first, several := map[objectKey]*item{}, map[objectKey]bool{}
	for _, it := range items {
		if it.Batch == nil || it.done || it.err != nil {
			continue
		}
		key := keyOf(it, it.Batch.Object)
		if _, known := in.cached(key); known {
			continue
		}
		if earlier := first[key]; earlier == nil {
			first[key] = it
		} else if several[key] = true; it.ReceivedAt.Before(earlier.ReceivedAt) {
			first[key] = it
		}
	}
	maps.DeleteFunc(first, func(key objectKey, _ *item) bool { return !several[key] })
	return slices.Collect(maps.Values(first))
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
			it.err = in.guarded(it.ID, func() error { return step(it) })
			return nil
		})
	}
	_ = group.Wait() // the failures are on the items
}

// guarded turns a panic into the failure of its delivery. What was thrown may hold a body, so that only the stack is
// logged.
func (in *Intake) guarded(delivery string, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			in.Log.Error("panic", telemetry.KeyDelivery, delivery, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "panic", "intake: panic while processing delivery %s", delivery)
		}
	}()
	return do()
}

// settle applies a delivery, or sets aside what can never be applied.
func (in *Intake) settle(ctx context.Context, it *item) error {
	weight := min(int64(len(it.Body)), parallelBytes)
	if err := in.bytes.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("intake: wait for other deliveries: %w", err)
	}
	defer in.bytes.Release(weight)
	if it.Kind == delivery.Fetch {
		return in.readAgain(ctx, it)
	}
	if it.Batch != nil {
		return in.settleRows(ctx, it)
	}
	return in.settleWebhook(ctx, it)
}

// Package dispatch makes the attempts to deliver events to destinations: it signs and posts, keeps the log, schedules
// what is to be tried again, and switches off what lastingly fails.
//
// The steps of an attempt, each of which can be repeated: read the log; post; change the destination, if the answer says
// something new of it; log the attempt; schedule the next one; acknowledge the message. A crash between two steps brings
// the message again. If the attempt is not in the log yet, it is made again: receivers know repetitions by the
// webhook-id. If it is, only the next one is scheduled, for whoever logged it may have died before. So nothing is lost,
// and every number has one attempt in the log, whatever comes twice or at the same time: the log is written on condition.
package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"leadline/shared/blob"
	"leadline/shared/cache"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	// maxInFlight bounds the attempts that one Deliverer makes at one destination at a time, so that a batch neither hammers
	// a receiver nor lets a slow one take the whole of its time: ten messages of a batch take two rounds at most. What
	// bounds it beyond one function's instance is the queue: it is fair by organization, and its consumers are limited.
	maxInFlight = 5
	// reserve is what must be left of the function's time beyond an attempt's timeout: enough to log and schedule.
	reserve = 5 * time.Second
	// maxRaces is how often a write is tried that others are faster with.
	maxRaces = 5
	// longestDelay is the longest delay of a message; what is due later is kept as a due item.
	longestDelay = 15 * time.Minute
	// maxRemembered bounds the destinations that are remembered.
	maxRemembered = 1000
	// keepOrganization is how long the data key of an organization is remembered, which never changes.
	keepOrganization = 10 * time.Minute
)

// Options of a Deliverer. All are required.
type Options struct {
	// Destinations is a store.Destinations.
	Destinations interface {
		Destination(ctx context.Context, organization, id string) (outbound.Destination, error)
		UpdateDestination(ctx context.Context, d outbound.Destination, receipt *store.Receipt) error
	}
	Deliveries store.Deliveries
	Due        store.Due
	Journal    store.Journal
	// Organizations gives their data keys: a store.Tenancy.
	Organizations interface {
		Organization(ctx context.Context, id string) (tenant.Organization, error)
	}
	// Payloads has the bodies that are too large for a message.
	Payloads blob.Store
	Keyring  *secret.Keyring
	// Queue is the deliver queue: a queue.Sender.
	Queue interface {
		SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
	}
	Client *outbound.Client
	// Remember is how long a destination is remembered: so long may it take until a change of it counts.
	Remember time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Deliverer delivers. It is safe for concurrent use.
type Deliverer struct {
	Options
	targets  *cache.Cache[string, *target] // nil for a destination that is not there
	orgs     *cache.Cache[string, tenant.Organization]
	told     *cache.Cache[string, struct{}]
	reads    singleflight.Group
	attempts slots
	changes  slots
}

// New makes a Deliverer.
func New(o Options) *Deliverer {
	return &Deliverer{Options: o, targets: cache.New[string, *target](maxRemembered), orgs: cache.New[string, tenant.Organization](maxRemembered),
		told: cache.New[string, struct{}](maxRemembered), attempts: slots{each: maxInFlight}, changes: slots{each: 1}}
}

// Deliver does what a message asks for: makes an attempt, logs it, and schedules the next one if it failed and there is
// one. It returns an error only where the message must be delivered again; a destination that does not answer is none.
//
// An attempt that succeeds at once costs one read and one write of the log, and, once in a while, a read of the
// destination.
func (d *Deliverer) Deliver(ctx context.Context, m outbound.Delivery) error {
	var made *result
	return d.settle(ctx, m, func(e outbound.LogEntry) (outbound.LogEntry, bool, error) {
		to, err := d.target(ctx, m, made == nil)
		if err != nil || to == nil {
			return e, false, err
		}
		if made == nil && to.Status == outbound.Active {
			if made, err = d.attempt(ctx, to, e); err != nil {
				return e, false, err
			}
		}
		e, err = d.conclude(ctx, to, e, made)
		return e, true, err
	})
}

// Miss is Deliver for a message that failed each time before, when the queue delivers it for the last time. It makes no
// attempt: it logs one that failed by a fault of ours, which the destination has no part in, and the schedule goes on.
// So what we cannot deliver neither waits in the log for ever nor disappears among the dead letters.
func (d *Deliverer) Miss(ctx context.Context, m outbound.Delivery) error {
	made := &result{missed: true, Answer: outbound.Answer{Attempt: outbound.Attempt{At: d.Now().UTC(),
		Problem: "Leadline could not make or note this attempt. The destination has no part in that."}}}
	telemetry.Count(ctx, "Missed", 1)
	return d.settle(ctx, m, func(e outbound.LogEntry) (outbound.LogEntry, bool, error) {
		e, err := d.conclude(ctx, nil, e, made)
		return e, true, err
	})
}

// settle reads the log, logs what act makes of an entry that waits for an attempt, and schedules the next attempt. act
// may be called again, with what stands now; it gives false where the destination is gone.
func (d *Deliverer) settle(ctx context.Context, m outbound.Delivery, act func(outbound.LogEntry) (outbound.LogEntry, bool, error)) error {
	for range maxRaces {
		e, todo, err := d.take(ctx, m)
		switch {
		case err != nil:
			return err
		case todo == nothing:
			return nil
		case todo == scheduleNext:
			return d.schedule(ctx, e)
		}
		e, there, err := act(e)
		if err != nil {
			return err
		}
		if !there {
			d.dropped(ctx, m, "the destination is gone")
			return nil
		}
		err = d.Deliveries.LogDelivery(ctx, e, forget(e))
		if fault.Is(err, fault.Conflict) {
			continue // somebody logged meanwhile; what stands now decides
		}
		if err != nil {
			return err
		}
		d.count(ctx, e)
		if e.Outcome == outbound.Retrying {
			return d.schedule(ctx, e)
		}
		return nil
	}
	return fault.New(fault.Unavailable, "contended", "outbound: the log of %s changes too often", m.ID)
}

// forget tells when the log may forget an entry: after its time, but not before a replay that began late is through.
func forget(e outbound.LogEntry) time.Time {
	at := e.CreatedAt.Add(outbound.KeepLog)
	if late := e.UpdatedAt.Add(2 * outbound.OffAfter); late.After(at) {
		return late
	}
	return at
}

// schedule has the next attempt of an entry made when it is due. Twice for the same attempt does no harm: beyond the
// longest delay both are one item, below it the second message finds the attempt logged.
func (d *Deliverer) schedule(ctx context.Context, e outbound.LogEntry) error {
	next := e.Delivery.Retry(len(e.Attempts) + 1)
	message, err := next.Encode()
	if err != nil {
		return err
	}
	if delay := max(e.NextAt.Sub(d.Now()), 0); delay <= longestDelay {
		return d.Queue.SendAfter(ctx, e.Organization, message, delay)
	}
	return d.Due.Schedule(ctx, store.DueItem{At: e.NextAt, Key: fmt.Sprintf("%s-%d-%d", e.ID, next.Replay, next.Attempt), Queue: outbound.DueQueue, Group: e.Organization, Body: message})
}

func (d *Deliverer) dropped(ctx context.Context, m outbound.Delivery, why string) {
	telemetry.Count(ctx, "Dropped", 1)
	d.Log.LogAttrs(ctx, slog.LevelWarn, "delivery dropped", slog.String(telemetry.KeyOrganization, m.Organization),
		slog.String(telemetry.KeyDelivery, m.ID), slog.String("why", why))
}

// count notes what became of a message.
func (d *Deliverer) count(ctx context.Context, e outbound.LogEntry) {
	telemetry.Count(ctx, "Outcome_"+string(e.Outcome), 1)
	if e.Outcome == outbound.Skipped || e.Outcome == outbound.Delivered {
		return
	}
	a := e.Attempts[len(e.Attempts)-1]
	d.Log.LogAttrs(ctx, slog.LevelInfo, "attempt failed", slog.String(telemetry.KeyOrganization, e.Organization),
		slog.String(telemetry.KeyDelivery, e.ID), slog.Int("attempt", a.Number), slog.Int("status", a.Status),
		slog.String("outcome", string(e.Outcome)), slog.String("problem", a.Problem))
}

// Package control starts, pauses, resumes and cancels runs, and keeps syncs to their schedules. It stores what is to be
// done and sends messages that name it; syncing/engine does it.
package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// QueueName is the name under which items that are due later name the fetch queue.
const QueueName = "fetch"

// MaxDelay is the longest that a queue holds a message back; what is to wait longer is a store.DueItem.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html
const MaxDelay = 15 * time.Minute

const (
	// watchEvery is how often somebody looks whether a run goes on.
	watchEvery = 10 * time.Minute
	// keepRuns is how long runs are remembered, keepChanges those of the kind Changes, of which there are many.
	keepRuns    = 400 * 24 * time.Hour
	keepChanges = 30 * 24 * time.Hour
)

// Sender puts messages into the fetch queue, fair by group.
type Sender interface {
	Send(ctx context.Context, group string, body []byte) error
	SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
}

// Outbox puts messages into the fetch queue. All of its fields are required, but for Due where nothing is sent for later.
type Outbox struct {
	Queue Sender
	Due   store.Due
	Now   func() time.Time
}

// Send puts a message into the fetch queue for a time: at once, after a delay, or as an item that is due later.
func (o Outbox) Send(ctx context.Context, m syncing.Message, at time.Time) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	switch delay := at.Sub(o.Now()); {
	case delay <= 0:
		err = o.Queue.Send(ctx, m.Organization, body)
	case delay <= MaxDelay:
		err = o.Queue.SendAfter(ctx, m.Organization, body, delay)
	default:
		err = o.Due.Schedule(ctx, dueItem(m, body, at))
	}
	if err != nil {
		return fmt.Errorf("control: send %s: %w", m.Kind, err)
	}
	return nil
}

// dueItem is a message that waits for its time. Its key tells it from others that are due at the same.
func dueItem(m syncing.Message, body []byte, at time.Time) store.DueItem {
	key := []string{QueueName, m.Organization, m.Connection, string(m.Kind), m.Run, m.Object, m.Sync}
	if m.Kind == syncing.Read { // what is to be read has no name of its own
		sum := sha256.Sum256(body)
		key = append(key, hex.EncodeToString(sum[:8]))
	}
	return store.DueItem{At: at, Key: strings.Join(key, "#"), Queue: QueueName, Group: m.Organization, Body: body}
}

// Tend has a connection looked after, soon.
func (o Outbox) Tend(ctx context.Context, organization, connection string) error {
	return o.Send(ctx, syncing.Message{Kind: syncing.Tend, Organization: organization, Connection: connection}, time.Time{})
}

// Resume has a connection go on that was paused, soon.
func (o Outbox) Resume(ctx context.Context, organization, connection string) error {
	return o.Send(ctx, syncing.Message{Kind: syncing.Resume, Organization: organization, Connection: connection}, time.Time{})
}

// Reread has records read again, soon: it implements intake.Rereader.
func (o Outbox) Reread(ctx context.Context, organization, connection string, refs []connector.Ref, entries []syncing.EntryRef) error {
	return o.Send(ctx, syncing.Message{Kind: syncing.Read, Organization: organization, Connection: connection, Refs: refs, Entries: entries}, time.Time{})
}

// GoOn sends a message for each stream that has not ended.
func (o Outbox) GoOn(ctx context.Context, streams []syncing.Stream) error {
	for _, s := range streams {
		if s.Phase.Final() {
			continue
		}
		if err := o.Send(ctx, MessageOf(s), time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Options are what a Controller works with. All of them are required.
type Options struct {
	Outbox
	Syncs      store.Syncs
	Connectors connector.Registry
	Random     io.Reader
}

// Controller starts and stops runs. It is safe for concurrent use.
type Controller struct{ Options }

// New makes a Controller.
func New(o Options) *Controller { return &Controller{o} }

// Prepare gives a new run of a connection with its streams, for Store.
func (c *Controller) Prepare(ctx context.Context, conn tenant.Connection, plan syncing.Plan, by string) (syncing.Run, []syncing.Stream, error) {
	now := c.Now().UTC()
	id, err := delivery.NewID(now, c.Random)
	if err != nil {
		return syncing.Run{}, nil, fmt.Errorf("control: new run: %w", err)
	}
	return c.prepare(ctx, conn, plan, syncing.Run{ID: runID(id), CreatedBy: by, CreatedAt: now})
}

// runID makes the id of a run of a ULID.
func runID(id string) string { return "run_" + strings.ToLower(id) }

func (c *Controller) prepare(ctx context.Context, conn tenant.Connection, plan syncing.Plan, r syncing.Run) (syncing.Run, []syncing.Stream, error) {
	definition, ok := c.Connectors[conn.Connector]
	if !ok {
		return r, nil, fault.New(fault.Invalid, "unknown_connector", "There is no connector %q.", conn.Connector)
	}
	if err := plan.Check(definition); err != nil {
		return r, nil, err
	}
	state, err := c.Syncs.State(ctx, conn.Organization, conn.ID)
	if err != nil {
		return r, nil, fmt.Errorf("control: state: %w", err)
	}
	r.Organization, r.Connection, r.Connector, r.Plan = conn.Organization, conn.ID, conn.Connector, plan
	r.Status, r.UpdatedAt, r.Forget, r.Rev = syncing.Queued, r.CreatedAt, r.CreatedAt.Add(keepRuns), 1
	if plan.Kind == syncing.Changes {
		r.Forget = r.CreatedAt.Add(keepChanges)
	}
	streams := r.Streams(definition, state)
	if len(streams) == 0 {
		return r, nil, fault.New(fault.Conflict, "nothing_to_read", "There is nothing to be read: import the objects first.")
	}
	return r, streams, nil
}

// Store stores a prepared run and lets it begin. Whoever crashes on the way leaves it to its watch.
func (c *Controller) Store(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *store.Receipt) error {
	if err := c.Watch(ctx, r); err != nil {
		return err
	}
	if err := c.Syncs.CreateRun(ctx, r, streams, receipt); err != nil {
		return err
	}
	return c.GoOn(ctx, streams)
}

// Watch has somebody look after a new run in a while.
func (c *Controller) Watch(ctx context.Context, r syncing.Run) error {
	return c.Send(ctx, watchOf(r), c.Now().Add(watchEvery))
}

// WatchOn has somebody look after a run again. It is always an item that is due, and at the same time for all who ask within ten
// minutes: queues deliver twice, and so watches over a run that lasts for months would multiply.
func (c *Controller) WatchOn(ctx context.Context, r syncing.Run) error {
	m := watchOf(r)
	body, err := m.Encode()
	if err != nil {
		return err
	}
	if err := c.Due.Schedule(ctx, dueItem(m, body, c.Now().UTC().Truncate(watchEvery).Add(watchEvery))); err != nil {
		return fmt.Errorf("control: watch on: %w", err)
	}
	return nil
}

func watchOf(r syncing.Run) syncing.Message {
	return syncing.Message{Kind: syncing.Watch, Organization: r.Organization, Connection: r.Connection, Run: r.ID}
}

// MessageOf gives the message that makes a stream go on.
func MessageOf(s syncing.Stream) syncing.Message {
	return syncing.Message{Kind: syncing.GoOn, Organization: s.Organization, Connection: s.Connection, Run: s.Run, Object: s.Object}
}

// Paused, Resumed and Cancelled give the run as it is after the act; Conflict where the act makes no sense. changed is false
// where it is so already.
func (c *Controller) Paused(r syncing.Run) (next syncing.Run, changed bool, err error) {
	switch {
	case r.Status == syncing.Paused:
		return r, false, nil
	case r.Status.Final():
		return r, false, over(r)
	}
	now := c.Now().UTC()
	r.Status, r.PausedAt, r.UpdatedAt = syncing.Paused, now, now
	r.Rev++
	return r, true, nil
}

// Resumed is the way back from Paused. The caller then lets its streams GoOn.
func (c *Controller) Resumed(r syncing.Run) (next syncing.Run, changed bool, err error) {
	switch {
	case r.Status == syncing.Running, r.Status == syncing.Queued:
		return r, false, nil
	case r.Status.Final():
		return r, false, over(r)
	}
	now := c.Now().UTC()
	r = stoodStill(r, now)
	r.Status, r.Problem, r.UpdatedAt = syncing.Running, "", now
	r.Rev++
	return r, true, nil
}

// Cancelled ends a run. What it has stored stays.
func (c *Controller) Cancelled(r syncing.Run) (next syncing.Run, changed bool, err error) {
	switch {
	case r.Status == syncing.Cancelled:
		return r, false, nil
	case r.Status.Final():
		return r, false, over(r)
	}
	now := c.Now().UTC()
	if r.Status == syncing.Paused {
		r = stoodStill(r, now)
	}
	r.Status, r.FinishedAt, r.UpdatedAt = syncing.Cancelled, now, now
	r.Rev++
	return r, true, nil
}

// stoodStill counts the time for which a run was paused.
func stoodStill(r syncing.Run, until time.Time) syncing.Run {
	r.PausedFor += max(0, until.Sub(r.PausedAt))
	r.PausedAt = time.Time{}
	return r
}

func over(r syncing.Run) error {
	return fault.New(fault.Conflict, "run_over", "The run is %s: nothing changes it any more.", r.Status)
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// Config is what schedule reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	Work     string `env:"TABLE_WORK"`
	Deliver  string `env:"QUEUE_DELIVER"`
	Fetch    string `env:"QUEUE_FETCH"`
	// Calculate is the queue of what programs are looked after by.
	Calculate string `env:"QUEUE_CALCULATE"`
	// Settle is the queue of settlements and payouts, Nudge that of what people are told.
	Settle string `env:"QUEUE_SETTLE"`
	Nudge  string `env:"QUEUE_NUDGE"`
}

// Event is the input of the schedule: nothing.
type Event struct{}

// Report is the answer to whoever invoked the function by hand.
type Report struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
	// Complete tells whether the run came to what is not due yet, so far as it did not fail.
	Complete bool `json:"complete"`
}

// sender puts messages into a queue, fair by group: a queue.Sender.
type sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

type handler struct {
	due     store.Due
	cursors store.Cursors
	// queues are those that items may name.
	queues map[string]sender
	now    func() time.Time
	log    *slog.Logger
}

const (
	// job is the name under which the cursor is kept.
	job = "due"
	// page is how many items are read at a time, and width how many are sent at a time.
	page  = 200
	width = 10
	// margin is the time that a run leaves unused: enough for the page it is on, and its cursor.
	margin = 10 * time.Second
	// putOff is after how long what can never be sent as it is is tried again.
	putOff = time.Hour
)

// Handle sends what is due to its queue and then forgets it. What crashes in between is sent again: the same message
// twice does no harm to who gets it, so that two runs at once do none either. What cannot be sent now stays, and the
// cursor with it, until a later run. What the queue refuses, or names a queue that this version does not have, is put off
// by an hour, again and again: it must not hold up the others, and another version may send it. What cannot be read is
// told, and left behind.
func (h *handler) Handle(ctx context.Context, _ Event) (Report, error) {
	var report Report
	saved, err := h.cursors.Cursor(ctx, job)
	if err != nil {
		return report, err
	}
	cursor, err := h.run(ctx, saved, &report)
	telemetry.Count(ctx, "Due", report.Sent)
	if cursor != saved {
		if err := h.cursors.SaveCursor(ctx, job, cursor); err != nil {
			return report, err
		}
	}
	return report, err
}

// run sends all that is due, from a cursor on, and gives the cursor of the next run.
func (h *handler) run(ctx context.Context, cursor string, report *Report) (string, error) {
	until := h.now()
	failed := map[string]bool{}
	for timeLeft(ctx) {
		items, next, more, err := h.due.DueBefore(ctx, cursor, until, page)
		if err != nil {
			return cursor, err
		}
		fresh := items[:0]
		for _, item := range items {
			if !failed[name(item)] {
				fresh = append(fresh, item)
			}
		}
		for i, err := range h.sendAll(ctx, fresh) {
			if err == nil {
				report.Sent++
				continue
			}
			failed[name(fresh[i])] = true
			report.Failed++
			telemetry.Fault(ctx, err)
			h.log.Error("not sent", telemetry.KeyOrganization, fresh[i].Group, "key", fresh[i].Key, "queue", fresh[i].Queue,
				telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, err.Error())
		}
		report.Complete = !more
		// A page of nothing but what fails in this run says that the rest must wait for another.
		stuck := len(items) > 0 && len(fresh) == 0 && next == cursor
		if cursor = next; !more || stuck {
			return cursor, nil
		}
	}
	return cursor, nil
}

func timeLeft(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return !limited || time.Until(deadline) > margin
}

func name(item store.DueItem) string { return item.At.UTC().Format(time.RFC3339Nano) + " " + item.Key }

// sendAll sends items and gives an error for each that is to be left.
func (h *handler) sendAll(ctx context.Context, items []store.DueItem) []error {
	errs := make([]error, len(items))
	places := make(chan struct{}, width)
	var all sync.WaitGroup
	for i, item := range items {
		places <- struct{}{}
		all.Go(func() {
			errs[i] = h.send(ctx, item)
			<-places
		})
	}
	all.Wait()
	return errs
}

func (h *handler) send(ctx context.Context, item store.DueItem) error {
	if item.Unreadable != nil {
		return fault.Wrap(item.Unreadable, fault.Internal, "unreadable_item", "schedule: an item cannot be read")
	}
	queue, known := h.queues[item.Queue]
	if !known {
		return errors.Join(fault.New(fault.Internal, "unknown_queue", "schedule: there is no queue %q", item.Queue), h.putOff(ctx, item))
	}
	err := queue.Send(ctx, item.Group, item.Body)
	switch {
	case fault.Is(err, fault.Invalid):
		return errors.Join(fault.Wrap(err, fault.Internal, "refused_message", "schedule: the queue %q refuses a message", item.Queue), h.putOff(ctx, item))
	case err != nil:
		return err
	}
	return h.due.Finished(ctx, item)
}

// putOff gives an item a later time, the same however often it is done for one time.
func (h *handler) putOff(ctx context.Context, item store.DueItem) error {
	later := item
	later.At = item.At.Add(max(h.now().Sub(item.At), 0).Truncate(putOff) + putOff)
	if err := h.due.Schedule(ctx, later); err != nil {
		return err
	}
	return h.due.Finished(ctx, item)
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/queue"
	"leadline/shared/telemetry"
)

// Config is what ingest reads from its environment.
type Config struct {
	Stage                   string `env:"STAGE"`
	LogLevel                string `env:"LOG_LEVEL"`
	Records                 string `env:"TABLE_RECORDS"`
	Intake                  string `env:"TABLE_INTAKE"`
	Tenancy                 string `env:"TABLE_TENANCY"`
	Work                    string `env:"TABLE_WORK"`
	Inbox                   string `env:"QUEUE_INBOX"`
	Deliver                 string `env:"QUEUE_DELIVER"`
	Fetch                   string `env:"QUEUE_FETCH"`
	Payloads                string `env:"BUCKET_PAYLOADS"`
	ClockGuardSeconds       int    `env:"CLOCK_GUARD_SECONDS"`
	SchemaCacheSeconds      int    `env:"SCHEMA_CACHE_SECONDS"`
	DestinationCacheSeconds int    `env:"DESTINATION_CACHE_SECONDS"`
}

// sender puts messages into a queue, fair by group: a queue.Sender.
type sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

type handler struct {
	intake *intake.Intake
	// inbox takes back what there was no time for.
	inbox sender
	log   *slog.Logger
}

const (
	// reserve is the time of an invocation that is kept for putting back what there was no time for.
	reserve = 8 * time.Second
	// maxPutBacks is how often a delivery is put back before it goes the way of what fails.
	maxPutBacks = 50
)

// Handle processes one batch of the inbox queue and reports the messages that must be delivered again.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, h.process, h.log)
}

// process gives an error for each message that is not done with. A message that cannot be decoded names no organization
// whose quarantine could hold it: it goes the way of the dead-letter queue.
func (h *handler) process(ctx context.Context, messages []queue.Message) []error {
	errs := make([]error, len(messages))
	var deliveries []delivery.Delivery
	var at []int
	for i, m := range messages {
		d, err := delivery.Decode([]byte(m.Body))
		if err != nil {
			errs[i] = fault.Wrap(err, fault.Internal, "undecodable_message", "ingest: message %s", m.ID)
			continue
		}
		deliveries, at = append(deliveries, d), append(at, i)
	}
	working, done := ctx, func() {}
	if end, limited := ctx.Deadline(); limited {
		working, done = context.WithDeadline(ctx, end.Add(-reserve))
	}
	defer done()
	for n, err := range h.intake.Process(working, deliveries) {
		if f := fault.Of(err); err != nil && (working.Err() != nil || f != nil && f.Code == intake.CodeOutOfTime) {
			err = h.putBack(ctx, deliveries[n], err)
		}
		errs[at[n]] = err
	}
	return errs
}

// putBack sends a delivery round again for which there was no time, at once: left alone, it would come back only when the
// queue takes its consumer for dead. What was applied of it is found to be there.
func (h *handler) putBack(ctx context.Context, d delivery.Delivery, why error) error {
	if d.PutBack++; d.PutBack > maxPutBacks {
		return why
	}
	message, err := d.Encode()
	if err != nil {
		return why
	}
	if err := h.inbox.Send(ctx, d.Organization, message); err != nil {
		return fmt.Errorf("ingest: put back: %w", err)
	}
	telemetry.Count(ctx, "PutBack", 1)
	return nil
}

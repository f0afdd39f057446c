package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/queue"
)

// Config is what ingest reads from its environment.
type Config struct {
	Stage                   string `env:"STAGE"`
	LogLevel                string `env:"LOG_LEVEL"`
	Records                 string `env:"TABLE_RECORDS"`
	Intake                  string `env:"TABLE_INTAKE"`
	Tenancy                 string `env:"TABLE_TENANCY"`
	Work                    string `env:"TABLE_WORK"`
	Deliver                 string `env:"QUEUE_DELIVER"`
	Payloads                string `env:"BUCKET_PAYLOADS"`
	ClockGuardSeconds       int    `env:"CLOCK_GUARD_SECONDS"`
	SchemaCacheSeconds      int    `env:"SCHEMA_CACHE_SECONDS"`
	DestinationCacheSeconds int    `env:"DESTINATION_CACHE_SECONDS"`
}

type handler struct {
	intake *intake.Intake
	log    *slog.Logger
}

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
	for n, err := range h.intake.Process(ctx, deliveries) {
		errs[at[n]] = err
	}
	return errs
}

package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/incentive/keeper"
	"leadline/shared/queue"
)

// Config is what calculate reads from its environment.
type Config struct {
	Stage     string `env:"STAGE"`
	LogLevel  string `env:"LOG_LEVEL"`
	Records   string `env:"TABLE_RECORDS"`
	Intake    string `env:"TABLE_INTAKE"`
	Tenancy   string `env:"TABLE_TENANCY"`
	Work      string `env:"TABLE_WORK"`
	Calculate string `env:"QUEUE_CALCULATE"`
	// Nudge is the queue of whose standings moved.
	Nudge    string `env:"QUEUE_NUDGE"`
	Payloads string `env:"BUCKET_PAYLOADS"`
}

// processor does what messages ask for: a keeper.Keeper.
type processor interface {
	Process(ctx context.Context, messages []keeper.Message) []error
}

type handler struct {
	keeper processor
	log    *slog.Logger
}

// Handle processes one batch of the calculate queue, so that a participant that several of its messages touch is reckoned
// once, and reports those that must be tried again.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, h.process, h.log)
}

func (h *handler) process(ctx context.Context, messages []queue.Message) []error {
	errs := make([]error, len(messages))
	var known []keeper.Message
	var places []int
	for i, m := range messages {
		decoded, err := keeper.Decode([]byte(m.Body))
		if errs[i] = err; err == nil {
			known, places = append(known, decoded), append(places, i)
		}
	}
	for i, err := range h.keeper.Process(ctx, known) {
		errs[places[i]] = err
	}
	return errs
}

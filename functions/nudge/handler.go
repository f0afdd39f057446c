package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	games "leadline/shared/game/keeper"
	nudges "leadline/shared/nudge/keeper"
	"leadline/shared/queue"
)

// Config is what nudge reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	Intake   string `env:"TABLE_INTAKE"`
	Tenancy  string `env:"TABLE_TENANCY"`
	Work     string `env:"TABLE_WORK"`
	Ledger   string `env:"TABLE_LEDGER"`
	Nudge    string `env:"QUEUE_NUDGE"`
	Deliver  string `env:"QUEUE_DELIVER"`
}

// processor does what messages ask for, given as they stand in the queue, and gives one error for each, nil for those that are
// done with.
type processor interface {
	Process(ctx context.Context, bodies [][]byte) []error
}

type handler struct {
	nudger processor
	// gamer shares the queue: some messages are for one of the two, some for both. What neither knows is the nudger's to refuse.
	gamer processor
	log   *slog.Logger
}

// Handle processes one batch of the nudge queue, so that a person whom several of its messages are about is told once, and reports
// those that must be tried again.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, h.process, h.log)
}

func (h *handler) process(ctx context.Context, messages []queue.Message) []error {
	bodies := make([][]byte, len(messages))
	for i, m := range messages {
		bodies[i] = []byte(m.Body)
	}
	errs := make([]error, len(bodies))
	for _, p := range []struct {
		processor
		takes func(body []byte) bool
	}{
		{h.nudger, func(body []byte) bool { return nudges.Takes(body) || !games.Takes(body) }},
		{h.gamer, games.Takes},
	} {
		var some [][]byte
		var of []int
		for i, body := range bodies {
			if p.takes(body) {
				some, of = append(some, body), append(of, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		for i, err := range p.Process(ctx, some) {
			errs[of[i]] = errors.Join(errs[of[i]], err)
		}
	}
	return errs
}

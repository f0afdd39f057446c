package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/queue"
	"leadline/shared/syncing"
)

// Config is what fetch reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	Records  string `env:"TABLE_RECORDS"`
	Intake   string `env:"TABLE_INTAKE"`
	Tenancy  string `env:"TABLE_TENANCY"`
	Work     string `env:"TABLE_WORK"`
	Fetch    string `env:"QUEUE_FETCH"`
	Inbox    string `env:"QUEUE_INBOX"`
	Deliver  string `env:"QUEUE_DELIVER"`
	Payloads string `env:"BUCKET_PAYLOADS"`
	// SecretsKey is the ARN of the KMS key that wraps data keys.
	SecretsKey         string `env:"KEY_SECRETS"`
	BaseURL            string `env:"BASE_URL"`
	AllowLoopback      bool   `env:"OUTBOUND_ALLOW_LOOPBACK"`
	ClockGuardSeconds  int    `env:"CLOCK_GUARD_SECONDS"`
	SchemaCacheSeconds int    `env:"SCHEMA_CACHE_SECONDS"`
}

// processor does what a message asks for: an engine.Engine.
type processor interface {
	Process(ctx context.Context, m syncing.Message) error
}

type handler struct {
	engine processor
	log    *slog.Logger
}

// Handle goes on with what each message names. The event source mapping gives one message at a time: what is long sends
// itself on.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, func(ctx context.Context, messages []queue.Message) []error {
		errs := make([]error, len(messages))
		for i, m := range messages {
			message, err := syncing.Decode([]byte(m.Body))
			if err != nil {
				errs[i] = fault.Wrap(err, fault.Internal, "undecodable_message", "fetch: message %s", m.ID)
				continue
			}
			errs[i] = h.engine.Process(ctx, message)
		}
		return errs
	}, h.log)
}

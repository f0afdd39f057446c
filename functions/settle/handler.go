package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/queue"
)

// Config is what settle reads from its environment.
type Config struct {
	Stage      string `env:"STAGE"`
	LogLevel   string `env:"LOG_LEVEL"`
	Records    string `env:"TABLE_RECORDS"`
	Intake     string `env:"TABLE_INTAKE"`
	Tenancy    string `env:"TABLE_TENANCY"`
	Work       string `env:"TABLE_WORK"`
	Ledger     string `env:"TABLE_LEDGER"`
	Settle     string `env:"QUEUE_SETTLE"`
	Nudge      string `env:"QUEUE_NUDGE"`
	Payloads   string `env:"BUCKET_PAYLOADS"`
	SecretsKey string `env:"KEY_SECRETS"`
}

// processor does what messages ask for, given as they stand in the queue, and gives one error for each, nil for those that are
// done with.
type processor interface {
	Process(ctx context.Context, bodies [][]byte) []error
}

// decoding is a processor that decodes messages for one that wants them decoded.
type decoding[M any] struct {
	decode  func(body []byte) (M, error)
	process func(ctx context.Context, messages []M) []error
}

// Process hands on the messages that can be decoded, all at once.
func (d decoding[M]) Process(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	var known []M
	var places []int
	for i, body := range bodies {
		m, err := d.decode(body)
		if errs[i] = err; err == nil {
			known, places = append(known, m), append(places, i)
		}
	}
	if len(known) == 0 {
		return errs
	}
	given := d.process(ctx, known)
	if len(given) != len(known) {
		return failed(len(bodies), fault.New(fault.Internal, "miscounted", "settle: %d errors for %d messages", len(given), len(known)))
	}
	for i, err := range given {
		errs[places[i]] = err
	}
	return errs
}

type handler struct {
	// processors are by what messages are of: the "of" of each.
	processors map[string]processor
	log        *slog.Logger
}

// Handle processes one batch of the settle queue and reports those that must be tried again. Settlements and payouts are worked on
// at the same time, so that neither takes the other's time away; and what one of them fails or panics at is not the other's.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, h.process, h.log)
}

func (h *handler) process(ctx context.Context, messages []queue.Message) []error {
	errs := make([]error, len(messages))
	places := map[string][]int{}
	for i, m := range messages {
		var head struct {
			Of string `json:"of"`
		}
		if err := json.Unmarshal([]byte(m.Body), &head); err != nil {
			errs[i] = fault.Wrap(err, fault.Internal, "undecodable_message", "settle: decode")
			continue
		}
		if h.processors[head.Of] == nil {
			errs[i] = fault.New(fault.Internal, "undecodable_message", "settle: nothing here does what is of %q", head.Of)
			continue
		}
		places[head.Of] = append(places[head.Of], i)
	}
	var all sync.WaitGroup
	for of, those := range places {
		all.Go(func() {
			bodies := make([][]byte, len(those))
			for i, place := range those {
				bodies[i] = []byte(messages[place].Body)
			}
			for i, err := range guarded(ctx, h.processors[of], bodies) {
				errs[those[i]] = err
			}
		})
	}
	all.Wait()
	return errs
}

// guarded gives one error for each message, whatever a processor does.
func guarded(ctx context.Context, p processor, bodies [][]byte) (errs []error) {
	defer func() {
		if thrown := recover(); thrown != nil { // its text may hold a body
			errs = failed(len(bodies), fault.New(fault.Internal, "panic", "settle: a panic with %T", thrown))
		}
	}()
	if errs = p.Process(ctx, bodies); len(errs) != len(bodies) {
		return failed(len(bodies), fault.New(fault.Internal, "miscounted", "settle: %d errors for %d messages", len(errs), len(bodies)))
	}
	return errs
}

func failed(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/history"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/dynamo"
	"leadline/shared/telemetry"
)

// Config is what relay reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	History  string `env:"TABLE_HISTORY"`
	// Calculate is the queue that hears which records changed.
	Calculate string `env:"QUEUE_CALCULATE"`
}

type handler struct {
	history store.History
	changes changes
	log     *slog.Logger
}

// changes hears which records of an organization changed: a keeper.Outbox.
type changes interface {
	Changed(ctx context.Context, organization string, keys []record.Key) error
}

// Handle relays one batch of the stream. What a later try may pass is reported from the first record on, so that Lambda
// tries the batch again. What no try can pass fails the invocation: only then does Lambda halve the batch, until the
// record that spoils it is alone and the others are through. See
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
func (h *handler) Handle(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var response events.DynamoDBEventResponse
	writes, changed := make([]history.Write, 0, len(event.Records)), make([]record.Key, 0, len(event.Records))
	for _, r := range event.Records {
		w, err := decode(r)
		if err != nil {
			return response, err
		}
		switch { // a removal is an erasure: it leaves no history, and takes away what the record counted for
		case w.After != nil:
			writes, changed = append(writes, w), append(changed, w.After.Key)
		case w.Before != nil:
			changed = append(changed, w.Before.Key)
		}
	}
	err := history.Record(ctx, h.history, writes)
	if err == nil {
		err = h.announce(ctx, changed)
	}
	switch kind := fault.KindOf(err); kind {
	case "":
		telemetry.Count(ctx, "Relayed", len(writes))
		return response, nil
	case fault.RateLimited, fault.Unavailable:
		failed := event.Records[0].Change.SequenceNumber
		telemetry.Fault(ctx, err)
		h.log.Error("batch", telemetry.KeyFault, string(kind), telemetry.KeyError, err.Error(), "sequence", failed)
		response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: failed}}
		return response, nil
	default:
		return response, err
	}
}

// announce says which records changed, each once, by organization. The history of a batch is there before anybody hears of it.
func (h *handler) announce(ctx context.Context, keys []record.Key) error {
	changed, seen := map[string][]record.Key{}, map[record.Key]bool{}
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			changed[key.Organization] = append(changed[key.Organization], key)
		}
	}
	for _, organization := range slices.Sorted(maps.Keys(changed)) {
		if err := h.changes.Changed(ctx, organization, changed[organization]); err != nil {
			return err
		}
	}
	return nil
}

func decode(r events.DynamoDBEventRecord) (history.Write, error) {
	before, err := image(r.Change.OldImage)
	if err != nil {
		return history.Write{}, fmt.Errorf("relay: old image of %s: %w", r.EventID, err)
	}
	after, err := image(r.Change.NewImage)
	if err != nil {
		return history.Write{}, fmt.Errorf("relay: new image of %s: %w", r.EventID, err)
	}
	return history.Write{Before: before, After: after}, nil
}

func image(attributes map[string]events.DynamoDBAttributeValue) (*record.Record, error) {
	if len(attributes) == 0 {
		return nil, nil
	}
	r, err := dynamo.DecodeStreamRecord(attributes)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

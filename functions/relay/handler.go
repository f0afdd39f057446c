package main

import (
	"context"
	"fmt"
	"log/slog"

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
}

type handler struct {
	history store.History
	log     *slog.Logger
}

// Handle relays one batch of the stream. Lambda goes on from the lowest sequence number that is reported, so one number
// says it all: the first record that was not relayed.
func (h *handler) Handle(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var response events.DynamoDBEventResponse
	writes := make([]history.Write, 0, len(event.Records))
	failed, err := "", error(nil)
	for _, r := range event.Records {
		w, decodeErr := decode(r)
		if decodeErr != nil {
			failed, err = r.Change.SequenceNumber, decodeErr
			break
		}
		if w.After != nil { // a removal is an erasure, which leaves no history
			writes = append(writes, w)
		}
	}
	if storeErr := history.Record(ctx, h.history, writes); storeErr != nil {
		failed, err = event.Records[0].Change.SequenceNumber, storeErr
	}
	if err == nil {
		telemetry.Count(ctx, "Relayed", len(writes))
		return response, nil
	}
	telemetry.Fault(ctx, err)
	h.log.Error("item", telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, err.Error(), "sequence", failed)
	response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: failed}}
	return response, nil
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

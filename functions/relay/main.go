// Command relay is the Lambda function behind the stream of the record table: it passes on what each write changed. For
// now that is the field history.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/settings"
	"leadline/shared/store/dynamo"
	"leadline/shared/telemetry"
)

func main() {
	telemetry.Start("relay", func(ctx context.Context, log *slog.Logger) (func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error), error) {
		var cfg Config
		if err := settings.Load(&cfg); err != nil {
			return nil, err
		}
		aws, err := settings.AWS(ctx)
		if err != nil {
			return nil, err
		}
		h := &handler{log: log, history: dynamo.NewHistory(dynamodb.NewFromConfig(aws), cfg.History)}
		return h.Handle, nil
	})
}

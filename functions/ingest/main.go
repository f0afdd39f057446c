// Command ingest is the Lambda function behind the inbox queue: it applies deliveries to the record store.
package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/intake"
	"leadline/shared/settings"
	"leadline/shared/store/dynamo"
	"leadline/shared/telemetry"
)

func main() {
	telemetry.Start("ingest", func(ctx context.Context, log *slog.Logger) (func(context.Context, events.SQSEvent) (events.SQSEventResponse, error), error) {
		var cfg Config
		if err := settings.Load(&cfg); err != nil {
			return nil, err
		}
		aws, err := settings.AWS(ctx)
		if err != nil {
			return nil, err
		}
		db := dynamodb.NewFromConfig(aws)
		h := &handler{log: log, intake: intake.New(intake.Options{
			Records: dynamo.NewRecords(db, cfg.Records), Intake: dynamo.NewIntake(db, cfg.Intake),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Connectors: connector.NewRegistry(connectors.All()...),
			ClockGuard: time.Duration(cfg.ClockGuardSeconds) * time.Second, Now: time.Now, Log: log,
		})}
		return h.Handle, nil
	})
}

// Command ingest is the Lambda function behind the inbox queue: it applies deliveries to the record store.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/function"
	"leadline/shared/intake"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("ingest", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db := dynamodb.NewFromConfig(aws)
		h := &handler{log: log, intake: intake.New(intake.Options{
			Records: dynamo.NewRecords(db, cfg.Records), Intake: dynamo.NewIntake(db, cfg.Intake),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Connectors: connector.NewRegistry(connectors.All()...),
			ClockGuard: time.Duration(cfg.ClockGuardSeconds) * time.Second, Now: time.Now, Log: log,
		})}
		return h.Handle
	})
}

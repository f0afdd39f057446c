// Command ingest is the Lambda function behind the inbox queue: it applies deliveries to the record store, and announces
// events to the destinations of their organizations.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/announce"
	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/function"
	"leadline/shared/intake"
	"leadline/shared/mail"
	"leadline/shared/outbound"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
	"leadline/shared/syncing/control"
)

func main() {
	function.Start("ingest", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, queues, payloads := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws), blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads)
		outbox, reread := queue.NewSender(queues, cfg.Deliver), control.Outbox{Queue: queue.NewSender(queues, cfg.Fetch), Now: time.Now}
		h := &handler{log: log, inbox: queue.NewSender(queues, cfg.Inbox), intake: intake.New(intake.Options{
			Records: dynamo.NewRecords(db, cfg.Records), Intake: dynamo.NewIntake(db, cfg.Intake), Schemas: dynamo.NewSchemas(db, cfg.Intake),
			Batches: dynamo.NewBatches(db, cfg.Intake), Journal: mail.NewTeller(dynamo.NewJournal(db, cfg.Work), outbox, time.Now), Payloads: payloads, Connectors: connector.NewRegistry(connectors.All()...),
			Announce: announce.New(announce.Options{Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Now: time.Now, Cache: time.Duration(cfg.DestinationCacheSeconds) * time.Second,
				Outbox: outbound.Outbox{Queue: outbox, Payloads: payloads}}),
			Reread: reread, ClockGuard: time.Duration(cfg.ClockGuardSeconds) * time.Second, SchemaCache: time.Duration(cfg.SchemaCacheSeconds) * time.Second, Now: time.Now, Log: log})}
		return h.Handle
	})
}

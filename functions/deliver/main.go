// Command deliver is the Lambda function behind the deliver queue: it posts events to the destinations of organizations,
// logs each attempt, and has tried again what failed.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/function"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("deliver", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db := dynamodb.NewFromConfig(aws)
		h := &handler{log: log, maxReceives: cfg.MaxReceives, deliverer: dispatch.New(dispatch.Options{
			Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Organizations: dynamo.NewTenancy(db, cfg.Tenancy),
			Deliveries: dynamo.NewDeliveries(db, cfg.Work), Due: dynamo.NewDue(db, cfg.Work), Journal: dynamo.NewJournal(db, cfg.Work),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Keyring: secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}),
			Queue: queue.NewSender(sqs.NewFromConfig(aws), cfg.Deliver), Client: outbound.NewClient(outbound.ClientOptions{AllowLoopback: cfg.AllowLoopback}),
			Remember: time.Duration(cfg.DestinationCacheSeconds) * time.Second, Now: time.Now, Log: log,
		})}
		return h.Handle
	})
}

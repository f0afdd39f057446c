// Command fetch is the Lambda function behind the fetch queue: it reads what providers have, page by page, compares both
// sides, and looks after connections.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/function"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("fetch", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, queues := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws)
		p := parts{Records: dynamo.NewRecords(db, cfg.Records), Intake: dynamo.NewIntake(db, cfg.Intake), Schemas: dynamo.NewSchemas(db, cfg.Intake),
			Batches: dynamo.NewBatches(db, cfg.Intake), Views: dynamo.NewViews(db, cfg.Intake, cfg.Tenancy), Tenancy: dynamo.NewTenancy(db, cfg.Tenancy), Members: dynamo.NewMembers(db, cfg.Tenancy),
			Logins: dynamo.NewLogins(db, cfg.Tenancy), Roster: dynamo.NewRoster(db, cfg.Tenancy), Syncs: dynamo.NewSyncs(db, cfg.Work, cfg.Tenancy), Due: dynamo.NewDue(db, cfg.Work),
			Journal: dynamo.NewJournal(db, cfg.Work), Limits: dynamo.NewLimits(db, cfg.Work), Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Keyring: secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}),
			Fetch: queue.NewSender(queues, cfg.Fetch), Inbox: queue.NewSender(queues, cfg.Inbox), Outbox: queue.NewSender(queues, cfg.Deliver), Log: log}
		return (&handler{engine: p.engine(cfg), log: log}).Handle
	})
}

// Command work is the Lambda function behind the jobs queue: it goes on with long work, step by step.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/function"
	"leadline/shared/mail"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("work", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, sender := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws)
		outbox := queue.NewSender(sender, cfg.Deliver)
		p := parts{
			Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History), Intake: dynamo.NewIntake(db, cfg.Intake),
			Schemas: dynamo.NewSchemas(db, cfg.Intake), Batches: dynamo.NewBatches(db, cfg.Intake), Tenancy: dynamo.NewTenancy(db, cfg.Tenancy),
			Members: dynamo.NewMembers(db, cfg.Tenancy), Roster: dynamo.NewRoster(db, cfg.Tenancy), Payees: dynamo.NewPayees(db, cfg.Tenancy), Disputes: dynamo.NewDisputes(db, cfg.Work, cfg.Tenancy), Logins: dynamo.NewLogins(db, cfg.Tenancy), Destinations: dynamo.NewDestinations(db, cfg.Tenancy),
			Deliveries: dynamo.NewDeliveries(db, cfg.Work), Journal: mail.NewTeller(dynamo.NewJournal(db, cfg.Work), outbox, time.Now), Jobs: dynamo.NewJobs(db, cfg.Work, cfg.Tenancy),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Inbox: queue.NewSender(sender, cfg.Inbox), Outbox: outbox,
		}
		return (&handler{jobs: p.Jobs, journal: p.Journal, queue: queue.NewSender(sender, cfg.Jobs),
			maxReceives: cfg.MaxReceives, now: time.Now, log: log, kinds: p.kinds()}).Handle
	})
}

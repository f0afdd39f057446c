// Command work is the Lambda function behind the jobs queue: it goes on with long work, step by step.
package main

import (
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/function"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/queue"
	"leadline/shared/replay"
	"leadline/shared/store/dynamo"
	"leadline/shared/upload"
)

func main() {
	function.Start("work", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, sender, payloads := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws), blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads)
		inbox := queue.NewSender(sender, cfg.Inbox)
		replays := replay.New(replay.Options{Intake: dynamo.NewIntake(db, cfg.Intake), Connections: dynamo.NewTenancy(db, cfg.Tenancy),
			Inbox: replay.Inbox{Queue: inbox, Payloads: payloads}, Now: time.Now, Random: rand.Reader})
		resends := replay.Resender{Deliveries: dynamo.NewDeliveries(db, cfg.Work),
			Outbox: outbound.Outbox{Queue: queue.NewSender(sender, cfg.Deliver), Payloads: payloads}}
		loads := upload.New(upload.Options{Payloads: payloads, Batches: dynamo.NewBatches(db, cfg.Intake),
			Schemas: dynamo.NewSchemas(db, cfg.Intake), Inbox: inbox, Now: time.Now})
		h := &handler{jobs: dynamo.NewJobs(db, cfg.Work, cfg.Tenancy), journal: dynamo.NewJournal(db, cfg.Work),
			queue: queue.NewSender(sender, cfg.Jobs), maxReceives: cfg.MaxReceives, now: time.Now, log: log, kinds: map[job.Kind]kind{
				job.Replay: {step: replays.Step},
				job.Resend: {step: resends.Step},
				job.Load:   {step: loads.Step, ended: loads.Ended, tell: true},
			}}
		return h.Handle
	})
}

// Command calculate is the Lambda function behind the calculate queue: it credits the records that change, reckons what people
// earn, and builds new editions of programs.
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
	"leadline/shared/delivery"
	"leadline/shared/function"
	"leadline/shared/incentive/keeper"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("calculate", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, queues := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws)
		k := &keeper.Keeper{Records: dynamo.NewRecords(db, cfg.Records), Roster: dynamo.NewRoster(db, cfg.Tenancy), Programs: dynamo.NewPrograms(db, cfg.Intake, cfg.Tenancy),
			Credits: dynamo.NewCredits(db, cfg.Work), Runs: dynamo.NewRuns(db, cfg.Work), Inputs: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Known: &keeper.Memory{}, NewID: func() (string, error) { return delivery.NewID(time.Now(), rand.Reader) },
			Now: time.Now, Log: log, Moved: queue.NewSender(queues, cfg.Nudge),
			Outbox: keeper.Outbox{Queue: queue.NewSender(queues, cfg.Calculate), Due: dynamo.NewDue(db, cfg.Work), Now: time.Now}}
		return (&handler{keeper: k, log: log}).Handle
	})
}

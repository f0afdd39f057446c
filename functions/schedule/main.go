// Command schedule is the Lambda function that every minute sends what is due to its queue.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/function"
	"leadline/shared/incentive/keeper"
	nudges "leadline/shared/nudge/keeper"
	"leadline/shared/outbound"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
	"leadline/shared/syncing/control"
)

func main() {
	function.Start("schedule", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[Event, Report] {
		db, queues := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws)
		h := &handler{due: dynamo.NewDue(db, cfg.Work), cursors: dynamo.NewCursors(db, cfg.Work), now: time.Now, log: log,
			queues: map[string]sender{
				outbound.DueQueue: queue.NewSender(queues, cfg.Deliver),
				control.QueueName: queue.NewSender(queues, cfg.Fetch),
				keeper.QueueName:  queue.NewSender(queues, cfg.Calculate),
				nudges.QueueName:  queue.NewSender(queues, cfg.Nudge),
				"settle":          queue.NewSender(queues, cfg.Settle), // for what is of settlements or payouts
			}}
		return h.Handle
	})
}

// Command relay is the Lambda function behind the stream of the record table: it passes on what each write changed: to the
// field history, and to whoever reckons what people earn.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/function"
	"leadline/shared/incentive/keeper"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("relay", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.DynamoDBEvent, events.DynamoDBEventResponse] {
		h := &handler{log: log, history: dynamo.NewHistory(dynamodb.NewFromConfig(aws), cfg.History),
			changes: keeper.Outbox{Queue: queue.NewSender(sqs.NewFromConfig(aws), cfg.Calculate), Now: time.Now}}
		return h.Handle
	})
}

// Command relay is the Lambda function behind the stream of the record table: it passes on what each write changed. For
// now that is the field history.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/function"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("relay", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.DynamoDBEvent, events.DynamoDBEventResponse] {
		h := &handler{log: log, history: dynamo.NewHistory(dynamodb.NewFromConfig(aws), cfg.History)}
		return h.Handle
	})
}

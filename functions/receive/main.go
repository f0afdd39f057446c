// Command receive is the Lambda function behind POST /hooks/{token} and POST /v1/push: it checks the signature of what a
// provider posts, or the credentials of a client that pushes rows, puts the body into the inbox queue, and only then
// answers. It judges syntax and who sends; meaning is judged by ingest.
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
	function.Start("receive", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.APIGatewayV2HTTPRequest, events.APIGatewayV2HTTPResponse] {
		db := dynamodb.NewFromConfig(aws)
		tables := stores{tenancy: dynamo.NewTenancy(db, cfg.Tenancy), members: dynamo.NewMembers(db, cfg.Tenancy), schemas: dynamo.NewSchemas(db, cfg.Intake)}
		h := newHandler(cfg, log, tables, secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}),
			queue.NewSender(sqs.NewFromConfig(aws), cfg.Inbox), blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads))
		return h.Handle
	})
}

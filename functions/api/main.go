package main

import (
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/function"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("api", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.APIGatewayV2HTTPRequest, events.APIGatewayV2HTTPResponse] {
		db := dynamodb.NewFromConfig(aws)
		return newHandler(options{
			Config: cfg, Now: time.Now, Random: rand.Reader, Log: log, Version: version(),
			Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History),
			Intake: dynamo.NewIntake(db, cfg.Intake), Tenancy: dynamo.NewTenancy(db, cfg.Tenancy),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Inbox: queue.NewSender(sqs.NewFromConfig(aws), cfg.Inbox),
			Keyring:    secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}),
			Connectors: connector.NewRegistry(connectors.All()...),
		}).Handle
	})
}

package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/settings"
	"leadline/shared/store/dynamo"
	"leadline/shared/telemetry"
)

func main() {
	telemetry.Start("api", func(ctx context.Context, log *slog.Logger) (func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error), error) {
		var cfg Config
		if err := settings.Load(&cfg); err != nil {
			return nil, err
		}
		aws, err := settings.AWS(ctx)
		if err != nil {
			return nil, err
		}
		db := dynamodb.NewFromConfig(aws)
		return newHandler(options{
			Config: cfg, Now: time.Now, Random: rand.Reader, Log: log, Version: version(),
			Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History),
			Intake: dynamo.NewIntake(db, cfg.Intake), Tenancy: dynamo.NewTenancy(db, cfg.Tenancy),
			Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Inbox: queue.NewSender(sqs.NewFromConfig(aws), cfg.Inbox),
			Keyring:    secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}),
			Connectors: connector.NewRegistry(connectors.All()...),
		}).Handle, nil
	})
}

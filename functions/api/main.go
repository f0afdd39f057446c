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
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/function"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/mail"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
	"leadline/shared/syncing/control"
)

func main() {
	function.Start("api", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.APIGatewayV2HTTPRequest, events.APIGatewayV2HTTPResponse] {
		db, queues, objects := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws), s3.NewFromConfig(aws)
		return newHandler(options{finance: newFinance(db, cfg, queue.NewSender(queues, cfg.SettleQueue), queue.NewSender(queues, cfg.NudgeQueue)), Syncs: dynamo.NewSyncs(db, cfg.WorkTable, cfg.Tenancy), Fetch: control.Outbox{Queue: queue.NewSender(queues, cfg.FetchQueue), Due: dynamo.NewDue(db, cfg.WorkTable), Now: time.Now},
			Config: cfg, Now: time.Now, Random: rand.Reader, Log: log, Version: version(), Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History),
			Intake: dynamo.NewIntake(db, cfg.Intake), Schemas: dynamo.NewSchemas(db, cfg.Intake), Batches: dynamo.NewBatches(db, cfg.Intake),
			Tenancy: dynamo.NewTenancy(db, cfg.Tenancy), Members: dynamo.NewMembers(db, cfg.Tenancy), Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Logins: dynamo.NewLogins(db, cfg.Tenancy),
			Programs: dynamo.NewPrograms(db, cfg.Intake, cfg.Tenancy), Credits: dynamo.NewCredits(db, cfg.WorkTable), Runs: dynamo.NewRuns(db, cfg.WorkTable), Calculate: incentives.Outbox{Queue: queue.NewSender(queues, cfg.CalculateQueue), Due: dynamo.NewDue(db, cfg.WorkTable), Now: time.Now}, Views: dynamo.NewViews(db, cfg.Intake, cfg.Tenancy), Roster: dynamo.NewRoster(db, cfg.Tenancy), Deliveries: dynamo.NewDeliveries(db, cfg.WorkTable), Jobs: dynamo.NewJobs(db, cfg.WorkTable, cfg.Tenancy), Journal: mail.NewTeller(dynamo.NewJournal(db, cfg.WorkTable), queue.NewSender(queues, cfg.DeliverQueue), time.Now),
			Payloads: blob.NewS3(objects, cfg.Payloads), Signer: blob.NewS3Signer(s3.NewPresignClient(objects), cfg.Payloads), Inbox: queue.NewSender(queues, cfg.Inbox), Outbox: queue.NewSender(queues, cfg.DeliverQueue), Work: queue.NewSender(queues, cfg.JobsQueue),
			Keyring: secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}), Connectors: connector.NewRegistry(connectors.All()...), Service: rest.New(rest.Options{AllowLoopback: cfg.AllowLoopback, Timeout: providerTimeout}),
		}).Handle
	})
}

// Command settle is the Lambda function behind the settle queue: it freezes and posts periods of programs, and pays, in parts.
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
	"leadline/shared/delivery"
	"leadline/shared/function"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger/bookkeeper"
	payouts "leadline/shared/payout/keeper"
	"leadline/shared/queue"
	"leadline/shared/secret"
	settlements "leadline/shared/settlement/keeper"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("settle", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, queues, objects := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws), blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads)
		programs, credits, payees, own := dynamo.NewPrograms(db, cfg.Intake, cfg.Tenancy), dynamo.NewCredits(db, cfg.Work), dynamo.NewPayees(db, cfg.Tenancy), queue.NewSender(queues, cfg.Settle)
		books := &bookkeeper.Keeper{Ledger: dynamo.NewLedger(db, cfg.Ledger), Lists: objects, Now: time.Now}
		settling := &settlements.Keeper{Records: dynamo.NewRecords(db, cfg.Records), Programs: programs, Credits: credits, Settlements: dynamo.NewSettlements(db, cfg.Ledger, cfg.Tenancy), Payees: payees, Books: books, Documents: objects, Queue: own, Told: queue.NewSender(queues, cfg.Nudge),
			Incentives: &incentives.Keeper{Roster: dynamo.NewRoster(db, cfg.Tenancy), Programs: programs, Credits: credits, Inputs: objects, Known: &incentives.Memory{}, Now: time.Now, Log: log},
			NewID:      func() (string, error) { return delivery.NewID(time.Now(), rand.Reader) }, Now: time.Now, Log: log}
		paying := &payouts.Keeper{Payouts: dynamo.NewPayouts(db, cfg.Ledger, cfg.Tenancy), Payees: payees, Ledger: books.Ledger, Books: books, Documents: objects, Queue: own, Paid: settling, Now: time.Now, Log: log,
			Box: boxes(dynamo.NewTenancy(db, cfg.Tenancy), secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}))}
		return (&handler{log: log, processors: map[string]processor{settlements.Of: settling, payouts.Of: decoding[payouts.Message]{payouts.Decode, paying.Process}}}).Handle
	})
}

// Command deliver is the Lambda function behind the deliver queue: it posts events to the destinations of organizations,
// logs each attempt, and has tried again what failed; and it sends notices to admins by e-mail.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/blob"
	"leadline/shared/function"
	"leadline/shared/mail"
	"leadline/shared/mail/ses"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/queue"
	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("deliver", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, sender := dynamodb.NewFromConfig(aws), queue.NewSender(sqs.NewFromConfig(aws), cfg.Deliver)
		journal, tenancy := dynamo.NewJournal(db, cfg.Work), dynamo.NewTenancy(db, cfg.Tenancy)
		return (&handler{log: log, maxReceives: cfg.MaxReceives, deliverer: dispatch.New(dispatch.Options{
			Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Organizations: tenancy, Deliveries: dynamo.NewDeliveries(db, cfg.Work),
			Due: dynamo.NewDue(db, cfg.Work), Journal: mail.NewTeller(journal, sender, time.Now), Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads),
			Keyring: secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}), Queue: sender, Client: outbound.NewClient(outbound.ClientOptions{AllowLoopback: cfg.AllowLoopback}),
			Remember: time.Duration(cfg.DestinationCacheSeconds) * time.Second, Now: time.Now, Log: log,
		}), mailer: mail.New(mail.Options{Journal: journal, Organizations: tenancy, People: dynamo.NewMembers(db, cfg.Tenancy),
			Sender: ses.NewSender(sesv2.NewFromConfig(aws)), Queue: sender, From: cfg.MailFrom, BaseURL: cfg.BaseURL, Now: time.Now, Log: log})}).Handle
	})
}

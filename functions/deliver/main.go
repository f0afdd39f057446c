// Command deliver is the Lambda function behind the deliver queue: it posts events to the destinations of organizations,
// logs each attempt, and has tried again what failed; it sends notices by e-mail, and nudges by e-mail and Slack.
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
	"leadline/shared/nudge/post"
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
		people, letters := dynamo.NewMembers(db, cfg.Tenancy), ses.NewSender(sesv2.NewFromConfig(aws))
		keyring, client := secret.New(secret.NewKMS(kms.NewFromConfig(aws), cfg.SecretsKey), secret.Options{}), outbound.NewClient(outbound.ClientOptions{AllowLoopback: cfg.AllowLoopback})
		return (&handler{log: log, maxReceives: cfg.MaxReceives, deliverer: dispatch.New(dispatch.Options{
			Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Organizations: tenancy, Deliveries: dynamo.NewDeliveries(db, cfg.Work), Due: dynamo.NewDue(db, cfg.Work), Journal: mail.NewTeller(journal, sender, time.Now), Payloads: blob.NewS3(s3.NewFromConfig(aws), cfg.Payloads), Keyring: keyring, Queue: sender, Client: client,
			Remember: time.Duration(cfg.DestinationCacheSeconds) * time.Second, Now: time.Now, Log: log}), mailer: mail.New(mail.Options{Journal: journal, Organizations: tenancy, People: people, Sender: letters, Queue: sender, From: cfg.MailFrom, BaseURL: cfg.BaseURL, Now: time.Now, Log: log}),
			poster: post.New(post.Options{Nudges: dynamo.NewNudges(db, cfg.Work, cfg.Tenancy), Members: dynamo.NewRoster(db, cfg.Tenancy), People: people, Organizations: tenancy, Keyring: keyring, Mail: letters, Client: client, Queue: sender, From: cfg.MailFrom, Now: time.Now, Log: log})}).Handle
	})
}

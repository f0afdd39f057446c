// Command nudge is the Lambda function behind the nudge queue: it looks after people as their standings move, and decides what they
// are told.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/announce"
	"leadline/shared/function"
	games "leadline/shared/game/keeper"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/nudge/keeper"
	"leadline/shared/outbound"
	"leadline/shared/queue"
	"leadline/shared/store/dynamo"
)

// destinationsFor is for how long the destinations of an organization are believed without asking.
const destinationsFor = 10 * time.Second

func main() {
	function.Start("nudge", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[events.SQSEvent, events.SQSEventResponse] {
		db, queues := dynamodb.NewFromConfig(aws), sqs.NewFromConfig(aws)
		gamer := &games.Keeper{Games: dynamo.NewGames(db, cfg.Work, cfg.Tenancy), Programs: dynamo.NewPrograms(db, cfg.Intake, cfg.Tenancy), Credits: dynamo.NewCredits(db, cfg.Work),
			Books: &bookkeeper.Keeper{Ledger: dynamo.NewLedger(db, cfg.Ledger), Now: time.Now}, Queue: queue.NewSender(queues, cfg.Nudge), Now: time.Now, // events are small: no payloads
			Events: announce.NewDomain(announce.Options{Destinations: dynamo.NewDestinations(db, cfg.Tenancy), Outbox: outbound.Outbox{Queue: queue.NewSender(queues, cfg.Deliver)}, Cache: destinationsFor, Now: time.Now})}
		programs, roster, credits := dynamo.NewPrograms(db, cfg.Intake, cfg.Tenancy), dynamo.NewRoster(db, cfg.Tenancy), dynamo.NewCredits(db, cfg.Work)
		return (&handler{log: log, gamer: gamer, nudger: keeper.New(keeper.Options{Nudges: dynamo.NewNudges(db, cfg.Work, cfg.Tenancy), Programs: programs, Roster: roster, Credits: credits,
			Settlements: dynamo.NewSettlements(db, cfg.Ledger, cfg.Tenancy), People: dynamo.NewMembers(db, cfg.Tenancy), Organizations: dynamo.NewTenancy(db, cfg.Tenancy),
			Incentives: &incentives.Keeper{Roster: roster, Programs: programs, Credits: credits, Known: &incentives.Memory{}, Now: time.Now, Log: log},
			Due:        dynamo.NewDue(db, cfg.Work), Queue: queue.NewSender(queues, cfg.Nudge), Deliver: queue.NewSender(queues, cfg.Deliver), Now: time.Now, Log: log})}).Handle
	})
}

package main

import (
	"context"
	"crypto/rand"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/privacy"
	"leadline/shared/quota"
	"leadline/shared/replay"
	"leadline/shared/store"
	"leadline/shared/upload"
)

// parts is what jobs work on.
type parts struct {
	Records      store.Records
	History      store.History
	Intake       store.Intake
	Schemas      store.Schemas
	Batches      store.Batches
	Tenancy      store.Tenancy
	Members      store.Members
	Roster       store.Roster
	Payees       store.Payees
	Disputes     store.Disputes
	Logins       store.Logins
	Destinations store.Destinations
	Deliveries   store.Deliveries
	Journal      store.Journal
	Jobs         store.Jobs
	Payloads     blob.Store
	// Inbox and Outbox lead to ingest and deliver.
	Inbox, Outbox groupSender
}

// groupSender puts messages into a queue, fair by group: a queue.Sender.
type groupSender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// betweenPasses is what an erasure gives to what is under way: more than queues and streams take, as long as all is well.
const betweenPasses = 20 * time.Second

// kinds lists what jobs there are.
func (p parts) kinds() map[job.Kind]kind {
	replays := replay.New(replay.Options{Intake: p.Intake, Connections: p.Tenancy, Inbox: replay.Inbox{Queue: p.Inbox, Payloads: p.Payloads},
		Now: time.Now, Random: rand.Reader})
	resends := replay.Resender{Deliveries: p.Deliveries, Outbox: outbound.Outbox{Queue: p.Outbox, Payloads: p.Payloads}}
	loads := upload.New(upload.Options{Payloads: p.Payloads, Batches: p.Batches, Schemas: p.Schemas, Inbox: p.Inbox,
		Rows: rows{p.Tenancy, quota.NewRows(p.Members)}, Now: time.Now})
	people := privacy.New(privacy.Options{Records: p.Records, History: p.History, Intake: p.Intake, Schemas: p.Schemas, Batches: p.Batches,
		Tenancy: p.Tenancy, Members: p.Members, Roster: p.Roster, Payees: p.Payees, Disputes: p.Disputes, Logins: p.Logins, Destinations: p.Destinations, Deliveries: p.Deliveries, Journal: p.Journal, Jobs: p.Jobs,
		Payloads: p.Payloads, Connectors: connector.NewRegistry(connectors.All()...), Now: time.Now, Wait: privacy.Pause(betweenPasses)})
	return map[job.Kind]kind{
		job.Replay: {step: replays.Step},
		job.Resend: {step: resends.Step},
		job.Load:   {step: loads.Step, ended: loads.Ended, tell: true},
		job.Export: {step: people.Export, ended: people.Ended, tell: true},
		job.Erase:  {step: people.Erase, ended: people.Ended, tell: true},
	}
}

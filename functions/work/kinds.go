package main

import (
	"context"
	"crypto/rand"
	"time"

	"leadline/shared/blob"
	"leadline/shared/job"
	"leadline/shared/outbound"
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
	Destinations store.Destinations
	Deliveries   store.Deliveries
	Journal      store.Journal
	Payloads     blob.Store
	// Inbox and Outbox lead to ingest and deliver.
	Inbox, Outbox groupSender
}

// groupSender puts messages into a queue, fair by group: a queue.Sender.
type groupSender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// kinds lists what jobs there are.
func (p parts) kinds() map[job.Kind]kind {
	replays := replay.New(replay.Options{Intake: p.Intake, Connections: p.Tenancy, Inbox: replay.Inbox{Queue: p.Inbox, Payloads: p.Payloads},
		Now: time.Now, Random: rand.Reader})
	resends := replay.Resender{Deliveries: p.Deliveries, Outbox: outbound.Outbox{Queue: p.Outbox, Payloads: p.Payloads}}
	loads := upload.New(upload.Options{Payloads: p.Payloads, Batches: p.Batches, Schemas: p.Schemas, Inbox: p.Inbox, Now: time.Now})
	return map[job.Kind]kind{
		job.Replay: {step: replays.Step},
		job.Resend: {step: resends.Step},
		job.Load:   {step: loads.Step, ended: loads.Ended, tell: true},
	}
}

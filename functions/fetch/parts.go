package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/hook"
	"leadline/shared/intake"
	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/ratelimit"
	"leadline/shared/replay"
	"leadline/shared/roster"
	"leadline/shared/roster/keeper"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/syncing/control"
	"leadline/shared/syncing/engine"
	"leadline/shared/tenant"
	"leadline/shared/view/standard"
)

// parts are what the engine is made of.
type parts struct {
	Records  store.Records
	Intake   store.Intake
	Schemas  store.Schemas
	Batches  store.Batches
	Tenancy  store.Tenancy
	Members  store.Members
	Syncs    store.Syncs
	Due      store.Due
	Journal  store.Journal
	Roster   store.Roster
	Views    store.Views
	Logins   credential.Store
	Limits   ratelimit.Store
	Payloads blob.Store
	Keyring  *secret.Keyring
	Fetch    control.Sender
	// Inbox leads to ingest, Outbox to deliver.
	Inbox, Outbox groupSender
	Log           *slog.Logger
}

// groupSender puts messages into a queue, fair by group: a queue.Sender.
type groupSender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// engine puts the parts together.
func (p parts) engine(cfg Config) *engine.Engine {
	registry := connector.NewRegistry(connectors.All()...)
	notices := mail.NewTeller(p.Journal, p.Outbox, time.Now)
	controller := control.New(control.Options{Outbox: control.Outbox{Queue: p.Fetch, Due: p.Due, Now: time.Now}, Syncs: p.Syncs, Connectors: registry, Random: rand.Reader})
	in := intake.New(intake.Options{Records: p.Records, Intake: p.Intake, Schemas: p.Schemas, Batches: p.Batches, Journal: notices, Payloads: p.Payloads,
		Connectors: registry, Reread: controller, ClockGuard: time.Duration(cfg.ClockGuardSeconds) * time.Second,
		SchemaCache: time.Duration(cfg.SchemaCacheSeconds) * time.Second, Now: time.Now, Log: p.Log})
	limiter := ratelimit.New(ratelimit.Options{Store: p.Limits})
	logins := credential.New(credential.Options{Store: p.Logins, Organizations: p.Tenancy, Keyring: p.Keyring, Connectors: registry,
		Service: rest.New(rest.Options{AllowLoopback: cfg.AllowLoopback}), Limiter: limiter})
	return engine.New(engine.Options{Syncs: p.Syncs, Tenancy: p.Tenancy, Members: p.Members, Records: p.Records, Schemas: p.Schemas, Payloads: p.Payloads,
		Pages: in, Logins: loginsOf{logins}, Control: controller,
		Tell: func(ctx context.Context, n notice.Notice) error {
			_, err := notices.Tell(ctx, n)
			return err
		},
		Roster:     rosterOf{keeper.New(keeper.Options{Roster: p.Roster, People: p.Members, Journal: p.Journal, Notices: notices, Now: time.Now, Random: rand.Reader})},
		Views:      viewsOf{&standard.Keeper{Schemas: p.Schemas, Records: p.Records, Views: p.Views, Now: time.Now}},
		Hooks:      hook.New(hook.Options{Tenancy: p.Tenancy, Keyring: p.Keyring, Connectors: registry, BaseURL: cfg.BaseURL, Now: time.Now}),
		Inbox:      replay.Parked{Intake: p.Intake, Inbox: replay.Inbox{Queue: p.Inbox, Payloads: p.Payloads}},
		Connectors: registry, Now: time.Now, Log: p.Log})
}

// loginsOf makes clients of what is stored.
type loginsOf struct{ *credential.Keeper }

// Client gives a client for a connection, NotFound for one without a login.
func (l loginsOf) Client(ctx context.Context, conn tenant.Connection) (engine.Client, error) {
	if _, err := l.Keeper.Login(ctx, conn); err != nil {
		return nil, err
	}
	return l.Keeper.Client(conn)
}

// Revoked notes that a provider refuses a login.
func (l loginsOf) Revoked(ctx context.Context, conn tenant.Connection, cause error) error {
	_, err := l.MarkRevoked(ctx, conn, cause)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

type rosterOf struct{ *keeper.Keeper }

// Sync takes over who works at a provider's account.
func (r rosterOf) Sync(ctx context.Context, organization, connection string, users []roster.User, at time.Time) error {
	_, err := r.Keeper.Sync(ctx, organization, connection, users, at)
	return err
}

type viewsOf struct{ *standard.Keeper }

// Follow brings the standard views of a connection up to its objects.
func (v viewsOf) Follow(ctx context.Context, conn tenant.Connection) error {
	_, err := v.Keeper.Follow(ctx, conn)
	return err
}

// Package engine does what package syncing names: it reads pages from providers, has them stored, compares both sides,
// keeps subscriptions alive and schemas, people and views up to date. It goes on from what the table says, in steps that can
// each be repeated: whatever crashes anywhere reads at most one page again.
package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/notice"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// Client makes requests for a connection and counts them.
type Client interface {
	connector.Client
	// Take gives what was done since the last Take.
	Take() rest.Usage
}

// Options are what an Engine works with. All of them are required, but for Roster, Views and Log.
type Options struct {
	Syncs    store.Syncs
	Tenancy  store.Tenancy
	Members  store.Members
	Records  store.Records
	Schemas  store.Schemas
	Payloads blob.Store
	// Pages stores pages of records: an intake.Intake.
	Pages interface {
		ProcessPage(ctx context.Context, p intake.Page) (syncing.Counts, error)
	}
	// Logins makes clients, and is told when a provider refuses what it knows: a credential.Keeper.
	Logins interface {
		// Client makes a client for a connection. NotFound if the connection has no login.
		Client(ctx context.Context, conn tenant.Connection) (Client, error)
		// Revoked notes that the provider refuses the login, as cause says.
		Revoked(ctx context.Context, conn tenant.Connection, cause error) error
	}
	Control *control.Controller
	// Tell tells the admins of an organization something.
	Tell func(ctx context.Context, n notice.Notice) error
	// Roster takes who works at a provider's account; nil for nobody.
	Roster interface {
		Sync(ctx context.Context, organization, connection string, users []roster.User, at time.Time) error
	}
	// Views brings the views of a connection up to its objects; nil for none.
	Views interface {
		Follow(ctx context.Context, conn tenant.Connection) error
	}
	// Hooks knows and makes webhook URLs and signing keys.
	Hooks Hooks
	// Inbox takes deliveries that were parked while a connection was paused.
	Inbox interface {
		Replay(ctx context.Context, organization, connection, connector string, from, until time.Time) (int, error)
	}
	Connectors connector.Registry
	Now        func() time.Time
	Random     io.Reader
	Log        *slog.Logger
}

// Engine does runs. It is safe for concurrent use.
type Engine struct{ Options }

// New makes an Engine.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{o}
}

// Process does what a message of the fetch queue asks for, as far as the context's time goes; what is left sends itself on.
// An error means that the message is to be delivered again.
func (e *Engine) Process(ctx context.Context, m syncing.Message) error {
	conn, err := e.Tenancy.Connection(ctx, m.Organization, m.Connection)
	if fault.Is(err, fault.NotFound) {
		return nil // it was removed since
	}
	if err != nil {
		return fmt.Errorf("engine: connection: %w", err)
	}
	definition, known := e.Connectors[conn.Connector]
	if !known {
		return fault.New(fault.Internal, "unknown_connector", "engine: there is no connector %q", conn.Connector)
	}
	t := task{e, conn, definition, m}
	switch m.Kind {
	case syncing.GoOn:
		return t.goOn(ctx)
	case syncing.Due:
		return t.due(ctx)
	case syncing.Read:
		return t.read(ctx)
	case syncing.Watch:
		return t.watch(ctx)
	case syncing.Resume:
		return t.resume(ctx)
	}
	return t.tend(ctx)
}

// task is one message about one connection.
type task struct {
	*Engine
	conn       tenant.Connection
	definition connector.Definition
	message    syncing.Message
}

// reserve is the time that an invocation leaves unused: enough for the page that it is on.
const reserve = 25 * time.Second

// late tells whether too little time is left for another page.
func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

// due begins the run of a sync.
func (t task) due(ctx context.Context) error {
	y, err := t.Syncs.Sync(ctx, t.conn.Organization, t.conn.ID, t.message.Sync)
	if fault.Is(err, fault.NotFound) {
		return nil // it was deleted since
	}
	if err != nil {
		return fmt.Errorf("engine: sync: %w", err)
	}
	telemetry.Count(ctx, "SyncsDue", 1)
	if err := t.fire(ctx, y, t.message.At); err != nil {
		return err
	}
	return t.tendAgain(ctx)
}

// fire begins the run of a sync. A plan that does not fit the connector any more does not fit it later either.
func (t task) fire(ctx context.Context, y syncing.Sync, at time.Time) error {
	err := t.Control.Fire(ctx, t.conn, y, at)
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	telemetry.Count(ctx, "SyncsUnfit", 1)
	t.Log.Warn("a sync cannot run", telemetry.KeyOrganization, t.conn.Organization, "connection", t.conn.ID, "sync", y.ID, telemetry.KeyError, fault.Brief(err))
	return nil
}

// tendAgain has the connection looked after if that should have been done a while ago: its message was lost. Tending does the
// same for syncs.
func (t task) tendAgain(ctx context.Context) error {
	state, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	if t.conn.Status != tenant.Active || t.Now().Sub(state.NextTendAt) <= stillAfter {
		return nil
	}
	return t.Control.Tend(ctx, t.conn.Organization, t.conn.ID)
}

// watch lets those streams of a run go on that stand still for no reason, and ends the run if that is all that is left. Of a run
// that has ended it does again what follows that, for whoever ended it may have died there.
func (t task) watch(ctx context.Context) error {
	r, err := t.Syncs.Run(ctx, t.conn.Organization, t.conn.ID, t.message.Run)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("engine: run: %w", err)
	}
	if !r.Status.Final() {
		if err := t.Control.WatchOn(ctx, r); err != nil { // before anything can fail
			return err
		}
	}
	streams, err := t.Syncs.Streams(ctx, r.Organization, r.ID)
	if err != nil {
		return fmt.Errorf("engine: streams: %w", err)
	}
	if r.Status.Final() {
		return t.concluded(ctx, r, streams)
	}
	state, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	if r.Status == syncing.Paused || t.conn.Status != tenant.Active || state.Problem != "" {
		return nil
	}
	var still []syncing.Stream
	now := t.Now()
	for _, s := range streams {
		if now.Sub(s.UpdatedAt) > stillAfter && now.After(s.WaitUntil.Add(stillAfter)) {
			still = append(still, s)
		}
	}
	telemetry.Count(ctx, "StreamsStill", len(still))
	if err := t.Control.GoOn(ctx, still); err != nil {
		return err
	}
	return t.finish(ctx, r)
}

// stillAfter is how long a stream may say nothing before it is taken for stuck.
const stillAfter = 8 * time.Minute

// change changes the state of the connection; do may be called more than once.
func (t task) change(ctx context.Context, do func(*syncing.State)) (syncing.State, error) {
	for range contests {
		s, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
		if err != nil {
			return s, fmt.Errorf("engine: state: %w", err)
		}
		do(&s)
		s.Rev++
		switch err := t.Syncs.SaveState(ctx, s); {
		case err == nil:
			return s, nil
		case !fault.Is(err, fault.Conflict):
			return s, fmt.Errorf("engine: save state: %w", err)
		}
	}
	return syncing.State{}, fault.New(fault.Unavailable, "contended", "engine: the state of a connection is being changed by too many at once")
}

// contests is how often a write that lost a race is tried again.
const contests = 20

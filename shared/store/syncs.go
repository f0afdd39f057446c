package store

import (
	"context"

	"leadline/shared/syncing"
)

// Syncs keeps what is kept in step with a provider, and how far it has come.
type Syncs interface {
	// CreateRun stores a new run with its streams and the receipt, all or nothing. At most 90 streams. Conflict (CodeTaken)
	// if the id is taken, CodeReceiptTaken as for CreateConnection.
	CreateRun(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *Receipt) error
	// UpdateRun replaces a run if the stored Rev is still r.Rev-1; Conflict (CodeStale).
	UpdateRun(ctx context.Context, r syncing.Run, receipt *Receipt) error
	// Run reads one, consistently.
	Run(ctx context.Context, organization, connection, id string) (syncing.Run, error)
	// Runs pages through those of a connection, newest first, eventually consistent.
	Runs(ctx context.Context, organization, connection string, page Page) (runs []syncing.Run, next string, err error)
	// SaveStream replaces a stream if the stored Rev is still s.Rev-1; Conflict (CodeStale): one conditional write.
	SaveStream(ctx context.Context, s syncing.Stream) error
	// Stream reads one, consistently.
	Stream(ctx context.Context, organization, run, object string) (syncing.Stream, error)
	// Streams gives all streams of a run by object, consistently.
	Streams(ctx context.Context, organization, run string) ([]syncing.Stream, error)

	// CreateSync stores a new sync with the receipt, all or nothing.
	CreateSync(ctx context.Context, s syncing.Sync, receipt *Receipt) error
	// UpdateSync replaces one if the stored Rev is still s.Rev-1, with the receipt; Conflict (CodeStale).
	UpdateSync(ctx context.Context, s syncing.Sync, receipt *Receipt) error
	// DeleteSync removes one; what is not there is no error.
	DeleteSync(ctx context.Context, organization, connection, id string) error
	// Sync reads one, consistently.
	Sync(ctx context.Context, organization, connection, id string) (syncing.Sync, error)
	// Syncs pages through those of a connection by id, eventually consistent.
	Syncs(ctx context.Context, organization, connection string, page Page) (syncs []syncing.Sync, next string, err error)

	// SaveState replaces the state of a connection if the stored Rev is still s.Rev-1 (0: none is stored); Conflict (CodeStale).
	SaveState(ctx context.Context, s syncing.State) error
	// State reads one, consistently; one of Rev 0 if none is stored.
	State(ctx context.Context, organization, connection string) (syncing.State, error)
}

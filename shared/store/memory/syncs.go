package memory

import (
	"context"
	"encoding/json"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

// Syncs implements store.Syncs. What it keeps is JSON, so that nobody holds a part of what is stored.
type Syncs struct {
	tenancy *Tenancy
	kept    map[syncKey]keptNoun
}

// syncKey names a noun: what it is, whose it is, and its name.
type syncKey struct{ kind, organization, parent, id string }

// keptNoun is a stored noun with its rev.
type keptNoun struct {
	rev  int64
	text []byte
}

// NewSyncs makes a store whose receipts are those of another.
func NewSyncs(tenancy *Tenancy) *Syncs {
	return &Syncs{tenancy: tenancy, kept: map[syncKey]keptNoun{}}
}

func runOf(r syncing.Run) syncKey { return syncKey{"run", r.Organization, r.Connection, r.ID} }
func streamOf(s syncing.Stream) syncKey {
	return syncKey{"stream", s.Organization, s.Run, s.Object}
}
func syncOf(s syncing.Sync) syncKey { return syncKey{"sync", s.Organization, s.Connection, s.ID} }
func stateOf(organization, connection string) syncKey {
	return syncKey{"state", organization, connection, ""}
}

// CreateRun implements store.Syncs.
func (s *Syncs) CreateRun(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, r.CreatedAt, func() error { return s.free(runOf(r), "run") }, func() {
		s.keep(runOf(r), r.Rev, r)
		for _, stream := range streams {
			s.keep(streamOf(stream), stream.Rev, stream)
		}
	})
}

// UpdateRun implements store.Syncs.
func (s *Syncs) UpdateRun(ctx context.Context, r syncing.Run, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, r.UpdatedAt, func() error { return s.is(runOf(r), r.Rev-1, "run") },
		func() { s.keep(runOf(r), r.Rev, r) })
}

// Run implements store.Syncs.
func (s *Syncs) Run(ctx context.Context, organization, connection, id string) (syncing.Run, error) {
	return readNoun[syncing.Run](ctx, s, syncKey{"run", organization, connection, id}, "run")
}

// Runs implements store.Syncs.
func (s *Syncs) Runs(ctx context.Context, organization, connection string, p store.Page) ([]syncing.Run, string, error) {
	return listNouns[syncing.Run](ctx, s, "run", organization, connection, p, true)
}

// SaveStream implements store.Syncs.
func (s *Syncs) SaveStream(ctx context.Context, stream syncing.Stream) error {
	return s.tenancy.change(ctx, nil, stream.UpdatedAt, func() error { return s.is(streamOf(stream), stream.Rev-1, "stream") },
		func() { s.keep(streamOf(stream), stream.Rev, stream) })
}

// Stream implements store.Syncs.
func (s *Syncs) Stream(ctx context.Context, organization, run, object string) (syncing.Stream, error) {
	return readNoun[syncing.Stream](ctx, s, syncKey{"stream", organization, run, object}, "stream")
}

// Streams implements store.Syncs.
func (s *Syncs) Streams(ctx context.Context, organization, run string) ([]syncing.Stream, error) {
	streams, _, err := listNouns[syncing.Stream](ctx, s, "stream", organization, run, store.Page{Limit: store.MaxLimit}, false)
	return streams, err
}

// CreateSync implements store.Syncs.
func (s *Syncs) CreateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, y.CreatedAt, func() error { return s.free(syncOf(y), "sync") }, func() { s.keep(syncOf(y), y.Rev, y) })
}

// UpdateSync implements store.Syncs.
func (s *Syncs) UpdateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, y.UpdatedAt, func() error { return s.is(syncOf(y), y.Rev-1, "sync") },
		func() { s.keep(syncOf(y), y.Rev, y) })
}

// DeleteSync implements store.Syncs.
func (s *Syncs) DeleteSync(ctx context.Context, organization, connection, id string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.tenancy.mu.Lock()
	defer s.tenancy.mu.Unlock()
	delete(s.kept, syncKey{"sync", organization, connection, id})
	return nil
}

// Sync implements store.Syncs.
func (s *Syncs) Sync(ctx context.Context, organization, connection, id string) (syncing.Sync, error) {
	return readNoun[syncing.Sync](ctx, s, syncKey{"sync", organization, connection, id}, "sync")
}

// Syncs implements store.Syncs.
func (s *Syncs) Syncs(ctx context.Context, organization, connection string, p store.Page) ([]syncing.Sync, string, error) {
	return listNouns[syncing.Sync](ctx, s, "sync", organization, connection, p, false)
}

// SaveState implements store.Syncs.
func (s *Syncs) SaveState(ctx context.Context, state syncing.State) error {
	at := stateOf(state.Organization, state.Connection)
	return s.tenancy.change(ctx, nil, state.TendedAt, func() error { return s.is(at, state.Rev-1, "state of the connection") },
		func() { s.keep(at, state.Rev, state) })
}

// State implements store.Syncs.
func (s *Syncs) State(ctx context.Context, organization, connection string) (syncing.State, error) {
	state, err := readNoun[syncing.State](ctx, s, stateOf(organization, connection), "state")
	if fault.Is(err, fault.NotFound) {
		return syncing.State{Organization: organization, Connection: connection}, nil
	}
	return state, err
}

// free refuses a name that is taken.
func (s *Syncs) free(at syncKey, what string) error {
	if _, found := s.kept[at]; found {
		return taken(what)
	}
	return nil
}

// is refuses a change of what has another rev; 0 stands for what is not there.
func (s *Syncs) is(at syncKey, rev int64, what string) error {
	if s.kept[at].rev != rev {
		return stale(what)
	}
	return nil
}

func (s *Syncs) keep(at syncKey, rev int64, noun any) {
	text, err := json.Marshal(noun)
	if err != nil { // nouns are data
		text = nil
	}
	s.kept[at] = keptNoun{rev, text}
}

func readNoun[T any](ctx context.Context, s *Syncs, at syncKey, what string) (T, error) {
	kept, err := get(ctx, s.tenancy, s.kept, at, what)
	if err != nil {
		var none T
		return none, err
	}
	return decodeNoun[T](kept)
}

func decodeNoun[T any](kept keptNoun) (noun T, err error) {
	if err := json.Unmarshal(kept.text, &noun); err != nil {
		return noun, fmt.Errorf("store: %w", err)
	}
	return noun, nil
}

func listNouns[T any](ctx context.Context, s *Syncs, kind, organization, parent string, p store.Page, descending bool) ([]T, string, error) {
	kept, next, err := page(ctx, []string{kind, organization, parent}, p, descending, func(after string) []entry[keptNoun] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[keptNoun]
		for at, noun := range s.kept {
			if at.kind == kind && at.organization == organization && at.parent == parent &&
				(p.Cursor == "" || descending && at.id < after || !descending && at.id > after) {
				entries = append(entries, entry[keptNoun]{at.id, noun})
			}
		}
		return entries
	})
	if err != nil {
		return nil, "", err
	}
	nouns := make([]T, len(kept))
	for i, k := range kept {
		if nouns[i], err = decodeNoun[T](k); err != nil {
			return nil, "", err
		}
	}
	return nouns, next, nil
}

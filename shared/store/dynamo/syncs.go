package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

// Syncs implements store.Syncs. What is stored is the JSON of the nouns, packed, beside their rev: the names of their
// fields are part of what is stored.
type Syncs struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

// NewSyncs uses the table Work of the name, and that of Tenancy for receipts.
func NewSyncs(client Client, work, tenancy string) *Syncs {
	return &Syncs{table: newTable(client, work), receipts: newTable(client, tenancy)}
}

// CreateRun implements store.Syncs in one transaction: the run, its streams, the receipt.
func (s *Syncs) CreateRun(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *store.Receipt) error {
	const what = "create run"
	i, err := s.encodeRun(r)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.create(i, unlessThere, nil, taken("run"))}
	for _, stream := range streams {
		i, err := s.encodeStream(stream)
		if err != nil {
			return failed(err, what)
		}
		steps = append(steps, s.write(i))
	}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, r.CreatedAt)...)
}

// UpdateRun implements store.Syncs in one transaction of one or two items.
func (s *Syncs) UpdateRun(ctx context.Context, r syncing.Run, receipt *store.Receipt) error {
	const what = "update run"
	i, err := s.encodeRun(r)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.replace(i, r.Rev-1, stale("run"))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, r.UpdatedAt)...)
}

// Run implements store.Syncs in one GetItem.
func (s *Syncs) Run(ctx context.Context, organization, connection, id string) (syncing.Run, error) {
	const what = "get run"
	i, err := s.get(ctx, what, runKey(organization, connection, id), "run")
	if err != nil {
		return syncing.Run{}, err
	}
	r, err := decodePacked[syncing.Run](s.table, i)
	return r, failed(err, what)
}

// Runs implements store.Syncs in one Query.
func (s *Syncs) Runs(ctx context.Context, organization, connection string, p store.Page) ([]syncing.Run, string, error) {
	q := query{what: "list runs", partition: runsPartition(organization, connection), descending: true}
	return page(ctx, s.table, q, []string{"runs", organization, connection}, p, s.decodeRun)
}

// SaveStream implements store.Syncs in one conditional PutItem.
func (s *Syncs) SaveStream(ctx context.Context, stream syncing.Stream) error {
	const what = "save stream"
	i, err := s.encodeStream(stream)
	if err != nil {
		return failed(err, what)
	}
	return s.replaceOne(ctx, what, i, stream.Rev-1, "stream")
}

// replaceOne writes an item if what stands has the rev.
func (s *Syncs) replaceOne(ctx context.Context, what string, i item, rev int64, missing string) error {
	condition, values := "rev = :rev", item{":rev": number(rev)}
	if rev == 0 {
		condition, values = unlessThere, nil
	}
	standing, refused, err := s.putIf(ctx, what, i, condition, values)
	if err != nil || !refused {
		return err
	}
	if bytes.Equal(read(standing).bytes("b"), read(i).bytes("b")) { // the answer to our own write was lost
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, stale(missing))
}

// Stream implements store.Syncs in one GetItem.
func (s *Syncs) Stream(ctx context.Context, organization, run, object string) (syncing.Stream, error) {
	const what = "get stream"
	i, err := s.get(ctx, what, streamKey(organization, run, object), "stream")
	if err != nil {
		return syncing.Stream{}, err
	}
	stream, err := s.decodeStream(i)
	return stream, failed(err, what)
}

// Streams implements store.Syncs in one Query.
func (s *Syncs) Streams(ctx context.Context, organization, run string) ([]syncing.Stream, error) {
	const what = "list streams"
	items, _, err := s.items(ctx, query{what: what, partition: streamsPartition(organization, run), consistent: true}, store.MaxLimit)
	if err != nil {
		return nil, err
	}
	return decodeAll(what, items, s.decodeStream)
}

// CreateSync implements store.Syncs in one transaction of one or two items.
func (s *Syncs) CreateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	const what = "create sync"
	i, err := s.encodeSync(y)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.create(i, unlessThere, nil, taken("sync"))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, y.CreatedAt)...)
}

// UpdateSync implements store.Syncs in one transaction of one or two items.
func (s *Syncs) UpdateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	const what = "update sync"
	i, err := s.encodeSync(y)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.replace(i, y.Rev-1, stale("sync"))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, y.UpdatedAt)...)
}

// DeleteSync implements store.Syncs in one DeleteItem.
func (s *Syncs) DeleteSync(ctx context.Context, organization, connection, id string) error {
	return s.delete(ctx, "delete sync", syncKey(organization, connection, id))
}

// Sync implements store.Syncs in one GetItem.
func (s *Syncs) Sync(ctx context.Context, organization, connection, id string) (syncing.Sync, error) {
	const what = "get sync"
	i, err := s.get(ctx, what, syncKey(organization, connection, id), "sync")
	if err != nil {
		return syncing.Sync{}, err
	}
	y, err := s.decodeSync(i)
	return y, failed(err, what)
}

// Syncs implements store.Syncs in one Query.
func (s *Syncs) Syncs(ctx context.Context, organization, connection string, p store.Page) ([]syncing.Sync, string, error) {
	q := query{what: "list syncs", partition: syncsPartition(organization, connection)}
	return page(ctx, s.table, q, []string{"syncs", organization, connection}, p, s.decodeSync)
}

// SaveState implements store.Syncs in one conditional PutItem.
func (s *Syncs) SaveState(ctx context.Context, state syncing.State) error {
	const what = "save state"
	i, err := s.pack(stateKey(state.Organization, state.Connection), state.Rev, state)
	if err != nil {
		return failed(err, what)
	}
	return s.replaceOne(ctx, what, i, state.Rev-1, "state of the connection")
}

// State implements store.Syncs in one GetItem.
func (s *Syncs) State(ctx context.Context, organization, connection string) (syncing.State, error) {
	const what = "get state"
	i, err := s.get(ctx, what, stateKey(organization, connection), "state")
	if fault.Is(err, fault.NotFound) {
		return syncing.State{Organization: organization, Connection: connection}, nil
	}
	if err != nil {
		return syncing.State{}, err
	}
	state, err := decodePacked[syncing.State](s.table, i)
	return state, failed(err, what)
}

func (s *Syncs) encodeRun(r syncing.Run) (item, error) {
	i, err := s.pack(runKey(r.Organization, r.Connection, r.ID), r.Rev, r)
	if err == nil && !r.Forget.IsZero() {
		i.forget(r.Forget)
	}
	return i, err
}

func (s *Syncs) encodeStream(stream syncing.Stream) (item, error) {
	i, err := s.pack(streamKey(stream.Organization, stream.Run, stream.Object), stream.Rev, stream)
	if err == nil && !stream.Forget.IsZero() {
		i.forget(stream.Forget)
	}
	return i, err
}

func (s *Syncs) encodeSync(y syncing.Sync) (item, error) {
	return s.pack(syncKey(y.Organization, y.Connection, y.ID), y.Rev, y)
}

func (s *Syncs) decodeRun(i item) (syncing.Run, error) { return decodePacked[syncing.Run](s.table, i) }

func (s *Syncs) decodeStream(i item) (syncing.Stream, error) {
	return decodePacked[syncing.Stream](s.table, i)
}

func (s *Syncs) decodeSync(i item) (syncing.Sync, error) {
	return decodePacked[syncing.Sync](s.table, i)
}

// pack makes the item of a noun.
func (s *Syncs) pack(at primary, rev int64, noun any) (item, error) {
	body, err := s.packJSON(noun)
	if err != nil {
		return nil, err
	}
	i := newItem(at)
	i.setNumber("rev", rev)
	i.setBytes("b", body)
	return i, fits(i, maxItemBytes)
}

// decodePacked reads what pack wrote.
func decodePacked[T any](t table, i item) (T, error) {
	var noun T
	in := read(i)
	packed := in.bytes("b")
	if in.err != nil {
		return noun, in.err
	}
	plain, err := t.codec.unpack(packed)
	if err != nil {
		return noun, err
	}
	if err := json.Unmarshal(plain, &noun); err != nil {
		return noun, fmt.Errorf("decode: %w", err)
	}
	return noun, nil
}

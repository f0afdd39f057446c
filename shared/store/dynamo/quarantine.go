package dynamo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/store"
)

// SetAside implements store.Intake in one PutItem.
func (s *Intake) SetAside(ctx context.Context, entry quarantine.Entry) error {
	i := newItem(entryKey(entry.Organization, entry.ID))
	i.setText("connection", entry.Connection)
	i.setText("connector", entry.Connector)
	i.setText("reason", string(entry.Reason))
	i.setText("detail", entry.Detail)
	i.setText("kind", entry.Kind)
	i.setTime("received_at", entry.ReceivedAt)
	i.setPayload(entry.Payload)
	i.setText("status", string(entry.Status))
	i.setNumber("replays", int64(entry.Replays))
	i.setTime("updated_at", entry.UpdatedAt)
	_, err := s.put(ctx, "set aside", i, unlessThere)
	return err
}

// Requeue implements store.Intake in one UpdateItem.
func (s *Intake) Requeue(ctx context.Context, organization, id string, reason quarantine.Reason, detail string, at time.Time) error {
	return s.replayed(ctx, "requeue entry", organization, id, quarantine.Open, at, func(c *change) {
		c.set = append(c.set, "#reason = :reason", "#detail = :detail")
		c.names["#reason"], c.names["#detail"] = "reason", "detail"
		c.values[":reason"], c.values[":detail"] = text(string(reason)), text(detail)
	})
}

// Resolve implements store.Intake in one UpdateItem.
func (s *Intake) Resolve(ctx context.Context, organization, id string, at time.Time) error {
	return s.replayed(ctx, "resolve entry", organization, id, quarantine.Resolved, at, func(*change) {})
}

// replayed notes a replay of an entry that is not resolved; one that is stays as it is.
func (s *Intake) replayed(ctx context.Context, what, organization, id string, status quarantine.Status, at time.Time, finish func(*change)) error {
	c := change{
		set:       []string{"#status = :status", "#updated = :at", "#replays = if_not_exists(#replays, :zero) + :one"},
		condition: "attribute_exists(pk) AND #status <> :resolved",
		names:     map[string]string{"#status": "status", "#updated": "updated_at", "#replays": "replays"},
		values: item{":status": text(string(status)), ":resolved": text(string(quarantine.Resolved)),
			":zero": number(0), ":one": number(1), ":at": text(timeText(at))},
	}
	finish(&c)
	standing, refused, err := s.update(ctx, what, entryKey(organization, id), c)
	if err == nil && refused && len(standing) == 0 {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "quarantine entry not found"))
	}
	return err
}

// Entry implements store.Intake in one GetItem.
func (s *Intake) Entry(ctx context.Context, organization, id string) (quarantine.Entry, error) {
	const what = "get entry"
	i, err := s.get(ctx, what, entryKey(organization, id), "quarantine entry")
	if err != nil {
		return quarantine.Entry{}, err
	}
	entry, err := decodeEntry(organization, i)
	return entry, failed(err, what)
}

// Entries implements store.Intake: eventually consistent, one Query per shard for the first entries and, as the filter
// needs them, one for each further 250.
func (s *Intake) Entries(ctx context.Context, organization string, filter store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	const what = "list entries"
	list := []string{"quarantine", organization, filter.Connection, string(filter.Reason), string(filter.Status)}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	// A filter lets few pass, so that more are read at a time.
	chunk := p.Limit/quarantineShards + 16
	if filter != (store.QuarantineFilter{}) {
		chunk = 250
	}
	var shards [quarantineShards]shardReader
	var group errgroup.Group
	for n := range shards {
		q := query{what: what, partition: quarantinePartition(organization, n), descending: true}
		if position != nil {
			q.after = position[0]
		}
		shards[n] = shardReader{table: s.table, query: q, chunk: chunk}
		group.Go(func() error { return shards[n].fill(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	var (
		found []quarantine.Entry
		last  string // what was looked at last
	)
	for looked := 0; ; looked++ {
		next, err := newest(ctx, shards[:])
		if err != nil || next == nil {
			return found, "", err
		}
		entry, err := decodeEntry(organization, next)
		if err != nil {
			return nil, "", failed(err, what)
		}
		matching := matches(entry, filter)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = next.primary().sk; matching {
			found = append(found, entry)
		}
	}
}

// shardReader reads one shard of a list in its order, a chunk at a time.
type shardReader struct {
	table
	query  query
	chunk  int
	ahead  []item
	ending bool
}

// fill makes sure that the next item is there, unless the shard has ended.
func (r *shardReader) fill(ctx context.Context) error {
	if len(r.ahead) > 0 || r.ending {
		return nil
	}
	var err error
	if r.ahead, r.ending, err = r.items(ctx, r.query, r.chunk); err != nil {
		return err
	}
	if n := len(r.ahead); n > 0 {
		r.query.after = r.ahead[n-1].primary().sk
	}
	return nil
}

// newest takes the item with the highest sort key from the shards, nil when all have ended.
func newest(ctx context.Context, shards []shardReader) (item, error) {
	var (
		best *shardReader
		high string
	)
	for n := range shards {
		r := &shards[n]
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.ahead) == 0 {
			continue
		}
		if sk := r.ahead[0].primary().sk; best == nil || sk > high {
			best, high = r, sk
		}
	}
	if best == nil {
		return nil, nil
	}
	next := best.ahead[0]
	best.ahead = best.ahead[1:]
	return next, nil
}

func matches(e quarantine.Entry, f store.QuarantineFilter) bool {
	return (f.Connection == "" || f.Connection == e.Connection) && (f.Reason == "" || f.Reason == e.Reason) &&
		(f.Status == "" || f.Status == e.Status)
}

func decodeEntry(organization string, i item) (quarantine.Entry, error) {
	in := read(i)
	e := quarantine.Entry{
		ID: unsortable(i.primary().sk), Organization: organization, Connection: in.text("connection"),
		Connector: in.text("connector"), Reason: quarantine.Reason(in.text("reason")), Detail: in.text("detail"),
		Kind: in.text("kind"), ReceivedAt: in.time("received_at"), Payload: in.payload(),
		Status: quarantine.Status(in.text("status")), Replays: int(in.number("replays")),
		UpdatedAt: in.time("updated_at"),
	}
	return e, in.err
}

package dynamo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/store"
)

// dueQueries is the most queries that one DueBefore makes before it says that there is more.
const dueQueries = 200

// Due implements store.Due.
type Due struct{ table }

// NewDue uses the table of the name.
func NewDue(client Client, table string) *Due {
	return &Due{newTable(client, table)}
}

// Schedule implements store.Due in one PutItem.
func (s *Due) Schedule(ctx context.Context, due store.DueItem) error {
	const what = "schedule"
	i := newItem(dueKey(due.At, due.Key))
	i.setText("queue", due.Queue)
	i.setText("group", due.Group)
	if len(due.Body) > 0 {
		packed, err := s.codec.pack(due.Body)
		if err != nil {
			return failed(err, what)
		}
		i.setBytes("body", packed)
	}
	_, err := s.put(ctx, what, i, "")
	return err
}

// DueBefore implements store.Due: one consistent Query for each shard of each minute, at most 200, so that it comes 50
// minutes far in one call.
func (s *Due) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	begin, err := store.DueBegin(from, until, limit)
	if err != nil {
		return nil, "", false, err
	}
	var (
		found []store.DueItem
		open  time.Time // the first minute that has items
		more  bool
	)
	minute := begin
	for queries := 0; minute.Before(until); queries += dueShards {
		if more = len(found) == limit || queries+dueShards > dueQueries; more {
			break
		}
		items, err := s.minute(ctx, minute, until, limit-len(found))
		if err != nil {
			return nil, "", false, err
		}
		if len(items) > 0 && open.IsZero() {
			open = minute
		}
		found = append(found, items...)
		minute = minute.Add(time.Minute)
	}
	return found, store.DueNext(begin, open, minute, until), more, nil
}

// minute reads the first items of a minute, from all its shards at once.
func (s *Due) minute(ctx context.Context, minute, until time.Time, limit int) ([]store.DueItem, error) {
	const what = "list due"
	var (
		shards [dueShards][]item
		group  errgroup.Group
	)
	for n := range shards {
		group.Go(func() error {
			var err error
			shards[n], _, err = s.items(ctx, query{what: what, partition: duePartition(minute, n), consistent: true}, limit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found, err := decodeAll(what, slices.Concat(shards[:]...), s.decode)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(d store.DueItem) bool { return !d.At.Before(until) })
	slices.SortFunc(found, func(a, b store.DueItem) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	return found[:min(limit, len(found))], nil
}

// Finished implements store.Due in one DeleteItem.
func (s *Due) Finished(ctx context.Context, due store.DueItem) error {
	return s.delete(ctx, "finish due", dueKey(due.At, due.Key))
}

func (s *Due) decode(i item) (store.DueItem, error) {
	in := read(i)
	d := store.DueItem{Queue: in.text("queue"), Group: in.text("group")}
	packed := in.bytes("body")
	if in.err != nil {
		return store.DueItem{}, in.err
	}
	var err error
	if d.At, d.Key, err = parseDueKey(i.primary()); err != nil || len(packed) == 0 {
		return d, err
	}
	d.Body, err = s.codec.unpack(packed)
	return d, err
}

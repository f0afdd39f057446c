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
		open  time.Time // the first minute that must not be passed by
		more  bool
	)
	minute := begin
	for queries := 0; minute.Before(until); queries += dueShards {
		if more = len(found) == limit || queries+dueShards > dueQueries; more {
			break
		}
		items, hold, err := s.minute(ctx, minute, until, limit-len(found))
		if err != nil {
			return nil, "", false, err
		}
		if hold && open.IsZero() {
			open = minute
		}
		found = append(found, items...)
		minute = minute.Add(time.Minute)
	}
	return found, store.DueNext(begin, open, minute, until), more, nil
}

// minute reads the first items of a minute, from all its shards at once. hold tells whether the minute must be looked at
// again: it has items that can be read, or more than were read.
func (s *Due) minute(ctx context.Context, minute, until time.Time, limit int) (found []store.DueItem, hold bool, err error) {
	var (
		shards [dueShards][]item
		ends   [dueShards]bool
		group  errgroup.Group
	)
	for n := range shards {
		group.Go(func() error {
			var err error
			shards[n], ends[n], err = s.items(ctx, query{what: "list due", partition: duePartition(minute, n), consistent: true}, limit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, false, err
	}
	for _, i := range slices.Concat(shards[:]...) {
		d, err := s.decode(i)
		if err != nil {
			// One must not keep all others from being sent.
			at, key, keyErr := parseDueKey(i.primary())
			if keyErr != nil {
				at, key = minute, i.primary().sk
			}
			d = store.DueItem{At: at, Key: key, Unreadable: failed(err, "read due")}
		}
		if !d.At.Before(until) {
			continue
		}
		found = append(found, d)
		hold = hold || d.Unreadable == nil
	}
	slices.SortFunc(found, func(a, b store.DueItem) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	hold = hold || len(found) > limit || slices.Contains(ends[:], false)
	return found[:min(limit, len(found))], hold, nil
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

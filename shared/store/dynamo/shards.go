package dynamo

import (
	"context"

	"golang.org/x/sync/errgroup"

	"leadline/shared/store"
)

// sharded is a list that is spread over partitions, read newest first: by descending sort keys, merged from all.
type sharded struct {
	what       string
	partitions []string
	// attributes are those that are wanted, nil for all.
	attributes []string
	// from is the lowest sort key of the list, until the one below which it begins; empty for no bound.
	from, until string
	// picky says that few of the items will match, so that more are read at a time.
	picky bool
}

// newestFirst reads a page of a sharded list: eventually consistent, one Query per shard for the first items and, as
// needed, one for each further chunk. Of each page at most store.MaxLookedAt items are looked at.
func newestFirst[T any](ctx context.Context, t table, s sharded, list []string, p store.Page, decode func(item) (T, error), matches func(T) bool) (
	[]T, string, error,
) {
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if position != nil {
		s.until = position[0]
	}
	shards, err := s.open(ctx, t, p.Limit)
	if err != nil {
		return nil, "", err
	}
	var (
		found []T
		last  string // what was looked at last
	)
	for looked := 0; ; looked++ {
		next, err := newest(ctx, shards)
		if err != nil || next == nil || next.primary().sk < s.from {
			return found, "", err
		}
		one, err := decode(next)
		if err != nil {
			return nil, "", failed(err, s.what)
		}
		matching := matches(one)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = next.primary().sk; matching {
			found = append(found, one)
		}
	}
}

// open begins to read all shards at once.
func (s sharded) open(ctx context.Context, t table, limit int) ([]shardReader, error) {
	chunk := limit/len(s.partitions) + 16
	if s.picky {
		chunk = 250
	}
	shards := make([]shardReader, len(s.partitions))
	var group errgroup.Group
	for n, partition := range s.partitions {
		q := query{what: s.what, partition: partition, after: s.until, descending: true, attributes: s.attributes}
		shards[n] = shardReader{table: t, query: q, chunk: chunk}
		group.Go(func() error { return shards[n].fill(ctx) })
	}
	return shards, group.Wait()
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

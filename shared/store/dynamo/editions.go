package dynamo

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
)

// dropPage is how many items of a shard DropEdition takes at a time.
const dropPage = 200

// DropEdition implements store.Credits. There is no list of the partitions of an edition, and none is needed: footprints,
// joins, problems and units lie in shards that are known by number. Credits, which lie by participant, are named by their
// footprint, and standings, which lie by period, by their unit. What names another is deleted last, so that a call
// that dies leaves nothing that the next one does not find. One Query per shard of the first kind of which anything is left,
// and one BatchWriteItem per 25 items.
func (s *Credits) DropEdition(ctx context.Context, organization, edition string) (bool, error) {
	for _, kind := range []struct {
		shards    int
		partition func(organization, edition string, shard int) string
		named     func(organization, edition string, i item) ([]primary, error)
	}{
		{footprintShards, footprintsPartition, s.creditsOf},
		{joinedShards, joinedPartition, nil},
		{problemShards, problemsPartition, nil},
		{unitShards, unitsPartition, standingOf},
	} {
		var left atomic.Bool
		group, ctx := errgroup.WithContext(ctx)
		for shard := range kind.shards {
			group.Go(func() error {
				ended, err := s.dropShard(ctx, kind.partition(organization, edition, shard), func(i item) ([]primary, error) {
					if kind.named == nil {
						return nil, nil
					}
					return kind.named(organization, edition, i)
				})
				if !ended {
					left.Store(true)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil || left.Load() {
			return false, err
		}
	}
	return true, nil
}

// dropShard deletes a page of a partition, after what its items name, and tells whether there was nothing more.
func (s *Credits) dropShard(ctx context.Context, partition string, named func(item) ([]primary, error)) (bool, error) {
	const what = "drop edition"
	items, ended, err := s.items(ctx, query{what: what, partition: partition, consistent: true}, dropPage)
	if err != nil {
		return false, err
	}
	first, last := map[primary]bool{}, map[primary]bool{}
	for _, i := range items {
		keys, err := named(i)
		if err != nil {
			return false, failed(err, what)
		}
		for _, at := range keys {
			first[at] = true
		}
		last[i.primary()] = true
	}
	if err := s.batch(ctx, what, first, nil, removal); err != nil {
		return false, err
	}
	return ended, s.batch(ctx, what, last, nil, removal)
}

// creditsOf gives the places of the credits that a footprint names.
func (s *Credits) creditsOf(organization, edition string, i item) ([]primary, error) {
	f, err := s.decodeFootprint(organization, edition, i)
	if err != nil {
		return nil, err
	}
	keys := make([]primary, len(f.Credits))
	for n, ref := range f.Credits {
		keys[n] = creditKey(organization, edition, ref)
	}
	return keys, nil
}

// standingOf gives the place of the standing of a unit.
func standingOf(organization, edition string, i item) ([]primary, error) {
	participant, period, err := parseUnitSort(i.primary().sk)
	if err != nil {
		return nil, err
	}
	return []primary{standingKey(incentive.Unit{Organization: organization, Edition: edition, Participant: participant, Period: period})}, nil
}

// shardByShard reads a page of a list that is spread over partitions, one after the other. list names it for the cursor.
func (t table) shardByShard(ctx context.Context, what string, list []string, shards int, partition func(int) string, p store.Page) ([]item, string, error) {
	return t.shardAfterShard(ctx, query{what: what}, list, shards, partition, p)
}

// shardAfterShard is shardByShard for any kind of query; its partition and after are set here.
func (t table) shardAfterShard(ctx context.Context, q query, list []string, shards int, partition func(int) string, p store.Page) ([]item, string, error) {
	shard, after := 0, ""
	position, err := p.Position(list, 2)
	if err != nil {
		return nil, "", err
	}
	if position != nil {
		if shard, err = strconv.Atoi(position[0]); err != nil || shard < 0 || shard >= shards {
			return nil, "", fault.New(fault.Invalid, store.CodeInvalidCursor, "the cursor was not given out by this list")
		}
		after = position[1]
	}
	var (
		items []item
		of    []int // the shard of each item
	)
	for ; shard < shards && len(items) <= p.Limit; shard++ {
		q.partition, q.after = partition(shard), after
		found, _, err := t.items(ctx, q, p.Limit+1-len(items))
		if err != nil {
			return nil, "", err
		}
		items, of, after = append(items, found...), append(of, slices.Repeat([]int{shard}, len(found))...), ""
	}
	next := ""
	if len(items) > p.Limit {
		items = items[:p.Limit]
		next = store.Next(list, strconv.Itoa(of[p.Limit-1]), items[p.Limit-1].primary().sk)
	}
	return items, next, nil
}

// getAll reads the items at some places, those that are there, in the order of the places: eventually consistent, one
// BatchGetItem per hundred. The places differ.
func (t table) getAll(ctx context.Context, what string, places []primary) ([]item, error) {
	at := make(map[primary]item, len(places))
	for chunk := range slices.Chunk(places, batchKeys) {
		wanted := make([]map[string]types.AttributeValue, len(chunk))
		for n, p := range chunk {
			wanted[n] = p.item()
		}
		found, err := t.getBatch(ctx, what, wanted)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			at[i.primary()] = i
		}
	}
	var items []item
	for _, p := range places {
		if i, there := at[p]; there {
			items = append(items, i)
		}
	}
	return items, nil
}

package dynamo

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// List implements store.Records: the shards one after the other, each by id. One Query for each shard that the page
// touches.
func (s *Records) List(ctx context.Context, organization, connection, object string, p store.Page) ([]record.Record, string, error) {
	return s.shards(ctx, "list records", organization, connection, object, nil, p, s.decode)
}

// Heads implements store.Records as List does. What it leaves out costs as much to read, but is not sent.
func (s *Records) Heads(ctx context.Context, organization, connection, object string, p store.Page) ([]record.Record, string, error) {
	return s.shards(ctx, "list heads", organization, connection, object, []string{"ver", "rev", "at", "del", "tie"}, p, decodeHead)
}

// shards reads a page of an object's records, of which nil attributes are all.
func (s *Records) shards(ctx context.Context, what, organization, connection, object string, attributes []string, p store.Page,
	decode func(item) (record.Record, error),
) ([]record.Record, string, error) {
	list := []string{"records", organization, connection, object}
	shard, after := 0, ""
	position, err := p.Position(list, 2)
	if err != nil {
		return nil, "", err
	}
	if position != nil {
		if shard, err = strconv.Atoi(position[0]); err != nil || shard < 0 || shard >= recordShards {
			return nil, "", fault.New(fault.Invalid, store.CodeInvalidCursor, "the cursor was not given out by this list")
		}
		after = position[1]
	}
	var (
		items  []item
		shards []int // of each item
	)
	for ; shard < recordShards && len(items) <= p.Limit; shard++ {
		q := query{what: what, partition: recordPartition(organization, connection, object, shard), after: after, attributes: attributes}
		found, _, err := s.items(ctx, q, p.Limit+1-len(items))
		if err != nil {
			return nil, "", err
		}
		for _, i := range found {
			items, shards = append(items, i), append(shards, shard)
		}
		after = ""
	}
	next := ""
	if len(items) > p.Limit {
		items = items[:p.Limit]
		last := p.Limit - 1
		next = store.Next(list, strconv.Itoa(shards[last]), items[last].primary().sk)
	}
	records, err := decodeAll(what, items, decode)
	return records, next, err
}

// decodeHead reads a record without what is in it.
func decodeHead(i item) (record.Record, error) {
	in := read(i)
	r := record.Record{Version: in.version("ver"), Rev: in.number("rev"), Deleted: in.flag("del"), Contested: in.flag("tie"), StoredAt: in.nanos("at")}
	if in.err != nil {
		return record.Record{}, in.err
	}
	var err error
	r.Key, err = parseRecordKey(i.primary())
	return r, err
}

// batchKeys is the most that one BatchGetItem takes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const batchKeys = 100

// GetMany implements store.Records in one BatchGetItem per hundred, and more where DynamoDB leaves some unread.
func (s *Records) GetMany(ctx context.Context, keys []record.Key) ([]record.Record, error) {
	const what = "get records"
	if len(keys) > store.MaxLimit {
		return nil, fault.New(fault.Invalid, "invalid_limit", "at most %d records are read at once", store.MaxLimit)
	}
	var items []item
	unique := make([]record.Key, 0, len(keys)) // a batch takes each key once
	seen := make(map[record.Key]bool, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k], unique = true, append(unique, k)
		}
	}
	for chunk := range slices.Chunk(unique, batchKeys) {
		wanted := make([]map[string]types.AttributeValue, len(chunk))
		for n, k := range chunk {
			wanted[n] = recordKey(k).item()
		}
		found, err := s.getBatch(ctx, what, wanted)
		if err != nil {
			return nil, err
		}
		items = append(items, found...)
	}
	return decodeAll(what, items, s.decode)
}

// getBatch reads items and asks again for those that DynamoDB leaves unread: it gives 16 MB at a time.
func (t table) getBatch(ctx context.Context, what string, keys []map[string]types.AttributeValue) ([]item, error) {
	var items []item
	for try := 0; try < t.pause.tries; {
		if err := t.pause.wait(ctx, try); err != nil {
			return nil, failed(err, what)
		}
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{t.name: {Keys: keys}}})
		if err != nil {
			return nil, failed(err, what)
		}
		found := out.Responses[t.name]
		for _, i := range found {
			items = append(items, i)
		}
		if keys = out.UnprocessedKeys[t.name].Keys; len(keys) == 0 {
			return items, nil
		}
		if len(found) == 0 { // what brings something is no failure
			try++
		}
	}
	return nil, awsfault.Wrap(fault.New(fault.RateLimited, "throttled", "the store is at its limit"), "store: "+what)
}

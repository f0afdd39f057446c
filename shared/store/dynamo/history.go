package dynamo

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// History implements store.History.
type History struct{ table }

// NewHistory uses the table of the name.
func NewHistory(client Client, table string) *History {
	return &History{newTable(client, table)}
}

// batchItems is the most that one BatchWriteItem takes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const batchItems = 25

// revisionBody is what is packed into one attribute.
type revisionBody struct {
	Source  record.Source        `json:"s"`
	Changes []record.FieldChange `json:"c,omitempty"`
}

// Put implements store.History: rows that replace whatever is there in one BatchWriteItem per 25, repaired ones in one
// PutItem each.
func (s *History) Put(ctx context.Context, rows ...record.Revision) error {
	const what = "put history"
	var (
		batch    []item
		at       = map[primary]int{} // where in batch: a batch takes each key once
		repaired []item
	)
	for _, row := range rows {
		i, err := s.encode(row)
		if err != nil {
			return failed(err, what)
		}
		key := i.primary()
		n, again := at[key]
		switch {
		case row.Repaired:
			repaired = append(repaired, i)
		case again:
			batch[n] = i
		default:
			at[key] = len(batch)
			batch = append(batch, i)
		}
	}
	for chunk := range slices.Chunk(batch, batchItems) {
		requests := make([]types.WriteRequest, len(chunk))
		for n, i := range chunk {
			requests[n] = types.WriteRequest{PutRequest: &types.PutRequest{Item: i}}
		}
		if err := s.writeBatch(ctx, what, requests); err != nil {
			return err
		}
	}
	for _, i := range repaired {
		if _, err := s.put(ctx, what, i, "attribute_not_exists(pk) OR attribute_exists(fix)"); err != nil {
			return err
		}
	}
	return nil
}

// Delete implements store.History in one BatchWriteItem per 25.
func (s *History) Delete(ctx context.Context, key record.Key, revs ...int64) error {
	revs = slices.Clone(revs)
	slices.Sort(revs)
	for chunk := range slices.Chunk(slices.Compact(revs), batchItems) { // a batch takes each key once
		requests := make([]types.WriteRequest, len(chunk))
		for n, rev := range chunk {
			requests[n] = types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: historyKey(key, rev).item()}}
		}
		if err := s.writeBatch(ctx, "delete history", requests); err != nil {
			return err
		}
	}
	return nil
}

// writeBatch makes the requests and tries again those that DynamoDB leaves unfinished.
func (t table) writeBatch(ctx context.Context, what string, requests []types.WriteRequest) error {
	for try := 0; try < t.pause.tries; try++ {
		if err := t.pause.wait(ctx, try); err != nil {
			return failed(err, what)
		}
		out, err := t.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{t.name: requests},
		})
		if err != nil {
			return failed(err, what)
		}
		if requests = out.UnprocessedItems[t.name]; len(requests) == 0 {
			return nil
		}
	}
	return awsfault.Wrap(fault.New(fault.RateLimited, "throttled", "the store is at its limit"), "store: "+what)
}

// List implements store.History in one Query.
func (s *History) List(ctx context.Context, key record.Key, p store.Page) ([]record.Revision, string, error) {
	q := query{what: "list history", partition: historyPartition(key), descending: true, consistent: true}
	list := []string{"history", key.Organization, key.Connection, key.Object, key.ID}
	return page(ctx, s.table, q, list, p, s.decode)
}

// encode makes the item of a row:
//
//	v     format of the item
//	ver   version, from  rev before the write, at  when it was stored, nanoseconds since 1970
//	b     body: source and changes, packed
//	del, into, tie, era  as on a record
//	fix   made by the sweeper
func (s *History) encode(row record.Revision) (item, error) {
	if err := checkVersion(row.Version); err != nil {
		return nil, err
	}
	body, err := s.packJSON(revisionBody{Source: row.Source, Changes: row.Changes})
	if err != nil {
		return nil, err
	}
	i := newItem(historyKey(row.Key, row.Rev))
	i.setText("ver", row.Version.String())
	i.setNumber("from", row.FromRev)
	i.setBytes("b", body)
	i.setNanos("at", row.StoredAt)
	i.setFlag("del", row.Deleted)
	i.setText("into", row.MergedInto)
	i.setFlag("tie", row.Contested)
	i.setFlag("era", row.Erased)
	i.setFlag("fix", row.Repaired)
	return i, fits(i, maxItemBytes)
}

func (s *History) decode(i item) (record.Revision, error) {
	in := read(i)
	row := record.Revision{FromRev: in.number("from"), Version: in.version("ver"),
		Deleted: in.flag("del"), Contested: in.flag("tie"), Erased: in.flag("era"), MergedInto: in.text("into"), StoredAt: in.nanos("at"),
		Repaired: in.flag("fix")}
	packed := in.bytes("b")
	if in.err != nil {
		return record.Revision{}, in.err
	}
	var err error
	if row.Key, row.Rev, err = parseHistoryKey(i.primary()); err != nil {
		return record.Revision{}, err
	}
	var body revisionBody
	if err := s.codec.unpackJSON(packed, &body); err != nil {
		return record.Revision{}, err
	}
	row.Source, row.Changes = body.Source, body.Changes
	return row, nil
}

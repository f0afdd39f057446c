// Package dynamo keeps everything that package store describes in DynamoDB, in five tables with the primary key pk, sk
// (texts) and the TTL attribute ttl. Every key is a function in a file keys*.go. Every item carries v, the format it was
// written in; this code reads its own format and the one before.
//
// Each method makes the requests that it names and no others; retries of single requests are the SDK's and are set
// where the client is made. A retry after a lost answer is harmless: records are written on conditions that then tell
// that the write stands, what is created goes through transactions with a token; only the count of an entry's replays,
// that of what is used of a quota and the generation of a unit may come out too high.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/store"
)

// Client is what the stores need of *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

var _ Client = (*dynamodb.Client)(nil)

var (
	_ store.Records = (*Records)(nil)
	_ store.History = (*History)(nil)
	_ store.Intake  = (*Intake)(nil)
	_ store.Tenancy = (*Tenancy)(nil)
	_ store.Cursors = (*Cursors)(nil)

	_ store.Members      = (*Members)(nil)
	_ store.Destinations = (*Destinations)(nil)
	_ store.Journal      = (*Journal)(nil)
	_ store.Jobs         = (*Jobs)(nil)
	_ store.Roster       = (*Roster)(nil)
	_ store.Syncs        = (*Syncs)(nil)
	_ store.Limits       = (*Limits)(nil)

	_ store.Schemas    = (*Schemas)(nil)
	_ store.Batches    = (*Batches)(nil)
	_ store.Deliveries = (*Deliveries)(nil)
	_ store.Due        = (*Due)(nil)
)

// table is one table with what all stores do alike.
type table struct {
	client Client
	name   string
	codec  *codec
	pause  backoff
}

func newTable(client Client, name string) table {
	return table{client: client, name: name, codec: newCodec(), pause: newBackoff()}
}

// get reads one item consistently: one request. missing says what is not found.
func (t table) get(ctx context.Context, what string, at primary, missing string) (item, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: at.item(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, failed(err, what)
	}
	if len(out.Item) == 0 {
		return nil, fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "%s not found", missing))
	}
	return out.Item, nil
}

// unlessThere is the condition of what is written once.
const unlessThere = "attribute_not_exists(pk)"

// put writes one item if the condition holds (always, if it is empty) and tells whether it did: one request.
func (t table) put(ctx context.Context, what string, i item, condition string) (bool, error) {
	_, refused, err := t.putIf(ctx, what, i, condition, nil)
	return err == nil && !refused, err
}

// putIf is put with values for the condition. If that does not hold, it gives the item that stands, empty if there is
// none, and refused is true.
func (t table) putIf(ctx context.Context, what string, i item, condition string, values item) (standing item, refused bool, err error) {
	in := &dynamodb.PutItemInput{TableName: &t.name, Item: i, ExpressionAttributeValues: values}
	if condition != "" {
		in.ConditionExpression = &condition
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	if err := fits(i, maxItemBytes); err != nil {
		return nil, false, failed(err, what)
	}
	_, err = t.client.PutItem(ctx, in)
	if standing, refused := conditionFailed(err); refused {
		return standing, true, nil
	}
	return nil, false, failed(err, what)
}

// update changes one item if the condition holds. If it does not, it gives the item that stands, empty if there is
// none, and refused is true. One request.
func (t table) update(ctx context.Context, what string, at primary, change change) (standing item, refused bool, err error) {
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: at.item(),
		UpdateExpression: aws.String(change.expression()), ConditionExpression: &change.condition,
		ExpressionAttributeNames: change.names, ExpressionAttributeValues: change.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if standing, refused := conditionFailed(err); refused {
		return standing, true, nil
	}
	return nil, false, failed(err, what)
}

// delete removes one item, if it is there: one request.
func (t table) delete(ctx context.Context, what string, at primary) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: at.item()})
	return failed(err, what)
}

// query is one partition read in the order of its sort keys.
type query struct {
	what      string
	partition string
	// after is the sort key behind which to begin, empty for the beginning.
	after string
	// low and high bound the sort keys, both included; empty for no bound.
	low, high  string
	descending bool
	consistent bool
	// attributes are those that are wanted besides key and format, nil for all. They cost as much as all, but less of the
	// network.
	attributes []string
}

// items reads up to limit items, and says whether that is the end of the partition. One request per MB.
func (t table) items(ctx context.Context, q query, limit int) (items []item, end bool, err error) {
	in := &dynamodb.QueryInput{
		TableName: &t.name, KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": text(q.partition)},
		ScanIndexForward:          aws.Bool(!q.descending), ConsistentRead: &q.consistent,
	}
	q.bound(in)
	if q.attributes != nil {
		in.ExpressionAttributeNames = map[string]string{}
		var names []string
		for _, name := range append([]string{"pk", "sk", "v"}, q.attributes...) {
			in.ExpressionAttributeNames["#"+name] = name
			names = append(names, "#"+name)
		}
		in.ProjectionExpression = aws.String(strings.Join(names, ", "))
	}
	if q.after != "" {
		in.ExclusiveStartKey = primary{q.partition, q.after}.item()
	}
	for len(items) < limit {
		in.Limit = aws.Int32(int32(limit - len(items)))
		out, err := t.client.Query(ctx, in)
		if err != nil {
			return nil, false, failed(err, q.what)
		}
		for _, i := range out.Items {
			items = append(items, i)
		}
		if len(out.LastEvaluatedKey) == 0 {
			return items, true, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	return items, false, nil
}

// bound has a Query keep to low and high.
func (q query) bound(in *dynamodb.QueryInput) {
	condition := ""
	switch {
	case q.low != "" && q.high != "":
		condition = " AND sk BETWEEN :low AND :high"
	case q.low != "":
		condition = " AND sk >= :low"
	case q.high != "":
		condition = " AND sk <= :high"
	default:
		return
	}
	in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + condition)
	if q.low != "" {
		in.ExpressionAttributeValues[":low"] = text(q.low)
	}
	if q.high != "" {
		in.ExpressionAttributeValues[":high"] = text(q.high)
	}
}

// page reads a page of one partition. list names it for the cursor.
func page[T any](ctx context.Context, t table, q query, list []string, p store.Page, decode func(item) (T, error)) ([]T, string, error) {
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if position != nil {
		q.after = position[0]
	}
	// One more than wanted tells whether there is a next page.
	items, _, err := t.items(ctx, q, p.Limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(items) > p.Limit {
		items = items[:p.Limit]
		next = store.Next(list, items[p.Limit-1].primary().sk)
	}
	found, err := decodeAll(q.what, items, decode)
	if err != nil {
		return nil, "", err
	}
	return found, next, nil
}

func decodeAll[T any](what string, items []item, decode func(item) (T, error)) ([]T, error) {
	found := make([]T, 0, len(items))
	for _, i := range items {
		one, err := decode(i)
		if err != nil {
			return nil, failed(err, what)
		}
		found = append(found, one)
	}
	return found, nil
}

// conditionFailed tells whether err says that a condition did not hold, and gives the item that stands if it was asked
// for.
func conditionFailed(err error) (standing item, refused bool) {
	var failure *types.ConditionalCheckFailedException
	if !errors.As(err, &failure) {
		return nil, false
	}
	return failure.Item, true
}

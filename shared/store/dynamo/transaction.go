package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
)

// step is one part of a transaction and what is wrong if its condition does not hold.
type step struct {
	write   types.TransactWriteItem
	refused *fault.Error
}

// create is the step that puts an item where none is, or where the condition, if there is one, allows it.
func (t table) create(i item, condition string, values item, refused *fault.Error) step {
	return step{types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: i,
		ConditionExpression: &condition, ExpressionAttributeValues: values}}, refused}
}

// write is the step that puts an item whatever is there.
func (t table) write(i item) step {
	return step{types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: i}}, nil}
}

// replace is the step that puts an item in the place of one whose rev is still rev. Of an item that was written before
// revs were counted it is 0.
func (t table) replace(i item, rev int64, refused *fault.Error) step {
	if rev == 0 {
		return t.create(i, "attribute_exists(pk) AND attribute_not_exists(rev)", nil, refused)
	}
	return t.create(i, "rev = :rev", item{":rev": number(rev)}, refused)
}

// amend is the step that changes an item if the change's condition holds.
func (t table) amend(at primary, c change, refused *fault.Error) step {
	return step{types.TransactWriteItem{Update: &types.Update{TableName: &t.name, Key: at.item(),
		UpdateExpression: aws.String(c.expression()), ConditionExpression: &c.condition,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values}}, refused}
}

// remove is the step that deletes an item if the condition holds.
func (t table) remove(at primary, condition string, values item, refused *fault.Error) step {
	return step{types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: at.item(),
		ConditionExpression: &condition, ExpressionAttributeValues: values}}, refused}
}

// transact takes all steps or none, in one request. A token makes a resend of a request whose answer was lost do
// nothing. Requests that meet others on the same items are tried again a few times.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
func (t table) transact(ctx context.Context, what string, steps ...step) error {
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(rand.Text())}
	for _, s := range steps {
		if s.write.Put != nil {
			if err := fits(s.write.Put.Item, maxItemBytes); err != nil {
				return failed(err, what)
			}
		}
		in.TransactItems = append(in.TransactItems, s.write)
	}
	var cancelled *types.TransactionCanceledException
	for try := 0; try < t.pause.tries; try++ {
		if err := t.pause.wait(ctx, try); err != nil {
			return failed(err, what)
		}
		_, err := t.client.TransactWriteItems(ctx, in)
		if !errors.As(err, &cancelled) {
			return failed(err, what)
		}
		if err := refusal(cancelled, steps); err != nil {
			return fmt.Errorf("store: %s: %w", what, err)
		}
		if !passes(cancelled) {
			return failed(err, what)
		}
	}
	return failed(fault.Wrap(cancelled, fault.Unavailable, "unavailable", "the store is busy with the same items"), what)
}

// refusal gives the fault of the first step whose condition did not hold.
func refusal(cancelled *types.TransactionCanceledException, steps []step) error {
	for n, reason := range cancelled.CancellationReasons {
		if n < len(steps) && aws.ToString(reason.Code) == "ConditionalCheckFailed" {
			return steps[n].refused
		}
	}
	return nil
}

// passes tells whether the reasons are such that the same request may succeed later.
func passes(cancelled *types.TransactionCanceledException) bool {
	for _, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			return true
		}
	}
	return false
}

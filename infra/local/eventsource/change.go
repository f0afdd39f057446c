package eventsource

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// change is a change of an item, ready to be passed on.
type change struct {
	sequence string
	at       time.Time
	record   json.RawMessage
	// index is its place in the page that it was read in.
	index int
}

// changes makes the changes of a page: for each lane those that the filter lets pass, in order. The rest counts as done
// with.
func (m *StreamMapping) changes(page []types.Record, done *progress) (lanes [][]change, err error) {
	lanes = make([][]change, m.Lanes)
	for i, r := range page {
		if r.Dynamodb == nil || r.Dynamodb.SequenceNumber == nil {
			return nil, fmt.Errorf("record %s has no sequence number", aws.ToString(r.EventID))
		}
		record, err := m.record(r)
		if err != nil {
			return nil, err
		}
		passes, err := m.Filter.Match(record)
		if err != nil {
			return nil, err
		}
		if !passes {
			m.count(func(s *Stats) { s.Filtered++ })
			done.mark(i)
			continue
		}
		lane, err := laneOf(r.Dynamodb.Keys, m.Lanes)
		if err != nil {
			return nil, err
		}
		lanes[lane] = append(lanes[lane], change{
			sequence: *r.Dynamodb.SequenceNumber, at: aws.ToTime(r.Dynamodb.ApproximateCreationDateTime), record: record, index: i,
		})
	}
	return lanes, nil
}

// laneOf gives the lane of an item.
func laneOf(keys map[string]types.AttributeValue, lanes int) (int, error) {
	if lanes == 1 {
		return 0, nil
	}
	h := fnv.New32a()
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		value, err := attribute(keys[name])
		if err != nil {
			return 0, err
		}
		text, err := encode(value)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(h, "%s=%s;", name, text)
	}
	return int(h.Sum32() % uint32(lanes)), nil
}

// record makes the record of a change in an event.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
func (m *StreamMapping) record(r types.Record) (json.RawMessage, error) {
	out := events.DynamoDBEventRecord{
		AWSRegion: m.Region, EventID: aws.ToString(r.EventID), EventName: string(r.EventName), EventSource: "aws:dynamodb",
		EventVersion: aws.ToString(r.EventVersion), EventSourceArn: m.EventARN,
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(r.Dynamodb.ApproximateCreationDateTime)},
			SequenceNumber:              aws.ToString(r.Dynamodb.SequenceNumber),
			SizeBytes:                   aws.ToInt64(r.Dynamodb.SizeBytes),
			StreamViewType:              string(r.Dynamodb.StreamViewType),
		},
	}
	if id := r.UserIdentity; id != nil { // an item that its time to live ended
		out.UserIdentity = &events.DynamoDBUserIdentity{Type: aws.ToString(id.Type), PrincipalID: aws.ToString(id.PrincipalId)}
	}
	var err error
	if out.Change.Keys, err = attributes(r.Dynamodb.Keys); err != nil {
		return nil, err
	}
	if out.Change.OldImage, err = attributes(r.Dynamodb.OldImage); err != nil {
		return nil, err
	}
	if out.Change.NewImage, err = attributes(r.Dynamodb.NewImage); err != nil {
		return nil, err
	}
	return encode(out)
}

func attributes(item map[string]types.AttributeValue) (map[string]events.DynamoDBAttributeValue, error) {
	if item == nil {
		return nil, nil
	}
	out := make(map[string]events.DynamoDBAttributeValue, len(item))
	for name, value := range item {
		converted, err := attribute(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		out[name] = converted
	}
	return out, nil
}

// attribute converts a value of the streams API into one of an event.
func attribute(v types.AttributeValue) (events.DynamoDBAttributeValue, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value), nil
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value), nil
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value), nil
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value), nil
	case *types.AttributeValueMemberNULL:
		return events.NewNullAttribute(), nil
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(v.Value), nil
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(v.Value), nil
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(v.Value), nil
	case *types.AttributeValueMemberM:
		m, err := attributes(v.Value)
		return events.NewMapAttribute(m), err
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i, element := range v.Value {
			var err error
			if list[i], err = attribute(element); err != nil {
				return events.DynamoDBAttributeValue{}, err
			}
		}
		return events.NewListAttribute(list), nil
	}
	return events.DynamoDBAttributeValue{}, fmt.Errorf("%T is no attribute value", v)
}

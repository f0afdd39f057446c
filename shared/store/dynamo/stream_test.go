package dynamo

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadline/shared/record"
)

// testStream reads what the stream of the table really holds.
func testStream(t *testing.T, l local) {
	s := l.open(t)
	live := aRecord("x", 5)
	live.Fields["amount"] = json.RawMessage("9007199254740993")
	live.Large = map[string]record.Large{"body": {SHA256: "ab", Bytes: 17000}}
	live.Source = record.Source{Kind: "webhook", Delivery: "d", Payload: record.PayloadRef{Key: "archive/x.gz", Length: 3}}
	dead := aRecord("x", 6)
	dead.Deleted, dead.MergedInto, dead.Contested, dead.Fields = true, "y", true, nil
	dead.Erased, dead.Source.Row = true, 7
	dead.Partial = &record.Partial{Deleted: "2", Base: "3", Stamps: map[string]record.Stamp{"a": "1"},
		Dormant: record.Fields{"amount": json.RawMessage("0.10")}}
	var want []record.Record
	for n, r := range []record.Record{live, dead} {
		if _, err := s.Records.PutNewer(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		r.Rev = int64(n + 1)
		want = append(want, r)
	}
	got := l.streamOf(t, s)
	if len(got) != 2 || got[0].old != nil {
		t.Fatalf("%d changes, the first of %v", len(got), got[0].old)
	}
	for name, test := range map[string]struct {
		image map[string]events.DynamoDBAttributeValue
		want  record.Record
	}{"insert": {got[0].new, want[0]}, "before": {got[1].old, want[0]}, "after": {got[1].new, want[1]}} {
		r, err := DecodeStreamRecord(test.image)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, r, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// change of the stream, as Lambda gets it.
type streamChange struct {
	old, new map[string]events.DynamoDBAttributeValue
}

func (l local) streamOf(t *testing.T, s stores) []streamChange {
	t.Helper()
	client := dynamodbstreams.New(dynamodbstreams.Options{Region: "us-east-1", BaseEndpoint: &l.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	table, err := s.client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(s.tables["records"])})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: table.Table.LatestStreamArn})
	if err != nil {
		t.Fatal(err)
	}
	var changes []streamChange
	for _, shard := range stream.StreamDescription.Shards {
		at, err := client.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{
			StreamArn: table.Table.LatestStreamArn, ShardId: shard.ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: at.ShardIterator})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Records {
			changes = append(changes, streamChange{lambdaImage(t, r.Dynamodb.OldImage), lambdaImage(t, r.Dynamodb.NewImage)})
		}
	}
	return changes
}

// lambdaImage gives an image in the form that Lambda passes on.
func lambdaImage(t *testing.T, image map[string]streamtypes.AttributeValue) map[string]events.DynamoDBAttributeValue {
	t.Helper()
	if len(image) == 0 {
		return nil
	}
	out := map[string]events.DynamoDBAttributeValue{}
	for name, value := range image {
		switch v := value.(type) {
		case *streamtypes.AttributeValueMemberS:
			out[name] = events.NewStringAttribute(v.Value)
		case *streamtypes.AttributeValueMemberN:
			out[name] = events.NewNumberAttribute(v.Value)
		case *streamtypes.AttributeValueMemberB:
			out[name] = events.NewBinaryAttribute(v.Value)
		case *streamtypes.AttributeValueMemberBOOL:
			out[name] = events.NewBooleanAttribute(v.Value)
		default:
			t.Fatalf("attribute %s is a %T", name, value)
		}
	}
	return out
}

func TestDecodeStreamRecordRefusesWhatIsNoRecord(t *testing.T) {
	good := func() map[string]events.DynamoDBAttributeValue {
		out := map[string]events.DynamoDBAttributeValue{}
		for name, value := range encoded(t, aRecord("x", 1)) {
			switch v := value.(type) {
			case *types.AttributeValueMemberS:
				out[name] = events.NewStringAttribute(v.Value)
			case *types.AttributeValueMemberN:
				out[name] = events.NewNumberAttribute(v.Value)
			case *types.AttributeValueMemberB:
				out[name] = events.NewBinaryAttribute(v.Value)
			}
		}
		return out
	}
	if _, err := DecodeStreamRecord(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(map[string]events.DynamoDBAttributeValue){
		"nothing":          func(i map[string]events.DynamoDBAttributeValue) { clear(i) },
		"no key":           func(i map[string]events.DynamoDBAttributeValue) { delete(i, "pk") },
		"no version":       func(i map[string]events.DynamoDBAttributeValue) { delete(i, "ver") },
		"no body":          func(i map[string]events.DynamoDBAttributeValue) { delete(i, "b") },
		"body of noise":    func(i map[string]events.DynamoDBAttributeValue) { i["b"] = events.NewBinaryAttribute([]byte{1, 2}) },
		"body of no JSON":  func(i map[string]events.DynamoDBAttributeValue) { i["b"] = events.NewBinaryAttribute(packed(t, "{")) },
		"text as number":   func(i map[string]events.DynamoDBAttributeValue) { i["rev"] = events.NewStringAttribute("1") },
		"number too large": func(i map[string]events.DynamoDBAttributeValue) { i["rev"] = events.NewNumberAttribute("1e30") },
		"another type":     func(i map[string]events.DynamoDBAttributeValue) { i["x"] = events.NewNullAttribute() },
		"later format":     func(i map[string]events.DynamoDBAttributeValue) { i["v"] = events.NewNumberAttribute("2") },
		"no format":        func(i map[string]events.DynamoDBAttributeValue) { delete(i, "v") },
	} {
		image := good()
		spoil(image)
		if r, err := DecodeStreamRecord(image); err == nil {
			t.Errorf("%s reads as %+v", name, r)
		}
	}
}

func packed(t *testing.T, plain string) []byte {
	t.Helper()
	b, err := newCodec().pack([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testItemFormats stores items of a format that is not known and of one with wrong types; every read says so.
func testItemFormats(t *testing.T, l local) {
	for name, spoil := range map[string]item{"later": {"v": number(format + 1)}, "none": {}, "of another type": {"v": text("1")}} {
		t.Run(name, func(t *testing.T) {
			s := l.open(t)
			all := reads(t, s)
			maps.Copy(all, programReads(t, s))
			for place, reading := range all {
				i := reading.at.item()
				for name, value := range spoil {
					i[name] = value
				}
				if _, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tables[reading.table]), Item: i}); err != nil {
					t.Fatal(err)
				}
				for _, read := range reading.do {
					if err := read(); err == nil {
						t.Errorf("%s is read", place)
					} else {
						kindIs(t, err, "internal", "internal")
					}
				}
			}
		})
	}
}

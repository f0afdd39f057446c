package eventsource_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// stream is a DynamoDB stream whose shards a test makes: DynamoDB Local cannot be made to split one.
type stream struct {
	mu     sync.Mutex
	shards []*shard
	// trimmed makes every sequence number too old.
	trimmed bool
	// expire makes that many reads fail because their iterator expired.
	expire int
}

type shard struct {
	id, parent string
	closed     bool
	records    []types.Record
}

// put appends a change of an item to a shard, which it makes if need be.
func (s *stream) put(shardID, pk, do string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(shardID)
	sequence := fmt.Sprintf("%s-%06d", shardID, len(sh.records))
	sh.records = append(sh.records, types.Record{
		EventID: aws.String(sequence), EventName: types.OperationTypeInsert, EventVersion: aws.String("1.1"), AwsRegion: aws.String("ddblocal"),
		Dynamodb: &types.StreamRecord{
			ApproximateCreationDateTime: aws.Time(time.Unix(1_800_000_000, 0)),
			SequenceNumber:              aws.String(sequence), SizeBytes: aws.Int64(20), StreamViewType: types.StreamViewTypeNewAndOldImages,
			Keys:     map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}},
			NewImage: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "do": &types.AttributeValueMemberS{Value: do}},
		},
	})
	return sequence
}

func (s *stream) shard(id string) *shard {
	for _, sh := range s.shards {
		if sh.id == id {
			return sh
		}
	}
	sh := &shard{id: id}
	s.shards = append(s.shards, sh)
	return sh
}

// split closes a shard and gives it children.
func (s *stream) split(parent string, children ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shard(parent).closed = true
	for _, id := range children {
		s.shard(id).parent = parent
	}
}

// DescribeStream lists two shards at a time.
func (s *stream) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	if in.ExclusiveStartShardId != nil {
		at = 1 + slices.IndexFunc(s.shards, func(sh *shard) bool { return sh.id == *in.ExclusiveStartShardId })
	}
	out := &types.StreamDescription{}
	for ; at < len(s.shards) && len(out.Shards) < 2; at++ {
		sh := types.Shard{ShardId: aws.String(s.shards[at].id)}
		if s.shards[at].parent != "" {
			sh.ParentShardId = aws.String(s.shards[at].parent)
		}
		out.Shards = append(out.Shards, sh)
	}
	if at < len(s.shards) {
		out.LastEvaluatedShardId = aws.String(s.shards[at-1].id)
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: out}, nil
}

// GetShardIterator makes iterators of the form shard/index.
func (s *stream) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(*in.ShardId)
	at := 0
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeAfterSequenceNumber:
		if s.trimmed {
			return nil, &types.TrimmedDataAccessException{}
		}
		at = 1 + slices.IndexFunc(sh.records, func(r types.Record) bool { return *r.Dynamodb.SequenceNumber == *in.SequenceNumber })
	case types.ShardIteratorTypeLatest:
		at = len(sh.records)
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: aws.String(fmt.Sprintf("%s/%d", sh.id, at))}, nil
}

// GetRecords reads after an iterator.
func (s *stream) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, number, _ := strings.Cut(*in.ShardIterator, "/")
	at, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	sh := s.shard(id)
	if s.expire > 0 {
		s.expire--
		return nil, &types.ExpiredIteratorException{}
	}
	end := min(at+int(*in.Limit), len(sh.records))
	out := &dynamodbstreams.GetRecordsOutput{Records: sh.records[at:end]}
	if !sh.closed || end < len(sh.records) {
		out.NextShardIterator = aws.String(fmt.Sprintf("%s/%d", id, end))
	}
	return out, nil
}

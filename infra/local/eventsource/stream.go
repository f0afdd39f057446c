package eventsource

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"leadline/infra/local/eventsource/pattern"
)

// Streams is the part of the DynamoDB Streams API that a mapping reads with.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Limits of Lambda for streams that a mapping does not set itself.
const (
	defaultStreamBatch = 100
	maxStreamPage      = 1000
)

// StreamMapping feeds a function with the changes in a DynamoDB stream: shard by shard, a parent before its children,
// the changes of one item in their order. Its fields are not changed after Run.
type StreamMapping struct {
	Streams Streams
	// ARN is the stream's own, by which it is read; EventARN and Region are what events show.
	ARN, EventARN, Region string
	// Function is a name or ARN; FunctionARN is what messages about given up changes show.
	Function, FunctionARN string
	Functions             Functions
	Checkpoints           *Checkpoints
	// Latest starts at the end of the stream when the mapping reads it for the first time, otherwise at its beginning.
	Latest bool
	// BatchSize is the most changes of a batch; Lambda's default of 100 unless set.
	BatchSize int
	// Window is how long to wait for a batch to be full.
	Window time.Duration
	// Lanes is the parallelization factor: how many batches of a shard may be under way at once; 1 unless set. The
	// changes of one item always go the same lane.
	Lanes int
	// Bisect halves a batch that failed.
	Bisect bool
	// MaxRetries is how often a batch is tried again before it is given up; negative for without end.
	MaxRetries int
	// MaxAge is how old a change may be before it is given up; 0 for any age.
	MaxAge time.Duration
	// PartialBatch is ReportBatchItemFailures.
	PartialBatch bool
	Filter       pattern.Filter
	// Discarded is handed the message about changes that are given up, in the form that Lambda sends to a queue. Nil
	// gives them up silently. If it fails it is called again.
	Discarded func(message []byte) error
	// Poll is how long to wait before an empty shard is read again; Lambda's quarter of a second unless set.
	Poll time.Duration
	// Backoff is how long to wait after a number of failed attempts; from 0.1 s to 5 s unless set.
	Backoff func(attempts int) time.Duration
	// Now is the clock for ages; time.Now unless set.
	Now func() time.Time
	// Chaos kills workers; nil for never.
	Chaos Chaos
	// Report is told what goes wrong outside of the function.
	Report func(error)

	gate
	polls polls
}

func (m *StreamMapping) defaults() {
	if m.BatchSize == 0 {
		m.BatchSize = defaultStreamBatch
	}
	if m.Lanes == 0 {
		m.Lanes = 1
	}
	if m.Poll == 0 {
		m.Poll = 250 * time.Millisecond
	}
	if m.Backoff == nil {
		m.Backoff = func(attempts int) time.Duration {
			return min(100*time.Millisecond<<min(attempts-1, 10), 5*time.Second)
		}
	}
	if m.Now == nil {
		m.Now = time.Now
	}
}

// id names the mapping's progress among the checkpoints.
func (m *StreamMapping) id() string { return m.Function + " < " + m.ARN }

// Run feeds the function until ctx ends, and waits for the batches that are under way then.
func (m *StreamMapping) Run(ctx context.Context) {
	m.defaults()
	start := types.ShardIteratorTypeTrimHorizon
	if m.Latest && !m.Checkpoints.has(m.id()) {
		start = types.ShardIteratorTypeLatest
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	ended := make(chan struct{}, 1) // a shard has: its children may start
	reading := map[string]bool{}
	for {
		asked := time.Now()
		shards, err := m.shards(ctx)
		if err != nil && ctx.Err() == nil {
			m.Report(fmt.Errorf("describe stream %s: %w", m.ARN, err))
		}
		for _, id := range m.startable(shards, reading) {
			reading[id] = true
			m.polls.add(id)
			from := start
			readers.Go(func() {
				m.read(ctx, id, from)
				select {
				case ended <- struct{}{}:
				default:
				}
			})
		}
		if err == nil {
			m.polls.described(asked)
			start = types.ShardIteratorTypeTrimHorizon // a shard that appears later is new from its beginning
		}
		timer := time.NewTimer(4 * m.Poll)
		select {
		case <-timer.C:
		case <-ended:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// shards lists the stream's shards.
func (m *StreamMapping) shards(ctx context.Context) ([]types.Shard, error) {
	var all []types.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &m.ARN}
	for {
		out, err := m.Streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.StreamDescription.Shards...)
		if out.StreamDescription.LastEvaluatedShardId == nil {
			break
		}
		in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId
	}
	keep := map[string]bool{}
	for _, s := range all {
		keep[aws.ToString(s.ShardId)] = true
	}
	m.Checkpoints.forget(m.id(), keep)
	return all, nil
}

// startable picks the shards that are neither read yet nor done, and whose parent is done or forgotten by the stream.
func (m *StreamMapping) startable(shards []types.Shard, reading map[string]bool) []string {
	known := map[string]bool{}
	for _, s := range shards {
		known[aws.ToString(s.ShardId)] = true
	}
	var ids []string
	for _, s := range shards {
		id, parent := aws.ToString(s.ShardId), aws.ToString(s.ParentShardId)
		if reading[id] || m.Checkpoints.get(m.id(), id).Done || known[parent] && !m.Checkpoints.get(m.id(), parent).Done {
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// read passes on the changes of a shard until it ends.
func (m *StreamMapping) read(ctx context.Context, shard string, start types.ShardIteratorType) {
	var iterator *string
	renewed := false
	for {
		if err := m.wait(ctx); err != nil {
			return
		}
		asked := time.Now()
		page, next, err := m.page(ctx, shard, start, iterator)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			iterator = nil // the checkpoint makes a new one
			if worn(err) && !renewed {
				renewed = true
				continue
			}
			m.Report(fmt.Errorf("read shard %s of stream %s: %w", shard, m.ARN, err))
			if sleep(ctx, time.Second) != nil {
				return
			}
			continue
		}
		renewed = false
		start = types.ShardIteratorTypeTrimHorizon
		if len(page) > 0 {
			m.polls.busy(shard)
			if err := m.pass(ctx, shard, page); err != nil {
				return
			}
		}
		iterator = next
		switch {
		case next == nil:
			m.save(shard, checkpoint{Done: true})
			m.polls.remove(shard)
			return
		case len(page) == 0:
			m.polls.empty(shard, asked)
			if sleep(ctx, m.Poll) != nil {
				return
			}
		}
	}
}

// worn tells whether an iterator is of no use any more and a new one will do. Iterators expire after 15 minutes, and
// DynamoDB Local calls one trimmed that was made while the shard was empty.
func worn(err error) bool {
	var expired *types.ExpiredIteratorException
	var trimmed *types.TrimmedDataAccessException
	return errors.As(err, &expired) || errors.As(err, &trimmed)
}

// page reads the next changes of a shard, as many as the lanes can take at once and as the window gathers; a nil
// iterator means after the checkpoint. A nil next means that the shard has ended.
func (m *StreamMapping) page(ctx context.Context, shard string, start types.ShardIteratorType, iterator *string) (page []types.Record, next *string, err error) {
	if iterator == nil {
		if iterator, err = m.iterator(ctx, shard, start); err != nil {
			return nil, nil, err
		}
	}
	want := min(m.BatchSize*m.Lanes, maxStreamPage)
	var end time.Time
	for {
		limit := int32(want - len(page))
		out, err := m.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: &limit})
		if err != nil {
			return nil, nil, err
		}
		if len(page) == 0 {
			end = time.Now().Add(m.Window)
		}
		page = append(page, out.Records...)
		iterator = out.NextShardIterator
		if iterator == nil || len(page) == 0 || len(page) >= want || !time.Now().Before(end) {
			return page, iterator, nil
		}
		if err := sleep(ctx, min(m.Poll, time.Until(end))); err != nil {
			return nil, nil, err
		}
	}
}

// iterator finds the place in a shard where the checkpoint, or start if there is none, says to go on.
func (m *StreamMapping) iterator(ctx context.Context, shard string, start types.ShardIteratorType) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &m.ARN, ShardId: &shard, ShardIteratorType: start}
	if at := m.Checkpoints.get(m.id(), shard); at.Sequence != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &at.Sequence
	}
	out, err := m.Streams.GetShardIterator(ctx, in)
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		m.Report(fmt.Errorf("the stream %s has forgotten changes that were not passed on: %w", m.ARN, err))
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = m.Streams.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

func (m *StreamMapping) save(shard string, at checkpoint) {
	if err := m.Checkpoints.set(m.id(), shard, at); err != nil {
		m.Report(err) // it goes on: a restart would repeat some changes, which a function must bear
	}
}

package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"leadline/infra/local/lambda"
)

// progress is how far the changes of a page are done with. Lanes finish theirs in any order; the checkpoint follows the
// first one that is not done.
type progress struct {
	mu   sync.Mutex
	done []bool
	at   int // how many from the beginning are done
	save func(last int)
}

func newProgress(n int, save func(last int)) *progress {
	return &progress{done: make([]bool, n), save: save}
}

func (p *progress) mark(indexes ...int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range indexes {
		p.done[i] = true
	}
	before := p.at
	for p.at < len(p.done) && p.done[p.at] {
		p.at++
	}
	if p.at > before {
		p.save(p.at - 1)
	}
}

// pass passes on a page of changes, lane by lane at once, and returns when all of them are done with, or ctx ends.
func (m *StreamMapping) pass(ctx context.Context, shard string, page []types.Record) error {
	done := newProgress(len(page), func(last int) {
		m.save(shard, checkpoint{Sequence: aws.ToString(page[last].Dynamodb.SequenceNumber)})
	})
	lanes, err := m.changes(page, done)
	if err != nil {
		m.Report(fmt.Errorf("shard %s of stream %s: %w", shard, m.ARN, err))
		return err
	}
	errs := make([]error, len(lanes))
	var running sync.WaitGroup
	for i, changes := range lanes {
		running.Go(func() { errs[i] = m.lane(ctx, shard, changes, done) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// lane passes on the changes of a lane, batch after batch.
func (m *StreamMapping) lane(ctx context.Context, shard string, changes []change, done *progress) error {
	for len(changes) > 0 {
		sizes := make([]int, len(changes))
		for i, c := range changes {
			sizes[i] = len(c.record)
		}
		n := fit(sizes, m.BatchSize)
		if err := m.work(ctx, shard, changes[:n], done); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// piece is a batch, or what bisecting and partial successes left of one.
type piece struct {
	changes  []change
	attempts int // that failed
}

// work tries a batch, whole and in pieces, until all of it is done with or given up.
func (m *StreamMapping) work(ctx context.Context, shard string, batch []change, done *progress) error {
	todo := []piece{{changes: batch}}
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		if err := m.wait(ctx); err != nil {
			return err
		}
		var err error
		if p.changes, err = m.dropOld(ctx, shard, p, done); err != nil {
			return err
		}
		if len(p.changes) == 0 {
			continue
		}
		result, good, err := m.try(ctx, p)
		if err != nil {
			return err
		}
		finish(done, p.changes[:good])
		m.count(func(s *Stats) { s.Done += int64(good) })
		left := p.changes[good:]
		switch {
		case len(left) == 0:
			continue
		case good > 0: // what comes next is a new batch, from the one that failed on
			p = piece{changes: left, attempts: 1}
		case m.Bisect && result.FunctionError != "" && len(left) > 1: // no retry is used up
			half := len(left) / 2
			todo = append([]piece{{left[:half], p.attempts}, {left[half:], p.attempts}}, todo...)
			if err := sleep(ctx, m.Backoff(1)); err != nil {
				return err
			}
			continue
		default:
			p.attempts++
		}
		if m.MaxRetries >= 0 && p.attempts > m.MaxRetries {
			if err := m.discard(ctx, "RetryAttemptsExhausted", shard, p.changes, p.attempts, result, done); err != nil {
				return err
			}
			continue
		}
		if err := sleep(ctx, m.Backoff(p.attempts)); err != nil {
			return err
		}
		todo = append([]piece{p}, todo...)
	}
	return nil
}

func finish(done *progress, changes []change) {
	indexes := make([]int, len(changes))
	for i, c := range changes {
		indexes[i] = c.index
	}
	done.mark(indexes...)
}

// try hands a piece to the function and tells how many of its changes, from the first, are done.
func (m *StreamMapping) try(ctx context.Context, p piece) (result lambda.Result, good int, err error) {
	records := make([]json.RawMessage, len(p.changes))
	known := map[string]bool{}
	for i, c := range p.changes {
		records[i] = c.record
		known[c.sequence] = true
	}
	in := lambda.Invocation{Payload: assemble(records)}
	if m.Chaos != nil {
		if after, kill := m.Chaos.Kill(m.Function, p.attempts+1); kill {
			in.Kill = &after
		}
	}
	for {
		m.count(func(s *Stats) { s.Running++; s.Batches++ })
		result, err = m.Functions.Invoke(context.Background(), m.Function, in)
		m.count(func(s *Stats) { s.Running-- })
		if err == nil {
			break
		}
		// Nothing ran: it was throttled, or this is the end. Neither is the batch's fault.
		if ctx.Err() == nil {
			m.Report(fmt.Errorf("invoke %s: %w", m.Function, err))
		}
		if err := sleep(ctx, m.Backoff(5)); err != nil {
			return result, 0, err
		}
	}
	good = len(p.changes)
	if result.FunctionError != "" {
		good = 0
	} else if m.PartialBatch {
		failed, all := itemFailures(result.Payload, known)
		if all {
			good = 0
		}
		for i, c := range p.changes {
			if failed[c.sequence] { // the checkpoint is the lowest one that failed
				good = i
				break
			}
		}
	}
	if good == 0 {
		m.count(func(s *Stats) { s.Failed++ })
	}
	return result, good, nil
}

// dropOld gives up the changes that are too old, which are the first ones, and gives the others.
func (m *StreamMapping) dropOld(ctx context.Context, shard string, p piece, done *progress) ([]change, error) {
	if m.MaxAge <= 0 {
		return p.changes, nil
	}
	n := 0
	for n < len(p.changes) && m.Now().Sub(p.changes[n].at) > m.MaxAge {
		n++
	}
	if n == 0 {
		return p.changes, nil
	}
	return p.changes[n:], m.discard(ctx, "RecordAgeExceeded", shard, p.changes[:n], p.attempts, lambda.Result{}, done)
}

// discard gives up changes.
func (m *StreamMapping) discard(ctx context.Context, condition, shard string, changes []change, attempts int, last lambda.Result, done *progress) error {
	if m.Discarded != nil {
		message, err := json.Marshal(m.failureMessage(condition, shard, changes, attempts, last))
		if err != nil {
			return err
		}
		for {
			err := m.Discarded(message)
			if err == nil {
				break
			}
			m.Report(fmt.Errorf("send what was given up: %w", err))
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	m.count(func(s *Stats) { s.Discarded += int64(len(changes)) })
	finish(done, changes)
	return nil
}

// failureMessage is what Lambda sends to the on-failure destination: where the changes lie, not the changes.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
func (m *StreamMapping) failureMessage(condition, shard string, changes []change, attempts int, last lambda.Result) map[string]any {
	first, final := changes[0], changes[len(changes)-1]
	message := map[string]any{
		"requestContext": map[string]any{
			"requestId": last.RequestID, "functionArn": m.FunctionARN, "condition": condition, "approximateInvokeCount": attempts,
		},
		"version":   "1.0",
		"timestamp": m.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"DDBStreamBatchInfo": map[string]any{
			"shardId": shard, "startSequenceNumber": first.sequence, "endSequenceNumber": final.sequence,
			"approximateArrivalOfFirstRecord": first.at.UTC().Format(time.RFC3339),
			"approximateArrivalOfLastRecord":  final.at.UTC().Format(time.RFC3339),
			"batchSize":                       len(changes), "streamArn": m.EventARN,
		},
	}
	if last.RequestID != "" {
		response := map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": nil}
		if last.FunctionError != "" {
			response["functionError"] = last.FunctionError
		}
		message["responseContext"] = response
	}
	return message
}

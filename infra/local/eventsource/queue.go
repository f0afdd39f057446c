package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/infra/local/lambda"
	"leadline/infra/local/sqs"
)

// Queue is the queue behind a mapping.
type Queue interface {
	Receive(ctx context.Context, opts sqs.ReceiveOptions) ([]sqs.Message, error)
	Delete(receipt string) error
	ChangeVisibility(receipt string, d time.Duration) error
}

// QueueMapping feeds a function with a queue's messages. Its fields are not changed after Run.
type QueueMapping struct {
	Queue Queue
	// ARN and Region are those of the queue, for the events.
	ARN, Region string
	// Function is a name or ARN.
	Function  string
	Functions Functions
	// BatchSize is the most messages of a batch; Lambda's default of 10 unless set.
	BatchSize int
	// Window is how long to wait for a batch to be full, in queue time.
	Window time.Duration
	// Speed is how much faster than the clock queue time runs; 1 unless set.
	Speed float64
	// Concurrency is how many batches may be under way; 5, with which Lambda starts, unless set.
	Concurrency int
	// PartialBatch is ReportBatchItemFailures.
	PartialBatch bool
	// Chaos kills workers; nil for never.
	Chaos Chaos
	// Report is told what goes wrong outside of the function.
	Report func(error)

	gate
}

// Run feeds the function until ctx ends, and waits for the batches that are under way then.
func (m *QueueMapping) Run(ctx context.Context) {
	concurrency := m.Concurrency
	if concurrency == 0 {
		concurrency = 5
	}
	slots := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		messages, err := m.collect(ctx)
		if err != nil && ctx.Err() == nil {
			m.Report(fmt.Errorf("receive from %s: %w", m.ARN, err))
			err = sleep(ctx, time.Second) // and go on with what there is
		}
		if err != nil {
			m.release(messages)
			return
		}
		batches := m.split(messages)
		if len(batches) == 0 {
			<-slots
		}
		for i, batch := range batches {
			if i > 0 {
				slots <- struct{}{} // some batch will end
			}
			running.Go(func() {
				m.process(batch)
				<-slots
			})
		}
	}
}

// release gives messages back that no batch was made of.
func (m *QueueMapping) release(messages []sqs.Message) {
	for _, received := range messages {
		if err := m.Queue.ChangeVisibility(received.Receipt, 0); err != nil {
			m.Report(fmt.Errorf("release message %s: %w", received.ID, err))
		}
	}
}

// collect waits for messages and gathers a batch: until it is full or the window is over.
func (m *QueueMapping) collect(ctx context.Context) ([]sqs.Message, error) {
	inside, leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	size := m.BatchSize
	if size == 0 {
		size = 10
	}
	speed := m.Speed
	if speed == 0 {
		speed = 1
	}
	const longest = 20 * time.Second // of a long poll
	wait := longest
	var messages []sqs.Message
	var end time.Time
	for {
		more, err := m.Queue.Receive(inside, sqs.ReceiveOptions{Max: min(size-len(messages), sqs.MaxBatch), Wait: &wait})
		if inside.Err() != nil {
			return messages, ctx.Err() // paused, or the end
		}
		if err != nil {
			return messages, err
		}
		if len(more) > 0 && len(messages) == 0 {
			end = time.Now().Add(time.Duration(float64(m.Window) / speed))
		}
		messages = append(messages, more...)
		left := time.Until(end)
		if len(messages) == size || len(messages) > 0 && left <= 0 {
			return messages, nil
		}
		if len(messages) > 0 {
			wait = min(time.Duration(float64(left)*speed), longest)
		}
	}
}

// message is a message with its record in an event.
type message struct {
	sqs.Message
	record json.RawMessage
}

// split makes the batches of messages: one, unless they would exceed the size of an event.
func (m *QueueMapping) split(messages []sqs.Message) [][]message {
	var all []message
	var sizes []int
	for _, received := range messages {
		record, err := m.record(received)
		if err != nil {
			m.Report(fmt.Errorf("message %s: %w", received.ID, err)) // it becomes visible again
			continue
		}
		all = append(all, message{received, record})
		sizes = append(sizes, len(record))
	}
	var batches [][]message
	for len(all) > 0 {
		n := fit(sizes, len(all))
		batches = append(batches, all[:n])
		all, sizes = all[n:], sizes[n:]
	}
	return batches
}

// record makes the record of a message in an event.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func (m *QueueMapping) record(received sqs.Message) (json.RawMessage, error) {
	attributes := map[string]events.SQSMessageAttribute{}
	for name, a := range received.Attributes {
		attribute := events.SQSMessageAttribute{
			DataType: a.DataType, BinaryValue: a.BinaryValue, StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
		if a.BinaryValue == nil {
			attribute.StringValue = &a.StringValue
		}
		attributes[name] = attribute
	}
	return encode(events.SQSMessage{
		MessageId: received.ID, ReceiptHandle: received.Receipt, Body: received.Body, Md5OfBody: sqs.BodyMD5(received.Body),
		Md5OfMessageAttributes: sqs.AttributesMD5(received.Attributes), Attributes: received.SystemAttributes(),
		MessageAttributes: attributes, EventSourceARN: m.ARN, EventSource: "aws:sqs", AWSRegion: m.Region,
	})
}

// process hands a batch to the function and deletes what it did. The rest becomes visible again by itself.
func (m *QueueMapping) process(batch []message) {
	m.count(func(s *Stats) { s.Running++; s.Batches++ })
	defer m.count(func(s *Stats) { s.Running-- })
	records := make([]json.RawMessage, len(batch))
	known := map[string]bool{}
	tries := 0
	for i, b := range batch {
		records[i] = b.record
		known[b.ID] = true
		tries = max(tries, b.Receives)
	}
	in := lambda.Invocation{Payload: assemble(records)}
	if m.Chaos != nil {
		if after, kill := m.Chaos.Kill(m.Function, tries); kill {
			in.Kill = &after
		}
	}
	result, err := m.Functions.Invoke(context.Background(), m.Function, in)
	if err != nil || result.FunctionError != "" {
		m.count(func(s *Stats) { s.Failed++ })
		return
	}
	var failed map[string]bool
	if m.PartialBatch {
		var all bool
		if failed, all = itemFailures(result.Payload, known); all {
			m.count(func(s *Stats) { s.Failed++ })
			return
		}
	}
	for _, b := range batch {
		if failed[b.ID] {
			continue
		}
		if err := m.Queue.Delete(b.Receipt); err != nil {
			m.Report(fmt.Errorf("delete message %s: %w", b.ID, err))
			continue
		}
		m.count(func(s *Stats) { s.Done++ })
	}
}

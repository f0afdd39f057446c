package queue

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/telemetry"
)

// Message is one message of a batch.
type Message struct {
	ID   string
	Body string
	// ReceiveCount is how often the queue has delivered the message, this time included.
	ReceiveCount int
	SentAt       time.Time
}

// Batch has handle work through a batch that SQS delivered and reports the messages for which it gave an error; those
// are delivered again, the others are done with. It never fails the batch as a whole: a panic of handle, or an answer of
// the wrong length, reports every message. Each failed message gets one line in the log, without its body.
//
// It needs ReportBatchItemFailures on the event source mapping:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func Batch(ctx context.Context, event events.SQSEvent, handle func(context.Context, []Message) []error, log *slog.Logger) (events.SQSEventResponse, error) {
	messages := make([]Message, len(event.Records))
	for i, r := range event.Records {
		messages[i] = Message{ID: r.MessageId, Body: r.Body, ReceiveCount: number(r.Attributes["ApproximateReceiveCount"]),
			SentAt: time.UnixMilli(int64(number(r.Attributes["SentTimestamp"]))).UTC()}
	}
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, err := range protect(ctx, messages, handle, log) {
		if err == nil {
			continue
		}
		m := messages[i]
		telemetry.Fault(ctx, err)
		code := ""
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		log.Error("item", telemetry.KeyMessage, m.ID, telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyCode, code,
			telemetry.KeyError, err.Error(), "receive_count", m.ReceiveCount)
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.ID})
	}
	return response, nil
}

// protect gives one error for each message, whatever handle does.
func protect(ctx context.Context, messages []Message, handle func(context.Context, []Message) []error, log *slog.Logger) (errs []error) {
	all := func(err error) []error {
		failed := make([]error, len(messages))
		for i := range failed {
			failed[i] = err
		}
		return failed
	}
	defer func() {
		if r := recover(); r != nil {
			log.Error("panic", "stack", string(debug.Stack()))
			errs = all(fault.New(fault.Internal, "panic", "queue: the handler of the batch panicked"))
		}
	}()
	if errs = handle(ctx, messages); len(errs) != len(messages) {
		return all(fmt.Errorf("queue: the handler answered for %d of %d messages", len(errs), len(messages)))
	}
	return errs
}

// number reads an attribute that SQS writes as digits; what is missing counts as 0.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

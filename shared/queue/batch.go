package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/telemetry"
)

// Message is one message of a batch.
type Message struct {
	// ID is SQS's id of the message; it stays the same when it is delivered again.
	ID   string
	Body string
	// ReceiveCount is how often the message was delivered, this time included, from 1; zero if SQS does not say.
	ReceiveCount int
}

// Batch hands the messages of an event to handle and reports each that failed to SQS, which delivers it again and in the
// end sets it aside as dead. handle gives one error for each message, in order, nil for those that are done with; which
// errors are worth another delivery is for handle to decide.
//
// The batch as a whole never fails: if handle panics, or gives another number of errors, each of its messages is
// reported. Each failed message is logged in one line, without its body. The event source mapping must have
// ReportBatchItemFailures.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func Batch(ctx context.Context, event events.SQSEvent, handle func(ctx context.Context, messages []Message) []error,
	log *slog.Logger,
) (events.SQSEventResponse, error) {
	messages := make([]Message, len(event.Records))
	for i, r := range event.Records {
		messages[i] = messageOf(r)
	}
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	if len(messages) == 0 {
		return response, nil
	}
	for i, err := range call(ctx, messages, handle, log) {
		if err == nil {
			continue
		}
		m := messages[i]
		telemetry.Fault(ctx, err)
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.ID})
		code := ""
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		log.LogAttrs(ctx, slog.LevelWarn, "message failed", slog.String(telemetry.KeyMessage, m.ID),
			slog.String(telemetry.KeyFault, string(fault.KindOf(err))), slog.String(telemetry.KeyCode, code),
			slog.Int("receive_count", m.ReceiveCount), slog.String(telemetry.KeyError, fault.Brief(err)))
	}
	return response, nil
}

// call gives one error for each message, whatever handle does.
func call(ctx context.Context, messages []Message, handle func(context.Context, []Message) []error, log *slog.Logger) (errs []error) {
	defer func() {
		if p := recover(); p != nil {
			log.LogAttrs(ctx, slog.LevelError, "batch panicked", slog.String("panic", describe(p)), slog.String("stack", string(debug.Stack())))
			errs = all(messages, fault.New(fault.Internal, "panic", "the handler panicked"))
		}
	}()
	if errs = handle(ctx, messages); len(errs) != len(messages) {
		return all(messages, fault.New(fault.Internal, "miscounted", "the handler gave %d errors for %d messages", len(errs), len(messages)))
	}
	return errs
}

// describe tells what kind of panic it was. What was thrown may hold a body; only what the runtime throws is known not
// to.
func describe(p any) string {
	if err, ok := p.(error); ok {
		var thrown interface{ RuntimeError() }
		if errors.As(err, &thrown) {
			return err.Error()
		}
	}
	return fmt.Sprintf("%T", p)
}

func all(messages []Message, err error) []error {
	errs := make([]error, len(messages))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func messageOf(r events.SQSMessage) Message {
	m := Message{ID: r.MessageId, Body: r.Body}
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html: attributes are
	// texts.
	if n, err := strconv.Atoi(r.Attributes["ApproximateReceiveCount"]); err == nil {
		m.ReceiveCount = n
	}
	return m
}

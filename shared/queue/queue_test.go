package queue_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"leadline/shared/fault"
	"leadline/shared/queue"
)

func batch(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, b := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: b,
			Attributes: map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1763802000000"}})
	}
	return e
}

func run(t *testing.T, e events.SQSEvent, handle func(context.Context, []queue.Message) []error) (failed string, log string) {
	t.Helper()
	var out bytes.Buffer
	response, err := queue.Batch(context.Background(), e, handle, slog.New(slog.NewJSONHandler(&out, nil)))
	if err != nil || response.BatchItemFailures == nil {
		t.Fatalf("got %+v, %v", response, err)
	}
	for _, f := range response.BatchItemFailures {
		failed += f.ItemIdentifier
	}
	return failed, out.String()
}

func TestOnlyFailedMessagesAreReported(t *testing.T) {
	var seen []queue.Message
	failed, log := run(t, batch("one", "hunter2", "three"), func(_ context.Context, m []queue.Message) []error {
		seen = m
		return []error{nil, fault.New(fault.RateLimited, "throttled", "slow down"), nil}
	})
	if failed != "b" || strings.Count(log, "\n") != 1 || !strings.Contains(log, `"fault":"rate_limited"`) || strings.Contains(log, "hunter2") {
		t.Fatalf("failed %q, log %s", failed, log)
	}
	if seen[1].Body != "hunter2" || seen[1].ReceiveCount != 3 || !seen[1].SentAt.Equal(time.UnixMilli(1763802000000)) {
		t.Fatalf("got %+v", seen[1])
	}
}

func TestNothingIsLostWhenTheHandlerBreaks(t *testing.T) {
	for name, handle := range map[string]func(context.Context, []queue.Message) []error{
		"panic":        func(context.Context, []queue.Message) []error { var m map[string]int; m["x"] = 1; return nil },
		"short answer": func(context.Context, []queue.Message) []error { return []error{nil} },
		"all fail":     func(_ context.Context, m []queue.Message) []error { e := errors.New("x"); return []error{e, e} },
	} {
		if failed, _ := run(t, batch("one", "two"), handle); failed != "ab" {
			t.Errorf("%s: reported %q", name, failed)
		}
	}
}

func TestAnEmptyBatchIsFine(t *testing.T) {
	if failed, _ := run(t, batch(), func(context.Context, []queue.Message) []error { return nil }); failed != "" {
		t.Fatal(failed)
	}
}

type client struct {
	in  *sqs.SendMessageInput
	err error
}

func (c *client) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	c.in = in
	return &sqs.SendMessageOutput{}, c.err
}

func TestSend(t *testing.T) {
	c := &client{}
	if err := queue.NewSender(c, "https://queue").Send(context.Background(), "org_1", []byte("body")); err != nil {
		t.Fatal(err)
	}
	if *c.in.QueueUrl != "https://queue" || *c.in.MessageBody != "body" || *c.in.MessageGroupId != "org_1" {
		t.Fatalf("got %+v", c.in)
	}
	c.err = &smithy.GenericAPIError{Code: "ThrottlingException"}
	if err := queue.NewSender(c, "https://queue").Send(context.Background(), "org_1", nil); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("got %v", err)
	}
}

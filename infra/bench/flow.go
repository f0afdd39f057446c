package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/infra/local/eventsource"
	"leadline/infra/local/eventsource/pattern"
	"leadline/infra/local/lambda"
)

// relayBatch is how many changes relay gets at once, as the stack declares it.
const relayBatch = 100

// signed gives the headers by which Close signs a body now.
func signed(key string, body []byte, now time.Time) map[string]string {
	secret, _ := hex.DecodeString(key) // the API took it
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s%s", stamp, body)
	return map[string]string{"close-sig-timestamp": stamp, "close-sig-hash": hex.EncodeToString(mac.Sum(nil))}
}

// hook posts events to a customer's webhook URL, one after the other.
func (l *lab) hook(ctx context.Context, c *customer, bodies ...[]byte) error {
	for _, body := range bodies {
		status, answer, err := post(ctx, http.DefaultClient, c.webhook, body, signed(c.signing, body, time.Now()))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("receive answers a webhook with %d %s", status, answer)
		}
	}
	return nil
}

// push posts bodies of rows.
func (l *lab) push(ctx context.Context, bodies ...[]byte) error {
	for _, body := range bodies {
		status, answer, err := post(ctx, http.DefaultClient, l.baseURL+"/v1/push", body, nil)
		if err != nil {
			return err
		}
		if status != http.StatusAccepted {
			return fmt.Errorf("receive answers a push with %d %.300s", status, answer)
		}
	}
	return nil
}

// received is a message as SQS hands it out.
type received struct {
	MessageID     string            `json:"MessageId"`
	ReceiptHandle string            `json:"ReceiptHandle"`
	Body          string            `json:"Body"`
	MD5OfBody     string            `json:"MD5OfBody"`
	Attributes    map[string]string `json:"Attributes"`
}

// ask calls SQS without the SDK, which under load now and then loses an answer and asks again: messages that were handed out
// and lost would stay away for as long as they are hidden.
func (l *lab) ask(ctx context.Context, operation string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, answer, err := post(ctx, http.DefaultClient, l.queuesAt, text, map[string]string{
		"X-Amz-Target": "AmazonSQS." + operation, "Content-Type": "application/x-amz-json-1.0"})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("SQS answers %s with %d %s", operation, status, answer)
	}
	return json.Unmarshal(answer, out)
}

// consume feeds a function with all messages of a queue, in batches of a size, as Lambda does: it receives and deletes ten
// at a time.
func (l *lab) consume(ctx context.Context, queue, function string, size int) error {
	stored, err := l.queueStore.Queue(l.queues[queue])
	if err != nil {
		return err
	}
	url := stored.URL(l.queuesAt)
	for stored.Stats().Visible > 0 {
		var batch []received
		for len(batch) < size && stored.Stats().Visible > 0 {
			var got struct {
				Messages []received `json:"Messages"`
			}
			if err := l.ask(ctx, "ReceiveMessage", map[string]any{"QueueUrl": url, "MaxNumberOfMessages": min(10, size-len(batch)),
				"MessageSystemAttributeNames": []string{"All"}}, &got); err != nil {
				return err
			}
			batch = append(batch, got.Messages...)
		}
		if err := l.hand(ctx, stored.ARN(), function, batch); err != nil {
			return err
		}
		for some := range slices.Chunk(batch, 10) {
			entries := make([]map[string]string, len(some))
			for i, m := range some {
				entries[i] = map[string]string{"Id": strconv.Itoa(i), "ReceiptHandle": m.ReceiptHandle}
			}
			if err := l.ask(ctx, "DeleteMessageBatch", map[string]any{"QueueUrl": url, "Entries": entries}, &struct{}{}); err != nil {
				return err
			}
		}
	}
	if n := stored.Stats().InFlight; n > 0 {
		return fmt.Errorf("%d messages of %s were handed out and not dealt with", n, queue)
	}
	return nil
}

// hand gives a function one batch, all of which it must be done with.
func (l *lab) hand(ctx context.Context, arn, function string, batch []received) error {
	var e events.SQSEvent
	for _, m := range batch {
		e.Records = append(e.Records, events.SQSMessage{MessageId: m.MessageID, ReceiptHandle: m.ReceiptHandle, Body: m.Body,
			Md5OfBody: m.MD5OfBody, Attributes: m.Attributes, EventSource: "aws:sqs", EventSourceARN: arn, AWSRegion: region})
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return err
	}
	result, err := l.Invoke(ctx, function, lambda.Invocation{Payload: payload, Tail: true})
	if err != nil {
		return err
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(result.Payload, &response); err != nil {
		return err
	}
	if n := len(response.BatchItemFailures); n > 0 {
		return fmt.Errorf("%s fails at %d of %d messages; its log: %s", function, n, len(batch), result.Tail)
	}
	return nil
}

// relay feeds relay with what the stream of the record table holds by now.
func (l *lab) relay(ctx context.Context, checkpoints *eventsource.Checkpoints) error {
	// As the stack filters: what is not of an organization is no record.
	filter, err := pattern.Parse(`{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"org_"}]}}}}`)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, errors.New("relay does not come to an end"))
	defer cancel()
	var failed error
	m := &eventsource.StreamMapping{Streams: l.streams, ARN: l.records, EventARN: l.records, Region: region, Function: "relay", FunctionARN: "relay",
		Functions: l, Checkpoints: checkpoints, BatchSize: relayBatch, Lanes: 1, MaxRetries: 0, PartialBatch: true, Filter: filter,
		Poll: 20 * time.Millisecond, Report: func(err error) { failed = err },
		Discarded: func([]byte) error { failed = errors.New("relay failed at a batch"); return nil }}
	start, ended := time.Now(), make(chan struct{})
	go func() { m.Run(ctx); close(ended) }()
	for !m.CaughtUp().After(start) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	err = context.Cause(ctx)
	cancel()
	<-ended
	return errors.Join(err, failed)
}

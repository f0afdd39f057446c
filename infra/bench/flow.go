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
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

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

// consume feeds a function with all messages of a queue, in batches of a size, as Lambda does: it receives and deletes ten
// at a time.
func (l *lab) consume(ctx context.Context, queue, function string, size int) error {
	stored, err := l.queueStore.Queue(l.queues[queue])
	if err != nil {
		return err
	}
	url := aws.String(stored.URL(*l.poller.Options().BaseEndpoint))
	for stored.Stats().Visible > 0 {
		var batch []types.Message
		for len(batch) < size && stored.Stats().Visible > 0 {
			got, err := l.poller.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: int32(min(10, size-len(batch))),
				MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
			if err != nil {
				return err
			}
			batch = append(batch, got.Messages...)
		}
		if err := l.hand(ctx, stored.ARN(), function, batch); err != nil {
			return err
		}
		for len(batch) > 0 {
			n := min(10, len(batch))
			in := &awssqs.DeleteMessageBatchInput{QueueUrl: url}
			for i, m := range batch[:n] {
				in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
			}
			if _, err := l.poller.DeleteMessageBatch(ctx, in); err != nil {
				return err
			}
			batch = batch[n:]
		}
	}
	return nil
}

// hand gives a function one batch, all of which it must be done with.
func (l *lab) hand(ctx context.Context, arn, function string, batch []types.Message) error {
	var e events.SQSEvent
	for _, m := range batch {
		e.Records = append(e.Records, events.SQSMessage{MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle),
			Body: aws.ToString(m.Body), Md5OfBody: aws.ToString(m.MD5OfBody), Attributes: m.Attributes, EventSource: "aws:sqs", EventSourceARN: arn, AWSRegion: region})
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return err
	}
	result, err := l.Invoke(ctx, function, lambda.Invocation{Payload: payload})
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

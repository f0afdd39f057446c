package sqs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leadline/infra/local/sqs"
)

func TestMessageSizeLimitIsTheQueues(t *testing.T) {
	s := start(t, sqs.Options{})
	small, large := s.create("Small", map[string]string{"MaximumMessageSize": "1024"}), s.create("Large", nil)
	s.send(small, strings.Repeat("ü", 512)) // bytes count, not characters
	s.send(large, strings.Repeat("x", 1<<20))
	for _, in := range []*awssqs.SendMessageInput{
		{QueueUrl: small, MessageBody: aws.String(strings.Repeat("ü", 513))},
		{QueueUrl: large, MessageBody: aws.String(strings.Repeat("x", 1<<20+1))},
		{QueueUrl: small, MessageBody: aws.String(strings.Repeat("x", 1000)), MessageAttributes: map[string]types.MessageAttributeValue{
			"name": {DataType: aws.String("String"), StringValue: aws.String(strings.Repeat("y", 15))}}},
	} {
		_, err := s.client.SendMessage(t.Context(), in)
		wantCode(t, err, "InvalidParameterValue")
	}
}

func TestInvalidCharactersAreRefused(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	for _, body := range []string{"\x00", "a\x08", "\x0b", "\x1f", "\uFFFE", "x\uFFFF"} {
		_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
		var invalid *types.InvalidMessageContents
		if !errors.As(err, &invalid) {
			t.Errorf("body %q: %v", body, err)
		}
	}
	s.none(url)
	s.send(url, "\t\n\r \u007f\uD7FF\uE000\uFFFD\U00010000\U0010FFFF")
	s.one(url)
}

func TestInvalidMessagesAreRefused(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	attribute := func(name, kind, value string) map[string]types.MessageAttributeValue {
		return map[string]types.MessageAttributeValue{name: {DataType: &kind, StringValue: &value}}
	}
	many := map[string]types.MessageAttributeValue{}
	for i := range 11 {
		many[fmt.Sprint("a", i)] = attribute("", "String", "x")[""]
	}
	for name, in := range map[string]*awssqs.SendMessageInput{
		"delay too long":     {DelaySeconds: 901},
		"negative delay":     {DelaySeconds: -1},
		"group too long":     {MessageGroupId: aws.String(strings.Repeat("g", 129))},
		"group with a space": {MessageGroupId: aws.String("a b")},
		"eleven attributes":  {MessageAttributes: many},
		"reserved attribute": {MessageAttributes: attribute("AWS.x", "String", "x")},
		"attribute name":     {MessageAttributes: attribute("a b", "String", "x")},
		"attribute type":     {MessageAttributes: attribute("a", "Text", "x")},
		"no number":          {MessageAttributes: attribute("a", "Number", "x")},
		"empty attribute":    {MessageAttributes: attribute("a", "String", "")},
		"string for binary":  {MessageAttributes: attribute("a", "Binary", "x")},
	} {
		in.QueueUrl, in.MessageBody = url, aws.String("x")
		if _, err := s.client.SendMessage(t.Context(), in); err == nil {
			t.Errorf("%s: sent", name)
		} else {
			wantCode(t, err, "InvalidParameterValue")
		}
	}
	_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("")})
	wantCode(t, err, "MissingParameter")
	s.none(url)
}

func entries(bodies ...string) []types.SendMessageBatchRequestEntry {
	out := []types.SendMessageBatchRequestEntry{}
	for i, body := range bodies {
		out = append(out, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("e", i)), MessageBody: &body})
	}
	return out
}

func TestSendMessageBatchReportsEachEntry(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"MaximumMessageSize": "1024"})
	out, err := s.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: url,
		Entries: entries("good", "bad \x00", strings.Repeat("x", 1025), "also good")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 2 || *out.Successful[0].Id != "e0" || *out.Successful[1].Id != "e3" {
		t.Errorf("successful: %+v", out.Successful)
	}
	if len(out.Failed) != 2 || *out.Failed[0].Code != "InvalidMessageContents" || *out.Failed[1].Code != "InvalidParameterValue" || !out.Failed[0].SenderFault {
		t.Errorf("failed: %+v", out.Failed)
	}
	if got := s.receive(url); len(got) != 2 {
		t.Errorf("received %d messages, want 2", len(got))
	}
}

func TestBatchLimitsAreTypedErrors(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	send := func(e []types.SendMessageBatchRequestEntry) error {
		_, err := s.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: e})
		return err
	}
	twice := entries("a", "b")
	twice[1].Id = twice[0].Id
	odd := entries("a")
	odd[0].Id = aws.String("no spaces")
	half := strings.Repeat("x", 1<<19)
	if err := send(entries(half, half)); err != nil {
		t.Errorf("a batch of 1 MiB: %v", err)
	}
	var (
		empty    *types.EmptyBatchRequest
		tooMany  *types.TooManyEntriesInBatchRequest
		distinct *types.BatchEntryIdsNotDistinct
		invalid  *types.InvalidBatchEntryId
		tooLong  *types.BatchRequestTooLong
	)
	for name, c := range map[string]struct {
		entries []types.SendMessageBatchRequestEntry
		as      any
		code    string
	}{
		"empty":      {entries(), &empty, "AWS.SimpleQueueService.EmptyBatchRequest"},
		"eleven":     {entries(strings.Split("abcdefghijk", "")...), &tooMany, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		"one twice":  {twice, &distinct, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		"invalid id": {odd, &invalid, "AWS.SimpleQueueService.InvalidBatchEntryId"},
		"too long":   {entries(half, half, "x"), &tooLong, "AWS.SimpleQueueService.BatchRequestTooLong"},
	} {
		err := send(c.entries)
		if !errors.As(err, c.as) {
			t.Errorf("%s: %v", name, err)
		}
		wantCode(t, err, c.code)
	}
}

func TestDeleteAndVisibilityBatchesReportEachEntry(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	for range 3 {
		s.send(url, "x")
	}
	got := s.receive(url)
	changed, err := s.client.ChangeMessageVisibilityBatch(t.Context(), &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: url,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0},
			{Id: aws.String("b"), ReceiptHandle: aws.String("garbage"), VisibilityTimeout: 0},
		}})
	if err != nil || len(changed.Successful) != 1 || len(changed.Failed) != 1 || *changed.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Fatalf("change: %+v, %v", changed, err)
	}
	again := s.one(url)
	deleted, err := s.client.DeleteMessageBatch(t.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: url,
		Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: again.ReceiptHandle},
			{Id: aws.String("b"), ReceiptHandle: got[1].ReceiptHandle},
			{Id: aws.String("c"), ReceiptHandle: aws.String("garbage")},
		}})
	if err != nil || len(deleted.Successful) != 2 || len(deleted.Failed) != 1 || *deleted.Failed[0].Id != "c" {
		t.Fatalf("delete: %+v, %v", deleted, err)
	}
	if n := s.attribute(url, "ApproximateNumberOfMessagesNotVisible"); n != "1" {
		t.Errorf("%s messages left, want 1", n)
	}
	_, err = s.client.DeleteMessageBatch(t.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{}})
	var empty *types.EmptyBatchRequest
	if !errors.As(err, &empty) {
		t.Errorf("empty batch: %v", err)
	}
}

func TestReceiveLimits(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	for _, in := range []awssqs.ReceiveMessageInput{
		{MaxNumberOfMessages: 11}, {MaxNumberOfMessages: -1}, {WaitTimeSeconds: 21}, {VisibilityTimeout: 43_201},
	} {
		in.QueueUrl = url
		_, err := s.client.ReceiveMessage(t.Context(), &in)
		wantCode(t, err, "InvalidParameterValue")
	}
}

func TestUnknownQueueIsATypedError(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	gone := *url + "Gone"
	var notThere *types.QueueDoesNotExist
	_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &gone, MessageBody: aws.String("x")})
	if !errors.As(err, &notThere) {
		t.Errorf("send: %v", err)
	}
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	_, err = s.client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("Gone")})
	if !errors.As(err, &notThere) {
		t.Errorf("get URL: %v", err)
	}
	other := strings.Replace(*url, "000000000000", "111111111111", 1)
	_, err = s.client.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: &other})
	if !errors.As(err, &notThere) {
		t.Errorf("the queue of another account: %v", err)
	}
}

// What no SDK sends must be answered in form, too.
func TestMalformedRequestsAreRefused(t *testing.T) {
	queues, err := sqs.Open(sqs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(queues)
	defer server.Close()
	for _, c := range []struct {
		target, body, want string
		status             int
	}{
		{"AmazonSQS.SendMessage", `{`, "SerializationException", 400},
		{"AmazonSQS.SendMessage", `[]`, "SerializationException", 400},
		{"AmazonSQS.SendMessage", `null`, "MissingParameter", 400},
		{"AmazonSQS.SendMessage", `{"QueueUrl":1}`, "SerializationException", 400},
		{"AmazonSQS.SendMessage", "{\"QueueUrl\":\"\xff\"}", "SerializationException", 400},
		{"AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://x/000000000000/Gone"}`, "QueueDoesNotExist", 400},
		{"AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://[::1"}`, "InvalidAddress", 400},
		{"AmazonSQS.TagQueue", `{}`, "UnsupportedOperation", 400},
		{"", `{}`, "UnknownOperationException", 400},
		{"AmazonSQS.SendMessage", strings.Repeat(" ", 9<<20), "SerializationException", 400},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", c.target)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !bytes.Contains(body, []byte(`"com.amazonaws.sqs#`+c.want+`"`)) {
			t.Errorf("%s %.40q: %d %s %v, want %s", c.target, c.body, resp.StatusCode, body, err, c.want)
		}
		if !strings.HasSuffix(resp.Header.Get("x-amzn-query-error"), ";Sender") {
			t.Errorf("%s: x-amzn-query-error %q", c.target, resp.Header.Get("x-amzn-query-error"))
		}
	}
}

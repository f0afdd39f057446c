package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leadline/infra/local/sqs"
)

func TestMessageKeepsBodyAttributesAndTimes(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	body := "tab\t newline\n quotes \"<&> ümläut \U0001F600 \uFFFD"
	sent, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: url, MessageBody: &body, MessageGroupId: aws.String("org_1"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"timestamp": {DataType: aws.String("Number"), StringValue: aws.String("1493147359900")},
			"app.blob":  {DataType: aws.String("Binary"), BinaryValue: []byte{2, 3, 4}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sentAt := s.Now()
	s.Advance(1500 * time.Millisecond)
	m := s.one(url) // the SDK has compared the digest of the body
	if *m.Body != body || *m.MessageId != *sent.MessageId {
		t.Errorf("received %q (%s), sent %q (%s)", *m.Body, *m.MessageId, body, *sent.MessageId)
	}
	if *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
		t.Errorf("digest of attributes differs: %s, %s", *m.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
	}
	if got := m.MessageAttributes["app.blob"]; !slices.Equal(got.BinaryValue, []byte{2, 3, 4}) || *got.DataType != "Binary" {
		t.Errorf("binary attribute: %+v", got)
	}
	millis := func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
	want := map[string]string{
		"ApproximateReceiveCount": "1", "SenderId": "local", "MessageGroupId": "org_1",
		"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
		"SentTimestamp":  millis(sentAt), "ApproximateFirstReceiveTimestamp": millis(s.Now()),
	}
	if fmt.Sprint(m.Attributes) != fmt.Sprint(want) {
		t.Errorf("attributes %v, want %v", m.Attributes, want)
	}
}

// The digests are what AWS returns, as pinned by the tests of moto (tests/test_sqs/test_sqs.py).
func TestAttributesMD5(t *testing.T) {
	for want, attributes := range map[string]map[string]sqs.Attribute{
		"235c5c510d26fb653d073faed50ae77c": {"timestamp": {DataType: "Number", StringValue: "1493147359900"}},
		"8ae21a7957029ef04146b42aeaa18a22": {
			"ccc":             {DataType: "String", StringValue: "testjunk"},
			"aaa":             {DataType: "Binary", BinaryValue: []byte{2, 3, 4}},
			"zzz":             {DataType: "Number", StringValue: "0230.01"},
			"öther_encodings": {DataType: "String", StringValue: "Tüst"},
		},
		"": nil,
	} {
		if got := sqs.AttributesMD5(attributes); got != want {
			t.Errorf("digest %q, want %q", got, want)
		}
	}
}

func TestReceiveGivesOnlyTheAttributesAskedFor(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "0"})
	text := func(v string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &v}
	}
	_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x"),
		MessageAttributes: map[string]types.MessageAttributeValue{"a": text("1"), "b.c": text("2"), "b.d": text("3")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names  []string
		system []types.MessageSystemAttributeName
		want   int
		count  string
	}{
		{nil, nil, 0, ""},
		{[]string{"a", "nothing"}, []types.MessageSystemAttributeName{"ApproximateReceiveCount"}, 1, "2"},
		{[]string{"b.*"}, nil, 2, ""},
		{[]string{".*"}, []types.MessageSystemAttributeName{"SentTimestamp"}, 3, ""},
	} {
		out, err := s.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url,
			MessageAttributeNames: c.names, MessageSystemAttributeNames: c.system})
		if err != nil {
			t.Fatal(err)
		}
		m := out.Messages[0]
		if len(m.MessageAttributes) != c.want || m.Attributes["ApproximateReceiveCount"] != c.count || len(m.Attributes) != len(c.system) {
			t.Errorf("asked for %v and %v: %v %v", c.names, c.system, m.MessageAttributes, m.Attributes)
		}
	}
}

func TestVisibilityTimeoutHidesThenRedelivers(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "360"})
	s.send(url, "x")
	first := s.one(url)
	s.Advance(360*time.Second - time.Millisecond)
	s.none(url)
	s.Advance(time.Millisecond)
	second := s.one(url)
	if second.Attributes["ApproximateReceiveCount"] != "2" || *first.ReceiptHandle == *second.ReceiptHandle {
		t.Errorf("second delivery: count %s, handle new: %t", second.Attributes["ApproximateReceiveCount"], *first.ReceiptHandle != *second.ReceiptHandle)
	}
	if second.Attributes["ApproximateFirstReceiveTimestamp"] != first.Attributes["ApproximateFirstReceiveTimestamp"] {
		t.Error("the time of the first receive changed")
	}
}

func TestReceiveCanSetItsOwnVisibilityTimeout(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "360"})
	s.send(url, "x")
	in := &awssqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: 5}
	if out, err := s.client.ReceiveMessage(t.Context(), in); err != nil || len(out.Messages) != 1 {
		t.Fatal(out, err)
	}
	s.Advance(5 * time.Second)
	s.one(url)
}

func TestChangeMessageVisibility(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "30"})
	s.send(url, "x")
	change := func(m types.Message, seconds int32) error {
		_, err := s.client.ChangeMessageVisibility(t.Context(), &awssqs.ChangeMessageVisibilityInput{
			QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
		return err
	}
	m := s.one(url)
	s.Advance(20 * time.Second)
	if err := change(m, 60); err != nil { // counts from now
		t.Fatal(err)
	}
	s.Advance(59 * time.Second)
	s.none(url)
	s.Advance(time.Second)
	m = s.one(url)
	if err := change(m, 0); err != nil { // visible at once
		t.Fatal(err)
	}
	var notInFlight *types.MessageNotInflight
	if err := change(m, 10); !errors.As(err, &notInFlight) {
		t.Errorf("a message that is visible: %v", err)
	}
	again := s.one(url)
	wantCode(t, change(m, 10), "InvalidParameterValue") // the handle of an earlier delivery
	s.Advance(30 * time.Second)                         // the changed timeout is not remembered
	last := s.one(url)
	if again.Attributes["ApproximateReceiveCount"] != "3" || last.Attributes["ApproximateReceiveCount"] != "4" {
		t.Errorf("counts %v %v", again.Attributes, last.Attributes)
	}
	wantCode(t, change(last, 43_201), "InvalidParameterValue")
	s.delete(url, last)
	wantCode(t, change(last, 10), "InvalidParameterValue")
}

func TestDeleteTakesTheLatestHandleOnly(t *testing.T) {
	s := start(t, sqs.Options{})
	url, other := s.create("Inbox", nil), s.create("Other", nil)
	s.send(url, "x")
	first := s.one(url)
	s.Advance(30 * time.Second)
	second := s.one(url)
	s.delete(url, first) // succeeds, and deletes nothing
	s.Advance(30 * time.Second)
	third := s.one(url)
	s.delete(url, second)
	s.Advance(30 * time.Second) // after the timeout the handle is good until the next delivery
	s.delete(url, third)
	s.none(url)
	s.delete(url, third) // again

	var invalid *types.ReceiptHandleIsInvalid
	for _, handle := range []string{"garbage", "", *third.ReceiptHandle + "00", "abcd"} {
		_, err := s.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: &handle})
		if handle != "" && !errors.As(err, &invalid) || err == nil {
			t.Errorf("handle %q: %v", handle, err)
		}
	}
	_, err := s.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: other, ReceiptHandle: third.ReceiptHandle})
	if !errors.As(err, &invalid) {
		t.Errorf("the handle of another queue: %v", err)
	}
}

func TestDelayHidesNewMessages(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"DelaySeconds": "10"})
	s.send(url, "as the queue says")
	_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("longer"), DelaySeconds: 900})
	if err != nil {
		t.Fatal(err)
	}
	s.none(url)
	if got := s.attribute(url, "ApproximateNumberOfMessagesDelayed"); got != "2" {
		t.Errorf("%s messages delayed, want 2", got)
	}
	s.Advance(10 * time.Second)
	if m := s.one(url); *m.Body != "as the queue says" {
		t.Errorf("received %q", *m.Body)
	}
	s.Advance(890 * time.Second)
	if got := bodies(s.receive(url)); !slices.Contains(got, "longer") {
		t.Errorf("received %q", got)
	}
}

// TestDelaysOfGroups: a message has its own delay whatever its group, alone or in a batch; faster where queue time runs so.
func TestDelaysOfGroups(t *testing.T) {
	s := start(t, sqs.Options{Speed: 10})
	url := s.create("Deliver", map[string]string{"VisibilityTimeout": "360"})
	_, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("late"), MessageGroupId: aws.String("org_1"), DelaySeconds: 900})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("soon"), MessageGroupId: aws.String("org_1"), DelaySeconds: 60},
		{Id: aws.String("2"), MessageBody: aws.String("now"), MessageGroupId: aws.String("org_1")},
		{Id: aws.String("3"), MessageBody: aws.String("too late"), MessageGroupId: aws.String("org_1"), DelaySeconds: 901},
	}})
	if err != nil || len(out.Failed) != 1 || aws.ToString(out.Failed[0].Id) != "3" {
		t.Fatalf("failed: %+v, %v", out, err)
	}
	for _, step := range []struct {
		wait time.Duration
		want []string
	}{{0, []string{"now"}}, {6*time.Second - 1, nil}, {1, []string{"soon"}}, {84*time.Second - 1, []string{"now", "soon"}}, {1, []string{"late"}}} {
		s.Advance(step.wait)
		got := s.receive(url)
		if texts := bodies(got); !slices.Equal(texts, step.want) {
			t.Errorf("after %s more: %q, want %q", step.wait, texts, step.want)
		}
		for _, m := range got {
			if m.Attributes["MessageGroupId"] != "org_1" {
				t.Errorf("%s is of the group %q", *m.Body, m.Attributes["MessageGroupId"])
			}
		}
	}
}

func TestRetentionDropsOldMessages(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"MessageRetentionPeriod": "60"})
	s.send(url, "old")
	s.Advance(30 * time.Second)
	s.send(url, "young")
	s.Advance(30 * time.Second)
	if got := s.attribute(url, "ApproximateNumberOfMessages"); got != "1" {
		t.Errorf("%s messages, want 1", got)
	}
	if m := s.one(url); *m.Body != "young" {
		t.Errorf("received %q", *m.Body)
	}
}

func TestCountsByState(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	q, err := s.queues.ByURL(*url)
	if err != nil {
		t.Fatal(err)
	}
	sentAt := s.Now()
	for range 3 {
		s.send(url, "x")
		s.Advance(time.Second)
	}
	if _, err := q.Receive(t.Context(), sqs.ReceiveOptions{Max: 2}); err != nil {
		t.Fatal(err)
	}
	if got, want := q.Stats(), (sqs.Stats{Visible: 1, InFlight: 2, Oldest: sentAt}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if got := s.attribute(url, "ApproximateNumberOfMessagesNotVisible"); got != "2" {
		t.Errorf("%s not visible, want 2", got)
	}
}

func TestLongPollEndsWithTheFirstMessage(t *testing.T) {
	s := start(t, sqs.Options{Now: time.Now})
	url := s.create("Inbox", map[string]string{"ReceiveMessageWaitTimeSeconds": "20"})
	got := make(chan []types.Message, 1)
	began := time.Now()
	go func() { got <- s.receive(url) }()
	time.Sleep(50 * time.Millisecond)
	s.send(url, "x")
	if m := <-got; len(m) != 1 || time.Since(began) > 15*time.Second {
		t.Errorf("%d messages after %s", len(m), time.Since(began))
	}
}

func TestLongPollSeesMessagesThatBecomeVisible(t *testing.T) {
	s := start(t, sqs.Options{Now: time.Now, Speed: 2})
	url := s.create("Inbox", map[string]string{"DelaySeconds": "0", "VisibilityTimeout": "1", "ReceiveMessageWaitTimeSeconds": "20"})
	s.send(url, "x")
	s.one(url)
	began := time.Now()
	s.one(url) // after half a second
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("waited %s: the poll ended with its time, not with the message", took)
	}
}

func TestLongPollEndsEmptyHanded(t *testing.T) {
	s := start(t, sqs.Options{Now: time.Now, Speed: 100})
	url := s.create("Inbox", nil)
	q, err := s.queues.ByURL(*url)
	if err != nil {
		t.Fatal(err)
	}
	wait := 10 * time.Second // 100 ms
	began := time.Now()
	if got, err := q.Receive(t.Context(), sqs.ReceiveOptions{Wait: &wait}); len(got) > 0 || err != nil {
		t.Fatal(got, err)
	}
	if took := time.Since(began); took < 100*time.Millisecond || took > 8*time.Second {
		t.Errorf("waited %s, want 100ms", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := q.Receive(ctx, sqs.ReceiveOptions{Wait: ptr(20 * time.Second)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled receive: %v", err)
	}
}

func TestSpeedShortensTimeouts(t *testing.T) {
	s := start(t, sqs.Options{Speed: 100})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "360"})
	s.send(url, "x")
	s.one(url)
	s.Advance(3599 * time.Millisecond)
	s.none(url)
	s.Advance(time.Millisecond)
	if m := s.one(url); m.Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("attributes %v", m.Attributes)
	}
}

func TestFairQueueServesQuietGroupsInTurn(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	send := func(group, body string) {
		in := &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body}
		if group != "" {
			in.MessageGroupId = &group
		}
		if _, err := s.client.SendMessage(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		send("noisy", fmt.Sprint("noisy ", i))
	}
	for i := range 3 {
		send("quiet", fmt.Sprint("quiet ", i))
	}
	send("", "no group")
	got := bodies(s.receive(url))
	want := []string{"noisy 0", "quiet 0", "no group", "noisy 1", "quiet 1", "noisy 2", "quiet 2", "noisy 3", "noisy 4", "noisy 5"}
	if !slices.Equal(got, want) {
		t.Errorf("received %q,\nwant %q", got, want)
	}
	// Unlike in a FIFO queue, messages in flight block nothing of their group.
	if got := bodies(s.receive(url)); len(got) != 10 || !strings.HasPrefix(got[0], "noisy") {
		t.Errorf("then %q", got)
	}
}

func ptr[T any](v T) *T { return &v }

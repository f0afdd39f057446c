package sqs_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leadline/infra/local/sqs"
)

func TestCreateQueueIsIdempotentForEqualAttributes(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "360"})
	s.send(url, "x")
	if again := s.create("Inbox", map[string]string{"VisibilityTimeout": "360"}); *again != *url {
		t.Errorf("URLs %s, %s", *url, *again)
	}
	_, err := s.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("Inbox"), Attributes: map[string]string{"VisibilityTimeout": "30"}})
	var exists *types.QueueNameExists
	if !errors.As(err, &exists) {
		t.Errorf("other attributes: %v", err)
	}
	s.one(url)
	got, err := s.client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("Inbox")})
	if err != nil || *got.QueueUrl != *url || !strings.HasSuffix(*url, "/000000000000/Inbox") {
		t.Errorf("GetQueueUrl: %v, %v, want %s", got, err, *url)
	}
}

func TestQueueAttributesHaveTheDefaultsOfAWS(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	for name, want := range map[string]string{
		"DelaySeconds": "0", "VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
		"MaximumMessageSize": "1048576", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:Inbox", "CreatedTimestamp": "1772366400",
		"SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0", "RedrivePolicy": "",
	} {
		if got := s.attribute(url, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	get := func(names ...types.QueueAttributeName) (map[string]string, error) {
		out, err := s.client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: names})
		if err != nil {
			return nil, err
		}
		return out.Attributes, nil
	}
	if got, err := get("VisibilityTimeout", "RedrivePolicy"); err != nil || !maps.Equal(got, map[string]string{"VisibilityTimeout": "30"}) {
		t.Errorf("two attributes: %v, %v", got, err)
	}
	if got, err := get(); err != nil || len(got) > 0 {
		t.Errorf("no attributes: %v, %v", got, err)
	}
	_, err := get("Colour")
	var unknown *types.InvalidAttributeName
	if !errors.As(err, &unknown) {
		t.Errorf("unknown attribute: %v", err)
	}
}

func TestSetQueueAttributes(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", map[string]string{"VisibilityTimeout": "30", "DelaySeconds": "5"})
	set := func(attributes map[string]string) error {
		_, err := s.client.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{QueueUrl: url, Attributes: attributes})
		return err
	}
	if err := set(map[string]string{"VisibilityTimeout": "60"}); err != nil {
		t.Fatal(err)
	}
	if v, d := s.attribute(url, "VisibilityTimeout"), s.attribute(url, "DelaySeconds"); v != "60" || d != "5" {
		t.Errorf("visibility %s, delay %s", v, d)
	}
	for name, value := range map[string]string{
		"VisibilityTimeout": "43201", "DelaySeconds": "901", "MaximumMessageSize": "1023", "MessageRetentionPeriod": "59",
		"ReceiveMessageWaitTimeSeconds": "21", "RedrivePolicy": "{}", "RedriveAllowPolicy": "{",
	} {
		var invalid *types.InvalidAttributeValue
		if err := set(map[string]string{name: value}); !errors.As(err, &invalid) {
			t.Errorf("%s %s: %v", name, value, err)
		}
	}
	var unsupported *types.UnsupportedOperation
	if err := set(map[string]string{"FifoQueue": "true"}); !errors.As(err, &unsupported) {
		t.Errorf("FIFO: %v", err)
	}
	if v := s.attribute(url, "VisibilityTimeout"); v != "60" {
		t.Errorf("a refused change changed the timeout to %s", v)
	}
}

func TestQueueNames(t *testing.T) {
	s := start(t, sqs.Options{})
	for _, name := range []string{"", "a b", "ä", strings.Repeat("x", 81), "a.fifo"} {
		if _, err := s.queues.Create(name, nil, nil); err == nil {
			t.Errorf("created %q", name)
		}
	}
	s.create(strings.Repeat("x", 80), nil)
	s.create("a-B_1", nil)
}

func TestListQueuesPages(t *testing.T) {
	s := start(t, sqs.Options{})
	for _, name := range []string{"dev-C", "dev-A", "prod-A", "dev-B"} {
		s.create(name, nil)
	}
	var got []string
	pages := awssqs.NewListQueuesPaginator(s.client, &awssqs.ListQueuesInput{QueueNamePrefix: aws.String("dev-"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range page.QueueUrls {
			got = append(got, url[strings.LastIndex(url, "/")+1:])
		}
	}
	if !slices.Equal(got, []string{"dev-A", "dev-B", "dev-C"}) {
		t.Errorf("listed %q", got)
	}
}

func TestPurgeQueue(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	for range 12 {
		s.send(url, "x")
	}
	s.receive(url) // those in flight go as well
	purge := func() error {
		_, err := s.client.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: url})
		return err
	}
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	s.Advance(59 * time.Second)
	s.none(url)
	var busy *types.PurgeQueueInProgress
	if err := purge(); !errors.As(err, &busy) {
		t.Errorf("second purge: %v", err)
	}
	s.Advance(time.Second)
	if err := purge(); err != nil {
		t.Errorf("purge after a minute: %v", err)
	}
	s.send(url, "new")
	s.one(url)
}

func TestDeleteQueueEndsReceives(t *testing.T) {
	s := start(t, sqs.Options{})
	url := s.create("Inbox", nil)
	q, err := s.queues.Queue("Inbox")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := q.Receive(t.Context(), sqs.ReceiveOptions{Wait: ptr(20 * time.Second)})
		ended <- err
	}()
	if _, err := s.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		wantQueueGone(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("a receive waits for a queue that is gone")
	}
	_, err = q.Send(sqs.Outgoing{Body: "x"})
	wantQueueGone(t, err)
	wantQueueGone(t, q.Purge())
}

func wantQueueGone(t *testing.T, err error) {
	t.Helper()
	var e *sqs.Error
	if !errors.As(err, &e) || e.Code != "QueueDoesNotExist" {
		t.Errorf("error %v, want QueueDoesNotExist", err)
	}
}

func TestFileKeepsQueuesAndMessages(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sqs.db")
	c := newClock()
	open := func() *sqs.Queues {
		t.Helper()
		queues, err := sqs.Open(sqs.Options{File: file, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		return queues
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	queues := open()
	dead, err := queues.Create("Dead", nil, nil)
	must(err)
	q, err := queues.Create("Inbox", map[string]string{"VisibilityTimeout": "60",
		"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.ARN() + `","maxReceiveCount":2}`}, nil)
	must(err)
	delay := 30 * time.Second
	for _, m := range []sqs.Outgoing{
		{Body: "deleted"}, {Body: "in flight", Group: "g", Attributes: map[string]sqs.Attribute{"b": {DataType: "Binary", BinaryValue: []byte{0, 255}}}},
		{Body: "waiting"}, {Body: "delayed", Delay: &delay},
	} {
		_, err := q.Send(m)
		must(err)
	}
	got, err := q.Receive(t.Context(), sqs.ReceiveOptions{Max: 2})
	must(err)
	slices.SortFunc(got, func(a, b sqs.Message) int { return strings.Compare(a.Body, b.Body) })
	deleted, inFlight := got[0], got[1]
	must(q.Delete(deleted.Receipt))
	if _, err := sqs.Open(sqs.Options{File: file}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second process: %v", err)
	}
	must(queues.Close())

	queues = open()
	q, err = queues.Queue("Inbox")
	must(err)
	if st := q.Stats(); st.Visible != 1 || st.InFlight != 1 || st.Delayed != 1 {
		t.Errorf("after a restart: %+v", st)
	}
	must(q.ChangeVisibility(inFlight.Receipt, 0)) // handles stay good
	got, err = q.Receive(t.Context(), sqs.ReceiveOptions{Max: 10})
	must(err)
	i := slices.IndexFunc(got, func(m sqs.Message) bool { return m.ID == inFlight.ID })
	if len(got) != 2 || i < 0 || got[i].Receives != 2 || got[i].Group != "g" || !got[i].Sent.Equal(inFlight.Sent) ||
		!slices.Equal(got[i].Attributes["b"].BinaryValue, []byte{0, 255}) {
		t.Errorf("received %+v", got)
	}
	must(queues.Close())

	queues = open()
	c.Advance(60 * time.Second)
	q, err = queues.Queue("Inbox")
	must(err)
	got, err = q.Receive(t.Context(), sqs.ReceiveOptions{Max: 10}) // the redrive policy is kept, too
	must(err)
	dead, err = queues.Queue("Dead")
	must(err)
	if len(got) != 2 || dead.Stats().Visible != 1 {
		t.Errorf("received %d, dead %+v", len(got), dead.Stats())
	}
	must(queues.Close())
}

func TestFileKeepsTheOrderOfArrival(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sqs.db")
	c := newClock()
	for i := range 4 {
		queues, err := sqs.Open(sqs.Options{File: file, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		q, err := queues.Ensure("Inbox", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"a", "b", "c"} {
			if _, err := q.Send(sqs.Outgoing{Body: fmt.Sprint(i, body)}); err != nil {
				t.Fatal(err)
			}
		}
		if i == 3 {
			got, err := q.Receive(t.Context(), sqs.ReceiveOptions{Max: 10})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(got, func(a, b sqs.Message) int { return strings.Compare(a.Body, b.Body) }) {
				t.Errorf("received out of order: %v", got)
			}
		}
		if err := queues.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnsureSetsAttributesAndKeepsMessages(t *testing.T) {
	s := start(t, sqs.Options{})
	for _, timeout := range []string{"30", "60"} {
		q, err := s.queues.Ensure("Inbox", map[string]string{"VisibilityTimeout": timeout})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Send(sqs.Outgoing{Body: "x"}); err != nil {
			t.Fatal(err)
		}
		if a, err := q.Attributes(); err != nil || a["VisibilityTimeout"] != timeout {
			t.Errorf("attributes %v, %v", a, err)
		}
	}
	q, err := s.queues.ByARN("arn:aws:sqs:us-east-1:000000000000:Inbox")
	if err != nil || q.Stats().Visible != 2 {
		t.Errorf("by ARN: %v", err)
	}
}

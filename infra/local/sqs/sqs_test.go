package sqs_test

import (
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leadline/infra/local/sqs"
)

// clock is a clock that stands until it is advanced.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stack is the service with an SDK client that talks to it over HTTP.
type stack struct {
	*testing.T
	*clock
	queues *sqs.Queues
	client *awssqs.Client
}

func start(t *testing.T, opts sqs.Options) *stack {
	t.Helper()
	c := newClock()
	if opts.Now == nil {
		opts.Now = c.Now
	}
	queues, err := sqs.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(queues)
	t.Cleanup(func() {
		server.Close()
		if err := queues.Close(); err != nil {
			t.Error(err)
		}
	})
	client := awssqs.New(awssqs.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	return &stack{t, c, queues, client}
}

func (s *stack) create(name string, attributes map[string]string) *string {
	s.Helper()
	out, err := s.client.CreateQueue(s.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		s.Fatal(err)
	}
	return out.QueueUrl
}

func (s *stack) send(url *string, body string) string {
	s.Helper()
	out, err := s.client.SendMessage(s.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
	if err != nil {
		s.Fatal(err)
	}
	return *out.MessageId
}

// receive takes up to 10 messages with all their attributes, without waiting.
func (s *stack) receive(url *string) []types.Message {
	s.Helper()
	out, err := s.client.ReceiveMessage(s.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		s.Fatal(err)
	}
	return out.Messages
}

// one takes the only message that is visible.
func (s *stack) one(url *string) types.Message {
	s.Helper()
	got := s.receive(url)
	if len(got) != 1 {
		s.Fatalf("received %d messages, want 1", len(got))
	}
	return got[0]
}

func (s *stack) none(url *string) {
	s.Helper()
	if got := s.receive(url); len(got) > 0 {
		s.Fatalf("received %q, want nothing", *got[0].Body)
	}
}

func (s *stack) delete(url *string, m types.Message) {
	s.Helper()
	if _, err := s.client.DeleteMessage(s.Context(), &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		s.Fatal(err)
	}
}

func (s *stack) attribute(url *string, name string) string {
	s.Helper()
	out, err := s.client.GetQueueAttributes(s.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		s.Fatal(err)
	}
	return out.Attributes[name]
}

// wantCode fails unless err is an API error of the code that SDKs report.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e interface{ ErrorCode() string }
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("error %v, want code %s", err, code)
	}
}

func bodies(messages []types.Message) []string {
	out := make([]string, len(messages))
	for i, m := range messages {
		out[i] = *m.Body
	}
	return out
}

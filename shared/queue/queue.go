// Package queue sends messages to SQS and takes batches of them from it.
package queue

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
)

// Client is what a Sender needs of *sqs.Client.
type Client interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

var _ Client = (*sqs.Client)(nil)

// Sender sends messages to one standard queue.
type Sender struct {
	client Client
	url    string
}

// NewSender uses the queue of the URL.
func NewSender(client Client, url string) *Sender { return &Sender{client: client, url: url} }

// Send sends a body, which must be text, in one request. SQS keeps the groups of a standard queue from delaying one
// another (fair queues); the group is the organization.
//
// Errors are of package fault: a body that SQS does not take (empty, characters that XML has not, larger than the queue
// allows) is Invalid.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
func (s *Sender) Send(ctx context.Context, group string, body []byte) error {
	return s.SendAfter(ctx, group, body, 0)
}

// MaxDelay is the longest delay of a message.
const MaxDelay = 15 * time.Minute

// SendAfter is Send for a message that nobody gets before a delay of at most MaxDelay, rounded up to seconds. A longer
// one is Invalid.
func (s *Sender) SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error {
	in := &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: aws.String(string(body))}
	if delay > MaxDelay {
		return awsfault.Wrap(fault.New(fault.Invalid, "delay_too_long", "a message can be delayed by %s at most", MaxDelay), "queue: send")
	}
	if delay > 0 {
		in.DelaySeconds = int32((delay + time.Second - 1) / time.Second)
	}
	if group != "" {
		in.MessageGroupId = &group
	}
	_, err := s.client.SendMessage(ctx, in)
	switch awsfault.Code(err) {
	case "InvalidMessageContents", "InvalidParameterValue", "MissingParameter",
		"AWS.SimpleQueueService.InvalidMessageContents":
		// The cause is not kept: it may quote the body.
		err = fault.New(fault.Invalid, "invalid_message", "the queue does not take the message")
	}
	return awsfault.Wrap(err, "queue: send")
}

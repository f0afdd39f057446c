// Package queue sends messages to SQS queues and works through the batches that SQS delivers.
package queue

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/awsfault"
)

// Client is what a Sender needs of *sqs.Client.
type Client interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Sender sends to one queue.
type Sender struct {
	client Client
	url    string
}

// NewSender makes a sender to the queue of the URL.
func NewSender(client Client, url string) *Sender { return &Sender{client, url} }

// Send puts one message into the queue and returns once the queue has it: one request. group is who the message belongs
// to: the queue is fair between groups, so that one's flood does not delay another
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html).
func (s *Sender) Send(ctx context.Context, group string, body []byte) error {
	_, err := s.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &s.url, MessageBody: aws.String(string(body)), MessageGroupId: &group,
	})
	return awsfault.Wrap(err, "queue: send")
}

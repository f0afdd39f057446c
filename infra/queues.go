package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

const (
	// maxMessageBytes is the largest message of a queue; receive puts larger bodies into the bucket.
	maxMessageBytes = 262144
	// maxReceives is how often a message is tried before it is dead.
	maxReceives = 5
	// fetchReceives is the same for fetch, whose work is long: a message whose function is killed in mid-page goes on where
	// the last page ended, and what fails again and again its engine ends by itself.
	fetchReceives = 10
)

// queues holds what is on its way.
type queues struct {
	// inbox holds what was posted to a webhook URL and is not yet applied. It is a standard queue, fair by the
	// organization in each message's group id: one organization's flood does not delay another.
	inbox awssqs.Queue
	// inboxDead holds what ingest failed at maxReceives times.
	inboxDead awssqs.Queue
	// deliver holds what is on its way to destinations, fair by organization as the inbox is.
	deliver awssqs.Queue
	// deliverDead holds what deliver failed at, by a fault of ours, maxReceives times.
	deliverDead awssqs.Queue
	// fetch holds what is to be read of providers next, fair by organization.
	fetch awssqs.Queue
	// fetchDead holds what fetch failed at fetchReceives times.
	fetchDead awssqs.Queue
	// calculate holds which records changed, and what is to be reckoned anew, fair by organization.
	calculate awssqs.Queue
	// calculateDead holds what calculate failed at maxReceives times.
	calculateDead awssqs.Queue
	// settle holds which periods and batches of payments are to go on, in parts, fair by organization.
	settle awssqs.Queue
	// settleDead holds what settle failed at maxReceives times.
	settleDead awssqs.Queue
	// nudge holds whose standings moved, and what people are to be told of, fair by organization.
	nudge awssqs.Queue
	// nudgeDead holds what nudge failed at maxReceives times.
	nudgeDead awssqs.Queue
	// jobs holds which jobs are to go on with their next step, fair by organization.
	jobs awssqs.Queue
	// jobsDead holds the steps that work failed at maxReceives times.
	jobsDead awssqs.Queue
	// relayDead holds where in the stream of records relay gave up.
	relayDead awssqs.Queue
}

// newQueues makes the queues. The visibility timeout is six times the consumer's timeout, as AWS advises:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func newQueues(scope constructs.Construct, s stage) queues {
	queue := func(id string, visibility float64, dead *awssqs.DeadLetterQueue) awssqs.Queue {
		return awssqs.NewQueue(scope, jsii.String(id), &awssqs.QueueProps{
			RetentionPeriod:     awscdk.Duration_Days(jsii.Number(14)), // the longest there is
			VisibilityTimeout:   awscdk.Duration_Seconds(jsii.Number(visibility)),
			MaxMessageSizeBytes: jsii.Number(maxMessageBytes),
			DeadLetterQueue:     dead,
			Encryption:          awssqs.QueueEncryption_SQS_MANAGED,
			EnforceSSL:          jsii.Bool(true),
			RemovalPolicy:       s.keep,
		})
	}
	const byHand = 300 // seconds that a person's tool has for a message that it took out of a dead-letter queue
	pair := func(id, deadID string, timeout, receives float64) (feeding, dead awssqs.Queue) {
		dead = queue(deadID, byHand, nil)
		return queue(id, 6*timeout, &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(receives)}), dead
	}
	var q queues
	q.inbox, q.inboxDead = pair("Inbox", "InboxDead", ingestTimeout, maxReceives)
	q.deliver, q.deliverDead = pair("DeliverQueue", "DeliverDead", deliverTimeout, maxReceives) // Deliver alone is where the function stands
	q.fetch, q.fetchDead = pair("FetchQueue", "FetchDead", fetchTimeout, fetchReceives)         // and so is Fetch
	q.calculate, q.calculateDead = pair("CalculateQueue", "CalculateDead", calculateTimeout, maxReceives)
	q.settle, q.settleDead = pair("SettleQueue", "SettleDead", settleTimeout, maxReceives)
	q.nudge, q.nudgeDead = pair("NudgeQueue", "NudgeDead", nudgeTimeout, maxReceives)
	q.jobs, q.jobsDead = pair("Jobs", "JobsDead", workTimeout, maxReceives)
	q.relayDead = queue("RelayDead", byHand, nil)
	return q
}

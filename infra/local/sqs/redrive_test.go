package sqs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leadline/infra/local/sqs"
)

const arnOf = "arn:aws:sqs:us-east-1:000000000000:"

func policy(dead string, receives int) map[string]string {
	return map[string]string{"VisibilityTimeout": "30",
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, arnOf+dead, receives)}
}

func TestMessageGoesToTheDeadLetterQueueAfterMaxReceiveCount(t *testing.T) {
	s := start(t, sqs.Options{})
	dead := s.create("InboxDead", map[string]string{"MessageRetentionPeriod": "3600"})
	inbox := s.create("Inbox", policy("InboxDead", 5))
	id := s.send(inbox, "poison")
	sentAt := s.one(inbox).Attributes["SentTimestamp"]
	for range 4 {
		s.Advance(30 * time.Second)
		s.one(inbox)
	}
	s.Advance(30 * time.Second)
	s.none(dead) // it is moved when it would be delivered a sixth time
	s.none(inbox)
	m := s.one(dead)
	if *m.MessageId != id || *m.Body != "poison" {
		t.Errorf("dead letter %s %q", *m.MessageId, *m.Body)
	}
	if a := m.Attributes; a["ApproximateReceiveCount"] != "6" || a["SentTimestamp"] != sentAt || a["DeadLetterQueueSourceArn"] != arnOf+"Inbox" {
		t.Errorf("attributes %v", a)
	}
	s.Advance(time.Hour - 150*time.Second) // retention counts from the first sending
	s.none(dead)
	if n := s.attribute(dead, "ApproximateNumberOfMessagesNotVisible"); n != "0" {
		t.Errorf("%s messages in flight after the retention period", n)
	}
}

func TestRedrivePolicyNeedsItsQueue(t *testing.T) {
	s := start(t, sqs.Options{})
	create := func(name string, attributes map[string]string) error {
		_, err := s.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	wantCode(t, create("Inbox", policy("Missing", 5)), "InvalidParameterValue")
	s.create("Denied", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
	s.create("Private", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["` + arnOf + `Mine"]}`})
	wantCode(t, create("Inbox", policy("Denied", 5)), "InvalidParameterValue")
	wantCode(t, create("Inbox", policy("Private", 5)), "InvalidParameterValue")
	if err := create("Mine", policy("Private", 5)); err != nil {
		t.Error(err)
	}
	s.create("Open", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"allowAll"}`})
	if err := create("Inbox", policy("Open", 5)); err != nil {
		t.Error(err)
	}
	wantCode(t, create("Third", policy("Mine", 1001)), "InvalidAttributeValue")
}

func TestListDeadLetterSourceQueues(t *testing.T) {
	s := start(t, sqs.Options{})
	dead := s.create("Dead", nil)
	b, a := s.create("B", policy("Dead", 5)), s.create("A", policy("Dead", 3))
	out, err := s.client.ListDeadLetterSourceQueues(t.Context(), &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
	if err != nil || fmt.Sprint(out.QueueUrls) != fmt.Sprint([]string{*a, *b}) {
		t.Errorf("sources %v, %v", out, err)
	}
}

func TestMoveTaskReturnsDeadLettersAsNewMessages(t *testing.T) {
	s := start(t, sqs.Options{})
	dead := s.create("Dead", nil)
	a, b := s.create("A", policy("Dead", 1)), s.create("B", policy("Dead", 1))
	ids := map[string]bool{s.send(a, "from a"): true, s.send(b, "from b"): true}
	for _, url := range []*string{a, b} {
		s.one(url)
	}
	s.Advance(30 * time.Second)
	for _, url := range []*string{a, b} {
		s.none(url)
	}
	started, err := s.client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(arnOf + "Dead")})
	if err != nil || *started.TaskHandle == "" {
		t.Fatal(started, err)
	}
	for _, url := range []*string{a, b} {
		m := s.one(url)
		if ids[*m.MessageId] || m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["DeadLetterQueueSourceArn"] != "" ||
			m.Attributes["SentTimestamp"] != fmt.Sprint(s.Now().UnixMilli()) {
			t.Errorf("%s: %s %v", *m.Body, *m.MessageId, m.Attributes)
		}
	}
	s.none(dead)
	out, err := s.client.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnOf + "Dead")})
	if err != nil || len(out.Results) != 1 {
		t.Fatal(out, err)
	}
	if r := out.Results[0]; *r.Status != "COMPLETED" || r.ApproximateNumberOfMessagesMoved != 2 || *r.ApproximateNumberOfMessagesToMove != 2 {
		t.Errorf("task %+v", r)
	}
}

func TestMoveTaskToAnotherQueue(t *testing.T) {
	s := start(t, sqs.Options{})
	dead := s.create("Dead", nil)
	s.create("Inbox", policy("Dead", 1))
	other := s.create("Other", nil)
	s.send(dead, "put there by hand")
	in := &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(arnOf + "Dead"), DestinationArn: aws.String(arnOf + "Other")}
	if _, err := s.client.StartMessageMoveTask(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if m := s.one(other); *m.Body != "put there by hand" {
		t.Errorf("moved %q", *m.Body)
	}
	if _, err := s.client.StartMessageMoveTask(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int32]string{0: "0", 1: "0", 10: "0 1"} { // the latest first, and one unless more are asked for
		in := &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnOf + "Dead")}
		if most > 0 {
			in.MaxResults = &most
		}
		out, err := s.client.ListMessageMoveTasks(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var moved []string
		for _, r := range out.Results {
			moved = append(moved, fmt.Sprint(r.ApproximateNumberOfMessagesMoved))
		}
		if got := strings.Join(moved, " "); got != want {
			t.Errorf("the latest %d tasks moved %s, want %s", most, got, want)
		}
	}
}

func TestMoveTaskFailsForMessagesOfUnknownOrigin(t *testing.T) {
	s := start(t, sqs.Options{})
	dead := s.create("Dead", nil)
	s.create("Inbox", policy("Dead", 1))
	s.send(dead, "put there by hand")
	if _, err := s.client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(arnOf + "Dead")}); err != nil {
		t.Fatal(err)
	}
	out, err := s.client.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnOf + "Dead")})
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Results[0]; *r.Status != "FAILED" || aws.ToString(r.FailureReason) != "CouldNotDetermineMessageSource" {
		t.Errorf("task %s %s", *r.Status, aws.ToString(r.FailureReason))
	}
	s.one(dead)
}

func TestMoveTaskRefusals(t *testing.T) {
	s := start(t, sqs.Options{})
	s.create("Dead", nil)
	s.create("Inbox", policy("Dead", 1))
	move := func(source, destination string) error {
		in := &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(arnOf + source)}
		if destination != "" {
			in.DestinationArn = aws.String(arnOf + destination)
		}
		_, err := s.client.StartMessageMoveTask(t.Context(), in)
		return err
	}
	var notFound *types.ResourceNotFoundException
	if err := move("Missing", ""); !errors.As(err, &notFound) {
		t.Errorf("missing source: %v", err)
	}
	if err := move("Dead", "Missing"); !errors.As(err, &notFound) {
		t.Errorf("missing destination: %v", err)
	}
	wantCode(t, move("Inbox", ""), "InvalidParameterValue") // no dead-letter queue
	_, err := s.client.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnOf + "Missing")})
	if !errors.As(err, &notFound) {
		t.Errorf("tasks of a missing queue: %v", err)
	}
}

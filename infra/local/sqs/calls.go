package sqs

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"
)

// call is one call of the API on its way to an answer.
type call struct {
	s        *Queues
	ctx      context.Context
	body     []byte
	endpoint string
}

// none is the answer of operations that have nothing to tell.
type none struct{}

// queueIn names the queue that a call is about.
type queueIn struct{ QueueUrl string }

type queueURLOut struct{ QueueUrl string }

func createQueue(c call, in struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}) (any, error) {
	q, err := c.s.Create(in.QueueName, in.Attributes, in.Tags)
	if err != nil {
		return nil, err
	}
	return queueURLOut{q.URL(c.endpoint)}, nil
}

func getQueueURL(c call, in struct{ QueueName string }) (any, error) {
	q, err := c.s.Queue(in.QueueName)
	if err != nil {
		return nil, err
	}
	return queueURLOut{q.URL(c.endpoint)}, nil
}

// listQueues pages by name if MaxResults is set, as AWS does.
func listQueues(c call, in struct {
	QueueNamePrefix, NextToken string
	MaxResults                 int
}) (any, error) {
	var out struct {
		QueueUrls []string
		NextToken string `json:",omitempty"`
	}
	for _, name := range c.s.Names(in.QueueNamePrefix) {
		if name <= in.NextToken {
			continue
		}
		if n := len(out.QueueUrls); in.MaxResults > 0 && n == in.MaxResults {
			out.NextToken = path.Base(out.QueueUrls[n-1])
			break
		}
		if q, err := c.s.Queue(name); err == nil {
			out.QueueUrls = append(out.QueueUrls, q.URL(c.endpoint))
		}
	}
	return out, nil
}

func deleteQueue(c call, in queueIn) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return none{}, q.Drop()
}

func purgeQueue(c call, in queueIn) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return none{}, q.Purge()
}

func getQueueAttributes(c call, in struct {
	queueIn
	AttributeNames []string
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all, err := q.Attributes()
	if err != nil {
		return nil, err
	}
	out := struct{ Attributes map[string]string }{map[string]string{}}
	for _, name := range in.AttributeNames {
		if name == "All" {
			out.Attributes = all
			break
		}
		if value, ok := all[name]; ok {
			out.Attributes[name] = value
		} else if _, err := parseSettings(map[string]string{name: ""}); isCode(err, invalidAttributeName) {
			return nil, err
		}
	}
	return out, nil
}

func isCode(err error, code string) bool {
	e, ok := err.(*Error)
	return ok && e.Code == code
}

func setQueueAttributes(c call, in struct {
	queueIn
	Attributes map[string]string
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return none{}, q.SetAttributes(in.Attributes)
}

func listDeadLetterSourceQueues(c call, in queueIn) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := struct {
		QueueURLs []string `json:"queueUrls"`
	}{[]string{}}
	for _, source := range c.s.deadLetterSources(q) {
		out.QueueURLs = append(out.QueueURLs, source.URL(c.endpoint))
	}
	return out, nil
}

func startMessageMoveTask(c call, in struct{ SourceArn, DestinationArn string }) (any, error) {
	if in.SourceArn == "" {
		return nil, missing("SourceArn")
	}
	handle, err := c.s.MoveMessages(in.SourceArn, in.DestinationArn)
	return struct{ TaskHandle string }{handle}, err
}

func listMessageMoveTasks(c call, in struct {
	SourceArn  string
	MaxResults *int
}) (any, error) {
	most := 1
	if in.MaxResults != nil {
		most = min(*in.MaxResults, 10)
	}
	type result struct {
		Status                            string
		SourceArn                         string
		DestinationArn                    string `json:",omitempty"`
		FailureReason                     string `json:",omitempty"`
		ApproximateNumberOfMessagesMoved  int64
		ApproximateNumberOfMessagesToMove int64
		StartedTimestamp                  int64
	}
	out := struct{ Results []result }{[]result{}}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if _, err := c.s.byARN(in.SourceArn); err != nil {
		return nil, errorf(resourceNotFound, "The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	for _, t := range slices.Backward(c.s.tasks) {
		if t.Source != in.SourceArn || len(out.Results) >= most {
			continue
		}
		status := "COMPLETED"
		if t.Failure != "" {
			status = "FAILED"
		}
		out.Results = append(out.Results, result{status, t.Source, t.Destination, t.Failure, t.Moved, t.ToMove, t.Started.UnixMilli()})
	}
	return out, nil
}

type receiveIn struct {
	queueIn
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int
	VisibilityTimeout           *int
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

type messageOut struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]Attribute `json:",omitempty"`
}

func receiveMessage(c call, in receiveIn) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	opts := ReceiveOptions{Max: 1, Wait: secondsOf(in.WaitTimeSeconds), Visibility: secondsOf(in.VisibilityTimeout)}
	if in.MaxNumberOfMessages != nil {
		if opts.Max = *in.MaxNumberOfMessages; opts.Max == 0 {
			opts.Max = -1 // zero is as wrong as any other number out of range
		}
	}
	messages, err := q.Receive(c.ctx, opts)
	if err != nil {
		return nil, err
	}
	out := struct{ Messages []messageOut }{}
	for _, m := range messages {
		o := messageOut{MessageId: m.ID, ReceiptHandle: m.Receipt, MD5OfBody: BodyMD5(m.Body), Body: m.Body,
			Attributes: map[string]string{}, MessageAttributes: map[string]Attribute{}}
		for name, value := range m.SystemAttributes() {
			if slices.Contains(in.AttributeNames, name) || slices.Contains(in.AttributeNames, "All") ||
				slices.Contains(in.MessageSystemAttributeNames, name) || slices.Contains(in.MessageSystemAttributeNames, "All") {
				o.Attributes[name] = value
			}
		}
		for name, a := range m.Attributes {
			if wanted(name, in.MessageAttributeNames) {
				o.MessageAttributes[name] = a
			}
		}
		o.MD5OfMessageAttributes = AttributesMD5(o.MessageAttributes)
		out.Messages = append(out.Messages, o)
	}
	return out, nil
}

// wanted tells whether a message attribute is asked for: by name, by prefix ("foo.*"), or as one of all.
func wanted(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		prefix, cut := strings.CutSuffix(n, ".*")
		return n == "All" || n == name || cut && strings.HasPrefix(name, prefix)
	})
}

func secondsOf(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}

type receiptIn struct {
	ReceiptHandle     string
	VisibilityTimeout *int
}

func deleteMessage(c call, in struct {
	queueIn
	receiptIn
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return none{}, q.Delete(in.ReceiptHandle)
}

func changeMessageVisibility(c call, in struct {
	queueIn
	receiptIn
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return none{}, in.change(q)
}

func (in receiptIn) change(q *Queue) error {
	if in.VisibilityTimeout == nil {
		return missing("VisibilityTimeout")
	}
	return q.ChangeVisibility(in.ReceiptHandle, *secondsOf(in.VisibilityTimeout))
}

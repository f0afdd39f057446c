package sqs

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
)

// settings is what a queue's attributes mean.
type settings struct {
	delay, visibility, retention, wait time.Duration
	maxBytes                           int
	redrive                            *redrivePolicy
	allow                              *redriveAllowPolicy
}

type redrivePolicy struct {
	DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
	MaxReceiveCount     json.Number `json:"maxReceiveCount"` // a number or a string, AWS takes both

	maxReceives int
}

type redriveAllowPolicy struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueARNs   []string `json:"sourceQueueArns"`
}

// maxMessageBytes is the most that a queue can be set to take, and its default; also the most of all messages of a
// batch together: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const maxMessageBytes = 1 << 20

// parseSettings reads the attributes of a queue, as listed in
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func parseSettings(attributes map[string]string) (settings, error) {
	set := settings{visibility: 30 * time.Second, retention: 4 * 24 * time.Hour, maxBytes: maxMessageBytes}
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[key]
		var err error
		switch key {
		case "DelaySeconds":
			set.delay, err = duration(value, 0, 900)
		case "VisibilityTimeout":
			set.visibility, err = duration(value, 0, 43_200)
		case "MessageRetentionPeriod":
			set.retention, err = duration(value, 60, 1_209_600)
		case "ReceiveMessageWaitTimeSeconds":
			set.wait, err = duration(value, 0, 20)
		case "MaximumMessageSize":
			set.maxBytes, err = whole(value, 1024, maxMessageBytes)
		case "RedrivePolicy":
			set.redrive, err = parseRedrive(value)
		case "RedriveAllowPolicy":
			if value != "" {
				err = json.Unmarshal([]byte(value), &set.allow)
			}
		case "Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled":
			// Kept and shown; there is no one here to be kept out.
		case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
			return set, errorf(unsupportedOperation, "This emulator has standard queues only.")
		default:
			return set, errorf(invalidAttributeName, "Unknown Attribute %s.", key)
		}
		var refused *Error
		switch {
		case errors.As(err, &refused):
			return set, refused
		case err != nil:
			return set, errorf(invalidAttributeValue, "Invalid value for the parameter %s.", key)
		}
	}
	return set, nil
}

func parseRedrive(value string) (*redrivePolicy, error) {
	if value == "" {
		return nil, nil
	}
	var p redrivePolicy
	err := json.Unmarshal([]byte(value), &p)
	if err == nil {
		p.maxReceives, err = whole(p.MaxReceiveCount.String(), 1, 1000)
	}
	return &p, err
}

// checkRedrive refuses a redrive policy of the queue of a name whose dead-letter queue is missing or does not allow it.
func (s *Queues) checkRedrive(name string, p *redrivePolicy) error {
	if p == nil {
		return nil
	}
	dead, err := s.byARN(p.DeadLetterTargetARN)
	if err != nil {
		return errorf(invalidParameterValue, "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target %s does not exist.", p.DeadLetterTargetARN)
	}
	if a := dead.settings.allow; a != nil && (a.RedrivePermission == "denyAll" ||
		a.RedrivePermission == "byQueue" && !slices.Contains(a.SourceQueueARNs, s.arn(name))) {
		return errorf(invalidParameterValue, "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target %s does not allow this queue.", p.DeadLetterTargetARN)
	}
	return nil
}

func duration(value string, low, high int) (time.Duration, error) {
	n, err := whole(value, low, high)
	return time.Duration(n) * time.Second, err
}

func whole(value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, err
	}
	if n < low || n > high {
		return 0, strconv.ErrRange
	}
	return n, nil
}

// Attributes gives all attributes of the queue, as GetQueueAttributes does.
func (q *Queue) Attributes() (map[string]string, error) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return nil, err
	}
	return q.attributes(q.s.opts.Now()), nil
}

// SetAttributes changes some of the queue's attributes, at once.
func (q *Queue) SetAttributes(attributes map[string]string) error {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return err
	}
	return q.set(attributes)
}

func (q *Queue) set(attributes map[string]string) error {
	state := q.state
	state.Attributes = maps.Clone(state.Attributes)
	if state.Attributes == nil {
		state.Attributes = map[string]string{}
	}
	maps.Copy(state.Attributes, attributes)
	state.Modified = q.s.opts.Now()
	set, err := parseSettings(state.Attributes)
	if err != nil {
		return err
	}
	if err := q.s.checkRedrive(state.Name, set.redrive); err != nil {
		return err
	}
	if err := q.s.saveQueue(state); err != nil {
		return err
	}
	q.state, q.settings = state, set
	q.wake()
	return nil
}

func (q *Queue) attributes(now time.Time) map[string]string {
	stats := q.stats(now)
	all := map[string]string{
		"DelaySeconds":                          seconds(q.settings.delay),
		"VisibilityTimeout":                     seconds(q.settings.visibility),
		"MessageRetentionPeriod":                seconds(q.settings.retention),
		"ReceiveMessageWaitTimeSeconds":         seconds(q.settings.wait),
		"MaximumMessageSize":                    strconv.Itoa(q.settings.maxBytes),
		"SqsManagedSseEnabled":                  "true",
		"QueueArn":                              q.ARN(),
		"CreatedTimestamp":                      strconv.FormatInt(q.state.Created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.state.Modified.Unix(), 10),
		"ApproximateNumberOfMessages":           strconv.Itoa(stats.Visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(stats.InFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(stats.Delayed),
	}
	for key, value := range q.state.Attributes {
		if value != "" {
			all[key] = value
		}
	}
	return all
}

// Stats counts the messages of a queue. Unlike on AWS, it is exact.
type Stats struct {
	// Visible messages can be received, InFlight ones were received and are not deleted, Delayed ones were never visible.
	Visible, InFlight, Delayed int
	// Oldest is when the oldest message was sent; zero if there is none.
	Oldest time.Time
}

// Stats counts the queue's messages.
func (q *Queue) Stats() Stats {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	return q.stats(q.s.opts.Now())
}

// DelayedBeyond counts the messages that were never visible and will not be for longer than d, by the clock.
func (q *Queue) DelayedBeyond(d time.Duration) int {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	now, n := q.s.opts.Now(), 0
	q.surface(now)
	for _, m := range q.messages {
		if !q.expired(m, now) && m.inLine == nil && m.Receives == 0 && m.VisibleAt.After(now.Add(d)) {
			n++
		}
	}
	return n
}

func (q *Queue) stats(now time.Time) Stats {
	q.surface(now)
	var st Stats
	for _, m := range q.messages {
		if q.expired(m, now) {
			continue
		}
		switch {
		case m.inLine != nil:
			st.Visible++
		case m.Receives > 0:
			st.InFlight++
		default:
			st.Delayed++
		}
		if st.Oldest.IsZero() || m.Sent.Before(st.Oldest) {
			st.Oldest = m.Sent
		}
	}
	return st
}

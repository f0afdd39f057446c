package sqs

import (
	"context"
	"time"
)

// MaxBatch is the most messages of one receive, and the most entries of a batch.
const MaxBatch = 10

// ReceiveOptions says what a receive wants.
type ReceiveOptions struct {
	// Max is the most messages wanted, from 1 to MaxBatch; 0 means 1.
	Max int
	// Wait is how long to wait for a first message, up to 20 s of queue time; nil for the queue's own.
	Wait *time.Duration
	// Visibility is how long the messages are hidden from others; nil for the queue's own timeout.
	Visibility *time.Duration
}

// Receive delivers messages. It returns as soon as it has one or more, without any when the wait is over, and with the
// context's error when that ends first.
func (q *Queue) Receive(ctx context.Context, opts ReceiveOptions) ([]Message, error) {
	if opts.Max == 0 {
		opts.Max = 1
	}
	if opts.Max < 1 || opts.Max > MaxBatch {
		return nil, errorf(invalidParameterValue, "Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", opts.Max)
	}
	if w := opts.Wait; w != nil && (*w < 0 || *w > 20*time.Second) {
		return nil, errorf(invalidParameterValue, "Value %s for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", seconds(*w))
	}
	if v := opts.Visibility; v != nil && (*v < 0 || *v > 12*time.Hour) {
		return nil, errorf(invalidParameterValue, "Value %s for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", seconds(*v))
	}
	var deadline time.Time
	for {
		messages, wait, changed, err := q.poll(opts, &deadline)
		if err != nil || len(messages) > 0 || wait <= 0 {
			return messages, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// poll takes what is there. If that is nothing it gives how long to sleep before looking again, unless changed is closed
// first; zero once the deadline, which its first call sets, is over.
func (q *Queue) poll(opts ReceiveOptions, deadline *time.Time) (messages []Message, sleep time.Duration, changed <-chan struct{}, err error) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return nil, 0, nil, err
	}
	now := q.s.opts.Now()
	if deadline.IsZero() {
		wait := q.settings.wait
		if opts.Wait != nil {
			wait = *opts.Wait
		}
		*deadline = now.Add(q.s.real(wait))
	}
	messages, err = q.take(opts, now)
	if err != nil || len(messages) > 0 || !now.Before(*deadline) {
		return messages, 0, nil, err
	}
	sleep = deadline.Sub(now)
	if at, ok := q.waking(); ok {
		sleep = min(sleep, at.Sub(now))
	}
	return nil, max(sleep, time.Millisecond), q.changed, nil
}

// take delivers what is visible: each message is counted, hidden, and moved away if it was received too often.
func (q *Queue) take(opts ReceiveOptions, now time.Time) ([]Message, error) {
	q.surface(now)
	visibility := q.settings.visibility
	if opts.Visibility != nil {
		visibility = *opts.Visibility
	}
	var taken []*message
	var failed error
	for len(taken) < opts.Max && failed == nil {
		m := q.next(q.pick)
		if m == nil {
			break
		}
		switch {
		case q.expired(m, now):
			failed = q.remove(m)
		case q.exhausted(m):
			failed = q.bury(m, now)
		default:
			m.Receives++
			if m.FirstReceived.IsZero() {
				m.FirstReceived = now
			}
			m.VisibleAt = now.Add(q.s.real(visibility))
			m.Again = q.s.opts.Faults != nil && q.s.opts.Faults.Duplicate(q.state.Name, m.Receives)
			if m.Again {
				m.VisibleAt = now
			}
			taken = append(taken, m)
		}
	}
	messages := make([]Message, len(taken))
	for i, m := range taken {
		messages[i] = q.deliver(m)
		q.place(m, now) // not before all are taken, or a timeout of zero would deliver one twice
	}
	if failed == nil && len(taken) > 0 {
		failed = q.s.save(q, taken)
	}
	if failed != nil {
		return nil, failed
	}
	return messages, nil
}

func (q *Queue) pick(n int) int {
	if q.s.opts.Faults == nil {
		return 0
	}
	return q.s.opts.Faults.Pick(q.state.Name, n)
}

func (q *Queue) deliver(m *message) Message {
	return Message{ID: m.ID, Receipt: receipt(q.state.Name, m.ID, m.Receives), Body: m.Body, Attributes: m.Attributes,
		Group: m.Group, Trace: m.Trace, Sent: m.Sent, FirstReceived: m.FirstReceived, Receives: m.Receives,
		DeadLetterSource: m.Source}
}

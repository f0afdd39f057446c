package sqs

import (
	"container/list"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Queue is one queue. After its deletion every call is QueueDoesNotExist.
type Queue struct {
	s        *Queues
	state    queueState
	settings settings
	gone     bool
	purged   time.Time
	changed  chan struct{} // closed, and replaced, when a waiting receive should look again

	messages map[string]*message
	backlog
}

// queueState is what a file keeps of a queue.
type queueState struct {
	Name       string
	Created    time.Time
	Modified   time.Time
	Attributes map[string]string
	Tags       map[string]string
}

// message is a stored message. Exported fields are what a file keeps of it.
type message struct {
	ID            string
	Seq           uint64 // order of arrival in the service
	Body          string
	Attributes    map[string]Attribute
	Group         string
	Trace         string
	Sent          time.Time
	FirstReceived time.Time
	VisibleAt     time.Time
	Receives      int
	Source        string // ARN of the queue that it was moved from as a dead letter
	// Again says that another delivery is due whatever becomes of the present one. Faults.Duplicate sets it.
	Again bool

	inLine *list.Element // its place in its group's line, nil while it is hidden
	index  int           // its place in the heap of hidden messages
}

func (s *Queues) newQueue(state queueState, set settings) *Queue {
	return &Queue{s: s, state: state, settings: set, changed: make(chan struct{}),
		messages: map[string]*message{}, backlog: backlog{groups: map[string]*group{}}}
}

// Name gives the queue's name.
func (q *Queue) Name() string { return q.state.Name }

// ARN gives the queue's ARN.
func (q *Queue) ARN() string { return q.s.arn(q.state.Name) }

// URL gives the queue's URL at an endpoint such as http://127.0.0.1:9324.
func (q *Queue) URL(endpoint string) string {
	return fmt.Sprintf("%s/%s/%s", endpoint, q.s.opts.Account, q.state.Name)
}

func (q *Queue) alive() error {
	if q.gone {
		return errorf(queueDoesNotExist, "The specified queue does not exist.")
	}
	return nil
}

// wake makes waiting receives look again.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Send stores a message and gives its id.
func (q *Queue) Send(m Outgoing) (id string, err error) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return "", err
	}
	if err := m.check(q.settings.maxBytes); err != nil {
		return "", err
	}
	stored := q.store(m)
	if err := q.s.save(q, []*message{stored}); err != nil {
		return "", err
	}
	q.add(stored, q.s.opts.Now())
	return stored.ID, nil
}

// store makes the stored form of a new message.
func (q *Queue) store(m Outgoing) *message {
	now := q.s.opts.Now()
	delay := q.settings.delay
	if m.Delay != nil {
		delay = *m.Delay
	}
	q.s.seq++
	return &message{ID: newID(), Seq: q.s.seq, Body: m.Body, Attributes: m.Attributes, Group: m.Group, Trace: m.Trace,
		Sent: now, VisibleAt: now.Add(q.s.real(delay))}
}

// add puts a message that is new to the queue in its place.
func (q *Queue) add(m *message, now time.Time) {
	q.messages[m.ID] = m
	q.place(m, now)
	q.wake()
}

// Delete ends a message with the handle of its last delivery. As on AWS it succeeds without effect for a message that is
// gone already or was delivered again since.
func (q *Queue) Delete(handle string) error {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return err
	}
	id, receives, err := parseReceipt(q.state.Name, handle)
	if err != nil {
		return err
	}
	m := q.messages[id]
	if m == nil || m.Receives != receives || m.Again {
		return nil
	}
	if f := q.s.opts.Faults; f != nil {
		if after, ok := f.Redeliver(q.state.Name, m.Receives); ok {
			m.Again = true
			return q.postpone(m, after)
		}
	}
	return q.remove(m)
}

// ChangeVisibility hides a message that is in flight for d from now; zero makes it visible at once. The next delivery has
// the queue's own timeout again.
func (q *Queue) ChangeVisibility(handle string, d time.Duration) error {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return err
	}
	if d < 0 || d > 12*time.Hour {
		return errorf(invalidParameterValue, "Value %s for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", seconds(d))
	}
	id, receives, err := parseReceipt(q.state.Name, handle)
	if err != nil {
		return err
	}
	m := q.messages[id]
	if m == nil || m.Receives != receives {
		return errorf(invalidParameterValue, "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", handle)
	}
	q.surface(q.s.opts.Now())
	switch {
	case m.Again:
		return nil
	case m.inLine != nil:
		return errorf(messageNotInflight, "The specified message isn't in flight.")
	}
	return q.postpone(m, d)
}

// postpone makes a message visible after d.
func (q *Queue) postpone(m *message, d time.Duration) error {
	now := q.s.opts.Now()
	q.withdraw(m)
	m.VisibleAt = now.Add(q.s.real(d))
	q.place(m, now)
	q.wake()
	return q.s.save(q, []*message{m})
}

// Purge deletes all messages. A second purge within a minute is PurgeQueueInProgress.
func (q *Queue) Purge() error {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return err
	}
	now := q.s.opts.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < q.s.real(time.Minute) {
		return errorf(purgeQueueInProgress, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.state.Name)
	}
	if err := q.remove(slices.Collect(maps.Values(q.messages))...); err != nil {
		return err
	}
	q.purged = now
	return nil
}

// Drop deletes the queue and its messages.
func (q *Queue) Drop() error {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if err := q.alive(); err != nil {
		return err
	}
	if err := q.s.dropQueue(q.state.Name); err != nil {
		return err
	}
	delete(q.s.queues, q.state.Name)
	q.gone = true
	q.wake()
	return nil
}

// remove forgets messages.
func (q *Queue) remove(messages ...*message) error {
	if err := q.s.save(q, nil, messages...); err != nil {
		return err
	}
	for _, m := range messages {
		q.withdraw(m)
		delete(q.messages, m.ID)
	}
	return nil
}

func (q *Queue) expired(m *message, now time.Time) bool {
	return now.Sub(m.Sent) >= q.s.real(q.settings.retention)
}

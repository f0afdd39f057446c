package sqs

import (
	"cmp"
	"slices"
	"time"
)

// exhausted tells whether a message was received as often as the queue's redrive policy allows.
func (q *Queue) exhausted(m *message) bool {
	p := q.settings.redrive
	if p == nil || m.Receives < p.maxReceives {
		return false
	}
	_, err := q.s.byARN(p.DeadLetterTargetARN)
	return err == nil
}

// bury moves a message, which has no place in the queue any more, to the dead-letter queue. It keeps its id and the time
// at which it was sent, from which retention counts:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (q *Queue) bury(m *message, now time.Time) error {
	dead, err := q.s.byARN(q.settings.redrive.DeadLetterTargetARN)
	if err != nil {
		return err
	}
	buried := *m
	buried.Source, buried.VisibleAt, buried.Again = q.ARN(), now, false
	if err := q.s.move(q, m, dead, &buried); err != nil {
		return err
	}
	delete(q.messages, m.ID)
	dead.add(&buried, now)
	return nil
}

// deadLetterSources lists the queues whose dead-letter queue q is, by name.
func (s *Queues) deadLetterSources(q *Queue) []*Queue {
	var sources []*Queue
	for _, source := range s.queues {
		if p := source.settings.redrive; p != nil && p.DeadLetterTargetARN == q.ARN() {
			sources = append(sources, source)
		}
	}
	slices.SortFunc(sources, func(a, b *Queue) int { return cmp.Compare(a.state.Name, b.state.Name) })
	return sources
}

// moveTask is a finished task that moved messages out of a dead-letter queue.
type moveTask struct {
	Handle      string
	Source      string
	Destination string
	Started     time.Time
	Failure     string // empty when it completed
	ToMove      int64
	Moved       int64
}

// MoveMessages moves the visible messages of a dead-letter queue to the queue of an ARN or, if that is empty, back to
// where each came from. They arrive as new messages, with a new id, time and count of receives:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
// It stops, as the task that AWS would start, at a message of unknown origin; ListMessageMoveTasks says so.
func (s *Queues) MoveMessages(sourceARN, destinationARN string) (handle string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.byARN(sourceARN)
	if err != nil {
		return "", errorf(resourceNotFound, "The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	if len(s.deadLetterSources(source)) == 0 {
		return "", errorf(invalidParameterValue, "Source queue must be configured as a Dead Letter Queue.")
	}
	var destination *Queue
	if destinationARN != "" {
		if destination, err = s.byARN(destinationARN); err != nil {
			return "", errorf(resourceNotFound, "The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
	}
	now := s.opts.Now()
	source.surface(now)
	var waiting []*message
	for _, m := range source.messages {
		if m.inLine != nil && !source.expired(m, now) {
			waiting = append(waiting, m)
		}
	}
	slices.SortFunc(waiting, func(a, b *message) int { return cmp.Compare(a.Seq, b.Seq) })
	task := moveTask{Handle: newID(), Source: sourceARN, Destination: destinationARN, Started: now, ToMove: int64(len(waiting))}
	for _, m := range waiting {
		to := destination
		if to == nil {
			if to, err = s.byARN(m.Source); err != nil {
				task.Failure = "CouldNotDetermineMessageSource"
				break
			}
		}
		s.seq++
		fresh := &message{ID: newID(), Seq: s.seq, Body: m.Body, Attributes: m.Attributes, Group: m.Group, Trace: m.Trace,
			Sent: now, VisibleAt: now}
		if err := s.move(source, m, to, fresh); err != nil {
			return "", err
		}
		source.withdraw(m)
		delete(source.messages, m.ID)
		to.add(fresh, now)
		task.Moved++
	}
	s.tasks = append(s.tasks, task)
	return task.Handle, nil
}

package mail

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/cache"
	"leadline/shared/notice"
	"leadline/shared/store"
)

const (
	// maxPosted bounds the notices that a Teller remembers to have sent a message about, and keepPosted for how long it does.
	maxPosted  = 1000
	keepPosted = time.Hour
)

// Teller is a store.Journal whose notices are mailed, too. It is safe for concurrent use.
type Teller struct {
	store.Journal
	queue  Queue
	now    func() time.Time
	posted *cache.Cache[string, struct{}]
}

// Queue takes messages, fair by group: the deliver queue, a queue.Sender.
type Queue interface {
	Send(ctx context.Context, group string, body []byte) error
}

var _ notice.Teller = (*Teller)(nil)

// NewTeller makes a Teller of a journal and the way to the deliver queue.
func NewTeller(journal store.Journal, queue Queue, now func() time.Time) *Teller {
	return &Teller{Journal: journal, queue: queue, now: now, posted: cache.New[string, struct{}](maxPosted)}
}

// Tell stores a notice and, if it is of a kind that is mailed, asks for its mail. Where it fails, tell it again under the
// same ID: that makes neither a second notice nor a second mail. What was told and posted by this Teller within the hour
// is not posted again: there are tellers that say the same with each batch of rows.
func (t *Teller) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	fresh, err := t.Journal.Tell(ctx, n.Fit())
	if err != nil || !n.Kind.Mailed() {
		return fresh, err
	}
	now, name := t.now(), n.Organization+"/"+n.ID
	if _, posted := t.posted.Get(name, now); posted {
		return fresh, nil
	}
	message, err := About(n).Encode()
	if err != nil {
		return fresh, err
	}
	if err := t.queue.Send(ctx, n.Organization, message); err != nil {
		return fresh, fmt.Errorf("mail: ask for the mail about a notice: %w", err)
	}
	t.posted.Put(name, struct{}{}, now, now.Add(keepPosted))
	return fresh, nil
}

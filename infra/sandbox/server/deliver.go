package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"leadline/infra/sandbox/crm"
)

// Webhooks sets up the deliveries of webhooks.
type Webhooks struct {
	// Client sends them; one with a timeout of 10 seconds unless set.
	Client *http.Client
	// PauseAfter pauses a subscription that has failed for this long; 72 hours unless set. PauseFailures does so after so
	// many failures in a row; 0 does not.
	PauseAfter    time.Duration
	PauseFailures int
	// Backlog is how many deliveries may wait before the subscription is paused; 100,000 unless set.
	Backlog int
	// Retry is the wait before the second try, which doubles up to 20 minutes; a second unless set.
	Retry time.Duration
	// Ordered delivers in the order of the events; Close does not.
	Ordered bool
}

const (
	longestRetry = 20 * time.Minute
	lastRetry    = 72 * time.Hour
	atOnce       = 8
)

// hooks holds the subscriptions and what is to be delivered.
type hooks struct {
	opts          Webhooks
	subscriptions []*subscription
	queue         []*delivery
	// first holds what waits for its first try: a grown event does not go out twice.
	first   map[line]bool
	dice    *crm.Dice
	dropped int
	sent    int
}

// line is an event's place in the line of a subscription.
type line struct {
	sub   *subscription
	event *crm.Event
}

// delivery is one event for one subscription. It carries the event as it is when it is sent.
type delivery struct {
	sub     *subscription
	event   *crm.Event
	due     time.Time
	first   time.Time
	attempt int
	body    []byte
}

func (h *hooks) init(o Webhooks) {
	o.PauseAfter = cmp.Or(o.PauseAfter, 72*time.Hour)
	o.Backlog = cmp.Or(o.Backlog, 100_000)
	o.Retry = cmp.Or(o.Retry, time.Second)
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	h.opts, h.dice, h.first = o, crm.NewDice(31), map[line]bool{}
}

// enqueue puts a new or grown event in line for those who want it: what was created at once, all else after the time in
// which changes are gathered.
func (s *Server) enqueue(e *crm.Event) {
	now := s.now()
	for _, sub := range s.hooks.subscriptions {
		if sub.paused || !s.wants(sub, e) {
			continue
		}
		if s.hooks.first[line{sub, e}] {
			continue // it goes out as it is then
		}
		s.hooks.first[line{sub, e}] = true
		due := now
		if e.Action == "updated" || e.Action == "deleted" {
			due = now.Add(s.opts.Consolidation)
		}
		s.hooks.put(&delivery{sub: sub, event: e, due: due})
		if sub.waiting > s.hooks.opts.Backlog {
			s.hooks.pause(sub, "backlog")
		}
	}
}

func (h *hooks) put(d *delivery) {
	h.queue = append(h.queue, d)
	d.sub.waiting++
}

func (s *Server) wants(sub *subscription, e *crm.Event) bool {
	if u := s.model.User(sub.createdBy); u == nil || !s.model.Visible(e, u) {
		return false
	}
	return slices.ContainsFunc(sub.events, func(w wanted) bool {
		return w.Object == e.ObjectType && w.Action == e.Action && passes(w.Extra, s.model.Render(e, true))
	})
}

// pause stops a subscription and forgets what waits for it.
func (h *hooks) pause(sub *subscription, reason string) {
	sub.paused, sub.reason = true, reason
	if reason != "api" {
		sub.health = "unhealthy"
	}
	h.drop(sub)
}

func (h *hooks) drop(sub *subscription) {
	h.queue = slices.DeleteFunc(h.queue, func(d *delivery) bool {
		if d.sub == sub {
			delete(h.first, line{sub, d.event})
		}
		return d.sub == sub
	})
	sub.waiting = 0
}

// Waiting tells how many deliveries wait.
func (s *Server) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hooks.queue)
}

// Deliver sends the webhooks that are due, and comes back when all are answered. It tells how many were sent.
func (s *Server) Deliver(ctx context.Context) int {
	due := s.takeDue()
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, d := range due {
		slots <- struct{}{}
		group.Go(func() {
			status, err := s.send(ctx, d)
			<-slots
			s.mu.Lock()
			defer s.mu.Unlock()
			s.settle(d, status, err)
		})
		if s.hooks.opts.Ordered {
			group.Wait()
		}
	}
	group.Wait()
	return len(due)
}

// takeDue takes what is due out of the queue, in no order, without what is to be lost.
func (s *Server) takeDue() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var due []*delivery
	s.hooks.queue = slices.DeleteFunc(s.hooks.queue, func(d *delivery) bool {
		if d.due.After(now) {
			return false
		}
		due = append(due, d)
		d.sub.waiting--
		delete(s.hooks.first, line{d.sub, d.event})
		return true
	})
	drop, double := s.control.losses()
	kept := due[:0]
	for _, d := range due {
		if s.hooks.dice.Below(drop) {
			s.hooks.dropped++
			continue
		}
		d.body = slices.Concat([]byte(`{"subscription_id":`), crm.Quote(d.sub.id), []byte(`,"event":`), s.model.Render(d.event, true), []byte(`}`))
		if d.attempt++; d.attempt == 1 {
			d.first = now
		}
		kept = append(kept, d)
		if s.hooks.dice.Below(double) {
			again := *d
			kept = append(kept, &again)
		}
	}
	if !s.hooks.opts.Ordered {
		s.hooks.dice.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	}
	return kept
}

// send posts one delivery, signed.
func (s *Server) send(ctx context.Context, d *delivery) (int, error) {
	s.mu.Lock()
	address, key, now := d.sub.url, d.sub.key, s.now()
	s.mu.Unlock()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(d.body))
	if err != nil {
		return 0, err
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("close-sig-timestamp", timestamp)
	r.Header.Set("close-sig-hash", sign(key, timestamp, d.body))
	response, err := s.hooks.opts.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }() // nothing of it is needed
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	return response.StatusCode, nil
}

// sign is what close-sig-hash holds: an HMAC over the timestamp and the body with the key's bytes.
func sign(key, timestamp string, body []byte) string {
	secret, _ := hex.DecodeString(key) // we made it
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(timestamp))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// settle notes how a delivery went, and puts it back into the queue where it failed.
func (s *Server) settle(d *delivery, status int, err error) {
	sub, now := d.sub, s.now()
	s.hooks.sent++
	t := try{Attempt: d.attempt, Time: crm.Stamp(now), Event: d.event.ID, Status: status}
	if err == nil && status >= 200 && status < 300 {
		sub.failures, sub.failingSince = 0, time.Time{}
		sub.health = "healthy"
		sub.done = last(append(sub.done, t))
		return
	}
	if sub.failures++; sub.failingSince.IsZero() {
		sub.failingSince = now
	}
	sub.latest = "Exception name: HTTPError, Status code: " + strconv.Itoa(status)
	t.Error = "HTTPError"
	if err != nil {
		sub.latest, t.Error = "Exception name: ConnectionError", "ConnectionError"
	}
	sub.errors = last(append(sub.errors, t))
	most := s.hooks.opts.PauseFailures
	switch {
	case sub.paused:
	case most > 0 && sub.failures >= most, now.Sub(sub.failingSince) >= s.hooks.opts.PauseAfter:
		s.hooks.pause(sub, "failures")
	case now.Sub(d.first) < lastRetry:
		d.due = now.Add(min(s.hooks.opts.Retry<<min(d.attempt-1, 30), longestRetry))
		s.hooks.put(d)
	}
}

func last(all []try) []try { return all[max(0, len(all)-10):] }

// Run delivers what is due until ctx ends, many times a second.
func (s *Server) Run(ctx context.Context) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Deliver(ctx)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// awaitBatch waits until a batch is finished. One that is refused as a whole, or that nothing happens to for long, is an
// error.
func (c *command) awaitBatch(ctx context.Context, api *client, id string, show func(batch)) (batch, error) {
	stall := c.stall()
	query := url.Values{"limit": {fmt.Sprint(maxShownRows)}, "only": {"failed"}}
	for {
		var b batch
		if err := api.get(ctx, &b, query, "push", id); err != nil {
			return b, err
		}
		switch b.Status {
		case "finished":
			return b, nil
		case "refused":
			return b, fmt.Errorf("batch %s was refused: %s", b.Batch, b.Problem)
		}
		show(b)
		if !stall.moved(b.Status, b.Chunks, b.Done, b.applied()) {
			return b, fmt.Errorf("batch %s is still %s and nothing has happened for %s: is ingest running? The rows are kept", b.Batch, b.Status, longest)
		}
		if err := stall.pause(ctx); err != nil {
			return b, err
		}
	}
}

// longest is how long nothing may happen to what is waited for.
const longest = 5 * time.Minute

// stall tells whether something goes on.
type stall struct {
	c     *command
	since time.Time
	last  string
	delay time.Duration
}

func (c *command) stall() *stall { return &stall{c: c, since: c.now(), delay: 250 * time.Millisecond} }

// moved tells whether any of the values has changed in the last minutes.
func (s *stall) moved(values ...any) bool {
	now, state := s.c.now(), fmt.Sprint(values...)
	if state != s.last {
		s.last, s.since = state, now
	}
	return now.Sub(s.since) < longest
}

// pause waits for the next look, longer and longer.
func (s *stall) pause(ctx context.Context) error {
	err := s.c.pause(ctx, s.delay)
	s.delay = min(s.delay*3/2, 2*time.Second)
	return err
}

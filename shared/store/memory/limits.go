package memory

import (
	"bytes"
	"context"
	"sync"

	"leadline/shared/ratelimit"
)

// Limits implements store.Limits.
type Limits struct {
	mu     sync.Mutex
	clocks map[ratelimit.Key]ratelimit.Clock
}

// NewLimits makes an empty store.
func NewLimits() *Limits { return &Limits{clocks: map[ratelimit.Key]ratelimit.Clock{}} }

// Clock implements store.Limits.
func (s *Limits) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	if err := alive(ctx); err != nil {
		return ratelimit.Clock{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.clocks[key]
	if !found {
		return ratelimit.Clock{}, notFound("clock")
	}
	c.State = bytes.Clone(c.State)
	return c, nil
}

// SaveClock implements store.Limits. Nothing is forgotten.
func (s *Limits) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stands := s.clocks[c.Key]; stands.Rev != c.Rev-1 {
		stands.Key, stands.State = c.Key, bytes.Clone(stands.State)
		return &stands, nil
	}
	c.State, c.Forget = bytes.Clone(c.State), c.Forget.UTC()
	s.clocks[c.Key] = c
	return nil, nil
}

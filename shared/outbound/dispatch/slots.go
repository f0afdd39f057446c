package dispatch

import (
	"context"
	"sync"

	"leadline/shared/fault"
)

// slots lets so many do something under one name at a time.
type slots struct {
	each  int
	mu    sync.Mutex
	named map[string]*slot
}

type slot struct {
	free chan struct{}
	// users are those who have it or wait for it; without any it is forgotten.
	users int
}

// acquire waits for a slot; release gives it back.
func (s *slots) acquire(ctx context.Context, name string) (release func(), err error) {
	s.mu.Lock()
	if s.named == nil {
		s.named = map[string]*slot{}
	}
	of := s.named[name]
	if of == nil {
		of = &slot{free: make(chan struct{}, s.each)}
		s.named[name] = of
	}
	of.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if of.users--; of.users == 0 {
			delete(s.named, name)
		}
	}
	select {
	case of.free <- struct{}{}:
		return func() { <-of.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "interrupted", "outbound: interrupted before its turn")
	}
}

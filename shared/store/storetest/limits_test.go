package storetest

import (
	"context"

	"leadline/shared/ratelimit"
	"leadline/shared/store"
)

func brokenLimitStores() map[string]defect {
	return map[string]defect{
		"clocks ignore the rev":            {"Limits/a clock goes by its rev", func(s *Stores) { s.Limits = anyClock{s.Limits} }},
		"a refused clock says little":      {"Limits/one of concurrent saves", func(s *Stores) { s.Limits = silentClock{s.Limits} }},
		"a connection has one clock":       {"Limits/groups, connections and", func(s *Stores) { s.Limits = oneClock{s.Limits} }},
		"what stands of a clock is shared": {"Limits/what stands is nobody's", func(s *Stores) { s.Limits = &sharedClock{Limits: s.Limits} }},
	}
}

type anyClock struct{ store.Limits }

func (a anyClock) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	present, _ := a.Limits.Clock(ctx, c.Key) // nothing has rev 0
	c.Rev = present.Rev + 1
	return a.Limits.SaveClock(ctx, c)
}

type silentClock struct{ store.Limits }

func (s silentClock) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	stands, err := s.Limits.SaveClock(ctx, c)
	if stands != nil {
		stands = &ratelimit.Clock{Key: c.Key}
	}
	return stands, err
}

type oneClock struct{ store.Limits }

func (o oneClock) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	c.Key.Group = ""
	return o.Limits.SaveClock(ctx, c)
}

func (o oneClock) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	group := key.Group
	key.Group = ""
	c, err := o.Limits.Clock(ctx, key)
	c.Key.Group = group
	return c, err
}

type sharedClock struct {
	store.Limits
	last ratelimit.Clock
}

func (s *sharedClock) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	stands, err := s.Limits.SaveClock(ctx, c)
	if err == nil && stands == nil {
		s.last = c
	}
	return stands, err
}

func (s *sharedClock) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	if s.last.Key == key {
		return s.last, nil
	}
	return s.Limits.Clock(ctx, key)
}

package ratelimit

import (
	"context"
	"errors"
	"time"

	"leadline/shared/fault"
)

const (
	// rounds is how often the groups of a slot are brought together before the caller is sent away.
	rounds = 16
	// poll is how often Wait asks whether one of the requests under way has ended.
	poll = 100 * time.Millisecond
)

// Slot is the right to send one request.
type Slot struct {
	at     time.Time
	groups []Group
	parts  []part
}

// part is what a slot holds of one group.
type part struct {
	account *account
	held    held
}

// At is when the request may be sent.
func (s Slot) At() time.Time { return s.at }

// Acquire reserves the next slot of a group, and of those besides that the request counts for, too. Where that lies further
// away than maxWait, nothing is reserved, and the error is RateLimited with the time from now. A slot is to be Confirmed
// when its time has come, and then either Done or Cancelled. Wait does the first two.
func (l *Limiter) Acquire(ctx context.Context, key Key, limit Limit, maxWait time.Duration, besides ...Group) (Slot, error) {
	return l.acquire(ctx, append([]Group{{key, limit}}, besides...), maxWait)
}

func (l *Limiter) acquire(ctx context.Context, groups []Group, maxWait time.Duration) (Slot, error) {
	begin := l.options.Now()
	s := Slot{at: begin, groups: groups, parts: make([]part, len(groups))}
	for range rounds {
		met := true
		for n := range groups {
			moved, err := l.meet(ctx, &s, n, begin.Add(maxWait))
			if err != nil {
				return Slot{}, errors.Join(err, l.Cancel(ctx, s))
			}
			met = met && (!moved || n == 0)
		}
		if met {
			return s, nil
		}
	}
	return Slot{}, errors.Join(refused(CodeRate, time.Second), l.Cancel(ctx, s))
}

// meet takes a tick of one of a slot's groups, unless it has one that can be used at the slot's time. It tells whether the
// slot's time moved for it.
func (l *Limiter) meet(ctx context.Context, s *Slot, n int, until time.Time) (moved bool, err error) {
	p := &s.parts[n]
	if p.account != nil {
		if p.account.reaches(p.held, s.at) {
			return false, nil
		}
		p.account.putBack(p.held)
		p.account = nil
	}
	a := l.account(s.groups[n].Key)
	h, at, err := a.take(ctx, s.groups[n].Limit, s.at, until, n > 0)
	if f := fault.Of(err); n > 0 && f != nil && f.Code == CodeRate {
		// There is none near that time. It is looked for where the next one is.
		if next := l.options.Now().Add(f.RetryAfter); next.After(s.at) && !next.After(until) {
			s.at = next
			return true, nil
		}
	}
	if err != nil {
		return false, err
	}
	*p = part{a, h}
	if moved = at.After(s.at); moved {
		s.at = at
	}
	return moved, nil
}

// Confirm is called when a slot's time has come, right before the request is sent. It gives the same slot if that still
// holds: then the request is to be sent now. Otherwise (others were told to stop meanwhile, or the caller is late) it gives
// another slot, whose time is to be awaited, or an error as Acquire does.
func (l *Limiter) Confirm(ctx context.Context, s Slot, maxWait time.Duration) (Slot, error) {
	for _, p := range s.parts {
		stands, err := p.account.confirm(ctx, p.held)
		if err != nil {
			return Slot{}, errors.Join(err, l.Cancel(ctx, s))
		}
		if !stands {
			for _, p := range s.parts {
				p.account.putBack(p.held)
			}
			return l.acquire(ctx, s.groups, maxWait)
		}
	}
	return s, nil
}

// Wait reserves the next slot, pauses until its time has come and confirms it: the request is to be sent when it returns.
// Where that would take longer than maxWait, the error is RateLimited with the time from now.
func (l *Limiter) Wait(ctx context.Context, key Key, limit Limit, maxWait time.Duration, besides ...Group) (Slot, error) {
	groups := append([]Group{{key, limit}}, besides...)
	until := l.options.Now().Add(maxWait)
	left := func() time.Duration { return max(0, until.Sub(l.options.Now())) }
	s, err := l.acquire(ctx, groups, maxWait)
	for {
		switch f := fault.Of(err); {
		case err == nil:
		case f == nil || f.Code != CodeConcurrency || poll > left():
			return Slot{}, err
		default:
			if err := l.options.Sleep(ctx, poll); err != nil {
				return Slot{}, err
			}
			s, err = l.acquire(ctx, groups, left())
			continue
		}
		if err := l.sleepUntil(ctx, s.at.Add(-s.ahead())); err != nil {
			return Slot{}, errors.Join(err, l.Cancel(ctx, s))
		}
		confirmed, failure := l.Confirm(ctx, s, left())
		if failure == nil && confirmed.at.Equal(s.at) {
			if err := l.sleepUntil(ctx, s.at); err != nil {
				return Slot{}, errors.Join(err, l.Cancel(ctx, s))
			}
			return s, nil
		}
		s, err = confirmed, failure
	}
}

func (l *Limiter) sleepUntil(ctx context.Context, at time.Time) error {
	if d := at.Sub(l.options.Now()); d > 0 {
		return l.options.Sleep(ctx, d)
	}
	return ctx.Err()
}

// ahead is how long it may take to confirm the slot.
func (s Slot) ahead() time.Duration {
	ahead := time.Duration(0)
	for _, p := range s.parts {
		ahead = max(ahead, p.account.confirmTakes())
	}
	return ahead
}

// Done ends a request with what its answer told of the first group of the slot. It does so even if ctx has ended, for others
// go by it.
func (l *Limiter) Done(ctx context.Context, s Slot, seen Seen) error {
	return s.each(func(n int, p part) error {
		if n > 0 {
			return p.account.done(context.WithoutCancel(ctx), p.held, Seen{})
		}
		return p.account.done(context.WithoutCancel(ctx), p.held, seen)
	})
}

// Cancel gives back a slot whose request was not sent, even if ctx has ended.
func (l *Limiter) Cancel(ctx context.Context, s Slot) error {
	return s.each(func(_ int, p part) error { return p.account.giveUp(context.WithoutCancel(ctx), p.held) })
}

// each does something with each part of the slot that is there.
func (s Slot) each(do func(int, part) error) error {
	var failures []error
	for n, p := range s.parts {
		if p.account != nil {
			failures = append(failures, do(n, p))
		}
	}
	return errors.Join(failures...)
}

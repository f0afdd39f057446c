// Package ratelimit holds all workers together to the limits of a provider: one budget for each connection and group of
// endpoints, kept as a clock in the table.
//
// The clock is a timeline of evenly spaced ticks. A request takes a tick, and is sent when its time has come; what nobody
// took is gone once it has passed, so that nothing is ever made up for by a burst. The ticks lie as far apart as the limit
// asks for, and a guard more (a twenty-fifth of the window, at least 50 ms), which is what requests may be late on their way:
// however a provider counts, in fixed windows or sliding ones, no window sees more than the limit. That costs 5 % of a limit
// by the second, less of those by longer windows.
//
// A worker takes the ticks that it needs at once, and of the second ahead as many as it will probably use, by one conditional
// write; a worker that is alone makes no other call. While others are there, it reads the clock before it sends, unless it
// did so within the last 50 ms, so that all hear of a 429 at once. Times are those of the fastest clock among the workers:
// who finds the table ahead of its own clock moves on by the difference, however large. Only until its next call after a
// faster one has come, it may send too early, for a second at most.
//
// What answers tell corrects the clock. The limit follows at once. The window is learned from the time to its end and the
// distance of its ends; until it is known, a limit higher than the definition's is not believed to mean a higher rate.
// What is used beyond our own ticks is used by others, and left to them; where they leave so little that it may be gone
// before all have heard of it, nothing is sent until the window ends. A 429 stops the group until the time that it says,
// and leaves more to others for a while; it counts once, however many requests were under way.
package ratelimit

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
)

// The codes of the faults RateLimited. RetryAfter says when to come back.
const (
	// CodeRate: the next free tick is further away than the caller waits, or the provider said to stop.
	CodeRate = "provider_rate"
	// CodeConcurrency: as many requests as the provider takes at once are under way.
	CodeConcurrency = "provider_concurrency"
	// CodeDaily: what we may use of the provider's daily quota is used up.
	CodeDaily = "provider_daily_quota"
)

// Limit is what is known beforehand of a group, from the provider's definition.
type Limit struct {
	// Requests per Window; 0 for no such limit, until answers tell of one.
	Requests int64
	Window   time.Duration
	// Concurrency is how many requests may be under way at once; 0 for no such limit.
	Concurrency int
	// Daily is how many requests a day has; 0 for no such limit. Spare of them are left to others. Days begin in Zone, nil
	// for UTC.
	Daily, Spare int64
	Zone         *time.Location
}

// Key names a group of endpoints of a connection.
type Key struct{ Organization, Connection, Group string }

// Group is a group with its limit.
type Group struct {
	Key   Key
	Limit Limit
}

// Seen is what an answer told. One that is zero tells nothing: there was no answer.
type Seen struct {
	// At is when the answer came.
	At time.Time
	// Limit and Remaining are those of the present window, -1 for unknown; Reset is the time to its end, 0 for unknown.
	Limit, Remaining int64
	Reset            time.Duration
	// Rounded says that Reset comes from a time in whole seconds. A Reset of whole seconds is taken to be rounded anyway.
	Rounded bool
	// Throttled says that the request was refused; RetryAfter is how long to wait, 0 for unknown.
	Throttled  bool
	RetryAfter time.Duration
	// DailyUsed is how many requests of the daily quota all have used; 0 for unknown.
	DailyUsed int64
}

// Clock is the stored state of a group; what State means is known here only.
type Clock struct {
	Key    Key
	Rev    int64
	State  []byte
	Forget time.Time
}

// Store keeps clocks: a store.Limits.
type Store interface {
	Clock(ctx context.Context, key Key) (Clock, error)
	SaveClock(ctx context.Context, c Clock) (*Clock, error)
}

// Options are what a Limiter is made of.
type Options struct {
	Store Store
	// Now gives the time; time.Now if nil.
	Now func() time.Time
	// Sleep pauses Wait; a timer if nil.
	Sleep func(ctx context.Context, d time.Duration) error
	// Worker names this process among those that share a limit; a random name unless set.
	Worker string
	// Longest is how long a request may take: a request under way that is not Done by then is taken for dead. 2 minutes if 0.
	Longest time.Duration
}

const (
	// defaultLongest is that of Options.Longest.
	defaultLongest = 2 * time.Minute
	// maxGroups bounds the groups that a process remembers, idle how long it remembers one.
	maxGroups = 1000
	idle      = time.Hour
)

// Limiter gives out what the limits allow. It is safe for concurrent use; each process has its own.
type Limiter struct {
	options Options
	// worker tells this process's writes from those of others.
	worker string
	mu     sync.Mutex
	groups *cache.Cache[Key, *account]
}

// New makes a Limiter.
func New(o Options) *Limiter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Longest <= 0 {
		o.Longest = defaultLongest
	}
	if o.Worker == "" {
		o.Worker = rand.Text()
	}
	return &Limiter{options: o, worker: o.Worker, groups: cache.New[Key, *account](maxGroups)}
}

// account gives what this process knows of a group.
func (l *Limiter) account(key Key) *account {
	now := l.options.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	a, found := l.groups.Get(key, now)
	if !found {
		a = newAccount(l, key)
	}
	l.groups.Put(key, a, now, now.Add(idle))
	return a
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// refused says until when nothing more can be had.
func refused(code string, wait time.Duration) error {
	message := "The provider's rate limit allows no more requests of this kind for now; they go on by themselves in %s."
	switch code {
	case CodeConcurrency:
		message = "As many requests as the provider takes at once are under way; the next one goes on by itself in about %s."
	case CodeDaily:
		message = "What may be used of the provider's daily quota is used up; requests go on by themselves in %s."
	}
	f := fault.New(fault.RateLimited, code, message, max(wait, time.Millisecond).Round(time.Millisecond))
	f.RetryAfter = max(wait, time.Millisecond)
	return f
}

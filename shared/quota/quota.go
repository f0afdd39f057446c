// Package quota counts what an organization uses against its quotas. It leases blocks from the table, so that most uses
// cost no call; what is left of a block when its process ends is lost, so that a quota may end a little early, never late.
package quota

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
)

// CodeExceeded is the code of the fault RateLimited that says that a quota is used up.
const CodeExceeded = "quota_exceeded"

// blocks is into how many blocks a quota is cut, at most.
const blocks = 20

// maxOrganizations bounds the leases that are remembered.
const maxOrganizations = 1000

// Counter adds n to what was used in a window and gives what is used then: a store.Members.
type Counter interface {
	Use(ctx context.Context, organization, window string, n int64, forget time.Time) (used int64, err error)
}

// Meter measures one kind of use. It is safe for concurrent use.
type Meter struct {
	counter Counter
	// name is that of the quota; period how long its windows are, aligned to UTC.
	name   string
	period time.Duration
	leases *cache.Cache[string, *lease]
	mu     sync.Mutex
}

// lease is what this process may still use in a window.
type lease struct {
	mu         sync.Mutex
	left, used int64
}

// NewMeter makes a meter of what is counted under a name, by windows of a period.
func NewMeter(counter Counter, name string, period time.Duration) *Meter {
	return &Meter{counter: counter, name: name, period: period, leases: cache.New[string, *lease](maxOrganizations)}
}

// Standing says where an organization stands in the present window.
type Standing struct {
	Name string
	// Limit is the quota, 0 for none; Remaining what is left of it as far as this process knows.
	Limit, Remaining int64
	// Period is that of the window; Reset is when it ends, from now.
	Period, Reset time.Duration
}

// Take uses n of a quota of limit, which is for a window; a limit of 0 bounds nothing. It is all or nothing: where less
// than n is left, nothing is taken, and the error is RateLimited with the time to the end of the window.
func (m *Meter) Take(ctx context.Context, organization string, n, limit int64, now time.Time) (Standing, error) {
	start := now.UTC().Truncate(m.period)
	end := start.Add(m.period)
	standing := Standing{Name: m.name, Limit: limit, Period: m.period, Reset: end.Sub(now)}
	if limit <= 0 {
		return standing, nil
	}
	window := m.name + " " + start.Format(time.RFC3339)
	l := m.lease(organization+" "+window, now, end)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < n && l.used < limit { // what is used up stays so, and asking again would cost a call
		block := max(n-l.left, (limit+blocks-1)/blocks)
		block = max(n-l.left, min(block, limit-l.used)) // towards the end blocks are as small as what is asked for
		used, err := m.counter.Use(ctx, organization, window, block, end.Add(m.period))
		if err != nil {
			return standing, fmt.Errorf("quota: %s: %w", m.name, err)
		}
		l.used = used
		// What the block takes beyond the limit was never there.
		l.left += max(0, block-max(0, used-limit))
	}
	standing.Remaining = max(0, limit-l.used) + l.left
	if l.left < n {
		return standing, &fault.Error{Kind: fault.RateLimited, Code: CodeExceeded, RetryAfter: standing.Reset,
			Message: fmt.Sprintf("The organization's quota of %d %s in %s is used up. It begins anew in %s.", limit, m.name, m.period, standing.Reset.Round(time.Second))}
	}
	l.left -= n
	standing.Remaining -= n
	return standing, nil
}

func (m *Meter) lease(key string, now, end time.Time) *lease {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, found := m.leases.Get(key, now)
	if !found {
		l = &lease{}
		m.leases.Put(key, l, now, end)
	}
	return l
}

// Headers gives the RateLimit headers of an answer; none without a quota.
//
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
func (s Standing) Headers() map[string]string {
	if s.Limit <= 0 {
		return nil
	}
	return map[string]string{
		"RateLimit-Policy": fmt.Sprintf("%q;q=%d;w=%d", s.Name, s.Limit, int64(s.Period.Seconds())),
		"RateLimit":        fmt.Sprintf("%q;r=%d;t=%d", s.Name, s.Remaining, int64(math.Ceil(s.Reset.Seconds()))),
	}
}

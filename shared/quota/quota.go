// Package quota counts what an organization uses against its quotas. It leases what is used in blocks from the table, so
// that most uses cost no call; what is left of a block when its process ends is lost for the rest of the window, so that a
// quota may end a little early, never late.
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

const (
	// longShare is the part of what is left of a quota that is leased ahead, shortShare that of one whose windows are no
	// longer than shortPeriod: what is lost of those is soon there again. The closer the end of the quota, the less is
	// leased ahead.
	longShare   = 50
	shortShare  = 20
	shortPeriod = time.Hour
	// maxAhead is the most that is leased ahead.
	maxAhead = 10_000
	// askAgainAfter is how long a quota that had too little left is taken to have no more.
	askAgainAfter = 10 * time.Second
	// maxOrganizations bounds the leases that are remembered.
	maxOrganizations = 1000
)

// Counter adds n to what was used in a window and gives what is used then: a store.Members.
type Counter interface {
	Use(ctx context.Context, organization, window string, n int64, forget time.Time) (used int64, err error)
}

// Meter measures one kind of use. It is safe for concurrent use.
type Meter struct {
	counter Counter
	// name is that of what is counted, in the plural; period how long its windows are, aligned to UTC.
	name   string
	period time.Duration
	mu     sync.Mutex
	leases *cache.Cache[string, *lease]
}

// lease is what this process holds of an organization's window.
type lease struct {
	mu    sync.Mutex
	limit int64
	// held is leased and not used.
	held int64
	// free was leased by nobody when it was last asked, at asked.
	free  int64
	asked time.Time
}

// NewMeter makes a meter of what is counted under a name, by windows of a period.
func NewMeter(counter Counter, name string, period time.Duration) *Meter {
	return &Meter{counter: counter, name: name, period: period, leases: cache.New[string, *lease](maxOrganizations)}
}

// NewRows makes the meter of the rows that clients push, by whatever door, in a day of UTC.
func NewRows(counter Counter) *Meter { return NewMeter(counter, "rows", 24*time.Hour) }

// Standing says where an organization stands in the present window.
type Standing struct {
	Name string
	// Limit is the quota, 0 for none; Remaining what is left of it as far as this process knows.
	Limit, Remaining int64
	// Period is that of the window; Reset is when it ends, from now.
	Period, Reset time.Duration
}

// window is one window of an organization.
type window struct {
	organization, name string
	end                time.Time
}

func (m *Meter) window(organization string, now time.Time) window {
	start := now.UTC().Truncate(m.period)
	return window{organization, m.name + " " + start.Format(time.RFC3339), start.Add(m.period)}
}

// lease gives what is held of a window.
func (m *Meter) lease(w window, now time.Time) *lease {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := w.organization + " " + w.name
	l, found := m.leases.Get(key, now)
	if !found {
		l = &lease{}
		m.leases.Put(key, l, now, w.end)
	}
	return l
}

// Take uses n of a quota of limit, which is for a window; a limit of 0 bounds nothing. It is all or nothing: where less
// than n is left, nothing is taken, and the error is RateLimited with the time to the end of the window.
func (m *Meter) Take(ctx context.Context, organization string, n, limit int64, now time.Time) (Standing, error) {
	if limit <= 0 {
		return Standing{Name: m.name, Period: m.period}, nil
	}
	w := m.window(organization, now)
	l := m.lease(w, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free, l.limit = l.free+limit-l.limit, limit // the quota may have been changed
	if l.held < n && n <= limit && (n <= l.held+l.free || now.Sub(l.asked) >= askAgainAfter) {
		if err := m.more(ctx, l, w, n-l.held, now); err != nil {
			return Standing{}, fmt.Errorf("quota: count %s: %w", m.name, err)
		}
	}
	enough := l.held >= n
	if enough {
		l.held -= n
	}
	s := Standing{Name: m.name, Limit: limit, Remaining: max(0, l.held+l.free), Period: m.period, Reset: w.end.Sub(now)}
	if !enough {
		return s, &fault.Error{Kind: fault.RateLimited, Code: CodeExceeded, RetryAfter: s.Reset, Message: fmt.Sprintf(
			"The organization may use %d %s a %s, and %d of them are left: too few for %d. They begin anew in %s.",
			limit, m.name, called(m.period), s.Remaining, n, s.Reset.Round(time.Second))}
	}
	return s, nil
}

// more leases what is needed, and some ahead. Where too little is left, it leases nothing.
func (m *Meter) more(ctx context.Context, l *lease, w window, needed int64, now time.Time) error {
	share := int64(longShare)
	if m.period <= shortPeriod {
		share = shortShare
	}
	forget := w.end.Add(m.period)
	asked := needed + min(max(0, l.free-needed)/share, maxAhead)
	used, err := m.counter.Use(ctx, w.organization, w.name, asked, forget)
	if err != nil {
		return err
	}
	l.asked = now
	available := max(0, l.limit-(used-asked))
	granted := min(asked, available)
	if granted < needed {
		granted = 0
	}
	l.held, l.free = l.held+granted, available-granted
	if granted < asked {
		// What cannot be given back is lost for this window.
		_, _ = m.counter.Use(ctx, w.organization, w.name, granted-asked, forget)
	}
	return nil
}

// GiveBack returns n that were taken at a time, and not used after all.
func (m *Meter) GiveBack(organization string, n int64, taken time.Time) {
	l := m.lease(m.window(organization, taken), taken)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held += n
}

func called(period time.Duration) string {
	switch period {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	case 24 * time.Hour:
		return "day"
	}
	return "window of " + period.String()
}

// Headers gives the RateLimit headers of an answer, with names in lower case; none without a quota.
//
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
func (s Standing) Headers() map[string]string {
	if s.Limit <= 0 {
		return nil
	}
	return map[string]string{
		"ratelimit-policy": fmt.Sprintf("%q;q=%d;w=%d", s.Name, s.Limit, int64(s.Period.Seconds())),
		"ratelimit":        fmt.Sprintf("%q;r=%d;t=%d", s.Name, s.Remaining, int64(math.Ceil(s.Reset.Seconds()))),
	}
}

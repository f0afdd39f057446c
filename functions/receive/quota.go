package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
)

const (
	// leaseShare is the part of what is left of a quota that is leased ahead, maxLease the most of it. Rows that were leased
	// by an instance that ends are lost until midnight; the closer the end of the quota, the fewer they are.
	leaseShare = 50
	maxLease   = 10_000
	// askAgainAfter is how long a quota that had too little left is taken to have no more.
	askAgainAfter = 10 * time.Second
)

// quota counts the rows of organizations against what they may push in a day of UTC. It leases them in blocks, so that
// most pushes cost no call. It is safe for concurrent use.
type quota struct {
	use    func(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error)
	mu     sync.Mutex
	leases *cache.Cache[string, *lease]
}

// lease is what an instance holds of one organization's day.
type lease struct {
	mu    sync.Mutex
	limit int64
	// held rows are leased and not used.
	held int64
	// free rows were leased by nobody when it was last asked, at asked.
	free  int64
	asked time.Time
}

// standing is where an organization stands with its quota.
type standing struct {
	limit, remaining int64
	// reset is how long the day lasts.
	reset time.Duration
}

func newQuota(m clientTable) *quota {
	return &quota{use: m.Use, leases: cache.New[string, *lease](maxHooks)}
}

func midnight(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour) }

// lease gives what is held of an organization's day.
func (q *quota) lease(organization string, now time.Time) *lease {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, ok := q.leases.Get(organization, now)
	if !ok {
		l = &lease{}
		q.leases.Put(organization, l, now, midnight(now))
	}
	return l
}

// take takes n rows of an organization's day, all or none: RateLimited until midnight if there are not enough. It gives
// where the organization stands then, as far as is known here; nil without a quota.
func (q *quota) take(ctx context.Context, organization string, limit, n int64, now time.Time) (*standing, error) {
	if limit <= 0 {
		return nil, nil
	}
	l := q.lease(organization, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free, l.limit = l.free+limit-l.limit, limit // the quota may have been changed
	if l.held < n && n <= limit && (n <= l.held+l.free || now.Sub(l.asked) >= askAgainAfter) {
		if err := q.more(ctx, l, organization, n-l.held, now); err != nil {
			return nil, behind(err, "count rows")
		}
	}
	enough := l.held >= n
	if enough {
		l.held -= n
	}
	s := &standing{limit: limit, remaining: max(0, l.held+l.free), reset: midnight(now).Sub(now)}
	if !enough {
		return s, &fault.Error{Kind: fault.RateLimited, Code: "quota_exceeded", RetryAfter: s.reset, Message: fmt.Sprintf(
			"The organization may push %d rows a day, and %d of them are left until midnight UTC: too few for the %d of this push. Nothing was queued.", limit, s.remaining, n)}
	}
	return s, nil
}

// more leases rows that are needed, and some ahead. Where too few are left, it leases none.
func (q *quota) more(ctx context.Context, l *lease, organization string, needed int64, now time.Time) error {
	window, forget := "rows "+now.UTC().Format(time.DateOnly), midnight(now).Add(24*time.Hour)
	asked := needed + min(max(0, l.free-needed)/leaseShare, maxLease)
	used, err := q.use(ctx, organization, window, asked, forget)
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
		// What cannot be given back is lost until midnight.
		_, _ = q.use(ctx, organization, window, granted-asked, forget)
	}
	return nil
}

// giveBack returns rows that were taken and not queued.
func (q *quota) giveBack(organization string, n int64, now time.Time) {
	l := q.lease(organization, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held += n
}

// headers says where an organization stands:
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
func (s *standing) headers(into map[string]string) {
	if s == nil {
		return
	}
	into["ratelimit-policy"] = fmt.Sprintf(`"rows";q=%d;w=86400`, s.limit)
	into["ratelimit"] = fmt.Sprintf(`"rows";r=%d;t=%s`, s.remaining, seconds(s.reset))
}

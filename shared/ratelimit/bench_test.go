package ratelimit_test

import (
	"context"
	"testing"
	"time"

	"leadline/shared/ratelimit"
	"leadline/shared/store/memory"
)

// counted counts the calls to a store.
type counted struct {
	ratelimit.Store
	reads, writes int
}

func (c *counted) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	c.reads++
	return c.Store.Clock(ctx, key)
}

func (c *counted) SaveClock(ctx context.Context, clock ratelimit.Clock) (*ratelimit.Clock, error) {
	c.writes++
	return c.Store.SaveClock(ctx, clock)
}

// BenchmarkWait makes requests one after the other, by one worker or by several in turn, on a clock that only moves as they
// wait. It prints the calls of the store per 1,000 requests.
func BenchmarkWait(b *testing.B) {
	for name, c := range map[string]struct {
		workers int
		limit   ratelimit.Limit
	}{
		"alone, 5 a second":           {1, ratelimit.Limit{Requests: 5, Window: time.Second}},
		"alone, 60 a second":          {1, ratelimit.Limit{Requests: 60, Window: time.Second}},
		"eight workers, 60 a second":  {8, ratelimit.Limit{Requests: 60, Window: time.Second}},
		"alone, 10 at once":           {1, ratelimit.Limit{Concurrency: 10}},
		"alone, 50,000 a day":         {1, ratelimit.Limit{Requests: 100, Window: 20 * time.Second, Daily: 1e12}},
		"eight workers, 5 per second": {8, ratelimit.Limit{Requests: 5, Window: time.Second}},
	} {
		b.Run(name, func(b *testing.B) {
			now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			store := &counted{Store: memory.NewLimits()}
			var workers []*ratelimit.Limiter
			for range c.workers {
				workers = append(workers, ratelimit.New(ratelimit.Options{Store: store, Now: func() time.Time { return now },
					Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil }}))
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				l := workers[n%len(workers)]
				slot, err := l.Wait(b.Context(), aKey(), c.limit, time.Hour)
				if err != nil {
					b.Fatal(err)
				}
				now = now.Add(10 * time.Millisecond)
				if err := l.Done(b.Context(), slot, ratelimit.Seen{At: now, Limit: -1, Remaining: -1}); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(store.reads)*1000/float64(n), "reads/1000")
			b.ReportMetric(float64(store.writes)*1000/float64(n), "writes/1000")
		})
	}
}

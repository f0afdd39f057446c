package ratelimit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ratelimit"
	"leadline/shared/store/memory"
)

// provider is a simulated provider's group of endpoints.
type provider struct {
	mu     sync.Mutex
	limit  int
	window time.Duration
	// sliding counts the last window, otherwise windows are fixed, offset from the whole.
	sliding bool
	offset  time.Duration
	// silent sends no headers; terse sends retry-after in whole seconds only with refusals.
	silent, terse bool
	taken         []time.Time
	// took and refused count by client; refusals are those of the client "ours" by window.
	took, refused map[string]int
	refusals      map[int64]int
	log           []time.Time
}

func newProvider(limit int, window time.Duration) *provider {
	return &provider{limit: limit, window: window, offset: 170 * time.Millisecond, took: map[string]int{}, refused: map[string]int{}, refusals: map[int64]int{}}
}

func (p *provider) number(now time.Time) int64 {
	return (now.UnixNano() - int64(p.offset)) / int64(p.window)
}

// handle answers a request that arrives now.
func (p *provider) handle(client string) ratelimit.Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	kept := p.taken[:0]
	for _, at := range p.taken {
		if p.sliding && now.Sub(at) < p.window || !p.sliding && p.number(at) == p.number(now) {
			kept = append(kept, at)
		}
	}
	p.taken = kept
	seen := ratelimit.Seen{Limit: int64(p.limit)}
	if len(p.taken) >= p.limit {
		seen.Throttled = true
		p.refused[client]++
		if client == "ours" {
			p.refusals[p.number(now)]++
		}
	} else {
		p.taken = append(p.taken, now)
		p.took[client]++
		if client == "ours" {
			p.log = append(p.log, now)
		}
	}
	seen.Remaining = int64(p.limit - len(p.taken))
	if p.sliding {
		seen.Reset = p.taken[max(0, len(p.taken)-p.limit)].Add(p.window).Sub(now)
	} else {
		seen.Reset = time.Duration((p.number(now)+1)*int64(p.window) + int64(p.offset) - now.UnixNano())
	}
	if seen.Reset%time.Second == 0 {
		seen.Reset++
	}
	switch {
	case p.silent:
		seen = ratelimit.Seen{Limit: -1, Remaining: -1, Throttled: seen.Throttled}
	case p.terse:
		seen = ratelimit.Seen{Limit: -1, Remaining: -1, Throttled: seen.Throttled, RetryAfter: seen.Reset.Truncate(time.Second) + time.Second}
	}
	return seen
}

// worst is the most refusals of ours in one window.
func (p *provider) worst() int {
	worst := 0
	for _, n := range p.refusals {
		worst = max(worst, n)
	}
	return worst
}

// slow is a store that takes its time.
type slow struct {
	ratelimit.Store
	random        *latency
	reads, writes *counter
	largest       *counter
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *counter) atLeast(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = max(c.n, n)
}

func (s slow) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	s.reads.add()
	time.Sleep(s.random.between(time.Millisecond, 4*time.Millisecond))
	c, err := s.Store.Clock(ctx, key)
	time.Sleep(s.random.between(time.Millisecond, 4*time.Millisecond))
	return c, err
}

func (s slow) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	s.writes.add()
	s.largest.atLeast(len(c.State))
	time.Sleep(s.random.between(time.Millisecond, 4*time.Millisecond))
	stands, err := s.Store.SaveClock(ctx, c)
	time.Sleep(s.random.between(2*time.Millisecond, 5*time.Millisecond))
	return stands, err
}

// latency is random, evenly spread.
type latency struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newLatency(seed uint64) *latency { return &latency{random: rand.New(rand.NewPCG(seed, 1))} }

func (l *latency) between(least, most time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return least + time.Duration(l.random.Int64N(int64(most-least)+1))
}

// fleet is workers that share a table and call a provider.
type fleet struct {
	t             *testing.T
	provider      *provider
	store         ratelimit.Store
	random        *latency
	reads, writes counter
	largest       counter
	declared      ratelimit.Limit
	maxWait       time.Duration
	// slow is how much longer answers take, stray how many of a hundred requests are 200 ms late on their way.
	slow  time.Duration
	stray int
	wait  sync.WaitGroup
	mu    sync.Mutex
	sent  []sent
}

// sent is one request: who sent it, when it left.
type sent struct {
	worker int
	at     time.Time
}

func newFleet(t *testing.T, p *provider, declared ratelimit.Limit) *fleet {
	f := &fleet{t: t, provider: p, random: newLatency(uint64(p.limit)), declared: declared, maxWait: 30 * time.Second}
	f.store = slow{memory.NewLimits(), f.random, &f.reads, &f.writes, &f.largest}
	return f
}

func aKey() ratelimit.Key {
	return ratelimit.Key{Organization: "org_a", Connection: "conn_a", Group: "lead"}
}

func (f *fleet) limiter(worker int, skew time.Duration) *ratelimit.Limiter {
	return ratelimit.New(ratelimit.Options{Store: f.store, Now: func() time.Time { return time.Now().Add(skew) },
		Worker: fmt.Sprintf("%d of %d", worker, f.provider.limit)})
}

// work starts a worker with so many requests at once, until a time.
func (f *fleet) work(ctx context.Context, worker, lanes int, skew time.Duration, until time.Time) {
	l := f.limiter(worker, skew)
	for range lanes {
		f.wait.Go(func() {
			time.Sleep(f.random.between(0, 300*time.Millisecond))
			for time.Now().Before(until) && ctx.Err() == nil {
				f.request(ctx, l, worker, skew)
			}
		})
	}
}

// request makes one request; then the worker is busy with what it got.
func (f *fleet) request(ctx context.Context, l *ratelimit.Limiter, worker int, skew time.Duration) {
	slot, err := l.Wait(ctx, aKey(), f.declared, f.maxWait)
	if e := fault.Of(err); fault.Is(err, fault.RateLimited) {
		time.Sleep(e.RetryAfter)
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			f.t.Error(err)
		}
		return
	}
	time.Sleep(f.random.between(0, 5*time.Millisecond)) // until the request leaves the machine
	f.mu.Lock()
	f.sent = append(f.sent, sent{worker, time.Now()})
	f.mu.Unlock()
	time.Sleep(f.random.between(15*time.Millisecond, 40*time.Millisecond))
	if f.stray > 0 && f.random.between(0, 100) < time.Duration(f.stray) {
		time.Sleep(200 * time.Millisecond)
	}
	seen := f.provider.handle("ours")
	time.Sleep(f.random.between(15*time.Millisecond, 40*time.Millisecond) + f.slow)
	seen.At = time.Now().Add(skew)
	if err := l.Done(ctx, slot, seen); err != nil && ctx.Err() == nil {
		f.t.Error(err)
	}
	time.Sleep(f.random.between(0, 50*time.Millisecond))
}

// others is another client that takes so many requests a window, until a time.
func (f *fleet) others(perWindow float64, until time.Time) {
	f.wait.Go(func() {
		step := time.Duration(float64(f.provider.window) / perWindow)
		for time.Now().Before(until) {
			f.provider.handle("theirs")
			time.Sleep(f.random.between(step*7/10, step*13/10))
		}
	})
}

// rates are the limits that are simulated.
func rates() []ratelimit.Limit {
	return []ratelimit.Limit{{Requests: 5, Window: time.Second}, {Requests: 20, Window: time.Second}, {Requests: 60, Window: time.Second},
		{Requests: 240, Window: 2 * time.Second}, {Requests: 100, Window: 5 * time.Second}}
}

// share is the part of the allowed requests that were made in a time.
func (f *fleet) share(from, until time.Time) float64 {
	n := 0
	for _, at := range f.provider.log {
		if !at.Before(from) && at.Before(until) {
			n++
		}
	}
	return float64(n) / (float64(f.provider.limit) * until.Sub(from).Seconds() / f.provider.window.Seconds())
}

func TestAloneNothingIsRefusedAndTheLimitIsUsed(t *testing.T) {
	for _, limit := range rates() {
		for _, workers := range []int{1, 2, 5, 16} {
			for _, sliding := range []bool{false, true} {
				for _, silent := range []bool{false, true} {
					t.Run(fmt.Sprintf("%d per %s, %d workers, sliding %t, silent %t", limit.Requests, limit.Window, workers, sliding, silent), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							p := newProvider(int(limit.Requests), limit.Window)
							p.sliding, p.silent = sliding, silent
							f := newFleet(t, p, limit)
							begin := time.Now()
							until := begin.Add(80 * time.Second)
							lanes := lanes(limit, workers)
							for n := range workers {
								f.work(t.Context(), n, lanes, 0, until)
							}
							f.wait.Wait()
							share := f.share(begin.Add(5*time.Second), until)
							t.Logf("%.1f %% used, %d refused, per 1,000 requests %d reads and %d writes of at most %d bytes, %d lanes each", 100*share,
								p.refused["ours"], f.reads.n*1000/len(f.sent), f.writes.n*1000/len(f.sent), f.largest.n, lanes)
							if p.refused["ours"] > 0 || share < 0.9 {
								t.Errorf("%.1f %% of the limit used, %d refused", 100*share, p.refused["ours"])
							}
						})
					})
				}
			}
		}
	}
}

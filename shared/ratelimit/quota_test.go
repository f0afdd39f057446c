package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ratelimit"
	"leadline/shared/store/memory"
)

// TestAnOrganizationsLimitIsTakenTogether: groups of 20 a second each, and a limit for all of them together, which binds or
// does not.
func TestAnOrganizationsLimitIsTakenTogether(t *testing.T) {
	for _, c := range []struct {
		whole  int
		groups []string
		// least is the least part of what binds that is to be used.
		least float64
	}{{60, []string{"lead", "contact"}, 0.9}, {40, []string{"lead", "contact", "task"}, 0.8},
		// Where both bind, ticks of both go to waste.
		{60, []string{"lead", "contact", "task"}, 0.55}} {
		t.Run(fmt.Sprintf("%d for %d groups", c.whole, len(c.groups)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { organization(t, c.whole, c.groups, c.least) })
		})
	}
}

func organization(t *testing.T, most int, groups []string, least float64) {
	group := ratelimit.Limit{Requests: 20, Window: time.Second}
	whole := ratelimit.Group{Key: ratelimit.Key{Organization: "org_a", Connection: "conn_a", Group: "organization"},
		Limit: ratelimit.Limit{Requests: int64(most), Window: time.Second}}
	all := newProvider(most, time.Second)
	all.sliding = true
	f := newFleet(t, all, group)
	until := time.Now().Add(30 * time.Second)
	providers := map[string]*provider{}
	for _, name := range groups {
		providers[name] = newProvider(20, time.Second)
		providers[name].sliding = true
	}
	// request makes one request, as fleet.request does.
	request := func(l *ratelimit.Limiter, name string) {
		key := aKey()
		key.Group = name
		slot, err := l.Wait(t.Context(), key, group, 5*time.Second, whole)
		if e := fault.Of(err); fault.Is(err, fault.RateLimited) {
			time.Sleep(e.RetryAfter)
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		time.Sleep(f.random.between(15*time.Millisecond, 40*time.Millisecond))
		seen := providers[name].handle("ours")
		all.handle("ours")
		time.Sleep(f.random.between(15*time.Millisecond, 40*time.Millisecond))
		seen.At = time.Now()
		if err := l.Done(t.Context(), slot, seen); err != nil {
			t.Error(err)
		}
	}
	for worker := range 4 {
		l := f.limiter(worker, 0)
		for _, name := range groups {
			for range 3 {
				f.wait.Go(func() {
					for time.Now().Before(until) {
						request(l, name)
					}
				})
			}
		}
	}
	f.wait.Wait()
	share := f.share(until.Add(-25*time.Second), until) * float64(most) / float64(min(most, 20*len(groups)))
	t.Logf("%.1f %% of what binds is used, %d refused", 100*share, all.refused["ours"])
	if share < least || all.refused["ours"] > 0 {
		t.Errorf("%.1f %% of what binds is used, %d refused", 100*share, all.refused["ours"])
	}
	for name, p := range providers {
		if p.refused["ours"] > 0 || p.took["ours"] == 0 {
			t.Errorf("%s: %d taken, %d refused", name, p.took["ours"], p.refused["ours"])
		}
	}
}

// TestNoMoreAtOnceThanAllowed: ten at a time for all workers, of which some die with requests under way.
func TestNoMoreAtOnceThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Limit{Concurrency: 10}
		f := newFleet(t, newProvider(1000, time.Second), limit)
		begin := time.Now()
		until := begin.Add(10 * time.Minute)
		var mu sync.Mutex
		running, most, dead, served := 0, 0, 0, 0
		for worker := range 8 {
			l := f.limiter(worker, 0)
			for lane := range 3 {
				f.wait.Go(func() {
					for n := 0; time.Now().Before(until); n++ {
						slot, err := l.Wait(t.Context(), aKey(), limit, 2*time.Second)
						if fault.Is(err, fault.RateLimited) {
							time.Sleep(fault.Of(err).RetryAfter)
							continue
						}
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						running++
						most = max(most, running)
						mu.Unlock()
						time.Sleep(f.random.between(100*time.Millisecond, 3*time.Second))
						mu.Lock()
						running--
						served++
						dies := time.Since(begin) < 5*time.Minute && n%50 == 25 && lane == 0
						if dies {
							dead++
						}
						mu.Unlock()
						if dies {
							continue // without a word
						}
						if err := l.Done(t.Context(), slot, ratelimit.Seen{At: time.Now(), Limit: -1, Remaining: -1}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		f.wait.Wait()
		// Ten at once, 1.55 s each on average.
		if share := float64(served) / (600 / 1.55 * 10); most > 10 || share < 0.6 || dead < 3 {
			t.Errorf("%d at once, %.0f %% of what was possible, %d died", most, 100*share, dead)
		}
		// All that died has been forgotten by now.
		l := f.limiter(100, 0)
		time.Sleep(3 * time.Minute)
		var slots []ratelimit.Slot
		for n := range 10 {
			slot, err := l.Acquire(t.Context(), aKey(), limit, time.Second)
			if err != nil {
				t.Fatalf("the %d. of ten: %v", n+1, err)
			}
			slots = append(slots, slot)
		}
		if _, err := l.Acquire(t.Context(), aKey(), limit, time.Second); fault.Of(err) == nil || fault.Of(err).Code != ratelimit.CodeConcurrency {
			t.Errorf("the eleventh: %v", err)
		}
		if err := l.Cancel(t.Context(), slots[3]); err != nil {
			t.Fatal(err)
		}
		if _, err := f.limiter(101, 0).Acquire(t.Context(), aKey(), limit, time.Second); err != nil {
			t.Errorf("after one was cancelled: %v", err)
		}
	})
}

// TestADaysQuotaIsLeftToOthersInPart also where others tell that they used it.
func TestADaysQuotaIsLeftToOthersInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := time.FixedZone("CST", -6*3600)
		limit := ratelimit.Limit{Requests: 100, Window: time.Second, Daily: 1000, Spare: 200, Zone: zone}
		f := newFleet(t, newProvider(100, time.Second), limit)
		workers := []*ratelimit.Limiter{f.limiter(1, 0), f.limiter(2, 0), f.limiter(3, 0)}
		// spend makes requests until there are no more, and says how many, and when they go on.
		spend := func(seen ratelimit.Seen) (int, time.Duration) {
			t.Helper()
			for n := 0; ; n++ {
				l := workers[n%len(workers)]
				slot, err := l.Wait(t.Context(), aKey(), limit, time.Second)
				if f := fault.Of(err); f != nil && f.Code == ratelimit.CodeDaily {
					return n, f.RetryAfter
				}
				if err != nil || n > 2000 {
					t.Fatalf("after %d: %v", n, err)
				}
				if !seen.At.IsZero() {
					seen.At = time.Now()
				}
				if err := l.Done(t.Context(), slot, seen); err != nil {
					t.Fatal(err)
				}
			}
		}
		n, wait := spend(ratelimit.Seen{})
		midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, zone)
		// A worker that holds ticks which it does not use costs the day these few.
		if n < 780 || n > 800 || time.Until(midnight) != wait.Round(time.Second) && time.Until(midnight)-wait > time.Second {
			t.Errorf("%d requests, next in %s", n, wait)
		}
		time.Sleep(wait)
		if n, wait := spend(ratelimit.Seen{At: time.Now(), Limit: -1, Remaining: -1, DailyUsed: 790}); n < 8 || n > 30 || wait < 23*time.Hour {
			t.Errorf("others had used most of it: %d requests, next in %s", n, wait)
		}
		time.Sleep(24 * time.Hour)
		if n, _ := spend(ratelimit.Seen{}); n < 780 || n > 800 {
			t.Errorf("the day after: %d requests", n)
		}
	})
}

// failing is a store that fails as it is told.
type failing struct {
	ratelimit.Store
	mu   sync.Mutex
	down bool
	// lose makes the answers to saves get lost, so that the client asks again.
	lose bool
}

func (s *failing) set(down, lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.lose = down, lose
}

var errDown = fault.New(fault.Unavailable, "unavailable", "down")

func (s *failing) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return ratelimit.Clock{}, errDown
	}
	return s.Store.Clock(ctx, key)
}

func (s *failing) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errDown
	}
	if s.lose {
		if _, err := s.Store.SaveClock(ctx, c); err != nil {
			return nil, err
		}
	}
	return s.Store.SaveClock(ctx, c)
}

func TestATableThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Limit{Requests: 20, Window: time.Second}
		f := newFleet(t, newProvider(20, time.Second), limit)
		table := &failing{Store: memory.NewLimits()}
		f.store = table
		l := f.limiter(1, 0)
		table.set(true, false)
		if _, err := l.Wait(t.Context(), aKey(), limit, time.Second); !errors.Is(err, errDown) {
			t.Fatalf("got %v", err)
		}
		table.set(false, false)
		slot, err := l.Wait(t.Context(), aKey(), limit, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		// What a refusal said is kept, although it could not be saved.
		table.set(true, false)
		refusal := ratelimit.Seen{At: time.Now(), Limit: -1, Remaining: -1, Throttled: true, RetryAfter: 10 * time.Second}
		if err := l.Done(t.Context(), slot, refusal); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		table.set(false, false)
		_, err = l.Wait(t.Context(), aKey(), limit, time.Second)
		if e := fault.Of(err); e == nil || e.Code != ratelimit.CodeRate || e.RetryAfter < 9900*time.Millisecond || e.RetryAfter > 10*time.Second {
			t.Errorf("got %v", err)
		}
		time.Sleep(10 * time.Second)
		if _, err = l.Wait(t.Context(), aKey(), limit, time.Second); err != nil {
			t.Error(err)
		}
		_, err = f.limiter(2, 0).Wait(t.Context(), aKey(), limit, 5*time.Second)
		if err != nil {
			t.Errorf("another: %v", err)
		}
	})
}

// TestALostAnswerCostsNothing: what was saved although its answer was lost counts as saved.
func TestALostAnswerCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Limit{Requests: 20, Window: time.Second}
		f := newFleet(t, newProvider(20, time.Second), limit)
		table := &failing{Store: memory.NewLimits()}
		table.set(false, true)
		f.store = table
		begin := time.Now()
		f.work(t.Context(), 1, 6, 0, begin.Add(30*time.Second))
		f.wait.Wait()
		if share := f.share(begin.Add(time.Second), begin.Add(30*time.Second)); share < 0.93 || f.provider.refused["ours"] > 0 {
			t.Errorf("%.1f %% used, %d refused", 100*share, f.provider.refused["ours"])
		}
	})
}

// TestWhatIsStoredAndCannotBeReadBeginsAnew: a stage that goes back to an older version must not stand still.
func TestWhatIsStoredAndCannotBeReadBeginsAnew(t *testing.T) {
	for _, state := range []string{"", "{", `{"v":2,"until":9000000000000000000}`, `[]`} {
		table := memory.NewLimits()
		if _, err := table.SaveClock(t.Context(), ratelimit.Clock{Key: aKey(), Rev: 1, State: []byte(state)}); err != nil {
			t.Fatal(err)
		}
		l := ratelimit.New(ratelimit.Options{Store: table})
		if _, err := l.Acquire(t.Context(), aKey(), ratelimit.Limit{Requests: 5, Window: time.Second}, time.Second); err != nil {
			t.Errorf("%q: %v", state, err)
		}
	}
}

func TestAcquireSaysWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Limit{Requests: 1, Window: time.Minute}
		f := newFleet(t, newProvider(1, time.Minute), limit)
		one, other := f.limiter(1, 0), f.limiter(2, 0)
		slot, err := one.Acquire(t.Context(), aKey(), limit, 0)
		if fault.Of(err) == nil { // no tick is free at once: the table takes a while to ask
			t.Fatalf("%v, %v", slot.At(), err)
		}
		if slot, err = one.Acquire(t.Context(), aKey(), limit, time.Second); err != nil {
			t.Fatal(err)
		}
		for _, l := range []*ratelimit.Limiter{one, other} {
			_, err := l.Acquire(t.Context(), aKey(), limit, 10*time.Second)
			e := fault.Of(err)
			if e == nil || e.Kind != fault.RateLimited || e.Code != ratelimit.CodeRate {
				t.Fatalf("got %v", err)
			}
			// A window, and the guard.
			if again := time.Now().Add(e.RetryAfter).Sub(slot.At()); again < time.Minute || again > 61*time.Second {
				t.Errorf("the next is %s after the first", again)
			}
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := one.Wait(ended, aKey(), limit, time.Hour); err == nil {
			t.Error("a request that has ended waits")
		}
	})
}

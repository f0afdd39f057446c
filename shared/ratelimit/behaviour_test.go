package ratelimit_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leadline/shared/ratelimit"
)

// lanes is how many requests at once so many workers need each to ask for three times a limit.
func lanes(limit ratelimit.Limit, workers int) int {
	return max(1, int(3*float64(limit.Requests)/limit.Window.Seconds()*0.1/float64(workers)+1))
}

// used is the part of the allowed requests that were made in a time, in percent.
func (f *fleet) used(from, until time.Duration, begin time.Time) float64 {
	return 100 * f.share(begin.Add(from), begin.Add(until))
}

// TestWithAnotherClientHardlyAnythingIsRefused: the other one takes half of the limit for a while.
func TestWithAnotherClientHardlyAnythingIsRefused(t *testing.T) {
	for _, limit := range rates() {
		for _, workers := range []int{1, 6} {
			for _, kind := range []string{"fixed", "sliding", "silent", "terse"} {
				t.Run(fmt.Sprintf("%d per %s, %d workers, %s", limit.Requests, limit.Window, workers, kind), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { withAnother(t, limit, workers, kind) })
				})
			}
		}
	}
}

func withAnother(t *testing.T, limit ratelimit.Limit, workers int, kind string) {
	p := newProvider(int(limit.Requests), limit.Window)
	p.sliding, p.silent, p.terse = kind == "sliding", kind == "silent", kind == "terse"
	f := newFleet(t, p, limit)
	begin := time.Now()
	comes, goes, end := 30*time.Second, 90*time.Second, 160*time.Second
	for n := range workers {
		f.work(t.Context(), n, lanes(limit, workers), 0, begin.Add(end))
	}
	f.wait.Go(func() {
		time.Sleep(comes)
		f.others(float64(limit.Requests)/2, begin.Add(goes))
	})
	f.wait.Wait()
	alone, together, after := f.used(10*time.Second, comes, begin), f.used(comes+10*time.Second, goes, begin), f.used(end-30*time.Second, end, begin)
	t.Logf("%.1f %%, %.1f %% with another, %.1f %% after; refused %d of ours in %d windows, at most %d in one; %d of theirs (%d)", alone, together,
		after, p.refused["ours"], len(p.refusals), p.worst(), p.refused["theirs"], p.took["theirs"])
	// What is under way when the first one is refused cannot be called back: a request takes a tenth of a second.
	worst := 1
	if second := float64(limit.Requests) / limit.Window.Seconds(); second > 20 || kind != "fixed" {
		worst += int(second / 10)
	}
	// Who is told nothing must try now and then.
	often := max(2, int((goes-comes)/limit.Window)/6)
	if kind == "silent" || kind == "terse" {
		often *= 3
	}
	if p.worst() > worst || len(p.refusals) > often || alone < 90 || together < 25 || after < 88 {
		t.Error("not as it should be")
	}
}

func TestNothingIsSentUntilTheProviderSays(t *testing.T) {
	for _, workers := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := ratelimit.Limit{Requests: 20, Window: time.Second}
				p := newProvider(20, time.Second)
				f := newFleet(t, p, limit)
				begin := time.Now()
				for n := range workers {
					f.work(t.Context(), n, lanes(limit, workers), 0, begin.Add(time.Minute))
				}
				another := f.limiter(99, 0)
				f.wait.Go(func() {
					// Out of the blue, in one window of four, one is refused and told to wait.
					for round := range 4 {
						time.Sleep(10 * time.Second)
						slot, err := another.Wait(t.Context(), aKey(), limit, 30*time.Second)
						if err != nil {
							t.Error(err)
							return
						}
						time.Sleep(50 * time.Millisecond)
						told, wait := time.Now(), 3*time.Second
						if err := another.Done(t.Context(), slot, ratelimit.Seen{At: told, Limit: -1, Remaining: -1, Throttled: true, RetryAfter: wait}); err != nil {
							t.Error(err)
						}
						known := time.Now().Add(60 * time.Millisecond)
						time.Sleep(time.Until(told.Add(wait)))
						f.mu.Lock()
						for _, s := range f.sent {
							if s.at.After(known) && s.at.Before(told.Add(wait)) {
								t.Errorf("round %d: a request was sent %s after all were told to stop", round, s.at.Sub(told))
							}
						}
						f.mu.Unlock()
					}
				})
				f.wait.Go(func() { // another group goes on
					key := aKey()
					key.Group = "contact"
					l := f.limiter(98, 0)
					for time.Now().Before(begin.Add(time.Minute)) {
						slot, err := l.Wait(t.Context(), key, limit, 200*time.Millisecond)
						if err != nil {
							t.Errorf("another group: %v", err)
							return
						}
						if err := l.Done(t.Context(), slot, ratelimit.Seen{}); err != nil {
							t.Error(err)
						}
					}
				})
				f.wait.Wait()
				if p.refused["ours"] > 0 {
					t.Errorf("%d refused by the provider itself", p.refused["ours"])
				}
			})
		})
	}
}

// TestWhatADeadWorkerHoldsIsSoonPassed: a worker that dies keeps the others from one block at most, and nobody makes up
// for what was not used.
func TestWhatADeadWorkerHoldsIsSoonPassed(t *testing.T) {
	for _, limit := range rates() {
		t.Run(fmt.Sprintf("%d per %s", limit.Requests, limit.Window), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(int(limit.Requests), limit.Window)
				p.sliding = true
				f := newFleet(t, p, limit)
				begin := time.Now()
				until := begin.Add(time.Minute)
				for n := range 3 {
					f.work(t.Context(), n, lanes(limit, 3), 0, until)
				}
				for n := range 10 { // one worker after the other dies with whatever it holds
					f.wait.Go(func() {
						ctx, die := context.WithCancel(t.Context())
						time.Sleep(time.Duration(5*n) * time.Second)
						f.work(ctx, 10+n, lanes(limit, 3), 0, until)
						time.Sleep(3 * time.Second)
						die()
					})
				}
				f.wait.Wait()
				t.Logf("%.1f %% used", f.used(5*time.Second, time.Minute, begin))
				if share := f.share(begin.Add(5*time.Second), until); p.refused["ours"] > 0 || share < 0.85 {
					t.Errorf("%.1f %% used, %d refused", 100*share, p.refused["ours"])
				}
			})
		})
	}
}

// TestSlowAnswersAndStragglers: workers that wait long for their answers, and requests that the guard does not cover.
func TestSlowAnswersAndStragglers(t *testing.T) {
	for _, limit := range rates() {
		t.Run(fmt.Sprintf("%d per %s", limit.Requests, limit.Window), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(int(limit.Requests), limit.Window)
				f := newFleet(t, p, limit)
				f.slow, f.stray = 400*time.Millisecond, 2
				begin := time.Now()
				for n := range 8 {
					f.work(t.Context(), n, 2*lanes(limit, 8), 0, begin.Add(time.Minute))
				}
				f.wait.Wait()
				share := f.share(begin.Add(5*time.Second), begin.Add(time.Minute))
				t.Logf("%.1f %% used, %d of %d refused", 100*share, p.refused["ours"], len(f.sent))
				// Which goroutine runs first is chance: a slow limit, of which little is sent, may have two more refused than its half percent.
				if share < 0.85 || p.refused["ours"] > 2+len(f.sent)/200 || p.worst() > 2 {
					t.Errorf("%.1f %% used, %d of %d refused", 100*share, p.refused["ours"], len(f.sent))
				}
			})
		})
	}
}

func TestWhatWasNotUsedIsNotMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Limit{Requests: 20, Window: time.Second}
		p := newProvider(20, time.Second)
		p.sliding, p.silent = true, true
		f := newFleet(t, p, limit)
		for n := range 10 { // bursts of work with pauses between
			begin := time.Now()
			for w := range 3 {
				f.work(t.Context(), w, 5, 0, begin.Add(1500*time.Millisecond))
			}
			f.wait.Wait()
			time.Sleep(time.Duration(n*n) * 50 * time.Millisecond)
		}
		if p.refused["ours"] > 0 {
			t.Errorf("%d refused", p.refused["ours"])
		}
	})
}

func TestTheLimitIsFollowed(t *testing.T) {
	for _, change := range []struct {
		name                   string
		declared, before, then ratelimit.Limit
		most                   int
	}{
		{"up", ratelimit.Limit{Requests: 20, Window: time.Second}, ratelimit.Limit{Requests: 20, Window: time.Second}, ratelimit.Limit{Requests: 60, Window: time.Second}, 0},
		{"down", ratelimit.Limit{Requests: 60, Window: time.Second}, ratelimit.Limit{Requests: 60, Window: time.Second}, ratelimit.Limit{Requests: 20, Window: time.Second}, 10},
		{"the definition knows too little", ratelimit.Limit{Requests: 5, Window: time.Second}, ratelimit.Limit{Requests: 240, Window: 2 * time.Second}, ratelimit.Limit{Requests: 240, Window: 2 * time.Second}, 0},
		{"the definition's window is too long", ratelimit.Limit{Requests: 100, Window: 5 * time.Second}, ratelimit.Limit{Requests: 100, Window: time.Second}, ratelimit.Limit{Requests: 100, Window: time.Second}, 0},
		{"the definition's window is too short", ratelimit.Limit{Requests: 20, Window: time.Second}, ratelimit.Limit{Requests: 100, Window: 5 * time.Second}, ratelimit.Limit{Requests: 100, Window: 5 * time.Second}, 0},
		{"the definition knows nothing", ratelimit.Limit{}, ratelimit.Limit{Requests: 30, Window: time.Second}, ratelimit.Limit{Requests: 30, Window: time.Second}, 10},
	} {
		for _, workers := range []int{1, 6} {
			for _, sliding := range []bool{false, true} {
				if sliding && change.declared.Window > change.then.Window {
					continue // answers do not tell: the definition must not say too long a window
				}
				t.Run(fmt.Sprintf("%s, %d workers, sliding %t", change.name, workers, sliding), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						p := newProvider(int(change.before.Requests), change.before.Window)
						p.sliding = sliding
						f := newFleet(t, p, change.declared)
						begin := time.Now()
						for n := range workers {
							f.work(t.Context(), n, max(lanes(change.before, workers), lanes(change.then, workers)), 0, begin.Add(2*time.Minute))
						}
						time.Sleep(time.Minute)
						p.mu.Lock()
						before := f.share(begin.Add(30*time.Second), begin.Add(time.Minute))
						refused := p.refused["ours"]
						p.limit, p.window = int(change.then.Requests), change.then.Window
						p.mu.Unlock()
						f.wait.Wait()
						then := f.share(begin.Add(90*time.Second), begin.Add(2*time.Minute))
						t.Logf("%.1f %% before, %.1f %% then, refused %d and %d (worst %d)", 100*before, 100*then, refused, p.refused["ours"]-refused, p.worst())
						if then < 0.9 || p.refused["ours"] > change.most {
							t.Errorf("%.1f %% used, %d refused", 100*then, p.refused["ours"])
						}
					})
				})
			}
		}
	}
}

func TestClocksMayDiffer(t *testing.T) {
	for _, limit := range rates() {
		for _, skews := range [][]time.Duration{{0, 3 * time.Second, -2 * time.Second, time.Second, -5 * time.Second}, {0, 0, time.Hour}} {
			t.Run(fmt.Sprintf("%d per %s, %v", limit.Requests, limit.Window, skews), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newProvider(int(limit.Requests), limit.Window)
					p.sliding = true
					f := newFleet(t, p, limit)
					begin := time.Now()
					for n, skew := range skews {
						f.wait.Go(func() {
							time.Sleep(time.Duration(n) * 7 * time.Second)
							f.work(t.Context(), n, lanes(limit, 3), skew, begin.Add(90*time.Second))
						})
					}
					f.wait.Wait()
					share := f.share(begin.Add(45*time.Second), begin.Add(90*time.Second))
					t.Logf("%.1f %% used, %d refused", 100*share, p.refused["ours"])
					// Until the first call after a faster clock has come, what is held lies too early by the difference.
					if share < 0.9 || p.refused["ours"] > 2*len(skews) {
						t.Errorf("%.1f %% used, %d refused", 100*share, p.refused["ours"])
					}
				})
			})
		}
	}
}

package ratelimit_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leadline/shared/ratelimit"
)

// tardy is a store each of whose calls takes as long.
type tardy struct {
	ratelimit.Store
	takes time.Duration
}

func (s tardy) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	time.Sleep(s.takes / 2)
	defer time.Sleep(s.takes / 2)
	return s.Store.Clock(ctx, key)
}

func (s tardy) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	time.Sleep(s.takes / 2)
	defer time.Sleep(s.takes / 2)
	return s.Store.SaveClock(ctx, c)
}

// TestATableThatIsSlow slows the requests down; it does not stop them.
func TestATableThatIsSlow(t *testing.T) {
	for _, takes := range []time.Duration{150 * time.Millisecond, 400 * time.Millisecond} {
		for _, workers := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s a call, %d workers", takes, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					limit := ratelimit.Limit{Requests: 5, Window: time.Second}
					f := newFleet(t, newProvider(5, time.Second), limit)
					f.store, f.maxWait = tardy{f.store, takes}, 2*time.Second
					begin := time.Now()
					until := begin.Add(80 * time.Second)
					for n := range workers {
						f.work(t.Context(), n, 2, 0, until)
					}
					f.wait.Wait()
					share := f.share(begin.Add(20*time.Second), until)
					t.Logf("%.1f %% used, %d refused", 100*share, f.provider.refused["ours"])
					if share < 0.08 || f.provider.refused["ours"] > 0 {
						t.Error("not as it should be")
					}
				})
			})
		}
	}
}

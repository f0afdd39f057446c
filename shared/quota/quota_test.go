package quota_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/quota"
)

type counter struct {
	mu    sync.Mutex
	used  map[string]int64
	calls int
	err   error
}

func (c *counter) Use(_ context.Context, organization, window string, n int64, forget time.Time) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.err != nil {
		return 0, c.err
	}
	if c.used == nil {
		c.used = map[string]int64{}
	}
	c.used[organization+" "+window] += n
	return c.used[organization+" "+window], nil
}

var errDown = fault.New(fault.Unavailable, "unavailable", "down")

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC) }

func TestAQuotaIsUsedUpAndBeginsAnew(t *testing.T) {
	c := &counter{}
	m := quota.NewMeter(c, "requests", time.Minute)
	for i := range 100 {
		s, err := m.Take(t.Context(), "org_1", 1, 100, noon())
		if err != nil || s.Remaining != int64(99-i) || s.Reset != 30*time.Second {
			t.Fatalf("request %d: %+v %v", i, s, err)
		}
	}
	s, err := m.Take(t.Context(), "org_1", 1, 100, noon())
	if f := fault.Of(err); !fault.Is(err, fault.RateLimited) || f.Code != quota.CodeExceeded || f.RetryAfter != 30*time.Second || s.Remaining != 0 ||
		f.Message != "The organization may use 100 requests a minute, and 0 of them are left: too few for 1. They begin anew in 30s." {
		t.Errorf("the 101st: %+v %v", s, err)
	}
	before := c.calls
	for range 50 {
		if _, err := m.Take(t.Context(), "org_1", 1, 100, noon()); err == nil {
			t.Fatal("more than the quota")
		}
	}
	if c.calls != before {
		t.Errorf("%d calls to learn what is known", c.calls-before)
	}
	if _, err := m.Take(t.Context(), "org_1", 1, 110, noon()); err != nil {
		t.Errorf("a quota that was raised meanwhile: %v", err)
	}
	if _, err := m.Take(t.Context(), "org_2", 1, 100, noon()); err != nil {
		t.Errorf("another organization: %v", err)
	}
	if _, err := m.Take(t.Context(), "org_1", 1, 100, noon().Add(30*time.Second)); err != nil {
		t.Errorf("the next window: %v", err)
	}
}

func TestMostUsesCostNoCall(t *testing.T) {
	for period, most := range map[time.Duration]int{time.Minute: 120, 24 * time.Hour: 260} {
		c := &counter{}
		m := quota.NewMeter(c, "rows", period)
		for range 1000 {
			if _, err := m.Take(t.Context(), "org_1", 1, 1000, noon()); err != nil {
				t.Fatal(err)
			}
		}
		if c.calls > most {
			t.Errorf("%s: %d calls for 1,000 uses, want %d at most", period, c.calls, most)
		}
	}
}

func TestWithoutAQuotaNothingIsCounted(t *testing.T) {
	c := &counter{}
	s, err := quota.NewMeter(c, "rows", time.Hour).Take(t.Context(), "org_1", 1e6, 0, noon())
	if err != nil || c.calls != 0 || s.Headers() != nil {
		t.Errorf("%v, %d calls, headers %v", err, c.calls, s.Headers())
	}
}

func TestHeaders(t *testing.T) {
	s, _ := quota.NewMeter(&counter{}, "requests", time.Minute).Take(t.Context(), "org_1", 1, 10, noon().Add(-time.Millisecond))
	h := s.Headers()
	if h["ratelimit-policy"] != `"requests";q=10;w=60` || h["ratelimit"] != `"requests";r=9;t=31` {
		t.Errorf("%v", h)
	}
}

func TestAFailingTableIsNoQuotaUsedUp(t *testing.T) {
	s, err := quota.NewMeter(&counter{err: errDown}, "rows", time.Hour).Take(t.Context(), "org_1", 1, 10, noon())
	if !errors.Is(err, errDown) || s.Headers() != nil {
		t.Errorf("%v, %v", err, s.Headers())
	}
}

// TestWhatIsGivenBackBelongsToItsWindow: a use that fails only after midnight gives nothing to the new day.
func TestWhatIsGivenBackBelongsToItsWindow(t *testing.T) {
	m := quota.NewMeter(&counter{}, "rows", 24*time.Hour)
	late, next := time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC), time.Date(2026, 11, 23, 0, 0, 1, 0, time.FixedZone("", 0))
	take := func(n int64, at time.Time, want bool) {
		t.Helper()
		if _, err := m.Take(t.Context(), "org_1", n, 100, at); (err == nil) != want {
			t.Errorf("%d at %s: got %v", n, at, err)
		}
	}
	take(60, late, true)
	take(100, next, true)
	m.GiveBack("org_1", 60, late)
	take(1, next, false)
	take(101, late, false)
	take(100, late, true)
}

// TestNeverMoreThanTheQuota: however many processes take however much, however many of them end, and however much they
// give back.
func TestNeverMoreThanTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &counter{}
		period := rapid.SampledFrom([]time.Duration{time.Minute, 24 * time.Hour}).Draw(t, "period")
		limit := int64(rapid.SampledFrom([]int{1, 10, 100, 5000, 1_000_000}).Draw(t, "limit"))
		meter := func() *quota.Meter { return quota.NewMeter(c, "rows", period) }
		meters := []*quota.Meter{meter(), meter(), meter()}
		now, window, taken := noon(), "", int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "uses") {
			i := rapid.IntRange(0, 2).Draw(t, "process")
			if rapid.IntRange(0, 20).Draw(t, "ends") == 0 {
				meters[i] = meter()
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "pause")) * time.Second)
			if w := now.Truncate(period).String(); w != window {
				window, taken = w, 0
			}
			n := int64(rapid.SampledFrom([]int{1, 1, 7, 1000, 10_000}).Draw(t, "n"))
			s, err := meters[i].Take(context.Background(), "org_1", n, limit, now)
			switch {
			case err == nil:
				if taken += n; rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
					meters[i].GiveBack("org_1", n, now)
					taken -= n
				}
			case !fault.Is(err, fault.RateLimited):
				t.Fatal(err)
			}
			if taken > limit || s.Remaining < 0 || s.Remaining > limit {
				t.Fatalf("%d of %d are taken, %d remain", taken, limit, s.Remaining)
			}
		}
	})
}

func TestWhatAProcessCannotUseIsLeftToTheOthers(t *testing.T) {
	c := &counter{}
	one, other := quota.NewMeter(c, "rows", 24*time.Hour), quota.NewMeter(c, "rows", 24*time.Hour)
	for _, use := range []struct {
		m    *quota.Meter
		n    int64
		code string
	}{{one, 60, ""}, {other, 60, quota.CodeExceeded}, {one, 40, ""}, {other, 1, quota.CodeExceeded}} {
		code := ""
		_, err := use.m.Take(t.Context(), "org_1", use.n, 100, noon())
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		if code != use.code {
			t.Errorf("%d: got %v", use.n, err)
		}
	}
	// What was leased in vain may have been given back since.
	if _, err := c.Use(t.Context(), "org_1", "rows 2026-11-22T00:00:00Z", -5, noon()); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Take(t.Context(), "org_1", 5, 100, noon().Add(10*time.Second)); err != nil {
		t.Error(err)
	}
}

// TestOneProcessGetsItAll: takes of one reach the whole quota, side by side, too.
func TestOneProcessGetsItAll(t *testing.T) {
	for _, limit := range []int64{1, 99, 1000, 12_345} {
		m := quota.NewMeter(&counter{}, "rows", time.Hour)
		var wait sync.WaitGroup
		var mu sync.Mutex
		taken := int64(0)
		for range 4 {
			wait.Go(func() {
				for {
					if _, err := m.Take(t.Context(), "org_1", 1, limit, noon()); err != nil {
						return
					}
					mu.Lock()
					taken++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if taken != limit {
			t.Errorf("%d of %d", taken, limit)
		}
	}
}

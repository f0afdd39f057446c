package quota_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
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

func (c *counter) Use(_ context.Context, organization, window string, n int64, _ time.Time) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.err != nil {
		return 0, c.err
	}
	if c.used == nil {
		c.used = map[string]int64{}
	}
	c.used[organization+window] += n
	return c.used[organization+window], nil
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
	if c.calls > 20 {
		t.Errorf("%d calls for 100 requests", c.calls)
	}
	s, err := m.Take(t.Context(), "org_1", 1, 100, noon())
	if f := fault.Of(err); !fault.Is(err, fault.RateLimited) || f.Code != quota.CodeExceeded || f.RetryAfter != 30*time.Second || s.Remaining != 0 {
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

func TestWithoutAQuotaNothingIsCounted(t *testing.T) {
	c := &counter{}
	s, err := quota.NewMeter(c, "rows", time.Hour).Take(t.Context(), "org_1", 1e6, 0, noon())
	if err != nil || c.calls != 0 || s.Headers() != nil {
		t.Errorf("%v, %d calls, headers %v", err, c.calls, s.Headers())
	}
}

func TestHeaders(t *testing.T) {
	s, _ := quota.NewMeter(&counter{}, "requests", time.Minute).Take(t.Context(), "org_1", 1, 10, noon())
	h := s.Headers()
	if h["RateLimit-Policy"] != `"requests";q=10;w=60` || h["RateLimit"] != `"requests";r=9;t=30` {
		t.Errorf("%v", h)
	}
}

func TestAFailingTableIsNoQuotaUsedUp(t *testing.T) {
	_, err := quota.NewMeter(&counter{err: errDown}, "rows", time.Hour).Take(t.Context(), "org_1", 1, 10, noon())
	if !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
}

// TestNeverMoreThanTheQuota: several processes, any sizes.
func TestNeverMoreThanTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &counter{}
		limit := rapid.Int64Range(1, 500).Draw(t, "limit")
		meters := []*quota.Meter{quota.NewMeter(c, "rows", time.Hour), quota.NewMeter(c, "rows", time.Hour), quota.NewMeter(c, "rows", time.Hour)}
		var taken atomic.Int64
		for range rapid.IntRange(1, 60).Draw(t, "takes") {
			n := rapid.Int64Range(1, 60).Draw(t, "n")
			m := meters[rapid.IntRange(0, 2).Draw(t, "process")]
			if _, err := m.Take(context.Background(), "org_1", n, limit, noon()); err == nil {
				taken.Add(n)
			}
		}
		if taken.Load() > limit {
			t.Fatalf("%d taken of %d", taken.Load(), limit)
		}
	})
}

// TestOneProcessGetsItAll: takes of one by one process reach the whole quota.
func TestOneProcessGetsItAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 300).Draw(t, "limit")
		m := quota.NewMeter(&counter{}, "rows", time.Hour)
		for range limit {
			if _, err := m.Take(context.Background(), "org_1", 1, limit, noon()); err != nil {
				t.Fatalf("not all of %d: %v", limit, err)
			}
		}
	})
}

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/store/memory"
)

func TestAQuotaIsLeasedInBlocks(t *testing.T) {
	w := newWorld(t)
	w.limit(10_000)
	w.takes(w.rows(rowOne))
	w.made(map[string]int{"table": 2, "objects": 1, "kms": 1, "quota": 1, "queue": 1})
	w.object("transactions", "id", "")
	calls := 0
	for range 1000 {
		w.takes(w.rows(rowOne))
		calls += w.calls.since()["quota"]
	}
	if calls > 10 {
		t.Errorf("1,000 pushes of a row counted %d times", calls)
	}
	o := w.takes(w.rows(many(100)...))
	if o.Headers["ratelimit-policy"] != `"rows";q=10000;w=86400` || o.Headers["ratelimit"] != `"rows";r=8899;t=54000` {
		t.Errorf("got %v", o.Headers)
	}
}

func TestBeyondTheQuotaNothingIsQueued(t *testing.T) {
	w := newWorld(t)
	w.limit(100)
	w.takes(w.rows(many(60)...))
	o := w.refuses(w.rows(many(60)...), 429, "quota_exceeded")
	if o.Headers["retry-after"] != "54000" || o.Headers["ratelimit"] != `"rows";r=40;t=54000` || !strings.Contains(o.Body, "100 rows a day") || !strings.Contains(o.Body, "40 of them") {
		t.Errorf("got %v %s", o.Headers, o.Body)
	}
	w.takes(w.rows(many(40)...)) // the refused ones took nothing
	w.calls.since()
	for range 20 {
		w.refuses(w.rows(rowOne), 429, "quota_exceeded")
	}
	w.made(map[string]int{}) // it is known to be used up
	w.refuses(w.rows(many(101)...), 429, "quota_exceeded")
	w.pass(15*time.Hour - time.Nanosecond)
	w.refuses(w.rows(rowOne), 429, "quota_exceeded")
	w.pass(time.Nanosecond)
	w.takes(w.rows(many(100)...))
	w.refuses(w.rows(rowOne), 429, "quota_exceeded")
}

func TestAQuotaThatIsRaisedCountsWithinTheCacheTime(t *testing.T) {
	w := newWorld(t)
	w.limit(10)
	w.takes(w.rows(many(10)...))
	w.refuses(w.rows(rowOne), 429, "quota_exceeded")
	w.limit(20)
	w.refuses(w.rows(rowOne), 429, "quota_exceeded")
	w.pass(keep)
	w.takes(w.rows(many(10)...))
	w.refuses(w.rows(rowOne), 429, "quota_exceeded")
	w.limit(0)
	w.pass(keep)
	if o := w.takes(w.rows(many(1000)...)); o.Headers["ratelimit"] != "" {
		t.Errorf("without a quota: %v", o.Headers)
	}
}

func TestAPushThatIsNotQueuedUsesNothing(t *testing.T) {
	w := newWorld(t)
	w.limit(10)
	w.calls.fails = map[string]error{"queue": errDown}
	for range 5 {
		if o := w.refuses(w.rows(many(10)...), 503, "unavailable"); o.Headers["ratelimit"] != `"rows";r=10;t=54000` {
			t.Errorf("got %v", o.Headers)
		}
	}
	w.calls.fails = map[string]error{"quota": errDown}
	w.restart()
	w.refuses(w.rows(rowOne), 503, "unavailable")
	w.calls.fails = nil
	w.refuses(w.rows(rowOne), 429, "quota_exceeded") // what the instance before held is lost until midnight
}

// TestInstancesNeverGiveOutMoreThanTheQuota: however many instances take however many rows, and however many of them end.
func TestInstancesNeverGiveOutMoreThanTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := memory.NewMembers(memory.NewTenancy())
		limit := int64(rapid.SampledFrom([]int{1, 10, 100, 5000, 1_000_000}).Draw(t, "limit"))
		instances := []*quota{newQuota(members), newQuota(members), newQuota(members)}
		now := time.Date(2025, 3, 10, 9, 0, 0, 0, time.UTC)
		taken := int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "pushes") {
			i := rapid.IntRange(0, 2).Draw(t, "instance")
			if rapid.IntRange(0, 20).Draw(t, "ends") == 0 {
				instances[i] = newQuota(members)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "pause")) * time.Second)
			n := int64(rapid.SampledFrom([]int{1, 1, 7, 1000, 10_000}).Draw(t, "rows"))
			s, err := instances[i].take(context.Background(), "org_1", limit, n, now)
			switch {
			case err == nil:
				if taken += n; rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
					instances[i].giveBack("org_1", n, now)
					taken -= n
				}
			case !fault.Is(err, fault.RateLimited):
				t.Fatal(err)
			}
			if taken > limit || s.remaining < 0 || s.remaining > limit {
				t.Fatalf("%d of %d are taken, %d remain", taken, limit, s.remaining)
			}
		}
	})
}

func TestWhatAnInstanceCannotUseIsLeftToTheOthers(t *testing.T) {
	members := memory.NewMembers(memory.NewTenancy())
	one, other := newQuota(members), newQuota(members)
	now := time.Date(2025, 3, 10, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		q    *quota
		n    int64
		code string
	}{{one, 60, ""}, {other, 60, "quota_exceeded"}, {one, 40, ""}, {other, 1, "quota_exceeded"}} {
		code := ""
		_, err := c.q.take(t.Context(), "org_1", 100, c.n, now)
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		if code != c.code {
			t.Errorf("%d rows: got %v", c.n, err)
		}
	}
	// What was leased in vain may have been given back since.
	if _, err := members.Use(t.Context(), "org_1", "rows 2025-03-10", -5, now); err != nil {
		t.Fatal(err)
	}
	if _, err := other.take(t.Context(), "org_1", 100, 5, now.Add(askAgainAfter)); err != nil {
		t.Error(err)
	}
}

func TestOneInstanceCanUseTheWholeQuota(t *testing.T) {
	for _, limit := range []int64{1, 99, 1000, 12_345} {
		q := newQuota(memory.NewMembers(memory.NewTenancy()))
		now := time.Date(2025, 3, 10, 9, 0, 0, 0, time.UTC)
		var wait sync.WaitGroup
		var mu sync.Mutex
		taken := int64(0)
		for range 4 {
			wait.Go(func() {
				for {
					if _, err := q.take(t.Context(), "org_1", limit, 1, now); err != nil {
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
			t.Errorf("%d rows of %d", taken, limit)
		}
	}
	if got := fmt.Sprint(midnight(time.Date(2025, 3, 10, 23, 30, 0, 0, time.FixedZone("", -3600)))); got != "2025-03-12 00:00:00 +0000 UTC" {
		t.Errorf("midnight is %s", got)
	}
}

package main

import (
	"strings"
	"testing"
	"time"
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

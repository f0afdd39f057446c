package cache_test

import (
	"sync"
	"testing"
	"time"

	"leadline/shared/cache"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestAValueIsRememberedUntilItsTime(t *testing.T) {
	c := cache.New[string, int](10)
	c.Put("a", 1, now, now.Add(time.Minute))
	if v, ok := c.Get("a", now.Add(time.Minute-1)); !ok || v != 1 {
		t.Fatalf("got %d, %t", v, ok)
	}
	if v, ok := c.Get("a", now.Add(time.Minute)); ok || v != 0 || !c.Holds("a") {
		t.Fatalf("after its time: got %d, %t", v, ok)
	}
	c.Put("a", 2, now, now.Add(time.Hour))
	if v, _ := c.Get("a", now.Add(time.Minute)); v != 2 {
		t.Fatalf("got %d", v)
	}
	c.Drop("a")
	if _, ok := c.Get("a", now); ok || c.Holds("a") || c.Len() != 0 {
		t.Fatal("a dropped value is there")
	}
}

func TestWhatHasRunOutMakesRoomFirst(t *testing.T) {
	c := cache.New[int, int](100)
	for i := range 100 {
		until := now.Add(time.Hour)
		if i%2 == 0 {
			until = now
		}
		c.Put(i, i, now, until)
	}
	for i := 100; i < 150; i++ {
		c.Put(i, i, now, now.Add(time.Hour))
	}
	for i := range 150 {
		if _, ok := c.Get(i, now); ok != (i%2 == 1 || i >= 100) {
			t.Fatalf("%d: remembered %t", i, ok)
		}
	}
}

func TestItNeverGrowsBeyondItsSize(t *testing.T) {
	c := cache.New[int, int](100)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 1000 {
				c.Put(g*1000+i, i, now, now.Add(time.Hour))
				if c.Get(g*1000+i, now); c.Len() > 100 {
					t.Errorf("%d values", c.Len())
				}
			}
		})
	}
	group.Wait()
	c.Put(7, 7, now, now.Add(time.Hour))
	if v, ok := c.Get(7, now); !ok || v != 7 || c.Len() != 100 {
		t.Fatalf("got %d, %t among %d", v, ok, c.Len())
	}
}

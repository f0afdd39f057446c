package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"leadline/infra/local/chaos"
)

// always injects every fault at every chance.
func always() chaos.Config {
	cfg := chaos.Default(1)
	cfg.Duplicate, cfg.Redeliver, cfg.Reorder, cfg.Kill, cfg.Throttle, cfg.Conflict, cfg.Lost = 1, 1, 1, 1, 1, 1, 1
	return cfg
}

// decisions asks for n decisions of each kind and writes them down.
func decisions(s *chaos.Source, n int) []string {
	var out []string
	for range n {
		after, redeliver := s.Redeliver("Inbox", 1)
		killAfter, kill := s.Kill("ingest", 1)
		out = append(out, fmt.Sprint(s.Duplicate("Inbox", 1), after, redeliver, s.Pick("Inbox", 10), killAfter, kill,
			s.Call("PutItem", 1), s.Call("TransactWriteItems", 1), s.Call("BatchWriteItem", 1)))
	}
	return out
}

func TestDecisionsRepeatWithTheSeed(t *testing.T) {
	a, b := decisions(chaos.New(chaos.Default(7)), 200), decisions(chaos.New(chaos.Default(7)), 200)
	if !slices.Equal(a, b) {
		t.Error("the same seed decided differently")
	}
	if c := decisions(chaos.New(chaos.Default(8)), 200); slices.Equal(a, c) {
		t.Error("another seed decided the same")
	}
}

func TestStreamsDoNotDisturbEachOther(t *testing.T) {
	alone, mixed := chaos.New(chaos.Default(7)), chaos.New(chaos.Default(7))
	for i := range 200 {
		mixed.Duplicate("Other", 1)
		mixed.Call("GetItem", 1)
		if a, b := alone.Duplicate("Inbox", 1), mixed.Duplicate("Inbox", 1); a != b {
			t.Fatalf("decision %d depends on those about others", i)
		}
	}
}

func TestDefaultInjectsEverythingNowAndThen(t *testing.T) {
	s := chaos.New(chaos.Default(1))
	for range 3000 {
		decisions(s, 1)
	}
	got := s.Injected()
	for name, atMost := range map[string]int64{
		"duplicate Inbox": 400, "redeliver Inbox": 250, "reorder Inbox": 900, "kill ingest": 150,
		"throttle PutItem": 60, "lost PutItem": 60, "conflict TransactWriteItems": 400, "unprocessed BatchWriteItem": 40,
	} {
		if got[name] == 0 || got[name] > atMost {
			t.Errorf("%s: %d times, want 1 to %d", name, got[name], atMost)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestMessagesReceivedOftenAreLeftAlone(t *testing.T) {
	s := chaos.New(always())
	for receives := 1; receives <= 5; receives++ {
		want := receives < 3
		_, redeliver := s.Redeliver("Inbox", receives)
		_, kill := s.Kill("ingest", receives)
		if duplicate := s.Duplicate("Inbox", receives); duplicate != want || redeliver != want || kill != want {
			t.Errorf("delivery %d: duplicate %t, redeliver %t, kill %t, want %t", receives, duplicate, redeliver, kill, want)
		}
	}
}

func TestDelaysStayWithinTheirBounds(t *testing.T) {
	cfg := always()
	cfg.RedeliverWithin, cfg.KillWithin = time.Second, 0
	s := chaos.New(cfg)
	seen := map[time.Duration]bool{}
	for range 100 {
		after, _ := s.Redeliver("Inbox", 1)
		if after < 0 || after >= time.Second {
			t.Fatalf("comes back after %s", after)
		}
		seen[after] = true
		if after, _ := s.Kill("ingest", 1); after != 0 {
			t.Fatalf("killed after %s, want at once", after)
		}
	}
	if len(seen) < 50 {
		t.Errorf("%d different delays of 100", len(seen))
	}
}

func TestPickStaysInTheLine(t *testing.T) {
	s := chaos.New(always())
	seen := map[int]bool{}
	for range 200 {
		i := s.Pick("Inbox", 5)
		if i < 1 || i > 4 {
			t.Fatalf("picked %d of 5 though the order is always disturbed", i)
		}
		seen[i] = true
	}
	if len(seen) != 4 {
		t.Errorf("picked only %v", slices.Sorted(maps.Keys(seen)))
	}
	if i := s.Pick("Inbox", 1); i != 0 {
		t.Errorf("picked %d of 1", i)
	}
}

// A call that the SDK tries three times always gets through.
func TestCallsGetThroughWithinThreeAttempts(t *testing.T) {
	cfg := always()
	cfg.Conflict = 0
	s := chaos.New(cfg)
	for _, operation := range []string{"GetItem", "PutItem", "Query", "TransactWriteItems"} {
		for range 20 {
			if s.Call(operation, 1) == chaos.None || s.Call(operation, 2) == chaos.None || s.Call(operation, 3) != chaos.None {
				t.Fatalf("%s: want faults in the first two attempts only", operation)
			}
		}
	}
}

// What SDKs do not retry is not injected more than twice in a row.
func TestFaultsInARowAreLimited(t *testing.T) {
	s := chaos.New(always())
	for _, c := range []struct {
		operation string
		attempt   int
	}{{"TransactWriteItems", 1}, {"PutItem", 0}} {
		for range 5 {
			for i := range 3 {
				if fault := s.Call(c.operation, c.attempt); (fault == chaos.None) != (i == 2) {
					t.Fatalf("%s: call %d met %d", c.operation, i, fault)
				}
			}
		}
	}
}

func TestFaultsFitTheOperation(t *testing.T) {
	cfg := always()
	cfg.Throttle, cfg.Conflict, cfg.Lost, cfg.MaxInARow = 0.5, 0.5, 0.5, 1000
	s := chaos.New(cfg)
	refused := []chaos.Fault{chaos.Exceeded, chaos.Throttled}
	lost := []chaos.Fault{chaos.Failed, chaos.Cut}
	for operation, want := range map[string][]chaos.Fault{
		"GetItem":            refused,
		"Query":              refused,
		"PutItem":            slices.Concat(refused, lost),
		"BatchGetItem":       slices.Concat(refused, []chaos.Fault{chaos.Unprocessed}),
		"BatchWriteItem":     slices.Concat(refused, lost, []chaos.Fault{chaos.Unprocessed}),
		"TransactWriteItems": slices.Concat(refused, lost, []chaos.Fault{chaos.Conflicted}),
		"CreateTable":        nil,
		"GetRecords":         nil,
	} {
		seen := map[chaos.Fault]bool{}
		for range 500 {
			if fault := s.Call(operation, 1); fault != chaos.None {
				seen[fault] = true
			}
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
			t.Errorf("%s met %v, want %v", operation, got, want)
		}
	}
}

func TestNilSourceInjectsNothing(t *testing.T) {
	var s *chaos.Source
	for _, d := range decisions(s, 10) {
		if d != "false 0s false 0 0s false 0 0 0" {
			t.Fatalf("decided %s", d)
		}
	}
	if len(s.Injected()) > 0 {
		t.Error("counted faults")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := chaos.New(chaos.Default(1))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			decisions(s, 500)
			s.Injected()
		})
	}
	group.Wait()
	if s.Injected()["duplicate Inbox"] == 0 {
		t.Error("nothing injected")
	}
}

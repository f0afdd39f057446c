package sqs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/infra/local/sqs"
)

// faults is a fixed fault for every message, up to a receive count of limit.
type faults struct {
	duplicate, redeliver bool
	last                 bool
	limit                int
}

func (f faults) Duplicate(_ string, receives int) bool { return f.duplicate && receives < f.limit }
func (f faults) Redeliver(_ string, receives int) (time.Duration, bool) {
	return 10 * time.Second, f.redeliver && receives < f.limit
}
func (f faults) Pick(_ string, n int) int {
	if f.last {
		return n - 1
	}
	return 0
}

func TestFaultDuplicateDeliversAgainThoughDeleted(t *testing.T) {
	s := start(t, sqs.Options{Faults: faults{duplicate: true, limit: 2}})
	url := s.create("Inbox", nil)
	s.send(url, "x")
	first := s.one(url)
	s.delete(url, first) // another copy is on its way already
	second := s.one(url)
	if *second.MessageId != *first.MessageId || second.Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("second delivery %s %v", *second.MessageId, second.Attributes)
	}
	s.none(url)
	s.delete(url, second)
	s.Advance(time.Hour)
	s.none(url)
}

func TestFaultDuplicateDeliversWhileInFlight(t *testing.T) {
	s := start(t, sqs.Options{Faults: faults{duplicate: true, limit: 2}})
	url := s.create("Inbox", nil)
	s.send(url, "x")
	first, second := s.one(url), s.one(url)
	s.delete(url, second)
	s.delete(url, first)
	s.Advance(time.Hour)
	s.none(url)
}

func TestFaultRedeliverBringsBackADeletedMessage(t *testing.T) {
	s := start(t, sqs.Options{Faults: faults{redeliver: true, limit: 2}})
	url := s.create("Inbox", nil)
	s.send(url, "x")
	s.delete(url, s.one(url))
	s.Advance(9 * time.Second)
	s.none(url)
	s.Advance(time.Second)
	again := s.one(url)
	if again.Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("attributes %v", again.Attributes)
	}
	s.delete(url, again)
	s.Advance(time.Hour)
	s.none(url)
}

func TestFaultPickReorders(t *testing.T) {
	s := start(t, sqs.Options{Faults: faults{last: true}})
	url := s.create("Inbox", nil)
	for i := range 4 {
		s.send(url, fmt.Sprint(i))
	}
	if got := bodies(s.receive(url)); !slices.Equal(got, []string{"3", "2", "1", "0"}) {
		t.Errorf("received %q", got)
	}
}

// Every message is worked on exactly once by consumers that are quick enough, and at least once under faults.
func TestConcurrentConsumers(t *testing.T) {
	for name, f := range map[string]sqs.Faults{"calm": nil, "faults": faults{duplicate: true, redeliver: true, last: true, limit: 3}} {
		t.Run(name, func(t *testing.T) {
			queues, err := sqs.Open(sqs.Options{Speed: 10, Faults: f})
			if err != nil {
				t.Fatal(err)
			}
			q, err := queues.Create("Inbox", map[string]string{"VisibilityTimeout": "600"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			const messages = 500
			var mu sync.Mutex
			seen := map[string]int{}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for ctx.Err() == nil {
						got, err := q.Receive(ctx, sqs.ReceiveOptions{Max: 10, Wait: ptr(10 * time.Second)})
						for _, m := range got {
							mu.Lock()
							seen[m.Body]++
							mu.Unlock()
							if err := q.Delete(m.Receipt); err != nil {
								t.Error(err)
							}
						}
						st := q.Stats()
						mu.Lock()
						done := len(seen) == messages && st.Visible+st.InFlight == 0
						mu.Unlock()
						if done || err != nil {
							cancel()
							return
						}
					}
				})
			}
			for i := range messages {
				if _, err := q.Send(sqs.Outgoing{Body: fmt.Sprint(i), Group: fmt.Sprint(i % 7)}); err != nil {
					t.Error(err)
				}
			}
			group.Wait()
			want := 1
			if f != nil {
				want = 3
			}
			for i := range messages {
				if n := seen[fmt.Sprint(i)]; n != want {
					t.Fatalf("message %d was delivered %d times, want %d", i, n, want)
				}
			}
		})
	}
}

// model is what a queue owes: for each message its state by the rules, kept naively.
type model struct {
	queue   *sqs.Queue
	clock   *clock
	visible map[string]time.Time
	count   map[string]int
	receipt map[string]string
	sent    []string // ids in the order of sending, so that a failing run can be repeated
}

// Under any sequence of calls the queue delivers exactly the messages that are visible by the rules, in its file too.
func TestQueueAgreesWithTheRules(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := &model{clock: newClock(), visible: map[string]time.Time{}, count: map[string]int{}, receipt: map[string]string{}}
		file := fmt.Sprintf("%s/%d.db", dir, run)
		var queues *sqs.Queues
		open := func(rt *rapid.T) {
			var err error
			if queues != nil {
				err = queues.Close()
			}
			if err == nil {
				queues, err = sqs.Open(sqs.Options{File: file, Now: m.clock.Now})
			}
			if err == nil {
				m.queue, err = queues.Ensure("Inbox", map[string]string{"VisibilityTimeout": "30"})
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		open(rt)
		defer func() { _ = queues.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"send":    m.send,
			"receive": m.receive,
			"delete":  m.delete,
			"change":  m.change,
			"wait": func(rt *rapid.T) {
				m.clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
			},
			"restart": open,
			"": func(rt *rapid.T) {
				visible := 0
				for _, at := range m.visible {
					if !at.After(m.clock.Now()) {
						visible++
					}
				}
				if st := m.queue.Stats(); st.Visible != visible || st.Visible+st.InFlight+st.Delayed != len(m.visible) {
					rt.Fatalf("stats %+v, want %d visible of %d", st, visible, len(m.visible))
				}
			},
		})
	})
}

func (m *model) send(rt *rapid.T) {
	delay := time.Duration(rapid.SampledFrom([]int{0, 0, 20}).Draw(rt, "delay")) * time.Second
	id, err := m.queue.Send(sqs.Outgoing{Body: "x", Delay: &delay, Group: rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "group")})
	if err != nil {
		rt.Fatal(err)
	}
	m.visible[id] = m.clock.Now().Add(delay)
	m.sent = append(m.sent, id)
}

func (m *model) receive(rt *rapid.T) {
	most := rapid.IntRange(1, 10).Draw(rt, "max")
	got, err := m.queue.Receive(context.Background(), sqs.ReceiveOptions{Max: most})
	if err != nil {
		rt.Fatal(err)
	}
	due := 0
	for _, at := range m.visible {
		if !at.After(m.clock.Now()) {
			due++
		}
	}
	if len(got) != min(due, most) {
		rt.Fatalf("received %d of %d visible messages, asked for %d", len(got), due, most)
	}
	for _, g := range got {
		at, ok := m.visible[g.ID]
		if m.count[g.ID]++; !ok || at.After(m.clock.Now()) || g.Receives != m.count[g.ID] {
			rt.Fatalf("received %+v, known %t, visible at %s, delivery %d", g, ok, at, m.count[g.ID])
		}
		m.visible[g.ID] = m.clock.Now().Add(30 * time.Second)
		m.receipt[g.ID] = g.Receipt
	}
}

// anyReceipt draws a message that was delivered.
func (m *model) anyReceipt(rt *rapid.T) (id string, ok bool) {
	ids := slices.DeleteFunc(slices.Clone(m.sent), func(id string) bool { return m.receipt[id] == "" })
	if len(ids) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ids).Draw(rt, "id"), true
}

func (m *model) delete(rt *rapid.T) {
	id, ok := m.anyReceipt(rt)
	if !ok {
		return
	}
	if err := m.queue.Delete(m.receipt[id]); err != nil {
		rt.Fatal(err)
	}
	delete(m.visible, id)
	delete(m.receipt, id)
}

func (m *model) change(rt *rapid.T) {
	id, ok := m.anyReceipt(rt)
	if !ok {
		return
	}
	inFlight := m.visible[id].After(m.clock.Now())
	d := time.Duration(rapid.IntRange(0, 60).Draw(rt, "seconds")) * time.Second
	if err := m.queue.ChangeVisibility(m.receipt[id], d); (err == nil) != inFlight {
		rt.Fatalf("change of a message in flight (%t): %v", inFlight, err)
	}
	if inFlight {
		m.visible[id] = m.clock.Now().Add(d)
	}
}

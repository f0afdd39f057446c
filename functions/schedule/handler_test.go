package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// fakeQueue notes what is sent, and refuses what it is told to.
type fakeQueue struct {
	mu     sync.Mutex
	sent   map[string]int
	refuse string
	// invalid begins what the queue never takes.
	invalid string
}

func (q *fakeQueue) Send(_ context.Context, group string, body []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse != "" && strings.HasPrefix(string(body), q.refuse) {
		return fault.New(fault.Unavailable, "down", "down")
	}
	if q.invalid != "" && strings.HasPrefix(string(body), q.invalid) {
		return fault.New(fault.Invalid, "invalid_message", "no")
	}
	q.sent[group+" "+string(body)]++
	return nil
}

type world struct {
	*handler
	queue   *fakeQueue // "deliver"
	fetch   *fakeQueue
	due     *memory.Due
	cursors *memory.Cursors
	at      time.Time
}

func newWorld() *world {
	w := &world{queue: &fakeQueue{sent: map[string]int{}}, fetch: &fakeQueue{sent: map[string]int{}}, due: memory.NewDue(), cursors: memory.NewCursors(), at: start}
	w.handler = &handler{due: w.due, cursors: w.cursors, queues: map[string]sender{"deliver": w.queue, "fetch": w.fetch}, now: func() time.Time { return w.at },
		log: slog.New(slog.DiscardHandler)}
	return w
}

func (w *world) add(t *testing.T, at time.Time, key, queue string) store.DueItem {
	t.Helper()
	item := store.DueItem{At: at, Key: key, Queue: queue, Group: "org_1", Body: []byte(key)}
	if err := w.due.Schedule(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	return item
}

func (w *world) run(t *testing.T) Report {
	t.Helper()
	report, err := w.Handle(t.Context(), Event{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// left gives what is still to be sent, due or not.
func (w *world) left(t *testing.T) int {
	t.Helper()
	items, _, _, err := w.due.DueBefore(t.Context(), store.DueMinute(start.Add(-100*time.Hour)), start.Add(1000*time.Hour), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(items)
}

func TestSampleEvents(t *testing.T) {
	files, err := filepath.Glob("../../events/schedule/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("events/schedule holds no sample: %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var event Event
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		w := newWorld()
		w.add(t, start.Add(-time.Second), "a", "deliver")
		report, err := w.Handle(t.Context(), event)
		if err != nil || report != (Report{Sent: 1, Complete: true}) || w.queue.sent["org_1 a"] != 1 {
			t.Errorf("%s: %+v, %v", path, report, err)
		}
	}
}

func TestWhatIsDueIsSentOnce(t *testing.T) {
	w := newWorld()
	for i := range 500 { // more than a page
		w.add(t, start.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("past", i), "deliver")
	}
	for i := range 5 {
		w.add(t, start.Add(time.Duration(i)*time.Minute+time.Second), fmt.Sprint("future", i), "deliver")
	}
	if report := w.run(t); report != (Report{Sent: 500, Complete: true}) || w.left(t) != 5 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	for minute := 1; minute <= 5; minute++ {
		w.at = start.Add(time.Duration(minute) * time.Minute)
		if report := w.run(t); report != (Report{Sent: 1, Complete: true}) {
			t.Errorf("minute %d: %+v", minute, report)
		}
	}
	for body, n := range w.queue.sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", body, n)
		}
	}
	if len(w.queue.sent) != 505 || w.left(t) != 0 {
		t.Errorf("%d sent, %d left", len(w.queue.sent), w.left(t))
	}
	if cursor, err := w.cursors.Cursor(t.Context(), "due"); err != nil || cursor <= store.DueMinute(start) {
		t.Errorf("the cursor is %q, %v", cursor, err)
	}
}

// TestToTheQueueItNames: a queue that fails holds up no other.
func TestToTheQueueItNames(t *testing.T) {
	w := newWorld()
	w.add(t, start.Add(-time.Second), "a delivery", "deliver")
	w.add(t, start.Add(-time.Second), "a sync", "fetch")
	w.queue.refuse = "a"
	if report := w.run(t); report != (Report{Sent: 1, Failed: 1, Complete: true}) || w.left(t) != 1 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	w.queue.refuse = ""
	if report := w.run(t); report != (Report{Sent: 1, Complete: true}) || w.left(t) != 0 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	if want := map[string]int{"org_1 a delivery": 1}; !maps.Equal(w.queue.sent, want) {
		t.Errorf("the deliver queue got %v", w.queue.sent)
	}
	if want := map[string]int{"org_1 a sync": 1}; !maps.Equal(w.fetch.sent, want) {
		t.Errorf("the fetch queue got %v", w.fetch.sent)
	}
}

// TestWhatCannotBeSentStays, does not stop the rest, and is sent once it can.
func TestWhatCannotBeSentStays(t *testing.T) {
	w := newWorld()
	for i := range 300 {
		w.add(t, start.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("fine", i), "deliver")
		if i < 150 {
			w.add(t, start.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("bad", i), "deliver")
		}
	}
	w.add(t, start.Add(-time.Minute), "stranger", "no such queue")
	w.queue.refuse = "bad"
	if report := w.run(t); report != (Report{Sent: 300, Failed: 151, Complete: true}) || w.left(t) != 151 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	w.at = start.Add(time.Hour)
	w.add(t, start.Add(30*time.Minute), "later", "deliver")
	if report := w.run(t); report != (Report{Sent: 1, Failed: 151, Complete: true}) {
		t.Errorf("an hour later: %+v", report)
	}
	w.queue.refuse = ""
	if report := w.run(t); report != (Report{Sent: 150, Complete: true}) || w.left(t) != 1 {
		t.Errorf("once it can: %+v, %d left", report, w.left(t))
	}
}

// TestWhatCanNeverBeSentHoldsUpNobody: more than a page of it stands before what is due, and the cursor moves on. After the
// update that knows the queue, it is sent.
func TestWhatCanNeverBeSentHoldsUpNobody(t *testing.T) {
	w := newWorld()
	w.queue.invalid = "refused"
	for i := range page {
		w.add(t, start.Add(-20*time.Minute), fmt.Sprint("stranger", i), "no such queue")
		w.add(t, start.Add(-20*time.Minute), fmt.Sprint("refused", i), "deliver")
	}
	w.add(t, start.Add(-time.Second), "fine", "deliver")
	w.run(t)
	if w.queue.sent["org_1 fine"] != 1 || w.left(t) != 2*page {
		t.Errorf("sent %v, %d left", w.queue.sent, w.left(t))
	}
	for minute := range 200 {
		w.at = start.Add(time.Duration(minute) * time.Minute)
		w.run(t)
	}
	if cursor, err := w.cursors.Cursor(t.Context(), job); err != nil || cursor < store.DueMinute(w.at.Add(-5*time.Minute)) || w.left(t) != 2*page {
		t.Errorf("at %s the cursor is %q, %v; %d left", w.at, cursor, err, w.left(t))
	}
	w.queue.invalid = ""
	w.queues["no such queue"] = w.queue
	w.at = w.at.Add(putOff)
	if report := w.run(t); report != (Report{Sent: 2 * page, Complete: true}) || w.left(t) != 0 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
}

// TestPutOffTwice is one item: runs that overlap do not make two of it.
func TestPutOffTwice(t *testing.T) {
	w := newWorld()
	item := w.add(t, start.Add(-90*time.Minute), "stranger", "no such queue")
	for i := range 3 {
		w.at = start.Add(time.Duration(i) * time.Second)
		if err := w.putOff(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	items, _, _, err := w.due.DueBefore(t.Context(), store.DueMinute(start.Add(-100*time.Hour)), start.Add(1000*time.Hour), 10)
	if err != nil || len(items) != 1 || !items[0].At.Equal(start.Add(30*time.Minute)) || string(items[0].Body) != "stranger" {
		t.Errorf("got %+v, %v", items, err)
	}
}

// spoiltDue has an item that cannot be read, until its minute is passed by.
type spoiltDue struct{ *memory.Due }

func (d spoiltDue) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	items, next, more, err := d.Due.DueBefore(ctx, from, until, limit)
	spoilt := store.DueItem{At: start, Key: "spoilt", Unreadable: fmt.Errorf("spoilt")}
	return append([]store.DueItem{spoilt}, items...), next, more, err
}

func TestWhatCannotBeReadIsLeft(t *testing.T) {
	w := newWorld()
	w.handler.due = spoiltDue{w.due}
	w.add(t, start.Add(-time.Second), "a", "deliver")
	if report := w.run(t); report != (Report{Sent: 1, Failed: 1, Complete: true}) || w.left(t) != 0 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
}

// TestAQueueThatTakesNothing ends the run: everything waits for another.
func TestAQueueThatTakesNothing(t *testing.T) {
	w := newWorld()
	for i := range 1000 {
		w.add(t, start.Add(-time.Duration(i+1)*time.Millisecond), fmt.Sprint("bad", i), "deliver")
	}
	w.queue.refuse = "bad"
	if report := w.run(t); report.Sent != 0 || report.Failed != page || report.Complete || w.left(t) != 1000 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	w.queue.refuse = ""
	if report := w.run(t); report != (Report{Sent: 1000, Complete: true}) {
		t.Errorf("once it takes: %+v", report)
	}
}

// dyingDue dies between sending and finishing, a few times.
type dyingDue struct {
	*memory.Due
	mu    sync.Mutex
	times int
}

func (d *dyingDue) Finished(ctx context.Context, item store.DueItem) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.times > 0 {
		d.times--
		return fault.New(fault.Unavailable, "down", "down")
	}
	return d.Due.Finished(ctx, item)
}

// TestACrashAfterSending sends again, for nothing else tells whether it was sent.
func TestACrashAfterSending(t *testing.T) {
	w := newWorld()
	w.handler.due = &dyingDue{Due: w.due, times: 1}
	w.add(t, start.Add(-time.Second), "a", "deliver")
	if report := w.run(t); report != (Report{Failed: 1, Complete: true}) || w.left(t) != 1 {
		t.Errorf("%+v, %d left", report, w.left(t))
	}
	if report := w.run(t); report != (Report{Sent: 1, Complete: true}) || w.queue.sent["org_1 a"] != 2 || w.left(t) != 0 {
		t.Errorf("%+v, sent %v", report, w.queue.sent)
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	w := newWorld()
	for i := range 400 {
		w.add(t, start.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("a", i), "deliver")
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := w.Handle(context.Background(), Event{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(w.queue.sent) != 400 || w.left(t) != 0 {
		t.Errorf("%d sent, %d left", len(w.queue.sent), w.left(t))
	}
}

// brokenDue fails at the second page.
type brokenDue struct {
	*memory.Due
	calls int
}

func (d *brokenDue) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	if d.calls++; d.calls > 1 {
		return nil, "", false, fault.New(fault.Unavailable, "down", "down")
	}
	return d.Due.DueBefore(ctx, from, until, limit)
}

func TestARunThatFails(t *testing.T) {
	w := newWorld()
	for i := range 300 {
		w.add(t, start.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("a", i), "deliver")
	}
	w.handler.due = &brokenDue{Due: w.due}
	if report, err := w.Handle(t.Context(), Event{}); !fault.Is(err, fault.Unavailable) || report.Sent != page || w.left(t) != 100 {
		t.Errorf("%+v, %v, %d left", report, err, w.left(t))
	}
	w.handler.due = w.due
	if report := w.run(t); report != (Report{Sent: 100, Complete: true}) {
		t.Errorf("the next run: %+v", report)
	}
}

// TestARunEndsInTime leaves the rest to the next one.
func TestARunEndsInTime(t *testing.T) {
	w := newWorld()
	w.add(t, start.Add(-time.Second), "a", "deliver")
	ctx, cancel := context.WithTimeout(t.Context(), margin/2)
	defer cancel()
	if report, err := w.Handle(ctx, Event{}); err != nil || report.Sent != 0 || report.Complete || w.left(t) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if report := w.run(t); report.Sent != 1 {
		t.Errorf("the next run: %+v", report)
	}
}

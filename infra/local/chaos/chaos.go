// Package chaos decides, from one seed, which faults the local stack injects: messages delivered twice or out of order,
// workers killed in the middle of a batch, DynamoDB calls throttled, cancelled or answered wrongly. It injects nothing
// itself; the queue, the DynamoDB proxy and the runner ask it.
//
// Two rules keep chaos from doing damage that AWS would not do either. Nothing is injected for a message that was
// received MaxReceives times, so that chaos alone never fills a dead-letter queue. And a call to DynamoDB is disturbed
// at most MaxFaultsPerCall times, so that an SDK with the default of three attempts gets through.
//
// Decisions of one kind about one queue, function or operation are one stream of random numbers: their order depends
// on the seed alone, however the streams interleave. Which message meets which decision depends on timing as soon as
// there is more than one caller.
package chaos

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Config says how likely each fault is. Probabilities are from 0 (never) to 1 (always).
type Config struct {
	// Seed makes the decisions repeatable.
	Seed uint64
	// Duplicate is the probability that a message is delivered a second time while the first delivery is being worked
	// on.
	Duplicate float64
	// Redeliver is the probability that a deleted message comes back once more.
	Redeliver float64
	// RedeliverWithin is the longest that a deleted message stays away before it comes back, in the queue's time.
	RedeliverWithin time.Duration
	// Reorder is the probability that a receive takes a message from the middle of the queue.
	Reorder float64
	// Kill is the probability that a worker is killed while it has a batch.
	Kill float64
	// KillWithin is the longest that a worker lives after it got the batch.
	KillWithin time.Duration
	// Throttle is the probability that a call to DynamoDB is refused unapplied: throttled, or left partly unprocessed
	// where the operation is a batch.
	Throttle float64
	// Conflict is the probability that a transaction is cancelled for a conflict with another one.
	Conflict float64
	// Lost is the probability that DynamoDB applies a write and answers with an error.
	Lost float64
	// MaxReceives is the receive count from which on a message is left alone.
	MaxReceives int
	// MaxFaultsPerCall is how many attempts of one call to DynamoDB may meet a fault. An SDK tries three times; with 3
	// and more, calls fail.
	MaxFaultsPerCall int
	// MaxInARow is how many calls of one operation in a row may end in a fault that SDKs do not retry by themselves:
	// conflicts, unprocessed items, and every fault of a client that does not number its attempts.
	MaxInARow int
}

// Default is a level at which every fault shows up within some hundred messages. An SDK waits about a second before it
// tries a throttled call again, which is why Throttle is low.
func Default(seed uint64) Config {
	return Config{
		Seed:      seed,
		Duplicate: 0.10, Redeliver: 0.05, RedeliverWithin: 5 * time.Second, Reorder: 0.25,
		Kill: 0.03, KillWithin: 20 * time.Millisecond,
		Throttle: 0.01, Conflict: 0.10, Lost: 0.01,
		MaxReceives: 3, MaxFaultsPerCall: 2, MaxInARow: 2,
	}
}

// Source makes the decisions. It is safe for concurrent use; a nil Source injects nothing.
type Source struct {
	cfg Config

	mu       sync.Mutex
	streams  map[string]*rand.Rand
	inARow   map[string]int
	injected map[string]int64
}

// New makes a source.
func New(cfg Config) *Source {
	return &Source{cfg: cfg, streams: map[string]*rand.Rand{}, inARow: map[string]int{}, injected: map[string]int64{}}
}

// Duplicate tells whether a message that is now delivered for the receives-th time is to be delivered again at once.
func (s *Source) Duplicate(queue string, receives int) bool {
	if s == nil || receives >= s.cfg.MaxReceives {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roll("duplicate", queue, s.cfg.Duplicate)
}

// Redeliver tells whether a message that is deleted after the receives-th delivery comes back, and after how long.
func (s *Source) Redeliver(queue string, receives int) (time.Duration, bool) {
	if s == nil || receives >= s.cfg.MaxReceives {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.roll("redeliver", queue, s.cfg.Redeliver) {
		return 0, false
	}
	return s.within("redeliver", queue, s.cfg.RedeliverWithin), true
}

// Pick chooses which of n messages that wait in a queue is delivered next: 0, the oldest, unless the order is disturbed.
func (s *Source) Pick(queue string, n int) int {
	if s == nil || n < 2 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.roll("reorder", queue, s.cfg.Reorder) {
		return 0
	}
	return 1 + s.stream("reorder", queue).IntN(n-1)
}

// Kill tells whether the worker that works on a batch is to be killed, and how long after it got it. receives is the
// highest receive count of the batch's messages; for a stream, the number of the try, from 1.
func (s *Source) Kill(function string, receives int) (time.Duration, bool) {
	if s == nil || receives >= s.cfg.MaxReceives {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.roll("kill", function, s.cfg.Kill) {
		return 0, false
	}
	return s.within("kill", function, s.cfg.KillWithin), true
}

// Injected counts the faults decided so far, by kind and by what they hit: "duplicate Inbox", "throttle PutItem".
func (s *Source) Injected() map[string]int64 {
	if s == nil {
		return map[string]int64{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.injected)
}

// roll decides one fault and counts it. The caller holds mu.
func (s *Source) roll(kind, subject string, probability float64) bool {
	if probability <= 0 || s.stream(kind, subject).Float64() >= probability {
		return false
	}
	s.injected[kind+" "+subject]++
	return true
}

func (s *Source) within(kind, subject string, longest time.Duration) time.Duration {
	if longest <= 0 {
		return 0
	}
	return time.Duration(s.stream(kind, subject).Int64N(int64(longest)))
}

func (s *Source) stream(kind, subject string) *rand.Rand {
	name := kind + " " + subject
	r, ok := s.streams[name]
	if !ok {
		h := fnv.New64a()
		fmt.Fprint(h, name)
		r = rand.New(rand.NewPCG(s.cfg.Seed, h.Sum64()))
		s.streams[name] = r
	}
	return r
}

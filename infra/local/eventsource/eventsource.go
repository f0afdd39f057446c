// Package eventsource plays Lambda's event source mappings: it feeds functions with batches of a queue's messages, or of
// the changes in a DynamoDB stream, and deals with what they fail at as Lambda does.
package eventsource

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"leadline/infra/local/lambda"
)

// Functions runs functions.
type Functions interface {
	// Invoke runs the function that a name or ARN refers to, as the Lambda package does.
	Invoke(ctx context.Context, reference string, in lambda.Invocation) (lambda.Result, error)
}

// Chaos decides where a worker is killed.
type Chaos interface {
	// Kill tells whether the worker that works on a batch is to be killed, and how long after it got it. try is how often
	// the batch, or its most tried message, was handed out, this time included.
	Kill(function string, try int) (time.Duration, bool)
}

// Stats counts what a mapping did since it was started.
type Stats struct {
	// Batches that were handed to the function, and how many of them failed as a whole.
	Batches int64 `json:"batches"`
	Failed  int64 `json:"failed"`
	// Items done with: messages deleted, changes passed. Filtered ones were not handed out; Discarded ones were given up.
	Done      int64 `json:"done"`
	Filtered  int64 `json:"filtered"`
	Discarded int64 `json:"discarded"`
	// Running batches.
	Running int  `json:"running"`
	Paused  bool `json:"paused"`
}

// gate is what can be paused. The zero value is open.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // while paused: closed by Resume
	closed context.CancelFunc
	stats  Stats
}

// Pause stops the mapping from taking more. Batches that are under way go on.
func (g *gate) Pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
		g.stats.Paused = true
	}
	if g.closed != nil {
		g.closed()
	}
}

// Resume ends a pause.
func (g *gate) Resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
		g.stats.Paused = false
	}
}

// Stats gives the counts.
func (g *gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stats
}

func (g *gate) count(change func(*Stats)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(&g.stats)
}

// wait waits for the end of a pause, or of ctx.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		if opened == nil {
			return ctx.Err()
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter waits as wait does and gives a context that a pause ends. Only one may be in use at a time.
func (g *gate) enter(ctx context.Context) (context.Context, context.CancelFunc, error) {
	for {
		if err := g.wait(ctx); err != nil {
			return nil, nil, err
		}
		inside, cancel := context.WithCancel(ctx)
		g.mu.Lock()
		if g.opened == nil {
			g.closed = cancel
			g.mu.Unlock()
			return inside, cancel, nil
		}
		g.mu.Unlock()
		cancel()
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// encode writes v without the escapes for HTML, which would make an event larger than it is on AWS.
func encode(v any) (json.RawMessage, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

// eventBytes is what an event has besides its records and the commas between them.
const eventBytes = len(`{"Records":[]}`)

// assemble makes the event of records.
func assemble(records []json.RawMessage) []byte {
	return append(append([]byte(`{"Records":[`), bytes.Join(asBytes(records), []byte(","))...), "]}"...)
}

func asBytes(records []json.RawMessage) [][]byte {
	all := make([][]byte, len(records))
	for i, r := range records {
		all[i] = r
	}
	return all
}

// fit tells how many of the records, at most limit but at least one, an event can hold: 6 MB.
func fit(sizes []int, limit int) int {
	total := eventBytes
	for i, size := range sizes {
		total += size + 1
		if i == limit || i > 0 && total > lambda.MaxRequestBytes {
			return i
		}
	}
	return len(sizes)
}

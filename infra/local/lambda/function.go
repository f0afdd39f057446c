package lambda

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// function is a function with its processes.
type function struct {
	Function
	host  *Host
	slots chan struct{} // holds as many elements as invocations run

	mu    sync.Mutex
	idle  []*worker // the one used last is at the end
	stats Stats
}

func newFunction(h *Host, f Function) *function {
	limit := h.opts.MaxProcesses
	if f.Reserved != nil {
		limit = *f.Reserved
	}
	return &function{Function: f, host: h, slots: make(chan struct{}, limit)}
}

// enter waits until one more invocation may run; leave must follow.
func (f *function) enter(ctx context.Context) error {
	if f.Reserved != nil {
		select {
		case f.slots <- struct{}{}:
		default:
			f.count(func(s *Stats) { s.Throttles++ })
			return &Error{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate Exceeded."}
		}
	} else {
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-f.host.closing.Done():
			return errClosed
		}
	}
	f.count(func(s *Stats) { s.Invocations++; s.Running++ })
	return nil
}

func (f *function) leave() {
	f.count(func(s *Stats) { s.Running-- })
	<-f.slots
}

// take gives a worker that nobody else uses: an idle one, or a new one.
func (f *function) take() (*worker, error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		w := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		select {
		case <-w.exited:
			continue
		default:
			f.mu.Unlock()
			return w, nil
		}
	}
	f.mu.Unlock()
	return f.host.startWorker(f)
}

// put gives a worker back.
func (f *function) put(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, w)
}

func (f *function) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stats)
}

func (f *function) snapshot() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// initLimits are the times that a new process and, if it did not get ready, its successor have to get ready.
func (f *function) initLimits() []time.Duration {
	return []time.Duration{f.host.opts.InitTimeout, f.Timeout}
}

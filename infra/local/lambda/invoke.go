package lambda

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Invocation is a synchronous invocation of a function.
type Invocation struct {
	Payload []byte
	// Kill, if not nil, kills the process that works on the invocation: after that time, or when it answers, if that is
	// earlier; the answer is not accepted.
	Kill *time.Duration
	// Tail asks for the end of what the function wrote to its log.
	Tail bool
}

// Result is what became of an invocation that a function was run for.
type Result struct {
	RequestID string
	// Payload is the function's answer or, if FunctionError is set, what went wrong, as {"errorMessage", "errorType"}.
	Payload []byte
	// FunctionError is empty, or Unhandled: the function returned an error, crashed or ran into its timeout.
	FunctionError string
	// Tail is the end of the log, at most 4 KB.
	Tail []byte
}

const unhandled = "Unhandled"

// Invoke runs a function, named as in the Invoke API, and waits for its result. What the function does wrong is in the
// result; an error is an *Error or the end of ctx or the host. Once a process has the invocation, the end of ctx does
// not stop it.
func (h *Host) Invoke(ctx context.Context, reference string, in Invocation) (Result, error) {
	f, qualifier, err := h.lookup(reference)
	if err != nil {
		return Result{}, err
	}
	if len(in.Payload) > MaxRequestBytes {
		return Result{}, tooLarge(MaxRequestBytes)
	}
	if err := f.enter(ctx); err != nil {
		return Result{}, err
	}
	defer f.leave()
	arn := h.ARN(f.Name)
	if qualifier != "" {
		arn += ":" + qualifier
	}
	j := newJob(in, arn)
	result, err := f.run(ctx, j)
	if err == nil && result.FunctionError != "" {
		f.count(func(s *Stats) { s.Errors++ })
	}
	return result, err
}

// run brings a job to a process, a second one if the first dies before it takes the job.
func (f *function) run(ctx context.Context, j *job) (Result, error) {
	for {
		w, failed, err := f.ready(ctx, j)
		if err != nil || failed != nil {
			return j.result(failed), err
		}
		taken, err := w.offer(ctx, j)
		if err != nil {
			f.put(w)
			return Result{}, err
		}
		if !taken {
			continue
		}
		out := w.await(j)
		if f.host.closing.Err() != nil {
			return Result{}, errClosed
		}
		result := j.result(out)
		if j.Tail {
			result.Tail = w.output.tail()
		}
		if out.reusable {
			f.put(w)
		}
		return result, nil
	}
}

// ready gives a worker whose process has asked for an invocation; failed says why none got that far.
func (f *function) ready(ctx context.Context, j *job) (w *worker, failed *outcome, err error) {
	for _, limit := range f.initLimits() {
		w, err := f.take()
		if err != nil {
			return nil, nil, err
		}
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-w.ready:
			return w, nil, nil
		case <-w.exited:
			if f.host.closing.Err() != nil {
				return nil, nil, errClosed
			}
			f.count(func(s *Stats) { s.Crashes++ })
			return nil, w.initFailure(j), nil
		case <-ctx.Done():
			f.put(w)
			return nil, nil, ctx.Err()
		case <-timer.C:
			w.kill()
			<-w.exited
			failed = w.timedOut(j, limit)
		}
	}
	f.count(func(s *Stats) { s.Timeouts++ })
	return nil, failed, nil
}

// job is an invocation on its way through a process.
type job struct {
	Invocation
	id, arn string
	taken   chan struct{} // closed when a process has it
	done    chan *outcome // gets what the process answers, once
}

func newJob(in Invocation, arn string) *job {
	return &job{Invocation: in, id: newID(), arn: arn, taken: make(chan struct{}), done: make(chan *outcome, 1)}
}

// outcome is how a job ended.
type outcome struct {
	payload []byte
	failed  bool
	// reusable tells that the process can take another invocation.
	reusable bool
}

func (j *job) result(out *outcome) Result {
	r := Result{RequestID: j.id}
	if out != nil {
		r.Payload = out.payload
		if out.failed {
			r.FunctionError = unhandled
		}
	}
	return r
}

// failure makes the outcome of a job that Lambda itself ends.
func failure(kind, format string, args ...any) *outcome {
	payload, _ := json.Marshal(struct { // two texts always marshal
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, fmt.Sprintf(format, args...)})
	return &outcome{payload: payload, failed: true}
}

// InvokeAsync takes an event for a function and answers at once; the function is tried as often as its Retries say.
func (h *Host) InvokeAsync(reference string, payload []byte) error {
	f, _, err := h.lookup(reference)
	if err != nil {
		return err
	}
	if len(payload) > MaxAsyncRequestBytes {
		return tooLarge(MaxAsyncRequestBytes)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosed
	}
	f.count(func(s *Stats) { s.Running++ })
	h.async.Go(func() {
		defer f.count(func(s *Stats) { s.Running-- })
		h.deliver(f, reference, payload)
	})
	return nil
}

// deliver tries an asynchronous invocation until it succeeds or has failed too often. Throttled attempts are no
// failures: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (h *Host) deliver(f *function, reference string, payload []byte) {
	for attempt := 1; ; {
		result, err := h.Invoke(h.closing, reference, Invocation{Payload: payload})
		var refused *Error
		delay := time.Second
		switch {
		case errors.As(err, &refused): // throttled; nothing else can be refused here
		case err != nil:
			return
		case result.FunctionError == "" || attempt > f.Retries:
			return
		default:
			delay = h.opts.AsyncDelay(attempt)
			attempt++
		}
		select {
		case <-time.After(delay):
		case <-h.closing.Done():
			return
		}
	}
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

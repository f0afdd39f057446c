package lambda

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"leadline/infra/local/process"
)

// worker is a process of a function.
type worker struct {
	fn     *function
	id     string // the first part of the paths under which it finds the Runtime API
	cmd    *exec.Cmd
	output *output
	jobs   chan *job     // to the process
	ready  chan struct{} // closed when the process first asks for an invocation
	exited chan struct{} // closed when the process is gone
	exit   error         // how it went; set before exited is closed

	mu        sync.Mutex
	current   *job   // what the process works on, until it answers
	initError []byte // what it reported instead of getting ready
}

// startWorker starts a process of f.
func (h *Host) startWorker(f *function) (*worker, error) {
	w := &worker{
		fn: f, id: fmt.Sprintf("w%d", h.serial.Add(1)),
		output: &output{to: f.Log},
		jobs:   make(chan *job), ready: make(chan struct{}), exited: make(chan struct{}),
	}
	w.cmd = exec.Command(f.Binary)
	w.cmd.Dir = filepath.Dir(f.Binary)
	w.cmd.Env = h.environment(f, w.id)
	w.cmd.Stdout, w.cmd.Stderr = w.output, w.output
	w.cmd.WaitDelay = time.Second // a grandchild may hold the output open

	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if err := h.opts.Processes.Start(w.cmd); err != nil {
		return nil, fmt.Errorf("lambda: start function %s: %w", f.Name, err)
	}
	h.workers[w.id] = w
	f.count(func(s *Stats) { s.Starts++; s.Processes++ })
	go func() {
		w.exit = w.cmd.Wait()
		f.count(func(s *Stats) { s.Processes-- })
		h.mu.Lock()
		delete(h.workers, w.id)
		h.mu.Unlock()
		close(w.exited)
	}()
	return w, nil
}

// kill ends the process and all that it started.
func (w *worker) kill() { _ = process.Signal(w.cmd, syscall.SIGKILL) } // if it fails, the process is gone

// atWork tells whether the process has an invocation that it has not answered.
func (w *worker) atWork() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current != nil
}

// offer gives j to the process; taken is false if the process died before, or did not ask for another invocation for as
// long as one may last.
func (w *worker) offer(ctx context.Context, j *job) (taken bool, err error) {
	w.output.begin()
	patience := time.NewTimer(w.fn.Timeout)
	defer patience.Stop()
	select {
	case w.jobs <- j:
		return true, nil
	case <-w.exited:
		return false, nil
	case <-patience.C:
		w.kill()
		<-w.exited
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// await waits for the end of a job that the process has: an answer, its death, its timeout or a kill.
func (w *worker) await(j *job) *outcome {
	select { // the time counts from when the process has the job
	case <-j.taken:
	case <-w.exited:
	}
	timeout := time.NewTimer(w.fn.Timeout)
	defer timeout.Stop()
	var kill <-chan time.Time
	if j.Kill != nil {
		timer := time.NewTimer(*j.Kill)
		defer timer.Stop()
		kill = timer.C
	}
	for {
		select {
		case out := <-j.done:
			if j.Kill == nil {
				return out
			}
			w.kill()
			<-w.exited
			return w.crashed(j)
		case <-w.exited:
			select {
			case out := <-j.done: // it answered and then went
				if j.Kill == nil {
					out.reusable = false
					return out
				}
			default:
			}
			return w.crashed(j)
		case <-kill:
			w.kill()
		case <-timeout.C:
			w.kill()
			<-w.exited
			w.fn.count(func(s *Stats) { s.Timeouts++ })
			return w.timedOut(j, w.fn.Timeout)
		}
	}
}

// crashed makes the outcome of a job whose process ended without an answer, and notes it in the log as Lambda does.
func (w *worker) crashed(j *job) *outcome {
	w.fn.count(func(s *Stats) { s.Crashes++ })
	return w.exitFailure(j)
}

func (w *worker) exitFailure(j *job) *outcome {
	message := "Runtime exited without providing a reason"
	var exit *exec.ExitError
	if errors.As(w.exit, &exit) {
		message = "Runtime exited with error: " + exit.Error()
	}
	fmt.Fprintf(w.output, "RequestId: %s Error: %s\nRuntime.ExitError\n", j.id, message)
	return failure("Runtime.ExitError", "RequestId: %s Error: %s", j.id, message)
}

// timedOut makes the outcome of a job that took too long, and notes it in the log as Lambda does.
func (w *worker) timedOut(j *job, limit time.Duration) *outcome {
	fmt.Fprintf(w.output, "%s %s Task timed out after %.2f seconds\n",
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), j.id, limit.Seconds())
	return failure("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", j.id, limit.Seconds())
}

// initFailure makes the outcome of a job whose process ended before it asked for one: what it reported itself, if it did.
func (w *worker) initFailure(j *job) *outcome {
	w.mu.Lock()
	reported := w.initError
	w.mu.Unlock()
	if reported != nil {
		return &outcome{payload: reported, failed: true}
	}
	return w.exitFailure(j)
}

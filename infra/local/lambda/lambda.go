// Package lambda is AWS Lambda for the local stack: it runs the real binaries of functions as processes, one invocation
// at a time each, against its Runtime API, and offers the Invoke API.
//
// It kills what runs into its timeout, replaces what crashed, holds payloads to Lambda's limits and gives a function
// the environment that Lambda gives it and nothing else. It does not limit memory, freeze idle processes, or play
// layers and extensions.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"leadline/infra/local/process"
)

// Limits of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. The response limit is that
// of the error message, a hundred bytes more than the request's.
const (
	MaxRequestBytes      = 6291456
	MaxAsyncRequestBytes = 1048576
	MaxResponseBytes     = 6291556
)

// Function describes a function.
type Function struct {
	// Name is the function's name; Alias another one under which it can be invoked, if not empty.
	Name, Alias string
	// Binary is the executable.
	Binary string
	// Environment is what the function's configuration sets.
	Environment map[string]string
	Timeout     time.Duration
	// MemoryMB is only told to the function.
	MemoryMB int
	// Reserved is how many invocations may run at once; more are throttled. Nil leaves it to Options.MaxProcesses, and
	// more wait.
	Reserved *int
	// Retries is how often a failed asynchronous invocation is tried again.
	Retries int
	// LogFormat and LogLevel are Text or JSON and a level, as in the function's logging configuration; may be empty.
	LogFormat, LogLevel string
	// Log gets what the processes write to standard output and error.
	Log io.Writer
}

// Options sets up a host.
type Options struct {
	Region, AccountID string
	// Environment is set for every function besides its own: endpoints and credentials.
	Environment map[string]string
	// Processes starts the functions' processes.
	Processes *process.Starter
	// MaxProcesses is how many processes a function without reserved concurrency may have; 4 unless set.
	MaxProcesses int
	// InitTimeout is how long a new process may take until it asks for its first invocation; Lambda's 10 s unless set. One
	// that takes longer is started once more within the invocation's own timeout:
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
	InitTimeout time.Duration
	// AsyncDelay is how long a failed asynchronous invocation waits for the attempt of that number, from 1. Unless set it
	// is what Lambda waits: one minute, then two.
	AsyncDelay func(attempt int) time.Duration
}

// Host runs functions. It is safe for concurrent use.
type Host struct {
	opts     Options
	listener net.Listener
	server   *http.Server
	closing  context.Context
	close    context.CancelFunc
	async    sync.WaitGroup
	serial   atomic.Int64

	mu        sync.Mutex
	functions map[string]*function
	workers   map[string]*worker
	closed    bool
}

// NewHost starts a host with no functions. Its Runtime API listens on a free port of the loopback interface.
func NewHost(opts Options) (*Host, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambda: listen for the Runtime API: %w", err)
	}
	if opts.MaxProcesses == 0 {
		opts.MaxProcesses = 4
	}
	if opts.InitTimeout == 0 {
		opts.InitTimeout = 10 * time.Second
	}
	if opts.AsyncDelay == nil {
		opts.AsyncDelay = func(attempt int) time.Duration { return time.Duration(attempt) * time.Minute }
	}
	h := &Host{opts: opts, listener: listener, functions: map[string]*function{}, workers: map[string]*worker{}}
	h.closing, h.close = context.WithCancel(context.Background())
	h.server = &http.Server{Handler: h.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.server.Serve(listener) }() // ends with Close
	return h, nil
}

// Add adds a function. Its first process starts with its first invocation.
func (h *Host) Add(f Function) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range []string{f.Name, f.Alias} {
		if _, taken := h.functions[name]; taken {
			return fmt.Errorf("lambda: there are two functions with the name %s", name)
		}
	}
	if f.Timeout <= 0 {
		f.Timeout = 3 * time.Second // Lambda's default
	}
	if f.Log == nil {
		f.Log = io.Discard
	}
	added := newFunction(h, f)
	h.functions[f.Name] = added
	if f.Alias != "" {
		h.functions[f.Alias] = added
	}
	return nil
}

// Close ends all processes at once, and with them their invocations.
func (h *Host) Close() error {
	h.close()
	h.mu.Lock()
	h.closed = true
	var workers []*worker
	for _, w := range h.workers {
		workers = append(workers, w)
	}
	h.mu.Unlock()
	for _, w := range workers {
		w.kill()
	}
	for _, w := range workers {
		<-w.exited
	}
	h.async.Wait()
	return h.server.Close()
}

// Kill kills a process that is at work on an invocation of a function, whichever, as Lambda may lose one at any moment. It
// tells whether there was one.
func (h *Host) Kill(reference string) (bool, error) {
	f, _, err := h.lookup(reference)
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.workers {
		if w.fn == f && w.atWork() {
			w.kill()
			return true, nil
		}
	}
	return false, nil
}

// ARN gives the ARN of a function.
func (h *Host) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", h.opts.Region, h.opts.AccountID, name)
}

// lookup finds a function by its name, ARN or partial ARN, with or without a qualifier:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (h *Host) lookup(reference string) (f *function, qualifier string, err error) {
	parts := strings.Split(reference, ":")
	if i := len(parts) - 1; i > 0 {
		for at, part := range parts {
			if part == "function" {
				parts = parts[at+1:]
				break
			}
		}
	}
	if len(parts) > 1 {
		qualifier = parts[1]
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if f, ok := h.functions[parts[0]]; ok && len(parts) < 3 {
		return f, qualifier, nil
	}
	return nil, "", &Error{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Function not found: " + reference}
}

// Stats counts what a function did since the host started.
type Stats struct {
	// Invocations that got as far as a process, or the attempt to start one.
	Invocations int64 `json:"invocations"`
	// Errors are the invocations that failed, for whatever reason; Timeouts and Crashes are among them.
	Errors   int64 `json:"errors"`
	Timeouts int64 `json:"timeouts"`
	Crashes  int64 `json:"crashes"`
	// Throttles are invocations refused for the reserved concurrency.
	Throttles int64 `json:"throttles"`
	// Starts are the processes started; Processes those that live.
	Starts    int64 `json:"starts"`
	Processes int   `json:"processes"`
	// Running invocations, and asynchronous ones that wait for their first or next attempt.
	Running int `json:"running"`
}

// Stats gives the counts of all functions by name.
func (h *Host) Stats() map[string]Stats {
	h.mu.Lock()
	functions := make([]*function, 0, len(h.functions))
	for name, f := range h.functions {
		if name == f.Name {
			functions = append(functions, f)
		}
	}
	h.mu.Unlock()
	stats := map[string]Stats{}
	for _, f := range functions {
		stats[f.Name] = f.snapshot()
	}
	return stats
}

// Error is a refusal by the Invoke API: no function was run.
type Error struct {
	// Status is the HTTP status, Code the name of the exception, as Lambda's API has them.
	Status  int
	Code    string
	Message string
}

// Error gives the exception and its message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// errClosed is what invocations fail with while the host closes.
var errClosed = errors.New("lambda: the host is closed")

func tooLarge(limit int) *Error {
	return &Error{
		Status: http.StatusRequestEntityTooLarge, Code: "RequestTooLargeException",
		Message: "Request must be smaller than " + strconv.Itoa(limit) + " bytes for the InvokeFunction operation",
	}
}

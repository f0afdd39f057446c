package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// probe is the binary of a function that does what its event says.
var probe string

func TestMain(m *testing.M) { lambdatest.Main(m, &probe) }

// function describes the probe.
func function(name string) lambda.Function {
	return lambda.Function{Name: name, Binary: probe, Timeout: 20 * time.Second, MemoryMB: 128}
}

// answer is what the probe returns.
type answer struct {
	PID        int             `json:"pid"`
	RequestID  string          `json:"request_id"`
	ARN        string          `json:"arn"`
	DeadlineMS int64           `json:"deadline_ms"`
	Env        []string        `json:"env"`
	Event      json.RawMessage `json:"event"`
}

func invoke(t *testing.T, h *lambda.Host, name, event string) (lambda.Result, answer) {
	t.Helper()
	result, err := h.Invoke(context.Background(), name, lambda.Invocation{Payload: []byte(event)})
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if result.FunctionError == "" {
		if err := json.Unmarshal(result.Payload, &a); err != nil {
			t.Fatalf("%s: %v", result.Payload, err)
		}
	}
	return result, a
}

// failure is what a failed invocation returns.
func failure(t *testing.T, r lambda.Result) (kind, message string) {
	t.Helper()
	if r.FunctionError != "Unhandled" {
		t.Fatalf("FunctionError is %q, payload %s", r.FunctionError, r.Payload)
	}
	var f struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &f); err != nil {
		t.Fatalf("%s: %v", r.Payload, err)
	}
	return f.ErrorType, f.ErrorMessage
}

func TestInvoke(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{}, function("one"))
	start := time.Now()
	const event = `{"do":"echo","text":"ü \u0000"}`
	result, a := invoke(t, h, "one", event)
	if string(a.Event) != event {
		t.Errorf("the function got %s", a.Event)
	}
	if a.RequestID != result.RequestID || a.RequestID == "" {
		t.Errorf("request id %q inside, %q outside", a.RequestID, result.RequestID)
	}
	if want := "arn:aws:lambda:us-east-1:000000000000:function:one"; a.ARN != want {
		t.Errorf("ARN %q, want %q", a.ARN, want)
	}
	left := time.UnixMilli(a.DeadlineMS).Sub(start)
	if left < 20*time.Second || left > 30*time.Second {
		t.Errorf("the deadline was %v ahead, with a timeout of 20 s", left)
	}

	_, again := invoke(t, h, "one", `{"do":"pid"}`)
	if again.PID != a.PID {
		t.Error("the second invocation got another process though the first one's was idle")
	}
	if again.RequestID == a.RequestID {
		t.Error("two invocations had the same request id")
	}
}

func TestNames(t *testing.T) {
	f := function("leadline-dev-one")
	f.Alias = "one"
	h := lambdatest.Host(t, lambda.Options{}, f)
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:leadline-dev-one"
	for reference, wantARN := range map[string]string{
		"leadline-dev-one":                       arn,
		"one":                                    arn,
		"leadline-dev-one:live":                  arn + ":live",
		arn:                                      arn,
		arn + ":live":                            arn + ":live",
		"000000000000:function:leadline-dev-one": arn,
	} {
		if _, a := invoke(t, h, reference, `{"do":"pid"}`); a.ARN != wantARN {
			t.Errorf("%s: ARN %s, want %s", reference, a.ARN, wantARN)
		}
	}
	_, err := h.Invoke(context.Background(), "two", lambda.Invocation{})
	var refused *lambda.Error
	if !errors.As(err, &refused) || refused.Code != "ResourceNotFoundException" || refused.Status != 404 {
		t.Errorf("unknown function: got %v", err)
	}
	if err := h.Add(function("one")); err == nil {
		t.Error("a second function of the same name was added")
	}
}

func TestEnvironmentIsLambdas(t *testing.T) {
	t.Setenv("DEVELOPERS_SECRET", "x")
	t.Setenv("AWS_PROFILE", "production")
	f := function("one")
	f.Environment = map[string]string{"TABLE": "records"}
	f.LogFormat, f.LogLevel = "JSON", "DEBUG"
	h := lambdatest.Host(t, lambda.Options{Environment: map[string]string{
		"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "local",
	}}, f)
	_, a := invoke(t, h, "one", `{"do":"env"}`)
	names := make([]string, 0, len(a.Env))
	for _, line := range a.Env {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_SQS", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_LEVEL",
		"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "HOME", "LAMBDA_RUNTIME_DIR",
		"LAMBDA_TASK_ROOT", "LANG", "PATH", "TABLE", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got  %v\nwant %v", names, want)
	}
	for _, line := range []string{
		"AWS_LAMBDA_FUNCTION_NAME=one", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_REGION=us-east-1", "TABLE=records",
		"TZ=:UTC", "AWS_LAMBDA_LOG_LEVEL=DEBUG",
	} {
		if !slices.Contains(a.Env, line) {
			t.Errorf("%s is not set", line)
		}
	}
	if slices.Contains(a.Env, "HOME="+os.Getenv("HOME")) {
		t.Error("the function has the developer's home directory, and with it their AWS profile")
	}
}

func TestFunctionErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		event, kind, message string
		sameProcess          bool
	}{
		"error":          {`{"do":"fail"}`, "errorString", "probe: told to fail", true},
		"panic":          {`{"do":"panic"}`, "string", "probe: told to panic", false},
		"crash":          {`{"do":"exit"}`, "Runtime.ExitError", "Runtime exited with error: exit status 3", false},
		"quiet exit":     {`{"do":"exit-0"}`, "Runtime.ExitError", "Runtime exited without providing a reason", false},
		"too long":       {`{"do":"sleep","ms":60000}`, "Sandbox.Timedout", "Task timed out after 0.40 seconds", false},
		"answer too big": {`{"do":"big","bytes":6291557}`, "Function.ResponseSizeTooLarge", "6291556 bytes", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			f := function("one")
			f.Log = &log
			if strings.Contains(tc.event, "sleep") {
				f.Timeout = 400 * time.Millisecond
			}
			h := lambdatest.Host(t, lambda.Options{}, f)
			_, before := invoke(t, h, "one", `{"do":"pid"}`)
			start := time.Now()
			result, _ := invoke(t, h, "one", tc.event)
			kind, message := failure(t, result)
			if kind != tc.kind || !strings.Contains(message, tc.message) {
				t.Errorf("got %s: %s", kind, message)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			_, after := invoke(t, h, "one", `{"do":"pid"}`)
			if (after.PID == before.PID) != tc.sameProcess {
				t.Errorf("same process afterwards: %v, want %v", after.PID == before.PID, tc.sameProcess)
			}
			if strings.HasPrefix(tc.kind, "Runtime.") && !strings.Contains(log.String(), tc.message) {
				t.Errorf("the log does not say so: %q", log.String())
			}
		})
	}
}

func TestResponseOfTheGreatestSize(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{}, function("one"))
	result, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: []byte(`{"do":"big","bytes":6291556}`)})
	if err != nil || result.FunctionError != "" || len(result.Payload) != 6291556 {
		t.Errorf("%d bytes, %q, %v", len(result.Payload), result.FunctionError, err)
	}
}

func TestRequestSize(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{}, function("one"))
	event := func(size int) []byte {
		const frame = `{"do":"pid","text":""}`
		return fmt.Appendf(nil, `{"do":"pid","text":"%s"}`, strings.Repeat("x", size-len(frame)))
	}
	if result, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: event(lambda.MaxRequestBytes)}); err != nil || result.FunctionError != "" {
		t.Errorf("6 MB: %v, %s", err, result.FunctionError)
	}
	var refused *lambda.Error
	_, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: event(lambda.MaxRequestBytes + 1)})
	if !errors.As(err, &refused) || refused.Code != "RequestTooLargeException" || refused.Status != 413 {
		t.Errorf("one byte more: %v", err)
	}
	err = h.InvokeAsync("one", event(lambda.MaxAsyncRequestBytes+1))
	if !errors.As(err, &refused) || refused.Code != "RequestTooLargeException" {
		t.Errorf("an event over 1 MB: %v", err)
	}
}

func TestInit(t *testing.T) {
	for mode, want := range map[string]string{"exit": "Runtime.ExitError", "report": "Probe.Init"} {
		t.Run(mode, func(t *testing.T) {
			f := function("one")
			f.Environment = map[string]string{"PROBE_INIT": mode}
			h := lambdatest.Host(t, lambda.Options{}, f)
			result, _ := invoke(t, h, "one", `{}`)
			if kind, _ := failure(t, result); kind != want {
				t.Errorf("got %s, want %s", kind, want)
			}
		})
	}
}

func TestInitThatHangs(t *testing.T) {
	f := function("one")
	f.Environment = map[string]string{"PROBE_INIT": "hang"}
	f.Timeout = 300 * time.Millisecond
	h := lambdatest.Host(t, lambda.Options{InitTimeout: 200 * time.Millisecond}, f)
	result, _ := invoke(t, h, "one", `{}`)
	if kind, message := failure(t, result); kind != "Sandbox.Timedout" || !strings.Contains(message, "0.30 seconds") {
		t.Errorf("got %s: %s", kind, message)
	}
	if s := h.Stats()["one"]; s.Starts != 2 || s.Processes != 0 || s.Timeouts != 1 {
		t.Errorf("stats: %+v", s)
	}
}

func TestMissingBinary(t *testing.T) {
	f := function("one")
	f.Binary = filepath.Join(t.TempDir(), "bootstrap")
	h := lambdatest.Host(t, lambda.Options{}, f)
	if _, err := h.Invoke(context.Background(), "one", lambda.Invocation{}); err == nil || !strings.Contains(err.Error(), "one") {
		t.Errorf("got %v", err)
	}
}

func TestConcurrency(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{MaxProcesses: 3}, function("one"))
	var mu sync.Mutex
	pids := map[int]bool{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			_, a := invoke(t, h, "one", `{"do":"sleep","ms":20}`)
			mu.Lock()
			defer mu.Unlock()
			pids[a.PID] = true
		})
	}
	all.Wait()
	if len(pids) > 3 || len(pids) < 2 {
		t.Errorf("12 invocations at once used %d processes, with at most 3", len(pids))
	}
	if s := h.Stats()["one"]; s.Invocations != 12 || s.Errors != 0 || s.Running != 0 || s.Processes != len(pids) {
		t.Errorf("stats: %+v", s)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	one := 1
	f := function("one")
	f.Reserved = &one
	h := lambdatest.Host(t, lambda.Options{}, f)
	started := make(chan struct{})
	finished := make(chan error, 1)
	go func() {
		close(started)
		_, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: []byte(`{"do":"sleep","ms":60000}`)})
		finished <- err
	}()
	<-started
	waitFor(t, func() bool { return h.Stats()["one"].Running == 1 })
	var refused *lambda.Error
	_, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: []byte(`{"do":"pid"}`)})
	if !errors.As(err, &refused) || refused.Code != "TooManyRequestsException" || refused.Status != 429 {
		t.Errorf("got %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-finished; err == nil {
		t.Error("an invocation outlived the host")
	}
}

func TestKill(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "done")
	h := lambdatest.Host(t, lambda.Options{}, function("one"))
	soon, late := time.Millisecond, time.Hour
	for name, tc := range map[string]struct {
		after *time.Duration
		event string
	}{
		"while it works":                {&soon, `{"do":"sleep","ms":60000}`},
		"before its answer is accepted": {&late, `{"do":"once","text":"` + marker + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, before := invoke(t, h, "one", `{"do":"pid"}`)
			result, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: []byte(tc.event), Kill: tc.after})
			if err != nil {
				t.Fatal(err)
			}
			if kind, message := failure(t, result); kind != "Runtime.ExitError" || !strings.Contains(message, "signal: killed") {
				t.Errorf("got %s: %s", kind, message)
			}
			if _, after := invoke(t, h, "one", `{"do":"pid"}`); after.PID == before.PID {
				t.Error("the process lived on")
			}
		})
	}
	if _, err := os.Stat(marker); err != nil {
		t.Errorf("the invocation had no effect before its answer was refused: %v", err)
	}
}

// TestKillOfWhateverIsAtWork: an idle process is left alone.
func TestKillOfWhateverIsAtWork(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{}, function("one"), function("two"))
	invoke(t, h, "one", `{"do":"pid"}`)
	if killed, err := h.Kill("one"); killed || err != nil {
		t.Errorf("an idle process: killed %t, %v", killed, err)
	}
	if _, err := h.Kill("none"); err == nil {
		t.Error("a function that is not there was killed")
	}
	finished := make(chan lambda.Result, 1)
	go func() {
		result, err := h.Invoke(context.Background(), "two", lambda.Invocation{Payload: []byte(`{"do":"sleep","ms":60000}`)})
		if err != nil {
			t.Error(err)
		}
		finished <- result
	}()
	waitFor(t, func() bool {
		killed, err := h.Kill("two")
		return killed && err == nil
	})
	if kind, message := failure(t, <-finished); kind != "Runtime.ExitError" || !strings.Contains(message, "signal: killed") {
		t.Errorf("got %s: %s", kind, message)
	}
	if s := h.Stats(); s["one"].Crashes != 0 || s["two"].Crashes != 1 {
		t.Errorf("stats: %+v", s)
	}
}

func TestAsync(t *testing.T) {
	dir := t.TempDir()
	f := function("one")
	f.Retries = 2
	f.Environment = map[string]string{"PROBE_RECORD": dir}
	var mu sync.Mutex
	var waited []int
	h := lambdatest.Host(t, lambda.Options{AsyncDelay: func(attempt int) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		waited = append(waited, attempt)
		return time.Millisecond
	}}, f)
	runs := func() int {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	for _, tc := range []struct {
		event string
		runs  int
	}{
		{`{"do":"pid"}`, 1},
		{`{"do":"once","text":"` + filepath.Join(t.TempDir(), "x") + `"}`, 2},
		{`{"do":"fail"}`, 3},
	} {
		before := runs()
		if err := h.InvokeAsync("one", []byte(tc.event)); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { return h.Stats()["one"].Running == 0 })
		if got := runs() - before; got != tc.runs {
			t.Errorf("%s: run %d times, want %d", tc.event, got, tc.runs)
		}
	}
	if want := []int{1, 1, 2}; !slices.Equal(waited, want) {
		t.Errorf("waited before attempts %v, want %v", waited, want)
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	h := lambdatest.Host(t, lambda.Options{}, function("one"))
	_, a := invoke(t, h, "one", `{"do":"pid"}`)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", a.PID)); err == nil {
		t.Error("the process lives on")
	}
	if _, err := h.Invoke(context.Background(), "one", lambda.Invocation{}); err == nil {
		t.Error("a closed host took an invocation")
	}
	if err := h.InvokeAsync("one", []byte("{}")); err == nil {
		t.Error("a closed host took an event")
	}
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 20 s")
		}
	}
}

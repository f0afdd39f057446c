package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leadline/infra/local/lambda/lambdatest"
)

// What TestMain builds: the runner itself, and a function that does what its event says.
var runnerBinary, probeBinary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "runner-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if probeBinary, err = lambdatest.Build(dir); err == nil {
			runnerBinary = filepath.Join(dir, "runner")
			var out []byte
			if out, err = exec.Command("go", "build", "-o", runnerBinary, "leadline/infra/local").CombinedOutput(); err != nil {
				err = fmt.Errorf("%w\n%s", err, out)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// world is a folder in which runners run, one after the other, over the same data.
type world struct {
	dir, template string
}

// newWorld makes a world with the small stack of testdata, every function of which is the probe.
func newWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir()}
	for _, name := range []string{"echo", "work", "follow", "tick"} {
		for _, folder := range []string{"build/" + name, "record/" + name} {
			if err := os.MkdirAll(filepath.Join(w.dir, folder), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Link(probeBinary, filepath.Join(w.dir, "build", name, "bootstrap")); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("testdata/stack.json")
	if err != nil {
		t.Fatal(err)
	}
	w.template = filepath.Join(w.dir, "stack.json")
	text = bytes.ReplaceAll(text, []byte("RECORD_FOLDER"), []byte(filepath.Join(w.dir, "record")))
	if err := os.WriteFile(w.template, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// events lists what a function was handed so far, in order.
func (w world) events(t *testing.T, function string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "record", function, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// processes lists what runs out of the world's folder, or over its data.
func (w world) processes(t *testing.T) []string {
	t.Helper()
	var all []string
	entries, err := os.ReadDir("/proc")
	if err != nil { // not Linux
		out, err := exec.Command("ps", "-axo", "pid,args").Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, w.dir) {
				all = append(all, line)
			}
		}
		return all
	}
	for _, e := range entries {
		command, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err != nil || len(command) == 0 {
			continue
		}
		if bytes.Contains(command, []byte(w.dir)) {
			all = append(all, e.Name()+" "+strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return all
}

// running is a runner that is up.
type running struct {
	runFile
	world world
	cmd   *exec.Cmd
	out   *output
	ended chan error
}

// output collects what a runner prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts a runner.
func (w world) launch(t *testing.T, flags ...string) *running {
	t.Helper()
	r := &running{world: w, out: &output{}, ended: make(chan error, 1)}
	args := append([]string{"--port", "0", "--data", filepath.Join(w.dir, "data"), "--run-file", filepath.Join(w.dir, "run.json"),
		"--functions", filepath.Join(w.dir, "build"), "--template", w.template, "--queue-speed", "60"}, flags...)
	r.cmd = exec.Command(runnerBinary, args...)
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	r.cmd.Env = append(os.Environ(), "AWS_PROFILE=a-profile-that-must-not-matter")
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// up starts a runner and waits until it is ready.
func (w world) up(t *testing.T, flags ...string) *running {
	t.Helper()
	r := w.launch(t, flags...)
	r.await(t)
	return r
}

func (r *running) ready() bool { return strings.HasSuffix(r.out.String(), "\nREADY\n") }

// await waits until a runner is ready.
func (r *running) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !r.ready(); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-r.ended:
			t.Fatalf("the runner ended: %v\n%s", err, r.out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not ready:\n%s", r.out)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.world.dir, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r.runFile); err != nil {
		t.Fatal(err)
	}
}

// end sends a signal and waits for the end.
func (r *running) end(t *testing.T, signal syscall.Signal) error {
	t.Helper()
	if err := r.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("it did not end:\n%s", r.out)
		return nil
	}
}

// post asks the runner's own door for something.
func (r *running) post(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := http.Post(r.Control+path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (r *running) drain(t *testing.T) {
	t.Helper()
	if status, body := r.post(t, "/drain?timeout=30s"); status != http.StatusOK {
		t.Fatalf("drain: %d %s\n%s", status, body, r.out)
	}
}

func (r *running) status(t *testing.T) status {
	t.Helper()
	code, body := get(t, r.Control+"/status")
	var got status
	if err := json.Unmarshal(body, &got); err != nil || code != http.StatusOK {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	return got
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: " + what)
		}
	}
}

// TestRestart ends a runner in every way and starts another one over its data.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	first := w.up(t)
	c := clientsOf(t, first)
	c.put(t, "org_1", "a", "")
	first.drain(t)
	if status, body := first.post(t, "/pause?function=work"); status != http.StatusOK {
		t.Fatal(status, body)
	}
	c.send(t, "kept")
	get(t, first.BaseURL+"/v1/x") // so that there is a process of each kind
	if n := len(w.processes(t)); n < 4 {
		t.Fatalf("only %d processes can be seen: %v", n, w.processes(t))
	}

	second := w.launch(t) // over the same data
	if err := <-second.ended; err == nil || !strings.Contains(second.out.String(), "running over this data already") {
		t.Errorf("a second runner over the same data: %v\n%s", err, second.out)
	}
	if len(w.processes(t)) == 0 {
		t.Error("the second runner ended the first one's processes")
	}

	if err := first.end(t, syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, first.out)
	}
	waitFor(t, "no process is left after SIGTERM", func() bool { return len(w.processes(t)) == 0 })
	if _, err := os.Stat(filepath.Join(w.dir, "run.json")); err == nil {
		t.Error("run.json is still there")
	}

	third := w.up(t)
	c = clientsOf(t, third)
	c.put(t, "org_1", "b", "")
	third.drain(t)
	if got := strings.Join(w.events(t, "work"), ""); strings.Count(got, `"body":"kept"`) != 1 {
		t.Errorf("the message of before the restart was handed out as %s", got)
	}
	changes := strings.Join(w.events(t, "follow"), "")
	before, after := strings.Count(changes, `"NewImage":{"do":{"S":""},"pk":{"S":"org_1"},"sk":{"S":"a"}}`), strings.Count(changes, `"NewImage":{"do":{"S":""},"pk":{"S":"org_1"},"sk":{"S":"b"}}`)
	if before != 1 || after != 1 {
		t.Errorf("the change of before the restart was handed out %d times, the one after it %d times: %s", before, after, changes)
	}
	if got := c.get(t, "org_1", "a"); !got {
		t.Error("the item of before the restart is gone")
	}

	if err := third.end(t, syscall.SIGKILL); err == nil {
		t.Error("SIGKILL did not kill")
	}
	waitFor(t, "no process is left after SIGKILL", func() bool { return len(w.processes(t)) == 0 })
	fourth := w.up(t)
	if got := clientsOf(t, fourth).get(t, "org_1", "b"); !got {
		t.Error("the item of before the kill is gone")
	}
	if err := fourth.end(t, syscall.SIGINT); err != nil {
		t.Errorf("SIGINT: %v", err)
	}
}

func TestTakenPort(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	r := w.launch(t, "--port", port)
	if err := <-r.ended; err == nil {
		t.Fatal("it started on a taken port")
	}
	for _, want := range []string{"port " + port, "--port", "LEADLINE_LOCAL_PORT"} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("the message does not name %q: %s", want, r.out)
		}
	}
}

func TestMissingFunction(t *testing.T) {
	w := newWorld(t)
	if err := os.Remove(filepath.Join(w.dir, "build", "tick", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(w.dir, "run.json") // of a runner that was killed
	if err := os.WriteFile(stale, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.launch(t)
	if err := <-r.ended; err == nil || !strings.Contains(r.out.String(), filepath.Join("tick", "bootstrap")) || !strings.Contains(r.out.String(), "make build") {
		t.Errorf("%v: %s", err, r.out)
	}
	waitFor(t, "no process is left", func() bool { return len(w.processes(t)) == 0 })
	if _, err := os.Stat(stale); err == nil {
		t.Error("the run file of a runner that was killed is still there")
	}
}

func TestStopWhileStarting(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	var out output
	time.AfterFunc(300*time.Millisecond, cancel)
	err := run(ctx, []string{"--port", "0", "--data", filepath.Join(w.dir, "data"), "--run-file", filepath.Join(w.dir, "run.json"),
		"--functions", filepath.Join(w.dir, "build"), "--template", w.template}, func(string) string { return "" }, &out, &out)
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	waitFor(t, "no process is left", func() bool { return len(w.processes(t)) == 0 })
}

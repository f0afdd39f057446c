// Package e2e_test runs the whole system as a user would: the built binaries, the synthesized template, the emulators,
// over HTTP only.
package e2e_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const root = "../../.."

// system is a running Leadline, started by its runner as `make run` does.
type system struct {
	BaseURL      string `json:"base_url"`
	Organization string `json:"organization"`
	AdminKey     string `json:"admin_key"`
	Close        struct {
		WebhookURL   string `json:"webhook_url"`
		SignatureKey string `json:"signature_key"`
		Connection   string `json:"connection"`
	} `json:"close"`
	Client struct {
		ID         string `json:"clientid"`
		Secret     string `json:"clientSecret"`
		Connection string `json:"connection"`
	} `json:"client"`
	Control   string            `json:"control"`
	Endpoints map[string]string `json:"endpoints"`
	Outputs   map[string]string `json:"outputs"`

	// disabledAt is when a client was disabled, and stillRefused tells whether it is refused.
	disabledAt   time.Time
	stillRefused func() bool

	dir     string
	command *exec.Cmd
	output  *bytes.Buffer
	exited  chan error
}

// start brings a system up over the data in dir and waits until it is ready.
func start(t *testing.T, dir string, flags ...string) *system {
	t.Helper()
	for _, binary := range []string{".local/bin/runner", ".local/bin/leadline", ".build/local/receive/bootstrap"} {
		if _, err := os.Stat(filepath.Join(root, binary)); err != nil {
			t.Fatalf("%s is missing: run `make build` first", binary)
		}
	}
	runFile := filepath.Join(dir, "run.json")
	args := append([]string{"--port", "0", "--data", filepath.Join(dir, "data"), "--run-file", runFile, "--stage", "dev",
		"--ctl", ".local/bin/leadline", "--functions", ".build/local"}, flags...)
	s := &system{dir: dir, output: &bytes.Buffer{}, exited: make(chan error, 1)}
	s.command = exec.Command(".local/bin/runner", args...)
	s.command.Dir = root
	s.command.Stdout, s.command.Stderr = s.output, s.output
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.command.Wait() }()
	t.Cleanup(func() { s.stop(t) })
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		text, err := os.ReadFile(runFile)
		if err == nil && json.Unmarshal(text, s) == nil {
			return s
		}
		select {
		case err := <-s.exited:
			s.exited <- err
			t.Fatalf("the runner ended: %v\n%s", err, s.output)
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("not ready after three minutes:\n%s", s.output)
	return nil
}

// stop ends the system as Ctrl-C does.
func (s *system) stop(t *testing.T) {
	t.Helper()
	_ = s.command.Process.Signal(syscall.SIGINT)
	select {
	case err := <-s.exited:
		s.exited <- err
	case <-time.After(30 * time.Second):
		_ = s.command.Process.Kill()
		t.Errorf("the runner did not stop within 30 s:\n%s", s.output)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "run.json")); err == nil {
		t.Error("run.json outlived the runner")
	}
}

// post sends body to the webhook URL of the demo connection, signed now, and gives the status and the answer.
func (s *system) post(t *testing.T, body []byte) (int, string) {
	t.Helper()
	status, answer, err := s.tryPost(body)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// tryPost is post for other goroutines than the test's. It signs by itself, not with the code under test.
func (s *system) tryPost(body []byte) (int, string, error) {
	key, err := hex.DecodeString(s.Close.SignatureKey)
	if err != nil {
		return 0, "", err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s%s", stamp, body)
	req, err := http.NewRequest(http.MethodPost, s.Close.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("content-type", "application/json")
	req.Header.Set("close-sig-timestamp", stamp)
	req.Header.Set("close-sig-hash", hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, string(answer), err
}

// accept posts and demands a 200.
func (s *system) accept(t *testing.T, body []byte) {
	t.Helper()
	if status, answer := s.post(t, body); status != http.StatusOK {
		t.Fatalf("%.80s: %d %s", body, status, answer)
	}
}

// call makes a request to the API with a key and gives the status and the answer.
func (s *system) call(t *testing.T, key, method, path string, body any) (int, []byte) {
	t.Helper()
	status, answer, err := s.tryCall(key, method, path, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// tryCall is call for other goroutines than the test's, with more headers.
func (s *system) tryCall(key, method, path string, body any, header map[string]string) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, s.BaseURL+path, content)
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("content-type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// get reads a JSON answer of the API with the admin's key into target; it gives false for 404.
func (s *system) get(t *testing.T, path string, target any) bool {
	t.Helper()
	found, err := s.tryGet(path, target)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// tryGet is get for other goroutines than the test's. Chaos throttles the API's reads, too: it asks again.
func (s *system) tryGet(path string, target any) (bool, error) {
	for try := 0; ; try++ {
		status, answer, err := s.tryCall(s.AdminKey, http.MethodGet, path, nil, nil)
		switch {
		case err != nil:
			return false, err
		case status == http.StatusServiceUnavailable && try < 20:
			time.Sleep(50 * time.Millisecond)
		case status == http.StatusNotFound:
			return false, nil
		case status != http.StatusOK:
			return false, fmt.Errorf("GET %s: %d %s", path, status, answer)
		default:
			return true, json.Unmarshal(answer, target)
		}
	}
}

// list reads all pages of a list.
func list[T any](t *testing.T, s *system, path string) []T {
	t.Helper()
	all, err := tryList[T](s, path)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tryList is list for other goroutines than the test's.
func tryList[T any](s *system, path string) ([]T, error) {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	var all []T
	for cursor := ""; ; {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		found, err := s.tryGet(path+separator+"limit=200&cursor="+url.QueryEscape(cursor), &page)
		if err != nil || !found {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// recordPath is the API's path of a record of the demo connection.
func (s *system) recordPath(object, id string) string {
	return "/v1/connections/" + s.Close.Connection + "/objects/" + url.PathEscape(object) + "/records/" + url.PathEscape(id)
}

// eventually asks until the answer is yes or the time is over.
func eventually(t *testing.T, limit time.Duration, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if ask() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// order gives the runner an order at its own door.
func (s *system) order(t *testing.T, order string) {
	t.Helper()
	res, err := http.Post(s.Control+"/"+order, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", order, res.StatusCode, answer)
	}
}

// runnerStatus is what the runner tells of itself, as far as the tests look at it.
type runnerStatus struct {
	Queues map[string]struct {
		Visible  int `json:"visible"`
		InFlight int `json:"in_flight"`
		Delayed  int `json:"delayed"`
	} `json:"queues"`
	Chaos map[string]int64 `json:"chaos"`
}

func (s *system) status(t *testing.T) runnerStatus {
	t.Helper()
	res, err := http.Get(s.Control + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var status runnerStatus
	if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	return status
}

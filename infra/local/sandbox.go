package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"leadline/infra/local/process"
)

// sandbox is a CRM to connect to that looks like Close: a program of its own, which shares nothing with Leadline. The run
// file has it as it is here.
type sandbox struct {
	URL string `json:"url"`
	// APIBase is the base_url of a connection to it.
	APIBase string `json:"api_base"`
	// APIKey is that of its admin.
	APIKey string `json:"api_key"`
	// ClientID and ClientSecret are those of its OAuth application.
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// Control is where it is told what should go wrong.
	Control string `json:"control"`
	// Organization is what it calls itself.
	Organization string `json:"organization"`
}

// What --sandbox may be besides the URL of one that runs.
const (
	sandboxOn  = "on"
	sandboxOff = "off"
)

// sandboxDoor is how far the port of the sandbox lies behind that of the public URL.
const sandboxDoor = 5

// sandboxState is what makes the sandbox of a restart the one that was there before, as far as its beginning goes: it keeps
// nothing itself. It lies in the data folder.
type sandboxState struct {
	Port int `json:"port"`
	// Start is the time at which its data ends.
	Start time.Time `json:"start"`
}

// startSandbox starts the sandbox, or finds the one that runs, as the options say.
func (s *system) startSandbox(ctx context.Context) error {
	if s.o.sandbox == sandboxOff {
		return nil
	}
	done := s.console.step("sandbox CRM", "making its data")
	url := s.o.sandbox
	if url == sandboxOn {
		var err error
		if url, err = s.runSandbox(ctx); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	found, err := askSandbox(ctx, http.DefaultClient, strings.TrimRight(url, "/"))
	if err != nil {
		return err
	}
	s.sandbox = &found
	done("%s, %s", found.Organization, found.URL)
	return nil
}

// runSandbox starts the sandbox's program at the port where it was before, if it was and that is free, and gives its URL.
func (s *system) runSandbox(ctx context.Context) (string, error) {
	file := filepath.Join(s.o.data, "sandbox.json")
	state := sandboxState{Start: time.Now().UTC().Truncate(24 * time.Hour)}
	if text, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(text, &state); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	switch {
	case s.o.port != 0:
		state.Port = s.o.port + sandboxDoor
	case !isFree(state.Port):
		state.Port = 0
	}
	url, err := s.launchSandbox(ctx, state)
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if state.Port, err = strconv.Atoi(port); err != nil {
		return "", fmt.Errorf("it listens on %s", url)
	}
	text, err := json.Marshal(state)
	if err == nil {
		err = writeFile(file, append(text, '\n'), 0o600)
	}
	return url, err
}

// isFree tells whether a port can be listened on.
func isFree(port int) bool {
	l, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
	return err == nil && l.Close() == nil
}

// sandboxPatience is how long the sandbox may take to make its data: a million records take a while.
const sandboxPatience = 3 * time.Minute

// launchSandbox starts the program and gives its URL when it is ready. close ends it.
func (s *system) launchSandbox(ctx context.Context, state sandboxState) (string, error) {
	path, err := filepath.Abs(s.o.sandboxBinary)
	if err != nil {
		return "", err
	}
	log, err := openLog(s.o, "sandbox")
	if err != nil {
		return "", err
	}
	s.opened(log.Close)
	says := newAnnouncement(log)
	// Flags that people give come last, and win.
	cmd := exec.Command(path, append([]string{"-port", strconv.Itoa(state.Port), "-start", state.Start.Format(time.RFC3339)}, strings.Fields(s.o.sandboxFlags)...)...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = says, says, time.Second
	cmd.Env = append(os.Environ(), "TZ=UTC")
	if err := s.processes.Start(cmd); err != nil {
		return "", fmt.Errorf("%w: run `make build`", err)
	}
	ended := make(chan struct{})
	stopping := make(chan struct{})
	go func() {
		defer close(ended)
		err := cmd.Wait()
		select {
		case <-stopping:
		default:
			s.console.warn("the sandbox CRM ended by itself (%v); %s says why", err, filepath.Join(s.o.logs, "sandbox.log"))
		}
	}()
	s.opened(func() error {
		close(stopping)
		_ = process.Signal(cmd, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(3 * time.Second):
			_ = process.Signal(cmd, syscall.SIGKILL)
			<-ended
		}
		return nil
	})
	select {
	case url := <-says.ready:
		return url, nil
	case <-ended:
		return "", fmt.Errorf("it did not start: %s", says.text())
	case <-time.After(sandboxPatience):
		return "", fmt.Errorf("it is not ready after %v: %s", sandboxPatience, says.text())
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// announcement passes on what the sandbox prints, and hears the line in which it says where it listens.
type announcement struct {
	to    io.Writer
	ready chan string

	mu    sync.Mutex
	said  []byte // until it is ready
	heard bool
}

func newAnnouncement(to io.Writer) *announcement {
	return &announcement{to: to, ready: make(chan string, 1)}
}

func (a *announcement) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.heard {
		a.said = append(a.said, p...)
		for line := range bytes.Lines(a.said) {
			if words := strings.Fields(string(line)); len(words) >= 3 && words[0] == "sandbox" && words[1] == "ready" && bytes.HasSuffix(line, []byte("\n")) {
				a.heard = true
				a.ready <- words[2]
			}
		}
	}
	return a.to.Write(p)
}

// text gives what was said before it was ready.
func (a *announcement) text() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.TrimSpace(string(a.said))
}

// askSandbox asks a sandbox that runs for its keys.
func askSandbox(ctx context.Context, client *http.Client, base string) (sandbox, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return sandbox{}, fmt.Errorf("--sandbox=%s: want %s, %s or the URL of a sandbox", base, sandboxOn, sandboxOff)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/_sandbox/info", nil)
	if err != nil {
		return sandbox{}, err
	}
	response, err := client.Do(r)
	if err != nil {
		return sandbox{}, fmt.Errorf("sandbox: %w", err)
	}
	defer response.Body.Close()
	var info struct {
		Name         string `json:"name"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Users        []struct{ Email, Role string }
		// Keys are those of users, by their e-mail addresses.
		Keys map[string]string
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&info); err != nil || response.StatusCode != http.StatusOK {
		return sandbox{}, fmt.Errorf("sandbox: %s/_sandbox/info does not answer as a sandbox does (%d)", base, response.StatusCode)
	}
	admins := map[string]bool{}
	for _, user := range info.Users {
		admins[user.Email] = admins[user.Email] || user.Role == "Admin"
	}
	var keys []string
	for key, email := range info.Keys {
		if admins[email] {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return sandbox{}, fmt.Errorf("sandbox: %s has no API key of an admin", base)
	}
	slices.Sort(keys)
	return sandbox{URL: base, APIBase: base + "/api/v1", APIKey: keys[0], ClientID: info.ClientID, ClientSecret: info.ClientSecret,
		Control: base + "/_sandbox", Organization: info.Name}, nil
}

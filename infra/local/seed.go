package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"leadline/infra/local/process"
)

// demo is the organization that a newcomer starts with. It is kept in the data folder.
type demo struct {
	Organization string     `json:"organization"`
	AdminKey     string     `json:"admin_key"`
	Close        demoClose  `json:"close"`
	Client       demoClient `json:"client"`
	// CRM is nil where the organization is not connected to the sandbox.
	CRM *demoCRM `json:"crm,omitempty"`
}

// demoClose is its connection to Close.
type demoClose struct {
	WebhookURL   string `json:"webhook_url"`
	SignatureKey string `json:"signature_key"`
	Connection   string `json:"connection"`
}

// demoClient is its client software, with the credentials that it pushes rows with.
type demoClient struct {
	ID         string `json:"clientid"`
	Secret     string `json:"clientSecret"`
	Connection string `json:"connection"`
}

// seeder makes the demo organization through the same doors as an operator does: the leadline command and the API.
type seeder struct {
	ctl       string
	file      string // where the result is kept
	baseURL   string
	env       map[string]string
	processes *process.Starter
	client    *http.Client
}

// seed gives the demo organization, a new one if there is none or the data does not know it any more.
func (s seeder) seed(ctx context.Context) (d demo, isNew bool, err error) {
	data, err := os.ReadFile(s.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return demo{}, false, fmt.Errorf("demo organization: %w", err)
	default:
		if err := json.Unmarshal(data, &d); err != nil {
			return demo{}, false, fmt.Errorf("demo organization: %s: %w", s.file, err)
		}
		known, err := s.known(ctx, d)
		if err != nil {
			return demo{}, false, err
		}
		if known {
			d.Close.WebhookURL = rebase(d.Close.WebhookURL, s.baseURL)
			if d.Client.ID != "" {
				return d, false, nil
			}
			// The data is from before there were clients.
			if d.Client, err = s.createClient(ctx, d.AdminKey); err != nil {
				return demo{}, false, err
			}
			return d, false, s.keep(d)
		}
	}
	if d, err = s.create(ctx); err != nil {
		return demo{}, false, err
	}
	return d, true, s.keep(d)
}

// keep writes the file.
func (s seeder) keep(d demo) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err == nil {
		err = writeFile(s.file, append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("demo organization: %w", err)
	}
	return nil
}

// known asks the API whether it knows the organization's key and connection.
func (s seeder) known(ctx context.Context, d demo) (bool, error) {
	status, _, err := s.call(ctx, d.AdminKey, http.MethodGet, "/v1/connections/"+url.PathEscape(d.Close.Connection), nil)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusOK:
		return true, nil
	case status == http.StatusUnauthorized, status == http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("demo organization: the API answers %d: its log says why", status)
}

func (s seeder) create(ctx context.Context) (demo, error) {
	var d demo
	out, err := s.command(ctx, "bootstrap", "--organization", "demo", "--name", "Demo", "--json")
	if err != nil {
		return demo{}, err
	}
	if err := json.Unmarshal(out, &d); err != nil || d.AdminKey == "" || d.Organization == "" {
		return demo{}, errors.New("demo organization: `leadline bootstrap` did not print an organization and its key")
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	d.Close.SignatureKey = hex.EncodeToString(key[:])
	var made struct {
		ID         string `json:"id"`
		WebhookURL string `json:"webhook_url"`
	}
	if err := s.post(ctx, d.AdminKey, "connection", "/v1/connections", map[string]string{
		"connector": "close", "name": "Close demo", "signature_key": d.Close.SignatureKey,
	}, &made); err != nil {
		return demo{}, err
	}
	if made.ID == "" || made.WebhookURL == "" {
		return demo{}, errors.New("demo connection: the API's answer has no id and webhook_url")
	}
	d.Close.Connection, d.Close.WebhookURL = made.ID, made.WebhookURL
	d.Client, err = s.createClient(ctx, d.AdminKey)
	return d, err
}

func (s seeder) createClient(ctx context.Context, key string) (demoClient, error) {
	var made demoClient
	if err := s.post(ctx, key, "client", "/v1/clients", map[string]string{"name": "Demo client"}, &made); err != nil {
		return demoClient{}, err
	}
	if made.ID == "" || made.Secret == "" || made.Connection == "" {
		return demoClient{}, errors.New("demo client: the API's answer has no clientid, clientSecret and connection")
	}
	return made, nil
}

// post has the API make something of the demo.
func (s seeder) post(ctx context.Context, key, what, path string, body, made any) error {
	return s.send(ctx, key, what, http.MethodPost, path, body, made)
}

// send has the API change something of the demo.
func (s seeder) send(ctx context.Context, key, what, method, path string, body, made any) error {
	status, answer, err := s.call(ctx, key, method, path, body)
	if err != nil {
		return err
	}
	if status != http.StatusCreated && status != http.StatusAccepted && status != http.StatusOK {
		return fmt.Errorf("demo %s: the API answers %d: %s", what, status, problemTitle(answer))
	}
	if err := json.Unmarshal(answer, made); err != nil {
		return fmt.Errorf("demo %s: the API's answer is no JSON object", what)
	}
	return nil
}

// problemTitle gives what a problem document says for people.
func problemTitle(body []byte) string {
	var p struct{ Title, Detail string }
	_ = json.Unmarshal(body, &p) // what is no problem document says nothing
	return strings.TrimSpace(p.Title + " " + p.Detail)
}

// command runs the leadline command with an environment of its own and gives what it prints.
func (s seeder) command(ctx context.Context, args ...string) ([]byte, error) {
	path, err := filepath.Abs(s.ctl)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(s.file)}
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := s.processes.Start(cmd); err != nil {
		return nil, fmt.Errorf("demo organization: %w: run `make build`", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return nil, fmt.Errorf("demo organization: `leadline %s`: %w\n%s", args[0], err, stderr.Bytes())
		}
		return stdout.Bytes(), nil
	case <-ctx.Done():
		_ = process.Signal(cmd, syscall.SIGKILL)
		<-ended
		return nil, ctx.Err()
	}
}

// call makes a request to the API.
func (s seeder) call(ctx context.Context, key, method, path string, body any) (status int, answer []byte, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.baseURL+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("demo organization: %w", err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, answer, err
}

// rebase gives a URL the scheme, host and port of another.
func rebase(text, base string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return base + u.EscapedPath()
}

// seed makes the demo organization, if the stack has what it takes.
func (s *system) seed(ctx context.Context) (*demo, error) {
	table, key := s.outputs["TableTenancy"], s.outputs["KeySecrets"]
	if s.o.ctl == "" || table == "" || key == "" {
		return nil, nil
	}
	done := s.console.step("demo organization", "")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	how := map[bool]string{true: "new", false: "as before"}
	d, isNew, err := s.seeder().seed(ctx)
	if err != nil {
		return nil, err
	}
	done("%s, %s", d.Organization, how[isNew])
	if s.sandbox == nil || !s.o.sandboxImport {
		return &d, nil
	}
	done = s.console.step("connection to the CRM", "")
	if isNew, err = s.seeder().connect(ctx, &d, *s.sandbox); err != nil {
		if isNew || d.CRM.Connection == "" {
			return nil, err
		}
		// Whoever has done something to it since knows better.
		s.console.warn("the connection to the sandbox CRM is as it was left: %v", err)
		return &d, nil
	}
	done("%s, %s", d.CRM.Connection, how[isNew])
	return &d, nil
}

func (s *system) seeder() seeder {
	return seeder{
		ctl: s.o.ctl, file: filepath.Join(s.o.data, "demo.json"), baseURL: s.baseURL(), env: s.operatorEnvironment(),
		processes: s.processes, client: http.DefaultClient,
	}
}

// operatorEnvironment is what the leadline command needs to work on the tables directly, as an operator does on AWS.
func (s *system) operatorEnvironment() map[string]string {
	env := s.environment(nil)
	env["AWS_REGION"] = region
	env["TABLE_TENANCY"], env["TABLE_WORK"], env["KEY_SECRETS"] = s.outputs["TableTenancy"], s.outputs["TableWork"], s.outputs["KeySecrets"]
	return env
}

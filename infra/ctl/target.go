package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const defaultRunFile = ".local/run.json"

// runFile is what `make run` writes when all is up.
type runFile struct {
	BaseURL      string `json:"base_url"`
	Organization string `json:"organization"`
	AdminKey     string `json:"admin_key"`
	Close        struct {
		Connection   string `json:"connection"`
		WebhookURL   string `json:"webhook_url"`
		SignatureKey string `json:"signature_key"`
	} `json:"close"`
	Client runClient `json:"client"`
	// CRM is the connection that logs in at the sandbox; empty where there is none.
	CRM struct {
		Connection string `json:"connection"`
		// Program is the demo's; empty until there is one.
		Program string `json:"program"`
	} `json:"crm"`
	// Endpoints are the emulators, by AWS service in lower case.
	Endpoints map[string]string `json:"endpoints"`
	// Outputs are those of the stack.
	Outputs map[string]string `json:"outputs"`
}

// runClient is the client software of the demo organization.
type runClient struct {
	ClientID     string `json:"clientid"`
	ClientSecret string `json:"clientSecret"`
	Connection   string `json:"connection"`
}

// readRunFile reads the run file. The default one is looked for in the folders above, too.
func (c *command) readRunFile() (runFile, error) {
	text, err := os.ReadFile(c.runFile)
	if c.runFile == defaultRunFile && errors.Is(err, fs.ErrNotExist) {
		text, err = readAbove(defaultRunFile)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return runFile{}, fmt.Errorf("there is no %s: start Leadline with `make run`, or set LEADLINE_URL and LEADLINE_KEY", c.runFile)
	}
	if err != nil {
		return runFile{}, fmt.Errorf("read the run file: %w", err)
	}
	var r runFile
	if err := json.Unmarshal(text, &r); err != nil {
		return runFile{}, fmt.Errorf("read %s: %w", c.runFile, err)
	}
	return r, nil
}

// readAbove reads a file of the working directory or the nearest one above it that has it.
func readAbove(name string) ([]byte, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return text, err
		}
		dir = filepath.Dir(dir)
	}
}

// sender sends requests; people who watch are told why nothing happens for a while.
func (c *command) sender() sender {
	return sender{http: c.http, pause: func(ctx context.Context, d time.Duration) error {
		if d >= 2*time.Second && c.watched {
			_, _ = fmt.Fprintf(c.stderr, "\r\x1b[KThe other side is busy: going on in %s", d)
			defer func() { _, _ = fmt.Fprint(c.stderr, "\r\x1b[K") }()
		}
		return c.pause(ctx, d)
	}}
}

// client gives the API that the environment names, or else the one of the run file.
func (c *command) client() (*client, error) {
	url, key := c.getenv("LEADLINE_URL"), c.getenv("LEADLINE_KEY")
	if (url == "") != (key == "") {
		return nil, usagef("set both LEADLINE_URL and LEADLINE_KEY, or neither")
	}
	if url == "" {
		r, err := c.readRunFile()
		if err != nil {
			return nil, err
		}
		url, key = r.BaseURL, r.AdminKey
	}
	return &client{sender: c.sender(), base: strings.TrimRight(url, "/"), authorization: "Bearer " + key}, nil
}

// clientSoftware gives the API as client software sees it, with its own credentials: those of --client and
// LEADLINE_CLIENT_SECRET, or else those of the run file, which are shown to no other API.
func (c *command) clientSoftware(id string) (*client, error) {
	url, secret := c.getenv("LEADLINE_URL"), c.getenv("LEADLINE_CLIENT_SECRET")
	if url == "" {
		r, err := c.readRunFile()
		if err != nil {
			return nil, err
		}
		url = r.BaseURL
		if id == "" || id == r.Client.ClientID {
			id, secret = r.Client.ClientID, r.Client.ClientSecret
		}
	}
	if id == "" || secret == "" {
		return nil, usagef("say --client, with its secret in LEADLINE_CLIENT_SECRET, or --connection to push with an API key")
	}
	return &client{sender: c.sender(), base: strings.TrimRight(url, "/"), authorization: basic(id, secret)}, nil
}

// basic gives the credentials of client software as a header.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// runFile says, to scripts, where everything is while it is up. Only its owner can read it.
type runFile struct {
	BaseURL      string      `json:"base_url"`
	Organization string      `json:"organization,omitempty"`
	AdminKey     string      `json:"admin_key,omitempty"`
	Close        *demoClose  `json:"close,omitempty"`
	Client       *demoClient `json:"client,omitempty"`
	// CRM is the connection to the sandbox.
	CRM     *demoCRM `json:"crm,omitempty"`
	Sandbox *sandbox `json:"sandbox,omitempty"`

	Stage string `json:"stage"`
	PID   int    `json:"pid"`
	// Endpoints are those of the AWS services, in lower case. DynamoDB's is DynamoDB Local itself, not the proxy through
	// which the functions talk to it.
	Endpoints map[string]string `json:"endpoints"`
	// Control is the runner's own door.
	Control string `json:"control"`
	// Outputs are those of the stack.
	Outputs map[string]string `json:"outputs"`
	// Environment is what the leadline command and the AWS command line need to work on this system as an operator.
	Environment map[string]string `json:"environment"`
	Logs        string            `json:"logs"`
}

func (s *system) runFile(d *demo) (runFile, error) {
	logs, err := filepath.Abs(s.o.logs)
	if err != nil {
		return runFile{}, err
	}
	services := address(s.doors.services)
	f := runFile{
		BaseURL: s.baseURL(), Stage: s.o.stage, PID: os.Getpid(), Control: services + "/_local", Outputs: s.outputs,
		Environment: s.operatorEnvironment(), Logs: logs, Sandbox: s.sandbox,
		Endpoints: map[string]string{
			"sqs": services, "kms": services, "sesv2": services, "lambda": services, "s3": address(s.doors.s3),
			"dynamodb": s.emulators.local.Endpoint, "dynamodb_streams": s.emulators.local.Endpoint,
		},
	}
	if d != nil {
		f.Organization, f.AdminKey, f.Close, f.Client, f.CRM = d.Organization, d.AdminKey, &d.Close, &d.Client, d.CRM
	}
	return f, nil
}

// writeRunFile writes the run file in one step; it is removed at the end.
func (s *system) writeRunFile(d *demo) error {
	f, err := s.runFile(d)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(s.o.runFile, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("run file: %w", err)
	}
	s.opened(func() error { return os.Remove(s.o.runFile) })
	return nil
}

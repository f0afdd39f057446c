package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// demoCRM is the demo organization's connection to the sandbox CRM, which it logs in at, and the import that began with it.
type demoCRM struct {
	Connection string `json:"connection"`
	Import     string `json:"import"`
	// Program is the one that the demo organization earns by, once everything is imported.
	Program string `json:"program,omitempty"`
}

// connect connects the demo organization to the sandbox and has everything imported. What is done already stays: of a
// restart, the connection is told where the sandbox is now, and has itself looked after, for the sandbox has forgotten its
// subscription.
func (s seeder) connect(ctx context.Context, d *demo, to sandbox) (isNew bool, err error) {
	if d.CRM == nil {
		d.CRM = &demoCRM{}
	}
	if d.CRM.Connection != "" {
		status, answer, err := s.call(ctx, d.AdminKey, http.MethodGet, connectionPath(d.CRM.Connection), nil)
		switch {
		case err != nil:
			return false, err
		case status == http.StatusNotFound: // somebody removed it
			d.CRM = &demoCRM{}
		case status != http.StatusOK:
			return false, fmt.Errorf("demo CRM: the API answers %d: %s", status, problemTitle(answer))
		default:
			if err := s.reconnect(ctx, d, to); err != nil {
				return false, err
			}
		}
	}
	if d.CRM.Connection == "" {
		isNew = true
		if err := s.createCRM(ctx, d, to); err != nil {
			return false, err
		}
	}
	if d.CRM.Import != "" {
		return isNew, nil
	}
	var run struct{ ID string }
	if err := s.post(ctx, d.AdminKey, "import", connectionPath(d.CRM.Connection)+"/imports", struct{}{}, &run); err != nil {
		return isNew, err
	}
	if run.ID == "" {
		return isNew, errors.New("demo import: the API's answer has no id")
	}
	d.CRM.Import = run.ID
	return isNew, s.keep(*d)
}

func connectionPath(id string) string { return "/v1/connections/" + url.PathEscape(id) }

// demoAdmin is who gets the demo organization's mail, such as that an import is done.
const demoAdmin = "admin@demo.leadline.test"

func (s seeder) createCRM(ctx context.Context, d *demo, to sandbox) error {
	status, answer, err := s.call(ctx, d.AdminKey, http.MethodPost, "/v1/people", map[string]string{"email": demoAdmin, "name": "Demo admin", "role": "admin"})
	if err != nil {
		return err
	}
	if status != http.StatusCreated && status != http.StatusConflict { // there already
		return fmt.Errorf("demo admin: the API answers %d: %s", status, problemTitle(answer))
	}
	var made struct{ ID string }
	if err := s.post(ctx, d.AdminKey, "CRM", "/v1/connections", map[string]any{
		"connector": "close", "name": "Close sandbox", "base_url": to.APIBase, "login": map[string]string{"kind": "api_key", "api_key": to.APIKey},
	}, &made); err != nil {
		return err
	}
	if made.ID == "" {
		return errors.New("demo CRM: the API's answer has no id")
	}
	d.CRM.Connection = made.ID
	return s.keep(*d)
}

// reconnect tells the connection where the sandbox is, and tests its login.
func (s seeder) reconnect(ctx context.Context, d *demo, to sandbox) error {
	var answer any
	if err := s.send(ctx, d.AdminKey, "CRM", http.MethodPut, connectionPath(d.CRM.Connection)+"/settings", map[string]string{"base_url": to.APIBase}, &answer); err != nil {
		return err
	}
	return s.post(ctx, d.AdminKey, "CRM", connectionPath(d.CRM.Connection)+"/test", struct{}{}, &answer)
}

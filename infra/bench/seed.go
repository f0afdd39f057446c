package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
)

// customer is an organization with a connection to Close and a client.
type customer struct {
	key     string // of the API
	webhook string // URL
	signing string // hex
	client  struct {
		ID     string `json:"clientid"`
		Secret string `json:"clientSecret"`
	}
}

// signingKey is what the webhooks here are signed with.
const signingKey = "746865207369676e696e67206b6579206f66207468652062656e63686d61726b"

// found makes a customer through the doors that everybody uses: the leadline command and the API.
func (l *lab) found(ctx context.Context, o options, name string, withDestination bool) (*customer, error) {
	cmd := exec.CommandContext(ctx, o.ctl, "bootstrap", "--organization", name, "--json")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "AWS_REGION=" + region,
		"TABLE_TENANCY=" + l.tables["Tenancy"], "KEY_SECRETS=" + l.keys["Secrets"]}
	for variable, value := range l.environment {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("leadline bootstrap: %w", err)
	}
	var founded struct {
		AdminKey string `json:"admin_key"`
	}
	if err := json.Unmarshal(text, &founded); err != nil {
		return nil, fmt.Errorf("leadline bootstrap: %w", err)
	}
	c := &customer{key: founded.AdminKey, signing: signingKey}
	var conn struct {
		WebhookURL string `json:"webhook_url"`
	}
	if err := create(ctx, l.baseURL+"/v1/connections", c.key, map[string]string{"connector": "close", "name": name, "signature_key": c.signing}, &conn); err != nil {
		return nil, err
	}
	c.webhook = conn.WebhookURL
	if withDestination {
		if err := create(ctx, l.baseURL+"/v1/destinations", c.key, map[string]string{"name": name, "url": l.sink + "/v1/webhook"}, nil); err != nil {
			return nil, err
		}
	}
	return c, create(ctx, l.baseURL+"/v1/clients", c.key, map[string]string{"name": name}, &c.client)
}

// create has the API make something.
func create(ctx context.Context, url, key string, body, made any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	status, answer, err := post(ctx, http.DefaultClient, url, text, map[string]string{"Authorization": "Bearer " + key})
	if err != nil {
		return err
	}
	if status != http.StatusCreated && status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", url, status, answer)
	}
	if made == nil {
		return nil
	}
	return json.Unmarshal(answer, made)
}

// post posts JSON.
func post(ctx context.Context, client *http.Client, url string, body []byte, headers map[string]string) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

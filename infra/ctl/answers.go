package main

import (
	"encoding/json"
	"time"
)

// The answers of the API, as far as they are shown. functions/api/openapi.json describes them.
type (
	health struct {
		Status  string `json:"status"`
		Stage   string `json:"stage"`
		Version string `json:"version"`
	}
	connection struct {
		ID         string       `json:"id"`
		Connector  string       `json:"connector"`
		Name       string       `json:"name"`
		Status     string       `json:"status"`
		Keys       []signingKey `json:"keys"`
		CreatedAt  time.Time    `json:"created_at"`
		UpdatedAt  time.Time    `json:"updated_at"`
		Rev        int64        `json:"rev"`
		WebhookURL string       `json:"webhook_url,omitempty"`
		BaseURL    string       `json:"base_url,omitempty"`
		Account    *account     `json:"account,omitempty"`
		Login      *login       `json:"login,omitempty"`
		loginTest
	}
	// account is one at a provider.
	account struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
	}
	// login is what a connection logs in with.
	login struct {
		Kind        string              `json:"kind"`
		State       string              `json:"state"`
		Reason      string              `json:"reason,omitempty"`
		Since       *time.Time          `json:"since,omitempty"`
		Fingerprint string              `json:"fingerprint,omitempty"`
		ExpiresAt   *time.Time          `json:"expires_at,omitempty"`
		User        *account            `json:"user,omitempty"`
		Missing     []missingPermission `json:"missing_permissions"`
		TestedAt    *time.Time          `json:"tested_at,omitempty"`
	}
	// loginTest is what a test of a login told.
	loginTest struct {
		Identity *struct {
			Account account `json:"account"`
			User    struct {
				account
				Email string `json:"email,omitempty"`
			} `json:"user"`
		} `json:"identity,omitempty"`
		Permissions        []string            `json:"permissions,omitempty"`
		MissingPermissions []missingPermission `json:"missing_permissions,omitempty"`
		AuthorizeURL       string              `json:"authorize_url,omitempty"`
	}
	missingPermission struct {
		Permission string `json:"permission"`
		Needed     string `json:"needed"`
	}
	signingKey struct {
		Fingerprint string     `json:"fingerprint"`
		CreatedAt   time.Time  `json:"created_at"`
		ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	}
	recordState struct {
		ID         string                     `json:"id"`
		Object     string                     `json:"object"`
		Rev        int64                      `json:"rev"`
		Version    time.Time                  `json:"version"`
		Deleted    bool                       `json:"deleted"`
		MergedInto string                     `json:"merged_into,omitempty"`
		Contested  bool                       `json:"contested"`
		Fields     map[string]json.RawMessage `json:"fields"`
		Large      map[string]largeSketch     `json:"large,omitempty"`
		Source     source                     `json:"source"`
		StoredAt   time.Time                  `json:"stored_at"`
	}
	largeSketch struct {
		SHA256 string `json:"sha256"`
		Bytes  int64  `json:"bytes"`
	}
	source struct {
		Kind     string `json:"kind"`
		Delivery string `json:"delivery"`
		Event    string `json:"event,omitempty"`
		Action   string `json:"action,omitempty"`
	}
	revision struct {
		Rev        int64     `json:"rev"`
		FromRev    int64     `json:"from_rev"`
		Version    time.Time `json:"version,omitzero"` // zero, as are source and stored_at, if unknown
		Deleted    bool      `json:"deleted"`
		MergedInto string    `json:"merged_into,omitempty"`
		Contested  bool      `json:"contested"`
		Source     source    `json:"source,omitzero"`
		StoredAt   time.Time `json:"stored_at,omitzero"`
		Repaired   bool      `json:"repaired"`
		Changes    []change  `json:"changes"`
	}
	change struct {
		Field    string          `json:"field"`
		Old      json.RawMessage `json:"old,omitempty"`
		New      json.RawMessage `json:"new,omitempty"`
		OldLarge *largeSketch    `json:"old_large,omitempty"`
		NewLarge *largeSketch    `json:"new_large,omitempty"`
	}
	entry struct {
		ID         string     `json:"id"`
		Connection string     `json:"connection"`
		Connector  string     `json:"connector"`
		Object     string     `json:"object,omitempty"`
		Batch      string     `json:"batch,omitempty"`
		Row        int        `json:"row,omitempty"`
		Reason     string     `json:"reason"`
		Detail     string     `json:"detail"`
		Mismatches []mismatch `json:"mismatches,omitempty"`
		Kind       string     `json:"kind"`
		ReceivedAt time.Time  `json:"received_at"`
		Status     string     `json:"status"`
		Replays    int        `json:"replays"`
		UpdatedAt  time.Time  `json:"updated_at"`
		Payload    *payload   `json:"payload,omitempty"`
	}
	mismatch struct {
		Field    string `json:"field"`
		Expected string `json:"expected"`
		Found    string `json:"found"`
	}
	payload struct {
		Bytes  int     `json:"bytes"`
		Text   *string `json:"text,omitempty"`
		Base64 []byte  `json:"base64,omitempty"`
	}
	replay struct {
		Entry    string `json:"entry"`
		Delivery string `json:"delivery"`
	}
)

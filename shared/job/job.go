// Package job is long work that somebody asked for, as a resource with progress: a replay of many quarantine entries, a
// file to load, the export or the erasure of a person. A job goes on in steps; each saves how far it came.
package job

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leadline/shared/fault"
)

// Kind is what a job does. Its Params are a JSON object of the shape that the kind's package states.
type Kind string

// The kinds.
const (
	// Replay of quarantine entries by filter.
	Replay Kind = "replay"
	// Load of an uploaded file into batches of rows.
	Load Kind = "load"
	// Resend of deliveries to a destination.
	Resend Kind = "resend"
	// Export and Erase everything about a person.
	Export Kind = "export"
	Erase  Kind = "erase"
)

// Status is where a job stands.
type Status string

// The states. Done, Failed and Cancelled are final.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Final tells whether nothing more happens.
func (s Status) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Job is one piece of long work.
type Job struct {
	ID           string // "job_" and 12 of [0-9a-z]
	Organization string
	Kind         Kind
	Params       json.RawMessage
	Status       Status
	// Counts are its progress, by what is counted: "found", "replayed", "rows" ... Total is the count of "done" that it
	// works towards, 0 while unknown.
	Counts map[string]int64
	Total  int64
	// Cursor is how far it came, meaningful to its kind only; saved with Counts.
	Cursor string
	// Result is what it ended with, a JSON object by kind: where an export lies, say. Empty until Done.
	Result json.RawMessage
	// Problem says why it failed, for people.
	Problem string
	// CreatedBy is the audit actor who asked for it.
	CreatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	FinishedAt time.Time
	// Rev counts the changes to the job, from 1.
	Rev int64
}

// Message is what the jobs queue carries: which job to go on with. It carries no state.
type Message struct {
	V            int    `json:"v"`
	Organization string `json:"organization"`
	Job          string `json:"job"`
}

// Format is the version of Message.
const Format = 1

// Encode gives the message that makes a job go on.
func (j Job) Encode() ([]byte, error) {
	return json.Marshal(Message{V: Format, Organization: j.Organization, Job: j.ID})
}

// Decode reads a message of the jobs queue.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("job: decode: %w", err)
	}
	if m.V != Format || m.Organization == "" || m.Job == "" {
		return m, fmt.Errorf("job: format %d with organization %q and job %q is no job message", m.V, m.Organization, m.Job)
	}
	return m, nil
}

// ReplayParams select the open quarantine entries to replay; empty fields match all.
type ReplayParams struct {
	Connection string `json:"connection,omitempty"`
	Object     string `json:"object,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// Until is the id of the newest entry to replay, so that what is set aside anew is not replayed for ever.
	Until string `json:"until"`
}

// LoadParams name an uploaded file.
type LoadParams struct {
	// Batch is the ULID of the batch that the file becomes.
	Batch string `json:"batch"`
	// Upload is the key of the uploaded object in the payload bucket.
	Upload string `json:"upload"`
}

// ResendParams select the deliveries to a destination to send again: those that came in from From on and before Until,
// and, unless All, were not delivered.
type ResendParams struct {
	Destination string    `json:"destination"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
	All         bool      `json:"all,omitempty"`
}

// PersonParams say whom an export or an erasure is about: anybody whose record holds one of the addresses or numbers,
// and the records named.
type PersonParams struct {
	Emails  []string    `json:"emails,omitempty"`
	Phones  []string    `json:"phones,omitempty"`
	Records []RecordRef `json:"records,omitempty"`
}

// Check tells what is wrong with the description of a person: too little in it to find anybody by, or so little that it
// would find everybody: a fault of kind Invalid.
func (p PersonParams) Check() error {
	if len(p.Emails)+len(p.Phones)+len(p.Records) == 0 {
		return fault.New(fault.Invalid, "nobody_named", "Name the person by an e-mail address, a phone number or a record.")
	}
	for _, e := range p.Emails {
		local, domain, found := strings.Cut(strings.TrimSpace(e), "@")
		if !found || local == "" || !strings.Contains(domain, ".") {
			return fault.New(fault.Invalid, "nobody_named", "One of the e-mail addresses is none.")
		}
	}
	for _, phone := range p.Phones {
		if digits := strings.Map(digit, phone); len(digits) < 7 || len(digits) > 15 {
			return fault.New(fault.Invalid, "nobody_named", "A phone number has 7 to 15 digits, with its country code.")
		}
	}
	return nil
}

func digit(r rune) rune {
	if '0' <= r && r <= '9' {
		return r
	}
	return -1
}

// RecordRef names a record within an organization.
type RecordRef struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
}

// Package outbound sends events to URLs that organizations name: signed as Standard Webhooks says, to public addresses
// only, retried over three days, every attempt on record.
//
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package outbound

import (
	"time"

	"leadline/shared/record"
)

// Kind is what a destination gets.
type Kind string

// The kinds. Track destinations get one RudderStack track event for each event that comes in (package track), Events destinations
// what happens to participants here: points.awarded, tier.changed ... (announce.Domain).
const (
	Track  Kind = "track"
	Events Kind = "events"
)

// Destination is a URL that an organization wants events sent to.
type Destination struct {
	ID           string // "dst_" and 12 of [0-9a-z]
	Organization string
	Name         string
	URL          string
	Kind         Kind
	// Connections are those whose events it gets; empty for all.
	Connections []string
	// Types are the types of events that an Events destination gets; empty for all.
	Types []string
	// Secrets sign what is sent, newest first; at most two are valid at a time, both sign.
	Secrets []Secret
	// Headers are sent with each event, such as an Authorization; sealed with the organization's data key as a JSON object
	// of texts (secret.PurposeHeaders). HeaderNames are their names, to be shown.
	Headers     []byte
	HeaderNames []string
	// SeedTimestamps writes the track format's timestamps as RudderStack's documentation shows them (2019-01-TuT12:48:23.395+00:00).
	SeedTimestamps bool
	Status         Status
	// Problem says why it is switched off or failing, for people.
	Problem string
	// FailingSince is when the first of an unbroken row of failures happened; zero while it works.
	FailingSince time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// Rev counts the changes to the destination, from 1. Its ETag.
	Rev int64
}

// Status is where a destination stands.
type Status string

// The states. What comes for a destination that is switched off is noted as skipped, and can be replayed.
const (
	Active Status = "active"
	// Disabled by a person.
	Disabled Status = "disabled"
	// Failed was switched off by us, for lasting failure or because it answered 410.
	Failed Status = "failed"
)

// Secret signs. Its text is "whsec_" and the base64 of 32 random bytes.
type Secret struct {
	Fingerprint string
	// Sealed is the text, encrypted with the organization's data key (secret.PurposeSigningKey).
	Sealed    []byte
	CreatedAt time.Time
	// ExpiresAt is when a replaced secret no longer signs; zero for the present one.
	ExpiresAt time.Time
}

// Valid tells whether the secret signs at a time.
func (s Secret) Valid(at time.Time) bool { return s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt) }

// Delivery is one event on its way to one destination: what the deliver queue carries, what the log keeps.
type Delivery struct {
	V            int    `json:"v"`
	Organization string `json:"organization"`
	Destination  string `json:"destination"`
	// ID names the delivery and sorts by time: the ULID of what came in, a dash, and the destination's id. It is the same
	// on every retry and replay.
	ID string `json:"id"`
	// Event is the webhook-id, the receiver's key for recognizing a repetition.
	Event string `json:"event"`
	// Type is the event's type, to be shown: "opportunity updated".
	Type string `json:"type"`
	// Body is what is sent, unless Payload says where it lies, packed (delivery.Pack). The message of a retry or a replay
	// has neither: the log has them, and what is erased from it is not sent.
	Body    []byte             `json:"body,omitempty"`
	Payload *record.PayloadRef `json:"payload,omitempty"`
	// CreatedAt is when the event came in.
	CreatedAt time.Time `json:"created_at"`
	// Attempt is the number of the attempt that the message asks for, from 1.
	Attempt int `json:"attempt"`
	// Replay counts the replays that a person asked for; a message of an older replay is not attempted any more.
	Replay int `json:"replay,omitempty"`
}

// Format is the version of a Delivery as a message.
const Format = 1

// LogEntry is a delivery with what became of it.
type LogEntry struct {
	Delivery
	Outcome Outcome
	// Attempts are those of the present replay, oldest first, at most MaxAttempts.
	Attempts []Attempt
	// NextAt is when the next attempt is due; zero if there is none.
	NextAt    time.Time
	UpdatedAt time.Time
	Rev       int64
}

// Outcome is where a delivery stands.
type Outcome string

// The outcomes. Retrying is the only one that is not final.
const (
	Retrying  Outcome = "retrying"
	Delivered Outcome = "delivered"
	// GivenUp after the last attempt of the schedule, or because the destination answered 410.
	GivenUp Outcome = "given_up"
	// Skipped because the destination was switched off.
	Skipped Outcome = "skipped"
)

// Attempt is one request to a destination.
type Attempt struct {
	Number int       `json:"n"`
	At     time.Time `json:"at"`
	// Status is that of the answer; 0 if there was none.
	Status int `json:"status,omitempty"`
	// Took is in milliseconds.
	Took int64 `json:"ms"`
	// Problem says why there was no answer, or why it counts as a failure, for people.
	Problem string `json:"problem,omitempty"`
	// Answer is the beginning of the answer's body, cut to MaxAnswerBytes, as valid UTF-8.
	Answer string `json:"answer,omitempty"`
}

// MaxAnswerBytes of an answer are kept.
const MaxAnswerBytes = 1 << 10

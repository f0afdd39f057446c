// Package quarantine names what was set aside instead of applied: each entry has a reason for programs, an explanation
// for people and the untouched payload, and can be replayed.
package quarantine

import (
	"time"

	"leadline/shared/record"
)

// Reason says why something was set aside. The set is closed; a reason is the Code of the fault that caused the entry.
type Reason string

// The reasons.
const (
	// NotAnObject: the body is JSON but no object: null, a list, a text, a number.
	NotAnObject Reason = "not_an_object"
	// MalformedBody: the body is no JSON at all, or nests too deep.
	MalformedBody Reason = "malformed_body"
	// MissingEvent: the body has no event, or the event is no object.
	MissingEvent Reason = "missing_event"
	// MissingObjectType: the event does not say what kind of record it is about.
	MissingObjectType Reason = "missing_object_type"
	// MissingAction: the event does not say what happened.
	MissingAction Reason = "missing_action"
	// MissingID: the event does not say which record it is about.
	MissingID Reason = "missing_id"
	// InvalidID: the object type or the id is no text, or too long to be a key.
	InvalidID Reason = "invalid_id"
	// MissingVersion: neither the record nor the event carries a time that could order it.
	MissingVersion Reason = "missing_version"
	// MissingData: the event is no deletion and carries no record.
	MissingData Reason = "missing_data"
	// FutureVersion: the version lies further ahead of our clock than the guard allows; applied, it would freeze the
	// record. It can be replayed once that time has come.
	FutureVersion Reason = "future_version"
	// TooLarge: the record does not fit the store even with its large fields kept outside.
	TooLarge Reason = "too_large"
	// UnknownConnector: the delivery names a connector that this version does not have.
	UnknownConnector Reason = "unknown_connector"
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{NotAnObject, MalformedBody, MissingEvent, MissingObjectType, MissingAction, MissingID, InvalidID,
		MissingVersion, MissingData, FutureVersion, TooLarge, UnknownConnector}
}

// Status is where an entry stands.
type Status string

// An entry is open until a replay of it was applied.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
)

// Entry is one thing set aside.
type Entry struct {
	// ID is the id of the delivery that was set aside; ids sort by time of receipt.
	ID           string
	Organization string
	Connection   string
	Connector    string
	Reason       Reason
	// Detail explains the reason for people: which field, what was expected, what was found. It quotes no payload.
	Detail string
	// Kind is how it came: "webhook".
	Kind       string
	ReceivedAt time.Time
	Payload    record.PayloadRef
	Status     Status
	// Replays counts the replays that were set aside again or applied.
	Replays int
	// UpdatedAt is when the entry last changed.
	UpdatedAt time.Time
}

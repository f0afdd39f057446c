// Package quarantine names what was set aside instead of applied: each entry has a reason for programs, an explanation
// for people and the untouched payload, and can be replayed.
package quarantine

import (
	"fmt"
	"time"

	"leadline/shared/record"
	"leadline/shared/schema"
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
	// InvalidName: a field's name is empty, too long, or holds characters that no name has.
	InvalidName Reason = "invalid_name"
	// UnknownAction: the row's action is none of create, update and delete.
	UnknownAction Reason = "unknown_action"
	// InvalidVersion: the row's version field is there and is neither a time nor a whole number.
	InvalidVersion Reason = "invalid_version"
	// SchemaMismatch: the row breaks the accepted schema of its object. It replays when a version that takes it is accepted.
	SchemaMismatch Reason = "schema_mismatch"
	// SchemaUnconfirmed: the object is declared and its schema not confirmed yet. It replays when it is.
	SchemaUnconfirmed Reason = "schema_unconfirmed"
	// BatchReused: another batch came under the same key of the sender's own. Replayed, it counts as a batch of its own.
	BatchReused Reason = "batch_reused"
	// UnmappableEvent: the event cannot become a track event, for it has no type, action or id. Its record, if it has one,
	// was applied.
	UnmappableEvent Reason = "unmappable_event"
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{NotAnObject, MalformedBody, MissingEvent, MissingObjectType, MissingAction, MissingID, InvalidID,
		MissingVersion, MissingData, FutureVersion, TooLarge, UnknownConnector, InvalidName, UnknownAction, InvalidVersion,
		SchemaMismatch, SchemaUnconfirmed, BatchReused, UnmappableEvent}
}

// Status is where an entry stands.
type Status string

// An entry is open until a replay of it was applied, or a person discarded it.
const (
	Open      Status = "open"
	Resolved  Status = "resolved"
	Discarded Status = "discarded"
)

// Entry is one thing set aside.
type Entry struct {
	// ID is the id of the delivery that was set aside, for a row of a batch followed by "-" and the row's number in 8 digits;
	// ids sort by time of receipt.
	ID           string
	Organization string
	Connection   string
	Connector    string
	Reason       Reason
	// Detail explains the reason for people: which field, what was expected, what was found. It quotes no payload.
	Detail string
	// Object is the kind of record that it is about, where that is known.
	Object string
	// Batch, Public and Client are those of the batch of a row (see delivery.BatchPart). Row is its number in the batch, from
	// 1, and Index its place in the payload, from 0; Row is 0 where the whole payload was set aside.
	Batch, Public, Client string
	Row, Index            int
	// Record is the id of the record that a row of a page read from a CRM is about; empty where it does not say that.
	Record string
	// Mismatches are the fields that broke a schema.
	Mismatches []schema.Mismatch
	// Kind is how it came: "webhook", "push", "file", "fetch".
	Kind       string
	ReceivedAt time.Time
	Payload    record.PayloadRef
	Status     Status
	// Replays counts the replays that were set aside again or applied.
	Replays int
	// UpdatedAt is when the entry last changed.
	UpdatedAt time.Time
}

// RowID names the entry of a row of a batch.
func RowID(batch string, row int) string { return fmt.Sprintf("%s-%08d", batch, row) }

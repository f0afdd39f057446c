// Package schema says what the records of an object look like: fields with types, inferred from data or declared,
// widened by rule, held against each row, in numbered versions. It does no I/O.
package schema

import "time"

// Type is what a field holds. See Accepts for what each takes.
type Type string

// The types.
const (
	Text        Type = "text"
	Number      Type = "number"
	Money       Type = "money"
	Boolean     Type = "boolean"
	Date        Type = "date"
	DateTime    Type = "date_time"
	Choice      Type = "choice"
	MultiChoice Type = "multi_choice"
	Reference   Type = "reference"
	JSON        Type = "json"
	// Unknown is the type of a field of which only nulls were seen: it takes whatever comes first.
	Unknown Type = "unknown"
)

// Field is one field of an object.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Choices are the values that a declared choice takes; empty for any text.
	Choices []string `json:"choices,omitempty"`
	// Required fields must be there, and not null, in every create.
	Required bool `json:"required,omitempty"`
	// Title is what people call the field at its source, empty if that is its name.
	Title string `json:"title,omitempty"`
	// Refers names the object whose records the values name, where the source says so.
	Refers string `json:"refers,omitempty"`
	// Described is the type that the source last said the field has. Type is another where its values do not keep to that.
	Described Type `json:"described,omitempty"`
}

// Origin is where a version came from.
type Origin string

// The origins.
const (
	Template  Origin = "template"   // declared, from a ready-made list of fields or the admin's own
	Sample    Origin = "sample"     // inferred from rows that an admin showed
	FirstDump Origin = "first_dump" // inferred from the first rows that came in
	Accepted  Origin = "proposal"   // a proposed version that an admin accepted
	Followed  Origin = "followed"   // followed from a CRM by itself
)

// Version is one state of an object's schema. Fields are sorted by name.
type Version struct {
	Number int       `json:"number"`
	Fields []Field   `json:"fields"`
	Origin Origin    `json:"origin"`
	At     time.Time `json:"at"`
	// By is the audit actor who declared or accepted it; empty for what came by itself.
	By string `json:"by,omitempty"`
}

// State is where an object's schema stands.
type State string

// The states. Rows of a draft object are set aside until the schema is confirmed.
const (
	Draft     State = "draft"
	Confirmed State = "confirmed"
)

// Object is a kind of record of a connection, with its present schema.
type Object struct {
	Organization string
	Connection   string
	// Name is the key of the object. For a client's object it is in lower case; Title is as it was first written.
	Name  string
	Title string
	// IDField is the field whose value names the record ("id" unless chosen otherwise); VersionField, if any, the field
	// that orders the states of a record. Both only where the connection is a client's.
	IDField      string
	VersionField string
	// Follows says that the schema follows the source by itself (CRMs); otherwise rows are held to it.
	Follows bool
	State   State
	Present Version
	// Proposal is the next version that rows ask for; nil if none do.
	Proposal  *Proposal
	FirstSeen time.Time
	UpdatedAt time.Time
	// Rev counts the changes, from 1. Its ETag.
	Rev int64
}

// Proposal is what the schema would have to be for the rows that broke it.
type Proposal struct {
	Changes []Change `json:"changes"`
	// Rows is how many rows were set aside for it.
	Rows      int64     `json:"rows"`
	Since     time.Time `json:"since"`
	UpdatedAt time.Time `json:"updated_at"`
	// Full says that rows ask for more fields than an object may have; those beyond are not in Changes.
	Full bool `json:"full,omitempty"`
	// Counted holds the ids of the last chunks of rows that were counted, so that one that is processed again is not
	// counted twice. At most MaxCounted.
	Counted []string `json:"counted,omitempty"`
}

// MaxCounted bounds Proposal.Counted.
const MaxCounted = 200

// Change is what a proposal does to one field, or what differs between two versions (see Diff).
type Change struct {
	Field string `json:"field"`
	// From is the accepted type; empty for a new field.
	From Type `json:"from,omitempty"`
	// To is the type it gets; in a Diff, empty for a field that is gone.
	To Type `json:"to,omitempty"`
	// Choices are added to those of a choice; Removed, only in a Diff, are those that it no longer takes. A choice that loses
	// its whole list takes any text.
	Choices []string `json:"choices,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Optional says that the field is no longer required; Required, only in a Diff, that it is from now on.
	Optional bool `json:"optional,omitempty"`
	Required bool `json:"required,omitempty"`
	// Title and Refers, only in a Diff, are what the field has from now on, if that is new.
	Title  string `json:"title,omitempty"`
	Refers string `json:"refers,omitempty"`
	// Rows is how many rows asked for it.
	Rows int64 `json:"rows,omitempty"`
	// Examples are the first few values that asked for it.
	Examples []Example `json:"examples,omitempty"`
}

// Example is a value that broke a schema. Value is its JSON, cut to 120 bytes; Entry the quarantine entry of its row.
type Example struct {
	Value string `json:"value"`
	Entry string `json:"entry"`
}

// Mismatch is one field of a row that broke the schema.
type Mismatch struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// Package record holds the nouns of what is stored: records, their versions and content, and the changes that sources
// report. It does no I/O and knows no provider.
package record

import (
	"time"
)

// Key names one record.
type Key struct {
	Organization string `json:"organization"`
	Connection   string `json:"connection"`
	// Object is the source's name for the kind of record, such as "opportunity" or "activity.call".
	Object string `json:"object"`
	// ID is the source's id of the record.
	ID string `json:"id"`
}

// Limits of what can be a key. A change beyond them is set aside, not cut.
const (
	MaxObjectBytes = 128
	MaxIDBytes     = 512
)

// MaxBytes is the most that the content of a record may take, in bytes of canonical JSON; see Size. A row of history
// holds the old and the new content of every field, and both together must fit an item of 400 kB however badly they
// compress.
const MaxBytes = 128 << 10

// PayloadRef tells where an untouched payload lies: a byte range of an object in the payload bucket. The range holds
// one complete gzip member.
type PayloadRef struct {
	Key    string `json:"key"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
}

// Source says what caused a record's present state.
type Source struct {
	// Kind is how it came: "webhook", "push", "file", "fetch", "erasure".
	Kind string `json:"kind"`
	// Delivery is the id of the delivery that carried it.
	Delivery string `json:"delivery"`
	// Event is the source's id of the event, empty if it gives none.
	Event string `json:"event,omitempty"`
	// Action is the source's own word for what happened: "created", "merged", "answered" ...
	Action string `json:"action,omitempty"`
	// Row is the row of a client's batch that it was, from 1; 0 for what is no row.
	Row int `json:"row,omitempty"`
	// Payload is where the untouched payload lies.
	Payload PayloadRef `json:"payload"`
}

// Record is the stored state of one record.
type Record struct {
	Key
	Version Version
	// Rev counts the writes to this record, from 1. Each write has one row of history.
	Rev int64
	// Deleted marks a tombstone: the record is gone at the source, and only a newer version brings it back.
	Deleted bool
	// MergedInto is the id of the record (same object) that this one was merged into; only on tombstones.
	MergedInto string
	// Contested says that the source sent two different contents under one version. The higher one stands until the
	// record is read again from the source.
	Contested bool
	// Fields is the content, empty on a tombstone.
	Fields Fields
	// Large lists the fields whose values are kept in the payload bucket for their size.
	Large map[string]Large
	// Partial is what is remembered of a record whose source sends some fields at a time; nil for a full-state source.
	Partial *Partial
	// Erased marks a tombstone that the erasure of a person left: its history tells nothing of what was there.
	Erased bool
	// Source says what caused this state.
	Source Source
	// StoredAt is when this state was written.
	StoredAt time.Time
}

// Size is how much of MaxBytes the record takes: its fields as canonical JSON, and what stands for its large fields.
func (r *Record) Size() int {
	const digest = 100 // a hash, a length and their names
	size := 2
	for name, value := range r.Fields {
		size += len(name) + len(value) + 4
	}
	for name := range r.Large {
		size += len(name) + digest
	}
	if p := r.Partial; p != nil {
		const stamp = 60
		size += (4 + len(p.Stamps)) * stamp
		for name := range p.Stamps {
			size += len(name)
		}
		dormant := Record{Fields: p.Dormant, Large: p.DormantLarge}
		size += dormant.Size()
	}
	return size
}

// Large stands for a field value kept outside the record.
type Large struct {
	// SHA256 is the hex digest of the value's canonical JSON.
	SHA256 string `json:"sha256"`
	// Bytes is the length of the value's canonical JSON.
	Bytes int64 `json:"bytes"`
}

// Key names the object of the payload bucket that holds the value, which is drawn from its content. It is derived, never
// stored, so that no payload can name an object of another organization.
func (l Large) Key(organization string) string { return "fields/" + organization + "/" + l.SHA256 }

// Wins tells whether a's content beats b's where both carry one version: a tombstone beats a living record, otherwise
// the higher content hash wins. Equal contents do not beat each other. The rule is arbitrary and deterministic, so that
// all orders of arrival end in the same record; the re-read from the source has the last word.
func Wins(a, b *Record) bool {
	if a.Deleted != b.Deleted {
		return a.Deleted
	}
	return a.Hash() > b.Hash()
}

// Kind says what a change does to its record.
type Kind string

// The kinds of change of a full-state source.
const (
	Upsert Kind = "upsert"
	Delete Kind = "delete"
)

// Change is one new state of one record as a source reports it. Organization and connection come from the delivery.
type Change struct {
	Object     string
	ID         string
	Kind       Kind
	Version    Version
	Fields     Fields
	MergedInto string
	// Event and Action are the source's id and word for what happened.
	Event  string
	Action string
}

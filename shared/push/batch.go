// Package push is what client software sends: batches of rows with an action each. It reads requests and rows, names
// batches, and says what became of each row. It does no I/O; intake applies the rows.
package push

import "time"

// Limits of a request.
const (
	MaxRows      = 10_000
	MaxBodyBytes = 4 << 20
	// MaxUploadBytes is the largest file of a presigned upload.
	MaxUploadBytes = 1 << 30
)

// Batch is one push, or one uploaded file.
type Batch struct {
	// ID is a ULID: that of the delivery that first brought it. Batches sort by time.
	ID string
	// Public is the batch's name in the API.
	Public       string
	Organization string
	Connection   string
	Client       string
	Object       string
	// Kind is delivery.Push or delivery.File.
	Kind       string
	ReceivedAt time.Time
	FinishedAt time.Time
	Status     Status
	// Problem says why the whole batch was refused, for people.
	Problem string
	// Rows is how many rows it has, 0 while unknown; Chunks in how many parts they are worked on, 0 while unknown.
	Rows   int64
	Chunks int
	// Done is how many chunks are done with, Counts what became of their rows.
	Done   int
	Counts map[Outcome]int64
	// Only holds the outcomes of a batch of one chunk.
	Only *Chunk
}

// State gives where the batch stands: one that is worked on in chunks is finished once all of them are, which nobody notes.
func (b Batch) State() Status {
	if b.Status == Running && b.Chunks > 0 && b.Done >= b.Chunks {
		return Finished
	}
	return b.Status
}

// Status is where a batch stands.
type Status string

// The states. A batch that the queue holds and nobody has looked at yet is Queued and stored nowhere.
const (
	Queued    Status = "queued"
	Uploading Status = "uploading"
	Running   Status = "running"
	Finished  Status = "finished"
	// Refused as a whole.
	Refused Status = "refused"
)

// Outcome says what became of a row.
type Outcome string

// The outcomes.
const (
	// Applied: the record has what the row says, or had it already.
	Applied Outcome = "applied"
	// Superseded: another row of the batch has the same id and came later; where both carry a field, that one stands.
	Superseded Outcome = "superseded"
	// Stale: everything the row says is older than what is stored.
	Stale Outcome = "stale"
	// Ignored: the row updates a record that was deleted; a create would bring it back.
	Ignored Outcome = "ignored"
	// SetAside: the row is in the quarantine.
	SetAside Outcome = "set_aside"
)

// Chunk is what became of a part of a batch's rows.
type Chunk struct {
	// Number counts from 0; First is the number of its first row, from 1.
	Number int `json:"n"`
	First  int `json:"first"`
	Rows   int `json:"rows"`
	// Outcomes lists the rows that were not simply applied; all others were.
	Outcomes []RowOutcome      `json:"outcomes,omitempty"`
	Counts   map[Outcome]int64 `json:"counts"`
}

// RowOutcome is what became of one row.
type RowOutcome struct {
	Row int `json:"row"`
	// ID is that of its record; empty for a row that has none, and for the late ones of a chunk whose ids are very long.
	ID      string  `json:"id,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Code is the quarantine.Reason of a row that was set aside.
	Code string `json:"code,omitempty"`
	// By is the row that superseded it.
	By int `json:"by,omitempty"`
	// Detail is for people; rows beyond the first 1,000 of a chunk have none, but their quarantine entry does.
	Detail string `json:"detail,omitempty"`
}

// Claim is who came first with a batch key of the sender's own.
type Claim struct {
	Organization string
	// ID is drawn from who sends and the key (see KeyedID).
	ID string
	// Batch is the ULID of the delivery that came first; ReceivedAt when.
	Batch      string
	ReceivedAt time.Time
	// Sum identifies what it brought (see Request.Sum).
	Sum       string
	ExpiresAt time.Time
}

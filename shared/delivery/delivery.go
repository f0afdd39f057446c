// Package delivery is one body on its way from the URL it was posted to, over the inbox queue, to intake: what receive
// sends and ingest reads.
package delivery

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/record"
)

// Format is the version of the message that Encode writes. Decode reads it and the one before.
const Format = 1

// Delivery is one message of the inbox queue.
type Delivery struct {
	V            int       `json:"v"`
	ID           string    `json:"id"`
	Organization string    `json:"organization"`
	Connection   string    `json:"connection"`
	Connector    string    `json:"connector"`
	Kind         string    `json:"kind"`
	ReceivedAt   time.Time `json:"received_at"`
	// Body holds the raw bytes as received (base64 in the message), unless Payload says where they lie.
	Body []byte `json:"body,omitempty"`
	// Payload is set where the body lies in the payload bucket: too large for a message, or a replay.
	Payload *record.PayloadRef `json:"payload,omitempty"`
	// Batch says which rows the body brings, where Kind is Push or File.
	Batch *BatchPart `json:"batch,omitempty"`
	// Replay is the id of the quarantine entry that this delivery tries again, whole.
	Replay string `json:"replay,omitempty"`
	// Rows are the rows of the body that this delivery tries again, each for a quarantine entry; no other row is looked at.
	Rows []RowReplay `json:"rows,omitempty"`
	// Corrected says that an admin changed the body of the one entry that is replayed: it counts as newer than what it
	// replaces, and is kept as a payload of its own.
	Corrected bool `json:"corrected,omitempty"`
	// Parked says that the connection is paused: the delivery is kept, and applied once the connection goes on.
	Parked bool `json:"parked,omitempty"`
	// Unparked says that it was kept while the connection was paused, where Payload says, and is applied now.
	Unparked bool `json:"unparked,omitempty"`
	// PutBack counts how often ingest had no time for the delivery and sent it round again.
	PutBack int `json:"put_back,omitempty"`
}

// The kinds of delivery.
const (
	// Webhook is what a CRM posted.
	Webhook = "webhook"
	// Push is what a client posted: {"objectname": ..., "data": [rows]}, without its credentials.
	Push = "push"
	// File is a part of a file that a client uploaded, in the form of a Push.
	File = "file"
	// Fetch is a page that was read from a CRM. Its rows are replayed by reading their records again.
	Fetch = "fetch"
)

// BatchPart is the part of a batch that a delivery brings.
type BatchPart struct {
	// ID is the ULID of the batch: for a push that of its first delivery. Public is its name in the API.
	ID     string `json:"id"`
	Public string `json:"public"`
	Client string `json:"client"`
	Object string `json:"object"`
	// Claim is the id of the push.Claim that a sender's own key makes; empty without one. Sum is the SHA-256 of the data.
	Claim string `json:"claim,omitempty"`
	Sum   string `json:"sum,omitempty"`
	// Number is that of the chunk, from 0; First the number in the batch of the body's first row, from 1.
	Number int `json:"n,omitempty"`
	First  int `json:"first"`
}

// RowReplay is a row of a payload that is tried again.
type RowReplay struct {
	Entry string `json:"entry"`
	// Index is the row's place in the body, from 0.
	Index int `json:"i"`
	// Object and ID name the record, where the body is a page that was read from a CRM.
	Object string `json:"object,omitempty"`
	ID     string `json:"id,omitempty"`
}

// NewID names a delivery received at a time: a ULID, so that ids sort by time. random gives the rest of it, ten bytes.
func NewID(at time.Time, random io.Reader) (string, error) {
	id, err := ulid.New(ulid.Timestamp(at), random)
	if err != nil {
		return "", fmt.Errorf("delivery: new id: %w", err)
	}
	return id.String(), nil
}

// NamedID is NewID for what must have the same name whenever it is named: a ULID of a time and of what parts say.
func NamedID(at time.Time, parts ...string) string {
	about := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(at)) // the clock is far from the end of ULIDs
	_ = id.SetEntropy(about[:10])      // ten bytes are what it takes
	return id.String()
}

// Encode gives the message of the delivery in the present format.
func (d Delivery) Encode() ([]byte, error) {
	d.V = Format
	return json.Marshal(d)
}

// Decode reads a message of the inbox queue.
func Decode(message []byte) (Delivery, error) {
	var d Delivery
	if err := json.Unmarshal(message, &d); err != nil {
		return Delivery{}, fmt.Errorf("delivery: decode: %w", err)
	}
	if d.V != Format && d.V != Format-1 || d.V == 0 {
		return Delivery{}, fmt.Errorf("delivery: format %d is not known here", d.V)
	}
	if d.ID == "" || d.Organization == "" || d.Connection == "" || d.Connector == "" {
		return Delivery{}, fmt.Errorf("delivery: id, organization, connection and connector must be set")
	}
	if (d.Body == nil) == (d.Payload == nil) {
		return Delivery{}, fmt.Errorf("delivery: exactly one of body and payload must be set")
	}
	replay := d.Replay != "" || len(d.Rows) > 0
	if replay && d.Payload == nil && !d.Corrected {
		return Delivery{}, fmt.Errorf("delivery: a replay must say where its payload lies")
	}
	if d.Unparked && d.Payload == nil {
		return Delivery{}, fmt.Errorf("delivery: what was parked must say where its payload lies")
	}
	if d.Corrected && !replay {
		return Delivery{}, fmt.Errorf("delivery: only a replay can be corrected")
	}
	if rows := d.Kind == Push || d.Kind == File; rows != (d.Batch != nil) || len(d.Rows) > 0 && !rows && d.Kind != Fetch {
		return Delivery{}, fmt.Errorf("delivery: a batch of rows comes by push or file, and by nothing else")
	}
	return d, nil
}

// Package delivery is one body on its way from the URL it was posted to, over the inbox queue, to intake: what receive
// sends and ingest reads.
package delivery

import (
	"encoding/json"
	"fmt"
	"io"
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
	// Replay is the id of the quarantine entry that this delivery tries again.
	Replay string `json:"replay,omitempty"`
}

// Webhook is the Kind of what a CRM posted.
const Webhook = "webhook"

// NewID names a delivery received at a time: a ULID, so that ids sort by time. random gives the rest of it, ten bytes.
func NewID(at time.Time, random io.Reader) (string, error) {
	id, err := ulid.New(ulid.Timestamp(at), random)
	if err != nil {
		return "", fmt.Errorf("delivery: new id: %w", err)
	}
	return id.String(), nil
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
	if d.Replay != "" && d.Payload == nil {
		return Delivery{}, fmt.Errorf("delivery: a replay must say where its payload lies")
	}
	return d, nil
}

package delivery

import (
	"time"

	"leadline/shared/record"
)

// PayloadIndex says what lies in one object of kept payloads: the untouched bodies that one batch brought for one
// connection.
type PayloadIndex struct {
	Organization string `json:"organization"`
	Connection   string `json:"connection"`
	// StoredAt dates the object: the earliest receipt among its entries, so that a retried batch writes the same index.
	StoredAt time.Time `json:"stored_at"`
	// Object is the key of the object in the payload bucket.
	Object  string         `json:"object"`
	Entries []PayloadEntry `json:"entries"`
}

// PayloadEntry is one body in an object of kept payloads.
type PayloadEntry struct {
	Delivery   string            `json:"delivery"`
	ReceivedAt time.Time         `json:"received_at"`
	Payload    record.PayloadRef `json:"payload"`
	// Kind is that of the delivery; empty for a Webhook, and for all from before it was noted.
	Kind string `json:"kind,omitempty"`
}

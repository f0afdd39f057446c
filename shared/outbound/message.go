package outbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/record"
)

// maxInlineBytes is the longest body that travels in the message and lies in the log. Each attempt writes the log entry
// anew; from about this length on an object costs less.
const maxInlineBytes = 32 << 10

// DueQueue is what due items (store.DueItem) call the deliver queue.
const DueQueue = "deliver"

// maxTypeBytes is the longest type of an event that is kept.
const maxTypeBytes = 200

// NewDelivery makes the delivery of one event to a destination. source is the ULID of what came in, at its receipt. event
// becomes the webhook-id; one that cannot stand in a header, or in what is signed, is replaced by its hash. kind, the
// event's type, is whatever the source wrote: it is cut to what can be shown, and to what the queue takes.
func NewDelivery(to Destination, source, event, kind string, at time.Time, body []byte) Delivery {
	return Delivery{V: Format, Organization: to.Organization, Destination: to.ID, ID: source + "-" + to.ID,
		Event: webhookID(event), Type: cut(kind, maxTypeBytes), Body: body, CreatedAt: at, Attempt: 1}
}

// webhookID gives an event's id in a form that every receiver takes: the signature's parts are divided by dots.
func webhookID(event string) string {
	strange := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	if event != "" && len(event) <= 128 && !strings.ContainsFunc(event, strange) {
		return event
	}
	sum := sha256.Sum256([]byte(event))
	return "evt_" + hex.EncodeToString(sum[:16])
}

// Encode gives the message of the delivery in the present format.
func (d Delivery) Encode() ([]byte, error) {
	d.V = Format
	return json.Marshal(d)
}

// Decode reads a message of the deliver queue.
func Decode(message []byte) (Delivery, error) {
	var d Delivery
	if err := json.Unmarshal(message, &d); err != nil {
		return Delivery{}, fmt.Errorf("outbound: decode: %w", err)
	}
	switch {
	case d.V != Format:
		return Delivery{}, fmt.Errorf("outbound: format %d is not known here", d.V)
	case d.Organization == "" || d.Destination == "" || d.ID == "" || d.Event == "":
		return Delivery{}, fmt.Errorf("outbound: organization, destination, id and event must be set")
	case d.Attempt < 1 || d.Replay < 0:
		return Delivery{}, fmt.Errorf("outbound: attempts count from 1, replays from 0")
	case d.Body != nil && d.Payload != nil:
		return Delivery{}, fmt.Errorf("outbound: body and payload exclude each other")
	case d.Body == nil && d.Payload == nil && d.Attempt == 1 && d.Replay == 0:
		return Delivery{}, fmt.Errorf("outbound: a first attempt must bring its body or say where it lies")
	}
	return d, nil
}

// Retry gives what asks for another attempt of a delivery that is in the log.
func (d Delivery) Retry(attempt int) Delivery {
	d.Attempt = attempt
	d.Body, d.Payload = nil, nil
	return d
}

// Again gives what asks for a replay: from the first attempt on, with a log of its own. It makes no difference whether
// the entry was read with its body, nor how often a replay is asked for before it has begun. A retry that the entry still
// waits for is not made any more.
func (e LogEntry) Again() Delivery {
	d := e.Delivery
	d.V = Format
	d.Replay++
	return d.Retry(1)
}

// stuckAfter is how long after its time an attempt is no longer expected: longer than a queue holds it up.
const stuckAfter = 6 * time.Hour

// Stuck tells whether an entry waits for an attempt that never came: its message was lost, or lies among the dead ones.
func (e LogEntry) Stuck(now time.Time) bool {
	return e.Outcome == Retrying && now.Sub(e.NextAt) > stuckAfter
}

// Outbox is the way to the deliver queue.
type Outbox struct {
	// Queue takes messages, fair by group: a queue.Sender.
	Queue interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	// Payloads keeps bodies that are too large for a message: a blob.Store.
	Payloads interface {
		Put(ctx context.Context, key string, body []byte) error
	}
}

// Send returns once the queue has the delivery. To send it again makes no second delivery: the log tells.
func (o Outbox) Send(ctx context.Context, d Delivery) error {
	message, err := o.Message(ctx, d)
	if err != nil {
		return err
	}
	if err := o.Queue.Send(ctx, d.Organization, message); err != nil {
		return fmt.Errorf("outbound: send: %w", err)
	}
	return nil
}

// Message gives the message of a delivery. A large body goes to the payload bucket first.
func (o Outbox) Message(ctx context.Context, d Delivery) ([]byte, error) {
	if len(d.Body) > maxInlineBytes {
		var packed bytes.Buffer
		if err := delivery.Pack(&packed, d.Body); err != nil {
			return nil, err
		}
		d.Payload = &record.PayloadRef{Key: "outbound/" + d.Organization + "/" + d.ID + ".gz", Length: int64(packed.Len())}
		d.Body = nil
		if err := o.Payloads.Put(ctx, d.Payload.Key, packed.Bytes()); err != nil {
			return nil, fmt.Errorf("outbound: keep a large body: %w", err)
		}
	}
	return d.Encode()
}

package replay

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// Message gives the delivery, of a new id, that tries an entry again: the row that was set aside, or the whole payload.
//
// corrected, unless nil, is what an admin put in its place: for a row the row alone, else the whole body. It must be
// JSON (Invalid, code invalid_json): what is none would be set aside again.
func Message(e quarantine.Entry, id string, corrected []byte) (delivery.Delivery, error) {
	d := deliveryOf(e, id)
	if e.Row > 0 {
		d.Rows = []delivery.RowReplay{rowOf(e)}
	} else {
		d.Replay = e.ID
	}
	if corrected == nil {
		return d, nil
	}
	if e.Kind == delivery.Fetch {
		return delivery.Delivery{}, fault.New(fault.Invalid, "not_correctable", "It was read from the CRM: correct the record there and replay it without a body, which reads it again.")
	}
	if !json.Valid(corrected) {
		return delivery.Delivery{}, fault.New(fault.Invalid, "invalid_json", "What is to be replayed is no JSON.")
	}
	d.Corrected, d.Payload, d.Body = true, nil, corrected
	if e.Row > 0 {
		name, err := json.Marshal(e.Object)
		if err != nil {
			return delivery.Delivery{}, fmt.Errorf("replay: name of the object: %w", err)
		}
		d.Body = bytes.Join([][]byte{[]byte(`{"objectname":`), name, []byte(`,"data":[`), corrected, []byte("]}")}, nil)
		d.Rows[0].Index, d.Batch.First = 0, e.Row
	}
	return d, nil
}

// rowOf gives the row of an entry.
func rowOf(e quarantine.Entry) delivery.RowReplay {
	r := delivery.RowReplay{Entry: e.ID, Index: e.Index}
	if e.Kind == delivery.Fetch {
		r.Object, r.ID = e.Object, e.Record
	}
	return r
}

// deliveryOf gives a delivery of the payload of an entry that tries nothing yet.
func deliveryOf(e quarantine.Entry, id string) delivery.Delivery {
	payload := e.Payload
	d := delivery.Delivery{ID: id, Organization: e.Organization, Connection: e.Connection, Connector: e.Connector, Kind: e.Kind,
		ReceivedAt: e.ReceivedAt, Payload: &payload}
	if e.Kind == delivery.Push || e.Kind == delivery.File {
		d.Batch = &delivery.BatchPart{ID: e.Batch, Public: e.Public, Client: e.Client, Object: e.Object, First: 1}
		if e.Row > 0 {
			d.Batch.First = e.Row - e.Index
		}
	}
	return d
}

// maxInlineBytes is the longest body that travels in the message, which takes a third more and must stay below 256 kB.
const maxInlineBytes = 128 << 10

// Inbox is the way to the inbox queue.
type Inbox struct {
	// Queue takes messages, fair by group: a queue.Sender.
	Queue interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	// Payloads keeps bodies that are too large for a message: a blob.Store.
	Payloads interface {
		Put(ctx context.Context, key string, body []byte) error
	}
}

// Send returns once the queue has the delivery. A large body goes to the payload bucket first.
func (i Inbox) Send(ctx context.Context, d delivery.Delivery) error {
	if base64.StdEncoding.EncodedLen(len(d.Body)) > maxInlineBytes {
		var packed bytes.Buffer
		if err := delivery.Pack(&packed, d.Body); err != nil {
			return err
		}
		d.Payload = &record.PayloadRef{Key: "inbox/" + d.Organization + "/" + d.ID + ".gz", Length: int64(packed.Len())}
		d.Body = nil
		if err := i.Payloads.Put(ctx, d.Payload.Key, packed.Bytes()); err != nil {
			return fmt.Errorf("replay: keep a large body: %w", err)
		}
	}
	message, err := d.Encode()
	if err != nil {
		return err
	}
	if err := i.Queue.Send(ctx, d.Organization, message); err != nil {
		return fmt.Errorf("replay: send to the inbox: %w", err)
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"

	"leadline/shared/delivery"
	"leadline/shared/record"
)

// sender puts messages into the inbox queue, fair by group: a queue.Sender.
type sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// payloads keeps bodies that are too large for a message: a blob.Store.
type payloads interface {
	Put(ctx context.Context, key string, body []byte) error
}

// inbox is the way to ingest.
type inbox struct {
	queue    sender
	payloads payloads
	// messageMax is the most bytes that a message may have.
	messageMax int
}

// put returns once the queue has the delivery. A body that does not fit a message goes to the payload bucket first.
func (i inbox) put(ctx context.Context, d delivery.Delivery) error {
	// What surely does not fit is not encoded in vain.
	if base64.StdEncoding.EncodedLen(len(d.Body)) <= i.messageMax {
		message, err := d.Encode()
		if err != nil {
			return err
		}
		if len(message) <= i.messageMax {
			return behind(i.queue.Send(ctx, d.Organization, message), "send to the inbox")
		}
	}
	var packed bytes.Buffer
	if err := delivery.Pack(&packed, d.Body); err != nil {
		return err
	}
	d.Payload = &record.PayloadRef{Key: "inbox/" + d.Organization + "/" + d.ID + ".gz", Length: int64(packed.Len())}
	d.Body = nil
	if err := i.payloads.Put(ctx, d.Payload.Key, packed.Bytes()); err != nil {
		return behind(err, "keep a large body")
	}
	message, err := d.Encode()
	if err != nil {
		return err
	}
	return behind(i.queue.Send(ctx, d.Organization, message), "send to the inbox")
}

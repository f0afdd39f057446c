// Package replay sends what was set aside on its way again: one entry, also corrected, or as a job everything that
// matches. A replay goes through the inbox queue as what came in first did, and is never refused as a repetition.
package replay

import (
	"encoding/json"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
)

// Delivery gives the delivery that tries an entry again as it came in. id is a new delivery id.
func Delivery(e quarantine.Entry, id string) delivery.Delivery {
	payload := e.Payload
	d := delivery.Delivery{ID: id, Organization: e.Organization, Connection: e.Connection, Connector: e.Connector, Kind: e.Kind,
		ReceivedAt: e.ReceivedAt, Payload: &payload, Batch: batchOf(e)}
	if e.Row > 0 {
		d.Rows = []delivery.RowReplay{{Entry: e.ID, Index: e.Index}}
	} else {
		d.Replay = e.ID
	}
	return d
}

// Corrected gives the delivery that tries an entry again with another payload: the whole body of a webhook, or the one
// row of a batch. A payload that is no JSON is Invalid.
func Corrected(e quarantine.Entry, id string, payload json.RawMessage) (delivery.Delivery, error) {
	if !json.Valid(payload) {
		return delivery.Delivery{}, fault.New(fault.Invalid, "invalid_json", "The corrected payload is no JSON.")
	}
	d := Delivery(e, id)
	d.Payload, d.Body, d.Corrected = nil, payload, true
	if e.Row > 0 {
		d.Body = push.Body(e.Object, push.Join([]json.RawMessage{payload}))
		d.Rows[0].Index = 0
		d.Batch.First = e.Row
	}
	return d, nil
}

// batchOf gives the part of a batch that an entry belongs to, so that its first row has the number that it had.
func batchOf(e quarantine.Entry) *delivery.BatchPart {
	if e.Kind != delivery.Push && e.Kind != delivery.File {
		return nil
	}
	first := 1
	if e.Row > 0 {
		first = e.Row - e.Index
	}
	return &delivery.BatchPart{ID: e.Batch, Public: e.Public, Client: e.Client, Object: e.Object, First: first}
}

// Row gives the one row of a batch's body that an entry is about.
func Row(body []byte, index int) ([]byte, error) {
	contents, err := push.ReadBody(body)
	if err != nil {
		return nil, err
	}
	for i, row := range contents.Rows {
		if i == index {
			return row, nil
		}
	}
	return nil, fault.New(fault.Internal, "corrupt_payload", "replay: the payload has no row %d", index)
}

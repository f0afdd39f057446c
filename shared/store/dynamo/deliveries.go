package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/store"
)

// Deliveries implements store.Deliveries.
type Deliveries struct{ table }

// NewDeliveries uses the table of the name.
func NewDeliveries(client Client, table string) *Deliveries {
	return &Deliveries{newTable(client, table)}
}

// logBody is what is packed into one attribute: all but what is in the key, the body and the rev.
type logBody struct {
	Delivery  outbound.Delivery  `json:"d"`
	Outcome   outbound.Outcome   `json:"outcome,omitempty"`
	Attempts  []outbound.Attempt `json:"attempts,omitempty"`
	NextAt    time.Time          `json:"next_at,omitzero"`
	UpdatedAt time.Time          `json:"updated_at,omitzero"`
}

// LogDelivery implements store.Deliveries in one PutItem.
func (s *Deliveries) LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error {
	const what = "log delivery"
	i, err := s.encode(e)
	if err != nil {
		return failed(err, what)
	}
	i.forget(forget)
	condition, values := "rev = :rev", item{":rev": number(e.Rev - 1)}
	if e.Rev == 1 {
		condition, values = unlessThere, nil
	}
	_, refused, err := s.putIf(ctx, what, i, condition, values)
	if refused {
		return fmt.Errorf("store: %s: %w", what,
			fault.New(fault.Conflict, store.CodeStale, "the delivery has changed since it was read"))
	}
	return err
}

// LoggedDelivery implements store.Deliveries in one GetItem.
func (s *Deliveries) LoggedDelivery(ctx context.Context, organization, destination, id string) (outbound.LogEntry, error) {
	const what = "get delivery"
	i, err := s.get(ctx, what, deliveryKey(organization, destination, id), "delivery")
	if err != nil {
		return outbound.LogEntry{}, err
	}
	e, err := s.decode(organization, destination, i)
	return e, failed(err, what)
}

// LoggedDeliveries implements store.Deliveries: eventually consistent, one Query per shard for the first entries and, as
// the filter needs them, one for each further 250.
func (s *Deliveries) LoggedDeliveries(ctx context.Context, organization, destination string, f store.DeliveryFilter, p store.Page) (
	[]outbound.LogEntry, string, error,
) {
	all := sharded{what: "list deliveries", attributes: []string{"b", "rev"}, picky: f.Outcome != "" || f.Type != ""}
	for n := range deliveryShards {
		all.partitions = append(all.partitions, deliveriesPartition(organization, destination, n))
	}
	all.from, all.until = f.IDs()
	list := []string{"deliveries", organization, destination, string(f.Outcome), f.Type, timeText(f.From), timeText(f.Until)}
	return newestFirst(ctx, s.table, all, list, p,
		func(i item) (outbound.LogEntry, error) { return s.decode(organization, destination, i) }, f.Matches)
}

// DeleteDelivery implements store.Deliveries in one DeleteItem.
func (s *Deliveries) DeleteDelivery(ctx context.Context, organization, destination, id string) error {
	return s.delete(ctx, "delete delivery", deliveryKey(organization, destination, id))
}

// encode makes the item of an entry:
//
//	b     all but the body of the request, packed
//	body  the body of the request, packed
//	rev   count of writes
func (s *Deliveries) encode(e outbound.LogEntry) (item, error) {
	i := newItem(deliveryKey(e.Organization, e.Destination, e.ID))
	i.setNumber("rev", e.Rev)
	if len(e.Body) > 0 {
		body, err := s.codec.pack(e.Body)
		if err != nil {
			return nil, err
		}
		i.setBytes("body", body)
	}
	d := e.Delivery
	d.Organization, d.Destination, d.ID, d.Body = "", "", "", nil
	packed, err := s.packJSON(logBody{Delivery: d, Outcome: e.Outcome, Attempts: e.Attempts, NextAt: e.NextAt, UpdatedAt: e.UpdatedAt})
	i.setBytes("b", packed)
	return i, err
}

func (s *Deliveries) decode(organization, destination string, i item) (outbound.LogEntry, error) {
	var body logBody
	if err := s.unpack(i, "b", &body); err != nil {
		return outbound.LogEntry{}, err
	}
	in := read(i)
	e := outbound.LogEntry{Delivery: body.Delivery, Outcome: body.Outcome, Attempts: body.Attempts, NextAt: body.NextAt,
		UpdatedAt: body.UpdatedAt, Rev: in.number("rev")}
	e.Organization, e.Destination, e.ID = organization, destination, unsortable(i.primary().sk)
	packed := in.bytes("body")
	if in.err != nil || len(packed) == 0 {
		return e, in.err
	}
	var err error
	e.Body, err = s.codec.unpack(packed)
	return e, err
}

package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/record"
)

// MaxFieldBytes is the longest canonical JSON of a field value that is kept in the record itself.
const MaxFieldBytes = 16 << 10

// load fetches the body of a delivery that does not carry it. A body that can never be read is set aside where it lies.
func (in *Intake) load(ctx context.Context, it *item) error {
	if it.Payload == nil {
		return nil
	}
	packed, err := in.Payloads.GetRange(ctx, it.Payload.Key, it.Payload.Offset, it.Payload.Length)
	if err != nil {
		return fmt.Errorf("intake: load payload: %w", err)
	}
	it.Body, err = delivery.Unpack(packed)
	if fault.Is(err, fault.Invalid) {
		it.payload, it.done = *it.Payload, true
		return in.setAside(ctx, it, fault.Of(err))
	}
	return err
}

// keep stores the untouched bodies of a batch, one object for each connection, and notes where each lies. The name of
// an object is drawn from what is in it, so that a batch that is delivered again writes the same object.
func (in *Intake) keep(ctx context.Context, items []*item) {
	groups := map[[2]string][]*item{}
	for _, it := range items {
		switch {
		case it.err != nil || it.done:
		case it.Replay != "": // kept when it first came
			it.payload = *it.Payload
		default:
			key := [2]string{it.Organization, it.Connection}
			groups[key] = append(groups[key], it)
		}
	}
	for _, group := range groups {
		if err := in.keepGroup(ctx, group); err != nil {
			for _, it := range group {
				it.err = err
			}
		}
	}
}

func (in *Intake) keepGroup(ctx context.Context, group []*item) error {
	index := delivery.PayloadIndex{Organization: group[0].Organization, Connection: group[0].Connection, StoredAt: group[0].ReceivedAt}
	name := sha256.New()
	for _, it := range group {
		fmt.Fprintln(name, it.ID)
		if it.ReceivedAt.Before(index.StoredAt) {
			index.StoredAt = it.ReceivedAt
		}
	}
	index.Object = ArchiveKey(index.Organization, index.Connection, index.StoredAt, hex.EncodeToString(name.Sum(nil)[:8]))
	var object bytes.Buffer
	for _, it := range group {
		start := object.Len()
		if err := delivery.Pack(&object, it.Body); err != nil {
			return err
		}
		it.payload = record.PayloadRef{Key: index.Object, Offset: int64(start), Length: int64(object.Len() - start)}
		index.Entries = append(index.Entries, delivery.PayloadEntry{Delivery: it.ID, ReceivedAt: it.ReceivedAt, Payload: it.payload})
	}
	if err := in.Payloads.Put(ctx, index.Object, object.Bytes()); err != nil {
		return fmt.Errorf("intake: keep payloads: %w", err)
	}
	if err := in.Intake.IndexPayloads(ctx, index); err != nil {
		return fmt.Errorf("intake: index payloads: %w", err)
	}
	return nil
}

// ArchiveKey names an object of kept payloads.
func ArchiveKey(organization, connection string, at time.Time, name string) string {
	return "archive/" + organization + "/" + connection + "/" + at.UTC().Format("2006/01/02") + "/" + name + ".gz"
}

// splitLarge takes the values that are too long for a record out of fields and stores them in the payload bucket,
// under a name drawn from their content.
func (in *Intake) splitLarge(ctx context.Context, organization string, fields record.Fields) (record.Fields, map[string]record.Large, error) {
	var kept record.Fields
	var large map[string]record.Large
	for name, value := range fields {
		if len(value) <= MaxFieldBytes {
			continue
		}
		if large == nil {
			large, kept = map[string]record.Large{}, record.Fields{}
		}
		sum := sha256.Sum256(value)
		l := record.Large{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(value))}
		if err := in.Payloads.Put(ctx, l.Key(organization), value); err != nil {
			return nil, nil, fmt.Errorf("intake: keep a large field: %w", err)
		}
		large[name] = l
	}
	if large == nil {
		return fields, nil, nil
	}
	for name, value := range fields {
		if _, out := large[name]; !out {
			kept[name] = value
		}
	}
	return kept, large, nil
}

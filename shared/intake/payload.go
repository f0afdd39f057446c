package intake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// MaxFieldBytes is the longest canonical JSON of a field value that is kept in the record itself.
const MaxFieldBytes = 16 << 10

// minLargeBytes is the shortest value that is worth an object of its own where a record as a whole is too large.
const minLargeBytes = 1 << 10

// load fetches the body of a delivery that does not carry it. A body that can never be read is set aside where it lies.
func (in *Intake) load(ctx context.Context, it *item) error {
	if it.Payload == nil || it.Kind == delivery.Fetch { // what was read is read again, not taken from what was kept
		return nil
	}
	packed, err := in.Payloads.GetRange(ctx, it.Payload.Key, it.Payload.Offset, it.Payload.Length)
	if err != nil {
		return fmt.Errorf("intake: load payload: %w", err)
	}
	it.Body, err = delivery.Unpack(packed)
	if fault.Is(err, fault.Invalid) {
		it.payload, it.done = *it.Payload, true
		if it.Batch != nil {
			return in.refused(ctx, &batch{item: it, part: *it.Batch}, err)
		}
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
		case it.err != nil || it.done || it.Kind == delivery.Fetch:
		case it.replay() && !it.Corrected, it.Unparked: // kept when it first came
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
		if it.Kind == delivery.Fetch { // a page that is read again may have another body
			name.Write(it.Body)
		}
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
		entry := delivery.PayloadEntry{Delivery: it.ID, ReceivedAt: it.ReceivedAt, Payload: it.payload}
		if it.Kind != delivery.Webhook {
			entry.Kind = it.Kind
		}
		index.Entries = append(index.Entries, entry)
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

// splitLarge moves values out of a record that are too long for it, the longest first, and gives them: each becomes an
// object of the payload bucket (putLarge) under a name drawn from its content. Those of updates that wait on a tombstone
// count like others. A record that does not fit even so is Invalid.
func splitLarge(r *record.Record) (moved map[string]json.RawMessage, err error) {
	fields, larges := &r.Fields, &r.Large
	if p := r.Partial; p != nil && r.Deleted {
		fields, larges = &p.Dormant, &p.DormantLarge
	}
	values, longest := *fields, 0
	for _, value := range values {
		longest = max(longest, len(value))
	}
	if longest <= MaxFieldBytes && r.Size() <= record.MaxBytes {
		return nil, nil
	}
	names := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(len(values[b])-len(values[a]), strings.Compare(a, b))
	})
	moved = map[string]json.RawMessage{}
	*fields = maps.Clone(values)
	if *larges = maps.Clone(*larges); *larges == nil {
		*larges = map[string]record.Large{}
	}
	for _, name := range names {
		value := values[name]
		if n := len(value); n <= MaxFieldBytes && (n < minLargeBytes || r.Size() <= record.MaxBytes) {
			break
		}
		sum := sha256.Sum256(value)
		large := record.Large{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(value))}
		(*larges)[name] = large
		moved[large.Key(r.Organization)] = value
		delete(*fields, name)
	}
	if r.Size() > record.MaxBytes {
		return nil, fault.New(fault.Invalid, string(quarantine.TooLarge),
			"The %s has %d fields that take more than %d bytes together, those left out that are kept by themselves.", r.Object, len(names), record.MaxBytes)
	}
	return moved, nil
}

// putLarge keeps values by the keys of their objects.
func (in *Intake) putLarge(ctx context.Context, moved map[string]json.RawMessage) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for key, value := range moved {
		group.Go(func() error { return in.Payloads.Put(ctx, key, value) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("intake: keep a large field: %w", err)
	}
	return nil
}

// keepLarge is splitLarge and putLarge.
func (in *Intake) keepLarge(ctx context.Context, r *record.Record) error {
	moved, err := splitLarge(r)
	if err != nil {
		return err
	}
	return in.putLarge(ctx, moved)
}

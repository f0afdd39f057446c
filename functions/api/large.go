package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/record"
)

const (
	// maxValuesBytes is how much of the values of one record, or one row of history, is shown in one answer. Lambda
	// carries 6 MB, to which base64 grows a body of 4.5 MB.
	maxValuesBytes = 4 << 20
	// sketchBytes is about how long a sketch is.
	sketchBytes = 128
	// largeReads is how many large fields of a record are fetched side by side.
	largeReads = 8
)

// LargeSketch stands for a value that is too large to be shown where it stands.
type LargeSketch struct {
	SHA256 string `json:"sha256" doc:"The digest of the value's canonical JSON."`
	Bytes  int64  `json:"bytes" doc:"The length of the value's canonical JSON."`
}

func sketch(value json.RawMessage) LargeSketch {
	sum := sha256.Sum256(value)
	return LargeSketch{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(value))}
}

// shownValue is a value that an answer would show.
type shownValue struct {
	bytes int
	// sketch puts a sketch in its place.
	sketch func()
}

// shrink sketches the largest of the values, which have size bytes with what is around them, until the rest fits into
// room. It gives the size of that.
func shrink(values []shownValue, size, room int) int {
	slices.SortStableFunc(values, func(a, b shownValue) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, v := range values {
		if size <= room || v.bytes <= sketchBytes {
			break
		}
		v.sketch()
		size -= v.bytes - sketchBytes
	}
	return size
}

// showFields gives the fields of a record that are stored with it, sketches of all others, and about how many bytes that
// is.
func showFields(r record.Record) (fields Fields, large map[string]LargeSketch, size int) {
	fields, large = Fields{}, map[string]LargeSketch{}
	for name, l := range r.Large {
		large[name] = LargeSketch(l)
		size += len(name) + sketchBytes
	}
	for name, value := range r.Fields {
		fields[name] = value
		size += len(name) + len(value) + len(`"":,`)
	}
	if size <= maxValuesBytes {
		return fields, large, size
	}
	var values []shownValue
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		values = append(values, shownValue{len(r.Fields[name]), func() {
			large[name] = sketch(r.Fields[name])
			delete(fields, name)
		}})
	}
	return fields, large, shrink(values, size, maxValuesBytes)
}

// largeFields reads the fields of a record that are kept elsewhere for their size, the smallest first, as far as they
// fit into room.
func (h *handler) largeFields(ctx context.Context, organization string, r record.Record, room int) (map[string]json.RawMessage, error) {
	names := slices.SortedFunc(maps.Keys(r.Large), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Large[a].Bytes, r.Large[b].Bytes), cmp.Compare(a, b))
	})
	values := make([]json.RawMessage, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(largeReads)
	for i, name := range names {
		large := r.Large[name]
		if int64(room) < large.Bytes {
			names = names[:i]
			break
		}
		room -= int(large.Bytes)
		group.Go(func() (err error) {
			values[i], err = h.largeField(ctx, organization, large)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	fields := make(map[string]json.RawMessage, len(names))
	for i, name := range names {
		fields[name] = values[i]
	}
	return fields, nil
}

func (h *handler) largeField(ctx context.Context, organization string, large record.Large) (json.RawMessage, error) {
	value, err := h.Payloads.Get(ctx, large.Key(organization))
	switch {
	case fault.Is(err, fault.NotFound): // the record names it, so it should be there
		return nil, fault.Wrap(err, fault.Internal, "missing_field", "api: a large field is gone")
	case err != nil:
		return nil, fmt.Errorf("api: read a large field: %w", err)
	case sketch(value).SHA256 != large.SHA256:
		return nil, fault.New(fault.Internal, "corrupt_field", "api: the large field with digest %s holds something else", large.SHA256)
	}
	return value, nil
}

// showChanges gives the changes of a row of history, and about how many bytes they are.
func showChanges(changes []record.FieldChange) ([]Change, int) {
	out, size := make([]Change, len(changes)), 0
	for i, c := range changes {
		out[i] = Change{Field: c.Field, Old: c.Old, New: c.New, OldLarge: (*LargeSketch)(c.OldLarge), NewLarge: (*LargeSketch)(c.NewLarge)}
		size += len(c.Field) + len(c.Old) + len(c.New) + 64
		if c.OldLarge != nil {
			size += sketchBytes
		}
		if c.NewLarge != nil {
			size += sketchBytes
		}
	}
	if size <= maxValuesBytes {
		return out, size
	}
	var values []shownValue
	for i := range out {
		c := &out[i]
		values = append(values,
			shownValue{len(c.Old), func() { c.OldLarge, c.Old = new(sketch(c.Old)), nil }},
			shownValue{len(c.New), func() { c.NewLarge, c.New = new(sketch(c.New)), nil }})
	}
	return out, shrink(values, size, maxValuesBytes)
}

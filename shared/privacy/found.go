package privacy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/record"
)

// maxFound bounds what is noted of a job: whoever is described so broadly is no person.
const maxFound = 200_000

// found is what a job has found so far and needs for what follows: names and places, no content. It is an object of the
// bucket beside the job, for it may outgrow one.
type found struct {
	// Records are the person's: connection, object, id.
	Records map[string]map[string]map[string]bool `json:"records,omitempty"`
	// Payloads are those of webhooks about them, Deliveries the deliveries that brought those.
	Payloads   map[string]bool `json:"payloads,omitempty"`
	Deliveries map[string]bool `json:"deliveries,omitempty"`
	People     map[string]bool `json:"people,omitempty"`
	// Larges are the large values of what was erased, with the pass that found them; Used those that others have, too.
	Larges map[string]int  `json:"larges,omitempty"`
	Used   map[string]bool `json:"used,omitempty"`

	size  int
	dirty bool
}

func foundKey(j job.Job) string { return "exports/" + j.Organization + "/" + j.ID + "/found.gz" }

func (w *Worker) loadFound(ctx context.Context, j job.Job) (*found, error) {
	f := &found{}
	packed, err := w.Payloads.Get(ctx, foundKey(j))
	switch {
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, fmt.Errorf("privacy: what was found: %w", err)
	case err == nil:
		text, err := delivery.Unpack(packed)
		if err == nil {
			err = json.Unmarshal(text, f)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "corrupt", "privacy: what was found cannot be read")
		}
	}
	for _, m := range []*map[string]bool{&f.Payloads, &f.Deliveries, &f.People, &f.Used} {
		if *m == nil {
			*m = map[string]bool{}
		}
		f.size += len(*m)
	}
	if f.Larges == nil {
		f.Larges = map[string]int{}
	}
	if f.Records == nil {
		f.Records = map[string]map[string]map[string]bool{}
	}
	for range f.records {
		f.size++
	}
	return f, nil
}

// saveFound keeps what was found, if there is something new.
func (r *run) saveFound(ctx context.Context) error {
	if !r.found.dirty {
		return nil
	}
	if r.found.size > maxFound {
		return fault.New(fault.Invalid, "too_many_found",
			"More than %d things belong to the person. Nobody has so many: see whether one of the addresses or numbers is that of many people.", maxFound)
	}
	text, err := json.Marshal(r.found)
	if err != nil {
		return fmt.Errorf("privacy: what was found: %w", err)
	}
	var packed bytes.Buffer
	if err := delivery.Pack(&packed, text); err != nil {
		return err
	}
	if err := r.Payloads.Put(ctx, foundKey(r.job), packed.Bytes()); err != nil {
		return fmt.Errorf("privacy: keep what was found: %w", err)
	}
	r.found.dirty = false
	return nil
}

func (f *found) note(m map[string]bool, name string) {
	if !m[name] {
		m[name], f.dirty = true, true
		f.size++
	}
}

func (f *found) noteRecord(key record.Key) {
	objects := f.Records[key.Connection]
	if objects == nil {
		objects = map[string]map[string]bool{}
		f.Records[key.Connection] = objects
	}
	if objects[key.Object] == nil {
		objects[key.Object] = map[string]bool{}
	}
	f.note(objects[key.Object], key.ID)
}

func (f *found) noteLarge(sha string, pass int) {
	if _, known := f.Larges[sha]; !known {
		f.Larges[sha], f.dirty = pass, true
		f.size++
	}
}

// hasRecord tells whether a record is the person's.
func (f *found) hasRecord(connection, object, id string) bool {
	return f.Records[connection][object][id]
}

// records goes through the person's records, in order.
func (f *found) records(yield func(record.Key) bool) {
	for _, connection := range slices.Sorted(maps.Keys(f.Records)) {
		for _, object := range slices.Sorted(maps.Keys(f.Records[connection])) {
			for _, id := range slices.Sorted(maps.Keys(f.Records[connection][object])) {
				if !yield(record.Key{Connection: connection, Object: object, ID: id}) {
					return
				}
			}
		}
	}
}

// placeOf names a payload.
func placeOf(p record.PayloadRef) string { return fmt.Sprintf("%s %d %d", p.Key, p.Offset, p.Length) }

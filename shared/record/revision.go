package record

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Revision is one row of history: what one write to a record changed.
type Revision struct {
	Key
	// Rev is the record's Rev after the write.
	Rev int64
	// FromRev is the record's Rev before it: Rev-1, or less if this row repairs a gap.
	FromRev int64
	Version Version
	// Deleted, Contested and MergedInto are as on the record after the write.
	Deleted    bool
	Contested  bool
	MergedInto string
	// Erased says that the row was left by the erasure of a person; it has no Changes.
	Erased   bool
	Source   Source
	StoredAt time.Time
	// Repaired says that the sweeper made this row because the stream's own was missed; steps in between are in it as
	// one.
	Repaired bool
	Changes  []FieldChange
}

// FieldChange is the old and the new value of one field. A value that is absent is nil; one that is kept outside the
// record for its size is in OldLarge or NewLarge.
type FieldChange struct {
	Field    string          `json:"field"`
	Old      json.RawMessage `json:"old,omitempty"`
	New      json.RawMessage `json:"new,omitempty"`
	OldLarge *Large          `json:"old_large,omitempty"`
	NewLarge *Large          `json:"new_large,omitempty"`
}

// Diff lists what changed from before to after, by field name. A nil record has no fields.
func Diff(before, after *Record) []FieldChange {
	if before == nil {
		before = &Record{}
	}
	if after == nil {
		after = &Record{}
	}
	names := map[string]bool{}
	for _, r := range []*Record{before, after} {
		for name := range r.Fields {
			names[name] = true
		}
		for name := range r.Large {
			names[name] = true
		}
	}
	var changes []FieldChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c := FieldChange{Field: name, Old: before.Fields[name], New: after.Fields[name]}
		if l, ok := before.Large[name]; ok {
			c.OldLarge = &l
		}
		if l, ok := after.Large[name]; ok {
			c.NewLarge = &l
		}
		sameLarge := c.OldLarge == c.NewLarge || c.OldLarge != nil && c.NewLarge != nil && *c.OldLarge == *c.NewLarge
		if !bytes.Equal(c.Old, c.New) || !sameLarge {
			changes = append(changes, c)
		}
	}
	return changes
}

// RevisionOf makes the history row of a write that turned before (nil for none) into after.
func RevisionOf(before, after *Record) Revision {
	r := Revision{
		Key: after.Key, Rev: after.Rev, Version: after.Version, Deleted: after.Deleted, Contested: after.Contested,
		MergedInto: after.MergedInto, Erased: after.Erased, Source: after.Source, StoredAt: after.StoredAt,
	}
	if !after.Erased {
		r.Changes = Diff(before, after)
	}
	if before != nil {
		r.FromRev = before.Rev
	}
	return r
}

// Apply gives the record that the row's changes make of before: the way back from history to a state.
func (r Revision) Apply(before *Record) *Record {
	after := &Record{Key: r.Key, Version: r.Version, Rev: r.Rev, Deleted: r.Deleted, Contested: r.Contested,
		MergedInto: r.MergedInto, Source: r.Source, StoredAt: r.StoredAt, Fields: Fields{}, Large: map[string]Large{}}
	if before != nil {
		maps.Copy(after.Fields, before.Fields)
		maps.Copy(after.Large, before.Large)
	}
	for _, c := range r.Changes {
		delete(after.Fields, c.Field)
		delete(after.Large, c.Field)
		if c.NewLarge != nil {
			after.Large[c.Field] = *c.NewLarge
		} else if c.New != nil {
			after.Fields[c.Field] = c.New
		}
	}
	return after
}

// Undo gives the content (Fields and Large alone) that the row's changes turned into after.
func (r Revision) Undo(after *Record) *Record {
	before := &Record{Key: r.Key, Rev: r.FromRev, Fields: maps.Clone(after.Fields), Large: maps.Clone(after.Large)}
	if before.Fields == nil {
		before.Fields = Fields{}
	}
	if before.Large == nil {
		before.Large = map[string]Large{}
	}
	for _, c := range r.Changes {
		delete(before.Fields, c.Field)
		delete(before.Large, c.Field)
		if c.OldLarge != nil {
			before.Large[c.Field] = *c.OldLarge
		} else if c.Old != nil {
			before.Fields[c.Field] = c.Old
		}
	}
	return before
}

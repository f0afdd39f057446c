package record

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Stamp orders the rows of a partial source, which sends some fields of a record at a time: a text that sorts, made of
// the row's version, the delivery that brought it and the row's place in it. The empty stamp is older than any other.
type Stamp string

// MaxStampMicros is the largest version that a stamp holds: 16 digits.
const MaxStampMicros = 9_999_999_999_999_999

// NewStamp makes the stamp of a row. micros is the row's version: what the object's version field says (microseconds for
// a time, the number itself for a number), else the receipt of its delivery in microseconds. delivery is the ULID of the
// delivery, row counts from 1 over the whole batch.
func NewStamp(micros int64, delivery string, row int) Stamp {
	return Stamp(fmt.Sprintf("%016d.%s.%08d", micros, delivery, row))
}

// Micros gives the version in the stamp; 0 for the empty stamp.
func (s Stamp) Micros() int64 {
	text, _, _ := strings.Cut(string(s), ".")
	micros, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // what NewStamp made can be read
		return 0
	}
	return micros
}

// Partial is what is remembered of a record of a partial source besides its content, so that the rows about it may
// arrive in any order, any number of times, and end in the same record: each field has the value of its newest row, a
// deletion hides everything older than itself, and only a create that is newer than the deletion shows the record again.
type Partial struct {
	// Created and Deleted are the stamps of the newest create and of the newest delete; that of a create which is older
	// than the deletion is forgotten.
	Created Stamp `json:"c,omitempty"`
	Deleted Stamp `json:"d,omitempty"`
	// Base is the stamp of the fields that are not in Stamps.
	Base   Stamp            `json:"b,omitempty"`
	Stamps map[string]Stamp `json:"s,omitempty"`
	// Dormant and DormantLarge hold, on a tombstone, the fields of updates newer than the deletion: they show again with
	// the record.
	Dormant      Fields           `json:"f,omitempty"`
	DormantLarge map[string]Large `json:"l,omitempty"`
}

// Action is what a row does to its record.
type Action string

// The actions.
const (
	// Create and Update both set the fields that the row carries; an absent field is unchanged, a null one is cleared.
	// A create also brings back a deleted record.
	ActionCreate Action = "create"
	ActionUpdate Action = "update"
	ActionDelete Action = "delete"
)

// Row is one row of a partial source about one record.
type Row struct {
	Action Action
	Stamp  Stamp
	Fields Fields
	// Large are fields of the row that are kept outside the record for their size.
	Large map[string]Large
}

// Stamp gives the stamp of a field that the record holds.
func (p *Partial) Stamp(field string) Stamp {
	if s, ok := p.Stamps[field]; ok {
		return s
	}
	return p.Base
}

// Newest gives the newest stamp that the record has seen.
func (p *Partial) Newest() Stamp {
	newest := max(p.Created, p.Deleted, p.Base)
	for _, s := range p.Stamps {
		newest = max(newest, s)
	}
	return newest
}

// Merge gives the record that rows make of the stored one, nil for none, and tells whether that is a change. Key,
// Source and StoredAt are for the caller to set; Rev stays. The order of rows does not matter, nor whether a row was
// merged before, nor how rows are spread over calls: equal rows end in equal bytes. Two rows never share a stamp; one
// that carries a known stamp is taken for the row that is known. Neither stored nor the rows are changed.
func Merge(stored *Record, rows ...Row) (merged Record, changed bool) {
	s := unfold(stored, rows)
	for _, row := range rows {
		changed = s.take(row) || changed
	}
	if stored != nil {
		merged = *stored
	}
	s.fold(&merged)
	return merged, changed
}

// value is a field's value, in the record or (large) outside of it, and its stamp.
type value struct {
	stamp   Stamp
	content []byte
	large   *Large
}

// state is a record with a stamp on every field.
type state struct {
	created, deleted Stamp
	values           map[string]value
}

func unfold(stored *Record, rows []Row) state {
	if stored == nil {
		n := 0
		for _, row := range rows {
			n = max(n, len(row.Fields)+len(row.Large))
		}
		return state{values: make(map[string]value, n)}
	}
	p := stored.Partial
	if p == nil { // not left by Merge: all of it is as old as the record
		p = &Partial{Base: NewStamp(stored.Version.Micros, "", 0)}
		if stored.Deleted {
			p = &Partial{Deleted: p.Base}
		}
	}
	s := state{created: p.Created, deleted: p.Deleted,
		values: make(map[string]value, len(stored.Fields)+len(stored.Large)+len(p.Dormant)+len(p.DormantLarge))}
	for _, fields := range []Fields{stored.Fields, p.Dormant} {
		for name, content := range fields {
			s.values[name] = value{stamp: p.Stamp(name), content: content}
		}
	}
	for _, larges := range []map[string]Large{stored.Large, p.DormantLarge} {
		for name, large := range larges {
			s.values[name] = value{stamp: p.Stamp(name), large: &large}
		}
	}
	return s
}

// take merges one row and tells whether it changed anything.
func (s *state) take(row Row) bool {
	if row.Action == ActionDelete {
		if row.Stamp <= s.deleted {
			return false
		}
		s.deleted = row.Stamp
		if s.created < s.deleted {
			s.created = ""
		}
		maps.DeleteFunc(s.values, func(_ string, v value) bool { return v.stamp < s.deleted })
		return true
	}
	if row.Stamp < s.deleted {
		return false
	}
	changed := false
	if row.Action == ActionCreate && row.Stamp > s.created {
		s.created, changed = row.Stamp, true
	}
	for name, content := range row.Fields {
		changed = s.set(name, value{stamp: row.Stamp, content: content}) || changed
	}
	for name, large := range row.Large {
		changed = s.set(name, value{stamp: row.Stamp, large: &large}) || changed
	}
	return changed
}

// set takes a value if it is newer than the field's own.
func (s *state) set(name string, v value) bool {
	if old, ok := s.values[name]; ok && old.stamp >= v.stamp {
		return false
	}
	s.values[name] = v
	return true
}

// alive tells whether the record exists: it was never deleted, or created again since.
func (s *state) alive() bool { return s.deleted == "" || s.created > s.deleted }

// fold writes the state into a record.
func (s *state) fold(r *Record) {
	p := &Partial{Created: s.created, Deleted: s.deleted}
	newest := max(s.created, s.deleted)
	p.Base = s.commonest()
	var fields Fields
	var larges map[string]Large
	for name, v := range s.values {
		newest = max(newest, v.stamp)
		if v.large != nil {
			if larges == nil {
				larges = map[string]Large{}
			}
			larges[name] = *v.large
		} else {
			if fields == nil {
				fields = make(Fields, len(s.values))
			}
			fields[name] = v.content
		}
		if v.stamp != p.Base {
			if p.Stamps == nil {
				p.Stamps = map[string]Stamp{}
			}
			p.Stamps[name] = v.stamp
		}
	}
	r.Partial, r.MergedInto, r.Contested = p, "", false
	if r.Deleted = !s.alive(); r.Deleted {
		r.Fields, r.Large, p.Dormant, p.DormantLarge = nil, nil, fields, larges
	} else {
		r.Fields, r.Large, r.Erased = fields, larges, false
	}
	r.Version = VersionAt(time.UnixMicro(newest.Micros()), 1)
}

// commonest gives the stamp that most values carry, the newest of several.
func (s *state) commonest() Stamp {
	count := make(map[Stamp]int, 4)
	for _, v := range s.values {
		count[v.stamp]++
	}
	var best Stamp
	for stamp, n := range count {
		if n > count[best] || n == count[best] && stamp > best {
			best = stamp
		}
	}
	return best
}

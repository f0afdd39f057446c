package schema

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// Infer gives the fields of an object from rows of it, sorted by name. The result does not depend on the order of the
// rows, and what Merge makes of two halves is what Infer makes of the whole. id names the field whose value names the
// record, empty for none: it is a text whatever its values look like, for 123 and "123" are one record. Rows that no
// object can have are an error (see CheckRow), and so are too many different fields.
func Infer[Row ~map[string]json.RawMessage](id string, rows ...Row) ([]Field, error) {
	fields := map[string]Field{}
	var worst error
	for _, row := range rows {
		if err := CheckRow(row); err != nil && (worst == nil || err.Error() < worst.Error()) {
			worst = err
		}
		for name, value := range row {
			f, known := fields[name]
			if !known {
				f = Field{Name: name, Type: Unknown}
			}
			fields[name] = widen(f, value)
		}
	}
	if worst != nil {
		return nil, worst
	}
	if _, ok := fields[id]; ok {
		fields[id] = Field{Name: id, Type: Text}
	}
	all := sorted(maps.Values(fields))
	return all, CheckFields(all)
}

func sorted(fields func(func(Field) bool)) []Field {
	return slices.SortedFunc(fields, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
}

// Merge gives the fields that take everything that a and b take. Both are sorted by name, and so is the result.
func Merge(a, b []Field) ([]Field, error) {
	merged := make([]Field, 0, max(len(a), len(b)))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Name < b[0].Name:
			merged, a = append(merged, optional(a[0])), a[1:]
		case len(a) == 0 || b[0].Name < a[0].Name:
			merged, b = append(merged, optional(b[0])), b[1:]
		default:
			merged, a, b = append(merged, join(a[0], b[0])), a[1:], b[1:]
		}
	}
	return merged, CheckFields(merged)
}

func optional(f Field) Field {
	f.Required = false
	return f
}

// join gives the field that takes everything that two fields of one name take.
func join(a, b Field) Field {
	joined := Field{Name: a.Name, Type: Join(a.Type, b.Type), Required: a.Required && b.Required,
		Title: max(a.Title, b.Title), Refers: max(a.Refers, b.Refers), Described: max(a.Described, b.Described)} // which of two does not matter, but that it is always the same
	if joined.Type != Choice && joined.Type != MultiChoice {
		return joined
	}
	switch {
	case a.Type == Unknown:
		joined.Choices = b.Choices
	case b.Type == Unknown:
		joined.Choices = a.Choices
	case len(a.Choices) > 0 && len(b.Choices) > 0:
		joined = withChoices(joined, a.Choices, b.Choices)
	}
	return joined
}

// withChoices gives a choice all the choices, or the next wider type if they are more than a choice may have.
func withChoices(f Field, choices ...[]string) Field {
	f.Choices = slices.Concat(choices...)
	slices.Sort(f.Choices)
	f.Choices = slices.Compact(f.Choices)
	long := slices.ContainsFunc(f.Choices, func(c string) bool { return len(c) > MaxChoiceBytes })
	if long || len(f.Choices) > MaxChoices {
		f.Type, f.Choices = wider(f.Type), nil
	}
	return f
}

// widen gives the field that also takes the value. A choice learns new ones; everything else widens by type.
func widen(f Field, value json.RawMessage) Field {
	if kind(value) == 'n' || f.Type != Unknown && takes(f, value) {
		return f
	}
	t := TypeOf(value)
	if f.Type == Choice && kind(value) == '"' || f.Type == MultiChoice && t == MultiChoice {
		return withChoices(f, f.Choices, strangers(f.Choices, value))
	}
	f.Type, f.Choices = Join(f.Type, t), nil
	return f
}

// Follow gives the version that an object of a CRM has after a row: it widens and grows by itself. If the row changes
// nothing, present comes back and nothing is allocated; else the caller sets the time of the new version. Names that no
// field may have are left out, and so are new fields beyond MaxFollowed: the records have them, the version does not.
func Follow(present Version, row map[string]json.RawMessage) (next Version, changed bool) {
	next = present
	var fresh []Field
	for name, value := range row {
		i, known := find(present.Fields, name)
		switch {
		case !known && CheckName(name) == nil:
			fresh = append(fresh, widen(Field{Name: name, Type: Unknown}, value))
		case !known, kind(value) == 'n', present.Fields[i].Type != Unknown && takes(present.Fields[i], value):
		default:
			if !changed {
				next, changed = successor(present, Followed), true
			}
			f := widen(next.Fields[i], value)
			if len(f.Choices) > 0 && choiceBytes(next.Fields)+len(value) > MaxChoicesBytes {
				f.Type, f.Choices = wider(f.Type), nil
			}
			next.Fields[i] = f
		}
	}
	fresh = fitting(present.Fields, fresh)
	if len(fresh) == 0 {
		return next, changed
	}
	if !changed {
		next = successor(present, Followed)
	}
	next.Fields = sorted(slices.Values(append(next.Fields, fresh...)))
	return next, true
}

// fitting gives those of the new fields that an object that follows its CRM has room for.
func fitting(fields, fresh []Field) []Field {
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	n, size := 0, nameBytes(fields)
	for n < len(fresh) && len(fields)+n < MaxFollowed {
		if size += len(fresh[n].Name); size > MaxNamesBytes {
			break
		}
		n++
	}
	return fresh[:n]
}

// Settle gives the version in which the fields of unknown type have the type of the first values that came for them.
// An unknown type promises nothing, so its first value needs no proposal and no person: rows that pass Check settle
// what they can, as a new version of the origin Followed whose time the caller sets.
func Settle[Row ~map[string]json.RawMessage](present Version, rows ...Row) (next Version, changed bool) {
	if !slices.ContainsFunc(present.Fields, func(f Field) bool { return f.Type == Unknown }) {
		return present, false
	}
	next = present
	for _, row := range rows {
		for i, f := range present.Fields {
			value, there := row[f.Name]
			if f.Type != Unknown || !there || kind(value) == 'n' {
				continue
			}
			if !changed {
				next, changed = successor(present, Followed), true
			}
			next.Fields[i] = widen(next.Fields[i], value)
		}
	}
	return next, changed
}

// successor begins the version after present, with fields of its own.
func successor(present Version, origin Origin) Version {
	return Version{Number: present.Number + 1, Fields: slices.Clone(present.Fields), Origin: origin}
}

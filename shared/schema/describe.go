package schema

import (
	"cmp"
	"slices"
)

// Describe gives the version that an object of a CRM has after the CRM described its fields: their titles, choices and what
// they refer to are as it says, and so is the type, until values come that do not keep to it (see Follow). Fields that it
// does not describe stay. If nothing changes, present comes back; else the caller sets the time of the new version.
func Describe(present Version, fields []Field) (next Version, changed bool) {
	next = present
	var fresh []Field
	for _, f := range fields {
		if CheckName(f.Name) != nil {
			continue
		}
		described := f
		described.Described, described.Required = f.Type, false
		i, known := find(present.Fields, f.Name)
		if !known {
			fresh = append(fresh, described)
			continue
		}
		before := present.Fields[i]
		if before.Described == f.Type && before.Type != f.Type { // its values have widened it since
			described.Type = before.Type
			described.Choices = before.Choices
		} else if len(before.Choices) > 0 && len(f.Choices) > 0 { // records may hold what was taken off the list
			described.Choices = slices.Clone(before.Choices)
			for _, c := range f.Choices {
				if !slices.Contains(before.Choices, c) {
					described.Choices = append(described.Choices, c)
				}
			}
		}
		if same(before, described) {
			continue
		}
		if !changed {
			next, changed = successor(present, Followed), true
		}
		next.Fields[i] = described
	}
	slices.SortFunc(fresh, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	fresh = slices.CompactFunc(fresh, func(a, b Field) bool { return a.Name == b.Name })
	if fresh = fitting(present.Fields, fresh); len(fresh) == 0 {
		return next, changed
	}
	if !changed {
		next = successor(present, Followed)
	}
	next.Fields = sorted(slices.Values(append(next.Fields, fresh...)))
	return next, true
}

func same(a, b Field) bool {
	return a.Type == b.Type && a.Required == b.Required && a.Title == b.Title && a.Refers == b.Refers && a.Described == b.Described &&
		slices.Equal(a.Choices, b.Choices)
}

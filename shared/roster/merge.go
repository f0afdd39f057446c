package roster

import (
	"maps"
	"slices"

	"leadline/shared/fault"
)

// Merge makes two members one: into is the users of both, with what CRMs say of both; what an admin said of the one that
// goes is lost, and who reported to it reports to into. It gives all members that change. The same again is no change.
func Merge(members Roster, from, into string, by Author) ([]Member, error) {
	a, b := members[from].Own(), members[into].Own()
	switch {
	case a.MergedInto == into:
	case from == into || a.ID == "" || b.ID == "" || a.MergedInto != "" || b.MergedInto != "":
		return nil, fault.New(fault.Conflict, "cannot_merge", "These members cannot become one.")
	case len(a.External)+len(b.External) > MaxExternal:
		return nil, fault.New(fault.Conflict, "cannot_merge", "Nobody can be more than %d users of CRMs.", MaxExternal)
	}
	changed := map[string]Member{}
	next := maps.Clone(members)
	if a.MergedInto == "" {
		for i, f := range a.Facts {
			if f.Gone.IsZero() && f.External != (External{}) {
				f.At = by.At
				b.Facts = append(b.Facts, f)
			}
			if f.Gone.IsZero() {
				a.Facts[i].Gone, a.Facts[i].GoneBy = by.At, by.By
			}
		}
		slices.SortStableFunc(b.Facts, compareFacts)
		b.External, a.External = append(b.External, a.External...), nil
		if b.Person == "" {
			b.Person = a.Person
		}
		a.Person, a.MergedInto, a.UpdatedAt, b.UpdatedAt = "", into, by.At, by.At
		next[from], next[into], changed[from], changed[into] = a, b, a, b
	}
	for _, id := range slices.Sorted(maps.Keys(next)) {
		m := next[id].Own()
		if !m.follow(from, into, by) {
			continue
		}
		next[id], changed[id] = m, m
	}
	for id := range changed {
		if _, circular := Circle(next, id); circular {
			return nil, fault.New(fault.Conflict, "circular", "As one member they would report to themselves. Change who reports to whom first.")
		}
	}
	// The two come first, for they change together.
	order := append([]string{from, into}, slices.Sorted(maps.Keys(changed))...)
	var all []Member
	for _, id := range order {
		if m, found := changed[id]; found {
			all = append(all, m)
			delete(changed, id)
		}
	}
	return all, nil
}

// follow has what names one manager name another.
func (m *Member) follow(from, into string, by Author) bool {
	changed := false
	for _, f := range slices.Clone(m.Facts) {
		if !f.Gone.IsZero() || f.Kind != Manager || f.Manager != from {
			continue
		}
		to := f.Value
		if to.Manager = into; m.ID == into {
			to.Manager = "" // nobody reports to oneself
		}
		m.say(Manager, f.External, f.Span, &to, Author{Source: f.Source, By: f.By, At: by.At})
		changed = true
	}
	return changed
}

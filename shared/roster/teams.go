package roster

import (
	"slices"
	"strings"

	"leadline/shared/fault"
)

// TeamNames finds teams by what people call them.
type TeamNames struct {
	byName map[string][]Group
	// byID has them by connection/id, and by id alone.
	byID map[string][]Group
}

// NamesOf gives the names of all teams that somebody is, was or will be in.
func NamesOf(members Roster) TeamNames {
	names := TeamNames{byName: map[string][]Group{}, byID: map[string][]Group{}}
	add := func(to map[string][]Group, name string, g Group) {
		if !slices.ContainsFunc(to[name], g.Is) {
			to[name] = append(to[name], g)
		}
	}
	for _, m := range members {
		for _, f := range m.Facts {
			if f.Kind != Teams || !f.Gone.IsZero() {
				continue
			}
			for _, g := range f.Teams {
				add(names.byName, strings.ToLower(g.Name), g)
				if g.ID != "" {
					add(names.byID, g.ID, g)
					add(names.byID, g.Connection+"/"+g.ID, g)
				}
			}
		}
	}
	return names
}

// Find gives the team that a text names: by its id in a CRM, alone or behind connection/, or by its name without regard to
// case. known is false for one that nobody was ever in: it is the admin's own.
func (n TeamNames) Find(text string) (team Group, known bool, err error) {
	text = strings.TrimSpace(text)
	found := n.byID[text]
	if len(found) == 0 {
		found = n.byName[strings.ToLower(text)]
	}
	switch len(found) {
	case 0:
		return Group{Name: cut(text, 100)}, false, nil
	case 1:
		return found[0], true, nil
	}
	return Group{}, false, fault.New(fault.Invalid, "ambiguous_team", "Several teams are called so. Name one as connection/id, with the id that it has in the CRM.")
}

// Of names a team so that Find finds it: by its name, where no other has it.
func (n TeamNames) Of(g Group) string {
	if found, known, err := n.Find(g.Name); g.ID == "" || err == nil && known && found.Is(g) {
		return g.Name
	}
	return g.Connection + "/" + g.ID
}

package roster

import (
	"encoding/json"
	"slices"

	"leadline/shared/record"
)

// Sight is whose figures somebody may see.
type Sight struct {
	All     bool
	Members []string // by id, the viewer among them
}

// Sees tells whether the figures of a member may be seen.
func (s Sight) Sees(id string) bool { return s.All || slices.Contains(s.Members, id) }

// Visible tells whose figures a member may see on a day: of all, for an admin and for whom a CRM lets act on what is others';
// of those who report to the member, directly or not; for a manager, and whose scope is Team, also of those who share a team;
// and always the own. A scope that an admin stated holds as it is. Who does not work here sees the own, and who is not
// here nothing. (That a CRM shows everybody's leads to somebody does not open what others earn.)
func Visible(members Roster, viewer string, d Date) Sight {
	m, found := members[viewer]
	if !found || m.MergedInto != "" {
		return Sight{}
	}
	s, sight := m.At(d), Sight{Members: []string{viewer}}
	switch {
	case !s.Active || s.Stated && s.Scope == Own:
		return sight
	case s.Scope == All || !s.Stated && s.Role == Admin:
		return Sight{All: true, Members: sight.Members}
	}
	sight.Members = append(sight.Members, TeamOf(members, viewer, d)...)
	if s.Scope == Team || s.Role == Lead {
		for id, other := range members {
			if other.MergedInto == "" && share(s.Teams, other.At(d).Teams) {
				sight.Members = append(sight.Members, id)
			}
		}
	}
	sight.Members = ordered(sight.Members)
	return sight
}

func share(a, b []Group) bool {
	return slices.ContainsFunc(a, func(g Group) bool { return slices.ContainsFunc(b, g.Is) })
}

// SeesLead tells whether a member sees a lead of a connection on a day, by the rules of the CRM that it came from: all leads,
// or those that name the member in one of the fields that the role says, and those that name nobody there where the
// role says so. A role without such fields shows no lead of others, and none is told apart from those.
func SeesLead(m Member, d Date, connection string, lead record.Fields) bool {
	s := m.At(d)
	a, known := s.Access[connection]
	switch {
	case !s.Active || !known:
		return false
	case a.AllRecords:
		return true
	}
	assigned := false
	for _, field := range a.VisibleBy {
		value, there := lead[field]
		if !there {
			value = lead["custom."+field]
		}
		for _, user := range usersIn(value) {
			if m.Is(External{connection, user}) {
				return true
			}
			assigned = true
		}
	}
	return !assigned && a.Unassigned && len(a.VisibleBy) > 0
}

// usersIn reads a value that names a user, or several.
func usersIn(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	var several []string
	_ = json.Unmarshal(value, &several) // what is neither names nobody
	return slices.DeleteFunc(several, func(u string) bool { return u == "" })
}

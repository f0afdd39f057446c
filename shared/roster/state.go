package roster

import (
	"cmp"
	"slices"
)

// State is what is so of a member on one day.
type State struct {
	Active bool
	// Role is Partner where nobody says anything.
	Role  Role
	Teams []Group
	// Manager is whom the member reports to; empty for nobody.
	Manager string
	// Scope is whose figures the member may see as far as it was said; Stated tells whether an admin did. See Visible.
	Scope  Scope
	Stated bool
	// Access is what the CRMs say, by connection.
	Access map[string]Access
}

// At gives what is so of the member on a day. Where an admin said something for the day, that is it. Else the CRMs count
// together: somebody works here whom one of them lets in; role and scope are the highest; teams are those of all. What a CRM
// says of a user who is switched off there counts only if no other is on. Of managers, the first that a CRM names is it.
func (m Member) At(d Date) State {
	s := State{Role: Partner, Scope: Own, Access: map[string]Access{}}
	on := m.on(d)
	s.Active = len(on) > 0
	if f, ok := m.stated(Active, d); ok {
		s.Active = f.Active
	}
	for f := range m.holding(RoleKind, d, on) {
		s.Role = max2(s.Role, f.Role, Roles())
	}
	if f, ok := m.stated(RoleKind, d); ok {
		s.Role = f.Role
	}
	for f := range m.holding(Teams, d, on) {
		s.Teams = append(s.Teams, f.Teams...)
	}
	if f, ok := m.stated(Teams, d); ok {
		s.Teams = f.Teams
	}
	s.Teams = groups(s.Teams)
	s.Manager = m.managerAt(d)
	for f := range m.holding(AccessKind, d, on) {
		s.Scope = max2(s.Scope, f.Access.Scope, Scopes())
		s.Access[f.External.Connection] = f.Access.with(s.Access[f.External.Connection])
	}
	if f, ok := m.stated(AccessKind, d); ok {
		s.Scope, s.Stated = f.Access.Scope, true
	}
	return s
}

// on gives the users that a CRM lets in on a day.
func (m Member) on(d Date) []External {
	var on []External
	for _, f := range m.Facts {
		if f.Gone.IsZero() && f.Kind == Active && f.External != (External{}) && f.Active && f.Holds(d) {
			on = append(on, f.External)
		}
	}
	return on
}

// stated gives what an admin said for a day.
func (m Member) stated(kind Kind, d Date) (Fact, bool) {
	i := slices.IndexFunc(m.Facts, func(f Fact) bool { return f.stands(kind, External{}) && f.Holds(d) })
	if i < 0 {
		return Fact{}, false
	}
	return m.Facts[i], true
}

// holding gives what CRMs say for a day: of the users that are on, or of all if none is.
func (m Member) holding(kind Kind, d Date, on []External) func(yield func(Fact) bool) {
	return func(yield func(Fact) bool) {
		for _, f := range m.Facts {
			if f.Gone.IsZero() && f.Kind == kind && f.External != (External{}) && f.Holds(d) && (len(on) == 0 || slices.Contains(on, f.External)) && !yield(f) {
				return
			}
		}
	}
}

// managerAt gives the manager on a day. It depends on nothing but facts about managers, so that only those can close a
// circle.
func (m Member) managerAt(d Date) string {
	if f, ok := m.stated(Manager, d); ok {
		return f.Manager
	}
	for f := range m.holding(Manager, d, nil) {
		if f.Manager != "" {
			return f.Manager
		}
	}
	return ""
}

// with gives what two users of one connection may see together.
func (a Access) with(o Access) Access {
	if o.Scope == "" {
		return a
	}
	a.Scope = max2(a.Scope, o.Scope, Scopes())
	a.Permissions = ordered(append(slices.Clone(a.Permissions), o.Permissions...))
	a.VisibleBy = ordered(append(slices.Clone(a.VisibleBy), o.VisibleBy...))
	a.AllRecords, a.Unassigned = a.AllRecords || o.AllRecords, a.Unassigned || o.Unassigned
	return a
}

// max2 gives the later one of two in an order.
func max2[T comparable](a, b T, order []T) T {
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// days gives the days on which something changes in a span, its beginning first. No kinds means all.
func (m Member) days(span Span, kinds ...Kind) []Date {
	days := []Date{span.From}
	for _, f := range m.Facts {
		if !f.Gone.IsZero() || len(kinds) > 0 && !slices.Contains(kinds, f.Kind) {
			continue
		}
		for _, d := range []Date{f.From, f.Until} {
			if d > span.From && span.Holds(d) {
				days = append(days, d)
			}
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// leads gives whom the member reports to over time: spans that follow each other, each with a manager, empty for none.
func (m Member) leads() []Fact {
	days := m.days(Span{}, Manager)
	var all []Fact
	for i, d := range days {
		f := Fact{Kind: Manager, Span: Span{From: d}, Value: Value{Manager: m.managerAt(d)}}
		if i+1 < len(days) {
			f.Until = days[i+1]
		}
		all = append(all, f)
	}
	return all
}

// Roster is the members of an organization by id.
type Roster map[string]Member

// Of makes a Roster.
func Of(members []Member) Roster {
	r := make(Roster, len(members))
	for _, m := range members {
		r[m.ID] = m
	}
	return r
}

// Chain gives whom a member reports to on a day, and whom that one does, to the top.
func Chain(members Roster, id string, d Date) []string {
	var chain []string
	seen := map[string]bool{id: true}
	for next := members[id].managerAt(d); next != "" && !seen[next]; next = members[next].managerAt(d) {
		chain, seen[next] = append(chain, next), true
	}
	return chain
}

// Reports gives who reports to whom on a day, by manager, each in the order of ids.
func Reports(members Roster, d Date) map[string][]string {
	by := map[string][]string{}
	for id, m := range members {
		if manager := m.managerAt(d); manager != "" {
			by[manager] = append(by[manager], id)
		}
	}
	for _, ids := range by {
		slices.Sort(ids)
	}
	return by
}

// TeamOf gives who reports to a manager on a day, directly or not, in the order of ids.
func TeamOf(members Roster, manager string, d Date) []string {
	return below(Reports(members, d), manager)
}

func below(reports map[string][]string, manager string) []string {
	var team []string
	seen := map[string]bool{manager: true}
	for open := []string{manager}; len(open) > 0; open = open[1:] {
		for _, id := range reports[open[0]] {
			if !seen[id] {
				seen[id], team, open = true, append(team, id), append(open, id)
			}
		}
	}
	slices.Sort(team)
	return team
}

// Circle tells on which day a member would come to be its own manager, directly or not.
func Circle(members Roster, id string) (Date, bool) {
	type step struct {
		id string
		Span
	}
	seen := map[step]bool{}
	for open := []step{{id: id}}; len(open) > 0; open = open[1:] {
		at := open[0]
		for _, f := range members[at.id].leads() {
			next := step{f.Manager, f.And(at.Span)}
			switch {
			case f.Manager == "" || next.Empty() || seen[next]:
			case f.Manager == id:
				return next.From, true
			default:
				seen[next] = true
				open = append(open, next)
			}
		}
	}
	return "", false
}

// Node is a member in the tree of who reports to whom.
type Node struct {
	Member Member
	State  State
	// Depth is 0 at the top. Direct and Below count who reports to the member, directly and at all.
	Depth, Direct, Below int
}

// Tree gives the members who work here on a day, and those whom one of them reports to, from the top down: each is
// followed by those who report to it, by name.
func Tree(members Roster, d Date) []Node {
	shown := map[string]bool{}
	for id, m := range members {
		if m.MergedInto == "" && m.At(d).Active {
			shown[id] = true
			for _, above := range Chain(members, id, d) {
				shown[above] = true
			}
		}
	}
	reports := Reports(members, d)
	for manager, ids := range reports {
		reports[manager] = slices.DeleteFunc(ids, func(id string) bool { return !shown[id] })
	}
	var nodes []Node
	var add func(ids []string, depth int)
	add = func(ids []string, depth int) {
		slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(members[a].Name, members[b].Name), cmp.Compare(a, b)) })
		for _, id := range ids {
			nodes = append(nodes, Node{Member: members[id], State: members[id].At(d), Depth: depth, Direct: len(reports[id]), Below: len(below(reports, id))})
			add(reports[id], depth+1)
		}
	}
	var top []string
	for id := range shown {
		if manager := members[id].managerAt(d); manager == "" || !shown[manager] {
			top = append(top, id)
		}
	}
	add(top, 0)
	return nodes
}

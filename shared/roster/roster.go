// Package roster holds the members of an organization: those who sell, who leads them, who administers; each with what was
// so when. It is pure: no store, no clock.
//
// What is known of a member are facts (Fact): worked here, had a role, was in teams, had a manager, could see something; each
// for a time in whole days of the organization's calendar, half-open. Days, for pay is by the day: a line of reporting that
// changes at noon changes for that day, and quotas are prorated by days. A fact is never changed. One that holds no longer
// as it was said is marked as gone, with who did that and when, and facts that say it as it is now are added; so what
// was believed on any day can still be told.
//
// Facts lie in layers: what the admin said, by the API or in a CSV file, and what each CRM says of its user. A layer says at
// most one thing of a kind at a time. Where the admin said something, it counts, whatever a CRM says or will say; elsewhere
// the CRMs count together. A sync writes into the layers of its own connection only.
package roster

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
)

// MemberID is the prefix of ids of members.
const MemberID = "mem"

const (
	// maxFacts bounds what is kept of a member; of what is gone, the oldest is forgotten first.
	maxFacts = 400
	// MaxExternal is how many users of CRMs one member can be.
	MaxExternal = 20
	// MaxTeams is how many teams somebody can be in at once.
	MaxTeams = 50
)

// Member is somebody whose sales count, or who leads those, or administers them. To sign in is another thing: see Person.
type Member struct {
	ID           string // "mem_" and 12 of [0-9a-z]
	Organization string
	Name         string
	Email        string
	Phone        string
	// External are the users of CRMs that the member is, in the order in which they were found. The first one says name,
	// e-mail and phone. A connection may have several: who was deleted there and invited again is two users.
	External []External
	// Person is the account with which the member signs in; empty for none.
	Person string
	Facts  []Fact
	// Declined are proposals about the member that an admin refused, each named by its kind and the other member.
	Declined []string
	// MergedInto is the member that this one turned out to be. All that was known is known of that one.
	MergedInto string
	// Erased says that name, e-mail and phone were erased, and are not to come back.
	Erased    bool
	CreatedAt time.Time
	UpdatedAt time.Time
	Rev       int64
}

// External is a user of a CRM.
type External struct {
	Connection, ID string
}

// Kind is what a fact is about.
type Kind string

// The kinds.
const (
	// Active: works here.
	Active Kind = "active"
	// RoleKind: is admin, manager or partner.
	RoleKind Kind = "role"
	// Teams: is in these teams, all of them at once.
	Teams Kind = "teams"
	// Manager: reports to a member, or says that it is to nobody.
	Manager Kind = "manager"
	// AccessKind: may see.
	AccessKind Kind = "access"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Active, RoleKind, Teams, Manager, AccessKind} }

// Role is what somebody does here.
type Role string

// The roles, from least to most.
const (
	Partner Role = "partner"
	Lead    Role = "manager"
	Admin   Role = "admin"
)

// Roles lists the roles, from least to most.
func Roles() []Role { return []Role{Partner, Lead, Admin} }

// Scope is whose figures somebody may see.
type Scope string

// The scopes, from least to most.
const (
	Own  Scope = "own"
	Team Scope = "team"
	All  Scope = "all"
)

// Scopes lists the scopes, from least to most.
func Scopes() []Scope { return []Scope{Own, Team, All} }

// Group is a team: a group of a CRM, or one that an admin named.
type Group struct {
	// Connection and ID are those of a CRM's group; empty for one of the admin's.
	Connection, ID string
	Name           string
}

// Is tells whether two are one team: by id, or by name without regard to case.
func (g Group) Is(o Group) bool {
	if g.ID != "" && o.ID != "" {
		return g.Connection == o.Connection && g.ID == o.ID
	}
	return g.ID == o.ID && strings.EqualFold(g.Name, o.Name)
}

// Access is what somebody may see.
type Access struct {
	Scope Scope
	// The rest is what a CRM says. RoleID and RoleName are those of the role there, Permissions what it may do.
	RoleID, RoleName string
	Permissions      []string
	// AllRecords says that the records of others are seen. Otherwise VisibleBy are the fields of a lead, each naming users,
	// that say who sees it, and Unassigned says that a lead in which they are all empty is seen, too.
	AllRecords bool
	VisibleBy  []string
	Unassigned bool
}

// Value is what a fact says; which part of it counts goes by the kind.
type Value struct {
	Active bool
	Role   Role
	Teams  []Group
	// Manager is the id of a member; empty says that there is none.
	Manager string
	Access  Access
}

// Source is where a fact comes from.
type Source string

// The sources.
const (
	ByCRM   Source = "crm"
	ByAdmin Source = "admin"
	ByCSV   Source = "csv"
)

// Author is who says something, where and when.
type Author struct {
	Source Source
	// By is the API key that acted; the connection, for a CRM.
	By string
	At time.Time
}

// Fact is something that was so for a time.
type Fact struct {
	Kind Kind
	Span
	Value
	Source Source
	// External is the user of whom a CRM said it; empty for what an admin said.
	External External
	// By said so, At a time.
	By string
	At time.Time
	// Gone is when that was said otherwise, by GoneBy; zero for what counts.
	Gone   time.Time
	GoneBy string
}

// stands tells whether the fact counts in a layer.
func (f Fact) stands(kind Kind, layer External) bool {
	return f.Gone.IsZero() && f.Kind == kind && f.External == layer
}

// Is tells whether the member is a user of a CRM.
func (m Member) Is(e External) bool { return slices.Contains(m.External, e) }

// Own copies what others could change.
func (m Member) Own() Member {
	m.External, m.Facts, m.Declined = slices.Clone(m.External), slices.Clone(m.Facts), slices.Clone(m.Declined)
	return m
}

// Set has the admin say something of the member for a time, whatever was said of that time before. It tells whether that
// changes anything.
func (m *Member) Set(kind Kind, span Span, v Value, by Author) (bool, error) {
	v, err := v.of(kind)
	if err == nil {
		err = span.Check()
	}
	if err != nil {
		return false, err
	}
	return m.say(kind, External{}, span, &v, by), nil
}

// Clear takes back what the admin said for a time, so that the CRM counts again, and tells whether there was anything.
func (m *Member) Clear(kind Kind, span Span, by Author) (bool, error) {
	if err := span.Check(); err != nil {
		return false, err
	}
	return m.say(kind, External{}, span, nil, by), nil
}

// say writes into a layer what holds in a span; nil for nothing.
func (m *Member) say(kind Kind, layer External, span Span, v *Value, by Author) bool {
	said := slices.ContainsFunc(m.Facts, func(f Fact) bool {
		return f.stands(kind, layer) && (v == nil && f.Overlaps(span) || v != nil && f.Contains(span) && f.Value.equal(*v))
	})
	if said != (v == nil) {
		return false
	}
	var added []Fact
	facts := slices.Clone(m.Facts)
	for i, f := range facts {
		if !f.stands(kind, layer) || !f.Overlaps(span) {
			continue
		}
		for _, left := range f.Without(span) {
			rest := f
			rest.Span, rest.At = left, by.At
			added = append(added, rest)
		}
		facts[i].Gone, facts[i].GoneBy = by.At, by.By
	}
	if v != nil {
		added = append(added, Fact{Kind: kind, Span: span, Value: *v, Source: by.Source, External: layer, By: by.By, At: by.At})
	}
	m.Facts = bounded(append(facts, added...))
	slices.SortStableFunc(m.Facts, compareFacts)
	m.UpdatedAt = by.At
	return true
}

func compareFacts(a, b Fact) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.External.Connection, b.External.Connection), cmp.Compare(a.External.ID, b.External.ID),
		cmp.Compare(a.From, b.From), a.At.Compare(b.At))
}

// bounded forgets the oldest of what is gone where there is too much.
func bounded(facts []Fact) []Fact {
	for len(facts) > maxFacts {
		oldest := -1
		for i, f := range facts {
			if !f.Gone.IsZero() && (oldest < 0 || f.Gone.Before(facts[oldest].Gone)) {
				oldest = i
			}
		}
		if oldest < 0 {
			return facts
		}
		facts = slices.Delete(facts, oldest, oldest+1)
	}
	return facts
}

// of gives the part of a value that counts for a kind, in one order, or says what is wrong with it.
func (v Value) of(kind Kind) (Value, error) {
	switch kind {
	case Active:
		return Value{Active: v.Active}, nil
	case Manager:
		return Value{Manager: v.Manager}, nil
	case RoleKind:
		if !slices.Contains(Roles(), v.Role) {
			return Value{}, fault.New(fault.Invalid, "invalid_role", "The role is admin, manager or partner.")
		}
		return Value{Role: v.Role}, nil
	case Teams:
		return Value{Teams: groups(v.Teams)}, checkTeams(v.Teams)
	case AccessKind:
		if !slices.Contains(Scopes(), v.Access.Scope) {
			return Value{}, fault.New(fault.Invalid, "invalid_access", "The access is own, team or all.")
		}
		a := v.Access
		a.Permissions, a.VisibleBy = ordered(a.Permissions), ordered(a.VisibleBy)
		return Value{Access: a}, nil
	}
	return Value{}, fault.New(fault.Invalid, "invalid_kind", "There are no facts of that kind.")
}

func checkTeams(teams []Group) error {
	if len(teams) > MaxTeams {
		return fault.New(fault.Invalid, "too_many_teams", "Nobody can be in more than %d teams at once.", MaxTeams)
	}
	if slices.ContainsFunc(teams, func(g Group) bool { return g.ID == "" && strings.TrimSpace(g.Name) == "" }) {
		return fault.New(fault.Invalid, "invalid_team", "A team needs a name.")
	}
	return nil
}

func (v Value) equal(o Value) bool {
	return v.Active == o.Active && v.Role == o.Role && v.Manager == o.Manager && slices.Equal(v.Teams, o.Teams) && v.Access.equal(o.Access)
}

func (a Access) equal(o Access) bool {
	return a.Scope == o.Scope && a.RoleID == o.RoleID && a.RoleName == o.RoleName && a.AllRecords == o.AllRecords && a.Unassigned == o.Unassigned &&
		slices.Equal(a.Permissions, o.Permissions) && slices.Equal(a.VisibleBy, o.VisibleBy)
}

// groups gives teams in one order, each once.
func groups(teams []Group) []Group {
	all := slices.Clone(teams)
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.ID, b.ID), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return slices.CompactFunc(all, Group.Is)
}

func ordered(texts []string) []string {
	all := slices.Clone(texts)
	slices.Sort(all)
	return slices.Compact(all)
}

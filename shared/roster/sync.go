package roster

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// manageOthers begins the permissions to act on what is others'; manageOrganization is that of who runs the account. The
// words are Close's; connectors of other CRMs put theirs in these.
const (
	manageOthers       = "manage_others_"
	manageOrganization = "manage_organization"
)

// User is somebody in a CRM, whichever it is.
type User struct {
	ExternalID         string
	Name, Email, Phone string
	// Active tells whether the CRM lets the user in, Admin whether the user runs the account.
	Active, Admin bool
	Role          UserRole
	// Teams are the groups of the CRM that the user is in.
	Teams []UserTeam
	// Manager is the ExternalID of the user's manager; empty for none, and in CRMs without a reporting line.
	Manager string
	// CreatedAt is since when the CRM knows the user; zero where it does not say.
	CreatedAt time.Time
}

// UserRole is what a user may do and see in a CRM.
type UserRole struct {
	ID, Name    string
	Permissions []string
	// SeesAll, VisibleBy and Unassigned are as in Access.
	SeesAll    bool
	VisibleBy  []string
	Unassigned bool
}

// UserTeam is a group of a CRM.
type UserTeam struct{ ID, Name string }

// Seen is what a CRM says of all its people at a time.
type Seen struct {
	Connection string
	// Users are all of them, those who are switched off too.
	Users []User
	// At is when that was read, Day the day that it was in the organization's calendar, in Zone.
	At   time.Time
	Zone *time.Location
}

// Change is a member that is new, or has changed.
type Change struct {
	Member Member
	New    bool
	// What names what changed: kinds of facts, "profile", "link".
	What []string
}

// Plan is what a sync does.
type Plan struct {
	Changes []Change
	// Held are the members whom the CRM names no more, where those are too many to be believed: nothing is done about them.
	Held []string
	// Circular are the members whose manager in the CRM would be led by themselves: the manager stays as it was.
	Circular []string
}

// Sync compares what is known with what a CRM says. What it says for the first time of a user counts from the day when
// the CRM got to know the user; of a user who was switched off before we first looked it is not known until when, so that
// none of the time counts as worked: an admin can say when. Later changes count from the day of the sync, so that what was
// so before stays. A user whom the CRM names no more has ended, unless that is suddenly so of many.
//
// A user is a member by its id. One who is not known yet is the one member with the same e-mail address, if that is the only
// one with it, is no user of this connection yet, and no other new user has the address; else a new member, and Proposals
// says who may be the same.
//
// newID gives the id of a new member.
func Sync(current []Member, seen Seen, newID func() (string, error)) (Plan, error) {
	s, err := begin(current, seen, newID)
	if err != nil {
		return Plan{}, err
	}
	for _, u := range seen.Users {
		if err := s.find(u); err != nil {
			return Plan{}, err
		}
	}
	for _, u := range seen.Users {
		m := s.members[s.of[u.ExternalID]]
		s.profile(&m, u)
		s.facts(&m, u)
		s.members[m.ID] = m
	}
	s.managers()
	s.absent()
	return s.plan(), nil
}

// sync is one Sync.
type sync struct {
	Seen
	day     Date
	newID   func() (string, error)
	members Roster
	order   []string
	// of gives the member of each user.
	of      map[string]string
	isNew   map[string]bool
	what    map[string][]string
	byEmail map[string][]string
	emails  map[string]int // of users who are not known yet
	result  Plan
}

func begin(current []Member, seen Seen, newID func() (string, error)) (*sync, error) {
	s := &sync{Seen: seen, day: calendar.DateOf(seen.At, seen.Zone), newID: newID, members: Roster{}, of: map[string]string{}, isNew: map[string]bool{},
		what: map[string][]string{}, byEmail: map[string][]string{}, emails: map[string]int{}}
	for _, m := range current {
		m = m.Own()
		s.members[m.ID], s.order = m, append(s.order, m.ID)
		for _, e := range m.External {
			if e.Connection == seen.Connection {
				s.of[e.ID] = m.ID
			}
		}
		if email := tenant.NormalizeEmail(m.Email); email != "" && m.MergedInto == "" && !m.Erased {
			s.byEmail[email] = append(s.byEmail[email], m.ID)
		}
	}
	twice := map[string]bool{}
	for _, u := range seen.Users {
		if u.ExternalID == "" || twice[u.ExternalID] {
			return nil, fault.New(fault.Invalid, "invalid_users", "The CRM lists a user without an id, or one id twice.")
		}
		twice[u.ExternalID] = true
		if s.of[u.ExternalID] == "" {
			s.emails[tenant.NormalizeEmail(u.Email)]++
		}
	}
	return s, nil
}

func (s *sync) author() Author { return Author{Source: ByCRM, By: s.Connection, At: s.At} }

func (s *sync) layer(u User) External { return External{s.Connection, u.ExternalID} }

func (s *sync) note(id, what string) {
	if !slices.Contains(s.what[id], what) {
		s.what[id] = append(s.what[id], what)
	}
}

// find has a user be a member: one that is known, or a new one.
func (s *sync) find(u User) error {
	if s.of[u.ExternalID] != "" {
		return nil
	}
	email := tenant.NormalizeEmail(u.Email)
	id := ""
	if same := s.byEmail[email]; email != "" && len(same) == 1 && s.emails[email] == 1 && !s.linked(same[0]) && len(s.members[same[0]].External) < MaxExternal {
		id = same[0]
	}
	var m Member
	if id == "" {
		var err error
		if id, err = s.newID(); err != nil {
			return err
		}
		m = Member{ID: id, CreatedAt: s.At}
		s.order, s.isNew[id] = append(s.order, id), true
	} else {
		m = s.members[id]
		s.note(id, "link")
	}
	m.External = append(m.External, s.layer(u))
	s.members[id], s.of[u.ExternalID] = m, id
	return nil
}

func (s *sync) linked(id string) bool {
	return slices.ContainsFunc(s.members[id].External, func(e External) bool { return e.Connection == s.Connection })
}

// profile follows name, e-mail and phone if the user is the one who says them, and else fills in what is missing.
func (s *sync) profile(m *Member, u User) {
	if m.Erased || s.stale(*m, u) {
		return
	}
	first := m.External[0] == s.layer(u)
	for _, part := range []struct {
		have *string
		said string
	}{{&m.Name, u.Name}, {&m.Email, u.Email}, {&m.Phone, u.Phone}} {
		said := strings.TrimSpace(part.said)
		if said != "" && said != *part.have && (first || *part.have == "") {
			*part.have = said
			s.note(m.ID, "profile")
		}
	}
}

// facts says of a member what the CRM says, but for the manager.
func (s *sync) facts(m *Member, u User) {
	role, teams := Partner, []Group{}
	if u.Admin {
		role = Admin
	}
	for _, t := range u.Teams {
		teams = append(teams, Group{Connection: s.Connection, ID: t.ID, Name: t.Name})
	}
	for kind, v := range map[Kind]Value{Active: {Active: u.Active}, RoleKind: {Role: role}, Teams: {Teams: groups(teams)}, AccessKind: {Access: accessOf(u)}} {
		if s.fact(m, u, kind, v) {
			s.note(m.ID, string(kind))
		}
	}
}

func accessOf(u User) Access {
	a := Access{Scope: Own, RoleID: u.Role.ID, RoleName: u.Role.Name, Permissions: ordered(u.Role.Permissions), AllRecords: u.Role.SeesAll || u.Admin,
		VisibleBy: ordered(u.Role.VisibleBy), Unassigned: u.Role.Unassigned}
	if u.Admin || slices.ContainsFunc(a.Permissions, func(p string) bool { return p == manageOrganization || strings.HasPrefix(p, manageOthers) }) {
		a.Scope = All
	}
	return a
}

// fact says something in the layer of a user: from when the CRM knows the user if it is the first of its kind, else from
// today, but never before what was said last. It tells whether that changes anything.
func (s *sync) fact(m *Member, u User, kind Kind, v Value) bool {
	if s.stale(*m, u) {
		return false
	}
	layer, from := s.layer(u), min(calendar.DateOf(u.CreatedAt, s.Zone), s.day)
	for _, f := range m.Facts {
		if f.stands(kind, layer) {
			from = max(s.day, f.From)
			if f.Until == "" && f.Value.equal(v) {
				return false
			}
		}
	}
	return m.say(kind, layer, Span{From: from}, &v, s.author())
}

// stale tells whether the CRM was read later than this already.
func (s *sync) stale(m Member, u User) bool {
	return slices.ContainsFunc(m.Facts, func(f Fact) bool { return f.External == s.layer(u) && f.At.After(s.At) })
}

// managers says who reports to whom, where the CRM knows. What would close a circle is tried again once the rest is
// said, so that the order of the users makes no difference.
func (s *sync) managers() {
	for open := s.Users; len(open) > 0; {
		var circular []User
		for _, u := range open {
			if !s.manager(u) {
				circular = append(circular, u)
			}
		}
		if len(circular) == len(open) {
			for _, u := range circular {
				s.result.Circular = append(s.result.Circular, s.of[u.ExternalID])
			}
			return
		}
		open = circular
	}
}

// manager says whom a member reports to, unless that would close a circle.
func (s *sync) manager(u User) bool {
	id := s.of[u.ExternalID]
	before := s.members[id]
	known := slices.ContainsFunc(before.Facts, func(f Fact) bool { return f.External == s.layer(u) && f.Kind == Manager })
	if u.Manager == "" && !known {
		return true
	}
	m := before.Own()
	if !s.fact(&m, u, Manager, Value{Manager: s.of[u.Manager]}) {
		return true
	}
	s.members[id] = m
	if _, circular := Circle(s.members, id); circular {
		s.members[id] = before
		return false
	}
	s.note(id, string(Manager))
	return true
}

// absent ends what was said of users whom the CRM names no more.
func (s *sync) absent() {
	named := map[External]bool{}
	for _, u := range s.Users {
		named[s.layer(u)] = true
	}
	type missing struct {
		id string
		e  External
	}
	var gone []missing
	on := 0
	for _, id := range s.order {
		for _, e := range s.members[id].External {
			if e.Connection != s.Connection || !slices.Contains(s.members[id].on(s.day), e) {
				continue
			}
			if on++; !named[e] {
				gone = append(gone, missing{id, e})
			}
		}
	}
	if len(gone) > max(2, on/5) || len(s.Users) == 0 {
		for _, g := range gone {
			s.result.Held = append(s.result.Held, g.id)
		}
		return
	}
	for _, g := range gone {
		m := s.members[g.id]
		if s.fact(&m, User{ExternalID: g.e.ID}, Active, Value{}) {
			s.note(g.id, string(Active))
		}
		s.members[g.id] = m
	}
}

func (s *sync) plan() Plan {
	for _, id := range s.order {
		if s.isNew[id] || len(s.what[id]) > 0 {
			m := s.members[id]
			slices.Sort(s.what[id])
			m.UpdatedAt = s.At
			s.result.Changes = append(s.result.Changes, Change{Member: m, New: s.isNew[id], What: s.what[id]})
		}
	}
	return s.result
}

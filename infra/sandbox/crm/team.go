package crm

import (
	"slices"
	"strconv"
	"strings"
)

// Team is the organization and its people.
type Team struct {
	OrganizationID, Name string
	Users                []User
	Roles                []Role
	Groups               []Group
}

// User is a person with a membership.
type User struct {
	ID, MembershipID   string
	First, Last, Email string
	Phone, PhoneID     string
	RoleID             string
	Active             bool
	created, updated   int64
	full               string
}

// Role says what its members may do and see.
type Role struct {
	ID, Name    string
	Editable    bool
	Permissions []string
	// SeesOwn limits its members to the leads that name them in the owner field.
	SeesOwn bool
	// SeesUnassigned lets those see the leads that name nobody, too.
	SeesUnassigned bool
}

// Group is a team of people.
type Group struct {
	ID, Name string
	Members  []string
}

// Name gives the full name.
func (u User) Name() string { return u.full }

// The ids of the roles that each organization has.
const (
	roleAdmin      = "admin"
	roleSuper      = "superuser"
	roleUser       = "user"
	roleRestricted = "restricteduser"
)

// firstRep is the place of the first of the twelve reps among the users: an admin and three managers stand before them.
const (
	firstRep = 4
	reps     = 12
)

// hire makes the team: an admin, three sales managers, twelve reps in three groups, and two who have left.
func (m *Model) hire() {
	seed := m.opts.Seed
	t := Team{OrganizationID: makeID("orga_", longID, seed, 2), Name: "Compass Outdoor Supply"}
	manager, executive := makeID("role_", longID, seed, 3, 1), makeID("role_", longID, seed, 3, 2)
	// The names are those of a recorded membership.
	sells := strings.Fields("ai_chat bulk_email calling delete_own_activities delete_own_opportunities delete_own_tasks")
	leads := append(slices.Clone(sells), strings.Fields("bulk_edit bulk_sequence_subscriptions call_coach_listen delete_leads export "+
		"manage_others_activities manage_others_opportunities manage_others_tasks manage_team_smart_views merge_leads view_all_leads")...)
	admin := append(slices.Clone(leads), strings.Fields("ai_enrich bulk_delete bulk_enrich bulk_import call_coach_barge manage_customizations "+
		"manage_email_sequences manage_group_numbers manage_organization manage_team_email_templates manage_web_forms")...)
	t.Roles = []Role{
		{ID: roleAdmin, Name: "Admin", Permissions: admin},
		{ID: roleSuper, Name: "Super User", Permissions: leads},
		{ID: roleUser, Name: "User", Permissions: append(slices.Clone(sells), "view_all_leads")},
		{ID: roleRestricted, Name: "Restricted User", Permissions: sells[:1]},
		{ID: manager, Name: "Sales Manager", Editable: true, Permissions: leads},
		{ID: executive, Name: "Account Executive", Editable: true, Permissions: sells, SeesOwn: true},
	}
	people := strings.Fields("Alex Morgan Maria Keller James Okafor Sofia Lindgren Noah Brandt Emma Rossi Liam Novak Olivia Haddad " +
		"Lucas Petit Mia Tanaka Ethan Silva Ava Kowalski Leo Andersen Isla Moreau Mateo Fischer Zoe Castillo Hugo Vance Nora Pike")
	for i := range len(people) / 2 {
		u := User{
			ID: makeID("user_", longID, seed, 4, uint64(i)), MembershipID: makeID("memb_", longID, seed, 5, uint64(i)),
			First: people[2*i], Last: people[2*i+1], Active: i < firstRep+reps, RoleID: executive,
			PhoneID: makeID("phon_", longID, seed, 6, uint64(i)), Phone: "+1415555" + strconv.Itoa(1100+i),
		}
		u.full = u.First + " " + u.Last
		u.Email = strings.ToLower(u.First+"."+u.Last) + "@compass.example.com"
		u.created = m.start - int64(900-i*20)*dayMicros
		u.updated = u.created + int64(i+1)*dayMicros
		switch {
		case i == 0:
			u.RoleID = roleAdmin
		case i < firstRep:
			u.RoleID = manager
		}
		t.Users = append(t.Users, u)
	}
	for g, name := range []string{"Enterprise", "Mid-Market", "Small Business"} {
		group := Group{ID: makeID("group_", shortID, seed, 7, uint64(g)), Name: name, Members: []string{t.Users[1+g].ID}}
		for i := range reps / 3 {
			group.Members = append(group.Members, t.Users[firstRep+g*reps/3+i].ID)
		}
		t.Groups = append(t.Groups, group)
	}
	m.Team = t
}

// User finds a person by id; nil if there is none.
func (m *Model) User(id string) *User {
	if i := m.userIndex(id); i != nobody {
		return &m.Team.Users[i]
	}
	return nil
}

func (m *Model) userIndex(id string) uint16 {
	for i := range m.Team.Users {
		if m.Team.Users[i].ID == id {
			return uint16(i)
		}
	}
	return nobody
}

// Role gives the role of a person.
func (m *Model) Role(u *User) Role {
	for _, r := range m.Team.Roles {
		if r.ID == u.RoleID {
			return r
		}
	}
	return Role{ID: u.RoleID}
}

// May tells whether a person has a permission.
func (m *Model) May(u *User, permission string) bool {
	return slices.Contains(m.Role(u).Permissions, permission)
}

// Sees tells whether a person may see a record.
func (m *Model) Sees(u *User, r *Record) bool {
	if m.SeesAll(u) {
		return true
	}
	if r.lead != nil {
		r = r.lead
	}
	if r.Kind != Lead {
		return true
	}
	return r.user != nobody && m.Team.Users[r.user].ID == u.ID || r.user == nobody && m.Role(u).SeesUnassigned
}

// SeesAll tells whether no lead is hidden from a person.
func (m *Model) SeesAll(u *User) bool { return !m.Role(u).SeesOwn && u.RoleID != roleRestricted }

func (m *Model) userID(i uint16) string {
	if i == nobody {
		return ""
	}
	return m.Team.Users[i].ID
}

func (m *Model) userName(i uint16) string {
	if i == nobody {
		return ""
	}
	return m.Team.Users[i].full
}

package roster_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/roster"
)

const crm = "conn_crm"

func user(id string) roster.User {
	return roster.User{ExternalID: "user_" + id, Name: "U " + id, Email: id + "@example.com", Active: true, CreatedAt: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)}
}

// world is members over which syncs go.
type world struct {
	t       *testing.T
	members roster.Roster
	newID   func() (string, error)
	at      time.Time
}

func newWorld(t *testing.T, members ...roster.Member) *world {
	return &world{t: t, members: roster.Of(members), newID: ids(), at: noon()}
}

func (w *world) list() []roster.Member {
	var all []roster.Member
	for _, m := range w.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b roster.Member) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (w *world) sync(connection string, users ...roster.User) roster.Plan {
	w.t.Helper()
	seen := roster.Seen{Connection: connection, Users: users, At: w.at, Zone: time.UTC}
	plan, err := roster.Sync(w.list(), seen, w.newID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range plan.Changes {
		if _, known := w.members[c.Member.ID]; known == c.New {
			w.t.Fatalf("%s is new: %t", c.Member.ID, c.New)
		}
		w.members[c.Member.ID] = c.Member
	}
	if again, err := roster.Sync(w.list(), seen, w.newID); err != nil || len(again.Changes) > 0 {
		w.t.Fatalf("the same again changes %+v, %v", again.Changes, err)
	}
	return plan
}

// of gives the member that a user is.
func (w *world) of(connection, user string) roster.Member {
	w.t.Helper()
	var found []roster.Member
	for _, m := range w.members {
		if m.Is(roster.External{Connection: connection, ID: user}) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d members are %s", len(found), user)
	}
	return found[0]
}

func TestTheFirstSync(t *testing.T) {
	w := newWorld(t)
	boss, off, undated := user("boss"), user("off"), user("undated")
	boss.Admin, boss.Teams = true, []roster.UserTeam{{ID: "g1", Name: "East"}}
	off.Active, undated.CreatedAt = false, time.Time{}
	if plan := w.sync(crm, boss, user("rep"), off, undated); len(plan.Changes) != 4 {
		t.Fatalf("changes %+v", plan.Changes)
	}
	for _, c := range []struct {
		user string
		day  roster.Date
		want string
	}{
		{"user_boss", today, "true admin East all"}, {"user_boss", "2025-03-01", "true admin East all"}, {"user_boss", "2025-02-28", "false partner  own"},
		{"user_rep", today, "true partner  own"}, {"user_off", today, "false partner  own"}, {"user_off", "2026-01-01", "false partner  own"},
		{"user_undated", "1999-01-01", "true partner  own"},
	} {
		s := w.of(crm, c.user).At(c.day)
		var teams []string
		for _, g := range s.Teams {
			teams = append(teams, g.Name)
		}
		if got := fmt.Sprintf("%t %s %s %s", s.Active, s.Role, strings.Join(teams, ","), s.Scope); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.user, c.day, got, c.want)
		}
	}
	if m := w.of(crm, "user_rep"); m.Name != "U rep" || m.Email != "rep@example.com" {
		t.Errorf("got %+v", m)
	}
}

func TestLaterSyncs(t *testing.T) {
	w := newWorld(t)
	ann, bob := user("ann"), user("bob")
	ann.Teams = []roster.UserTeam{{ID: "g1", Name: "East"}}
	w.sync(crm, ann, bob)
	w.at = noon().AddDate(0, 0, 10)
	ann.Teams, ann.Admin, ann.Name, ann.Email = []roster.UserTeam{{ID: "g2", Name: "West"}}, true, "Ann B", "other@example.com"
	bob.Active = false
	w.sync(crm, ann, bob)
	m := w.of(crm, "user_ann")
	if was, is := m.At("2026-12-01"), m.At("2026-12-02"); was.Role != roster.Partner || is.Role != roster.Admin || was.Teams[0].Name != "East" || is.Teams[0].Name != "West" || len(is.Teams) != 1 {
		t.Errorf("was %+v, is %+v", was, is)
	}
	if m.Name != "Ann B" || m.Email != "other@example.com" {
		t.Errorf("the profile is not followed: %+v", m)
	}
	if m := w.of(crm, "user_bob"); !m.At("2026-12-01").Active || m.At("2026-12-02").Active {
		t.Error("bob has not ended on the day")
	}
	// Twice on a day: the last counts for the day. What was read before that comes late and changes nothing.
	ann.Admin = false
	w.at = w.at.Add(time.Hour)
	w.sync(crm, ann, bob)
	if s := w.of(crm, "user_ann").At("2026-12-02"); s.Role != roster.Partner {
		t.Errorf("got %+v", s)
	}
	w.at = w.at.Add(-30 * time.Minute)
	ann.Admin, ann.Name = true, "Late"
	if plan := w.sync(crm, ann); len(plan.Changes) > 0 {
		t.Errorf("a late reading changes %+v", plan.Changes)
	}
	// Who comes back is the same member.
	w.at = noon().AddDate(0, 0, 40)
	ann.Admin, ann.Name, bob.Active = false, "Ann B", true
	w.sync(crm, ann, bob)
	if m := w.of(crm, "user_bob"); !m.At("2027-01-01").Active || m.At("2026-12-15").Active || len(w.members) != 2 {
		t.Errorf("bob is %+v", m.Facts)
	}
}

func TestPermissionsBecomeAccess(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		role  roster.UserRole
		admin bool
		scope roster.Scope
		all   bool
	}{
		{roster.UserRole{}, false, roster.Own, false}, {roster.UserRole{SeesAll: true, Permissions: []string{"view_all_leads"}}, false, roster.Own, true},
		{roster.UserRole{Permissions: []string{"manage_others_opportunities"}}, false, roster.All, false},
		{roster.UserRole{Permissions: []string{"manage_organization"}}, false, roster.All, false}, {roster.UserRole{}, true, roster.All, true},
	} {
		u := user(fmt.Sprint(i))
		u.Role, u.Admin = c.role, c.admin
		w.sync(crm, u)
		s := w.of(crm, u.ExternalID).At(today)
		if s.Scope != c.scope || s.Access[crm].AllRecords != c.all {
			t.Errorf("%+v: %+v", c, s)
		}
		w = newWorld(t)
	}
}

func TestMembersAreFoundByEmailOnceOnly(t *testing.T) {
	w := newWorld(t, member("a"), member("b"))
	same := member("b2")
	same.Email = "B@Example.com "
	w.members["b2"] = same
	plan := w.sync(crm, roster.User{ExternalID: "u1", Email: "A@example.com", Name: "New name", Active: true}, roster.User{ExternalID: "u2", Email: "b@example.com", Active: true},
		roster.User{ExternalID: "u3", Email: "c@example.com"}, roster.User{ExternalID: "u4", Email: "C@example.com"}, roster.User{ExternalID: "u5"}, roster.User{ExternalID: "u6"})
	if m := w.of(crm, "u1"); m.ID != "a" || m.Name != "New name" || !slices.Contains(plan.Changes[0].What, "link") {
		t.Errorf("a is %+v", m)
	}
	for _, u := range []string{"u2", "u3", "u4", "u5", "u6"} {
		if m := w.of(crm, u); !strings.HasPrefix(m.ID, "mem_") {
			t.Errorf("%s became %s", u, m.ID)
		}
	}
	var proposed []string
	for _, p := range roster.Proposals(w.members, today) {
		for _, c := range p.Candidates {
			proposed = append(proposed, p.Kind+" "+p.Member+"="+c.Member)
		}
	}
	if got := strings.Join(proposed, ", "); !strings.Contains(got, "same_person") || strings.Contains(got, "=a") {
		t.Errorf("proposed %s", got)
	}
	// Once linked, the id counts: the e-mail moves to another user of the same CRM.
	w.at = w.at.Add(time.Hour)
	w.sync(crm, roster.User{ExternalID: "u1", Email: "moved@example.com", Active: true}, roster.User{ExternalID: "u9", Email: "a@example.com", Active: true},
		roster.User{ExternalID: "u2", Email: "b@example.com", Active: true})
	if w.of(crm, "u1").ID != "a" || w.of(crm, "u9").ID == "a" || w.of(crm, "u1").Email != "moved@example.com" {
		t.Error("the member went with the e-mail address")
	}
	// Another CRM knows the member by the address that it has.
	w.sync("conn_other", roster.User{ExternalID: "u1", Email: "moved@example.com", Name: "Otherwise", Phone: "+1", Active: true})
	if m := w.of("conn_other", "u1"); m.ID != "a" || m.Name != "New name" || m.Phone != "+1" {
		t.Errorf("got %+v", m)
	}
}

func TestTwoCRMs(t *testing.T) {
	w := newWorld(t)
	one, two := user("ann"), user("ann")
	one.Teams, two.Teams = []roster.UserTeam{{ID: "g1", Name: "East"}}, []roster.UserTeam{{ID: "g1", Name: "Pilots"}}
	two.Admin, two.CreatedAt = true, noon()
	w.sync(crm, one)
	w.sync("conn_two", two)
	m := w.of("conn_two", "user_ann")
	if s := m.At(today); s.Role != roster.Admin || len(s.Teams) != 2 || s.Scope != roster.All {
		t.Errorf("got %+v", s)
	}
	w.at = w.at.AddDate(0, 0, 1)
	two.Active = false
	w.sync("conn_two", two)
	if s := w.of(crm, "user_ann").At("2026-11-23"); !s.Active || s.Role != roster.Partner || len(s.Teams) != 1 || s.Scope != roster.Own {
		t.Errorf("what the other CRM says of a user that is off counts: %+v", s)
	}
}

func TestManagersOfTheCRM(t *testing.T) {
	w := newWorld(t)
	a, b, c := user("a"), user("b"), user("c")
	a.Manager, b.Manager, c.Manager = b.ExternalID, c.ExternalID, "user_nobody"
	w.sync(crm, a, b, c)
	ID := func(u roster.User) string { return w.of(crm, u.ExternalID).ID }
	if got := roster.Chain(w.members, ID(a), "2025-06-01"); !slices.Equal(got, []string{ID(b), ID(c)}) {
		t.Errorf("a reports to %v", got)
	}
	w.at = w.at.AddDate(0, 0, 1)
	c.Manager = a.ExternalID
	if plan := w.sync(crm, a, b, c); !slices.Equal(plan.Circular, []string{ID(c)}) || len(roster.Chain(w.members, ID(c), "2027-01-01")) > 0 {
		t.Errorf("circular are %v", plan.Circular)
	}
	a.Manager = ""
	w.sync(crm, a, b, c)
	if got := roster.Chain(w.members, ID(a), "2026-11-22"); len(got) != 2 {
		t.Errorf("the past has changed: %v", got)
	}
	if got := roster.Chain(w.members, ID(c), "2026-11-23"); !slices.Equal(got, []string{ID(a)}) {
		t.Errorf("c reports to %v", got)
	}
}

func TestWhoTheCRMNamesNoMore(t *testing.T) {
	w := newWorld(t)
	var users []roster.User
	for i := range 20 {
		users = append(users, user(fmt.Sprintf("%02d", i)))
	}
	w.sync(crm, users...)
	w.at = w.at.AddDate(0, 0, 1)
	if plan := w.sync(crm, users[5:]...); len(plan.Held) != 5 || len(plan.Changes) > 0 {
		t.Errorf("held %v, changed %d", plan.Held, len(plan.Changes))
	}
	if plan := w.sync(crm); len(plan.Held) != 20 || len(plan.Changes) > 0 {
		t.Errorf("an empty list ends %d", len(plan.Changes))
	}
	if plan := w.sync(crm, users[4:]...); len(plan.Held) > 0 || len(plan.Changes) != 4 {
		t.Errorf("held %v, changed %d", plan.Held, len(plan.Changes))
	}
	if m := w.of(crm, "user_00"); !m.At(today).Active || m.At("2026-11-23").Active {
		t.Error("who is named no more has not ended")
	}
	if w.sync("conn_other"); !w.of(crm, "user_10").At("2026-11-24").Active {
		t.Error("another CRM ends somebody")
	}
}

func TestUsersThatCannotBe(t *testing.T) {
	for _, users := range [][]roster.User{{{Name: "x"}}, {{ExternalID: "a"}, {ExternalID: "a"}}} {
		if _, err := roster.Sync(nil, roster.Seen{Connection: crm, Users: users, At: noon(), Zone: time.UTC}, ids()); codeOf(err) != "invalid_users" {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheErasedStayErased(t *testing.T) {
	w := newWorld(t)
	w.sync(crm, user("ann"))
	m := w.of(crm, "user_ann")
	m.Name, m.Email, m.Phone, m.Erased = "", "", "", true
	w.members[m.ID] = m
	ann := user("ann")
	ann.Admin = true
	w.at = w.at.Add(time.Hour)
	w.sync(crm, ann)
	if got := w.of(crm, "user_ann"); got.Name+got.Email != "" || got.At(today).Role != roster.Admin {
		t.Errorf("got %+v", got)
	}
}

func TestMerge(t *testing.T) {
	w := newWorld(t, member("ann"))
	w.sync(crm, user("x"))
	x, ann, rep := w.of(crm, "user_x"), w.members["ann"], member("rep")
	x.Person = "per_1"
	set(t, &x, roster.RoleKind, "", "", roster.Value{Role: roster.Lead})
	set(t, &rep, roster.Manager, "2026-01-01", "", roster.Value{Manager: x.ID})
	set(t, &ann, roster.Manager, "2026-02-01", "2026-03-01", roster.Value{Manager: x.ID})
	w.members["ann"], w.members["rep"], w.members[x.ID] = ann, rep, x
	changed, err := roster.Merge(w.members, x.ID, "ann", admin(noon()))
	if err != nil || len(changed) != 3 || changed[0].ID != x.ID || changed[1].ID != "ann" {
		t.Fatalf("changed %+v, %v", changed, err)
	}
	for _, m := range changed {
		w.members[m.ID] = m
	}
	got := w.of(crm, "user_x")
	if got.ID != "ann" || got.Person != "per_1" || !got.At("2025-06-01").Active || got.At(today).Role != roster.Partner || got.At("2026-02-10").Manager != "" {
		t.Errorf("got %+v", got)
	}
	if w.members["rep"].At(today).Manager != "ann" || w.members[x.ID].MergedInto != "ann" || w.members[x.ID].At(today).Active {
		t.Errorf("rep is %+v, the old one %+v", w.members["rep"], w.members[x.ID])
	}
	if again, err := roster.Merge(w.members, x.ID, "ann", admin(noon())); err != nil || len(again) > 0 {
		t.Errorf("again: %v %v", again, err)
	}
	w.at = w.at.Add(time.Hour)
	w.sync(crm, user("x"))
	if w.of(crm, "user_x").ID != "ann" {
		t.Error("the sync made another member")
	}
	for _, pair := range [][2]string{{"ann", "ann"}, {"ann", "nobody"}, {"nobody", "ann"}, {x.ID, "rep"}} {
		if _, err := roster.Merge(w.members, pair[0], pair[1], admin(noon())); codeOf(err) != "cannot_merge" {
			t.Errorf("%v: %v", pair, err)
		}
	}
	// a under b under c cannot become c.
	a, b, c := member("a"), member("b"), member("c")
	set(t, &a, roster.Manager, "", "", roster.Value{Manager: "b"})
	set(t, &b, roster.Manager, "", "", roster.Value{Manager: "c"})
	set(t, &c, roster.Manager, "2030-01-01", "", roster.Value{Manager: "z"})
	set(t, &a, roster.Manager, "2031-01-01", "", roster.Value{})
	z := member("z")
	set(t, &z, roster.Manager, "2031-01-01", "", roster.Value{Manager: "b"})
	if _, err := roster.Merge(roster.Of([]roster.Member{a, b, c, member("z")}), "z", "a", admin(noon())); codeOf(err) != "circular" {
		t.Errorf("got %v", err)
	}
}

// TestNothingIsSharedWithTheCaller: a plan changes nothing that it was given.
func TestNothingIsSharedWithTheCaller(t *testing.T) {
	w := newWorld(t)
	w.sync(crm, user("a"))
	before := w.list()
	copied := []roster.Member{before[0].Own()}
	changed := user("a")
	changed.Admin = true
	if _, err := roster.Sync(before, roster.Seen{Connection: crm, Users: []roster.User{changed}, At: noon().AddDate(0, 0, 1), Zone: time.UTC}, ids()); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, copied) {
		t.Error("the sync changed what it was given")
	}
}

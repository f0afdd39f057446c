package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/roster"
)

// noon is today in all tests.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

const today roster.Date = "2026-11-22"

func admin(at time.Time) roster.Author {
	return roster.Author{Source: roster.ByAdmin, By: "key_1", At: at}
}

// ids gives mem_1, mem_2 ...
func ids() func() (string, error) {
	n := 0
	return func() (string, error) { n++; return fmt.Sprintf("mem_%d", n), nil }
}

func member(id string) roster.Member {
	return roster.Member{ID: id, Name: strings.ToUpper(id), Email: id + "@example.com", CreatedAt: noon()}
}

func set(t *testing.T, m *roster.Member, kind roster.Kind, from, until roster.Date, v roster.Value) {
	t.Helper()
	if _, err := m.Set(kind, roster.Span{From: from, Until: until}, v, admin(noon())); err != nil {
		t.Fatal(err)
	}
}

func codeOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return fmt.Sprint(err)
}

func TestDates(t *testing.T) {
	kiritimati, pago := time.FixedZone("+14", 14*3600), time.FixedZone("-11", -11*3600)
	late := time.Date(2026, 12, 31, 11, 30, 0, 0, time.UTC)
	if a, b := calendar.DateOf(late, kiritimati), calendar.DateOf(late, pago); a != "2027-01-01" || b != "2026-12-31" {
		t.Errorf("got %s, %s", a, b)
	}
	if got := calendar.DateOf(time.Time{}, pago); got != "" {
		t.Errorf("no time is %q", got)
	}
	for text, ok := range map[string]bool{"2026-02-28": true, "": true, "2026-02-29": false, "2026-2-1": false, "22.11.2026": false, "2026-11-22T00:00:00Z": false} {
		if _, err := calendar.ParseDate(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	for span, ok := range map[roster.Span]bool{{}: true, {From: "2026-01-02", Until: "2026-01-03"}: true, {Until: "2026-01-01"}: true,
		{From: "2026-01-02", Until: "2026-01-02"}: false, {From: "2026-01-02", Until: "2026-01-01"}: false} {
		if (span.Check() == nil) != ok {
			t.Errorf("%v: %v", span, span.Check())
		}
	}
}

// TestCorrections has the admin say things of the past, in any order; what was said before can still be told.
func TestCorrections(t *testing.T) {
	m := member("a")
	set(t, &m, roster.Manager, "2026-01-01", "", roster.Value{Manager: "x"})
	set(t, &m, roster.Manager, "2026-03-01", "2026-06-01", roster.Value{Manager: "y"})
	set(t, &m, roster.Manager, "2026-05-01", "2026-07-01", roster.Value{})
	for d, want := range map[roster.Date]string{"2025-12-31": "", "2026-01-01": "x", "2026-02-28": "x", "2026-03-01": "y", "2026-04-30": "y",
		"2026-05-01": "", "2026-06-30": "", "2026-07-01": "x", "2099-01-01": "x"} {
		if got := m.At(d).Manager; got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	gone := 0
	for _, f := range m.Facts {
		if !f.Gone.IsZero() {
			if gone++; f.GoneBy != "key_1" {
				t.Errorf("gone by %q", f.GoneBy)
			}
		}
	}
	if gone != 3 || len(m.Facts) != 7 {
		t.Errorf("%d of %d facts are gone", gone, len(m.Facts))
	}
	before := len(m.Facts)
	if changed, err := m.Set(roster.Manager, roster.Span{From: "2026-03-10", Until: "2026-04-01"}, roster.Value{Manager: "y"}, admin(noon())); changed || err != nil || len(m.Facts) != before {
		t.Errorf("what is so already is a change: %t %v", changed, err)
	}
	if changed, err := m.Clear(roster.Manager, roster.Span{From: "2026-01-01"}, admin(noon())); !changed || err != nil || m.At("2026-03-05").Manager != "" {
		t.Errorf("not cleared: %t %v", changed, err)
	}
	if changed, _ := m.Clear(roster.Manager, roster.Span{}, admin(noon())); changed {
		t.Error("nothing is cleared twice")
	}
}

func TestWhatCannotBeSaid(t *testing.T) {
	many := make([]roster.Group, roster.MaxTeams+1)
	for i := range many {
		many[i].Name = fmt.Sprint(i)
	}
	for want, c := range map[string]struct {
		kind roster.Kind
		span roster.Span
		v    roster.Value
	}{
		"invalid_role":   {kind: roster.RoleKind, v: roster.Value{Role: "owner"}},
		"invalid_access": {kind: roster.AccessKind},
		"too_many_teams": {kind: roster.Teams, v: roster.Value{Teams: many}},
		"invalid_team":   {kind: roster.Teams, v: roster.Value{Teams: []roster.Group{{Name: " "}}}},
		"invalid_kind":   {kind: "salary"},
		"invalid_span":   {kind: roster.Active, span: roster.Span{From: today, Until: today}},
	} {
		m := member("a")
		if changed, err := m.Set(c.kind, c.span, c.v, admin(noon())); codeOf(err) != want || changed || len(m.Facts) > 0 {
			t.Errorf("%s: %t %v", want, changed, err)
		}
	}
}

// TestWhatIsKeptIsBounded: of what is gone, the oldest goes; what counts stays.
func TestWhatIsKeptIsBounded(t *testing.T) {
	m := member("a")
	set(t, &m, roster.RoleKind, "", "", roster.Value{Role: roster.Admin})
	for i := range 1000 {
		at := noon().Add(time.Duration(i) * time.Hour)
		if _, err := m.Set(roster.Active, roster.Span{From: today}, roster.Value{Active: i%2 == 0}, admin(at)); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.Facts) > 400 || m.At(today).Active || m.At(today).Role != roster.Admin {
		t.Errorf("%d facts, %+v", len(m.Facts), m.At(today))
	}
}

func TestWhoReportsToWhom(t *testing.T) {
	boss, lead, rep, gone := member("boss"), member("lead"), member("rep"), member("gone")
	for _, m := range []*roster.Member{&boss, &lead, &rep} {
		set(t, m, roster.Active, "2026-01-01", "", roster.Value{Active: true})
	}
	set(t, &rep, roster.Manager, "2026-01-01", "2026-07-01", roster.Value{Manager: "lead"})
	set(t, &rep, roster.Manager, "2026-07-01", "", roster.Value{Manager: "gone"})
	set(t, &lead, roster.Manager, "", "", roster.Value{Manager: "boss"})
	set(t, &gone, roster.Manager, "2026-08-01", "", roster.Value{Manager: "boss"})
	all := roster.Of([]roster.Member{boss, lead, rep, gone})
	for d, want := range map[roster.Date]string{"2025-06-01": "", "2026-06-30": "lead boss", "2026-07-01": "gone", "2026-08-01": "gone boss"} {
		if got := strings.Join(roster.Chain(all, "rep", d), " "); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if got := roster.TeamOf(all, "boss", "2026-06-30"); !slices.Equal(got, []string{"lead", "rep"}) {
		t.Errorf("the team is %v", got)
	}
	if got := roster.TeamOf(all, "boss", "2026-07-15"); !slices.Equal(got, []string{"lead"}) {
		t.Errorf("the team is %v", got)
	}
	var tree []string
	for _, n := range roster.Tree(all, "2026-08-01") {
		tree = append(tree, fmt.Sprintf("%d%s/%d/%d", n.Depth, n.Member.ID, n.Direct, n.Below))
	}
	// Who has left is there where somebody reports to them still.
	if got := strings.Join(tree, " "); got != "0boss/2/3 1gone/1/1 2rep/0/0 1lead/0/0" {
		t.Errorf("the tree is %s", got)
	}
	set(t, &boss, roster.Manager, "2027-01-01", "2027-01-02", roster.Value{Manager: "rep"})
	if _, circular := roster.Circle(roster.Of([]roster.Member{boss, lead, rep, gone}), "rep"); !circular {
		t.Error("a circle of one day is not seen")
	}
	if d, circular := roster.Circle(roster.Of([]roster.Member{boss, lead, rep, gone}), "boss"); !circular || d != "2027-01-01" {
		t.Errorf("a circle from %q, %t", d, circular)
	}
	set(t, &rep, roster.Manager, "2027-01-01", "2027-01-02", roster.Value{})
	if d, circular := roster.Circle(roster.Of([]roster.Member{boss, lead, rep, gone}), "boss"); circular {
		t.Errorf("a circle from %q where two never meet", d)
	}
}

func TestVisible(t *testing.T) {
	team := []roster.Group{{Name: "East"}}
	build := func(id string, role roster.Role, manager string, teams []roster.Group) roster.Member {
		m := member(id)
		set(t, &m, roster.Active, "", "", roster.Value{Active: true})
		set(t, &m, roster.RoleKind, "", "", roster.Value{Role: role})
		set(t, &m, roster.Teams, "", "", roster.Value{Teams: teams})
		if manager != "" {
			set(t, &m, roster.Manager, "2026-07-01", "", roster.Value{Manager: manager})
		}
		return m
	}
	access := func(m roster.Member, s roster.Scope) roster.Member {
		set(t, &m, roster.AccessKind, "", "", roster.Value{Access: roster.Access{Scope: s}})
		return m
	}
	left := build("left", roster.Admin, "", team)
	set(t, &left, roster.Active, "2026-02-01", "", roster.Value{})
	all := roster.Of([]roster.Member{
		build("admin", roster.Admin, "", nil), access(build("modest", roster.Admin, "", nil), roster.Own), build("lead", roster.Lead, "", team),
		build("rep", roster.Partner, "boss", team), build("peer", roster.Partner, "rep", team), build("boss", roster.Partner, "", nil),
		access(build("mate", roster.Partner, "", team), roster.Team), access(build("all", roster.Partner, "", nil), roster.All), left,
		{ID: "merged", MergedInto: "rep"},
	})
	for _, c := range []struct {
		viewer string
		day    roster.Date
		want   string
	}{
		{"admin", today, "all"}, {"modest", today, "modest"}, {"lead", today, "lead left mate peer rep"}, {"boss", today, "boss peer rep"},
		{"boss", "2026-06-30", "boss"}, {"rep", today, "peer rep"}, {"peer", today, "peer"}, {"mate", today, "lead left mate peer rep"}, {"all", today, "all"},
		{"left", today, "left"}, {"left", "2026-01-31", "all"}, {"merged", today, ""}, {"nobody", today, ""},
	} {
		s := roster.Visible(all, c.viewer, c.day)
		got := strings.Join(s.Members, " ")
		if s.All {
			got = "all"
		}
		if got != c.want || s.Sees("peer") != (s.All || strings.Contains(got, "peer")) {
			t.Errorf("%s on %s sees %q, want %q", c.viewer, c.day, got, c.want)
		}
	}
}

func TestSeesLead(t *testing.T) {
	const conn = "conn_1"
	user := func(r roster.UserRole) roster.Member {
		plan, err := roster.Sync(nil, roster.Seen{Connection: conn, At: noon(), Zone: time.UTC, Users: []roster.User{{ExternalID: "user_1", Active: true, Role: r}}}, ids())
		if err != nil {
			t.Fatal(err)
		}
		return plan.Changes[0].Member
	}
	mine, ours, others, none := `{"custom.cf_a":"user_1"}`, `{"cf_b":["user_2","user_1"]}`, `{"custom.cf_a":"user_2","cf_b":[]}`, `{"custom.cf_a":null}`
	for name, c := range map[string]struct {
		role roster.UserRole
		want string // which of the four
	}{
		"all":            {roster.UserRole{SeesAll: true}, "mine ours others none"},
		"assigned":       {roster.UserRole{VisibleBy: []string{"cf_a", "cf_b"}}, "mine ours"},
		"one field":      {roster.UserRole{VisibleBy: []string{"cf_a"}}, "mine"},
		"and unassigned": {roster.UserRole{VisibleBy: []string{"cf_a", "cf_b"}, Unassigned: true}, "mine ours none"},
		"no field":       {roster.UserRole{Unassigned: true}, ""},
	} {
		m, seen := user(c.role), []string{}
		for _, lead := range []struct{ name, fields string }{{"mine", mine}, {"ours", ours}, {"others", others}, {"none", none}} {
			fields, err := record.ParseFields([]byte(lead.fields))
			if err != nil {
				t.Fatal(err)
			}
			if roster.SeesLead(m, today, conn, fields) {
				seen = append(seen, lead.name)
			}
			if roster.SeesLead(m, today, "conn_2", fields) {
				t.Errorf("%s: a lead of another connection is seen", name)
			}
			left := m.Own()
			set(t, &left, roster.Active, "", "", roster.Value{})
			if roster.SeesLead(left, today, conn, fields) {
				t.Errorf("%s: somebody who left sees a lead", name)
			}
		}
		if got := strings.Join(seen, " "); got != c.want {
			t.Errorf("%s sees %q, want %q", name, got, c.want)
		}
	}
}

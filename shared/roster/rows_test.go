package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/roster"
)

func fromFile(at roster.Roster, file string) (roster.Import, error) {
	rows, wrong, err := roster.ReadRows([]byte(file))
	if err != nil {
		return roster.Import{}, err
	}
	by := admin(noon())
	by.Source = roster.ByCSV
	done, err := roster.PlanImport(at, rows, today, by, ids())
	done.Errors = append(wrong, done.Errors...)
	return done, err
}

func team(t *testing.T) roster.Roster {
	members := staff(t, "ann Sales Manager/East", "bob Rep/East", "cy Rep/West", "~old Rep/")
	for id, m := range members {
		m.Email = id + "@example.com"
		members[id] = m
	}
	return members
}

func TestImport(t *testing.T) {
	members := team(t)
	done, err := fromFile(members, "\uFEFFE-mail;Reports to;Role;Group;From;Until\r\n"+
		"bob@example.com;ANN@example.com ;manager;East;2026-01-01;2026-07-01\r\n"+
		"bob@example.com;-;;;2026-07-01;\r\n"+
		"\r\n"+
		"cy@example.com;ann;partner;West\r\n"+
		"old@example.com;;;;;\r\n")
	if err != nil || len(done.Errors) > 0 || done.Rows != 4 || done.Unchanged != 1 || len(done.Changes) != 2 {
		t.Fatalf("got %+v, %v", done, err)
	}
	next := roster.Roster{}
	for id, m := range members {
		next[id] = m
	}
	for _, c := range done.Changes {
		next[c.Member.ID] = c.Member
	}
	for _, c := range []struct {
		id   string
		day  roster.Date
		want string
	}{{"bob", "2026-06-30", "ann manager"}, {"bob", "2026-07-01", " partner"}, {"bob", "2025-12-31", " partner"}, {"cy", today, "ann partner"}, {"cy", "2026-11-21", " partner"}} {
		if s := next[c.id].At(c.day); fmt.Sprintf("%s %s", s.Manager, s.Role) != c.want {
			t.Errorf("%s on %s is %+v", c.id, c.day, s)
		}
	}
	if facts := next["cy"].Facts; !slices.ContainsFunc(facts, func(f roster.Fact) bool { return f.Source == roster.ByCSV && f.Kind == roster.Manager }) ||
		slices.ContainsFunc(facts, func(f roster.Fact) bool { return f.Source == roster.ByCSV && f.Kind != roster.Manager }) {
		t.Errorf("what is so already was said again: %+v", facts)
	}
	again, err := fromFile(next, "email,manager,from\nbob@example.com,ann,2026-01-01\n")
	if err != nil || len(again.Changes) != 1 {
		t.Errorf("got %+v %v", again, err)
	}
}

func TestImportAddsMembers(t *testing.T) {
	done, err := fromFile(team(t), "email,name,manager,role,teams,active,phone\n"+
		"new@example.com,\"New, Person\",lead@example.com,partner,east; Own team,,+1 555\n"+
		"lead@example.com,Lead,,manager,,no,\n"+
		"new@example.com,,,,,,\n")
	if err != nil || len(done.Errors) > 0 || len(done.Changes) != 2 || done.Unchanged != 1 {
		t.Fatalf("got %+v %v", done, err)
	}
	one := done.Changes[0].Member
	s := one.At(today)
	if !done.Changes[0].New || one.Name != "New, Person" || one.Phone != "+1 555" || !s.Active || s.Manager != "mem_2" || len(s.Teams) != 2 || one.At("2026-11-21").Active {
		t.Errorf("got %+v, %+v", one, s)
	}
	if !slices.ContainsFunc(s.Teams, func(g roster.Group) bool { return g.ID == "g_East" && g.Connection == crm }) {
		t.Errorf("the team of the CRM is not found by its name: %+v", s.Teams)
	}
	if lead := done.Changes[1].Member; lead.At(today).Active || lead.At(today).Role != roster.Lead {
		t.Errorf("got %+v", lead)
	}
}

// TestRowsThatAreWrong: each is named by line and column, and nothing of the file is done.
func TestRowsThatAreWrong(t *testing.T) {
	members := team(t)
	twin := member("twin")
	twin.Email = "cy@example.com"
	members["twin"] = twin
	for row, want := range map[string]string{
		"nobody@example.com,,,,,,,,": "2  unknown_member", "Bob <bob@x.y>,,,,,,,x,": "2  invalid_email", ",,,,,,,,": "", ",ann,,,,,,,": "2  unknown_member",
		"cy@example.com,,,,,,,,": "2  unknown_member", "bob@example.com,nobody@x.y,,,,,,,": "2 manager unknown_member", "bob@example.com,cy@example.com,,,,,,,": "2 manager unknown_member",
		"bob@example.com,,king,,,,,,": "2 role invalid_role", "bob@example.com,,,,perhaps,,,,": "2 active invalid_active", "bob@example.com,,,,,everything,,,": "2 access invalid_access",
		"bob@example.com,,manager,,,,1.1.2026,,": "2 from invalid_date", "bob@example.com,,manager,,,,,,2026-11-22": "2 until invalid_span",
		"bob@example.com,bob,,,,,,,": "2 manager circular", "bob@example.com,,,,,,,,,": "2  too_many_cells",
		"bob@example.com,,admin,,,,,,\nbob@example.com,,manager,,,,2027-01-01,,": "3 role contradiction",
		"bob@example.com,ann,,,,,,,\nann@example.com,bob,,,,,,,":                 "3 manager circular",
		"bob@example.com,ann,,,,,,,\nann@example.com,bob,,,,,2027-01-01,,":       "3 manager circular",
	} {
		done, err := fromFile(members, "email,manager,role,teams,active,access,from,name,until\n"+row+"\n")
		if err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		var got []string
		for _, e := range done.Errors {
			if e.Message == "" {
				t.Errorf("%q: no message", row)
			}
			got = append(got, fmt.Sprintf("%d %s %s", e.Line, e.Column, e.Code))
		}
		if text := strings.Join(got, "; "); !strings.HasSuffix(text, want) || (want == "") != (text == "") || want != "" && want != "2  too_many_cells" && len(done.Changes) > 0 {
			t.Errorf("%q: got %s, want %s; %d changes", row, text, want, len(done.Changes))
		}
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	for name, file := range map[string]string{"empty": "", "no UTF-8": "email\n\xff", "unknown column": "email,salary\n", "a column twice": "email,e-mail\n", "quotes": "email\na\"b\n\"c",
		"too many": "email\n" + strings.Repeat("a@b.c\n", roster.MaxRows+1)} {
		if _, err := fromFile(roster.Roster{}, file); !slices.Contains([]string{"invalid_csv", "too_many_rows"}, codeOf(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRowsByUserOfTheCRM(t *testing.T) {
	members := team(t)
	twin := member("twin")
	twin.External = []roster.External{{Connection: "conn_two", ID: "bob"}}
	members["twin"] = twin
	for file, want := range map[string]string{
		"external_id,role\ncy,admin\n": "cy", "external_id,connection,role\nbob,conn_two,admin\n": "twin", "external_id,connection,role\nbob,conn_crm,admin\n": "bob",
		"external_id,role\nbob,admin\n": "", "external_id,connection,role\ncy,conn_two,admin\n": "",
	} {
		done, err := fromFile(members, file)
		if err != nil || (want == "") != (len(done.Errors) == 1) || want != "" && done.Changes[0].Member.ID != want {
			t.Errorf("%q: %+v %v", file, done, err)
		}
	}
}

// TestWhatIsWrittenChangesNothing: the file of all members, sent back as it is, is no change, whatever they are called.
func TestWhatIsWrittenChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{members: roster.Roster{}, newID: ids(), clock: noon(), said: map[string]map[roster.Kind]map[int]roster.Value{}}
		m.sync(t)
		m.sync(t)
		for id, one := range m.members {
			one.Name = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=1+1", "-", "a;b,\"c\"\n", "'x"})).Draw(t, "name")
			m.members[id] = one
		}
		file, err := roster.WriteRows(m.members, calendar.DateOf(m.clock, noon().Location()))
		if err != nil {
			t.Fatal(err)
		}
		rows, wrong, err := roster.ReadRows(file)
		if err != nil || len(wrong) > 0 || len(rows) != len(m.members) {
			t.Fatalf("%d rows of %d members, %v %v", len(rows), len(m.members), wrong, err)
		}
		done, err := roster.PlanImport(m.members, rows, calendar.DateOf(m.clock, noon().Location()), admin(m.clock), ids())
		if err != nil || len(done.Errors) > 0 || len(done.Changes) > 0 || done.Unchanged != len(rows) {
			t.Fatalf("%+v, %v of\n%s", done, err, file)
		}
	})
	for _, cell := range []string{"=cmd()", "+1", "-1", "@x"} {
		m := member("a")
		m.Name = cell
		file, _ := roster.WriteRows(roster.Of([]roster.Member{m}), today)
		if !strings.Contains(string(file), ",'"+cell) {
			t.Errorf("%s is a formula: %s", cell, file)
		}
	}
}

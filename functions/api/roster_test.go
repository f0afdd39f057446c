package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/roster"
	"leadline/shared/store"
)

// crmUsers are a boss, reps in a team with a leader, and somebody who left.
func crmUsers() []roster.User {
	east := []roster.UserTeam{{ID: "group_east", Name: "East"}}
	since := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	return []roster.User{
		{ExternalID: "user_boss", Name: "Bo Ss", Email: "boss@example.com", Active: true, Admin: true, CreatedAt: since, Role: roster.UserRole{Name: "Admin"}},
		{ExternalID: "user_lead", Name: "Le Ad", Email: "lead@example.com", Active: true, CreatedAt: since, Teams: east, Role: roster.UserRole{Name: "Sales Manager"}},
		{ExternalID: "user_rep", Name: "Re P", Email: "rep@example.com", Phone: "+1 555 0100", Active: true, CreatedAt: since, Teams: east,
			Role: roster.UserRole{ID: "role_1", Name: "Rep", Permissions: []string{"export"}, VisibleBy: []string{"cf_1"}}},
		{ExternalID: "user_gone", Name: "Go Ne", Email: "gone@example.com", CreatedAt: since},
	}
}

// employ takes over the users of a CRM, and gives one of them with a proposal about it.
func (s *system) employ() (member, proposal string) {
	s.t.Helper()
	_, err := s.handler.keeper().Sync(s.t.Context(), ours, "conn_crm", crmUsers(), s.clock.now())
	s.must(err)
	id := s.memberOf("user_rep").ID
	return id, "manager-" + id
}

func (s *system) memberOf(user string) roster.Member {
	s.t.Helper()
	m, err := s.roster.MemberOf(s.t.Context(), ours, roster.External{Connection: "conn_crm", ID: user})
	s.must(err)
	return m
}

func names(members []Member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.Name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestMembersAreListedAsOfADay(t *testing.T) {
	s := newSystem(t)
	s.employ()
	lead := s.memberOf("user_lead").ID
	s.put(s.admin, "/v1/members/"+s.memberOf("user_rep").ID+"/manager", map[string]any{"value": lead, "from": "2026-03-01", "until": "2026-06-01"}).want(t, 200)
	for query, want := range map[string]string{
		"": "Bo Ss, Go Ne, Le Ad, Re P", "&active=true": "Bo Ss, Le Ad, Re P", "&active=false": "Go Ne", "&role=admin": "Bo Ss", "&team=east": "Le Ad, Re P", "&team=group_east": "Le Ad, Re P",
		"&team=west": "", "&manager=" + lead: "", "&manager=" + lead + "&at=2026-03-01": "Re P", "&manager=" + lead + "&at=2026-06-01": "", "&active=true&at=2026-01-04": "",
	} {
		if got := names(walk[Member](s, s.reader, "/v1/members?limit=3"+query)); got != want {
			t.Errorf("%q lists %s, want %s", query, got, want)
		}
	}
	s.get(s.reader, "/v1/members?at=yesterday").want(t, 400, "invalid_date")
	s.get(s.reader, "/v1/members?role=king").want(t, 422, "invalid_request")
}

func TestAMemberIsShownWithWhatIsSaid(t *testing.T) {
	s := newSystem(t)
	id, _ := s.employ()
	path := "/v1/members/" + id
	s.clock.advance(time.Hour)
	s.put(s.admin, path+"/role", map[string]any{"value": "manager", "from": "2026-02-01"}).want(t, 200)
	s.clock.advance(time.Second) // so that what is noted has an order
	a := s.put(s.admin, path+"/role", map[string]any{"value": "admin", "from": "2026-03-01", "until": "2026-04-01"}, `"2"`).want(t, 200)
	if a.header.Get("ETag") != `"3"` {
		t.Errorf("ETag %s", a.header.Get("ETag"))
	}
	got := read[Member](t, s.get(s.reader, path+"?at=2026-03-15").want(t, 200))
	if got.Role != "admin" || !got.Active || got.Phone != "+1 555 0100" || len(got.Users) != 1 || got.Users[0].ID != "user_rep" || got.Teams[0].Name != "East" || got.At != "2026-03-15" || got.Access != "own" {
		t.Errorf("got %+v", got)
	}
	var said []string
	for _, f := range got.Facts {
		if f.Kind == "role" {
			said = append(said, fmt.Sprintf("%s %s %s..%s", f.Source, f.Role, f.From, f.Until))
		}
		if f.Kind == "access" && (f.Access == nil || f.Access.RoleName != "Rep" || !slices.Equal(f.Access.VisibleBy, []string{"cf_1"}) || f.User.Connection != "conn_crm") {
			t.Errorf("access %+v", f.Access)
		}
	}
	if text := strings.Join(said, ", "); text != "admin manager 2026-02-01..2026-03-01, admin admin 2026-03-01..2026-04-01, admin manager 2026-04-01.., crm partner 2026-01-05.." {
		t.Errorf("said %s", text)
	}
	if len(got.Past) != 1 || got.Past[0].Gone == nil || !strings.HasPrefix(got.Past[0].GoneBy, "key_") {
		t.Errorf("past %+v", got.Past)
	}
	if early := read[Member](t, s.get(s.reader, path+"?at=2026-01-04")); early.Active {
		t.Errorf("got %+v", early)
	}
	entries := s.audited("set-member-role")
	if len(entries) != 2 || entries[0].Detail != "role from 2026-03-01 until 2026-04-01" || entries[0].Target != "members/"+id+"/role" {
		t.Errorf("noted %+v", entries)
	}
	// What is taken back is the CRM's again.
	s.do(request{key: s.admin, method: http.MethodDelete, path: path + "/role?from=2026-03-01", header: map[string]string{"if-match": `"2"`}}).want(t, 412, "precondition_failed")
	s.do(request{key: s.admin, method: http.MethodDelete, path: path + "/role?from=2026-03-01"}).want(t, 200)
	for day, want := range map[string]string{"2026-02-28": "manager", "2026-03-15": "partner", "2026-04-01": "partner"} {
		if got := read[Member](t, s.get(s.reader, path+"?at="+day)); got.Role != want {
			t.Errorf("%s: %s", day, got.Role)
		}
	}
}

func TestWhatIsSaidOfMembers(t *testing.T) {
	s := newSystem(t)
	id, _ := s.employ()
	path, lead, boss := "/v1/members/"+id, s.memberOf("user_lead").ID, s.memberOf("user_boss").ID
	for name, c := range map[string]struct {
		kind string
		body map[string]any
		want func(Member) bool
	}{
		"by e-mail": {"manager", map[string]any{"value": " LEAD@example.com"}, func(m Member) bool { return m.Manager == lead }},
		"nobody":    {"manager", map[string]any{"value": ""}, func(m Member) bool { return m.Manager == "" }},
		"teams": {"teams", map[string]any{"value": []string{"east", "Own"}}, func(m Member) bool {
			return len(m.Teams) == 2 && m.Teams[0].Name == "Own" && m.Teams[1].ID == "group_east"
		}},
		"no team":       {"teams", map[string]any{"value": []string{}}, func(m Member) bool { return len(m.Teams) == 0 }},
		"left":          {"active", map[string]any{"value": false}, func(m Member) bool { return !m.Active }},
		"sees all":      {"access", map[string]any{"value": "all"}, func(m Member) bool { return m.Access == "all" }},
		"from for ever": {"role", map[string]any{"value": "admin", "from": "0001-01-01"}, func(m Member) bool { return m.Role == "admin" }},
	} {
		if got := read[Member](t, s.put(s.admin, path+"/"+c.kind, c.body).want(t, 200)); !c.want(got) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	rev := s.memberOf("user_rep").Rev
	s.put(s.admin, path+"/access", map[string]any{"value": "all"}).want(t, 200)
	if s.memberOf("user_rep").Rev != rev {
		t.Error("the same again is a change")
	}
	for name, c := range map[string]struct {
		kind   string
		body   map[string]any
		status int
		code   string
	}{
		"nobody knows":   {"manager", map[string]any{"value": "nobody@example.com"}, 400, "unknown_member"},
		"itself":         {"manager", map[string]any{"value": id}, 409, "circular"},
		"another role":   {"role", map[string]any{"value": "king"}, 422, "invalid_request"},
		"a wrong day":    {"role", map[string]any{"value": "admin", "from": "1.1.2026"}, 400, "invalid_date"},
		"backwards":      {"role", map[string]any{"value": "admin", "from": "2026-02-01", "until": "2026-02-01"}, 400, "invalid_span"},
		"no name":        {"teams", map[string]any{"value": []string{" "}}, 400, "invalid_team"},
		"nothing":        {"active", map[string]any{}, 422, "invalid_request"},
		"ends yesterday": {"active", map[string]any{"value": true, "until": "2026-11-21"}, 400, "invalid_span"},
	} {
		t.Run(name, func(t *testing.T) { s.put(s.admin, path+"/"+c.kind, c.body).want(t, c.status, c.code) })
	}
	// Round the corner, and only for a while.
	s.put(s.admin, path+"/manager", map[string]any{"value": lead, "from": "2026-01-01"}).want(t, 200)
	s.put(s.admin, "/v1/members/"+lead+"/manager", map[string]any{"value": boss, "from": "2026-01-01"}).want(t, 200)
	s.put(s.admin, "/v1/members/"+boss+"/manager", map[string]any{"value": id, "from": "2030-01-01", "until": "2030-01-02"}).want(t, 409, "circular")
	tree := read[MemberTree](t, s.get(s.reader, "/v1/members/tree?at=2026-11-22").want(t, 200))
	var lines []string
	for _, n := range tree.Items {
		lines = append(lines, fmt.Sprintf("%d %s %d/%d %t", n.Depth, n.Name, n.Direct, n.Below, n.Active))
	}
	if got := strings.Join(lines, ", "); got != "0 Bo Ss 1/1 true, 1 Le Ad 0/0 true" { // the rep has left
		t.Errorf("the tree is %s", got)
	}
}

func TestMembersAndAccounts(t *testing.T) {
	s := newSystem(t)
	joe := read[Person](t, s.post(s.admin, "/v1/people", map[string]any{"email": "REP@example.com", "name": "Joe", "role": "reader"}).want(t, 201))
	id, _ := s.employ()
	if m := read[Member](t, s.get(s.reader, "/v1/members/"+id)); m.Person != joe.ID {
		t.Errorf("got %+v", m)
	}
	lead := "/v1/members/" + s.memberOf("user_lead").ID
	s.put(s.admin, lead+"/person", map[string]any{"person": joe.ID}).want(t, 409, "person_taken")
	s.put(s.admin, lead+"/person", map[string]any{"person": "per_nobody"}).want(t, 404, "not_found")
	s.put(s.admin, "/v1/members/"+id+"/person", map[string]any{"person": ""}).want(t, 200)
	if m := read[Member](t, s.put(s.admin, lead+"/person", map[string]any{"person": joe.ID}).want(t, 200)); m.Person != joe.ID {
		t.Errorf("got %+v", m)
	}
}

func TestProposalsAreAcceptedAndRefused(t *testing.T) {
	s := newSystem(t)
	id, proposal := s.employ()
	lead := s.memberOf("user_lead").ID
	got := read[MemberProposals](t, s.get(s.reader, "/v1/members/proposals").want(t, 200))
	if len(got.Items) != 1 || got.Items[0].ID != proposal || got.Items[0].Name != "Re P" || got.Items[0].Candidates[0].Member != lead || got.Items[0].Candidates[0].Confidence != "high" ||
		!strings.Contains(got.Items[0].Candidates[0].Reason, `"Sales Manager"`) {
		t.Fatalf("got %+v", got)
	}
	s.post(s.admin, "/v1/members/proposals/"+proposal+"/accept", map[string]any{"member": id}).want(t, 400, "no_candidate")
	s.clock.advance(time.Second) // so that what is noted has an order
	m := read[Member](t, s.post(s.admin, "/v1/members/proposals/"+proposal+"/accept", map[string]any{"from": "2026-02-01"}).want(t, 200))
	if m.Manager != lead || s.memberOf("user_rep").At("2026-02-01").Manager != lead || s.memberOf("user_rep").At("2026-01-31").Manager != "" {
		t.Errorf("got %+v", m)
	}
	if e := s.audited("accept-member-proposal")[0]; e.Detail != "members/"+id || !strings.HasSuffix(e.Target, proposal+"/accept") {
		t.Errorf("noted %+v", e)
	}
	// Two with one address; the one that came later goes.
	twin := append(crmUsers(), roster.User{ExternalID: "user_again", Name: "Re P", Email: "rep@example.com", Active: true})
	s.clock.advance(time.Hour)
	_, err := s.handler.keeper().Sync(t.Context(), ours, "conn_crm", twin, s.clock.now())
	s.must(err)
	again := s.memberOf("user_again").ID
	got = read[MemberProposals](t, s.get(s.reader, "/v1/members/proposals"))
	if len(got.Items) != 2 || got.Items[1].ID != "same_person-"+again {
		t.Fatalf("got %+v", got)
	}
	one := read[Member](t, s.post(s.admin, "/v1/members/proposals/same_person-"+again+"/accept", map[string]any{}).want(t, 200))
	if one.ID != id || len(one.Users) != 2 {
		t.Errorf("got %+v", one)
	}
	if old := read[Member](t, s.get(s.reader, "/v1/members/"+again).want(t, 200)); old.MergedInto != id || old.Active {
		t.Errorf("got %+v", old)
	}
	s.put(s.admin, "/v1/members/"+again+"/role", map[string]any{"value": "admin"}).want(t, 409, "merged")
	if got := names(walk[Member](s, s.reader, "/v1/members")); got != "Bo Ss, Go Ne, Le Ad, Re P" {
		t.Errorf("listed %s", got)
	}

	s = newSystem(t)
	_, proposal = s.employ()
	for range 2 {
		s.post(s.admin, "/v1/members/proposals/"+proposal+"/refuse", map[string]any{}).want(t, 204)
	}
	if got := read[MemberProposals](t, s.get(s.reader, "/v1/members/proposals")); len(got.Items) != 0 {
		t.Errorf("got %+v", got)
	}
	s.post(s.admin, "/v1/members/proposals/"+proposal+"/accept", map[string]any{}).want(t, 404, "not_found")
}

func TestMembersByFile(t *testing.T) {
	s := newSystem(t)
	id, _ := s.employ()
	send := func(path, file string) answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: path, body: file, header: map[string]string{"content-type": "text/csv"}})
	}
	a := s.get(s.reader, "/v1/members/export").want(t, 200)
	if a.header.Get("Content-Type") != "text/csv" || !strings.HasPrefix(string(a.body), "member,email,name,manager,role,teams,active,access,from,until\n") || strings.Count(string(a.body), "\n") != 5 {
		t.Fatalf("%s %s", a.header.Get("Content-Type"), a.body)
	}
	if same := read[MemberImport](t, send("/v1/members/import", string(a.body)).want(t, 200)); !same.Applied || same.Unchanged != 4 || len(same.Changes) > 0 {
		t.Errorf("what was written changes %+v", same)
	}
	edited := strings.Replace(string(a.body), "rep@example.com,Re P,", "rep@example.com,Re P,lead@example.com", 1)
	dry := read[MemberImport](t, send("/v1/members/import?dry_run=true", edited).want(t, 200))
	if dry.Applied || dry.Changed != 1 || dry.Changes[0].Member != id || !slices.Equal(dry.Changes[0].What, []string{"manager"}) || s.memberOf("user_rep").At("2026-11-22").Manager != "" {
		t.Errorf("got %+v", dry)
	}
	s.clock.advance(time.Second)
	bad := read[MemberImport](t, send("/v1/members/import", edited+",nobody@example.com,,,,,,,,\n,,,,,,,,,1.1.2026\n").want(t, 200))
	if bad.Applied || len(bad.Errors) != 2 || bad.Errors[0].Line != 6 || bad.Errors[0].Code != "unknown_member" || len(bad.Changes) > 0 || s.memberOf("user_rep").At("2026-11-22").Manager != "" {
		t.Errorf("got %+v", bad)
	}
	if e := s.audited("import-members")[0]; e.Detail != "6 rows: 0 added, 0 changed, 2 wrong, applied: false" {
		t.Errorf("noted %+v", e)
	}
	done := read[MemberImport](t, send("/v1/members/import", edited+",new@example.com,New One,lead@example.com,,Own,,,,\n").want(t, 200))
	if !done.Applied || done.Added != 1 || done.Changed != 1 || s.memberOf("user_rep").At("2026-11-22").Manager != s.memberOf("user_lead").ID {
		t.Errorf("got %+v", done)
	}
	send("/v1/members/import", "salary\n1\n").want(t, 400, "invalid_csv")
	send("/v1/members/import", strings.Repeat("x", 1<<20+1)).want(t, 413, "body_too_large")
	s.post(s.admin, "/v1/members/import", "").want(t, 400)
}

// TestASyncLeavesTheAdminsWordAlone, whenever it comes.
func TestASyncLeavesTheAdminsWordAlone(t *testing.T) {
	s := newSystem(t)
	id, _ := s.employ()
	s.put(s.admin, "/v1/members/"+id+"/role", map[string]any{"value": "manager", "from": "2026-02-01"}).want(t, 200)
	users := crmUsers()
	users[2].Admin = true
	s.clock.advance(48 * time.Hour)
	_, err := s.handler.keeper().Sync(t.Context(), ours, "conn_crm", users, s.clock.now())
	s.must(err)
	if m := read[Member](t, s.get(s.reader, "/v1/members/"+id)); m.Role != "manager" || m.At != "2026-11-24" {
		t.Errorf("got %+v", m)
	}
	s.do(request{key: s.admin, method: http.MethodDelete, path: "/v1/members/" + id + "/role"}).want(t, 200)
	if m := read[Member](t, s.get(s.reader, "/v1/members/"+id)); m.Role != "admin" {
		t.Errorf("got %+v", m)
	}
	entries, _, err := s.journal.Entries(t.Context(), ours, store.AuditFilter{Actor: "conn_crm"}, store.Page{Limit: 10})
	if err != nil || len(entries) != 2 {
		t.Errorf("noted %+v %v", entries, err)
	}
}

// twins takes over users of whom two have one address: the one that came later would go.
func (s *system) twins() (stays, goes string) {
	s.t.Helper()
	stays, _ = s.employ()
	s.clock.advance(time.Hour)
	users := append(crmUsers(), roster.User{ExternalID: "user_again", Name: "Re P", Email: "rep@example.com", Active: true})
	_, err := s.handler.keeper().Sync(s.t.Context(), ours, "conn_crm", users, s.clock.now())
	s.must(err)
	return stays, s.memberOf("user_again").ID
}

// TestWhoWasSettledDoesNotVanish: what was paid to the one would be paid again to the other.
func TestWhoWasSettledDoesNotVanish(t *testing.T) {
	s := newSystem(t)
	_, goes := s.twins()
	s.owing(goes)
	a := s.post(s.admin, "/v1/members/proposals/same_person-"+goes+"/accept", map[string]any{}).want(t, 409, "has_ledger_book")
	if !strings.Contains(string(a.body), "rows in the ledger: 1") || !strings.Contains(string(a.body), "adjustments by hand") {
		t.Errorf("told %s", a.body)
	}
	if m := s.memberOf("user_again"); m.ID != goes || m.MergedInto != "" {
		t.Errorf("got %+v", m)
	}
	s.post(s.admin, "/v1/members/proposals/same_person-mem_nobody/accept", map[string]any{}).want(t, 404, "not_found")

	// The one that stays may have a book; and to accept it again changes nothing.
	s = newSystem(t)
	stays, goes := s.twins()
	s.owing(stays)
	for range 2 {
		if one := read[Member](t, s.post(s.admin, "/v1/members/proposals/same_person-"+goes+"/accept", map[string]any{}).want(t, 200)); one.ID != stays {
			t.Errorf("got %+v", one)
		}
	}
}

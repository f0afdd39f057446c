package close_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/specs"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
)

// office answers for an organization.
type office struct {
	me, organization, roles, users, groups any
	group                                  map[string]any
	status                                 map[string]int
}

func (o office) serve(r connector.Request) (int, any) {
	if s := o.status[r.Path]; s != 0 {
		return s, `{"error":"no"}`
	}
	switch {
	case r.Path == "/me/":
		return 200, o.me
	case strings.HasPrefix(r.Path, "/organization/"):
		return 200, o.organization
	case r.Path == "/role/":
		return 200, o.roles
	case r.Path == "/user/":
		return 200, o.users
	case r.Path == "/group/":
		return 200, o.groups
	}
	if g, ok := o.group[r.Path]; ok {
		return 200, g
	}
	return 404, nil
}

func team() office {
	member := func(id, role string, more ...any) object {
		return with(object{"id": "memb_" + id, "user_id": "user_" + id, "role_id": role, "user_full_name": strings.ToUpper(id), "user_email": id + "@x.example",
			"user_phone": "+1", "permissions_granted": []any{}}, more...)
	}
	o := office{
		me: object{"id": "user_a", "email": "a@x.example", "first_name": "A", "last_name": "One", "organizations": []any{object{"id": "orga_1", "name": "Pine"}},
			"memberships": []any{object{"organization_id": "orga_0", "role_id": "admin"}, object{"organization_id": "orga_1", "role_id": "role_rep", "permissions_granted": []any{"export"}}}},
		organization: object{"id": "orga_1", "name": "Pine", "memberships": []any{member("a", "admin"), member("b", "role_rep", "user_full_name", "", "user_first_name", "B", "user_last_name", "Two"),
			member("c", "superuser"), member("d", "role_manager", "user_email", nil)}, "inactive_memberships": []any{member("z", "role_rep"), member("c", "role_rep")}},
		roles: object{"data": []any{
			object{"id": "role_rep", "name": "Rep", "permissions": []any{"calling"}, "visibility_user_lcf_ids": []any{"cf_owner", "cf_sdr"}, "visibility_user_lcf_behavior": "allow_unassigned"},
			object{"id": "role_manager", "name": "Manager", "permissions": []any{"view_all_leads", "manage_organization"}, "visibility_user_lcf_ids": nil, "visibility_user_lcf_behavior": nil}}, "has_more": false},
		users:  object{"data": []any{object{"id": "user_a", "date_created": "2024-01-02T03:04:05+00:00"}, object{"id": "user_d", "first_name": "Di", "last_name": "X", "email": "di@x.example"}}, "has_more": false},
		groups: object{"data": []any{}, "has_more": false},
		group:  map[string]any{},
		status: map[string]int{},
	}
	var list []any
	for i := range 12 {
		id := fmt.Sprintf("group_%02d", i)
		list = append(list, object{"id": id, "name": "Team " + id[6:], "organization_id": "orga_1"})
		o.group["/group/"+id+"/"] = object{"id": id, "name": "Team " + id[6:], "members": []any{object{"user_id": "user_" + string("abz"[i%3])}}}
	}
	list = append(list, object{"id": "group_gone", "name": "Gone"})
	o.groups = object{"data": list, "has_more": false}
	return o
}

func everybody(t *testing.T, o office) (map[string]connector.Person, error) {
	t.Helper()
	c := &client{t: t, now: begin, answer: o.serve}
	all := map[string]connector.Person{}
	for cursor := ""; ; {
		page, err := close.Definition().People(t.Context(), c, cursor)
		if err != nil {
			return nil, err
		}
		for _, p := range page.People {
			if _, twice := all[p.ID]; twice {
				t.Errorf("%s comes twice", p.ID)
			}
			all[p.ID] = p
		}
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

func TestPeople(t *testing.T) {
	all, err := everybody(t, team())
	if err != nil || len(all) != 5 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if a := all["user_a"]; !a.Active || !a.Admin || a.Name != "A" || a.Role.Name != "Admin" || !a.Role.SeesAll || len(a.Teams) != 4 || a.CreatedAt.Year() != 2024 {
		t.Errorf("got %+v", a)
	}
	b := all["user_b"]
	if want := (connector.Role{ID: "role_rep", Name: "Rep", Permissions: []string{"calling"}, VisibleBy: []string{"custom.cf_owner", "custom.cf_sdr"}, Unassigned: true}); !reflect.DeepEqual(b.Role, want) || b.Name != "B Two" || b.Admin {
		t.Errorf("got %+v", b)
	}
	if len(b.Teams) != 4 || b.Teams[0] != (connector.Team{ID: "group_01", Name: "Team 01"}) {
		t.Errorf("got %+v", b.Teams)
	}
	if c := all["user_c"]; !c.Active || c.Role.ID != "superuser" || c.Admin || !c.Role.SeesAll {
		t.Errorf("who came back is %+v", c)
	}
	if d := all["user_d"]; !d.Admin || d.Email != "di@x.example" || d.Name != "D" {
		t.Errorf("got %+v", d)
	}
	if z := all["user_z"]; z.Active || len(z.Teams) != 4 {
		t.Errorf("got %+v", z)
	}
	o := team()
	o.status["/group/"] = 403
	if all, err := everybody(t, o); err != nil || len(all) != 5 || len(all["user_a"].Teams) != 0 {
		t.Errorf("without groups: %+v, %v", all, err)
	}
	for _, path := range []string{"/me/", "/organization/orga_1/", "/role/", "/user/", "/group/group_03/"} {
		o := team()
		o.status[path] = 503
		if _, err := everybody(t, o); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s fails: got %v", path, err)
		}
	}
}

func TestGroupsAndMembershipsAsRecords(t *testing.T) {
	o := team()
	c := &client{t: t, now: begin, answer: o.serve}
	var got copied
	if err := pullFrom(t, c, func() time.Time { return begin }, "group", all(), &got); err != nil || len(got.records) != 12 || string(got.records["group_01"].Fields["members"]) != `[{"user_id":"user_b"}]` {
		t.Errorf("got %+v, %v", got.records["group_01"], err)
	}
	if got.pages != 4 {
		t.Errorf("%d pages for 13 groups", got.pages)
	}
	got = copied{}
	if err := pullFrom(t, c, func() time.Time { return begin }, "membership", all(), &got); err != nil || len(got.records) != 5 || got.rows != 5 || string(got.records["memb_c"].Fields["is_active"]) != "true" || string(got.records["memb_z"].Fields["is_active"]) != "false" || string(got.records["memb_a"].Fields["is_active"]) != "true" {
		t.Errorf("got %+v, %v", got.records, err)
	}
	got = copied{}
	if err := pullFrom(t, c, func() time.Time { return begin }, "membership", connector.Scope{Kind: connector.IDs, IDs: []string{"memb_z", "memb_q"}}, &got); err != nil || len(got.records) != 1 || fmt.Sprint(got.missing) != "[memb_q]" {
		t.Errorf("got %+v, %v", got, err)
	}
	got = copied{}
	if err := pullFrom(t, c, func() time.Time { return begin }, "group", connector.Scope{Kind: connector.IDs, IDs: []string{"group_03", "group_gone"}}, &got); err != nil || len(got.records) != 1 || fmt.Sprint(got.missing) != "[group_gone]" {
		t.Errorf("got %+v, %v", got, err)
	}
	got = copied{}
	if err := pullFrom(t, c, func() time.Time { return begin }, "role", connector.Scope{Kind: connector.IDs, IDs: []string{"role_rep", "role_x"}}, &got); err != nil || len(got.records) != 1 || fmt.Sprint(got.missing) != "[role_x]" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestProbe(t *testing.T) {
	probe := func(o office) (connector.Identity, error) {
		return close.Definition().API.Probe(t.Context(), &client{t: t, now: begin, answer: o.serve})
	}
	missing := func(id connector.Identity) (names []string) {
		for _, m := range id.Missing {
			if !strings.HasPrefix(m.Needed, "Without") {
				t.Errorf("%s is needed for %q", m.Permission, m.Needed)
			}
			names = append(names, m.Permission)
		}
		return names
	}
	id, err := probe(team())
	if err != nil || id.AccountID != "orga_1" || id.AccountName != "Pine" || id.UserID != "user_a" || id.UserName != "A One" || id.UserEmail != "a@x.example" ||
		fmt.Sprint(id.Permissions) != "[calling export]" || fmt.Sprint(missing(id)) != "[view_all_leads manage_organization]" {
		t.Errorf("got %+v, %v", id, err)
	}
	o := team()
	o.me.(object)["memberships"].([]any)[1].(object)["role_id"] = "role_manager"
	if id, err := probe(o); err != nil || len(id.Missing) != 0 {
		t.Errorf("a manager: got %+v, %v", id, err)
	}
	o.me.(object)["memberships"].([]any)[1].(object)["role_id"] = "admin"
	o.status["/role/"] = 403
	if id, err := probe(o); err != nil || len(id.Missing) != 0 {
		t.Errorf("an admin: got %+v, %v", id, err)
	}
	o = team()
	o.status["/organization/orga_1/"] = 403
	if id, err := probe(o); err != nil || id.AccountID != "orga_1" || id.AccountName != "Pine" || fmt.Sprint(missing(id)) != "[organization view_all_leads manage_organization]" {
		t.Errorf("got %+v, %v", id, err)
	}
	for path, kind := range map[string]fault.Kind{"/me/": fault.Revoked, "/organization/orga_1/": fault.Revoked, "/role/": fault.Revoked} {
		o := team()
		o.status[path] = 401
		if id, err := probe(o); !fault.Is(err, kind) {
			t.Errorf("%s: got %+v, %v", path, id, err)
		}
	}
	o = team()
	o.me = object{"id": "user_a"}
	if id, err := probe(o); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody's organization: got %+v, %v", id, err)
	}
}

// TestRecordedPeople reads the documentation's and recorded answers.
func TestRecordedPeople(t *testing.T) {
	dir := filepath.Join(specs.Dir(t, "close"), "fixtures")
	file := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	o := office{me: file("close-docs/me.get.response.json"), organization: file("close-docs/organization.get.response.json"), roles: file("close-docs/role.list.response.json"),
		users: recorded(t, "nango/users.json"), groups: `{"data":[],"has_more":false}`, status: map[string]int{}}
	all, err := everybody(t, o)
	if p := all["user_N6KhMpzHRCYQHdn4gRNIFNN5JExnsrprKA6ekxM63XA"]; err != nil || len(all) != 1 || p.Name != "John Doe" || !p.Active || len(p.Role.VisibleBy) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	id, err := close.Definition().API.Probe(t.Context(), &client{t: t, now: begin, answer: o.serve})
	if err != nil || id.AccountName != "Sample Data" || id.UserName != "Sample One" {
		t.Errorf("got %+v, %v", id, err)
	}
	o.me, o.organization = recorded(t, "nango/get-me.json"), `{"id":"orga_bog0WeN6OXBxaN867LEXwaisIuXTy9fbbryxDywmf6V","name":"NangoDEv"}`
	id, err = close.Definition().API.Probe(t.Context(), &client{t: t, now: begin, answer: o.serve})
	if err != nil || len(id.Missing) != 0 || len(id.Permissions) != 31 || id.AccountName != "NangoDEv" {
		t.Errorf("got %+v, %v", id, err)
	}
}

package server_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

func TestWhoIsNotKnownIsRefused(t *testing.T) {
	s := start(t, server.Options{})
	s.key = "api_none.x"
	s.ask(http.StatusUnauthorized, "GET", "~me/", nil)
	s.key = ""
	s.ask(http.StatusUnauthorized, "GET", "~me/", nil)
	s.key = server.AdminKey
	s.get("~me/")
	s.Revoke(server.AdminKey, true)
	s.ask(http.StatusUnauthorized, "GET", "~me/", nil)
	s.Revoke(server.AdminKey, false)
	s.get("~me/")
	s.ask(http.StatusOK, "POST", "/_sandbox/members", `{"user":"admin","active":false}`)
	s.ask(http.StatusUnauthorized, "GET", "~me/", nil)
}

func TestPathsEndInASlash(t *testing.T) {
	s := start(t, server.Options{})
	for _, path := range []string{"~lead", "~me", "~data/search", "~lead/lead_x", "~nothing/", "/", "/api/v2/me/"} {
		s.ask(http.StatusNotFound, "GET", path, nil)
	}
	s.ask(http.StatusMethodNotAllowed, "PUT", "~lead/", nil)
	s.ask(http.StatusMethodNotAllowed, "GET", "~data/search/", nil)
	s.ask(http.StatusMethodNotAllowed, "POST", "~activity/", `{}`)
}

func TestPagesAreCappedWithoutAWord(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 6000}})
	for path, most := range map[string]int{"lead": 200, "opportunity": 250, "activity": 100, "activity/call": 100} {
		if n := len(rows(s.get("~" + path + "/?_limit=5000"))); n != most {
			t.Errorf("%s: a page of %d, want %d", path, n, most)
		}
	}
	if n := len(rows(s.get("~lead/"))); n != 100 {
		t.Errorf("%d leads without a limit", n)
	}
	if n := len(rows(s.get("~lead/?date_updated__gte=2030-01-01T00:00:00Z"))); n != 100 {
		t.Errorf("a filter that Close does not have left %d leads", n)
	}
	total := func(path string) bool { return s.get("~" + path)["total_results"] != nil }
	if !total("lead/") || !total("opportunity/?status_type=won") || !total("task/") || total("contact/") || total("activity/") || total("activity/call/") {
		t.Error("total_results stands where it should not, or does not where it should")
	}
	v := s.ask(http.StatusBadRequest, "GET", "~activity/?_skip=2001", nil)
	if want := "The skip you set is larger than the maximum skip for this resource (max_skip = 2000)"; text(v, "error") != want {
		t.Errorf("%q, want %q", text(v, "error"), want)
	}
	s.ask(http.StatusBadRequest, "GET", "~lead/?_skip=x", nil)
	s.ask(http.StatusBadRequest, "GET", "~opportunity/?date_created__gte=yesterday", nil)
}

// TestListsAreWhole reads lists by offset, while nothing changes.
func TestListsAreWhole(t *testing.T) {
	s := start(t, server.Options{})
	counts := map[string]int{}
	s.Do(func(m *crm.Model) { counts = m.Counts() })
	for path, object := range map[string]string{"lead/": "lead", "contact/": "contact", "opportunity/?_order_by=date_updated": "opportunity", "opportunity/?_order_by=-value": "opportunity",
		"task/?_type=all": "task.lead", "activity/call/": "activity.call", "activity/email/": "activity.email"} {
		seen := map[string]bool{}
		for _, r := range s.pages("~" + path) {
			seen[text(r, "id")] = true
		}
		if len(seen) != counts[object] {
			t.Errorf("%s: %d of %d", path, len(seen), counts[object])
		}
	}
	if all, leads := len(s.pages("~task/?_type=all")), len(s.pages("~task/")); leads >= all || leads == 0 {
		t.Errorf("%d tasks, %d of them of leads", all, leads)
	}
}

// TestOffsetsShift shows the trap: a row that changes while a list is read drops another one out of it.
func TestOffsetsShift(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 4000}})
	first := rows(s.get("~lead/?_limit=100&_fields=id"))
	last := rows(s.get("~lead/?_limit=100&_skip=100&_fields=id"))
	s.clock.add(time.Minute)
	s.ask(http.StatusOK, "POST", "/_sandbox/change", server.Change{Action: "touch", ID: text(last[99], "id")})
	second := rows(s.get("~lead/?_limit=100&_skip=100&_fields=id"))
	if text(first[99], "id") != text(second[0], "id") {
		t.Error("the row at the border did not come twice")
	}
	if slices.ContainsFunc(second, func(r map[string]any) bool { return text(r, "id") == text(last[99], "id") }) {
		t.Error("the row that was touched is still on its page")
	}
}

func TestOpportunityFilters(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 4000}})
	all := s.pages("~opportunity/")
	for query, fits := range map[string]func(r map[string]any) bool{
		"status_type=won":                    func(r map[string]any) bool { return r["status_type"] == "won" },
		"status_type__in=won,lost":           func(r map[string]any) bool { return r["status_type"] != "active" },
		"value_period=monthly":               func(r map[string]any) bool { return r["value_period"] == "monthly" },
		"user_id=" + text(all[0], "user_id"): func(r map[string]any) bool { return r["user_id"] == all[0]["user_id"] },
		"date_updated__gte=2025-09-01T00:00:00Z&date_updated__lt=2026-01-01T00:00:00Z": func(r map[string]any) bool {
			return text(r, "date_updated") >= "2025-09-01" && text(r, "date_updated") < "2026-01-01"
		},
		"date_created__gte=2025-09-01T00:00:00Z&_order_by=date_updated": func(r map[string]any) bool { return text(r, "date_created") >= "2025-09-01" },
		"date_won__gte=2025-09-01":                                      func(r map[string]any) bool { return text(r, "date_won") >= "2025-09-01" },
		"lead_id=" + text(all[0], "lead_id"):                            func(r map[string]any) bool { return r["lead_id"] == all[0]["lead_id"] },
	} {
		want := 0
		for _, r := range all {
			if fits(r) {
				want++
			}
		}
		got := s.pages("~opportunity/?" + query)
		if len(got) != want || want == 0 || want == len(all) {
			t.Errorf("%s: %d of %d, want %d", query, len(got), len(all), want)
		}
		for _, r := range got {
			if !fits(r) {
				t.Errorf("%s gave %v", query, r["id"])
			}
		}
	}
	sorted := s.pages("~opportunity/?_order_by=date_updated")
	if !slices.IsSortedFunc(sorted, func(a, b map[string]any) int {
		return strings.Compare(text(a, "date_updated"), text(b, "date_updated"))
	}) {
		t.Error("_order_by=date_updated is not in that order")
	}
	s.ask(http.StatusBadRequest, "GET", "~opportunity/?_order_by=color", nil)
	s.ask(http.StatusBadRequest, "GET", "~task/?_order_by=date_updated", nil)
}

func TestActivitiesHaveNoFilterForChanges(t *testing.T) {
	s := start(t, server.Options{})
	all := s.pages("~activity/call/")
	if got := s.pages("~activity/call/?date_updated__gte=2030-01-01"); len(got) != len(all) {
		t.Errorf("date_updated left %d of %d calls", len(got), len(all))
	}
	from := "2025-09-01"
	want := 0
	for _, r := range all {
		if text(r, "date_created") >= from {
			want++
		}
	}
	if got := s.pages("~activity/call/?date_created__gte=" + from); len(got) != want || want == 0 {
		t.Errorf("%d calls since %s, want %d", len(got), from, want)
	}
	ids := text(all[0], "id") + "," + text(all[3], "id")
	if got := s.pages("~activity/call/?id__in=" + ids); len(got) != 2 {
		t.Errorf("%d calls of two ids", len(got))
	}
	if got := s.pages("~activity/?_type__in=Call,Note&lead_id=" + text(all[0], "lead_id")); len(got) == 0 {
		t.Error("no calls and notes of a lead")
	}
	s.ask(http.StatusBadRequest, "GET", "~activity/custom/?custom_activity_type_id=x", nil)
	s.ask(http.StatusBadRequest, "GET", "~custom_object/", nil)
}

// TestARepSeesTheirLeadsOnly compares what the admin and a rep see.
func TestARepSeesTheirLeadsOnly(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 6000}})
	owner := ""
	s.Do(func(m *crm.Model) { owner = "custom." + m.OwnerField() })
	whole := s.pages("~lead/")
	s.key = server.RepKey
	me := text(s.get("~me/"), "id")
	mine := s.pages("~lead/")
	want := 0
	for _, l := range whole {
		if l[owner] == me {
			want++
		}
	}
	if len(mine) != want || want == 0 || want == len(whole) {
		t.Errorf("the rep sees %d of %d leads, want %d", len(mine), len(whole), want)
	}
	for _, l := range whole {
		status := http.StatusOK
		if l[owner] != me {
			status = http.StatusNotFound
		}
		s.ask(status, "GET", "~lead/"+text(l, "id")+"/", nil)
	}
	for _, path := range []string{"contact/", "opportunity/", "activity/call/", "task/?_type=all"} {
		for _, r := range s.pages("~" + path) {
			if !slices.ContainsFunc(mine, func(l map[string]any) bool { return l["id"] == r["lead_id"] }) {
				t.Fatalf("the rep sees %s of another's lead", r["id"])
			}
		}
	}
	found := 0
	for cursor := any(nil); ; {
		v := s.ask(http.StatusOK, "POST", "~data/search/", search("lead", map[string]any{"cursor": cursor}))
		found += len(rows(v))
		if cursor = v["cursor"]; cursor == nil {
			break
		}
	}
	if found != want {
		t.Errorf("the rep finds %d leads, want %d", found, want)
	}
	s.ask(http.StatusForbidden, "POST", "~lead/merge/", map[string]any{"source": mine[0]["id"], "destination": mine[1]["id"]})
	s.ask(http.StatusForbidden, "DELETE", "~lead/"+text(mine[0], "id")+"/", nil)
	s.ask(http.StatusForbidden, "POST", "~export/lead/", `{"format":"json","type":"leads"}`)
	s.ask(http.StatusForbidden, "POST", "~custom_field/lead/", `{"name":"x"}`)
}

func TestFieldsAndOverride(t *testing.T) {
	s := start(t, server.Options{})
	one := rows(s.get("~lead/?_limit=1&_fields=id,name"))[0]
	if len(one) != 2 {
		t.Errorf("id and name gave %v", one)
	}
	one = rows(s.get("~lead/?_limit=1&_fields=custom"))[0]
	for k := range one {
		if k != "custom" && !strings.HasPrefix(k, "custom.cf_") {
			t.Errorf("custom gave %s", k)
		}
	}
	v := s.ask(http.StatusOK, "POST", "~lead/", map[string]any{"_params": map[string]any{"_limit": 3, "_fields": "id"}}, "X-HTTP-Method-Override", "GET")
	if len(rows(v)) != 3 {
		t.Errorf("an overridden POST gave %d leads", len(rows(v)))
	}
}

func TestExport(t *testing.T) {
	s := start(t, server.Options{})
	e := s.ask(http.StatusOK, "POST", "~export/lead/", `{"format":"json","type":"leads","include_activities":true}`)
	var states []string
	for range 6 {
		e = s.get("~export/" + text(e, "id") + "/")
		states = append(states, text(e, "status"))
	}
	if strings.Join(states, " ") != "started in_progress done done done done" {
		t.Errorf("states %v", states)
	}
	raw, err := io.ReadAll(s.send("GET", text(e, "download_url"), nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	s.Do(func(m *crm.Model) { count = m.Count(crm.Lead) })
	if got := strings.Count(string(raw), `"activities":[`); got != count {
		t.Errorf("%d leads with activities, want %d", got, count)
	}
}

func TestConfigFollows(t *testing.T) {
	s := checked(t, server.Options{})
	f := s.ask(http.StatusOK, "POST", "~custom_field/lead/", `{"name":"Color","type":"choices","choices":["Red"]}`)
	lead := text(rows(s.get("~lead/?_limit=1"))[0], "id")
	s.ask(http.StatusOK, "PUT", "~lead/"+lead+"/", map[string]any{"custom." + text(f, "id"): "Red"})
	fields, _ := s.get("~custom_field_schema/lead/")["fields"].([]any)
	if !slices.ContainsFunc(fields, func(one any) bool { return one.(map[string]any)["id"] == f["id"] }) {
		t.Error("the schema does not have the new field")
	}
	if custom, _ := s.get("~lead/" + lead + "/")["custom"].(map[string]any); custom["Color"] != "Red" {
		t.Errorf("the custom fields by name are %v", custom)
	}
	status := rows(s.get("~status/opportunity/"))[0]
	before := rows(s.get("~opportunity/?_limit=1&status_id=" + text(status, "id")))[0]
	s.ask(http.StatusOK, "PUT", "~status/opportunity/"+text(status, "id")+"/", `{"label":"Demo Held"}`)
	after := s.get("~opportunity/" + text(before, "id") + "/")
	if text(after, "status_label") != "Demo Held" || after["date_updated"] != before["date_updated"] {
		t.Errorf("the label is %q, updated %v", text(after, "status_label"), after["date_updated"])
	}
	s.ask(http.StatusOK, "DELETE", "~custom_field/lead/"+text(f, "id")+"/", nil)
	if g := rows(s.get("~group/"))[0]; g["members"] != nil {
		t.Error("the list of groups gives members unasked")
	}
	members := func(list string) int {
		org := s.OrganizationID()
		all, _ := s.get("~organization/" + org + "/")[list].([]any)
		return len(all)
	}
	if members("memberships") != 16 || members("inactive_memberships") != 2 {
		t.Error("not 16 members and 2 former ones")
	}
	s.ask(http.StatusOK, "POST", "/_sandbox/members", `{"user":"emma.rossi@compass.example.com","active":false,"role":"Sales Manager"}`)
	if members("memberships") != 15 || members("inactive_memberships") != 3 {
		t.Error("nobody left")
	}
}

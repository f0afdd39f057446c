package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// busy is a sandbox in which 120 leads were made, a minute apart.
func busy(t *testing.T) (*sandbox, []string) {
	s := start(t, server.Options{Options: crm.Options{Consolidation: 5 * time.Second}})
	var ids []string
	for i := range 120 {
		s.clock.add(time.Minute)
		ids = append(ids, text(s.ask(http.StatusOK, "POST", "~lead/", map[string]any{"name": itoa(i)}), "id"))
	}
	return s, ids
}

func TestTheEventLogByCursor(t *testing.T) {
	s, ids := busy(t)
	first := s.get("~event/?_limit=500")
	if len(rows(first)) != 50 || first["cursor_previous"] != nil {
		t.Fatalf("%d events, cursor_previous %v", len(rows(first)), first["cursor_previous"])
	}
	all, v := rows(first), first
	for v["cursor_next"] != nil {
		v = s.get("~event/?_cursor=" + text(v, "cursor_next"))
		all = append(all, rows(v)...)
	}
	var seen []string
	for _, e := range all {
		seen = append(seen, text(e, "object_id"))
	}
	slices.Reverse(seen)
	if !slices.Equal(seen, ids) {
		t.Errorf("%d events for %d leads, or not newest first", len(seen), len(ids))
	}
	s.clock.add(time.Minute)
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"Newest"}`)
	second := s.get("~event/?_cursor=" + text(first, "cursor_next"))
	back := s.get("~event/?_limit=10&_cursor=" + text(second, "cursor_previous"))
	if len(rows(back)) != 10 || text(rows(back)[9], "id") != text(rows(first)[49], "id") {
		t.Errorf("back from the second page are %d events", len(rows(back)))
	}
	s.ask(http.StatusBadRequest, "GET", "~event/?_cursor=x", nil)
}

func TestEventFilters(t *testing.T) {
	s, ids := busy(t)
	user := text(s.get("~me/"), "id")
	request := text(rows(s.get("~event/"))[0], "request_id")
	for query, want := range map[string]int{
		"object_type=lead&object_id=" + ids[3]: 1, "object_type=lead&action=created": 50, "object_type=contact&action=created": 0, "lead_id=" + ids[3]: 1,
		"user_id=" + user: 50, "request_id=" + request: 1, "lead_id=" + ids[3] + "&object_type=lead&action=created&user_id=" + user: 1,
		"date_updated__gte=2026-03-04T09:35:00": 50, "date_updated__lt=2026-03-04T09:35:00": 4, "lead_id=" + ids[3] + "&date_updated__gt=2026-03-04T12:00:00Z": 0,
	} {
		if n := len(rows(s.get("~event/?" + query))); n != want {
			t.Errorf("%s: %d events, want %d", query, n, want)
		}
	}
	for _, query := range []string{"object_type=lead", "action=deleted", "object_id=x", "lead_id=x&action=created", "lead_id=x&object_id=y", "request_id=x&user_id=y", "user_id=x&action=created"} {
		s.ask(http.StatusBadRequest, "GET", "~event/?"+query, nil)
	}
}

func TestTheEventLogForgets(t *testing.T) {
	s, _ := busy(t)
	event := text(rows(s.get("~event/"))[0], "id")
	s.get("~event/" + event + "/")
	s.clock.add(30*24*time.Hour - time.Minute)
	if n := len(rows(s.get("~event/"))); n == 0 {
		t.Error("events of less than 30 days are gone")
	}
	s.clock.add(2 * time.Minute)
	if n := len(rows(s.get("~event/"))); n != 0 {
		t.Errorf("%d events of more than 30 days", n)
	}
	s.ask(http.StatusNotFound, "GET", "~event/"+event+"/", nil)
}

// TestOthersSeeContentsForAnHour compares what the admin and a manager see of the log.
func TestOthersSeeContentsForAnHour(t *testing.T) {
	s, ids := busy(t)
	s.ask(http.StatusOK, "DELETE", "~lead/"+ids[119]+"/", nil)
	shown := func(key string) (n int) {
		s.key = key
		for _, e := range rows(s.get("~event/")) {
			if len(e["data"].(map[string]any))+len(e["previous_data"].(map[string]any)) > 0 {
				n++
			}
		}
		return n
	}
	if n := shown(server.ManagerKey); n != 50 {
		t.Errorf("of 50 new events the manager sees %d", n)
	}
	s.clock.add(time.Hour + time.Second)
	if n := shown(server.ManagerKey); n != 0 {
		t.Errorf("an hour later the manager sees %d", n)
	}
	if n := shown(server.AdminKey); n != 50 {
		t.Errorf("an hour later the admin sees %d", n)
	}
	s.key = server.RepKey
	if n := len(rows(s.get("~event/"))); n != 0 {
		t.Errorf("the rep sees %d events of leads of nobody", n)
	}
}

func TestChangesAreGathered(t *testing.T) {
	s, ids := busy(t)
	put := func(body string) {
		s.ask(http.StatusOK, "PUT", "~lead/"+ids[0]+"/", body)
	}
	log := func() []map[string]any {
		var some []map[string]any
		for _, e := range rows(s.get("~event/?lead_id=" + ids[0])) {
			if e["action"] == "updated" {
				some = append(some, e)
			}
		}
		return some
	}
	put(`{"description":"one"}`)
	first := log()[0]
	s.clock.add(4 * time.Second)
	put(`{"description":"two","url":"https://x.example"}`)
	put(`{"description":"two"}`) // changes nothing
	got := log()
	if len(got) != 1 || got[0]["id"] != first["id"] || text(got[0], "date_updated") <= text(first, "date_updated") || got[0]["date_created"] != first["date_created"] {
		t.Fatalf("two changes within 5 seconds are %d events", len(got))
	}
	if p := got[0]["previous_data"].(map[string]any); p["description"] != "" || p["url"] != nil {
		t.Errorf("before both it was %v", p)
	}
	fields := got[0]["changed_fields"].([]any)
	if !slices.Contains(fields, any("url")) || !slices.Contains(fields, any("description")) {
		t.Errorf("changed fields %v", fields)
	}
	s.clock.add(6 * time.Second)
	put(`{"description":"three"}`)
	if len(log()) != 2 {
		t.Error("a change 6 seconds later is in the same event")
	}
	for _, e := range rows(s.get("~event/")) {
		if strings.HasSuffix(text(e, "date_created"), "Z") || strings.Contains(text(e, "date_created"), "+") {
			t.Fatalf("an event's time has a zone: %v", e["date_created"])
		}
	}
}

func TestDeletingALeadTakesItsChildren(t *testing.T) {
	for _, told := range []bool{false, true} {
		s := start(t, server.Options{Options: crm.Options{Cascade: told}})
		lead := text(rows(s.get("~opportunity/?_limit=1"))[0], "lead_id")
		children := s.pages("~contact/?lead_id=" + lead)
		s.ask(http.StatusOK, "DELETE", "~lead/"+lead+"/", nil)
		for _, c := range children {
			s.ask(http.StatusNotFound, "GET", "~contact/"+text(c, "id")+"/", nil)
		}
		events := rows(s.get("~event/"))
		if got := len(events) > 1; got != told {
			t.Errorf("%d events, though cascade is %t", len(events), told)
		}
	}
}

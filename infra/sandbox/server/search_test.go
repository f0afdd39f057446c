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

// search makes the body of a search for objects of a type, by date_updated.
func search(object string, more map[string]any) map[string]any {
	field := map[string]any{"type": "regular_field", "object_type": object, "field_name": "date_updated"}
	body := map[string]any{
		"query":   map[string]any{"type": "and", "queries": []any{map[string]any{"type": "object_type", "object_type": object}}},
		"_fields": map[string]any{object: []string{"id", "date_updated", "name", "custom"}}, "_limit": 200,
		"sort": []any{map[string]any{"direction": "asc", "field": field}},
	}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func where(object string, conditions ...any) map[string]any {
	all := []any{map[string]any{"type": "object_type", "object_type": object}}
	return map[string]any{"type": "and", "queries": append(all, conditions...)}
}

func condition(object, field string, c map[string]any) map[string]any {
	return map[string]any{"type": "field_condition", "field": map[string]any{"type": "regular_field", "object_type": object, "field_name": field}, "condition": c}
}

func moments(bounds ...string) map[string]any {
	c := map[string]any{"type": "moment_range"}
	for i := 0; i < len(bounds); i += 2 {
		c[bounds[i]] = map[string]any{"type": "fixed_utc", "value": bounds[i+1]}
	}
	return c
}

// find follows a search to its end.
func (s *sandbox) find(body map[string]any) []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for {
		v := s.ask(http.StatusOK, "POST", "~data/search/", body)
		all = append(all, rows(v)...)
		if v["cursor"] == nil {
			return all
		}
		body["cursor"] = v["cursor"]
	}
}

func TestSearchFindsAllInOrder(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 6000}})
	count := 0
	s.Do(func(m *crm.Model) { count = m.Count(crm.Contact) })
	all := s.find(search("contact", nil))
	seen := map[string]bool{}
	for _, r := range all {
		seen[text(r, "id")] = true
		if r["__object_type"] != "contact" {
			t.Fatalf("%v", r)
		}
	}
	if len(all) != count || len(seen) != count {
		t.Errorf("%d rows, %d contacts, want %d", len(all), len(seen), count)
	}
	if !slices.IsSortedFunc(all, func(a, b map[string]any) int {
		return strings.Compare(text(a, "date_updated"), text(b, "date_updated"))
	}) {
		t.Error("not in the order of date_updated")
	}
	v := s.ask(http.StatusOK, "POST", "~data/search/", search("contact", map[string]any{"include_counts": true, "results_limit": 0}))
	if c := v["count"].(map[string]any); c["total"].(interface{ String() string }).String() != itoa(count) || len(rows(v)) != 0 || v["cursor"] != nil {
		t.Errorf("counts only: %v, %d rows", c, len(rows(v)))
	}
	if v := s.ask(http.StatusOK, "POST", "~data/search/", map[string]any{"query": where("lead")}); len(rows(v)[0]) != 2 {
		t.Errorf("without _fields there is %v", rows(v)[0])
	}
	for _, object := range []string{"opportunity", "activity", "activity.call", "custom_object"} {
		if len(s.find(search(object, nil))) == 0 {
			t.Errorf("no %s is found", object)
		}
	}
}

func TestSearchConditions(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 4000}})
	all := s.find(search("lead", nil))
	owner := ""
	s.Do(func(m *crm.Model) { owner = m.OwnerField() })
	middle := text(all[len(all)/3], "date_updated")
	status := rows(s.get("~status/lead/"))[0]
	custom := map[string]any{"type": "field_condition", "field": map[string]any{"type": "custom_field", "custom_field_id": owner},
		"condition": map[string]any{"type": "reference", "reference_type": "user", "object_ids": []string{text(all[0], "custom."+owner)}}}
	for name, c := range map[string]struct {
		query map[string]any
		fits  func(r map[string]any) bool
	}{
		"since":        {condition("lead", "date_updated", moments("on_or_after", middle)), func(r map[string]any) bool { return text(r, "date_updated") >= middle }},
		"before":       {condition("lead", "date_updated", moments("before", middle)), func(r map[string]any) bool { return text(r, "date_updated") < middle }},
		"owner":        {custom, func(r map[string]any) bool { return r["custom."+owner] == all[0]["custom."+owner] }},
		"id":           {map[string]any{"type": "id", "value": all[5]["id"]}, func(r map[string]any) bool { return r["id"] == all[5]["id"] }},
		"words":        {map[string]any{"type": "text", "mode": "full_words", "value": "robotics"}, func(r map[string]any) bool { return strings.Contains(text(r, "name"), "Robotics") }},
		"has a call":   {map[string]any{"type": "has_related", "this_object_type": "lead", "related_object_type": "activity.call"}, nil},
		"has no call":  {map[string]any{"type": "has_related", "negate": true, "this_object_type": "lead", "related_object_type": "activity.call"}, nil},
		"of a status":  {condition("lead", "status_id", map[string]any{"type": "term", "values": []string{text(status, "id")}}), nil},
		"not a status": {map[string]any{"type": "not", "query": condition("lead", "status_id", map[string]any{"type": "term", "values": []string{text(status, "id")}})}, nil},
		"either":       {map[string]any{"type": "or", "queries": []any{map[string]any{"type": "id", "value": all[1]["id"]}, map[string]any{"type": "id", "value": all[2]["id"]}}}, func(r map[string]any) bool { return r["id"] == all[1]["id"] || r["id"] == all[2]["id"] }},
	} {
		got := s.find(search("lead", map[string]any{"query": where("lead", c.query)}))
		if len(got) == 0 || len(got) == len(all) {
			t.Errorf("%s: %d of %d", name, len(got), len(all))
		}
		want := 0
		for _, r := range all {
			if c.fits != nil && c.fits(r) {
				want++
			}
		}
		if c.fits != nil && len(got) != want {
			t.Errorf("%s: %d, want %d", name, len(got), want)
		}
	}
	sum := func(a, b string) int {
		n := 0
		for _, negate := range []bool{false, true} {
			n += len(s.find(search("lead", map[string]any{"query": where("lead", map[string]any{"type": "has_related", "negate": negate, "this_object_type": a, "related_object_type": b})})))
		}
		return n
	}
	if sum("lead", "opportunity") != len(all) {
		t.Error("with and without opportunities are not all leads")
	}
}

func TestSearchRefusesByName(t *testing.T) {
	s := start(t, server.Options{})
	for want, body := range map[string]map[string]any{
		"geo_fence":  {"query": where("lead", map[string]any{"type": "geo_fence"})},
		"color":      {"query": where("lead", condition("lead", "color", moments()))},
		"soundex":    {"query": where("lead", condition("lead", "name", map[string]any{"type": "soundex"}))},
		"task":       {"query": where("task")},
		"next_week":  {"query": where("lead", condition("lead", "date_updated", map[string]any{"type": "moment_range", "before": map[string]any{"type": "next_week"}}))},
		"cf_none":    {"query": where("lead", map[string]any{"type": "field_condition", "field": map[string]any{"type": "custom_field", "custom_field_id": "cf_none"}, "condition": moments()})},
		"one object": {"query": map[string]any{"type": "and", "queries": []any{}}},
		"sideways":   {"query": where("lead"), "sort": []any{map[string]any{"direction": "sideways", "field": map[string]any{"type": "regular_field", "field_name": "date_updated"}}}},
		"too long":   {"query": where("lead"), "_fields": map[string]any{"lead": strings.Split(strings.Repeat("x,", 100)+"x", ",")}},
	} {
		v := s.ask(http.StatusBadRequest, "POST", "~data/search/", body)
		if raw := strings.ToLower(strings.ReplaceAll(toText(v), "exactly one object_type", "one object")); !strings.Contains(raw, want) {
			t.Errorf("the refusal %s does not name %q", raw, want)
		}
	}
}

func toText(v map[string]any) string {
	var b strings.Builder
	b.WriteString(text(v, "error"))
	fields, _ := v["field-errors"].(map[string]any)
	for k := range fields {
		b.WriteString(" " + k + ": " + text(fields, k))
	}
	return b.String()
}

func TestACursorLivesThirtySeconds(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 6000}})
	first := s.ask(http.StatusOK, "POST", "~data/search/", search("contact", nil))
	next := search("contact", map[string]any{"cursor": first["cursor"]})
	s.clock.add(29 * time.Second)
	again := s.ask(http.StatusOK, "POST", "~data/search/", next)
	if same := s.ask(http.StatusOK, "POST", "~data/search/", next); text(rows(same)[0], "id") != text(rows(again)[0], "id") {
		t.Error("a cursor used twice gives another page")
	}
	s.ask(http.StatusBadRequest, "POST", "~data/search/", search("lead", map[string]any{"cursor": again["cursor"]}))
	s.clock.add(30 * time.Second)
	v := s.ask(http.StatusBadRequest, "POST", "~data/search/", search("contact", map[string]any{"cursor": again["cursor"]}))
	if !strings.Contains(toText(v), "cursor") {
		t.Errorf("the refusal is %v", v)
	}
}

func TestASearchEnds(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 6000}, Chain: 250})
	if n := len(s.find(search("contact", nil))); n != 250 {
		t.Errorf("a search of at most 250 gave %d", n)
	}
	if n := len(s.find(search("contact", map[string]any{"results_limit": 220}))); n != 220 {
		t.Errorf("results_limit 220 gave %d", n)
	}
}

func TestTheIndexLiesBehind(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{IndexDelay: 5 * time.Second}})
	s.clock.add(time.Hour)
	since := func() int {
		return len(s.find(search("lead", map[string]any{"query": where("lead", condition("lead", "date_updated", moments("on_or_after", "2026-03-04T10:00:00Z")))})))
	}
	old := text(rows(s.get("~lead/?_limit=1&_skip=30"))[0], "id")
	s.ask(http.StatusOK, "PUT", "~lead/"+old+"/", `{"name":"Changed"}`)
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`)
	if n := since(); n != 0 {
		t.Errorf("%d changes are found at once", n)
	}
	s.clock.add(5 * time.Second)
	if n := since(); n != 2 {
		t.Errorf("%d changes are found later, want 2", n)
	}
	all := len(s.find(search("lead", nil)))
	s.ask(http.StatusOK, "DELETE", "~lead/"+old+"/", nil)
	if n := len(s.find(search("lead", nil))); n != all-1 {
		t.Errorf("%d leads after a deletion, want %d", n, all-1)
	}
}

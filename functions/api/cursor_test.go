package main

import (
	"encoding/base64"
	"fmt"
	"testing"

	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/quarantine"
)

// TestCursorsAreGoodForOneListOnly passes each list's cursor to every other list.
func TestCursorsAreGoodForOneListOnly(t *testing.T) {
	s := newSystem(t)
	one, two := s.connect(s.admin).ID, s.connect(s.admin).ID
	for _, organization := range []struct{ id, key string }{{ours, s.admin}, {theirs, s.stranger}} {
		s.connect(organization.key)
		s.connect(organization.key)
	}
	for i := range 3 {
		for _, conn := range []string{one, two} {
			for _, object := range []string{"opportunity", "lead"} {
				r := s.opportunity(conn, fmt.Sprintf("r_%d", i), 1, `{}`)
				r.Object = object
				s.keep(r)
			}
			s.follow(conn, fmt.Sprint(i))
			s.setAside(conn, fmt.Sprintf("01%s%d", conn, i), quarantine.MissingEvent, []byte("{}"))
		}
	}
	for _, id := range []string{"r_0", "r_1"} {
		for v := range int64(3) {
			s.keep(s.opportunity(one, id, v+2, fmt.Sprintf(`{"n":%d}`, v)))
		}
	}
	s.employ()
	var destinations []string
	reads := []string{s.crmConnection(byKey(goodKey)).ID, s.crmConnection(byKey(goodKey)).ID}
	for i := range 2 {
		for _, conn := range reads {
			s.importing(conn, map[string]any{})
			s.post(s.admin, syncPath(conn), nightly()).want(t, 201)
		}
		s.client(fmt.Sprint(i))
		s.post(s.admin, "/v1/people", map[string]any{"email": fmt.Sprintf("%d@example.com", i), "name": "P", "role": "reader"}).want(t, 201)
		s.post(s.manager, "/v1/quarantine/replay", map[string]any{}).want(t, 202)
		destinations = append(destinations, s.destination(map[string]any{}).ID)
		s.batch(one, "cli_a", 1)
		_, err := s.journal.Tell(t.Context(), notice.Notice{ID: fmt.Sprint(i), Organization: ours})
		s.must(err)
	}
	for range 2 {
		for _, id := range destinations {
			s.delivered(id, outbound.Retrying)
		}
	}
	records := "/v1/connections/" + one + "/objects/opportunity/records"
	lists := []struct{ key, path string }{
		{s.admin, "/v1/connections?limit=1"},
		{s.stranger, "/v1/connections?limit=1"},
		{s.admin, "/v1/connections/" + one + "/objects?limit=1"},
		{s.admin, "/v1/connections/" + two + "/objects?limit=1"},
		{s.admin, records + "?limit=1"},
		{s.admin, records + "?limit=1&deleted=include"},
		{s.admin, "/v1/connections/" + one + "/objects/lead/records?limit=1"},
		{s.admin, "/v1/connections/" + two + "/objects/opportunity/records?limit=1"},
		{s.admin, records + "/r_0/history?limit=1"},
		{s.admin, records + "/r_1/history?limit=1"},
		{s.admin, "/v1/quarantine?limit=1"},
		{s.admin, "/v1/quarantine?limit=1&status=open"},
		{s.admin, "/v1/quarantine?limit=1&reason=missing_event"},
		{s.admin, "/v1/quarantine?limit=1&connection=" + one},
		{s.admin, runPath(reads[0]) + "?limit=1"},
		{s.admin, runPath(reads[1]) + "?limit=1"},
		{s.admin, runPath(reads[0]) + "?limit=1&kind=import"},
		{s.admin, syncPath(reads[0]) + "?limit=1"},
		{s.admin, syncPath(reads[1]) + "?limit=1"},
		{s.admin, "/v1/clients?limit=1"},
		{s.admin, "/v1/people?limit=1"},
		{s.admin, "/v1/members?limit=1"},
		{s.admin, "/v1/members?limit=1&active=true"},
		{s.admin, "/v1/members?limit=1&at=2026-03-01"},
		{s.admin, "/v1/keys?limit=1"},
		{s.admin, "/v1/jobs?limit=1"},
		{s.admin, "/v1/batches?limit=1"},
		{s.admin, "/v1/notices?limit=1"},
		{s.admin, "/v1/audit?limit=1"},
		{s.admin, "/v1/audit?limit=1&operation=create-person"},
		{s.admin, "/v1/audit?limit=1&from=2026-11-22T00:00:00Z"},
		{s.admin, "/v1/destinations?limit=1"},
		{s.admin, "/v1/destinations/" + destinations[0] + "/deliveries?limit=1"},
		{s.admin, "/v1/destinations/" + destinations[1] + "/deliveries?limit=1"},
		{s.admin, "/v1/destinations/" + destinations[0] + "/deliveries?limit=1&outcome=retrying"},
	}
	cursors := make([]string, len(lists))
	for i, l := range lists {
		if cursors[i] = read[list[any]](t, s.get(l.key, l.path).want(t, 200)).Next; cursors[i] == "" {
			t.Fatalf("%s has one page only", l.path)
		}
	}
	for i, l := range lists {
		for j, cursor := range cursors {
			a := s.get(l.key, l.path+"&cursor="+cursor)
			if i == j {
				a.want(t, 200)
			} else if a.status != 400 {
				t.Errorf("%s takes the cursor of %s", l.path, lists[j].path)
			} else {
				a.want(t, 400, "invalid_cursor")
			}
		}
	}
	// Another key of the organization, and another limit, may go on.
	s.get(s.reader, records+"?limit=2&cursor="+cursors[4]).want(t, 200)
}

func TestForgedCursorsAreRefused(t *testing.T) {
	s := newSystem(t)
	s.connect(s.admin)
	s.connect(s.admin)
	cursor := read[list[any]](t, s.get(s.admin, "/v1/connections?limit=1")).Next
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	s.must(err)
	for i := range raw {
		forged := append([]byte{}, raw...)
		forged[i] ^= 1
		s.get(s.admin, "/v1/connections?cursor="+base64.RawURLEncoding.EncodeToString(forged)).want(t, 400, "invalid_cursor")
	}
	for _, other := range []string{"x", "!", cursor + "A", cursor[:len(cursor)-1], cursor[:20], "AQ"} {
		s.get(s.admin, "/v1/connections?cursor="+other).want(t, 400, "invalid_cursor")
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/record"
	"leadline/shared/store"
)

// twice encodes a part of a path the way that is always exact.
func twice(s string) string { return url.PathEscape(url.PathEscape(s)) }

func TestRecordsAreShownExactly(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	const fields = `{"big":9007199254740993,"custom.cf_1":"<b>&amp;</b>","exact":[1.10,1e2,-0.0],"none":null,"value":100000}`
	r := s.opportunity(conn, "oppo_1", 1795341600123456, fields)
	r.Contested, r.Source.Event, r.Source.Action = true, "ev_7", "merged"
	s.keep(r)
	a := s.get(s.reader, "/v1/connections/"+conn+"/objects/opportunity/records/oppo_1").want(t, 200)
	if !strings.Contains(string(a.body), `"fields":`+fields) {
		t.Errorf("the fields are not those of the source: %s", a.body)
	}
	got := read[Record](t, a)
	if got.ID != "oppo_1" || got.Object != "opportunity" || got.Rev != 1 || !got.Contested || got.Deleted ||
		!got.Version.Equal(time.UnixMicro(1795341600123456)) || got.Source != (Source{Kind: "webhook", Delivery: "01D", Event: "ev_7", Action: "merged"}) {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(string(s.get(s.reader, "/v1/connections/"+conn+"/objects/opportunity/records").body), `"fields":`+fields) {
		t.Error("the list shows other fields")
	}
}

func TestRecordIDsMayHoldAnything(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	base := "/v1/connections/" + conn + "/objects/opportunity/records/"
	for _, c := range []struct {
		id string
		// once tells whether encoding the id once is enough, too.
		once bool
	}{
		{"a/b#c%", true}, {"plain", true}, {"ü x+y&z=1", true}, {"..", true}, {"a//b/", true},
		{"what?", false}, {"50%25", false}, {"a/history", false}, {"%2F", false},
	} {
		s.keep(s.opportunity(conn, c.id, 1, `{"n":1}`))
		paths := []string{base + twice(c.id)}
		if c.once {
			paths = append(paths, base+url.PathEscape(c.id))
		}
		for _, path := range paths {
			if got := read[Record](t, s.get(s.reader, path).want(t, 200)); got.ID != c.id {
				t.Errorf("%q: got the record %q", path, got.ID)
			}
			if got := read[list[Revision]](t, s.get(s.reader, path+"/history").want(t, 200)); len(got.Items) != 1 {
				t.Errorf("%q: the history has %d rows", path, len(got.Items))
			}
		}
	}
	s.get(s.reader, base+strings.Repeat("ü", 300)).want(t, 404, "not_found") // 600 bytes: longer than any key
	s.get(s.reader, base+"unknown").want(t, 404, "not_found")
	s.get(s.reader, base+"unknown/history").want(t, 404, "not_found")
	s.get(s.reader, "/v1/connections/conn_unknown/objects/opportunity/records").want(t, 404, "not_found")
}

func TestHistory(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	for i, fields := range []string{`{"status":"active","value":1}`, `{"status":"active","value":2.50}`, `{"note":null,"value":2.50}`} {
		r := s.opportunity(conn, "oppo_1", int64(i+1), fields)
		r.Source.Event = fmt.Sprintf("ev_%d", i+1)
		s.keep(r)
	}
	gone := s.opportunity(conn, "oppo_1", 4, `{}`)
	gone.Deleted, gone.MergedInto, gone.Source.Action = true, "oppo_2", "deleted"
	s.keep(gone)
	path := "/v1/connections/" + conn + "/objects/opportunity/records/oppo_1/history"
	rows := walk[Revision](s, s.reader, path+"?limit=1")
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		if rev := int64(4 - i); row.Rev != rev || row.FromRev != rev-1 || row.Version.UnixMicro() != rev || !row.StoredAt.Equal(s.clock.now()) {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	if d := rows[0]; !d.Deleted || d.MergedInto != "oppo_2" || d.Source.Action != "deleted" || len(d.Changes) != 2 {
		t.Errorf("the deletion is %+v", d)
	}
	text, _ := json.Marshal(rows[1].Changes)
	if want := `[{"field":"note","new":null},{"field":"status","old":"active"}]`; string(text) != want {
		t.Errorf("absent and null are confused: %s", text)
	}
	if c := rows[2].Changes; len(c) != 1 || string(c[0].Old) != "1" || string(c[0].New) != "2.50" || rows[2].Source.Event != "ev_2" {
		t.Errorf("row 2 is %+v", rows[2])
	}
}

// TestHistoryOfAStateThatIsNotKnown: a row that the sweeper made up between others has content and no more.
func TestHistoryOfAStateThatIsNotKnown(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	r := s.keep(s.opportunity(conn, "oppo_1", 1, `{"value":1}`))
	s.must(s.history.Put(t.Context(), record.Revision{Key: r.Key, Rev: 3, FromRev: 1, Repaired: true,
		Changes: []record.FieldChange{{Field: "value", Old: json.RawMessage("1"), New: json.RawMessage("2")}}}))
	var rows struct{ Items []map[string]json.RawMessage }
	a := s.get(s.reader, "/v1/connections/"+conn+"/objects/opportunity/records/oppo_1/history").want(t, 200)
	if err := json.Unmarshal(a.body, &rows); err != nil || len(rows.Items) != 2 {
		t.Fatalf("%v: %s", err, a.body)
	}
	for _, name := range []string{"version", "stored_at", "source"} {
		if value, shown := rows.Items[0][name]; shown {
			t.Errorf("%s is not known and yet it is %s", name, value)
		}
		if _, shown := rows.Items[1][name]; !shown {
			t.Errorf("%s is known and not shown", name)
		}
	}
}

func TestDeletedRecords(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	var live, gone []string
	for i := range 120 {
		r := s.opportunity(conn, fmt.Sprintf("oppo_%03d", i), 1, `{"n":1}`)
		if r.Deleted = i%3 != 0; r.Deleted {
			r.Fields = nil
			gone = append(gone, r.ID)
		} else {
			live = append(live, r.ID)
		}
		s.keep(r)
	}
	path := "/v1/connections/" + conn + "/objects/opportunity/records?limit=7"
	all := append(slices.Clone(live), gone...)
	slices.Sort(all)
	for query, want := range map[string][]string{"": live, "&deleted=exclude": live, "&deleted=only": gone, "&deleted=include": all} {
		if got := ids(list[Record]{Items: walk[Record](s, s.reader, path+query)}); !slices.Equal(got, want) {
			t.Errorf("%q lists %d records, want %d", query, len(got), len(want))
		}
	}
	first := read[list[Record]](t, s.get(s.reader, path))
	if len(first.Items) != 7 || first.Next == "" {
		t.Errorf("a page of 7 has %d items", len(first.Items))
	}
	if got := read[Record](t, s.get(s.reader, "/v1/connections/"+conn+"/objects/opportunity/records/"+gone[0]).want(t, 200)); !got.Deleted || len(got.Fields) != 0 {
		t.Errorf("a tombstone is %+v", got)
	}
	if got := read[list[Record]](t, s.get(s.reader, "/v1/connections/"+conn+"/objects/lead/records").want(t, 200)); len(got.Items) != 0 {
		t.Errorf("another object has %d records", len(got.Items))
	}
}

// TestBoundedWork: a filter that lets nothing through must not read the whole table for one answer, nor lose anything.
func TestBoundedWork(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	for i := range 100 {
		r := s.opportunity(conn, fmt.Sprintf("oppo_%03d", i), 1, `{}`)
		r.Deleted = i != 99
		s.keep(r)
	}
	counted := &countedRecords{Records: s.records}
	s.handler.Records = counted
	path := "/v1/connections/" + conn + "/objects/opportunity/records?limit=2"
	first := read[list[Record]](t, s.get(s.reader, path))
	if counted.lists > maxReads || first.Next == "" {
		t.Errorf("%d reads for one answer of %d items", counted.lists, len(first.Items))
	}
	if got := walk[Record](s, s.reader, path); len(got) != 1 || got[0].ID != "oppo_099" {
		t.Errorf("got %v", got)
	}
}

type countedRecords struct {
	store.Records
	lists int
}

func (c *countedRecords) List(ctx context.Context, organization, connection, object string, page store.Page) ([]record.Record, string, error) {
	c.lists++
	return c.Records.List(ctx, organization, connection, object, page)
}

// TestListsOfLargeRecordsFitLambda: a page ends where an answer would grow too large, and loses nothing.
func TestListsOfLargeRecordsFitLambda(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	var want []string
	for i := range 12 {
		size := 400_000
		if i == 5 {
			size = maxListBytes + 100_000 // alone it is too large for the budget, and yet it must come
		}
		r := s.opportunity(conn, fmt.Sprintf("oppo_%03d", i), 1, `{"note":"`+strings.Repeat("x", size)+`"}`)
		s.keep(r)
		want = append(want, r.ID)
	}
	path := "/v1/connections/" + conn + "/objects/opportunity/records?limit=200"
	var got []string
	next := ""
	for pages := 0; ; pages++ {
		a := s.get(s.reader, path+next).want(t, 200)
		p := read[list[Record]](t, a)
		if len(a.body) > maxListBytes+1_000_000 || len(p.Items) == 0 || pages > 12 {
			t.Fatalf("page %d has %d items and %d bytes", pages, len(p.Items), len(a.body))
		}
		got = append(got, ids(p)...)
		if p.Next == "" {
			break
		}
		next = "&cursor=" + p.Next
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestObjects(t *testing.T) {
	s := newSystem(t)
	conn, other := s.connect(s.admin).ID, s.connect(s.admin).ID
	for _, name := range []string{"lead", "activity.call", "opportunity"} {
		s.follow(conn, name)
	}
	var got []string
	for _, o := range walk[Object](s, s.reader, "/v1/connections/"+conn+"/objects?limit=2") {
		got = append(got, o.Name)
		if !o.FirstSeen.Equal(s.clock.now()) {
			t.Errorf("%s was first seen %s", o.Name, o.FirstSeen)
		}
	}
	if !slices.Equal(got, []string{"activity.call", "lead", "opportunity"}) {
		t.Errorf("got %v", got)
	}
	if got := walk[Object](s, s.reader, "/v1/connections/"+other+"/objects?limit=2"); len(got) != 0 {
		t.Errorf("another connection has %v", got)
	}
}

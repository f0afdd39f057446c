package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
	"leadline/shared/view/standard"
)

// defined gives the world's connection the schemas of a CRM, and what is generated from them.
func (w *world) defined() {
	w.t.Helper()
	conn := w.params["connection"]
	w.described(conn)
	w.follows(conn)
	w.definitions.link, w.definitions.unusedLink = "close-opportunity.user_id", "close-opportunity.created_by"
	w.definitions.view, w.definitions.unusedView = "close-user_close_opportunity_view", "close-user_close_activity_form_submission_view"
	w.definitions.variable = "close-deals_won"
}

// described stores the schemas of a connection of ours to Close.
func (s *system) described(conn string) {
	s.t.Helper()
	for name, fields := range map[string]string{
		"opportunity": "created_by text, date_created date_time, date_lost date_time, date_won date, id text, lead_id text, rep text, status_id text, status_type text, user_id text, value number, value_currency text, value_period text",
		"lead":        "created_by text, custom.cf_owner reference user, date_created date_time, display_name text, id text, status_id text, status_label text", "contact": "id text, lead_id text",
		"activity.form_submission": "id text, user_id text", "user": "email text, id text",
	} {
		s.schema(conn, name, fields)
	}
}

// schema stores the next version of an object's schema.
func (s *system) schema(conn, name, fields string) {
	s.t.Helper()
	o, err := s.schemas.Object(s.t.Context(), ours, conn, name)
	if fault.Is(err, fault.NotFound) {
		o = schema.Object{Organization: ours, Connection: conn, Name: name, Title: name, Follows: true, State: schema.Confirmed, FirstSeen: s.clock.now()}
	}
	o.Present = schema.Version{Number: o.Present.Number + 1, Origin: schema.Followed, At: s.clock.now()}
	for _, f := range strings.Split(fields, ", ") {
		parts := append(strings.Fields(f), "")
		o.Present.Fields = append(o.Present.Fields, schema.Field{Name: parts[0], Type: schema.Type(parts[1]), Refers: parts[2]})
	}
	o.UpdatedAt = s.clock.now()
	o.Rev++
	s.must(s.schemas.SaveObject(s.t.Context(), o, true))
}

// follows generates what is standard.
func (s *system) follows(conn string) standard.Outcome {
	s.t.Helper()
	c, err := s.tenancy.Connection(s.t.Context(), ours, conn)
	s.must(err)
	keeper := standard.Keeper{Schemas: s.schemas, Records: s.records, Views: s.views, Now: s.clock.now}
	done, err := keeper.Follow(s.t.Context(), c)
	s.must(err)
	return done
}

// standardView gives the world's view as it is.
func (w *world) standardView() map[string]any {
	w.t.Helper()
	i, err := w.views.Definition(w.t.Context(), ours, view.KindView, w.definitions.view)
	w.must(err)
	return w.fields(showView(*i.Definition.View))
}

// fields gives something as the body of a request.
func (s *system) fields(of any) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(of)
	s.must(err)
	var fields map[string]any
	s.must(json.Unmarshal(text, &fields))
	return fields
}

// called gives the body of a new one with a name.
func called(fields map[string]any) map[string]any {
	fields = maps.Clone(fields)
	fields["name"] = "mine"
	return fields
}

// crm is a connection with schemas, standard views, members and records.
func crm(t *testing.T) (*system, string) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	s.described(conn)
	s.follows(conn)
	var members []roster.Member
	for i, name := range []string{"Ann", "Bob"} {
		m := roster.Member{ID: fmt.Sprint("mem_00000000000", i+1), Organization: ours, Name: name, Email: strings.ToLower(name) + "@example.com",
			External: []roster.External{{Connection: conn, ID: fmt.Sprint("user_", i+1)}}, CreatedAt: s.clock.now(), UpdatedAt: s.clock.now(), Rev: 1}
		members = append(members, m)
	}
	s.must(s.roster.SaveMembers(t.Context(), ours, members, 0, nil))
	for i, fields := range []string{
		`{"user_id":"user_1","status_type":"won","value":9007199254740993,"value_currency":"USD","value_period":"monthly","date_won":"2026-10-31","date_created":"2026-10-01T23:30:00Z","lead_id":"lead_1"}`,
		`{"user_id":"user_1","status_type":"won","value":10001,"value_currency":"JPY","value_period":"monthly","date_won":"2026-10-01","date_created":"2026-09-30T23:30:00Z","lead_id":"lead_1"}`,
		`{"user_id":"user_2","status_type":"lost","value":5,"value_currency":"USD","value_period":"one_time","date_won":null,"date_lost":"2026-10-31T23:30:00Z","date_created":"2026-10-01T00:00:00Z","lead_id":"lead_2"}`,
		`{"user_id":"user_9","status_type":"won","value":1,"value_currency":"USD","value_period":"monthly","date_won":"2026-11-01","date_created":"2026-10-01T00:00:00Z","lead_id":null}`,
		`{"user_id":"user_2","status_type":"won","value":1,"value_currency":"USD","value_period":"monthly","date_won":"2026-10-02","date_created":"2026-10-01T00:00:00Z","lead_id":null}`,
	} {
		s.put1(conn, "opportunity", fmt.Sprint("oppo_", i+1), fields)
	}
	s.put1(conn, "lead", "lead_1", `{"display_name":"Acme","custom.cf_owner":"user_2"}`)
	return s, conn
}

// put1 stores one record of ours.
func (s *system) put1(conn, object, id, fields string) {
	s.t.Helper()
	r := s.opportunity(conn, id, 1, fields)
	r.Object = object
	_, err := s.records.PutNewer(s.t.Context(), r)
	s.must(err)
}

func TestStandardViewsAreThere(t *testing.T) {
	s, conn := crm(t)
	names := map[string]bool{}
	for _, v := range walk[View](s, s.reader, "/v1/views?limit=2") {
		names[v.Name] = true
		if v.Origin != "generated" || v.State != "current" || v.Connection != conn || v.Standard != nil {
			t.Errorf("got %+v", v.Definition)
		}
	}
	for _, want := range []string{"close-user_close_lead_view", "close-user_close_contact_view", "close-user_close_opportunity_view", "close-user_close_activity_form_submission_view"} {
		if !names[want] {
			t.Errorf("%s is not listed", want)
		}
	}
	a := s.get(s.reader, "/v1/views/close-user_close_contact_view").want(t, 200)
	if got := read[View](t, a); got.Owner != "owner.id" || len(got.Joins) != 2 || got.Joins[1].Link != "close-lead.custom.cf_owner" || got.Joins[1].From != "lead" || a.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v", got)
	}
	if got := read[Link](t, s.get(s.reader, "/v1/links/close-opportunity.user_id").want(t, 200)); got.To != (LinkEnd{Object: "user", Field: "external_id." + conn}) || got.Cardinality != "to_one" {
		t.Errorf("got %+v", got)
	}
	if got := read[Variable](t, s.get(s.reader, "/v1/variables/close-deals_won").want(t, 200)); got.View != "close-user_close_opportunity_view" || got.Description == "" || got.Unit != "deals" {
		t.Errorf("got %+v", got)
	}
	if n := len(walk[Link](s, s.reader, "/v1/links?limit=3")) + len(walk[Variable](s, s.reader, "/v1/variables?limit=3")); n < 10 {
		t.Errorf("%d links and variables", n)
	}
}

// TestValues: the numbers are exact, in the zone that was asked for.
func TestValues(t *testing.T) {
	s, _ := crm(t)
	values := func(name, query string) (lines []string, out map[string]any) {
		a := s.get(s.reader, "/v1/variables/"+name+"/values?"+query).want(t, 200)
		var body struct{ Values []VariableValue }
		s.must(json.Unmarshal(a.body, &body))
		for _, v := range body.Values {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s%s %s %d", v.MemberName, v.Period, v.Currency, v.Fraction, v.Value, v.Rows)))
		}
		s.must(json.Unmarshal(a.body, &out))
		return lines, out
	}
	for _, c := range []struct {
		name, query string
		want        []string
	}{
		{"close-deals_won", "", []string{"Ann 2026-10  2 2", "Bob 2026-10  1 1", "2026-11  1 1"}},
		{"close-deals_won", "from=2026-10-02&to=2026-10-31", []string{"Ann 2026-10  1 1", "Bob 2026-10  1 1"}},
		{"close-deals_won", "period=quarter", []string{"2026-Q4  1 1", "Ann 2026-Q4  2 2", "Bob 2026-Q4  1 1"}},
		{"close-value_won_monthly", "period=year", []string{"2026 USD 1 1", "Ann 2026 JPY 100.01 1", "Ann 2026 USD 9007199254740993 1", "Bob 2026 USD 1 1"}},
		{"close-win_rate", "zone=UTC", []string{"Ann 2026-10  100 2", "Bob 2026-10  50 2", "2026-11  100 1"}},
		{"close-win_rate", "zone=Europe/Berlin", []string{"Ann 2026-10  100 2", "Bob 2026-10  100 1", "2026-11  100 1", "Bob 2026-11  0 1"}},
		{"close-cycle_time", "zone=UTC&period=all", []string{"all  31 1", "Ann all  15.5 2", "Bob all  1 1"}},
		{"close-cycle_time", "zone=Europe/Berlin&period=all", []string{"all  31 1", "Ann all  14.5 2", "Bob all  1 1"}},
	} {
		lines, out := values(c.name, c.query)
		if !slices.Equal(lines, c.want) || out["complete"] != true || out["read"].(float64) < 5 {
			t.Errorf("%s %s: got %q, want %q; %v", c.name, c.query, lines, c.want, out)
		}
	}
	if _, out := values("close-deals_won", "limit=2"); out["complete"] != false {
		t.Errorf("a part is said to be all: %v", out)
	}
	if _, out := values("close-deals_won", "from=2026-11-01"); out["skipped"].(map[string]any)["out_of_range"] != 3.0 {
		t.Errorf("got %v", out)
	}
	for query, code := range map[string]string{"zone=Local": "invalid_zone", "from=2026-10-02&to=2026-10-01": "invalid_range"} {
		s.get(s.reader, "/v1/variables/close-deals_won/values?"+query).want(t, 400, code)
	}
	for _, query := range []string{"from=tomorrow", "period=decade", "limit=5001", "limit=0"} {
		s.get(s.reader, "/v1/variables/close-deals_won/values?"+query).want(t, 422, "invalid_request")
	}
}

func TestRows(t *testing.T) {
	s, conn := crm(t)
	s.put1(conn, "opportunity", "oppo_gone", `{"user_id":"user_1"}`)
	gone := s.opportunity(conn, "oppo_gone", 2, `{}`)
	gone.Deleted, gone.Fields = true, nil
	_, err := s.records.PutNewer(t.Context(), gone)
	s.must(err)
	rows := walk[ViewRow](s, s.reader, "/v1/views/close-user_close_opportunity_view/rows?limit=2")
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		value := func(column string) string { return string(row.Values[column]) }
		if row.ID == "oppo_1" && (value("value") != "9007199254740993" || value("owner.name") != `"Ann"` || value("lead.display_name") != `"Acme"`) ||
			row.ID == "oppo_3" && (value("owner.id") != `"mem_000000000002"` || row.Values["lead.display_name"] != nil || row.Values["date_won"] != nil) {
			t.Errorf("got %+v", row)
		}
	}
	first := read[struct{ Next string }](t, s.get(s.reader, "/v1/views/close-user_close_opportunity_view/rows?limit=1").want(t, 200))
	for _, path := range []string{"/v1/views/close-user_close_lead_view/rows?cursor=", "/v1/views/close-user_close_opportunity_view/rows?zone=Europe/Berlin&cursor=", "/v1/views?cursor="} {
		s.get(s.reader, path+first.Next).want(t, 400, store.CodeInvalidCursor)
	}
	s.get(s.reader, "/v1/views/close-user_close_opportunity_view/rows?zone=x").want(t, 400, "invalid_zone")
}

// TestRowsOfALargeView come in answers that Lambda can carry, each row once.
func TestRowsOfALargeView(t *testing.T) {
	s, conn := crm(t)
	for n := range 60 {
		s.put1(conn, "lead", fmt.Sprintf("lead_x%02d", n), `{"display_name":"`+strings.Repeat("x", 120_000)+`","status_label":"big"}`)
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		a := s.get(s.reader, "/v1/views/close-user_close_lead_view/rows?limit=200&cursor="+cursor).want(t, 200)
		if len(a.body) > 3<<20 {
			t.Errorf("an answer of %d bytes", len(a.body))
		}
		body := read[list[ViewRow]](t, a)
		for _, row := range body.Items {
			if seen[row.ID] {
				t.Errorf("%s comes twice", row.ID)
			}
			seen[row.ID] = true
		}
		if cursor = body.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 61 {
		t.Errorf("%d of 61 rows", len(seen))
	}
}

// TestAViewThatLetsNothingThrough reads a bounded number of records for a request.
func TestAViewThatLetsNothingThrough(t *testing.T) {
	s, conn := crm(t)
	for n := range 2500 {
		s.put1(conn, "contact", fmt.Sprint("cont_", n), `{"lead_id":"lead_1"}`)
	}
	body := called(map[string]any{"base": map[string]any{"connection": conn, "object": "contact"}, "columns": []any{map[string]any{"name": "lead_id", "field": "lead_id"}},
		"filter": []any{map[string]any{"column": "lead_id", "op": "eq", "value": "nowhere"}}})
	s.post(s.admin, "/v1/views", body).want(t, 201)
	cursor, requests := "", 0
	for {
		a := s.get(s.reader, "/v1/views/mine/rows?cursor="+cursor).want(t, 200)
		got := read[struct {
			Items []ViewRow
			Next  string
			Read  int
		}](t, a)
		if len(got.Items) > 0 || got.Read > maxRowReads+rowStep {
			t.Errorf("got %+v", got)
		}
		requests++
		if cursor = got.Next; cursor == "" {
			break
		}
	}
	if requests != 3 {
		t.Errorf("%d requests for 2,500 records", requests)
	}
}

func TestDefineAndDelete(t *testing.T) {
	s, conn := crm(t)
	link := map[string]any{"from": map[string]any{"connection": conn, "object": "opportunity", "field": "rep"}, "to": map[string]any{"object": "user", "field": "email"}, "name": "by_rep"}
	s.post(s.admin, "/v1/links", link).want(t, 201)
	body := map[string]any{"name": "renewals", "base": map[string]any{"connection": conn, "object": "opportunity"}, "joins": []any{map[string]any{"name": "rep", "link": "by_rep"}},
		"columns": []any{map[string]any{"name": "value", "field": "value"}, map[string]any{"name": "member", "from": "rep", "field": "id"}, map[string]any{"name": "deal"}},
		"filter":  []any{map[string]any{"column": "value", "op": "gte", "value": json.Number("9007199254740993")}}, "owner": "member"}
	send := func() answer {
		return s.do(request{key: s.admin, method: http.MethodPost, path: "/v1/views", body: body, header: map[string]string{"idempotency-key": "k"}})
	}
	a := send().want(t, 201)
	got := read[View](t, a)
	if got.Origin != "own" || got.Rev != 1 || a.header.Get("Location") != "/v1/views/renewals" || a.header.Get("ETag") != `"1"` || got.Columns[0].Type != "number" || got.Columns[2].Type != "text" ||
		string(got.Filter[0].Value) != "9007199254740993" || !strings.HasPrefix(got.By, "key_") {
		t.Errorf("got %+v", got)
	}
	if again := send().want(t, 201); string(again.body) != string(a.body) || again.header.Get("Location") != a.header.Get("Location") {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	s.post(s.admin, "/v1/views", body).want(t, 409, "name_taken")
	s.put1(conn, "opportunity", "oppo_rep", `{"rep":"BOB@example.com","value":9007199254740994}`)
	rows := walk[ViewRow](s, s.reader, "/v1/views/renewals/rows")
	if len(rows) != 2 || !slices.ContainsFunc(rows, func(r ViewRow) bool {
		return r.ID == "oppo_rep" && string(r.Values["member"]) == `"mem_000000000002"` && string(r.Values["deal"]) == `"oppo_rep"`
	}) {
		t.Errorf("got %+v", rows)
	}
	s.post(s.admin, "/v1/variables", map[string]any{"name": "big", "view": "renewals", "measure": "max", "column": "value"}).want(t, 201)
	// What is used stays.
	s.do(request{key: s.admin, method: "DELETE", path: "/v1/links/by_rep"}).want(t, 409, "in_use")
	s.do(request{key: s.admin, method: "DELETE", path: "/v1/views/renewals"}).want(t, 409, "in_use")
	without := maps.Clone(body)
	delete(without, "name")
	delete(without, "filter")
	without["columns"] = []any{map[string]any{"name": "member", "from": "rep", "field": "id"}}
	refused := s.put(s.admin, "/v1/views/renewals", without).want(t, 409, "in_use")
	if !strings.Contains(string(refused.body), "variables.big.column") {
		t.Errorf("it is not said what would break: %s", refused.body)
	}
	elsewhere := maps.Clone(link)
	delete(elsewhere, "name")
	elsewhere["to"] = map[string]any{"connection": conn, "object": "lead"}
	if refused := s.put(s.admin, "/v1/links/by_rep", elsewhere).want(t, 409, "in_use"); !strings.Contains(string(refused.body), "views.renewals.owner") {
		t.Errorf("it is not said what would break: %s", refused.body)
	}
	for _, path := range []string{"/v1/variables/big", "/v1/views/renewals", "/v1/links/by_rep"} {
		s.do(request{key: s.admin, method: "DELETE", path: path}).want(t, 204)
		s.get(s.reader, path).want(t, 404, "not_found")
		s.post(s.admin, path+"/restore", nil).want(t, 404, "not_found")
	}
}

// TestEditedIsLeftAlone: what a person changed is not overwritten, and comes back by restore.
func TestEditedIsLeftAlone(t *testing.T) {
	s, conn := crm(t)
	path := "/v1/views/close-user_close_lead_view"
	present := read[View](t, s.get(s.admin, path).want(t, 200))
	changed := present.ViewFields
	changed.Title, changed.Columns = "Mine", slices.DeleteFunc(slices.Clone(changed.Columns), func(c ViewColumn) bool { return c.Name == "status_label" })
	s.put(s.admin, path, s.fields(changed), `"7"`).want(t, 412, "precondition_failed")
	a := s.put(s.admin, path, s.fields(changed), `"1"`).want(t, 200)
	if got := read[View](t, a); got.Origin != "edited" || got.State != "current" || got.Rev != 2 || got.Title != "Mine" || got.Standard == nil || len(got.Standard.Columns) != len(present.Columns) || !slices.Equal(got.NewColumns, []string{"status_label"}) {
		t.Errorf("got %s", a.body)
	}
	if done := s.follows(conn); done != (standard.Outcome{}) {
		t.Errorf("nothing has changed, and yet %+v", done)
	}
	s.schema(conn, "lead", "created_by text, custom.cf_new text, custom.cf_owner reference user, date_created date_time, display_name text, id text, status_id text, status_label text")
	s.schema(conn, "contact", "id text, lead_id text, title text")
	out := read[map[string]int](t, s.post(s.admin, "/v1/connections/"+conn+"/generate-views", nil).want(t, 200))
	if out["changed"] != 2 || out["outdated"] != 1 || out["created"] != 0 || out["retired"] != 0 {
		t.Errorf("got %v", out)
	}
	if got := read[View](t, s.get(s.reader, path).want(t, 200)); got.State != "outdated" || got.Title != "Mine" || !slices.Equal(got.NewColumns, []string{"custom.cf_new", "status_label"}) {
		t.Errorf("got %+v", got)
	}
	if got := read[View](t, s.get(s.reader, "/v1/views/close-user_close_contact_view").want(t, 200)); got.State != "current" || got.Origin != "generated" || !slices.ContainsFunc(got.Columns, func(c ViewColumn) bool { return c.Name == "title" }) {
		t.Errorf("the new field is missing: %+v", got)
	}
	restored := read[View](t, s.post(s.admin, path+"/restore", nil).want(t, 200))
	if restored.Origin != "generated" || restored.State != "current" || len(restored.Columns) != len(present.Columns)+1 || restored.Standard != nil {
		t.Errorf("got %+v", restored)
	}
	if again := read[View](t, s.post(s.admin, path+"/restore", nil).want(t, 200)); again.Rev != restored.Rev {
		t.Errorf("a resend is another change: %+v", again.Definition)
	}
}

// TestADeletedStandardStaysDeleted until it is restored.
func TestADeletedStandardStaysDeleted(t *testing.T) {
	s, conn := crm(t)
	path := "/v1/variables/close-deals_won"
	s.do(request{key: s.admin, method: "DELETE", path: path}).want(t, 204)
	s.get(s.reader, path).want(t, 404, "not_found")
	s.get(s.reader, path+"/values").want(t, 404, "not_found")
	s.put(s.admin, path, map[string]any{"view": "close-user_close_lead_view", "measure": "count"}).want(t, 404, "not_found")
	s.do(request{key: s.admin, method: "DELETE", path: path}).want(t, 404, "not_found")
	if done := s.follows(conn); done != (standard.Outcome{}) {
		t.Errorf("it came back: %+v", done)
	}
	for query, want := range map[string]bool{"": false, "?removed=include": true, "?removed=only": true} {
		all := walk[Variable](s, s.reader, "/v1/variables"+query)
		if got := slices.ContainsFunc(all, func(v Variable) bool { return v.Name == "close-deals_won" }); got != want {
			t.Errorf("%q: listed %t", query, got)
		}
	}
	if got := read[Variable](t, s.post(s.admin, path+"/restore", nil).want(t, 200)); got.State != "current" || got.Origin != "generated" {
		t.Errorf("got %+v", got)
	}
	s.get(s.reader, path+"/values").want(t, 200)
}

// TestASecondConnection has names of its own.
func TestASecondConnection(t *testing.T) {
	s, _ := crm(t)
	second := s.connect(s.admin).ID
	s.described(second)
	if out := read[map[string]int](t, s.post(s.admin, "/v1/connections/"+second+"/generate-views", nil).want(t, 200)); out["created"] < 10 {
		t.Errorf("got %v", out)
	}
	if out := read[map[string]int](t, s.post(s.admin, "/v1/connections/"+second+"/generate-views", nil).want(t, 200)); out["created"] != 0 {
		t.Errorf("got %v", out)
	}
	got := read[View](t, s.get(s.reader, "/v1/views/close-user_close_contact_view_2").want(t, 200))
	if got.Connection != second || got.Base.Connection != second || got.Joins[0].Link != "close-contact.lead_id_2" {
		t.Errorf("got %+v", got)
	}
	if got := read[Variable](t, s.get(s.reader, "/v1/variables/close-deals_won_2").want(t, 200)); got.View != "close-user_close_opportunity_view_2" {
		t.Errorf("got %+v", got)
	}
	client := read[ClientWithSecret](t, s.post(s.admin, "/v1/clients", map[string]any{"name": "Till"}).want(t, 201))
	if out := read[map[string]int](t, s.post(s.admin, "/v1/connections/"+client.Connection+"/generate-views", nil).want(t, 200)); out["created"] != 0 {
		t.Errorf("client software has standard views: %v", out)
	}
}

// TestWhatCannotBeDefined is refused with the place where it is wrong.
func TestWhatCannotBeDefined(t *testing.T) {
	s, conn := crm(t)
	source := func(object string) map[string]any { return map[string]any{"connection": conn, "object": object} }
	end := func(object, field string) map[string]any {
		e := source(object)
		e["field"] = field
		return e
	}
	master := map[string]any{"object": "user", "field": "email"}
	column := func(name, from, field, kind string) map[string]any {
		return map[string]any{"name": name, "from": from, "field": field, "type": kind}
	}
	over := "close-user_close_opportunity_view"
	condition := func(column, op string, value any) []any {
		return []any{map[string]any{"column": column, "op": op, "value": value}}
	}
	value := column("value", "", "value", "number")
	for _, c := range []struct {
		path  string
		body  map[string]any
		place string
	}{
		{"/v1/links", map[string]any{"from": end("nothing", "x"), "to": master}, "body.from.object"},
		{"/v1/links", map[string]any{"from": end("opportunity", "nothing"), "to": master}, "body.from.field"},
		{"/v1/links", map[string]any{"from": end("opportunity", "date_won"), "to": master}, "body.from.field"},
		{"/v1/links", map[string]any{"from": end("opportunity", "rep"), "to": map[string]any{"object": "user", "field": "shoe_size"}}, "body.to.field"},
		{"/v1/links", map[string]any{"from": end("opportunity", "rep"), "to": master, "cardinality": "to_many"}, "body.cardinality"},
		{"/v1/links", map[string]any{"from": end("opportunity", "rep"), "to": map[string]any{"object": "lead"}}, "body.to.object"},
		{"/v1/links", map[string]any{"from": end("opportunity", "rep"), "to": end("opportunity", "rep")}, "body.to"},
		{"/v1/views", map[string]any{"base": source("nothing"), "columns": []any{value}}, "body.base"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value, column("x", "", "nothing", "text")}}, "body.columns[1].field"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value, value}}, "body.columns[1].name"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{column("x", "", "rep", "number")}}, "body.columns[0].type"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{column("x", "owner", "id", "text")}}, "body.columns[0].from"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "joins": []any{map[string]any{"name": "a", "link": "nothing"}}}, "body.joins[0].link"},
		{"/v1/views", map[string]any{"base": source("contact"), "columns": []any{column("id", "", "id", "text")}, "joins": []any{map[string]any{"name": "a", "link": "close-opportunity.user_id"}}}, "body.joins[0].link"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "joins": []any{map[string]any{"name": "a", "link": "close-opportunity.user_id", "from": "b"}}}, "body.joins[0].from"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "joins": []any{map[string]any{"name": "A-b", "link": "close-opportunity.user_id"}}}, "body.joins[0].name"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "filter": condition("value", "eq", "many")}, "body.filter[0]"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "filter": condition("value", "contains", 1)}, "body.filter[0]"},
		{"/v1/views", map[string]any{"base": source("opportunity"), "columns": []any{value}, "owner": "value"}, "body.owner"},
		{"/v1/variables", map[string]any{"view": "nothing", "measure": "count"}, "body.view"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum", "column": "status_type"}, "body.column"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum", "column": "nothing"}, "body.column"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum"}, "body.column"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "column": "value"}, "body.column"},
		{"/v1/variables", map[string]any{"view": over, "measure": "duration", "column": "date_created"}, "body.until"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "until": "date_won"}, "body.until"},
		{"/v1/variables", map[string]any{"view": over, "measure": "ratio"}, "body.share"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "share": condition("status_type", "eq", "won")}, "body.share"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "filter": condition("nothing", "eq", "x")}, "body.filter[0]"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "dates": []any{map[string]any{"column": "value"}}}, "body.dates[0].column"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "dates": []any{map[string]any{"column": "date_won", "when": condition("value", "eq", "x")}}}, "body.dates[0].when[0]"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum", "column": "value", "scale": "1/0"}, "body.scale"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum", "column": "value", "amounts": "hundredths"}, "body.currency"},
		{"/v1/variables", map[string]any{"view": over, "measure": "sum", "column": "value", "currency": "value_currency"}, "body.amounts"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "amounts": "hundredths", "currency": "value_currency"}, "body.amounts"},
		{"/v1/variables", map[string]any{"view": over, "measure": "count", "group_by": []any{"owner.teams"}}, "body.group_by[0]"},
	} {
		a := s.post(s.admin, c.path, called(c.body)).want(t, 400, view.CodeInvalid)
		if !strings.Contains(string(a.body), `"location":"`+c.place+`"`) {
			t.Errorf("%v: want it at %s, got %s", c.body, c.place, a.body)
		}
	}
	for _, name := range []string{"Mine", "1st", "a-b", "close-x", "ü"} {
		s.post(s.admin, "/v1/variables", map[string]any{"name": name, "view": over, "measure": "count"}).want(t, 400, "invalid_name")
	}
	s.post(s.admin, "/v1/links", called(map[string]any{"from": map[string]any{"connection": "conn_nowhere", "object": "x"}, "to": master})).want(t, 404, "not_found")
	s.post(s.admin, "/v1/variables", called(map[string]any{"view": over, "measure": "median"})).want(t, 422, "invalid_request")
	wide := map[string]any{"base": source("opportunity"), "columns": slices.Repeat([]any{value}, 2101)}
	s.post(s.admin, "/v1/views", called(wide)).want(t, 413, "body_too_large")
	s.put(s.admin, "/v1/views/close-user_close_contact_view", wide).want(t, 422, "invalid_request")
	if all := walk[View](s, s.reader, "/v1/views"); slices.ContainsFunc(all, func(v View) bool { return v.Name == "mine" }) {
		t.Error("something was stored")
	}
}

// TestWhatBrokeIsSaid: a view whose link has gone, a variable whose view has.
func TestWhatBrokeIsSaid(t *testing.T) {
	s, _ := crm(t)
	s.must(s.views.DeleteDefinition(t.Context(), ours, view.KindLink, "close-opportunity.user_id"))
	s.get(s.reader, "/v1/views/close-user_close_opportunity_view/rows").want(t, 409, view.CodeBroken)
	s.get(s.reader, "/v1/variables/close-deals_won/values").want(t, 409, view.CodeBroken)
	s.must(s.views.DeleteDefinition(t.Context(), ours, view.KindView, "close-user_close_opportunity_view"))
	s.get(s.reader, "/v1/variables/close-deals_won/values").want(t, 409, view.CodeBroken)
}

type slowRecords struct{ store.Records }

func (slowRecords) Get(context.Context, record.Key) (record.Record, error) {
	return record.Record{}, fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
}

// TestARecordThatCannotBeReadIsNotMissing: the request fails, rather than to show a row without its lead.
func TestARecordThatCannotBeReadIsNotMissing(t *testing.T) {
	s, _ := crm(t)
	s.handler.Records = slowRecords{s.records}
	s.get(s.reader, "/v1/views/close-user_close_opportunity_view/rows").want(t, 503, "unavailable")
	s.get(s.reader, "/v1/variables/close-deals_won/values").want(t, 503, "unavailable")
}

// TestDefinitionsGoThroughTheAPIWhole: what is shown can be sent back, and says the same.
func TestDefinitionsGoThroughTheAPIWhole(t *testing.T) {
	s, _ := crm(t)
	for _, path := range []string{"/v1/links/close-opportunity.user_id", "/v1/views/close-user_close_contact_view", "/v1/variables/close-win_rate", "/v1/variables/close-value_won_monthly"} {
		var whole map[string]any
		s.must(json.Unmarshal(s.get(s.admin, path).want(t, 200).body, &whole))
		for _, name := range []string{"name", "origin", "state", "connection", "by", "created_at", "updated_at", "rev", "$schema"} {
			delete(whole, name)
		}
		a := s.put(s.admin, path, whole).want(t, 200)
		if got := read[Definition](t, a); got.Origin != "generated" || got.Rev != 2 {
			t.Errorf("%s is another now: %s", path, a.body)
		}
	}
}

func TestTheMaster(t *testing.T) {
	s, conn := crm(t)
	got := read[struct {
		Object string
		Fields []SchemaField
	}](t, s.get(s.reader, "/v1/user-master").want(t, 200))
	if got.Object != "user" || !slices.ContainsFunc(got.Fields, func(f SchemaField) bool { return f.Name == "external_id."+conn }) {
		t.Errorf("got %+v", got)
	}
	if role := tenant.Reader; needs()["get-user-master"] != role {
		t.Error("readers may see it")
	}
}

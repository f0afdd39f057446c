package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/schema"
)

// field finds a field of an object.
func (o ObjectWithSchema) field(name string) *SchemaField {
	for _, f := range o.Schema.Fields {
		if f.Name == name {
			return &f
		}
	}
	return nil
}

func TestDeclareByTemplateSampleOrFields(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	declare := func(body map[string]any) answer {
		t.Helper()
		return s.post(s.admin, "/v1/connections/"+conn+"/objects", body)
	}
	a := declare(map[string]any{"name": " Sales Orders ", "template": "sales_transactions", "id_field": "transaction_id", "version_field": "updated_at"}).want(t, 201)
	got := read[ObjectWithSchema](t, a)
	if got.Name != "sales orders" || got.Title != "Sales Orders" || got.State != "draft" || got.Version != 1 || got.IDField != "transaction_id" || got.VersionField != "updated_at" ||
		got.Follows || got.Proposed || got.Schema.Origin != "template" || !strings.HasPrefix(got.Schema.By, "key_") || a.header.Get("Location") != "/v1/connections/"+conn+"/objects/sales%20orders" {
		t.Errorf("got %+v %v", got, a.header)
	}
	if got.field("id") != nil || got.field("transaction_id") == nil || got.field("updated_at") == nil || !got.field("amount").Required {
		t.Errorf("the fields are %+v", got.Schema.Fields)
	}
	if read[ObjectWithSchema](t, declare(map[string]any{"name": "Users", "template": "users"}).want(t, 201)).IDField != "id" {
		t.Error("a template does not name its id")
	}

	got = read[ObjectWithSchema](t, declare(map[string]any{"name": "events", "sample": []any{
		map[string]any{"id": 1, "action": "create", "at": "2026-01-15T10:00:00Z", "n": jsonNumber("12345678901234567890"), "tags": []string{"a"}},
		map[string]any{"id": "x", "action": "create", "at": nil, "n": 1.5, "name": "Ann"},
	}}).want(t, 201))
	types := map[string]string{}
	for _, f := range got.Schema.Fields {
		types[f.Name] = string(f.Type)
	}
	if fmt.Sprint(types) != "map[at:date_time id:text n:number name:text tags:multi_choice]" || got.Schema.Origin != "sample" {
		t.Errorf("the fields are %v", types)
	}

	got = read[ObjectWithSchema](t, declare(map[string]any{"name": "stages", "fields": []any{
		map[string]any{"name": "stage", "type": "choice", "choices": []string{"won", "lost"}, "required": true}}}).want(t, 201))
	if f := got.field("stage"); f == nil || !slices.Equal(f.Choices, []string{"won", "lost"}) || !f.Required || got.field("id") == nil {
		t.Errorf("the fields are %+v", got.Schema.Fields)
	}

	some := []any{map[string]any{"name": "a", "type": "text"}}
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
	}{
		"nothing":           {map[string]any{"name": "x"}, 400, "invalid_declaration"},
		"two of three":      {map[string]any{"name": "x", "template": "users", "fields": some}, 400, "invalid_declaration"},
		"unknown template":  {map[string]any{"name": "x", "template": "nothing"}, 400, "unknown_template"},
		"action as the id":  {map[string]any{"name": "x", "fields": some, "id_field": "Action"}, 400, "invalid_declaration"},
		"id as the version": {map[string]any{"name": "x", "fields": some, "version_field": "id"}, 400, "invalid_declaration"},
		"no such version":   {map[string]any{"name": "x", "fields": some, "version_field": "at"}, 400, "invalid_schema"},
		"twice":             {map[string]any{"name": "x", "fields": append(some, some...)}, 400, "invalid_schema"},
		"no type":           {map[string]any{"name": "x", "fields": []any{map[string]any{"name": "a", "type": "float"}}}, 422, "invalid_request"},
		"bad name":          {map[string]any{"name": "a/b", "fields": some}, 400, "invalid_object_name"},
		"no rows":           {map[string]any{"name": "x", "sample": []any{1}}, 422, "invalid_request"},
		"rows that nest":    {map[string]any{"name": "x", "sample": []any{map[string]any{"a": deep(70)}}}, 400, "invalid_row"},
		"too large":         {map[string]any{"name": "x", "sample": []any{map[string]any{"a": strings.Repeat("x", maxSampleBytes)}}}, 413, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) { declare(c.body).want(t, c.status, c.code) })
	}
	s.post(s.admin, "/v1/connections/"+s.connect(s.admin).ID+"/objects", map[string]any{"name": "x", "fields": some}).want(t, 400, "not_a_client_connection")
	if n := len(walk[Object](s, s.reader, "/v1/connections/"+conn+"/objects?limit=2")); n != 4 {
		t.Errorf("%d objects", n)
	}
}

type jsonNumber string

func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// deep gives a list in a list and so on.
func deep(n int) any {
	if n == 0 {
		return []any{}
	}
	return []any{deep(n - 1)}
}

func TestADraftIsChangedAndConfirmed(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	at := "/v1/connections/" + conn + "/objects"
	declaration := map[string]any{"name": "Sales", "template": "sales_transactions"}
	s.post(s.admin, at, declaration).want(t, 201)
	again := s.post(s.admin, at, declaration).want(t, 201) // a resend
	if got := read[ObjectWithSchema](t, again); got.Rev != 1 {
		t.Errorf("the resend changed it: %+v", got)
	}
	s.post(s.admin, at, map[string]any{"name": "SALES", "template": "users"}).want(t, 409, "object_exists")
	fields := map[string]any{"fields": []any{map[string]any{"name": "amount", "type": "money"}}, "id_field": "tx"}
	s.put(s.admin, at+"/sales", fields, `"9"`).want(t, 412, "precondition_failed")
	a := s.put(s.admin, at+"/SALES", fields, `"1"`).want(t, 200)
	if got := read[ObjectWithSchema](t, a); got.Version != 2 || got.Rev != 2 || got.IDField != "tx" || got.field("amount").Type != "money" || len(got.Schema.Fields) != 2 || a.header.Get("ETag") != `"2"` {
		t.Errorf("got %+v", got)
	}
	s.put(s.admin, at+"/sales", map[string]any{}).want(t, 400, "invalid_declaration")

	confirm := func(ifMatch string) answer {
		return s.do(request{key: s.manager, method: http.MethodPost, path: at + "/sales/confirm", header: map[string]string{"if-match": ifMatch}})
	}
	confirm(`"1"`).want(t, 412, "precondition_failed")
	if got := read[ObjectWithSchema](t, confirm(`"2"`).want(t, 200)); got.State != "confirmed" || got.Rev != 3 {
		t.Errorf("got %+v", got)
	}
	replays := func() {
		t.Helper()
		jobs := s.jobsSent()
		if len(jobs) != 1 || jobs[0].Kind != job.Replay || !strings.Contains(string(jobs[0].Params), `"connection":"`+conn+`","object":"sales","reason":"schema_unconfirmed"`) {
			t.Errorf("the jobs are %+v", jobs)
		}
	}
	replays()
	// The resend finds it done, and sees to it that the rows are replayed, should that have failed the first time.
	if got := read[ObjectWithSchema](t, confirm(`"2"`).want(t, 200)); got.Rev != 3 {
		t.Errorf("the resend changed it: %+v", got)
	}
	replays()
	confirm(`"1"`).want(t, 412, "precondition_failed")
	s.put(s.admin, at+"/sales", fields).want(t, 409, "not_a_draft")
	s.post(s.admin, at, declaration).want(t, 409, "object_exists")

	var numbers []int
	for _, v := range walk[SchemaVersion](s, s.reader, at+"/sales/versions?limit=1") {
		numbers = append(numbers, v.Version)
	}
	if !slices.Equal(numbers, []int{2, 1}) {
		t.Errorf("the versions are %v", numbers)
	}
	doc := read[map[string]any](t, s.get(s.reader, at+"/Sales/json-schema").want(t, 200))
	if properties, _ := doc["properties"].(map[string]any); properties["amount"] == nil || properties["tx"] == nil || properties["action"] == nil {
		t.Errorf("the JSON Schema is %v", doc)
	}
}

func TestProposals(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	at := "/v1/connections/" + conn + "/objects/sales"
	s.declared(conn, "sales", true)
	a := s.get(s.reader, at).want(t, 200)
	got := read[ObjectWithSchema](t, a)
	if !got.Proposed || got.Proposal == nil || got.Proposal.Rows != 1 || len(got.Proposal.Changes) != 2 || a.header.Get("ETag") != `"1"` {
		t.Fatalf("got %+v", got)
	}
	if c := got.Proposal.Changes[0]; c.Field != "amount" || c.From != "number" || c.To != "text" || c.Rows != 1 || len(c.Examples) != 1 || c.Examples[0] != (SchemaExample{`"many"`, "01ROW-00000001"}) {
		t.Errorf("the change is %+v", c)
	}
	if c := got.Proposal.Changes[1]; c.Field != "note" || c.From != "" || c.To != "text" {
		t.Errorf("the change is %+v", c)
	}
	decide := func(verb, ifMatch string) answer {
		t.Helper()
		return s.do(request{key: s.manager, method: http.MethodPost, path: at + "/proposal/" + verb, header: map[string]string{"if-match": ifMatch}})
	}
	// Other rows came meanwhile: what would be accepted is not what was seen.
	decide("accept", `"0"`).want(t, 412, "precondition_failed")
	accepted := read[ObjectWithSchema](t, decide("accept", `"1"`).want(t, 200))
	if accepted.Proposed || accepted.Proposal != nil || accepted.Version != 2 || accepted.Schema.Origin != "proposal" || !strings.HasPrefix(accepted.Schema.By, "key_") ||
		accepted.field("amount").Type != "text" || accepted.field("note") == nil || accepted.Rev != 2 {
		t.Errorf("got %+v", accepted)
	}
	replays := func() {
		t.Helper()
		jobs := s.jobsSent()
		if len(jobs) != 1 || !strings.Contains(string(jobs[0].Params), `"object":"sales","reason":"schema_mismatch","until":"01`) {
			t.Errorf("the jobs are %+v", jobs)
		}
	}
	replays()
	decide("accept", `"1"`).want(t, 200)
	replays()
	s.do(request{key: s.admin, method: http.MethodPost, path: at + "/proposal/accept"}).want(t, 409, "no_proposal") // nobody's resend
	decide("refuse", "").want(t, 409, "no_proposal")

	other := s.declared(conn, "other", true)
	at = "/v1/connections/" + conn + "/objects/other"
	decide("refuse", `"2"`).want(t, 412, "precondition_failed")
	refused := read[ObjectWithSchema](t, decide("refuse", `"1"`).want(t, 200))
	if refused.Proposed || refused.Version != 1 || refused.Schema.Origin != string(other.Present.Origin) || len(s.jobsSent()) != 0 {
		t.Errorf("got %+v", refused)
	}
}

// TestAcceptedAndThenTheQueueFails: the resend sends the replay that the first request could not.
func TestAcceptedAndThenTheQueueFails(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	s.declared(conn, "sales", true)
	path := "/v1/connections/" + conn + "/objects/sales/proposal/accept"
	send := func() answer {
		return s.do(request{key: s.manager, method: http.MethodPost, path: path, header: map[string]string{"if-match": `"1"`}})
	}
	s.work.err = fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "queue")
	send().want(t, 503, "unavailable")
	s.work.err = nil
	if got := read[ObjectWithSchema](t, send().want(t, 200)); got.Version != 2 {
		t.Errorf("got %+v", got)
	}
	if jobs := s.jobsSent(); len(jobs) != 1 || jobs[0].Kind != job.Replay {
		t.Errorf("the jobs are %+v", jobs)
	}
}

func TestInferSchemaStoresNothing(t *testing.T) {
	s := newSystem(t)
	before := s.state()
	a := s.post(s.reader, "/v1/infer-schema", map[string]any{"id_field": "key", "rows": []any{map[string]any{"key": 7, "action": "create", "day": "2026-01-15", "none": nil}}}).want(t, 200)
	got := read[struct{ Fields []SchemaField }](t, a).Fields
	if fmt.Sprint(got) != "[{day date [] false  } {key text [] false  } {none unknown [] false  }]" {
		t.Errorf("got %v", got)
	}
	s.post(s.reader, "/v1/infer-schema", map[string]any{"rows": []any{}}).want(t, 422, "invalid_request")
	s.post(s.reader, "/v1/infer-schema", map[string]any{"rows": []any{map[string]any{"": 1}}}).want(t, 400, "invalid_name")
	if s.state() != before {
		t.Error("something was stored")
	}
}

// TestVersionsFitAnAnswer: objects with as many fields and as long names as there may be.
func TestVersionsFitAnAnswer(t *testing.T) {
	s := newSystem(t)
	conn := s.client("Till").Connection
	o := s.declared(conn, "sales", false)
	for number := range 30 {
		o.Present.Number, o.Rev = number+2, o.Rev+1
		o.Present.Fields = nil
		for i := range schema.MaxFields {
			o.Present.Fields = append(o.Present.Fields, schema.Field{Name: strings.Repeat("<", 120) + fmt.Sprintf("%08d", i), Type: schema.Text})
		}
		s.must(s.schemas.SaveObject(t.Context(), o, true))
	}
	n, next := 0, ""
	for range 40 {
		a := s.get(s.reader, "/v1/connections/"+conn+"/objects/sales/versions?limit=200"+next).want(t, 200)
		if len(a.body) > maxListBytes+1_000_000 {
			t.Fatalf("a page of %d bytes", len(a.body))
		}
		p := read[list[SchemaVersion]](t, a)
		n, next = n+len(p.Items), "&cursor="+p.Next
		if p.Next == "" {
			break
		}
	}
	if n != 31 {
		t.Errorf("%d versions", n)
	}
}

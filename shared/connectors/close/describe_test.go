package close_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/schema"
)

func describe(t *testing.T, answer func(connector.Request) (int, any)) (map[string]connector.DescribedObject, error) {
	t.Helper()
	c := &client{t: t, now: begin, answer: answer}
	all := map[string]connector.DescribedObject{}
	for cursor := ""; ; {
		d, err := close.Definition().Describe(t.Context(), c, cursor)
		if err != nil {
			return nil, err
		}
		for _, o := range d.Objects {
			if _, twice := all[o.Name]; twice {
				t.Errorf("%s is described twice", o.Name)
			}
			all[o.Name] = o
		}
		if cursor = d.Next; cursor == "" {
			return all, nil
		}
	}
}

func schemas(r connector.Request) (int, any) {
	field := func(id, kind string, more ...any) object {
		return with(object{"id": id, "name": strings.ToUpper(id), "type": kind, "accepts_multiple_values": false}, more...)
	}
	many := func(n, length int) (list []any) {
		for i := range n {
			list = append(list, fmt.Sprintf("%0*d", length, i))
		}
		return list
	}
	switch r.Path {
	case "/custom_field_schema/lead/":
		return 200, object{"object_type": "lead", "fields": []any{
			field("cf_text", "text"), field("cf_area", "textarea"), field("cf_number", "number"), field("cf_date", "date"), field("cf_time", "datetime"),
			field("cf_choice", "choices", "choices", []any{"b", "a", "b", nil}), field("cf_user", "user"), field("cf_contact", "contact"), field("cf_object", "custom_object"), field("cf_hidden", "hidden"), field("cf_new", "hologram"),
			field("cf_choices", "choices", "choices", []any{"x"}, "accepts_multiple_values", true), field("cf_users", "user", "accepts_multiple_values", true),
			field("cf_numbers", "number", "accepts_multiple_values", true), field("cf_texts", "text", "accepts_multiple_values", true),
			field("cf_many", "choices", "choices", many(201, 3)), field("cf_long", "choices", "choices", many(2, 300)), field("cf_labels", "choices", "choices", []any{object{"label": "L"}}),
			field("cf_text", "number"), field("", "text"), field("cf_\u202e", "text")}}
	case "/custom_field_schema/contact/", "/custom_field_schema/opportunity/":
		return 200, object{"fields": []any{}}
	case "/custom_activity/":
		return 200, object{"data": []any{object{"id": "actitype_1", "fields": []any{field("cf_a", "text")}}, object{"id": "actitype_2", "fields": []any{field("cf_b", "number"), field("cf_a", "text")}}}}
	case "/custom_object_type/":
		return 200, object{"data": []any{object{"id": "cotype_1", "fields": []any{field("cf_c", "date")}}}}
	case "/custom_field/shared/":
		return 200, object{"data": []any{field("cf_s", "user", "associations", []any{object{"object_type": "lead"}, object{"object_type": "custom_activity_type"}}),
			field("cf_o", "text", "associations", []any{object{"object_type": "custom_object_type"}})}}
	}
	return 404, nil
}

func TestDescribe(t *testing.T) {
	all, err := describe(t, schemas)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range close.Definition().Pull.Objects {
		if d, ok := all[o.Name]; !ok || d.Title == "" || d.Title != o.Title {
			t.Errorf("%s is described as %+v", o.Name, d)
		}
	}
	for name, o := range all {
		fields := map[string]schema.Field{}
		for _, f := range o.Fields {
			if _, twice := fields[f.Name]; twice || schema.CheckName(f.Name) != nil || !slices.Contains(schema.Types(), f.Type) || f.Title == "" {
				t.Errorf("%s: %+v", name, f)
			}
			if f.Refers != "" && all[f.Refers].Name == "" {
				t.Errorf("%s.%s refers to %s, which is not there", name, f.Name, f.Refers)
			}
			fields[f.Name] = f
		}
		if fields["id"].Type != schema.Text || !slices.IsSortedFunc(o.Fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) }) || schema.CheckFields(o.Fields) != nil {
			t.Errorf("%s: %+v", name, o.Fields)
		}
	}
	for field, want := range map[string]schema.Field{
		"lead custom.cf_text":                  {Type: schema.Text, Title: "CF_TEXT"},
		"lead custom.cf_area":                  {Type: schema.Text, Title: "CF_AREA"},
		"lead custom.cf_number":                {Type: schema.Number, Title: "CF_NUMBER"},
		"lead custom.cf_date":                  {Type: schema.Date, Title: "CF_DATE"},
		"lead custom.cf_time":                  {Type: schema.DateTime, Title: "CF_TIME"},
		"lead custom.cf_choice":                {Type: schema.Choice, Title: "CF_CHOICE", Choices: []string{"a", "b"}},
		"lead custom.cf_user":                  {Type: schema.Reference, Title: "CF_USER", Refers: "user"},
		"lead custom.cf_contact":               {Type: schema.Reference, Title: "CF_CONTACT", Refers: "contact"},
		"lead custom.cf_object":                {Type: schema.Reference, Title: "CF_OBJECT", Refers: "custom_object"},
		"lead custom.cf_hidden":                {Type: schema.Text, Title: "CF_HIDDEN"},
		"lead custom.cf_new":                   {Type: schema.Text, Title: "CF_NEW"},
		"lead custom.cf_choices":               {Type: schema.MultiChoice, Title: "CF_CHOICES", Choices: []string{"x"}},
		"lead custom.cf_users":                 {Type: schema.MultiChoice, Title: "CF_USERS", Refers: "user"},
		"lead custom.cf_numbers":               {Type: schema.JSON, Title: "CF_NUMBERS"},
		"lead custom.cf_texts":                 {Type: schema.MultiChoice, Title: "CF_TEXTS"},
		"lead custom.cf_many":                  {Type: schema.Choice, Title: "CF_MANY"},
		"lead custom.cf_long":                  {Type: schema.Choice, Title: "CF_LONG"},
		"lead custom.cf_labels":                {Type: schema.Choice, Title: "CF_LABELS", Choices: []string{"L"}},
		"lead status_id":                       {Type: schema.Reference, Title: "Status", Refers: "status.lead"},
		"opportunity value":                    {Type: schema.Number, Title: "Value"},
		"opportunity status_type":              {Type: schema.Choice, Title: "Status type", Choices: []string{"active", "lost", "won"}},
		"opportunity date_won":                 {Type: schema.Date, Title: "Won"},
		"task date":                            {Type: schema.DateTime, Title: "Date"},
		"activity.call lead_id":                {Type: schema.Reference, Title: "Lead", Refers: "lead"},
		"activity.custom_activity custom.cf_a": {Type: schema.Text, Title: "CF_A"},
		"activity.custom_activity custom.cf_b": {Type: schema.Number, Title: "CF_B"},
		"activity.custom_activity custom.cf_s": {Type: schema.Reference, Title: "CF_S", Refers: "user"},
		"custom_object custom.cf_c":            {Type: schema.Date, Title: "CF_C"},
		"custom_object custom.cf_o":            {Type: schema.Text, Title: "CF_O"},
		"membership is_active":                 {Type: schema.Boolean, Title: "Is active"},
	} {
		object, name, _ := strings.Cut(field, " ")
		want.Name = name
		i := slices.IndexFunc(all[object].Fields, func(f schema.Field) bool { return f.Name == name })
		if i < 0 {
			t.Errorf("%s is not described", field)
		} else if got := all[object].Fields[i]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %+v", field, got)
		}
	}
	for _, absent := range []string{"lead contacts", "lead localtime", "opportunity is_stalled", "custom_object custom.cf_s", "lead custom."} {
		object, name, _ := strings.Cut(absent, " ")
		if slices.ContainsFunc(all[object].Fields, func(f schema.Field) bool { return f.Name == name }) {
			t.Errorf("%s is described", absent)
		}
	}
}

func TestDescribeFails(t *testing.T) {
	for _, path := range []string{"/custom_field_schema/lead/", "/custom_activity/", "/custom_field/shared/", "/custom_object_type/"} {
		for _, a := range []struct {
			status int
			body   string
			kind   fault.Kind
		}{{503, "", fault.Unavailable}, {200, "[]", fault.Unavailable}, {403, "", fault.Forbidden}} {
			_, err := describe(t, func(r connector.Request) (int, any) {
				if r.Path == path {
					return a.status, a.body
				}
				return schemas(r)
			})
			if !fault.Is(err, a.kind) {
				t.Errorf("%s %d: got %v", path, a.status, err)
			}
		}
	}
	if _, err := describe(t, func(connector.Request) (int, any) { return 200, "{}" }); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a schema without fields: got %v", err)
	}
	for _, cursor := range []string{"x", "-1", "0", "99"} {
		if _, err := close.Definition().Describe(t.Context(), &client{t: t, answer: schemas}, cursor); !fault.Is(err, fault.Invalid) {
			t.Errorf("cursor %q: got %v", cursor, err)
		}
	}
}

func TestCounts(t *testing.T) {
	for object, want := range map[string]connector.Count{
		"lead":          {N: 300, Known: true, Source: "count.total of POST /data/search/ (Close's search index, which follows changes with a delay)"},
		"opportunity":   {N: 300, Known: true, Source: "total_results of GET /opportunity/"},
		"task":          {N: 300, Known: true, Source: "total_results of GET /task/"},
		"activity.call": {Source: "Close does not tell how many Calls there are."},
		"user":          {Source: "Close does not tell how many Users there are: they do not fit one page."},
	} {
		w := newWorld(t, object)
		w.add(300, apart, apart)
		got, err := close.Definition().Pull.Count(t.Context(), w, connector.PageRequest{Object: object, Scope: all(), Now: w.now})
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", object, got, err)
		}
		if len(w.requests) > 1 {
			t.Errorf("%s: %d requests", object, len(w.requests))
		}
		if object == "lead" || object == "opportunity" || object == "task" {
			var seen copied
			if err := pull(t, w, all(), &seen); err != nil || seen.total == nil || *seen.total != 300 {
				t.Errorf("%s: the first page tells of %v, %v", object, seen.total, err)
			}
			scope := connector.Scope{Kind: connector.CreatedBetween, Until: begin.AddDate(0, 0, -300).Add(100 * 1e9)}
			if got, err := close.Definition().Pull.Count(t.Context(), w, connector.PageRequest{Object: object, Scope: scope, Now: w.now}); err != nil || got.N != 100 {
				t.Errorf("%s, the first 100: got %+v, %v", object, got, err)
			}
		}
	}
	small := newWorld(t, "outcome")
	small.add(7, apart, apart)
	if got, err := close.Definition().Pull.Count(t.Context(), small, connector.PageRequest{Object: "outcome", Scope: all()}); err != nil || got != (connector.Count{N: 7, Known: true, Source: "rows of GET /outcome/"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestQueries(t *testing.T) {
	w := newWorld(t, "lead")
	for query, want := range map[string]string{
		"acme corp":  `{"mode":"full_words","type":"text","value":"acme corp"}`,
		" save_abc ": `{"saved_search_id":"save_abc","type":"saved_search"}`,
		`{"type":"and","queries":[{"type":"object_type","object_type":"lead"}]}`:     `{"queries":[{"object_type":"lead","type":"object_type"}],"type":"and"}`,
		`{"limit":null,"query":{"type":"match_all","n":9007199254740993},"sort":[]}`: `{"n":9007199254740993,"type":"match_all"}`,
		`{"name":"x","s_query":{"query":{"type":"match_all"}}}`:                      `{"type":"match_all"}`,
		`{"type":"or","queries":[{"type":"object_type","object_type":"contact"}]}`:   `{"queries":[{"object_type":"contact","type":"object_type"}],"type":"or"}`,
	} {
		w.requests = nil
		w.client.answer = func(connector.Request) (int, any) { return 200, `{"data":[],"cursor":null}` }
		err := pull(t, w, connector.Scope{Kind: connector.Matching, Query: query}, &copied{})
		if err != nil || !strings.Contains(body(w.requests[0]), `{"object_type":"lead","type":"object_type"},`+want) {
			t.Errorf("%s: got %v, %v", query, w.requests, err)
		}
	}
	for _, query := range []string{"", "  ", "{", `{"a":1}`, `{"type":5}`, `{"type":"object_type","object_type":"contact"}`,
		`{"query":{"type":"and","queries":[{"type":"and","queries":[{"type":"object_type","object_type":"contact"}]}]}}`} {
		if err := pull(t, w, connector.Scope{Kind: connector.Matching, Query: query}, &copied{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", query, err)
		}
	}
}

func TestRequestsThatAreWrong(t *testing.T) {
	ids := make([]string, connector.MaxIDs+1)
	for i := range ids {
		ids[i] = fmt.Sprint("x_", i)
	}
	w := newWorld(t, "lead")
	for name, r := range map[string]connector.PageRequest{
		"another object":     {Object: "warehouse", Scope: all()},
		"a scope not served": {Object: "activity.call", Scope: connector.Scope{Kind: connector.ChangedSince}},
		"no scope":           {Object: "lead"},
		"children of leads":  {Object: "lead", Scope: connector.Scope{Kind: connector.ChildrenOf, IDs: []string{"x"}}},
		"no cursor of ours":  {Object: "lead", Scope: all(), Cursor: "c1"},
		"an older cursor":    {Object: "lead", Scope: all(), Cursor: `{"v":0}`},
		"too many ids":       {Object: "lead", Scope: connector.Scope{Kind: connector.IDs, IDs: ids}},
		"too many parents":   {Object: "contact", Scope: connector.Scope{Kind: connector.ChildrenOf, IDs: ids}},
	} {
		if page, err := close.Definition().Pull.Page(t.Context(), w, r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %+v, %v", name, page, err)
		}
	}
	if len(w.requests) > 0 {
		t.Errorf("Close was asked %d times", len(w.requests))
	}
}

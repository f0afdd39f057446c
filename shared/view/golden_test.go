package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leadline/shared/connector/specs"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

var update = flag.Bool("update", false, "write the golden files anew")

// object makes an object of a connection from fields written as "name type [refers]".
func object(name string, fields ...string) schema.Object {
	o := schema.Object{Organization: "org_1", Connection: "conn_1", Name: name, Title: name, Follows: true, State: schema.Confirmed}
	for _, f := range fields {
		parts := strings.Fields(f)
		field := schema.Field{Name: parts[0], Type: schema.Type(parts[1])}
		if len(parts) > 2 {
			field.Refers = parts[2]
		}
		o.Present.Fields = append(o.Present.Fields, field)
	}
	slices.SortFunc(o.Present.Fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) })
	return o
}

// closeObjects is what Close describes, as far as the standard views need it.
func closeObjects() []schema.Object {
	common := []string{"id text", "lead_id text", "contact_id text", "user_id text", "created_by text", "date_created date_time", "date_updated date_time", "activity_at date_time"}
	activity := func(name string, more ...string) schema.Object {
		return object("activity."+name, slices.Concat(common, more)...)
	}
	lead := object("lead", "id text", "display_name text", "status_id text", "status_label text", "created_by text", "date_created date_time", "addresses json",
		"custom.cf_owner reference user", "custom.cf_scout reference user", "custom.cf_partner reference contact", "custom.cf_source choice")
	for i := range lead.Present.Fields {
		if f := &lead.Present.Fields[i]; f.Name == "custom.cf_owner" {
			f.Title = "Account owner"
		}
	}
	return []schema.Object{
		lead,
		object("contact", "id text", "lead_id text", "name text", "emails json", "date_created date_time"),
		object("opportunity", "id text", "lead_id text", "contact_id text", "user_id text", "status_id text", "status_type text", "pipeline_id text", "value number",
			"value_currency text", "value_period text", "annualized_value number", "confidence number", "date_created date_time", "date_won date", "date_lost date_time"),
		object("task", "id text", "lead_id text", "assigned_to text", "is_complete boolean", "date_updated date_time", "date text"),
		object("custom_object", "id text", "lead_id text", "created_by text", "custom_object_type_id text"),
		activity("call", "direction text", "status text", "disposition text", "duration number"),
		activity("email", "direction text", "status text", "date_sent date_time"),
		activity("sms", "direction text", "status text", "date_sent date_time"),
		activity("meeting", "status text", "starts_at date_time"),
		activity("note", "note text"),
		activity("task_completed", "task_id text"),
		activity("opportunity_status_change", "opportunity_id text", "new_status_id text", "old_status_id text"),
		object("status.opportunity", "id text", "label text", "type text", "pipeline_id text"),
		object("status.lead", "id text", "label text"),
		object("pipeline", "id text", "name text"),
		object("role", "id text", "name text", "visibility_user_lcf_ids multi_choice"),
		object("user", "id text", "email text"),
	}
}

func closeRecords() map[string][]record.Record {
	return map[string][]record.Record{
		"role": {living("role_1", `{"visibility_user_lcf_ids":["cf_scout"]}`), living("role_2", `{"visibility_user_lcf_ids":["cf_owner","cf_gone"]}`),
			living("role_3", `{"visibility_user_lcf_ids":["cf_owner"]}`), living("role_4", `{"visibility_user_lcf_ids":null}`)},
		"pipeline": {living("pipe_1", `{"name":"Sales"}`), living("pipe_2", `{"name":"Renewals"}`)},
		"status.opportunity": {living("stat_1", `{"id":"stat_1","label":"Demo Completed","pipeline_id":"pipe_1"}`), living("stat_2", `{"id":"stat_2","label":"Won","pipeline_id":"pipe_1"}`),
			living("stat_3", `{"id":"stat_3","label":"Won","pipeline_id":"pipe_2"}`), {Key: record.Key{ID: "stat_9"}, Deleted: true}},
		"status.lead": {living("stat_a", `{"id":"stat_a","label":"Customer"}`), living("stat_b", `{"id":"stat_b","label":"Canceled"}`)},
	}
}

func living(id, fields string) record.Record {
	f, err := record.ParseFields([]byte(fields))
	if err != nil {
		panic(err)
	}
	return record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", ID: id}, Fields: f}
}

// golden writes what was generated as people read it, and compares.
func golden(t *testing.T, file string, items []view.Item) {
	t.Helper()
	var b bytes.Buffer
	for _, i := range items {
		switch d := i.Definition; i.Kind {
		case view.KindLink:
			fmt.Fprintf(&b, "link %s: %s.%s -> %s.%s, %s\n", i.Name, d.Link.From.Object, d.Link.From.Field, d.Link.To.Object, d.Link.To.Field, d.Link.Cardinality)
		case view.KindView:
			fmt.Fprintf(&b, "view %s over %s, owner %q: %s\n", i.Name, d.View.Base.Object, d.View.Owner, d.View.Description)
			for _, j := range d.View.Joins {
				fmt.Fprintf(&b, "    join %s from %q along %s, first %t\n", j.Name, j.From, j.Link, j.First)
			}
			for _, c := range d.View.Columns {
				money := ""
				if c.Amounts != "" {
					money = fmt.Sprintf(" (%s of %s)", c.Amounts, c.Currency)
				}
				fmt.Fprintf(&b, "    %s = %s:%s %s%s, %q\n", c.Name, c.From, c.Field, c.Type, money, c.Title)
			}
		case view.KindVariable:
			v := *d.Variable
			title, said := v.Title, v.Description
			v.Title, v.Description = "", ""
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "variable %s (%s): %s\n    %s\n    %s\n", i.Name, i.Key, title, said, text)
		}
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("generated otherwise than %s says; -update writes it anew:\n%s", path, b.String())
	}
}

func TestGeneratedForClose(t *testing.T) {
	hints := view.ReadHints("close", closeRecords())
	items := view.Generate("close", "conn_1", closeObjects(), hints)
	golden(t, "close.golden", items)
	names := map[string]bool{}
	for _, i := range items {
		if names[string(i.Kind)+i.Name] || i.Origin != view.Generated || i.State != view.Current || i.Connection != "conn_1" || i.Standard == nil {
			t.Errorf("%s %s: not the only one, or %+v", i.Kind, i.Name, i)
		}
		names[string(i.Kind)+i.Name] = true
	}
	for _, name := range []string{"lead", "contact", "opportunity", "activity_call", "activity_email", "activity_meeting", "task"} {
		if !names["view"+"close-user_close_"+name+"_view"] {
			t.Errorf("there is no view of %s", name)
		}
	}
}

// TestGeneratedFromRecordedClose infers the schemas from what Close has been seen to send.
func TestGeneratedFromRecordedClose(t *testing.T) {
	fixtures := filepath.Join(specs.Dir(t, "close"), "fixtures", "close-docs")
	var objects []schema.Object
	for name, file := range map[string]string{"lead": "lead.list", "opportunity": "opportunity.list.partial", "activity.call": "activity-call.list",
		"activity.email": "activity-email.list", "activity.sms": "activity-sms.list", "role": "role.list", "user": "user.list"} {
		text, err := os.ReadFile(filepath.Join(fixtures, file+".response.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Data []json.RawMessage }
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
		o := schema.Object{Connection: "conn_1", Name: name, Title: name}
		for _, row := range list.Data {
			fields, err := record.ParseFields(row)
			if err != nil {
				t.Fatal(err)
			}
			o.Present, _ = schema.Follow(o.Present, fields)
		}
		objects = append(objects, o)
	}
	names := map[string]*view.Variable{}
	for _, i := range view.Generate("close", "conn_1", objects, view.Hints{}) {
		names[i.Name] = i.Definition.Variable
	}
	for _, want := range []string{"close-user_close_lead_view", "close-user_close_opportunity_view", "close-user_close_activity_call_view", "close-user_close_activity_email_view",
		"close-user_close_activity_sms_view", "close-lead.created_by", "close-opportunity.user_id", "close-calls_made", "close-call_minutes", "close-emails_sent",
		"close-emails_received", "close-sms_sent", "close-deals_won", "close-value_won_one_time", "close-value_open", "close-cycle_time"} {
		if _, found := names[want]; !found {
			t.Errorf("%s is not generated", want)
		}
	}
}

// TestTheSameComesOutWhateverTheOrder of schemas and records.
func TestTheSameComesOutWhateverTheOrder(t *testing.T) {
	hints := view.ReadHints("close", closeRecords())
	objects, records := closeObjects(), closeRecords()
	slices.Reverse(objects)
	for _, r := range records {
		slices.Reverse(r)
	}
	a, _ := json.Marshal(view.Generate("close", "conn_1", closeObjects(), hints))
	b, _ := json.Marshal(view.Generate("close", "conn_1", objects, view.ReadHints("close", records)))
	if !bytes.Equal(a, b) {
		t.Error("the order makes a difference")
	}
}

func TestTheFieldThatMostRolesNameIsTheOwner(t *testing.T) {
	records := map[string][]record.Record{"role": {living("role_1", `{"visibility_user_lcf_ids":["cf_a","cf_z"]}`), living("role_2", `{"visibility_user_lcf_ids":["cf_z"]}`),
		living("role_3", `{"visibility_user_lcf_ids":["cf_b"]}`), {Key: record.Key{ID: "role_4"}, Deleted: true, Fields: record.Fields{"visibility_user_lcf_ids": []byte(`["cf_b","cf_b","cf_b"]`)}}}}
	if got := view.ReadHints("close", records).Owners["lead"]; !slices.Equal(got, []string{"custom.cf_z", "custom.cf_a", "custom.cf_b"}) {
		t.Errorf("got %v", got)
	}
}

func TestWithoutHints(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*schema.Object)
		want string
	}{
		"a custom field of a user": {func(*schema.Object) {}, "custom.cf_owner"},
		"the first that holds one": {func(o *schema.Object) { o.Present.Fields[2].Type = schema.MultiChoice }, "custom.cf_scout"},
		"none":                     {func(o *schema.Object) { o.Present.Fields[2].Refers, o.Present.Fields[4].Refers = "", "" }, "created_by"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := closeObjects()
			c.edit(&objects[0])
			for _, i := range view.Generate("close", "conn_1", objects, view.Hints{}) {
				if i.Name != "close-user_close_lead_view" && i.Name != "close-user_close_contact_view" {
					continue
				}
				joins := i.Definition.View.Joins
				if got := joins[len(joins)-1]; got.Name != "owner" || got.Link != "close-lead."+c.want {
					t.Errorf("%s: the owner is found by %+v, want %s", i.Name, got, c.want)
				}
				if !strings.Contains(i.Definition.View.Description, c.want) {
					t.Errorf("it is not said: %s", i.Definition.View.Description)
				}
			}
		})
	}
}

// TestOtherConnectors have views where the schema says who is meant.
func TestOtherConnectors(t *testing.T) {
	items := view.Generate("pipedrive", "conn_1", []schema.Object{
		object("deal", "id text", "owner_id reference user", "org_id reference organization", "value number"), object("organization", "id text", "name text"),
		object("user", "id text")}, view.Hints{Suffix: "_2"})
	golden(t, "other.golden", items)
}

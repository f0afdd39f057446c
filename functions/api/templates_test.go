package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/problem"
	"leadline/shared/program"
)

func TestTemplatesAreTold(t *testing.T) {
	s := newSystem(t)
	all := read[ProgramTemplates](t, s.get(s.reader, "/v1/program-templates").want(t, 200)).Items
	if len(all) != len(program.Templates()) {
		t.Errorf("there are %d", len(all))
	}
	for _, one := range all {
		if len(one.Questions) != 3 || one.Title == "" || one.Description == "" || one.Connector == "" || slices.ContainsFunc(one.Questions, func(q TemplateQuestion) bool { return q.Title == "" || q.Default == "" || q.Help == "" }) {
			t.Errorf("told is %+v", one)
		}
	}
}

// TestATemplateMakesADraft: it is published by itself, or at once.
func TestATemplateMakesADraft(t *testing.T) {
	o := newOffice(t)
	path := "/v1/program-templates/percent_of_won_deals"
	a := o.post(o.admin, path, map[string]any{"connection": o.conn, "name": "Ten", "from": "2026-10-01"}).want(t, 201)
	p := read[Program](t, a)
	if p.Status != "draft" || p.Name != "Ten" || p.Template != "percent_of_won_deals" || p.DraftFrom != "2026-10-01" || p.Building != nil || a.header.Get("Location") != "/v1/programs/"+p.ID || len(o.calculate.queue) != 0 {
		t.Errorf("made %+v", p)
	}
	if check := read[ProgramCheck](t, o.post(o.admin, "/v1/programs/"+p.ID+"/check", nil).want(t, 200)); !check.OK {
		t.Errorf("the check is %+v", check)
	}
	if p = o.published(p); p.Status != "live" {
		t.Errorf("published %+v", p)
	}
	// Sent twice, it is one program.
	r := request{key: o.admin, method: http.MethodPost, path: path, header: map[string]string{"idempotency-key": "k"}, body: map[string]any{"connection": o.conn, "publish": true, "currency": "EUR", "zone": "Europe/Berlin"}}
	first, again := o.do(r).want(t, 201), o.do(r).want(t, 201)
	made := read[Program](t, first)
	if string(first.body) != string(again.body) || made.Building == nil || made.Versions != 1 || made.Rev != 2 || len(walk[Program](o.system, o.admin, "/v1/programs?limit=10")) != 2 {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	o.calculated(10 * time.Second)
	if now := o.program(made.ID); now.Status != "live" || now.Live.Versions[0].From != "2026-11-01" || now.Name != "10 % of won deals" {
		t.Errorf("live %+v", now)
	}
	version := read[ProgramVersion](t, o.get(o.manager, "/v1/programs/"+made.ID+"/versions/1").want(t, 200))
	if !strings.Contains(string(version.Definition), `"EUR"`) || !strings.Contains(string(version.Definition), `Europe/Berlin`) {
		t.Errorf("the version is %s", version.Definition)
	}
}

func TestATemplateThatCannotBeUsedIsRefused(t *testing.T) {
	o := newOffice(t)
	path := "/v1/program-templates/percent_of_won_deals"
	bare := o.connect(o.owner).ID
	till := read[ClientWithSecret](t, o.post(o.owner, "/v1/clients", map[string]any{"name": "Till"}).want(t, 201)).Connection
	before := o.state()
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
		place  string
	}{
		"answer":         {map[string]any{"connection": o.conn, "answers": map[string]any{"rate": "much"}}, 400, "invalid_program", "body.answers.rate"},
		"unknown answer": {map[string]any{"connection": o.conn, "answers": map[string]any{"colour": "red"}}, 400, "invalid_program", "body.answers.colour"},
		"no views":       {map[string]any{"connection": bare}, 400, "invalid_program", "body"},
		"connector":      {map[string]any{"connection": till}, 400, "wrong_connector", ""},
		"no connection":  {map[string]any{"connection": "conn_none"}, 404, "not_found", ""},
		"currency":       {map[string]any{"connection": o.conn, "currency": "XXX"}, 400, "unknown_currency", ""},
		"zone":           {map[string]any{"connection": o.conn, "zone": "Mars/Base"}, 400, "", ""},
		"from":           {map[string]any{"connection": o.conn, "from": "soon"}, 400, "", ""},
	} {
		c.body["publish"] = true
		a := o.post(o.admin, path, c.body)
		got := read[problem.Problem](t, a)
		if a.status != c.status || c.code != "" && got.Type != problem.TypePrefix+c.code || c.place != "" && (len(got.Errors) == 0 || got.Errors[0].Location != c.place) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	o.post(o.admin, "/v1/program-templates/fame", map[string]any{"connection": o.conn}).want(t, 404, "not_found")
	if o.state() != before {
		t.Error("something changed")
	}
}

package main

import (
	"strings"
	"testing"
	"time"

	"leadline/shared/problem"
)

// quota is the plan with a quota of a month.
func (s *system) quota() map[string]any {
	component := changed(s.plan()["components"].([]any)[0].(map[string]any), map[string]any{"quota": map[string]any{"amount": "1000", "per": "month"},
		"rate": map[string]any{"by": map[string]any{"of": "attainment"}, "tiers": []any{map[string]any{"from": "0", "pay": "5%"}, map[string]any{"from": "1", "pay": "10%"}}}})
	return changed(s.plan(), map[string]any{"components": []any{component}})
}

// TestGoalsOfOnesOwn are taken in at once, for the participant alone.
func TestGoalsOfOnesOwn(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"rep", "other"} {
		o.deal("oppo_"+name, name, 200_000, "USD", "won", "2026-11-10")
		o.deal("oppo_old_"+name, name, 200_000, "USD", "won", "2026-10-10")
	}
	p := o.published(o.made(o.quota(), "2026-10-01"))
	path := "/v1/programs/" + p.ID + "/goals/" + o.ids["rep"]
	paid := func() string {
		var all []string
		for _, name := range []string{"rep", "other"} {
			for _, period := range []string{"2026-10", "2026-11"} {
				s := read[Statement](t, o.get(o.admin, "/v1/programs/"+p.ID+"/participants/"+o.ids[name]+"/statements/"+period).want(t, 200))
				all = append(all, s.Components[0].Quota+" "+s.Payable.Text)
			}
		}
		return strings.Join(all, ", ")
	}
	if got := paid(); got != "1000 150.00 USD, 1000 150.00 USD, 1000 150.00 USD, 1000 150.00 USD" {
		t.Fatalf("paid is %s", got)
	}
	none := o.get(o.admin, path).want(t, 200)
	if got := read[ParticipantGoals](t, none); len(got.Goals) != 0 || got.Goals == nil || got.Name != "REP" {
		t.Errorf("at first: %+v", got)
	}
	goal := map[string]any{"component": "commission", "amount": "2000", "from": "2026-11-01"}
	o.put(o.admin, path, map[string]any{"goals": []any{goal}}, `"x"`).want(t, 412, "precondition_failed")
	a := o.put(o.admin, path, map[string]any{"goals": []any{goal}}, none.header.Get("ETag")).want(t, 200)
	if got := read[ParticipantGoals](t, a); len(got.Goals) != 1 || got.Goals[0] != (Goal{Component: "commission", Amount: "2000", From: "2026-11-01"}) || a.header.Get("ETag") == none.header.Get("ETag") {
		t.Errorf("set %+v", got)
	}
	o.calculated(5 * time.Second)
	if got := paid(); got != "1000 150.00 USD, 2000 100.00 USD, 1000 150.00 USD, 1000 150.00 USD" {
		t.Errorf("paid is %s", got)
	}
	if got := walk[ParticipantGoals](o.system, o.admin, "/v1/programs/"+p.ID+"/goals?limit=1"); len(got) != 1 || got[0].Participant != o.ids["rep"] || got[0].Goals[0].Amount != "2000" {
		t.Errorf("listed %+v", got)
	}
	if got := walk[ParticipantGoals](o.system, o.keys["other"], "/v1/programs/"+p.ID+"/goals?limit=1"); len(got) != 0 {
		t.Errorf("other sees %+v", got)
	}
	if got := read[ParticipantGoals](t, o.get(o.keys["rep"], "/v1/programs/"+p.ID+"/goals/me").want(t, 200)); len(got.Goals) != 1 {
		t.Errorf("the rep sees %+v", got)
	}
	o.put(o.keys["rep"], path, map[string]any{"goals": []any{}}).want(t, 403, "role_not_sufficient")
	// Without them, the component's own count again, in all periods that they counted in.
	o.put(o.admin, path, map[string]any{"goals": []any{}}, a.header.Get("ETag")).want(t, 200)
	o.calculated(5 * time.Second)
	if got := paid(); got != "1000 150.00 USD, 1000 150.00 USD, 1000 150.00 USD, 1000 150.00 USD" {
		t.Errorf("paid is %s", got)
	}
}

func TestGoalsThatCannotBeAreRefused(t *testing.T) {
	o := newOffice(t)
	p := o.made(o.quota(), "2026-11-01")
	path := "/v1/programs/" + p.ID + "/goals/"
	before := o.state()
	for name, c := range map[string]struct {
		goal  map[string]any
		place string
	}{
		"component": {map[string]any{"component": "fame", "amount": "1"}, "body.goals[1].component"},
		"number":    {map[string]any{"component": "commission", "amount": "much"}, "body.goals[1].amount"},
		"negative":  {map[string]any{"component": "commission", "amount": "-1"}, "body.goals[1].amount"},
		"zero":      {map[string]any{"component": "commission", "amount": "0"}, "body.goals[1].amount"},
		"from":      {map[string]any{"component": "commission", "amount": "1", "from": "soon"}, "body.goals[1].from"},
		"until":     {map[string]any{"component": "commission", "amount": "1", "until": "soon"}, "body.goals[1].until"},
		"no day":    {map[string]any{"component": "commission", "amount": "1", "from": "2026-11-01", "until": "2026-11-01"}, "body.goals[1].until"},
	} {
		a := o.put(o.admin, path+o.ids["rep"], map[string]any{"goals": []any{map[string]any{"component": "commission", "amount": "1"}, c.goal}}).want(t, 400, "invalid_goals")
		if got := read[problem.Problem](t, a).Errors; len(got) != 1 || got[0].Location != c.place {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	o.put(o.admin, path+"mem_nobody", map[string]any{"goals": []any{}}).want(t, 404, "not_found")
	if o.state() != before {
		t.Error("something changed")
	}
	o.put(o.admin, path+o.ids["rep"], map[string]any{"goals": []any{map[string]any{"component": "commission", "amount": "1", "target": true}}}).want(t, 200)
	if len(o.calculate.queue) != 0 {
		t.Error("a draft is reckoned")
	}
}

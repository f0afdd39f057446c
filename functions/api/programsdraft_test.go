package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
	"leadline/shared/problem"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// changed gives the plan with some of its fields changed.
func changed(plan map[string]any, fields map[string]any) map[string]any {
	plan = maps.Clone(plan)
	maps.Copy(plan, fields)
	return plan
}

// paying gives the plan with another share of a deal.
func (s *system) paying(share string) map[string]any {
	component := maps.Clone(s.plan()["components"].([]any)[0].(map[string]any))
	component["rate"] = map[string]any{"tiers": []any{map[string]any{"from": "0", "pay": share}}}
	return changed(s.plan(), map[string]any{"components": []any{component}})
}

// made makes a draft.
func (o *office) made(definition map[string]any, from string) Program {
	o.t.Helper()
	return read[Program](o.t, o.post(o.admin, "/v1/programs", map[string]any{"name": "Plan", "definition": definition, "from": from}).want(o.t, 201))
}

// published publishes a draft, and has it built.
func (o *office) published(p Program) Program {
	o.t.Helper()
	o.post(o.admin, "/v1/programs/"+p.ID+"/publish", nil).want(o.t, 202)
	o.calculated(10 * time.Second)
	return o.program(p.ID)
}

func (o *office) program(id string) Program {
	o.t.Helper()
	return read[Program](o.t, o.get(o.admin, "/v1/programs/"+id).want(o.t, 200))
}

func TestADraftIsMadeAndChanged(t *testing.T) {
	o := newOffice(t)
	a := o.post(o.admin, "/v1/programs", map[string]any{"name": "Plan", "definition": o.plan()}).want(t, 201)
	p := read[Program](t, a)
	if p.Status != "draft" || p.DraftFrom != "2026-11-01" || p.Versions != 0 || p.Rev != 1 || len(p.Problems) != 0 || a.header.Get("Location") != "/v1/programs/"+p.ID || a.header.Get("ETag") != `"1"` {
		t.Errorf("made %+v %v", p, a.header)
	}
	path := "/v1/programs/" + p.ID
	got := o.get(o.manager, path).want(t, 200)
	var d program.Definition
	if err := json.Unmarshal(read[Program](t, got).Draft, &d); err != nil || d.Title != "Plan" || d.Components[0].Name != "commission" {
		t.Errorf("the draft is %s: %v", got.body, err)
	}
	if p := read[Program](t, o.get(o.reader, path).want(t, 200)); p.Draft != nil || p.Name != "Plan" {
		t.Errorf("a reader sees %+v", p)
	}
	body := map[string]any{"name": "New plan", "definition": o.paying("7%"), "from": "2026-12-01"}
	o.put(o.admin, path, body, `"2"`).want(t, 412, "precondition_failed")
	a = o.put(o.admin, path, body, `"1"`).want(t, 200)
	if p := read[Program](t, a); p.Name != "New plan" || p.DraftFrom != "2026-12-01" || p.Rev != 2 || a.header.Get("ETag") != `"2"` || p.By == "" || !strings.Contains(string(p.Draft), "0.07") {
		t.Errorf("changed %+v %s", p, p.Draft)
	}
	all := read[list[Program]](t, o.get(o.reader, "/v1/programs").want(t, 200))
	if len(all.Items) != 1 || all.Items[0].Draft != nil || all.Items[0].ID != p.ID {
		t.Errorf("listed %+v", all)
	}
	schema := o.get(o.reader, "/v1/program-schema").want(t, 200)
	if !strings.Contains(string(schema.body), "json-schema.org/draft/2020-12") {
		t.Errorf("the schema is %s", schema.body)
	}
}

// TestADefinitionThatCannotBeReadIsRefused, with the place of each thing that is wrong.
func TestADefinitionThatCannotBeReadIsRefused(t *testing.T) {
	o := newOffice(t)
	before := o.state()
	for name, c := range map[string]struct {
		fields map[string]any
		from   string
		place  string
	}{
		"unknown field":  {map[string]any{"colour": "red"}, "", "body.definition.colour"},
		"wrong type":     {map[string]any{"components": "all"}, "", "body.definition.components"},
		"nothing":        {map[string]any{"title": nil}, "", "body.definition.title"},
		"no day":         {nil, "tomorrow", ""},
		"a float of pay": {map[string]any{"exchange": 1.5}, "", "body.definition.exchange"},
	} {
		t.Run(name, func(t *testing.T) {
			a := o.post(o.admin, "/v1/programs", map[string]any{"name": "Plan", "definition": changed(o.plan(), c.fields), "from": c.from}).want(t, 400)
			p := read[problem.Problem](t, a)
			if c.place != "" && !slices.ContainsFunc(p.Errors, func(part problem.Part) bool { return part.Location == c.place && part.Message != "" }) {
				t.Errorf("the problem is %s", a.body)
			}
		})
	}
	o.post(o.admin, "/v1/programs", map[string]any{"name": "", "definition": o.plan()}).want(t, 422)
	o.post(o.admin, "/v1/programs", `{`).want(t, 400)
	if o.state() != before {
		t.Error("something changed")
	}
}

// TestWhatIsWrongIsToldAndNotPublished: each with its place.
func TestWhatIsWrongIsToldAndNotPublished(t *testing.T) {
	o := newOffice(t)
	component := func(fields map[string]any) map[string]any {
		return map[string]any{"components": []any{changed(o.plan()["components"].([]any)[0].(map[string]any), fields)}}
	}
	for name, c := range map[string]struct {
		fields map[string]any
		place  string
	}{
		"no variable":        {component(map[string]any{"source": map[string]any{"variable": "close-fame"}}), "components[0].source.variable"},
		"formula":            {component(map[string]any{"value": "row.valu * 2"}), "components[0].value"},
		"formula's type":     {component(map[string]any{"qualifiers": []any{map[string]any{"name": "Big", "formula": "row.value"}}}), "components[0].qualifiers[0].formula"},
		"currency":           {map[string]any{"currency": "XYZ"}, "currency"},
		"zone":               {map[string]any{"zone": "Mars/Base"}, "zone"},
		"no rate":            {map[string]any{"exchange": map[string]any{"currencies": []any{"GBP"}}}, "exchange.currencies[0]"},
		"shares":             {component(map[string]any{"credit": map[string]any{"rules": []any{map[string]any{"kind": "direct", "share": "60%"}, map[string]any{"kind": "split", "share": "60%", "to": map[string]any{"member": o.ids["rep"]}}}}}), "components[0].credit"},
		"nobody":             {map[string]any{"participants": map[string]any{"members": []any{"mem_nobody"}}}, "participants.members[0]"},
		"nobody to split to": {component(map[string]any{"credit": map[string]any{"rules": []any{map[string]any{"kind": "direct", "share": "60%"}, map[string]any{"kind": "split", "share": "40%", "to": map[string]any{"member": "mem_gone"}}}}}), "components[0].credit.rules[1].to.member"},
	} {
		t.Run(name, func(t *testing.T) {
			p := o.made(changed(o.plan(), c.fields), "2026-11-01")
			wrong := func(p ProgramProblem) bool {
				return strings.HasPrefix(p.Path, c.place) && p.Severity == "error" && p.Message != "" && p.Code != ""
			}
			if !slices.ContainsFunc(p.Problems, wrong) {
				t.Errorf("the answer has the problems %+v", p.Problems)
			}
			check := read[ProgramCheck](t, o.post(o.manager, "/v1/programs/"+p.ID+"/check", nil).want(t, 200))
			if check.OK || !slices.ContainsFunc(check.Problems, wrong) || len(check.InForce) > 0 {
				t.Errorf("the check is %+v", check)
			}
			before := o.state()
			for _, what := range []string{"publish", "previews"} {
				a := o.post(o.admin, "/v1/programs/"+p.ID+"/"+what, nil).want(t, 400, "invalid_program")
				if parts := read[problem.Problem](t, a).Errors; !slices.ContainsFunc(parts, func(part problem.Part) bool { return strings.HasPrefix(part.Location, "draft."+c.place) }) {
					t.Errorf("%s: the problem is %s", what, a.body)
				}
			}
			if o.state() != before {
				t.Error("what was refused changed something")
			}
		})
	}
	// A team that nobody is in yet is worth a word, and no more.
	p := o.made(changed(o.plan(), map[string]any{"participants": map[string]any{"teams": []any{"Moon"}}}), "2026-11-01")
	if !slices.ContainsFunc(p.Problems, func(p ProgramProblem) bool { return p.Path == "participants.teams[0]" && p.Severity == "warning" }) {
		t.Errorf("the problems are %+v", p.Problems)
	}
	o.post(o.admin, "/v1/programs/"+p.ID+"/publish", nil).want(t, 202)
}

func TestACheckTellsWhatChanges(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path := "/v1/programs/" + p.ID
	before := o.state()
	same := read[ProgramCheck](t, o.post(o.manager, path+"/check", nil).want(t, 200))
	if !same.OK || len(same.Changes) != 0 || same.Against != 1 || same.Text == "" {
		t.Errorf("of what is live: %+v", same)
	}
	check := read[ProgramCheck](t, o.post(o.manager, path+"/check", map[string]any{"definition": o.paying("7%"), "from": "2026-11-01"}).want(t, 200))
	if !check.OK || len(check.Changes) != 1 || check.Changes[0].Path != "components[0].rate.tiers[0].pay" || string(check.Changes[0].Old) != `"0.05"` || string(check.Changes[0].New) != `"0.07"` {
		t.Errorf("the changes are %+v", check.Changes)
	}
	if want := []ProgramInForce{{1, "2026-10-01", "2026-11-01"}, {2, "2026-11-01", ""}}; !slices.Equal(check.InForce, want) || !strings.Contains(check.Text, "7") || len(check.Reads) != 1 || check.Reads[0].Object != "opportunity" {
		t.Errorf("the check is %+v", check)
	}
	// A version that other periods would overlap with.
	check = read[ProgramCheck](t, o.post(o.manager, path+"/check", map[string]any{"definition": changed(o.plan(), map[string]any{"period": "week"}), "from": "2026-11-04"}).want(t, 200))
	if check.OK || !slices.ContainsFunc(check.Problems, func(p ProgramProblem) bool { return p.Path == "from" && p.Code == program.CodeOverlap }) {
		t.Errorf("the check is %+v", check)
	}
	// One that sums could not go on in; from the beginning on it replaces the other.
	for from, ok := range map[string]bool{"2026-11-01": false, "2026-10-01": true} {
		for path, value := range map[string]any{"currency": "EUR", "period": "quarter", "calendar": map[string]any{"year_starts": 2}} {
			definition := changed(o.plan(), map[string]any{path: value})
			check = read[ProgramCheck](t, o.post(o.manager, "/v1/programs/"+p.ID+"/check", map[string]any{"definition": definition, "from": from}).want(t, 200))
			if check.OK != ok || !ok && !slices.ContainsFunc(check.Problems, func(p ProgramProblem) bool { return p.Path == path || p.Path == "from" }) {
				t.Errorf("another %s from %s: %+v", path, from, check.Problems)
			}
		}
	}
	o.post(o.manager, path+"/check", map[string]any{"definition": map[string]any{"title": 1}}).want(t, 400, "invalid_program")
	o.post(o.manager, path+"/check", map[string]any{"from": "soon"}).want(t, 400)
	if o.state() != before {
		t.Error("a check changed something")
	}
	draft := o.made(o.plan(), "")
	if check := read[ProgramCheck](t, o.post(o.manager, "/v1/programs/"+draft.ID+"/check", nil).want(t, 200)); check.Against != 0 || len(check.Changes) != 0 || !check.OK {
		t.Errorf("of a new program: %+v", check)
	}
}

func TestAVersionFollowsAnother(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 100_000, "USD", "won", "2026-10-10")
	o.deal("oppo_2", "rep", 100_000, "USD", "won", "2026-11-10")
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path, first := "/v1/programs/"+p.ID, p.Live.ID
	o.post(o.admin, path+"/publish", nil).want(t, 409, "nothing_to_publish")
	draft := read[Program](t, o.put(o.admin, path, map[string]any{"name": "Plan", "definition": o.paying("7%"), "from": "2026-12-01"}).want(t, 200))
	do := func(key, match string) answer {
		return o.do(request{key: o.admin, method: http.MethodPost, path: path + "/publish", header: map[string]string{"idempotency-key": key, "if-match": match}, body: map[string]any{"from": "2026-11-01"}})
	}
	do("a", `"1"`).want(t, 412, "precondition_failed")
	a := do("a", etag(draft.Rev)).want(t, 202)
	made := read[Program](t, a)
	if made.Versions != 2 || made.Live.ID != first || made.Building == nil || made.Draft != nil || made.Status != "live" {
		t.Fatalf("published %+v", made)
	}
	if again := do("a", etag(draft.Rev)).want(t, 202); string(again.body) != string(a.body) || o.program(p.ID).Versions != 2 {
		t.Errorf("a resend: %s", again.body)
	}
	if run := o.program(p.ID).Building.Run; run.Phase != "waiting" || run.Kind != "build" {
		t.Errorf("the run is %+v", run)
	}
	o.calculated(10 * time.Second)
	now := o.program(p.ID)
	if now.Live.ID != made.Building.ID || now.Building != nil || now.Live.Run.Phase != "done" || now.Live.Run.Parts != now.Live.Run.PartsDone {
		t.Errorf("built %+v", now)
	}
	if want := []ProgramInForce{{1, "2026-10-01", "2026-11-01"}, {2, "2026-11-01", ""}}; !slices.Equal(now.Live.Versions, want) {
		t.Errorf("in force are %+v", now.Live.Versions)
	}
	for period, want := range map[string]string{"2026-10": "50.00 USD", "2026-11": "70.00 USD"} {
		if s := read[Statement](t, o.get(o.admin, path+"/participants/"+o.ids["rep"]+"/statements/"+period).want(t, 200)); s.Payable.Text != want || len(s.Versions) != 1 {
			t.Errorf("%s pays %+v", period, s.Payable)
		}
	}
	versions := walk[ProgramVersion](o.system, o.manager, path+"/versions?limit=1")
	if len(versions) != 2 || versions[0].Number != 2 || versions[1].InForce[0].Until != "2026-11-01" || versions[0].Definition != nil {
		t.Errorf("the versions are %+v", versions)
	}
	one := read[ProgramVersion](t, o.get(o.manager, path+"/versions/1").want(t, 200))
	if one.Title != "Plan" || one.From != "2026-10-01" || one.Text == "" || !strings.Contains(string(one.Definition), `"0.05"`) {
		t.Errorf("version 1 is %+v", one)
	}
	o.get(o.reader, path+"/versions/1").want(t, 403, "role_not_sufficient")
	for _, number := range []string{"0", "3", "-1", "x"} {
		o.get(o.manager, path+"/versions/"+number).want(t, 404, "not_found")
	}
}

// TestPublishingTwiceBuildsTheLast: what was being built is given up, and removed.
func TestPublishingTwiceBuildsTheLast(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 100_000, "USD", "won", "2026-11-10")
	p := o.made(o.plan(), "2026-11-01")
	path := "/v1/programs/" + p.ID
	first := read[Program](t, o.post(o.admin, path+"/publish", nil).want(t, 202)).Building.ID
	o.calculated(3500 * time.Millisecond)
	o.put(o.admin, path, map[string]any{"name": "Plan", "definition": o.paying("9%"), "from": "2026-11-01"}).want(t, 200)
	second := read[Program](t, o.post(o.admin, path+"/publish", nil).want(t, 202)).Building
	if second.ID == first || !slices.Equal(second.Versions, []ProgramInForce{{2, "2026-11-01", ""}}) {
		t.Errorf("being built is %+v", second)
	}
	o.calculated(10 * time.Second)
	if now := o.program(p.ID); now.Live.ID != second.ID {
		t.Errorf("shown is %+v", now)
	}
	if board := read[Standings](t, o.get(o.admin, path+"/standings").want(t, 200)); board.Items[0].Payable.Minor != 9_000 {
		t.Errorf("the leaderboard is %+v", board)
	}
	o.calculated(15 * time.Minute)
	if left, _, err := o.credits.Standings(t.Context(), ours, first, "2026-11", store.Page{Limit: 10}); err != nil || len(left) > 0 {
		t.Errorf("of the first there is still %+v, %v", left, err)
	}
}

func TestAProgramIsRefreshedAndArchived(t *testing.T) {
	o := newOffice(t)
	draft := o.made(o.plan(), "2026-11-01")
	o.post(o.admin, "/v1/programs/"+draft.ID+"/refresh", nil).want(t, 409, keeper.CodeNotLive)
	o.get(o.admin, "/v1/programs/"+draft.ID+"/standings").want(t, 409, keeper.CodeNotLive)
	o.get(o.admin, "/v1/programs/"+draft.ID+"/problems").want(t, 409, keeper.CodeNotLive)
	p := o.published(draft)
	path := "/v1/programs/" + p.ID
	// A record that nobody told of is taken in.
	r := o.opportunity(o.conn, "oppo_1", 1, `{"user_id":"user_rep","value":10000,"value_currency":"USD","value_period":"annual","status_type":"won","date_won":"2026-11-02"}`)
	_, err := o.records.PutNewer(t.Context(), r)
	o.must(err)
	o.post(o.admin, path+"/refresh", nil).want(t, 202)
	o.calculated(10 * time.Second)
	if run := o.program(p.ID).Live.Run; run.Kind != "refresh" || run.Phase != "done" || run.Credits != 1 {
		t.Errorf("the run is %+v", run)
	}
	if board := read[Standings](t, o.get(o.admin, path+"/standings").want(t, 200)); board.Items[0].Payable.Minor != 500 {
		t.Errorf("the leaderboard is %+v", board.Items[0])
	}
	archived := read[Program](t, o.post(o.admin, path+"/archive", nil).want(t, 200))
	if again := read[Program](t, o.post(o.admin, path+"/archive", nil).want(t, 200)); archived.Status != "archived" || again.Rev != archived.Rev {
		t.Errorf("archived %+v, then %+v", archived, again)
	}
	o.put(o.admin, path, map[string]any{"name": "x", "definition": o.plan()}).want(t, 409, "program_archived")
	for _, what := range []string{"publish", "refresh", "previews"} {
		o.post(o.admin, path+"/"+what, nil).want(t, 409, "program_archived")
	}
	o.get(o.admin, path+"/standings").want(t, 200)
}

// TestADraftThatIsMadeTwiceIsMadeOnce by its Idempotency-Key.
func TestADraftThatIsMadeTwiceIsMadeOnce(t *testing.T) {
	o := newOffice(t)
	r := request{key: o.admin, method: http.MethodPost, path: "/v1/programs", header: map[string]string{"idempotency-key": "k"}, body: map[string]any{"name": "Plan", "definition": o.plan()}}
	first, again := o.do(r).want(t, 201), o.do(r).want(t, 201)
	if string(first.body) != string(again.body) || len(read[list[Program]](t, o.get(o.admin, "/v1/programs").want(t, 200)).Items) != 1 {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	r.body = map[string]any{"name": "Other", "definition": o.plan()}
	o.do(r).want(t, 409, "idempotency_key_reused")
}

// TestABuildThatWasNotSentIsSentByTheResend: the queue failed after all was stored.
func TestABuildThatWasNotSentIsSentByTheResend(t *testing.T) {
	o := newOffice(t)
	p := o.made(o.plan(), "2026-11-01")
	r := request{key: o.admin, method: http.MethodPost, path: "/v1/programs/" + p.ID + "/publish", header: map[string]string{"idempotency-key": "k"}}
	o.calculate.err = fault.New(fault.Unavailable, "unavailable", "the queue is away")
	o.do(r).want(t, 503)
	o.calculate.err = nil
	o.do(r).want(t, 202)
	o.calculated(10 * time.Second)
	if now := o.program(p.ID); now.Status != "live" || now.Versions != 1 {
		t.Errorf("the program is %+v", now)
	}
}

// TestWhatIsSettledKeepsItsCurrency: although the version of the settled periods would be replaced altogether.
func TestWhatIsSettledKeepsItsCurrency(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path := "/v1/programs/" + p.ID
	settled := settlement.Settlement{Organization: ours, Program: p.ID, Period: calendar.Period{Name: "2026-10", Kind: calendar.Monthly, Span: calendar.Span{From: "2026-10-01", Until: "2026-11-01"}},
		State: settlement.Open, Currency: "USD", Rev: 1}
	problems := func(fields map[string]any) []string {
		t.Helper()
		check := read[ProgramCheck](t, o.post(o.manager, path+"/check", map[string]any{"definition": changed(o.plan(), fields), "from": "2026-10-01"}).want(t, 200))
		var places []string
		for _, p := range check.Problems {
			if p.Severity == "error" {
				places = append(places, p.Path)
			}
		}
		return places
	}
	other := map[string]any{"currency": "EUR"}
	for _, revision := range []int{0, 1} {
		settled.Revision = revision
		o.must(o.finance.Settlements.SaveSettlement(t.Context(), settled, nil))
		settled.Rev++
		if got := problems(other); revision == 0 && slices.Contains(got, "currency") || revision == 1 && !slices.Equal(got, []string{"currency"}) {
			t.Errorf("revision %d: problems at %v", revision, got)
		}
	}
	for place, fields := range map[string]map[string]any{
		"period":   {"period": "quarter"},
		"calendar": {"calendar": map[string]any{"year_starts": 4}},
	} {
		if got := problems(fields); !slices.Contains(got, place) {
			t.Errorf("%s: problems at %v", place, got)
		}
	}
	if got := problems(map[string]any{"title": "Another"}); len(got) != 0 {
		t.Errorf("problems at %v", got)
	}
	o.put(o.admin, path, map[string]any{"name": "Plan", "definition": changed(o.plan(), other), "from": "2026-10-01"}).want(t, 200)
	a := o.post(o.admin, path+"/publish", nil).want(t, 400, "invalid_program")
	if parts := read[problem.Problem](t, a).Errors; len(parts) != 1 || parts[0].Location != "draft.currency" {
		t.Errorf("the problem is %s", a.body)
	}
}

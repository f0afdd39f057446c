package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/number"
	"leadline/shared/problem"
	"leadline/shared/tenant"
)

// amounts gives what a leaderboard shows, by name: rank and amount; the amount is empty where it is not shown.
func amounts(s Standings) map[string]string {
	shown := map[string]string{}
	for _, one := range s.Items {
		text := fmt.Sprint(one.Rank)
		if one.Payable != nil {
			text += " " + one.Payable.Text
		}
		shown[one.Name] = text
	}
	return shown
}

// contest pays prizes for the most that was won in a month.
func (s *system) contest() map[string]any {
	return map[string]any{"kind": "contest", "title": "Race", "currency": "USD", "zone": "UTC", "period": "month", "participants": map[string]any{},
		"components": []any{map[string]any{"name": "won", "source": map[string]any{"variable": "close-value_won_annual"}}},
		"standing": map[string]any{"by": map[string]any{"component": "won"}, "prizes": []any{map[string]any{"from": 1, "amount": "500"}, map[string]any{"from": 2, "amount": "250"}},
			"milestones": []any{map[string]any{"at": "1000", "thing": "Mug"}}}}
}

// TestWhoSeesWhat: the own, those below by the dated hierarchy, everybody for admins; ranks of contests are everybody's.
func TestWhoSeesWhat(t *testing.T) {
	o := newOffice(t)
	for name, amount := range map[string]int{"rep": 300_000, "lead": 200_000, "other": 100_000} {
		o.deal("oppo_"+name, name, amount, "USD", "won", "2026-11-10")
	}
	plan, race := o.published(o.made(o.plan(), "2026-11-01")), o.published(o.made(o.contest(), "2026-11-01"))
	rep, lead, other := "1 150.00 USD", "2 100.00 USD", "3 50.00 USD"
	first, second, third := "1 500.00 USD", "2 250.00 USD", "3 0.00 USD"
	for _, c := range []struct {
		who         string
		plan, race  map[string]string
		sees, hides []string
	}{
		{"rep", map[string]string{"REP": rep}, map[string]string{"REP": first, "LEAD": "2", "OTHER": "3"}, []string{"rep"}, []string{"lead", "other"}},
		{"lead", map[string]string{"REP": rep, "LEAD": lead}, map[string]string{"REP": first, "LEAD": second, "OTHER": "3"}, []string{"rep", "lead"}, []string{"other"}},
		{"other", map[string]string{"OTHER": other}, map[string]string{"REP": "1", "LEAD": "2", "OTHER": third}, []string{"other"}, []string{"rep", "lead"}},
		{"admin", map[string]string{"REP": rep, "LEAD": lead, "OTHER": other}, map[string]string{"REP": first, "LEAD": second, "OTHER": third}, []string{"rep", "lead", "other"}, nil},
	} {
		key := o.keys[c.who]
		if c.who == "admin" {
			key = o.admin
		}
		if got := amounts(read[Standings](t, o.get(key, "/v1/programs/"+plan.ID+"/standings").want(t, 200))); fmt.Sprint(got) != fmt.Sprint(c.plan) {
			t.Errorf("%s sees of the plan %v, want %v", c.who, got, c.plan)
		}
		if got := amounts(read[Standings](t, o.get(key, "/v1/programs/"+race.ID+"/standings").want(t, 200))); fmt.Sprint(got) != fmt.Sprint(c.race) {
			t.Errorf("%s sees of the race %v, want %v", c.who, got, c.race)
		}
		for _, whom := range append(slices.Clone(c.sees), c.hides...) {
			want := 200
			if slices.Contains(c.hides, whom) {
				want = 404
			}
			path := "/v1/programs/" + plan.ID + "/participants/" + o.ids[whom]
			for _, what := range []string{"/statements", "/statements/2026-11", "/credits"} {
				o.get(key, path+what).want(t, want)
			}
			o.get(key, "/v1/programs/"+plan.ID+"/goals/"+o.ids[whom]).want(t, want)
			o.post(key, "/v1/programs/"+plan.ID+"/estimates", estimateOf(o.ids[whom], "100")).want(t, want)
			o.get(key, "/v1/programs/"+plan.ID+"/records/"+o.conn+"/opportunity/oppo_"+whom+"/why").want(t, want)
		}
	}
	// Prizes of others are things and ranks, without amounts.
	for _, s := range read[Standings](t, o.get(o.keys["other"], "/v1/programs/"+race.ID+"/standings").want(t, 200)).Items {
		if hidden := s.Participant != o.ids["other"]; hidden == (len(s.Figures) > 0) || hidden && (len(s.Prizes) != 2 || slices.ContainsFunc(s.Prizes, func(p WonPrize) bool { return p.Amount != nil })) || s.Score == "" {
			t.Errorf("other sees %+v", s)
		}
	}
	// What was the team is not any more.
	o.put(o.admin, "/v1/members/"+o.ids["rep"]+"/manager", map[string]any{"value": "", "from": "2026-11-22"}).want(t, 200)
	o.get(o.keys["lead"], "/v1/programs/"+plan.ID+"/participants/"+o.ids["rep"]+"/statements/2026-11").want(t, 404, "not_found")
}

// TestKeysOfNobodySeeNothing: those of programs must be an admin's, those of persons a member's.
func TestKeysOfNobodySeeNothing(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-11-01"))
	path := "/v1/programs/" + p.ID
	for key, code := range map[string]string{o.reader: "not_a_person", o.manager: "not_a_person", o.keys["nobody"]: "no_member"} {
		for _, what := range []string{"/standings", "/participants/me/statements", "/participants/" + o.ids["rep"] + "/statements/2026-11", "/participants/me/credits", "/goals", "/goals/me",
			"/records/" + o.conn + "/opportunity/oppo_1/why"} {
			o.get(key, path+what).want(t, 403, code)
		}
		o.post(key, path+"/estimates", estimateOf("", "1")).want(t, 403, code)
	}
	o.get(o.admin, path+"/participants/me/statements").want(t, 404, "not_found")
	for _, what := range []string{"/standings", "/participants/" + o.ids["rep"] + "/statements/2026-11", "/participants/me/credits", "/goals", "/previews/pre_1"} {
		o.get(o.stranger, path+what).want(t, 404, "not_found")
	}
}

// TestAStatementComesInPages, which together are all of it: each line once, each with its credit, and what no line names behind.
func TestAStatementComesInPages(t *testing.T) {
	o := newOffice(t)
	component := changed(o.plan()["components"].([]any)[0].(map[string]any), map[string]any{
		"rate": map[string]any{"tiers": []any{map[string]any{"from": "0", "pay": "5%"}, map[string]any{"from": "2000", "pay": "10%"}}}})
	measured := changed(component, map[string]any{"name": "measured"})
	delete(measured, "rate")
	definition := changed(o.plan(), map[string]any{"components": []any{component, measured},
		"limits": []any{map[string]any{"kind": "cap", "amount": "120"}, map[string]any{"kind": "draw", "amount": "200", "draw": map[string]any{"recoverable": true}}}})
	for i := range 5 {
		o.deal(fmt.Sprintf("oppo_%d", i), "rep", 50_000, "USD", "won", fmt.Sprintf("2026-11-%02d", 10+i))
	}
	p := o.published(o.made(definition, "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/participants/me/statements/2026-11"
	whole := read[Statement](t, o.get(o.keys["rep"], path).want(t, 200))
	if whole.Next != "" || !whole.Reproduced || len(whole.Components) != 2 || whole.Components[1].Why == nil || whole.Components[1].Why.Code != "only_measured" {
		t.Fatalf("the statement is %+v", whole)
	}
	var lines []StatementLine
	credits := map[string]int{}
	next := ""
	for pages := 0; ; pages++ {
		page := read[Statement](t, o.get(o.keys["rep"], path+"?limit=2"+next).want(t, 200))
		lines = append(lines, page.Lines...)
		for _, c := range page.Credits {
			credits[c.ID]++
		}
		if page.Payable != whole.Payable || len(page.Lines) > 2 || pages > 20 {
			t.Fatalf("a page is %+v", page)
		}
		if page.Next == "" {
			break
		}
		next = "&cursor=" + page.Next
	}
	if fmt.Sprintf("%+v", lineTexts(lines)) != fmt.Sprintf("%+v", lineTexts(whole.Lines)) || len(credits) != 10 || len(whole.Credits) != 10 {
		t.Errorf("the pages have %d lines and %d credits, the whole %d and %d", len(lines), len(credits), len(whole.Lines), len(whole.Credits))
	}
	var payable int64
	exact := map[string]number.Number{}
	for _, l := range lines {
		payable += l.Amount.Minor
		n, err := number.Parse(l.Exact)
		o.must(err)
		exact[l.Component] = exact[l.Component].Add(n)
		if l.Of == "component" && (l.Credit == "" || credits[l.Credit] == 0) {
			t.Errorf("the line %+v has no credit", l)
		}
	}
	// 2,000 × 5 % + 500 × 10 % = 150, at most 120; the draw advances 80.
	if payable != whole.Payable.Minor || whole.Payable.Text != "200.00 USD" || whole.Earned.Text != "120.00 USD" || exact["commission"].String() != whole.Components[0].Exact || whole.Components[0].Amount.Minor != 15_000 {
		t.Errorf("the lines come to %d, the statement is %+v", payable, whole)
	}
	if len(whole.Limits) != 2 || whole.Limits[0].Before.Minor != 15_000 || whole.Limits[0].After.Minor != 12_000 || len(whole.Carried.Owed) != 1 || whole.Carried.Owed[0].Amount.Minor != 8_000 {
		t.Errorf("limits %+v, carried %+v", whole.Limits, whole.Carried)
	}
	o.get(o.keys["rep"], path+"?limit=2&cursor=x").want(t, 400, "invalid_cursor")
	o.get(o.keys["rep"], path+"?limit=1001").want(t, 422)
	list := walk[StatementSummary](o.system, o.keys["rep"], "/v1/programs/"+p.ID+"/participants/me/statements?limit=1")
	if len(list) != 1 || list[0].Period.Name != "2026-11" || !list[0].Forecast || list[0].Payable != whole.Payable || list[0].Figures[0].Credits != 5 {
		t.Errorf("the statements are %+v", list)
	}
	for period, status := range map[string]int{"2026-12": 404, "2026-10": 404, "soon": 404, "2026-Q4": 404} {
		o.get(o.keys["rep"], "/v1/programs/"+p.ID+"/participants/me/statements/"+period).want(t, status)
	}
}

// TestALargeStatementFits into an answer, whatever is in its records: a page ends where it would be too large.
func TestALargeStatementFits(t *testing.T) {
	o := newOffice(t)
	component := changed(o.plan()["components"].([]any)[0].(map[string]any), map[string]any{"key": "row.status_id"})
	const deals = 300
	long := strings.Repeat("<ü", 5_000)
	for i := range deals {
		r := o.opportunity(o.conn, fmt.Sprintf("oppo_%03d", i), 1, fmt.Sprintf(`{"user_id":"user_rep","status_id":%q,"value":100000,"value_currency":"USD","value_period":"annual","status_type":"won","date_won":"2026-11-10"}`, long))
		_, err := o.records.PutNewer(t.Context(), r)
		o.must(err)
	}
	p := o.published(o.made(changed(o.plan(), map[string]any{"components": []any{component}}), "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/participants/" + o.ids["rep"] + "/statements/2026-11?limit=1000"
	lines, pages := 0, 0
	for next := ""; ; pages++ {
		a := o.get(o.admin, path+next).want(t, 200)
		page := read[Statement](t, a)
		if len(a.body) > 4<<20 || len(page.Lines) == 0 || page.Credits[0].Key != long {
			t.Fatalf("a page has %d bytes and %d lines", len(a.body), len(page.Lines))
		}
		if lines += len(page.Lines); page.Next == "" {
			break
		}
		next = "&cursor=" + page.Next
	}
	if lines != deals || pages < 2 {
		t.Errorf("%d pages have %d lines of %d deals", pages+1, lines, deals)
	}
}

// TestAStatementWhoseInputIsGoneIsOurFault, and is not said to be none.
func TestAStatementWhoseInputIsGoneIsOurFault(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/participants/" + o.ids["rep"] + "/statements/2026-11"
	s := read[Statement](t, o.get(o.admin, path).want(t, 200))
	key := "inputs/" + ours + "/" + p.Live.ID + "/" + s.InputHash + ".gz"
	o.must(o.payloads.Put(t.Context(), key, []byte("no zip")))
	o.get(o.admin, path).want(t, 500, "internal")
	o.must(o.payloads.Delete(t.Context(), key))
	o.get(o.admin, path).want(t, 500, "internal")
	if !strings.Contains(o.log.String(), "the input of a statement is gone") {
		t.Errorf("the log says %s", o.log)
	}
}

// TestWhatIsReleasedNamesItsRecord, though it was earned in an earlier period.
func TestWhatIsReleasedNamesItsRecord(t *testing.T) {
	o := newOffice(t)
	component := changed(o.plan()["components"].([]any)[0].(map[string]any), map[string]any{"hold": map[string]any{"share": "50%", "after_days": 30}})
	o.deal("oppo_1", "rep", 100_000, "USD", "won", "2026-10-10")
	p := o.published(o.made(changed(o.plan(), map[string]any{"components": []any{component}}), "2026-10-01"))
	path := "/v1/programs/" + p.ID + "/participants/" + o.ids["rep"] + "/statements/"
	october := read[Statement](t, o.get(o.admin, path+"2026-10").want(t, 200))
	if october.Earned.Minor != 5_000 || october.Payable.Minor != 2_500 || len(october.Lines) != 2 || october.Lines[1].Of != "hold" || october.Lines[1].Kind != "held" || october.Lines[1].Component != "commission" ||
		len(october.Carried.Holds) != 1 || october.Carried.Holds[0].Release != "2026-11-09" || october.Carried.Holds[0].Record.ID != "oppo_1" {
		t.Errorf("October: %+v", october)
	}
	november := read[Statement](t, o.get(o.admin, path+"2026-11").want(t, 200))
	if november.Earned.Minor != 0 || november.Payable.Minor != 2_500 || len(november.Lines) != 1 {
		t.Fatalf("November: %+v", november)
	}
	if l := november.Lines[0]; l.Kind != "released" || l.Component != "commission" || l.Record == nil || l.Record.ID != "oppo_1" || l.Earned != "2026-10" || l.Amount.Minor != 2_500 {
		t.Errorf("the line is %+v", l)
	}
}

// lineTexts gives lines without the pointers in them.
func lineTexts(lines []StatementLine) []string {
	var all []string
	for _, l := range lines {
		limit := -1
		if l.Limit != nil {
			limit = *l.Limit
		}
		l.Limit = nil
		all = append(all, fmt.Sprintf("%d %+v", limit, l))
	}
	return all
}

func TestALeaderboardComesInPages(t *testing.T) {
	o := newOffice(t)
	for name, amount := range map[string]int{"rep": 300_000, "other": 100_000} {
		o.deal("oppo_"+name, name, amount, "USD", "won", "2026-11-10")
	}
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path := "/v1/programs/" + p.ID + "/standings"
	all := walk[Standing](o.system, o.admin, path+"?limit=1")
	if len(all) != 3 || all[0].Name != "REP" || all[1].Name != "OTHER" || all[1].Rank != 2 || all[2].Figures[0].Why != "no_credit" {
		t.Errorf("the leaderboard is %+v", all)
	}
	before := read[Standings](t, o.get(o.admin, path+"?period=2026-10").want(t, 200))
	if before.Forecast || before.Period.From != "2026-10-01" || before.Period.Until != "2026-11-01" || before.Items[0].Payable.Minor != 0 {
		t.Errorf("in October: %+v", before)
	}
	o.get(o.admin, path+"?period=soon").want(t, 404, "not_found")
	if of := read[Standings](t, o.get(o.admin, path+"?period=2031-01").want(t, 200)); len(of.Items) != 0 {
		t.Errorf("in a period that has not begun: %+v", of)
	}
}

func estimateOf(who string, values ...string) map[string]any {
	var deals []any
	for _, v := range values {
		deals = append(deals, map[string]any{"component": "commission", "value": v})
	}
	return map[string]any{"participant": who, "deals": deals}
}

// TestAnEstimateWritesNothing, and gives what the deals would bring once they are there.
func TestAnEstimateWritesNothing(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 100_000, "USD", "won", "2026-11-10")
	p := o.published(o.made(o.plan(), "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/estimates"
	before := o.state()
	e := read[Estimate](t, o.post(o.keys["rep"], path, estimateOf("", "2000", "0.5")).want(t, 200))
	if e.Participant != o.ids["rep"] || e.Period.Name != "2026-11" || e.Before.Payable.Text != "50.00 USD" || e.After.Payable.Text != "150.03 USD" || e.Difference.Minor != 10_003 || e.After.Components[0].Measure != "3000.5" {
		t.Errorf("the estimate is %+v", e)
	}
	for name, c := range map[string]struct {
		deal  map[string]any
		place string
	}{
		"no number":    {map[string]any{"component": "commission", "value": "much"}, "body.deals[0].value"},
		"no day":       {map[string]any{"component": "commission", "value": "1", "date": "soon"}, "body.deals[0].date"},
		"no component": {map[string]any{"component": "fame", "value": "1"}, ""},
		"before it":    {map[string]any{"component": "commission", "value": "1", "date": "2020-01-01"}, ""},
	} {
		a := o.post(o.keys["rep"], path, map[string]any{"deals": []any{c.deal}}).want(t, 400)
		if got := read[problem.Problem](t, a); c.place != "" && (len(got.Errors) != 1 || got.Errors[0].Location != c.place) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	o.post(o.keys["rep"], path, map[string]any{"deals": []any{}}).want(t, 422)
	if o.state() != before {
		t.Error("an estimate wrote something")
	}
	o.deal("oppo_2", "rep", 200_000, "USD", "won", "2026-11-22")
	o.deal("oppo_3", "rep", 50, "USD", "won", "2026-11-22")
	o.calculated(5 * time.Second)
	if s := read[Statement](t, o.get(o.keys["rep"], "/v1/programs/"+p.ID+"/participants/me/statements/2026-11").want(t, 200)); s.Payable != e.After.Payable {
		t.Errorf("it came to %+v, and was to come to %+v", s.Payable, e.After.Payable)
	}
}

func TestWhyARecordCounts(t *testing.T) {
	o := newOffice(t)
	component := changed(o.plan()["components"].([]any)[0].(map[string]any), map[string]any{
		"qualifiers": []any{map[string]any{"name": "Large only", "formula": "row.value >= 1000.0"}}, "credit": map[string]any{"rules": []any{map[string]any{"kind": "direct"}, map[string]any{"kind": "rollup"}}}})
	o.deal("oppo_large", "rep", 200_000, "USD", "won", "2026-11-10")
	o.deal("oppo_small", "rep", 100, "USD", "won", "2026-11-10")
	p := o.published(o.made(changed(o.plan(), map[string]any{"components": []any{component}}), "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/records/" + o.conn + "/opportunity/"
	large := read[RecordWhy](t, o.get(o.admin, path+"oppo_large/why").want(t, 200))
	if c := large.Components[0]; !c.Counts || len(c.Credits) != 2 || len(c.Refusals) != 0 || c.Version != 1 || !strings.Contains(fmt.Sprint(c.Steps), "Large only") {
		t.Errorf("the large one: %+v", c)
	}
	small := read[RecordWhy](t, o.get(o.admin, path+"oppo_small/why").want(t, 200))
	if c := small.Components[0]; c.Counts || len(c.Refusals) != 1 || c.Refusals[0].Step != "qualify" || !strings.Contains(c.Refusals[0].Detail, "Large only") {
		t.Errorf("the small one: %+v", c)
	}
	// The rep does not see what the lead has of it.
	own := read[RecordWhy](t, o.get(o.keys["rep"], path+"oppo_large/why").want(t, 200)).Components[0]
	if len(own.Credits) != 1 || own.Credits[0].Participant != o.ids["rep"] || strings.Contains(fmt.Sprint(own.Steps), o.ids["lead"]) || !strings.Contains(fmt.Sprint(own.Steps), o.ids["rep"]) {
		t.Errorf("the rep sees %+v", own)
	}
	o.get(o.keys["other"], path+"oppo_large/why").want(t, 404, "not_found")
	o.get(o.admin, path+"oppo_none/why").want(t, 404, "not_found")
}

func TestCreditsAreListedByDay(t *testing.T) {
	o := newOffice(t)
	for i, day := range []string{"2026-10-31", "2026-11-01", "2026-11-20"} {
		o.deal(fmt.Sprintf("oppo_%d", i), "rep", 100_000, "USD", "won", day)
	}
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path := "/v1/programs/" + p.ID + "/participants/me/credits?limit=1"
	for query, want := range map[string]string{"": "2026-11-01 2026-11-20", "&from=2026-10-01": "2026-10-31 2026-11-01 2026-11-20", "&until=2026-11-01": "2026-10-31", "&from=2026-11-02&until=2026-11-20": ""} {
		var days []string
		for _, c := range walk[Credit](o.system, o.keys["rep"], path+query) {
			days = append(days, c.Date)
		}
		if got := strings.Join(days, " "); got != want {
			t.Errorf("%q lists %s, want %s", query, got, want)
		}
	}
	o.get(o.keys["rep"], path+"&from=soon").want(t, 400)
	o.get(o.keys["rep"], path+"&from=2026-11-02&until=2026-11-02").want(t, 400)
}

// TestATeamIsSeenByWhoIsInIt, and by who sees all of it.
func TestATeamIsSeenByWhoIsInIt(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"rep", "lead"} {
		o.put(o.admin, "/v1/members/"+o.ids[name]+"/teams", map[string]any{"value": []string{"East"}, "from": "2026-01-05"}).want(t, 200)
	}
	component := changed(o.plan()["components"].([]any)[0].(map[string]any), map[string]any{
		"credit": map[string]any{"rules": []any{map[string]any{"kind": "direct"}, map[string]any{"kind": "team"}}}})
	o.deal("oppo_1", "rep", 100_000, "USD", "won", "2026-11-10")
	p := o.published(o.made(changed(o.plan(), map[string]any{"components": []any{component}, "standing": map[string]any{"by": map[string]any{"component": "commission"}, "teams": true}}), "2026-11-01"))
	path := "/v1/programs/" + p.ID + "/participants/team:East/statements/2026-11"
	for key, status := range map[string]int{o.keys["rep"]: 200, o.keys["lead"]: 200, o.keys["other"]: 404, o.admin: 200} {
		if a := o.get(key, path).want(t, status); status == 200 && read[Statement](t, a).Payable.Minor != 5_000 {
			t.Errorf("the team's statement is %s", a.body)
		}
	}
	if board := read[Standings](t, o.get(o.keys["rep"], "/v1/programs/"+p.ID+"/standings").want(t, 200)); len(board.Items) != 1 || board.Items[0].Name != "East" {
		t.Errorf("the leaderboard is %+v", board)
	}
	if board := read[Standings](t, o.get(o.keys["other"], "/v1/programs/"+p.ID+"/standings").want(t, 200)); len(board.Items) != 0 {
		t.Errorf("other sees %+v", board)
	}
	o.get(o.admin, "/v1/programs/"+p.ID+"/participants/team:West/statements/2026-11").want(t, 404, "not_found")
}

// TestProblemsAreListed: the deals in a currency without a rate, until there is one.
func TestProblemsAreListed(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 100_000, "GBP", "won", "2026-11-10")
	o.deal("oppo_2", "rep", 100_000, "USD", "won", "2026-11-10")
	p := o.published(o.made(o.plan(), "2026-11-01"))
	path := "/v1/programs/" + p.ID
	got := walk[ProgramRefusals](o.system, o.manager, path+"/problems?limit=1")
	if len(got) != 1 || got[0].Record != (RecordName{o.conn, "opportunity", "oppo_1"}) || got[0].RecordRev != 1 || !got[0].Refusals[0].Problem || !strings.Contains(got[0].Refusals[0].Detail, "GBP") {
		t.Fatalf("the problems are %+v", got)
	}
	if p := o.program(p.ID); p.Live.Run.Refused != 1 {
		t.Errorf("the run is %+v", p.Live.Run)
	}
	o.post(o.admin, "/v1/exchange-rates", map[string]any{"from": "GBP", "to": "USD", "value": "1.25", "since": "2026-01-01"}).want(t, 201)
	o.calculated(10 * time.Second)
	if got := walk[ProgramRefusals](o.system, o.manager, path+"/problems?limit=1"); len(got) != 0 {
		t.Errorf("the problems are %+v", got)
	}
	s := read[Statement](t, o.get(o.keys["rep"], path+"/participants/me/statements/2026-11").want(t, 200))
	at := slices.IndexFunc(s.Credits, func(c Credit) bool { return c.Record.ID == "oppo_1" })
	if c := s.Credits[at]; s.Payable.Text != "112.50 USD" || c.Rate == nil || *c.Rate != (CreditRate{From: "GBP", To: "USD", Value: "1.25", Since: "2026-01-01", Rev: 1}) || c.Worth != "1000" || c.Value != "1250" || c.Currency != "GBP" {
		t.Errorf("the statement is %+v", s)
	}
}

// TestAnAdminWhoIsAMemberIsMe: an admin sees all, and has a statement of his own.
func TestAnAdminWhoIsAMemberIsMe(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-11-01"))
	m := read[Member](t, o.get(o.admin, "/v1/members/"+o.ids["lead"]).want(t, 200))
	person, err := o.members.Person(t.Context(), ours, m.Person)
	o.must(err)
	person.Role, person.Rev = tenant.Admin, person.Rev+1
	o.must(o.members.UpdatePerson(t.Context(), person, nil))
	text, key, err := tenant.NewAPIKey(ours, "x", tenant.Admin, o.clock.now(), o.handler.Random)
	o.must(err)
	key.Person = m.Person
	o.must(o.tenancy.CreateAPIKey(t.Context(), key))
	if s := read[Statement](t, o.get(text, "/v1/programs/"+p.ID+"/participants/me/statements/2026-11").want(t, 200)); s.Participant != o.ids["lead"] {
		t.Errorf("the statement is %+v", s)
	}
	o.get(text, "/v1/programs/"+p.ID+"/participants/"+o.ids["other"]+"/statements/2026-11").want(t, 200)
}

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// What the API answers about programs; with something that is meant to hurt a terminal.
const (
	versionsInForce = `[{"number":1,"from":"2026-01-01","until":"2026-11-01"},{"number":2,"from":"2026-11-01"}]`
	sourcesRead     = `[{"connection":"conn_1","object":"opport\u001b[2Junity"},{"object":"user","joined":true}]`
	draftAnswer     = `{"id":"prg_2","name":"Bl\u001b[2Jitz","status":"draft","draft":{"title":"Call blitz"},"draft_from":"2026-12-01","problems":[
		{"path":"components[0].rate.tiers[1].from","code":"tier_order","message":"It is be\u001b[2Jlow the one before.","severity":"error"},{"path":"","code":"no_quota","message":"Nobody has a quota.","severity":"warning"}],
		"versions":0,"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":3}`
	definitionText = `{"title":"Call blitz"}`
	versionText    = `{"number":2,"title":"Commi\u001b[2Jssion","from":"2026-11-01","in_force":[{"number":2,"from":"2026-11-01"}],"definition":{"title":"Commission"},"text":"Commission\n\nIt pays\u001b[2J 10 %.\n"}`
	replacedText   = `{"number":1,"title":"Old","from":"2026-01-01","in_force":[]}`
	checkAnswer    = `{"ok":true,"problems":[{"path":"limits","code":"no_cap","message":"There is no cap.","severity":"warning"}],"from":"2026-12-01","text":"Call blitz\n\nWho calls\u001b[2J most wins.\n","against":1,
		"changes":[{"path":"components[0].rate.tiers[0].pay","old":"10%","new":"12%\u001b[2J"},{"path":"limits[0]","new":{"cap":1}}],"in_force":` + versionsInForce + `,"reads":[]}`
	badCheckAnswer = `{"ok":false,"problems":[{"path":"components[0].rate","code":"gap","message":"There is a gap.","severity":"error"}],"from":"2026-12-01","text":"Call blitz\n","changes":[],"in_force":[],"reads":[]}`
	problemsAnswer = `{"record":{"connection":"conn_1","object":"opportunity","id":"oppo\u001b[2J_1"},"record_rev":4,"at":` + someTime + `,"refusals":[
		{"component":"bookings","step":"convert","code":"no_rate","detail":"There is no rate of US\u001b[2JD.","problem":true},{"component":"bookings","step":"credit","code":"shares","detail":"Shares come to 110 %.","problem":true}]}`
	whyAnswer = `{"record":{"connection":"conn_1","object":"opportunity","id":"oppo_1"},"components":[
		{"component":"book\u001b[2Jings","version":2,"counts":true,"steps":[{"step":"date","detail":"It counts on 2026-11-05\u001b[2J."},{"step":"qualify","detail":"Won only: row.status_type is \"won\""}],"refusals":[],"credits":[` +
		creditAnswer + `,{"id":"c2","component":"bookings","version":2,"participant":"mem_2","kind":"rollup","date":"2026-11-05","record":{"connection":"conn_1","object":"opportunity","id":"oppo_1"},"rev":4,"value":"1/3","share":"0.5","reversal":true}]},
		{"component":"large","version":2,"counts":false,"steps":[{"step":"date","detail":"It counts."},{"step":"convert","detail":"There is no rate."}],"credits":[],"refusals":[{"component":"large","step":"qualify","code":"not_qualified","detail":"Large only: row.value is 500","problem":false},{"component":"large","step":"convert","code":"no_rate","detail":"There is no rate.","problem":true}]}]}`
	creditAnswer = `{"id":"c1","component":"bookings","version":2,"participant":"mem_1","kind":"split","date":"2026-11-05","record":{"connection":"conn_1","object":"opportunity","id":"oppo_1\u001b[2J"},"rev":4,"value":"11040","share":"0.5",
		"worth":"24000","currency":"USD","rate":{"from":"USD","to":"EUR","value":"0.92","since":"2026-11-01","rev":3}}`
	programTemplateAnswer = `{"items":[{"name":"percent_of_won_deals","title":"10 % of won\u001b[2J deals","description":"A share of each deal.","connector":"close","kind":"commission","questions":[
		{"name":"rate","title":"Which share?","help":"Of the va\u001b[2Jlue.","type":"percent","default":"10%"},{"name":"period","title":"How often?","help":"","type":"choice","default":"month","choices":["month","quarter"]},
		{"name":"cap","title":"At most?","help":"","type":"money","default":"5000","unit":"EUR"}]},{"name":"call_blitz","title":"Call blitz","description":"Who calls most.","connector":"close","kind":"contest","questions":[]}]}`
	goalsAnswer = `{"participant":"mem_1","name":"A\u001b[2Jda","goals":[{"component":"bookings","amount":"120000","from":"2026-10-01","until":"2027-01-01"},{"component":"bookings","target":true,"amount":"10000/3"}]}`
	schemaText  = `{"$id":"program","type":"object"}`
)

// live is a program that is shown, and what is said of the run of its edition.
func live(run string) string {
	return `{"id":"prg_1","name":"Commi\u001b[2Jssion","status":"live","versions":2,"live":{"id":"edn_1","versions":` + versionsInForce + `,"reads":` + sourcesRead + run + `},"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":7}`
}

// building is a program whose second edition is being built.
func building(run string) string {
	return `{"id":"prg_1","name":"Commi\u001b[2Jssion","status":"live","versions":3,"live":{"id":"edn_1","versions":[{"number":2,"from":"2026-11-01"}],"reads":[]},"building":{"id":"edn_2","versions":[{"number":2,"from":"2026-11-01","until":"2026-12-01"},{"number":3,"from":"2026-12-01"}],"reads":[]` +
		run + `},"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":8}`
}

func runAt(kind, phase, more string) string {
	return `,"run":{"kind":"` + kind + `","phase":"` + phase + `","parts":40,"parts_done":12,"records":1200,"credits":1100,"refused":2,"participants":30,"units":100,"started_at":"2026-11-22T09:00:00Z"` + more + `}`
}

// asked is one request that a command makes, and its answer.
type asked struct {
	request string
	status  int
	answer  string
	etag    string
}

func TestProgramCommands(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(plan, []byte(definitionText), 0o600); err != nil {
		t.Fatal(err)
	}
	prg1 := asked{request: "GET /v1/programs/prg_1", answer: live(runAt("build", "done", `,"finished_at":"2026-11-22T09:01:05Z"`))}
	for _, c := range []struct {
		args    string
		asks    []asked // the last one gives what is printed
		prints  []string
		sends   string // what the last request has: query, If-Match and body
		text    string // what --json prints if it is not the last answer
		nothing bool
	}{
		{args: "programs", asks: []asked{{request: "GET /v1/programs", answer: items(live("") + "," + building("") + "," + draftAnswer)}}, sends: "limit=50  ",
			prints: []string{"prg_1", "Commi·[2Jssion", "live", "version 1 (2026-01-01 to 2026-10-31), version 2 (from 2026-11-01)", "builds version 3 (from 2026-12-01)", "has a draft, from 2026-12-01"}},
		{args: "programs|show|prg_1", asks: []asked{prg1}, sends: "  ",
			prints: []string{"Shown: version 1", "by edn_1", "opport·[2Junity of conn_1, user (joined)", "done  12 of 40 parts  1,200 records, 1,100 credits, 2 refused  30 of 100 participants  in 1m5s"}},
		{args: "programs|show|prg_1", asks: []asked{{request: "GET /v1/programs/prg_1", answer: building(runAt("build", "failed", `,"error":"Part 3 was\u001b[2J not done."`))}}, sends: "  ",
			prints: []string{"Being built: version 2 (2026-11-01 to 2026-11-30), version 3", "failed", "Part 3 was·[2J not done."}},
		{args: "programs|show|prg_2", asks: []asked{{request: "GET /v1/programs/prg_2", answer: draftAnswer}}, sends: "  ",
			prints: []string{"`leadline programs check prg_2`", "error", "components[0].rate.tiers[1].from", "It is be·[2Jlow", "(all of it)"}},
		{args: "programs|create|-|--name|Blitz|--from|2026-12-01", asks: []asked{{request: "POST /v1/programs", status: 201, answer: draftAnswer}}, prints: []string{"prg_2", "It is be·[2Jlow"},
			sends: `  {"definition":{"title":"Call blitz"},"from":"2026-12-01","name":"Blitz"}`},
		{args: "programs|create|" + plan + "|--name|Blitz", asks: []asked{{request: "POST /v1/programs", status: 201, answer: draftAnswer}}, sends: `  {"definition":{"title":"Call blitz"},"name":"Blitz"}`},
		{args: "programs|edit|prg_1|-|--name|New", asks: []asked{prg1, {request: "PUT /v1/programs/prg_1", answer: draftAnswer}}, prints: []string{"prg_2"}, sends: ` "7" {"definition":{"title":"Call blitz"},"name":"New"}`},
		{args: "programs|edit|prg_2|-", asks: []asked{{request: "GET /v1/programs/prg_2", answer: draftAnswer}, {request: "PUT /v1/programs/prg_2", answer: draftAnswer}},
			sends: ` "3" {"definition":{"title":"Call blitz"},"from":"2026-12-01","name":"Bl\u001b[2Jitz"}`},
		{args: "programs|check|prg_1", asks: []asked{{request: "POST /v1/programs/prg_1/check", answer: checkAnswer}}, sends: "  ",
			prints: []string{"Who calls·[2J most wins.\n", "CHANGED SINCE VERSION 1", `"10%"`, "→", `"12%\u001b[2J"`, `{"cap":1}`, "warning", "There is no cap.", "It can be published. From 2026-12-01 on: version 1"}},
		{args: "programs|check|prg_1|-|--from|2026-12-01", asks: []asked{{request: "POST /v1/programs/prg_1/check", answer: checkAnswer}}, sends: `  {"definition":{"title":"Call blitz"},"from":"2026-12-01"}`},
		{args: "programs|publish|prg_1", asks: []asked{{request: "POST /v1/programs/prg_1/publish", status: 202, answer: building("")}}, sends: "  ", prints: []string{"Being built: version 2", "`leadline programs watch prg_1` shows how far it is."}},
		{args: "programs|publish|prg_1|--from|2026-11-01", asks: []asked{{request: "POST /v1/programs/prg_1/publish", status: 202, answer: building("")}}, sends: `  {"from":"2026-11-01"}`},
		{args: "programs|refresh|prg_1", asks: []asked{{request: "POST /v1/programs/prg_1/refresh", status: 202, answer: live(runAt("refresh", "crediting", ""))}}, sends: "  ", prints: []string{"refresh: crediting"}},
		{args: "programs|archive|prg_1", asks: []asked{{request: "POST /v1/programs/prg_1/archive", answer: strings.Replace(live(""), `"live"`, `"archived"`, 1)}}, sends: "  ", prints: []string{"archived"}},
		{args: "programs|versions|prg_1", asks: []asked{{request: "GET /v1/programs/prg_1/versions", answer: items(strings.Split(versionText, `,"definition"`)[0] + "}," + replacedText)}}, sends: "limit=50  ",
			prints: []string{"Commi·[2Jssion", "from 2026-11-01", "replaced"}},
		{args: "programs|text|prg_1", asks: []asked{prg1, {request: "GET /v1/programs/prg_1/versions/2", answer: versionText}}, sends: "  ", prints: []string{"Commission\n\nIt pays·[2J 10 %.\n"}},
		{args: "programs|text|prg_1|1", asks: []asked{{request: "GET /v1/programs/prg_1/versions/1", answer: versionText}}, sends: "  ", prints: []string{"It pays·[2J 10 %."}},
		{args: "programs|text|prg_2", asks: []asked{{request: "GET /v1/programs/prg_2", answer: draftAnswer}, {request: "POST /v1/programs/prg_2/check", answer: badCheckAnswer}}, sends: "  ", prints: []string{"Call blitz\n"}},
		{args: "programs|definition|prg_2", asks: []asked{{request: "GET /v1/programs/prg_2", answer: draftAnswer}}, sends: "  ", prints: []string{`"title": "Call blitz"`}, text: definitionText},
		{args: "programs|definition|prg_1", asks: []asked{prg1, {request: "GET /v1/programs/prg_1/versions/2", answer: versionText}}, sends: "  ", prints: []string{`"title": "Commission"`}, text: `{"title":"Commission"}`},
		{args: "programs|problems|prg_1", asks: []asked{{request: "GET /v1/programs/prg_1/problems", answer: items(problemsAnswer)}}, sends: "limit=50  ",
			prints: []string{"opportunity oppo·[2J_1", "conn_1", "convert, credit", "There is no rate of US·[2JD.; Shares come to 110 %."}},
		{args: "programs|why|prg_1|conn_1|opportunity|oppo_1", asks: []asked{{request: "GET /v1/members", answer: items(memberAnswer)}, {request: "GET /v1/programs/prg_1/records/conn_1/opportunity/oppo_1/why", answer: whyAnswer}}, sends: "limit=200  ",
			prints: []string{"book·[2Jings, version 2: opportunity oppo_1 counts\n", "✓  date ", "It counts on 2026-11-05·[2J.", "A·[2Jda  split ", "mem_2    rollup", "50 %", "11,040", "24,000 USD at 0.92 (from 2026-11-01)", "0.3333…", "takes another back",
				"large, version 2: opportunity oppo_1 does not count\n  ✓  date     It counts.\n  ✗  qualify  Large only: row.value is 500\n  ✗  convert  There is no rate. (somebody must mend it)\n"}},
		{args: "programs|why|prg_1|conn_1|task|t1", asks: []asked{{request: "GET /v1/programs/prg_1/records/conn_1/task/t1/why", answer: `{"record":{"connection":"conn_1","object":"task","id":"t1"},"components":[]}`}}, sends: "  ",
			prints: []string{"The program does not look at records of task.\n"}},
		{args: "programs|templates", asks: []asked{{request: "GET /v1/program-templates", answer: programTemplateAnswer}}, sends: "  ",
			prints: []string{"percent_of_won_deals  10 % of won·[2J deals (commission, for close)", "Which share? Of the va·[2Jlue.", "month, quarter", "5000 EUR", "call_blitz"}},
		{args: "programs|from-template|percent_of_won_deals|--connection|conn_1|--set|rate=12.5%|--set|note = a=b|--name|N|--currency|eur|--zone|Europe/Berlin|--from|2026-01-01|--publish",
			asks:   []asked{{request: "POST /v1/program-templates/percent_of_won_deals", status: 201, answer: building("")}},
			prints: []string{"`leadline programs watch prg_1` shows how far it is."},
			sends:  `  {"answers":{"note":"a=b","rate":"12.5%"},"connection":"conn_1","currency":"EUR","from":"2026-01-01","name":"N","publish":true,"zone":"Europe/Berlin"}`},
		{args: "programs|from-template|call_blitz", asks: []asked{{request: "GET /v1/connections", answer: items(strings.Split(loginAnswer, ",\n\t\t\"identity\"")[0] + "}")}, {request: "POST /v1/program-templates/call_blitz", status: 201, answer: draftAnswer}},
			prints: []string{"prg_2"}, sends: `  {"connection":"conn_1"}`},
		{args: "programs|schema", asks: []asked{{request: "GET /v1/program-schema", answer: schemaText}}, sends: "  ", prints: []string{`"$id": "program"`}},
		{args: "programs|goals|prg_1", asks: []asked{{request: "GET /v1/programs/prg_1/goals", answer: items(goalsAnswer)}}, sends: "limit=50  ",
			prints: []string{"A·[2Jda", "quota", "120,000", "2026-10-01 to 2026-12-31", "pay at target", "3,333.3333…", "always"}},
		{args: "programs|goals|prg_1|mem_1", asks: []asked{{request: "GET /v1/programs/prg_1/goals/mem_1", answer: goalsAnswer}}, sends: "  ", prints: []string{"120,000"}},
		{args: "programs|goals|prg_1|me", asks: []asked{{request: "GET /v1/programs/prg_1/goals/me", answer: `{"participant":"mem_1","goals":[]}`}}, sends: "  ", prints: []string{"mem_1 has no goals but those of the components.\n"}},
		{args: "programs|goals|set|prg_1|mem_1|--component|bookings|--amount|130000|--from|2026-10-01", asks: []asked{{request: "GET /v1/programs/prg_1/goals/mem_1", answer: goalsAnswer, etag: `"ab12"`}, {request: "PUT /v1/programs/prg_1/goals/mem_1", answer: goalsAnswer}},
			prints: []string{"120,000"}, sends: ` "ab12" {"goals":[{"component":"bookings","target":true,"amount":"10000/3"},{"component":"bookings","amount":"130000","from":"2026-10-01"}]}`},
		{args: "programs|goals|set|prg_1|mem_1|--component|calls|--amount|5|--target|--until|2027-01-01", asks: []asked{{request: "GET /v1/programs/prg_1/goals/mem_1", answer: `{"participant":"mem_1","goals":[]}`}, {request: "PUT /v1/programs/prg_1/goals/mem_1", answer: goalsAnswer}},
			sends: `  {"goals":[{"component":"calls","target":true,"amount":"5","until":"2027-01-01"}]}`},
		{args: "programs|goals|clear|prg_1|mem_1|--component|bookings", asks: []asked{{request: "GET /v1/programs/prg_1/goals/mem_1", answer: goalsAnswer}, {request: "PUT /v1/programs/prg_1/goals/mem_1", answer: `{"participant":"mem_1","goals":[]}`}},
			prints: []string{"no goals"}, sends: `  {"goals":[]}`},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			last := c.asks[len(c.asks)-1]
			for _, one := range c.asks {
				f.scripts[one.request] = func(r *http.Request, body []byte) (int, string) {
					sent = r.URL.Query().Encode() + " " + r.Header.Get("If-Match") + " " + string(body)
					return max(one.status, 200), one.answer
				}
				if one.etag != "" {
					f.etags = map[string]string{one.request: one.etag}
				}
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader(definitionText), now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }}, append(args, more...)...)
			}
			out := run().ok(t)
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || sent != c.sends {
				t.Errorf("sent %q, want %q; printed %q", sent, c.sends, out)
			}
			if n := len(f.requests); n != len(c.asks) {
				t.Errorf("%d requests: %v", n, f.requests)
			}
			want := last.answer
			if c.text != "" {
				want = c.text
			}
			sameJSON(t, run("--json").ok(t), want, c.nothing)
			f.scripts[last.request] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
			}
			run().fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

func TestProgramCommandsUsedWrongly(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/programs"] = func(*http.Request, []byte) (int, string) { return 200, items(live("") + "," + draftAnswer) }
	f.scripts["GET /v1/programs/prg_1/goals/mem_1"] = func(*http.Request, []byte) (int, string) { return 200, goalsAnswer }
	f.scripts["GET /v1/members"] = func(*http.Request, []byte) (int, string) {
		return 200, items(memberAnswer + "," + strings.NewReplacer("mem_3", "mem_8", "Gone", "Twin").Replace(goneAnswer) + "," + strings.NewReplacer("mem_3", "mem_9", "Gone", "twin").Replace(goneAnswer))
	}
	for args, want := range map[string]string{
		"programs|create|-":                                             "name",
		"programs|create|-|--name|N":                                    "stdin is no JSON: `leadline programs schema`",
		"programs|check|prg_1|-":                                        "stdin is no JSON",
		"programs|edit|prg_1|-":                                         "stdin is no JSON",
		"programs|show":                                                 "accepts 1 arg(s)",
		"programs|show|Nothing":                                         `there is no program "Nothing"`,
		"programs|preview|prg_1|--limit|-1":                             "--limit cannot be negative",
		"programs|problems|prg_1|--limit|-1":                            "--limit cannot be negative",
		"programs|goals|prg_1|--limit|-1":                               "--limit cannot be negative",
		"standings|prg_1|--limit|-1":                                    "--limit cannot be negative",
		"programs|from-template|t|--set|rate":                           `"rate" is no answer such as rate=10%`,
		"programs|from-template|t|--set|=1":                             "is no answer",
		"programs|from-template|t|--watch":                              "--watch is for --publish",
		"programs|goals|set|prg_1|mem_1":                                "component",
		"programs|goals|clear|prg_1|mem_1|--component|c":                "there is no such goal",
		"programs|goals|prg_1|nobody@example.com":                       `there is no member "nobody@example.com"`,
		"statement|prg_1|TWIN":                                          "say which member: mem_8 (Twin), mem_9 (twin)",
		"programs|goals|set|prg_1|twin|--component|bookings|--amount|1": "say which member",
	} {
		f.runWith(system{stdin: strings.NewReader("title: yaml")}, strings.Split(args, "|")...).fails(t, exitUsage, want)
	}
	f.run("programs", "create", filepath.Join(t.TempDir(), "none.json"), "--name", "N").fails(t, exitFailed, "none.json")
}

// TestAKeyThatReadsNoMembersSeesIds: what it may see is shown all the same.
func TestAKeyThatReadsNoMembersSeesIds(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/programs/prg_1/records/conn_1/opportunity/oppo_1/why"] = func(*http.Request, []byte) (int, string) { return 200, whyAnswer }
	f.scripts["GET /v1/members"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
	}
	contains(t, f.run("programs", "why", "prg_1", "conn_1", "opportunity", "oppo_1").ok(t), "mem_1  split", "mem_2  rollup")
}

// TestProgramsAndMembersAreFoundByName: an id is asked for nowhere else.
func TestProgramsAndMembersAreFoundByName(t *testing.T) {
	f := newFake(t)
	f.scripts["GET /v1/programs"] = func(*http.Request, []byte) (int, string) {
		return 200, items(strings.ReplaceAll(live("")+","+strings.Replace(draftAnswer, "prg_2", "prg_3", 1)+","+draftAnswer, `\u001b[2J`, ""))
	}
	f.scripts["GET /v1/members"] = func(*http.Request, []byte) (int, string) { return 200, items(memberAnswer) }
	f.scripts["GET /v1/programs/prg_1/goals/mem_1"] = func(*http.Request, []byte) (int, string) { return 200, goalsAnswer }
	f.run("programs", "goals", "commission", "ADA@example.com").ok(t)
	f.run("programs", "show", "Blitz").fails(t, exitUsage, "say which program: prg_3 (Blitz), prg_2 (Blitz)")
}

func TestADefinitionThatCannotBePublished(t *testing.T) {
	f := newFake(t)
	f.scripts["POST /v1/programs/prg_1/check"] = func(*http.Request, []byte) (int, string) { return 200, badCheckAnswer }
	r := f.run("programs", "check", "prg_1")
	r.fails(t, exitFailed, "it cannot be published: 1 thing is wrong")
	contains(t, r.stdout, "components[0].rate", "There is a gap.")
	if strings.Contains(r.stdout, "It can be published") {
		t.Errorf("printed %s", r.stdout)
	}
	r = f.run("programs", "check", "prg_1", "--json")
	r.fails(t, exitFailed, "it cannot be published")
	sameJSON(t, r.stdout, badCheckAnswer, false)
}

func TestFigures(t *testing.T) {
	for exact, want := range map[string][3]string{ // figure, percent, rate
		"0":                  {"0", "0 %", ""},
		"0.125":              {"0.125", "12.5 %", "12.5 %"},
		"-0.1":               {"-0.1", "-10 %", "-10 %"},
		"1234567.5":          {"1,234,567.5", "123,456,750 %", "1,234,567.5"},
		"-1000":              {"-1,000", "-100,000 %", "-1,000"},
		"100000/3":           {"33,333.3333…", "3,333,333.33 %", "33,333.3333…"},
		"25/24":              {"1.0417…", "104.17 %", "1.0417…"},
		"-2/3":               {"-0.6667…", "-66.67 %", "-0.6667…"},
		"what":               {"what", "what", "what"},
		"":                   {"", "", ""},
		"1e30":               {"1e30", "1e30", "1e30"},
		"9" + ten(30) + "/7": {"9" + ten(30) + "/7", "9" + ten(30) + "/7", "9" + ten(30) + "/7"},
	} {
		if got := [3]string{figure(exact), percent(exact), rateOf(exact)}; got != want {
			t.Errorf("%s is shown as %q", exact, got)
		}
	}
	for from, want := range map[[2]string]string{{"", ""}: "always", {"2026-01-01", ""}: "from 2026-01-01", {"", "2026-03-01"}: "until 2026-02-28",
		{"2026-01-01", "2026-02-01"}: "2026-01-01 to 2026-01-31", {"x", "y"}: "x to y"} {
		if got := span(from[0], from[1]); got != want {
			t.Errorf("%v is shown as %q", from, got)
		}
	}
	for minor, want := range map[int64]string{5: "+1,234.50 EUR", 0: "1,234.50 EUR", -5: "1,234.50 EUR"} { // a negative text has its sign
		if got := (sum{Minor: minor, Text: "1234.50 EUR"}).signed(); got != want {
			t.Errorf("%d is shown as %q", minor, got)
		}
	}
}

func ten(digits int) string { return strings.Repeat("0", digits) }

// TestAnswersInPages: what comes in pages is printed as one.
func TestAnswersInPages(t *testing.T) {
	f := newFake(t)
	var queries []string
	f.scripts["GET /v1/programs/prg_1/standings"] = func(r *http.Request, _ []byte) (int, string) {
		queries = append(queries, r.URL.RawQuery)
		n := len(queries)
		next := `,"next":"c` + strconv.Itoa(n) + `"`
		if n == 3 {
			next = ""
		}
		return 200, strings.Replace(board1("mem_"+strconv.Itoa(n)), `,"forecast"`, next+`,"forecast"`, 1)
	}
	out := f.run("standings", "prg_1", "--limit", "0", "--json").ok(t)
	if strings.Join(queries, " ") != "limit=200 cursor=c1&limit=200 cursor=c2&limit=200" {
		t.Errorf("asked %v", queries)
	}
	contains(t, out, `"mem_1"`, `"mem_2"`, `"mem_3"`)
	if strings.Contains(out, `"next"`) {
		t.Errorf("printed %s", out)
	}
	queries = nil
	out = f.run("standings", "prg_1", "--limit", "2").ok(t)
	contains(t, out, "mem_1", "mem_2", "There are more")
	if strings.Join(queries, " ") != "limit=2 cursor=c1&limit=1" {
		t.Errorf("asked %v", queries)
	}
}

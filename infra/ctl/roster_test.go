package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/fault"
)

// What the API answers about members; with something that is meant to hurt a terminal.
const (
	memberAnswer = `{"id":"mem_1","name":"A\u001b[2Jda","email":"ada@example.com","users":[],"at":"2026-11-22","active":true,"role":"partner","teams":[{"name":"Ea\u001b[2Jst"}],"manager":"mem_2","access":"own",
		"facts":[{"kind":"manager","from":"2026-01-01","manager":"mem_2","source":"admin","by":"key_1","at":` + someTime + `},{"kind":"active","active":true,"source":"crm","by":"conn_1","at":` + someTime + `},
			{"kind":"access","access":{"scope":"own","all_records":false,"role_name":"Re\u001b[2Jp"},"source":"crm","by":"conn_1","at":` + someTime + `},{"kind":"teams","source":"crm","by":"conn_1","until":"2027-01-01","at":` + someTime + `}],
		"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	goneAnswer = `{"id":"mem_3","name":"Gone","users":[],"at":"2026-11-22","active":false,"role":"partner","teams":[],"access":"own","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	treeAnswer = `{"at":"2026-11-22","items":[
		{"id":"mem_2","name":"Bo\u001b[2Jss","active":false,"role":"admin","teams":[],"depth":0,"direct":2,"below":4},
		{"id":"mem_4","name":"Lead","active":true,"role":"manager","teams":[{"name":"East"}],"manager":"mem_2","depth":1,"direct":2,"below":2},
		{"id":"mem_1","name":"Ada","active":true,"role":"partner","teams":[],"manager":"mem_4","depth":2,"direct":0,"below":0},
		{"id":"mem_5","name":"Bob","active":true,"role":"partner","teams":[],"manager":"mem_4","depth":2,"direct":0,"below":0},
		{"id":"mem_6","name":"Cy","active":true,"role":"partner","teams":[],"manager":"mem_2","depth":1,"direct":0,"below":0},
		{"id":"mem_7","name":"Alone","active":true,"role":"partner","teams":[],"depth":0,"direct":0,"below":0}]}`
	proposalsAnswer = `{"items":[{"id":"manager-mem_1","kind":"manager","member":"mem_1","name":"Ada","candidates":[{"member":"mem_2","name":"Bo\u001b[2Jss","confidence":"high","reason":"Same group."},
		{"member":"mem_3","name":"Cy","confidence":"low","reason":"Same group."}]},{"id":"same_person-mem_4","kind":"same_person","member":"mem_4","name":"Dan","candidates":[{"member":"mem_5","name":"Dan","confidence":"high","reason":"Same address."}]}]}`
	importAnswer    = `{"applied":true,"rows":3,"unchanged":1,"added":1,"changed":1,"errors":[],"changes":[{"member":"mem_1","name":"A\u001b[2Jda","what":["manager","role"]},{"member":"mem_9","name":"New","added":true,"what":[]}]}`
	badImportAnswer = `{"applied":false,"rows":3,"unchanged":0,"added":0,"changed":0,"errors":[{"line":2,"column":"manager","code":"unknown_member","message":"There is no \u001b[2J."}],"changes":[]}`
)

func TestRosterCommands(t *testing.T) {
	for _, c := range []struct {
		args, asks, answer string
		prints             []string
		sends              string // the query and the body
		status             int
		nothing            bool
	}{
		{args: "members|--at|2026-03-01|--active|true|--team|East", asks: "GET /v1/members", answer: items(memberAnswer + "," + goneAnswer), prints: []string{"mem_1", "A·[2Jda", "Ea·[2Jst", "mem_2", "active", "not here"},
			sends: "active=true&at=2026-03-01&limit=50&team=East "},
		{args: "members|show|mem_1", asks: "GET /v1/members/mem_1", answer: memberAnswer, prints: []string{"mem_2", "2026-01-01", "ever", "own (Re·[2Jp)", "none", "yes", "admin key_1"}, sends: " "},
		{args: "members|tree|--at|2026-11-22", asks: "GET /v1/members/tree", answer: treeAnswer, sends: "at=2026-11-22 ", prints: []string{
			"Bo·[2Jss (not here any more)", "4 below", "├─ Lead ", "│  ├─ Ada ", "│  └─ Bob ", "└─ Cy ", "\nAlone "}},
		{args: "members|set-manager|mem_1|boss@example.com|--from|2026-01-01|--until|2026-07-01", asks: "PUT /v1/members/mem_1/manager", answer: memberAnswer, prints: []string{"mem_2"},
			sends: ` {"from":"2026-01-01","until":"2026-07-01","value":"boss@example.com"}`},
		{args: "members|set-manager|mem_1|-", asks: "PUT /v1/members/mem_1/manager", answer: memberAnswer, sends: ` {"value":""}`},
		{args: "members|set-teams|mem_1|East, West", asks: "PUT /v1/members/mem_1/teams", answer: memberAnswer, sends: ` {"value":["East","West"]}`},
		{args: "members|set-teams|mem_1|-", asks: "PUT /v1/members/mem_1/teams", answer: memberAnswer, sends: ` {"value":[]}`},
		{args: "members|set-active|mem_1|no", asks: "PUT /v1/members/mem_1/active", answer: memberAnswer, sends: ` {"value":false}`},
		{args: "members|set-role|mem_1|manager", asks: "PUT /v1/members/mem_1/role", answer: memberAnswer, sends: ` {"value":"manager"}`},
		{args: "members|set-access|mem_1|team", asks: "PUT /v1/members/mem_1/access", answer: memberAnswer, sends: ` {"value":"team"}`},
		{args: "members|clear|mem_1|role|--from|2026-01-01", asks: "DELETE /v1/members/mem_1/role", answer: memberAnswer, sends: "from=2026-01-01 "},
		{args: "members|proposals", asks: "GET /v1/members/proposals", answer: proposalsAnswer, prints: []string{"manager-mem_1", "report to", "Bo·[2Jss (mem_2)", "or ", "Cy (mem_3)", "be  ", "Same address."}, sends: " "},
		{args: "members|accept|manager-mem_1|mem_2|--from|2026-01-01", asks: "POST /v1/members/proposals/manager-mem_1/accept", answer: memberAnswer, prints: []string{"mem_2"}, sends: ` {"from":"2026-01-01","member":"mem_2"}`},
		{args: "members|refuse|manager-mem_1", asks: "POST /v1/members/proposals/manager-mem_1/refuse", status: 204, nothing: true, prints: []string{"Refused."}, sends: ` {}`},
		{args: "members|import|-", asks: "POST /v1/members/import", answer: importAnswer, prints: []string{"A·[2Jda", "manager, role", "is added", "Done: 3 rows, 1 added, 1 changed, 1 say"}, sends: " email\n"},
		{args: "members|import|-|--dry-run", asks: "POST /v1/members/import", answer: strings.Replace(importAnswer, "true", "false", 1), prints: []string{"A dry run"}, sends: "dry_run=true email\n"},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, sent := newFake(t), ""
			f.scripts[c.asks] = func(r *http.Request, body []byte) (int, string) {
				sent = r.URL.Query().Encode() + " " + string(body)
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) result {
				return f.runWith(system{stdin: strings.NewReader("email\n")}, append(args, more...)...)
			}
			out := run().ok(t)
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || sent != c.sends {
				t.Errorf("sent %q, printed %q", sent, out)
			}
			sameJSON(t, run("--json").ok(t), c.answer, c.nothing)
			f.scripts[c.asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
			}
			run().fails(t, exitRefused, "This needs more. (403)")
		})
	}
}

func TestImportOfABadFile(t *testing.T) {
	f := newFake(t)
	f.scripts["POST /v1/members/import"] = func(r *http.Request, _ []byte) (int, string) {
		if r.Header.Get("Content-Type") != "text/csv" {
			t.Errorf("sent as %s", r.Header.Get("Content-Type"))
		}
		return 200, badImportAnswer
	}
	r := f.runWith(system{stdin: strings.NewReader("email\n")}, "members", "import", "-")
	r.fails(t, exitFailed, "1 things are wrong with stdin: nothing was done")
	contains(t, r.stdout, "line 2", "manager", "There is no ·[2J.")
	f.run("members", "import", filepath.Join(t.TempDir(), "none.csv")).fails(t, exitFailed, "none.csv")
	f.run("members", "set-active", "mem_1", "maybe").fails(t, exitUsage, "say yes or no")
	f.run("members", "set-manager", "mem_1").fails(t, exitUsage, "accepts 2 arg(s)")
}

func TestExportOfMembers(t *testing.T) {
	f := newFake(t)
	const file = "member,email\nmem_1,ada@example.com\n"
	asked := ""
	f.scripts["GET /v1/members/export"] = func(r *http.Request, _ []byte) (int, string) {
		asked = r.URL.RawQuery
		return 200, file
	}
	if out := f.run("members", "export", "--at", "2026-01-01").ok(t); out != file || asked != "at=2026-01-01" {
		t.Errorf("printed %q, asked %q", out, asked)
	}
	name := filepath.Join(t.TempDir(), "members.csv")
	f.run("members", "export", "--output", name).ok(t)
	if text, err := os.ReadFile(name); err != nil || string(text) != file {
		t.Errorf("wrote %q %v", text, err)
	}
	f.scripts["GET /v1/members/export"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
	}
	f.run("members", "export").fails(t, exitRefused, "This needs more.")
}

// TestBranches draws every small tree as a plain look at it says.
func TestBranches(t *testing.T) {
	var nodes []memberNode
	if err := json.Unmarshal([]byte(`[{"depth":0},{"depth":1},{"depth":2},{"depth":3},{"depth":2},{"depth":1},{"depth":2},{"depth":0}]`), &nodes); err != nil {
		t.Fatal(err)
	}
	want := []string{"", "├─ ", "│  ├─ ", "│  │  └─ ", "│  └─ ", "└─ ", "   └─ ", ""}
	for i := range nodes {
		if got := branch(nodes, i); got != want[i] {
			t.Errorf("line %d begins with %q, want %q", i, got, want[i])
		}
	}
}

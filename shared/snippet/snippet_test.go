package snippet_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/schema"
	"leadline/shared/snippet"
)

const (
	client = "cli_01k9x"
	secret = "cls_geheim$`'\"\\!"
)

// objects are what the samples are written for: every template, every type, and names that want to break out.
func objects() map[string][]schema.Field {
	all := map[string][]schema.Field{}
	for _, t := range schema.Templates() {
		all[t.Name] = t.Fields
	}
	for _, kind := range schema.Types() {
		all["types"] = append(all["types"], schema.Field{Name: string(kind), Type: kind, Required: kind != schema.Unknown})
	}
	all["types"] = append(all["types"], schema.Field{Name: "stage", Type: schema.Choice, Choices: []string{"it's \"won\"", "lost"}},
		schema.Field{Name: "tags", Type: schema.MultiChoice, Choices: []string{"$HOME `id`"}})
	for _, name := range []string{`'`, `"`, `\`, `\"`, "`id`", "$(id)", "${HOME}", "$HOME", "!!", "a\nb", "\nJSON\n", "JSON", "__proto__", "constructor", "*/", "//", "#", "</script>",
		"%s", "%", "{{7*7}}", "a.b", "", " ", "😀", "👩‍👩‍👧‍👦", "ü", "\u2028", "\u202e", "\u0000", "\u001b[31m", "\u007f", "\\u0041", "'''", `"""`, "'; rm -rf nothing; '", "key=value", "-d", "@file", "é\ufffd"} {
		all["it's hostile"] = append(all["it's hostile"], schema.Field{Name: name, Type: schema.Text}, schema.Field{Name: name + " n", Type: schema.Boolean})
	}
	return all
}

// push gives the samples of an object whose id is the field id.
func push(url, object string, fields []schema.Field) map[string]string {
	s := snippet.Push(snippet.Request{URL: url, ClientID: client, Object: object, IDField: "id", Fields: fields})
	return map[string]string{"curl": s.Curl, "javascript": s.JavaScript, "python": s.Python}
}

// arrival is what a sample sent.
type arrival struct {
	method, path, kind, user, password string
	body                               map[string]json.RawMessage
}

// listen gives the URL of a server and what last arrived there.
func listen(t *testing.T) (url string, last *arrival) {
	t.Helper()
	last = &arrival{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		*last = arrival{method: r.Method, path: r.URL.RequestURI(), kind: r.Header.Get("Content-Type")}
		last.user, last.password, _ = r.BasicAuth()
		if err != nil || json.Unmarshal(body, &last.body) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1/push?it's=1&b=$HOME", last
}

// run runs a program with the secret in its environment and nothing else of this process but the path.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), snippet.SecretVariable + "=" + secret, "LC_ALL=C.UTF-8", "NO_PROXY=*"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkBody says whether the body is what the sample is to send: one row that creates a record with all the fields.
func checkBody(t *testing.T, object string, fields []schema.Field, body map[string]json.RawMessage) {
	t.Helper()
	var name string
	var rows []map[string]json.RawMessage
	if json.Unmarshal(body["objectname"], &name) != nil || name != object {
		t.Errorf("%s: the object is %s", object, body["objectname"])
	}
	if err := json.Unmarshal(body["data"], &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%s: the rows are %s", object, body["data"])
	}
	row := rows[0]
	if string(row["action"]) != `"create"` || len(row["id"]) < 4 {
		t.Errorf("%s: id %s, action %s", object, row["id"], row["action"])
	}
	delete(row, "id")
	delete(row, "action")
	for _, f := range fields {
		if f.Name == "id" {
			continue
		}
		value, there := row[f.Name]
		if ok, found := schema.Accepts(f, value); !there || !ok || f.Required && string(value) == "null" {
			t.Errorf("%s: %q arrives as %s (%s)", object, f.Name, value, found)
		}
		delete(row, f.Name)
	}
	if len(row) > 0 {
		t.Errorf("%s: these were not meant: %v", object, row)
	}
}

func checkArrival(t *testing.T, object string, got arrival, basic bool) {
	t.Helper()
	if got.method != http.MethodPost || got.kind != "application/json" || !strings.HasPrefix(got.path, "/v1/push?") || !strings.HasSuffix(got.path, "1&b=$HOME") {
		t.Errorf("%s: %s %s as %s", object, got.method, got.path, got.kind)
	}
	user, password := got.user, got.password
	if !basic {
		_ = json.Unmarshal(got.body["clientid"], &user)
		_ = json.Unmarshal(got.body["clientSecret"], &password)
	}
	if user != client || password != secret || (got.user != "") != basic {
		t.Errorf("%s: the credentials arrive as %q, %q", object, user, password)
	}
}

// TestCurlInBash runs the samples in bash with a function in the place of curl that shows what it was given.
func TestCurlInBash(t *testing.T) {
	const stub = `curl() { for a in "$@"; do printf '%s\0' "$a"; done; printf '\0'; cat; }` + "\n"
	for object, fields := range objects() {
		text := push("https://it's.example.com/?a=$HOME&b=`id`", object, fields)["curl"]
		given, body, _ := strings.Cut(run(t, "bash", file(t, "push.sh", stub+text)), "\x00\x00")
		args := strings.Split(given, "\x00")
		want := []string{"--fail-with-body", "--request", "POST", "https://it's.example.com/?a=$HOME&b=`id`", "--user", client + ":" + secret,
			"--header", "Content-Type: application/json", "--data-binary", "@-"}
		if diff := cmp.Diff(want, args); diff != "" {
			t.Errorf("%s: curl is given\n%s", object, diff)
		}
		var parsed map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &parsed); err != nil {
			t.Fatalf("%s: %v\n%s", object, err, body)
		}
		checkBody(t, object, fields, parsed)
		if strings.Contains(body, "!") {
			t.Errorf("%s: an interactive bash would call up an old command", object)
		}
	}
}

func TestCurlRefusesWithoutSecret(t *testing.T) {
	text := push("https://example.com", "sales", nil)["curl"]
	cmd := exec.Command("bash", file(t, "push.sh", "curl() { echo called; }\n"+text))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Contains(string(out), "called") || !strings.Contains(string(out), snippet.SecretVariable) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestCurl sends the samples with the real curl. Where there is none, TestCurlInBash holds what it would be given.
func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("NOT RUN: there is no curl on this machine")
		return
	}
	send(t, "curl", "push.sh", true, "bash")
}

func TestJavaScript(t *testing.T) {
	send(t, "javascript", "push.js", false, "node")
	send(t, "javascript", "push.mjs", false, "node")
}

// TestPython sends the samples with Python. Where there is none, TestPythonLiteral holds what it would send.
func TestPython(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("NOT RUN: there is no python3 on this machine")
		return
	}
	send(t, "python", "push.py", false, "python3")
}

// send runs the samples of a language against a server.
func send(t *testing.T, language, name string, basic bool, command string) {
	t.Helper()
	url, last := listen(t)
	for object, fields := range objects() {
		*last = arrival{}
		out := run(t, command, file(t, name, push(url, object, fields)[language]))
		if last.body == nil {
			t.Fatalf("%s: nothing arrived\n%s", object, out)
		}
		checkArrival(t, object, *last, basic)
		checkBody(t, object, fields, last.body)
	}
}

// TestPythonLiteral reads the sample's dictionary without Python: it is JSON but for four words.
func TestPythonLiteral(t *testing.T) {
	for object, fields := range objects() {
		text := push("https://example.com", object, fields)["python"]
		_, literal, found := strings.Cut(text, "\nbody = ")
		literal, _, closed := strings.Cut(literal, "\n}\n")
		if !found || !closed {
			t.Fatalf("%s: there is no body in\n%s", object, text)
		}
		var asJSON strings.Builder
		for i, part := range splitTexts(literal + "\n}") {
			if i%2 == 0 {
				part = strings.NewReplacer("True", "true", "False", "false", "None", "null", `os.environ[`, "[").Replace(part)
			}
			asJSON.WriteString(part)
		}
		var parsed map[string]json.RawMessage
		if err := json.Unmarshal([]byte(asJSON.String()), &parsed); err != nil {
			t.Fatalf("%s: %v\n%s", object, err, asJSON.String())
		}
		if string(parsed["clientSecret"]) != `["`+snippet.SecretVariable+`"]` {
			t.Errorf("%s: the secret is %s", object, parsed["clientSecret"])
		}
		checkBody(t, object, fields, parsed)
	}
}

// splitTexts cuts a program into what stands outside of quotes (even places) and inside (odd places, with the quotes).
func splitTexts(s string) []string {
	parts := []string{}
	start, inside := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case inside && s[i] == '\\':
			i++
		case s[i] == '"' && inside:
			parts, start, inside = append(parts, s[start:i+1]), i+1, false
		case s[i] == '"':
			parts, start, inside = append(parts, s[start:i]), i, true
		}
	}
	return append(parts, s[start:])
}

func TestChosenFields(t *testing.T) {
	fields := []schema.Field{{Name: "amount", Type: schema.Number}, {Name: "changed", Type: schema.Text}, {Name: "transaction_id", Type: schema.Text}}
	s := snippet.Push(snippet.Request{URL: "https://example.com", ClientID: client, Object: "sales", IDField: "transaction_id", VersionField: "changed", Fields: fields})
	for _, text := range []string{s.Curl, s.JavaScript, s.Python} {
		if strings.Count(text, `"transaction_id"`) != 1 || strings.Contains(text, `"id"`) || !strings.Contains(text, `"changed": "2026-01-15T10:30:00Z"`) {
			t.Error(text)
		}
	}
}

// TestReadable: a sample is to be read before it is run.
func TestReadable(t *testing.T) {
	for object, fields := range objects() {
		for language, text := range push("https://example.com/v1/push", object, fields) {
			if strings.ContainsAny(text, "\t\r\x00\x1b\x7f\u202e\u2028") || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
				t.Errorf("%s in %s has what cannot be seen:\n%q", object, language, text)
			}
			if !strings.Contains(text, snippet.SecretVariable) {
				t.Errorf("%s in %s does not read the secret", object, language)
			}
		}
	}
}

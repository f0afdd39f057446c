// Package snippet writes sample requests that a client team can copy and run: for an object's own fields, in the
// languages that most teams have at hand. The secret is never in them; they read it from the environment.
package snippet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"leadline/shared/schema"
)

// SecretVariable is the environment variable that the samples read the client's secret from.
const SecretVariable = "LEADLINE_CLIENT_SECRET"

// Request is what the samples are about.
type Request struct {
	// URL is the full address of the push.
	URL      string
	ClientID string
	Object   string
	// IDField names the record, VersionField, if any, orders its states. The action is added, whether or not it is a field.
	IDField, VersionField string
	Fields                []schema.Field
}

// Samples is the same request in each language.
type Samples struct {
	Curl, JavaScript, Python string
}

// Push gives a request that creates one record of an object. curl sends the credentials as HTTP Basic, the others in the
// body: either is right.
func Push(r Request) Samples {
	row := sampleRow(r)
	return Samples{Curl: curl(r, row), JavaScript: javaScript(r, row), Python: python(r, row)}
}

func curl(r Request, row []pair) string {
	w := writer{language: inCurl}
	w.line("# Set %s to the client's secret first. This is bash.", SecretVariable)
	w.line("curl --fail-with-body --request POST %s \\", shellQuote(r.URL))
	w.line(`  --user %s:"${%s:?is not set}" \`, shellQuote(r.ClientID), SecretVariable)
	w.line("  --header 'Content-Type: application/json' \\")
	w.line("  --data-binary @- <<'JSON'") // nothing is expanded up to a line that is just JSON, and no line of the body is
	w.value(body(r, row, nil), "")
	w.line("\nJSON")
	return w.String()
}

func javaScript(r Request, row []pair) string {
	w := writer{language: inJavaScript}
	w.line("// Node.js 18 or later: %s=... node push.js", SecretVariable)
	w.WriteString("const body = ")
	w.value(body(r, row, []pair{{"clientid", r.ClientID}, {"clientSecret", code("process.env." + SecretVariable)}}), "")
	w.line(";\n")
	w.WriteString("fetch(")
	w.value(r.URL, "")
	w.line(", {")
	w.line(`  method: "POST",`)
	w.line(`  headers: { "Content-Type": "application/json" },`)
	w.line("  body: JSON.stringify(body),")
	w.line("}).then(async (response) => {")
	w.line("  console.log(response.status, await response.text());")
	w.line("  if (!response.ok) process.exitCode = 1;")
	w.line("});")
	return w.String()
}

func python(r Request, row []pair) string {
	w := writer{language: inPython}
	w.line("# Python 3.8 or later: %s=... python3 push.py", SecretVariable)
	w.line("import json\nimport os\nimport urllib.request\n")
	w.WriteString("body = ")
	w.value(body(r, row, []pair{{"clientid", r.ClientID}, {"clientSecret", code(`os.environ["` + SecretVariable + `"]`)}}), "")
	w.line("\n")
	w.line("request = urllib.request.Request(")
	w.WriteString("    ")
	w.value(r.URL, "")
	w.line(",")
	w.line("    data=json.dumps(body).encode(),")
	w.line(`    headers={"Content-Type": "application/json"},`)
	w.line(")")
	w.line("with urllib.request.urlopen(request) as response:")
	w.line("    print(response.status, response.read().decode())")
	return w.String()
}

// pair is a name and its value; a list of them is an object whose order is kept.
type pair struct {
	name  string
	value any
}

// code is a piece of the program itself, and is written as it is.
type code string

func body(r Request, row, credentials []pair) []pair {
	return append(credentials, pair{"objectname", r.Object}, pair{"data", []any{row}})
}

// language is what a writer writes.
type language int

const (
	inCurl language = iota
	inJavaScript
	inPython
)

// writer writes values as literals of a language. All three have JSON's texts and numbers.
type writer struct {
	bytes.Buffer
	language language
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// value writes a text, a number as json.Number, a boolean, nil, code, a list or an object.
func (w *writer) value(v any, indent string) {
	deeper := indent + "  "
	switch v := v.(type) {
	case []pair:
		w.WriteString("{")
		for i, p := range v {
			w.separate(i, deeper)
			w.name(p.name)
			w.WriteString(": ")
			w.value(p.value, deeper)
		}
		w.WriteString("\n" + indent + "}")
	case []any:
		w.WriteString("[")
		for i, e := range v {
			w.separate(i, deeper)
			w.value(e, deeper)
		}
		w.WriteString("\n" + indent + "]")
	case string:
		w.text(v)
	case json.Number:
		w.WriteString(v.String())
	case code:
		w.WriteString(string(v))
	case bool:
		w.word(map[bool]string{true: "true", false: "false"}[v], map[bool]string{true: "True", false: "False"}[v])
	default:
		w.word("null", "None")
	}
}

func (w *writer) separate(i int, indent string) {
	if i > 0 {
		w.WriteString(",")
	}
	w.WriteString("\n" + indent)
}

func (w *writer) word(others, python string) {
	if w.language == inPython {
		others = python
	}
	w.WriteString(others)
}

// name writes the name of a field. "__proto__" in a literal of JavaScript would set the prototype instead of a field.
func (w *writer) name(name string) {
	if w.language == inJavaScript && name == "__proto__" {
		w.WriteString(`["__proto__"]`)
		return
	}
	w.text(name)
}

// text writes a text in quotes. What cannot be seen is escaped, and for the shell the exclamation mark, too: pasted into
// an interactive bash it would call up an old command.
func (w *writer) text(s string) {
	var quoted bytes.Buffer
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text always encodes
	for _, r := range strings.TrimSuffix(quoted.String(), "\n") {
		if w.language == inCurl && r == '!' || r < 0x10000 && !unicode.IsPrint(r) && r != '\u200d' {
			fmt.Fprintf(w, `\u%04x`, r)
		} else {
			w.WriteRune(r)
		}
	}
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

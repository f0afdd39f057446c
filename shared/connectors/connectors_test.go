package connectors_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
	"leadline/shared/connectors"
)

var update = flag.Bool("update", false, "write the generated parts of README.md")

func TestTheShelfListsEveryFolderOnceByName(t *testing.T) {
	var listed []string
	for _, d := range connectors.All() {
		listed = append(listed, d.Name)
	}
	if folders := folders(t); !slices.Equal(folders, listed) {
		t.Errorf("the folders are %v, the list says %v", folders, listed)
	}
}

func folders(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestEveryConnectorIsHeldToTheContract: a connector whose test does not run the suite is not finished.
func TestEveryConnectorIsHeldToTheContract(t *testing.T) {
	for _, name := range folders(t) {
		text, err := os.ReadFile(name + "/" + name + "_test.go")
		if err != nil || !strings.Contains(string(text), "conformance.Run(t, "+name+".Definition(), ") {
			t.Errorf("%s/%s_test.go does not run the conformance suite: %v", name, name, err)
		}
	}
}

// TestReadme keeps the generated parts of the README up to the code.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, part := range map[string]string{"connectors": table(), "objects": objects(), "rules": rules()} {
		begin, end := "<!-- generated: "+name+" -->\n", "<!-- end of "+name+" -->\n"
		before, rest, found := strings.Cut(want, begin)
		_, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("README.md has no part %q", name)
		}
		want = before + begin + part + end + after
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("README.md is not up to date: make generate writes it")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rules() string {
	var b strings.Builder
	for i, r := range conformance.Rules() {
		fmt.Fprintf(&b, "%d. `%s`: %s\n", i+1, r.Name, r.Says)
	}
	return b.String()
}

func table() string {
	var b strings.Builder
	b.WriteString("| connector | logins | webhooks | subscribes | objects | schema | counts | log | people | limits known beforehand |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, d := range connectors.All() {
		fmt.Fprintf(&b, "| [%s](%s) | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", d.Title, d.DocsURL, logins(d.API), webhooks(d.Webhook),
			yes(d.Subscription != nil), number(d.Pull), yes(d.Describe != nil), yes(d.Pull != nil && d.Pull.Count != nil), log(d.Log), yes(d.People != nil), limits(d.API))
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func logins(api *connector.API) string {
	if api == nil {
		return "none"
	}
	words := map[connector.LoginKind]string{connector.APIKey: "API key", connector.OAuth2: "OAuth 2", connector.ClientCredentials: "client credentials"}
	var all []string
	for _, l := range api.Logins {
		text := words[l.Kind]
		if l.Rotates {
			text += " (refresh tokens rotate)"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func webhooks(w *connector.Webhook) string {
	if w == nil {
		return "no"
	}
	text := "signed, HMAC"
	if w.Signature.Scheme == connector.ECDSA {
		text = "signed, ECDSA"
	}
	if w.Signature.Optional {
		text += ", or not"
	}
	return text
}

func number(p *connector.Pull) string {
	if p == nil {
		return "0"
	}
	return fmt.Sprint(len(p.Objects))
}

func log(l *connector.Log) string {
	if l == nil {
		return "no"
	}
	return fmt.Sprintf("%d days", l.Keeps/(24*time.Hour))
}

func limits(api *connector.API) string {
	if api == nil {
		return ""
	}
	var all []string
	for _, l := range api.Limits {
		var text []string
		if l.Requests > 0 {
			text = append(text, fmt.Sprintf("%d in %s", l.Requests, l.Window))
		}
		if l.Concurrency > 0 {
			text = append(text, fmt.Sprintf("%d at once", l.Concurrency))
		}
		if l.Daily > 0 {
			text = append(text, fmt.Sprintf("%d a day", l.Daily))
		}
		of := "each group"
		if l.Group != "" {
			of = "`" + l.Group + "`"
		} else if api.Group == nil {
			of = "all"
		}
		all = append(all, strings.Join(text, ", ")+" ("+of+")")
	}
	return strings.Join(all, "; ")
}

// objects lists what can be read, and how: objects that are alike in one row.
func objects() string {
	var b strings.Builder
	b.WriteString("| connector | objects | read whole | what changed | created between | by query | by ids | as children |\n|---|---|---|---|---|---|---|---|\n")
	for _, d := range connectors.All() {
		if d.Pull == nil {
			continue
		}
		var order []string
		names := map[string][]string{}
		for _, o := range d.Pull.Objects {
			how := strings.Join([]string{whole(o), changed(o), yes(o.Serves(connector.CreatedBetween)), yes(o.Serves(connector.Matching)),
				yes(o.Serves(connector.IDs)), yes(o.Serves(connector.ChildrenOf))}, " | ")
			if names[how] == nil {
				order = append(order, how)
			}
			names[how] = append(names[how], "`"+o.Name+"`")
		}
		for _, how := range order {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", d.Title, strings.Join(names[how], ", "), how)
		}
	}
	return b.String()
}

func whole(o connector.Object) string {
	if o.Absent {
		return "yes; what is absent is gone"
	}
	return yes(o.Serves(connector.All))
}

func changed(o connector.Object) string {
	switch days := o.Sweep / (24 * time.Hour); {
	case o.Serves(connector.ChangedSince):
		return "yes"
	case o.Small:
		return "read whole"
	case days == 1:
		return "created in the last day"
	default:
		return fmt.Sprintf("created in the last %d days", days)
	}
}

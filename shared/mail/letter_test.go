package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/tenant"
)

var update = flag.Bool("update", false, "write the mails of testdata anew")

// letter sends a notice and gives the mail.
func letter(t *testing.T, n notice.Notice, organizationName string) mail.Letter {
	t.Helper()
	w := newWorld(t)
	org, err := w.tenancy.Organization(t.Context(), organization)
	w.must(err)
	org.Name, org.Rev = organizationName, org.Rev+1
	w.must(w.members.UpdateOrganization(t.Context(), org))
	w.person("per_0a1b2c3d4e5f", tenant.Admin)
	n.ID, n.Organization, n.At = noticeID, organization, start()
	_, err = mail.NewTeller(w.journal, posts{w}, w.now).Tell(t.Context(), n)
	w.must(err)
	w.run(mail.New(w.options))
	if len(w.sent) != 1 {
		t.Fatalf("%d mails", len(w.sent))
	}
	return w.sent[0]
}

// samples are notices as people get them.
func samples() map[string]notice.Notice {
	return map[string]notice.Notice{
		"import_done": {Kind: notice.ImportDone, Subject: "connections/conn_0a1b2c3d4e5f/imports/run_0a1b2c3d4e5f",
			Text: "The import of Close into \"Close demo\" is done: 14,210 records in 3 minutes. 1 object differs from what Close counts.",
			Table: notice.Table{Columns: []string{"Object", "At Close", "Counted by", "In Leadline", "Differs"}, Rows: [][]string{
				{"leads", "2,001", "the lead search", "2,001", ""},
				{"contacts", "3,120", "the contact search", "3,118", "2 were set aside: see the quarantine"},
				{"opportunities & deals", "9,089", "_total_results", "9,089", ""},
			}}},
		"connection_error": {Kind: notice.ConnectionError, Subject: "connections/conn_0a1b2c3d4e5f",
			Text: "Close refuses the key of \"Close demo\" since 22 November 2026, 08:58 UTC.\nIt was revoked, or its user left."},
		"hostile": {Kind: notice.DestinationDisabled, Subject: "destinations/dst_1?x=\"><b>",
			Text:  "The destination \"<img src=x onerror=alert(1)>\u202egpj.exe\x1b[2J\" gets no more events. {{.Secret}}",
			Table: notice.Table{Columns: []string{"<i>", "a\nb"}, Rows: [][]string{{"</table><script>1</script>", "\x00"}, {}, {"", "", "third"}}}},
	}
}

// TestMails holds the mails to those of testdata, which people have looked at.
func TestMails(t *testing.T) {
	for name, n := range samples() {
		organizationName := "Acme"
		if name == "hostile" {
			organizationName = "Acme</h1>\r\nBcc: x@example.com"
		}
		l := letter(t, n, organizationName)
		for kind, got := range map[string]string{"txt": "Subject: " + l.Subject + "\n\n" + l.Text, "html": l.HTML} {
			path := filepath.Join("testdata", name+"."+kind)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs: look at it, and write it anew with -update. Got:\n%s", path, got)
			}
		}
	}
}

// TestHostileTexts become part of a mail as text, whatever they hold.
func TestHostileTexts(t *testing.T) {
	l := letter(t, samples()["hostile"], "Acme\r\nBcc: x@example.com \u202e")
	for _, part := range []string{l.Subject, l.Text, l.HTML} {
		if strings.ContainsAny(part, "\r\x00\x1b\u202e") {
			t.Errorf("control characters: %q", part)
		}
	}
	if strings.ContainsAny(l.Subject, "\n") || regexp.MustCompile(`<(script|img|b|i)\b`).MatchString(l.HTML) {
		t.Errorf("subject %q, html %s", l.Subject, l.HTML)
	}
	for _, name := range []string{strings.Repeat("é", 500), "", "\x00"} {
		l := letter(t, samples()["connection_error"], name)
		if len(l.Subject) > 160 || !utf8.ValidString(l.Subject) || strings.HasSuffix(l.Subject, ": ") {
			t.Errorf("subject %q", l.Subject)
		}
	}
}

// TestEveryKindIsWorded: each says what happened and what to do in words of its own.
func TestEveryKindIsWorded(t *testing.T) {
	subjects, advice := map[string]notice.Kind{}, map[string]notice.Kind{}
	for _, kind := range notice.Kinds() {
		if !kind.Mailed() {
			continue
		}
		l := letter(t, notice.Notice{Kind: kind, Subject: "x/y", Text: "It happened."}, "Acme")
		what := regexp.MustCompile(`What to do: (.*)`).FindStringSubmatch(l.Text)
		if other, taken := subjects[l.Subject]; taken || what == nil || strings.HasPrefix(l.Subject, "A notice") {
			t.Fatalf("%s is worded as %s: %q\n%s", kind, other, l.Subject, l.Text)
		}
		if other, taken := advice[what[1]]; taken {
			t.Errorf("%s advises as %s does: %s", kind, other, what[1])
		}
		subjects[l.Subject], advice[what[1]] = kind, kind
		if !strings.Contains(l.Text, "https://leadline.test/v1/x/y") || !strings.Contains(l.HTML, `href="https://leadline.test/v1/x/y"`) {
			t.Errorf("%s does not say what it is about", kind)
		}
	}
}

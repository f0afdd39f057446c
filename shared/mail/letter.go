package mail

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadline/shared/notice"
	"leadline/shared/tenant"
)

// maxSubject bounds the subject line: names of organizations may be long.
const maxSubject = 150

// page is what a mail shows.
type page struct {
	Title, Organization, Text, Advice, Link, When, Notice, Person string
	Table                                                         notice.Table
}

// letter gives the mail about a notice to a person, but for its sender.
func letter(n notice.Notice, org tenant.Organization, to tenant.Person, baseURL string) Letter {
	n = n.Fit()
	title, advice := wording(n.Kind)
	show := page{Title: title, Advice: advice, Organization: line(org.Name), Text: paragraph(n.Text), Notice: n.ID, Person: to.ID,
		When: n.At.UTC().Format("2 January 2006, 15:04 UTC"), Table: lines(n.Table)}
	if show.Organization == "" {
		show.Organization = org.ID
	}
	if n.Subject != "" {
		show.Link = baseURL + "/v1/" + (&url.URL{Path: line(n.Subject)}).EscapedPath()
	}
	subject := title + ": " + show.Organization
	if len(subject) > maxSubject {
		end := maxSubject
		for !utf8.RuneStart(subject[end]) {
			end--
		}
		subject = subject[:end] + "..."
	}
	return Letter{To: to.Email, Subject: subject, Text: show.plain(), HTML: show.html()}
}

// plain gives the mail as plain text.
func (p page) plain() string {
	var b strings.Builder
	write := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	write("%s\n%s\n\n%s\n", p.Title, p.Organization, p.Text)
	if !p.Table.Empty() {
		write("\n%s", aligned(p.Table))
	}
	write("\nWhat to do: %s\n", p.Advice)
	if p.Link != "" {
		write("\nIt is about %s\n", p.Link)
	}
	write("\nNotice %s of %s. `leadline notices` lists all of them.\n", p.Notice, p.When)
	write("You get this as an admin of %s in Leadline. To get no such mail: leadline people mail %s none\n", p.Organization, p.Person)
	return b.String()
}

// aligned writes a table with its columns below each other.
func aligned(t notice.Table) string {
	all := t.Rows
	if len(t.Columns) > 0 {
		all = append([][]string{t.Columns}, all...)
	}
	var widths []int
	for _, row := range all {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var text strings.Builder
		for i, cell := range row {
			text.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return b.String()
}

// lines gives a table whose cells are of one line each.
func lines(t notice.Table) notice.Table {
	clean := func(cells []string) []string {
		all := make([]string, len(cells))
		for i, cell := range cells {
			all[i] = line(cell)
		}
		return all
	}
	out := notice.Table{Columns: clean(t.Columns)}
	for _, row := range t.Rows {
		out.Rows = append(out.Rows, clean(row))
	}
	return out
}

// line gives a text as one line, without what would make it look like something else.
func line(text string) string { return strings.Join(strings.Fields(paragraph(text)), " ") }

// paragraph gives a text without control characters, line breaks apart, and without those that turn the direction of text.
func paragraph(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text))
}

// wording gives what heads a notice of a kind, and what to do about it.
func wording(k notice.Kind) (title, advice string) {
	switch k {
	case notice.DestinationFailing:
		return "A destination fails", "See why it refuses events, and mend it. What it missed so far is tried again by itself."
	case notice.DestinationDisabled:
		return "A destination was switched off", "Mend it, enable it again, and replay what it missed."
	case notice.SchemaProposed:
		return "A schema wants to change", "Look at the proposal and accept or refuse it. The rows that were set aside wait for that; nothing is lost."
	case notice.JobFailed:
		return "A job failed", "Ask for it again. If it fails again, tell your operator the name of the job."
	case notice.JobDone:
		return "A job is done", "Nothing."
	case notice.ImportDone:
		return "An import is done", "Nothing, if the counts agree. Where they differ, the last column says why."
	case notice.ImportFailed:
		return "An import failed", "See the reason above. What was imported so far stays; an import that is started again goes over it without harm."
	case notice.ConnectionError:
		return "A connection needs a new login", "Give the connection a working key, or connect it anew. Until then nothing comes in; what was missed is fetched afterwards."
	case notice.ConnectionHealed:
		return "A connection works again", "Nothing. What was missed is being fetched."
	case notice.DriftFound:
		return "Records differed from their source", "Nothing at once: what differed was repaired. If it comes again, see whether the source's webhooks reach Leadline."
	case notice.DeletionsHeld:
		return "Deletions wait for you", "See whether these records are really gone at the source, then approve or refuse the deletions. Until then the records stay."
	case notice.ManagersProposed:
		return "Managers were proposed", "Look at who is proposed as whose manager, and confirm or correct it. Nothing counts until you do."
	case notice.DisputeOpened:
		return "A statement is disputed", "Look at the disputed lines, which are kept as they were, then answer, resolve or reject the dispute by the day above."
	case notice.BankChangeWaiting:
		return "New payment details wait for you", "Ask whose they are by a way that you know, not by what came with the change: this is how payments are stolen. Then accept or refuse it."
	}
	return "A notice", "See the notice."
}

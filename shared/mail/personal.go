package mail

import (
	"net/mail"
	"strings"
	"unicode/utf8"
)

// Personal is what a letter to one person says. All of it is text: it is escaped where it becomes HTML.
type Personal struct {
	// From is the address that mail comes from, Organization whose it is.
	From, Organization  string
	To, Subject, Text   string
	Header, HeaderValue string // names what it is about, for a person's filter
	Reason, HowToStop   string // why the person gets it, and what stops it
	Link                string // an address that we made; empty for none
}

// Letter gives the e-mail.
func (p Personal) Letter() Letter {
	organization, subject := line(p.Organization), line(p.Subject)
	if len(subject) > maxSubject {
		end := maxSubject
		for !utf8.RuneStart(subject[end]) {
			end--
		}
		subject = subject[:end] + "..."
	}
	text := paragraph(p.Text)
	var plain strings.Builder
	plain.WriteString(subject + "\n" + organization + "\n\n" + text + "\n")
	var m markup
	m.add(`<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2433;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:640px;margin:0 auto;padding:24px 28px;background:#ffffff;border:1px solid #dfe3ea;border-radius:6px">
<p style="margin:0;color:#5b6577;font-size:13px">Leadline &middot; %s</p>
<h1 style="margin:4px 0 16px;font-size:20px;line-height:1.3">%s</h1>
<p style="margin:0 0 16px;white-space:pre-line">%s</p>
`, subject, organization, subject, text)
	if p.Link != "" {
		plain.WriteString("\n" + p.Link + "\n")
		m.add("<p style=\"margin:0 0 16px\"><a href=\"%s\" style=\"color:#1a56c4\">%s</a></p>\n", p.Link, p.Link)
	}
	plain.WriteString("\n" + line(p.Reason) + " " + line(p.HowToStop) + "\n")
	m.add(`<p style="margin:24px 0 0;color:#5b6577;font-size:12px">%s %s</p>
</div>
</body>
</html>
`, line(p.Reason), line(p.HowToStop))
	return Letter{From: (&mail.Address{Name: "Leadline", Address: p.From}).String(), To: p.To, Subject: subject, Text: plain.String(), HTML: m.String(),
		Headers: []Header{{p.Header, line(p.HeaderValue)}, {autoSubmitted, "auto-generated"}}}
}

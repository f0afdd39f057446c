package crm

import (
	"strconv"
	"strings"
)

// subject is that of the thread, which all its e-mails have.
func (m *Model) subject(thread *Record) string {
	d := NewDice(m.opts.Seed, partContent, uint64(EmailThread), uint64(thread.number), 3)
	return d.pick(m.words.subjects)
}

// body writes a few sentences, once in 40 times some tens of kilobytes of them.
func (m *Model) body(d *Dice) string {
	n := 2 + d.N(5)
	if d.One(40) {
		n = 400 + d.N(500)
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(d.pick(m.words.sentences))
	}
	return b.String()
}

func (m *Model) emailContent(w *writer, r *Record, d *Dice) {
	subject, text := m.subject(r.about), m.body(d)
	user := m.Team.Users[r.user]
	mine, theirs := user.Email, contactEmail(r.contact.number)
	incoming := d.One(2)
	from, to, name, status, direction := mine, theirs, user.Name(), "sent", "outgoing"
	if incoming {
		from, to, name, status, direction = theirs, mine, m.contactNameOf(r), "inbox", "incoming"
	}
	id := "<" + strconv.Itoa(int(r.number)) + "@mail.example.com>"
	w.str("status", status)
	w.str("direction", direction)
	w.str("subject", subject)
	w.str("sender", name+" <"+from+">")
	w.list("to", to)
	w.empty("cc", "bcc")
	w.str("body_text", text)
	w.str("body_html", "<p>"+html(text)+"</p>")
	w.str("body_preview", firstLine(text))
	w.raw("body_text_quoted", "[]")
	in := newWriter(append(w.b, `,"envelope":`...))
	address := func(key, name, email string) {
		one := newWriter(append(in.b, `,"`+key+`":[`...))
		one.str("email", email)
		one.str("name", name)
		in.b = append(one.done(), ']')
	}
	in.str("subject", subject)
	address("from", name, from)
	address("sender", name, from)
	address("to", "", to)
	in.empty("cc", "bcc", "reply_to")
	in.str("message_id", id)
	in.null("in_reply_to")
	in.time("date", r.at)
	w.b = in.done()
	w.str("thread_id", r.about.ID)
	w.list("message_ids", id)
	w.empty("references", "attachments", "opens", "send_attempts")
	w.null("in_reply_to_id", "opens_summary", "template_id", "template_name", "bulk_email_action_id", "send_as_id", "email_account_id",
		"followup_sequence_id", "followup_sequence_delay", "sequence_id", "sequence_name", "sequence_subscription_id", "date_scheduled")
	w.boolean("followup_sequence_add_cc_bcc", false)
	w.boolean("need_smtp_credentials", false)
	w.boolean("has_reply", d.One(3))
	w.time("date_sent", r.at)
}

func (m *Model) threadContent(w *writer, r *Record) {
	subject := m.subject(r)
	w.str("latest_normalized_subject", strings.TrimPrefix(subject, "Re: "))
	w.num("n_emails", int64(r.step))
	w.empty("emails", "latest_emails")
	in := newWriter(append(w.b, `,"participants":[`...))
	in.str("email", contactEmail(r.contact.number))
	in.str("name", m.contactNameOf(r))
	w.b = append(in.done(), ']')
}

// html writes paragraphs. The order of the replacements matters.
func html(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "&", "&amp;"), "<", "&lt;")
	return strings.ReplaceAll(text, "\n\n", "</p><p>")
}

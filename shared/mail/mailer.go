package mail

import (
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"time"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	// lease is how long a mail is a Mailer's: longer than its function lives, so that no two ever send at once.
	lease = 2 * time.Minute
	// reserve is what must be left of the function's time to begin with another person.
	reserve = 10 * time.Second
	// patience is how long a mail is tried that SES does not take: a sender that an operator has yet to verify, a daily
	// quota that is used up.
	patience = 24 * time.Hour
	// firstPause is the wait before the second try, which doubles with each; longestPause is the longest delay of a message.
	firstPause   = time.Minute
	longestPause = 15 * time.Minute
)

// Letter is one e-mail to one person.
type Letter struct {
	From, To, Subject, Text, HTML string
	Headers                       []Header
}

// Header is a header of a Letter.
type Header struct{ Name, Value string }

// The headers of every mail.
const (
	// NoticeHeader names the notice.
	NoticeHeader = "X-Leadline-Notice"
	// autoSubmitted keeps absence notes from answering: https://www.rfc-editor.org/rfc/rfc3834#section-5
	autoSubmitted = "Auto-Submitted"
)

// Sender sends letters. An error that is Invalid says that this letter will never be taken: its address is refused. Any
// other says that a later try may succeed.
type Sender interface {
	Send(ctx context.Context, l Letter) error
}

// Options of a Mailer. All are required, but for From.
type Options struct {
	// Journal is a store.Journal.
	Journal interface {
		Notice(ctx context.Context, organization, id string) (notice.Notice, error)
		SaveMail(ctx context.Context, organization, id string, m notice.Mail) error
	}
	// Organizations is a store.Tenancy, People a store.Members.
	Organizations interface {
		Organization(ctx context.Context, id string) (tenant.Organization, error)
	}
	People interface {
		People(ctx context.Context, organization string, page store.Page) (people []tenant.Person, next string, err error)
	}
	Sender Sender
	// Queue is the deliver queue: a queue.Sender.
	Queue interface {
		SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
	}
	// From is the address that mail comes from; empty where there is none: then nothing is sent, and the notice says so.
	From string
	// BaseURL is where the API is, without a slash at the end.
	BaseURL string
	Now     func() time.Time
	Log     *slog.Logger
}

// Mailer sends the mail about notices. It is safe for concurrent use.
type Mailer struct{ Options }

// New makes a Mailer.
func New(o Options) *Mailer { return &Mailer{o} }

// Deliver does what a message asks for, as far as it is not done. It returns an error only where the message must be
// delivered again. What is to be tried later goes to the queue as a message of its own, so that it neither counts as a
// failure nor ends among the dead letters.
func (m *Mailer) Deliver(ctx context.Context, msg Message) error {
	n, err := m.Journal.Notice(ctx, msg.Organization, msg.Notice)
	if fault.Is(err, fault.NotFound) { // it was stored before the message was sent: it is gone
		return nil
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	now := m.Now().UTC()
	switch {
	case n.Mail.State.Final():
		return nil
	case n.Mail.LeasedUntil.After(now):
		return m.later(ctx, msg, n.Mail.LeasedUntil.Sub(now))
	case m.From == "":
		m.Log.LogAttrs(ctx, slog.LevelInfo, "no e-mail: MAIL_FROM is not set", slog.String(telemetry.KeyOrganization, n.Organization), slog.String("notice", n.ID))
		return m.end(ctx, msg, n.Mail, notice.MailOff, "This installation of Leadline sends no e-mail: it has no sender address (MAIL_FROM).")
	}
	taken, err := m.save(ctx, msg, n.Mail, func(mail *notice.Mail) {
		mail.State, mail.LeasedUntil = notice.MailPending, now.Add(lease)
		mail.Tries++
		if mail.Since.IsZero() {
			mail.Since = now
		}
	})
	switch {
	case fault.Is(err, fault.Conflict): // somebody else was faster
		return m.later(ctx, msg, lease)
	case err != nil:
		return err
	}
	n.Mail = taken
	return m.send(ctx, msg, n)
}

// Miss is Deliver for a message that failed each time before, when the queue delivers it for the last time: it notes that
// the mail is given up.
func (m *Mailer) Miss(ctx context.Context, msg Message) error {
	n, err := m.Journal.Notice(ctx, msg.Organization, msg.Notice)
	if fault.Is(err, fault.NotFound) || err == nil && n.Mail.State.Final() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	telemetry.Count(ctx, "MailGivenUp", 1)
	return m.end(ctx, msg, n.Mail, notice.MailFailed, "Leadline could not send it, by a fault of its own.")
}

// send sends to each person who is not settled yet and notes each. The caller holds the lease.
func (m *Mailer) send(ctx context.Context, msg Message, n notice.Notice) error {
	org, err := m.Organizations.Organization(ctx, n.Organization)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	var waiting []tenant.Person
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]tenant.Person, string, error) {
		return m.People.People(ctx, n.Organization, page)
	}) {
		if err != nil {
			return fmt.Errorf("mail: %w", err)
		}
		if p.GetsNotices() && !n.Mail.Settled(p.ID) {
			waiting = append(waiting, p)
		}
	}
	for i, p := range waiting {
		if late(ctx) {
			return m.release(ctx, msg, n.Mail, "It is being sent.", 0)
		}
		refused, err := m.sendTo(ctx, p, n, org)
		if err != nil {
			return m.putOff(ctx, msg, n.Mail, err)
		}
		note := func(mail *notice.Mail) {
			if refused {
				mail.Refused = append(mail.Refused, p.ID)
			} else {
				mail.Sent = append(mail.Sent, p.ID)
			}
		}
		if i == len(waiting)-1 { // it is noted with the end
			note(&n.Mail)
			break
		}
		if n.Mail, err = m.save(ctx, msg, n.Mail, note); err != nil {
			return m.lost(ctx, msg, err)
		}
	}
	return m.end(ctx, msg, n.Mail, outcome(n.Mail), problem(n.Mail))
}

// sendTo sends to one person, and tells whether that was refused for good.
func (m *Mailer) sendTo(ctx context.Context, p tenant.Person, n notice.Notice, org tenant.Organization) (refused bool, err error) {
	l := letter(n, org, p, m.BaseURL)
	l.From = (&mail.Address{Name: "Leadline", Address: m.From}).String()
	l.Headers = []Header{{NoticeHeader, n.ID}, {autoSubmitted, "auto-generated"}}
	err = m.Sender.Send(ctx, l)
	switch {
	case err == nil:
		telemetry.Count(ctx, "Mailed", 1)
		return false, nil
	case fault.Is(err, fault.Invalid):
		telemetry.Count(ctx, "MailRefused", 1)
		m.Log.LogAttrs(ctx, slog.LevelWarn, "e-mail refused", slog.String(telemetry.KeyOrganization, n.Organization),
			slog.String("notice", n.ID), slog.String("person", p.ID), slog.String(telemetry.KeyError, err.Error()))
		return true, nil
	}
	return false, err
}

// outcome says how a mail ended that everybody was asked to be sent.
func outcome(m notice.Mail) notice.MailState {
	switch {
	case len(m.Sent) > 0:
		return notice.MailSent
	case len(m.Refused) > 0:
		return notice.MailFailed
	}
	return notice.MailNobody
}

func problem(m notice.Mail) string {
	switch {
	case len(m.Refused) > 0:
		return fmt.Sprintf("The mail service refused the address of %d of %d people. Correct it, or turn their mail off.", len(m.Refused), len(m.Refused)+len(m.Sent))
	case len(m.Sent) == 0:
		return "Nobody in the organization gets such mail: it has no owner or admin with an e-mail address who wants it."
	}
	return ""
}

// putOff has a mail tried again that could not be sent for now, and gives it up when it was tried for long enough.
func (m *Mailer) putOff(ctx context.Context, msg Message, mail notice.Mail, why error) error {
	code := ""
	if f := fault.Of(why); f != nil {
		code = f.Code
	}
	m.Log.LogAttrs(ctx, slog.LevelWarn, "e-mail put off", slog.String(telemetry.KeyOrganization, msg.Organization), slog.String("notice", msg.Notice),
		slog.Int("tries", mail.Tries), slog.String(telemetry.KeyFault, string(fault.KindOf(why))), slog.String(telemetry.KeyCode, code),
		slog.String(telemetry.KeyError, why.Error()))
	if m.Now().Sub(mail.Since) >= patience {
		telemetry.Count(ctx, "MailGivenUp", 1)
		telemetry.Fault(ctx, why)
		return m.end(ctx, msg, mail, notice.MailFailed, "The mail service did not take it for a day.")
	}
	telemetry.Count(ctx, "MailPutOff", 1)
	pause := longestPause
	if n := mail.Tries - 1; n < 4 {
		pause = firstPause << max(n, 0)
	}
	return m.release(ctx, msg, mail, "The mail service does not take it for now; it is tried again.", pause)
}

// release gives the lease back and has the mail gone on with after a while.
func (m *Mailer) release(ctx context.Context, msg Message, mail notice.Mail, problem string, after time.Duration) error {
	if _, err := m.save(ctx, msg, mail, func(mail *notice.Mail) { mail.LeasedUntil, mail.Problem = time.Time{}, problem }); err != nil {
		return m.lost(ctx, msg, err)
	}
	return m.later(ctx, msg, after)
}

// end notes that nothing more will be done.
func (m *Mailer) end(ctx context.Context, msg Message, mail notice.Mail, state notice.MailState, problem string) error {
	_, err := m.save(ctx, msg, mail, func(mail *notice.Mail) { mail.State, mail.Problem, mail.LeasedUntil = state, problem, time.Time{} })
	return m.lost(ctx, msg, err)
}

// lost is what follows a save that failed. One that somebody else was faster with may have been our own, its answer lost:
// what stands then is looked at when the lease has run out.
func (m *Mailer) lost(ctx context.Context, msg Message, err error) error {
	if fault.Is(err, fault.Conflict) {
		return m.later(ctx, msg, lease)
	}
	return err
}

// save stores what a change makes of a mail.
func (m *Mailer) save(ctx context.Context, msg Message, mail notice.Mail, change func(*notice.Mail)) (notice.Mail, error) {
	change(&mail)
	mail.At = m.Now().UTC()
	mail.Rev++
	if err := m.Journal.SaveMail(ctx, msg.Organization, msg.Notice, mail); err != nil {
		return notice.Mail{}, fmt.Errorf("mail: note what became of it: %w", err)
	}
	return mail, nil
}

// later has the message come again.
func (m *Mailer) later(ctx context.Context, msg Message, after time.Duration) error {
	body, err := msg.Encode()
	if err != nil {
		return err
	}
	if err := m.Queue.SendAfter(ctx, msg.Organization, body, min(after+time.Second, longestPause)); err != nil {
		return fmt.Errorf("mail: try again later: %w", err)
	}
	return nil
}

// late tells whether too little time is left for another person.
func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

package mail_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/tenant"
)

func offboarded(p *tenant.Person) { p.Status = tenant.Offboarded }
func active(p *tenant.Person)     { p.Status = tenant.Working }
func silent(p *tenant.Person)     { p.Mail = tenant.MailNone }

// TestWhoGetsMail: admins and owners who are there and did not say no, each once.
func TestWhoGetsMail(t *testing.T) {
	w := newWorld(t)
	w.person("per_owner", tenant.Owner)
	w.person("per_admin", tenant.Admin, active)
	w.person("per_gone", tenant.Owner, offboarded)
	w.person("per_silent", tenant.Admin, silent)
	for _, role := range []tenant.Role{tenant.Manager, tenant.Reader, tenant.Ingest} {
		w.person("per_"+string(role), role)
	}
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: "org_other", Name: "Other", Rev: 1}))
	w.must(w.members.CreatePerson(t.Context(), tenant.Person{ID: "per_x", Organization: "org_other", Email: "x@example.com", Role: tenant.Owner, Rev: 1}, nil))
	w.tell(notice.ConnectionError)
	w.run(mail.New(w.options))
	if got := w.to(); !slices.Equal(got, []string{"per_admin@example.com", "per_owner@example.com"}) {
		t.Errorf("sent to %q", got)
	}
	l := w.sent[0]
	if l.From != `"Leadline" <notices@leadline.test>` || !slices.Contains(l.Headers, mail.Header{Name: mail.NoticeHeader, Value: noticeID}) ||
		!slices.Contains(l.Headers, mail.Header{Name: "Auto-Submitted", Value: "auto-generated"}) {
		t.Errorf("sent as %+v", l)
	}
	if m := w.mail(); m.State != notice.MailSent || !slices.Equal(m.Sent, []string{"per_admin", "per_owner"}) || m.Problem != "" ||
		!m.LeasedUntil.IsZero() || m.Tries != 1 || !m.Since.Equal(start()) {
		t.Errorf("noted: %+v", m)
	}
	if strings.Contains(w.log.String(), "@example.com") {
		t.Errorf("an address is in the log: %s", w.log.String())
	}
}

// TestOneMailHoweverOftenItIsAskedFor: told again, delivered again, by other tellers and other functions.
func TestOneMailHoweverOftenItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	for range 3 {
		w.tell(notice.ImportDone)
	}
	if len(w.queue) != 3 {
		t.Fatalf("%d messages: what was told by another is posted again, for that one may have died", len(w.queue))
	}
	w.run(mail.New(w.options))
	w.tell(notice.ImportDone)
	w.run(mail.New(w.options))
	if got := w.to(); len(got) != 1 {
		t.Errorf("sent to %q", got)
	}
}

// interrupted is a mail service in the middle of whose first call something else happens.
type interrupted struct {
	*world
	do func()
}

func (i *interrupted) Send(ctx context.Context, l mail.Letter) error {
	if do := i.do; do != nil {
		i.do = nil
		do()
	}
	return i.world.Send(ctx, l)
}

// TestWhoSendsIsAlone: a function that comes while another is sending sends nothing, and comes again.
func TestWhoSendsIsAlone(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	w.person("per_b", tenant.Admin)
	n := w.tell(notice.ImportDone)
	w.queue = nil
	o := w.options
	o.Sender = &interrupted{w, func() {
		w.must(mail.New(w.options).Deliver(t.Context(), mail.About(n)))
		if len(w.to()) != 0 || len(w.queue) != 1 {
			t.Errorf("sent to %q while another sends; %d messages for later", w.to(), len(w.queue))
		}
	}}
	w.must(mail.New(o).Deliver(t.Context(), mail.About(n)))
	w.run(mail.New(w.options))
	if got := w.to(); !slices.Equal(got, []string{"per_a@example.com", "per_b@example.com"}) || w.mail().Tries != 1 {
		t.Errorf("sent to %q: %+v", got, w.mail())
	}
}

// TestManyFunctionsAtOnceSendOneMail to each, whoever is first.
func TestManyFunctionsAtOnceSendOneMail(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"per_a", "per_b", "per_c"} {
		w.person(id, tenant.Admin)
	}
	n := w.tell(notice.DriftFound)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := mail.New(w.options).Deliver(t.Context(), mail.About(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.run(mail.New(w.options))
	if got := w.to(); !slices.Equal(got, []string{"per_a@example.com", "per_b@example.com", "per_c@example.com"}) {
		t.Errorf("sent to %q", got)
	}
}

// TestACrashBetweenAnyTwoSteps ends with everybody having been sent the mail, once: twice only where the function died
// between the sending and the note of it.
func TestACrashBetweenAnyTwoSteps(t *testing.T) {
	seen := map[string]bool{}
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.person("per_a", tenant.Admin)
			w.person("per_b", tenant.Admin)
			w.tell(notice.ImportFailed)
			f := &flaky{world: w, at: at, after: after}
			w.run(f.mailer())
			if !f.failed {
				break
			}
			seen[f.what] = true
			limit := 2
			if f.what == "send" && after || f.what == "save" && !after {
				limit = 3
			}
			got := w.to()
			if len(got) > limit || !slices.Contains(got, "per_a@example.com") || !slices.Contains(got, "per_b@example.com") {
				t.Errorf("%s: sent to %q", f, got)
			}
			if m := w.mail(); m.State != notice.MailSent || len(m.Sent) != 2 {
				t.Errorf("%s: noted %+v", f, m)
			}
		}
	}
	for _, what := range []string{"read", "save", "organization", "people", "send"} {
		if !seen[what] {
			t.Errorf("%s never failed", what)
		}
	}
}

// TestALeaseHoldsOthersOff for as long as its function may live, and no longer.
func TestALeaseHoldsOthersOff(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	n := w.tell(notice.ImportDone)
	w.must(w.journal.SaveMail(t.Context(), organization, noticeID, notice.Mail{State: notice.MailPending, LeasedUntil: start().Add(2 * time.Minute), Tries: 1, Since: start(), Rev: 1}))
	w.queue = nil
	m := mail.New(w.options)
	w.must(m.Deliver(t.Context(), mail.About(n)))
	if len(w.to()) != 0 || len(w.queue) != 1 {
		t.Fatalf("sent to %q while another does; %d messages for later", w.to(), len(w.queue))
	}
	w.run(m)
	if got := w.to(); len(got) != 1 || w.now().Before(start().Add(2*time.Minute)) || w.now().After(start().Add(3*time.Minute)) {
		t.Errorf("sent to %q at %s", got, w.now())
	}
}

// TestLimitsOfTheMailService are waited for, ever longer, without a failure of the queue.
func TestLimitsOfTheMailService(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	w.person("per_b", tenant.Admin)
	var tries []time.Duration
	w.answer = func(l mail.Letter) error {
		if l.To == "per_b@example.com" {
			if tries = append(tries, w.clock.Sub(start()).Round(time.Minute)); len(tries) < 7 {
				return fault.New(fault.RateLimited, "throttled", "at its limit")
			}
		}
		return nil
	}
	n := w.tell(notice.ImportDone)
	w.queue = nil
	m := mail.New(w.options)
	w.must(m.Deliver(t.Context(), mail.About(n)))
	if pending := w.mail(); pending.State != notice.MailPending || pending.Problem == "" || !pending.LeasedUntil.IsZero() || !slices.Equal(pending.Sent, []string{"per_a"}) {
		t.Errorf("in between: %+v", pending)
	}
	w.run(m)
	want := []time.Duration{0, 1, 3, 7, 15, 30, 45}
	for i := range want {
		want[i] *= time.Minute
	}
	if !slices.Equal(tries, want) || len(w.to()) != 2 {
		t.Errorf("tried after %v, sent to %q", tries, w.to())
	}
	if m := w.mail(); m.State != notice.MailSent || m.Problem != "" || m.Tries != 7 {
		t.Errorf("noted: %+v", m)
	}
}

// TestPatienceEnds: a mail service that takes nothing for a day is given up, and the notice says so.
func TestPatienceEnds(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	w.answer = func(mail.Letter) error { return fault.New(fault.Internal, "mail_not_set_up", "not verified") }
	w.tell(notice.ImportDone)
	w.run(mail.New(w.options))
	if m := w.mail(); m.State != notice.MailFailed || m.Problem == "" || m.Tries < 90 || m.Tries > 110 || w.now().Sub(start()) > 25*time.Hour {
		t.Errorf("after %s: %+v", w.now().Sub(start()), m)
	}
	if !strings.Contains(w.log.String(), `"code":"mail_not_set_up"`) {
		t.Error("the log does not say why")
	}
}

// TestARefusedAddress is noted and not tried again; the others get their mail.
func TestARefusedAddress(t *testing.T) {
	for name, test := range map[string]struct {
		refused []string
		state   notice.MailState
		says    string
	}{
		"one":  {[]string{"per_a"}, notice.MailSent, "1 of 2 people"},
		"last": {[]string{"per_b"}, notice.MailSent, "1 of 2 people"},
		"all":  {[]string{"per_a", "per_b"}, notice.MailFailed, "2 of 2 people"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person("per_a", tenant.Admin)
			w.person("per_b", tenant.Admin)
			tried := 0
			w.answer = func(l mail.Letter) error {
				tried++
				if slices.Contains(test.refused, strings.TrimSuffix(l.To, "@example.com")) {
					return fault.New(fault.Invalid, "mail_refused", "refused")
				}
				return nil
			}
			w.tell(notice.ImportDone)
			w.run(mail.New(w.options))
			m := w.mail()
			if m.State != test.state || !slices.Equal(m.Refused, test.refused) || len(m.Sent) != 2-len(test.refused) || !strings.Contains(m.Problem, test.says) || tried != 2 {
				t.Errorf("tried %d times: %+v", tried, m)
			}
			if strings.Contains(w.log.String(), "@example.com") || !strings.Contains(w.log.String(), test.refused[0]) {
				t.Errorf("the log: %s", w.log.String())
			}
		})
	}
}

// TestWithoutASender nothing is sent, and the notice and the log say so.
func TestWithoutASender(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	w.options.From = ""
	w.tell(notice.ImportDone)
	w.run(mail.New(w.options))
	if m := w.mail(); m.State != notice.MailOff || !strings.Contains(m.Problem, "MAIL_FROM") || len(w.to()) != 0 {
		t.Errorf("sent to %q: %+v", w.to(), m)
	}
	if !strings.Contains(w.log.String(), "MAIL_FROM") {
		t.Errorf("the log: %s", w.log.String())
	}
}

func TestNobodyToSendTo(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Reader)
	w.tell(notice.ImportDone)
	w.run(mail.New(w.options))
	if m := w.mail(); m.State != notice.MailNobody || m.Problem == "" || len(w.to()) != 0 {
		t.Errorf("sent to %q: %+v", w.to(), m)
	}
}

// TestWhatIsGone makes no mail and no failure.
func TestWhatIsGone(t *testing.T) {
	w := newWorld(t)
	m := mail.New(w.options)
	for _, do := range []func(context.Context, mail.Message) error{m.Deliver, m.Miss} {
		if err := do(t.Context(), mail.Message{Organization: organization, Notice: "01NONE"}); err != nil || len(w.queue)+len(w.to()) != 0 {
			t.Errorf("%v, %d messages, sent to %q", err, len(w.queue), w.to())
		}
	}
}

// TestMiss notes that a mail is given up, but for one that is done.
func TestMiss(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	n := w.tell(notice.ImportDone)
	m := mail.New(w.options)
	w.must(m.Miss(t.Context(), mail.About(n)))
	if m := w.mail(); m.State != notice.MailFailed || m.Problem == "" {
		t.Errorf("%+v", m)
	}
	w.run(m)
	if len(w.to()) != 0 {
		t.Error("what was given up was sent")
	}
	w = newWorld(t)
	w.person("per_a", tenant.Admin)
	w.tell(notice.ImportDone)
	m = mail.New(w.options)
	w.run(m)
	w.must(m.Miss(t.Context(), mail.About(n)))
	if m := w.mail(); m.State != notice.MailSent {
		t.Errorf("%+v", m)
	}
}

// TestShortOfTime goes on in another invocation, with those who are left.
func TestShortOfTime(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	w.person("per_b", tenant.Admin)
	n := w.tell(notice.ImportDone)
	w.queue = nil
	short, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	m := mail.New(w.options)
	w.must(m.Deliver(short, mail.About(n)))
	if len(w.to()) != 0 || len(w.queue) != 1 || !w.mail().LeasedUntil.IsZero() {
		t.Fatalf("sent to %q, %d messages, %+v", w.to(), len(w.queue), w.mail())
	}
	w.run(m)
	if got := w.to(); len(got) != 2 {
		t.Errorf("sent to %q", got)
	}
}

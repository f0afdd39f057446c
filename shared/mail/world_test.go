package mail_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	organization = "org_0a1b2c3d4e5f"
	noticeID     = "01KANQ7P0000000000000000N1"
)

func start() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

// world is an organization, its deliver queue as a list of messages, and a mail service that remembers what it was given.
type world struct {
	t       *testing.T
	journal *memory.Journal
	tenancy *memory.Tenancy
	members *memory.Members
	options mail.Options
	log     bytes.Buffer

	mu     sync.Mutex
	clock  time.Time
	queue  []queued
	sent   []mail.Letter
	answer func(mail.Letter) error
}

type queued struct {
	at   time.Time
	body []byte
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, journal: memory.NewJournal(), tenancy: memory.NewTenancy(), clock: start(), answer: func(mail.Letter) error { return nil }}
	w.members = memory.NewMembers(w.tenancy)
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, Name: "Acme", Rev: 1}))
	w.options = mail.Options{Journal: w.journal, Organizations: w.tenancy, People: w.members, Sender: w, Queue: w,
		From: "notices@leadline.test", BaseURL: "https://leadline.test", Now: w.now, Log: slog.New(slog.NewJSONHandler(&w.log, nil))}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// Send is a mail.Sender.
func (w *world) Send(_ context.Context, l mail.Letter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.answer(l); err != nil {
		return err
	}
	w.sent = append(w.sent, l)
	return nil
}

// SendAfter is the deliver queue.
func (w *world) SendAfter(_ context.Context, group string, body []byte, delay time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if group != organization || delay > 15*time.Minute || delay < 0 {
		w.t.Errorf("sent to the group %q after %s", group, delay)
	}
	w.queue = append(w.queue, queued{w.clock.Add(delay), body})
	return nil
}

// posts is the queue of tellers.
type posts struct{ *world }

func (p posts) Send(ctx context.Context, group string, body []byte) error {
	return p.SendAfter(ctx, group, body, 0)
}

func (w *world) person(id string, role tenant.Role, change ...func(*tenant.Person)) {
	w.t.Helper()
	p := tenant.Person{ID: id, Organization: organization, Email: id + "@example.com", Name: id, Role: role, Status: tenant.Invited, Rev: 1}
	for _, c := range change {
		c(&p)
	}
	w.must(w.members.CreatePerson(w.t.Context(), p, nil))
}

func (w *world) tell(kind notice.Kind) notice.Notice {
	w.t.Helper()
	n := notice.Notice{ID: noticeID, Organization: organization, At: start(), Kind: kind, Subject: "connections/conn_1", Text: "It happened."}
	_, err := mail.NewTeller(w.journal, posts{w}, w.now).Tell(w.t.Context(), n)
	w.must(err)
	return n
}

// next takes the message that is due first, and lets the clock go on to it.
func (w *world) next() (mail.Message, bool) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return mail.Message{}, false
	}
	slices.SortStableFunc(w.queue, func(a, b queued) int { return a.at.Compare(b.at) })
	first := w.queue[0]
	w.queue = w.queue[1:]
	if first.at.After(w.clock) {
		w.clock = first.at
	}
	m, err := mail.Decode(first.body)
	if err != nil {
		w.t.Fatal(err)
	}
	return m, true
}

// run delivers until the queue is empty. What fails comes again after six minutes.
func (w *world) run(m *mail.Mailer) {
	w.t.Helper()
	for n := 0; ; n++ {
		msg, more := w.next()
		if !more {
			return
		}
		if n == 500 {
			w.t.Fatal("there is no end to it")
		}
		if m.Deliver(w.t.Context(), msg) != nil {
			body, err := msg.Encode()
			w.must(err)
			w.mu.Lock()
			w.queue = append(w.queue, queued{w.clock.Add(6 * time.Minute), body})
			w.mu.Unlock()
		}
	}
}

func (w *world) mail() notice.Mail {
	w.t.Helper()
	n, err := w.journal.Notice(w.t.Context(), organization, noticeID)
	w.must(err)
	return n.Mail
}

// to lists the addresses that were sent to, in order.
func (w *world) to() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, l := range w.sent {
		all = append(all, l.To)
	}
	return all
}

func down() error { return fault.New(fault.Unavailable, "down", "down") }

// flaky fails once, at the n-th call, before or after it does what it is asked for.
type flaky struct {
	*world
	at    int
	after bool

	calls  int
	failed bool
	what   string
}

func (f *flaky) flip(what string, do func() error) error {
	f.calls++
	if f.calls != f.at {
		return do()
	}
	f.failed, f.what = true, what
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return down()
}

func (f *flaky) Notice(ctx context.Context, organization, id string) (n notice.Notice, err error) {
	err = f.flip("read", func() error { n, err = f.journal.Notice(ctx, organization, id); return err })
	return n, err
}

func (f *flaky) SaveMail(ctx context.Context, organization, id string, m notice.Mail) error {
	return f.flip("save", func() error { return f.journal.SaveMail(ctx, organization, id, m) })
}

func (f *flaky) Organization(ctx context.Context, id string) (o tenant.Organization, err error) {
	err = f.flip("organization", func() error { o, err = f.tenancy.Organization(ctx, id); return err })
	return o, err
}

func (f *flaky) People(ctx context.Context, organization string, p store.Page) (people []tenant.Person, next string, err error) {
	err = f.flip("people", func() error { people, next, err = f.members.People(ctx, organization, p); return err })
	return people, next, err
}

func (f *flaky) SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error {
	return f.flip("queue", func() error { return f.world.SendAfter(ctx, group, body, delay) })
}

func (f *flaky) Send(ctx context.Context, l mail.Letter) error {
	return f.flip("send", func() error { return f.world.Send(ctx, l) })
}

func (f *flaky) mailer() *mail.Mailer {
	o := f.options
	o.Journal, o.Organizations, o.People, o.Queue, o.Sender = f, f, f, f, f
	return mail.New(o)
}

func (f *flaky) String() string { return fmt.Sprintf("%s (call %d), after %v", f.what, f.at, f.after) }

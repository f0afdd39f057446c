package mail_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// TestTellerPostsWhatIsMailed and nothing else.
func TestTellerPostsWhatIsMailed(t *testing.T) {
	for _, kind := range notice.Kinds() {
		w := newWorld(t)
		n := w.tell(kind)
		stored, err := w.journal.Notice(t.Context(), organization, noticeID)
		if err != nil || stored.Kind != kind || stored.Text != n.Text {
			t.Errorf("%s: stored %+v, %v", kind, stored, err)
		}
		if posted := len(w.queue) == 1; posted != kind.Mailed() {
			t.Errorf("%s: %d messages", kind, len(w.queue))
		}
	}
}

// TestATellerPostsOnce however often it tells the same, until an hour has gone by; it is still asked whether it is new.
func TestATellerPostsOnce(t *testing.T) {
	w := newWorld(t)
	teller := mail.NewTeller(w.journal, anyGroup{w}, w.now)
	n := notice.Notice{ID: noticeID, Organization: organization, Kind: notice.SchemaProposed, Text: strings.Repeat("x", 9000)}
	for i := range 3 {
		fresh, err := teller.Tell(t.Context(), n)
		if err != nil || fresh != (i == 0) {
			t.Errorf("told %d times: new %v, %v", i+1, fresh, err)
		}
	}
	if len(w.queue) != 1 {
		t.Errorf("%d messages", len(w.queue))
	}
	other := n
	other.Organization = "org_other"
	if _, err := teller.Tell(t.Context(), other); err != nil || len(w.queue) != 2 {
		t.Errorf("%d messages, %v", len(w.queue), err)
	}
	w.clock = w.clock.Add(61 * time.Minute)
	if _, err := teller.Tell(t.Context(), n); err != nil || len(w.queue) != 3 {
		t.Errorf("%d messages, %v", len(w.queue), err)
	}
	if stored, err := w.journal.Notice(t.Context(), organization, noticeID); err != nil || len(stored.Text) > 4000 {
		t.Errorf("a text of %d bytes was stored, %v", len(stored.Text), err)
	}
}

// anyGroup is the queue for whatever organization.
type anyGroup struct{ *world }

func (a anyGroup) Send(_ context.Context, _ string, body []byte) error {
	a.queue = append(a.queue, queued{a.clock, body})
	return nil
}

// downOnce is a queue that fails the first time.
type downOnce struct {
	posts
	failed *bool
}

func (d downOnce) Send(ctx context.Context, group string, body []byte) error {
	if !*d.failed {
		*d.failed = true
		return down()
	}
	return d.posts.Send(ctx, group, body)
}

// failingJournal stores no notice.
type failingJournal struct{ store.Journal }

func (failingJournal) Tell(context.Context, notice.Notice) (bool, error) { return false, down() }

// TestACrashOfATeller loses no mail: the notice is stored, the message is not sent, and whoever told it tells it again.
func TestACrashOfATeller(t *testing.T) {
	w := newWorld(t)
	w.person("per_a", tenant.Admin)
	failed := false
	teller := mail.NewTeller(w.journal, downOnce{posts{w}, &failed}, w.now)
	n := notice.Notice{ID: noticeID, Organization: organization, Kind: notice.ImportDone, Text: "Done."}
	if _, err := teller.Tell(t.Context(), n); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("it did not fail: %v", err)
	}
	if fresh, err := teller.Tell(t.Context(), n); err != nil || fresh {
		t.Fatalf("told again: new %v, %v", fresh, err)
	}
	w.run(mail.New(w.options))
	if got := w.to(); len(got) != 1 {
		t.Errorf("sent to %q", got)
	}
	if _, err := mail.NewTeller(failingJournal{w.journal}, posts{w}, w.now).Tell(t.Context(), n); !fault.Is(err, fault.Unavailable) || len(w.queue) != 0 {
		t.Errorf("a notice that is not stored was posted: %v", err)
	}
}

func TestMessages(t *testing.T) {
	text, err := mail.About(notice.Notice{Organization: organization, ID: noticeID}).Encode()
	if err != nil || string(text) != `{"v":1,"kind":"mail","organization":"org_0a1b2c3d4e5f","notice":"01KANQ7P0000000000000000N1"}` {
		t.Fatalf("%s, %v: a message under way must stay readable", text, err)
	}
	for message, want := range map[string]string{string(text): "mail", `{"v":1,"organization":"o"}`: "", `{`: "", `{"kind":7}`: "", `{"kind":"fax"}`: "fax"} {
		if got := mail.KindOf([]byte(message)); got != want {
			t.Errorf("%s is of the kind %q", message, got)
		}
	}
	if m, err := mail.Decode(text); err != nil || m.Organization != organization || m.Notice != noticeID {
		t.Errorf("%+v, %v", m, err)
	}
	for _, wrong := range []string{`{`, `{"v":1,"organization":"o","notice":"n"}`, `{"v":2,"kind":"mail","organization":"o","notice":"n"}`,
		`{"v":1,"kind":"mail","notice":"n"}`, `{"v":1,"kind":"mail","organization":"o"}`} {
		if m, err := mail.Decode([]byte(wrong)); err == nil {
			t.Errorf("%s was read as %+v", wrong, m)
		}
	}
}

package post_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/nudge"
	"leadline/shared/nudge/post"
	"leadline/shared/outbound"
	"leadline/shared/roster"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	organization = "org_0a1b2c3d4e5f"
	member       = "mem_ada000000001"
)

// world is a poster over memory; Slack is a server on this machine.
type world struct {
	t       *testing.T
	now     time.Time
	nudges  *memory.Nudges
	members *memory.Members
	mails   []mail.Letter
	err     error // of the mail service
	slack   []string
	status  int
	later   []time.Duration
	poster  *post.Poster
	log     strings.Builder
	box     secret.Box
	url     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	tenancy, keyring := memory.NewTenancy(), secrettest.NewKeyring(t)
	w := &world{t: t, now: time.Date(2026, 11, 18, 11, 0, 0, 0, time.UTC), nudges: memory.NewNudges(tenancy), members: memory.NewMembers(tenancy), status: 200}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.slack = append(w.slack, string(body))
		rw.Header().Set("Retry-After", "120")
		rw.WriteHeader(w.status)
		_, _ = io.WriteString(rw, "no_service")
	}))
	t.Cleanup(server.Close)
	key, err := keyring.NewDataKey(t.Context(), organization)
	w.must(err)
	w.must(tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, DataKey: key}))
	box, err := keyring.Open(t.Context(), organization, key)
	w.must(err)
	w.box, w.url = box, server.URL+"/services/5ecret"
	people := memory.NewRoster(tenancy)
	w.must(people.SaveMembers(t.Context(), organization, []roster.Member{{ID: member, Organization: organization, Name: "Ada", Email: "ada@crm.example.com", Person: "per_ada", Rev: 1}}, 0, nil))
	w.poster = post.New(post.Options{Nudges: w.nudges, Members: people, People: w.members, Organizations: tenancy, Keyring: keyring, Mail: w,
		Client: outbound.NewClient(outbound.ClientOptions{AllowLoopback: true}), Queue: w, From: "nudges@leadline.test", Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(&w.log, nil))})
	s := nudge.Default(organization)
	s.Webhook, s.Rev = box.Seal(secret.PurposeSlack, []byte(w.url)), 1
	w.must(w.nudges.SaveNudgeSetup(t.Context(), s))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Send is the mail service.
func (w *world) Send(_ context.Context, l mail.Letter) error {
	w.mails = append(w.mails, l)
	return w.err
}

// SendAfter is the deliver queue.
func (w *world) SendAfter(_ context.Context, _ string, _ []byte, delay time.Duration) error {
	w.later = append(w.later, delay)
	return nil
}

// tell stores a nudge that goes by some channels, and gives the message about it.
func (w *world) tell(ways ...nudge.Channel) post.Message {
	w.t.Helper()
	n := nudge.Nudge{ID: "01A", Organization: organization, Member: member, At: w.now, Rule: "near_tier", Kind: nudge.NearTier, Outcome: nudge.Sent, Rev: 1}
	for _, c := range ways {
		n.Posts = append(n.Posts, nudge.Post{Channel: c, Subject: "2 <deals>\r\nBcc: x", Text: "<b>2</b> & more", State: nudge.PostWaiting})
	}
	_, err := w.nudges.TellNudge(w.t.Context(), n)
	w.must(err)
	return post.About(n)
}

func (w *world) state(c nudge.Channel) nudge.Post {
	w.t.Helper()
	n, err := w.nudges.Nudge(w.t.Context(), organization, member, "01A")
	w.must(err)
	return *n.By(c)
}

// TestBoth ways are gone once, and the mail holds text, whatever that holds.
func TestBothWays(t *testing.T) {
	w := newWorld(t)
	m := w.tell(nudge.Email, nudge.Slack)
	for range 3 {
		w.must(w.poster.Deliver(t.Context(), m))
	}
	if len(w.mails) != 1 || len(w.slack) != 1 || len(w.later) != 0 {
		t.Fatalf("%d mails, %d posts, %d to come", len(w.mails), len(w.slack), len(w.later))
	}
	l := w.mails[0]
	if l.To != "ada@crm.example.com" || strings.ContainsAny(l.Subject, "\r\n") || !strings.Contains(l.HTML, "&lt;b&gt;2&lt;/b&gt; &amp; more") || strings.Contains(l.HTML, "<b>") ||
		!slices.Contains(l.Headers, mail.Header{Name: post.Header, Value: "01A"}) || !strings.Contains(l.Text, "leadline nudges mute near_tier --channel email") {
		t.Errorf("%+v", l)
	}
	var body struct {
		Text   string `json:"text"`
		Parse  string `json:"parse"`
		Blocks []struct {
			Text struct {
				Text     string `json:"text"`
				Verbatim bool   `json:"verbatim"`
			} `json:"text"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal([]byte(w.slack[0]), &body); err != nil || body.Parse != "none" || len(body.Blocks) != 1 || !body.Blocks[0].Text.Verbatim || body.Text != "<b>2</b> & more" {
		t.Errorf("%s, %v", w.slack[0], err)
	}
}

// TestWhatBecomesOfAPost is the table of what the other side may do.
func TestWhatBecomesOfAPost(t *testing.T) {
	for _, c := range []struct {
		name   string
		way    nudge.Channel
		err    error
		status int
		want   nudge.PostState
		again  time.Duration
	}{
		{"taken", nudge.Email, nil, 0, nudge.PostSent, 0},
		{"an address that is refused", nudge.Email, fault.New(fault.Invalid, "x", "no"), 0, nudge.PostFailed, 0},
		{"a limit", nudge.Email, fault.New(fault.RateLimited, "x", "no"), 0, nudge.PostWaiting, time.Minute + time.Second},
		{"a sender that is not set up", nudge.Email, fault.New(fault.Internal, "x", "no"), 0, nudge.PostWaiting, time.Minute + time.Second},
		{"no answer", nudge.Email, fault.New(fault.Unavailable, "x", "no"), 0, nudge.PostUnknown, 0},
		{"an error of nobody's", nudge.Email, errors.New("no"), 0, nudge.PostUnknown, 0},
		{"Slack takes it", nudge.Slack, nil, 200, nudge.PostSent, 0},
		{"Slack is at its limit", nudge.Slack, nil, 429, nudge.PostWaiting, 2*time.Minute + time.Second},
		{"the channel is gone", nudge.Slack, nil, 404, nudge.PostFailed, 0},
		{"a redirect", nudge.Slack, nil, 302, nudge.PostFailed, 0},
		{"Slack fails", nudge.Slack, nil, 500, nudge.PostUnknown, 0},
	} {
		w := newWorld(t)
		w.err, w.status = c.err, c.status
		m := w.tell(c.way)
		w.must(w.poster.Deliver(t.Context(), m))
		got := w.state(c.way)
		var again time.Duration
		if len(w.later) > 0 {
			again = w.later[0]
		}
		if got.State != c.want || again != c.again || (got.State == nudge.PostSent) != (got.Problem == "") {
			t.Errorf("%s: %+v, again after %s", c.name, got, again)
		}
		if strings.Contains(got.Problem+w.log.String(), "5ecret") {
			t.Errorf("%s: the webhook is told: %q", c.name, got.Problem)
		}
		if c.want == nudge.PostWaiting {
			w.now = w.now.Add(7 * time.Hour)
			w.must(w.poster.Deliver(t.Context(), m))
			if got := w.state(c.way); got.State != nudge.PostFailed {
				t.Errorf("%s: after hours: %+v", c.name, got)
			}
		}
	}
}

// TestAClaimThatIsOver is not sent again: nobody knows whether it was.
func TestAClaimThatIsOver(t *testing.T) {
	w := newWorld(t)
	m := w.tell(nudge.Email)
	n, err := w.nudges.Nudge(t.Context(), organization, member, "01A")
	w.must(err)
	n.Posts[0].State, n.Posts[0].LeasedUntil, n.Rev = nudge.PostSending, w.now.Add(time.Minute), 2
	w.must(w.nudges.SaveNudge(t.Context(), n))
	w.must(w.poster.Deliver(t.Context(), m))
	if len(w.mails) != 0 || len(w.later) != 1 || w.later[0] != time.Minute+time.Second {
		t.Fatalf("%d mails, to come after %v", len(w.mails), w.later)
	}
	w.now = w.now.Add(2 * time.Minute)
	w.must(w.poster.Deliver(t.Context(), m))
	if got := w.state(nudge.Email); got.State != nudge.PostUnknown || len(w.mails) != 0 {
		t.Errorf("%+v, %d mails", got, len(w.mails))
	}
}

// TestNobodyToSendTo: who opted out, left or is gone meanwhile is not sent anything.
func TestNobodyToSendTo(t *testing.T) {
	for name, change := range map[string]func(*world){
		"opted out": func(w *world) {
			w.must(w.nudges.SaveNudgePreference(t.Context(), nudge.Preference{Organization: organization, Member: member, Off: true, Rev: 1}))
		},
		"left": func(w *world) {
			w.must(w.members.CreatePerson(t.Context(), tenant.Person{ID: "per_ada", Organization: organization, Email: "ada@example.com", Status: tenant.Offboarded, Rev: 1}, nil))
		},
		"wants no mail": func(w *world) {
			w.must(w.members.CreatePerson(t.Context(), tenant.Person{ID: "per_ada", Organization: organization, Email: "ada@example.com", Mail: tenant.MailNone, Rev: 1}, nil))
		},
		"no sender": func(w *world) { w.poster.From = "" },
	} {
		w := newWorld(t)
		m := w.tell(nudge.Email)
		change(w)
		w.must(w.poster.Deliver(t.Context(), m))
		if got := w.state(nudge.Email); got.State != nudge.PostOff || got.Problem == "" || len(w.mails) != 0 {
			t.Errorf("%s: %+v, %d mails", name, got, len(w.mails))
		}
	}
}

// TestTheLastTime gives up what was not sent.
func TestTheLastTime(t *testing.T) {
	w := newWorld(t)
	m := w.tell(nudge.Email)
	w.must(w.poster.Miss(t.Context(), m))
	w.must(w.poster.Miss(t.Context(), m))
	if got := w.state(nudge.Email); got.State != nudge.PostFailed || len(w.mails) != 0 {
		t.Errorf("%+v", got)
	}
	gone := m
	gone.Nudge = "01B"
	w.must(w.poster.Miss(t.Context(), gone))
	w.must(w.poster.Deliver(t.Context(), gone))
}

func TestMessages(t *testing.T) {
	m := post.Message{Organization: "o", Member: "m", Nudge: "n"}
	text, err := m.Encode()
	if got, err2 := post.Decode(text); err != nil || err2 != nil || got.Nudge != "n" || mail.KindOf(text) != post.Kind {
		t.Errorf("%s: %+v, %v, %v", text, got, err, err2)
	}
	for _, wrong := range []string{`{`, `{"kind":"mail","v":1}`, `{"kind":"nudge","v":2,"organization":"o","member":"m","nudge":"n"}`, `{"kind":"nudge","v":1,"organization":"o"}`} {
		if _, err := post.Decode([]byte(wrong)); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestWebhooks(t *testing.T) {
	for url, want := range map[string]bool{
		"https://hooks.slack.com/services/T0/B0/x": true, "https://hooks.slack-gov.com/services/T0/B0/x": true, "https://example.com/services/T0/B0/x": false,
		"https://hooks.slack.com.example.com/services/x": false, "https://hooks.slack.com/x": false, "http://hooks.slack.com/services/x": false,
		"https://hooks.slack.com/services/x#y": false, "": false, "https://127.0.0.1/services/x": false,
	} {
		if err := post.CheckWebhook(url, false); (err == nil) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := post.CheckWebhook("http://127.0.0.1:9/x", true); err != nil {
		t.Error(err)
	}
	if post.Hint("abcdef") != "cdef" || post.Hint("ab") != "ab" {
		t.Error("the hint is not the end")
	}
}

package post

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/nudge"
	"leadline/shared/roster"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	// lease is how long a post is a sender's: longer than its function lives.
	lease = 2 * time.Minute
	// reserve is what must be left of the function's time to begin with a post: longer than an attempt takes.
	reserve = 18 * time.Second
	// patience is how long a post is tried that is not taken: what a nudge says does not keep for longer.
	patience = 6 * time.Hour
	// firstPause is the wait before the second try, which doubles with each; longestPause is the longest delay of a message.
	firstPause   = time.Minute
	longestPause = 15 * time.Minute
)

// Header names the nudge in each e-mail.
const Header = "X-Leadline-Nudge"

// People finds the accounts of members: a store.Members.
type People interface {
	Person(ctx context.Context, organization, id string) (tenant.Person, error)
}

// Options of a Poster. All are required, but for From.
type Options struct {
	Nudges store.Nudges
	// Members is a store.Roster, People a store.Members, Organizations a store.Tenancy.
	Members interface {
		Member(ctx context.Context, organization, id string) (roster.Member, error)
	}
	People        People
	Organizations interface {
		Organization(ctx context.Context, id string) (tenant.Organization, error)
	}
	Keyring *secret.Keyring
	Mail    mail.Sender
	Client  Client
	// Queue is the deliver queue: a queue.Sender.
	Queue interface {
		SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
	}
	// From is the address that mail comes from; empty where there is none.
	From string
	Now  func() time.Time
	Log  *slog.Logger
}

// Poster sends nudges. It is safe for concurrent use.
type Poster struct{ Options }

// New makes a Poster.
func New(o Options) *Poster { return &Poster{o} }

// Address gives where a member gets e-mail: at the account with which he or she signs in, or where the CRM says; empty for who
// left, or wants none.
func Address(ctx context.Context, people People, m roster.Member) (string, error) {
	if m.Person == "" {
		return m.Email, nil
	}
	p, err := people.Person(ctx, m.Organization, m.Person)
	switch {
	case fault.Is(err, fault.NotFound):
		return m.Email, nil
	case err != nil:
		return "", fmt.Errorf("nudge: person: %w", err)
	case p.Status == tenant.Offboarded || p.Mail == tenant.MailNone:
		return "", nil
	case p.Email == "":
		return m.Email, nil
	}
	return p.Email, nil
}

// Deliver does what a message asks for, as far as it is not done. It returns an error only where the message must come again; what is
// to be tried later goes to the queue as a message of its own.
func (p *Poster) Deliver(ctx context.Context, msg Message) error {
	n, err := p.Nudges.Nudge(ctx, msg.Organization, msg.Member, msg.Nudge)
	if fault.Is(err, fault.NotFound) { // it was stored before the message was sent: it is gone
		return nil
	}
	if err != nil {
		return fmt.Errorf("nudge: %w", err)
	}
	wait := time.Duration(0)
	for i := range n.Posts {
		after, err := p.one(ctx, &n, i)
		switch {
		case fault.Is(err, fault.Conflict): // somebody else is at it
			return p.later(ctx, msg, lease)
		case err != nil:
			return err
		case after > 0 && (wait == 0 || after < wait):
			wait = after
		}
	}
	if wait > 0 {
		return p.later(ctx, msg, wait)
	}
	return nil
}

// Miss is Deliver for a message that failed each time before, when the queue delivers it for the last time: what was not sent is given
// up.
func (p *Poster) Miss(ctx context.Context, msg Message) error {
	n, err := p.Nudges.Nudge(ctx, msg.Organization, msg.Member, msg.Nudge)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nudge: %w", err)
	}
	changed := false
	for i := range n.Posts {
		switch n.Posts[i].State {
		case nudge.PostWaiting:
			n.Posts[i].State, n.Posts[i].Problem, changed = nudge.PostFailed, "Leadline could not send it, by a fault of its own.", true
		case nudge.PostSending:
			n.Posts[i].State, n.Posts[i].Problem, changed = nudge.PostUnknown, unknown, true
		}
	}
	if !changed {
		return nil
	}
	telemetry.Count(ctx, "NudgeGivenUp", 1)
	return p.save(ctx, &n)
}

const unknown = "It was being sent when the function was ended: whether it arrived is not known, and it is not sent twice."

// one sends one post, and gives after how long it is to be looked at again; 0 for never.
func (p *Poster) one(ctx context.Context, n *nudge.Nudge, i int) (time.Duration, error) {
	post, now := &n.Posts[i], p.Now().UTC()
	switch {
	case post.State.Final():
		return 0, nil
	case post.State == nudge.PostSending && post.LeasedUntil.After(now):
		return post.LeasedUntil.Sub(now), nil
	case post.State == nudge.PostSending:
		post.State, post.Problem, post.At = nudge.PostUnknown, unknown, now
		return 0, p.save(ctx, n)
	}
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < reserve {
		return time.Second, nil
	}
	send, off, err := p.way(ctx, *n, post.Channel)
	if err != nil {
		return 0, err
	}
	if off != "" {
		post.State, post.Problem, post.At = nudge.PostOff, off, now
		return 0, p.save(ctx, n)
	}
	if post.Since.IsZero() {
		post.Since = now
	}
	post.State, post.At, post.LeasedUntil, post.Problem = nudge.PostSending, now, now.Add(lease), ""
	post.Tries++
	if err := p.save(ctx, n); err != nil { // the claim: who does not have it does not send
		return 0, err
	}
	state, problem, after := send(ctx, *post)
	post.State, post.Problem, post.At, post.LeasedUntil = state, problem, p.Now().UTC(), time.Time{}
	if state == nudge.PostWaiting {
		if post.At.Sub(post.Since) >= patience {
			post.State, after = nudge.PostFailed, 0
			telemetry.Count(ctx, "NudgeGivenUp", 1)
		} else {
			after = max(after, min(firstPause<<min(post.Tries-1, 4), longestPause))
		}
	}
	telemetry.Count(ctx, "NudgePost_"+string(post.State), 1)
	if err := p.save(ctx, n); err != nil {
		return 0, err
	}
	return after, nil
}

// sending sends a post that is claimed, and says what became of it: sent, failed, not known, or to be tried again.
type sending func(ctx context.Context, post nudge.Post) (state nudge.PostState, problem string, after time.Duration)

// way gives the way of a channel to the person, or why there is none any more.
func (p *Poster) way(ctx context.Context, n nudge.Nudge, c nudge.Channel) (send sending, off string, err error) {
	preference, err := p.Nudges.NudgePreference(ctx, n.Organization, n.Member)
	if err != nil {
		return nil, "", err
	}
	if preference.Muted(n.Rule, c) {
		return nil, "The person opted out of it before it was sent.", nil
	}
	org, err := p.Organizations.Organization(ctx, n.Organization)
	if err != nil {
		return nil, "", fmt.Errorf("nudge: %w", err)
	}
	switch c {
	case nudge.Email:
		return p.byMail(ctx, n, org)
	case nudge.Slack:
		setup, err := p.Nudges.NudgeSetup(ctx, n.Organization)
		if err != nil {
			return nil, "", err
		}
		if len(setup.Webhook) == 0 {
			return nil, "Slack's webhook was taken away.", nil
		}
		box, err := p.Keyring.Open(ctx, org.ID, org.DataKey)
		if err != nil {
			return nil, "", err
		}
		return func(ctx context.Context, post nudge.Post) (nudge.PostState, string, time.Duration) {
			a, err := Slack(ctx, p.Client, box, setup.Webhook, n.ID, post.Text)
			switch {
			case err != nil:
				return p.failed(ctx, n, err)
			case a.Taken:
				return nudge.PostSent, "", 0
			case a.Again:
				return nudge.PostWaiting, a.Problem, a.After
			case a.Refused:
				return nudge.PostFailed, a.Problem, 0
			}
			return nudge.PostUnknown, a.Problem, 0
		}, "", nil
	}
	return nil, "There is no such channel.", nil
}

func (p *Poster) byMail(ctx context.Context, n nudge.Nudge, org tenant.Organization) (sending, string, error) {
	if p.From == "" {
		return nil, "This installation of Leadline sends no e-mail: it has no sender address (MAIL_FROM).", nil
	}
	m, err := p.Members.Member(ctx, n.Organization, n.Member)
	if fault.Is(err, fault.NotFound) {
		return nil, "The member is gone.", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("nudge: member: %w", err)
	}
	to, err := Address(ctx, p.People, m)
	if err != nil {
		return nil, "", err
	}
	if to == "" {
		return nil, "The person has no e-mail address any more, or wants no e-mail.", nil
	}
	return func(ctx context.Context, post nudge.Post) (nudge.PostState, string, time.Duration) {
		name := org.Name
		if name == "" {
			name = org.ID
		}
		err := p.Mail.Send(ctx, mail.Personal{From: p.From, Organization: name, To: to, Subject: post.Subject, Text: post.Text, Header: Header, HeaderValue: n.ID,
			Reason:    "You get this as a participant of " + name + "'s programs in Leadline.",
			HowToStop: "To get no such mail: leadline nudges mute " + n.Rule + " --channel email"}.Letter())
		switch {
		case err == nil:
			return nudge.PostSent, "", 0
		case fault.Is(err, fault.Invalid):
			return nudge.PostFailed, "The mail service refused the address.", 0
		}
		return p.failed(ctx, n, err)
	}, "", nil
}

// failed says what an error leaves. A limit that was hit, and a sender that an operator has yet to set up, are answers: it was not
// taken, and is tried again. Where there was no answer, nobody knows whether it was taken.
func (p *Poster) failed(ctx context.Context, n nudge.Nudge, err error) (nudge.PostState, string, time.Duration) {
	p.Log.LogAttrs(ctx, slog.LevelWarn, "nudge not sent", slog.String(telemetry.KeyOrganization, n.Organization), slog.String("nudge", n.ID),
		slog.String(telemetry.KeyFault, string(fault.KindOf(err))), slog.String(telemetry.KeyError, fault.Brief(err)))
	if f := fault.Of(err); f == nil || f.Kind == fault.Unavailable {
		return nudge.PostUnknown, "There was no answer: whether it arrived is not known, and it is not sent twice.", 0
	}
	return nudge.PostWaiting, "It is not taken for now; it is tried again.", 0
}

// save stores what became of a nudge.
func (p *Poster) save(ctx context.Context, n *nudge.Nudge) error {
	n.Rev++
	if err := p.Nudges.SaveNudge(ctx, *n); err != nil {
		return fmt.Errorf("nudge: note what became of it: %w", err)
	}
	return nil
}

// later has the message come again.
func (p *Poster) later(ctx context.Context, msg Message, after time.Duration) error {
	body, err := msg.Encode()
	if err != nil {
		return err
	}
	if err := p.Queue.SendAfter(ctx, msg.Organization, body, min(after+time.Second, longestPause)); err != nil {
		return fmt.Errorf("nudge: try again later: %w", err)
	}
	return nil
}

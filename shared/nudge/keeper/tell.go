package keeper

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/nudge/post"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// tend looks after one person: what is pending is seen to, and what is so now is told, as far as it was not. Where somebody else
// is faster, it is all looked at again.
func (k *Keeper) tend(ctx context.Context, o *organization, id string, s scope) error {
	member, found := o.members[id]
	if !found || member.MergedInto != "" {
		return nil
	}
	preference, err := k.Nudges.NudgePreference(ctx, o.id, id)
	if err != nil {
		return err
	}
	for range tries {
		state, err := k.Nudges.NudgeState(ctx, o.id, id)
		if err != nil {
			return err
		}
		state, err = k.flush(ctx, state)
		if err == nil {
			state, err = k.decide(ctx, o, member, preference, s, state)
		}
		if err == nil {
			_, err = k.flush(ctx, state)
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "busy", "nudge: others look after %s all the time", id)
}

// flush sees to it that what is pending is stored and on its way, and notes that it is.
func (k *Keeper) flush(ctx context.Context, state nudge.State) (nudge.State, error) {
	if len(state.Pending) == 0 {
		return state, nil
	}
	for _, n := range state.Pending {
		if _, err := k.Nudges.TellNudge(ctx, n); err != nil {
			return state, err
		}
		if !slices.ContainsFunc(n.Posts, func(p nudge.Post) bool { return !p.State.Final() }) {
			continue
		}
		body, err := post.About(n).Encode()
		if err != nil {
			return state, err
		}
		if err := k.Deliver.Send(ctx, n.Organization, body); err != nil {
			return state, fmt.Errorf("nudge: have it delivered: %w", err)
		}
	}
	state.Pending = nil
	state.Rev++
	return state, k.Nudges.SaveNudgeState(ctx, state)
}

// decide asks each rule about each of the facts, and stores what comes of it.
func (k *Keeper) decide(ctx context.Context, o *organization, m roster.Member, pref nudge.Preference, s scope, state nudge.State) (nudge.State, error) {
	all, err := k.factsOf(ctx, o, m.ID, s, state)
	if err != nil {
		return state, err
	}
	now := k.Now().UTC()
	person, err := k.person(ctx, o, m, pref)
	if err != nil {
		return state, err
	}
	before, waited := state, state.Until()
	for _, r := range o.setup.Rules {
		for _, f := range all {
			if (f.Program == "") != (r.Kind == nudge.NothingLogged) {
				continue
			}
			one := person
			if one.Zone == nil {
				one.Zone = o.zone(f.Program)
			}
			d, next := nudge.Decide(now, r, f, state, one, o.setup.PerDay)
			if state = next; d.Outcome == "" {
				continue
			}
			n, err := k.compose(o, m, pref, r, f, d, one.Language, now)
			if err != nil {
				return state, err
			}
			telemetry.Count(ctx, "Nudge_"+string(d.Outcome), 1)
			state.Pending = append(slices.Clone(state.Pending), n)
		}
	}
	if sameEntries(before, state) {
		return before, nil
	}
	// What waits is ordered before it is noted: whoever is killed in between has ordered it once too often.
	if until := state.Until(); until.After(now) && !until.Equal(waited) {
		if err := k.orderLater(ctx, o, m.ID, until); err != nil {
			return state, err
		}
	}
	state.Rev++
	return state, k.Nudges.SaveNudgeState(ctx, state)
}

// sameEntries tells whether nothing was decided: Decide gives another list of entries for each change.
func sameEntries(a, b nudge.State) bool {
	return len(a.Pending) == len(b.Pending) && len(a.Entries) == len(b.Entries) && (len(a.Entries) == 0 || &a.Entries[0] == &b.Entries[0])
}

// person says when and how somebody may be told. Its Zone is nil where the program's counts.
func (k *Keeper) person(ctx context.Context, o *organization, m roster.Member, pref nudge.Preference) (nudge.Person, error) {
	p := nudge.Person{Quiet: o.setup.Quiet, Language: pref.Language, Preference: pref}
	if pref.Quiet != nil {
		p.Quiet = *pref.Quiet
	}
	if p.Language == "" {
		p.Language = o.setup.Language
	}
	if zone := cmp.Or(pref.Zone, o.setup.Zone); zone != "" {
		p.Zone = zoneOf(zone)
	}
	for _, c := range o.setup.Channels {
		if c == nudge.Email {
			address, err := post.Address(ctx, k.People, m)
			if err != nil {
				return p, err
			}
			if address == "" {
				continue
			}
		}
		if c == nudge.Slack && len(o.setup.Webhook) == 0 {
			continue
		}
		p.Channels = append(p.Channels, c)
	}
	return p, nil
}

// zone gives that of a program; of the first one where none is named.
func (o *organization) zone(program string) *time.Location {
	for _, p := range o.programs {
		if program == "" || p.ID == program {
			return p.zone()
		}
	}
	return time.UTC
}

// compose makes the nudge of a decision, with its texts.
func (k *Keeper) compose(o *organization, m roster.Member, pref nudge.Preference, r nudge.Rule, f nudge.Facts, d nudge.Decision, language string, now time.Time) (nudge.Nudge, error) {
	n := nudge.Nudge{Organization: o.id, Member: m.ID, At: now, Rule: r.ID, Kind: r.Kind, Program: f.Program, Period: f.Period.Name,
		Causes: d.Causes, Outcome: d.Outcome, Why: d.Why, Until: d.Until.UTC(), Language: language, Rev: 1}
	if d.Until.IsZero() {
		n.Until = time.Time{}
	}
	values := map[string]string{"name": nudge.Plain(m.Name), "organization": nudge.Plain(o.name)}
	for name, value := range d.Values {
		values[name] = value
	}
	if d.Outcome == nudge.Sent {
		for _, c := range d.Channels {
			says, err := o.setup.WordingFor(r, language, c).Say(c, values, nudge.Mention(pref.SlackUser))
			if err != nil {
				return n, err
			}
			p := nudge.Post{Channel: c, Subject: says.Subject, Text: says.Text, State: nudge.PostWaiting}
			if c == nudge.Inbox {
				p.State, p.At = nudge.PostSent, now
			}
			n.Posts = append(n.Posts, p)
		}
	}
	id, err := idOf(n)
	n.ID = id
	return n, err
}

// idOf names a nudge by its time and what it tells: a ULID.
func idOf(n nudge.Nudge) (string, error) {
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(n.At)); err != nil {
		return "", fault.Wrap(err, fault.Internal, "no_id", "nudge: id")
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{n.Member, n.Rule, n.Program, n.Period, string(n.Outcome)}, n.Causes...), "\x00")))
	if err := id.SetEntropy(sum[:10]); err != nil {
		return "", fault.Wrap(err, fault.Internal, "no_id", "nudge: id")
	}
	return id.String(), nil
}

// orderLater has somebody looked at again at a time.
func (k *Keeper) orderLater(ctx context.Context, o *organization, member string, at time.Time) error {
	return k.order(ctx, at, Message{Of: Look, Organization: o.id, Participants: []string{member}}, member)
}

// order schedules a message. The same one for the same time again is no second one.
func (k *Keeper) order(ctx context.Context, at time.Time, m Message, name ...string) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	key := strings.Join(append([]string{QueueName, m.Organization, m.Of}, name...), "#")
	if err := k.Due.Schedule(ctx, store.DueItem{At: at.UTC(), Key: key, Queue: QueueName, Group: m.Organization, Body: body}); err != nil {
		return fmt.Errorf("nudge: order %s: %w", m.Of, err)
	}
	return nil
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	// tendEvery is how often a connection is looked after by itself.
	tendEvery = 10 * time.Minute
	// describeEvery and peopleEvery are how often its schema and its people are read.
	describeEvery = time.Hour
	peopleEvery   = time.Hour
	// probeEvery is how often it is asked who we are there.
	probeEvery = time.Hour
	// tendTries is how often somebody who asked for it is served again where it fails for a while: after 2, 4, 8 ... seconds.
	tendTries = 8
)

// tend looks after a connection: whether its login works, its subscription is alive, its schema, people and views are as
// at the provider, its syncs are planned. What fails for a while is tried again the next time.
func (t task) tend(ctx context.Context) error {
	state, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	byItself := !t.message.At.IsZero()
	if byItself && !state.NextTendAt.Equal(t.message.At) {
		return nil // another message has taken its place
	}
	if err := t.tendOn(ctx); err != nil {
		return err
	}
	if err := t.paused(ctx, state); err != nil || t.conn.Status != tenant.Active || t.definition.API == nil {
		return err
	}
	client, err := t.Logins.Client(ctx, t.conn)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case fault.Is(err, fault.Revoked):
		return t.revoked(ctx, err)
	case err != nil:
		return err
	}
	steps := []struct {
		name string
		do   func(context.Context, Client, syncing.State, bool) error
	}{
		{"probe", t.probe}, {"subscription", t.subscription}, {"schema", t.describe}, {"people", t.people}, {"syncs", t.plan},
	}
	planned := true
	for _, s := range steps {
		err := s.do(ctx, client, state, !byItself)
		client.Take()
		switch {
		case fault.Is(err, fault.Revoked):
			return t.revoked(ctx, err)
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil: // the other steps may do
			planned = planned && s.name != "syncs"
			t.Log.Info("not tended", telemetry.KeyOrganization, t.conn.Organization, "connection", t.conn.ID, "step", s.name,
				telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, fault.Brief(err))
			telemetry.Count(ctx, "NotTended", 1)
			if !byItself && (fault.Is(err, fault.Unavailable) || fault.Is(err, fault.RateLimited)) && t.message.Try < tendTries {
				m := t.message
				m.Try++
				return t.Control.Send(ctx, m, t.Now().Add(time.Second<<m.Try))
			}
		}
	}
	if !planned && state.TendedAt.IsZero() { // the usual syncs are made the first time
		return nil
	}
	_, err = t.change(ctx, func(s *syncing.State) { s.TendedAt = t.Now().UTC() })
	return err
}

// tendOn plans the next time, before anything can fail. The message is sent before it is noted: one that is not the noted one
// does nothing, and a note without a message would be the end of it.
func (t task) tendOn(ctx context.Context) error {
	at := t.Now().UTC().Add(tendEvery).Truncate(time.Second)
	m := syncing.Message{Kind: syncing.Tend, Organization: t.conn.Organization, Connection: t.conn.ID, At: at}
	if err := t.Control.Send(ctx, m, at); err != nil {
		return err
	}
	_, err := t.change(ctx, func(s *syncing.State) { s.NextTendAt = at })
	return err
}

// probe asks who we are, and takes the connection out of error if that works again.
func (t task) probe(ctx context.Context, client Client, state syncing.State, now bool) error {
	if t.definition.API.Probe == nil || !now && state.Problem == "" && t.Now().Sub(state.ProbedAt) < probeEvery {
		return nil
	}
	identity, err := t.definition.API.Probe(ctx, client)
	if err != nil {
		return err
	}
	identity.UserName, identity.UserEmail = "", "" // nobody asks for them here, and what is not kept need not be erased
	if state.Problem != "" {                       // before it is noted, so that a crash in between does it twice and not never
		if err := t.healed(ctx, state); err != nil {
			return err
		}
	}
	_, err = t.change(ctx, func(s *syncing.State) {
		s.Identity, s.ProbedAt = identity, t.Now().UTC()
		if s.ProblemSince.Equal(state.ProblemSince) {
			s.Problem, s.ProblemCode, s.ProblemSince = "", "", time.Time{}
		}
	})
	return err
}

// healed lets everything go on after a problem.
func (t task) healed(ctx context.Context, state syncing.State) error {
	if err := t.catchUp(ctx, state.ProblemSince); err != nil {
		return err
	}
	if err := t.goOnWithRuns(ctx); err != nil {
		return err
	}
	return t.Tell(ctx, notice.Notice{ID: delivery.NamedID(state.ProblemSince, "healed", t.conn.ID), Organization: t.conn.Organization, At: t.Now().UTC(),
		Kind: notice.ConnectionHealed, Subject: "connections/" + t.conn.ID,
		Text: fmt.Sprintf("%s works again. What changed meanwhile is being read.", t.conn.Name)})
}

// goOnWithRuns lets all runs of the connection that have not ended go on, but for those that a person paused.
func (t task) goOnWithRuns(ctx context.Context) error {
	runs, _, err := t.Syncs.Runs(ctx, t.conn.Organization, t.conn.ID, store.Page{Limit: 100})
	if err != nil {
		return fmt.Errorf("engine: runs: %w", err)
	}
	for _, r := range runs {
		if r.Status.Final() || r.Status == syncing.Paused {
			continue
		}
		streams, err := t.Syncs.Streams(ctx, r.Organization, r.ID)
		if err != nil {
			return fmt.Errorf("engine: streams: %w", err)
		}
		if err := t.Control.GoOn(ctx, streams); err != nil {
			return err
		}
	}
	return nil
}

// revoked notes that the provider refuses the login, and tells the admins, once. Nothing of the connection goes on until
// somebody renews it: then all of it does, where it stands.
func (t task) revoked(ctx context.Context, cause error) error {
	if err := t.Logins.Revoked(ctx, t.conn, cause); err != nil {
		return fmt.Errorf("engine: note a revoked login: %w", err)
	}
	why := words(cause)
	state, err := t.change(ctx, func(s *syncing.State) {
		if s.Problem == "" {
			s.Problem, s.ProblemCode, s.ProblemSince = why, string(fault.Revoked), t.Now().UTC()
		}
	})
	if err != nil {
		return err
	}
	telemetry.Count(ctx, "Revoked", 1)
	return t.Tell(ctx, notice.Notice{ID: delivery.NamedID(state.ProblemSince, "revoked", t.conn.ID), Organization: t.conn.Organization, At: state.ProblemSince,
		Kind: notice.ConnectionError, Subject: "connections/" + t.conn.ID,
		Text: fmt.Sprintf("%s refuses the login of %s: %s Renew it with PUT /v1/connections/%s/login; what changed meanwhile is read then.",
			t.definition.Title, t.conn.Name, state.Problem, t.conn.ID)})
}

// people reads who works at the provider's account.
func (t task) people(ctx context.Context, client Client, state syncing.State, now bool) error {
	if t.definition.People == nil || t.Roster == nil || !now && t.Now().Sub(state.PeopleAt) < peopleEvery {
		return nil
	}
	at := t.Now().UTC()
	var users []roster.User
	for cursor := ""; ; {
		page, err := t.definition.People(ctx, client, cursor)
		if err != nil {
			return err
		}
		for _, p := range page.People {
			users = append(users, userOf(p))
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if err := t.Roster.Sync(ctx, t.conn.Organization, t.conn.ID, users, at); err != nil {
		return fmt.Errorf("engine: people: %w", err)
	}
	_, err := t.change(ctx, func(s *syncing.State) { s.PeopleAt = at })
	return err
}

func userOf(p connector.Person) roster.User {
	u := roster.User{ExternalID: p.ID, Name: p.Name, Email: p.Email, Phone: p.Phone, Active: p.Active, Admin: p.Admin, CreatedAt: p.CreatedAt,
		Role: roster.UserRole{ID: p.Role.ID, Name: p.Role.Name, Permissions: p.Role.Permissions, SeesAll: p.Role.SeesAll,
			VisibleBy: p.Role.VisibleBy, Unassigned: p.Role.Unassigned}}
	for _, team := range p.Teams {
		u.Teams = append(u.Teams, roster.UserTeam{ID: team.ID, Name: team.Name})
	}
	return u
}

// plan makes the usual syncs of a new connection, and sees to it that all are planned.
func (t task) plan(ctx context.Context, _ Client, state syncing.State, _ bool) error {
	if t.definition.Pull == nil {
		return nil
	}
	var syncs []syncing.Sync
	for y, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]syncing.Sync, string, error) {
		return t.Syncs.Syncs(ctx, t.conn.Organization, t.conn.ID, p)
	}) {
		if err != nil {
			return fmt.Errorf("engine: syncs: %w", err)
		}
		syncs = append(syncs, y)
	}
	if state.TendedAt.IsZero() { // the first time; those that an admin deletes later stay deleted
		usual, err := t.Control.Usual(t.conn, "")
		if err != nil {
			return err
		}
		for _, y := range usual {
			if slices.ContainsFunc(syncs, func(have syncing.Sync) bool { return have.ID == y.ID }) {
				continue
			}
			if err := t.Syncs.CreateSync(ctx, y, nil); err != nil && !fault.Is(err, fault.Conflict) {
				return fmt.Errorf("engine: create sync: %w", err)
			}
			syncs = append(syncs, y)
		}
	}
	var failed []error
	for _, y := range syncs {
		switch {
		case y.Off || y.NextAt.IsZero():
		case t.Now().Sub(y.NextAt) > stillAfter: // its item was lost
			failed = append(failed, t.fire(ctx, y, y.NextAt))
		default:
			failed = append(failed, t.Control.Schedule(ctx, y))
		}
	}
	return errors.Join(failed...)
}

package conformance

import (
	"context"
	"time"

	"leadline/shared/connector"
)

// door is one of the functions of a definition that make requests. It gives how much came out.
type door struct {
	name string
	// writes says that it changes something at the provider.
	writes bool
	call   func(ctx context.Context, w *world) (yield int, err error)
}

// visit gives a world for one try of a door: of its own only where the door changes something, for to make one takes time.
func (s *suite) visit(d door, p Provider) *world {
	if d.writes {
		return s.world()
	}
	return s.worldOf(p)
}

// doors lists what the definition can do, each to its end.
func (s *suite) doors() []door {
	d := s.definition
	all := []door{{"Probe", false, func(ctx context.Context, w *world) (int, error) {
		id, err := w.definition.API.Probe(ctx, w.client)
		return len(id.AccountID) + len(id.Permissions), err
	}}}
	if d.Describe != nil {
		all = append(all, door{"Describe", false, stepped(func(ctx context.Context, w *world, cursor string) (int, string, error) {
			found, err := w.definition.Describe(ctx, w.client, cursor)
			return len(found.Objects), found.Next, err
		})})
	}
	if d.People != nil {
		all = append(all, door{"People", false, stepped(func(ctx context.Context, w *world, cursor string) (int, string, error) {
			page, err := w.definition.People(ctx, w.client, cursor)
			return len(page.People), page.Next, err
		})})
	}
	if d.Log != nil {
		all = append(all, door{"Log", false, stepped(func(ctx context.Context, w *world, cursor string) (int, string, error) {
			page, err := w.definition.Log.Read(ctx, w.client, connector.LogRequest{From: w.provider.Now().Add(-time.Hour), Cursor: cursor})
			return len(page.Changes) + len(page.Touched) + len(page.Refused), page.Next, err
		})})
	}
	if d.Pull != nil {
		p := s.options.Server()
		for _, o := range d.Pull.Objects {
			all = append(all, pageDoor(o.Name, connector.All, p), pageDoor(o.Name, connector.IDs, p))
		}
	}
	return append(all, s.subscriptionDoors()...)
}

// pageDoor reads an object to its end.
func pageDoor(object string, kind connector.ScopeKind, p Provider) door {
	scope := connector.Scope{Kind: kind}
	if kind == connector.IDs {
		scope.IDs = few(rowIDs(p.Rows(object)), 3)
	}
	return door{"Page of " + object + " by " + string(kind), false, stepped(func(ctx context.Context, w *world, cursor string) (int, string, error) {
		page, err := w.definition.Pull.Page(ctx, w.client, connector.PageRequest{Object: object, Scope: scope, Cursor: cursor, Now: w.provider.Now()})
		if wait := page.NotBefore.Sub(w.provider.Now()); wait > 0 {
			w.provider.Advance(wait)
		}
		return len(page.Changes) + len(page.Refused), page.Next, err
	})}
}

// stepped calls a step until it ends.
func stepped(step func(ctx context.Context, w *world, cursor string) (int, string, error)) func(context.Context, *world) (int, error) {
	return func(ctx context.Context, w *world) (int, error) {
		yield, cursor := 0, ""
		for range 10_000 {
			n, next, err := step(ctx, w, cursor)
			yield += n
			if err != nil || next == "" {
				return yield, err
			}
			cursor = next
		}
		return yield, nil
	}
}

func (s *suite) subscriptionDoors() []door {
	sub := s.definition.Subscription
	if sub == nil {
		return nil
	}
	// A subscription is made unobserved first, as far as that can be done.
	made := func(w *world) string {
		quiet := *w.client
		quiet.before, quiet.after = nil, nil
		m, err := sub.Create(background(), &quiet, hookURL)
		if err != nil {
			return "none"
		}
		return m.ID
	}
	return []door{
		{"Subscription.Create", true, func(ctx context.Context, w *world) (int, error) {
			m, err := sub.Create(ctx, w.client, hookURL)
			return len(m.ID), err
		}},
		{"Subscription.Find", true, func(ctx context.Context, w *world) (int, error) {
			made(w)
			all, err := sub.Find(ctx, w.client, hookURL)
			return len(all), err
		}},
		{"Subscription.Check", true, func(ctx context.Context, w *world) (int, error) {
			state, err := sub.Check(ctx, w.client, made(w))
			return len(state.ID), err
		}},
		{"Subscription.Mend", true, func(ctx context.Context, w *world) (int, error) {
			return 1, sub.Mend(ctx, w.client, made(w), hookURL)
		}},
		{"Subscription.Delete", true, func(ctx context.Context, w *world) (int, error) {
			return 1, sub.Delete(ctx, w.client, made(w))
		}},
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// Hooks knows the webhook URLs of connections, and gives them signing keys.
type Hooks interface {
	// URL gives the webhook URL of a connection. NotFound for a connection of which only the hash of its URL is known.
	URL(ctx context.Context, conn tenant.Connection) (string, error)
	// Accept lets the URL accept what is signed with a key, beside the present one for a while.
	Accept(ctx context.Context, conn tenant.Connection, signingKey string) error
}

// subscription sees to it that the provider posts its changes to the connection's URL: it makes the subscription, mends
// one that the provider paused or that is incomplete, and has read what was missed meanwhile.
func (t task) subscription(ctx context.Context, client Client, state syncing.State, _ bool) error {
	s := t.definition.Subscription
	if s == nil {
		return nil
	}
	url, err := t.Hooks.URL(ctx, t.conn)
	if fault.Is(err, fault.NotFound) {
		return t.noteSubscription(ctx, syncing.SubscriptionState{Problem: "The webhook URL of this connection was given out when it was made and is not known any more: make a new connection to have it subscribed."})
	}
	if err != nil {
		return fmt.Errorf("engine: webhook URL: %w", err)
	}
	secret := []string{url, url[strings.LastIndexByte(url, '/')+1:]}
	client = hushed{client, secret}
	before := state.Subscription
	now := t.Now().UTC()
	standing, alone, err := t.standing(ctx, client, url, before, now)
	switch {
	case err != nil:
		return t.unsubscribed(ctx, before, "", err)
	case !alone:
		return nil
	}
	standing.Problem = rest.Discreet(standing.Problem, secret...)
	next := syncing.SubscriptionState{ID: standing.ID, Active: true, CheckedAt: now, LastGoodAt: now, HealedAt: before.HealedAt}
	switch {
	case standing.ID == "":
		made, err := s.Create(ctx, client, url)
		if err != nil {
			return t.unsubscribed(ctx, before, "There is no subscription.", err)
		}
		if err := t.Hooks.Accept(ctx, t.conn, made.SigningKey); err != nil {
			return fmt.Errorf("engine: accept a signing key: %w", err)
		}
		next.ID = made.ID
		telemetry.Count(ctx, "Subscribed", 1)
	case !standing.Active || standing.Incomplete:
		if err := s.Mend(ctx, client, standing.ID, url); err != nil {
			return t.unsubscribed(ctx, before, standing.Problem, err)
		}
		telemetry.Count(ctx, "SubscriptionsMended", 1)
	default:
		// What fails for so long that the provider gives it up is lost, though all the while it was active.
		if next.Problem = standing.Problem; next.Problem != "" && !before.LastGoodAt.IsZero() {
			next.LastGoodAt = before.LastGoodAt
		}
		return t.noteSubscription(ctx, next)
	}
	next.HealedAt = now
	if !before.LastGoodAt.IsZero() {
		t.Log.Warn("subscription healed", telemetry.KeyOrganization, t.conn.Organization, "connection", t.conn.ID, "problem", standing.Problem)
		// Before it is noted, so that a crash in between fills the gap twice and not never.
		if err := t.catchUp(ctx, before.LastGoodAt); err != nil {
			return err
		}
	}
	return t.noteSubscription(ctx, next)
}

// makingLasts is longer than it takes to make a subscription.
const makingLasts = 5 * time.Minute

// making notes that a subscription is being made, and tells whether nobody else does, or did: of two that are made at once, the
// key of the one might be taken for that of the other.
func (t task) making(ctx context.Context, before syncing.SubscriptionState, now time.Time) (alone bool, err error) {
	_, err = t.change(ctx, func(s *syncing.State) {
		if alone = s.Subscription.ID == before.ID && now.Sub(s.Subscription.MakingAt) > makingLasts; alone {
			s.Subscription.MakingAt = now
		}
	})
	return alone, err
}

// notMaking takes back that a subscription is being made.
func (t task) notMaking(ctx context.Context, before syncing.SubscriptionState) error {
	_, err := t.change(ctx, func(s *syncing.State) {
		if s.Subscription.ID == before.ID {
			s.Subscription.MakingAt = before.MakingAt
		}
	})
	return err
}

// unsubscribed notes that no events come, as far as an error says so: not if it is only unknown. problem is what the provider
// says of the subscription.
func (t task) unsubscribed(ctx context.Context, before syncing.SubscriptionState, problem string, cause error) error {
	next := before
	next.Active, next.CheckedAt = false, t.Now().UTC()
	switch {
	case fault.Is(cause, fault.Forbidden):
		next.Problem = "The login may not manage webhooks: changes are read every few minutes instead. " + words(cause)
		cause = nil
	case fault.Is(cause, fault.RateLimited): // it was not asked: the next try need not wait for this one
		return errors.Join(t.notMaking(ctx, before), cause)
	case fault.Is(cause, fault.Revoked) || problem == "" && !fault.Is(cause, fault.Invalid):
		return cause
	default:
		next.Problem = strings.TrimSpace(problem + " It could not be mended: " + words(cause))
	}
	return errors.Join(t.noteSubscription(ctx, next), cause)
}

// standing gives the subscription that there is, one without an ID if there is none and nobody else makes one. Of one whose
// creation was not noted the signing key is lost: it is deleted, as is any second one.
func (t task) standing(ctx context.Context, client Client, url string, before syncing.SubscriptionState, now time.Time) (found connector.SubscriptionState, alone bool, err error) {
	s := t.definition.Subscription
	if before.ID != "" {
		if found, err := s.Check(ctx, client, before.ID); !fault.Is(err, fault.NotFound) {
			return found, true, err
		}
	}
	if alone, err = t.making(ctx, before, now); err != nil || !alone || s.Find == nil {
		return found, alone, err
	}
	others, err := s.Find(ctx, client, url)
	if err != nil { // nothing was made: the next try need not wait for this one
		return found, true, errors.Join(err, t.notMaking(ctx, before))
	}
	for _, o := range others {
		if err := s.Delete(ctx, client, o.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return found, true, err
		}
	}
	return found, true, nil
}

// hushed is a client whose faults do not repeat some words: providers quote what they refuse, and the URL is secret.
type hushed struct {
	Client
	words []string
}

// Do implements connector.Client.
func (h hushed) Do(ctx context.Context, r connector.Request) (connector.Answer, error) {
	a, err := h.Client.Do(ctx, r)
	return a, rest.Hush(err, h.words...)
}

func (t task) noteSubscription(ctx context.Context, next syncing.SubscriptionState) error {
	_, err := t.change(ctx, func(s *syncing.State) { s.Subscription = next })
	return err
}

// describe reads the provider's schema, and brings the objects and views of the connection up to it.
func (t task) describe(ctx context.Context, client Client, state syncing.State, now bool) error {
	if t.definition.Describe == nil || !now && t.Now().Sub(state.DescribedAt) < describeEvery {
		return nil
	}
	at := t.Now().UTC()
	for cursor := ""; ; {
		d, err := t.definition.Describe(ctx, client, cursor)
		if err != nil {
			return err
		}
		for _, o := range d.Objects {
			if err := t.saveObject(ctx, o); err != nil {
				return err
			}
		}
		if cursor = d.Next; cursor == "" {
			break
		}
	}
	if t.Views != nil {
		if err := t.Views.Follow(ctx, t.conn); err != nil {
			return fmt.Errorf("engine: views: %w", err)
		}
	}
	_, err := t.change(ctx, func(s *syncing.State) { s.DescribedAt = at })
	return err
}

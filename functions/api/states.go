package main

import (
	"context"
	"strings"
	"time"

	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// ConnectionState is how a connection fares.
type ConnectionState struct {
	Health string   `json:"health" enum:"healthy,warning,error,inactive"`
	Why    []string `json:"why" nullable:"false" doc:"What is not as it should be."`
	// Subscription is nil for a connection that only listens.
	Subscription *SubscriptionState `json:"subscription,omitempty" doc:"How changes come in by themselves; absent for a connection that only listens."`
	Permissions  []string           `json:"permissions" nullable:"false" doc:"What the login may do, in the provider's words."`
	Objects      []ObjectCounts     `json:"objects" nullable:"false" doc:"The records of each object, as last counted."`
	LastRun      string             `json:"last_run,omitempty" doc:"The run that ended well last."`
	LastRunAt    *time.Time         `json:"last_run_at,omitempty"`
	TendedAt     *time.Time         `json:"tended_at,omitempty" doc:"When login, subscription, schema and people were looked after last."`
	PausedAt     *time.Time         `json:"paused_at,omitempty"`
}

// SubscriptionState is how a connection's subscription at its provider stands.
type SubscriptionState struct {
	ID        string     `json:"id,omitempty"`
	Active    bool       `json:"active" doc:"Whether the provider sends events."`
	Problem   string     `json:"problem,omitempty"`
	CheckedAt *time.Time `json:"checked_at,omitempty"`
	HealedAt  *time.Time `json:"healed_at,omitempty" doc:"When it was made, or made to work again, last. What was missed was read then."`
}

// ObjectCounts are the records of an object on both sides.
type ObjectCounts struct {
	Object   string          `json:"object"`
	Stored   int64           `json:"stored" doc:"Stored here and not deleted; -1 while not counted."`
	Source   int64           `json:"source" doc:"At the provider; -1 while unknown."`
	How      string          `json:"how,omitempty" doc:"Where the provider's count comes from."`
	At       *time.Time      `json:"at,omitempty" doc:"When both were counted."`
	ReadFrom *time.Time      `json:"read_from,omitempty" doc:"The provider's time from which the next reading of what changed begins."`
	Drift    *syncing.Counts `json:"drift,omitempty" doc:"What the last reconciliation found."`
	DriftAt  *time.Time      `json:"drift_at,omitempty"`
	Problem  string          `json:"problem,omitempty" doc:"Why the object could not be read last."`
}

// state gives how a connection fares.
func (h *handler) state(ctx context.Context, conn tenant.Connection, login *ConnectionLogin) (*ConnectionState, error) {
	s, err := h.Syncs.State(ctx, conn.Organization, conn.ID)
	if err != nil {
		return nil, err
	}
	if login != nil && login.State != string(credential.OK) && s.Problem == "" {
		s.Problem = strings.TrimSpace("The login is " + login.State + ". " + login.Reason)
	}
	health, why := syncing.HealthOf(conn, login != nil, s, h.Now())
	out := &ConnectionState{Health: string(health), Why: []string{}, Permissions: []string{}, Objects: []ObjectCounts{}, LastRun: s.LastRun,
		LastRunAt: someTime(s.LastRunAt), TendedAt: someTime(s.TendedAt), PausedAt: someTime(s.PausedAt)}
	out.Why = append(out.Why, why...)
	out.Permissions = append(out.Permissions, s.Identity.Permissions...)
	if login != nil && !s.TendedAt.IsZero() {
		u := s.Subscription
		out.Subscription = &SubscriptionState{ID: u.ID, Active: u.Active, Problem: u.Problem, CheckedAt: someTime(u.CheckedAt), HealedAt: someTime(u.HealedAt)}
	}
	for _, name := range s.ObjectNames() {
		o := s.Objects[name]
		c := ObjectCounts{Object: name, Stored: o.Stored, Source: o.Source, How: o.How, At: someTime(o.At), ReadFrom: someTime(s.Marks[name]),
			Drift: o.Drift, DriftAt: someTime(o.DriftAt), Problem: o.Problem}
		if o.At.IsZero() {
			c.Stored, c.Source = -1, -1
		}
		out.Objects = append(out.Objects, c)
	}
	return out, nil
}

// pausing notes since when a connection is paused, before it is: what comes in from then on is applied when it goes on.
func (h *handler) pausing(ctx context.Context, conn tenant.Connection) error {
	if conn.Connector == tenant.ClientConnector {
		return fault.New(fault.Invalid, "not_a_provider", "Only connections to providers can be paused: a client that should push no more is disabled.")
	}
	const attempts = 5
	for range attempts {
		s, err := h.Syncs.State(ctx, conn.Organization, conn.ID)
		if err != nil || !s.PausedAt.IsZero() {
			return err
		}
		s.PausedAt = h.Now().UTC()
		s.Rev++
		if err := h.Syncs.SaveState(ctx, s); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.New(fault.Conflict, "changed_meanwhile", "The connection moves on too fast. Try again.")
}

package syncing

import (
	"time"

	"leadline/shared/connector"
	"leadline/shared/schedule"
)

// Sync says what is copied and when.
type Sync struct {
	ID           string // "sync_" and 12 of [0-9a-z]
	Organization string
	Connection   string
	Name         string
	// Plan is what each of its runs does.
	Plan     Plan
	Schedule schedule.Schedule
	// Off says that it does not run by itself.
	Off bool
	// NextAt is when it runs next; zero for a manual one, and one that is off.
	NextAt time.Time
	// LastRun is the run that it began last, at LastAt.
	LastRun   string
	LastAt    time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes, from 1. Its ETag.
	Rev int64
}

// State is what Leadline itself knows of a connection, besides what its admin set: it changes all the time.
type State struct {
	Organization string
	Connection   string
	// Identity is who we are there, as the last probe found, without name and address of the user.
	Identity connector.Identity
	ProbedAt time.Time
	// Trusted are the permissions under which all records were read last: with fewer of them, what is not shown may only be
	// hidden.
	Trusted []string
	// Problem says why the connection is in error; empty for none. ProblemCode is the same for programs.
	Problem, ProblemCode string
	ProblemSince         time.Time
	// Subscription is how changes reach us by themselves.
	Subscription SubscriptionState
	// Marks are, by object, the provider's time from which the next incremental run reads.
	Marks map[string]time.Time
	// Objects are what the last run that counted knows of each object.
	Objects map[string]ObjectState
	// DescribedAt is when the provider's schema was read last, PeopleAt when its people were.
	DescribedAt time.Time
	PeopleAt    time.Time
	// TendedAt is when the connection was looked after last, NextTendAt when it will be.
	TendedAt   time.Time
	NextTendAt time.Time
	// LastRunAt is when a run ended well last; LastRun which.
	LastRun   string
	LastRunAt time.Time
	// PausedAt is since when the connection is paused; zero if it is not. ResumedAt is until when it was paused last.
	PausedAt  time.Time
	ResumedAt time.Time
	Rev       int64
}

// SubscriptionState is how a connection's subscription stands.
type SubscriptionState struct {
	// ID is the provider's; empty where there is none.
	ID string `json:"id,omitempty"`
	// Active tells whether the provider sends events, as of CheckedAt. Problem says why not, or why it soon will not.
	Active    bool      `json:"active"`
	Problem   string    `json:"problem,omitempty"`
	CheckedAt time.Time `json:"checked_at,omitzero"`
	// LastGoodAt is when it was last seen active: what it may have missed lies behind that.
	LastGoodAt time.Time `json:"last_good_at,omitzero"`
	// HealedAt is when it was resumed or made anew last.
	HealedAt time.Time `json:"healed_at,omitzero"`
	// MakingAt is since when somebody makes one; zero if nobody does.
	MakingAt time.Time `json:"making_at,omitzero"`
}

// ObjectState is what is known of an object of a connection.
type ObjectState struct {
	// Stored and Source are the counts of both sides at At, -1 where unknown; How says where Source comes from.
	Stored int64     `json:"stored"`
	Source int64     `json:"source"`
	How    string    `json:"how,omitempty"`
	At     time.Time `json:"at"`
	// Drift is what the last Reconcile found, at DriftAt.
	Drift   *Counts   `json:"drift,omitempty"`
	DriftAt time.Time `json:"drift_at,omitzero"`
	// Problem is why the object could not be read last, at ReadAt; empty for nothing.
	Problem string    `json:"problem,omitempty"`
	ReadAt  time.Time `json:"read_at,omitzero"`
}

// Health is how a connection fares, in one word.
type Health string

// The states of health.
const (
	Healthy Health = "healthy"
	// Warning: it works, and something needs a look.
	Warning Health = "warning"
	// Error: no data comes in.
	Error Health = "error"
	// Inactive: paused or disabled.
	Inactive Health = "inactive"
)

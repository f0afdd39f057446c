// Package approval decides who may approve an act and when it is approved: levels, four eyes, amount limits, delegates, refusal
// with a reason. Periods, batches of payments and changes of bank details go by it. It is pure.
package approval

import (
	"time"

	"leadline/shared/calendar"
)

// Policy says what an approval takes. The zero policy has one level, on which any admin approves who did not submit.
type Policy struct {
	// Levels are passed in their order.
	Levels []Level `json:"levels"`
	// Delegates may approve in another's place, on some days.
	Delegates []Delegate `json:"delegates,omitempty"`
	Rev       int64      `json:"-"`
}

// Level is one of the approvals that are needed, each by another person, and by none who submitted.
type Level struct {
	Name string `json:"name" maxLength:"80"`
	// Approvers are the ids of people (per_...) or API keys (key_...); with none, every admin and owner is one.
	Approvers []string `json:"approvers,omitempty"`
	// Above says that the level is needed only for totals above it, in minor units of Currency; nil: always.
	Above *int64 `json:"above,omitempty"`
	// Limit is the highest total that the level's approvers may approve: above it, the level is passed only by somebody of a
	// later level. Nil for none.
	Limit *int64 `json:"limit,omitempty"`
	// Currency is that of Above and Limit; a total in another one needs the level, and is above the limit.
	Currency string `json:"currency,omitempty"`
}

// Delegate may approve what From may.
type Delegate struct {
	From string        `json:"from"`
	To   string        `json:"to"`
	Span calendar.Span `json:"span"`
}

// Actor is who acts. A key that is nobody's stands for itself.
type Actor struct {
	ID    string `json:"id"` // the person (per_...), or the key (key_...)
	Admin bool   `json:"admin"`
	// Makers are those behind the making of the actor's key, but the actor: they may know it, and act with it.
	Makers []string `json:"makers,omitempty"`
}

// Given is an approval that was given.
type Given struct {
	Level int    `json:"level"` // its place in the policy
	Name  string `json:"name"`
	By    string `json:"by"`
	// For is whose delegate By was; empty if none's.
	For string `json:"for,omitempty"`
	// Makers are those of the key that By gave it with: none of them approves another level.
	Makers []string  `json:"makers,omitempty"`
	At     time.Time `json:"at"`
}

// Request is what is to be approved.
type Request struct {
	// Submitted are all who had a hand in it: none of them approves.
	Submitted []string
	// Behind are the makers of the keys by which they had it (Actor.Makers): they may have acted with those, and do not approve either.
	Behind []string
	// Total in minor units of Currency.
	Total    int64
	Currency string
	Given    []Given
}

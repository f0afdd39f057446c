// Package dispute holds what a participant, or somebody for them, objects to in a statement: one line of it or the whole, with the
// evidence frozen as it was then, what was said about it, and how it ended. It is pure: store.Disputes keeps.
package dispute

import (
	"strings"
	"time"

	"leadline/shared/settlement"
)

// ID is the prefix of ids.
const ID = "dsp"

// State is where a dispute stands.
type State string

// The states: it waits for an admin; an admin answered, and whoever opened it may reply; it ended with an adjustment, with a
// refusal, or because whoever opened it took it back.
const (
	Open      State = "open"
	Answered  State = "answered"
	Resolved  State = "resolved"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// Ended tells whether nothing can be done to it any more.
func (s State) Ended() bool { return s != Open && s != Answered }

// Dispute is an objection to what a period of a participant came to.
type Dispute struct {
	ID           string `json:"id"` // "dsp_" and 12 of [0-9a-z]
	Organization string `json:"-"`
	Program      string `json:"program"`
	Period       string `json:"period"` // its name
	Participant  string `json:"participant"`
	Line         Line   `json:"line"`
	State        State  `json:"state"`
	// OpenedBy is the approval.Actor that opened it.
	OpenedBy string    `json:"opened_by"`
	OpenedAt time.Time `json:"opened_at"`
	// Deadline is by when it should have ended.
	Deadline time.Time `json:"deadline"`
	Evidence Evidence  `json:"evidence"`
	// Messages are what was said, oldest first: the first by who opened it.
	Messages []Message `json:"messages"`
	// Resolution says how it ended; nil before, and for one that was withdrawn.
	Resolution *Resolution `json:"resolution,omitempty"`
	EndedAt    time.Time   `json:"ended_at,omitzero"`
	// Erased says that its texts are gone, with the person.
	Erased    bool      `json:"erased,omitempty"`
	UpdatedAt time.Time `json:"updated_at"`
	// Rev counts the writes, from 1.
	Rev int64 `json:"-"`
}

// Part is what of a statement a dispute is about.
type Part string

// The parts: the whole statement, or lines of one of the others.
const (
	Whole      Part = "statement"
	Component  Part = "component"
	Limit      Part = "limit"
	Hold       Part = "hold"
	Prize      Part = "prize"
	Adjustment Part = "adjustment"
	ByHand     Part = "by_hand"
)

// Parts lists them.
func Parts() []Part { return []Part{Whole, Component, Limit, Hold, Prize, Adjustment, ByHand} }

// Line is what a dispute is about. Which fields count depends on Of; Check and Find say.
type Line struct {
	Of Part `json:"of"`
	// Component is the name of the component; of a hold and an adjustment, it may say more.
	Component string `json:"component,omitempty"`
	// Credit is the one that the line comes from; empty for all that there are.
	Credit string `json:"credit,omitempty"`
	// Limit is the place of the limit in the definition, from 0.
	Limit int `json:"limit,omitempty"`
	// Period is the locked period that an adjustment changes.
	Period string `json:"period,omitempty"`
	// Adjustment is the id of an adjustment by hand.
	Adjustment string `json:"adjustment,omitempty"`
}

// Evidence is what the statement was when it was disputed. What it names is stored under its hash, and never changes.
type Evidence struct {
	// Document is the hash of the settled statement, with its Revision; empty if the period was not frozen. Final says that it was
	// posted already.
	Document string `json:"document,omitempty"`
	Revision int    `json:"revision,omitempty"`
	Final    bool   `json:"final,omitempty"`
	// Reckoned is the hash of what the period came to; empty for a settled statement in which nothing was reckoned.
	Reckoned string `json:"reckoned,omitempty"`
	// InputHash and ResultHash are those of the standing.
	InputHash  string `json:"input_hash,omitempty"`
	ResultHash string `json:"result_hash,omitempty"`
	// Amount is what the lines come to together, in minor units of Currency, or millionths of points if Points.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Points   bool   `json:"points,omitempty"`
}

// Message is something that was said.
type Message struct {
	By   string    `json:"by"` // an approval.Actor
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Resolution is how a dispute ended.
type Resolution struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Reason is for people: that of the adjustment, or of the refusal.
	Reason string `json:"reason"`
	// Adjustment is the id of the adjustment by hand; empty for a refusal. Kind, Amount and Period are those of it.
	Adjustment string                `json:"adjustment,omitempty"`
	Kind       settlement.ManualKind `json:"kind,omitempty"`
	Amount     int64                 `json:"amount,omitempty"`
	Period     string                `json:"period,omitempty"`
}

// Setting is what an organization says about disputes.
type Setting struct {
	Organization string `json:"-"`
	// Days is within how many a dispute is to end.
	Days      int       `json:"days"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Rev       int64     `json:"-"`
}

// DefaultDays is within how many days a dispute is to end where nobody said another number.
const DefaultDays = 14

// MaxDays bounds Setting.Days.
const MaxDays = 365

// Overdue tells whether a dispute should have ended at a time and has not.
func (d Dispute) Overdue(at time.Time) bool { return !d.State.Ended() && at.After(d.Deadline) }

// Manual gives the adjustment that resolves the dispute, always the same; false for one that no adjustment resolved.
func (d Dispute) Manual() (settlement.Manual, bool) {
	r := d.Resolution
	if d.State != Resolved || r == nil {
		return settlement.Manual{}, false
	}
	return settlement.Manual{ID: r.Adjustment, Organization: d.Organization, Program: d.Program, Participant: d.Participant, Period: r.Period, Kind: r.Kind,
		Amount: r.Amount, Reason: r.Reason, Dispute: d.ID, State: settlement.ManualPending, By: r.By, CreatedAt: r.At, Rev: 1}, true
}

// adjustmentOf gives the id of the adjustment that resolves a dispute: drawn from its own, so that there is one only.
func adjustmentOf(id string) string { return "adj_" + strings.TrimPrefix(id, ID+"_") }

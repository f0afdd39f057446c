// Package settlement takes a period of a program from calculated to paid: it freezes what everybody is to get, has it approved,
// locks it, and says what later changes come to. It is pure: settlement/keeper reads and writes.
//
// The periods of a program are settled in their order, one at a time. What is frozen is a statement for each participant: what
// the period comes to, what earlier locked periods would come to now against what they were settled as (adjustments), and what
// people added by hand. A locked period never changes: the engine goes on reckoning it as records change, and the next settlement
// takes up the difference. So all that was ever settled of somebody is always what the engine reckons of all settled periods.
package settlement

import (
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/record"
)

// State is where a period stands.
type State string

// The states, in their order.
const (
	Open       State = "open"       // nothing is frozen
	Calculated State = "calculated" // frozen, to be looked at; can be frozen anew
	Submitted  State = "submitted"  // waits for approvals
	Approved   State = "approved"   // has them all; locking may begin
	Locked     State = "locked"     // posted to the ledger; never changes any more
	Paid       State = "paid"       // locked, and no participant's account holds anything of it that a batch could still pay
)

// Settlement is how far a period of a program has come.
type Settlement struct {
	Organization string          `json:"-"`
	Program      string          `json:"program"`
	Period       calendar.Period `json:"period"`
	State        State           `json:"state"`
	Currency     string          `json:"currency"`
	Edition      string          `json:"edition"`
	// Revision counts the freezings. Only statements of the present one count.
	Revision int `json:"revision"`
	// Work is the long work that goes on, or went wrong; its zero value if none does.
	Work Work `json:"work,omitzero"`
	// Totals are those of the statements, once they are frozen.
	Totals Totals `json:"totals"`
	// CalculatedBy and SubmittedBy are audit actors (approval.Actor.ID).
	CalculatedBy string `json:"calculated_by,omitempty"`
	SubmittedBy  string `json:"submitted_by,omitempty"`
	// Behind are the makers of the keys by which it was calculated and submitted: approval.Request.Behind.
	Behind []string         `json:"behind,omitempty"`
	Given  []approval.Given `json:"given,omitempty"`
	// Rejected is the last refusal, until it is submitted again.
	Rejected *Rejection `json:"rejected,omitempty"`
	LockedBy string     `json:"locked_by,omitempty"`
	LockedAt time.Time  `json:"locked_at,omitzero"`
	PaidAt   time.Time  `json:"paid_at,omitzero"`
	// Root is the number of the ledger's root that was made when it was locked.
	Root      int64     `json:"root,omitempty"`
	UpdatedAt time.Time `json:"updated_at"`
	// Rev counts the writes, from 1; 0 for one that is not stored.
	Rev int64 `json:"-"`
}

// Work is long work over all participants, in parts that workers do.
type Work struct {
	// Kind is what is done: "freezing", "posting"; empty for none.
	Kind  string    `json:"kind,omitempty"`
	Run   string    `json:"run,omitempty"` // its id: parts of another run do not count
	Parts int       `json:"parts,omitempty"`
	Of    int       `json:"of,omitempty"` // participants
	Error string    `json:"error,omitempty"`
	At    time.Time `json:"at,omitzero"` // when it began
	By    string    `json:"by,omitempty"`
}

// The kinds of work.
const (
	Freezing = "freezing"
	Posting  = "posting"
)

// Totals sum statements. Minor units of the program's currency, points in millionths.
type Totals struct {
	Statements int   `json:"statements"`
	Payable    int64 `json:"payable"`  // what the period comes to
	Adjusted   int64 `json:"adjusted"` // differences of earlier periods
	Manual     int64 `json:"manual"`
	Credited   int64 `json:"credited"` // the sum of these three: what is posted
	Benefits   int64 `json:"benefits"` // given in kind, in no other sum
	Points     int64 `json:"points"`
	// Negative counts the statements that come to less than nothing, and are carried.
	Negative int `json:"negative"`
}

// Rejection is a refusal.
type Rejection struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Statement is what one participant gets with a settlement: a small item, for lists. Amounts as in Totals.
type Statement struct {
	Organization string `json:"-"`
	Program      string `json:"program"`
	Period       string `json:"period"` // its name
	Participant  string `json:"participant"`
	Revision     int    `json:"revision"`
	Currency     string `json:"currency"`
	// Payer is who pays; empty if nobody was said to.
	Payer    string `json:"payer,omitempty"`
	Payable  int64  `json:"payable"`
	Adjusted int64  `json:"adjusted"`
	Manual   int64  `json:"manual"`
	Credited int64  `json:"credited"`
	Benefits int64  `json:"benefits,omitempty"`
	Points   int64  `json:"points,omitempty"`
	// Document is the hash of the Document, Reckoned that of what the period comes to: both are stored apart, under their hash.
	Document string `json:"document"`
	Reckoned string `json:"reckoned"`
	// Settles are the earlier periods that it brings up to date.
	Settles []Settles `json:"settles,omitempty"`
	// Posted says that it stands in the ledger, and is final.
	Posted bool      `json:"posted,omitempty"`
	At     time.Time `json:"at"`
}

// Settles says that an earlier period is settled as To from now on, where it was settled as From: hashes of a Reckoned each; From
// is empty where the participant had no statement in it.
type Settles struct {
	Period string `json:"period"`
	From   string `json:"from,omitempty"`
	To     string `json:"to"`
}

// Settled is what a period of a participant is settled as: by its own statement, and by later ones that adjusted it.
type Settled struct {
	Organization string `json:"-"`
	Program      string `json:"program"`
	Participant  string `json:"participant"`
	Period       string `json:"period"`
	// Reckoned is the hash of what it is settled as; ResultHash and Prizes (a digest) are those of that.
	Reckoned   string `json:"reckoned"`
	ResultHash string `json:"result_hash"`
	Prizes     string `json:"prizes"`
	// By is the period whose settlement said so last.
	By string `json:"by"`
}

// Reckoned is what a period of a participant came to at a time, with all that it was reckoned from. It never changes.
type Reckoned struct {
	Engine   int                `json:"engine"` // incentive.Revision
	Standing incentive.Standing `json:"standing"`
	Input    incentive.Input    `json:"input"`
	Result   incentive.Result   `json:"result"`
	Versions []int              `json:"versions"` // of the program, in force in the period
	// Titles are those of components, by name, as they were.
	Titles map[string]string `json:"titles,omitempty"`
}

// Document is a statement whole: what is shown, and what is posted. It never changes.
type Document struct {
	Organization string          `json:"organization"`
	Program      string          `json:"program"`
	Title        string          `json:"title"` // of the program, as it was
	Period       calendar.Period `json:"period"`
	Participant  string          `json:"participant"`
	Payer        string          `json:"payer,omitempty"`
	Currency     string          `json:"currency"`
	Revision     int             `json:"revision"`
	Reckoned     string          `json:"reckoned"` // hash
	Adjustments  []Adjustment    `json:"adjustments,omitempty"`
	Manual       []Manual        `json:"manual,omitempty"`
	Payable      int64           `json:"payable"`
	Adjusted     int64           `json:"adjusted"`
	ByHand       int64           `json:"by_hand"`
	Credited     int64           `json:"credited"`
	Benefits     int64           `json:"benefits"`
	Points       int64           `json:"points"`
	FrozenAt     time.Time       `json:"frozen_at"`
}

// Adjustment is the difference that a later change makes to one line of a locked period.
type Adjustment struct {
	Period    string         `json:"period"` // the locked one
	Component string         `json:"component,omitempty"`
	Kind      AdjustmentKind `json:"kind"`
	// Credit and Record are those of the line; empty for what comes from no single one.
	Credit string      `json:"credit,omitempty"`
	Record *record.Key `json:"record,omitempty"`
	// Line says, of what comes from no single credit, what lines they are: "cap", "kicker", "draw" ...; of a prize, whether of a
	// "rank" or of which milestone: "milestone 10".
	Line string `json:"line,omitempty"`
	// Was and Now are what the line came to, Amount is Now less Was: minor units, or millionths of points if Points.
	Was    int64 `json:"was"`
	Now    int64 `json:"now"`
	Amount int64 `json:"amount"`
	Points bool  `json:"points,omitempty"`
	// Cause says what changed.
	Cause Change `json:"cause"`
}

// AdjustmentKind is what kind of line differs.
type AdjustmentKind string

// The kinds.
const (
	OfComponent AdjustmentKind = "component"
	OfLimit     AdjustmentKind = "limit"
	OfHold      AdjustmentKind = "hold"
	OfPrize     AdjustmentKind = "prize"
)

// Change is why a line of a locked period differs.
type Change struct {
	Code ChangeCode `json:"code"`
	// Records are those whose change did it: the line's own, or, where another deal's change moved the line's tier, that other.
	Records []RecordChange `json:"records,omitempty"`
	// Detail says it for people, without names.
	Detail string `json:"detail"`
}

// ChangeCode is what kind of change it was.
type ChangeCode string

// The codes: the line's own record came to count, counts no more, or counts otherwise; another record's change moved it (a tier,
// a cap); people, goals, the plan, or an earlier period's change did.
const (
	RecordAdded   ChangeCode = "record_added"
	RecordGone    ChangeCode = "record_gone"
	RecordChanged ChangeCode = "record_changed"
	OtherRecords  ChangeCode = "other_records"
	PeopleChanged ChangeCode = "people_changed" // dates of taking part: hierarchy, teams, roles
	GoalsChanged  ChangeCode = "goals_changed"
	PlanChanged   ChangeCode = "plan_changed"
	CarriedOver   ChangeCode = "carried_over" // an earlier period leaves something else
	RanksChanged  ChangeCode = "ranks_changed"
	RatesChanged  ChangeCode = "rates_changed"  // exchange rates
	EngineChanged ChangeCode = "engine_changed" // the same inputs come to something else by another revision of the engine
)

// RecordChange is a record that counts otherwise than before. Revs are 0, and values empty, where it did not count.
type RecordChange struct {
	Record record.Key `json:"record"`
	WasRev int64      `json:"was_rev,omitempty"`
	NowRev int64      `json:"now_rev,omitempty"`
	Was    string     `json:"was,omitempty"` // the value that it counted with, in major units
	Now    string     `json:"now,omitempty"`
}

// ManualKind is what a manual adjustment gives.
type ManualKind string

// The kinds.
const (
	ByHandMoney   ManualKind = "money"
	ByHandPoints  ManualKind = "points"
	ByHandBenefit ManualKind = "benefit" // in kind: Amount is its value
)

// ManualState is where a manual adjustment stands.
type ManualState string

// The states: it waits for the next settlement of its program, stands in a frozen one, was posted, or was withdrawn before.
const (
	ManualPending   ManualState = "pending"
	ManualPosted    ManualState = "posted"
	ManualWithdrawn ManualState = "withdrawn"
)

// Manual is an adjustment that a person made. It belongs to a program, and is settled with the first period that is frozen from
// its Period on.
type Manual struct {
	ID           string     `json:"id"` // "adj_" and 12 of [0-9a-z]
	Organization string     `json:"-"`
	Program      string     `json:"program"`
	Participant  string     `json:"participant"`
	Period       string     `json:"period"`
	Kind         ManualKind `json:"kind"`
	// Amount is in minor units of the program's currency, or millionths of points; below zero it takes away.
	Amount int64  `json:"amount"`
	Reason string `json:"reason"` // for people; it never reaches the ledger
	// Dispute is the id of the dispute that it resolves; empty for none.
	Dispute   string      `json:"dispute,omitempty"`
	State     ManualState `json:"state"`
	SettledIn string      `json:"settled_in,omitempty"` // the period
	By        string      `json:"by"`
	CreatedAt time.Time   `json:"created_at"`
	Rev       int64       `json:"-"`
}

// PointsUnit names the ledger's unit of points, for documents.
const PointsUnit = ledger.Points

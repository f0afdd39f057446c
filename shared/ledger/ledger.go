// Package ledger is the double-entry book of what people are owed and paid, in money and in points: rows are only ever added,
// each names its cause, and each is chained to the one before it in its account by a hash. It is pure: ledger/bookkeeper reads
// and writes, store.Ledger keeps.
//
// Each participant has a book, with all accounts of that participant. A posting touches one book only, so that workers at
// different people never wait for each other, and is one row there: its legs sum to zero in each unit. Rows hold ids and
// codes, never names, addresses or free text: a person who is erased leaves the book as it is.
package ledger

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/record"
	"leadline/shared/tax"
)

// Unit is what an account counts: an ISO 4217 currency, in minor units, or Points.
type Unit string

// Points are reward points, in millionths of one: the fraction that an award leaves stays in the balance, and what is redeemed is
// whole points.
const Points Unit = "points"

// PointScale is how many of the ledger's units a point is.
const PointScale = 1_000_000

// Kind is what an account is for.
type Kind string

// The kinds. A credit is positive, a debit negative.
const (
	// Cost is what the payer spends: debited by what is earned, and by tax that the payer bears.
	Cost Kind = "cost"
	// Owed is what the participant is to be paid, before tax. Below zero, the participant owes it: it is carried until later
	// earnings cover it. Of points, it is what can be redeemed.
	Owed Kind = "owed"
	// Returned is what a bank sent back: owed, but taxed already.
	Returned Kind = "returned"
	// Benefit is what was given in kind, at its value, and not taxed yet; Taxed what was.
	Benefit Kind = "benefit"
	Taxed   Kind = "taxed"
	// Tax is what is withheld for an authority.
	Tax Kind = "tax"
	// Transit is what a batch of payments holds: not owed any more, not paid yet.
	Transit Kind = "transit"
	// Paid is what was released to the bank.
	Paid Kind = "paid"
	// Redeemed are points that were spent.
	Redeemed Kind = "redeemed"
)

// Account is one of a participant's.
type Account struct {
	Kind Kind `json:"kind"`
	Unit Unit `json:"unit"`
	// Payer is the id of who pays; empty for points, and where nobody was said to.
	Payer string `json:"payer,omitempty"`
}

// Leg is one side of a posting: Amount is a credit above zero, a debit below.
type Leg struct {
	Account
	Amount int64 `json:"amount"`
	// Covered says that the account must not be below zero afterwards: the posting is refused (CodeNotCovered) if it would be.
	Covered bool `json:"covered,omitempty"`
}

// Cause is why a posting was made. ID is unique in the participant's book: what was posted under it is not posted again.
type Cause struct {
	Kind CauseKind `json:"kind"`
	ID   string    `json:"id"`
	// Program and Period (its name) are those that it was earned in, or, of an adjustment, that changed; In is the period that it
	// is paid with.
	Program   string `json:"program,omitempty"`
	Period    string `json:"period,omitempty"`
	In        string `json:"in,omitempty"`
	Component string `json:"component,omitempty"`
	// Record is the one whose change brought it, WasRev and NowRev its versions before and after; 0 for none.
	Record *record.Key `json:"record,omitempty"`
	WasRev int64       `json:"was_rev,omitempty"`
	NowRev int64       `json:"now_rev,omitempty"`
	// Code says which of several: "record_changed", "draw", a reason of the bank ...
	Code string `json:"code,omitempty"`
	// Document is the hash of what it was reckoned from, stored apart.
	Document string `json:"document,omitempty"`
	// Ref is the id of what it belongs to: a batch of payments, an adjustment, a redemption.
	Ref string `json:"ref,omitempty"`
	// By is who did it: the audit actor.
	By string `json:"by,omitempty"`
}

// CauseKind is what made a posting.
type CauseKind string

// The kinds of cause.
const (
	Earning    CauseKind = "earning"    // a component of a settled statement
	Limit      CauseKind = "limit"      // a cap, floor or draw of a settled statement
	Hold       CauseKind = "hold"       // held back or released in a settled statement
	Prize      CauseKind = "prize"      // won by rank or milestone
	Adjustment CauseKind = "adjustment" // a locked period would come to something else now
	Manual     CauseKind = "manual"     // a person said so
	InKind     CauseKind = "in_kind"    // a benefit in kind was given
	Collected  CauseKind = "collected"  // taken into a batch of payments, with the tax on it
	Cancelled  CauseKind = "cancelled"  // the batch was cancelled
	Released   CauseKind = "released"   // sent to the bank
	Bounced    CauseKind = "bounced"    // the bank sent it back
	Awarded    CauseKind = "awarded"    // points
	Spent      CauseKind = "redeemed"   // points
	Revoked    CauseKind = "revoked"    // points
)

// Posting is one entry: its legs sum to zero in each unit.
type Posting struct {
	Cause Cause         `json:"cause"`
	Date  calendar.Date `json:"date"`
	Legs  []Leg         `json:"legs"`
	// Years is what tax years come to with it, by tax.YearKey; nil where it changes none.
	Years map[string]tax.Year `json:"years,omitempty"`
}

// Row is a posting in a book.
type Row struct {
	Organization string    `json:"organization"`
	Participant  string    `json:"participant"`
	Number       int64     `json:"number"` // of the participant's rows, from 1
	At           time.Time `json:"at"`
	Posting
	// Chain has one link for each leg, in their order.
	Chain []Link `json:"chain"`
}

// Link is a leg's place in its account.
type Link struct {
	Seq      int64  `json:"seq"`      // of the account's rows, from 1
	Previous string `json:"previous"` // hash of the row before in the account; empty for the first
	Hash     string `json:"hash"`
	Balance  int64  `json:"balance"` // of the account, with the leg
}

// Head is where an account stands.
type Head struct {
	Seq     int64  `json:"seq"`
	Hash    string `json:"hash"`
	Balance int64  `json:"balance"`
}

// Book is where a participant's accounts stand.
type Book struct {
	Organization string `json:"-"`
	Participant  string `json:"-"`
	// Rows counts the rows.
	Rows  int64            `json:"rows"`
	Heads map[Account]Head `json:"-"`
	// Years is what counts for tax, by tax.YearKey.
	Years map[string]tax.Year `json:"years,omitempty"`
	// Rev counts the writes, from 1; 0 for a book that there is not yet.
	Rev int64 `json:"-"`
}

// Balance gives that of an account; 0 for one without rows.
func (b Book) Balance(a Account) int64 { return b.Heads[a].Balance }

// HeadAt is the head of an account of a participant when a root was made.
type HeadAt struct {
	Participant string `json:"participant"`
	Account
	Head
}

// Root binds the heads of all accounts of an organization at once, so that no row before it can be changed or dropped without
// notice. Roots are chained themselves.
type Root struct {
	Organization string `json:"organization"`
	Number       int64  `json:"number"` // from 1
	// Program and Period name the period that was locked.
	Program  string `json:"program"`
	Period   string `json:"period"`
	Accounts int    `json:"accounts"`
	// List is the hash of the list of heads, which is stored under it; Previous the Hash of the root before, empty for the first.
	List     string    `json:"list"`
	Previous string    `json:"previous"`
	Hash     string    `json:"hash"`
	At       time.Time `json:"at"`
}

// The codes of refused postings.
const (
	CodeUnbalanced = "unbalanced"  // Internal: legs do not sum to zero, or there are none
	CodeNotCovered = "not_covered" // Conflict: an account would be below zero that must not be
	CodePosted     = "posted"      // Conflict: the cause was posted before
)

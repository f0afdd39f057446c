// Package payout pays what the ledger owes: batches of payments that are frozen when they are collected, approved by others,
// released once, and told to banks in files that are a pure function of the batch. It is pure: payout/keeper reads and writes,
// payout/bankfile writes the files.
package payout

import (
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/tax"
)

// BatchID is the prefix of ids of batches.
const BatchID = "pay"

// Format is a form of bank file.
type Format string

// The formats.
const (
	Pain001 Format = "pain.001" // ISO 20022 CustomerCreditTransferInitiation, pain.001.001.09
	NACHA   Format = "nacha"    // ACH file, PPD credits
	CSV     Format = "csv"
)

// State is where a batch stands.
type State string

// The states.
const (
	Collecting State = "collecting" // participants are gathered, and what is owed to them is taken into the batch
	Submitted  State = "submitted"  // frozen: waits for approvals
	Approved   State = "approved"   // has them all; can be released, once
	Released   State = "released"   // posted as paid; its file can be fetched any number of times, and is always the same
	Cancelling State = "cancelling"
	Cancelled  State = "cancelled" // given back to what is owed
)

// Batch is payments of one payer in one currency on one day.
type Batch struct {
	ID           string // "pay_" and 12 of [0-9a-z]
	Organization string
	Payer        string
	Currency     string
	PayOn        calendar.Date
	Format       Format
	State        State
	// Participants, if any, are the only ones that are paid; else everybody who is owed something.
	Participants []string
	// Source is the sealed snapshot of the payer and its account that the file is made of.
	Source []byte
	// Payments counts those in it; Gross, Tax, ByPayer, Net sum them: minor units. LeftOut counts who was owed and is not in it.
	Payments int
	Gross    int64
	Tax      int64
	ByPayer  int64
	Net      int64
	LeftOut  int
	Returned int
	// Work is how far collecting, releasing or cancelling has come.
	Work Work
	// SubmittedBy made it; Given are the approvals.
	SubmittedBy string
	// Behind are the makers of the key by which it was made: approval.Request.Behind.
	Behind     []string
	Given      []approval.Given
	Rejected   string // the reason of whoever refused it, which cancels it
	ReleasedBy string
	ReleasedAt time.Time
	// FileHash is that of the bank file, from the release on.
	FileHash  string
	CreatedAt time.Time
	UpdatedAt time.Time
	Rev       int64
}

// Work is long work over participants.
type Work struct {
	Kind  string `json:"kind,omitempty"` // "collecting", "releasing", "cancelling"; empty for none
	Run   string `json:"run,omitempty"`
	Parts int    `json:"parts,omitempty"`
	Of    int    `json:"of,omitempty"` // participants
	Error string `json:"error,omitempty"`
}

// Payment is one participant's part of a batch.
type Payment struct {
	Organization string
	Batch        string
	Participant  string
	// Gross is what was owed, taxable; Back what a bank had sent back, taxed already. Tax is withheld from Gross, ByPayer is tax that
	// the payer bears. Net is Gross less Tax plus Back: what is paid, above zero. Minor units.
	Gross   int64
	Back    int64
	Benefit int64
	Tax     int64
	ByPayer int64
	Net     int64
	// Assessment says how the tax came about.
	Assessment tax.Assessment
	// Bank is the sealed snapshot of the payee's name and account; Hint its last characters.
	Bank []byte
	Hint string
	// EndToEnd names the payment to banks: unique, at most 35 of [A-Z0-9].
	EndToEnd string
	State    PaymentState
	// Reason is the bank's, of a returned payment: a code such as "AC04" or "R03".
	Reason     string
	ReturnedAt time.Time
	// LeftOut says, of who is owed and not paid by the batch, why: a LeftOut code. Such a row has no amounts but Gross and Back.
	LeftOut string
	// CreatedAt is that of the batch.
	CreatedAt time.Time
	Rev       int64
}

// PaymentState is where a payment stands.
type PaymentState string

// The states.
const (
	PaymentFrozen    PaymentState = "frozen"
	PaymentReleased  PaymentState = "released"
	PaymentReturned  PaymentState = "returned"
	PaymentCancelled PaymentState = "cancelled"
	PaymentLeftOut   PaymentState = "left_out"
)

// Why somebody is left out: what is owed to them is carried.
const (
	LeftNegative  = "negative"   // owes more than is owed
	LeftZero      = "zero"       // nothing is left after tax
	LeftNoBank    = "no_bank"    // no bank details, or none for the format
	LeftHeld      = "held"       // the profile says so
	LeftNoProfile = "no_profile" // nobody was said to pay the participant
	LeftShort     = "short"      // too little cash for the tax on benefits in kind
)

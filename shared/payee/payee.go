// Package payee holds who pays and who is paid: payers (legal entities with an account to pay from and the tax rules they go by)
// and participants' payment profiles (who pays them, what they are to the tax law, where the money goes). Bank details and tax
// ids are sealed with the organization's key, shown only by their last characters, and change only with a second person's approval.
package payee

import (
	"time"

	"leadline/shared/approval"
	"leadline/shared/number"
	"leadline/shared/tax"
)

// PayerID is the prefix of ids of payers, ChangeID of those of changes.
const (
	PayerID  = "pyr"
	ChangeID = "chg"
)

// Payer is a legal entity that pays.
type Payer struct {
	ID           string // "pyr_" and 12 of [0-9a-z]
	Organization string
	Name         string // as its bank knows it
	Country      string // ISO 3166-1 alpha-2
	Address      []string
	// TaxRules is the id of the rule set that it withholds by (see shared/tax); empty: it withholds nothing.
	TaxRules string
	// Confirmed says who confirmed that a tax adviser looked at the rules; without, a batch that would withhold is refused.
	ConfirmedBy string
	ConfirmedAt time.Time
	// Bank is the sealed Bank that it pays from (secret.PurposeBank); Hint its last characters. Empty for none yet.
	Bank     []byte
	BankHint string
	// OriginID and Destination are those of NACHA files: the company identification and the bank's routing number.
	OriginID    string
	Destination string
	Archived    bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Rev         int64
}

// Profile is how a participant is paid.
type Profile struct {
	Organization string
	Participant  string
	Payer        string // id
	LegalName    string // as the bank of the participant knows it
	Country      string
	Class        tax.Class
	// Rate is the payee's own tax rate, where a rule asks for one (an employee's average rate).
	Rate *number.Number
	// GrossUp says that the payer bears the tax on benefits in kind.
	GrossUp bool
	// TaxID is sealed; TaxIDHint its last characters. Empty for a missing one.
	TaxID     []byte
	TaxIDHint string
	// Bank is the sealed Bank; BankHint its last characters. Empty for none: the participant is left out of batches.
	Bank     []byte
	BankHint string
	// BankSince is when the details last changed.
	BankSince time.Time
	// Held says why the participant is not paid for now; empty: is paid.
	Held      string
	UpdatedAt time.Time
	Rev       int64
}

// Bank is an account at a bank, as plain text. What of it is needed depends on the country: see Check.
type Bank struct {
	Holder  string `json:"holder" maxLength:"140"`
	Country string `json:"country" pattern:"^[A-Z]{2}$"`
	// IBAN and BIC for countries with them; elsewhere Account with a clearing code (Code): an IFSC in India, a routing number in the
	// United States, a sort code in the United Kingdom without IBAN.
	IBAN    string `json:"iban,omitempty" maxLength:"34"`
	BIC     string `json:"bic,omitempty" maxLength:"11"`
	Account string `json:"account,omitempty" maxLength:"34"`
	Code    string `json:"code,omitempty" maxLength:"35"`
	// Type is "checking" or "savings", where banks ask.
	Type string `json:"type,omitempty" enum:"checking,savings"`
}

// Change is a change of bank details or of a tax id that waits for a second person.
type Change struct {
	ID           string // "chg_" and 12 of [0-9a-z]
	Organization string
	// Of is the id of the payer or participant whose it is.
	Of string
	// What is changed: "bank" or "tax_id".
	What string
	// Sealed is the new value, of an account with its holder, whom admins see while it waits; Hint its last characters. Cleared
	// once it is decided: what was taken is with the payer or profile.
	Sealed      []byte
	Hint        string
	State       ChangeState
	RequestedBy string
	// Behind are the makers of the key by which it was asked for: approval.Request.Behind.
	Behind      []string
	RequestedAt time.Time
	// Given are the approvals so far; the last of them accepts it.
	Given     []approval.Given
	DecidedBy string
	DecidedAt time.Time
	Reason    string // of a refusal
	// ExpiresAt is when it lapses undecided.
	ExpiresAt time.Time
	Rev       int64
}

// ChangeState is where a change stands.
type ChangeState string

// The states.
const (
	Waiting   ChangeState = "waiting"
	Accepted  ChangeState = "accepted"
	Refused   ChangeState = "refused"
	Lapsed    ChangeState = "lapsed"
	Withdrawn ChangeState = "withdrawn"
)

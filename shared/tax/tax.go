// Package tax reckons what is withheld from a payment, by rules that are data with dates: which payees and payments a rule is for,
// its rate, its threshold over the tax year, what happens when that is crossed, how it is rounded. It is pure.
//
// The rules that come with it (India from 1 April 2026, United States 2026) are examples. Whoever pays by them has a tax adviser
// confirm them first; each says so.
package tax

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Class is what a payee is to the tax law of the payer's country.
type Class string

// The classes.
const (
	Employee   Class = "employee"   // paid with the salary: tax at the average or the supplemental rate
	Agent      Class = "agent"      // commission to a resident agent or partner
	Contractor Class = "contractor" // self-employed
	Business   Class = "business"   // a dealer, a firm
	Foreign    Class = "foreign"    // not resident: by treaty, at a rate that the payee's profile says
)

// Year is what counts in a tax year under one rule for one payee of one payer: minor units.
type Year struct {
	// Base is what was paid, Exempt the part of it that lies before the payment that crossed the threshold, and is not taxed where
	// the rule taxes from the crossing payment on.
	Base   int64 `json:"base"`
	Exempt int64 `json:"exempt,omitempty"`
	// Crossed says that the threshold was.
	Crossed bool `json:"crossed,omitempty"`
	// Withheld is the tax so far.
	Withheld int64 `json:"withheld,omitempty"`
	// Assessed is the part of Base that tax was reckoned of. What is neither in it nor in Exempt is taxed once the threshold is
	// crossed.
	Assessed int64 `json:"assessed,omitempty"`
	// Due is the year's tax exactly, before it is rounded, in minor units as package number writes them ("430", "1/3"); empty for 0.
	// It is text, so that two Years can be compared with ==.
	Due string `json:"due,omitempty"`
}

// YearKey names what a Year is kept under: payer, tax year ("2026-27") and rule.
func YearKey(payer, year, rule string) string { return payer + "/" + year + "/" + rule }

// Payment is what is to be assessed. Amounts are minor units of Currency; neither is below zero.
type Payment struct {
	Payer    string        `json:"payer"`
	On       calendar.Date `json:"on"` // the day of payment: it decides the tax year, and which version of a rule counts
	Currency string        `json:"currency"`
	Class    Class         `json:"class"`
	HasTaxID bool          `json:"has_tax_id"`
	// Cash is what is paid in money, Benefit what was given in kind, at its value, since the last payment.
	Cash    int64 `json:"cash"`
	Benefit int64 `json:"benefit"`
	// Rate is the payee's own where the rule asks for one (an employee's average rate, a treaty's); nil if it is not known.
	Rate *number.Number `json:"rate,omitempty"`
	// GrossUp says that the payer bears the tax on benefits.
	GrossUp bool `json:"gross_up,omitempty"`
	// Rounding is the payer's own; nil for that of the rules.
	Rounding *Rounding `json:"rounding,omitempty"`
	// Years is what counts so far, by YearKey; those that are not there are zero.
	Years map[string]Year `json:"years,omitempty"`
}

// Assessment is what is withheld, and why.
type Assessment struct {
	// Lines are in the order of the rules; those that withhold nothing, too, with the reason.
	Lines []Line `json:"lines"`
	// FromCash is what the payee's cash is reduced by, ByPayer what the payer bears on top. Never more than there is cash: what
	// is missing for tax on benefits is in Short, and the benefit stays untaxed (Taxed false) until there is.
	FromCash int64 `json:"from_cash"`
	ByPayer  int64 `json:"by_payer"`
	Short    int64 `json:"short,omitempty"`
	// BenefitTaxed says that Benefit was assessed.
	BenefitTaxed bool `json:"benefit_taxed"`
	// Years are those that change, as they become; Was what those of them were that there were: see Undo.
	Years map[string]Year `json:"years,omitempty"`
	Was   map[string]Year `json:"was,omitempty"`
}

// Line is one rule's part.
type Line struct {
	Rule    string `json:"rule"`
	Section string `json:"section"` // of the law, as the return names it
	Of      string `json:"of"`      // "cash" or "benefit"
	YearKey string `json:"year"`
	// Base is what the tax is of: the payment, or with a threshold that was just crossed, all of the year.
	Base int64         `json:"base"`
	Rate number.Number `json:"rate"`
	Tax  int64         `json:"tax"`
	// Left is tax of cash that is due, and that there was too little cash for: it is withheld from the year's next payments.
	Left int64 `json:"left,omitempty"`
	// Reported says that the payment counts for what the payer reports of the year, and Reportable that the year has come to the
	// threshold for it.
	Reported   bool `json:"reported,omitempty"`
	Reportable bool `json:"reportable,omitempty"`
	// ByPayer says that it is grossed up.
	ByPayer bool `json:"by_payer,omitempty"`
	// Why says it for people: "2 % of 25,000.00 INR: with this payment the year is above 20,000.00 INR."
	Why string `json:"why"`
}

// Package amortization spreads commissions over the time that a contract is of use (ASC 340-40: incremental costs of obtaining one):
// what becomes an asset, what of it is expensed each month, what is written off when the customer leaves. It is pure.
//
// What a deal pays to one participant is one asset. Later amounts of the same deal, above zero or below (a clawback, an adjustment),
// change it. Amounts are minor units; each is shared by largest remainder, so that its months sum to it exactly.
package amortization

import (
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/record"
)

// CodePolicy is the code of policies and lines that cannot be.
const CodePolicy = "invalid_amortization"

// MaxMonths bounds a period of benefit.
const MaxMonths = 240

// Policy is what an organization's accountants decide.
type Policy struct {
	// Months is the period of benefit where a line does not say one; Renewals that of renewals, 0 for the same.
	Months   int `json:"months"`
	Renewals int `json:"renewals,omitempty"`
	// Expedient expenses at once what is of use for a year or less (340-40-25-4).
	Expedient bool   `json:"expedient,omitempty"`
	By        Method `json:"by"`
	Later     Later  `json:"later"`
}

// Method is how a straight line is drawn.
type Method string

// The methods.
const (
	ByDays   Method = "days"   // from the day it is earned, each month by its days
	ByMonths Method = "months" // from the month it is earned in, each month alike
)

// Later is what becomes of an amount that comes after the first.
type Later string

// The ways.
const (
	// Prospectively spreads it over what is left of the time. What takes away more than is left of the asset is a gain at once.
	Prospectively Later = "prospectively"
	// Cumulatively catches up at once what would have been expensed, had it been known from the beginning.
	Cumulatively Later = "cumulatively"
)

// Kind is what a deal was.
type Kind string

// The kinds.
const (
	New     Kind = "new"
	Renewal Kind = "renewal"
)

// Line is what one settlement paid to a participant for a deal.
type Line struct {
	Deal        record.Key
	Participant string
	Currency    string
	Amount      int64         // minor units, below zero for what is taken back
	Earned      calendar.Date // the day it was earned, or the adjustment was made
	Kind        Kind
	// Until is the day when the contract, or the time that it is of use, ends, which is not in it; empty: Months says it.
	Until calendar.Date
	// Months is the period of benefit, 0 for that of the policy.
	Months int
	// Lost is the day when the customer left; empty for none.
	Lost calendar.Date
}

// Check refuses a policy that makes no sense: fault.Invalid (CodePolicy).
func (p Policy) Check() error {
	switch {
	case p.Months < 1 || p.Months > MaxMonths:
		return fault.New(fault.Invalid, CodePolicy, "months is %d: the period of benefit must be from 1 to %d months.", p.Months, MaxMonths)
	case p.Renewals < 0 || p.Renewals > MaxMonths:
		return fault.New(fault.Invalid, CodePolicy, "renewals is %d: the period of benefit must be from 1 to %d months, or 0 for that of new deals.", p.Renewals, MaxMonths)
	case p.By != ByDays && p.By != ByMonths:
		return fault.New(fault.Invalid, CodePolicy, "by is %q: write days or months.", string(p.By))
	case p.Later != Prospectively && p.Later != Cumulatively:
		return fault.New(fault.Invalid, CodePolicy, "later is %q: write prospectively or cumulatively.", string(p.Later))
	}
	return nil
}

func (l Line) check() error {
	named := l.Deal.ID + " of " + l.Participant
	for _, d := range []calendar.Date{l.Earned, l.Until, l.Lost} {
		if _, err := calendar.ParseDate(string(d)); err != nil {
			return fault.New(fault.Invalid, CodePolicy, "The line of %s: %q is no day.", named, string(d))
		}
	}
	switch {
	case l.Earned == "":
		return fault.New(fault.Invalid, CodePolicy, "The line of %s does not say when it was earned.", named)
	case l.Months < 0 || l.Months > MaxMonths:
		return fault.New(fault.Invalid, CodePolicy, "The line of %s: its period of benefit must be from 1 to %d months.", named, MaxMonths)
	}
	return nil
}

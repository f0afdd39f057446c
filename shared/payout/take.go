package payout

import (
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/payee"
	"leadline/shared/tax"
)

// CollectCause, ReleaseCause, CancelCause and ReturnCause are the ids of the causes that a batch posts under in a participant's book.
func CollectCause(batch string) string { return batch + "/collect" }

// ReleaseCause is that of the release.
func ReleaseCause(batch string) string { return batch + "/release" }

// CancelCause is that of giving back.
func CancelCause(batch string) string { return batch + "/cancel" }

// ReturnCause is that of a payment that a bank sent back.
func ReturnCause(batch, participant string) string { return batch + "/return/" + participant }

// Concerns tells whether a book may have something for a batch, or owes its payer: what the batch lists participants by.
func Concerns(b ledger.Book, batch Batch) bool {
	for _, payer := range payersOf(batch) {
		for _, kind := range []ledger.Kind{ledger.Owed, ledger.Returned} {
			if b.Balance(ledger.Account{Kind: kind, Unit: ledger.Unit(batch.Currency), Payer: payer}) != 0 {
				return true
			}
		}
	}
	return false
}

// payersOf gives the payers whose accounts a batch pays from: its own, and nobody, for what was earned before somebody was said to
// pay the participant.
func payersOf(batch Batch) []string { return []string{batch.Payer, ""} }

// holding is what a participant's accounts of a kind hold for a batch.
type holding struct {
	total int64
	legs  []ledger.Leg // that empty them
}

// held sums the accounts of a kind that a batch may take from.
func held(b ledger.Book, kind ledger.Kind, payers []string, unit ledger.Unit) holding {
	var h holding
	for _, payer := range payers {
		a := ledger.Account{Kind: kind, Unit: unit, Payer: payer}
		if balance := b.Balance(a); balance != 0 {
			h.total = sum(h.total, balance)
			h.legs = append(h.legs, ledger.Leg{Account: a, Amount: -balance, Covered: balance > 0})
		}
	}
	return h
}

// Assess reckons the tax on a payment: tax.Rules.Assess.
type Assess func(tax.Payment) (tax.Assessment, error)

// Take says what a batch takes of what is owed to a participant, and what is posted for it. Whoever is left out has LeftOut set, and
// nothing is posted; whom the batch does not concern has neither that nor a State. A profile of Rev 0 is that of somebody who has
// none, one without Bank that of somebody who cannot be paid in the batch's format.
//
// Below zero, what is owed is carried: only what a bank sent back is paid then. Tax is assessed on what is owed and, with it, on
// benefits in kind that were not taxed yet. CodeTax refuses a payment that the payer's rules withhold from while nobody confirmed
// them. A nil assess withholds nothing, and leaves benefits as they are.
func Take(b ledger.Book, profile payee.Profile, payer payee.Payer, assess Assess, batch Batch) (Payment, []ledger.Posting, error) {
	unit, payers := ledger.Unit(batch.Currency), []string{batch.Payer}
	if profile.Rev == 0 || profile.Payer == batch.Payer {
		payers = payersOf(batch)
	}
	owed, returned := held(b, ledger.Owed, payers, unit), held(b, ledger.Returned, payers, unit)
	p := Payment{Organization: batch.Organization, Batch: batch.ID, Participant: b.Participant, Gross: owed.total, Back: returned.total, State: PaymentLeftOut,
		CreatedAt: batch.CreatedAt, Rev: 1}
	p.EndToEnd = EndToEnd(batch.ID, b.Participant)
	switch {
	case owed.total == 0 && returned.total == 0:
		return Payment{}, nil, nil
	case profile.Rev == 0:
		return p.left(LeftNoProfile), nil, nil
	case profile.Held != "":
		return p.left(LeftHeld), nil, nil
	case owed.total <= 0 && returned.total <= 0:
		return p.left(LeftNegative), nil, nil
	case len(profile.Bank) == 0:
		return p.left(LeftNoBank), nil, nil
	}
	if owed.total < 0 {
		owed, p.Gross = holding{}, 0
	}
	if returned.total < 0 {
		returned, p.Back = holding{}, 0
	}
	benefits := held(b, ledger.Benefit, payers, unit)
	p, years, err := p.assessed(b, benefits.total, profile, payer, assess, batch)
	switch {
	case fault.Is(err, fault.Invalid):
		return p.left(LeftTax), nil, nil
	case err != nil:
		return Payment{}, nil, err
	}
	if p.Net <= 0 {
		if p.Assessment.Short > 0 {
			return p.left(LeftShort), nil, nil
		}
		return p.left(LeftZero), nil, nil
	}
	p.State, p.Hint = PaymentFrozen, profile.BankHint
	legs := append(owed.legs, returned.legs...)
	if p.Benefit != 0 {
		for _, leg := range benefits.legs {
			taxed := leg
			taxed.Kind, taxed.Amount, taxed.Covered = ledger.Taxed, -leg.Amount, false
			legs = append(legs, leg, taxed)
		}
	}
	legs = append(legs, p.money(batch, ledger.Transit, p.Net)...)
	posting := ledger.Posting{Cause: cause(batch, ledger.Collected, CollectCause(batch.ID), batch.SubmittedBy), Date: batch.PayOn, Legs: legs, Years: years}
	return p, []ledger.Posting{posting}, nil
}

// assessed adds the tax to a payment, and gives the tax years as they become.
func (p Payment) assessed(b ledger.Book, benefits int64, profile payee.Profile, payer payee.Payer, assess Assess, batch Batch) (Payment, map[string]tax.Year, error) {
	p.Net = sum(p.Gross, p.Back)
	if assess == nil {
		return p, nil, nil
	}
	benefits = max(benefits, 0)
	a, err := assess(tax.Payment{Payer: batch.Payer, On: batch.PayOn, Currency: batch.Currency, Class: profile.Class, HasTaxID: len(profile.TaxID) > 0,
		Cash: p.Gross, Benefit: benefits, Rate: profile.Rate, GrossUp: profile.GrossUp, Years: b.Years})
	if err != nil {
		return p, nil, err
	}
	if a.FromCash+a.ByPayer > 0 && payer.ConfirmedBy == "" {
		return p, nil, fault.New(fault.Conflict, CodeTax, "The payer's tax rules %s would withhold from %s, and nobody confirmed them. Have a tax adviser look at them, confirm them on the payer, and make the batch again.",
			payer.TaxRules, b.Participant)
	}
	p.Assessment, p.Tax, p.ByPayer = a, a.FromCash, a.ByPayer
	p.Net -= a.FromCash
	if a.BenefitTaxed {
		p.Benefit = benefits
	}
	return p, a.Years, nil
}

// left gives the row of somebody who is left out: no amounts but what is owed.
func (p Payment) left(why string) Payment {
	return Payment{Organization: p.Organization, Batch: p.Batch, Participant: p.Participant, Gross: p.Gross, Back: p.Back, State: PaymentLeftOut, LeftOut: why,
		EndToEnd: p.EndToEnd, CreatedAt: p.CreatedAt, Rev: p.Rev}
}

// money gives the legs of tax and of the account that holds the net.
func (p Payment) money(batch Batch, holds ledger.Kind, net int64) []ledger.Leg {
	var legs []ledger.Leg
	add := func(kind ledger.Kind, amount int64) {
		if amount != 0 {
			legs = append(legs, ledger.Leg{Account: batch.account(kind), Amount: amount})
		}
	}
	add(ledger.Cost, -p.ByPayer)
	add(ledger.Tax, p.Tax+p.ByPayer)
	add(holds, net)
	return legs
}

// account is one of the batch's payer in its currency.
func (b Batch) account(kind ledger.Kind) ledger.Account {
	return ledger.Account{Kind: kind, Unit: ledger.Unit(b.Currency), Payer: b.Payer}
}

func cause(b Batch, kind ledger.CauseKind, id, by string) ledger.Cause {
	return ledger.Cause{Kind: kind, ID: id, Ref: b.ID, By: by}
}

// Pay is the posting of a payment's release: what was in transit is paid.
func Pay(b Batch, p Payment) ledger.Posting {
	return b.move(p, ledger.Transit, ledger.Paid, cause(b, ledger.Released, ReleaseCause(b.ID), b.ReleasedBy), b.PayOn)
}

// PayBack is the posting of a payment that a bank sent back: it is owed again, and taxed already. p has the reason.
func PayBack(b Batch, p Payment, by string, on calendar.Date) ledger.Posting {
	c := cause(b, ledger.Bounced, ReturnCause(b.ID, p.Participant), by)
	c.Code = p.Reason
	return b.move(p, ledger.Paid, ledger.Returned, c, on)
}

func (b Batch) move(p Payment, from, to ledger.Kind, c ledger.Cause, on calendar.Date) ledger.Posting {
	return ledger.Posting{Cause: c, Date: on, Legs: []ledger.Leg{
		{Account: b.account(from), Amount: -p.Net, Covered: true}, {Account: b.account(to), Amount: p.Net}}}
}

// GiveBack is the posting that undoes what was collected, row for leg: what the batch took is owed again, tax as if
// the payment had never been. years are the tax years of the book without it (tax.Undo).
func GiveBack(b Batch, collected ledger.Row, years map[string]tax.Year, by string, on calendar.Date) ledger.Posting {
	legs := make([]ledger.Leg, len(collected.Legs))
	for i, leg := range collected.Legs {
		legs[i] = ledger.Leg{Account: leg.Account, Amount: -leg.Amount, Covered: leg.Kind == ledger.Transit}
	}
	return ledger.Posting{Cause: cause(b, ledger.Cancelled, CancelCause(b.ID), by), Date: on, Legs: legs, Years: years}
}

package tax

import (
	"math"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
)

// The codes of refused payments.
const (
	CodeCurrency = "tax_currency"    // not the rules' currency
	CodeNoRule   = "no_tax_rule"     // the rules say nothing of the class, or of the day
	CodeNoRate   = "tax_rate_needed" // the rule asks for the payee's own rate, and it is not known
	CodePayment  = "invalid_payment" // an amount below zero, no day, a rate that is none
)

// Assess reckons what is withheld from a payment.
//
// The tax of a year is kept exactly (Year.Due), and grows with each payment: by the rate that is in force on its day, of the
// payment, or where it crosses a threshold on the whole year, of all that was not taxed before. What is withheld from a payment is
// the year's tax, rounded, less what was withheld so far, and never below zero: so parts of a sum come to the tax of the sum. Of
// another rate (a new version, a tax id that was handed in) only later payments are taxed; what was withheld stays.
//
// Tax of cash is never more than the cash: what is left is due with the year's next payments (Line.Left). Tax of a benefit is taken
// from the cash that is left, all or none, or is borne by the payer.
//
// It is fault.Invalid for a payment in another currency, on a day or to a class that the rules say nothing of, and without the
// payee's rate where a rule asks for it.
func (r Rules) Assess(p Payment) (Assessment, error) {
	if err := r.checkPayment(p); err != nil {
		return Assessment{}, err
	}
	a := Assessment{Lines: []Line{}, Years: map[string]Year{}, Was: map[string]Year{}}
	if p.Cash > 0 {
		if err := r.assess(p, OfCash, &a); err != nil {
			return Assessment{}, err
		}
	}
	if p.Benefit == 0 {
		return a, nil
	}
	with := a
	with.Lines, with.Years, with.Was = slices.Clip(a.Lines), copied(a.Years), copied(a.Was)
	if err := r.assess(p, OfBenefit, &with); err != nil {
		return Assessment{}, err
	}
	if with.FromCash > p.Cash {
		return shortOf(a, with, p), nil
	}
	with.BenefitTaxed = true
	return with, nil
}

// shortOf leaves benefits untaxed that there is too little cash for.
func shortOf(a, with Assessment, p Payment) Assessment {
	a.Short = with.FromCash - p.Cash
	for _, l := range with.Lines[len(a.Lines):] {
		l.Why = "Needs " + writeMinor(l.Tax, p.Currency) + " from cash, which is not there: the benefit stays untaxed until it is."
		l.Tax, l.ByPayer = 0, false
		a.Lines = append(a.Lines, l)
	}
	return a
}

func copied(years map[string]Year) map[string]Year {
	made := make(map[string]Year, len(years))
	for key, y := range years {
		made[key] = y
	}
	return made
}

func (r Rules) checkPayment(p Payment) error {
	switch {
	case p.Currency != r.Currency:
		return fault.New(fault.Invalid, CodeCurrency, "The tax rules %s are in %s, and the payment is in %s: pay it in %s, or by a payer with other rules.", r.ID, r.Currency, p.Currency, r.Currency)
	case p.Cash < 0 || p.Benefit < 0:
		return fault.New(fault.Invalid, CodePayment, "A payment below zero cannot be assessed: carry it until later earnings cover it.")
	case !isDay(p.On):
		return fault.New(fault.Invalid, CodePayment, "%q is no day of payment. Write it as 2026-07-01.", string(p.On))
	}
	if p.Rounding != nil {
		if err := p.Rounding.Check("rounding"); err != nil {
			return err
		}
	}
	if p.Rate != nil {
		if err := checkRate(*p.Rate, "the payee's rate"); err != nil {
			return fault.New(fault.Invalid, CodePayment, "%s", fault.Of(err).Message)
		}
	}
	return nil
}

// assess adds the lines of the rules for cash, or for benefits.
func (r Rules) assess(p Payment, of Of, a *Assessment) error {
	rules := r.of(p.Class, of)
	if len(rules) == 0 {
		return fault.New(fault.Invalid, CodeNoRule, "The tax rules %s say nothing of %s to the class %q: choose another class, or other rules.", r.ID, of, string(p.Class))
	}
	for _, rule := range rules {
		v, ok := rule.on(p.On)
		if !ok {
			return fault.New(fault.Invalid, CodeNoRule, "The tax rules %s say nothing of %s on %s (rule %s): choose rules that are in force then.", r.ID, of, p.On, rule.ID)
		}
		if err := r.apply(p, rule, v, a); err != nil {
			return err
		}
	}
	return nil
}

// apply adds the line of one rule.
func (r Rules) apply(p Payment, rule Rule, v Version, a *Assessment) error {
	rate, missing, err := v.rateFor(p, rule)
	if err != nil {
		return err
	}
	key := YearKey(p.Payer, r.YearOf(p.On), rule.year())
	was, changed := a.Years[key]
	if !changed {
		var there bool
		if was, there = p.Years[key]; there {
			a.Was[key] = was
		}
	}
	amount := p.Cash
	if rule.Of == OfBenefit {
		amount = p.Benefit
	}
	if was.Base > math.MaxInt64/4-amount { // with the tax that a payer bears, it must still be a number of minor units
		return fault.New(fault.Invalid, number.CodeTooLarge, "The tax year comes to more than an account can hold.")
	}
	w := work{p: p, v: v, rule: rule, rate: rate, missing: missing, rounding: r.rounding(p, v), was: was, amount: amount}
	line, now, err := w.reckon(p.Cash - a.FromCash)
	if err != nil {
		return err
	}
	line.YearKey = key
	a.Lines, a.Years[key] = append(a.Lines, line), now
	if line.ByPayer {
		a.ByPayer += line.Tax
	} else {
		a.FromCash += line.Tax
	}
	return nil
}

// rateFor gives the rate for a payment, except of bands, and whether it is that for a missing tax id.
func (v Version) rateFor(p Payment, rule Rule) (rate number.Number, missing bool, err error) {
	known := true
	switch {
	case v.Rate != nil:
		rate = *v.Rate
	case v.PayeeRate && p.Rate != nil:
		rate = *p.Rate
	case v.PayeeRate:
		known = false
	}
	if n := v.NoTaxID; n != nil && !p.HasTaxID && (n.How == Replaces || known && rate.Less(n.Rate)) {
		return n.Rate, true, nil
	}
	if !known {
		return rate, false, fault.New(fault.Invalid, CodeNoRate, "The rule %s asks for the payee's own tax rate, and the profile has none: enter it there.", rule.ID)
	}
	return rate, false, nil
}

func (r Rules) rounding(p Payment, v Version) Rounding {
	switch {
	case p.Rounding != nil:
		return *p.Rounding
	case v.Rounding != nil:
		return *v.Rounding
	}
	return r.Rounding
}

// minor gives an amount in major units as an exact number of minor ones.
func minor(major number.Number, currency string) number.Number {
	digits, _ := money.Digits(currency)
	return major.Mul(number.Ten(digits))
}

package incentive

import "leadline/shared/money"

// valueStep finds what the record is worth, in its own currency: its value, what weighs it, and the key that distinct counts.
// A formula without a value is a problem: the record counts, and nobody can say how much.
func valueStep(w *recordWork) {
	var err error
	if w.worth, err = w.c.value.of(&w.row); err != nil {
		w.refuseFormula("value", "What it is worth", err)
		return
	}
	if w.weight, err = w.c.weight.of(&w.row); err != nil {
		w.refuseFormula("value", "Its weight", err)
		return
	}
	if w.c.key != nil {
		if w.key, err = w.c.key.String(&w.row); err != nil {
			w.refuseFormula("value", "Its key", err)
			return
		}
	}
	if w.c.currency != nil {
		if w.currency, err = w.c.currency.String(&w.row); err != nil {
			w.refuseFormula("value", "Its currency", err)
			return
		}
		if _, known := money.Digits(w.currency); !known {
			w.refuse("value", "unknown_currency", true, "Its currency is %q, which is no code of ISO 4217.", brief(w.currency))
			return
		}
	}
	if w.said != nil {
		w.say("value", "It is worth %s.", w.amountOf())
	}
}

// amountOf writes the worth with its currency.
func (w *recordWork) amountOf() string {
	if w.currency == "" {
		return w.worth.String()
	}
	return w.worth.String() + " " + w.currency
}

// refuseFormula refuses the record for a formula that has no result.
func (w *recordWork) refuseFormula(step, what string, err error) {
	code := "formula_failed"
	if noValue(err) {
		code = "no_value"
	}
	w.refuse(step, code, true, "%s: %s", what, message(err))
}

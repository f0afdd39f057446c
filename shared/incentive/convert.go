package incentive

import (
	"leadline/shared/calendar"
	"leadline/shared/program"
)

// convertStep makes the worth one in the program's currency, by the rate of the day that the program says: the record's, or the
// first or last one of the program's period that it lies in. What is not money, or is in the program's currency, stays as it
// is. Nothing is rounded.
func convertStep(w *recordWork) {
	w.value = w.worth
	to := w.v.Definition.Currency
	if w.currency == "" || w.currency == to {
		return
	}
	on := w.rateDay()
	rate, found := w.world.Rate(w.currency, to, on)
	if !found {
		w.refuse("convert", "no_rate", true, "There is no exchange rate from %s to %s for %s.", w.currency, to, on)
		return
	}
	w.rate, w.value = &rate, w.worth.Mul(rate.Value)
	if w.said != nil {
		w.say("convert", "It is %s %s: one %s is %s %s on %s.", w.value, to, w.currency, rate.Value, to, on)
	}
}

// rateDay is the day whose rate counts.
func (w *recordWork) rateDay() calendar.Date {
	switch w.v.Definition.Exchange.On {
	case program.OnPeriodStart:
		return w.v.period(w.date).From
	case program.OnPeriodEnd:
		return lastDay(w.v.period(w.date))
	}
	return w.date
}

// lastDay gives the last day of a period.
func lastDay(p calendar.Period) calendar.Date { return p.Until.AddDays(-1) }

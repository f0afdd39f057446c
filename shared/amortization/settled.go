package amortization

import (
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// Contract is what is known of a deal beside its commission; the zero value is a new deal, with the policy's period of benefit, that
// is not lost.
type Contract struct {
	Kind   Kind
	Months int
}

// Settled gives the lines of a posted statement: what it pays for records, and what adjustments change. r is what the period was
// reckoned as when it was frozen; of may be nil. What comes from no single record (a draw, a prize, what a person added) is no cost
// of a deal, and not in it. A credit that takes another back says that the customer left. A line counts on the day of its credit, which is in the period; an adjustment on the period's last day.
func Settled(d settlement.Document, r settlement.Reckoned, of func(record.Key) Contract) []Line {
	credits := make(map[string]incentive.Credit, len(r.Input.Credits))
	for _, c := range r.Input.Credits {
		credits[c.ID] = c
	}
	last := d.Period.Until.AddDays(-1)
	var lines []Line
	add := func(l Line) {
		if l.Kind = New; of != nil {
			if c := of(l.Deal); c != (Contract{}) {
				l.Kind, l.Months = c.Kind, c.Months
			}
		}
		l.Participant, l.Currency = d.Participant, d.Currency
		if l.Amount != 0 {
			lines = append(lines, l)
		}
	}
	each := func(made []incentive.Line) {
		for _, m := range made {
			c, ok := credits[m.Credit]
			if !ok {
				continue
			}
			// What is released of an earlier period's hold, or looked back at, is paid now.
			day := c.Date
			if !d.Period.Holds(day) {
				day = last
			}
			l := Line{Deal: c.Record, Amount: m.Amount, Earned: day}
			if c.Reversal {
				l.Lost = day
			}
			add(l)
		}
	}
	for _, o := range r.Result.Components {
		each(o.Lines)
	}
	for _, l := range r.Result.Limits {
		each(l.Lines)
	}
	each(r.Result.Holds)
	for _, a := range d.Adjustments {
		if a.Record != nil && !a.Points {
			add(Line{Deal: *a.Record, Amount: a.Amount, Earned: last})
		}
	}
	return lines
}

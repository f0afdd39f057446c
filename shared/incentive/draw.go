package incentive

import (
	"leadline/shared/number"
	"leadline/shared/program"
)

// draw advances pay, and takes back what was advanced earlier.
//
// As a guarantee, what is missing to the draw is advanced, and recovery takes from what is above the draw: also in periods for
// which there is no advance any more. A sum below zero, as deals that were lost leave it, is filled up from there: with a draw of
// 1,500 and a sum of -1,000, 2,500 are advanced.
//
// On top, all of the draw is advanced, and recovery takes from what is earned. In a period on no day of which the participant
// takes part, nothing is advanced, a guarantee is for nothing, and all that is owed is due at once.
//
// Several draws of a program share what is owed. A draw that is not recoverable is not owed, and recovers nothing.
func (l *limiting) draw(limit *program.Limit) {
	d := program.Draw{}
	if limit.Draw != nil {
		d = *limit.Draw
	}
	amount, takesPart := l.prorated(limit)
	nth := l.in.Before.Periods + 1
	from, advance := max(l.sum, 0), amount
	if d.Form != program.OnTop {
		from, advance = max(l.sum-amount, 0), max(amount-l.sum, 0)
	}
	if d.Recoverable {
		l.recover(d, l.most(d, from), nth, takesPart)
	}
	if takesPart && (d.Periods == 0 || nth <= d.Periods) && advance > 0 {
		l.add(LineDraw, advance, "")
		if d.Recoverable {
			l.owed = append(l.owed[:len(l.owed):len(l.owed)], Advance{Period: l.in.Period.Name, Number: nth, Amount: advance})
		}
	}
	if d.Forgive && takesPart && d.Periods > 0 && nth >= d.Periods {
		for _, a := range l.owed {
			l.limited.Forgiven += a.Amount
		}
		l.owed = nil
	}
}

// most is how much of what there is to take from recovery takes: its share of it, cut down to whole minor units.
func (l *limiting) most(d program.Draw, from int64) int64 {
	if d.RecoverShare == nil {
		return from
	}
	most, err := number.Of(from).Mul(*d.RecoverShare).Round(0, number.Down)
	if err != nil {
		l.err = err
	}
	return max(min(most, from), 0)
}

// recover takes what is due of what is owed, the oldest first. An advance is due from the period after it, or so many later.
func (l *limiting) recover(d program.Draw, most int64, nth int, takesPart bool) {
	var left []Advance
	for _, a := range l.owed {
		if due := nth-a.Number > d.RecoverAfter || !takesPart; due {
			part := min(a.Amount, most)
			l.add(LineRecovery, -part, "advanced in "+a.Period)
			a.Amount -= part
			most -= part
		}
		if a.Amount > 0 {
			left = append(left, a)
		}
	}
	l.owed = left
}

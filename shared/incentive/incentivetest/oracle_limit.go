package incentivetest

import (
	"math/big"

	"leadline/shared/incentive"
	"leadline/shared/program"
)

// limit gives what is earned after caps and floors, and what is paid after draws.
func (m *mill) limit(sum int64) (earned, payable int64) {
	m.after.Owed = append(m.after.Owed, m.in.Before.Owed...)
	m.after.Periods = m.in.Before.Periods
	if m.share().Sign() > 0 {
		m.after.Periods++
	}
	paid := int64(0) // by draws
	for _, l := range m.last.Definition.Limits {
		size := m.size(l)
		switch l.Kind {
		case program.LimitCap:
			if l.Over != "" {
				window := m.last.Definition.Calendar.Around(l.Over, m.in.Period).Name
				size -= m.in.Before.ToDate[""][window]
			}
			if l.Excess == program.CarriedOver {
				sum += m.in.Before.Excess[""]
			}
			if cut := sum - size; cut > 0 {
				sum = size
				if l.Excess == program.CarriedOver {
					m.after.Excess[""] = cut
				}
			}
		case program.LimitFloor:
			sum = max(sum, size)
		case program.LimitDraw:
			paid += m.draw(*l.Draw, size, sum)
		}
	}
	for _, l := range m.last.Definition.Limits {
		if l.Over != "" {
			m.toDate("", l.Over, sum)
		}
	}
	return sum, sum + paid
}

// share is the part of the period's days on which the participant takes part.
func (m *mill) share() *big.Rat {
	days := 0
	for d := m.in.Period.From; d < m.in.Period.Until; d = d.AddDays(1) {
		for _, s := range m.in.Spans {
			if s.Holds(d) {
				days++
				break
			}
		}
	}
	return big.NewRat(int64(days), int64(m.in.Period.Days()))
}

func (m *mill) size(l program.Limit) int64 {
	size := optional(l.Amount)
	if l.Amount == nil {
		sum := new(big.Rat)
		for _, t := range m.targets {
			sum = plus(sum, orZero(t))
		}
		size = times(optional(l.OfTarget), sum)
	}
	if l.Kind != program.LimitCap && l.Prorate != program.Whole {
		size = times(size, m.share())
	}
	return rounded(size, m.digits, m.last.Definition.Rounding)
}

// draw gives what is advanced, less what is recovered.
func (m *mill) draw(d program.Draw, size, earned int64) int64 {
	now := m.after.Periods
	if m.share().Sign() == 0 || d.Periods > 0 && now > d.Periods {
		size = 0
	}
	advance, above := size, earned
	if d.Form != program.OnTop {
		advance, above = max(size-earned, 0), earned-size
		if size == 0 {
			advance = 0
		}
	}
	recovered := int64(0)
	if d.Recoverable && above > 0 {
		most := above
		if d.RecoverShare != nil {
			most = rounded(times(fromMinor(above, 0), d.RecoverShare.Big()), 0, m.last.Definition.Rounding)
		}
		var left []incentive.Advance
		for _, owed := range m.after.Owed {
			if now > owed.Number+d.RecoverAfter {
				part := min(owed.Amount, most-recovered)
				recovered += part
				owed.Amount -= part
			}
			if owed.Amount > 0 {
				left = append(left, owed)
			}
		}
		m.after.Owed = left
	}
	if d.Recoverable && advance > 0 {
		m.after.Owed = append(m.after.Owed, incentive.Advance{Period: m.in.Period.Name, Number: now, Amount: advance})
	}
	if d.Forgive && d.Periods > 0 && now >= d.Periods {
		m.after.Owed = nil
	}
	return advance - recovered
}

// hold gives what is released, less what is held back.
func (m *mill) hold([]incentive.Outcome) int64 { return 0 }

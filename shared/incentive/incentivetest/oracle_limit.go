package incentivetest

import (
	"math/big"

	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// limit takes the sum through the limits, in their order. Earned is what caps and floors make of it, payable what draws do besides.
func (m *mill) limit(sum int64) (earned, payable int64) {
	m.after.Owed = append(m.after.Owed, m.in.Before.Owed...)
	m.after.Periods = m.in.Before.Periods
	if m.share().Sign() > 0 {
		m.after.Periods++
	}
	limits := m.last.Definition.Limits
	longest := -1 // the last cap for a longer time
	for i, l := range limits {
		if l.Over != "" {
			longest = i
		}
	}
	drawn, counted := int64(0), int64(0)
	for i, l := range limits {
		size := m.limitSize(l)
		switch l.Kind {
		case program.LimitCap:
			if l.Over != "" {
				window := m.last.Definition.Calendar.Around(l.Over, m.in.Period).Name
				size -= m.in.Before.ToDate[""][window]
			}
			if l.Excess == program.CarriedOver {
				sum += m.in.Before.Excess[""]
			}
			if cut := sum - max(size, 0); cut > 0 {
				sum = max(size, 0)
				if l.Excess == program.CarriedOver {
					m.after.Excess[""] = cut
				}
			}
		case program.LimitFloor:
			if m.share().Sign() > 0 {
				sum = max(sum, size)
			}
		case program.LimitDraw:
			paid := m.draw(*l.Draw, size, sum)
			sum, drawn = sum+paid, drawn+paid
			if i < longest {
				counted += paid // the cap that comes later counts it
			}
		}
	}
	for _, l := range limits {
		if l.Over != "" {
			m.toDate("", l.Over, sum-drawn+counted)
		}
	}
	return sum - drawn, sum
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

func (m *mill) limitSize(l program.Limit) int64 {
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
func (m *mill) draw(d program.Draw, size, sum int64) int64 {
	now, takesPart := m.in.Before.Periods+1, m.share().Sign() > 0
	if !takesPart {
		size = 0
	}
	advance, above := size, max(sum, 0)
	if d.Form != program.OnTop {
		advance, above = max(size-sum, 0), max(sum-size, 0)
	}
	if !takesPart || d.Periods > 0 && now > d.Periods {
		advance = 0
	}
	recovered := int64(0)
	if d.Recoverable {
		if d.RecoverShare != nil {
			above = rounded(times(big.NewRat(above, 1), d.RecoverShare.Big()), 0, number.Down)
		}
		var left []incentive.Advance
		for _, owed := range m.after.Owed {
			if now-owed.Number > d.RecoverAfter || !takesPart {
				part := min(owed.Amount, above-recovered)
				recovered += part
				owed.Amount -= part
			}
			if owed.Amount > 0 {
				left = append(left, owed)
			}
		}
		if advance > 0 {
			left = append(left, incentive.Advance{Period: m.in.Period.Name, Number: now, Amount: advance})
		}
		m.after.Owed = left
	}
	if d.Forgive && takesPart && d.Periods > 0 && now >= d.Periods {
		m.after.Owed = nil
	}
	return advance - recovered
}

// hold gives what is released, less what is held back: of each credit of the period the share of what it earned. It is exact
// where credits earn whole minor units, and nothing is taken back or capped.
func (m *mill) hold(parts []part) int64 {
	paid := int64(0)
	held := append([]incentive.Held{}, m.in.Before.Holds...)
	for _, p := range parts {
		for _, w := range m.all[p.Number] {
			for _, c := range w.credits {
				amount := w.by[c.ID]
				if w.component.Hold == nil || amount == nil || amount.Sign() <= 0 || !m.in.Period.Holds(c.Date) {
					continue
				}
				part := rounded(times(amount, w.component.Hold.Share.Big()), m.digits, w.Definition.Rounding)
				held = append(held, incentive.Held{Component: w.component.Name, Credit: c.ID, Period: m.in.Period.Name, Amount: part, Release: c.Release})
				paid -= part
			}
		}
	}
	for _, h := range held {
		release := h.Release
		if byHand, found := m.in.Released[h.Credit]; found && (release == "" || byHand < release) {
			release = byHand
		}
		if release != "" && release < m.in.Period.Until {
			paid += h.Amount
			continue
		}
		m.after.Holds = append(m.after.Holds, h)
	}
	return paid
}

package incentivetest

import (
	"math/big"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

// goal adds up what a quota or target comes to in each period of the window, day by day; now is what the version's own days of
// the period come to.
func (m *mill) goal(w *work, g program.Goal, target bool) (window, now *big.Rat) {
	days := m.window(w.part, w.component.Measure.Window)
	window = new(big.Rat)
	for _, p := range m.periods(w) {
		window = plus(window, m.goalOf(w, g, target, p, days))
	}
	return window, m.goalOf(w, g, target, m.in.Period, w.days)
}

// goalOf is what a goal comes to on some of a period's days.
func (m *mill) goalOf(w *work, g program.Goal, target bool, p calendar.Period, of calendar.Span) *big.Rat {
	full, days := m.full(w, g, p, target), 0
	for d := p.From; d < p.Until; d = d.AddDays(1) {
		if of.Holds(d) && w.anyDay(d.Day()) {
			days++
		}
	}
	switch {
	case days == 0: // who takes part on no day has none of it
		return new(big.Rat)
	case g.Prorate != program.Whole:
		full = times(full, big.NewRat(int64(days), int64(p.Days())))
	}
	if nth := m.nth(w, p); nth >= 0 && nth < len(g.Ramp) {
		full = times(full, g.Ramp[nth].Big())
	}
	return full
}

// periods gives those of the window.
func (m *mill) periods(w *work) []calendar.Period {
	window := m.window(w.part, w.component.Measure.Window)
	window.Until = m.in.Period.Until
	return w.Definition.Calendar.Within(w.Definition.Period, window)
}

// nth counts from 0 the periods since the participant began; -1 before.
func (m *mill) nth(w *work, p calendar.Period) int {
	if len(w.spans) == 0 || p.Until <= w.spans[0].From {
		return -1
	}
	first := w.Definition.Calendar.Of(w.Definition.Period, w.spans[0].From)
	n := 0
	for q := p; q.From > first.From; q = w.Definition.Calendar.Previous(q) {
		n++
	}
	return n
}

// full is what a goal comes to in a whole period: the participant's own where it counts on the period's first day, else the
// component's. Own goals that begin or end within a period are not for this oracle.
func (m *mill) full(w *work, g program.Goal, p calendar.Period, target bool) *big.Rat {
	amount := optional(g.Amount)
	var since calendar.Date
	for _, mine := range m.in.Goals {
		if mine.Component == w.component.Name && mine.Target == target && mine.Span.Holds(p.From) && mine.Span.From >= since {
			amount, since = mine.Amount.Big(), mine.Span.From
		}
	}
	per := g.Per
	if per == "" {
		per = windowKind(w.component.Measure.Window, w.Definition.Period)
	}
	c := w.Definition.Calendar
	around := c.Around(per, p)
	if around.From > p.From || around.Until < p.Until {
		return times(amount, big.NewRat(int64(len(c.Within(per, p.Span))), 1))
	}
	if g.Spread == program.SpreadDay {
		return times(amount, big.NewRat(int64(p.Days()), int64(around.Days())))
	}
	return times(amount, big.NewRat(1, int64(len(c.Within(w.Definition.Period, around.Span)))))
}

package incentive

import (
	"cmp"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/program"
)

// goalStep says what is to be reached (the quota), what is paid for reaching it (the variable pay at target), and how much of
// the quota the measure is (the attainment). A quota of zero, or below, or none at all, makes the attainment nothing, or all,
// as its setting says.
func goalStep(w *componentWork) {
	if q := w.c.Quota; q != nil {
		quota, _ := w.goal(q.Goal, false)
		var attained number.Number
		switch {
		case quota.Sign() > 0:
			attained, _ = w.out.Measure.Quo(quota)
		case q.None == program.Full:
			attained = number.Of(1)
		}
		w.out.Quota, w.out.Attainment = &quota, &attained
	}
	if r := w.c.Rate; r != nil && r.Target != nil {
		target, now := w.goal(*r.Target, true)
		w.out.Target, w.targetNow = &target, now
	}
}

// goal gives what a goal comes to in the window, which is the sum over its periods, and on the days of the period that the
// version counts for. It is made in four steps down: the window has periods; a period is one unit, or several where the amount is
// for a shorter time (units); a unit is cut into pieces, by the days on which somebody takes part and by own goals (pieces); a
// piece, with its proration and its ramp, is a part (parts). Each part of the window's goes into the outcome, to explain it.
func (w *componentWork) goal(g program.Goal, target bool) (window, now number.Number) {
	m := goalMaker{w: w, goal: g, target: target, per: g.Per, own: w.ownGoals(target), spans: w.spans}
	if m.per == "" {
		m.per = windowKind(w.c.Measure.Window)
	}
	if m.per == "" {
		m.per = w.in.Period.Kind
	}
	for _, p := range w.v.Definition.Calendar.Within(w.in.Period.Kind, calendar.Span{From: w.window.From, Until: w.in.Period.Until}) {
		for _, part := range m.parts(p) {
			window = window.Add(part.Amount)
			m.keep(part)
		}
	}
	w.out.Goals = append(w.out.Goals, m.kept...)
	if w.window == w.days {
		return window, window
	}
	m.spans = nil // now of the period's days alone
	for _, s := range w.spans {
		m.spans = append(m.spans, s.And(w.days))
	}
	for _, part := range m.parts(w.in.Period) {
		now = now.Add(part.Amount)
	}
	return window, now
}

// ownGoals gives the participant's own quotas, or targets, the latest first.
func (w *componentWork) ownGoals(target bool) []Goal {
	var own []Goal
	for _, g := range w.in.Goals {
		if g.Component == w.c.Name && g.Target == target {
			own = append(own, g)
		}
	}
	slices.SortStableFunc(own, func(a, b Goal) int {
		return cmp.Or(compareDates(b.Span.From, a.Span.From), compareDates(a.Span.Until, b.Span.Until), a.Amount.Cmp(b.Amount))
	})
	return own
}

// goalMaker makes the parts of a goal, period by period.
type goalMaker struct {
	w      *componentWork
	goal   program.Goal
	target bool
	per    calendar.Kind   // what the amount is for
	own    []Goal          // the participant's, the latest first
	spans  []calendar.Span // the days on which the participant takes part
	kept   []GoalPart      // for the outcome
	// around is the longer time that the amount is for, and has its periods, as last asked for.
	around calendar.Period
	has    []calendar.Period
}

// parts gives the parts of one period: for each, one amount and one part of the ramp counts, on days that are in a row.
func (m *goalMaker) parts(p calendar.Period) []GoalPart {
	ramp := m.w.ramp(m.goal.Ramp, p)
	var parts []GoalPart
	for _, unit := range m.units(p) {
		first := len(parts)
		days := 0
		for _, piece := range m.pieces(unit.span) {
			part := GoalPart{Target: m.target, Span: piece.span, Days: piece.span.Days(), Of: unit.span.Days(), Ramp: ramp}
			part.Full = piece.amount.Mul(unit.share)
			days += part.Days
			parts = append(parts, part)
		}
		for at := first; at < len(parts); at++ {
			part := &parts[at]
			if m.goal.Prorate == program.Whole {
				part.Of = days // whoever takes part at all has all of it
			}
			part.Amount = part.Full.Mul(number.Frac(int64(part.Days), int64(part.Of))).Mul(part.Ramp)
		}
	}
	return parts
}

// keep adds a part to those that explain the goal. What is whole and like the one before becomes one with it.
func (m *goalMaker) keep(part GoalPart) {
	if last := len(m.kept) - 1; last >= 0 {
		k := &m.kept[last]
		if k.Days == k.Of && part.Days == part.Of && k.Span.Until == part.Span.From && k.Ramp.Equal(part.Ramp) {
			k.Span.Until = part.Span.Until
			k.Full, k.Amount = k.Full.Add(part.Full), k.Amount.Add(part.Amount)
			k.Days, k.Of = k.Days+part.Days, k.Of+part.Of
			return
		}
	}
	m.kept = append(m.kept, part)
}

// unit is a time of which somebody may take part in some days only, and the share of a goal's amount that falls on it.
type unit struct {
	span  calendar.Span
	share number.Number
}

// units gives what a period is made of: one unit, with a share of the amount if that is for a longer time, in equal parts or by
// days; or the shorter times that the amount is for, cut by days where one runs across the end.
func (m *goalMaker) units(p calendar.Period) []unit {
	cal := m.w.v.Definition.Calendar
	switch {
	case m.per == p.Kind:
		return []unit{{p.Span, number.Of(1)}}
	case longer(m.per, p.Kind):
		around := cal.Around(m.per, p)
		if around != m.around {
			m.around, m.has = around, belonging(cal, p.Kind, around)
		}
		share := number.Frac(1, int64(max(len(m.has), 1)))
		if m.goal.Spread == program.SpreadDay {
			days := 0
			for _, q := range m.has {
				days += q.Days()
			}
			share = number.Frac(int64(p.Days()), int64(max(days, 1)))
		}
		return []unit{{p.Span, share}}
	}
	var units []unit
	for _, q := range cal.Within(m.per, p.Span) {
		within := q.And(p.Span)
		units = append(units, unit{within, number.Frac(int64(within.Days()), int64(q.Days()))})
	}
	return units
}

// longer tells whether periods of one kind are longer than those of another.
func longer(a, b calendar.Kind) bool {
	kinds := calendar.Kinds()
	return slices.Index(kinds, a) > slices.Index(kinds, b)
}

// belonging gives the periods of a kind that belong to a longer one: a week that runs across its end may or may not.
func belonging(cal calendar.Calendar, kind calendar.Kind, to calendar.Period) []calendar.Period {
	all := cal.Within(kind, to.Span)
	return slices.DeleteFunc(all, func(p calendar.Period) bool { return cal.Around(to.Kind, p) != to })
}

// piece is days in a row with the amount that counts on them.
type piece struct {
	span   calendar.Span
	amount number.Number
}

// pieces gives the days of a unit on which the participant takes part, with what counts on them: the own goal that began last,
// else the component's.
func (m *goalMaker) pieces(of calendar.Span) []piece {
	var days []calendar.Span
	for _, s := range m.spans {
		if both := s.And(of); !both.Empty() {
			days = append(days, both)
		}
	}
	var pieces []piece
	for _, g := range m.own {
		var left []calendar.Span
		for _, s := range days {
			both := s.And(g.Span)
			if both.Empty() {
				left = append(left, s)
				continue
			}
			pieces = append(pieces, piece{both, g.Amount})
			left = append(left, s.Without(g.Span)...)
		}
		days = left
	}
	if m.goal.Amount != nil {
		for _, s := range days {
			pieces = append(pieces, piece{s, *m.goal.Amount})
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return compareDates(a.span.From, b.span.From) })
	return pieces
}

// ramp gives the part of a goal that counts in a period: by how many periods the participant has taken part in up to it.
func (w *componentWork) ramp(ramp []number.Number, p calendar.Period) number.Number {
	whole := number.Of(1)
	if len(ramp) == 0 {
		return whole
	}
	cal, count := w.v.Definition.Calendar, 0
	var last calendar.Period
	for _, s := range daysOf(w.in, w.c.Name) {
		if s.From == "" {
			return whole // from before any calendar: the ramp is over
		}
		q := cal.Of(p.Kind, s.From)
		if q == last && !s.Empty() {
			q = cal.Next(q)
		}
		for ; q.Kind != "" && q.From < p.Until && (s.Until == "" || q.From < s.Until); q = cal.Next(q) {
			if count++; count > len(ramp) {
				return whole
			}
			last = q
		}
	}
	return ramp[max(count-1, 0)]
}

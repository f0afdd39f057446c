package incentive

import (
	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/program"
)

// limitStep changes the sum of the components in the order in which the program lists its limits: caps and floors change what is
// earned, draws (draw.go) what is paid. All of it is whole minor units: an amount that is not is rounded once, as the program
// rounds.
//
// A cap cuts a sum above zero, and never below zero. A floor lifts any sum, also one that reversals brought below zero; it is for
// those who take part in the period. What a cap cuts off and does not lose is earned later, at the place of the first cap that
// carries, as far as that one allows; where none carries any more, at the first cap (releaseAt); without a cap, all of it at the
// beginning (Step -1). A cap after a draw cuts what is advanced, too.
func limitStep(w *programWork) {
	limits := w.v.Definition.Limits
	l := &limiting{programWork: w, sum: w.result.Earned, pot: w.in.Before.Excess[""], lastLong: -1}
	w.earned, w.longCounted, w.owed = l.sum, l.sum, w.in.Before.Owed
	l.releaseAt = releaseAt(limits, func(limit *program.Limit) (bool, program.Excess) {
		return limit.Kind == program.LimitCap, limit.Excess
	})
	for at := range limits {
		if limits[at].Kind == program.LimitCap && longer(limits[at].Over, w.in.Period.Kind) {
			l.lastLong = at
		}
	}
	if l.releaseAt == len(limits) && l.pot != 0 {
		l.limited = Limited{Step: -1, Before: l.sum}
		l.release(l.pot)
		l.finish()
	}
	for at := range limits {
		l.limit(at, &limits[at])
	}
	w.excess = l.pot + l.kept
	w.result.Earned, w.result.Payable = w.earned, l.sum
}

// limiting is the work of one limitStep.
type limiting struct {
	*programWork
	// sum is what is paid so far.
	sum int64
	// pot is what is carried from earlier caps and not earned again so far, releaseAt the limit that earns it, released what was
	// earned of it, kept what caps cut off to be carried.
	pot, released, kept int64
	releaseAt           int
	// lastLong is the place of the last cap for a longer time than the period; -1 for none.
	lastLong int
	// limited is what the limit that is being taken does.
	limited Limited
}

// limit takes one limit.
func (l *limiting) limit(at int, limit *program.Limit) {
	l.limited = Limited{Step: at, Before: l.sum}
	switch limit.Kind {
	case program.LimitCap:
		l.cap(at, limit)
	case program.LimitFloor:
		if least, ok := l.prorated(limit); ok && least > l.sum {
			l.add(LineFloor, least-l.sum, "")
		}
	case program.LimitDraw:
		l.draw(limit)
	}
	l.finish()
}

// finish puts what a limit did into the result.
func (l *limiting) finish() {
	if l.limited.After = l.sum; len(l.limited.Lines) > 0 || l.limited.Forgiven != 0 {
		l.result.Limits = append(l.result.Limits, l.limited)
	}
}

// add changes the sum by a line.
func (l *limiting) add(kind LineKind, amount int64, note string) {
	if amount == 0 {
		return
	}
	sum, ok := plus(l.sum, amount)
	if !ok {
		l.err = tooLarge()
		return
	}
	l.sum = sum
	draws := kind == LineDraw || kind == LineRecovery
	if !draws {
		l.earned += amount
	}
	if !draws || l.limited.Step < l.lastLong { // a cap after a draw cuts what is advanced, and so counts it
		l.longCounted += amount
	}
	l.limited.Lines = append(l.limited.Lines, Line{Kind: kind, Step: l.limited.Step, Exact: l.v.major(amount), Amount: amount, Note: note})
}

// cap cuts the sum. One for a longer time has room for what the periods of that time before this one left of it: for what they
// paid, without draws, unless the program lists those before the cap.
func (l *limiting) cap(at int, limit *program.Limit) {
	most, ok := l.size(limit)
	if !ok {
		if at == l.releaseAt {
			l.release(l.pot)
		}
		return
	}
	note := ""
	if longer(limit.Over, l.in.Period.Kind) {
		window := l.v.Definition.Calendar.Around(limit.Over, l.in.Period).Name
		most -= l.in.Before.ToDate[""][window]
		note = "with what was paid earlier in " + window
	}
	if at == l.releaseAt {
		l.release(min(max(most-l.sum, 0), l.pot))
	}
	if cut := l.sum - max(most, 0); cut > 0 {
		l.add(LineCap, -cut, note)
		back := cut
		if limit.Excess != program.CarriedOver {
			back = min(cut, l.released) // what is carried is not lost, even if the rest is
		}
		l.kept += back
		l.released -= min(back, l.released)
	}
}

// release earns part of what is carried.
func (l *limiting) release(amount int64) {
	l.pot -= amount
	l.released += amount
	l.add(LineCarried, amount, "cut off by a cap in an earlier period")
}

// size gives the amount of a limit in minor units; false if it has none.
func (l *limiting) size(limit *program.Limit) (int64, bool) {
	size, ok := l.exactSize(limit)
	if !ok {
		return 0, false
	}
	return l.units(size)
}

// units rounds an amount to minor units; false if it is more than an account holds.
func (l *limiting) units(amount number.Number) (int64, bool) {
	units, err := amount.Round(l.v.minor, l.v.Definition.Rounding)
	if err != nil {
		l.err = err
	}
	return units, err == nil
}

// exactSize gives the amount of a limit: its own, or its part of the variable pay at target of all components, in the period or
// in the longer time that a cap is for.
func (l *limiting) exactSize(limit *program.Limit) (number.Number, bool) {
	if limit.Amount != nil {
		return *limit.Amount, true
	}
	var target number.Number
	found := false
	for _, w := range l.components {
		switch {
		case w.out.Target == nil:
		case !longer(limit.Over, l.in.Period.Kind):
			target, found = target.Add(w.targetNow), true
		case w.v == l.v:
			target, found = target.Add(w.targetFor(limit.Over)), true
		}
	}
	if limit.OfTarget == nil || !found {
		return number.Number{}, false
	}
	return target.Mul(*limit.OfTarget), true
}

// targetFor gives the variable pay at target for the whole of a longer time, which the period belongs to, as though the version
// counted for all of it.
func (w *componentWork) targetFor(kind calendar.Kind) number.Number {
	cal, period := w.v.Definition.Calendar, w.in.Period
	periods := belonging(cal, period.Kind, cal.Around(kind, period))
	in := *w.in
	in.Period = periods[len(periods)-1]
	whole := componentWork{plan: w.plan, v: w.v, c: w.c, in: &in, window: calendar.Span{From: periods[0].From, Until: in.Period.Until}}
	whole.days = whole.window
	for _, s := range daysOf(&in, w.c.Name) {
		if days := s.And(whole.window); !days.Empty() {
			whole.spans = append(whole.spans, days)
		}
	}
	target, _ := whole.goal(*w.c.Rate.Target, true)
	return target
}

// prorated gives the amount of a floor or draw, less for who takes part on some days of the period only; false for who does on
// none.
func (l *limiting) prorated(limit *program.Limit) (int64, bool) {
	size, ok := l.exactSize(limit)
	days := l.daysTakingPart()
	if !ok || days == 0 {
		return 0, false
	}
	if limit.Prorate != program.Whole {
		size = size.Mul(number.Frac(int64(days), int64(max(l.in.Period.Days(), 1))))
	}
	return l.units(size)
}

// daysTakingPart counts the days of the period on which the participant takes part and the program is in force.
func (w *programWork) daysTakingPart() int {
	days := 0
	inForce := w.plan.inForce()
	for _, s := range w.in.Spans {
		for _, f := range inForce {
			days += max(s.And(f).And(w.in.Period.Span).Days(), 0)
		}
	}
	return days
}

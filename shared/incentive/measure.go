package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// measureStep adds the credits of the window up. Nothing is rounded.
//
// Credits of other kinds than the measure's, and those that take back what was earned, do not count: neither here nor for the
// rate table. So by a measure of direct and split, those who have nothing but roll-up credit measure 0.
//
// A reversal counts the other way: its value is below 0, and it counts as minus one. A mean, a maximum or a number of different
// keys cannot be taken away from, so there what was reversed is left out, and the reversal with it.
func measureStep(w *componentWork) {
	w.counted, w.countedFrom = w.credits, w.periodFrom
	if slices.ContainsFunc(w.credits, func(c *Credit) bool { return !measures(w.c.Measure, c) }) {
		w.counted, w.countedFrom = nil, 0 // mostly all count, and need no list of their own
		for at, c := range w.credits {
			if !measures(w.c.Measure, c) {
				continue
			}
			if w.counted = append(w.counted, c); at < w.periodFrom {
				w.countedFrom++
			}
		}
	}
	w.counts = make([]int8, len(w.counted))
	for at := range w.counted {
		w.counts[at] = wholeCount(w.counted, at, w.c.Measure.Shared)
		w.out.Count += int(wholeCount(w.counted, at, false))
		w.tally = w.tally.Add(w.count(at))
	}
	w.out.Credits = len(w.counted)
	w.out.Measure = w.measured(0, len(w.counted))
}

// measures tells whether a credit counts in a measure.
func measures(m program.Measure, c *Credit) bool {
	return !c.TakeBack && (len(m.Of) == 0 || slices.Contains(m.Of, c.Kind))
}

// wholeCount gives what a credit adds to the number of credits: 1, less for a reversal, and nothing if the one before it is for
// the same record, unless each counts by its share.
func wholeCount(credits []*Credit, at int, shared bool) int8 {
	c := credits[at]
	if at > 0 && !shared {
		if b := credits[at-1]; b.Date == c.Date && b.Reversal == c.Reversal && b.Record == c.Record {
			return 0
		}
	}
	if c.Reversal {
		return -1
	}
	return 1
}

// count gives what a counted credit adds to the count, by its share if the measure says so.
func (w *componentWork) count(at int) number.Number {
	n := number.Of(int64(w.counts[at]))
	if w.c.Measure.Shared {
		return n.Mul(w.counted[at].Share.Abs())
	}
	return n
}

// additive tells whether the measure is the sum of what each credit adds to it.
func (w *componentWork) additive() bool {
	switch w.c.Measure.Kind {
	case program.Sum, program.Count:
		return true
	}
	return false
}

// adds gives what a counted credit adds to a measure that is additive.
func (w *componentWork) adds(at int) number.Number {
	if w.c.Measure.Kind == program.Count {
		return w.count(at)
	}
	return w.counted[at].Value
}

// measured gives the measure of some of the counted credits, those from one place until another.
func (w *componentWork) measured(from, until int) number.Number {
	if w.additive() {
		var sum number.Number
		for at := from; at < until; at++ {
			sum = sum.Add(w.adds(at))
		}
		return sum
	}
	standing := standing(w.counted[from:until])
	switch w.c.Measure.Kind {
	case program.Distinct:
		keys := map[string]bool{}
		for _, c := range standing {
			keys[c.Key] = true
		}
		return number.Of(int64(len(keys)))
	case program.Max, program.Min:
		var extreme number.Number
		for at, c := range standing {
			if at == 0 || c.Value.Less(extreme) == (w.c.Measure.Kind == program.Min) {
				extreme = c.Value
			}
		}
		return extreme
	}
	return mean(w.c.Measure.Kind, standing)
}

// mean gives an average, ratio or weighted mean; 0 of nothing.
func mean(kind program.MeasureKind, credits []*Credit) number.Number {
	var sum, weights number.Number
	for _, c := range credits {
		switch kind {
		case program.Ratio:
			sum, weights = sum.Add(c.Value), weights.Add(c.Weight)
		case program.Weighted:
			sum, weights = sum.Add(c.Value.Mul(c.Weight)), weights.Add(c.Weight)
		default:
			sum, weights = sum.Add(c.Value), weights.Add(number.Of(1))
		}
	}
	mean, _ := sum.Quo(weights)
	return mean
}

// standing leaves out the credits that others reverse, and those others.
func standing(credits []*Credit) []*Credit {
	var reversed map[string]bool
	for _, c := range credits {
		if c.Reversal {
			if reversed == nil {
				reversed = map[string]bool{}
			}
			reversed[c.Of] = true
		}
	}
	if reversed == nil {
		return credits
	}
	var left []*Credit
	for _, c := range credits {
		if !c.Reversal && !reversed[c.ID] {
			left = append(left, c)
		}
	}
	return left
}

// figure gives what is looked at, of this component or of another one of its version; false if there is no such figure: no
// quota, so no attainment. What this component has earned is what its lines come to so far.
func (w *componentWork) figure(by program.By) (number.Number, bool) {
	of := w.looked(by)
	if of == nil {
		return number.Number{}, false
	}
	switch by.Of {
	case program.ByAttainment:
		if of.out.Attainment == nil {
			return number.Number{}, false
		}
		return *of.out.Attainment, true
	case program.ByCount:
		return of.tally, true
	case program.ByEarned:
		if of == w {
			return sumOf(w.lines), true
		}
		return of.out.Exact, true
	}
	return of.out.Measure, true
}

// looked gives the component that is looked at; nil if there is none of the name.
func (w *componentWork) looked(by program.By) *componentWork {
	if by.Component == "" || by.Component == w.c.Name {
		return w
	}
	for _, other := range w.others {
		if other.c.Name == by.Component {
			return other
		}
	}
	return nil
}

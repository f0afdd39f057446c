package incentive

import (
	"maps"
	"slices"

	"leadline/shared/calendar"
)

// carryStep writes down what the next period begins with: no more than is owed, held or carried, and of windows to date those
// that go on. What is owed and held is in the order in which it was advanced and earned, so that the same period leaves the same.
func carryStep(w *programWork) {
	after := Carried{Period: w.in.Period.Name, Owed: w.owed, Excess: w.excesses(), Holds: w.holds, ToDate: w.toDate(), Periods: w.in.Before.Periods}
	if w.daysTakingPart() > 0 {
		after.Periods++
	}
	w.result.After = after
}

// excesses gives what caps cut off and did not lose. What a component carries that is not reckoned any more stays.
func (w *programWork) excesses() map[string]int64 {
	excess := maps.Clone(w.in.Before.Excess)
	if excess == nil {
		excess = map[string]int64{}
	}
	for _, c := range w.components { // of two versions in the period, the later one's
		excess[c.c.Name] = c.excess
		if c.windowGoesOn() {
			excess[c.c.Name] = c.opening
		}
	}
	excess[""] = w.excess
	maps.DeleteFunc(excess, func(_ string, amount int64) bool { return amount == 0 })
	if len(excess) == 0 {
		return nil
	}
	return excess
}

// windowGoesOn tells whether the next period reckons the component's window to date again as a whole. What was carried into the
// window then stays as it was: what the window earns of it, and what it cuts off, is known at its end.
func (w *componentWork) windowGoesOn() bool {
	if !w.deducts() {
		return false
	}
	next, kind := w.v.Definition.Calendar.Next(w.in.Period), windowKind(w.c.Measure.Window)
	if w.v.Definition.Calendar.Around(kind, next).Name != w.windowName(w.v.Definition.Calendar) {
		return false
	}
	counting := w.plan.counting(next)
	if len(counting) == 0 {
		return false
	}
	for _, c := range counting[0].components {
		if c.Name == w.c.Name {
			return deducts(c.Measure) && c.Measure.Window == w.c.Measure.Window
		}
	}
	return false
}

// toDate gives what was earned in the windows to date that go on, for the components and limits that any version of the program
// looks back with: one that is yet to come looks back to now.
func (w *programWork) toDate() map[string]map[string]int64 {
	var all map[string]map[string]int64
	cal := w.v.Definition.Calendar
	for _, look := range w.plan.lookingBack() {
		around := cal.Around(look.kind, w.in.Period)
		if cal.Around(look.kind, cal.Next(w.in.Period)).Name != around.Name {
			continue
		}
		amount := w.in.Before.ToDate[look.component][around.Name]
		if look.component == "" {
			amount += w.longCounted
		}
		for _, c := range w.components {
			if c.c.Name == look.component {
				amount += c.earnedInWindow()
			}
		}
		if amount == 0 {
			continue
		}
		if all == nil {
			all = map[string]map[string]int64{}
		}
		if all[look.component] == nil {
			all[look.component] = map[string]int64{}
		}
		all[look.component][around.Name] = amount
	}
	return all
}

// lookBack is a component, or under "" the program's limits, with the length of the time that it looks back to the beginning of.
type lookBack struct {
	component string
	kind      calendar.Kind
}

// lookingBack lists what of any version looks back, each once.
func (p *Plan) lookingBack() []lookBack {
	var all []lookBack
	add := func(l lookBack) {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	for _, v := range p.versions {
		for at := range v.components {
			if c := v.components[at]; deducts(c.Measure) {
				add(lookBack{c.Name, windowKind(c.Measure.Window)})
			}
		}
		for _, l := range v.Definition.Limits {
			if longer(l.Over, v.Definition.Period) {
				add(lookBack{"", l.Over})
			}
		}
	}
	return all
}

package incentive

import "leadline/shared/view"

// qualifyStep tells whether the record counts: it must pass the filter of the view, that of the variable, and all qualifiers,
// in this order. The first that fails is the reason. A formula that reads a column without a value does not hold.
//
// Of a deal that is lost (see the clawback), what the loss itself changed is not asked for: conditions and qualifiers that read
// a column by which the loss is told. The day that the deal counts on says that it was won.
func qualifyStep(w *recordWork) {
	if w.lossErr != nil {
		w.refuse("qualify", "formula_failed", true, "Whether the deal is lost: %s", message(w.lossErr))
		return
	}
	filter := w.c.filter
	if w.lost {
		filter = w.c.excused
	}
	if i := filter.compiled.Failing(&w.row, w.v.clock); i >= 0 {
		w.refuse("qualify", "not_qualified", false, "%s", w.unmet(filter.written[i]))
		return
	}
	for i, q := range w.c.qualifiers {
		if w.lost && !w.c.asksLost[i] {
			w.say("qualify", "%s is not asked: the deal is lost.", w.c.Qualifiers[i].Name)
			continue
		}
		holds, err := q.Bool(&w.row)
		switch name := w.c.Qualifiers[i].Name; {
		case noValue(err):
			w.refuse("qualify", "no_value", false, "%s: %s", name, message(err))
			return
		case err != nil:
			w.refuse("qualify", "formula_failed", true, "%s: %s", name, message(err))
			return
		case !holds:
			w.refuse("qualify", "not_qualified", false, "%s: %s", name, q.Why(&w.row))
			return
		}
		if w.said != nil {
			w.say("qualify", "%s: %s holds.", w.c.Qualifiers[i].Name, q.Text())
		}
	}
}

// unmet says which condition a row does not meet, and what is there.
func (w *recordWork) unmet(c view.Condition) string {
	there := "has no value"
	if value := w.row.Values[w.c.source.View.Column(c.Column)]; !none(value) {
		there = "is " + brief(string(value))
	}
	asked := map[view.Op]string{view.Equal: "must be", view.NotEqual: "must not be", view.In: "must be one of", view.NotIn: "must be none of",
		view.Less: "must be below", view.LessOrEqual: "must be at most", view.Greater: "must be above", view.GreaterOrEqual: "must be at least",
		view.Contains: "must contain", view.IsNull: "must have no value", view.NotNull: "must have a value"}[c.Op]
	if len(c.Value) > 0 {
		asked += " " + brief(string(c.Value))
	}
	return c.Column + " " + asked + ", and it " + there + "."
}

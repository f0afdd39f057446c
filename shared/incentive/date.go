package incentive

// codeUndated is the code of a record that no column dates.
const codeUndated = "undated"

// dateStep finds out whether the deal is lost, where the component has a clawback, for that changes what is asked below and in the
// next step; and then the day that the record counts on: that of the first of the source's dates whose conditions hold and whose
// column has a value. A date is the day that it says, whatever the zone; an instant lies on a day of the program's zone.
//
// The record counts by this version if it is the one that counts on the day; if not, the steps after this one are left out, for
// another version gives its credits.
func dateStep(w *recordWork) {
	w.findLoss()
	for _, d := range w.c.dates {
		value := w.row.Values[d.column]
		if none(value) || d.asked(w.lost).Failing(&w.row, w.v.clock) >= 0 {
			continue
		}
		date, at, ok := readDay(value, w.v.clock.Zone)
		if !ok {
			w.refuse("date", "unreadable_date", true, "%s is no day: %s.", d.name, value)
			return
		}
		w.date, w.at = date, at
		if counts := w.plan.countsOn(date); counts != w.v {
			w.elsewhere = true
			if counts == nil {
				w.say("date", "%s is %s: on %s no version of the program is in force.", d.name, value, date)
			} else {
				w.say("date", "%s is %s: on %s version %d counts.", d.name, value, date, counts.Number)
			}
		} else if w.said != nil {
			w.say("date", "It counts on %s, by version %d: %s is %s.", date, w.v.Number, d.name, value)
		}
		return
	}
	w.refuse("date", codeUndated, false, "No day to count on: %s", w.missingDates())
}

// findLoss finds out whether the deal is lost, as the clawback says. A formula that reads a column without a value does not
// hold; what else goes wrong with it is said by the qualify step, of records that count on a day of this version.
func (w *recordWork) findLoss() {
	if w.c.lost == nil {
		return
	}
	w.lost, w.lossErr = w.c.lost.Bool(&w.row)
	if noValue(w.lossErr) {
		w.lost, w.lossErr = false, nil
	}
	if w.lost && w.said != nil {
		w.say("date", "The deal is lost: %s.", w.c.lost.Text())
	}
}

// undated tells whether no column dates the record.
func (w *recordWork) undated() bool { return w.refused && w.refusals[0].Code == codeUndated }

// missingDates says which columns were looked at.
func (w *recordWork) missingDates() string {
	text := ""
	for i, d := range w.c.dates {
		if i > 0 {
			text += ", "
		}
		text += d.name
		if none(w.row.Values[d.column]) {
			text += " has no value"
		} else {
			text += " does not count for this record"
		}
	}
	return text + "."
}

package incentive

import "leadline/shared/calendar"

// toDateStep takes from what a window to date comes to what earlier periods of it earned, and in this one the version before:
// what is left is this period's, be it less than nothing. Their amounts are as rounded, so the periods of a window sum to the
// window, rounded once.
func toDateStep(w *componentWork) {
	if !w.deducts() {
		return
	}
	window := w.windowName(w.v.Definition.Calendar)
	earned := w.in.Before.ToDate[w.c.Name][window]
	for e := w.earlier; e != nil; e = e.earlier {
		earned += e.earnedInWindow()
	}
	if earned != 0 {
		w.lines = append(w.lines, Line{Kind: LineToDate, Step: -1, Exact: w.v.major(-earned), Note: "earned earlier in " + window})
	}
}

// windowName is the name of the quarter, half or year that the period belongs to.
func (w *componentWork) windowName(c calendar.Calendar) string {
	return c.Around(windowKind(w.c.Measure.Window), w.in.Period).Name
}

// earnedInWindow is the part of the amount that a window to date comes to: without what was taken back of deals from before the
// window, which it does not come to again in later periods.
func (w *componentWork) earnedInWindow() int64 {
	amount := w.out.Amount
	if !w.deducts() || len(w.back) == 0 {
		return amount
	}
	for at := range w.lines {
		if w.back[w.lines[at].Credit] {
			amount -= w.lines[at].Amount
		}
	}
	return amount
}

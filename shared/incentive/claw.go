package incentive

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/program"
)

// clawStep says what becomes of the credits of a deal that is lost, if it is lost in time.
//
// Restate: they go, or of each the part that is taken back, as if they had never been. Negative sale and take back: they stay,
// and for each there is a reversal on the day of the loss, which counts by the version of that day. A negative sale has the
// value against it, so that it counts less there at the rates there; what takes back has no value, and takes what the credit
// earned, Share of it. A loss that is dated before the deal counts on the deal's day.
func clawStep(w *recordWork) {
	if !w.lost || len(w.credits) == 0 {
		return
	}
	policy := w.c.Clawback
	on, at := w.lossDay()
	switch {
	case on == "" && (policy.Policy != program.Restate || policy.Within > 0):
		w.leaveOut("claw", "no_loss_date", true, "The deal is lost, and %s says no day. Its credit stands until it does.", policy.Date)
		return
	case policy.Within > 0 && on.Sub(w.date) > policy.Within:
		w.leaveOut("claw", "lost_late", false, "The deal was lost on %s, more than %d days after %s: its credit stands.", on, policy.Within, w.date)
		return
	}
	back := *policy.Share
	if policy.Policy == program.NegativeSale || policy.Policy == program.TakeBack {
		w.reverse(on, at, back)
		return
	}
	if back.Cmp(number.Of(1)) >= 0 {
		w.refuse("claw", "lost", false, "The deal is lost: it gives no credit any more.")
		return
	}
	for i := range w.credits {
		w.credits[i] = w.credits[i].times(number.Of(1).Sub(back))
	}
	w.say("claw", "The deal is lost: %s of each credit is left.", percent(number.Of(1).Sub(back)))
}

// lossDay gives the day of the loss, with its instant; empty if the column says none.
func (w *recordWork) lossDay() (calendar.Date, time.Time) {
	on, at, ok := readDay(w.row.Values[w.c.lostOn], w.v.clock.Zone)
	switch {
	case !ok:
		return "", time.Time{}
	case on < w.date:
		return w.date, w.at
	}
	return on, at
}

// reverse adds a reversal for each credit, of the part of it that is taken back.
func (w *recordWork) reverse(on calendar.Date, at time.Time, back number.Number) {
	counts := w.plan.countsOn(on)
	if counts == nil || !hasComponent([]*version{counts}, w.c.Name) {
		w.leaveOut("claw", "loss_outside", true, "The deal was lost on %s, when no version of the program with the component %q counts. Its credit stands.", on, w.c.Name)
		return
	}
	for _, c := range w.credits {
		r := c.times(back.Neg())
		if w.c.Clawback.Policy == program.TakeBack {
			r = c.times(number.Number{}) // it counts for nothing in any measure or total
			r.TakeBack, r.Share, r.Company = true, back, false
		}
		r.ID, r.Reversal, r.Of = w.id(c.Kind, c.Participant, true), true, c.ID
		r.Date, r.At, r.Version = on, at, counts.Number
		w.credits = append(w.credits, r)
	}
	w.say("claw", "The deal was lost on %s: %s of each credit is taken back then, by version %d.", on, percent(back), counts.Number)
}

// times gives the credit for a part of what it is for.
func (c Credit) times(part number.Number) Credit {
	c.Share, c.Value, c.Weight = c.Share.Mul(part), c.Value.Mul(part), c.Weight.Mul(part)
	return c
}

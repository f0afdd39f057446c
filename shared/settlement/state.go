package settlement

import (
	"slices"
	"time"

	"leadline/shared/fault"
)

// running tells whether work is still waited for: it has not failed, and not lapsed.
func (w Work) running(at time.Time) bool { return w.Error == "" && at.Sub(w.At) < WorkLapses }

func (s Settlement) working() error {
	doing := "calculated"
	if s.Work.Kind == Posting {
		doing = "locked"
	}
	return fault.New(fault.Conflict, CodeWorking, "The period %s is being %s since %s: wait until it is.", s.Period.Name, doing, s.Work.At.Format(time.RFC3339))
}

// locking refuses what cannot be done any more from the moment on in which locking begins.
func (s Settlement) locking(done string) error {
	switch {
	case s.State == Locked || s.State == Paid:
		return s.refused(done)
	case s.Work.Kind == Posting:
		return fault.New(fault.Conflict, CodeWorking, "The period %s is being locked, and cannot be %s: a later change is settled with the next period.", s.Period.Name, done)
	}
	return nil
}

// at refuses an act on a settlement that does not stand at one of some states, or is being locked.
func (s Settlement) at(done string, states ...State) error {
	switch {
	case s.Work.Kind == Posting:
		return s.locking(done)
	case !slices.Contains(states, s.State):
		return s.refused(done)
	}
	return nil
}

// refused says why something cannot be done in the state, and what comes next.
func (s Settlement) refused(done string) error {
	if s.Work.Kind == Freezing && s.Work.Error == "" {
		return fault.New(fault.Conflict, CodeWorking, "The period %s is being calculated, and cannot be %s: wait until it is.", s.Period.Name, done)
	}
	if done == string(s.State) {
		return fault.New(fault.Conflict, CodeState, "The period %s is %s already.", s.Period.Name, done)
	}
	next := "it never changes any more. A later change is settled with the next period."
	switch s.State {
	case Open:
		next = "it has to be calculated first."
	case Calculated:
		next = "it has to be submitted first."
	case Submitted:
		next = "it waits for approvals."
	case Approved:
		next = "it waits to be locked."
	}
	return fault.New(fault.Conflict, CodeState, "The period %s is %s, and cannot be %s: %s", s.Period.Name, s.State, done, next)
}

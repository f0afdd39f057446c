package store

import (
	"time"

	"leadline/shared/fault"
)

const (
	// DueReach is how far before its time a Due begins to look where it is given no minute to begin with, which is so once
	// in the life of a stage: when the scheduler runs for the first time. It is longer than the time between the first item
	// and that run, however slow a deployment is.
	DueReach = time.Hour
	// DueGrace is how long a minute that is over is looked at again, empty or not: what is scheduled for a time that is
	// just then, or by a clock that is late, must not fall behind.
	DueGrace = 2 * time.Minute
)

// dueMinute is the form of a minute, which sorts by time.
const dueMinute = "2006-01-02T15:04"

// DueMinute names the minute of a time.
func DueMinute(at time.Time) string { return at.UTC().Format(dueMinute) }

// DueBegin gives the minute that a DueBefore begins with: that of from, which a DueBefore gave out, or DueReach before
// until if it is empty. Invalid if it was not given out, and if the limit is not one of a Page.
func DueBegin(from string, until time.Time, limit int) (time.Time, error) {
	if err := checkLimit(limit); err != nil {
		return time.Time{}, err
	}
	if from == "" {
		return until.UTC().Add(-DueReach).Truncate(time.Minute), nil
	}
	minute, err := time.Parse(dueMinute, from)
	if err != nil || DueMinute(minute) != from {
		return time.Time{}, fault.New(fault.Invalid, CodeInvalidCursor, "the minute to begin with was not given out by the store")
	}
	return minute, nil
}

// DueNext gives the minute with which the next DueBefore begins, after one that began with the minute begin and came as
// far as reached, the first minute that it did not look at. open is the first minute that has items; zero for none.
func DueNext(begin, open, reached, until time.Time) string {
	next := reached
	if !open.IsZero() && open.Before(next) {
		next = open
	}
	if settled := until.UTC().Add(-DueGrace).Truncate(time.Minute); settled.Before(next) {
		next = settled
	}
	if next.Before(begin) {
		next = begin
	}
	return DueMinute(next)
}

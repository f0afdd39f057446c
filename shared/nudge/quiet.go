package nudge

import (
	"strconv"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
)

// Quiet are the hours in which nobody is written to: from one time of the clock to another, over midnight if that is earlier; and
// with Weekend all of Saturday and Sunday. Both are empty for none.
type Quiet struct {
	From    string `json:"from,omitempty"` // "20:00"
	Until   string `json:"until,omitempty"`
	Weekend bool   `json:"weekend,omitempty"`
}

// Check refuses what are no hours.
func (q Quiet) Check() error {
	if q.From == "" && q.Until == "" {
		return nil
	}
	for _, text := range []string{q.From, q.Until} {
		if _, ok := minuteOf(text); !ok {
			return fault.New(fault.Invalid, "invalid_quiet_hours", "%q is no time of the clock: give from and until as 20:00 and 08:00, or neither.", text)
		}
	}
	if q.From == q.Until {
		return fault.New(fault.Invalid, "invalid_quiet_hours", "From and until are both %s: leave both out for no quiet hours, or opt out to hear nothing.", q.From)
	}
	return nil
}

// minuteOf reads a time of the clock as minutes since midnight.
func minuteOf(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	hours, err1 := strconv.ParseUint(text[:2], 10, 8)
	minutes, err2 := strconv.ParseUint(text[3:], 10, 8)
	return int(hours*60 + minutes), err1 == nil && err2 == nil && hours < 24 && minutes < 60
}

// holds tells whether a moment is quiet by the clock of a zone.
func (q Quiet) holds(at time.Time, zone *time.Location) bool {
	local := at.In(zone)
	if day := local.Weekday(); q.Weekend && (day == time.Saturday || day == time.Sunday) {
		return true
	}
	from, ok1 := minuteOf(q.From)
	until, ok2 := minuteOf(q.Until)
	now := local.Hour()*60 + local.Minute()
	switch {
	case !ok1 || !ok2:
		return false
	case from < until:
		return now >= from && now < until
	}
	return now >= from || now < until
}

// longestQuiet is more than quiet hours can last: a weekend with the nights around it, and an hour of a clock that is put back.
const longestQuiet = 4 * 24 * time.Hour

// End gives the first whole minute from a moment on that is not quiet by the clock of a zone; the moment itself where that is not.
// The clock is asked minute by minute, so that hours which a clock skips or repeats end when it says so.
func (q Quiet) End(at time.Time, zone *time.Location) time.Time {
	if !q.holds(at, zone) {
		return at
	}
	end := at.Truncate(time.Minute)
	for limit := at.Add(longestQuiet); end.Before(limit) && q.holds(end, zone); {
		end = end.Add(time.Minute)
	}
	return end
}

// tomorrow gives the first moment of the next day in a zone.
func tomorrow(at time.Time, zone *time.Location) time.Time {
	today := calendar.DateOf(at, zone)
	next := at.Truncate(time.Minute)
	for calendar.DateOf(next, zone) <= today {
		next = next.Add(time.Minute)
	}
	return next
}

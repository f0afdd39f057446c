package ratelimit

import (
	"slices"
	"time"
)

// Budget is the share of a provider's limits that an import may use, and when. The zero Budget allows everything.
type Budget struct {
	// Requests is how many requests a day may have; 0 for any number.
	Requests int64
	// From and Until bound the time of day in which requests are made, as times since midnight by the clock on the wall:
	// 22h and 6h is the night. Where they are equal, it is the whole day.
	From, Until time.Duration
	// Days are the days of the week; none for all. A night belongs to the day on which it begins.
	Days []time.Weekday
	// Zone is where days and hours are meant; nil for UTC.
	Zone *time.Location
}

// Allows tells whether a request may be made now, after so many on this day, and if not, when the next one may be, if any
// ever.
func (b Budget) Allows(now time.Time, usedToday int64) (ok bool, next time.Time) {
	at := in(now.UnixNano(), b.Zone)
	spent := b.Requests > 0 && usedToday >= b.Requests
	if !spent && b.open(at) {
		return true, now
	}
	// What is closed opens at a midnight, at From, or where the clock on the wall is set; eight days have all there are.
	_, set := at.ZoneBounds()
	at0 := onTheWall(at, 0, 0)
	candidates := []time.Time{set}
	for day := range 10 {
		candidates = append(candidates, onTheWall(at0, day, 0), onTheWall(at0, day, b.From))
	}
	slices.SortFunc(candidates, time.Time.Compare)
	for _, t := range candidates {
		later := t.YearDay() != at.YearDay() || t.Year() != at.Year()
		if t.After(at) && b.open(t) && (later || !spent) {
			return false, t
		}
	}
	return false, time.Time{}
}

// open tells whether hours and days allow a time.
func (b Budget) open(at time.Time) bool {
	since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second +
		time.Duration(at.Nanosecond())
	day := at.Weekday()
	switch {
	case b.From < b.Until && (since < b.From || since >= b.Until):
		return false
	case b.From > b.Until && since < b.Until:
		day = (day + 6) % 7
	case b.From > b.Until && since < b.From:
		return false
	}
	return len(b.Days) == 0 || slices.Contains(b.Days, day)
}

// onTheWall is when a clock on the wall shows a time, so many days later.
func onTheWall(at time.Time, days int, clock time.Duration) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()+days, int(clock/time.Hour), int(clock/time.Minute%60), int(clock/time.Second%60),
		int(clock%time.Second), at.Location())
}

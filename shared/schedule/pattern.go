package schedule

import (
	"slices"
	"time"
)

// pattern is a set of times of the local clock of a zone: times of day, on certain days. A time of the local clock (a
// "wall" time) is written as a time.Time in UTC that looks the same.
type pattern struct {
	zone *time.Location
	// minutes are the times of day in minutes, in order, each once.
	minutes []int
	// everyHour makes it go by elapsed time where the clock jumps.
	everyHour bool
	// months and days of the month and of the week are bits from 1, 1 and 0 (Sunday).
	months, monthDays, weekDays uint64
	// anyMonthDay and anyWeekDay say that the field does not restrict the days. If both do, a day need fit one only.
	anyMonthDay, anyWeekDay bool
}

// anyDay is a pattern of all days, and no times yet.
func anyDay(zone *time.Location) *pattern {
	return &pattern{zone: zone, months: bitsOf(1, 12, 1), monthDays: bitsOf(1, 31, 1), weekDays: bitsOf(0, 6, 1), anyMonthDay: true, anyWeekDay: true}
}

// bitsOf sets every step-th bit from low to high.
func bitsOf(low, high, step int) uint64 {
	var set uint64
	for i := low; i <= high; i += step {
		set |= 1 << i
	}
	return set
}

func has(set uint64, i int) bool { return set&(1<<i) != 0 }

// inEveryHour adds minutes of each hour.
func (p *pattern) inEveryHour(minutes []int) {
	p.everyHour = true
	for hour := range 24 {
		p.at(hour, minutes)
	}
}

// at adds minutes of an hour; hours must come in order.
func (p *pattern) at(hour int, minutes []int) {
	for _, minute := range minutes {
		p.minutes = append(p.minutes, hour*60+minute)
	}
}

// on tells whether a day is one of the pattern.
func (p *pattern) on(day time.Time) bool {
	month := has(p.monthDays, day.Day())
	week := has(p.weekDays, int(day.Weekday()))
	switch {
	case !has(p.months, int(day.Month())):
		return false
	case p.anyMonthDay || p.anyWeekDay:
		return month && week
	}
	return month || week
}

// searched is how many days are looked at for the next one: 29 February is at most eight years ahead.
const searched = 8*366 + 1

// from gives the first wall time of the pattern that is not before another.
func (p *pattern) from(wall time.Time) (time.Time, bool) {
	day := wall.Truncate(24 * time.Hour)
	for range searched {
		if p.on(day) {
			minute := int((wall.Sub(day) + time.Minute - 1) / time.Minute) // rounded up; 0 from the second day on
			if i, _ := slices.BinarySearch(p.minutes, max(minute, 0)); i < len(p.minutes) {
				return day.Add(time.Duration(p.minutes[i]) * time.Minute), true
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

// next gives the first moment after another at which the pattern is due.
func (p *pattern) next(after time.Time) (time.Time, bool) {
	if p.everyHour {
		return p.shown(after)
	}
	return p.reached(after)
}

// shown gives the first moment after another at which the clock shows a time of the pattern.
func (p *pattern) shown(after time.Time) (time.Time, bool) {
	for t := after.Add(1); written(t); {
		wall, end := p.clock(t)
		due, ok := p.from(wall)
		if !ok {
			break
		}
		if at := t.Add(due.Sub(wall)); end.IsZero() || at.Before(end) {
			return at, true
		}
		t = end
	}
	return time.Time{}, false
}

// reached gives the first moment after another at which the clock reaches a time of the pattern, or jumps over it. Later
// wall times are never reached earlier, and all before the present one have been.
func (p *pattern) reached(after time.Time) (time.Time, bool) {
	wall, _ := p.clock(after)
	for {
		due, ok := p.from(wall)
		if !ok {
			return time.Time{}, false
		}
		if at := p.reach(due); at.After(after) && p.exists(due) {
			return at, true
		}
		wall = due.Add(time.Minute)
	}
}

// clock gives what the local clock shows at a moment, and until when it does not jump; zero for never.
func (p *pattern) clock(t time.Time) (wall, jump time.Time) {
	local := t.In(p.zone)
	_, offset := local.Zone()
	_, jump = local.ZoneBounds()
	if !jump.IsZero() && !jump.After(t) {
		// Go (1.26) takes every year for one of 365 days here, so that the last of a leap year is behind its bounds. No clock
		// jumps on that day.
		jump = t.Add(time.Hour)
	}
	return t.UTC().Add(time.Duration(offset) * time.Second), jump
}

// reach gives the first moment at which the clock shows a wall time or a later one.
func (p *pattern) reach(wall time.Time) time.Time {
	t := wall.Add(-24 * time.Hour) // no clock is a day ahead
	for {
		shown, jump := p.clock(t)
		at := t
		if wall.After(shown) {
			at = t.Add(wall.Sub(shown))
		}
		if jump.IsZero() || at.Before(jump) {
			return at
		}
		t = jump
	}
}

// exists tells whether the zone has the date of a wall time.
func (p *pattern) exists(wall time.Time) bool {
	day := wall.Truncate(24 * time.Hour)
	shown, _ := p.clock(p.reach(day))
	return shown.Before(day.AddDate(0, 0, 1))
}

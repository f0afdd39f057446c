package view

import (
	"fmt"
	"time"
	_ "time/tzdata" // what a day is must not depend on the machine

	"leadline/shared/fault"
)

// Period is the length of the periods that rows are told apart by.
type Period string

// The periods.
const (
	Day     Period = "day"
	Week    Period = "week" // from Monday, as ISO 8601 counts them
	Month   Period = "month"
	Quarter Period = "quarter"
	Year    Period = "year"
	Ever    Period = "all"
)

// Periods lists them.
func Periods() []Period { return []Period{Day, Week, Month, Quarter, Year, Ever} }

// Zone finds a time zone by its IANA name; UTC for none.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.New(fault.Invalid, "invalid_zone", "There is no time zone %s. Give an IANA name, as Europe/Berlin.", quoted(name))
	}
	return zone, nil
}

// name gives the name of the period that a day lies in, which is counted from 1970-01-01.
func (p Period) name(day int64) string {
	at := time.Unix(day*secondsADay, 0).UTC()
	switch p {
	case Day:
		return at.Format(time.DateOnly)
	case Week:
		year, week := at.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case Month:
		return at.Format("2006-01")
	case Quarter:
		return fmt.Sprintf("%04d-Q%d", at.Year(), (int(at.Month())+2)/3)
	case Year:
		return at.Format("2006")
	}
	return string(Ever)
}

// Range is the days that count, both ends among them. A zero end is open.
type Range struct{ From, Until time.Time }

// has tells whether a day lies in the range. The ends are days, midnight UTC.
func (r Range) has(day int64) bool {
	return (r.From.IsZero() || dayOf(r.From, time.UTC) <= day) && (r.Until.IsZero() || day <= dayOf(r.Until, time.UTC))
}

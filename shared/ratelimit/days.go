package ratelimit

import "time"

// dayOf names the day of a time in a zone.
func dayOf(at int64, zone *time.Location) string { return in(at, zone).Format(time.DateOnly) }

// nextDay is when the day of a time in a zone ends.
func nextDay(at int64, zone *time.Location) int64 {
	t := in(at, zone)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location()).UnixNano()
}

func in(at int64, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return time.Unix(0, at).In(zone)
}

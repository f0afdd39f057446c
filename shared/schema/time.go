package schema

import "time"

// Time reads the text of a date_time: RFC 3339 with any number of decimals (more than nine are cut), and its near
// relatives that say the same beyond doubt: a blank or a small t before the time, a small z, a zone without colon
// (+0530) or without minutes (+05). A leap second and hour 24 are refused, for no clock here has them. It does not read
// a date without a time, nor a time without a zone.
func Time(text string) (time.Time, bool) { return parseTime([]byte(text)) }

func isTime(text []byte) bool {
	_, ok := parseTime(text)
	return ok
}

// isDate tells whether text is a day of the calendar, as 2026-01-15.
func isDate(text []byte) bool {
	return len(text) == 10 && startsWithDate(text)
}

func startsWithDate(text []byte) bool {
	_, _, _, ok := date(text)
	return ok
}

// date reads the date at the start of text.
func date(text []byte) (year, month, day int, ok bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return 0, 0, 0, false
	}
	year, month, day = number(text[:4]), number(text[5:7]), number(text[8:10])
	ok = year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
	return year, month, day, ok
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// number reads digits; -1 if there is anything else.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func parseTime(text []byte) (time.Time, bool) {
	year, month, day, ok := date(text)
	if !ok {
		return time.Time{}, false
	}
	hour, minute, second, nanos, zone := clock(text[10:])
	offset, ok := offset(zone)
	if hour < 0 || !ok {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-offset), true
}

// clock reads the separator and the time of day at the start of text and gives what follows it; hour -1 if it is none.
func clock(text []byte) (hour, minute, second, nanos int, rest []byte) {
	if len(text) < 9 || text[0] != 'T' && text[0] != 't' && text[0] != ' ' || text[3] != ':' || text[6] != ':' {
		return -1, 0, 0, 0, nil
	}
	hour, minute, second = number(text[1:3]), number(text[4:6]), number(text[7:9])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return -1, 0, 0, 0, nil
	}
	rest = text[9:]
	if len(rest) == 0 || rest[0] != '.' {
		return hour, minute, second, 0, rest
	}
	rest = rest[1:]
	digits := 0
	for ; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		if digits < 9 {
			nanos = nanos*10 + int(rest[digits]-'0')
		}
	}
	if digits == 0 {
		return -1, 0, 0, 0, nil
	}
	for i := digits; i < 9; i++ {
		nanos *= 10
	}
	return hour, minute, second, nanos, rest[digits:]
}

// offset reads a zone: Z, +05:30, +0530 or +05.
func offset(zone []byte) (time.Duration, bool) {
	if len(zone) == 1 && (zone[0] == 'Z' || zone[0] == 'z') {
		return 0, true
	}
	if len(zone) == 6 && zone[3] == ':' {
		zone = []byte{zone[0], zone[1], zone[2], zone[4], zone[5]}
	}
	if len(zone) != 3 && len(zone) != 5 || zone[0] != '+' && zone[0] != '-' {
		return 0, false
	}
	hours, minutes := number(zone[1:3]), number(zone[3:])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if zone[0] == '-' {
		d = -d
	}
	return d, true
}

// isBareTime tells whether text is a time that lacks nothing but its zone.
func isBareTime(text []byte) bool {
	if !startsWithDate(text) {
		return false
	}
	hour, _, _, _, rest := clock(text[10:])
	return hour >= 0 && len(rest) == 0
}

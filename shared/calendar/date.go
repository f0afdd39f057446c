// Package calendar holds days, spans of days and the periods by which pay is reckoned: days, weeks, months, quarters, half
// years, years, and the 4-4-5 months of retail. It is pure, and knows no clock.
package calendar

import (
	"time"

	"leadline/shared/fault"
)

// Date is a day of the calendar, written 2026-11-22. It has no zone: who turns an instant into a Date says whose calendar it
// is. The empty Date is the beginning of time as a From, and its end as an Until.
type Date string

// DateOf gives the day of an instant in a zone; empty for the zero time.
func DateOf(t time.Time, zone *time.Location) Date {
	if t.IsZero() {
		return ""
	}
	return Date(t.In(zone).Format(time.DateOnly))
}

// ParseDate reads a day. What is empty is the empty Date.
func ParseDate(text string) (Date, error) {
	if text == "" {
		return "", nil
	}
	if _, ok := Date(text).serial(); !ok {
		return "", fault.New(fault.Invalid, "invalid_date", "%q is no day. Write it as 2026-11-22.", cut(text, 20))
	}
	return Date(text), nil
}

// Day gives the span of one day.
func (d Date) Day() Span {
	n, ok := d.serial()
	if !ok {
		return Span{From: d}
	}
	return Span{d, dateAt(n + 1)}
}

// AddDays gives the day that many days later, or earlier. What is no day, the empty Date among them, stays what it is; before
// the year 0000 and after 9999 the empty Date comes out, which is the beginning and the end of time.
func (d Date) AddDays(days int) Date {
	n, ok := d.serial()
	if !ok {
		return d
	}
	return dateAt(n + days)
}

// Sub gives how many days d is after o: less than 0 if it is before. It is 0 where one of them is no day.
func (d Date) Sub(o Date) int {
	n, ok1 := d.serial()
	m, ok2 := o.serial()
	if !ok1 || !ok2 {
		return 0
	}
	return n - m
}

// serial counts the days since 1970-01-01; false for what is no day. It is done by hand since it is done for every record:
// time.Parse takes several times as long.
func (d Date) serial() (int, bool) {
	if len(d) != len(time.DateOnly) || d[4] != '-' || d[7] != '-' {
		return 0, false
	}
	year, ok1 := digits(string(d[:4]))
	month, ok2 := digits(string(d[5:7]))
	day, ok3 := digits(string(d[8:]))
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > 28 && day > monthDays(year, month) {
		return 0, false
	}
	return daysTo(year, month) + day - 1, true
}

func digits(text string) (int, bool) {
	n := 0
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func monthDays(year, month int) int {
	return daysTo(year+month/12, month%12+1) - daysTo(year, month)
}

// epoch is how many days 1970-01-01 is after 0000-03-01, the day on which daysTo and civil begin to count: with years from
// March the leap day is the last of its year, and the lengths of the months follow a line.
const (
	epoch   = 719468
	days400 = 146097
)

// daysTo counts the days from 1970-01-01 to the first of a month, of any year.
func daysTo(year, month int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	return 365*year + floor(year, 4) - floor(year, 100) + floor(year, 400) + (153*(month-3)+2)/5 - epoch
}

// civil gives the year, month and day of a serial.
func civil(serial int) (year, month, day int) {
	serial += epoch
	era := floor(serial, days400)
	rest := serial - era*days400
	of := (rest - rest/1460 + rest/36524 - rest/146096) / 365
	rest -= 365*of + of/4 - of/100
	month = (5*rest + 2) / 153
	day = rest - (153*month+2)/5 + 1
	year, month = era*400+of, month+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// floor divides and cuts down, where Go cuts towards zero.
func floor(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// dateAt writes a serial as a Date; empty outside the years that four digits write.
func dateAt(serial int) Date {
	var text [10]byte
	return Date(appendDate(text[:0], serial))
}

func appendDate(to []byte, serial int) []byte {
	year, month, day := civil(serial)
	if year < 0 || year > 9999 {
		return to
	}
	to = append(appendTwo(appendTwo(to, year/100), year%100), '-')
	return appendTwo(append(appendTwo(to, month), '-'), day)
}

func appendTwo(to []byte, n int) []byte { return append(to, byte('0'+n/10), byte('0'+n%10)) }

func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

package amortization

import (
	"fmt"
	"strconv"

	"leadline/shared/calendar"
)

// month counts months from the year 0 on.
type month int

func monthOf(d calendar.Date) month {
	year, _ := strconv.Atoi(string(d[:4]))
	nth, _ := strconv.Atoi(string(d[5:7]))
	return month(year*12 + nth - 1)
}

// String gives it as 2026-01.
func (m month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// first gives its first day.
func (m month) first() calendar.Date { return calendar.Date(m.String() + "-01") }

func (m month) span() calendar.Span {
	return calendar.Span{From: m.first(), Until: (m + 1).first()}
}

// parseMonth reads 2026-01.
func parseMonth(text string) (month, bool) {
	d, err := calendar.ParseDate(text + "-01")
	if err != nil || len(text) != 7 {
		return 0, false
	}
	return monthOf(d), true
}

// after gives the day that many months later; of a month that is too short, its last.
func after(d calendar.Date, months int) calendar.Date {
	m := monthOf(d) + month(months)
	day, _ := strconv.Atoi(string(d[8:]))
	return m.first().AddDays(min(day, m.span().Days()) - 1)
}

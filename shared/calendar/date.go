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
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", fault.New(fault.Invalid, "invalid_date", "%q is no day. Write it as 2026-11-22.", cut(text, 20))
	}
	return Date(text), nil
}

// Day gives the span of one day.
func (d Date) Day() Span {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return Span{From: d}
	}
	return Span{d, Date(t.AddDate(0, 0, 1).Format(time.DateOnly))}
}

// Span is a time in days: From is in it, Until is not.
type Span struct {
	From, Until Date
}

// Check refuses a span that holds no day.
func (s Span) Check() error {
	if s.Empty() {
		return fault.New(fault.Invalid, "invalid_span", "The time ends before it begins: until must be after from.")
	}
	return nil
}

// Holds tells whether a day is in the span. The empty Date is its beginning.
func (s Span) Holds(d Date) bool { return s.From <= d && (s.Until == "" || d < s.Until) }

// Empty tells whether the span holds no day.
func (s Span) Empty() bool { return s.Until != "" && s.Until <= s.From }

// Contains tells whether all days of another span are in this one.
func (s Span) Contains(o Span) bool {
	return s.From <= o.From && (s.Until == "" || o.Until != "" && o.Until <= s.Until)
}

// And gives the days that are in both.
func (s Span) And(o Span) Span {
	both := Span{From: max(s.From, o.From), Until: s.Until}
	if both.Until == "" || o.Until != "" && o.Until < both.Until {
		both.Until = o.Until
	}
	return both
}

// Overlaps tells whether a day is in both.
func (s Span) Overlaps(o Span) bool { return !s.And(o).Empty() }

// Without gives what is left of the span when another, which overlaps it, is taken out: at most two spans.
func (s Span) Without(o Span) []Span {
	var left []Span
	if s.From < o.From {
		left = append(left, Span{s.From, o.From})
	}
	if o.Until != "" && (s.Until == "" || o.Until < s.Until) {
		left = append(left, Span{o.Until, s.Until})
	}
	return left
}

func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

package roster

import "leadline/shared/calendar"

// Date and Span are those of the calendar: facts are so for whole days.
type (
	Date = calendar.Date
	Span = calendar.Span
)

func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

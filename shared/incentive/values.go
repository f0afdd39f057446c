package incentive

import (
	"bytes"
	"encoding/json"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/formula"
	"leadline/shared/schema"
)

// How the record steps read what the columns of a row say, and what formulas over it fail by.

// none tells whether a column has no value.
func none(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// text gives the text of a value; empty for none, and for lists and objects.
func text(value json.RawMessage) string {
	if none(value) {
		return ""
	}
	switch value[0] {
	case '"':
		if plain := value[1:max(1, len(value)-1)]; !bytes.ContainsAny(plain, `\"`) {
			return string(plain) // nearly all are written as they are
		}
		var s string
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	case '{', '[':
		return ""
	}
	return string(value) // of a number or a boolean, as it is written
}

// readDay reads a date, or an instant with the day of a zone that it lies on. The instant of a date is its midnight UTC.
func readDay(value json.RawMessage, zone *time.Location) (calendar.Date, time.Time, bool) {
	written := text(value)
	if at, ok := schema.Time(written); ok {
		return calendar.DateOf(at, zone), at, true
	}
	at, err := time.Parse(time.DateOnly, written)
	return calendar.Date(written), at, err == nil
}

// day reads the day that a column says; empty if it has no value, or none that is a day.
func (w *recordWork) day(column int) calendar.Date {
	if column < 0 {
		return ""
	}
	date, _, ok := readDay(w.row.Values[column], w.v.clock.Zone)
	if !ok {
		return ""
	}
	return date
}

// users adds whom a column names: one, or a list.
func users(value json.RawMessage, all []string) []string {
	list := []json.RawMessage{value}
	if !none(value) && value[0] == '[' {
		if list = nil; json.Unmarshal(value, &list) != nil { // into the list above it would write over the record's own bytes
			return all
		}
	}
	for _, one := range list {
		if user := text(one); user != "" {
			all = append(all, user)
		}
	}
	return all
}

// noValue tells whether a formula has no result because a column that it reads has no value.
func noValue(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Code == formula.CodeNoValue
}

// message gives what an error says to people.
func message(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}

// brief shortens what is repeated of a record.
func brief(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

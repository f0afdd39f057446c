package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Accepts tells whether a field takes a value, and if not, what was found instead, for people, without quoting it.
//
// A null is taken by every field; whether one is required, Check looks at. An unknown field takes anything (see Settle),
// and so does json. A text takes numbers and booleans, too: a field that was widened to text takes all that it took
// before. A date_time takes dates for the same reason: such a day has no time, not midnight. A reference takes what can
// name a record: a text, or a whole number.
func Accepts(f Field, value json.RawMessage) (ok bool, found string) {
	if takes(f, value) {
		return true, ""
	}
	return false, describe(f.Type, value)
}

func takes(f Field, value json.RawMessage) bool {
	k := kind(value)
	if k == 'n' {
		return true
	}
	switch f.Type {
	case Text:
		return k == '"' || k == '0' || k == 't'
	case Number:
		return k == '0'
	case Boolean:
		return k == 't'
	case Date:
		return k == '"' && isDate(plain(value))
	case DateTime:
		return k == '"' && (isDate(plain(value)) || isTime(plain(value)))
	case Money:
		return k == '{' && isMoney(value)
	case Choice:
		return k == '"' && len(strangers(f.Choices, value)) == 0
	case MultiChoice:
		return k == '[' && isTexts(value) && len(strangers(f.Choices, value)) == 0
	case Reference:
		return k == '"' || k == '0' && isWhole(value)
	}
	return true
}

// strangers gives the texts of a value that are not among the choices; none if any text is a choice.
func strangers(choices []string, value json.RawMessage) []string {
	if len(choices) == 0 {
		return nil
	}
	var strange []string
	for _, t := range texts(value) {
		if !slices.Contains(choices, t) && !slices.Contains(strange, t) {
			strange = append(strange, t)
		}
	}
	return strange
}

// isWhole tells whether a number is whole by its value, as 1.0 and 1e5 are: those name records, too (1.0 names 1).
func isWhole(value json.RawMessage) bool {
	mantissa, exponent := string(value), 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		e, err := strconv.Atoi(mantissa[i+1:])
		if err != nil {
			return false
		}
		mantissa, exponent = mantissa[:i], e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	if digits == "" || digits == "-" {
		return true
	}
	return len(digits) <= len(whole)+exponent
}

// Check gives the fields of a row that break a version, sorted by name, at most MaxMismatches of them. create says that
// the row creates its record: only then must required fields be there. A row about nothing but a deletion is not
// checked. A field that the version does not have breaks it even with null: its name may be misspelled.
func Check(v Version, create bool, row map[string]json.RawMessage) []Mismatch {
	var all []Mismatch
	for _, name := range broken(v, create, row) {
		m := Mismatch{Field: name, Expected: "no such field"}
		value, there := row[name]
		f, known := v.Field(name)
		switch {
		case !known:
			m.Found = describe(Unknown, value)
		case !there:
			m.Expected, m.Found = Expected(f)+", for it is required", "nothing"
		case kind(value) == 'n':
			m.Expected, m.Found = Expected(f)+", for it is required", "null"
		default:
			m.Expected, m.Found = Expected(f), describe(f.Type, value)
		}
		if all = append(all, m); len(all) == MaxMismatches {
			break
		}
	}
	return all
}

// MaxMismatches bounds what Check lists.
const MaxMismatches = 50

// broken gives the names of all fields of a row that break a version, sorted.
func broken(v Version, create bool, row map[string]json.RawMessage) []string {
	var names []string
	for name, value := range row {
		if f, known := v.Field(name); !known || !takes(f, value) {
			names = append(names, name)
		}
	}
	if create {
		for _, f := range v.Fields {
			if f.Required && kind(row[f.Name]) == 'n' {
				names = append(names, f.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// Field finds a field by its name.
func (v Version) Field(name string) (Field, bool) {
	i, found := find(v.Fields, name)
	if !found {
		return Field{}, false
	}
	return v.Fields[i], true
}

func find(fields []Field, name string) (int, bool) {
	return slices.BinarySearchFunc(fields, name, func(f Field, n string) int { return cmp.Compare(f.Name, n) })
}

// Expected says for people what a field takes.
func Expected(f Field) string {
	switch f.Type {
	case Text:
		return "a text"
	case Number:
		return "a number"
	case Money:
		return `an amount with its currency, as {"amount": 12.50, "currency": "EUR"}`
	case Boolean:
		return "true or false"
	case Date:
		return "a date, as 2026-01-15"
	case DateTime:
		return "a date and time with its zone, as 2026-01-15T10:00:00Z"
	case Choice:
		return "a text" + among(f.Choices)
	case MultiChoice:
		return "a list of texts" + among(f.Choices)
	case Reference:
		return "an id: a text or a whole number"
	}
	return "anything"
}

// among lists the first few choices.
func among(choices []string) string {
	const shown = 5
	if len(choices) == 0 {
		return ""
	}
	var b strings.Builder
	for i, c := range choices[:min(shown, len(choices))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(cut(c, 40)))
	}
	if len(choices) > shown {
		fmt.Fprintf(&b, " and %d more", len(choices)-shown)
	}
	return " out of " + b.String()
}

// describe says for people what a value is, in the eyes of one who expected a type. It does not quote the value.
func describe(expected Type, value json.RawMessage) string {
	switch t := TypeOf(value); t {
	case Unknown:
		return "null"
	case Number:
		if expected == Reference {
			return "a number that is not whole"
		}
		return "a number"
	case Boolean:
		return "true or false"
	case Money:
		return "an amount with its currency"
	case Date:
		return "a date"
	case DateTime:
		return "a date and time"
	case MultiChoice:
		switch {
		case len(texts(value)) == 0:
			return "an empty list"
		case expected == MultiChoice:
			return "a list with other texts"
		}
		return "a list of texts"
	case Text:
		return describeText(expected, plain(value))
	}
	switch {
	case value[0] == '[' && expected == MultiChoice:
		return "a list of other things than texts"
	case value[0] == '[':
		return "a list"
	case expected == Money:
		return "an object that is not just a number and an ISO currency"
	}
	return "an object"
}

// describeText says what is the matter with a text that is in the wrong place.
func describeText(expected Type, text []byte) string {
	dated := expected == Date || expected == DateTime
	switch {
	case len(text) == 0:
		return "an empty text"
	case expected == Number && json.Valid(text) && kind(text) == '0':
		return "a number in quotes, which is a text"
	case expected == Boolean && json.Valid(text) && kind(text) == 't':
		return "true or false in quotes, which is a text"
	case dated && isBareTime(text):
		return "a time without a zone"
	case dated && len(text) >= 10 && number(text[:4]) >= 0 && text[4] == '-' && number(text[5:7]) >= 0 && text[7] == '-' &&
		number(text[8:10]) >= 0 && !startsWithDate(text):
		return "a day that the calendar does not have"
	case expected == Choice:
		return "another text"
	}
	return "a text"
}

package schema

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadline/shared/fault"
)

// Limits of an object.
const (
	// MaxFields bounds the fields of an object, and of one row. MaxFollowed bounds those of an object that follows its CRM:
	// there are CRMs that allow more.
	MaxFields   = 500
	MaxFollowed = 2_000
	// MaxNameBytes bounds the name of one field, MaxNamesBytes those of all fields of an object together.
	MaxNameBytes  = 256
	MaxNamesBytes = 64 << 10
	// MaxChoices bounds the choices of a field, MaxChoiceBytes each of them, MaxChoicesBytes all those of an object.
	MaxChoices      = 200
	MaxChoiceBytes  = 256
	MaxChoicesBytes = 32 << 10
)

// Codes of errors. Those that a row can have are reasons of the quarantine, too.
const (
	CodeInvalidName   = "invalid_name"
	CodeTooLarge      = "too_large"
	CodeInvalidSchema = "invalid_schema"
)

// CheckName tells whether a field may have the name: 1 to 256 bytes without control characters, without characters that
// turn the direction of text around, and without broken UTF-8. Every other name stands for itself, be it __proto__,
// $where, a.b or blank at its ends: names are data here, and are never code or paths.
func CheckName(name string) error {
	switch {
	case name == "":
		return fault.New(fault.Invalid, CodeInvalidName, "A field has no name: it is the empty text.")
	case len(name) > MaxNameBytes:
		return fault.New(fault.Invalid, CodeInvalidName, "The field that begins with %q has a name of %d bytes; at most %d are allowed.",
			cut(name, 40), len(name), MaxNameBytes)
	case !utf8.ValidString(name) || strings.ContainsRune(name, utf8.RuneError):
		return fault.New(fault.Invalid, CodeInvalidName, "The name of the field %q is broken: it is not UTF-8.", cut(name, 40))
	case strings.ContainsFunc(name, hidden):
		return fault.New(fault.Invalid, CodeInvalidName, "The name of the field %q has a control character.", cut(name, 40))
	}
	return nil
}

// hidden characters make two names look alike, or break the line they are printed in. Joiners stay: emoji need them.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// CheckRow tells whether a row could be one of any object: not too many fields, and names that fields may have. Of
// several bad names it reports the first in order of the names.
func CheckRow(row map[string]json.RawMessage) error {
	var worst error
	var first string
	for name := range row {
		if err := CheckName(name); err != nil && (worst == nil || name < first) {
			worst, first = err, name
		}
	}
	if worst == nil && len(row) > MaxFields {
		return fault.New(fault.Invalid, CodeTooLarge, "The row has %d fields; at most %d are allowed.", len(row), MaxFields)
	}
	return worst
}

// CheckFields tells whether an object may have the fields together.
func CheckFields(fields []Field) error {
	switch {
	case len(fields) > MaxFields:
		return fault.New(fault.Invalid, CodeTooLarge, "The object would have more than %d fields.", MaxFields)
	case nameBytes(fields) > MaxNamesBytes:
		return fault.New(fault.Invalid, CodeTooLarge, "The names of the object's fields take more than %d bytes together.", MaxNamesBytes)
	case choiceBytes(fields) > MaxChoicesBytes:
		return fault.New(fault.Invalid, CodeTooLarge, "The choices of the object's fields take more than %d bytes together.", MaxChoicesBytes)
	}
	return nil
}

func nameBytes(fields []Field) int {
	n := 0
	for _, f := range fields {
		n += len(f.Name)
	}
	return n
}

func choiceBytes(fields []Field) int {
	n := 0
	for _, f := range fields {
		for _, c := range f.Choices {
			n += len(c)
		}
	}
	return n
}

// cut shortens text to at most limit bytes, on the border of a character, and shows that it did.
func cut(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

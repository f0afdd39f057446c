package push

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// What stands here goes through a text that json.Valid has passed, without decoding it: a request of 10,000 rows is
// looked through where it lies.

// walker goes through the members of an object, or the elements of a list.
type walker struct {
	text   []byte
	at     int
	object bool
}

// walk begins at the bracket that text starts with.
func walk(text []byte) walker { return walker{text: text, at: 1, object: text[0] == '{'} }

// next gives the next member or element; an element has no name. The name still has its quotes.
func (w *walker) next() (name, value []byte, ok bool) {
	at := skipSpace(w.text, w.at)
	if w.text[at] == ',' {
		at = skipSpace(w.text, at+1)
	}
	if c := w.text[at]; c == '}' || c == ']' {
		return nil, nil, false
	}
	if w.object {
		end := skipString(w.text, at)
		name = w.text[at:end]
		at = skipSpace(w.text, skipSpace(w.text, end)+1)
	}
	w.at = skipValue(w.text, at)
	return name, w.text[at:w.at:w.at], true
}

// count gives how many elements a list has.
func count(list []byte) (n int) {
	for w := walk(list); ; n++ {
		if _, _, more := w.next(); !more {
			return n
		}
	}
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// skipString gives where the string ends that starts at a place.
func skipString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// skipScalar gives where the number, or true, false or null, ends that starts at a place.
func skipScalar(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			return at
		}
		at++
	}
	return at
}

// skipValue gives where the value ends that starts at a place.
func skipValue(text []byte, at int) int {
	switch text[at] {
	case '"':
		return skipString(text, at)
	case '{', '[':
	default:
		return skipScalar(text, at)
	}
	for open := 0; ; {
		switch text[at] {
		case '"':
			at = skipString(text, at)
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		if at++; open == 0 {
			return at
		}
	}
}

// trimmed gives a text without the white space around it, and whether it is JSON.
func trimmed(text []byte) ([]byte, bool) {
	if !json.Valid(text) {
		return nil, false
	}
	return bytes.Trim(text, " \n\r\t"), true
}

// decoded gives the text of a JSON string, in the memory of raw where it can be.
func decoded(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	var text string
	_ = json.Unmarshal(raw, &text) // it is known to be JSON
	return []byte(text)
}

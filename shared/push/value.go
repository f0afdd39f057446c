package push

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
)

// found says for people what a JSON value is, without showing it.
func found(value []byte) string {
	if len(value) == 0 {
		return "nothing"
	}
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		if n := len(decoded(value)); n > 0 {
			return "a text of " + strconv.Itoa(n) + " bytes"
		}
		return "an empty text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// readAction reads what a row does. The words are understood in any case.
func readAction(value []byte, number int) (record.Action, *fault.Error) {
	if len(value) > 0 && value[0] == '"' {
		switch strings.ToLower(string(decoded(value))) {
		case "create", "created":
			return record.ActionCreate, nil
		case "update", "updated":
			return record.ActionUpdate, nil
		case "delete", "deleted":
			return record.ActionDelete, nil
		}
	}
	return "", rowFault(number, quarantine.UnknownAction, "field %q: expected create, update or delete, found %s", ActionField, found(value))
}

// readID reads what names the record: a text as it is, or a whole number as its plain digits, so that 123, 123.0 and
// "123" are one record.
func readID(value []byte, number int, field string) (string, *fault.Error) {
	const expected = "field %s: expected the id of the record, a text or a whole number of at most %d bytes, found %s"
	refused := func(reason quarantine.Reason, found string) (string, *fault.Error) {
		return "", rowFault(number, reason, expected, shown([]byte(field)), record.MaxIDBytes, found)
	}
	if len(value) == 0 {
		return refused(quarantine.MissingID, found(value))
	}
	switch c := value[0]; {
	case c == 'n':
		return refused(quarantine.MissingID, found(value))
	case c == '"':
		id := decoded(value)
		switch {
		case len(id) == 0:
			return refused(quarantine.MissingID, found(value))
		case len(id) > record.MaxIDBytes:
			return refused(quarantine.InvalidID, found(value))
		case bytes.ContainsRune(id, utf8.RuneError):
			return refused(quarantine.InvalidID, "bytes that are no UTF-8")
		}
		return string(id), nil
	case c == '-' || c >= '0' && c <= '9':
		digits, whole := wholeDigits(value, record.MaxIDBytes)
		if !whole {
			return refused(quarantine.InvalidID, "a number that is not whole, or longer")
		}
		return digits, nil
	}
	return refused(quarantine.InvalidID, found(value))
}

// readVersion reads what orders the states of a record: a time, in microseconds since 1970, or a whole number.
func readVersion(value []byte, number int, field string) (version int64, dated bool, err *fault.Error) {
	const expected = "field %s: expected a time since 1970 or a whole number from 0 to %d, found %s"
	refused := func(reason quarantine.Reason, found string) (int64, bool, *fault.Error) {
		return 0, false, rowFault(number, reason, expected, shown([]byte(field)), int64(record.MaxStampMicros), found)
	}
	if len(value) == 0 || value[0] == 'n' || string(value) == `""` {
		return refused(quarantine.MissingVersion, found(value))
	}
	switch c := value[0]; {
	case c == '"':
		text := string(decoded(value))
		if strings.Trim(text, "0123456789") == "" {
			if n, fits := wholeNumber(text); fits {
				return n, false, nil
			}
		} else if at, ok := readTime(text); ok {
			return at, true, nil
		}
	case c == '-' || c >= '0' && c <= '9':
		if digits, whole := wholeDigits(value, len("9999999999999999")); whole {
			if n, fits := wholeNumber(digits); fits {
				return n, false, nil
			}
		}
		return refused(quarantine.InvalidVersion, "a number that is none of them")
	}
	return refused(quarantine.InvalidVersion, found(value))
}

// wholeNumber reads digits that make a version.
func wholeNumber(digits string) (int64, bool) {
	digits = strings.TrimLeft(digits[:len(digits)-1], "0") + digits[len(digits)-1:]
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && n <= record.MaxStampMicros
}

// readTime reads a time in microseconds since 1970: all that a field of the type date_time takes, and times that name no
// zone, which are taken as UTC.
func readTime(text string) (micros int64, ok bool) {
	at, ok := schema.Time(text)
	for _, layout := range [...]string{"2006-01-02 15:04:05", time.DateOnly, "2006-01-02T15:04:05"} {
		if ok {
			break
		}
		// A fraction of any length after the seconds is read without standing in the layout.
		var err error
		at, err = time.Parse(layout, text)
		ok = err == nil
	}
	micros = at.UnixMicro()
	return micros, ok && micros >= 0 && micros <= record.MaxStampMicros
}

// wholeDigits gives the plain digits of a JSON number that is whole, such as 120 for 1.2e2, if it has no more than
// limit characters. It counts digits and never the value, which may be 1e999999999.
func wholeDigits(number []byte, limit int) (digits string, whole bool) {
	sign, text := "", string(number)
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	exponent := 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		exponent = exponentOf(text[e+1:])
		text = text[:e]
	}
	before, after, _ := strings.Cut(text, ".")
	digits = strings.TrimRight(before+after, "0")
	point := len(before) + exponent // how many digits stand before the point
	trimmed := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(trimmed)
	switch {
	case trimmed == "":
		return "0", true
	case point < len(trimmed) || len(sign)+point > limit:
		return "", false
	}
	return sign + trimmed + strings.Repeat("0", point-len(trimmed)), true
}

// exponentOf reads an exponent. One beyond what any row could make up for by digits is cut.
func exponentOf(text string) int {
	const most = 1 << 30
	negative := text[0] == '-'
	exponent := 0
	for _, c := range strings.TrimLeft(text, "+-") {
		exponent = min(exponent*10+int(c-'0'), most)
	}
	if negative {
		return -exponent
	}
	return exponent
}

// canonical gives the canonical text (see record.Fields) of a value that is known to be JSON: the value itself where it
// stands in it already.
func canonical(value []byte) []byte {
	switch c := value[0]; {
	case c == '"' && !plain(value), c == '{', c == '[':
		wrapped := make([]byte, 0, len(value)+5)
		wrapped = append(append(append(wrapped, `{"":`...), value...), '}')
		fields, err := record.ParseFields(wrapped)
		if err == nil {
			return fields[""]
		}
	}
	return value
}

// plain tells whether a string stands in its canonical form: nothing is escaped, and nothing would be.
func plain(value []byte) bool {
	for i := 1; i < len(value)-1; i++ {
		if c := value[i]; c == '\\' || c >= utf8.RuneSelf {
			return c != '\\' && bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) &&
				!bytes.Contains(value, []byte("\u2028")) && !bytes.Contains(value, []byte("\u2029"))
		}
	}
	return true
}

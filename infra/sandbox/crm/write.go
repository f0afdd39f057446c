package crm

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// writer builds one JSON object, field by field.
type writer struct {
	b []byte
}

func newWriter(b []byte) *writer { return &writer{b: append(b, '{')} }

// done closes the object.
func (w *writer) done() []byte { return append(w.b, '}') }

func (w *writer) key(k string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, k...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) str(k, v string) {
	w.key(k)
	w.b = appendQuoted(w.b, v)
}

// id writes a text that is null where it is empty.
func (w *writer) id(k, v string) {
	if v == "" {
		w.null(k)
		return
	}
	w.str(k, v)
}

func (w *writer) null(keys ...string) {
	for _, k := range keys {
		w.key(k)
		w.b = append(w.b, "null"...)
	}
}

func (w *writer) num(k string, v int64) {
	w.key(k)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writer) boolean(k string, v bool) {
	w.key(k)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) raw(k, v string) {
	w.key(k)
	w.b = append(w.b, v...)
}

func (w *writer) list(k string, v ...string) {
	w.key(k)
	w.b = appendList(w.b, v)
}

// empty writes empty lists.
func (w *writer) empty(keys ...string) {
	for _, k := range keys {
		w.raw(k, "[]")
	}
}

func (w *writer) time(k string, micros int64) {
	w.key(k)
	w.b = append(w.b, '"')
	w.b = appendStamp(w.b, micros)
	w.b = append(w.b, '"')
}

func appendList(b []byte, v []string) []byte {
	b = append(b, '[')
	for i, one := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, one)
	}
	return append(b, ']')
}

// appendQuoted writes a JSON text. Slashes and signs of HTML stay as they are.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[start:i]...)
				b = append(b, `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// Quote gives a JSON text.
func Quote(s string) []byte { return appendQuoted(nil, s) }

// appendStamp writes a time of an object: 2026-06-19T12:05:28.327000+00:00.
func appendStamp(b []byte, micros int64) []byte {
	return append(appendBare(b, micros), "+00:00"...)
}

// appendBare writes a time of an event or a config object, which has no zone: 2019-01-15T12:48:23.395000.
func appendBare(b []byte, micros int64) []byte {
	t := time.UnixMicro(micros).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(digit(b, year, 1000), '-')
	b = append(digit(b, int(month), 10), '-')
	b = append(digit(b, day, 10), 'T')
	b = append(digit(b, hour, 10), ':')
	b = append(digit(b, minute, 10), ':')
	b = append(digit(b, second, 10), '.')
	return digit(b, t.Nanosecond()/1000, 100_000)
}

// digit writes a number with as many digits as its unit has.
func digit(b []byte, n, unit int) []byte {
	for ; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

// Stamp gives a time as objects state it.
func Stamp(t time.Time) string { return string(appendStamp(nil, t.UnixMicro())) }

func stamp(micros int64) string { return string(appendStamp(nil, micros)) }

func bare(micros int64) string { return string(appendBare(nil, micros)) }

func day(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.DateOnly) }

package crm

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Object is a JSON object with its names in order, values untouched.
type Object []Pair

// Pair is one name and its value in compact JSON.
type Pair struct {
	Key   string
	Value json.RawMessage
}

// ErrNoObject says that a body is no JSON object.
var ErrNoObject = errors.New("the body is no JSON object")

// ParseObject reads an object from outside.
func ParseObject(text []byte) (Object, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil || b.Len() == 0 || b.Bytes()[0] != '{' {
		return nil, ErrNoObject
	}
	return parse(b.Bytes()), nil
}

// parse reads an object that is known to be compact and right.
func parse(text []byte) Object {
	o := make(Object, 0, 48)
	each(text, func(key string, value []byte) bool {
		if strings.IndexByte(key, '\\') >= 0 {
			var plain string
			if json.Unmarshal([]byte(`"`+key+`"`), &plain) == nil {
				key = plain
			}
		}
		o = append(o, Pair{strings.Clone(key), value})
		return true
	})
	return o
}

// each goes through the names of a compact object until visit says no.
func each(text []byte, visit func(key string, value []byte) bool) {
	for i := 1; i < len(text) && text[i] == '"'; {
		end := skip(text, i)
		key := text[i+1 : end-1]
		start := end + 1 // behind the colon
		i = skip(text, start)
		if !visit(string(key), text[start:i]) {
			return
		}
		i++ // behind the comma
	}
}

// value finds the value of a name in a compact object, nil if it has none.
func value(text []byte, key string) []byte {
	for i := 1; i < len(text) && text[i] == '"'; {
		end := skip(text, i)
		start := end + 1
		next := skip(text, start)
		if string(text[i+1:end-1]) == key {
			return text[start:next]
		}
		i = next + 1
	}
	return nil
}

// skip gives the end of the JSON value that begins at i.
func skip(text []byte, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// Get gives the value of a name, nil if it is missing.
func (o Object) Get(key string) json.RawMessage {
	for _, p := range o {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// Has tells whether the name is there.
func (o Object) Has(key string) bool { return o.Get(key) != nil }

// Text gives a value that is a text; empty if it is none.
func (o Object) Text(key string) string { return text(o.Get(key)) }

// Set replaces or adds a value.
func (o *Object) Set(key string, value json.RawMessage) {
	for i := range *o {
		if (*o)[i].Key == key {
			(*o)[i].Value = value
			return
		}
	}
	*o = append(*o, Pair{key, value})
}

// SetText replaces or adds a text, null if it is empty.
func (o *Object) SetText(key, v string) {
	if v == "" {
		o.Set(key, json.RawMessage("null"))
		return
	}
	o.Set(key, Quote(v))
}

// Delete removes a name.
func (o *Object) Delete(key string) {
	*o = slices.DeleteFunc(*o, func(p Pair) bool { return p.Key == key })
}

// JSON gives the object as text.
func (o Object) JSON() []byte {
	w := newWriter(make([]byte, 0, 512))
	for _, p := range o {
		if len(w.b) > 1 {
			w.b = append(w.b, ',')
		}
		w.b = appendQuoted(w.b, p.Key)
		w.b = append(w.b, ':')
		w.b = append(w.b, p.Value...)
	}
	return w.done()
}

// MarshalJSON makes an Object part of other JSON.
func (o Object) MarshalJSON() ([]byte, error) { return o.JSON(), nil }

// text gives a JSON text as it reads, empty if it is none.
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	_ = json.Unmarshal(value, &s) // it is a text
	return s
}

// texts gives a JSON text, or the texts of a list.
func texts(value []byte) []string {
	if len(value) > 0 && value[0] == '[' {
		var all []any
		_ = json.Unmarshal(value, &all)
		var list []string
		for _, one := range all {
			if s, ok := one.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	if s := text(value); s != "" {
		return []string{s}
	}
	return nil
}

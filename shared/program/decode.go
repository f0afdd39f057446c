package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"leadline/shared/number"
)

// MaxBytes bounds the JSON of a definition.
const MaxBytes = 256 << 10

// Decode reads the JSON of a definition. It refuses what nobody would read: a field that there is not, one that stands there
// twice, a null, a value of another type. Whether the definition makes sense, Check tells.
func Decode(text []byte) (Definition, []Problem) {
	var p problems
	if len(text) > MaxBytes {
		p.refuse("", CodeRange, "The definition has %d bytes, and may have %d.", len(text), MaxBytes)
		return Definition{}, p
	}
	if !utf8.Valid(text) {
		p.refuse("", CodeWrongType, "The definition is not written in UTF-8.")
		return Definition{}, p
	}
	r := reader{json.NewDecoder(bytes.NewReader(text)), &p}
	r.UseNumber()
	err := r.value(reflect.TypeFor[Definition](), "")
	if err == nil {
		if _, err = r.Token(); err == nil {
			p.refuse("", CodeWrongType, "Something follows the definition.")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		line, column := position(text, r.InputOffset())
		p.refuse("", CodeWrongType, "The definition is no JSON, near line %d, column %d: %v.", line, column, err)
	}
	if len(p) > 0 {
		return Definition{}, p
	}
	var d Definition
	if err := json.Unmarshal(text, &d); err != nil {
		p.refuse("", CodeWrongType, "The definition cannot be read: %v.", err)
		return Definition{}, p
	}
	return d, nil
}

func position(text []byte, offset int64) (line, column int) {
	before := text[:min(int(offset), len(text))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// reader reads JSON against a type. Its errors are those of the JSON; what does not fit the type is among the problems.
type reader struct {
	*json.Decoder
	p *problems
}

func (r reader) value(t reflect.Type, at string) error {
	token, err := r.Token()
	if err != nil {
		return err
	}
	t = pointed(t)
	if token == nil {
		r.p.refuse(at, CodeWrongType, "It is null. Leave it out instead.")
		return nil
	}
	delim, _ := token.(json.Delim)
	switch {
	case isNumber(t):
		return r.number(token, at)
	case t.Kind() == reflect.Struct && delim == '{':
		return r.object(t, at)
	case t.Kind() == reflect.Map && delim == '{':
		return r.entries(t.Elem(), at)
	case t.Kind() == reflect.Slice && delim == '[':
		return r.list(t.Elem(), at)
	}
	if fits(t, token) {
		return nil
	}
	r.p.refuse(at, CodeWrongType, "It must be %s, and is %s.", called(t), calledToken(token))
	return r.skip(token)
}

func fits(t reflect.Type, token json.Token) bool {
	switch token := token.(type) {
	case string:
		return t.Kind() == reflect.String
	case bool:
		return t.Kind() == reflect.Bool
	case json.Number:
		_, err := strconv.ParseInt(token.String(), 10, 32)
		return t.Kind() == reflect.Int && err == nil
	}
	return false
}

func called(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

func calledToken(token json.Token) string {
	switch token := token.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case json.Number:
		return "the number " + token.String()
	case json.Delim:
		if token == '[' {
			return "a list"
		}
	}
	return "an object"
}

// number reads a number, written as a text or as a JSON number.
func (r reader) number(token json.Token, at string) error {
	text, isText := token.(string)
	if n, plain := token.(json.Number); plain {
		text, isText = n.String(), true
	}
	if !isText {
		r.p.refuse(at, CodeWrongType, "It must be a number such as \"12.50\", \"7.5%%\" or \"1/3\", and is %s.", calledToken(token))
		return r.skip(token)
	}
	if _, err := number.Parse(text); err != nil {
		r.p.refuse(at, CodeWrongType, "%v", err)
	}
	return nil
}

// object reads the fields of a struct.
func (r reader) object(t reflect.Type, at string) error {
	fields, seen := fieldsOf(t), map[string]bool{}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		here := place(at, name)
		if seen[name] {
			r.p.refuse(here, CodeTwice, "It stands there twice.")
		}
		seen[name] = true
		known := false
		for _, f := range fields {
			if f.name == name {
				known = true
				if err := r.value(f.typ, here); err != nil {
					return err
				}
			}
		}
		if known {
			continue
		}
		r.p.refuse(here, CodeUnknownField, "There is no field %q here.%s", name, nearest(name, fields))
		if err := r.any(); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			r.p.refuse(place(at, f.name), CodeMissing, "It is missing.")
		}
	}
	_, err := r.Token()
	return err
}

// entries reads a map.
func (r reader) entries(of reflect.Type, at string) error {
	seen := map[string]bool{}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			r.p.refuse(place(at, name), CodeTwice, "It stands there twice.")
		}
		seen[name] = true
		if err := r.value(of, place(at, name)); err != nil {
			return err
		}
	}
	_, err := r.Token()
	return err
}

func (r reader) list(of reflect.Type, at string) error {
	for i := 0; r.More(); i++ {
		if err := r.value(of, place(at, i)); err != nil {
			return err
		}
	}
	_, err := r.Token()
	return err
}

// any reads over a value.
func (r reader) any() error {
	token, err := r.Token()
	if err != nil {
		return err
	}
	return r.skip(token)
}

// skip reads over the rest of a value that a token begins.
func (r reader) skip(token json.Token) error {
	if _, opens := token.(json.Delim); !opens {
		return nil
	}
	for depth := 1; depth > 0; {
		token, err := r.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

// nearest suggests the field that was meant.
func nearest(name string, fields []field) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
		if f.name == strings.ToLower(name) || distance(f.name, name) <= 1+len(f.name)/4 {
			return " Is it " + strconv.Quote(f.name) + "?"
		}
	}
	return " There are " + strings.Join(names, ", ") + "."
}

// distance counts the letters that must be changed, added or left out to make one text of another.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}

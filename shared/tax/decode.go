package tax

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
)

// CodeRules is the code of rule sets that cannot be.
const CodeRules = "invalid_tax_rules"

// Decode reads the JSON of a rule set. It is fault.Invalid (CodeRules), naming the place, for what nobody would read (a field that
// there is not, or that stands there twice, a null, a value of another type) and for rules that make no sense.
func Decode(text []byte) (Rules, error) {
	r := reader{json.NewDecoder(bytes.NewReader(text))}
	r.UseNumber()
	if err := r.value(reflect.TypeFor[Rules](), ""); err != nil {
		if fault.Of(err) == nil {
			line := 1 + bytes.Count(text[:min(int(r.InputOffset()), len(text))], []byte("\n"))
			return Rules{}, fault.New(fault.Invalid, CodeRules, "The tax rules are no JSON, near line %d: %v.", line, err)
		}
		return Rules{}, err
	}
	if _, err := r.Token(); err != io.EOF {
		return Rules{}, wrong("", "Something follows the rules.")
	}
	var rules Rules
	if err := json.Unmarshal(text, &rules); err != nil {
		return Rules{}, wrong("", "They cannot be read: %v.", err)
	}
	return rules, rules.Check()
}

// wrong says what is wrong at a place of a rule set.
func wrong(at, format string, args ...any) error {
	if at == "" {
		return fault.New(fault.Invalid, CodeRules, "Tax rules: "+format, args...)
	}
	return fault.New(fault.Invalid, CodeRules, "Tax rules, %s: "+format, append([]any{at}, args...)...)
}

// reader reads JSON against a type.
type reader struct{ *json.Decoder }

func (r reader) value(t reflect.Type, at string) error {
	token, err := r.Token()
	if err != nil {
		return err
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	delim, _ := token.(json.Delim)
	switch {
	case t == reflect.TypeFor[number.Number]():
		return readNumber(token, at)
	case t.Kind() == reflect.Struct && delim == '{':
		return r.object(t, at)
	case t.Kind() == reflect.Slice && delim == '[':
		for i := 0; r.More(); i++ {
			if err := r.value(t.Elem(), at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		_, err := r.Token()
		return err
	}
	return fits(t, token, at)
}

func readNumber(token json.Token, at string) error {
	text, ok := token.(string)
	if !ok {
		return wrong(at, "It must be a number, written as a text such as \"12.50\" or \"2%%\".")
	}
	if _, err := number.Parse(text); err != nil {
		return wrong(at, "%v", err)
	}
	return nil
}

func fits(t reflect.Type, token json.Token, at string) error {
	switch token := token.(type) {
	case string:
		if t == reflect.TypeFor[calendar.Date]() && !isDay(calendar.Date(token)) {
			return wrong(at, "%q is no day. Write it as 2026-04-01.", token)
		}
		if t.Kind() == reflect.String {
			return nil
		}
	case bool:
		if t.Kind() == reflect.Bool {
			return nil
		}
	case json.Number:
		if _, err := strconv.ParseInt(token.String(), 10, 32); err == nil && t.Kind() == reflect.Int {
			return nil
		}
	}
	called := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Slice: "a list"}[t.Kind()]
	if called == "" {
		called = "an object"
	}
	return wrong(at, "It must be %s.", called)
}

func (r reader) object(t reflect.Type, at string) error {
	known, seen := map[string]reflect.Type{}, map[string]bool{}
	names := fields(t, known)
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		here := strings.TrimPrefix(at+"."+name, ".")
		if seen[name] {
			return wrong(here, "It stands there twice.")
		}
		seen[name] = true
		field, ok := known[name]
		if !ok {
			return wrong(here, "There is no such field. There are %s.", strings.Join(names, ", "))
		}
		if err := r.value(field, here); err != nil {
			return err
		}
	}
	_, err := r.Token()
	return err
}

// fields gathers those of a type by their name in JSON, and gives the names in order.
func fields(t reflect.Type, known map[string]reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, fields(f.Type, known)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
		names = append(names, name)
	}
	return names
}

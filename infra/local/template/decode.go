package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Decode resolves the properties of r that the struct behind target names in its json tags, and decodes them into it.
// Other properties are not looked at.
func (s *Stack) Decode(r Resource, target any) error {
	wanted := map[string]any{}
	fields := reflect.TypeOf(target).Elem()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		property, ok := r.Properties[name]
		if !ok {
			continue
		}
		value, err := s.Resolve(property)
		if err != nil {
			return fmt.Errorf("template: resource %s: %w", r, in(name, err))
		}
		if _, absent := value.(noValue); !absent {
			wanted[name] = value
		}
	}
	data, err := json.Marshal(wanted)
	if err != nil {
		return fmt.Errorf("template: resource %s: %w", r, err)
	}
	if err := json.Unmarshal(data, target); err != nil {
		return fmt.Errorf("template: resource %s: %w", r, err)
	}
	return nil
}

// Text is a text property. CloudFormation takes numbers and booleans there too.
type Text string

// UnmarshalJSON reads any scalar.
func (t *Text) UnmarshalJSON(data []byte) error {
	scalar, err := scalar(data)
	*t = Text(scalar)
	return err
}

// Int is a whole-number property. CloudFormation takes its digits as text too.
type Int int64

// UnmarshalJSON reads a number or its digits.
func (n *Int) UnmarshalJSON(data []byte) error {
	digits, err := scalar(data)
	if err != nil {
		return err
	}
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no whole number", data)
	}
	*n = Int(value)
	return nil
}

// Bool is a yes-or-no property. CloudFormation takes "true" and "false" as text too.
type Bool bool

// UnmarshalJSON reads a boolean or its word.
func (b *Bool) UnmarshalJSON(data []byte) error {
	word, err := scalar(data)
	if err != nil {
		return err
	}
	if word != "true" && word != "false" {
		return fmt.Errorf("%s is neither true nor false", data)
	}
	*b = word == "true"
	return nil
}

func scalar(data []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return "", err
	}
	s, ok := text(v)
	if !ok {
		return "", fmt.Errorf("%s is no text, number or boolean", data)
	}
	return s, nil
}

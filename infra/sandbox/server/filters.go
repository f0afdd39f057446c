package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"leadline/infra/sandbox/crm"
)

// extra is an extra_filter of a subscription.
type extra struct {
	Type    string            `json:"type"`
	Field   string            `json:"field"`
	Filter  json.RawMessage   `json:"filter"`
	Filters []json.RawMessage `json:"filters"`
	Value   json.RawMessage   `json:"value"`
}

// checkFilter refuses an extra_filter that Close does not know.
func checkFilter(text json.RawMessage) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	var f extra
	if json.Unmarshal(text, &f) != nil {
		return errors.New("not a filter")
	}
	if !slices.Contains([]string{"field_accessor", "equals", "not_equals", "is_null", "non_null", "contains", "and", "or", "not", "any_array_value"}, f.Type) {
		return errors.New("there is no filter " + f.Type)
	}
	parts := f.Filters
	if f.Type == "field_accessor" || f.Type == "not" || f.Type == "any_array_value" {
		parts = append(parts, f.Filter)
	}
	for _, part := range parts {
		if len(part) == 0 {
			return errors.New(f.Type + " needs a filter")
		}
		if err := checkFilter(part); err != nil {
			return err
		}
	}
	return nil
}

// passes tells whether an event, or a value within it, passes a filter.
func passes(text json.RawMessage, value json.RawMessage) bool {
	if len(text) == 0 || string(text) == "null" {
		return true
	}
	var f extra
	_ = json.Unmarshal(text, &f) // checkFilter has read it
	null := len(value) == 0 || string(value) == "null"
	switch f.Type {
	case "field_accessor":
		o, err := crm.ParseObject(value)
		if err != nil {
			return passes(f.Filter, nil)
		}
		return passes(f.Filter, o.Get(f.Field))
	case "equals":
		return bytes.Equal(value, f.Value)
	case "not_equals":
		return !bytes.Equal(value, f.Value)
	case "is_null":
		return null
	case "non_null":
		return !null
	case "not":
		return !passes(f.Filter, value)
	case "and":
		return !slices.ContainsFunc(f.Filters, func(one json.RawMessage) bool { return !passes(one, value) })
	case "or":
		return slices.ContainsFunc(f.Filters, func(one json.RawMessage) bool { return passes(one, value) })
	}
	var list []json.RawMessage
	_ = json.Unmarshal(value, &list) // what is no list has no values
	if f.Type == "any_array_value" {
		return slices.ContainsFunc(list, func(one json.RawMessage) bool { return passes(f.Filter, one) })
	}
	return slices.ContainsFunc(list, func(one json.RawMessage) bool { return bytes.Equal(one, f.Value) })
}

// Package pattern decides whether an event passes the filter criteria of a Lambda event source mapping.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Filter is a list of patterns, of which an event must match one. The zero value lets everything pass.
type Filter struct{ patterns []matcher }

// Parse reads patterns. One that uses something this package does not play is an error that names it.
func Parse(patterns ...string) (Filter, error) {
	var f Filter
	for _, text := range patterns {
		v, err := decode([]byte(text))
		if err != nil {
			return Filter{}, fmt.Errorf("pattern: %s: %w", text, err)
		}
		object, ok := v.(map[string]any)
		if !ok {
			return Filter{}, fmt.Errorf("pattern: %s is no object", text)
		}
		m, err := parseObject(object)
		if err != nil {
			return Filter{}, fmt.Errorf("pattern: %s: %w", text, err)
		}
		f.patterns = append(f.patterns, m)
	}
	return f, nil
}

// Match tells whether an event, in JSON, passes.
func (f Filter) Match(event []byte) (bool, error) {
	if len(f.patterns) == 0 {
		return true, nil
	}
	v, err := decode(event)
	if err != nil {
		return false, fmt.Errorf("pattern: the event: %w", err)
	}
	for _, m := range f.patterns {
		if m(v, true) {
			return true, nil
		}
	}
	return false, nil
}

func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number is compared with all its digits
	var v any
	err := decoder.Decode(&v)
	return v, err
}

// matcher tells whether a value matches; present is false if there is none.
type matcher func(value any, present bool) bool

// parseObject reads the part of a pattern that stands for an object: all of its fields must match.
func parseObject(object map[string]any) (matcher, error) {
	fields := map[string]matcher{}
	var alternatives []matcher
	for _, name := range slices.Sorted(maps.Keys(object)) {
		var err error
		switch part := object[name].(type) {
		case map[string]any:
			fields[name], err = parseObject(part)
		case []any:
			if name == "$or" {
				alternatives, err = parseOr(part)
			} else {
				fields[name], err = parseLeaf(part)
			}
		default:
			err = errors.New("want an object or a list of values")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(fields) == 0 && len(alternatives) == 0 {
		return nil, errors.New("it is empty")
	}
	return func(value any, _ bool) bool {
		found, _ := value.(map[string]any) // what is no object has no fields
		for name, matches := range fields {
			field, present := found[name]
			if !matches(field, present) {
				return false
			}
		}
		return len(alternatives) == 0 || slices.ContainsFunc(alternatives, func(m matcher) bool { return m(value, true) })
	}, nil
}

func parseOr(list []any) ([]matcher, error) {
	var all []matcher
	for _, part := range list {
		object, ok := part.(map[string]any)
		if !ok {
			return nil, errors.New("want a list of objects")
		}
		m, err := parseObject(object)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, errors.New("it is empty")
	}
	return all, nil
}

// parseLeaf reads a list of conditions, one of which a value must meet; of a list of values, one must meet one.
func parseLeaf(list []any) (matcher, error) {
	var conditions []matcher
	for _, part := range list {
		condition, err := parseCondition(part)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	if len(conditions) == 0 {
		return nil, errors.New("the list of values is empty")
	}
	anyOf := func(value any, present bool) bool {
		return slices.ContainsFunc(conditions, func(m matcher) bool { return m(value, present) })
	}
	return func(value any, present bool) bool {
		if values, ok := value.([]any); ok && len(values) > 0 {
			return slices.ContainsFunc(values, func(v any) bool { return anyOf(v, true) })
		}
		return anyOf(value, present)
	}, nil
}

func parseCondition(part any) (matcher, error) {
	object, ok := part.(map[string]any)
	if !ok {
		return func(value any, present bool) bool { return present && same(part, value) }, nil
	}
	if len(object) != 1 {
		return nil, fmt.Errorf("%v is no condition", part)
	}
	for name, argument := range object {
		condition, err := parseOperator(name, argument)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return condition, nil
	}
	return nil, nil // not reached: the object has one element
}

func parseOperator(name string, argument any) (matcher, error) {
	switch name {
	case "exists":
		want, ok := argument.(bool)
		if !ok {
			return nil, errors.New("want true or false")
		}
		return func(value any, present bool) bool {
			_, object := value.(map[string]any) // only leaves exist for a filter
			return (present && !object) == want
		}, nil
	case "prefix", "suffix", "equals-ignore-case":
		compare := map[string]func(s, with string) bool{
			"prefix": strings.HasPrefix, "suffix": strings.HasSuffix, "equals-ignore-case": strings.EqualFold,
		}[name]
		with, ok := argument.(string)
		if !ok {
			return nil, errors.New("want a text")
		}
		return func(value any, _ bool) bool {
			s, ok := value.(string)
			return ok && compare(s, with)
		}, nil
	case "anything-but":
		return parseAnythingBut(argument)
	case "numeric":
		return parseNumeric(argument)
	}
	return nil, errors.New("the local runner does not play this condition")
}

func parseAnythingBut(argument any) (matcher, error) {
	unwanted, ok := argument.([]any)
	if !ok {
		unwanted = []any{argument}
	}
	var conditions []matcher
	for _, part := range unwanted {
		condition, err := parseCondition(part)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	return func(value any, present bool) bool {
		return present && !slices.ContainsFunc(conditions, func(m matcher) bool { return m(value, true) })
	}, nil
}

// parseNumeric reads pairs of a comparison and a number, all of which must hold.
func parseNumeric(argument any) (matcher, error) {
	list, ok := argument.([]any)
	if !ok || len(list) == 0 || len(list)%2 != 0 {
		return nil, errors.New("want comparisons and numbers in turn")
	}
	holds := map[string]func(order int) bool{
		"=": func(o int) bool { return o == 0 }, "<": func(o int) bool { return o < 0 }, "<=": func(o int) bool { return o <= 0 },
		">": func(o int) bool { return o > 0 }, ">=": func(o int) bool { return o >= 0 },
	}
	var conditions []func(*big.Rat) bool
	for i := 0; i < len(list); i += 2 {
		sign, _ := list[i].(string)
		compare, known := holds[sign]
		bound, ok := number(list[i+1])
		if !known || !ok {
			return nil, fmt.Errorf("%v %v is no comparison", list[i], list[i+1])
		}
		conditions = append(conditions, func(n *big.Rat) bool { return compare(n.Cmp(bound)) })
	}
	return func(value any, _ bool) bool {
		n, ok := number(value)
		return ok && !slices.ContainsFunc(conditions, func(c func(*big.Rat) bool) bool { return !c(n) })
	}, nil
}

// same compares a value of a pattern with one of an event: texts exactly, numbers by their value.
func same(want, got any) bool {
	if n, ok := number(want); ok {
		m, ok := number(got)
		return ok && n.Cmp(m) == 0
	}
	switch got.(type) {
	case string, bool, nil:
		return want == got
	}
	return false
}

func number(v any) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok || len(n) > 100 { // a longer one would only cost time
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

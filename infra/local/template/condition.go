package template

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// condition evaluates a named condition; seen are the names under evaluation, so that a circle is an error.
func (s *Stack) condition(name string, seen []string) (bool, error) {
	if slices.Contains(seen, name) {
		return false, fmt.Errorf("condition %s depends on itself", strings.Join(append(seen, name), " -> "))
	}
	definition, ok := s.template.conditions[name]
	if !ok {
		return false, fmt.Errorf("the template declares no condition %s", name)
	}
	holds, err := s.holds(definition, append(slices.Clone(seen), name))
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	return holds, nil
}

// holds evaluates the body of a condition.
func (s *Stack) holds(body any, seen []string) (bool, error) {
	m, ok := body.(map[string]any)
	if !ok || len(m) != 1 {
		return false, fmt.Errorf("%v is no condition", body)
	}
	for name, argument := range m {
		if name == "Condition" {
			other, ok := argument.(string)
			if !ok {
				return false, fmt.Errorf("%v is no name of a condition", argument)
			}
			return s.condition(other, seen)
		}
		return s.logic(name, argument, seen)
	}
	return false, nil
}

func (s *Stack) logic(name string, argument any, seen []string) (bool, error) {
	list, ok := argument.([]any)
	if !ok {
		return false, fmt.Errorf("%s of %v: want a list", name, argument)
	}
	switch name {
	case "Fn::Equals":
		sides, err := s.resolveList(list)
		if err != nil {
			return false, in(name, err)
		}
		if len(sides) != 2 {
			return false, fmt.Errorf("Fn::Equals of %v: want two values", argument)
		}
		return equal(sides[0], sides[1]), nil
	case "Fn::And", "Fn::Or":
		for _, body := range list {
			holds, err := s.holds(body, seen)
			if err != nil {
				return false, in(name, err)
			}
			if holds == (name == "Fn::Or") {
				return holds, nil
			}
		}
		return name == "Fn::And", nil
	case "Fn::Not":
		if len(list) != 1 {
			return false, fmt.Errorf("Fn::Not of %v: want one condition", argument)
		}
		holds, err := s.holds(list[0], seen)
		return !holds, err
	}
	return false, fmt.Errorf("%s is no condition that the local runner knows", name)
}

// equal compares as CloudFormation does: scalars by their text.
func equal(a, b any) bool {
	left, leftOK := text(a)
	right, rightOK := text(b)
	if leftOK && rightOK {
		return left == right
	}
	return reflect.DeepEqual(a, b)
}

func (s *Stack) choose(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return nil, fmt.Errorf("Fn::If of %v: want a condition and two values", argument)
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, fmt.Errorf("Fn::If: %v is no name of a condition", list[0])
	}
	holds, err := s.condition(name, nil)
	if err != nil {
		return nil, err
	}
	if holds {
		return s.Resolve(list[1])
	}
	return s.Resolve(list[2])
}

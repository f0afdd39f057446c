// Package template reads a synthesized CloudFormation template as far as the local runner needs it: the resources by
// type, their properties with every reference resolved, decoded into typed structs. What it cannot resolve it names.
//
// It resolves lazily: a reference in a property that nobody asks for may point anywhere.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Template is a parsed template. It never changes.
type Template struct {
	parameters map[string]parameter
	mappings   map[string]map[string]map[string]any
	conditions map[string]any
	resources  map[string]Resource
	outputs    map[string]any
}

// Resource is a resource as the template declares it, nothing resolved.
type Resource struct {
	LogicalID  string         `json:"-"`
	Type       string         `json:"Type"`
	Properties map[string]any `json:"Properties"`
	Metadata   map[string]any `json:"Metadata"`
	Condition  string         `json:"Condition"`
}

// String names the resource for people: its logical id and type.
func (r Resource) String() string { return r.LogicalID + " (" + r.Type + ")" }

type parameter struct {
	Type    string `json:"Type"`
	Default any    `json:"Default"`
}

// Parse reads a template in JSON.
func Parse(data []byte) (*Template, error) {
	var doc struct {
		Parameters map[string]parameter
		Mappings   map[string]map[string]map[string]any
		Conditions map[string]any
		Resources  map[string]Resource
		Outputs    map[string]struct{ Value any }
		Transform  any
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // a number keeps its digits
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if doc.Transform != nil {
		return nil, fmt.Errorf("template: it has a Transform (%v), which only CloudFormation can apply", doc.Transform)
	}
	if len(doc.Resources) == 0 {
		return nil, errors.New("template: it has no Resources")
	}
	for id, r := range doc.Resources {
		r.LogicalID = id
		doc.Resources[id] = r
	}
	outputs := map[string]any{}
	for name, output := range doc.Outputs {
		outputs[name] = output.Value
	}
	return &Template{
		parameters: doc.Parameters, mappings: doc.Mappings, conditions: doc.Conditions, resources: doc.Resources, outputs: outputs,
	}, nil
}

// Types lists the resource types that occur, sorted.
func (t *Template) Types() []string {
	seen := map[string]bool{}
	var types []string
	for _, r := range t.resources {
		if !seen[r.Type] {
			seen[r.Type] = true
			types = append(types, r.Type)
		}
	}
	slices.Sort(types)
	return types
}

// Outputs gives the values of the template's outputs, nothing resolved.
func (t *Template) Outputs() map[string]any { return t.outputs }

// Environment is where a stack pretends to be deployed: what the AWS:: pseudo parameters give.
type Environment struct {
	Region    string
	AccountID string
	StackName string
	// Parameters are the values of the template's parameters that shall not have their defaults.
	Parameters map[string]string
}

// Stack is a template together with what its references mean. It is not safe for concurrent use.
type Stack struct {
	template *Template
	env      Environment
	bound    map[string]binding
}

type binding struct {
	ref        string
	attributes map[string]string
}

// In gives the template as a stack of the environment, with nothing bound yet.
func (t *Template) In(env Environment) *Stack {
	return &Stack{template: t, env: env, bound: map[string]binding{}}
}

// Bind says what Ref and Fn::GetAtt of a resource give from now on. Binding again adds attributes, and replaces the
// reference unless it is empty.
func (s *Stack) Bind(logicalID, ref string, attributes map[string]string) {
	b, ok := s.bound[logicalID]
	if !ok {
		b.attributes = map[string]string{}
	}
	if ref != "" {
		b.ref = ref
	}
	for name, value := range attributes {
		b.attributes[name] = value
	}
	s.bound[logicalID] = b
}

// Resources lists the resources of the given types whose condition holds, by logical id.
func (s *Stack) Resources(types ...string) ([]Resource, error) {
	var found []Resource
	for _, r := range s.template.resources {
		if !slices.Contains(types, r.Type) {
			continue
		}
		if r.Condition != "" {
			holds, err := s.condition(r.Condition, nil)
			if err != nil {
				return nil, fmt.Errorf("template: resource %s: %w", r, err)
			}
			if !holds {
				continue
			}
		}
		found = append(found, r)
	}
	slices.SortFunc(found, func(a, b Resource) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return found, nil
}

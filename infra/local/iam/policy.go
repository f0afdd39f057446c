// Package iam is AWS IAM for the local stack: it reads what the roles of functions may do out of a template, and refuses
// the calls of a function to DynamoDB, SQS, KMS, S3 and SES that its role does not allow, as AWS would. It also notes which
// permissions were used, so that the others can be taken away.
//
// It knows roles with inline policies of Allow statements on actions and resources, with wildcards. What it does not
// know, such as a Condition or a Deny, it names in an error rather than guess. Who calls is told by the access key id of
// the signature, which nobody checks; calls with a key id that was not given out are not restricted. Policies of queues,
// buckets and keys are not looked at.
package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Grant is one action allowed on one resource, both as the policy writes them: with wildcards.
type Grant struct{ Action, Resource string }

// String is "dynamodb:GetItem on arn:aws:dynamodb:...".
func (g Grant) String() string { return g.Action + " on " + g.Resource }

// allows tells whether the grant covers an action on a resource. An empty resource is one that the call does not name:
// any will do.
func (g Grant) allows(action, resource string) bool {
	// Actions are compared without regard to case, resources with it:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
	return like(strings.ToLower(g.Action), strings.ToLower(action)) && (resource == "" || like(g.Resource, resource))
}

// Policy is everything that a role may do. The zero value allows nothing.
type Policy []Grant

// Allows tells whether the policy allows an action on a resource.
func (p Policy) Allows(action, resource string) bool {
	return slices.ContainsFunc(p, func(g Grant) bool { return g.allows(action, resource) })
}

// like matches a text against a pattern of * for any characters and ? for exactly one.
func like(pattern, text string) bool {
	// Where to go on when what follows the last * does not match: one character further.
	star, resume := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Parse reads a policy document in which every reference is resolved.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(document any) (Policy, error) {
	fields, ok := document.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a policy document that is %T", document)
	}
	if err := onlyKnows(fields, "Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	var policy Policy
	for i, statement := range list(fields["Statement"]) {
		grants, err := parseStatement(statement)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		policy = append(policy, grants...)
	}
	return policy, nil
}

func parseStatement(statement any) ([]Grant, error) {
	fields, ok := statement.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is %T", statement)
	}
	if err := onlyKnows(fields, "Sid", "Effect", "Action", "Resource"); err != nil {
		return nil, err
	}
	if fields["Effect"] != "Allow" {
		return nil, fmt.Errorf("the effect %v, where the local runner knows Allow only", fields["Effect"])
	}
	actions, err := texts("Action", fields["Action"])
	if err != nil {
		return nil, err
	}
	resources, err := texts("Resource", fields["Resource"])
	if err != nil {
		return nil, err
	}
	var grants []Grant
	for _, action := range actions {
		for _, resource := range resources {
			grants = append(grants, Grant{action, resource})
		}
	}
	return grants, nil
}

// onlyKnows names an element that is not among the known ones.
func onlyKnows(fields map[string]any, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			text, _ := json.Marshal(fields[name]) // it was JSON before
			return fmt.Errorf("the element %s (%s), which the local runner does not know", name, text)
		}
	}
	return nil
}

// texts reads one text or a list of them, none of which holds a policy variable.
func texts(name string, value any) ([]string, error) {
	var all []string
	for _, one := range list(value) {
		text, ok := one.(string)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: %v is no text", name, one)
		case strings.Contains(text, "${"):
			return nil, fmt.Errorf("%s: %s has a policy variable, which the local runner does not know", name, text)
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return nil, errors.New("it has no " + name)
	}
	return all, nil
}

// list gives an element that may be one value or several.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}

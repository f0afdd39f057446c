package main

import (
	"fmt"
	"slices"
	"strings"

	"leadline/infra/local/iam"
	"leadline/infra/local/template"
)

// permissionStatus is what a function made of its permissions.
type permissionStatus struct {
	// Unused are those that no call of the function has needed yet. Those that Lambda itself uses to feed the function and
	// to write its log are left out.
	Unused []string `json:"unused"`
	// Refused counts the calls that a permission was missing for.
	Refused map[string]int64 `json:"refused,omitempty"`
}

// admit holds functions to their roles. It gives the access key of each, by name. A function without a role may do
// nothing.
func (s *stack) admit(guard *iam.Guard, functions []resource) (keys map[string]string, err error) {
	keys = map[string]string{}
	for _, r := range functions {
		var properties struct {
			Role template.Text `json:"Role"`
		}
		if err := s.Decode(r.Resource, &properties); err != nil {
			return nil, err
		}
		var policy iam.Policy
		role := string(properties.Role)
		if role != "" {
			if policy, err = iam.OfRole(s.Stack, role); err != nil {
				return nil, fmt.Errorf("what %s may do: %w", r.name, err)
			}
		}
		if keys[r.name], err = guard.Admit(s.folder(r), role[strings.LastIndex(role, "/")+1:], policy); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// usedByLambda lists the permissions of functions, by folder, that Lambda uses in their name to poll for them. An empty
// resource stands for any.
func (s *stack) usedByLambda(functions []resource) (map[string][]iam.Grant, error) {
	mappings, err := s.Resources("AWS::Lambda::EventSourceMapping")
	if err != nil {
		return nil, err
	}
	all := map[string][]iam.Grant{}
	for _, r := range mappings {
		var p mappingProperties
		if err := s.Decode(r, &p); err != nil {
			return nil, err
		}
		function, err := sourceMaker{stack: s, functions: functions}.function(string(p.FunctionName))
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r, err)
		}
		folder := s.folder(function)
		queue := string(p.EventSourceArn)
		for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"} {
			all[folder] = append(all[folder], iam.Grant{Action: action, Resource: queue})
		}
		for _, action := range []string{"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"} {
			all[folder] = append(all[folder], iam.Grant{Action: "dynamodb:" + action})
		}
		if dead := string(p.DestinationConfig.OnFailure.Destination); dead != "" {
			all[folder] = append(all[folder], iam.Grant{Action: "sqs:SendMessage", Resource: dead})
		}
	}
	return all, nil
}

// permissions tells by function what it made of its permissions.
func (s *system) permissions() map[string]permissionStatus {
	all := map[string]permissionStatus{}
	for function, usage := range s.guard.Usage() {
		shown := permissionStatus{Unused: []string{}}
		for _, grant := range usage.Unused {
			byLambda := slices.ContainsFunc(s.byLambda[function], func(g iam.Grant) bool {
				return g.Action == grant.Action && (g.Resource == "" || g.Resource == grant.Resource)
			})
			if !byLambda && !strings.HasPrefix(grant.Action, "logs:") {
				shown.Unused = append(shown.Unused, grant.String())
			}
		}
		slices.Sort(shown.Unused)
		for grant, n := range usage.Refused {
			if shown.Refused == nil {
				shown.Refused = map[string]int64{}
			}
			shown.Refused[grant.String()] = n
		}
		all[function] = shown
	}
	return all
}

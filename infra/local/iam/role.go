package iam

import (
	"fmt"
	"slices"

	"leadline/infra/local/template"
)

// OfRole gives what a role of the stack may do: its inline policies. Everything that they refer to must be bound. It is
// an error if the role gets permissions in another way.
func OfRole(s *template.Stack, arn string) (Policy, error) {
	roles, err := s.Resources("AWS::IAM::Role")
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		own, err := s.Resolve(map[string]any{"Fn::GetAtt": []any{r.LogicalID, "Arn"}})
		if err != nil {
			return nil, fmt.Errorf("template: resource %s: %w", r, err)
		}
		if own != arn {
			continue
		}
		policy, err := inline(s, r)
		if err == nil {
			err = noOther(s, r)
		}
		if err != nil {
			return nil, fmt.Errorf("template: resource %s: %w", r, err)
		}
		return policy, nil
	}
	return nil, fmt.Errorf("the stack declares no role %s", arn)
}

// inline reads the inline policies of a role.
func inline(s *template.Stack, role template.Resource) (Policy, error) {
	for _, property := range []string{"ManagedPolicyArns", "PermissionsBoundary"} {
		if value, ok := role.Properties[property]; ok && len(list(value)) > 0 {
			return nil, fmt.Errorf("it has %s, which the local runner does not know", property)
		}
	}
	value, err := s.Resolve(role.Properties["Policies"])
	if err != nil {
		return nil, fmt.Errorf("its Policies: %w", err)
	}
	var all Policy
	for _, one := range list(value) {
		fields, ok := one.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("one of its Policies is %T", one)
		}
		policy, err := Parse(fields["PolicyDocument"])
		if err != nil {
			return nil, fmt.Errorf("the policy %v: %w", fields["PolicyName"], err)
		}
		all = append(all, policy...)
	}
	return all, nil
}

// noOther makes sure that no other resource of the stack gives the role permissions.
func noOther(s *template.Stack, role template.Resource) error {
	others, err := s.Resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
	if err != nil {
		return err
	}
	name, err := s.Resolve(map[string]any{"Ref": role.LogicalID})
	if err != nil {
		return err
	}
	for _, other := range others {
		var given []any
		for _, property := range []string{"Roles", "RoleName"} {
			value, err := s.Resolve(other.Properties[property])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", other, property, err)
			}
			given = append(given, list(value)...)
		}
		if slices.Contains(given, name) {
			return fmt.Errorf("%s adds to it; the local runner knows inline policies only", other)
		}
	}
	return nil
}

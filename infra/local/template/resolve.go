package template

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noValue is what Ref AWS::NoValue resolves to: the property or element is as if it were not written.
type noValue struct{}

// Resolve gives v with every reference and intrinsic function replaced by its value.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (s *Stack) Resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return s.call(name, argument)
		}
		return s.resolveMap(v)
	case []any:
		return s.resolveList(v)
	case string:
		if strings.Contains(v, "{{resolve:") {
			return nil, fmt.Errorf("dynamic reference %s: only CloudFormation can look it up", v)
		}
	}
	return v, nil
}

// intrinsic tells whether a map is a call of an intrinsic function: one key, of the form of their names.
func intrinsic(m map[string]any) (name string, argument any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for key, value := range m {
		name, argument = key, value
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (s *Stack) resolveMap(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) { // sorted, so that the first error is always the same
		value, err := s.Resolve(m[key])
		if err != nil {
			return nil, in(key, err)
		}
		if _, absent := value.(noValue); !absent {
			out[key] = value
		}
	}
	return out, nil
}

func (s *Stack) resolveList(list []any) ([]any, error) {
	out := make([]any, 0, len(list))
	for i, element := range list {
		value, err := s.Resolve(element)
		if err != nil {
			return nil, in(strconv.Itoa(i), err)
		}
		if _, absent := value.(noValue); !absent {
			out = append(out, value)
		}
	}
	return out, nil
}

// pathError says in which property, from the outside in, something could not be resolved.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

func in(key string, err error) error {
	if inner, ok := err.(*pathError); ok {
		return &pathError{path: key + "." + inner.path, err: inner.err}
	}
	return &pathError{path: key, err: err}
}

func (s *Stack) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		id, ok := argument.(string)
		if !ok {
			return nil, fmt.Errorf("a Ref of %v, which is no name", argument)
		}
		return s.ref(id)
	case "Fn::GetAtt":
		return s.getAtt(argument)
	case "Fn::Sub":
		return s.sub(argument)
	case "Fn::If":
		return s.choose(argument)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return s.logic(name, argument, nil)
	}
	resolved, err := s.Resolve(argument)
	if err != nil {
		return nil, in(name, err)
	}
	switch name {
	case "Fn::Join":
		return join(resolved)
	case "Fn::Select":
		return selectOne(resolved)
	case "Fn::Split":
		return split(resolved)
	case "Fn::FindInMap":
		return s.findInMap(resolved)
	case "Fn::Base64":
		text, ok := text(resolved)
		if !ok {
			return nil, fmt.Errorf("Fn::Base64 of %v, which is no text", resolved)
		}
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return nil, fmt.Errorf("%s: the local runner does not know this intrinsic function", name)
}

func (s *Stack) ref(id string) (any, error) {
	switch id {
	case "AWS::Region":
		return s.env.Region, nil
	case "AWS::AccountId":
		return s.env.AccountID, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return s.env.StackName, nil
	case "AWS::StackId":
		return fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/00000000-0000-0000-0000-000000000000",
			s.env.Region, s.env.AccountID, s.env.StackName), nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if b, ok := s.bound[id]; ok {
		return b.ref, nil
	}
	if value, ok := s.env.Parameters[id]; ok {
		return value, nil
	}
	if p, ok := s.template.parameters[id]; ok {
		if p.Default == nil {
			return nil, fmt.Errorf("reference to %s: the parameter has no default and no value was given", id)
		}
		if list, ok := p.Default.(string); ok && (p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")) {
			return split([]any{",", list})
		}
		return p.Default, nil
	}
	if r, ok := s.template.resources[id]; ok {
		return nil, fmt.Errorf("reference to %s: the local runner makes no %s", id, r.Type)
	}
	return nil, fmt.Errorf("reference to %s: the template declares nothing of this name", id)
}

func (s *Stack) getAtt(argument any) (any, error) {
	var id, attribute string
	switch a := argument.(type) {
	case string:
		id, attribute, _ = strings.Cut(a, ".")
	case []any:
		resolved, err := s.resolveList(a)
		if err != nil {
			return nil, err
		}
		if len(resolved) == 2 {
			id, _ = resolved[0].(string)
			attribute, _ = resolved[1].(string)
		}
	}
	if id == "" || attribute == "" {
		return nil, fmt.Errorf("Fn::GetAtt of %v: want a resource and an attribute", argument)
	}
	return s.attribute(id, attribute)
}

func (s *Stack) attribute(id, attribute string) (any, error) {
	r, declared := s.template.resources[id]
	if !declared {
		return nil, fmt.Errorf("Fn::GetAtt %s.%s: the template declares no resource %s", id, attribute, id)
	}
	b, ok := s.bound[id]
	if !ok {
		return nil, fmt.Errorf("Fn::GetAtt %s.%s: the local runner makes no %s", id, attribute, r.Type)
	}
	value, ok := b.attributes[attribute]
	if !ok {
		return nil, fmt.Errorf("Fn::GetAtt %s.%s: the local runner knows no attribute %s of a %s", id, attribute, attribute, r.Type)
	}
	return value, nil
}

// Matches ${Name}, ${Name.Attribute} and the escape ${!Literal}.
const variablePattern = `\$\{([^}]*)\}`

func (s *Stack) sub(argument any) (any, error) {
	variables := map[string]any{}
	pattern, ok := argument.(string)
	if list, isList := argument.([]any); isList && len(list) == 2 {
		if pattern, ok = list[0].(string); ok {
			if variables, ok = list[1].(map[string]any); !ok {
				return nil, fmt.Errorf("Fn::Sub of %v: want a text and its variables", argument)
			}
		}
	}
	if !ok {
		return nil, fmt.Errorf("Fn::Sub of %v: want a text", argument)
	}
	var failed error
	result := regexp.MustCompile(variablePattern).ReplaceAllStringFunc(pattern, func(match string) string {
		name := strings.TrimSpace(match[2 : len(match)-1])
		if literal, escaped := strings.CutPrefix(name, "!"); escaped {
			return "${" + literal + "}"
		}
		value, err := s.variable(name, variables)
		if err == nil {
			if text, ok := text(value); ok {
				return text
			}
			err = fmt.Errorf("${%s} is %v, which is no text", name, value)
		}
		if failed == nil {
			failed = fmt.Errorf("Fn::Sub %q: %w", pattern, err)
		}
		return ""
	})
	return result, failed
}

func (s *Stack) variable(name string, variables map[string]any) (any, error) {
	if value, ok := variables[name]; ok {
		return s.Resolve(value)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return s.attribute(id, attribute)
	}
	return s.ref(name)
}

func (s *Stack) findInMap(argument any) (any, error) {
	keys, ok := texts(argument)
	if !ok || len(keys) != 3 {
		return nil, fmt.Errorf("Fn::FindInMap of %v: want a map and two keys", argument)
	}
	value, ok := s.template.mappings[keys[0]][keys[1]][keys[2]]
	if !ok {
		return nil, fmt.Errorf("Fn::FindInMap: no %s in the mappings", strings.Join(keys, "."))
	}
	return value, nil
}

func join(argument any) (any, error) {
	if list, ok := argument.([]any); ok && len(list) == 2 {
		separator, isText := list[0].(string)
		if parts, ok := texts(list[1]); ok && isText {
			return strings.Join(parts, separator), nil
		}
	}
	return nil, fmt.Errorf("Fn::Join of %v: want a separator and a list of texts", argument)
}

func split(argument any) (any, error) {
	parts, ok := texts(argument)
	if !ok || len(parts) != 2 {
		return nil, fmt.Errorf("Fn::Split of %v: want a separator and a text", argument)
	}
	var out []any
	for part := range strings.SplitSeq(parts[1], parts[0]) {
		out = append(out, part)
	}
	return out, nil
}

func selectOne(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return nil, fmt.Errorf("Fn::Select of %v: want an index and a list", argument)
	}
	position, isText := text(list[0])
	index, err := strconv.Atoi(position)
	of, isList := list[1].([]any)
	if !isText || err != nil || !isList {
		return nil, fmt.Errorf("Fn::Select of %v: want an index and a list", argument)
	}
	if index < 0 || index >= len(of) {
		return nil, fmt.Errorf("Fn::Select: no element %d in %v", index, of)
	}
	return of[index], nil
}

// text gives a scalar as CloudFormation writes it into a text property.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i, element := range list {
		if out[i], ok = text(element); !ok {
			return nil, false
		}
	}
	return out, true
}

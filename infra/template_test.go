package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// template is a synthesized template, as the checks read it.
type template map[string]resource

// resource is one resource of a template. Everything in it is as encoding/json decodes it.
type resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      any
	DeletionPolicy string
	UpdatePolicy   map[string]any
	Metadata       map[string]any
}

// synthesized gives the template of a stage as plain synthesis writes it.
func synthesized(t *testing.T, stage string, context map[string]any) template {
	t.Helper()
	out := t.TempDir()
	with := map[string]any{"stage": stage, "placeholder": true}
	for name, value := range context {
		with[name] = value
	}
	if err := synthesize(root(t), out, with); err != nil {
		t.Fatal(err)
	}
	return readTemplate(t, filepath.Join(out, "leadline-"+stage+".template.json"))
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func readTemplate(t *testing.T, path string) template {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Resources template }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Resources) < 50 {
		t.Fatalf("%s has only %d resources", path, len(file.Resources))
	}
	return file.Resources
}

// clone gives a copy that can be broken.
func (tpl template) clone(t *testing.T) template {
	t.Helper()
	text, err := json.Marshal(tpl)
	if err != nil {
		t.Fatal(err)
	}
	var copied template
	if err := json.Unmarshal(text, &copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

// name tells a resource by its path in the tree of constructs, without the stack: Receive/Logs.
func (tpl template) name(id string) string {
	path, _ := tpl[id].Metadata["aws:cdk:path"].(string)
	_, path, _ = strings.Cut(path, "/")
	return strings.TrimSuffix(path, "/Resource")
}

// named gives the logical id of a resource that name tells, or an empty text.
func (tpl template) named(name string) string {
	for id := range tpl {
		if tpl.name(id) == name {
			return id
		}
	}
	return ""
}

// of gives the logical ids of all resources of a type, in order of their names.
func (tpl template) of(typ string) []string {
	var ids []string
	for id, r := range tpl {
		if r.Type == typ {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(tpl.name(a), tpl.name(b)) })
	return ids
}

// get walks into the properties of a resource; nil where there is no such thing.
func (tpl template) get(id string, path ...string) any {
	return dig(tpl[id].Properties, path...)
}

// text renders a property with its references shown as names: Payloads/inbox/*, Records.StreamArn; Ref and the ARN of a
// resource are its name alone.
func (tpl template) text(id string, path ...string) string {
	return tpl.render(tpl.get(id, path...))
}

func (tpl template) render(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		var parts []string
		for _, part := range v {
			parts = append(parts, tpl.render(part))
		}
		return strings.Join(parts, ",")
	case map[string]any:
		switch intrinsic, argument := only(v); intrinsic {
		case "Ref":
			if id, _ := argument.(string); tpl[id].Type != "" {
				return tpl.name(id)
			}
			return fmt.Sprint(argument)
		case "Fn::GetAtt":
			id, attribute := argument.([]any)[0].(string), argument.([]any)[1].(string)
			if attribute == "Arn" {
				return tpl.name(id)
			}
			return tpl.name(id) + "." + attribute
		case "Fn::Join":
			separator := argument.([]any)[0].(string)
			var parts []string
			for _, part := range argument.([]any)[1].([]any) {
				parts = append(parts, tpl.render(part))
			}
			return strings.Join(parts, separator)
		case "Fn::Select", "Fn::Split": // the CDK takes the name of an alias out of its ARN
			list := argument.([]any)
			return tpl.render(list[len(list)-1])
		}
		text, _ := json.Marshal(v)
		return string(text)
	}
	return fmt.Sprint(v)
}

// only gives the entry of a map that has one.
func only(m map[string]any) (string, any) {
	if len(m) == 1 {
		for key, value := range m {
			return key, value
		}
	}
	return "", nil
}

// dig walks into maps by key.
func dig(v any, path ...string) any {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// list gives a property that may be one value or several.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// number gives a number of a template, or 0.
func number(v any) float64 {
	n, _ := v.(float64)
	return n
}

// functionsOf gives the logical ids of the functions by their names.
func functionsOf(tpl template, stage string) map[string]string {
	ids := map[string]string{}
	for _, id := range tpl.of("AWS::Lambda::Function") {
		ids[strings.TrimPrefix(tpl.text(id, "FunctionName"), "leadline-"+stage+"-")] = id
	}
	return ids
}

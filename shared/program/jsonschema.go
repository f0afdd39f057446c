package program

import (
	"encoding/json"
	"reflect"
)

// numberPattern is how numbers are written in definitions.
const numberPattern = `^-?[0-9]+((\.[0-9]+)?([eE][+-]?[0-9]{1,2})?|/[0-9]+)%?$`

// JSONSchema gives the JSON Schema (2020-12) of a Definition, drawn from its types: fields, words, limits, defaults. What it
// takes Decode takes, too; whether a definition makes sense, no schema tells, but Check.
func JSONSchema() []byte {
	s := schemas{defs: map[string]any{}}
	root := s.of(reflect.TypeFor[Definition](), field{})
	delete(root, "$ref")
	for key, value := range s.defs["Definition"].(map[string]any) {
		root[key] = value
	}
	delete(s.defs, "Definition")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:leadline:schema:program"
	root["title"] = "An incentive program"
	root["$defs"] = s.defs
	text, _ := json.MarshalIndent(root, "", "  ") // texts, numbers and maps of them always encode
	return append(text, '\n')
}

// schemas gathers those of the types that are referred to.
type schemas struct{ defs map[string]any }

// of gives the schema of a type as a field holds it.
func (s schemas) of(t reflect.Type, f field) map[string]any {
	t = pointed(t)
	made := map[string]any{}
	switch {
	case isNumber(t):
		made["type"], made["pattern"] = []string{"string", "number"}, numberPattern
		made["description"] = `An exact number, best written as a text: "12.50", "7.5%", "1/3".`
	case t.Kind() == reflect.Struct:
		s.define(t)
		made["$ref"] = "#/$defs/" + t.Name()
	case t.Kind() == reflect.Slice:
		made["type"], made["items"] = "array", s.of(t.Elem(), field{tag: reflect.StructTag(`enum:"` + f.tag.Get("enum") + `"`)})
	case t.Kind() == reflect.Map:
		made["type"], made["additionalProperties"] = "object", s.of(t.Elem(), field{})
	case t.Kind() == reflect.Bool:
		made["type"] = "boolean"
	case t.Kind() == reflect.Int:
		made["type"] = "integer"
	default:
		made["type"] = "string"
		if t == reflect.TypeFor[string]() && f.required {
			made["minLength"] = 1
		}
	}
	if words := f.words("enum"); words != nil && t.Kind() == reflect.String {
		made["enum"] = words
	}
	for _, tag := range []string{"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"} {
		if n, stated := f.limit(tag); stated {
			made[tag] = n
		}
	}
	if pattern := f.tag.Get("pattern"); pattern != "" {
		made["pattern"] = pattern
	}
	if otherwise := f.tag.Get("default"); otherwise != "" {
		made["default"] = otherwise
	}
	return made
}

// define adds the schema of a struct, unless it is there.
func (s schemas) define(t reflect.Type) {
	if _, done := s.defs[t.Name()]; done {
		return
	}
	properties, required := map[string]any{}, []string{}
	made := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	s.defs[t.Name()] = made
	for _, f := range fieldsOf(t) {
		properties[f.name] = s.of(f.typ, f)
		if f.required {
			required = append(required, f.name)
		}
	}
	if len(required) > 0 {
		made["required"] = required
	}
}

package program

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"reflect"
	"strings"
)

// numberPattern is how numbers are written in definitions.
const numberPattern = `^-?[0-9]+((\.[0-9]+)?([eE][+-]?[0-9]{1,2})?|/[0-9]+)?%?$`

//go:generate go test -run TestTheSchemaIsPublished -update .

// published is what Schema makes with the comments of this package, which a program does not have when it runs. A test compares
// the two, and writes it anew with -update.
//
//go:embed schema.json
var published []byte

// JSONSchema gives the JSON Schema (2020-12) of a Definition: fields, words, limits, defaults, and what they mean. What it takes
// Decode takes, too; whether a definition makes sense, no schema tells, but Check.
func JSONSchema() []byte { return bytes.Clone(published) }

// Schema draws the JSON Schema from the types of a Definition. describe gives what is said of a type ("program.Rate"), or of a
// field of one ("Tiers").
func Schema(describe func(typ, field string) string) []byte {
	s := schemas{map[string]any{}, describe}
	s.define(reflect.TypeFor[Definition]())
	root := s.defs["Definition"].(map[string]any)
	delete(s.defs, "Definition")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:leadline:schema:program"
	root["title"] = "An incentive program"
	s.defs["Number"] = map[string]any{"type": []string{"string", "number"}, "pattern": numberPattern,
		"description": `An exact number, best written as a text: "12.50", "7.5%", "1/3".`}
	root["$defs"] = s.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(root) // texts, numbers and maps of them always encode
	return b.Bytes()
}

// schemas gathers those of the types that are referred to.
type schemas struct {
	defs     map[string]any
	describe func(typ, field string) string
}

// of gives the schema of a type as a field holds it.
func (s schemas) of(t reflect.Type, f field) map[string]any {
	t = pointed(t)
	made := map[string]any{}
	switch {
	case isNumber(t):
		made["$ref"] = "#/$defs/Number"
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
	if text := s.said(t, f); text != "" {
		made["description"] = text
	}
	if otherwise := f.tag.Get("default"); otherwise != "" {
		made["default"] = otherwise
	}
	return made
}

// said gives what is said of a field, and of the words that it takes.
func (s schemas) said(t reflect.Type, f field) string {
	if f.name == "" {
		return ""
	}
	text := s.describe(f.of, f.as)
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.String && t != reflect.TypeFor[string]() {
		of := s.describe(t.String(), "")
		if at := strings.IndexAny(of, ".:"); text != "" && at >= 0 { // up to there it says what the field says
			if of[at] == ':' {
				text = strings.TrimSuffix(text, ".") + ":"
			}
			of = of[at+1:]
		}
		text += " " + strings.TrimSpace(of)
	}
	return strings.TrimSpace(text)
}

// define adds the schema of a struct, unless it is there.
func (s schemas) define(t reflect.Type) {
	if _, done := s.defs[t.Name()]; done {
		return
	}
	properties, required := map[string]any{}, []string{}
	made := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	s.defs[t.Name()] = made
	if text := s.describe(t.String(), ""); text != "" {
		made["description"] = text
	}
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

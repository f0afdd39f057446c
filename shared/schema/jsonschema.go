package schema

import (
	"encoding/json"
	"slices"
	"strings"
)

// JSONSchema gives the JSON Schema (2020-12) of a row of the object, to be shown to client teams: with its id and its
// action, the fields of the present version, and what a create must have. It takes the rows that Check takes, but for
// the row of a deletion, which it holds to the fields, too.
func JSONSchema(o Object) json.RawMessage {
	properties := map[string]any{}
	required := []string{}
	filled := map[string]any{}
	for _, f := range o.Present.Fields {
		properties[f.Name] = describing(f)
		if f.Required {
			required = append(required, f.Name)
			filled[f.Name] = map[string]any{"not": map[string]any{"type": "null"}}
		}
	}
	properties[o.IDField] = map[string]any{
		"type": []string{"string", "integer"}, "minLength": 1,
		"description": "Names the record. 123 and \"123\" are the same one.",
	}
	properties["action"] = map[string]any{
		"enum":        []string{"create", "update", "delete", "created", "updated", "deleted"},
		"description": "What to do. A field that is absent stays as it is, a null clears it.",
	}
	defs := map[string]any{}
	if slices.ContainsFunc(o.Present.Fields, func(f Field) bool { return f.Type == Money }) {
		defs["currency"] = map[string]any{"enum": strings.Fields(currencies)}
	}
	text, _ := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$defs":                defs,
		"title":                o.Title,
		"type":                 "object",
		"properties":           properties,
		"required":             []string{o.IDField, "action"},
		"additionalProperties": false,
		"if":                   map[string]any{"properties": map[string]any{"action": map[string]any{"enum": []string{"create", "created"}}}},
		"then":                 map[string]any{"required": required, "properties": filled},
	}, "", "  ") // names, texts and lists always encode
	return text
}

// The patterns say the same as isDate and isTime, leap years and all.
const (
	datePattern = `([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))` +
		`|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)`
	timePattern = `[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)`
)

// describing gives the schema of one field.
func describing(f Field) map[string]any {
	s := map[string]any{}
	switch f.Type {
	case Text:
		s["type"] = []string{"string", "number", "boolean", "null"}
	case Number:
		s["type"] = []string{"number", "null"}
	case Boolean:
		s["type"] = []string{"boolean", "null"}
	case Reference:
		s["type"] = []string{"string", "integer", "null"}
	case Date:
		s["type"], s["format"], s["pattern"] = []string{"string", "null"}, "date", "^"+datePattern+"$"
	case DateTime:
		s["type"], s["pattern"] = []string{"string", "null"}, "^"+datePattern+"("+timePattern+")?$"
	case Money:
		s["oneOf"] = []any{map[string]any{"type": "null"}, amount("amount"), amount("value")}
	case Choice:
		s["type"] = []string{"string", "null"}
		if len(f.Choices) > 0 {
			s["anyOf"] = []any{map[string]any{"type": "null"}, map[string]any{"enum": f.Choices}}
		}
	case MultiChoice:
		item := map[string]any{"type": "string"}
		if len(f.Choices) > 0 {
			item["enum"] = f.Choices
		}
		s["type"], s["items"] = []string{"array", "null"}, item
	}
	s["description"] = upper(Expected(f)) + "."
	return s
}

// amount gives the schema of an amount with its currency, spelled with the given name.
func amount(name string) map[string]any {
	return map[string]any{
		"type":                 "object",
		"properties":           map[string]any{name: map[string]any{"type": "number"}, "currency": map[string]any{"$ref": "#/$defs/currency"}},
		"required":             []string{name, "currency"},
		"additionalProperties": false,
	}
}

// upper makes the first letter of an English phrase large.
func upper(phrase string) string {
	if phrase[0] >= 'a' && phrase[0] <= 'z' {
		return string(phrase[0]-'a'+'A') + phrase[1:]
	}
	return phrase
}

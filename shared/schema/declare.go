package schema

import (
	"slices"
	"strconv"
	"strings"

	"leadline/shared/fault"
)

// Declare gives the fields of an object as an admin lists them, checked and sorted by name. id is the field that names
// the record, version the one that orders its states, empty for none. The id is listed or added, and is a text whatever
// type it is given, for 123 and "123" are one record; version is a number, a date_time, a date or a text. What is wrong comes
// in one error, all of it.
func Declare(id, version string, fields []Field) ([]Field, error) {
	var wrong []string
	say := func(name, problem string) { wrong = append(wrong, strconv.Quote(cut(name, 40))+" "+problem) }
	seen := map[string]bool{}
	declared := make([]Field, 0, len(fields)+1)
	for _, f := range fields {
		if err := CheckName(f.Name); err != nil {
			say(f.Name, "cannot be a name: "+fault.Of(err).Message)
			continue
		}
		if seen[f.Name] {
			say(f.Name, "is listed twice")
		}
		seen[f.Name] = true
		if strings.EqualFold(f.Name, "action") {
			say(f.Name, "is what each row does, and cannot be a field")
		}
		if f.Name == id {
			f.Type, f.Choices = idType(f, say), nil
		}
		if f.Name == version && !slices.Contains([]Type{Number, DateTime, Date, Text, Unknown}, f.Type) {
			say(f.Name, "orders the states of a record, so it is a number, a date_time, a date or a text")
		}
		if problem := wrongType(f); problem != "" {
			say(f.Name, problem)
		}
		f.Choices = slices.Clone(f.Choices)
		declared = append(declared, f)
	}
	if len(fields) == 0 {
		wrong = append(wrong, "there is none")
	}
	if id == "" {
		wrong = append(wrong, "the field that names the record is not said")
	} else if err := CheckName(id); err != nil {
		say(id, "cannot be a name: "+fault.Of(err).Message)
	} else if !seen[id] {
		declared = append(declared, Field{Name: id, Type: Text})
	}
	if version != "" && !seen[version] {
		say(version, "orders the states of a record, but is not listed")
	}
	if len(wrong) > 0 {
		const shown = 20
		if more := len(wrong) - shown; more > 0 {
			wrong = append(wrong[:shown], "and "+strconv.Itoa(more)+" more")
		}
		return nil, fault.New(fault.Invalid, CodeInvalidSchema, "The list of fields is not right: %s.", strings.Join(wrong, "; "))
	}
	declared = sorted(slices.Values(declared))
	return declared, CheckFields(declared)
}

func idType(f Field, say func(name, problem string)) Type {
	if !slices.Contains([]Type{Text, Number, Reference, Unknown}, f.Type) {
		say(f.Name, "names the record, so it is a text")
	}
	return Text
}

// wrongType says what is wrong with the type and the choices of a declared field.
func wrongType(f Field) string {
	chosen := f.Type == Choice || f.Type == MultiChoice
	sorted := slices.Sorted(slices.Values(f.Choices))
	long := func(c string) bool { return len(c) > MaxChoiceBytes }
	switch {
	case !slices.Contains(Types(), f.Type):
		return "has no type that exists: it is one of " + typeNames()
	case !chosen && len(f.Choices) > 0:
		return "has choices, but is neither a choice nor a multi_choice"
	case len(f.Choices) > MaxChoices:
		return "has more than " + strconv.Itoa(MaxChoices) + " choices"
	case slices.ContainsFunc(f.Choices, long):
		return "has a choice of more than " + strconv.Itoa(MaxChoiceBytes) + " bytes"
	case len(slices.Compact(sorted)) < len(f.Choices):
		return "has a choice twice"
	}
	return ""
}

func typeNames() string {
	var names []string
	for _, t := range Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

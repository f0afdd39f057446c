package program

import (
	"reflect"
	"strconv"
	"strings"

	"leadline/shared/number"
)

// field is one field of a type as its JSON has it: fields of embedded types are among those of the outer one.
type field struct {
	name     string
	of, as   string // the struct that has it, and its name there
	index    []int
	typ      reflect.Type
	tag      reflect.StructTag
	required bool // it stands in the JSON even if it is empty
}

// fieldsOf lists the fields of a struct in their order.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
		case name != "" && name != "-":
			fields = append(fields, field{name, t.String(), f.Name, []int{i}, f.Type, f.Tag, !strings.Contains(options, "omit")})
		}
	}
	return fields
}

// words gives what a tag lists, such as enum.
func (f field) words(tag string) []string {
	text := f.tag.Get(tag)
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// limit gives a number that a tag states, such as maxItems.
func (f field) limit(tag string) (n int, stated bool) {
	n, err := strconv.Atoi(f.tag.Get(tag))
	return n, err == nil
}

func isNumber(t reflect.Type) bool { return t == reflect.TypeFor[number.Number]() }

// pointed gives what a pointer leads to.
func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

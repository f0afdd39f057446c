package program

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Change is one difference between two definitions: what stands at a path before and after. One of them is empty where it was
// added or taken away.
type Change struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
}

// Diff gives what differs between two definitions, by path. Components, qualifiers and dimensions are matched by their names, so
// that one that is put in between changes no other; their order is a difference of its own (path "components", old and new the
// names). Paths are those of b, and of what is gone those of a. A setting that states its default differs from one that says nothing.
func Diff(a, b Definition) []Change {
	var changes []Change
	compare(tree(a), tree(b), "", &changes)
	return changes
}

// tree gives a definition as plain JSON: what differs in the JSON is what a person wrote otherwise.
func tree(d Definition) any {
	text, _ := json.Marshal(d) // texts, numbers and lists of them always encode
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var all any
	_ = decoder.Decode(&all) // what was just written can be read
	return all
}

func compare(a, b any, at string, changes *[]Change) {
	switch a := a.(type) {
	case map[string]any:
		if b, same := b.(map[string]any); same {
			compareFields(a, b, at, changes)
			return
		}
	case []any:
		if b, same := b.([]any); same {
			compareLists(a, b, at, changes)
			return
		}
	}
	if a != b {
		*changes = append(*changes, Change{at, encoded(a), encoded(b)})
	}
}

func compareFields(a, b map[string]any, at string, changes *[]Change) {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		compare(a[name], b[name], place(at, name), changes)
	}
}

func compareLists(a, b []any, at string, changes *[]Change) {
	before, after := namesOf(a), namesOf(b)
	if before == nil && len(a) > 0 || after == nil && len(b) > 0 {
		for i := range max(len(a), len(b)) {
			compare(element(a, i), element(b, i), place(at, i), changes)
		}
		return
	}
	for i, name := range before {
		if j := slices.Index(after, name); j >= 0 {
			compare(a[i], b[j], place(at, j), changes)
		} else {
			*changes = append(*changes, Change{Path: place(at, i), Old: encoded(a[i])})
		}
	}
	for j, name := range after {
		if !slices.Contains(before, name) {
			*changes = append(*changes, Change{Path: place(at, j), New: encoded(b[j])})
		}
	}
	in := func(list []string) func(string) bool {
		return func(name string) bool { return !slices.Contains(list, name) }
	}
	stayed, stay := slices.DeleteFunc(slices.Clone(before), in(after)), slices.DeleteFunc(slices.Clone(after), in(before))
	if !slices.Equal(stayed, stay) {
		*changes = append(*changes, Change{at, encoded(before), encoded(after)})
	}
}

// namesOf gives the names of the elements of a list; nil where one has none, or two have the same.
func namesOf(list []any) []string {
	var names []string
	for _, one := range list {
		fields, _ := one.(map[string]any)
		name, named := fields["name"].(string)
		if !named || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func encoded(value any) json.RawMessage {
	if value == nil {
		return nil
	}
	text, _ := json.Marshal(value) // it came from JSON
	return text
}

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"leadline/shared/record"
)

// way leads to a part of a JSON value: keys (string) and indexes (int).
type way []any

func (p way) String() string {
	var b strings.Builder
	for _, step := range p {
		fmt.Fprintf(&b, "/%v", step)
	}
	if b.Len() == 0 {
		return "the top"
	}
	return b.String()
}

// paths lists the way to every part of a value, itself first.
func paths(tree any) []way {
	var all []way
	var walk func(value any, at way)
	walk = func(value any, at way) {
		all = append(all, slices.Clone(at))
		switch v := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], append(at, name))
			}
		case []any:
			for i := range v {
				walk(v[i], append(at, i))
			}
		}
	}
	walk(tree, nil)
	return all
}

func find(tree any, at way) any {
	for _, step := range at {
		switch v := tree.(type) {
		case map[string]any:
			tree = v[step.(string)]
		case []any:
			tree = v[step.(int)]
		}
	}
	return tree
}

// edit gives a copy of the value in which f has replaced, or with ok false left out, the part at a path.
func edit(tree any, at way, f func(old any) (new any, ok bool)) any {
	if len(at) == 0 {
		value, _ := f(tree)
		return value
	}
	var put any
	keep := true
	inner := func(old any) any {
		if len(at) == 1 {
			put, keep = f(old)
			return put
		}
		return edit(old, at[1:], f)
	}
	switch v := tree.(type) {
	case map[string]any:
		v = maps.Clone(v)
		name := at[0].(string)
		if v[name] = inner(v[name]); !keep {
			delete(v, name)
		}
		return v
	case []any:
		v = slices.Clone(v)
		i := at[0].(int)
		if v[i] = inner(v[i]); !keep {
			v = slices.Delete(v, i, i+1)
		}
		return v
	}
	return tree
}

func replace(tree any, at way, value any) any {
	return edit(tree, at, func(any) (any, bool) { return value, true })
}

// variant is one way to spoil a value.
type variant struct {
	what  string
	apply func(tree any) any
}

// variants lists ways to spoil the part at a path. Texts and numbers put there are marked.
func variants(at way) []variant {
	deep := any(markerText)
	for range record.MaxDepth + 1 {
		deep = []any{deep}
	}
	all := []variant{{"nothing", func(tree any) any { return edit(tree, at, func(any) (any, bool) { return nil, false }) }}}
	for _, put := range []struct {
		what  string
		value any
	}{
		{"null", nil}, {"true", true}, {"a number", json.Number(markerNumber)}, {"a huge number", json.Number("1e999999")},
		{"a text", markerText}, {"an empty text", ""}, {"a long text", strings.Repeat(markerText, 1+record.MaxIDBytes/len(markerText))},
		{"an empty list", []any{}}, {"a list", []any{markerText}}, {"an empty object", map[string]any{}},
		{"an object", map[string]any{"id": markerText}}, {"a deep list", deep}, {"a strange time", "0001-01-01T00:00:00+00:00"},
	} {
		all = append(all, variant{put.what, func(tree any) any { return replace(tree, at, put.value) }})
	}
	return all
}

// marked gives a copy of the value with a marker in the place of every text and number, or of every text that is no time.
func marked(tree any, keepTimes bool) any {
	switch v := tree.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for name, value := range v {
			copied[name] = marked(value, keepTimes)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, value := range v {
			copied[i] = marked(value, keepTimes)
		}
		return copied
	case json.Number:
		return json.Number(markerNumber)
	case string:
		if keepTimes && isTime(v) {
			return v
		}
		return markerText
	}
	return tree
}

func isTime(text string) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// encode writes a value whose numbers are json.Number. Unlike json.Marshal it takes any digits for a number.
func encode(tree any) []byte {
	var buf bytes.Buffer
	shuffle(&buf, tree, nil)
	return buf.Bytes()
}

// shuffle writes a value with its keys in random order and random white space between, or, without a source of chance,
// sorted and tight.
func shuffle(buf *bytes.Buffer, tree any, random *rand.Rand) {
	space := func() {
		if random != nil {
			buf.WriteString(strings.Repeat([]string{" ", "\n", "\t", "\r"}[random.IntN(4)], random.IntN(3)))
		}
	}
	space()
	defer space()
	switch v := tree.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if random != nil {
			random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
		buf.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				buf.WriteByte(',')
			}
			shuffle(buf, name, random)
			buf.WriteByte(':')
			shuffle(buf, v[name], random)
		}
		buf.WriteByte('}')
	case []any:
		buf.WriteByte('[')
		for i, value := range v {
			if i > 0 {
				buf.WriteByte(',')
			}
			shuffle(buf, value, random)
		}
		buf.WriteByte(']')
	case json.Number:
		buf.WriteString(v.String())
	default:
		text, err := json.Marshal(v) // null, a boolean or a text
		if err == nil {
			buf.Write(text)
		}
	}
}

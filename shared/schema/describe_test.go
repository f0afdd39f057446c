package schema_test

import (
	"encoding/json"
	"testing"

	"leadline/shared/schema"
)

func rowOf(text string) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil // a row of nothing fails every test
	}
	return m
}

func fieldOf(t *testing.T, v schema.Version, name string) schema.Field {
	t.Helper()
	for _, f := range v.Fields {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no field %s", name)
	return schema.Field{}
}

func TestWhatASourceDescribesComesBeforeWhatItsValuesShow(t *testing.T) {
	seen, _ := schema.Follow(schema.Version{}, rowOf(`{"won": "2026-01-05", "stage": "a", "n": 1, "own": true}`))
	described := []schema.Field{
		{Name: "won", Type: schema.Date, Title: "Won on"},
		{Name: "stage", Type: schema.Choice, Choices: []string{"a", "b"}},
		{Name: "owner", Type: schema.Reference, Refers: "user"},
	}
	v, changed := schema.Describe(seen, described)
	if !changed || v.Number != seen.Number+1 {
		t.Fatalf("version %d, changed %t", v.Number, changed)
	}
	if f := fieldOf(t, v, "won"); f.Type != schema.Date || f.Title != "Won on" {
		t.Errorf("won is %+v", f)
	}
	if f := fieldOf(t, v, "owner"); f.Type != schema.Reference || f.Refers != "user" {
		t.Errorf("owner is %+v", f)
	}
	if f := fieldOf(t, v, "own"); f.Type != schema.Boolean {
		t.Errorf("what is not described has changed: %+v", f)
	}
	if _, changed := schema.Describe(v, described); changed {
		t.Error("the same description changes something")
	}
}

func TestValuesThatBreakADescriptionAreBelieved(t *testing.T) {
	described := []schema.Field{{Name: "won", Type: schema.Date}, {Name: "stage", Type: schema.Choice, Choices: []string{"a"}}}
	v, _ := schema.Describe(schema.Version{}, described)
	wide, changed := schema.Follow(v, rowOf(`{"won": "soon", "stage": "c"}`))
	if !changed || fieldOf(t, wide, "won").Type != schema.Text {
		t.Fatalf("won is %+v", fieldOf(t, wide, "won"))
	}
	// The source says what it said before: no turning back and forth with every description.
	again, _ := schema.Describe(wide, described)
	if fieldOf(t, again, "won").Type != schema.Text {
		t.Errorf("won is %+v", fieldOf(t, again, "won"))
	}
	for range 3 {
		next, changed := schema.Describe(again, described)
		if changed {
			t.Fatalf("described again, it changes: %+v, %+v", again, next)
		}
		if next, changed = schema.Follow(next, rowOf(`{"won": "soon", "stage": "c"}`)); changed {
			t.Fatalf("followed again, it changes: %+v", next)
		}
		again = next
	}
	// It says something else: that is news.
	fresh, changed := schema.Describe(again, []schema.Field{{Name: "won", Type: schema.DateTime}})
	if !changed || fieldOf(t, fresh, "won").Type != schema.DateTime {
		t.Errorf("won is %+v", fieldOf(t, fresh, "won"))
	}
}

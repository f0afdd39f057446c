package storetest

import (
	"strings"
	"testing"
)

func cursorTests() []test {
	return []test{
		{"what was never saved is empty", func(t *testing.T, s Stores) { cursorIs(t, s, "sweep", "") }},
		{"the last cursor stands, an empty one too", func(t *testing.T, s Stores) {
			for _, cursor := range []string{"a", `{"v":1,"page":"ü#%"}`, strings.Repeat("long", 5000), "", "b"} {
				ok(t, s.Cursors.SaveCursor(ctx(t), "sweep", cursor))
				cursorIs(t, s, "sweep", cursor)
			}
		}},
		{"jobs are kept apart", func(t *testing.T, s Stores) {
			for _, job := range append(hostile(), "") {
				ok(t, s.Cursors.SaveCursor(ctx(t), job, "of "+job))
			}
			for _, job := range append(hostile(), "") {
				cursorIs(t, s, job, "of "+job)
			}
		}},
	}
}

func cursorIs(t *testing.T, s Stores, job, want string) {
	t.Helper()
	got, err := s.Cursors.Cursor(ctx(t), job)
	ok(t, err)
	same(t, got, want)
}

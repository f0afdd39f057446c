package store_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/store"
)

func TestCursorsReadBackInTheirListAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.String()).Draw(t, "list")
		position := rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "position")
		p := store.Page{Cursor: store.Next(list, position...), Limit: 1}
		got, err := p.Position(list, len(position))
		if err != nil || !slices.Equal(got, position) {
			t.Fatalf("got %q, %v, want %q", got, err, position)
		}
		invalid(t, p, list, len(position)+1)
		other := rapid.SliceOf(rapid.String()).Draw(t, "other")
		if !slices.Equal(list, other) {
			invalid(t, p, other, len(position))
		}
	})
}

func TestAnyTextIsACursorOrInvalid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := []string{"x"}
		cursor := rapid.OneOf(rapid.StringN(1, -1, -1), rapid.Just(store.Next(list, "position"))).Draw(t, "cursor")
		raw := []byte(cursor)
		at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		raw[at] = rapid.Byte().Draw(t, "byte")
		p := store.Page{Cursor: string(raw), Limit: 1}
		if position, err := p.Position(list, 1); err == nil {
			if store.Next(list, position...) != string(raw) {
				t.Fatalf("%q and %q are the same position", raw, store.Next(list, position...))
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func TestLimits(t *testing.T) {
	for limit, ok := range map[int]bool{-1: false, 0: false, 1: true, 1000: true, 1001: false} {
		if _, err := (store.Page{Limit: limit}).Position(nil, 1); (err == nil) != ok {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func invalid(t *rapid.T, p store.Page, list []string, parts int) {
	t.Helper()
	_, err := p.Position(list, parts)
	if !fault.Is(err, fault.Invalid) || fault.Of(err).Code != store.CodeInvalidCursor {
		t.Fatalf("got %v, want an invalid cursor", err)
	}
}

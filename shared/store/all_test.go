package store_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"leadline/shared/store"
)

var errPage = errors.New("no page")

// pages reads numbers, three a page with an empty page among them, and fails at a page.
func pages(failsAt int, calls *int) func(context.Context, store.Page) ([]int, string, error) {
	return func(_ context.Context, p store.Page) ([]int, string, error) {
		*calls++
		n, _ := strconv.Atoi(p.Cursor)
		switch {
		case n == failsAt:
			return nil, "", errPage
		case n == 1:
			return nil, "2", nil // a page may be empty and yet have a next
		case n == 3:
			return []int{9, 10, 11}, "", nil
		}
		return []int{3 * n, 3*n + 1, 3*n + 2}, strconv.Itoa(n + 1), nil
	}
}

func TestAll(t *testing.T) {
	var got []int
	calls := 0
	for n, err := range store.All(t.Context(), pages(-1, &calls)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if !slices.Equal(got, []int{0, 1, 2, 6, 7, 8, 9, 10, 11}) || calls != 4 {
		t.Errorf("got %v in %d pages", got, calls)
	}
}

func TestAllEndsWithAnErrorAndWhenNobodyWantsMore(t *testing.T) {
	var got []int
	var failed error
	calls := 0
	for n, err := range store.All(t.Context(), pages(2, &calls)) {
		if failed = err; err == nil {
			got = append(got, n)
		}
	}
	if !errors.Is(failed, errPage) || len(got) != 3 {
		t.Errorf("got %v, then %v", got, failed)
	}
	calls = 0
	for range store.All(t.Context(), pages(-1, &calls)) {
		break
	}
	if calls != 1 {
		t.Errorf("%d pages were read for one item", calls)
	}
}

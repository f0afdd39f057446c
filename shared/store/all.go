package store

import (
	"context"
	"iter"
)

// All gives the items of a whole list, page after page: for lists that are short, or looked through by nobody who waits.
// An error is the last that it gives.
func All[T any](ctx context.Context, read func(context.Context, Page) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			items, next, err := read(ctx, Page{Cursor: cursor, Limit: MaxLimit})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}
